"""What flags mean: by hand, from stable_page_flags (fs/proc/page.c) and the flags' names."""

import numpy as np
import pytest

from zonecma.capture.proc.kpageflags import Kpf
from zonecma.lab.frame_use import PROSPECTS, Prospect, Use, prospects, use_by_owner, uses_by_flags
from zonecma.report.frame_uses import PROSPECT_WORDS, WORDS


def words(*frames):
    return np.array([sum(1 << flag for flag in flags) for flags in frames], "<u8")


@pytest.mark.parametrize(
    ("flags", "use"),
    [
        ((), Use.OFF_LRU),
        ((Kpf.BUDDY,), Use.FREE),
        ((Kpf.LRU, Kpf.UPTODATE), Use.FILE),
        ((Kpf.LRU, Kpf.DIRTY), Use.DIRTY_FILE),
        ((Kpf.LRU, Kpf.PRIVATE), Use.BUFFERS),
        ((Kpf.LRU, Kpf.DIRTY, Kpf.WRITEBACK), Use.WRITEBACK),
        ((Kpf.LRU, Kpf.LOCKED), Use.LOCKED),
        ((Kpf.LRU, Kpf.SWAPBACKED), Use.SHMEM),
        ((Kpf.LRU, Kpf.SWAPBACKED, Kpf.ANON, Kpf.MMAP, Kpf.KSM), Use.ANONYMOUS),
        ((Kpf.ANON, Kpf.SWAPBACKED, Kpf.UNEVICTABLE, Kpf.MLOCKED), Use.UNEVICTABLE),
        ((Kpf.SLAB,), Use.SLAB),
        ((Kpf.PGTABLE,), Use.PAGE_TABLE),
        ((Kpf.HUGE, Kpf.COMPOUND_HEAD), Use.HUGETLB),
        ((Kpf.RESERVED,), Use.RESERVED),
        ((Kpf.NOPAGE,), Use.RESERVED),
        ((Kpf.LRU, Kpf.HWPOISON), Use.POISONED),
    ],
)
def test_flags(flags, use):
    assert [*uses_by_flags(words(flags), None)] == [use]


def test_further_frames_are_what_the_first_of_them_is():
    flags = words((Kpf.ANON, Kpf.COMPOUND_HEAD), (Kpf.COMPOUND_TAIL,), (Kpf.COMPOUND_TAIL,), ())
    assert [*uses_by_flags(flags, None)] == [Use.ANONYMOUS] * 3 + [Use.OFF_LRU]
    assert [*uses_by_flags(flags[1:], None)] == [Use.OFF_LRU] * 3, "a head below the area is not seen"


def test_an_anonymous_page_that_nobody_maps_is_held_by_somebody():
    flags = words((Kpf.ANON,), (Kpf.ANON,), (Kpf.ANON, Kpf.SWAPCACHE), (Kpf.ANON,))
    mappings = np.array([1, 0, 0], "<u8")
    told = [Use.ANONYMOUS, Use.HELD_ANONYMOUS, Use.ANONYMOUS, Use.ANONYMOUS]
    assert [*uses_by_flags(flags, mappings)] == told


@pytest.mark.parametrize(
    ("flags", "movable", "functions", "use"),
    [
        (set(), True, (), Use.OFF_LRU),
        (set(), False, (), Use.KERNEL),
        ({"slab"}, False, (), Use.SLAB),
        ({"lru", "swapbacked"}, True, ("do_anonymous_page",), Use.ANONYMOUS),
        ({"lru", "swapbacked"}, True, ("shmem_get_folio",), Use.SHMEM),
        ({"lru", "uptodate"}, True, (), Use.FILE),
        ({"lru", "dirty"}, True, (), Use.DIRTY_FILE),
        ({"lru", "private"}, True, (), Use.BUFFERS),
        ({"lru", "writeback"}, True, (), Use.WRITEBACK),
    ],
)
def test_names_of_page_owner(flags, movable, functions, use):
    assert use_by_owner(frozenset(flags), movable, functions) == use


def test_every_use_has_a_prospect_and_words():
    assert set(PROSPECTS) == set(Use) == set(WORDS)
    assert set(PROSPECT_WORDS) == set(Prospect)
    assert [*prospects(np.array([Use.SLAB, Use.FREE], np.uint8))] == [Prospect.STAYS, Prospect.FREE]
