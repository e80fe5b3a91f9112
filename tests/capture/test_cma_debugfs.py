"""An area's files in debugfs, held against an exact snapshot of the same moment."""

import pytest

from tests.areas import AREAS, STOPPED, area_and_free
from zonecma.capture.proc.cma_debugfs import parse_bitmap, read_debug_area
from zonecma.errors import InputError


def area(**changes):
    files = {"base_pfn": "64", "count": "64", "order_per_bit": "0", "bitmap": "3 2147483648", **changes}
    return read_debug_area("cma-one", files.get, "cma/one")


@pytest.mark.parametrize("name", STOPPED)
def test_the_bitmap_is_the_snapshots(name):
    folder = AREAS / name / "after" / "cma" / "reserved"
    real, _ = area_and_free(name)
    read = read_debug_area("reserved", lambda file: (folder / file).read_text(), "reserved")
    assert (read.base_pfn, read.count, read.used) == (real.base_pfn, real.count, int(real.bitmap.sum()))
    assert (read.bitmap == real.bitmap).all()


def test_words_are_read_from_their_lowest_bit():
    read = area()
    assert read.name == "one"
    assert [*read.bitmap.nonzero()[0]] == [0, 1, 63]
    assert (read.used, read.maxchunk) == (None, None)


def test_a_bit_may_stand_for_several_frames():
    assert len(area(order_per_bit="1", bitmap="7").bitmap) == 32


def test_an_area_without_a_bitmap_has_none():
    assert area(bitmap=None).bitmap is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bitmap": "1 2 3"}, "bitmap: has 3 words; expected 2 for 64 bits"),
        ({"bitmap": "1 4294967296"}, "expected decimal words of 32 bits, found '4294967296'"),
        ({"bitmap": "1 -1"}, "found '-1'"),
        ({"count": "0"}, "expected base_pfn, count and order_per_bit"),
        ({"base_pfn": None}, "expected base_pfn, count and order_per_bit"),
        ({"base_pfn": "0x40"}, "base_pfn: expected a number, found '0x40'"),
        ({"count": "999999999999"}, "can't be an area"),
        ({"order_per_bit": "7"}, "64 frames in bits of 2^7 can't be an area"),
    ],
)
def test_what_is_no_area(changes, told):
    with pytest.raises(InputError, match="cma/one") as error:
        area(**changes)
    assert told in str(error.value)


def test_a_bitmap_has_as_many_bits_as_the_area():
    assert len(parse_bitmap("4294967295", 20)) == 20
