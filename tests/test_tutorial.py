"""The tutorial's commands, run one after another in an empty folder, print what it shows."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

TUTORIAL = REPOSITORY / "docs" / "tutorial.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
STEPS = [step for block in BLOCK.findall(TUTORIAL.read_text()) for step in COMMAND.findall(block)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder, and one with the command as it would be installed."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "bin").mkdir()
    command = folder / "bin" / "zonecma"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zonecma "$@"\n')
    command.chmod(0o755)
    return folder


@pytest.mark.parametrize(("command", "output"), STEPS, ids=[command for command, _ in STEPS])
def test_step(folder, command, output):
    environment = {**os.environ, "COLUMNS": "100", "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    ran = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.rstrip() == output.rstrip()


def test_each_part_has_its_verb():
    """From a board to a page: nobody is sent on with a verb that is not shown."""
    verbs = [command.split()[1] for command, _ in STEPS if command.startswith("zonecma")]
    assert verbs == ["diagnose", "collector", "show", "explain", "compare", "size", "report"]


def test_the_page_is_there_at_the_end(folder):
    assert (folder / "camera-board.html").stat().st_size > 50_000
