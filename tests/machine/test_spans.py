"""Spans and holes of zones, by hand from free_area_init and what it calls."""

import pytest

from zonecma.kernel.rules import RULES
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_NORMAL
from zonecma.machine.architecture import ARM64, GIB, MIB, X86_32, X86_32_HIGHMEM, X86_64
from zonecma.machine.board import Board, MemoryRange
from zonecma.machine.spans import EMPTY, Span, limits_of, spans_of_node, zone_limits

ANY_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
SINCE_6 = pytest.mark.parametrize("rules", [RULES["6.1"], RULES["6.12"]], ids=["6.1", "6.12"])
PC = (0x1000, 0x9F000), (0x100000, GIB)
"""The memory of a PC: frame 0 and the hole below 1 MiB are none."""


def board(*memory, architecture=X86_64, **options):
    return Board("by hand", architecture, tuple(MemoryRange(*one) for one in memory), **options)


def spans(of, rules, node=0):
    return spans_of_node(of, rules, limits_of(of, rules), node)


def test_limits_meet_and_an_empty_zone_lies_at_the_end_of_memory():
    assert zone_limits(board(*PC)) == {
        ZONE_DMA: (1, 4096),
        ZONE_DMA32: (4096, 262144),
        ZONE_NORMAL: (262144, 262144),
    }


def test_limits_where_all_memory_is_above_the_first_zone():
    """A board whose RAM starts at 2 GiB: ZONE_DMA of x86-64 would end before it starts."""
    assert zone_limits(board((2 * GIB, 8 * GIB))) == {
        ZONE_DMA: (524288, 524288),
        ZONE_DMA32: (524288, 1048576),
        ZONE_NORMAL: (1048576, 2097152),
    }


@pytest.mark.parametrize(
    ("architecture", "memory", "movable"),
    [
        (X86_64, PC, ZONE_DMA32),
        (X86_64, ((0, 8 * GIB),), ZONE_NORMAL),
        (X86_64, ((0, 8 * MIB),), ZONE_DMA),
        (X86_32_HIGHMEM, ((0, 2 * GIB),), ZONE_HIGHMEM),
        (X86_32_HIGHMEM, ((0, 512 * MIB),), ZONE_NORMAL),
        (X86_32, ((0, 2 * GIB),), ZONE_NORMAL),
        (ARM64, ((GIB, 3 * GIB),), ZONE_DMA),
    ],
)
@ANY_RULES
def test_the_zone_that_movable_memory_comes_from(architecture, memory, movable, rules):
    assert limits_of(board(*memory, architecture=architecture), rules).movable_zone == movable


@ANY_RULES
def test_a_pc_of_1_gib(rules):
    """DMA: frames 1 to 4095; 0x9f to 0xff, 97 of them, are a hole."""
    assert spans(board(*PC), rules) == {
        ZONE_DMA: Span(1, 4095, 4095 - 97),
        ZONE_DMA32: Span(4096, 258048, 258048),
        ZONE_NORMAL: EMPTY,
        ZONE_MOVABLE: EMPTY,
    }


@ANY_RULES
def test_a_hole_is_spanned_and_not_present(rules):
    """As on any PC: DMA32 reaches to 4 GiB although its last quarter is devices."""
    one = board((0, 3 * GIB), (4 * GIB, 5 * GIB))
    found = spans(one, rules)
    assert found[ZONE_DMA32] == Span(4096, 1044480, 782336)
    assert found[ZONE_NORMAL] == Span(1048576, 262144, 262144)


@ANY_RULES
def test_each_node_has_its_own_part_of_a_zone(rules):
    one = board((0, 6 * GIB), (6 * GIB, 8 * GIB, 1))
    assert spans(one, rules, 0)[ZONE_NORMAL] == Span(1048576, 524288, 524288)
    second = spans(one, rules, 1)
    assert second.pop(ZONE_NORMAL) == Span(1572864, 524288, 524288)
    assert set(second.values()) == {EMPTY}


@ANY_RULES
def test_nodes_that_interleave_count_each_others_memory_as_holes(rules):
    one = board((0, GIB), (GIB, 2 * GIB, 1), (2 * GIB, 3 * GIB))
    assert spans(one, rules, 0)[ZONE_DMA32] == Span(4096, 786432 - 4096, 524288 - 4096)
    assert spans(one, rules, 1)[ZONE_DMA32] == Span(262144, 262144, 262144)


@SINCE_6
def test_movable_memory_is_cut_off(rules):
    found = spans(board((0, GIB), movablecore=256 * MIB), rules)
    assert found[ZONE_DMA32] == Span(4096, 196608 - 4096, 196608 - 4096)
    assert found[ZONE_MOVABLE] == Span(196608, 65536, 65536)
    assert found[ZONE_NORMAL] == EMPTY


def test_movable_memory_overlaps_in_4_7_and_normal_pays_for_it():
    """adjust_zone_range_for_zone_movable cuts nothing off; zone_absent_pages_in_node counts in NORMAL."""
    found = spans(board((0, GIB), movablecore=256 * MIB), RULES["4.7"])
    assert found[ZONE_DMA32] == Span(4096, 258048, 258048)
    assert found[ZONE_MOVABLE] == Span(196608, 65536, 65536)
    assert found[ZONE_NORMAL] == Span(0, 0, -65536)


def test_movable_memory_in_4_7_where_normal_has_some():
    found = spans(board((0, 8 * GIB), movablecore=GIB), RULES["4.7"])
    assert found[ZONE_NORMAL] == Span(1048576, 1048576, 1048576 - 262144)
    assert found[ZONE_MOVABLE] == Span(1835008, 262144, 262144)


@SINCE_6
def test_a_node_that_is_all_movable(rules):
    one = board((0, 6 * GIB), (6 * GIB, 8 * GIB, 1, True), movable_node=True)
    found = spans(one, rules, 1)
    assert found.pop(ZONE_MOVABLE) == Span(1572864, 524288, 524288)
    assert set(found.values()) == {EMPTY}
    assert spans(one, rules, 0)[ZONE_MOVABLE] == EMPTY


@ANY_RULES
def test_memory_beyond_the_last_zone_is_in_none(rules):
    """CONFIG_NOHIGHMEM: NORMAL ends where low memory does."""
    found = spans(board((0, 2 * GIB), architecture=X86_32), rules)
    assert found[ZONE_NORMAL].end == 0x377FE
