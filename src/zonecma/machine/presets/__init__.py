"""Boards that ship with zonecma, one TOML file each, with the source of its figures."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from zonecma.errors import InputError
from zonecma.machine.board import Board
from zonecma.machine.board_file import board_of_toml

_SUFFIX = ".toml"


@cache
def presets() -> tuple[str, ...]:
    """Their names, in order."""
    names = (file.name for file in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def preset(name: str) -> Board:
    """The board of this name; raises InputError that lists them when there is none."""
    if name not in presets():
        raise InputError(f"no board is called {name[:60]!r}; there are {', '.join(presets())}")
    return board_of_toml((files(__name__) / (name + _SUFFIX)).read_text(), name + _SUFFIX)
