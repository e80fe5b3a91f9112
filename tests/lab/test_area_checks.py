"""What users trip over, on boards where it is known: reports of Raspberry Pi, of 32 bits, of large pages."""

from dataclasses import replace

from zonecma.kernel.rules import RULES
from zonecma.lab.area_checks import check_area
from zonecma.lab.boot import boot_from
from zonecma.machine.board import MemoryRange
from zonecma.machine.presets import preset
from zonecma.machine.wanted_area import WantedArea, place_area
from zonecma.placement import Carveout, HalfFree

MIB, GIB = 1 << 20, 1 << 30


def checks(board, size, placement=None, below=0):
    placed = place_area(board, WantedArea(size, below))
    rules = RULES[board.rules]
    boot = boot_from(placed.board, placement or HalfFree(), rules).boot
    return {one.rule: one for one in check_area(placed, boot, below)}


def test_larger_pages_make_larger_areas():
    """CMA_MIN_ALIGNMENT_BYTES of arm64: 2, 32 and 512 MiB."""
    found = checks(preset("rpi4-4g"), 66 * MIB)
    assert "a multiple of 2 MiB" in found["alignment"].text
    assert "96 MiB with pages of 16 KiB (multiples of 32 MiB)" in found["page-size"].text
    assert "512 MiB with pages of 64 KiB (multiples of 512 MiB)" in found["page-size"].text
    assert "page-size" not in checks(preset("vm-1g-cma512"), 64 * MIB)


def test_address_bits():
    assert "a device needs 30 address bits" in checks(preset("rpi4-4g"), 64 * MIB)["reach"].text
    found = checks(preset("rpi4-4g"), 64 * MIB, below=256 * MIB)["reach"]
    assert "a device needs 28 address bits" in found.text and "0x10000000 is kept" in found.text


def test_other_areas_and_nodes_that_are_passed_over():
    found = checks(preset("phone-xz2c-4g"), 64 * MIB)["overlap"]
    assert "none of the board's 23 reservations and 4 other areas (160 MiB)" in found.text
    assert not found.trips


def test_free_memory_that_the_kernel_cannot_have():
    """As in raspberrypi/linux#3872 and #5395: half of the DMA zone is free, and requests die."""
    small, large = checks(preset("rpi4-4g"), 64 * MIB), checks(preset("rpi4-4g"), 640 * MIB)
    assert "2 % of RAM is free memory that the kernel's own requests" in small["free-but-unusable"].text
    assert not small["rest-of-zone"].trips
    assert large["rest-of-zone"].trips
    assert "% of the zone: pages that may move fill them at once" in large["rest-of-zone"].text


def test_a_zone_that_is_nearly_all_area():
    """What is left is below the zone's own high mark."""
    board = preset("vm-1g-cma512")
    board = replace(board, memory=(MemoryRange(0x1000, 0x9F000), MemoryRange(MIB, 96 * MIB)))
    found = checks(board, 56 * MIB)
    assert found["free-but-unusable"].trips
    assert found["rest-of-zone"].trips


def test_a_carveout_is_never_lent():
    found = checks(preset("rpi4-4g"), 256 * MIB, Carveout())
    assert "nobody else ever has its 256 MiB" in found["never-lent"].text
    assert "would hand out powers of two" in found["never-lent"].text
    assert "free-but-unusable" not in found


def test_low_memory_of_32_bits():
    """x86-32 has 887 MiB of it (MAXMEM), less its first pages."""
    found = checks(preset("x86-32-highmem"), 128 * MIB)["low-memory"]
    assert "128 MiB of it are low memory: of 887 MiB" in found.text and "759 MiB are left" in found.text
    assert checks(preset("x86-32-highmem"), 500 * MIB)["low-memory"].trips
