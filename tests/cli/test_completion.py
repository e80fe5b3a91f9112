"""What a shell completes: asked as the shell asks, and by a real bash."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

ZONECMA = [sys.executable, "-m", "zonecma"]


def completed(words, at=None):
    """What bash would be told for the last of these words."""
    environment = os.environ | {
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1 if at is None else at),
        "_ZONECMA_COMPLETE": "complete_bash",
    }
    code = "import sys; sys.argv[0] = 'zonecma'; from zonecma.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=REPOSITORY, capture_output=True, text=True
    )
    assert not run.stderr
    return run.stdout.split()


def test_verbs():
    assert completed("zonecma co") == ["compare", "collector", "completion"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("zonecma verify cma256", ["cma256-mix-6.1", "cma256-mix-6.12", "cma256-mix-smp2-6.12"]),
        ("zonecma compare camera", ["camera-board", "camera-start"]),
        ("zonecma whatif --placement zone", ["zone-cma", "zone-movable"]),
        ("zonecma boot rpi", ["rpi4-4g", "rpi5-8g-16k"]),
        ("zonecma explain long-pins --rules 4", ["4.7"]),
        ("zonecma reproduce observed", ["observed-4.7"]),
        ("zonecma completion f", ["fish"]),
    ],
)
def test_names(words, expected):
    assert completed(words) == expected


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_a_real_bash_completes_with_the_printed_script(here, tmp_path):
    script = here("completion", "bash").stdout
    (tmp_path / "zonecma").write_text(f'#!/bin/sh\nexec {sys.executable} -m zonecma "$@"\n')
    (tmp_path / "zonecma").chmod(0o755)
    asks = "COMP_WORDS=(zonecma calib); COMP_CWORD=1; _zonecma_completion zonecma; echo ${COMPREPLY[@]}"
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    run = subprocess.run(["bash", "-c", f"{script}\n{asks}"], env=environment, capture_output=True, text=True)
    assert run.stdout.split() == ["calibrate"], run.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_zonecma(here, shell):
    script = here("completion", shell).stdout
    assert "_ZONECMA_COMPLETE" in script
    assert f"complete_{shell}" in script


def test_another_shell_is_refused(here):
    run = here("completion", "tcsh")
    assert run.returncode == 2
    assert run.stderr == "zonecma: 'tcsh': no completion for this shell; expected bash, zsh, fish\n"
