"""The board of a bundle: its copies of /proc, and where its areas lie."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from zonecma.capture.cma_debugfs import read_areas
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.machine.board import AreaRequest, Board
from zonecma.machine.device_tree import read_device_tree
from zonecma.machine.live import board_of_proc

_TREE = "device-tree.dtb"


def has_proc_files(folder: Path) -> bool:
    """Whether a folder is a bundle's, with what tells a machine."""
    try:
        return (folder / "before" / "zoneinfo").exists() or (folder / _TREE).exists()
    except (OSError, ValueError):
        return False


def board_of_bundle(folder: Path) -> Board:
    """The machine on which a bundle was collected; ``folder`` is what it holds.

    Its device tree is asked where the copies of /proc do not tell of memory.  Raises InputError where
    neither does.
    """
    if not (folder / "before" / "zoneinfo").exists() and (folder / _TREE).exists():
        return read_device_tree(folder / _TREE)
    recording = Recording(folder)
    told = {name: _text(recording, name) for name in ("before/meminfo", "cmdline", "version", "uname")}
    board = board_of_proc(
        recording.kernel_file("before/zoneinfo"),
        recording.kernel_file("before/iomem"),
        told["before/meminfo"],
        told["cmdline"],
        told["version"] or told["uname"],
        source=f"{folder}/before",
    )
    return _with_areas(dataclasses.replace(board, name=f"the machine of {folder.name}"), folder)


def _text(recording: Recording, name: str) -> str:
    """A file's text; empty where there is none."""
    try:
        return recording.kernel_file(name)
    except InputError:
        return ""


_DEFAULT = ("reserved", "linux,cma")
"""What the kernel calls the area of cma= (dma_contiguous_reserve_area), and boards theirs by custom."""


def _with_areas(board: Board, folder: Path) -> Board:
    """The areas where debugfs says they lie, if it was there to say it."""
    found = read_areas(folder / "before" / "cma")
    page = board.architecture.page_size
    areas = tuple(
        AreaRequest(
            area.name,
            area.count * page,
            area.base_pfn * page,
            order_per_bit=area.order_per_bit,
            fixed=True,
            default=area.name in _DEFAULT,
        )
        for area in found
        if area.count
    )
    if not areas:
        return board
    notes = tuple(note for note in board.notes if "CMA" not in note and "an area may lie" not in note)
    return dataclasses.replace(board, areas=areas, notes=notes)
