"""/proc/vmstat."""

import pytest

from zonecma.capture.proc.vmstat import parse_vmstat
from zonecma.errors import InputError


def test_counters():
    assert parse_vmstat("pswpin 6834\nnr_dirty -1\n") == {"pswpin": 6834, "nr_dirty": -1}
    assert parse_vmstat("") == {}


@pytest.mark.parametrize("row", ["pswpin", "pswpin x", "pswpin 1 2", " pswpin 1", "", "pswpin 1e9"])
def test_what_is_no_counter_is_named(row):
    with pytest.raises(InputError, match="files/vmstat: line 2: expected a counter's name"):
        parse_vmstat(f"pgfault 1\n{row}\n", "files/vmstat")
