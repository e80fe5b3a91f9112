"""Words of frames: real ones against free lists, and files that are too short."""

import gzip

import numpy as np
import pytest

from tests.areas import AREAS, STOPPED, area_and_free
from zonecma.capture.proc.kpageflags import Kpf, bit, frame_words, parse_kpage_ranges
from zonecma.errors import InputError


@pytest.mark.parametrize("name", STOPPED)
def test_buddy_frames_are_those_on_free_lists(name):
    area, free = area_and_free(name)
    raw = gzip.decompress((AREAS / name / "after" / "kpageflags.gz").read_bytes())
    assert (bit(frame_words(raw, area.count), Kpf.BUDDY) == free).all()


def test_a_file_gives_the_words_it_has():
    raw = np.array([1 << 10, 1 << 35], "<u8").tobytes()
    assert [*frame_words(raw + b"\1\2", 9)] == [1 << 10, 1 << 35]
    assert [*frame_words(raw, 1)] == [1 << 10]
    assert [*bit(frame_words(raw, 2), Kpf.PRIVATE)] == [False, True]


def test_ranges():
    assert parse_kpage_ranges("a 1 2\nb 30 4\n") == [("a", 1, 2), ("b", 30, 4)]


@pytest.mark.parametrize("row", ["a 1", "a x 2", "a 1 -2", "a 1 9999999999999999"])
def test_what_is_no_range_is_named(row):
    with pytest.raises(InputError, match="kpage_ranges: line 2: expected 'AREA BASE_PFN COUNT'"):
        parse_kpage_ranges(f"a 1 2\n{row}\n")
