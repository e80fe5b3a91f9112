"""What the guest brings back: its archive, its counts, its lists."""

import tarfile

import pytest

from recorder.errors import RecorderError
from recorder.guest_root import loads
from recorder.listing import listing
from recorder.pack import pack_proc, packed_names, unpack_results
from recorder.summary import check_complete, lost_in, zones

BROUGHT = ["after", "before", "cma.log", "cmasysfs", "cmdline", "dmesg", "events", "kallsyms",
           "printk_formats", "saved_cmdlines", "stats.cpu0", "uname", "uptime0", "uptime1"]  # fmt: skip


def test_what_only_reads_the_raw_trace_is_not_packed():
    assert packed_names(BROUGHT) == [
        "before", "after", "dmesg", "uname", "cmdline", "cmasysfs", "cma.log", "stats.cpu0",
    ]  # fmt: skip


def test_packing_twice_gives_the_same_bytes(tmp_path):
    results = tmp_path / "res"
    for name in ("before", "after"):
        (results / name).mkdir(parents=True)
        (results / name / "zoneinfo").write_text("Node 0, zone DMA\n")
    for name in ("dmesg", "uname", "cmdline", "cmasysfs"):
        (results / name).write_text(name)
    packed = [tmp_path / "1.tar.xz", tmp_path / "2.tar.xz"]
    for target in packed:
        pack_proc(results, target)
    assert packed[0].read_bytes() == packed[1].read_bytes()
    with tarfile.open(packed[0]) as tar:
        assert tar.getnames()[:2] == ["before", "before/zoneinfo"]
        assert {(member.uid, member.mtime) for member in tar} == {(0, 0)}


def test_raw_buffers_come_in_the_order_of_their_cpus(tmp_path):
    disk = tmp_path / "vdb"
    with tarfile.open(disk, "w") as tar:
        (tmp_path / "raw").mkdir()
        for name in ("raw/cpu10", "raw/cpu2", "raw/lost+found", "res"):
            (tmp_path / name).write_bytes(b"")
            tar.add(tmp_path / name, name)
    _, raw = unpack_results(disk, tmp_path / "out")
    assert [path.name for path in raw] == ["cpu2", "cpu10"]


def test_a_guest_that_brought_nothing_is_said_so(tmp_path):
    (tmp_path / "vdb").write_bytes(bytes(10240))
    with pytest.raises(RecorderError, match="without results"):
        unpack_results(tmp_path / "vdb", tmp_path / "out")


def test_lost_events_are_those_that_the_buffer_had_no_room_for():
    assert (
        lost_in("entries: 9\noverrun: 3\ncommit overrun: 2\nbytes: 100\ndropped events: 1\nread events: 9\n")
        == 6
    )


def test_zones_are_those_that_span_anything():
    text = """Node 0, zone      DMA
        spanned  4095
        present  3998
        managed  3840
        cma      0
  start_pfn:           1
Node 0, zone   Device
        spanned  0
"""
    expected = {"name": "DMA", "spanned": 4095, "present": 3998, "managed": 3840, "cma": 0, "start_pfn": 1}
    assert zones(text) == [expected]


def test_every_load_says_what_it_is():
    lines = listing().splitlines()
    for name in loads():
        assert any(line.split()[0] == name and len(line.split()) > 3 for line in lines), name


def test_a_trace_that_came_back_in_part_is_refused():
    check_complete([5, 3], [5, 2])
    with pytest.raises(RecorderError, match="brought back 1 lines of CPU 1, which had written 2"):
        check_complete([5, 1], [5, 2])
    with pytest.raises(RecorderError, match="0 lines of CPU 1"):
        check_complete([5], [5, 2])
