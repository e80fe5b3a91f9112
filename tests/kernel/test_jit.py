"""The model gives the same results compiled with checks (as all tests run), as shipped, and uncompiled."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import CAPTURES
from zonecma.kernel import jit, state
from zonecma.workload import recorded, requests

BOOT = str(CAPTURES / "boot-zonecma256-6.12")


def verified(**environment):
    """The JSON of a verification in another process, without its seconds."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    command = [sys.executable, "-m", "zonecma", "verify", "--json", BOOT]
    ran = subprocess.run(command, env={**plain, **environment}, capture_output=True, text=True, check=True)
    return {key: value for key, value in json.loads(ran.stdout).items() if key != "seconds"}


def test_the_tests_check_indices():
    assert jit.config.BOUNDSCHECK == 1


def test_shipped_checked_and_uncompiled_code_agree():
    shipped = verified()
    assert shipped["allocations"]["checked"] > 1000
    assert shipped == verified(NUMBA_BOUNDSCHECK="1") == verified(NUMBA_DISABLE_JIT="1")


MODULES = (state, requests, recorded)
DTYPES = [value for module in MODULES for value in vars(module).values() if isinstance(value, np.dtype)]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.names[0])
def test_no_field_is_hidden_by_an_attribute_of_numpy(dtype):
    """Uncompiled, ``record.flags`` is numpy's own, whatever the field holds."""
    assert not set(dtype.names) & set(dir(np.record))
