"""What the steps of memory management take on a machine: a TOML file, a table for each step.

``[fault]``, ``ns = 1000`` and, for the reader, ``source = "..."``.  The default table names every step.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zonecma.errors import InputError

DEFAULT = Path(__file__).with_name("costs.toml")
"""The table that ships with the package; each figure says where it is from."""
_LARGEST_FILE = 1 << 20
_LARGEST = 1e12
"""Nanoseconds: no step takes a quarter of an hour."""
_KEYS = ("ns", "source")


def read_costs(path: Path = DEFAULT) -> dict[str, float]:
    """Nanoseconds that each step takes: the file's figures, and the default table's for the others.

    Raises InputError with the file and the step.
    """
    known = {step: float(table["ns"]) for step, table in _tables(DEFAULT).items()}
    for step, table in _tables(path).items():
        place = f"{path}: {step[:60]}"
        if step not in known:
            raise InputError(f"{place} is not known; there are {', '.join(known)}")
        known[step] = _figure(table, place)
    return known


def default_sources() -> dict[str, str]:
    """Where each figure of the default table is from."""
    return {step: " ".join(table["source"].split()) for step, table in _tables(DEFAULT).items()}


def _tables(path: Path) -> dict[str, Any]:
    """The file's tables by their steps."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE).decode()
        return tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a file of costs") from None
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: {reason}; expected TOML, as {DEFAULT.name} is") from None


def _figure(table: Any, place: str) -> float:
    """A step's figure."""
    if not isinstance(table, Mapping) or "ns" not in table:
        raise InputError(f"{place} has no ns; expected a table such as [fault] with ns = 1000")
    for key in table:
        if key not in _KEYS:
            raise InputError(f"{place}: {key[:60]!r} is not known; there are {' and '.join(_KEYS)}")
    value = table["ns"]
    if type(value) not in (int, float) or math.isnan(value) or not 0 <= value <= _LARGEST:
        raise InputError(f"{place}: ns: expected nanoseconds from 0 to {_LARGEST:.0e}, found {value!r:.60}")
    return float(value)
