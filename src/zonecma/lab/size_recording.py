"""size of a recorded load: its own machine, with an area of another size."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from zonecma.capture.boot_record import is_boot_record, open_boot_record
from zonecma.capture.recording import open_recording
from zonecma.errors import InputError
from zonecma.lab.boot_options import rules_called
from zonecma.lab.compare import Call, compile_loop, load_window, run_placement
from zonecma.lab.loads import open_load
from zonecma.lab.placements import parse_placement
from zonecma.lab.prediction import NOT_TOLD, boot_again
from zonecma.lab.replay import Replay, replay_of
from zonecma.lab.resize import only_area, resized
from zonecma.lab.script import script_of
from zonecma.lab.size_bench import Bench, Question, range_of
from zonecma.lab.size_trial import NOT_ASKED, Met, TrialOutcome, judged
from zonecma.lab.terms import Terms, terms_of
from zonecma.machine.board import Board
from zonecma.machine.from_record import board_of_record
from zonecma.machine.read import read_board
from zonecma.machine.sizes import size_text
from zonecma.progress import Progress, no_progress
from zonecma.workload.asked import with_asks
from zonecma.workload.needs import ASKS, Need
from zonecma.workload.requests import CMA_ALLOC, CMA_RELEASE
from zonecma.workload.scenario import PAGE_SIZE
from zonecma.workload.shift import shifted
from zonecma.workload.touched import TouchedLoad

_NOTES = (
    "the load is the recorded one, whatever the area's size, and the area ends where the recorded one ends;"
    " each run is another boot: its calls meet the load earlier or later",
    *NOT_TOLD,
)


def bench_of_recording(where: str, question: Question, progress: Progress = no_progress) -> Bench:
    """The recording, read once; raises InputError for what is wrong with it, or with the question."""
    if question.machine or question.below:
        option = "--machine" if question.machine else "--dma-limit"
        raise InputError(f"{option}: {where} is a recording, with a machine of its own; expected a scenario")
    recording = open_load(where)
    compile_loop(progress)
    progress(f"reading {recording.name}", 0, 0)
    replay, script, *_ = _known(where, question.terms.rules)
    machine, (_, room) = replay.machine, only_area(replay)
    page = machine.page_kib << 10
    if page != PAGE_SIZE:
        raise InputError(
            f"{where}: its pages have {size_text(page)}; expected pages of {size_text(PAGE_SIZE)}, which"
            " needs are counted in"
        )
    block = page << machine.pageblock_order
    board = dataclasses.replace(_board(where, str(recording.path)), rules=machine.rules.series)
    needed = _needed_frames(script, question.needs) * page
    ranged, reason = range_of(board, needed, question, room * page - block, block)

    def trial(placement: str, size: int, seed: int) -> RecordedTrial:
        return RecordedTrial(where, machine.rules.series, size // page, question.needs, seed, placement)

    notes = (*_NOTES, *_never_given_back(script), *replay.notes)
    return Bench(
        where,
        question,
        f"the machine of {recording.name}",
        machine.rules,
        board,
        ranged,
        reason,
        trial,
        notes,
    )


def _board(where: str, folder: str) -> Board:
    """The board that it was recorded on, by its log or its /proc files."""
    named = next((one for one in (where, folder) if is_boot_record(one)), "")
    return board_of_record(open_boot_record(named)).board if named else read_board(where)


def _needed_frames(script: TouchedLoad, needs: Sequence[Need]) -> int:
    """All needed buffers, or the largest that the load itself asks for."""
    calls = script.requests[script.requests["op"] == CMA_ALLOC]
    return sum(need.frames for need in needs) or int(calls["count"].max(initial=0))


def _never_given_back(script: TouchedLoad) -> list[str]:
    """A note on buffers that stay, where there are any: a trace shows no end of what its kernel refused."""
    asked, released = (
        script.requests["object"][script.requests["op"] == op] for op in (CMA_ALLOC, CMA_RELEASE)
    )
    kept = int(np.count_nonzero(~np.isin(asked, released)))
    note = (
        f"{kept} of the load's {len(asked)} buffers are held to its end: the recording shows no release of"
        " them, nor could it of those that its kernel refused"
    )
    return [note] if kept else []


class _Known(NamedTuple):
    """All that the runs of a recording share."""

    replay: Replay
    script: TouchedLoad
    window: tuple[int, int]
    terms: Terms


@functools.lru_cache(maxsize=1)
def _known(where: str, series: str) -> _Known:
    """Read once in each process; ``series``: whose rules, the recorded kernel's if empty."""
    recording = open_recording(where)
    replay = replay_of(recording, rules=rules_called(series) if series else None)
    return _Known(replay, script_of(replay, closed=True), load_window(replay), terms_of(recording))


@dataclass(frozen=True)
class RecordedTrial:
    """A run that is to be made."""

    where: str
    series: str
    """whose rules"""
    area_pages: int
    needs: tuple[Need, ...]
    seed: int
    label: str
    """the placement, as a user names it"""

    def run(self) -> TrialOutcome:
        """The recorded load, once more, beside the needs."""
        replay, script, window, terms = _known(self.where, self.series)
        asked = [need for need in self.needs if need.count]
        load = shifted(script, self.seed)
        load = with_asks(load, asked, window, self.seed) if asked else load
        start = boot_again(resized(replay, self.area_pages), self.seed)
        terms = dataclasses.replace(terms, seed=self.seed)
        result = run_placement(start, window, parse_placement(self.label), load, terms)
        buffers = load.requests["object"][load.requests["op"] == CMA_ALLOC] - script.nr_objects
        own = [call for call, buffer in zip(result.calls, buffers, strict=True) if buffer < 0]
        return TrialOutcome(
            trial=self,
            met=tuple(_all_met(self.needs, result.calls, buffers, own)),
            killed=result.reclaim.oom_kills > 0,
            own_calls=len(own),
            own_failed=sum(not call.ok for call in own),
            min_free_outside=int(result.min_free_outside),
            costs=result.reclaim,
            in_the_way=result.in_the_way,
        )


def _all_met(
    needs: Sequence[Need], calls: Sequence[Call], buffers: np.ndarray, own: Sequence[Call]
) -> list[Met]:
    """What became of each need; ``buffers``: of each call its number among the needed ones."""
    met, first = [], 0
    for need in needs:
        if need.count:
            mine = np.flatnonzero((buffers >= first) & (buffers < first + need.count))
            met.append(_met([calls[row] for row in mine.tolist()], need))
        else:
            took = max((call.seconds_taken for call in own), default=0.0)
            met.append(judged(all(call.ok for call in own), 1000 * took, need))
        first += need.count
    return met


def _met(calls: Sequence[Call], need: Need) -> Met:
    """A need's calls, ask after ask, each buffer once in each."""
    if len(calls) < ASKS * need.count:
        return NOT_ASKED
    asks = [calls[first : first + need.count] for first in range(0, len(calls), need.count)]
    took = max(sum(call.seconds_taken for call in ask) for ask in asks)
    return judged(all(call.ok for call in calls), 1000 * took, need)
