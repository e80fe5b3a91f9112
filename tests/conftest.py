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


def _verify(**environment):
    plain = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    command = [sys.executable, "-m", "zonecma", "verify", "--json", str(CAPTURES / "boot-zonecma256-6.12")]
    return subprocess.Popen(command, env={**plain, **environment}, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def builds():
    """Running verifications of a short recording, by how their code is built."""
    processes = {
        "as shipped": _verify(),
        "not compiled": _verify(NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="ignore"),
    }
    yield processes
    for process in processes.values():
        process.kill()


TOGETHER = {
    "closed loop": (
        "lab/test_reproduce.py",
        "lab/test_tasks.py",
        "kernel/test_closed_loop.py",
        "kernel/test_compact.py",
        "kernel/test_cma.py",
        "lab/test_compare.py",
        "lab/test_from_counts.py",
        "test_tutorial.py",
        "cli/test_report.py::test_the_demo_as_page_trace_and_figure",
    ),
    "replay": (
        "captures/test_bars.py",
        "test_docs.py::test_fidelity",
        "lab/test_verify.py",
        "lab/test_free_run.py",
        "lab/test_misses.py",
    ),
    "figures": (
        "captures/test_figures.py",
        "lab/test_recorded_outcome.py",
        "lab/test_page_map.py",
        "report/test_perfetto.py",
    ),
    "pages": ("report/test_browser.py", "report/test_page.py", "report/test_plots.py"),
}
"""Files whose tests share what takes long: heavy compiled entries, or what ``figures_of`` keeps.

One process makes it, while others need none.  Who comes after finds the entries in the cache, also
another program that a test runs.
"""

LONG = (
    "capture/test_scanner.py",
    "kernel/test_jit.py",
    "kernel/test_stateful.py",
)
"""Files that take long: they begin early, so that at the end no process waits for another."""

_GROUPS = {f"tests/{name}": group for group, names in TOGETHER.items() for name in names}
_RANKS = {f"tests/{name}": rank for rank, name in enumerate((*sum(TOGETHER.values(), ()), *LONG))}


def _group(nodeid):
    """Tests of one group run in one process: those of a file, which share fixtures and what they keep."""
    file = nodeid.split("::")[0]
    alone = file.endswith("test_stateful.py")
    return nodeid if alone else _GROUPS.get(nodeid) or _GROUPS.get(file, file)


def _rank(item):
    return _RANKS.get(item.nodeid, _RANKS.get(item.nodeid.split("::")[0], len(_RANKS)))


def pytest_collection_modifyitems(items):
    """Heavy compilation first, long files then."""
    items.sort(key=_rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each group, in this order, to a process that has nothing left; ``make test`` runs several."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _group
    return scheduler
