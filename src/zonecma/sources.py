"""Which of the package's own sources a thing is made from, and their hash: it is stale once they change."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IMPORT = re.compile(r"^\s*from (zonecma[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_WORD = re.compile(r"\w+")

Imports = frozenset[tuple[str, str]]
"""(module, name) pairs."""


def room_sources(room: str) -> list[Path]:
    """All files of a room."""
    return sorted((_PACKAGE / room).rglob("*.py"))


@functools.cache
def imports_of(source: Path) -> Imports:
    """What a file takes from the package's other files."""
    return frozenset(
        (module, name)
        for module, names in _IMPORT.findall(source.read_text())
        for name in _WORD.findall(names)
    )


def sources_behind(names: Iterable[str], module: str) -> list[Path]:
    """The files that import one of these names from a module, with all that they import in turn."""
    wanted = {(module, name) for name in names}
    todo = [source for source in room_sources("") if not wanted.isdisjoint(imports_of(source))]
    found: set[Path] = set()
    while todo:
        source = todo.pop()
        if source not in found:
            found.add(source)
            todo.extend(_imported(source))
    return sorted(found)


def _imported(source: Path) -> Iterator[Path]:
    for module, name in imports_of(source):
        base = _PACKAGE.joinpath(*module.split(".")[1:])
        yield from filter(Path.is_file, (base.with_suffix(".py"), base / "__init__.py", base / f"{name}.py"))


def digest_of(sources: Iterable[Path]) -> str:
    """A hash of what files say."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()
