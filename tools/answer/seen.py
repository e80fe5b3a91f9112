"""What real kernels were seen doing where the answer's rows have the same kind of page and placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zonecma.capture.recording import open_recording
from zonecma.lab.explain import explain
from zonecma.lab.explanation import Explanation, Kind

REPOSITORY = Path(__file__).resolve().parents[2]
CAPTURES = REPOSITORY / "captures"

SEEN: Mapping[tuple[str, str], str] = {
    ("buffers", "half-free"): "pairs/blockdev-cma96-6.12",
    ("buffers", "zone-cma"): "pairs/blockdev-zonecma96-6.12",
    ("read", "half-free"): "cma256-mix-6.12",
    ("read", "zone-cma"): "zonecma-mix-6.12",
    ("written", "half-free"): "pairs/stream-cma128-6.12",
    ("written", "zone-cma"): "pairs/stream-zonecma128-6.12",
    ("anonymous", "half-free"): "cma128-press-6.12",
    ("anonymous", "zone-cma"): "pairs/swap-zonecma64-6.12",
    ("pinned", "half-free"): "pairs/pin-cma128-6.12",
    ("pinned", "zone-cma"): "pairs/pin-zonecma128-6.12",
}
"""The recording of a load of each kind, on 6.12: a stock kernel's area, and a zone that is just the area."""

BUFFERS = (Kind.BLOCKDEV, Kind.BUFFER)


@dataclass(frozen=True)
class Seen:
    """What a recording shows."""

    recording: str
    calls: int
    failed: int
    in_vain: int
    """ranges"""
    by_buffers: int
    """of them, those that a block-device buffer, or metadata, was in the way of"""
    longest_ms: float
    """the longest that one page was in the way"""
    slowest_ms: float
    """the slowest call"""


def seen_doing(kind: str, placement: str, kernel: str) -> Seen | None:
    """The recording that stands beside a row; None where no real kernel was seen."""
    name = SEEN.get((kind, placement))
    if name is None or kernel != "6.12" or not (CAPTURES / name).is_dir():
        return None
    return _seen(name, explain(open_recording(str(CAPTURES / name))))


def _seen(name: str, found: Explanation) -> Seen:
    totals = found.by_kind
    return Seen(
        recording=name.removeprefix("pairs/"),
        calls=found.nr_calls,
        failed=sum(call.outcome in ("EBUSY", "ENOMEM") and bool(call.attempts) for call in found.calls),
        in_vain=found.nr_busy,
        by_buffers=sum(totals[kind].ranges for kind in BUFFERS if kind in totals),
        longest_ms=max((total.longest for total in totals.values()), default=0) / 1e6,
        slowest_ms=max((call.latency or 0 for call in found.calls), default=0) / 1e6,
    )
