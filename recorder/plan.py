"""What is to be recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from recorder.errors import RecorderError
from recorder.sizes import MIB, mebibytes, parse_size

KERNELS = ("6.12", "6.1")
_MIN_RAM = 256
"""MiB: with less, the debug kernel has no room for its own ring buffer on 6.1"""
_TAKEN = 64
"""MiB: what the kernel, memory's map and a root in memory take at most, before anything is traced"""
_MAX_CPUS = 4
"""CONFIG_NR_CPUS of the recorder's configuration"""


@dataclass(frozen=True)
class Load:
    """The load that runs between the snapshots A and B."""

    name: str = "none"
    seed: int = 0
    size: int = 1
    """its scale: how many times as much of everything"""


@dataclass(frozen=True)
class Calls:
    """Contiguous requests, one after another, beside the load."""

    least: int
    """MiB; drawn at random are this, twice this, and so on"""
    most: int
    """MiB"""
    count: int = 20
    hold: int = 100
    """milliseconds after each"""
    gap: int = 60
    """milliseconds before the next"""
    keep: int = 3
    """buffers held at most"""


@dataclass(frozen=True)
class Plan:
    """One recording."""

    name: str
    kernel: str = "6.12"
    cpus: int = 1
    ram: int = 1024
    """MiB that the kernel sees, without the ring buffer's own"""
    area: str = ""
    """``cma=``: a size, perhaps with an address; empty: none"""
    huge_area: str = ""
    """``hugetlb_cma=``: a second area, in whole GiB"""
    movable: str = ""
    """``movablecore=``"""
    load: Load = field(default_factory=Load)
    calls: Calls | None = None
    data: int = 256
    """MiB of the scratch disk"""
    swap: int = 0
    """MiB of the swap disk; 0: none"""
    trace: int = 256
    """MiB of the ring buffer, in memory of its own on 6.12, of each CPU on 6.1"""
    deterministic: bool = False
    page_owner: bool = False
    like_4_7: bool = False
    """settings that make the allocator behave as 4.7's did, as far as there are any"""
    live: bool = False
    """recorded by zonecma's collector, as any machine is: no trace from boot on, no snapshots"""
    kill_after: int = 0
    """seconds until a collector is killed; 0: never"""
    append: tuple[str, ...] = ()
    """more words of the kernel's command line"""
    timeout: int = 600
    """seconds until the guest is given up"""

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise RecorderError(fault)

    def _faults(self) -> list[str]:
        """What no machine could do, a sentence each."""
        areas = [parse_size(text.split("@")[0]) // MIB for text in (self.area, self.huge_area) if text]
        wanted, room = sum(areas), most_trace(self.ram, areas)
        tests = {
            f"{self.name!r} is no name for a folder; expected letters, digits, dots and dashes": not (
                self.name.replace("-", "").replace(".", "").replace("_", "").isalnum()
            ),
            f"kernel {self.kernel!r} is not one of {', '.join(KERNELS)}": self.kernel not in KERNELS,
            f"{self.cpus} CPUs; expected 1 to {_MAX_CPUS}": not 1 <= self.cpus <= _MAX_CPUS,
            f"{self.ram} MiB of memory; expected {_MIN_RAM} or more": self.ram < _MIN_RAM,
            f"areas of {wanted} MiB do not fit in {self.ram} MiB of memory": wanted >= self.ram,
            "contiguous calls need an area: name one with --area, or say --calls none": bool(
                self.calls and not self.area
            ),
            f"a ring buffer of {self.trace} MiB cannot be mapped in {self.ram} MiB with areas of {wanted};"
            f" at most {room} MiB can: --trace {room}M, or a larger --ram": self.kernel != "6.1"
            and self.trace > room,
            "a deterministic recording has one CPU": self.deterministic and self.cpus > 1,
        }
        return [fault for fault, found in tests.items() if found]


def parse_load(text: str) -> Load:
    """``mix,seed=3,size=2``; RecorderError for what is not of that form."""
    name, *words = text.split(",")
    return Load(name, **_numbers(words, ("seed", "size")))


def parse_calls(text: str) -> Calls | None:
    """``1M:128M,count=15,hold=100,gap=60,keep=3``, or one size, or ``none``."""
    if text == "none":
        return None
    sizes, *words = text.split(",")
    least, _, most = sizes.partition(":")
    calls = Calls(
        mebibytes(least), mebibytes(most or least), **_numbers(words, ("count", "hold", "gap", "keep"))
    )
    if calls.least > calls.most:
        raise RecorderError(f"--calls {text}: the smallest comes first, as in 1M:128M")
    return calls


def usual_calls(area: str) -> Calls:
    """Calls of up to half of the area."""
    half = max(1, parse_size(area.split("@")[0]) // MIB // 2)
    return Calls(1, 1 << half.bit_length() - 1)


def usual_trace(kernel: str, ram: int, areas: Iterable[int]) -> int:
    """MiB of ring buffer: as much as is of use, and as the kernel can map."""
    return 96 if kernel == "6.1" else min(256, most_trace(ram, areas))


def most_trace(ram: int, areas: Iterable[int]) -> int:
    """MiB of ring buffer in memory of its own that 6.12 can map, rounded down.

    vmap() refuses more pages than totalram_pages(), which trace_init() finds without the areas
    and without what the kernel has taken by then.
    """
    return max(0, (ram - sum(areas) - _TAKEN) // 32 * 32)


def _numbers(words: list[str], names: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in names or not value.isdecimal():
            raise RecorderError(
                f"{word!r}: expected a whole number for {', '.join(names)}, as in {names[0]}=3"
            )
        found[name] = int(value)
    return found
