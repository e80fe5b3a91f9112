"""How a verb's outcome reaches the terminal, or a program that reads JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

Shown = tuple[Any, Callable[[Any], str], Callable[[Any], Any]]
"""An outcome, and how it looks as a table and as JSON."""

interrupts: list[int] = []
"""Signals that came: an exception raised within a compiler's callback would be lost."""


def print_outcome(
    outcome: Any, as_json: bool, table: Callable[[Any], str], to_json: Callable[[Any], Any]
) -> None:
    """Print an outcome; raises KeyboardInterrupt if a signal came while it was made."""
    if interrupts:
        raise KeyboardInterrupt
    print(json.dumps(to_json(outcome)) if as_json else table(outcome))


def print_notes(notes: Iterable[str], as_json: bool) -> None:
    """Say on standard error what an output rests on; JSON holds it itself."""
    for note in () if as_json else notes:
        print(f"zonecma: {note}", file=sys.stderr)
