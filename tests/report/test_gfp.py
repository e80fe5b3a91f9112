"""gfp masks by name, as recorded kernels print them."""

import re

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CAPTURES
from zonecma.kernel.gfp import Gfp, parse_gfp
from zonecma.report.gfp import gfp_names

PRINTED = re.compile(rb"gfp_flags=([\w|]+)")


@pytest.mark.parametrize("name", ["cma128-press-6.12", "pairs/stream-zonecma128-6.12"])
def test_names_are_those_of_a_trace(name):
    data = (CAPTURES / name / "trace.txt.zst").read_bytes()
    text = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    printed = {word.decode() for word in PRINTED.findall(text)}
    assert len(printed) > 30
    assert {gfp_names(parse_gfp(word)) for word in printed} == printed


@given(st.integers(0, 2**32 - 1))
def test_names_say_all_of_a_mask(mask):
    assert parse_gfp(gfp_names(mask)) == mask


def test_nothing_asked_for():
    assert gfp_names(Gfp(0)) == "none"
