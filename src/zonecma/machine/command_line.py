"""The kernel's command line, applied to a board.

Options that are no matter of memory are passed over, as unknown ones are.  What the kernel would
ignore or take for something else is an InputError that says so.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from zonecma.errors import InputError
from zonecma.kernel.thresholds import HugePages
from zonecma.machine.board import Board
from zonecma.machine.options.areas import cma, hugetlb_cma
from zonecma.machine.options.ram import mem, memmap
from zonecma.machine.options.values import fail, whole_size
from zonecma.machine.options.zones import kernelcore, movablecore

_WORDS = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


def apply_command_line(board: Board, text: str, *, ram: bool = True) -> Board:
    """The board that a kernel finds when it is given ``text``.

    With ``ram`` False, its memory is what mem= and memmap= have left already.  Raises InputError
    for a value that the kernel would not take as it stands.
    """
    given = [one for one in options(text) if ram or one[0] not in ("mem", "memmap")]
    limits = [value for name, value in given if name == "mem"]
    if limits:
        board = mem(board, limits)
    for name, value in given:
        if name in _OPTIONS:
            board = _OPTIONS[name](board, value)
    if not board.memory:
        raise InputError(f"command line: {text.strip()[:60]!r} leaves no memory")
    return dataclasses.replace(board, memory=tuple(sorted(board.memory, key=lambda one: one.start)))


def options(text: str) -> Iterator[tuple[str, str]]:
    """Each option's name and value, up to ``--``, quotes removed; - in a name is _ (parse_args)."""
    for word in _WORDS.findall(text):
        plain = word.replace('"', "")
        if plain == "--":
            return
        name, _, value = plain.partition("=")
        yield name.replace("-", "_"), value


def _transparent_hugepage(board: Board, value: str) -> Board:
    """A kernel without huge pages has none whatever is asked (setup_transparent_hugepage)."""
    if value not in ("always", "madvise", "never"):
        fail("transparent_hugepage", value, "expected always, madvise or never; the kernel ignores it")
    if board.huge_pages is HugePages.ABSENT:
        return board
    return dataclasses.replace(board, huge_pages=HugePages.NEVER if value == "never" else HugePages.ON)


def _cpus(name: str) -> Callable[[Board, str], Board]:
    """nr_cpus= and maxcpus=; 0 leaves the one that boots."""

    def apply(board: Board, value: str) -> Board:
        count = whole_size(name, value, "ignores it")
        return dataclasses.replace(board, nr_cpus=max(1, min(board.nr_cpus, count)))

    return apply


def _numa(board: Board, value: str) -> Board:
    """numa=off: one node has all memory."""
    if value != "off":
        return board
    return dataclasses.replace(board, memory=tuple(dataclasses.replace(one, node=0) for one in board.memory))


_OPTIONS: Mapping[str, Callable[[Board, str], Board]] = MappingProxyType(
    {
        "memmap": memmap,
        "cma": cma,
        "hugetlb_cma": hugetlb_cma,
        "kernelcore": kernelcore,
        "movablecore": movablecore,
        "movable_node": lambda board, _: dataclasses.replace(board, movable_node=True),
        "transparent_hugepage": _transparent_hugepage,
        "nr_cpus": _cpus("nr_cpus"),
        "maxcpus": _cpus("maxcpus"),
        "nosmp": lambda board, _: dataclasses.replace(board, nr_cpus=1),
        "numa": _numa,
    }
)
