"""Lines of a recording's trace, as far as the recorder itself looks at them."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import zstandard

from recorder.errors import RecorderError

_LINE = re.compile(r"^(.{16,}?) *\[(\d+)\] +([\d.]+): (\w+): +(.*)$")


class Line(NamedTuple):
    """One event."""

    cpu: int
    time: float
    """seconds"""
    event: str
    text: str
    task: str = ""
    """name and number"""


def parse_line(line: str) -> Line | None:
    """An event; None for what is none, such as trace-cmd's head."""
    match = _LINE.match(line)
    if not match:
        return None
    return Line(int(match[2]), float(match[3]), match[4], match[5], match[1].strip())


def read_lines(trace: Path) -> Iterator[Line]:
    """The events of ``trace.txt.zst``, in order; RecorderError for a file that is none."""
    try:
        with trace.open("rb") as file:
            stream = zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(file)
            for text in io.TextIOWrapper(stream, errors="replace"):
                if line := parse_line(text.rstrip("\n")):
                    yield line
    except (OSError, zstandard.ZstdError) as error:
        raise RecorderError(f"{trace}: cannot be read ({error}); expected a recording's trace") from error


def number(text: str, name: str) -> int | None:
    """The number of a field, decimal or hexadecimal; None where the event has none of that name."""
    match = _field(name).search(text)
    return int(match[1], 0) if match else None


@functools.cache
def _field(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{name}=(-?(?:0x[0-9a-f]+|\d+))")
