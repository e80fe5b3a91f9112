"""Placements as a user names them: ``half-free,fraction=0.3``, or ``./mine.py``, a file that defines one."""

from __future__ import annotations

import sys
import types
from pathlib import Path

from zonecma.errors import InputError
from zonecma.placement.parse import policy_called, with_settings
from zonecma.placement.policy import Placement
from zonecma.placement.tables import place_of


def parse_placement(text: str) -> Placement:
    """The placement that ``NAME[,param=value]...`` or ``FILE.py[,param=value]...`` means.

    Raises InputError, with what is allowed, for a name or parameter that does not exist or a
    file that is no placement.
    """
    name, *settings = text.split(",")
    policy = load_policy(Path(name)) if name.endswith(".py") else None
    try:
        return with_settings(policy or policy_called(name), settings)
    except ValueError as error:
        raise InputError(str(error)) from error


def load_policy(path: Path) -> type[Placement]:
    """The placement that a file defines.

    Raises InputError, with the line, for a file that can't be run or defines none or several.
    """
    module = types.ModuleType(f"placement of {path}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:
        raise InputError(f"{place_of(error, str(path))}: {type(error).__name__}: {error}") from error
    found = [one for one in vars(module).values() if _is_placement(one) and one.__module__ == module.__name__]
    if len(found) != 1:
        raise InputError(f"{path}: defines {len(found)} placements; expected one class of zonecma.Placement")
    if not isinstance(getattr(found[0], "name", None), str):
        raise InputError(f"{path}: class {found[0].__name__} has no name; expected name = '...' in it")
    return found[0]  # type: ignore[no-any-return]


def _is_placement(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Placement)
