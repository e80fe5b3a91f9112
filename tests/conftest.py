"""What the tests share."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.figures import figures

os.environ["NUMBA_BOUNDSCHECK"] = "1"  # before numba is imported: compiled code looks at every index

REPOSITORY = Path(__file__).resolve().parent.parent
CAPTURES = REPOSITORY / "captures"


def recordings(having):
    """The folders of all recordings that hold a file of this name."""
    return sorted(path.parent for place in ("*", "pairs/*") for path in CAPTURES.glob(f"{place}/{having}"))


@functools.cache
def figures_of(name):
    """What the recorder finds in the text of a recording's trace; the model has no part in it."""
    return figures(CAPTURES / name)


@pytest.fixture
def captures():
    """The folder of recordings."""
    return CAPTURES


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder for parsed recordings; compiled code stays where it is."""
    from zonecma.cache import cache_folder

    cache_folder.cache_clear()
    monkeypatch.setenv("ZONECMA_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    cache_folder.cache_clear()


@pytest.fixture(scope="session")
def fidelity():
    """What verify's three reports say of each recording in the repository, by its name; computed once."""
    from tools.fidelity import measure, recordings

    return {folder.name: measure(folder) for folder in recordings()}


BUILDS = pytest.StashKey[dict[str, subprocess.Popen]]()
"""Verifications in processes of their own, by how their code is built; they run beside the first tests."""


def _verify(**environment):
    plain = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    command = [sys.executable, "-m", "zonecma", "verify", "--json", str(CAPTURES / "boot-zonecma256-6.12")]
    return subprocess.Popen(command, env={**plain, **environment}, stdout=subprocess.PIPE, text=True)


def pytest_collection_finish(session):
    if any("builds" in getattr(item, "fixturenames", ()) for item in session.items):
        session.config.stash[BUILDS] = {
            "as shipped": _verify(),
            "not compiled": _verify(NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="ignore"),
        }


@pytest.fixture
def builds(request):
    """Running verifications of a short recording, by how their code is built."""
    return request.config.stash[BUILDS]


def pytest_unconfigure(config):
    for process in config.stash.get(BUILDS, {}).values():
        process.kill()
