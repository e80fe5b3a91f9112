"""The panel of size: the smallest area under each placement, what was tried, what to paste."""

from __future__ import annotations

from typing import Any

from zonecma.report.page.results import Json
from zonecma.report.table import thousands
from zonecma.report.words import count, printable

_MIB = 1 << 20


def sizing_panel(found: Json) -> dict[str, Any]:
    """What the template shows of it."""
    return {
        "heading": printable(f"{found['load']} on {found['machine']}, rules of {found['kernel']}"),
        "best": printable(str(found.get("best") or "")),
        "rows": [_answer(answer) for answer in found["answers"]],
        "pastes": [_paste(paste) for paste in found["pastes"]],
        "checks": [(printable(one["text"]), bool(one["trips"])) for one in found.get("checks", ())],
    }


def sizing_chart(found: Json) -> dict[str, Any]:
    """The share of runs that failed, by size, for each placement."""
    series = []
    for answer in found["answers"]:
        tried = [one for one in answer["tried"] if one["runs"]]
        series.append(
            {
                "name": printable(answer["placement"]),
                "x": [one["size"] / _MIB for one in tried],
                "y": [round(100 * one["failures"] / one["runs"], 2) for one in tried],
                "labels": [f"{thousands(one['failures'])} of {count(one['runs'], 'run')}" for one in tried],
            }
        )
    return {"kind": "dots", "series": series, "unit": "%", "xUnit": "MiB", "logX": 2}


def _answer(answer: Json) -> dict[str, Any]:
    """Its first need stands for all in the table."""
    need = answer["needs"][0] if answer["needs"] else None
    return {
        "placement": printable(answer["placement"]),
        "size": "none suffices" if answer["size"] is None else f"{answer['size'] / _MIB:,g} MiB",
        "runs": thousands(need["runs"]) if need else "-",
        "failures": thousands(need["failures"]) if need else "-",
        "at_least": f"{100 * need['at_least']:.1f} %" if need else "-",
        "slowest": f"{need['slowest_ms']:,.1f} ms" if need else "-",
    }


def _paste(paste: Json) -> dict[str, str]:
    return {
        "what": printable(f"{paste['size'] / _MIB:,g} MiB for {paste['placement']} ({paste['needs']})"),
        "node": "\n".join(printable(line.expandtabs(4)) for line in paste["node"].split("\n")),
        "option": printable(" ".join(filter(None, (paste["option"], paste["option_remark"])))),
    }
