"""Unpacked bundles of stopped kernels, and what an exact snapshot of the same moment says of their area."""

import shutil

import pytest

from tests.conftest import REPOSITORY
from zonecma.capture.areas_now import free_frames
from zonecma.capture.snapshot import read_snapshot

AREAS = REPOSITORY / "tests" / "data" / "areas"
STOPPED = ["splice-6.12", "splice-6.1"]


def area_and_free(name):
    """The area in the snapshot, and which of its frames are on a free list."""
    snapshot = read_snapshot(AREAS / name / "snap.B.json.gz")
    area = snapshot.areas[0]
    return area, free_frames(snapshot, int(area.base_pfn), area.count)


@pytest.fixture
def bundle(tmp_path):
    """A copy of one, to be damaged."""
    return shutil.copytree(AREAS / "splice-6.12", tmp_path / "bundle")
