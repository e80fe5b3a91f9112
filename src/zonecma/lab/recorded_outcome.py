"""What became of a recorded load: its trace and the kernel's counters say it, no model is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.proc.vmstat import parse_vmstat
from zonecma.capture.recording import Recording, load_markers
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.rules import NEWEST, rules_for
from zonecma.lab.outcome import Outcome
from zonecma.lab.replay import RecordedMachine, recorded_machine
from zonecma.progress import Progress, no_progress
from zonecma.workload.compactions import no_compactions
from zonecma.workload.from_trace import lines_before
from zonecma.workload.occupancy import follow, occupancy_of

_REFAULTS = ("workingset_refault_anon", "workingset_refault_file")
_BEGIN, _END = EVENT_ID["mm_vmscan_direct_reclaim_begin"], EVENT_ID["mm_vmscan_direct_reclaim_end"]
_NANOSECONDS = 1e9


def recorded_outcome(recording: Recording, progress: Progress = no_progress) -> Outcome:
    """The outcome of a recording's load.

    Events count between the load's markers, the counters of /proc/vmstat between the two times
    that they were read, before and after it.  Raises InputError for a recording that is damaged or
    incomplete.
    """
    recorded = recorded_machine(recording, progress, rules_for(recording.release) or NEWEST)
    progress("following every frame", 0, 0)
    events = _between_snapshots(recorded)
    window = _window(recording, recorded.trace, events)
    use, free = _occupancy(recorded, events, window)
    load = events[(events["time"] >= window[0]) & (events["time"] <= window[1])]
    ended = load[load["event"] == EVENT_ID["cma_alloc_finish"]]
    return Outcome(
        area_use_mean=use,
        frames_migrated=_moved_for_calls(recorded.trace, load),
        calls_ok=int(np.count_nonzero((ended["c"] == 0) & (ended["e"] >= 0) & (ended["pfn"] > 0))),
        calls=len(ended),
        direct_reclaim=int(np.count_nonzero(load["event"] == _BEGIN)),
        kswapd_wakes=int(np.count_nonzero(load["event"] == EVENT_ID["mm_vmscan_kswapd_wake"])),
        min_free_outside=free,
        pages_reclaimed=int(load["b"][load["event"] == EVENT_ID["mm_vmscan_lru_shrink_inactive"]].sum()),
        stall_seconds=_stalled(load) / _NANOSECONDS,
        **_counted(recording),
    )


def _between_snapshots(recorded: RecordedMachine) -> NDArray[Any]:
    """The events from snapshot A, which shows every frame, to B."""
    before_a, before_b = (
        lines_before(recorded.trace, snapshot.trace_lines) for snapshot in (recorded.start, recorded.end)
    )
    return recorded.trace.events[before_b & ~before_a]


def _window(recording: Recording, trace: Trace, events: NDArray[Any]) -> tuple[int, int]:
    """When the load began and ended (ns): its markers, or its first and last event."""
    started, ended = load_markers(trace)
    start = int(events["time"].min(initial=0)) if started is None else started
    end = int(events["time"].max(initial=0)) if ended is None else ended
    if end <= start:
        raise InputError(
            f"{recording.path}: the load ends at {end} ns and begins at {start} ns; expected a load"
        )
    return start, end


def _occupancy(recorded: RecordedMachine, events: NDArray[Any], window: tuple[int, int]) -> tuple[float, int]:
    """Mean share of the areas in use, and fewest free frames outside them."""
    machine, texts = recorded.machine, recorded.trace.texts
    frames = occupancy_of(recorded.start, machine.nr_frames, len(texts), window)
    follow(frames, no_compactions(machine.nr_frames, texts), events.view(np.recarray))
    capacity = machine.area_pages * (window[1] - window[0])
    return float(frames.frame_ns[0]) / max(capacity, 1), int(frames.min_free_outside[0])


def _moved_for_calls(trace: Trace, load: NDArray[Any]) -> int:
    """Frames that migrations of contiguous calls moved, and no compaction that one set off."""
    moved = load[load["event"] == EVENT_ID["mm_migrate_pages"]]
    reasons = np.array([text == "contig_range" for text in trace.texts])
    return int(moved["a"][reasons[moved["d"]]].sum())


def _stalled(load: NDArray[Any]) -> int:
    """Time (ns) that tasks spent in direct reclaim; what the load's start or end cuts in two is left out."""
    marks = load[np.isin(load["event"], (_BEGIN, _END))]
    marks = marks[np.argsort(marks["task"], kind="stable")]
    before, after = marks[:-1], marks[1:]
    pairs = (before["event"] == _BEGIN) & (after["event"] == _END) & (before["task"] == after["task"])
    return int((after["time"] - before["time"])[pairs].sum())


def _counted(recording: Recording) -> dict[str, int | None]:
    """How far the kernel's own counters went; None for those that the recording or the kernel lacks."""
    before, after = (_vmstat(recording, moment) for moment in ("before", "after"))

    def grown(*names: str) -> int | None:
        if not before.keys() & after.keys() >= set(names):
            return None
        return sum(after[name] - before[name] for name in names)

    return {
        "swapped_in": grown("pswpin"),
        "swapped_out": grown("pswpout"),
        "refaults": grown(*_REFAULTS),
        "oom_kills": grown("oom_kill"),
    }


def _vmstat(recording: Recording, moment: str) -> dict[str, int]:
    name = f"{moment}/vmstat"
    try:
        text = recording.kernel_file(name)
    except InputError:
        return {}
    return parse_vmstat(text, f"{recording.path}: {name}")
