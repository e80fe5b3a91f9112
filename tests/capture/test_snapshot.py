"""Exact snapshots against the kernel's own /proc files."""

import gzip
import json

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.proc.buddyinfo import parse_buddyinfo
from zonecma.capture.proc.pagetypeinfo import parse_pagetypeinfo
from zonecma.capture.proc.zoneinfo import parse_zoneinfo
from zonecma.capture.recording import Recording
from zonecma.capture.snapshot import read_snapshot
from zonecma.errors import InputError
from zonecma.kernel.migratetype import NAMES as TYPES
from zonecma.kernel.zone import NAMES as ZONES

RECORDINGS = [Recording(path) for path in sorted(CAPTURES.iterdir()) if (path / "proc.tar.xz").exists()]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_sizes_and_marks_are_those_of_proc_zoneinfo(recording):
    printed = {z.name: z for z in parse_zoneinfo(recording.kernel_file("before/zoneinfo"))}
    for zone in recording.snapshot("A").zones:
        proc = printed[ZONES[zone.index]]
        for name in ("start_pfn", "spanned", "present", "managed", "cma"):
            assert getattr(zone, name) == proc[name]
        assert zone.watermark[:3] == (proc["min"], proc["low"], proc["high"])
        assert list(zone.lowmem_reserve.values()) == list(proc.protection)
        assert [p.fields["batch"] for p in zone.pcp] == [p["batch"] for p in proc.pagesets]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_pageblock_types_are_those_of_proc_pagetypeinfo(recording):
    info = parse_pagetypeinfo(recording.kernel_file("before/pagetypeinfo"))
    for zone in recording.snapshot("A").zones:
        assert zone.pageblock_order == info.pageblock_order
        counted = dict.fromkeys(TYPES, 0)
        for block in zone.pageblocks:
            counted[TYPES[block]] += 1
        counted["Unmovable"] -= (zone.spanned - zone.present) >> zone.pageblock_order  # no holes
        printed = info.blocks[0, ZONES[zone.index]]
        # A block or two may have been claimed between the two readings.
        assert sum(abs(counted[name] - printed[name]) for name in TYPES) <= 4


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_free_chunks_are_nearly_those_of_proc_buddyinfo(recording):
    """The files were read a little before the snapshot: the largest order has hardly changed."""
    chunks = parse_buddyinfo(recording.kernel_file("before/buddyinfo"))
    for zone in recording.snapshot("A").zones:
        largest = sum(len(frames) for (order, _), frames in zone.free.items() if order == 10)
        assert abs(largest - chunks[0, ZONES[zone.index]][10]) <= 4


def test_no_frame_is_twice_in_a_snapshot():
    snapshot = read_snapshot(CAPTURES / "cma256-mix-smp2-6.12" / "snap.B.json.gz")
    seen = set()
    for zone in snapshot.zones:
        chunks = [(order, pfn) for (order, _), frames in zone.free.items() for pfn in frames.tolist()]
        for pcp in zone.pcp:
            chunks += [(i // 3 if i < 12 else 9, p) for i, f in pcp.lists.items() for p in f.tolist()]
        for order, pfn in chunks:
            frames = set(range(pfn, pfn + (1 << int(order))))
            assert not frames & seen
            seen |= frames


def test_two_cpus_count_their_lines():
    snapshot = read_snapshot(CAPTURES / "cma256-mix-smp2-6.12" / "snap.A.json.gz")
    assert snapshot.trace_lines == (5803, 2982)
    assert [pcp.cpu for pcp in snapshot.zones[0].pcp] == [0, 1]


def test_the_bitmap_has_a_bit_a_page():
    (area,) = read_snapshot(CAPTURES / "cma256-mix-6.12" / "snap.A.json.gz").areas
    assert (area.name, area.base_pfn, area.count) == ("reserved", 0x40000, 65536)
    assert len(area.bitmap) == 65536
    assert not area.bitmap.any()


def test_pageblocks_without_a_memory_map_are_read(tmp_path):
    """A hole of a whole section, as a machine of 5 GiB has below its fourth."""
    raw = json.loads(gzip.decompress((CAPTURES / "nocma-mix-6.12" / "snap.A.json.gz").read_bytes()))
    zone = raw["zones"][1]
    zone["pageblocks"] = zone["pageblocks"][:-64] + "-" * 64
    path = tmp_path / "snap.A.json.gz"
    path.write_bytes(gzip.compress(json.dumps(raw).encode()))
    assert read_snapshot(path).zones[1].pageblocks[-64:].tolist() == [0] * 64


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"not gzip", "damaged"),
        (gzip.compress(b"{", mtime=0), "damaged"),
        (gzip.compress(b'{"a": 1}', mtime=0)[:-6], "damaged"),
        (gzip.compress(b'{"a": 1}', mtime=0), "expected an allocator snapshot"),
        (gzip.compress(b"[]", mtime=0), "expected an allocator snapshot"),
        (
            gzip.compress(
                b'{"migratetypes": {}, "trace": {"global": []}, "zones": [{}], "cma": []}', mtime=0
            ),
            "snapshot",
        ),
    ],
)
def test_what_is_no_snapshot_is_said_so(tmp_path, content, expected):
    path = tmp_path / "snap.A.json.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=expected) as error:
        read_snapshot(path)
    assert "snap.A.json.gz" in str(error.value)


def test_a_missing_snapshot(tmp_path):
    with pytest.raises(InputError, match="not found"):
        read_snapshot(tmp_path / "snap.A.json.gz")
