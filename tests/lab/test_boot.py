"""Booting what a user names, and holding it against recordings, its own and others'."""

import gzip
import shutil

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.boot_record import open_boot_record
from zonecma.errors import InputError
from zonecma.kernel.rules import RULES
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_CMA
from zonecma.lab.boot import boot_machine, check_boot, usual_placement
from zonecma.lab.boot_options import memory_model_called, rules_called
from zonecma.lab.placements import parse_placement
from zonecma.machine.board import MemoryModel
from zonecma.machine.presets import presets

V6 = str(CAPTURES / "boots-4.7" / "v6-cma512")
RECORDED = str(CAPTURES / "boot-cma256-6.12")
SMP2 = str(CAPTURES / "cma256-mix-smp2-6.12")


def test_what_stock_kernels_do():
    assert [usual_placement(rules).name for rules in RULES.values()] == [
        "last-resort", "half-free", "half-free",
    ]  # fmt: skip


def test_a_recording_with_a_zone_of_its_own_boots_as_the_series_did():
    booted = boot_machine(V6)
    assert booted.boot.placement.label == "zone-cma"
    assert booted.boot.nodes[0].zone[ZONE_CMA].managed == 131072
    assert any(one.startswith("given: managed pages") for one in booted.inputs)


def test_what_is_asked_for_beats_what_the_machine_says():
    booted = boot_machine(
        RECORDED, parse_placement("zone-cma,series=v6"), rules_called("4.7"), memory_model_called("flatmem")
    )
    board = booted.boot.board
    assert (board.rules, board.memory_model) == ("4.7", MemoryModel.FLATMEM)
    assert booted.boot.placement.name == "zone-cma"


@pytest.mark.parametrize("name", presets())
def test_presets(name):
    """Small ones whole; each says what it assumes."""
    if "server" in name or "12g" in name:
        return
    booted = boot_machine(name)
    for state in booted.boot.nodes.values():
        validate(state)
    assert booted.inputs[-1].startswith("assumed: of early allocations only the memory map")
    assert all(area.name not in booted.boot.refused for area in booted.boot.areas)


def test_another_series_than_the_rules_there_are():
    with pytest.raises(InputError, match=r"no such kernel series; expected one of 4\.7, 6\.1, 6\.12"):
        rules_called("5.10")


def test_another_memory_model_than_there_are():
    with pytest.raises(InputError, match="--memory-model discontig: no such model; expected one of sparse"):
        memory_model_called("discontig")


@pytest.mark.parametrize("machine", ["", "rpi9", "/dev/null", "\0", str(CAPTURES)])
def test_what_is_no_machine(machine):
    with pytest.raises(InputError, match=r"is no board: expected a \.dtb"):
        boot_machine(machine)


@pytest.mark.parametrize("machine", [V6, RECORDED, SMP2, "vm-1g-cma512", "rpi4-4g"])
@pytest.mark.parametrize("recording", [V6, RECORDED, SMP2, str(CAPTURES / "boots-4.7" / "i-v3-flat")])
def test_a_boot_against_any_recording(machine, recording):
    """Only its own machine's agrees in all; other zones, CPUs and kernels are differences, not errors."""
    check = check_boot(boot_machine(machine), open_boot_record(recording))
    assert (check.differences == []) == (machine == recording)
    assert check.fields_equal == check.fields_checked - len(check.differences)


def test_a_cpu_that_the_model_lacks_is_a_difference():
    check = check_boot(boot_machine(RECORDED), open_boot_record(SMP2))
    assert {
        (one.field, one.predicted, one.recorded) for one in check.differences if "cpu 1" in one.place
    } == {("is there", "0", "1")}


def test_a_difference_names_place_field_and_both_figures():
    record = open_boot_record(V6)
    record.zones[2].sizes["min"] = 7
    (one,) = check_boot(boot_machine(V6), record).differences
    assert (one.place, one.field, one.predicted, one.recorded) == ("node 0 CMA", "min", "361", "7")


def copy_of(name, tmp_path):
    return shutil.copytree(CAPTURES / name, tmp_path / "given")


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"{}", mtime=0), gzip.compress(b"\0" * 99, mtime=0)]
)
def test_a_snapshot_that_is_none(tmp_path, content):
    folder = copy_of("boot-cma256-6.12", tmp_path)
    (folder / "snap.E.json.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"snap\.E\.json\.gz"):
        boot_machine(str(folder))


LOG = "dmesg-excerpt"
END = "0x000000003ffd3fff]\n[    0.000000]   DMA zone"
"""Of memory, where the log lists the ranges of nodes."""
LIES = [
    ("at 0x000000001fc00000", "at 0x000000007fc00000", "is not memory of one node"),
    ("at 0x000000001fc00000", "at 0x000000001fc01000", "not made of whole pageblocks of 1024"),
    ("Reserved 512 MiB", "Reserved 0 MiB", "not made of whole pageblocks"),
    ("Reserved 512 MiB", "Reserved 1048576 MiB", "is not memory of one node"),
    ("  DMA32    [mem", "  Moon     [mem", "has a zone 'Moon'"),
    (END, END.replace("0x0000", "0x00ff"), "which is what the model has room for"),
    (END, END.replace("3ffd3fff", "000fffff"), "holds no whole page"),
]


@pytest.mark.parametrize(("old", "new", "words"), LIES)
def test_logs_that_lie(tmp_path, old, new, words):
    folder = copy_of("boots-4.7/v6-cma512", tmp_path)
    text = (folder / LOG).read_text()
    assert old in text
    (folder / LOG).write_text(text.replace(old, new))
    with pytest.raises(InputError) as error:
        boot_machine(str(folder))
    assert str(error.value).startswith("given: ")
    assert words in str(error.value)


@pytest.mark.parametrize("managed", ["-5", "5000"])
def test_zoneinfo_that_does_not_fit_its_log(tmp_path, managed):
    """DMA has 3998 frames.  Without the lines of the patched kernel zoneinfo says how many are managed."""
    folder = copy_of("boots-4.7/f-stock", tmp_path)
    log = (folder / LOG).read_text()
    (folder / LOG).write_text("\n".join(line for line in log.splitlines() if "GTZ" not in line))
    path = folder / "1-boot" / "zoneinfo"
    path.write_text(path.read_text().replace("managed  3977", f"managed  {managed}"))
    with pytest.raises(InputError, match=f"zone DMA of node 0 is said to manage {managed} frames"):
        boot_machine(str(folder))
