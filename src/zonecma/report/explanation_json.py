"""explain's outcome as JSON's types."""

from __future__ import annotations

from typing import Any

from zonecma.lab.explanation import Attempt, Blocker, BlockingPage, Call, Explanation, Kind, KindTotal
from zonecma.lab.lasting import lasting_by_kind
from zonecma.lab.survival import Survival
from zonecma.report.blocking import persistence_sentence
from zonecma.report.gfp import gfp_names


def explanation_json(outcome: Explanation) -> dict[str, Any]:
    """Times are in ms, those of calls and pages since the trace clock's start."""
    return {
        "recording": outcome.recording,
        "kernel": outcome.kernel,
        "page_kib": outcome.page_kib,
        "calls": [_call_json(call) for call in outcome.calls],
        "by_kind": _by_kind_json(outcome.by_kind),
        "pages": [_page_json(page) for page in outcome.pages],
        "in_the_way": {
            kind.value: _lasting_json(lasting) for kind, lasting in lasting_by_kind(outcome.pages).items()
        },
        "persistence": {
            "pages": outcome.persistence.pages,
            "barred_by_zone_cma": outcome.persistence.barred,
            "unknown_gfp": outcome.persistence.not_known,
            "let_in_by_kind": {kind.value: count for kind, count in outcome.persistence.kinds.items()},
            "sentence": persistence_sentence(outcome),
        },
        "area_is_own_zone": outcome.own_zone,
        "lost": outcome.lost,
        "damage": outcome.damage,
    }


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "n": call.number,
        "time": call.time / 1e6,
        "task": call.task,
        "area": call.area,
        "area_pages": call.area_pages,
        "size": call.size,
        "outcome": call.outcome,
        "pfn": call.pfn,
        "latency_ms": None if call.latency is None else call.latency / 1e6,
        "held_by_others": call.held,
        "attempts": [_attempt_json(attempt) for attempt in call.attempts],
    }


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "start": attempt.start,
        "end": attempt.end,
        "outcome": attempt.outcome.value,
        "ms": (attempt.ended - attempt.begin) / 1e6,
        "blocker": None if attempt.blocker is None else _blocker_json(attempt.blocker),
        "nr_moved": attempt.nr_moved,
        "nr_failed": attempt.nr_failed,
        "writeback_waits": attempt.waits,
    }


def _blocker_json(blocker: Blocker) -> dict[str, Any]:
    return {
        "pfn": blocker.pfn,
        "kind": blocker.kind.value,
        "task": blocker.task,
        "gfp": None if blocker.gfp is None else gfp_names(blocker.gfp),
        "age_ms": _since(blocker, blocker.allocated),
        "dirtied_ms_before": _since(blocker, blocker.dirtied),
        "freed_after_ms": None if blocker.left is None else (blocker.left - blocker.seen) / 1e6,
        "moved_away": blocker.moved_on,
        "times_moved": blocker.moves,
        "barred_by_zone_cma": blocker.barred,
    }


def _since(blocker: Blocker, time: int | None) -> float | None:
    """How long before it blocked something was, in ms."""
    return None if time is None else (blocker.seen - time) / 1e6


def _by_kind_json(by_kind: dict[Kind, KindTotal]) -> dict[str, Any]:
    ranges = sum(total.ranges for total in by_kind.values())
    time = sum(total.time for total in by_kind.values())
    return {
        kind.value: {
            "attempts": total.ranges,
            "attempts_share": total.ranges / ranges,
            "ms": total.time / 1e6,
            "time_share": total.time / time if time else 0.0,
            "pages": total.pages,
            "longest_ms": total.longest / 1e6,
        }
        for kind, total in by_kind.items()
    }


def _lasting_json(lasting: Survival) -> dict[str, Any]:
    """``still``: the share that is in the way after so many ms, at each time at which some left."""
    curve = zip((lasting.times / 1e6).tolist(), lasting.shares.tolist(), strict=True)
    return {"pages": lasting.count, "left": lasting.ended, "still": [list(step) for step in curve]}


def _page_json(page: BlockingPage) -> dict[str, Any]:
    return {
        "pfn": page.first.pfn,
        "kind": page.first.kind.value,
        "task": page.first.task,
        "first": page.first.seen / 1e6,
        "last": page.until / 1e6,
        "freed": None if page.first.left is None else page.first.left / 1e6,
        "attempts": page.ranges,
        "calls": list(page.calls),
        "barred_by_zone_cma": page.first.barred,
    }
