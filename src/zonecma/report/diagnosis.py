"""How diagnose's findings look."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Sequence
from typing import Any

from zonecma.lab.diagnosis import Finding
from zonecma.report.table import width

_WORKS, _FAILS, _ABSENT = "ok", "FAILS", "-"


def diagnosis_text(findings: Sequence[Finding], columns: int | None = None) -> str:
    """A line for each finding, with what would mend it below, and the sum of it."""
    columns = columns or width()
    label = max(len(one.what) for one in findings)
    lines = [line for one in findings for line in _lines(one, label, columns)]
    return "\n".join([*lines, "", _sum(findings)])


def _lines(one: Finding, label: int, columns: int) -> list[str]:
    mark = _WORKS if one.works else _FAILS if one.needed else _ABSENT
    head = f"{mark:<{len(_FAILS)}}  {one.what:<{label}}  "
    indent = " " * len(head)
    said = textwrap.wrap(one.found, columns - len(head), break_on_hyphens=False) or [""]
    mended = [] if one.works or not one.remedy else textwrap.wrap(f"-> {one.remedy}", columns - len(head))
    return [head + said[0], *(indent + line for line in (*said[1:], *mended))]


def _sum(findings: Sequence[Finding]) -> str:
    failing = [one.what for one in findings if one.needed and not one.works]
    if failing:
        return f"zonecma does not work here: {', '.join(failing)}"
    absent = [one.what for one in findings if not one.works]
    return "zonecma works here" + (f"; lines with {_ABSENT} matter to some uses alone" if absent else "")


def diagnosis_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Plain data."""
    return {
        "works": all(one.works for one in findings if one.needed),
        "findings": [dataclasses.asdict(one) for one in findings],
    }
