"""Needs as a user says them."""

import pytest

from zonecma.errors import InputError
from zonecma.lab.need import parse_needs, the_loads_own
from zonecma.workload.needs import Need

MIB = 256


def test_sizes_counts_and_what_is_said_for_all():
    plain, several, strict = parse_needs(["20MiB", "8M:9", "64MiB,within=50ms,probability=0.999"], "2s", 0.5)
    assert plain == Need(20 * MIB, 1, 2000, 0.5)
    assert several == Need(8 * MIB, 9, 2000, 0.5)
    assert strict == Need(64 * MIB, 1, 50, 0.999)
    assert several.frames == 72 * MIB
    assert the_loads_own("200us") == Need(0, 0, 0.2, 0.9)


REFUSED = {
    "0": "--need 0: expected a size",
    "1K": "whole pages of 4 KiB",
    "20MiB:0": "a count of 1 or more",
    "20MiB:-1": "a count of 1 or more",
    "20MiB:": "a count of 1 or more",
    "20MiB:x": "a count of 1 or more",
    "4K:1001": "more than 1000 buffers",
    "20MiB,within=0ms": "within 0ms: expected a time above 0",
    "20MiB,within=50": "expected a time above 0, such as 50ms",
    "20MiB,probability=1": "between 0 and 1",
    "20MiB,probability=nan": "between 0 and 1",
    "20MiB,probability=often": "between 0 and 1",
    "20MiB,until=noon": "no setting is called 'until'",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_need(text):
    with pytest.raises(InputError, match="need") as refused:
        parse_needs([text])
    assert REFUSED[text] in str(refused.value)
