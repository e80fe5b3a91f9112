"""page_owner: the three formats, streams cut anywhere, and what is no record."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.areas import AREAS
from zonecma.capture.proc import page_owner
from zonecma.capture.proc.page_owner import Scan, functions

EVERYTHING = [(0, 1 << 60)]

OF_4_7 = b"""\
Page allocated via order 2, mask 0x24200ca(GFP_HIGHUSER_MOVABLE)
PFN 8192 type Movable Block 16 type CMA Flags 0x1000000000080028(uptodate|lru|swapbacked)
 [<ffffffff81172f0b>] __alloc_pages_nodemask+0x11b/0x230
 [<ffffffff811b5c33>] alloc_pages_vma+0xa3/0x240
 [<ffffffff81197a51>] handle_mm_fault+0x10f1/0x1750
Page has been migrated, last migrate reason: compaction

"""
OF_5_10 = b"""\
Page allocated via order 0, mask 0xcc0(GFP_KERNEL), pid 7, ts 12 ns, free_ts 3 ns
PFN 8200 type Unmovable Block 16 type CMA Flags 0x200(slab)
 get_page_from_freelist+0x1/0x2 [module]

"""
OF_6_12 = b"""\
Page allocated via order 9, mask 0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), pid 9, tgid 8 (a (b) c), ts 5 ns
PFN 0x2200 type Movable Block 17 type CMA Flags 0x4000000000000048(uptodate|head|zone=1)
 alloc+0x1/0x2
Charged to memcg user.slice

"""


def read(text, ranges=EVERYTHING):
    scan = Scan(ranges)
    return [*scan.pages(io.BytesIO(text))], scan


def test_4_7_has_neither_process_nor_task():
    (page,), scan = read(OF_4_7)
    assert (page.pfn, page.order, page.task, page.migrated) == (8192, 2, b"", b"compaction")
    assert (page.page_type, page.block_type, page.gfp) == (b"Movable", b"CMA", b"GFP_HIGHUSER_MOVABLE")
    assert functions(page.stack) == ("__alloc_pages_nodemask", "alloc_pages_vma", "handle_mm_fault")
    assert (scan.records, scan.unread, scan.cut) == (1, 0, False)


def test_a_process_without_a_name_goes_by_its_number():
    (page,), _ = read(OF_5_10)
    assert (page.task, functions(page.stack)) == (b"pid 7", ("get_page_from_freelist",))


def test_a_task_may_have_brackets_in_its_name():
    (page,), _ = read(OF_6_12)
    assert (page.pfn, page.order, page.task, page.migrated) == (0x2200, 9, b"a (b) c", b"")
    assert functions(page.stack) == ("alloc",)


def test_only_the_frames_that_are_asked_for():
    pages, scan = read(OF_4_7 + OF_5_10 + OF_6_12, [(8192, 8193), (0x2200, 0x2201)])
    assert [page.pfn for page in pages] == [8192, 0x2200]
    assert (scan.records, scan.last_pfn) == (3, 0x2200)


@pytest.mark.parametrize(("name", "records"), [("splice-6.12", 5122), ("splice-6.1", 5478)])
def test_every_record_of_a_real_file(name, records):
    text = gzip.decompress((AREAS / name / "after" / "page_owner.gz").read_bytes())
    pages, scan = read(text)
    assert len(pages) == scan.records == records == text.count(b"\nPFN ")
    assert (scan.unread, scan.cut) == (0, False)
    assert {page.task for page in pages} == {b"anon", b"pin", b"contiguous"}


@given(cut=st.integers(0, len(OF_4_7 + OF_6_12)), block=st.integers(1, 100))
def test_a_file_that_is_cut_short_gives_its_whole_records(cut, block):
    """However the stream falls into blocks."""
    text = (OF_4_7 + OF_6_12)[:cut]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_owner, "_CHUNK", block)
        pages, scan = read(text)
    assert len(pages) == (cut >= len(OF_4_7)) + (cut == len(OF_4_7 + OF_6_12))
    assert scan.cut == (cut not in (0, len(OF_4_7), len(OF_4_7 + OF_6_12)))


def test_passages_that_are_no_records_are_counted():
    pages, scan = read(OF_4_7 + b"Page allocated via order x\nPFN y\n\n" + OF_6_12 + b"\xff\n\n")
    assert (len(pages), scan.records, scan.unread) == (2, 2, 2)


def test_garbage_without_an_end_is_not_kept_in_memory():
    """Passages are given up after twice the length of a record."""
    pages, scan = read(b"x" * (9 << 20) + b"\n\n" + OF_4_7)
    assert (len(pages), scan.unread > 0) == (1, True)


@given(st.binary(max_size=2000))
def test_any_bytes_are_survived(text):
    pages, scan = read(text)
    assert pages == []
    assert scan.records == 0
