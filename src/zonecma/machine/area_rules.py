"""What kernel series do differently when they place CMA areas: named features, never comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from zonecma.errors import InputError
from zonecma.machine.board import Board


@dataclass(frozen=True)
class AreaRules:
    """What differs between kernel series in how areas come to be."""

    aligned_to_largest_order: bool = False
    """an area begins and ends with a chunk of the largest order, not just with a pageblock"""
    spare_slot: bool = False
    """there is one slot more than CONFIG_CMA_AREAS says (MAX_CMA_AREAS)"""
    trusts_arguments: bool = False
    """a misaligned fixed base is moved up, and a limit that is too low not noticed"""
    avoids_low_memory: bool = True
    """with enough memory above 4 GiB, the lowest place there is taken"""
    of_a_node: bool = True
    """an area can be asked of a NUMA node (cma_declare_contiguous_nid)"""
    command_line_beats_tree: bool = True
    """``cma=`` makes the kernel pass over the tree's default area"""
    frees_refused_nodes: bool = True
    """the memory of a tree's node that can't be CMA goes back to the kernel"""
    sorts_nodes: bool = False
    """a tree's regions are set up in the order of their addresses"""
    aligns_huge_areas: bool = True
    """an area of hugetlb_cma= begins at a multiple of the gigantic page, not just of a huge one"""
    joins_neighbours: bool = False
    """a tree's region is put beside another one that its window touches"""


AREA_RULES: Mapping[str, AreaRules] = MappingProxyType(
    {
        "4.7": AreaRules(
            aligned_to_largest_order=True,
            spare_slot=True,
            trusts_arguments=True,
            avoids_low_memory=False,
            of_a_node=False,
            command_line_beats_tree=False,
            frees_refused_nodes=False,
            sorts_nodes=True,
        ),
        "6.1": AreaRules(spare_slot=True, sorts_nodes=True, aligns_huge_areas=False),
        "6.12": AreaRules(joins_neighbours=True),
    }
)
"""By kernel series."""

NEWEST_SERIES = "6.12"


def area_rules(board: Board) -> AreaRules:
    """The rules of the board's kernel; raises InputError when the series is not known."""
    series = board.rules or NEWEST_SERIES
    if series not in AREA_RULES:
        raise InputError(f"{board.name}: kernel {series} is not known; there are {', '.join(AREA_RULES)}")
    return AREA_RULES[series]


def smallest_alignment(board: Board) -> int:
    """What an area's start and size are multiples of, in bytes (CMA_MIN_ALIGNMENT_BYTES)."""
    built = board.architecture
    order = built.pageblock_order
    if area_rules(board).aligned_to_largest_order:
        order = max(order, built.max_order)
    return built.page_size << order
