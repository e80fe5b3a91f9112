"""verify --explain-misses: all misses of a recording by cause, each cause with its first example.

A first replay finds the missed requests.  A second one stops before each of them, looks at the
model's state and at what model and kernel are going to choose, and computes the cause.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from zonecma.capture.recording import Recording
from zonecma.kernel.jit import compile_once
from zonecma.lab import score
from zonecma.lab.causes import cause_of
from zonecma.lab.from_counts import needs_snapshots
from zonecma.lab.judging import Judging
from zonecma.lab.misplaced import Misplaced
from zonecma.lab.replay import Replay, replay_of
from zonecma.lab.scene import Missed, Scene
from zonecma.lab.tiny import tiny_replay
from zonecma.lab.verification import Miss
from zonecma.progress import Progress, no_progress

SCORES_A_REQUEST = 3
"""At most so many scores judge one request."""
_NEARBY = 8
"""Missed requests before and after in which a swapped frame is looked for."""

_COUNTED = (score.REFILL_SIZES, score.DRAIN_DECISIONS)
"""Scores whose choices are numbers of chunks, not frames."""


@dataclass(frozen=True)
class MissCause:
    """The misses of one cause."""

    cause: str
    requests: int
    """that began to differ for this cause"""
    misses: int
    """choices, with those that follow within the same requests"""
    first: Miss
    counted: bool
    """whether the first one's choices are numbers of chunks, not frames"""


@dataclass(frozen=True)
class Misses:
    """All misses of a recording."""

    recording: str
    kernel: str
    checked: int
    """choices"""
    missed: int
    causes: tuple[MissCause, ...]
    """that of the most requests first"""


def explain_misses(recording: Recording, progress: Progress = no_progress) -> Misses:
    """Replay a recording and say why choices were missed.

    Raises InputError for a recording that is damaged, incomplete or of a kernel not modelled.
    """
    needs_snapshots(recording, "verify --explain")
    compile_once("misses", lambda: explain_misses_of(tiny_replay()), progress)
    return explain_misses_of(replay_of(recording, progress), progress)


def explain_misses_of(replay: Replay, progress: Progress = no_progress) -> Misses:
    """All misses of a replay, by cause."""
    requests = len(replay.load.requests)
    progress("finding the misses", 0, 0)
    first = Judging(replay, SCORES_A_REQUEST * requests)
    first.go_to(requests)
    by_request = _by_request(first.tally)
    found: dict[str, MissCause] = {}
    for scene, misses in _scenes(replay, by_request, progress):
        _add(found, cause_of(scene), scene.root, sum(missed.choices for missed in misses))
    checked, exact = (
        int(one[: score.CALLS_UNTOLD].sum()) for one in (first.tally.checked, first.tally.exact)
    )
    causes = sorted(found.values(), key=lambda cause: -cause.requests)
    return Misses(replay.name, replay.release, checked, checked - exact, tuple(causes))


def _by_request(tally: score.Tally) -> list[tuple[int, list[Missed]]]:
    """Missed requests in their order, and what was missed of each, in the order of the referee."""
    entries = tally.missed[: tally.nr_missed[0]]
    missed = [Missed(**{name: int(entry[name]) for name in score.MISSED.names or ()}) for entry in entries]
    groups = itertools.groupby(missed, key=lambda one: one.request)
    return [(number, list(group)) for number, group in groups]


def _root(misses: list[Missed]) -> Missed:
    """The miss that the others follow from: the first one of two frames, else the first."""
    frames = [one for one in misses if one.score not in _COUNTED and min(one.predicted, one.recorded) >= 0]
    return (frames or misses)[0]


def _scenes(
    replay: Replay, by_request: list[tuple[int, list[Missed]]], progress: Progress
) -> Iterator[tuple[Scene, list[Missed]]]:
    """Each missed request, with the model just before it."""
    judging = Judging(replay)
    misplaced = Misplaced(replay, int(judging.state.conf.nr_frames))
    roots, time = [_root(misses) for _, misses in by_request], int(replay.load.requests["time"][0])
    for at, (number, misses) in enumerate(by_request):
        if at % _NEARBY == 0:
            progress("explaining the misses", number, len(replay.load.requests))
        misplaced.settle(judging.at, number)
        judging.go_to(number)
        now = int(replay.load.requests["time"][number])
        near = roots[max(at - _NEARBY, 0) : at + _NEARBY + 1]
        swaps = frozenset((one.predicted, one.recorded) for one in near if one.score == score.ALLOCATIONS)
        seconds, time = (now - time) / 1e9, now
        last = roots[at - 1] if at else None
        yield Scene(replay, judging.state, number, roots[at], last, misplaced.frames, swaps, seconds), misses
        judging.go_to(number + 1)
        misplaced.miss(judging.state, number)


def _add(found: dict[str, MissCause], cause: str, root: Missed, misses: int) -> None:
    first = Miss(root.line, root.predicted, root.recorded)
    before = found.get(cause, MissCause(cause, 0, 0, first, root.score in _COUNTED))
    found[cause] = MissCause(cause, before.requests + 1, before.misses + misses, before.first, before.counted)
