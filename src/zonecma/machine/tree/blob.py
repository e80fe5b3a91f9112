"""A device tree blob: its bytes, as nodes.

Devicetree Specification 0.4, chapter 5.  No offset, size or name of a blob is trusted.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, NoReturn

from zonecma.errors import InputError
from zonecma.machine.tree.node import Node

MAX_SIZE = 2 << 20
"""What arm64 maps of it (arch/arm64/include/asm/boot.h, MAX_FDT_SIZE)."""
_MAX_DEPTH = 64
"""drivers/of/fdt.c, FDT_MAX_DEPTH."""
_MAX_NAME = 255
_HEADER = struct.Struct(">10I")
_WORD = struct.Struct(">I")
_RESERVED = struct.Struct(">QQ")
_MAGIC = 0xD00DFEED
_VERSION = 17
_BEGIN_NODE, _END_NODE, _PROPERTY, _NOP, _END = 1, 2, 3, 4, 9


class Blob(NamedTuple):
    """What a blob holds."""

    root: Node
    reserved: tuple[tuple[int, int], ...]
    """address and size of each entry of /memreserve/"""


def parse_blob(data: bytes, source: str) -> Blob:
    """Parse a blob; raises InputError, with ``source`` and the place, for what is none."""
    if len(data) > MAX_SIZE:
        raise InputError(f"{source}: expected at most 2 MiB, as the kernel does; found {len(data)} bytes")
    return _Parser(data, source).blob()


class _Parser:
    def __init__(self, data: bytes, source: str) -> None:
        self.data, self.source = data, source
        self.position = 0

    def expected(self, what: str) -> NoReturn:
        raise InputError(f"{self.source}: byte {self.position}: expected {what}")

    def blob(self) -> Blob:
        if len(self.data) < _HEADER.size:
            self.expected(f"a device tree blob; {len(self.data)} bytes are too few for its header")
        magic, total, structure, strings, reserved, version, oldest, *_ = _HEADER.unpack_from(self.data)
        if magic != _MAGIC:
            self.expected(f"a device tree blob, which begins with {_MAGIC:08x}; found {magic:08x}")
        if total > len(self.data):
            self.expected(f"{total} bytes; the file ends after {len(self.data)}")
        if version < _VERSION - 1 or oldest > _VERSION:
            self.expected(f"a blob of version {_VERSION}, found {version}")
        self.data, self.strings = self.data[:total], strings
        return Blob(self.nodes(structure), self.memreserve(reserved))

    def word(self) -> int:
        if self.position + _WORD.size > len(self.data):
            self.expected("4 more bytes; the blob is cut short")
        (value,) = _WORD.unpack_from(self.data, self.position)
        self.position += _WORD.size
        return int(value)

    def memreserve(self, position: int) -> tuple[tuple[int, int], ...]:
        """The entries before the one whose size is 0."""
        entries: list[tuple[int, int]] = []
        self.position = position
        while True:
            if self.position + _RESERVED.size > len(self.data):
                self.expected("an entry of size 0 at the end of the memory reservations")
            address, size = _RESERVED.unpack_from(self.data, self.position)
            if not size:
                return tuple(entries)
            if address + size > 1 << 64:
                self.expected(f"a reservation that ends below 2^64, found {address:#x} and {size:#x} bytes")
            entries.append((address, size))
            self.position += _RESERVED.size

    def nodes(self, position: int) -> Node:
        """The tree; a node or property that comes twice counts once, as for libfdt."""
        self.position = position
        root: Node | None = None
        open_nodes: list[Node] = []
        while (token := self.word()) != _END:
            if token == _BEGIN_NODE:
                root = self.begin_node(open_nodes, root)
            elif token == _END_NODE and open_nodes:
                open_nodes.pop()
            elif token == _PROPERTY and open_nodes:
                name, value = self.property()
                open_nodes[-1].properties.setdefault(name, value)
            elif token != _NOP:
                self.position -= _WORD.size
                self.expected(f"the beginning or end of a node, or a property; found {token:#x}")
        if root is None or open_nodes:
            self.expected("a root node, and an end of each node")
        return root

    def begin_node(self, open_nodes: list[Node], root: Node | None) -> Node:
        """Open a node in the innermost open one; the root."""
        if len(open_nodes) >= _MAX_DEPTH:
            self.expected(f"nodes at most {_MAX_DEPTH} deep")
        parent = open_nodes[-1] if open_nodes else None
        if parent is None and root is not None:
            self.expected("one root node")
        node = Node(self.text(self.position), self.source, parent)
        self.position += len(node.name) // _WORD.size * _WORD.size + _WORD.size
        if parent is not None:
            parent.children.append(node)
        open_nodes.append(node)
        return root or node

    def property(self) -> tuple[str, bytes]:
        size, name = self.word(), self.word()
        if self.position + size > len(self.data):
            self.expected(f"a property of {size} bytes; the blob is cut short")
        value = self.data[self.position : self.position + size]
        self.position += -(-size // _WORD.size) * _WORD.size
        return self.text(self.strings + name), value

    def text(self, position: int) -> str:
        """A name in ASCII that ends with a zero."""
        end = self.data.find(b"\0", position, position + _MAX_NAME + 1)
        if end < 0:
            self.expected(f"a name of at most {_MAX_NAME} characters")
        try:
            return self.data[position:end].decode("ascii")
        except UnicodeDecodeError:
            self.expected("a name in ASCII")
