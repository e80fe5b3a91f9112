"""carveout: the area is reserved for its devices and never lent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zonecma.placement.policy import Home, Placement


@dataclass(frozen=True)
class Carveout(Placement):
    """The area's pages never reach the allocator: idle memory, but nothing to move."""

    name: ClassVar[str] = "carveout"
    kernels: ClassVar[str] = "all; no-map in reserved-memory of the device tree"
    source: ClassVar[str] = "Documentation/devicetree/bindings/reserved-memory"
    home: ClassVar[Home] = Home.NONE
