"""Who holds which row of memory: from traces written by hand, and against the kernel's last snapshot."""

import numpy as np
import pytest

from tests.conftest import CAPTURES, figures_of
from zonecma.capture.events import PageFlag
from zonecma.capture.recording import Recording
from zonecma.lab.page_map import area_use, page_map, show, signs_of_flags
from zonecma.workload.holders import NO_PART, NR_HOLDERS, Holder, Reading, Sample, count_holders
from zonecma.workload.lives import CONTIGUOUS, IN_BUDDY, IN_USE, NOBODY, ON_PCP, TAKEN, UNSEEN, no_lives
from zonecma.workload.occupancy import CONTIGUOUS as SHOWN_CONTIGUOUS
from zonecma.workload.occupancy import FREE, frames_shown

WITH_CALLS = ["pairs/swap-cma64-6.12", "pairs/blockdev-zonecma96-6.12", "boot-ram5000-two-areas-6.12"]


@pytest.mark.parametrize("name", WITH_CALLS)
def test_the_last_look_is_the_kernels_own_snapshot(name):
    """Snapshot B is read out of the stopped kernel; the map comes from A and the trace alone."""
    recording = Recording(CAPTURES / name)
    found = page_map(recording, moments=5)
    shown = frames_shown(recording.snapshot("B"), int(found.rows[0].sum()))
    rows = np.arange(len(shown)) >> found.row_order
    for held, holder in ((FREE, Holder.FREE), (SHOWN_CONTIGUOUS, Holder.CONTIGUOUS)):
        real = np.bincount(rows[shown == held], minlength=found.rows.shape[1])
        assert (found.rows[-1, :, holder] == real).all()


def test_the_recorder_finds_the_same_use():
    """It reads the trace's text by itself, and weighs every moment."""
    name = "pairs/swap-cma64-6.12"
    found = page_map(Recording(CAPTURES / name), moments=800)
    start, end = found.load
    inside = (found.times >= start) & (found.times <= end)
    assert 100 * area_use(found)[inside].mean() == pytest.approx(100 * figures_of(name).use, abs=0.5)


def test_every_frame_is_counted_once_at_each_moment():
    found = page_map(Recording(CAPTURES / "pairs/swap-cma64-6.12"), moments=7)
    sizes = found.rows.sum(axis=2)
    assert (sizes == sizes[0]).all()
    assert (found.parts.sum(axis=(1, 2)) == found.parts[0].sum()).all()
    with_zone = [holder for holder in Holder if holder != Holder.ABSENT]
    assert (found.rows[:, :, with_zone].sum(axis=1) == found.parts[:, :, with_zone].sum(axis=1)).all()
    assert found.parts[0, 1:].sum(axis=1).tolist() == [area.count for area in found.areas]
    assert (np.diff(found.times) > 0).all()


def test_a_large_machine_has_rows_of_several_pageblocks():
    found = page_map(Recording(CAPTURES / "boot-ram5000-two-areas-6.12"), moments=2)
    assert found.row_order > found.pageblock_order
    assert found.rows.shape[1] <= 768


def test_a_snapshot_puts_right_what_the_trace_does_not_have(monkeypatch):
    lives = no_lives(5, 0)
    lives.frames.held[:] = [UNSEEN, UNSEEN, ON_PCP, IN_USE, IN_BUDDY]
    lives.frames.since[3] = 7
    shown = np.array([FREE, SHOWN_CONTIGUOUS, 1, 1, FREE], np.uint8)
    monkeypatch.setattr("zonecma.lab.page_map.frames_shown", lambda *_: shown)
    show(lives, None)
    assert lives.frames.held.tolist() == [IN_BUDDY, CONTIGUOUS, UNSEEN, IN_USE, IN_BUDDY]
    assert lives.frames.since[3] == 7


ALLOCATED, CACHED = 0, 1
"""Events."""


@pytest.mark.parametrize(
    ("held", "cached", "signs", "holder"),
    [
        (IN_USE, NOBODY, 0, Holder.USER),
        (IN_USE, NOBODY, PageFlag.SWAPBACKED | PageFlag.FILE, Holder.ANONYMOUS),
        (IN_USE, NOBODY, PageFlag.FILE, Holder.FILE),
        (IN_USE, CACHED, PageFlag.FILE, Holder.BUFFER),
        (ON_PCP, CACHED, PageFlag.FILE, Holder.FREE),
        (IN_BUDDY, NOBODY, 0, Holder.FREE),
        (TAKEN, NOBODY, 0, Holder.MOVED),
        (CONTIGUOUS, NOBODY, 0, Holder.CONTIGUOUS),
        (UNSEEN, NOBODY, 0, Holder.BEFORE),
    ],
)
def test_the_page_cache_knows_best_then_the_lru_lists_then_the_mask(held, cached, signs, holder):
    lives = no_lives(4, 0)
    lives.frames.held[:], lives.frames.since[:] = held, ALLOCATED
    lives.frames.cached[:], lives.frames.signs[:] = cached, signs
    said = np.array([Holder.USER, Holder.BUFFER], np.uint8)
    part = np.array([0, 0, 1, NO_PART], np.uint8)
    sample = Sample(np.ones((2, NR_HOLDERS), np.uint32), np.ones((2, NR_HOLDERS), np.uint32))
    count_holders(lives, Reading(part, said, signs_of_flags(), 1), sample)
    assert sample.parts[:, holder].tolist() == [2, 1]
    assert sample.rows[:, holder].tolist() == [2, 1]
    assert sample.rows[1, Holder.ABSENT] == 1
    assert sample.rows.sum() == 4
