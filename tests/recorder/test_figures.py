"""A load's figures, from events written by hand."""

import numpy as np
import pytest

from recorder.figures import Account
from recorder.lines import Line

ALLOC = "order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE"


def account(*events, begin=0.0):
    """Frames 16 to 31 are the area; all frames but 0 to 7 are free.

    Events are time, name, text and, for what others than the caller do, the task.
    """
    free, inside = np.ones(32, np.bool_), np.zeros(32, np.bool_)
    free[:8], inside[16:] = False, True
    account = Account(free, inside)
    marks = (begin, "print", "x: GT_wl_start mix"), (10.0, "print", "x: GT_wl_end")
    for time, event, text, *task in sorted((*marks, *events), key=lambda event: event[0]):
        account.line(Line(0, time, event, text, *(task or ["caller-1"])))
    return account.figures


def chunk(pfn, order):
    """A probe's text."""
    return f"page={hex(0xFFFFEA0000000000 + pfn * 64)} order={order}"


def test_use_is_weighted_by_time():
    taken = (2.0, "mm_page_alloc", f"pfn=0x10 {ALLOC}"), (7.0, "mm_page_free", "pfn=0x10 order=0")
    assert account(*taken).use == pytest.approx(5 / 10 / 16)


def test_frames_outside_the_area_are_not_its_use():
    assert account((2.0, "mm_page_alloc", f"pfn=0x9 {ALLOC}")).use == 0


def test_buffers_are_not_use_from_their_isolation_on():
    figures = account(
        (1.0, "cma_alloc_start", "name=a count=8 align=3"),
        (2.0, "isolfree", chunk(16, 3)),
        (4.0, "cma_alloc_finish", "name=a pfn=0x10 page=0x1 count=8 align=3 errorno=0"),
    )
    assert (figures.use, figures.calls, figures.failed) == (0, 1, 0)


def test_time_before_the_load_does_not_count():
    figures = account(
        (2.0, "mm_page_alloc", f"pfn=0x10 {ALLOC}"),
        (5.0, "mm_page_alloc", f"pfn=0x11 {ALLOC}"),
        (7.0, "mm_page_free", "pfn=0x10 order=0"),
        (7.0, "mm_page_free", "pfn=0x11 order=0"),
        begin=6.0,
    )
    assert figures.use == pytest.approx(2 / 4 / 16)


TAKEN = (
    (3.5, "mm_page_alloc", "pfn=0x10 order=3 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE", "other-2"),
    (3.5, "isolfree", chunk(16, 3), "kcompactd0-3"),
)


@pytest.mark.parametrize("taken", TAKEN)
def test_frames_of_an_isolation_that_is_undone(taken):
    """A busy range: what was isolated goes back, and is anybody's then."""
    figures = account(
        (1.0, "cma_alloc_start", "name=a count=16 align=3"),
        (2.0, "isolfree", chunk(16, 3)),
        (3.0, "putback", chunk(16, 3)),
        taken,
        (8.5, "mm_page_free", "pfn=0x10 order=3", "other-2"),
        (9.0, "cma_alloc_finish", "name=a pfn=0x0 page=0x0 count=16 align=3 errorno=-16"),
    )
    assert figures.use == pytest.approx(5 * 8 / 10 / 16)


def test_an_isolated_frame_that_is_allocated_is_in_use():
    """Whatever undid the isolation, and told or not."""
    figures = account(
        (1.0, "cma_alloc_start", "name=a count=8 align=3"),
        (2.0, "isolfree", chunk(16, 0)),
        (5.0, "mm_page_alloc", f"pfn=0x10 {ALLOC}", "other-2"),
        (9.0, "cma_alloc_finish", "name=a pfn=0x0 page=0x0 count=8 align=3 errorno=-16"),
    )
    assert figures.use == pytest.approx(5 / 10 / 16)


def test_a_busy_range_is_blamed_on_its_first_frame_in_use():
    page = "dev 0:3 ino fe00020 pfn=0x11 ofs=0 order=0"
    figures = account(
        (1.0, "mm_page_alloc", "pfn=0x11 order=0 migratetype=1 gfp_flags=GFP_NOFS"),
        (1.1, "mm_filemap_add_to_page_cache", page),
        (2.0, "mm_migrate_pages", "nr_succeeded=3 nr_failed=1 mode=MIGRATE_SYNC reason=contig_range"),
        (2.1, "cma_alloc_busy_retry", "name=a pfn=0x10 page=0x1 count=8 align=3"),
        (2.2, "cma_alloc_finish", "name=a pfn=0x0 page=0x0 count=8 align=3 errorno=-16"),
    )
    assert figures.blockers == {"block device": 1}
    assert (figures.calls, figures.failed, figures.migrated) == (1, 1, 3)
