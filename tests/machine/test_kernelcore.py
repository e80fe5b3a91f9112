"""Where ZONE_MOVABLE starts: find_zone_movable_pfns_for_nodes, followed by hand."""

import pytest

from zonecma.kernel.rules import RULES
from zonecma.machine.architecture import GIB, MIB, X86_64
from zonecma.machine.board import Board, MemoryRange
from zonecma.machine.kernelcore import frames_of, movable_starts

ANY_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
DMA32, NORMAL = 16 * MIB >> 12, 4 * GIB >> 12
"""The lowest frame of the highest zone that has memory."""


def board(*memory, **options):
    return Board("by hand", X86_64, tuple(MemoryRange(*one) for one in memory), **options)


def starts(rules, *memory, usable=DMA32, **options):
    return movable_starts(board(*memory, **options), rules, usable)


@pytest.mark.parametrize(
    ("start", "end", "frames"),
    [(0, 8192, (0, 2)), (1, 8192, (1, 2)), (4096, 8191, (1, 1)), (0x9FC00, 0x100000, (160, 256))],
)
def test_a_frame_counts_if_it_is_memory_whole(start, end, frames):
    one = board((start, end))
    assert frames_of(one, one.memory[0]) == frames


@ANY_RULES
def test_nothing_asked_nothing_movable(rules):
    assert starts(rules, (0, GIB)) == {}


@ANY_RULES
@pytest.mark.parametrize("size", [GIB, 2 * GIB])
def test_kernelcore_of_all_memory_leaves_nothing(rules, size):
    assert starts(rules, (0, GIB), kernelcore=size) == {}


@ANY_RULES
def test_kernelcore_on_one_node(rules):
    assert starts(rules, (0, GIB), kernelcore=256 * MIB) == {0: 65536}


@ANY_RULES
def test_kernelcore_does_not_count_holes(rules):
    """The first MiB lacks 96 frames: the start moves up by as many, and on to a whole chunk of 1024."""
    assert starts(rules, (0, 0xA0000), (0x100000, GIB), kernelcore=256 * MIB) == {0: 66560}


@ANY_RULES
def test_movablecore_is_rounded_up_to_whole_chunks(rules):
    """261 MiB are 66816 frames, so 67584: the rest, 194560, is a multiple of 1024 already."""
    assert starts(rules, (0, GIB), movablecore=261 * MIB) == {0: 262144 - 67584}


@ANY_RULES
def test_the_larger_of_the_two_wins(rules):
    """movablecore leaves 768 MiB of kernelcore, more than the 256 MiB that are asked for."""
    assert starts(rules, (0, GIB), kernelcore=256 * MIB, movablecore=256 * MIB) == {0: 196608}


@ANY_RULES
def test_movablecore_of_all_memory_is_none(rules):
    """corepages is 0, and 'not specified' looks the same."""
    assert starts(rules, (0, GIB), movablecore=2 * GIB) == {}


@ANY_RULES
def test_two_nodes_share_evenly(rules):
    """131072 frames each; the second node's share is not halved again by what the first took."""
    memory = (0, GIB), (GIB, 2 * GIB, 1)
    assert starts(rules, *memory, kernelcore=GIB) == {0: 131072, 1: 262144 + 131072}


@pytest.mark.parametrize(("series", "expected"), [("4.7", {0: 65536, 1: 262144}), ("6.12", {1: 262144})])
def test_what_a_small_node_lacks_the_other_gives(series, expected):
    """Shares of 131072: node 0 has 65536 only, and the second round takes the rest from node 1.

    4.7 keeps a start at the node's end, where the zone is empty; later kernels forget it.
    """
    memory = (0, 256 * MIB), (256 * MIB, 2304 * MIB, 1)
    assert starts(RULES[series], *memory, kernelcore=GIB) == expected


@ANY_RULES
def test_memory_that_only_the_kernel_can_use_counts_first(rules):
    """Node 0 has 1048576 frames below 4 GiB, more than both shares: nothing is due from node 1."""
    memory = (0, 6 * GIB), (6 * GIB, 8 * GIB, 1)
    assert starts(rules, *memory, usable=NORMAL, kernelcore=2 * GIB) == {0: NORMAL, 1: 6 * GIB >> 12}


@ANY_RULES
def test_movable_node_takes_the_lowest_hotpluggable_range_of_each_node(rules):
    memory = (0, GIB), (GIB, 2 * GIB, 1, True), (2 * GIB, 3 * GIB, 1, True), (3 * GIB, 4 * GIB, 2)
    assert starts(rules, *memory, movable_node=True, kernelcore=GIB) == {1: 262144}


@ANY_RULES
def test_hotpluggable_memory_without_the_option_is_like_any_other(rules):
    assert starts(rules, (0, GIB), (GIB, 2 * GIB, 0, True)) == {}
