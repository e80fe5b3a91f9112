"""``zonecma boot`` as a user runs it: what it prints where, and one line for what can't be."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.proc.zoneinfo import parse_zoneinfo
from zonecma.cli import main

V6 = str(CAPTURES / "boots-4.7" / "v6-cma512")
MINE = """
from zonecma.placement import Home, Placement

class Mine(Placement):
    name = "mine"
    home = Home.ZONE_CMA
"""


@pytest.fixture
def boot(capsys, monkeypatch):
    """``zonecma boot`` in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["zonecma", "boot", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, end.value.code, out, err)

    return run


def test_zoneinfo_and_what_it_rests_on(boot):
    done = boot("vm-1g-cma512")
    assert done.returncode == 0
    assert [zone.name for zone in parse_zoneinfo(done.stdout)] == ["DMA", "DMA32"]
    assert all(line.startswith("zonecma: assumed: ") for line in done.stderr.splitlines())


def test_options_change_the_boot(boot):
    out = json.loads(
        boot("vm-1g-cma512", "--placement", "zone-cma,series=v3", "--memory-model", "flatmem",
             "--rules", "4.7", "--json").stdout
    )  # fmt: skip
    assert (out["rules"], out["placement"], out["memory_model"]) == ("4.7", "zone-cma,series=v3", "flatmem")


def test_only_what_is_asked_for_is_printed(boot):
    done = boot(V6, "--trace", "--buddyinfo")
    assert done.stdout.startswith("free_area_init\n")
    assert "Node 0, zone      CMA " in done.stdout
    assert "pages free" not in done.stdout


def test_against_a_recording(boot):
    done = boot(V6, "--against", V6)
    assert done.returncode == 0
    assert "60 of 60 equal" in done.stdout
    assert done.stderr == ""


def test_a_users_own_zone(boot, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    out = json.loads(boot("vm-1g-cma512", "--placement", str(tmp_path / "mine.py"), "--json").stdout)
    assert {one["zone"]: one["managed"] for one in out["zones"]}["CMA"] == 131072


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rpi9"], "'rpi9' is no board: expected"),
        (["a\nb"], "is no board"),
        ([str(CAPTURES)], "is no board"),
        (["vm-1g-cma512", "--rules", "5.10"], "--rules 5.10: no such kernel series"),
        (["vm-1g-cma512", "--memory-model", "flat"], "--memory-model flat: no such model"),
        (["vm-1g-cma512", "--placement", "zone-cma,series=v9"], "series is 'v9'"),
        (["vm-1g-cma512", "--placement", "./nosuch.py"], "nosuch.py: cannot be read"),
        (["vm-1g-cma512", "--against", "rpi4-4g"], "rpi4-4g: no such recording"),
        (["vm-1g-cma512", "--against", str(CAPTURES)], "expected a recording's folder"),
        (["vm-1g-cma512", "--against", "/dev/null"], "/dev/null: no such recording"),
    ],
)
def test_one_line_for_what_can_not_be(boot, arguments, words):
    done = boot(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.startswith("zonecma: ")
    assert done.stderr.count("\n") == 1


def test_a_damaged_boot(boot, tmp_path):
    folder = shutil.copytree(V6, tmp_path / "given")
    (folder / "dmesg-excerpt").write_bytes(b"\0\xff" * 1000)
    done = boot(str(folder))
    assert done.returncode == 2
    assert done.stderr == (
        "zonecma: given: its kernel log names no zones or no memory; expected the lines that follow"
        " 'Zone ranges:'\n"
    )


BOARDS = {
    "1 MiB": "start = 0\nsize = '1M'",
    "one page": "start = 0\nsize = 4096",
    "no page": "start = 100\nsize = 200",
    "a petabyte": "start = 0\nsize = '1P'",
    "far away": "start = '1P'\nsize = '1G'",
}


@pytest.mark.parametrize("architecture", ["x86-64", "x86-32", "x86-32-highmem", "arm64", "arm-highmem"])
@pytest.mark.parametrize("memory", BOARDS)
def test_boards_at_the_edge(boot, tmp_path, memory, architecture):
    path = tmp_path / "board.toml"
    path.write_text(f"architecture = '{architecture}'\n[[memory]]\n{BOARDS[memory]}\n")
    done = boot(str(path))
    bootable = memory in ("1 MiB", "one page")
    assert done.returncode == (0 if bootable else 2)
    assert bool(done.stdout) == bootable
    assert bootable or done.stderr.count("\n") == 1
