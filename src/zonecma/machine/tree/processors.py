"""The processors of a device tree, and the architecture that they have."""

from __future__ import annotations

import re

from zonecma.machine.architecture import ARM64, ARM_HIGHMEM, Architecture
from zonecma.machine.tree.node import Node

_ARM = re.compile(
    r"arm,(arm\d|cortex-(m|a(5|7|8|9|12|15|17)$))|qcom,(krait|scorpion)|brcm,brahma-b15"
    r"|marvell,(pj4|feroceon|sheeva|mohawk|xsc3|88fr)|intel,(ixp|xscale)|faraday,"
)
"""Processors of 32 bits (Documentation/devicetree/bindings/arm/cpus.yaml)."""
_ARM64 = re.compile(
    r"arm,(armv8|cortex-[ax]\d|neoverse)|qcom,(kryo|oryon)|apple,|brcm,(brahma-b53|vulcan)|cavium,|nvidia,"
)


def processors_of(root: Node) -> tuple[int, Architecture | None]:
    """How many there are, at least one, and their architecture; None when it is not known.

    One whose status is disabled waits to be started; one that failed does not count
    (drivers/of/base.c, of_get_next_cpu_node).
    """
    parent = root.child("cpus")
    nodes = [one for one in parent.children if one.string("device_type") == "cpu"] if parent else []
    usable = [one for one in nodes if not one.string("status").startswith("fail")]
    names = [name for one in nodes for name in one.strings("compatible")]
    return max(1, len(usable)), _architecture(names)


def _architecture(names: list[str]) -> Architecture | None:
    if any(_ARM.match(name) for name in names):
        return ARM_HIGHMEM
    return ARM64 if any(_ARM64.match(name) for name in names) else None
