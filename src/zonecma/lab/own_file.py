"""A class that a user's own file defines: a placement, or a scenario."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import NamedTuple, TypeVar

from zonecma.errors import InputError
from zonecma.placement.tables import place_of

Own = TypeVar("Own")


class Wanted(NamedTuple):
    """What a file is to define one of."""

    nouns: str
    base: str
    """its class, as a user names it"""


def class_in(path: Path, base: type[Own], wanted: Wanted) -> type[Own]:
    """The class of this base that a file defines.

    Raises InputError, with the line, for a file that can't be run or defines none or several.
    """
    module = types.ModuleType(f"{wanted.nouns} of {path}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:
        raise InputError(f"{place_of(error, str(path))}: {type(error).__name__}: {error}") from error
    found: list[type[Own]] = [one for one in vars(module).values() if _is_own(one, base, module.__name__)]
    if len(found) != 1:
        expected = f"expected one class of {wanted.base}"
        raise InputError(f"{path}: defines {len(found)} {wanted.nouns}; {expected}")
    if not isinstance(getattr(found[0], "name", None), str):
        raise InputError(f"{path}: class {found[0].__name__} has no name; expected name = '...' in it")
    return found[0]


def _is_own(value: object, base: type, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, base) and value.__module__ == module
