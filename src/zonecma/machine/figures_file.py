"""Files of figures: TOML, a table for each thing, its figures and, for the reader, where they are from.

A default file names everything; a machine's own needs to name only what differs.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zonecma.errors import InputError

_LARGEST_FILE = 1 << 20


@dataclass(frozen=True)
class Form:
    """What the tables of a file look like."""

    default: Path
    """the file that ships with the package"""
    content: str
    """what it is a file of"""
    figures: tuple[str, ...]
    """keys that each table has, besides source"""
    unit: str
    largest: float
    """of the figures, in that unit"""
    example: str
    """a table that is right"""


def figures_of(form: Form, path: Path) -> dict[str, tuple[float, ...]]:
    """The figures of each table of the file, in the form's order.

    Raises InputError with the file, the table and what was expected.
    """
    known = _tables(form, form.default)
    found = {}
    for name, table in _tables(form, path).items():
        place = f"{path}: {name[:60]}"
        if name not in known:
            raise InputError(f"{place} is not known; there are {', '.join(known)}")
        found[name] = _figures(form, table, place)
    return found


def default_sources(form: Form) -> dict[str, str]:
    """Where each table of the default file is from."""
    return {name: " ".join(table["source"].split()) for name, table in _tables(form, form.default).items()}


def _tables(form: Form, path: Path) -> dict[str, Any]:
    """The file's tables by their names."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE).decode()
        return tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a file of {form.content}") from None
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: {reason}; expected TOML, as {form.default.name} is") from None


def _figures(form: Form, table: Any, place: str) -> tuple[float, ...]:
    """A table's figures."""
    for key in form.figures:
        if not isinstance(table, Mapping) or key not in table:
            raise InputError(f"{place} has no {key}; expected a table such as {form.example}")
    keys = (*form.figures, "source")
    for key in table:
        if key not in keys:
            listed = f"{', '.join(keys[:-1])} and {keys[-1]}"
            raise InputError(f"{place}: {key[:60]!r} is not known; there are {listed}")
    return tuple(_figure(form, table[key], f"{place}: {key}") for key in form.figures)


def _figure(form: Form, value: Any, place: str) -> float:
    if type(value) not in (int, float) or math.isnan(value) or not 0 <= value <= form.largest:
        raise InputError(f"{place}: expected {form.unit} from 0 to {form.largest:.4g}, found {value!r:.60}")
    return float(value)
