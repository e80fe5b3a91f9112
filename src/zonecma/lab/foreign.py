"""Whether a trace can be one of a machine: compiled code trusts what this lets through."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID, EVENTS, NO_FRAME
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.zone import NO_ZONE
from zonecma.machine.machine import Machine

_CHUNKS = (
    "mm_page_alloc",
    "mm_page_free",
    "mm_page_alloc_zone_locked",
    "mm_page_pcpu_drain",
    "mm_page_alloc_extfrag",
    "isolfree",
    "putback",
)
_FRAMES = ("mm_page_free_batched", "bulk_page")
_RANGES = ("cma_alloc_busy_retry", "cma_alloc_finish", "cma_release")
_MAX_ALIGN = 31
_NO_NAME = -1
"""The number of a word that the trace does not have."""


def check_trace(path: object, trace: Trace, machine: Machine) -> None:
    """Raises InputError for the first event that this machine can't have had."""
    for wrong, why in (
        (trace.events["cpu"] >= machine.nr_cpus, f"the machine has {machine.nr_cpus} CPUs"),
        (_goes_back(trace.events), "time goes back on this CPU"),
        (_not_a_chunk(trace.events, machine), "the machine has no such chunk"),
        (_not_in_area(trace, machine), "the range does not lie in its area"),
        (_too_many(trace.events, machine), f"n is not 0 to {machine.nr_frames}"),
    ):
        if wrong.any():
            _refuse(path, trace.events[int(wrong.argmax())], why)


def _refuse(path: object, event: Any, why: str) -> NoReturn:
    frame = f" of frame {event['pfn']:#x}, order {event['order']}" if event["pfn"] != NO_FRAME else ""
    what = f"{EVENTS[event['event']].name} on CPU {event['cpu']}{frame}"
    raise InputError(
        f"{path}: line {event['line']}: {what}: {why}; expected the trace that belongs to the snapshots"
    )


def _is(events: NDArray[Any], *names: str) -> NDArray[np.bool_]:
    table: NDArray[np.bool_] = np.zeros(len(EVENTS), np.bool_)
    table[[EVENT_ID[name] for name in names]] = True
    return np.take(table, events["event"])


def _mark(count: int, among: NDArray[np.intp], wrong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of ``count`` events are wrong, from a look at some of them."""
    marked = np.zeros(count, np.bool_)
    marked[among[wrong]] = True
    return marked


def _goes_back(events: NDArray[Any]) -> NDArray[np.bool_]:
    back, timed = np.zeros(len(events), np.bool_), ~_is(events, "lost")
    for cpu in np.unique(events["cpu"]):
        mine = np.flatnonzero((events["cpu"] == cpu) & timed)
        back[mine[1:]] = np.diff(events["time"][mine]) < 0
    return back


def _not_a_chunk(events: NDArray[Any], machine: Machine) -> NDArray[np.bool_]:
    """Chunks that are misaligned, of an impossible order, or not in one zone."""
    failed = _is(events, "mm_page_alloc") & (events["pfn"] == NO_FRAME)
    among = np.flatnonzero(_is(events, *_CHUNKS, *_FRAMES))
    pfn, order = events["pfn"][among].astype(np.int64), events["order"][among].astype(np.int64)
    order[_is(events, *_FRAMES)[among]] = 0
    bad_order = (order < 0) | (order > machine.max_order)
    size = np.int64(1) << np.where(bad_order, 0, order)
    zone = np.full(machine.nr_frames + 1, NO_ZONE)
    for one in machine.zones:
        zone[one.start_pfn : one.start_pfn + one.spanned] = one.index
    first, last = (np.clip(frame, -1, machine.nr_frames) for frame in (pfn, pfn + size - 1))
    bad_place = (pfn & (size - 1) != 0) | (zone[first] == NO_ZONE) | (zone[first] != zone[last])
    return _mark(len(events), among, bad_order | (bad_place & ~failed[among]))


def _not_in_area(trace: Trace, machine: Machine) -> NDArray[np.bool_]:
    """Contiguous ranges of a known area that reach beyond it, and impossible alignments."""
    among = np.flatnonzero(_is(trace.events, *_RANGES, "cma_alloc_start"))
    events = trace.events[among]
    pfn, count = events["pfn"].astype(np.int64), events["a"]
    without = _is(events, "cma_alloc_finish") & ((pfn <= 0) | (events["c"] != 0))  # a call that failed
    has_range, wrong = _is(events, *_RANGES) & ~without, np.zeros(len(events), np.bool_)
    number = {text: i for i, text in enumerate(trace.texts)}
    nameless = has_range & (events["d"] == number[""])  # older kernels do not say which area it was
    for area in machine.areas:
        outside = (pfn < area.base_pfn) | (count < 0) | (count > area.count) | (pfn + count > area.end_pfn)
        wrong |= has_range & (events["d"] == number.get(area.name, _NO_NAME)) & outside
        nameless &= outside
    wrong |= nameless & bool(machine.areas)
    aligned = _is(events, "cma_alloc_start", "cma_alloc_busy_retry")
    wrong |= aligned & ((events["b"] < 0) | (events["b"] > _MAX_ALIGN))
    return _mark(len(trace.events), among, wrong)


def _too_many(events: NDArray[Any], machine: Machine) -> NDArray[np.bool_]:
    """Bulk allocations of more pages than there are."""
    among = np.flatnonzero(_is(events, "bulk"))
    count = events["a"][among]
    return _mark(len(events), among, (count < 0) | (count > machine.nr_frames))
