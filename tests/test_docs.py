"""What the documents show is what the commands print."""

import doctest
import os
import re
import subprocess
import sys

import pytest

from tests.conftest import CAPTURES, REPOSITORY
from tests.test_tutorial import TUTORIAL
from tools.fidelity import PAGE, page
from zonecma.capture.recording import Recording
from zonecma.lab.explain import explain
from zonecma.report.blocking import persistence_sentence

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
CONSOLE = re.compile(r"```console\n\$ zonecma ([^\n]*)\n(.*?)\n```", re.DOTALL)
RATE = re.compile(r"replayed in .* a second")
RECORDED = re.compile(r"^\| `([\w./-]+)` \| (.*) \|$", re.MULTILINE)


def consoles():
    for document in DOCUMENTS:
        if document == TUTORIAL:
            continue
        for arguments, output in CONSOLE.findall(document.read_text()):
            yield pytest.param(arguments.split(), output, id=f"{document.name}: {arguments}")


@pytest.mark.parametrize(("arguments", "output"), [*consoles()])
def test_console(arguments, output):
    command = [sys.executable, "-m", "zonecma", *arguments]
    environment = {**os.environ, "COLUMNS": "100"}
    ran = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    assert RATE.sub("replayed", ran.stdout).rstrip() == RATE.sub("replayed", output)


def test_the_first_document_shows_the_main_verbs():
    shown = CONSOLE.findall((REPOSITORY / "README.md").read_text())
    assert [arguments.split()[0] for arguments, _ in shown] == ["verify", "boot", "compare"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python(document):
    assert doctest.testfile(str(document), module_relative=False).failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_fidelity(fidelity):
    """The page is what ``make fidelity`` would write now."""
    assert PAGE.read_text() == page([*fidelity.values()])


def test_persistence_table():
    rows = dict(RECORDED.findall((REPOSITORY / "docs" / "explain.md").read_text()))
    real, with_calls = {}, set()
    for path in (*CAPTURES.glob("*-*-6*"), *CAPTURES.glob("pairs/*")):
        outcome, name = explain(Recording(path)), str(path.relative_to(CAPTURES))
        ranges = sum(len(call.attempts) for call in outcome.calls)
        real[name] = f"{outcome.nr_busy} of {ranges} | {persistence_sentence(outcome)}"
        with_calls |= {name} if outcome.nr_calls else set()
    assert rows == {name: real[name] for name in with_calls}
