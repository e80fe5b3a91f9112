"""The bytes of a trace's text, plain or compressed with zstd or gzip, as blocks of whole lines."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.bytescan import NEWLINE, PADDING
from zonecma.errors import InputError

BLOCK = 1 << 20
"""Bytes read at a time, and the longest line: small enough to stay in a processor's cache."""

_COMPRESSED = 1 << 13
"""Compressed bytes decoded at a time: a trace grows some fortyfold, hostile data 32,768-fold."""

ZSTD, GZIP = "zstd", "gzip"
_MAGICS = {b"\x28\xb5\x2f\xfd": ZSTD, b"\x1f\x8b": GZIP}
"""How compressed files begin."""


class LineBuffer:
    """Collects pieces of text and hands out blocks of whole lines, always in the same memory."""

    def __init__(self) -> None:
        self.text: NDArray[np.uint8] = np.full(2 * BLOCK + PADDING, NEWLINE, np.uint8)
        self.filled = 0
        """bytes in ``text``"""
        self.lines_end = 0
        """the end of the last whole line among them"""

    def add(self, piece: bytes) -> None:
        """Put at most BLOCK bytes behind the rest of the block before; drops that block's lines."""
        rest = self.text[self.lines_end : self.filled].copy()
        self.text[: len(rest)] = rest
        self.filled = len(rest) + len(piece)
        self.text[len(rest) : self.filled] = np.frombuffer(piece, np.uint8)
        self.lines_end = piece.rfind(b"\n") + 1 and len(rest) + piece.rfind(b"\n") + 1

    @property
    def rest(self) -> int:
        """Bytes after the last whole line."""
        return self.filled - self.lines_end


def first_bytes(path: Path, count: int) -> bytes:
    """How a file begins.  InputError when it can't be read."""
    return next(_plain(path, count), b"")


def compression(path: Path) -> str:
    """ZSTD, GZIP, or nothing, by how the file begins."""
    head = first_bytes(path, 4)
    return next((name for magic, name in _MAGICS.items() if head.startswith(magic)), "")


def pieces(path: Path) -> Iterator[bytes]:
    """The text in pieces of at most BLOCK bytes.

    Raises InputError when the file can't be read, or its compressed data are damaged or cut off.
    """
    kind = compression(path)
    for data in _decompressed(path, kind) if kind else _plain(path):
        for start in range(0, len(data), BLOCK):
            yield data[start : start + BLOCK]


def _plain(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(size):
                yield block
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _decoder(kind: str) -> Any:
    """Decodes one frame of zstd, or one member of gzip."""
    if kind == GZIP:
        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


def _errors(kind: str) -> type[Exception]:
    if kind == GZIP:
        return zlib.error
    import zstandard

    return zstandard.ZstdError


def _decompressed(path: Path, kind: str) -> Iterator[bytes]:
    done, decoder = 0, None
    for data in _plain(path, _COMPRESSED):
        while data:
            decoder = decoder or _decoder(kind)
            try:
                block = decoder.decompress(data)
            except _errors(kind) as error:
                raise InputError(
                    f"{path}: damaged after {done} decompressed bytes ({error});"
                    f" expected text compressed by {kind}"
                ) from error
            data, done = decoder.unused_data, done + len(block)
            decoder = None if decoder.eof else decoder
            if block:
                yield block
    if decoder is not None:
        raise InputError(
            f"{path}: cut off after {done} decompressed bytes; expected the end of the {kind} data"
        )
