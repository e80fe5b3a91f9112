"""Small boards, and how to boot them as far as a test wants."""

from zonecma.kernel.rules import RULES
from zonecma.kernel.thresholds import HugePages
from zonecma.kernel.units import Pfn
from zonecma.machine.architecture import X86_64
from zonecma.machine.board import Board, MemoryRange, Reservation
from zonecma.machine.boot.progress import Given
from zonecma.machine.boot.sequence import boot_board, start
from zonecma.machine.machine import Area
from zonecma.placement import HalfFree, Series, ZoneCma


def board_of(*memory, architecture=X86_64, reserved=(), **options):
    """A board of ranges of memory: start, end, and perhaps the node."""
    ranges = tuple(MemoryRange(*one) for one in memory)
    taken = tuple(Reservation(*one) for one in reserved)
    options = {"huge_pages": HugePages.ABSENT, **options}
    return Board("by hand", architecture, ranges, taken, **options)


def area(base, size, name="a"):
    """An area by its bytes; pages of 4 KiB."""
    return Area(name, Pfn(base >> 12), size >> 12, 0)


def series(name):
    """A posting of the series."""
    return ZoneCma(series=Series(name))


def power_on(*memory, series="6.12", placement=None, areas=(), **options):
    """The machine before its kernel runs."""
    return start(board_of(*memory, **options), RULES[series], placement or HalfFree(), tuple(areas))


def boot_of(*memory, series="6.12", placement=None, areas=(), given=None, **options):
    """The booted machine."""
    board = board_of(*memory, **options)
    return boot_board(board, RULES[series], placement or HalfFree(), tuple(areas), given or Given())
