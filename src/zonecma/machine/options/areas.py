"""cma= and hugetlb_cma=: areas that no device tree asks for."""

from __future__ import annotations

import dataclasses

from zonecma.machine.area_rules import area_rules
from zonecma.machine.board import AreaRequest, Board
from zonecma.machine.memblock import align_up
from zonecma.machine.options.values import fail
from zonecma.machine.sizes import memparse, size_text


def cma(board: Board, value: str) -> Board:
    """cma=SIZE[@BASE[-LIMIT]] (kernel/dma/contiguous.c, early_cma and dma_contiguous_reserve)."""
    size, rest = memparse(value)
    base = limit = 0
    if rest.startswith("@"):
        base, rest = memparse(rest[1:])
        limit = base + size
        if rest.startswith("-"):
            limit, rest = memparse(rest[1:])
    if rest or not value[:1].isdigit():
        fail("cma", value, "expected SIZE, SIZE@BASE or SIZE@BASE-LIMIT; the kernel takes what it can read")
    bounds = [end for end in (limit, board.architecture.default_area_limit) if end]
    area = AreaRequest(
        "reserved",
        size,
        base=base or None,
        limit=min(bounds, default=0),
        fixed=base + size == limit,
        default=True,
    )
    others = tuple(one for one in board.areas if one.from_tree or not one.default)
    return with_areas(dataclasses.replace(board, areas=others, default_area_given=True), area)


def with_areas(board: Board, *areas: AreaRequest) -> Board:
    """The board with some more areas, in the order in which its architecture declares them."""
    wanted = sorted((*board.areas, *(one for one in areas if one.size)), key=lambda one: _turn(board, one))
    return dataclasses.replace(board, areas=tuple(wanted))


def _turn(board: Board, area: AreaRequest) -> int:
    """The tree's areas come first, those for huge pages before or after the others."""
    if area.from_tree:
        return 0
    huge = area.name.startswith("hugetlb")
    return 1 if huge == board.architecture.huge_areas_first else 2


def hugetlb_cma(board: Board, value: str) -> Board:
    """hugetlb_cma=SIZE or NODE:SIZE,... (mm/hugetlb.c, hugetlb_cma_reserve)."""
    page = board.architecture.gigantic_page
    if not page:
        fail("hugetlb_cma", value, f"{board.architecture.name} has no gigantic pages; the kernel ignores it")
    rules = area_rules(board)
    if not rules.of_a_node:
        fail("hugetlb_cma", value, f"kernel {board.rules} does not know it yet and ignores it")
    sizes = _by_node(board, value) if ":" in value else _over_nodes(board, value)
    areas = (
        AreaRequest(
            f"hugetlb{node}",
            align_up(size, page),
            alignment=page if rules.aligns_huge_areas else 0,
            order_per_bit=board.architecture.pageblock_order,
            node=node,
        )
        for node, size in sizes
    )
    return with_areas(board, *areas)


def _by_node(board: Board, value: str) -> list[tuple[int, int]]:
    """The nodes that the option names, ascending."""
    sizes: dict[int, int] = {}
    for part in value.split(","):
        node, colon, size = part.partition(":")
        if not colon or not node.isdecimal() or len(node) > 4:
            fail("hugetlb_cma", value, "expected NODE:SIZE,...; the kernel stops at the first that is none")
        if int(node) not in board.nodes:
            fail("hugetlb_cma", value, f"there is no node {int(node)}; the kernel passes it over")
        sizes[int(node)] = _gigantic(board, value, size)
    return sorted(sizes.items())


def _over_nodes(board: Board, value: str) -> list[tuple[int, int]]:
    """The same share from each node, whole gigantic pages, until there is enough."""
    left = _gigantic(board, value, value)
    share = align_up(-(-left // len(board.nodes)), board.architecture.gigantic_page)
    sizes = []
    for node in board.nodes:
        if left > 0:
            sizes.append((node, min(share, left)))
            left -= align_up(sizes[-1][1], board.architecture.gigantic_page)
    return sizes


def _gigantic(board: Board, value: str, text: str) -> int:
    """A size that has room for a gigantic page."""
    page = board.architecture.gigantic_page
    size, rest = memparse(text)
    if rest or size < page:
        fail("hugetlb_cma", value, f"expected {size_text(page)} or more; the kernel passes less over")
    return size
