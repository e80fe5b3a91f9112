"""What the tests share."""

import os
from pathlib import Path

import pytest

os.environ["NUMBA_BOUNDSCHECK"] = "1"  # before numba is imported: compiled code looks at every index

REPOSITORY = Path(__file__).resolve().parent.parent
CAPTURES = REPOSITORY / "captures"


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
