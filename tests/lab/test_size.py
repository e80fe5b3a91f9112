"""size on a small load: capacity by hand, what blocks, the same outcome whatever the number of processes."""

from dataclasses import replace

import pytest

from tests.scenarios import small
from zonecma.errors import InputError
from zonecma.lab.need import parse_needs, the_loads_own
from zonecma.lab.scenario_setup import Terms
from zonecma.lab.size import size
from zonecma.lab.size_bench import Question
from zonecma.lab.size_options import bytes_called, limit_called

MIB = 1 << 20
QUIET = ",program_mib=8,too_large=0,calls=0"
QUICK = Question(parse_needs(["20MiB:3"], probability=0.5), ("carveout",), most_runs=6)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return small(tmp_path_factory.mktemp("size"))


@pytest.fixture(scope="module")
def carved(load):
    return size(load + QUIET, QUICK, workers=1)


def test_where_nothing_is_in_the_way_the_needs_alone_count(carved):
    """3 buffers of 20 MiB, each aligned to 1 MiB, rules of 4.7: areas in steps of 4 MiB."""
    (answer,) = carved.answers
    assert (carved.unit, carved.least, answer.size) == (4 * MIB, 60 * MIB, 60 * MIB)
    assert [(one.runs, one.failures) for one in answer.needs] == [(5, 0)]
    assert answer.needs[0].confidence == pytest.approx(1 - 0.5**5 / 0.64)
    assert answer.needs[0].slowest_ms < 1
    assert carved.best is answer


def test_alignment_takes_room(load):
    """Ten buffers of 257 frames begin at multiples of 256 each: 5 MiB, and a page beyond them."""
    needs = parse_needs(["1028K:10"], probability=0.5)
    found = size(load + QUIET, replace(QUICK, needs=needs), workers=1)
    assert found.least == 12 * MIB
    assert found.answers[0].size == 20 * MIB


def test_an_option_to_paste_where_there_is_no_tree(carved):
    (paste,) = carved.pastes
    assert paste.node == ""
    assert paste.option == f"memmap=60M${paste.start:#x}"


def test_the_outcome_is_the_same_with_several_processes(load, carved):
    assert size(load + QUIET, QUICK, workers=2) == carved


def test_the_machine_can_be_another(load):
    found = size(load + QUIET, replace(QUICK, machine="rpi4-4g", placements=("half-free",)), workers=1)
    (paste,) = found.pastes
    assert (found.machine, found.kernel, found.unit) == ("rpi4-4g", "6.12", 2 * MIB)
    assert "linux,cma {" in paste.node and "size = <0x0 0x3c00000>;" in paste.node
    assert paste.end - paste.start == found.answers[0].size == 60 * MIB


def test_the_loads_own_calls(load):
    """Two calls of 8 MiB that it keeps, and none besides."""
    own = replace(QUICK, needs=(the_loads_own(probability=0.5),))
    found = size(load + ",program_mib=8,too_large=0,calls=2", own, workers=1)
    assert (found.least, found.answers[0].size) == (8 * MIB, 16 * MIB)


def test_what_blocks_where_nothing_suffices(load):
    """One call is larger than any area up to the largest; and a time that no call keeps."""
    own = replace(QUICK, needs=(the_loads_own(probability=0.5),), most=64 * MIB)
    with pytest.raises(InputError, match="an area has 64 MiB at most"):
        size(load + ",program_mib=8,calls=0", own, workers=1)
    slow = parse_needs(["20MiB,within=1us"], probability=0.5)
    filled = replace(QUICK, needs=slow, placements=("zone-cma",), most=24 * MIB)
    (answer,) = size(load + ",program_mib=600,too_large=0", filled, workers=1).answers
    assert answer.size is None and answer.blocked is not None
    assert answer.blocked.size == 24 * MIB
    assert answer.blocked.not_got + answer.blocked.too_slow == answer.blocked.runs


REFUSED = {
    "larger than RAM": ({"needs": parse_needs(["900M:9"])}, "8100 MiB together"),
    "pages": ({"machine": "rpi5-8g-16k"}, "expected a machine with pages of 4 KiB"),
    "no machine": ({"machine": "nowhere"}, "'nowhere' is no board"),
    "no placement": ({"placements": ("nowhere",)}, "no placement is called 'nowhere'"),
    "no rules": ({"terms": Terms(rules="5.4")}, "--rules 5.4"),
    "nothing asked for": ({"needs": (the_loads_own(),)}, "asks for no contiguous buffer itself"),
    "below all memory": ({"below": MIB}, "an area has 0 bytes at most"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(load, case):
    changes, expected = REFUSED[case]
    with pytest.raises(InputError) as refused:
        size(load + QUIET, replace(QUICK, **changes), workers=1)
    assert expected in str(refused.value)


def test_options():
    assert [limit_called(one) for one in ("30bit", "1G", "0x40000000", "30-bits")] == [1 << 30] * 4
    assert bytes_called("512MiB", "--most") == 512 * MIB
    for text, expected in (("99bit", "20 to 52 bits"), ("x", "--dma-limit x: expected a size")):
        with pytest.raises(InputError, match=expected):
            limit_called(text)
    with pytest.raises(InputError, match="nope: no such recording or scenario"):
        size("nope", QUICK)
