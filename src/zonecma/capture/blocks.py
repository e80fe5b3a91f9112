"""The bytes of a trace, plain or compressed with zstd or gzip, as blocks of whole lines."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.bytescan import NEWLINE, PADDING
from zonecma.errors import InputError

BLOCK = 1 << 20
"""Bytes read at a time, and the longest line: small enough to stay in a processor's cache."""


_COMPRESSED = 1 << 13
"""Compressed bytes decoded at a time: a trace grows some fortyfold, hostile data 32,768-fold."""


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


def pieces(path: Path) -> Iterator[bytes]:
    """The text in pieces of at most BLOCK bytes.

    Raises InputError when the file can't be read, or its zstd data are damaged or cut off.
    """
    for data in _decompressed(path) if path.suffix == ".zst" else _plain(path):
        for start in range(0, len(data), BLOCK):
            yield data[start : start + BLOCK]


def _plain(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while block := file.read(size):
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: damaged or cut off ({error}); expected text compressed by gzip") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _decompressed(path: Path) -> Iterator[bytes]:
    import zstandard

    done, decoder = 0, None
    for data in _plain(path, _COMPRESSED):
        while data:
            decoder = decoder or zstandard.ZstdDecompressor().decompressobj()
            try:
                block = decoder.decompress(data)
            except zstandard.ZstdError as error:
                raise InputError(
                    f"{path}: damaged after {done} decompressed bytes ({error});"
                    " expected text compressed by zstd"
                ) from error
            data, done = decoder.unused_data, done + len(block)
            decoder = None if decoder.eof else decoder
            if block:
                yield block
    if decoder is not None:
        raise InputError(
            f"{path}: cut off after {done} decompressed bytes; expected the end of the zstd data"
        )
