"""Reading a trace beside regular expressions and, where it is installed, trace-cmd report."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.conftest import CAPTURES
from zonecma.capture.trace import read_trace

LINE = re.compile(r"\s*(.+)-(\d+)\s+\[(\d+)\]\s(?:[.\w]{4,5}\s+)?\s*([\d.]+): (\w+):\s*(.*)")
PAIR = re.compile(r"(\w+)=(\S+)")
REGEX_LINES = 50_000
TRACEFS = Path("/sys/kernel/tracing")


def read_with_regular_expressions(path):
    """What a script would do: one pattern for the line, one for its fields."""
    events = []
    with path.open() as file:
        for line, _ in zip(file, range(REGEX_LINES), strict=False):
            if match := LINE.match(line):
                comm, pid, cpu, time, event, fields = match.groups()
                events.append((comm, int(pid), int(cpu), float(time), event, dict(PAIR.findall(fields))))
    return events


def record_kmem_events(path):
    """The page allocator's events of 400 forks, in a trace buffer of their own that is removed afterwards."""
    instance = TRACEFS / "instances" / "zonecma-benchmark"
    instance.mkdir()
    try:
        (instance / "buffer_size_kb").write_text("20000")
        for enable in instance.glob("events/kmem/mm_page*/enable"):
            enable.write_text("1")
        for _ in range(400):
            subprocess.run(["true"], check=True)
        (instance / "tracing_on").write_text("0")
        command = ["trace-cmd", "extract", "-B", instance.name, "-o", path]
        subprocess.run(command, check=True, capture_output=True)
    finally:
        if instance.exists():  # trace-cmd removes it itself when all goes well
            instance.rmdir()


@pytest.fixture(scope="session")
def trace_dat(tmp_path_factory):
    """A trace.dat: the one that TRACE_DAT names, or kmem events recorded now (root, tracefs mounted)."""
    if not shutil.which("trace-cmd"):
        pytest.skip("trace-cmd is not installed")
    path = Path(os.environ.get("TRACE_DAT") or tmp_path_factory.mktemp("trace-cmd") / "trace.dat")
    try:
        path.exists() or record_kmem_events(path)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"can't record here: {error}; TRACE_DAT=file names a recorded file")
    return path


@pytest.fixture(scope="session")
def reported(trace_dat, tmp_path_factory):
    """What trace-cmd report prints of it, as a file."""
    path = tmp_path_factory.mktemp("reported") / "reported.txt"
    with path.open("wb") as file:
        subprocess.run(["trace-cmd", "report", trace_dat], stdout=file, stderr=subprocess.DEVNULL, check=True)
    return path


def count_lines(path):
    with path.open("rb") as file:
        return sum(1 for _ in file)


def test_regular_expressions(rate, text):
    rate(lambda: read_with_regular_expressions(text), REGEX_LINES, "lines of a recording", rounds=3)


def test_zonecma_plain_text(rate, text, lines):
    rate(lambda: read_trace(text), lines, "lines of a recording")


def test_zonecma_compressed_text(rate, lines):
    path = CAPTURES / "cma256-mix-6.12" / "trace.txt.zst"
    rate(lambda: read_trace(path), lines, "lines of a recording")


def test_trace_cmd_report(rate, trace_dat, reported):
    def report():
        command = ["trace-cmd", "report", trace_dat]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    rate(report, count_lines(reported), "lines of a trace.dat", rounds=3)


def test_zonecma_reading_what_trace_cmd_reported(rate, reported):
    rate(lambda: read_trace(reported), count_lines(reported), "lines of a trace.dat")


def test_zonecma_trace_dat(rate, trace_dat, reported):
    rate(lambda: read_trace(trace_dat), count_lines(reported), "lines of a trace.dat")
