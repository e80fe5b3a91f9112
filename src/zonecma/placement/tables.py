"""A placement's decisions as the tables that the model reads."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from zonecma.errors import InputError
from zonecma.kernel.alloc_flags import (
    ALLOC_CMA,
    ALLOC_COUNT_CMA,
    alloc_flags_fast,
    alloc_flags_reserves,
    alloc_flags_slow,
)
from zonecma.kernel.gfp import gfp_migratetype
from zonecma.kernel.preference import NR_CMA_ORDERS
from zonecma.kernel.state import State
from zonecma.kernel.thresholds import totalreserve_pages
from zonecma.kernel.zone import MAX_NR_ZONES
from zonecma.kernel.zonelist import build_zonelist
from zonecma.placement.policy import Placement


def _is_gate(answer: Any) -> bool:
    two_counts = isinstance(answer, tuple) and len(answer) == 2
    return two_counts and all(isinstance(pages, int) and 0 <= pages < 1 << 40 for pages in answer)


_QUESTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "highest_zone": (lambda zone: zone in range(MAX_NR_ZONES), f"a zone from 0 to {MAX_NR_ZONES - 1}"),
    "may_use_cma_lists": (lambda answer: answer in (False, True), "True or False"),
    "counts_free_cma": (lambda answer: answer in (False, True), "True or False"),
    "cma_first_above": (
        lambda share: isinstance(share, (int, Fraction)) and 0 <= share <= 1,
        "a Fraction from 0 to 1",
    ),
    "cma_order": (lambda rule: rule in range(NR_CMA_ORDERS), "a rule of zonecma.kernel.preference"),
    "cma_gate": (_is_gate, "two numbers of pages"),
}
"""What a placement is asked: which answers make sense, and how to say so."""


def place_of(error: Exception, file: str = "") -> str:
    """Where in a file (the innermost, if none is named) an error arose: ``FILE: line N``."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}: line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if not file or frame.filename == file]
    return f"{inside[-1].filename}: line {inside[-1].lineno}" if inside else file


def ask(placement: Placement, question: str, *gfp: int) -> Any:
    """One decision; raises InputError, with the line, where it fails or makes no sense."""
    asked = f"{question}({', '.join(map(hex, gfp))})"
    makes_sense, expected = _QUESTIONS[question]
    try:
        answer = getattr(placement, question)(*gfp)
    except Exception as error:
        raise InputError(f"{place_of(error)}: {asked}: {type(error).__name__}: {error}") from error
    if not makes_sense(answer):
        code = getattr(type(placement), question).__code__
        place = f"{code.co_filename}: line {code.co_firstlineno}"
        raise InputError(f"{place}: {asked} is {answer!r}; expected {expected}")
    return answer


def fill_tables(state: State, placement: Placement, gfp_masks: Iterable[int]) -> None:
    """Write what ``placement`` decides of each gfp mask into ``state``.

    The zones must be populated: zonelists hold those that have pages.  Raises InputError for
    a user's own placement that fails.
    """
    share = ask(placement, "cma_first_above")
    state.conf.area_migratetype = placement.migratetype
    state.conf.cma_first_numerator = share.numerator
    state.conf.cma_first_denominator = share.denominator
    state.conf.cma_order = ask(placement, "cma_order")
    outside, state.conf.cma_gate_inside = ask(placement, "cma_gate")
    state.conf.cma_gate_outside = outside + totalreserve_pages(state)
    for mask, row in zip(gfp_masks, state.gfp, strict=False):
        _fill_row(state, placement, int(mask), row)


def _fill_row(state: State, placement: Placement, mask: int, row: Any) -> None:
    highest = ask(placement, "highest_zone", mask)
    zonelist = build_zonelist(state, highest)
    if not zonelist:
        raise InputError(
            f"placement {placement.name}: highest_zone({mask:#x}) is {highest}, and no zone is below"
        )
    may_use, counts = ask(placement, "may_use_cma_lists", mask), ask(placement, "counts_free_cma", mask)
    cma = ALLOC_CMA * may_use | ALLOC_COUNT_CMA * counts
    row.mask, row.highest_zone, row.migratetype = mask, highest, gfp_migratetype(mask)
    features = int(state.conf.features)
    row.fast_flags = alloc_flags_fast(mask, zonelist[0], features) | cma
    row.slow_flags = alloc_flags_slow(mask, 0, features) | cma
    row.slow_flags_high_order = alloc_flags_slow(mask, 1, features) | cma
    reserves = alloc_flags_reserves(mask, row.slow_flags)
    row.reserve_flags = reserves | cma if reserves else reserves
    row.nr_zones = len(zonelist)
    row.zonelist[: len(zonelist)] = zonelist
