"""The minimal buddy allocator in C (buddy.c), compiled where it is asked for."""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).with_name("buddy.c")


class Buddy:
    """All of memory free at first."""

    def __init__(self, library, frames):
        self._library = library
        self._buddy = ctypes.c_void_p(library.buddy_new(ctypes.c_int64(frames)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._library.buddy_delete(self._buddy)

    def pairs(self, held, order, pairs):
        """Allocate as many chunks as ``held`` (i4[]) has room for, free them, and so on."""
        size, count = ctypes.c_int64(held.size), ctypes.c_int64(pairs)
        self._library.buddy_pairs(self._buddy, _pointer(held), size, order, count)

    def replay(self, allocate, order, objects, place):
        """u1[steps], u1[steps], i4[steps]; ``place``: i4[objects], all -1."""
        arrays = map(_pointer, (allocate, order, objects))
        self._library.buddy_replay(self._buddy, *arrays, ctypes.c_int64(len(order)), _pointer(place))


def _pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


@pytest.fixture(scope="session")
def buddy(tmp_path_factory):
    """A maker of buddies, by their frames."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not compiler:
        pytest.skip("no C compiler; CC names one")
    library = tmp_path_factory.mktemp("buddy") / "buddy.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.buddy_new.restype = ctypes.c_void_p
    return lambda frames: Buddy(loaded, frames)


def steps_of(requests, kinds):
    """A load's allocations and frees of known objects, as columns: ``kinds`` are the ops (ALLOC, FREE)."""
    alloc, free = kinds
    wanted = requests[((requests["op"] == alloc) | (requests["op"] == free)) & (requests["object"] >= 0)]
    allocate = (wanted["op"] == alloc).astype(np.uint8)
    return allocate, wanted["order"].copy(), wanted["object"].copy()
