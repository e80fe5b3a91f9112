"""The binary trace that the guest left, as text."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import zstandard

from recorder.errors import RecorderError

_LEVEL, _WINDOW = 19, 27
"""zstd's: slow and small, and a window of 128 MiB, for lines repeat far apart"""
_HASHED = re.compile(rb" (?:page|folio)=\S+ (?=pfn=)")
"""Struct pages are printed hashed: a number without meaning, and half of the compressed size."""
_BULK = re.compile(rb": bulk: .*? n=(0x[0-9a-f]+|\d+) ")
"""How many pages a bulk allocation got; the probe prints a hundred entries of its array."""


def write_trace(results: Path, raw: list[Path], work: Path, target: Path) -> None:
    """Turn raw buffers, one a CPU in order, into ``trace.txt.zst``; ``work`` takes what is between."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL, window_log=_WINDOW, enable_ldm=True, threads=-1
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    with target.open("wb") as file, compressor.stream_writer(file) as compressed:
        for line in _report(_data_file(results, raw, work)):
            compressed.write(tidy(line))


def tidy(line: bytes) -> bytes:
    """A line without numbers that mean nothing: hashed pointers, entries after an array's last page."""
    line = _HASHED.sub(b" ", line)
    if match := _BULK.search(line):
        end = line.find(b" p%d=" % int(match[1], 0))
        return line if end < 0 else line[:end] + b"\n"
    return line


def _data_file(results: Path, raw: list[Path], work: Path) -> Path:
    """trace-cmd's own file, from the kernel's formats and the raw buffers."""
    tracing, head, data = work / "tracing", work / "head.dat", work / "trace.dat"
    shutil.copytree(results / "events", tracing / "events")
    for name in ("saved_cmdlines", "printk_formats"):
        shutil.copy(results / name, tracing / name)
    _trace_cmd("restore", "-c", "-t", str(tracing), "-k", str(results / "kallsyms"), "-o", str(head))
    _trace_cmd("restore", "-o", str(data), "-i", str(head), *map(str, raw))
    return data


def _trace_cmd(*words: str) -> None:
    done = subprocess.run(["trace-cmd", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RecorderError(f"trace-cmd {words[0]} fails: {' '.join(done.stderr.split())[-200:]}")


def _report(data: Path) -> Iterator[bytes]:
    command = ["trace-cmd", "report", "-i", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as report:
        assert report.stdout is not None
        yield from report.stdout
    if report.returncode:
        raise RecorderError(f"trace-cmd report fails with status {report.returncode}")
