"""A fault that a boot leaves: its rule, the kernel's reason, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One fault."""

    rule: str
    """its name"""
    place: str
    """the zone or area that has it"""
    kernel: str
    """the function that does it, and in which kernels"""
    consequence: str
    blocks_wrong: int = 0
    """pageblocks of areas that read a wrong type"""
    figures: dict[str, Any] = field(default_factory=dict)
