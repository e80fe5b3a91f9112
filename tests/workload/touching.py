"""Loads that touch, of traces written by hand."""

import numpy as np

from tests.traces import FAULT, KERNEL, alloc, trace_of
from zonecma.workload.requests import ALLOC, BULK, CMA_ALLOC, DIRTY, FREE, HOLD, PIN, TOUCH
from zonecma.workload.touched import touched_load

PAGES = 0xFFFFEA0000000000


def fault(*frames, task="a-1"):
    return [alloc(task, pfn, FAULT) for pfn in frames]


def register(pfn=0x300, task="a-1"):
    """A request for kernel memory."""
    return [alloc(task, pfn, KERNEL)]


def touched(*events, split=0, end=None, nr_frames=0x50000):
    """The load of events written as ``task cpu event``; the first ``split`` come before snapshot A."""
    return touched_of(trace_of(*events), nr_frames, split, end)


def touched_of(trace, nr_frames, split=0, end=None):
    """The load of a trace, whose first ``split`` events come before snapshot A."""
    number = np.arange(len(trace.events))
    before_b = number < (len(number) if end is None else end)
    machine = {"areas": {"reserved": 4096}, "nr_frames": nr_frames, "pageblock_order": 9}
    return touched_load(trace, number < split, before_b, **machine)


def done(load):
    """What is done to which object."""
    return list(zip(load.requests["op"].tolist(), load.requests["object"].tolist(), strict=True))


def cached(task, pfn, ino=0xC, index=0, dev="254:0", what="add_to"):
    event = f"mm_filemap_{what}_page_cache"
    return f"{task} 0 {event}: dev {dev} ino {ino:x} pfn={pfn:#x} ofs={index << 12} order=0"


def uncached(task, pfn, ino=0xC, index=0, dev="254:0"):
    return cached(task, pfn, ino, index, dev, what="delete_from")


def dirtied(task, ino=0xC, index=0):
    return f"{task} 0 writeback_dirty_folio: bdi 254:0: ino={ino} index={index}"


def inserted(task, pfn, flags):
    return f"{task} 0 mm_lru_insertion: pfn={pfn:#x} lru=0 flags={flags}"


def activated(task, pfn):
    return f"{task} 0 mm_lru_activate: pfn={pfn:#x}"


def swapout(task, pfn):
    return f"{task} 0 swapout: (f) page={PAGES + 64 * pfn:#x}"


def swapin(task, pfn):
    return f"{task} 0 swapin: (f) page={PAGES + 64 * pfn:#x}"


def reclaims(task, *inside):
    """A task in direct reclaim, and what it does there."""
    begin = f"{task} 0 mm_vmscan_direct_reclaim_begin: order=0 gfp_flags=GFP_KERNEL"
    return (begin, *inside, f"{task} 0 mm_vmscan_direct_reclaim_end: nr_reclaimed=1")


def sound(load):
    """The load, which keeps its promises, with a stall for each request, in order of time."""
    assert broken_promises(load) == []
    assert len(load.stalls) == len(load.requests)
    assert (np.diff(load.requests["time"]) >= 0).all()
    return load


def broken_promises(load):
    """What is done to objects that are not there: an object is there from its allocation to its free."""
    there, broken = set(load.living["object"].tolist()), []
    if len(there) < len(load.living):
        broken.append("an object that lives twice")
    columns = (load.requests[name].tolist() for name in ("op", "object", "count"))
    for op, number, count in zip(*columns, strict=True):
        if op in (ALLOC, BULK, CMA_ALLOC):
            born = set(range(number, number + (count if op == BULK else 1)))
            if born & there or max(born) >= load.nr_objects:
                broken.append(f"allocated twice: {number}")
            there |= born
        elif op in (FREE, TOUCH, DIRTY, PIN, HOLD):
            if number not in there:
                broken.append(f"op {op} on {number}")
            if op == FREE:
                there.discard(number)
    return broken
