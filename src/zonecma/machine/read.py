"""A board, whatever it is given as."""

from __future__ import annotations

from pathlib import Path

from zonecma.capture.bundle import bundle_called, unpacked
from zonecma.errors import InputError
from zonecma.machine.board import Board
from zonecma.machine.board_file import read_board_file
from zonecma.machine.device_tree import read_device_tree
from zonecma.machine.from_bundle import board_of_bundle, has_proc_files
from zonecma.machine.live import read_proc
from zonecma.machine.presets import preset, presets

_READERS = {".dtb": read_device_tree, ".dts": read_device_tree, ".toml": read_board_file}
"""By a file's suffix."""


def read_board(what: str) -> Board:
    """The board of a preset, a device tree, a board file, a folder of /proc files, or a bundle.

    Raises InputError: of the file, or with what is possible.  Recorded boots are not read here.
    """
    if what in presets():
        return preset(what)
    path = Path(what)
    if path.suffix in _READERS:
        return _READERS[path.suffix](path)
    if bundle := bundle_called(what):
        return board_of_bundle(unpacked(bundle))
    if _is_proc(path):
        return read_proc(path)
    if has_proc_files(path):
        return board_of_bundle(path)
    raise InputError(
        f"{what[:100]!r} is no board: expected a .dtb, .dts or .toml file, a folder with copies of "
        f"/proc/zoneinfo and /proc/iomem, /proc, a collector's bundle, a recorded boot's folder,"
        f" a scenario, or one of {', '.join(presets())}"
    )


def _is_proc(path: Path) -> bool:
    """Whether it is a folder with one of the files that are needed."""
    try:
        return (path / "zoneinfo").exists() or (path / "iomem").exists()
    except (OSError, ValueError):
        return False
