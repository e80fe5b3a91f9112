"""What a page shows: outcomes in the form of their verbs' --json, and a map of memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zonecma.errors import InputError
from zonecma.lab.page_map import PageMap

Json = Mapping[str, Any]

_MOST = 256 << 20
"""Bytes of a result's file."""
_MARKS = {
    "compare": {"recording", "placements", "area_pages"},
    "whatif": {"recording", "placement", "predicted"},
    "explain": {"recording", "calls", "by_kind"},
    "explain of a scenario": {"scenario", "causes", "remedies"},
    "size": {"load", "answers", "pastes"},
}
"""Keys that tell whose output a file is."""


@dataclass(frozen=True)
class Results:
    """What there is to show; a panel without its outcome says which command would fill it."""

    source: str
    """what a user named: a recording, a scenario or files"""
    comparison: Json | None = None
    explanation: Json | None = None
    causes: Json | None = None
    """explain of a scenario"""
    predictions: Sequence[Json] = ()
    sizing: Json | None = None
    page_map: PageMap | None = None
    facts: Sequence[tuple[str, str]] = ()
    """of the machine: what, and its value"""
    commands: Sequence[str] = field(default=())
    """that made what is shown, the page's own first"""


def read_results(files: Sequence[Path], command: str) -> Results:
    """Results from files made by ``--json``; a later file of a verb takes the place of an earlier one.

    Raises InputError for a file that can't be read, or that is not such a verb's output.
    """
    found: dict[str, Json] = {}
    predictions = []
    for file in files:
        outcome = _read(file)
        verb = _verb(outcome, file)
        if verb == "whatif":
            predictions.append(outcome)
        found[verb] = outcome
    return Results(
        source=", ".join(dict.fromkeys(_subject(outcome) for outcome in found.values())),
        comparison=found.get("compare"),
        explanation=found.get("explain"),
        causes=found.get("explain of a scenario"),
        predictions=tuple(predictions),
        sizing=found.get("size"),
        commands=(command,),
    )


def _read(file: Path) -> Json:
    try:
        if file.stat().st_size > _MOST:
            raise InputError(f"{file}: is larger than {_MOST >> 20} MiB; expected a result's JSON")
        outcome = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: is no JSON ({error}); expected what a verb prints with --json") from error
    if not isinstance(outcome, dict):
        raise InputError(
            f"{file}: expected an object, as compare, whatif, explain or size print it with --json"
        )
    return outcome


def _verb(outcome: Json, file: Path) -> str:
    for verb, keys in _MARKS.items():
        if keys <= outcome.keys():
            return verb
    raise InputError(
        f"{file}: is none of the outcomes that can be shown; expected what compare, whatif, explain or size"
        " print with --json"
    )


def _subject(outcome: Json) -> str:
    return str(outcome.get("recording") or outcome.get("scenario") or outcome.get("load"))
