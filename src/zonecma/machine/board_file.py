"""A board written by hand: a TOML file, as the presets are.

Sizes and addresses are bytes, as numbers or as the kernel's text (``512M``, ``0x40000000``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from zonecma.errors import InputError
from zonecma.kernel.thresholds import HugePages
from zonecma.kernel.zone import ZONE_DMA
from zonecma.machine.architecture import ARCHITECTURES, Architecture
from zonecma.machine.area_rules import AREA_RULES
from zonecma.machine.board import AreaRequest, Board, MemoryModel, MemoryRange, Reservation
from zonecma.machine.command_line import apply_command_line
from zonecma.machine.options.areas import with_areas
from zonecma.machine.sizes import memparse

_ADDRESS_BITS = 52
_LARGEST_FILE = 1 << 20
_MODELS = {model.value: model for model in MemoryModel}


def read_board_file(path: Path) -> Board:
    """The board of a file; raises InputError with the file and the key."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    return board_of_toml(data.decode(errors="replace"), str(path))


def board_of_toml(text: str, source: str) -> Board:
    """The board that ``text`` describes; raises InputError with ``source`` and the key."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: {' '.join(str(error).split())[:200]}") from None
    return _board(_Table(values, source), source)


class _Table:
    """A table of the file; each key is taken once, and none may be left."""

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self.values, self.place = dict(values), place
        self.known: list[str] = []

    def fail(self, key: str, what: str, found: object) -> NoReturn:
        shown = repr(found)
        raise InputError(f"{self.place}: {key}: expected {what}, found {shown[:60]}")

    def take(self, key: str, kind: type, what: str, default: Any) -> Any:
        self.known.append(key)
        value = self.values.pop(key, default)
        if value is not default and type(value) is not kind:
            self.fail(key, what, value)
        return value

    def text(self, key: str, default: str = "") -> str:
        return str(self.take(key, str, "a text", default))

    def flag(self, key: str, *, default: bool = False) -> bool:
        return bool(self.take(key, bool, "true or false", default))

    def given(self, key: str) -> bool:
        """Whether the file has the key."""
        self.known.append(key)
        return key in self.values

    def count(self, key: str, default: int, largest: int) -> int:
        value = int(self.take(key, int, f"a number up to {largest}", default))
        if not 0 <= value <= largest:
            self.fail(key, f"a number up to {largest}", value)
        return value

    def choice(self, key: str, default: str, names: Mapping[str, Any]) -> str:
        value = self.text(key, default)
        if value and value not in names:
            self.fail(key, f"one of {', '.join(names)}", value)
        return value

    def size(self, key: str, default: int | None = 0) -> int:
        """A size or address; a default of None means that it must be given."""
        self.known.append(key)
        value = self.values.pop(key, default)
        if value is None:
            raise InputError(f"{self.place}: {key} is missing")
        return self.as_size(key, value)

    def as_size(self, key: str, value: object) -> int:
        size, rest = memparse(value) if isinstance(value, str) and value else (value, "")
        if type(size) is not int or rest or not 0 <= size < 1 << _ADDRESS_BITS:
            self.fail(key, f"a size below 2^{_ADDRESS_BITS} such as 512M", value)
        return size

    def span(self) -> tuple[int, int]:
        """``start``, and ``size`` or ``end``."""
        start, size, end = self.size("start"), self.size("size"), self.size("end")
        end = end or start + size
        if end <= start or (size and end != start + size) or end >> _ADDRESS_BITS:
            self.fail("size", "a size above 0, or an end above start", size or end)
        return start, end

    def tables(self, key: str) -> list[_Table]:
        """An array of tables, each with its number in its place."""
        rows = self.take(key, list, f"tables, each begun by [[{key}]]", [])
        for row in rows:
            if not isinstance(row, dict):
                self.fail(key, f"tables, each begun by [[{key}]]", row)
        return [_Table(row, f"{self.place}: {key} {number}") for number, row in enumerate(rows, 1)]

    def texts(self, key: str) -> tuple[str, ...]:
        rows = self.take(key, list, "a list of texts", [])
        for row in rows:
            if not isinstance(row, str):
                self.fail(key, "a list of texts", row)
        return tuple(rows)

    def done(self) -> None:
        """Raise InputError for a key that means nothing."""
        for key in self.values:
            raise InputError(
                f"{self.place}: {key[:60]!r} is not known; there are {', '.join(dict.fromkeys(self.known))}"
            )


def _board(table: _Table, source: str) -> Board:
    board = Board(
        name=table.text("name", Path(source).stem),
        architecture=_architecture(table),
        memory=_memory(table),
        reserved=tuple(_reservation(one) for one in table.tables("reserved")),
        areas=tuple(_area(one) for one in table.tables("area")),
        nr_cpus=max(1, table.count("cpus", 1, 8192)),
        memory_model=_MODELS[table.choice("memory_model", "sparsemem", _MODELS)],
        huge_pages=HugePages.ON if table.flag("huge_pages", default=True) else HugePages.ABSENT,
        max_areas=table.count("max_areas", 20, 255),
        rules=table.choice("kernel", "", AREA_RULES),
        source=table.text("source", source),
        notes=table.texts("notes"),
    )
    default, command_line = table.size("default_area"), table.text("command_line")
    table.done()
    if default:
        limit = board.architecture.default_area_limit
        board = with_areas(board, AreaRequest("reserved", default, limit=limit, default=True))
    return apply_command_line(board, command_line)


def _architecture(table: _Table) -> Architecture:
    name = table.choice("architecture", "", ARCHITECTURES)
    if not name:
        raise InputError(f"{table.place}: architecture is missing; there are {', '.join(ARCHITECTURES)}")
    built, kib, dma_end = ARCHITECTURES[name], table.count("page_kib", 4, 64), table.size("dma_end")
    if kib != 4:
        if kib not in (16, 64) or not name.startswith("arm64"):
            table.fail("page_kib", "4, or 16 or 64 on arm64", kib)
        built = built.with_pages_of(kib)
    return built.with_zone_end(ZONE_DMA, dma_end) if dma_end else built


def _memory(table: _Table) -> tuple[MemoryRange, ...]:
    ranges = []
    for one in table.tables("memory"):
        ranges.append(MemoryRange(*one.span(), one.count("node", 0, 1023), one.flag("hotpluggable")))
        one.done()
    ranges.sort(key=lambda one: one.start)
    if not ranges:
        raise InputError(f"{table.place}: there is no [[memory]] with start and size")
    for low, high in pairwise(ranges):
        if high.start < low.end:
            table.fail("memory", "ranges that do not overlap", hex(high.start))
    return tuple(ranges)


def _reservation(table: _Table) -> Reservation:
    one = Reservation(*table.span(), table.text("name"), table.flag("no_map"))
    table.done()
    return one


def _area(table: _Table) -> AreaRequest:
    area = AreaRequest(
        name=table.text("name", "area"),
        size=table.size("size", None),
        base=table.size("base") if table.given("base") else None,
        limit=table.size("limit"),
        alignment=table.size("alignment"),
        order_per_bit=table.count("order_per_bit", 0, 30),
        fixed=table.flag("fixed"),
        windows=tuple(_windows(table)),
        node=table.count("node", 0, 1023) if table.given("node") else None,
        from_tree=table.flag("from_tree"),
        default=table.flag("default"),
        reusable=table.flag("reusable", default=True),
        no_map=table.flag("no_map"),
    )
    table.done()
    return area


def _windows(table: _Table) -> list[tuple[int, int]]:
    """``alloc_ranges``, each a start and a size."""
    windows = []
    for row in table.take("alloc_ranges", list, "a list of [start, size]", []):
        if not isinstance(row, list) or len(row) != 2:
            table.fail("alloc_ranges", "a list of [start, size]", row)
        start, size = (table.as_size("alloc_ranges", one) for one in row)
        windows.append((start, start + size))
    return windows
