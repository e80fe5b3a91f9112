"""perf script's text: the same events as ftrace's, in perf's columns."""

import gzip
import re

import pytest
import zstandard

from tests.conftest import CAPTURES
from zonecma.capture.trace import read_trace
from zonecma.errors import InputError

LINE = re.compile(r" *(.+)-(\d+) +\[(\d+)\] +([\d.]+): +(\w+): *(.*)")
EXAMPLE = "  kworker/0:1 ev     11 [000]     0.016000: kmem:mm_page_free: page=0x1 pfn=0x10 order=0\n"


def perf_line(line, digits=6):
    """As perf_sample__fprintf_start and process_event (tools/perf/builtin-script.c, 6.12) print."""
    comm, pid, cpu, time, event, rest = LINE.match(line).groups()
    seconds, fraction = time.split(".")
    comm = "swapper" if comm == "<idle>" else comm
    stamp = f"{int(seconds):5d}.{fraction.ljust(digits, '0')}: "
    return f"{comm:>16} {int(pid):7d} [{int(cpu):03d}] {stamp}{'system:' + event:>40}: {rest}"


@pytest.fixture(scope="module")
def text():
    packed = (CAPTURES / "boot-ram1536-cma320-smp2-6.12" / "trace.txt.zst").open("rb")
    with zstandard.ZstdDecompressor().stream_reader(packed) as stream:
        return stream.read().decode()


@pytest.mark.parametrize("digits", [6, 9])
def test_the_same_events_in_perfs_columns(tmp_path, text, digits):
    lines = [perf_line(line, digits) for line in text.splitlines() if LINE.match(line)]
    (tmp_path / "ftrace.txt").write_text(text)
    (tmp_path / "perf.txt").write_text("# ========\n#\n" + "\n".join(lines) + "\n")
    ftrace, perf = read_trace(tmp_path / "ftrace.txt"), read_trace(tmp_path / "perf.txt")
    assert len(ftrace.events) == len(perf.events) > 10_000
    for column in set(ftrace.events.dtype.names) - {"line", "task"}:
        assert (ftrace.events[column] == perf.events[column]).all(), column
    assert ftrace.texts == perf.texts
    assert (ftrace.events["task"] == perf.events["task"]).all()


@pytest.mark.parametrize("task", ["kworker/0:1 ev     11", "kworker/0:1 ev      9/11     "])
def test_a_comm_with_blanks_and_a_thread(tmp_path, task):
    (tmp_path / "perf.txt").write_text(EXAMPLE.replace("kworker/0:1 ev     11", task))
    found = read_trace(tmp_path / "perf.txt")
    assert found.texts[found.events["task"][0]] == "kworker/0:1 ev-11"
    assert found.count("mm_page_free") == 1


@pytest.mark.parametrize(
    "line",
    [
        EXAMPLE.replace("[000] ", ""),
        EXAMPLE.replace("kmem:", "     1 kmem:"),
        EXAMPLE + "\tffffffff8126e6c0 free_unref_page+0x0 ([kernel.kallsyms])\n",
    ],
    ids=["no CPU", "a period", "a call chain"],
)
def test_other_columns_name_the_right_ones(tmp_path, line):
    (tmp_path / "perf.txt").write_text(line)
    with pytest.raises(InputError, match="-F comm,tid,cpu,time,event,trace"):
        read_trace(tmp_path / "perf.txt")


def test_gzip(tmp_path, text):
    (tmp_path / "trace.txt").write_text(text)
    (tmp_path / "t").write_bytes(gzip.compress(text.encode()))
    assert (read_trace(tmp_path / "t").events == read_trace(tmp_path / "trace.txt").events).all()
    (tmp_path / "t").write_bytes(gzip.compress(text.encode())[:-100])
    with pytest.raises(InputError, match=r"cut off after .* the gzip data"):
        read_trace(tmp_path / "t")
