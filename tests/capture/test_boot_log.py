"""Kernel logs, line by line; the lines are those of recorded boots."""

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.boot_log import PrintedZone, read_boot_log
from zonecma.kernel.zone import ZONE_CMA, ZONE_DMA32

ZONES = """\
[    0.000000] Zone ranges:
[    0.000000]   DMA      [mem 0x0000000000001000-0x0000000000ffffff]
[    0.000000]   DMA32    [mem 0x0000000001000000-0x000000003ffd3fff]
[    0.000000]   Normal   empty
[    0.000000] Movable zone start for each node
[    0.000000]   Normal   [mem 0x0000000000001000-0x0000000000ffffff]
"""


def test_zones_are_what_follows_zone_ranges_and_end_after_their_last_byte():
    assert read_boot_log(ZONES).zones == {
        "DMA": (0x1000, 0x1000000),
        "DMA32": (0x1000000, 0x3FFD4000),
        "Normal": None,
    }


@pytest.mark.parametrize("stamp", ["", "[    0.000000] ", "[12345.678901] "])
def test_memory_with_its_node(stamp):
    log = read_boot_log(f"{stamp}  node   1: [mem 0x0000000000100000-0x000000002ffdffff]\n")
    assert log.memory == [(0x100000, 0x2FFE0000, 1)]


def test_what_memblock_reserves_and_frees_counts_from_its_first_list_on():
    log = read_boot_log(
        "memblock_reserve: [0x0000000000001000-0x0000000000001fff] early\n"
        " reserved[0x0]\t[0x0000000000000000-0x0000000000000fff], 0x1000 bytes flags: 0x0\n"
        "memblock_reserve: [0x0000000000004000-0x0000000000004fff] a+0x0/0x1\n"
        "memblock_phys_free: [0x0000000000004000-0x0000000000004fff] b+0x0/0x1\n"
        "memblock_free: [0x0000000000005000-0x0000000000005fff] c+0x0/0x1\n"
    )
    assert log.reserved == [(0, 0x1000)]
    assert log.calls == [(True, (0x4000, 0x5000)), (False, (0x4000, 0x5000)), (False, (0x5000, 0x6000))]


@pytest.mark.parametrize("tail", ["", " on node -1"])
def test_areas_in_their_order(tail):
    log = read_boot_log(
        f"cma: Reserved 128 MiB at 0x27c00000{tail}\ncma: Reserved 16 MiB at 0x000000001000000{tail}\n"
    )
    assert log.areas == [(0x27C00000, 0x2FC00000), (0x1000000, 0x2000000)]


def test_what_is_freed_before_the_initcalls():
    log = read_boot_log("Freeing SMP alternatives memory: 40K\nFreeing initrd memory: 2048K\n")
    assert log.freed_early == 40 << 10


def test_what_is_available():
    log = read_boot_log("Memory: 644188K/785912K available (2326K kernel code, 131072K cma-reserved)\n")
    assert log.available == 644188 << 10
    assert read_boot_log("").available is None


def test_what_a_patched_kernel_prints_of_a_zone():
    log = read_boot_log((CAPTURES / "boots-4.7" / "v3-cma512" / "dmesg-excerpt").read_text())
    assert PrintedZone(ZONE_CMA, 131072, populated=True, boot_pageset=True, contiguous=True) in log.printed
    dma32 = next(one for one in log.printed if one.zone == ZONE_DMA32)
    assert (dma32.managed, dma32.boot_pageset, dma32.contiguous) == (120510, False, True)


@pytest.mark.parametrize(
    "line",
    [
        "cma: Reserved " + "9" * 30 + " MiB at 0x0",
        "cma: Reserved 1 MiB at 0x" + "f" * 30,
        "cma: Reserved -4 MiB at 0x1000000",
        "  node   0: [mem 0x" + "0" * 20 + "-0x1000]",
        "Memory: " + "9" * 5000 + "K/1K available",
        "Freeing SMP alternatives memory: " + "9" * 5000 + "K",
        "GTZ Device populated=1 boot_pageset=0 contiguous=1 managed=1 x",
        "GTZ DMA populated=1 boot_pageset=0 contiguous=1 managed=x ",
        "GTZ DMA a=b=c",
        "\0\0\0",
    ],
)
def test_lines_that_say_nothing_are_passed_over(line):
    assert read_boot_log(line) == read_boot_log("")
