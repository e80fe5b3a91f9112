"""The recorder and the model know nothing of each other: a recording is all that passes between them."""

import ast

import pytest

from tests.conftest import REPOSITORY

SOURCES = sorted((REPOSITORY / "recorder").rglob("*.py"))
MODEL = sorted((REPOSITORY / "src").rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_the_recorder_does_not_import_the_model(path):
    assert "zonecma" not in set(imported(path))


def test_the_model_does_not_import_the_recorder():
    assert not [path for path in MODEL if "recorder" in set(imported(path))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_only_the_snapshots_need_drgn(path):
    assert "drgn" not in set(imported(path)) or path.parent.name == "snapshot"
