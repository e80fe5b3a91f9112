"""Uncompressing parts of a version 7 file: each says its size before and after."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from zonecma.capture.trace_cmd.numbers import Numbers
from zonecma.errors import InputError

Uncompress = Callable[[bytes, int], bytes]

LARGEST = 1 << 28
"""Bytes of one uncompressed part: trace-cmd's are a few MiB."""


def _zstd(data: bytes, size: int) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            return reader.read(size + 1)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _zlib(data: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error


_ALGORITHMS: dict[str, Uncompress] = {"zstd": _zstd, "zlib": _zlib}


def uncompressor(name: str, place: object) -> Uncompress | None:
    """How a file's parts are uncompressed; None for ``none``."""
    if name == "none":
        return None
    if name not in _ALGORITHMS:
        raise InputError(f"{place}: is compressed by {name!r}; expected none, {' or '.join(_ALGORITHMS)}")
    return _ALGORITHMS[name]


def block(numbers: Numbers, uncompress: Uncompress) -> bytes:
    """One part: size in the file, size uncompressed, data."""
    start = numbers.at
    compressed, size = numbers.number(4, "a compressed size"), numbers.number(4, "an uncompressed size")
    data = bytes(numbers.take(compressed, "compressed data"))
    if size > LARGEST:
        raise InputError(f"{numbers.place}: the part at byte {start} claims {size} bytes; at most {LARGEST}")
    try:
        found = uncompress(data, size)
    except (ValueError, MemoryError) as error:
        raise InputError(f"{numbers.place}: damaged compressed data at byte {start} ({error})") from error
    if len(found) != size:
        raise InputError(
            f"{numbers.place}: compressed data at byte {start} hold {len(found)} bytes; expected {size}"
        )
    return found


def blocks(numbers: Numbers, uncompress: Uncompress) -> Iterator[bytes]:
    """The parts of a CPU's data, behind their count."""
    for _ in range(numbers.number(4, "a count of chunks")):
        yield block(numbers, uncompress)
