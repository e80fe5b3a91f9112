"""Placements as a user names them: ``half-free,fraction=0.3``, or ``./mine.py``, a file that defines one."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from zonecma.errors import InputError
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.units import ZoneIndex
from zonecma.lab.own_file import Wanted, class_in
from zonecma.placement.parse import policy_called, with_settings
from zonecma.placement.policy import HOME_ZONES, Home, Placement
from zonecma.placement.population import Population
from zonecma.placement.tables import place_of

OWN = Wanted("placements", "zonecma.Placement")
"""What a file must define one of."""


def parse_placement(text: str) -> Placement:
    """The placement that ``NAME[,param=value]...`` or ``FILE.py[,param=value]...`` means.

    Raises InputError, with what is allowed, for a name or parameter that does not exist or a
    file that is no placement.
    """
    name, *settings = text.split(",")
    policy = class_in(Path(name), Placement, OWN) if name.endswith(".py") else None
    try:
        placement = with_settings(policy or policy_called(name), settings)
    except ValueError as error:
        raise InputError(str(error)) from error
    if policy:
        _check_home(placement, name)
    return placement


def _check_home(placement: Placement, path: str) -> None:
    """Raise InputError unless a user's placement says in terms of the model where areas go."""
    try:
        home, kind, population = placement.home, placement.migratetype, placement.population
    except Exception as error:
        raise InputError(f"{place_of(error, path)}: population: {type(error).__name__}: {error}") from error
    if not isinstance(home, Home):
        raise InputError(f"{path}: home is {home!r}; expected one of zonecma.placement.Home")
    if kind not in (MIGRATE_MOVABLE, MIGRATE_CMA):
        raise InputError(f"{path}: migratetype is {kind!r}; expected MIGRATE_MOVABLE or MIGRATE_CMA")
    if home not in HOME_ZONES and population is not None:
        raise InputError(f"{path}: population is {repr(population)[:60]}; expected None where home is {home}")
    if home in HOME_ZONES and not _fills(population, HOME_ZONES[home]):
        raise InputError(
            f"{path}: population is {repr(population)[:60]}; expected a Population of zone"
            f" {HOME_ZONES[home]} with values of its own kinds, as home is {home}"
        )


def _fills(population: object, zone: ZoneIndex) -> bool:
    """Whether it says how to fill a zone."""
    if not isinstance(population, Population) or population.zone != zone:
        return False
    choices = [field for field in fields(Population) if field.default is not MISSING]
    return all(isinstance(getattr(population, one.name), type(one.default)) for one in choices)
