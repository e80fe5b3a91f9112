"""The memory that a device tree describes, and what it sets aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from zonecma.machine.board import AreaRequest, MemoryRange, Reservation
from zonecma.machine.tree.node import Node

_ADDRESS_BITS = 52
"""what the widest architecture here has (CONFIG_ARM64_PA_BITS_52)"""
_MAX_REGIONS = 64
"""drivers/of/of_private.h, MAX_RESERVED_REGIONS"""
_MAX_NODES = 1024
"""1 << CONFIG_NODES_SHIFT, at its largest"""


@dataclass(frozen=True)
class Cells:
    """How many cells an address and a size have; early_init_dt_scan_root."""

    address: int
    size: int

    @classmethod
    def of(cls, root: Node) -> Cells:
        """Those of the root, which hold for memory."""
        return cls(root.cells("#address-cells", 1), root.cells("#size-cells", 1))

    def ranges(self, node: Node, name: str) -> Iterator[tuple[int, int]]:
        """The start and end of each row of a property; empty ones too."""
        for start, size in node.numbers(name, self.address, self.size):
            if start + size > 1 << 64:
                node.expected(f"ranges that end below 2^64 in {name}, found {start:#x} and {size:#x} bytes")
            yield start, start + size


def memory_of(root: Node) -> tuple[MemoryRange, ...]:
    """The RAM, ascending; early_init_dt_scan_memory.

    Raises InputError where there is none, or two ranges share a byte.
    """
    cells = Cells.of(root)
    ranges = [
        one
        for node in root.children
        if node.string("device_type") == "memory" and node.is_available
        for one in _ranges_of(node, cells)
    ]
    if not ranges:
        root.expected('a child with device_type = "memory" whose reg is not empty; boot loaders fill it in')
    ranges.sort(key=lambda one: one.start)
    for one, following in pairwise(ranges):
        if following.start < one.end:
            root.expected(f"memory that does not overlap at {following.start:#x}")
    return tuple(ranges)


def _ranges_of(node: Node, cells: Cells) -> Iterator[MemoryRange]:
    name = "linux,usable-memory" if "linux,usable-memory" in node else "reg"
    if name not in node:
        return
    number = int.from_bytes(node.properties.get("numa-node-id", b""))
    if number >= _MAX_NODES:
        node.expected(f"a number below {_MAX_NODES} in numa-node-id")
    for start, end in cells.ranges(node, name):
        if end >> _ADDRESS_BITS:
            node.expected(f"memory below 2^{_ADDRESS_BITS}, found {end:#x}")
        if start < end:
            yield MemoryRange(start, end, number, "hotpluggable" in node)


def reserved_memory(root: Node) -> Iterator[Reservation | AreaRequest]:
    """What the children of /reserved-memory set aside; fdt_scan_reserved_mem.

    Raises InputError where the kernel would pass over all of it or one of them.
    """
    areas = 0
    for one in _regions(root):
        areas += isinstance(one, AreaRequest)
        if areas > _MAX_REGIONS:
            root.expected(f"at most {_MAX_REGIONS} regions that are areas or that the kernel places")
        yield one


def _regions(root: Node) -> Iterator[Reservation | AreaRequest]:
    parent = root.child("reserved-memory")
    if parent is None:
        return
    cells = Cells.of(root)
    if Cells.of(parent) != cells or "ranges" not in parent:
        parent.expected(
            "the root's #address-cells and #size-cells, and ranges; the kernel passes over it all"
        )
    for node in parent.children:
        if node.is_available and "reg" in node:
            yield from _static(node, cells)
        elif node.is_available and "size" in node:
            yield _dynamic(node, cells)


def _is_area(node: Node) -> bool:
    return node.is_compatible("shared-dma-pool") and "reusable" in node and "no-map" not in node


def _static(node: Node, cells: Cells) -> Iterator[Reservation | AreaRequest]:
    """A region with a ``reg``; the first range alone can be an area (fdt_scan_reserved_mem_reg_nodes)."""
    for number, (start, end) in enumerate(cells.ranges(node, "reg")):
        if start == end:
            continue
        if _is_area(node) and not number:
            yield AreaRequest(
                node.name, end - start, start, fixed=True, from_tree=True, default="linux,cma-default" in node
            )
        else:
            yield Reservation(start, end, node.name, "no-map" in node)


def _dynamic(node: Node, cells: Cells) -> AreaRequest:
    """A region with a ``size``, for which the kernel finds a place (__reserved_mem_alloc_size)."""
    alignment = _one_number(node, "alignment", cells.address) if "alignment" in node else 0
    if alignment & (alignment - 1):
        node.expected(f"a power of two in alignment, found {alignment:#x}")
    return AreaRequest(
        node.name,
        _one_number(node, "size", cells.size),
        alignment=alignment,
        windows=tuple(cells.ranges(node, "alloc-ranges")) if "alloc-ranges" in node else (),
        from_tree=True,
        default="linux,cma-default" in node,
        reusable=_is_area(node),
        no_map="no-map" in node,
    )


def _one_number(node: Node, name: str, width: int) -> int:
    rows = list(node.numbers(name, width))
    if len(rows) != 1:
        node.expected(f"one number of {4 * width} bytes in {name}")
    return rows[0][0]
