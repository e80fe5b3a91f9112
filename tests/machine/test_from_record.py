"""A recorded kernel's board: logs and files written by hand, and each that can't be one."""

import dataclasses

import pytest

from tests.conftest import CAPTURES
from tests.machine.boot.boards import area
from zonecma.capture.boot_log import read_boot_log
from zonecma.capture.boot_record import BootRecord, open_boot_record
from zonecma.capture.proc.zoneinfo import ZoneInfo
from zonecma.errors import InputError
from zonecma.kernel.thresholds import HugePages
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_NORMAL
from zonecma.machine.architecture import GIB, MIB
from zonecma.machine.board import MemoryModel, MemoryRange, Reservation
from zonecma.machine.from_record import board_of_record

PC = """\
Zone ranges:
  DMA      [mem 0x0000000000000000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x000000003fffffff]
  Normal   empty
Movable zone start for each node
  node   0: [mem 0x0000000000000000-0x000000003fffffff]
"""
I386 = """\
Zone ranges:
  DMA      [mem 0x0000000000000000-0x0000000000ffffff]
  Normal   [mem 0x0000000001000000-0x00000000377fdfff]
  HighMem  [mem 0x00000000377fe000-0x000000003fffffff]
Movable zone start for each node
  node   0: [mem 0x0000000000000000-0x000000003fffffff]
"""


def zone(name, managed, node=0, cpus=1):
    sizes = {"managed": managed, "vm stats threshold": 4}
    pagesets = [{"cpu": cpu, "count": 0, "high": 0, "batch": 1} for cpu in range(cpus)]
    return ZoneInfo(node, name, sizes, pagesets=pagesets)


def record(log=PC, zones=(("DMA", 4096), ("DMA32", 258048)), command_line="", cpus=1, **fields):
    rows = [zone(*one, cpus=cpus) for one in zones]
    given = {"page_types": None, "vmstat": "", "meminfo": "", **fields}
    return BootRecord("by hand", "6.12", command_line, read_boot_log(log), rows, **given)


def test_a_board():
    board = board_of_record(record(cpus=2)).board
    assert board.memory == (MemoryRange(0, GIB, 0),)
    assert (board.nr_cpus, board.smp, board.memory_model) == (2, True, MemoryModel.SPARSEMEM)
    assert (board.architecture.bits, board.architecture.pageblock_order) == (64, 10)
    assert dict(board.architecture.zone_ends) == {ZONE_DMA: 16 * MIB, ZONE_DMA32: GIB, ZONE_NORMAL: GIB}


def test_a_board_of_32_bits():
    board = board_of_record(record(I386, (("DMA", 4096), ("Normal", 0), ("HighMem", 0)))).board
    assert (board.architecture.bits, board.memory_model) == (32, MemoryModel.FLATMEM)
    assert dict(board.architecture.zone_ends)[ZONE_HIGHMEM] == GIB


@pytest.mark.parametrize(("meminfo", "order"), [("HugePages_Total: 0\n", 9), ("", 10)])
def test_pageblocks_without_pagetypeinfo_follow_from_huge_pages(meminfo, order):
    assert board_of_record(record(meminfo=meminfo)).board.architecture.pageblock_order == order


@pytest.mark.parametrize(
    ("vmstat", "command_line", "huge_pages"),
    [
        ("thp_fault_alloc 0\n", "", HugePages.ON),
        ("thp_fault_alloc 0\n", "transparent_hugepage=never", HugePages.NEVER),
        ("", "", HugePages.ABSENT),
        ("", "transparent_hugepage=always", HugePages.ABSENT),
    ],
)
def test_whether_khugepaged_runs(vmstat, command_line, huge_pages):
    assert board_of_record(record(vmstat=vmstat, command_line=command_line)).board.huge_pages is huge_pages


def test_options_whose_effect_the_log_does_not_show():
    board = board_of_record(record(command_line="movablecore=256M cma=64M hugetlb_cma=1G mem=2G")).board
    assert (board.movablecore, board.areas) == (256 * MIB, ())


def test_what_memblock_keeps():
    log = PC + (
        " reserved[0x0]\t[0x0000000000000000-0x0000000000ffffff], 0x1000000 bytes flags: 0x0\n"
        "memblock_reserve: [0x0000000002000000-0x0000000002ffffff] a\n"
        "memblock_free: [0x0000000000800000-0x0000000000ffffff] b\n"
    )
    found = board_of_record(record(log))
    assert found.board.reserved == (Reservation(0, 8 * MIB), Reservation(32 * MIB, 48 * MIB))
    assert found.given.managed == {}
    assert found.inputs == ()


def test_managed_pages_of_zoneinfo_less_what_came_late_and_less_the_areas():
    """1000 KiB more are managed than were available when memory was handed over: 250 frames of DMA32."""
    log = PC + "cma: Reserved 64 MiB at 0x20000000\nMemory: 1047576K/1048576K available (1K kernel code)\n"
    found = board_of_record(record(log, (("DMA", 4096), ("DMA32", 258048))))
    assert found.areas == (area(512 * MIB, 64 * MIB, "reserved"),)
    total = sum(found.given.managed.values())
    assert found.given.managed[0, ZONE_DMA] == 4096
    assert total == 1047576 // 4
    assert "/proc/zoneinfo" in found.inputs[0]


def test_managed_pages_that_a_patched_kernel_printed():
    log = PC + "GTZ DMA populated=1 boot_pageset=0 contiguous=1 managed=77 x=1\n"
    assert board_of_record(record(log)).given.managed == {(0, ZONE_DMA): 77}


def test_zones_that_the_model_does_not_have_are_passed_over():
    rows = (("DMA", 4096), ("DMA32", 258048), ("Device", 0))
    assert (0, ZONE_DMA) in board_of_record(record(zones=rows)).given.managed


def changed(old, new):
    assert old in PC
    return PC.replace(old, new)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "names no zones or no memory"),
        (PC.partition("Movable")[0], "names no zones or no memory"),
        (changed("  DMA32", "  Movable"), "has a zone 'Movable'; expected one of ['DMA', 'DMA32'"),
        (changed("  DMA32", "  CMA"), "has a zone 'CMA'"),
        (changed("  DMA32", "  Moon"), "has a zone 'Moon'"),
        (changed("0x0000000001000000-0x000000003f", "0x0000000000100000-0x000000003f"), "expected it above"),
        (changed("0x0000000001000000-0x000000003f", "0x0000000001000000-0x000000000f"), None),
        (changed("0000000000-0x000000003fffffff]\n", "0000000000-0x00000fffffffffff]\n"), "has room for"),
        (changed("0x0000000000000000-0x000000003f", "0xffffffffffffffff-0x000000003f"), "no whole page"),
        (PC + "  node   1: [mem 0x0000000000100000-0x00000000001fffff]\n", "overlap"),
    ],
)
def test_logs_that_no_machine_has(log, words):
    if words is None:
        assert board_of_record(record(log)).board.memory
        return
    with pytest.raises(InputError) as error:
        board_of_record(record(log))
    assert str(error.value).startswith("by hand: ")
    assert words in str(error.value)


@pytest.mark.parametrize("cpus", [0, 8193])
def test_no_cpu_or_too_many(cpus):
    with pytest.raises(InputError, match=f"shows {cpus} CPUs; expected 1 to 8192"):
        board_of_record(record(cpus=cpus))


@pytest.mark.parametrize("node", [0, 5])
def test_the_only_node_may_have_any_number(node):
    log = PC.replace("node   0", f"node   {node}") + "Freeing SMP alternatives memory: 40K\n"
    found = board_of_record(record(log, (("DMA", 4096, node), ("DMA32", 258048, node))))
    assert set(found.given.managed) == {(node, ZONE_DMA), (node, ZONE_DMA32)}


def test_a_recorded_boot_of_each_kind():
    for name in ("boots-4.7/v6-cma512", "boots-4.7/i-v3-flat", "boot-cma256-6.12", "boot-cma256-6.1"):
        found = board_of_record(open_boot_record(str(CAPTURES / name)))
        assert found.board.rules == found.board.source.rpartition("-")[2] or name.startswith("boots")
        assert found.areas[0].count in {131072, 32768, 65536}


@pytest.mark.parametrize(
    ("area_mib", "lent"),
    [
        (640, {"DMA32": 32 * 256}),  # whole in DMA32
        (800, {"Movable": 32 * 256}),  # whole in ZONE_MOVABLE
        (752, {"DMA32": 16 * 256}),  # straddling at 768 MiB: activation stops there
    ],
)
def test_an_areas_pages_are_managed_by_the_zone_that_its_frames_were_in(area_mib, lent):
    """A stock kernel's managed pages hold what the area lent; booting adds that itself."""
    log = PC + f"cma: Reserved 32 MiB at {area_mib * MIB:#018x}\n"
    zones = (("DMA", 4000), ("DMA32", 190000), ("Movable", 60000))
    rows = record(log, zones, command_line="movablecore=256M")
    given = board_of_record(dataclasses.replace(rows, series="4.7")).given
    indices = {"DMA": ZONE_DMA, "DMA32": ZONE_DMA32, "Movable": ZONE_MOVABLE}
    for name, managed in zones:
        assert given.managed[0, indices[name]] == managed - lent.get(name, 0)
