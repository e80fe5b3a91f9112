"""A parameter's value from its text, by the type that the policy's field has."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

_YES_OR_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}


def _number(text: str) -> float:
    numerator, slash, denominator = text.partition("/")
    return int(numerator) / int(denominator) if slash else float(text)


_READERS: Mapping[type, tuple[Callable[[str], Any], str]] = MappingProxyType(
    {
        bool: (lambda text: _YES_OR_NO[text.lower()], "yes or no"),
        int: (int, "a whole number"),
        float: (_number, "a number or a fraction like 12/16"),
        Fraction: (Fraction, "a number or a fraction like 12/16"),
        str: (str, "text"),
    }
)
"""How a type is read, and what to say was expected."""


def value_of(kind: Any, text: str) -> Any:
    """``text`` as a value of ``kind``; raises ValueError that says what was expected."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _choice(kind, text)
    if kind not in _READERS:
        raise ValueError(
            "its type can't be set from text; expected bool, int, float, Fraction, str or an Enum"
        )
    read, expected = _READERS[kind]
    try:
        return read(text)
    except (ValueError, KeyError, ZeroDivisionError, OverflowError):
        raise ValueError(f"expected {expected}") from None


def _choice(kind: type[enum.Enum], text: str) -> enum.Enum:
    choices = {str(choice.value): choice for choice in kind}
    if text not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}")
    return choices[text]
