"""The fair zone policy of 4.7: each zone gives a batch of pages in turn, then all batches are renewed.

mm/page_alloc.c (get_page_from_freelist, reset_alloc_batches) and mm/vmstat.c, 4.7.4.  A zone's
batch is the distance of its low and high marks, so that pages everywhere age alike; it went
with 4.8, when reclaim became the node's.

The batch is a counter of vmstat: a CPU keeps up to ``stat_threshold`` pages to itself, and the
turn ends when the common part is used up.  A threshold of 0, as the boot page set has, makes it
exact; that vmstat's timer adds the CPUs' parts up once a second is not modelled.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import WMARK_HIGH, WMARK_LOW
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu, Order, ZoneIndex
from zonecma.kernel.zone import ZONE_FAIR_DEPLETED


@primitive
def fair_depleted(s: State, zone: ZoneIndex) -> bool:
    """Whether a zone's turn is over."""
    return s.zone[zone].zone_flags & ZONE_FAIR_DEPLETED != 0  # type: ignore[no-any-return]


@primitive
def batch_of(s: State, zone: ZoneIndex) -> int:
    """The pages of a zone's turn."""
    return s.zone[zone].watermark[WMARK_HIGH] - s.zone[zone].watermark[WMARK_LOW]  # type: ignore[no-any-return]


@jit
def charge_alloc_batch(s: State, zone: ZoneIndex, cpu: Cpu, order: Order) -> None:
    """Count an allocation against its zone's turn, which ends when nothing is left (buffered_rmqueue).

    What exceeds the threshold joins the common part; single pages overshoot by half of it
    (__dec_zone_state).
    """
    pcp, threshold = s.pcp[zone, cpu], s.zone[zone].stat_threshold
    pcp.alloc_batch_diff -= 1 << order
    if pcp.alloc_batch_diff < -threshold:
        overstep = 0 if order else threshold >> 1
        s.zone[zone].nr_alloc_batch += pcp.alloc_batch_diff - overstep
        pcp.alloc_batch_diff = overstep
    if s.zone[zone].nr_alloc_batch <= 0:
        s.zone[zone].zone_flags |= ZONE_FAIR_DEPLETED


@jit
def reset_alloc_batches(s: State, cpu: Cpu, preferred: ZoneIndex) -> None:
    """Begin a new round for the zones up to the preferred one (reset_alloc_batches)."""
    for index in range(preferred + 1):
        zone = ZoneIndex(index)
        pcp, threshold = s.pcp[zone, cpu], s.zone[zone].stat_threshold
        pcp.alloc_batch_diff += batch_of(s, zone) - s.zone[zone].nr_alloc_batch
        if abs(pcp.alloc_batch_diff) > threshold:
            s.zone[zone].nr_alloc_batch += pcp.alloc_batch_diff
            pcp.alloc_batch_diff = 0
        s.zone[zone].zone_flags &= ~ZONE_FAIR_DEPLETED
