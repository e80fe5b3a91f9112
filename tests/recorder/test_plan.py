"""Options become a plan; what no machine could do is refused in one sentence."""

import pytest

from recorder.__main__ import _parser, plan_of
from recorder.errors import RecorderError
from recorder.plan import Calls, Load, parse_calls, parse_load, usual_calls
from recorder.sizes import mebibytes, parse_size


def planned(words):
    return plan_of(_parser().parse_args(["record", "test", *words.split()]))


def test_a_plain_plan_boots_alone():
    plan = planned("")
    assert (plan.kernel, plan.cpus, plan.ram, plan.area, plan.calls) == ("6.12", 1, 1024, "", None)
    assert plan.load == Load("none", 0, 1)


def test_zone_cma_gives_the_movable_zone_the_areas_size():
    plan = planned("--area 192M@0x40000000 --zone-cma")
    assert (plan.area, plan.movable) == ("192M@0x40000000", "192M")


def test_a_load_beside_an_area_has_contiguous_calls_unless_told_otherwise():
    assert planned("--area 64M --load mix").calls == Calls(1, 32)
    assert planned("--area 64M --load mix --calls none").calls is None
    assert planned("--load mix").calls is None
    assert planned("--area 64M").calls is None


def test_the_ring_buffer_is_smaller_where_the_allocator_owns_it():
    assert (planned("").trace, planned("--kernel 6.1").trace) == (256, 96)


def test_the_ring_buffer_is_no_larger_than_the_kernel_can_map():
    """vmap() refuses more pages than there is ordinary memory: 384 - 160 - 64 MiB, in steps of 32."""
    assert planned("--ram 384 --area 160M").trace == 160
    assert planned("--ram 5000 --area 64M --huge-area 1G").trace == 256
    with pytest.raises(RecorderError, match="at most 160 MiB can: --trace 160M"):
        planned("--ram 384 --area 160M --trace 192M")


@pytest.mark.parametrize(
    "words",
    ["--cpus 5", "--cpus 0", "--ram 100", "--area 2G", "--calls 1M", "--zone-cma", "--area 1X",
     "--load mix,seed=x", "--load mix,speed=2", "--deterministic --cpus 2", "--area 64M --calls count=3",
     "--area 64M --calls 8M:1M", "--data 1K", "--area 64M --zone-cma --movable 64M"],
)  # fmt: skip
def test_what_no_machine_could_do_is_refused_in_one_sentence(words):
    with pytest.raises(RecorderError) as refused:
        planned(words)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b"])
def test_a_name_that_is_no_folders_is_refused(name):
    with pytest.raises(RecorderError):
        plan_of(_parser().parse_args(["record", name]))


def test_loads_and_calls_have_numbers_after_their_names():
    assert parse_load("mix,seed=3,size=2") == Load("mix", 3, 2)
    assert parse_calls("1M:1G,count=4,keep=1") == Calls(1, 1024, count=4, keep=1)
    assert parse_calls("8M") == Calls(8, 8)
    assert [usual_calls(area) for area in ("96M", "128M@1G", "1M")] == [
        Calls(1, 32),
        Calls(1, 64),
        Calls(1, 1),
    ]


def test_sizes_are_those_of_the_kernel():
    assert [parse_size(text) for text in ("64K", "1m", "2G", "5")] == [65536, 1 << 20, 2 << 30, 5]
    assert [mebibytes(text) for text in ("1024", "1G", "2048K")] == [1024, 1024, 2]
    for text in ("", "0", "0M", "-1M", "1T", "1.5G"):
        with pytest.raises(RecorderError):
            parse_size(text)
