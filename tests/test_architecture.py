"""The floors of the house: imports go downward only."""

import ast
import re

import pytest

from tests.conftest import REPOSITORY

SOURCE = REPOSITORY / "src" / "zonecma"
FLOORS = {
    "errors": 0, "progress": 0, "files": 0, "cache": 0, "sources": 0,
    "kernel": 1,
    "placement": 2,
    "machine": 3, "capture": 3, "workload": 3,
    "lab": 4,
    "report": 5,
    "cli": 6, "notebook": 6, "__main__": 7,
}  # fmt: skip
"""A room may import from its own floor and those below."""
NEIGHBOURS = {
    ("machine", "capture"), ("workload", "capture"),
    ("files", "errors"), ("cache", "errors"), ("cache", "sources"),
}  # fmt: skip
"""Rooms of one floor that may look into each other, one way."""
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.name != "__init__.py" or path.parent != SOURCE)


def room_of(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("zonecma."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("zonecma."))
        assert not (isinstance(node, ast.ImportFrom) and node.level), "imports name their room in full"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_downward_only(path):
    room = room_of(path)
    for other in imported(path):
        if other == room:
            continue
        below = FLOORS[other] < FLOORS[room]
        assert below or (room, other) in NEIGHBOURS, f"{room} imports {other}"


@pytest.mark.parametrize("room", ["kernel", "placement"])
def test_the_ground_floor_reads_no_files(room):
    """numba's cache is the one exception: kernel/jit.py."""
    for path in SOURCE.joinpath(room).glob("*.py"):
        words = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert path.name == "jit.py" or not words & {"open", "Path", "print"}


def test_numba_is_named_in_two_files():
    """How code is compiled, and how it passes the state."""
    users = {
        path.name
        for path in SOURCE.rglob("*.py")
        if re.search(r"^(import|from) (numba|llvmlite)", path.read_text(), re.M)
    }
    assert users == {"jit.py", "reference.py"}
