"""What the tests of verbs share."""

import subprocess
import sys

import pytest

from zonecma.cli import main


@pytest.fixture
def here(capsys, monkeypatch):
    """``zonecma`` in this process: a second sooner, for cases that need no process of their own."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["zonecma", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, end.value.code, out, err)

    return run
