"""What must succeed, as a user says it: ``20MiB:9`` or ``64MiB,within=50ms,probability=0.999``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from zonecma.errors import InputError
from zonecma.machine.sizes import pages_called
from zonecma.workload.needs import Need

_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s)")
_UNITS_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_MOST_BUFFERS = 1000


def parse_needs(texts: Sequence[str], within: str = "", probability: float = 0.9) -> tuple[Need, ...]:
    """The needs; ``within`` and ``probability`` are for those that say nothing of their own.

    Raises InputError for what is no need.
    """
    usual = Need(0, 0, time_ms(within, "--within") if within else 0.0, _share(probability, "--probability"))
    needs = tuple(_need(text, usual) for text in texts)
    if sum(need.count for need in needs) > _MOST_BUFFERS:
        raise InputError(f"--need: more than {_MOST_BUFFERS} buffers; expected fewer")
    return needs


def the_loads_own(within: str = "", probability: float = 0.9) -> Need:
    """That whatever the load itself asks for is got: a need without buffers."""
    (own,) = parse_needs(["4KiB"], within, probability)
    return replace(own, pages=0, count=0)


def _need(text: str, usual: Need) -> Need:
    buffers, *settings = text.split(",")
    size, colon, count = buffers.partition(":")
    pages = pages_called(size, "--need")
    if colon and not (count.isascii() and count.isdigit() and int(count) > 0):
        _fail(text, "expected SIZE:COUNT with a count of 1 or more")
    need = replace(usual, pages=pages, count=int(count or 1))
    for setting in settings:
        name, _, value = setting.partition("=")
        if name == "within":
            need = replace(need, within_ms=time_ms(value, f"--need {text}: within"))
        elif name == "probability":
            need = replace(need, probability=_share(value, f"--need {text}: probability"))
        else:
            _fail(text, f"no setting is called {name[:40]!r}; there are within and probability")
    return need


def time_ms(text: str, option: str) -> float:
    """Milliseconds; raises InputError, with the option, for what is no time above 0."""
    match = _TIME.fullmatch(text)
    found = float(match[1]) * _UNITS_MS[match[2]] if match else 0.0
    if not found:
        raise InputError(f"{option} {text}: expected a time above 0, such as 50ms, 200us or 1.5s")
    return found


def _share(text: str | float, option: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise InputError(
            f"{option} {text}: expected a number between 0 and 1, such as 0.99; no number of runs shows 1"
        )
    return share


def _fail(text: str, expected: str) -> NoReturn:
    raise InputError(f"--need {text[:60]}: {expected}")
