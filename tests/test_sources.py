import pytest

from tests.conftest import REPOSITORY
from zonecma import sources
from zonecma.sources import digest_of, imports_of, sources_behind

PACKAGE = REPOSITORY / "src" / "zonecma"
DECORATORS = ("entry", "jit", "primitive")
JIT = "zonecma.kernel.jit"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of five files: a compiles, with a constant of b and a submodule of c; d calls a."""
    files = {
        "door.py": "def entry(f): ...",
        "a.py": """
from zonecma.door import entry
from zonecma.b import (
    ONE,
    TWO,
)
from zonecma import c
""",
        "b.py": "from zonecma.e import FURTHER\n",
        "c.py": "",
        "d.py": "from zonecma.a import run\n",
        "e.py": "FURTHER = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sources, "_PACKAGE", tmp_path)
    imports_of.cache_clear()
    yield tmp_path
    imports_of.cache_clear()


def test_what_compiled_code_is_made_of(package):
    """What it imports counts, over several files; who calls it does not."""
    behind = sources_behind(["entry"], "zonecma.door")
    assert [path.name for path in behind] == ["a.py", "b.py", "c.py", "door.py", "e.py"]


def test_a_constant_two_imports_away_changes_the_digest(package):
    before = digest_of(sources_behind(["entry"], "zonecma.door"))
    (package / "d.py").write_text("from zonecma.a import walk\n")
    assert digest_of(sources_behind(["entry"], "zonecma.door")) == before
    (package / "e.py").write_text("FURTHER = 2\n")
    assert digest_of(sources_behind(["entry"], "zonecma.door")) != before


def test_every_file_with_compiled_code_is_behind_machine_code():
    behind = set(sources_behind(DECORATORS, JIT))
    compiled = {
        path
        for path in PACKAGE.rglob("*.py")
        if any(f"\n@{name}\n" in path.read_text() for name in DECORATORS)
    }
    assert len(compiled) > 50
    assert compiled <= behind
    assert PACKAGE / "kernel" / "units.py" in behind  # constants alone


def test_an_experiment_is_not():
    """Else each change of a table would cost its developer minutes."""
    behind = sources_behind(DECORATORS, JIT)
    assert PACKAGE / "lab" / "scenario_compare.py" not in behind
    assert not [path for path in behind if path.is_relative_to(PACKAGE / "report")]
