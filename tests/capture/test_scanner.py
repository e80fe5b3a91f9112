"""The scanner against regular expressions, on recordings and on every variant of the format."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.capture.lines import number, parse
from tests.conftest import CAPTURES
from zonecma.capture.blocks import BLOCK
from zonecma.capture.events import EVENT, EVENT_ID, EVENTS
from zonecma.capture.trace import scan_pieces
from zonecma.errors import InputError
from zonecma.kernel.gfp import parse_gfp

NAMES = sorted(
    str(path.parent.relative_to(CAPTURES))
    for path in (*CAPTURES.glob("*/trace.txt.zst"), *CAPTURES.glob("pairs/*/trace.txt.zst"))
)
EVENT_LINE = re.compile(r"^.+-\d+ .*\[\d{3}\]|^CPU:\d", re.MULTILINE)
HOT = {
    "mm_page_alloc": {"pfn", "order", "migratetype"},
    "mm_page_free": {"pfn", "order"},
    "mm_page_free_batched": {"pfn"},
    "mm_page_alloc_zone_locked": {"pfn", "order", "migratetype"},
    "mm_page_pcpu_drain": {"pfn", "order", "migratetype"},
    "mm_filemap_add_to_page_cache": {"pfn", "order"},
    "mm_filemap_delete_from_page_cache": {"pfn", "order"},
    "mm_lru_insertion": {"pfn"},
    "mm_lru_activate": {"pfn"},
    "writeback_dirty_folio": set(),
}
PAGE = re.compile(r"dev (\d+):(\d+) ino ([0-9a-f]+) pfn=\w+ ofs=(\d+)")
LRU = re.compile(r"lru=(\d) flags=([M ])([af])([s ])([b ])([d ])([B ]?)")
WRITEBACK = re.compile(r"bdi (\S+) ino=(\d+) index=(\d+)")


def scan(text, **options):
    data = text.encode() if isinstance(text, str) else text
    parts = (data[i : i + BLOCK] for i in range(0, len(data), BLOCK))
    return scan_pieces(Path("given"), parts, len(data), **options)


def one(line):
    (event,) = scan(line + "\n").events
    return event


def plain_text(name):
    with (CAPTURES / name / "trace.txt.zst").open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        return io.TextIOWrapper(stream, errors="replace").read()


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_recording(name):
    """The first and the last 3,000 lines, and everything rare, against the slow reader."""
    text = plain_text(name)
    trace = scan(text)
    events = trace.events[trace.events["event"] != EVENT_ID["bulk_page"]]
    row_of_line = dict(zip(events["line"].tolist(), range(len(events)), strict=True))
    lines = text.splitlines()
    chosen = set(range(3_000)) | set(range(len(lines) - 3_000, len(lines)))
    for index, line in enumerate(lines):
        if index in chosen or not any(f" {hot}:" in line for hot in HOT):
            row = row_of_line.get(index + 1)
            check_line(trace, None if row is None else events[row], line)
    assert len(row_of_line) == len(EVENT_LINE.findall(text))


def check_line(trace, row, line):
    parsed = parse(line)
    if parsed is None:
        assert row is None
        return
    task, cpu, nanoseconds, event, pairs, rest = parsed
    assert (trace.texts[row["task"]], row["cpu"], row["time"]) == (task, cpu, nanoseconds)
    assert EVENTS[row["event"]].name == (event if event in EVENT_ID else "other")
    for key in HOT.get(event, ()):
        wanted = number(pairs[key])
        assert row[key] == (-1 if key == "pfn" and wanted == 0 and event == "mm_page_alloc" else wanted)
    if "gfp_flags" in pairs and event != "bulkin":
        assert row["gfp"] == parse_gfp(pairs["gfp_flags"])
    if event.startswith("cma_"):
        assert row["a"] == number(pairs["count"])
        assert trace.texts[row["d"]] == pairs["name"]
    if event == "mm_migrate_pages":
        assert (row["a"], row["b"]) == (number(pairs["nr_succeeded"]), number(pairs["nr_failed"]))
        assert trace.texts[row["d"]] == pairs["reason"]
    check_page_of_a_file(trace, row, event, rest)
    if event == "print":
        assert trace.texts[row["d"]] == rest
    if "range" in pairs:
        first, _, end = pairs["range"].strip("()").split()
        assert (row["pfn"], row["a"]) == (number(first), number(end))
        assert (row["b"], row["c"]) == (number(pairs["nr_scanned"]), number(pairs["nr_taken"]))


def check_page_of_a_file(trace, row, event, rest):
    if event.startswith("mm_filemap"):
        major, minor, inode, offset = PAGE.match(rest).groups()
        assert (row["c"], row["a"], row["b"]) == (
            int(major) * 2**20 + int(minor),
            int(inode, 16),
            int(offset),
        )
    if event == "mm_lru_insertion":
        lru, *letters = LRU.search(rest).groups()
        assert row["a"] == int(lru)
        flags = {"M": 1, "a": 2, "f": 4, "s": 8, "b": 16, "d": 32, "B": 64}
        assert row["b"] == sum(flags.get(letter, 0) for letter in letters)
    if event in ("writeback_dirty_folio", "folio_wait_writeback"):
        device, inode, index = WRITEBACK.match(rest).groups()
        assert (trace.texts[row["d"]], row["a"], row["b"]) == (device, int(inode), int(index))


ALLOC = "mm_page_alloc: pfn=0x2d61 order=2 migratetype=1 gfp_flags=GFP_KERNEL|__GFP_COMP"
CACHED = "mm_filemap_add_to_page_cache: dev 254:0 ino 20 pfn=0x37c48 ofs=618496 order=0"


@pytest.mark.parametrize(
    "line",
    [
        f"          <idle>-0     [003]     0.750948: {ALLOC}",
        f"          <idle>-0       [003] d..1.     0.750948: {ALLOC}",
        f"          <idle>-0       (-------) [003] dNh4. 0.750948: {ALLOC}",
        f"          <idle>-0     [003]     0.750948000: {ALLOC}",
        f"          <idle>-0     [003]     0.750948: mm_page_alloc:        {ALLOC[15:]}",
        f"          <idle>-0     [003]     0.750948: mm_page_alloc: page=0000000012345678 {ALLOC[15:]}",
        f"          <idle>-0     [003]     0.750948: {ALLOC.replace('0x2d61', '11617')}",
        f"<idle>-0 [003] 0.750948: {ALLOC}",
        f"          <idle>-0     [003]     0.750948: {ALLOC}\r",
    ],
)
def test_variants_of_one_line(line):
    event = one(line)
    assert (event["cpu"], event["time"]) == (3, 750_948_000)
    assert EVENTS[event["event"]].name == "mm_page_alloc"
    assert (event["pfn"], event["order"], event["migratetype"]) == (0x2D61, 2, 1)
    assert event["gfp"] == parse_gfp("GFP_KERNEL|__GFP_COMP")


@pytest.mark.parametrize("comm", ["a b", "x-1 [000] 2.0:", "kworker/u4:0", "[kthread]", "ünï", "Web Content"])
def test_any_name_a_task_may_have(comm):
    event = one(f"{comm.rjust(16)}-417   [001]     1.5: mm_page_free: pfn=0x10 order=0")
    assert (
        scan(f"{comm.rjust(16)}-417   [001]     1.5: mm_page_free: pfn=0x10 order=0\n").texts[event["task"]]
        == f"{comm}-417"
    )
    assert event["cpu"] == 1


def test_a_failed_request_has_no_frame():
    line = "   a-1 [000] 1.0: mm_page_alloc: page=(nil) pfn=0x0 order=0 migratetype=0 gfp_flags=GFP_NOWAIT"
    assert one(line)["pfn"] == -1


def test_cma_events_of_4_7_print_hexadecimal_without_0x():
    event = one("           a-1 [000] 1.0: cma_alloc: pfn=1fc00 page=ffffea0000 count=16 align=4")
    assert (event["pfn"], event["a"], event["b"]) == (0x1FC00, 16, 4)


def test_a_bulk_allocation_gives_its_frames():
    pages = " ".join(f"p{i}=0xffffea0000{0x0CA540 + 64 * i:06x}" for i in range(16))
    events = scan(f"    cat-44 [000] 2.4: bulk: (ffffffff81 <- ffffffff82) n=0x3 arr=0xff {pages}\n").events
    assert [EVENTS[e["event"]].name for e in events] == ["bulk", "bulk_page", "bulk_page", "bulk_page"]
    assert [e["pfn"] for e in events[1:]] == [0x3295, 0x3296, 0x3297]


def test_a_bulk_line_gives_no_more_frames_than_the_probe_prints():
    pages = " p0=0xffffea00000ca540" * 100
    events = scan(f"    cat-44 [000] 2.4: bulk: (a <- b) n=0x64 arr=0xff{pages}\n").events
    assert len(events) == 33


def test_a_page_of_a_block_device():
    line = "   a-1 [000] 1.0: mm_filemap_add_to_page_cache: dev 0:3 ino fe00010 pfn=0x3a2b ofs=4096 order=0"
    event = one(line)
    assert (event["pfn"], event["c"], event["a"], event["b"]) == (0x3A2B, 3, 254 << 20 | 16, 4096)


@pytest.mark.parametrize(("text", "flags"), [("Ma bd ", 1 + 2 + 16 + 32), (" f   B", 4 + 64), (" f", 4)])
def test_flags_of_a_page_are_letters_between_blanks(text, flags):
    assert one(f"   a-1 [000] 1.0: mm_lru_insertion: pfn=0x10 lru=3 flags={text}")["b"] == flags


@pytest.mark.parametrize(
    ("line", "lost"),
    [("CPU:1 [LOST 1234 EVENTS]", 1234), ("CPU:1 [77 EVENTS DROPPED]", 77), ("CPU:1 [EVENTS DROPPED]", 1)],
)
def test_lost_events_are_counted(line, lost):
    trace = scan(f"{line}\n   a-1 [001] 1.0: mm_page_free: pfn=0x10 order=0\n")
    assert trace.lost() == lost
    assert trace.events[0]["cpu"] == 1


def test_headings_and_stacks_are_no_events():
    text = (
        "cpus=2\nversion = 6\nCPU 1 is empty\n# tracer: nop\n#\n\n"
        "   a-1 [001] 1.0: kernel_stack: <stack trace >\n=> foo (ffffffff81)\n => bar\n"
        "   a-1 [001] 1.0: sched_switch: prev=1 next=2\n"
    )
    assert [EVENTS[e["event"]].name for e in scan(text).events] == ["other", "other"]


@pytest.mark.parametrize(
    ("line", "place", "expected"),
    [
        ("hello world", "line 2, byte 60:", "'comm-pid [cpu] time: event: ...'"),
        ("   a-1 [000] soon: mm_page_free: pfn=1 order=0", "line 2", "a time stamp"),
        ("   a-1 [000] 1.0: what happened", "line 2", "an event's name"),
        ("   a-1 [000] 1.0: mm_page_free: pfn=frame order=0", "line 2", "a number after pfn="),
        ("   a-1 [000] 1.0: mm_page_free: pfn=0x order=0", "line 2", "a number after pfn="),
        ("   a-1 [000] 1.0: mm_page_free: pfn=0x1", "line 2", "order= in this mm_page_free"),
        (
            "   a-1 [000] 1.0: mm_compaction_isolate_freepages: range=(0x1 - 0x2) nr_scanned=1 nr_taken=0",
            "line 2",
            "a number after range=",
        ),
        ("   a-1 [000] 1.0: mm_compaction_isolate_freepages: range=", "line 2", "a number after range="),
        ("          <idle>-0     [003", "line 2", "'comm-pid [cpu] time: event: ...'"),
        ("x\n12345678901234-1", "line 2", "'comm-pid [cpu] time: event: ...'"),
        ("   a-1 [000]", "line 2", "a time stamp"),
        ("   a-1 [000] 1.0:", "line 2", "an event's name"),
        (f"   a-1 [000] 1.0: {ALLOC}|GFP_FOO", "line 2", "names of gfp flags"),
        (f"   a-1 [000] 1.0: {CACHED.replace('254:0', '254')}", "line 2", "a number after dev,"),
        (f"   a-1 [000] 1.0: {CACHED.replace('254:0', '9999:0')}", "line 2", "a number after dev,"),
        (f"   a-1 [000] 1.0: {CACHED.replace('dev', 'dv')}", "line 2", "dev in this mm_filemap"),
    ],
)
def test_a_malformed_line_is_named(line, place, expected):
    good = "          <idle>-0 [000] 1.0: mm_page_free: pfn=0x1 order=0\n"
    with pytest.raises(InputError) as error:
        scan(good + line + "\n")
    assert place in str(error.value)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_damaged_trace_can_be_read_in_part():
    good = "   a-1 [000] 1.0: mm_page_free: pfn=0x1 order=0\n"
    trace = scan(good * 3 + "garbage\n" + good, partial=True)
    assert len(trace.events) == 3
    assert "line 4" in trace.damage


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_cut_off_line_is_said(cut):
    good = "   a-1 [000] 1.0: mm_page_free: pfn=0x1 order=0\n"
    with pytest.raises(InputError, match="line 2 is cut off"):
        scan((good + good)[: len(good) + min(cut, len(good) - 1)])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_trace_or_in_one_clear_line(data):
    try:
        trace = scan(data)
    except InputError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert trace.events.dtype == EVENT


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_to_a_line_ends_well(data):
    text = bytearray(f"          <idle>-0     [003]     0.750948: {ALLOC}\n".encode() * 3)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] = data.draw(st.integers(0, 255))
    try:
        scan(bytes(text))
    except InputError as error:
        assert "given" in str(error)


def test_no_read_leaves_the_text():
    """Uncompiled, numpy looks at every index; compiled, a stray read may go unseen for years."""
    tests = "malformed or damage or any or bulk or headings or lost"
    command = [
        sys.executable,
        "-m",
        "pytest",
        __file__,
        "-k",
        f"({tests}) and not leaves",
        "-p",
        "no:cacheprovider",
    ]
    ran = subprocess.run(
        command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_pieces_of_any_size_give_the_same_events(size):
    text = plain_text("boot-nocma-6.12").encode()[:20_000].rsplit(b"\n", 1)[0] + b"\n"
    whole = scan(text)
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    pieced = scan_pieces(Path("given"), iter(parts), len(text))
    assert (pieced.events == whole.events).all()
    assert pieced.texts == whole.texts


def test_more_words_than_expected_are_kept():
    lines = [f"   t{i}-{i} [000] 1.0: print: tracing_mark_write: marker {i}\n" for i in range(9000)]
    trace = scan("".join(lines))
    assert trace.texts[trace.events[8999]["d"]] == "tracing_mark_write: marker 8999"
    assert len(set(trace.texts)) == len(trace.texts)


def test_more_events_than_expected_are_kept():
    data = b"   a-1 [000] 1.0: x: y\n" * 40_000
    parts = [data[i : i + 100_000] for i in range(0, len(data), 100_000)]
    assert len(scan_pieces(Path("given"), iter(parts), 10).events) == 40_000


def test_a_file_without_lines_is_no_trace():
    parts = [bytes(1 << 20)] * 3
    with pytest.raises(InputError, match="longer than"):
        scan_pieces(Path("given"), iter(parts), 10)


@pytest.mark.parametrize(
    ("page", "null"),
    [
        ("0x0", True),
        ("0000000000000000", True),
        ("(nil)", True),
        ("(null)", True),
        ("(____ptrval____)", False),
        ("00000000d1c2a3b4", False),
        ("0xffffea0000700000", False),
    ],
)
def test_a_contiguous_call_failed_where_its_page_is_null(page, null):
    """Kernels print pointers hashed (%p), or hide them while they have no random numbers yet."""
    line = (
        f"a-1 [000] 1.0: cma_alloc_finish: name=reserved pfn=0x1c000 page={page} count=256 align=8 errorno=0"
    )
    event = one(f"           {line}")
    assert (event["e"] < 0, event["pfn"], event["a"], event["c"]) == (null, 0x1C000, 256, 0)


def test_a_marker_has_another_name_in_the_kernel_s_own_text():
    """trace-cmd calls it print."""
    for name in ("print", "tracing_mark_write"):
        assert one(f"           a-1 [000] 1.0: {name}: GT_wl_start")["event"] == EVENT_ID["print"]
