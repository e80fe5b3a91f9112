"""compare's outcome with a line for each placement, where there are many."""

from __future__ import annotations

from zonecma.lab.compare import Comparison, PlacementResult
from zonecma.report.sparkline import sparkline
from zonecma.report.table import aligned, counted

_HEADINGS = (
    ("", "in use", "free outside", "found", "contiguous", "frames"),
    ("", "mean %", "min MiB", "nothing", "calls", "moved"),
)
_PAGE_MIB = 4 / 1024
_LONGEST_NAME = 24
_LONGEST_BAR = 18
_BAR_HEADING = "over time"


def one_a_line(outcome: Comparison, columns: int) -> str:
    """A line each, with its use over time where there is room; a long name has a line of its own."""
    results = outcome.placements
    figures = aligned([*_HEADINGS, *map(_cells, results)], gap=1).split("\n")
    room = min(_LONGEST_BAR, columns - max(map(len, figures)) - 1)
    highest = max(max(result.area_use_over_time) for result in results)
    drawn = bool(highest) and room >= len(_BAR_HEADING)
    bars = [sparkline(r.area_use_over_time, highest, room) if drawn else "" for r in results]
    headings = ["", _BAR_HEADING if drawn else ""]
    lines = [f"{line} {bar}".rstrip() for line, bar in zip(figures, headings + bars, strict=True)]
    return "\n".join([*lines[:2], *_with_long_names(lines[2:], results)])


def _cells(result: PlacementResult) -> list[str]:
    return [
        result.name if len(result.name) <= _LONGEST_NAME else "",
        f"{100 * result.area_use_mean:.1f}",
        f"{result.min_free_outside * _PAGE_MIB:.1f}",
        counted(result.failed_requests),
        f"{counted(result.calls_ok)} of {counted(result.nr_calls)}",
        counted(result.frames_migrated),
    ]


def _with_long_names(lines: list[str], results: tuple[PlacementResult, ...]) -> list[str]:
    pairs = zip(lines, results, strict=True)
    return [
        text for line, r in pairs for text in ([line] if len(r.name) <= _LONGEST_NAME else [r.name, line])
    ]
