"""Where QEMU's ``pc`` machine has its memory, and what of it is hidden so that zones end on round addresses.

QEMU keeps its ACPI tables at the top of the memory below 4 GiB.  The guest is given 16 MiB more than
asked for, which ``memmap=`` hides, tables and all: an area at the top then ends where memory does.
All figures are MiB.
"""

from __future__ import annotations

from dataclasses import dataclass

TABLES = 16
"""hidden at the top of the memory below 4 GiB"""
_MOST_LOW, _LOW_OF_MORE = 3584, 3072
"""Memory up to the first lies below 4 GiB; of more, the second does, and the rest from 4 GiB on."""


@dataclass(frozen=True)
class Layout:
    """A guest's memory."""

    size: int
    """what QEMU is asked for"""
    hidden: int
    """where the hidden part starts"""


def layout(ram: int, trace: int) -> Layout:
    """A guest that sees ``ram`` and, besides, ``trace`` for the ring buffer."""
    size = ram + trace + TABLES
    low = size if size <= _MOST_LOW else _LOW_OF_MORE
    return Layout(size, low - TABLES)
