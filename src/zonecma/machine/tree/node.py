"""A node of a device tree, and its properties as text, flags and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from zonecma.errors import InputError

_CELL = 4
_SHOWN = 80
"""characters of a path in an error"""


@dataclass(eq=False)
class Node:
    """One node; the root's name is empty."""

    name: str
    source: str
    """the file, for errors"""
    parent: Node | None = field(default=None, repr=False)
    properties: dict[str, bytes] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    @property
    def path(self) -> str:
        """``/soc/serial@7e201000``."""
        names: list[str] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            names.append(node.name)
            node = node.parent
        return "/" + "/".join(reversed(names))

    def expected(self, what: str) -> NoReturn:
        """Raise InputError with the file and the path."""
        path = repr(self.path[:_SHOWN])[1:-1]
        raise InputError(f"{self.source}: node {path}: expected {what}")

    def __contains__(self, name: str) -> bool:
        """Whether it has a property, such as a flag."""
        return name in self.properties

    def strings(self, name: str) -> list[str]:
        """A property's strings; none when it is missing."""
        parts = self.properties.get(name, b"").split(b"\0")
        return [part.decode("ascii", "backslashreplace") for part in parts if part]

    def string(self, name: str) -> str:
        """A property's first string, or an empty one."""
        return next(iter(self.strings(name)), "")

    @property
    def is_available(self) -> bool:
        """Whether its status does not keep the kernel away (of_fdt_device_is_available)."""
        return self.string("status") in ("", "ok", "okay")

    def is_compatible(self, name: str) -> bool:
        """Whether a driver for ``name`` serves it."""
        return name in self.strings("compatible")

    def cells(self, name: str, default: int) -> int:
        """``#address-cells`` or ``#size-cells``: how many cells a number has, up to 4."""
        value = self.properties.get(name)
        if value is None:
            return default
        if len(value) != _CELL or not 0 < int.from_bytes(value) <= 4:
            self.expected(f"a number from 1 to 4 in {name}")
        return int.from_bytes(value)

    def numbers(self, name: str, *widths: int) -> Iterator[tuple[int, ...]]:
        """The rows of a property, each of numbers of ``widths`` cells.

        Raises InputError when it does not end with a row, or a number needs more than 64 bits.
        """
        value, row = self.properties[name], _CELL * sum(widths)
        if len(value) % row:
            self.expected(f"rows of {row} bytes in {name}, found {len(value)} bytes")
        for start in range(0, len(value), row):
            yield self._row(name, value[start : start + row], widths)

    def _row(self, name: str, value: bytes, widths: tuple[int, ...]) -> tuple[int, ...]:
        row, position = [], 0
        for width in widths:
            row.append(int.from_bytes(value[position : position + _CELL * width]))
            position += _CELL * width
        if any(number >> 64 for number in row):
            self.expected(f"numbers of 64 bits in {name}")
        return tuple(row)

    def descendants(self) -> Iterator[Node]:
        """All nodes below that are available, parents first; below one that is not, none are."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            if node.is_available:
                yield node
                waiting.extend(reversed(node.children))

    def child(self, name: str) -> Node | None:
        """The first child of this name."""
        return next((one for one in self.children if one.name == name), None)
