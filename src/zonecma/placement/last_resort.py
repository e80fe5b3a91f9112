"""last-resort: MIGRATE_CMA as 4.7 has it, used when the movable lists are empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zonecma.placement.policy import Placement


@dataclass(frozen=True)
class LastResort(Placement):
    """Movable requests turn to CMA once no movable chunk is left, before they steal (__rmqueue, 4.7)."""

    name: ClassVar[str] = "last-resort"
    kernels: ClassVar[str] = "3.5 to 5.7"
    source: ClassVar[str] = "commit 47118af076f6, 2012"
