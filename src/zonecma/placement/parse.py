"""The placements there are, by name, and their parameters as the command line writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from zonecma.placement.carveout import Carveout
from zonecma.placement.half_free import HalfFree
from zonecma.placement.last_resort import LastResort
from zonecma.placement.policy import Placement
from zonecma.placement.zone_cma import ZoneCma

PLACEMENTS: tuple[type[Placement], ...] = (HalfFree, LastResort, ZoneCma, Carveout)
"""The policies there are; the first is the baseline, what kernels do today."""


def policy_called(name: str) -> type[Placement]:
    """The policy of this name; raises ValueError, with the names there are, for another."""
    by_name = {policy.name: policy for policy in PLACEMENTS}
    if name not in by_name:
        known = ", ".join(by_name)
        raise ValueError(f"no placement is called {name!r}; expected one of {known}, or a .py file")
    return by_name[name]


def with_settings(policy: type[Placement], settings: Sequence[str]) -> Placement:
    """A policy with ``param=value`` settings; raises ValueError for one that it does not have."""
    name = policy.name
    parameters = {field.name: _number(name, field.name, settings) for field in fields(policy)}
    unknown = [s for s in settings if s.split("=")[0] not in parameters]
    if unknown:
        known = ", ".join(parameters) or "none"
        raise ValueError(f"placement {name} has no parameter {unknown[0].split('=')[0]!r}; it has: {known}")
    return policy(**{key: value for key, value in parameters.items() if value is not None})


def _number(policy: str, parameter: str, settings: Sequence[str]) -> float | None:
    """The value that the settings give to a parameter; None when they don't."""
    values = [value for key, _, value in (s.partition("=") for s in settings) if key == parameter]
    if not values:
        return None
    try:
        return float(values[-1])
    except ValueError:
        raise ValueError(f"placement {policy}: {parameter} is {values[-1]!r}; expected a number") from None
