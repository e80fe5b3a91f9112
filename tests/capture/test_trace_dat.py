"""trace.dat beside what trace-cmd report prints of it, and damaged ones."""

import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.capture.trace_dat_file import Cutter
from tests.conftest import CAPTURES
from zonecma.capture.events import EVENTS, Kind
from zonecma.capture.recording import open_recording
from zonecma.capture.trace import Trace, read_trace
from zonecma.capture.trace_cmd.compression import LARGEST, block, uncompressor
from zonecma.capture.trace_cmd.container import open_container
from zonecma.capture.trace_cmd.numbers import Numbers
from zonecma.errors import InputError

SMALL = CAPTURES / "formats" / "smp2-6.12.dat"
TEXTS = (Kind.TEXT, Kind.REST)
needs_trace_cmd = pytest.mark.skipif(not shutil.which("trace-cmd"), reason="trace-cmd is not installed")


def trace_cmd(*words):
    return subprocess.run(["trace-cmd", *map(str, words)], capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def version_6(tmp_path_factory):
    if not shutil.which("trace-cmd"):
        pytest.skip("trace-cmd is not installed")
    path = tmp_path_factory.mktemp("v6") / "trace.dat"
    trace_cmd("convert", "-i", SMALL, "-o", path, "--file-version", "6", "--compression", "none")
    return path


def values(trace, column):
    """A column, with words where numbers stand for words."""
    found = trace.events[column].astype(object)
    words = np.array(trace.texts, object)
    if column == "task":
        return words[trace.events[column]]
    for number, spec in enumerate(EVENTS):
        if any(name == column and kind in TEXTS for name, kind in spec.fields.values()):
            rows = trace.events["event"] == number
            found[rows] = words[trace.events[column][rows]]
    return found


def assert_same(one, other):
    assert len(one.events) == len(other.events)
    for column in set(one.events.dtype.names) - {"line"}:
        assert (values(one, column) == values(other, column)).all(), column


@needs_trace_cmd
def test_the_same_events_as_trace_cmd_report_prints(tmp_path):
    """``-t`` prints whole nanoseconds."""
    (tmp_path / "report.txt").write_bytes(trace_cmd("report", "-t", "-i", SMALL))
    found = read_trace(SMALL)
    assert len(found.events) > 2000
    assert len(np.unique(found.events["event"])) >= 8
    assert_same(found, read_trace(tmp_path / "report.txt"))


def test_versions_and_compressions_hold_the_same(version_6, tmp_path):
    plain = tmp_path / "plain.dat"
    trace_cmd("convert", "-i", SMALL, "-o", plain, "--file-version", "7", "--compression", "none")
    for path in (version_6, plain):
        assert_same(read_trace(SMALL), read_trace(path))


def test_a_trace_alone_is_a_recording_without_the_rest():
    recording = open_recording(str(SMALL))
    assert len(recording.trace().events) > 2000
    for ask in (lambda: recording.snapshot("A"), lambda: recording.release):
        with pytest.raises(
            InputError, match=r"is a trace alone, and this needs (snap\.A|uname).* too; expected"
        ):
            ask()


def test_a_folder_may_hold_a_trace_dat(tmp_path):
    shutil.copy(SMALL, tmp_path / "trace.dat")
    assert open_recording(str(tmp_path)).trace_file == tmp_path / "trace.dat"


def test_events_are_in_the_order_of_time():
    events = read_trace(SMALL).events
    assert (np.diff(events["time"][events["time"] > 0]) >= 0).all()
    assert set(np.unique(events["cpu"])) == {0, 1}


def test_zlib():
    data = zlib.compress(b"x" * 1000)
    numbers = Numbers(memoryview(struct.pack("<II", len(data), 1000) + data), "a.dat")
    assert block(numbers, uncompressor("zlib", "a.dat")) == b"x" * 1000


@pytest.mark.parametrize("algorithm", ["zlib", "zstd"])
def test_compressed_data_are_no_more_than_they_say(algorithm):
    import zstandard

    pack = zlib.compress if algorithm == "zlib" else zstandard.ZstdCompressor().compress
    data = pack(b"\0" * 10_000_000)
    for claimed, message in (
        (4096, "hold 4097 bytes; expected 4096"),
        (LARGEST + 1, "claims 268435457 bytes"),
    ):
        numbers = Numbers(memoryview(struct.pack("<II", len(data), claimed) + data), "a.dat")
        with pytest.raises(InputError, match=message):
            block(numbers, uncompressor(algorithm, "a.dat"))


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (10, b"5", "is of version '5'; expected 6 or 7"),
        (12, b"\1", "is of a big-endian machine"),
        (13, b"\4", "is of a 32-bit machine"),
        (14, b"\1", "has pages of 4097 bytes; expected a power of two"),
        (18, b"lz4\0", "is compressed by 'lz4'; expected none, zstd or zlib"),
    ],
)
def test_foreign_files(tmp_path, at, value, message):
    data = bytearray(SMALL.read_bytes())
    data[at : at + len(value)] = value
    (tmp_path / "a.dat").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_trace(tmp_path / "a.dat")


def test_a_file_cut_off_at_each_boundary(version_6, tmp_path):
    data = version_6.read_bytes()
    cutter = Cutter(data)
    cutter.head()
    for boundary in [11, 12, 18, *cutter.marks[:: max(len(cutter.marks) // 30, 1)]]:
        (tmp_path / "a.dat").write_bytes(data[:boundary])
        with pytest.raises(InputError, match=r"expected|no trace events"):
            read_trace(tmp_path / "a.dat", partial=True)


def test_cpu_data_cut_off_are_read_in_part(version_6, tmp_path):
    (tmp_path / "a.dat").write_bytes(version_6.read_bytes()[:-10_000])
    with pytest.raises(InputError, match=r"CPU 1's data end at byte \d+, but the file at \d+"):
        read_trace(tmp_path / "a.dat")
    part, whole = read_trace(tmp_path / "a.dat", partial=True), read_trace(version_6)
    assert "CPU 1's data end" in part.damage
    assert 0 < len(part.events) < len(whole.events)
    assert (part.events["time"] == whole.events["time"][: len(part.events)]).all()


def first_page(path):
    return open_container(path).cpus[0].offset


def test_lost_events_stand_before_the_page_that_says_so(version_6, tmp_path):
    """RB_MISSED_EVENTS in the word of the bytes that are written."""
    data, page = bytearray(version_6.read_bytes()), first_page(version_6)
    commit = int.from_bytes(data[page + 8 : page + 16], "little")
    data[page + 8 : page + 16] = (commit | 1 << 31).to_bytes(8, "little")
    (tmp_path / "a.dat").write_bytes(data)
    found = read_trace(tmp_path / "a.dat")
    assert found.count("lost") == 1
    assert len(found.events) == len(read_trace(version_6).events) + 1


def test_a_page_that_claims_too_much(version_6, tmp_path):
    data, page = bytearray(version_6.read_bytes()), first_page(version_6)
    data[page + 8 : page + 10] = b"\xff\x7f"
    (tmp_path / "a.dat").write_bytes(data)
    with pytest.raises(InputError, match="CPU 0: a page that claims more bytes than it has"):
        read_trace(tmp_path / "a.dat")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=4),
    st.booleans(),
)
@example(changes=[(0.056640625, b"\x00")], partial=True)  # no row is left
@pytest.mark.parametrize("version", [6, 7])
def test_mutations_are_read_or_refused(version, request, tmp_path, changes, partial):
    source = SMALL if version == 7 else request.getfixturevalue("version_6")
    data = bytearray(source.read_bytes())
    for where, value in changes:
        at = int(where * len(data))
        data[at : at + len(value)] = value
    (tmp_path / "a.dat").write_bytes(data)
    try:
        assert isinstance(read_trace(tmp_path / "a.dat", partial=partial), Trace)
    except InputError as error:
        assert "\n" not in str(error)
