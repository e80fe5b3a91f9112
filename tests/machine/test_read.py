"""One door for boards of every kind."""

from pathlib import Path

import pytest

from tests.machine.test_live import proc_files
from zonecma.errors import InputError
from zonecma.machine.presets import preset
from zonecma.machine.read import read_board

TREES = Path(__file__).parent / "trees"


def test_a_preset():
    assert read_board("rpi4-4g") == preset("rpi4-4g")


def test_files(tmp_path):
    assert read_board(str(TREES / "pi4.dtb")).name == "Raspberry Pi 4 Model B"
    path = tmp_path / "mine.toml"
    path.write_text('architecture = "arm64"\n[[memory]]\nstart = 0\nsize = "1G"\n')
    assert read_board(str(path)).name == "mine"


def test_a_folder(tmp_path):
    for name, text in proc_files("cma256-mix-6.12").items():
        (tmp_path / name).write_text(text)
    assert read_board(str(tmp_path)).rules == "6.12"


@pytest.mark.parametrize("what", ["", "nothing", "a" * 5000, "a\0b", "../", "x.json"])
def test_anything_else_lists_what_is_possible(what):
    with pytest.raises(InputError) as raised:
        read_board(what)
    assert "expected a .dtb, .dts or .toml file" in str(raised.value)
    assert "rpi4-4g" in str(raised.value)
    assert "\n" not in str(raised.value)
