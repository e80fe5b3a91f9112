"""A board with the area that is looked for: what is asked, where it lies, how it is written and read back."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from zonecma.errors import InputError
from zonecma.lab.boot import boot_from
from zonecma.lab.size import cells_of
from zonecma.machine.areas import declare_areas
from zonecma.machine.board import AreaRequest
from zonecma.machine.device_tree import board_of_blob, read_device_tree
from zonecma.machine.presets import preset
from zonecma.machine.read import read_board
from zonecma.machine.tree.memory import Cells
from zonecma.machine.tree.write import reserved_memory_source
from zonecma.machine.wanted_area import (
    WantedArea,
    former_default,
    largest_area,
    option_value,
    place_area,
    with_area,
)

MIB, GIB = 1 << 20, 1 << 30
TREES = Path(__file__).parent / "trees"
NEEDS_DTC = pytest.mark.skipif(shutil.which("dtc") is None, reason="dtc compiles sources")


def tree(name):
    return board_of_blob((TREES / f"{name}.dtb").read_bytes(), f"{name}.dtb")


def test_the_trees_default_area_has_another_size():
    placed = place_area(preset("rpi4-4g"), WantedArea(180 * MIB))
    assert placed.request == AreaRequest(
        "linux,cma", 180 * MIB, alignment=2 * MIB, windows=((0, 768 * MIB),), from_tree=True, default=True
    )
    assert (placed.start, placed.end) == (570 * MIB, 750 * MIB)  # below the 64 KiB that end at 752 MiB


def test_other_areas_stay_as_they_are():
    board = preset("phone-xz2c-4g")
    asked = with_area(board, WantedArea(64 * MIB))
    assert [one.size for one in asked.areas if not one.default] == [
        one.size for one in board.areas if not one.default
    ]
    assert sum(one.default for one in asked.areas) == 1


def test_where_there_is_no_tree_it_is_an_option():
    placed = place_area(preset("vm-1g-cma512"), WantedArea(64 * MIB, 512 * MIB))
    assert option_value(WantedArea(64 * MIB, 512 * MIB)) == "64M@0-0x20000000"
    assert (placed.request.from_tree, placed.request.size) == (False, 64 * MIB)
    assert placed.end <= 512 * MIB


def test_a_limit_narrows_the_windows():
    placed = place_area(preset("rpi4-4g"), WantedArea(64 * MIB, 256 * MIB))
    assert placed.request.windows == ((0, 256 * MIB),)
    assert placed.end == 256 * MIB
    with pytest.raises(InputError, match="begin above it"):
        place_area(preset("imx8mq-evk"), WantedArea(64 * MIB, 512 * MIB))


def test_an_area_that_no_kernel_takes_is_refused():
    board = preset("rpi4-4g")
    with pytest.raises(InputError, match="are free in its alloc-ranges"):
        place_area(board, WantedArea(GIB))
    most, reason = largest_area(board, 2 * GIB)
    assert most % (2 * MIB) == 0
    place_area(board, WantedArea(most))
    with pytest.raises(InputError):
        place_area(board, WantedArea(most + 2 * MIB))
    assert "in its alloc-ranges (-ENOMEM)" in reason
    assert largest_area(board, 64 * MIB) == (64 * MIB, "")


def test_a_large_page_rounds_up():
    board = preset("rpi5-8g-16k")
    assert place_area(board, WantedArea(96 * MIB)).request.alignment == 32 * MIB
    with pytest.raises(InputError, match="multiples of 32 MiB"):
        place_area(board, WantedArea(90 * MIB))


def test_what_is_written():
    request = AreaRequest(
        "linux,cma", 5 * GIB, alignment=2 * MIB, windows=((GIB, 9 * GIB),), from_tree=True, default=True
    )
    source = reserved_memory_source(request, Cells(2, 2))
    assert "size = <0x1 0x40000000>;" in source
    assert "alloc-ranges = <0x0 0x40000000 0x2 0x0>;" in source
    assert "linux,cma-default;" in source and "no-map" not in source
    carved = reserved_memory_source(request, Cells(2, 2), lent=False)
    assert "no-map;" in carved and "reusable" not in carved and "default" not in carved
    with pytest.raises(InputError, match="more cells than the tree's root has"):
        reserved_memory_source(request, Cells(2, 1))


@NEEDS_DTC
@pytest.mark.parametrize("lent", [True, False])
@pytest.mark.parametrize("below", [0, 512 * MIB])
def test_what_is_pasted_is_read_back(tmp_path, lent, below):
    """Behind the board's own source dtc compiles it, and the kernel puts the area where it was said."""
    board = tree("pi4")
    placed = place_area(board, WantedArea(98 * MIB, below))
    former = former_default(board)
    source = reserved_memory_source(placed.request, cells_of(board), lent=lent, former=former)
    file = tmp_path / "board.dts"
    file.write_text(f"{(TREES / 'pi4.dts').read_text()}\n{source}\n")
    read = read_device_tree(file)
    declared = declare_areas(read)
    assert read.cells == board.cells == (2, 1)
    if lent:
        (area,) = declared.areas
        assert (area.base_pfn << 12, area.count << 12) == (placed.start, 98 * MIB)
        boot = boot_from(read).boot
        assert [(one.base_pfn << 12, one.count << 12) for one in boot.areas] == [(placed.start, 98 * MIB)]
    else:
        assert declared.areas == ()
        (kept,) = [one for one in declared.reserved if one.name == "linux,cma"]
        assert (kept.start, kept.end, kept.no_map) == (placed.start, placed.end, True)


def test_a_former_area_with_a_fixed_place_goes():
    board = preset("rpi4-4g")
    (area,) = board.areas
    fixed = replace(area, name="cma@1", base=512 * MIB, fixed=True, windows=())
    board = replace(board, areas=(fixed,))
    former = former_default(board)
    request = place_area(board, WantedArea(64 * MIB)).request
    assert former == fixed and not request.fixed
    assert "/delete-node/ cma@1;" in reserved_memory_source(request, Cells(2, 2), former=former)


def test_the_area_of_a_bundle_s_machine_gives_way_to_the_wanted_one():
    board = read_board("camera-board")
    assert [(one.name, one.size >> 20) for one in board.areas] == [("reserved", 64)]
    placed = place_area(board, WantedArea(32 << 20))
    assert [area.count << 12 >> 20 for area in placed.declared.areas] == [32]
    assert (placed.start, placed.end) == (0x1E000000, 0x20000000)
