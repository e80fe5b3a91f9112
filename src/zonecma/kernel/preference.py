"""Whether CMA lists come before movable ones now: one rule for each kernel that had one.

* By share: first while free CMA is more than a share of the zone's free pages (6.12, __rmqueue).
* In turns: runs of at least a pageblock from movable lists and from CMA, in proportion (Joonsoo
  Kim's series of May 2014, __rmqueue_cma: v1 by what is free, v2 by what the zone has).
* Behind a gate: closed until memory outside the areas is short (Feng Tang's patch of 2015,
  __alloc_pages_nodemask).
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.state import State
from zonecma.kernel.units import Code, Order, ZoneIndex
from zonecma.kernel.vmstat import free_cma_seen, free_pages_seen
from zonecma.kernel.watermark import wmark_pages
from zonecma.kernel.zone import MAX_NR_ZONES

BY_SHARE = Code(0)
IN_TURNS_BY_FREE = Code(1)
IN_TURNS_BY_SIZE = Code(2)
BEHIND_GATE = Code(3)
NR_CMA_ORDERS = 4

# What a request that may use CMA finds.
CMA_LATER = Code(0)
CMA_FIRST = Code(1)
CMA_CLOSED = Code(2)


@primitive
def cma_comes_first(s: State, zone: ZoneIndex) -> bool:
    """Whether free CMA is more than the placement's share of the zone's free pages."""
    free = free_pages_seen(s, zone)
    share = free * s.config[0].cma_first_numerator // s.config[0].cma_first_denominator
    return free_cma_seen(s, zone) > share  # type: ignore[no-any-return]


@jit
def recharge(s: State, zone: ZoneIndex) -> None:
    """Size the next turns: the smaller share gets a pageblock, the other one its multiple.

    v1 counts free pages (above the high mark, outside CMA), v2 those the zone manages.  Where
    the movable share is nothing v1 turns to CMA; v2 divided by it, so v1's answer is taken.
    """
    block = 1 << s.config[0].pageblock_order
    if s.config[0].cma_order == IN_TURNS_BY_SIZE:
        pages, cma = s.zone[zone].managed, s.zone[zone].cma
    else:
        pages, cma = s.zone[zone].nr_free_pages, s.zone[zone].nr_free_cma
    movable = pages - cma - wmark_pages(s, zone, WMARK_HIGH)
    s.zone[zone].nr_try_movable = s.zone[zone].nr_try_cma = block
    if cma <= 0:
        s.zone[zone].nr_try_cma = 0
    elif movable <= 0:
        s.zone[zone].nr_try_movable = 0
    elif movable > cma:
        s.zone[zone].nr_try_movable = movable * block // cma
    else:
        s.zone[zone].nr_try_cma = cma * block // movable


@jit
def take_turn(s: State, zone: ZoneIndex, order: Order) -> Code:
    """Whose turn it is, and one off it (__rmqueue_cma); v1 counts attempts, v2 pages."""
    if s.zone[zone].nr_try_movable <= 0 and s.zone[zone].nr_try_cma <= 0:
        recharge(s, zone)
    step = 1 << order if s.config[0].cma_order == IN_TURNS_BY_SIZE else 1
    if s.zone[zone].nr_try_movable > 0:
        s.zone[zone].nr_try_movable -= step
        return CMA_LATER
    s.zone[zone].nr_try_cma -= step
    if order == 0 and s.zone[zone].nr_free_cma == 0:
        s.zone[zone].nr_try_cma = 0  # a contiguous call took what the turn was for
    return CMA_FIRST


@jit
def gate_is_open(s: State) -> bool:
    """Whether all zones have little free outside CMA, and much in it."""
    free, free_cma = 0, 0
    for zone in range(MAX_NR_ZONES):
        free += s.zone[zone].nr_free_pages
        free_cma += s.zone[zone].nr_free_cma
    conf = s.config[0]
    return free - free_cma <= conf.cma_gate_outside and free_cma >= conf.cma_gate_inside  # type: ignore[no-any-return]


@primitive
def cma_turn(s: State, zone: ZoneIndex, order: Order) -> Code:
    """Whether a request that may use CMA takes it first, later or not at all."""
    if s.config[0].cma_order == BY_SHARE:
        return CMA_FIRST if cma_comes_first(s, zone) else CMA_LATER
    if s.config[0].cma_order == BEHIND_GATE:
        return CMA_FIRST if gate_is_open(s) else CMA_CLOSED
    return take_turn(s, zone, order)
