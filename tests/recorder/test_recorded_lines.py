"""Every recording in the repository names the recorder's line that makes it, or its like."""

import json
import re
import shlex

import pytest

from recorder.__main__ import _parser, plan_of
from recorder.command_line import Files, qemu_command
from tests.conftest import recordings

RECORDINGS = recordings("made.json")
MACHINE = {"-m", "-smp"}
"""QEMU's options that make the machine"""
MEMORY = ("memmap", "reserve_mem", "cma", "hugetlb_cma", "movablecore", "log_buf_len", "transparent_hugepage")
"""The kernel's words that shape memory; 6.1's ring buffer is ordinary memory, of a size that is free"""


def of_machine(words):
    """What a QEMU command line says of memory and CPUs."""
    kernel = words[words.index("-append") + 1].split()
    machine = {word: words[at + 1] for at, word in enumerate(words) if word in MACHINE}
    return machine | {name: value for name, _, value in (w.partition("=") for w in kernel) if name in MEMORY}


def test_every_recording_has_a_line():
    assert recordings("cmd.txt") == RECORDINGS


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_the_line_makes_the_recorded_machine(folder, tmp_path):
    line = shlex.split(json.loads((folder / "made.json").read_text())["line"])
    assert line[:4] == ["python", "-m", "recorder", "record"]
    plan = plan_of(_parser().parse_args(line[3:]))
    assert plan.name == folder.name
    assert folder.name.endswith(f"-{plan.kernel}")
    recorded = of_machine(shlex.split((folder / "cmd.txt").read_text()))
    assert of_machine(qemu_command(plan, Files(tmp_path, tmp_path, []))) == recorded


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_the_line_runs_the_recorded_load(folder):
    plan = plan_of(
        _parser().parse_args(shlex.split(json.loads((folder / "made.json").read_text())["line"])[3:])
    )
    recorded = re.search(r"GT(?:WL|LOAD)=(\w+)", (folder / "cmd.txt").read_text())[1]
    assert plan.load.name == recorded.removesuffix("nocma")
    seed = re.search(r"GTSEED=(\d+)", (folder / "cmd.txt").read_text())
    assert plan.load.seed == int(seed[1] if seed else 0)
