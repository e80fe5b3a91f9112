"""calibrate: what steps of memory management took on a recorded machine, and how far that explains it.

How long pages were bound there is beside it: calibrate_durations.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.plausible import implausible
from zonecma.capture.recording import Recording, load_markers
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.jit import compile_once
from zonecma.lab.calibrate_durations import BondEstimate, calibrate_durations
from zonecma.machine.costs import default_sources, read_costs
from zonecma.progress import Progress, no_progress
from zonecma.workload import timings

FEWEST = 5
"""Samples: of fewer no median is taken."""
ENOUGH = 20
"""Samples of a CPU's step that one stretch with an interrupt does not carry away."""
_PAGEBLOCK_ORDER = 9
"""x86-64's, for a trace without snapshots."""
_ON_ZRAM = re.compile(r"swap on /dev/zram\d")
"""What swapon prints (mm/swapfile.c)."""


class Rule(NamedTuple):
    """How a step's cost comes from samples."""

    step: str
    kind: int
    beside: tuple[str, ...] = ()
    """what the model charges for the same stretch: it is taken off"""
    share: float = 0.5
    """of the steps takes no longer than the cost"""


_RULES = (
    Rule("alloc", timings.REFILLED),
    Rule("release", timings.RELEASED),
    Rule("fault", timings.FAULTED, share=0.05),  # of the others most are a program's own work
    Rule("scan_page", timings.SCANNED),
    Rule("unmap_free", timings.RECLAIMED, ("scan_page",)),
    Rule("migrate_page", timings.MIGRATED, ("alloc",)),
    Rule("isolate_block", timings.ISOLATED),
    Rule("lru_add_drain", timings.DRAINED),
    Rule("compact_page", timings.COMPACTED, ("migrate_page",)),
    Rule("disk_page", timings.WRITTEN),
)
_ON_A_DISK = (Rule("swap_read", timings.SWAPPED_IN, ("fault", "swap_op")),)
"""swap_page is not told: pages are written when their task goes on already."""
_IN_MEMORY = (
    Rule("zram_compress", timings.SWAPPED_OUT),
    Rule("zram_decompress", timings.SWAPPED_IN, ("fault",)),
    Rule("swap_page", timings.SWAPPED_OUT),
    Rule("swap_read", timings.SWAPPED_IN, ("fault", "swap_page")),
)
"""Who swaps does the work of zram's device itself."""


@dataclass(frozen=True)
class Estimate:
    """A step's cost."""

    step: str
    samples: int
    units: int
    """steps in all samples"""
    ns: float
    """their median; of faults the fastest twentieth's"""
    quartiles: tuple[float, float]
    seconds: float
    """that all samples took"""
    error: float
    """of the time predicted for all samples: 0.1 is a tenth too long"""
    held_out: float
    """of that for every other sample, predicted by those between"""
    but_slowest: float
    """held_out without the slowest tenth"""


@dataclass(frozen=True)
class Figure:
    """A step's cost that was not measured."""

    step: str
    ns: float
    source: str
    samples: int = 0
    """which are too few"""


@dataclass(frozen=True)
class Calibration:
    """What a recording tells of costs."""

    recording: str
    estimates: tuple[Estimate, ...]
    known: tuple[Figure, ...]
    """told otherwise than by samples"""
    kept: tuple[Figure, ...]
    """not told: the default table's"""
    durations: tuple[BondEstimate, ...] = ()
    """how long pages were bound, told or not"""
    damage: str = ""
    """what is wrong with the part of the trace that was left out"""


def calibrate(recording: Recording, progress: Progress = no_progress) -> Calibration:
    """Costs of steps, and durations of bonds, by a recording's time stamps.

    Raises InputError for a recording that is damaged, or tells of no step.
    """
    trace = recording.trace(progress)
    samples, known, estimates = _told(recording, trace, progress)
    if not estimates:
        raise InputError(
            f"{recording.trace_file}: shows no step {FEWEST} times; expected a load's trace, with"
            " mm_page_alloc, mm_page_alloc_zone_locked, mm_page_free_batched or events of vmscan"
        )
    kept = _kept(samples, estimates, known, _with_known(known))
    durations = calibrate_durations(_load(trace), trace.texts)
    return Calibration(recording.name, estimates, known, kept, durations, trace.damage)


def own_costs(recording: Recording, progress: Progress = no_progress) -> dict[str, float]:
    """What steps cost on the recorded machine (ns), as far as it tells.

    A device's step that is not told costs what the default table says; a CPU's, as many times that as a
    fault does.  Of a CPU's steps, which interrupts and other tasks lengthen, ENOUGH samples tell; of
    faults the fastest are taken, which none did.
    Raises InputError for a recording that is damaged.
    """
    _, known, estimates = _told(recording, recording.trace(progress), progress)
    table = _with_known(known)
    few_tell = {"fault", *filter(_of_a_device, table)}
    told = {one.step: one.ns for one in estimates if one.samples >= ENOUGH or one.step in few_tell}
    slower = told.get("fault", table["fault"]) / table["fault"]
    return {step: ns if _of_a_device(step) else slower * ns for step, ns in table.items()} | told


def _of_a_device(step: str) -> bool:
    """Whether the CPU's speed has no part in it."""
    return step.startswith(("disk_", "swap_"))


def _told(
    recording: Recording, trace: Trace, progress: Progress
) -> tuple[NDArray[Any], tuple[Figure, ...], tuple[Estimate, ...]]:
    """The samples of steps, what is known without them, and what they tell."""
    order = _pageblock_order(recording)
    compile_once("calibrate", lambda: timings.samples_of(trace.events[:1], trace.texts, order), progress)
    samples = timings.samples_of(_load(trace), trace.texts, order)
    known = _known(recording)
    rules = _RULES + (_IN_MEMORY if known else _ON_A_DISK)
    return samples, known, tuple(_estimates(samples, rules, _with_known(known)))


def _with_known(known: tuple[Figure, ...]) -> dict[str, float]:
    """The default table (ns), with what is known in its place."""
    return read_costs() | {figure.step: figure.ns for figure in known}


def _load(trace: Trace) -> NDArray[Any]:
    """The load's events: those between its marks, or all but those of a clock that stands still."""
    start, end = load_markers(trace)
    time = trace.events["time"]
    first = time[0] if start is None else start
    return trace.events[(time > first) & (time <= (time.max() if end is None else end))]


def _pageblock_order(recording: Recording) -> int:
    if not recording.snapshot_file("A").exists():
        return _PAGEBLOCK_ORDER
    snapshot = recording.snapshot("A")
    if fault := implausible(snapshot):
        raise InputError(f"{recording.snapshot_file('A')}: {fault}; expected the snapshot of a machine")
    return snapshot.zones[0].pageblock_order


def _known(recording: Recording) -> tuple[Figure, ...]:
    """What the kernel's log tells, if there is one: requests to zram do not wait for each other."""
    try:
        log = recording.kernel_file("dmesg")
    except InputError:
        return ()
    found = _ON_ZRAM.search(log)
    return (Figure("swap_op", 0.0, f"the kernel's log has {found[0]}: no request waits"),) if found else ()


def _estimates(samples: NDArray[Any], rules: tuple[Rule, ...], costs: dict[str, float]) -> Iterator[Estimate]:
    """Rule by rule: a cost that was found counts for those below it."""
    for rule in rules:
        mine = samples[samples["kind"] == rule.kind]
        if len(mine) >= FEWEST:
            estimate = _estimate(rule, mine, sum(costs[step] for step in rule.beside))
            costs[rule.step] = estimate.ns
            yield estimate


def _estimate(rule: Rule, samples: NDArray[Any], beside: float) -> Estimate:
    """``beside``: ns of each step of another kind that the samples hold."""
    low, ns, high = _quantiles(samples, beside, 0.25, rule.share, 0.75)
    (half,) = _quantiles(samples[::2], beside, rule.share)
    return Estimate(
        step=rule.step,
        samples=len(samples),
        units=int(samples["units"].sum()),
        ns=ns,
        quartiles=(low, high),
        seconds=float(samples["time"].sum()) / 1e9,
        error=_error(samples, ns, beside),
        held_out=_error(samples[1::2], half, beside),
        but_slowest=_error(_but_slowest(samples[1::2]), half, beside),
    )


def _quantiles(samples: NDArray[Any], beside: float, *shares: float) -> list[float]:
    """These shares of the steps took no longer (ns); nothing takes less than no time."""
    rates = (samples["time"] - beside * samples["beside"]) / samples["units"]
    order = np.argsort(rates, kind="stable")
    steps = np.cumsum(samples["units"][order])
    found = rates[order][np.searchsorted(steps, steps[-1] * np.array(shares))]
    return [round(float(rate), 1) for rate in np.maximum(found, 0)]


def _error(samples: NDArray[Any], ns: float, beside: float) -> float:
    """How much longer the samples would have taken, as a share."""
    predicted = ns * samples["units"].sum() + beside * samples["beside"].sum()
    return float(predicted / max(samples["time"].sum(), 1) - 1)


def _but_slowest(samples: NDArray[Any]) -> NDArray[Any]:
    """Without the slowest tenth, which is one sample at least."""
    order = np.argsort(samples["time"] / samples["units"], kind="stable")
    return samples[order[: len(samples) - max(len(samples) // 10, 1)]]


def _kept(
    samples: NDArray[Any],
    estimates: tuple[Estimate, ...],
    known: tuple[Figure, ...],
    costs: Mapping[str, float],
) -> tuple[Figure, ...]:
    """The default table's figures that stand."""
    told = {one.step for one in estimates} | {one.step for one in known}
    kinds = {rule.step: rule.kind for rule in (*_RULES, *(_IN_MEMORY if known else _ON_A_DISK))}
    counts = np.bincount(samples["kind"], minlength=timings.NOTHING + 1)
    return tuple(
        Figure(step, costs[step], source, int(counts[kinds.get(step, timings.NOTHING)]))
        for step, source in default_sources().items()
        if step not in told
    )
