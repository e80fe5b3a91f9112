"""Scenarios as a user names them: ``camera-start,tabs=12``, or ``./mine.py``, a file that defines one."""

from __future__ import annotations

from pathlib import Path

from zonecma.errors import InputError
from zonecma.lab.own_file import Wanted, class_in
from zonecma.placement.parse import called, with_settings
from zonecma.placement.tables import place_of
from zonecma.workload.generated import GeneratedLoad
from zonecma.workload.scenario import Scenario
from zonecma.workload.scenarios import SCENARIOS
from zonecma.workload.sound import first_fault

_OWN = Wanted("scenarios", "zonecma.workload.generated.GeneratedLoad")


def is_scenario(text: str) -> bool:
    """Whether a text names a scenario, or a file that may define one."""
    name = text.partition(",")[0]
    return name.endswith(".py") or name in {one.name for one in SCENARIOS}


def parse_scenario(text: str) -> GeneratedLoad:
    """The load that ``NAME[,param=value]...`` or ``FILE.py[,param=value]...`` means.

    Raises InputError, with what is allowed, for a name or parameter that does not exist, a value
    that makes no sense, or a file that is no scenario.
    """
    name, *settings = text.split(",")
    try:
        kind = _own(Path(name)) if name.endswith(".py") else called(name, SCENARIOS, "scenario")
        return with_settings(kind, settings, "scenario")
    except ValueError as error:
        raise InputError(str(error)) from error
    except TypeError as error:  # no draw, or a parameter without its usual value
        raise InputError(f"{name}: {error}") from error


def draw_scenario(load: GeneratedLoad, seed: int) -> Scenario:
    """One drawing, which is sound; raises InputError, with the line, for a load that can't be drawn."""
    file = type(load).draw.__code__.co_filename
    try:
        scenario = load.draw(seed)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{place_of(error, file)}: draw: {type(error).__name__}: {error}") from error
    if not isinstance(scenario, Scenario):
        raise InputError(f"{file}: draw gives {repr(scenario)[:60]}; expected a Scenario")
    fault = first_fault(scenario)
    if fault:
        raise InputError(f"{file}: scenario {load.name}: {fault}")
    return scenario


def _own(path: Path) -> type[GeneratedLoad]:
    """A user's own, which says all that it must."""
    kind = class_in(path, GeneratedLoad, _OWN)  # type: ignore[type-abstract]
    for attribute in ("summary", "board"):
        if not isinstance(getattr(kind, attribute, None), str):
            expected = f"expected {attribute} = '...' in it"
            raise InputError(f"{path}: class {kind.__name__} has no {attribute}; {expected}")
    return kind
