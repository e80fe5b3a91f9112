"""The model gives the same results compiled with checks (as all tests run), as shipped, and uncompiled."""

import fcntl
import json
import os
import threading

import numpy as np
import pytest

from tests.conftest import CAPTURES
from zonecma.capture.recording import Recording
from zonecma.kernel import jit, state
from zonecma.lab.verify import verify
from zonecma.report.verification import verification_json
from zonecma.workload import recorded, requests


def test_the_tests_check_indices():
    assert jit.config.BOUNDSCHECK == 1


def test_shipped_checked_and_uncompiled_code_agree(builds):
    checked = verification_json(verify(Recording(CAPTURES / "boot-zonecma256-6.12")))
    assert checked["allocations"]["checked"] > 1000
    for process in builds.values():
        printed, _ = process.communicate()
        assert json.loads(printed) | {"seconds": 0} == checked | {"seconds": 0}


MODULES = (state, requests, recorded)
DTYPES = [value for module in MODULES for value in vars(module).values() if isinstance(value, np.dtype)]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.names[0])
def test_no_field_is_hidden_by_an_attribute_of_numpy(dtype):
    """Uncompiled, ``record.flags`` is numpy's own, whatever the field holds."""
    assert not set(dtype.names) & set(dir(np.record))


def test_machine_code_that_a_power_failure_emptied_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "cache_folder", lambda name: tmp_path)
    (tmp_path / "scan.nbi").write_bytes(b"sound")
    assert list(jit._machine_code().iterdir())
    (tmp_path / "scan.1.nbc").touch()
    assert not list(jit._machine_code().iterdir())


@jit.entry
def _next(number):
    return number + 1


def test_one_process_at_a_time_reads_or_writes_machine_code():
    """Two that add a signature each would give both the same file."""
    assert _next(1) == 2
    files = _next._cache._cache_file
    signature = (_next.signatures[0], ("as", "numba"), ("names", "it"))
    for use in (lambda: files.load(signature), lambda: files.save(signature, "code")):
        folder = os.open(files._cache_path, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        other = threading.Thread(target=use)
        other.start()
        other.join(0.5)
        waits = other.is_alive()
        os.close(folder)
        other.join()
        assert waits
    files.flush()
