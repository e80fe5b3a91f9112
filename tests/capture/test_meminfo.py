"""/proc/meminfo: sums of a real one, and what is none."""

import pytest

from tests.areas import AREAS, STOPPED
from zonecma.capture.proc.meminfo import parse_meminfo
from zonecma.errors import InputError


@pytest.mark.parametrize("name", STOPPED)
def test_figures_of_a_real_file(name):
    figures = parse_meminfo((AREAS / name / "after" / "meminfo").read_text())
    assert figures["CmaTotal"] == 96 << 10
    assert figures["HugePages_Free"] == 0
    assert figures["Active"] == figures["Active(anon)"] + figures["Active(file)"]


@pytest.mark.parametrize("text", ["", "MemTotal 1 kB\n", "MemTotal: x kB\n", "MemTotal: 1 MB\n"])
def test_what_is_none_is_named(text):
    with pytest.raises(InputError, match="meminfo: line 1: expected"):
        parse_meminfo(text)
