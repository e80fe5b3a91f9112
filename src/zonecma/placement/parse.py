"""The placements there are, by name, and how the command line writes names and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

from zonecma.placement.android_redirect import AndroidRedirect
from zonecma.placement.balanced import Balanced
from zonecma.placement.carveout import Carveout
from zonecma.placement.cma_first import CmaFirst
from zonecma.placement.gcma import Gcma
from zonecma.placement.half_free import HalfFree
from zonecma.placement.interleave import Interleave
from zonecma.placement.last_resort import LastResort
from zonecma.placement.page_cache_only import PageCacheOnly
from zonecma.placement.policy import Placement
from zonecma.placement.values import value_of
from zonecma.placement.zone_cma import ZoneCma
from zonecma.placement.zone_movable import ZoneMovable


class _Named(Protocol):
    """What is chosen by name and has parameters: a dataclass."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


Named = TypeVar("Named", bound=_Named)

COMPARED: tuple[type[Placement], ...] = (HalfFree, LastResort, ZoneCma, Carveout)
"""What ``compare`` runs if nothing is named; the first is the baseline, what kernels do today."""

PLACEMENTS: tuple[type[Placement], ...] = (
    *COMPARED,
    ZoneMovable,
    CmaFirst,
    Interleave,
    Balanced,
    PageCacheOnly,
    AndroidRedirect,
    Gcma,
)
"""The policies there are."""


def policy_called(name: str) -> type[Placement]:
    """The policy of this name; raises ValueError, with the names there are, for another."""
    return called(name, PLACEMENTS, "placement")


def called(name: str, choices: Sequence[type[Named]], noun: str) -> type[Named]:
    """The class of this name; raises ValueError, with the names there are, for another."""
    by_name = {one.name: one for one in choices}
    if name not in by_name:
        known = ", ".join(by_name)
        raise ValueError(f"no {noun} is called {name!r}; expected one of {known}, or a .py file")
    return by_name[name]


def with_settings(kind: type[Named], settings: Sequence[str], noun: str = "placement") -> Named:
    """A class with ``param=value`` settings; raises ValueError for one that it does not have."""
    types = _parameter_types(kind, noun)
    given: dict[str, Any] = {}
    for setting in settings:
        parameter, _, text = setting.partition("=")
        if parameter not in types:
            known = ", ".join(types) or "none"
            raise ValueError(f"{noun} {kind.name} has no parameter {parameter!r}; it has: {known}")
        try:
            given[parameter] = value_of(types[parameter], text)
        except ValueError as error:
            raise ValueError(f"{noun} {kind.name}: {parameter} is {text!r}; {error}") from None
    return kind(**given)


def _parameter_types(kind: type[Named], noun: str) -> dict[str, Any]:
    """The parameters and their types; a user's own file may name one that does not exist."""
    try:
        hints = get_type_hints(kind)
    except Exception as error:
        raise ValueError(f"{noun} {kind.name}: the type of a parameter is wrong: {error}") from error
    return {field.name: hints[field.name] for field in fields(kind)}
