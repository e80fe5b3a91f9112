"""What a trace.dat holds: descriptions of events, names, and where each CPU's pages are.

trace-cmd.dat.v6(5) has the parts in one fixed order, trace-cmd.dat.v7(5) in sections that options point to.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zonecma.capture.trace_cmd.compression import Uncompress, block, blocks, uncompressor
from zonecma.capture.trace_cmd.numbers import Numbers
from zonecma.errors import InputError

MAGIC = b"\x17\x08\x44tracing"
SMALLEST_PAGE, LARGEST_PAGE = 1 << 12, 1 << 22
"""Bytes of a page of the ring buffer; a power of two."""

_DONE, _DATE, _BUFFER, _CLOCK, _OFFSET, _TSC = 0, 1, 3, 4, 7, 14
"""Options of both versions."""
_HEADER, _FTRACE, _EVENTS, _KALLSYMS, _CMDLINES, _BUFFER_TEXT = 16, 17, 18, 19, 21, 22
"""Options of version 7, which point to sections."""
_COMPRESSED = 1
_MOST_OPTIONS = 1 << 16
_HEADER_FIELD = re.compile(r"field: [\w ]+ (\w+);\s*offset:(\d{1,9});\s*size:(\d{1,9});")
_COUNTED_CLOCKS = ("counter", "uptime", "x86-tsc", "ppc-tb", "s390-tod")
"""Trace clocks that count no nanoseconds (trace_clocks, kernel/trace/trace.c)."""


@dataclass(frozen=True)
class CpuData:
    """One CPU's pages: where they are in the file, as they are there."""

    cpu: int
    offset: int
    size: int
    """bytes in the file"""


@dataclass
class Clock:
    """How stamps become nanoseconds."""

    name: str = ""
    offset: int = 0
    """ns to add"""
    multiplier: int = 0
    """of the processor's ticks; 0: stamps are ns"""
    shift: int = 0
    start: int = 0
    """ticks"""


@dataclass
class Container:
    """A file's parts."""

    path: Path
    data: memoryview
    version: int
    page_size: int
    uncompress: Uncompress | None = None
    """of the CPUs' data; None where they are as the kernel gave them"""
    header_page: str = ""
    formats: list[str] = field(default_factory=list)
    """format files of events"""
    kallsyms: memoryview = field(default_factory=lambda: memoryview(b""))
    cmdlines: str = ""
    clock: Clock = field(default_factory=Clock)
    cpus: list[CpuData] = field(default_factory=list)

    @property
    def data_offset(self) -> int:
        """Where in a page its events begin."""
        fields = {name: (int(at), int(size)) for name, at, size in _HEADER_FIELD.findall(self.header_page)}
        at, _ = fields.get("data", (0, 0))
        if fields.get("timestamp") != (0, 8) or fields.get("commit") != (8, 8) or at != 16:
            raise InputError(
                f"{self.path}: header_page is of another kernel than a 64-bit one;"
                " expected timestamp and commit of 8 bytes, then data"
            )
        return at

    def pages(self, cpu: CpuData) -> Iterator[memoryview | bytes]:
        """A CPU's data in pieces.  InputError where the file ends before them."""
        if self.uncompress is None:
            yield self.data[cpu.offset : cpu.offset + cpu.size]
            self.check(cpu)
        elif cpu.size:
            yield from blocks(Numbers(self.data, self.path, cpu.offset), self.uncompress)

    def check(self, cpu: CpuData) -> None:
        """InputError where a CPU's data are not in the file."""
        if cpu.offset + cpu.size > len(self.data):
            raise InputError(
                f"{self.path}: CPU {cpu.cpu}'s data end at byte {cpu.offset + cpu.size}, but the file at"
                f" {len(self.data)}; expected a whole trace-cmd file"
            )


def open_container(path: Path) -> Container:
    """Read all but the events.  InputError where the file is damaged, or of a machine not read here."""
    data = _mapped(path)
    numbers = Numbers(data, path)
    if bytes(numbers.take(len(MAGIC), "the magic")) != MAGIC:
        raise InputError(f"{path}: is no trace.dat; expected a file that trace-cmd wrote")
    version = numbers.string("the version")
    if version not in ("6", "7"):
        raise InputError(f"{path}: is of version {version!r}; expected 6 or 7 (trace-cmd convert makes them)")
    if numbers.number(1, "the byte order"):
        raise InputError(f"{path}: is of a big-endian machine; expected a little-endian one")
    if numbers.number(1, "the size of a long") != 8:
        raise InputError(f"{path}: is of a 32-bit machine; expected a 64-bit one")
    container = Container(path, data, int(version), numbers.number(4, "the page size"))
    _check_page_size(container)
    (_read_6 if version == "6" else _read_7)(container, numbers)
    if not container.cpus:
        raise InputError(f"{path}: holds no CPU's data; expected those of trace-cmd record or extract")
    if not container.clock.multiplier and container.clock.name in _COUNTED_CLOCKS:
        raise InputError(
            f"{path}: stamps are of the clock {container.clock.name!r}; expected one of nanoseconds,"
            " such as trace-cmd record -C mono"
        )
    return container


def _mapped(path: Path) -> memoryview:
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:  # ValueError: an empty file
        raise InputError(f"{path}: cannot be read: {error}") from error


def _check_page_size(container: Container) -> None:
    size = container.page_size
    if not SMALLEST_PAGE <= size <= LARGEST_PAGE or size & (size - 1):
        raise InputError(
            f"{container.path}: has pages of {size} bytes; expected a power of two from {SMALLEST_PAGE}"
            f" to {LARGEST_PAGE}"
        )


def _text(data: memoryview) -> str:
    return bytes(data).decode(errors="replace")


def _read_header_info(container: Container, numbers: Numbers) -> None:
    for name in ("header_page", "header_event"):
        if numbers.string("a header's name") != name:
            raise InputError(f"{container.path}: has no {name}; expected a whole trace-cmd file")
        text = _text(numbers.block(8, name))
        if name == "header_page":
            container.header_page = text


def _read_ftrace_formats(container: Container, numbers: Numbers) -> None:
    for _ in range(numbers.number(4, "a count of events")):
        container.formats.append(_text(numbers.block(8, "a format")))


def _read_event_formats(container: Container, numbers: Numbers) -> None:
    for _ in range(numbers.number(4, "a count of systems")):
        numbers.string("a system's name")
        _read_ftrace_formats(container, numbers)


def _read_cmdlines(container: Container, numbers: Numbers) -> None:
    container.cmdlines = _text(numbers.block(8, "saved_cmdlines"))


def _read_kallsyms(container: Container, numbers: Numbers) -> None:
    container.kallsyms = numbers.block(4, "kallsyms")


def _read_clock_option(clock: Clock, option: int, data: memoryview) -> None:
    """Options that say what a stamp means (handle_options, trace-cmd)."""
    if option in (_DATE, _OFFSET):
        text = _text(data).rstrip("\0\n ")
        if re.fullmatch(r"-?(0[xX][0-9a-fA-F]{1,15}|\d{1,18})", text):
            clock.offset += int(text, 0) * (1000 if option == _DATE else 1)
    elif option == _CLOCK and (match := re.search(r"\[([\w-]+)\]", _text(data))):
        clock.name = match[1]
    elif option == _TSC and len(data) >= 16:
        numbers = Numbers(data, "TSC2NSEC")
        clock.multiplier, clock.shift = numbers.number(4, "multiplier"), numbers.number(4, "shift") & 63
        clock.start = numbers.number(8, "offset")


# version 6


def _read_6(container: Container, numbers: Numbers) -> None:
    """Parts in their order; of several buffers the first that has data: the top one, else an instance."""
    _read_header_info(container, numbers)
    _read_ftrace_formats(container, numbers)
    _read_event_formats(container, numbers)
    _read_kallsyms(container, numbers)
    numbers.block(4, "printk_formats")
    _read_cmdlines(container, numbers)
    cpus = numbers.number(4, "the number of CPUs")
    buffers = _read_options_6(container, numbers) if (kind := _kind(numbers)) == "options" else []
    kind = _kind(numbers) if kind == "options" else kind
    while True:
        if kind != "flyrecord":
            raise InputError(
                f"{container.path}: holds {kind!r}; expected flyrecord, as trace-cmd record or extract write"
            )
        container.cpus = [
            CpuData(cpu, numbers.number(8, "a CPU's offset"), numbers.number(8, "a CPU's size"))
            for cpu in range(min(cpus, len(container.data) // 16))
        ]
        if any(cpu.size for cpu in container.cpus) or not buffers:
            return
        numbers.at = buffers.pop(0)
        kind = _kind(numbers)


def _kind(numbers: Numbers) -> str:
    return _text(numbers.take(10, "what follows")).rstrip("\0 ")


def _read_options_6(container: Container, numbers: Numbers) -> list[int]:
    """Where the buffers of instances are."""
    buffers = []
    while option := numbers.number(2, "an option"):
        data = numbers.block(4, "an option")
        if option == _BUFFER:
            buffers.append(Numbers(data, container.path).number(8, "a buffer's offset"))
        else:
            _read_clock_option(container.clock, option, data)
    return buffers


# version 7

_SECTIONS = {
    _HEADER: _read_header_info,
    _FTRACE: _read_ftrace_formats,
    _EVENTS: _read_event_formats,
    _KALLSYMS: _read_kallsyms,
    _CMDLINES: _read_cmdlines,
}


def _read_7(container: Container, numbers: Numbers) -> None:
    """Options, and the sections that they point to; of several buffers the first that has data."""
    uncompress = uncompressor(numbers.string("the compression"), container.path)
    numbers.string("the compression's version")
    buffers: list[memoryview] = []
    for option, data in _options_7(container, uncompress, numbers.number(8, "the options' offset")):
        if option in _SECTIONS:
            at = Numbers(data, container.path).number(8, "a section's offset")
            _SECTIONS[option](container, _section(container, uncompress, at, option))
        elif option == _BUFFER:
            buffers.append(data)
        else:
            _read_clock_option(container.clock, option, data)
    for data in buffers:
        _read_buffer(container, uncompress, Numbers(data, container.path))
        if any(cpu.size for cpu in container.cpus):
            return


def _section(container: Container, uncompress: Uncompress | None, at: int, section: int) -> Numbers:
    """A section's content."""
    numbers = Numbers(container.data, container.path, at)
    found, flags = numbers.number(2, "a section's number"), numbers.number(2, "a section's flags")
    numbers.take(4, "a section's description")
    size = numbers.number(8, "a section's size")
    if found != section:
        raise InputError(f"{container.path}: at byte {at} is section {found}; expected section {section}")
    if not flags & _COMPRESSED:
        return Numbers(numbers.take(size, f"section {section}"), f"{container.path}: section {section}")
    if uncompress is None:
        raise InputError(f"{container.path}: section {section} is compressed, but the file says by nothing")
    return Numbers(memoryview(block(numbers, uncompress)), f"{container.path}: section {section}")


def _options_7(
    container: Container, uncompress: Uncompress | None, at: int
) -> Iterator[tuple[int, memoryview]]:
    """All options, from one section of them to the next."""
    count, seen = 0, {0}
    while at not in seen:
        seen.add(at)
        numbers = _section(container, uncompress, at, _DONE)
        at = 0
        while numbers.at < len(numbers.data) and count < _MOST_OPTIONS:
            count += 1
            option, data = numbers.number(2, "an option"), numbers.block(4, "an option")
            if option == _DONE:
                at = Numbers(data, container.path).number(8, "the next options' offset")
                break
            yield option, data


def _read_buffer(container: Container, uncompress: Uncompress | None, option: Numbers) -> None:
    """A buffer's page size and its CPUs' data."""
    at = option.number(8, "a buffer's offset")
    option.string("a buffer's name")
    container.clock.name = option.string("a buffer's clock")
    container.page_size = option.number(4, "a buffer's page size")
    _check_page_size(container)
    head = Numbers(container.data, container.path, at)
    head.take(2, "a buffer's section")
    container.uncompress = uncompress if head.number(2, "a buffer's flags") & _COMPRESSED else None
    container.cpus = [
        CpuData(option.number(4, "a CPU"), option.number(8, "its offset"), option.number(8, "its size"))
        for _ in range(option.number(4, "the number of CPUs"))
    ]
