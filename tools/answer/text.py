"""The answer as a page: its words are in page.md, its figures are the rows'."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template

from tools.answer.rows import Interval, Row

_PAGE = Path(__file__).with_name("page.md")
_NAMES = {
    "buffers": "block-device buffers",
    "read": "clean file pages, by read()",
    "written": "dirty file pages, by write()",
    "mapped": "file mappings, faulted in",
    "anonymous": "anonymous",
    "pinned": "pinned for 2 s, in turn",
}
_FILES = ("read", "written", "mapped")
_HEADS = (
    "pages",
    "rules",
    "placement",
    "area in use",
    "not got at once",
    "in vain",
    "blame: metadata, files, memory, pins",
    "goes on to fail, s: median, 99 %",
    "a page, s: median, 99 %",
    "slowest try, ms",
    "seen",
)


def page_of(rows: Sequence[Row], seeds: int, load: str) -> str:
    """The whole document."""
    table = [_row(_HEADS), _row(["---"] * len(_HEADS)), *(_row(_cells(row)) for row in rows)]
    words = Template(_PAGE.read_text())
    return words.substitute(
        _claims(rows), load=load, seeds=seeds, wishes=rows[0].wishes, rows="\n".join(table)
    )


def check_words(rows: Sequence[Row]) -> None:
    """page.md says who is right: raises ValueError where that does not follow from the rows any more."""
    zone = _those(rows, lambda row: row.placement == "zone-cma")
    shared = _those(rows, lambda row: row.kind == "buffers" and row.placement != "zone-cma")
    words = {
        "buffers fail where they may enter": all(row.failed for row in shared),
        "none is met in a zone": not any(row.blame["metadata"] for row in zone),
        "file pages fail nothing in a zone": not any(row.failed for row in zone if row.kind in _FILES),
        "pins fail in a zone under 4.7": any(row.failed for row in zone if row.kind == "pinned"),
    }
    if untrue := [what for what, holds in words.items() if not holds]:
        raise ValueError(f"page.md says what the rows do not: {'; '.join(untrue)}")


def _claims(rows: Sequence[Row]) -> dict[str, str]:
    """What the page says of the two claims."""
    shared = _those(rows, lambda row: row.placement != "zone-cma")
    beside = _those(shared, lambda row: row.kind in (*_FILES, "anonymous") and row.in_vain > 0)
    zone = _those(rows, lambda row: row.placement == "zone-cma")
    files = _those(zone, lambda row: row.kind in _FILES)
    pins = _those(zone, lambda row: row.kind == "pinned")
    return {
        "buffers": _failing(_those(shared, lambda row: row.kind == "buffers")),
        "others": _failing(beside),
        "blame": _span(row.blame["metadata"] for row in beside),
        "way": _way(beside),
        "use": f"{100 * max(row.use for row in files):.0f} %",
        "files": _failing(files),
        "slowest": f"{max(row.slowest_ms for row in files):,.0f}",
        "pins_then": _failing(_those(pins, lambda row: row.kernel == "4.7")),
        "pins_now": _failing(_those(pins, lambda row: row.kernel == "6.12")),
    }


def _those(rows: Iterable[Row], test: Callable[[Row], bool]) -> list[Row]:
    return [row for row in rows if test(row)]


def _failing(rows: Iterable[Row]) -> str:
    return _span(row.failed / row.wishes for row in rows)


def _span(values: Iterable[float]) -> str:
    """Shares, from the least to the most."""
    shown = list(dict.fromkeys(f"{100 * value:.0f}" for value in sorted(values))) or ["0"]
    return f"{shown[0]} %" if len(shown) == 1 else f"{shown[0]} to {shown[-1]} %"


def _way(rows: Sequence[Row]) -> str:
    """Medians of the rows, from the shortest to the longest, which may be longer than was seen."""
    found = [row.in_the_way[0] for row in rows if row.pages]
    medians = sorted(one / 1e9 for one in found if one is not None)
    if not medians:
        return "longer than was seen"
    shown = list(dict.fromkeys(f"{one:.0f}" for one in medians))
    span = f"{shown[0]} s" if len(shown) == 1 else f"{shown[0]} to {shown[-1]} s"
    return span if None not in found else f"{span}, or longer than was seen"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> list[str]:
    low, high = row.failed_interval
    blame = ", ".join(f"{100 * row.blame[who]:.0f}" for who in ("metadata", "files", "memory", "pins"))
    return [
        _NAMES[row.kind],
        row.kernel,
        row.placement,
        f"{100 * row.use:.0f} %",
        f"{100 * row.failed / row.wishes:.0f} % ({100 * low:.0f} to {100 * high:.0f})",
        f"{row.in_vain:,}",
        f"{blame} %" if row.in_vain else "-",
        _lasting(row) if row.failed else "-",
        ", ".join(map(_seconds, row.in_the_way)) if row.pages else "-",
        f"{row.slowest_ms:,.0f}",
        _seen(row),
    ]


def _lasting(row: Row) -> str:
    return ", ".join(
        f"{_seconds(found)} ({_between(interval)})"
        for found, interval in zip(row.fails_for, row.fails_for_interval, strict=True)
    )


def _between(interval: Interval) -> str:
    low, high = map(_seconds, interval)
    return low if low == high else f"{low} to {high}"


def _seconds(ns: float | None) -> str:
    return ">" if ns is None else f"{ns / 1e9:.2f}" if ns < 1e9 else f"{ns / 1e9:.1f}"


def _seen(row: Row) -> str:
    seen = row.seen
    if seen is None:
        return "no"
    calls = f"`{seen.recording}`: {seen.failed} of {seen.calls} calls failed"
    calls += f", slowest {seen.slowest_ms:,.0f} ms"
    if not seen.in_vain:
        return f"{calls}; no range in vain"
    share = f"{100 * seen.by_buffers / seen.in_vain:.0f} % by metadata"
    return f"{calls}; {seen.in_vain:,} in vain, {share}, a page up to {seen.longest_ms / 1e3:.1f} s"
