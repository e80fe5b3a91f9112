"""What the model would do if one thing were otherwise: questions put to a state that is left as it was."""

from __future__ import annotations

from zonecma.kernel.features import PCP_TUNES_ITSELF, has
from zonecma.kernel.jit import entry
from zonecma.kernel.pcp import count_free, nr_pcp_alloc, nr_pcp_free, nr_pcp_high
from zonecma.kernel.state import IN_USE, RESERVED, State
from zonecma.kernel.units import NO_PFN, Cpu, Order, Pfn, ZoneIndex

NO_LIST = -1


@entry
def list_of(s: State, pfn: Pfn) -> int:
    """The head of the list on which the chunk hangs that holds a frame; NO_LIST when it is not free."""
    for order in range(s.config[0].max_order + 1):
        head = Pfn(pfn & -(1 << order))
        where = s.frame[head].where
        if where != IN_USE and where != RESERVED and s.frame[head].order >= order:
            at = head
            while at < s.config[0].nr_frames:
                at = Pfn(s.frame[at].next)
            return at
    return NO_LIST


@entry
def _pages_to_drain(s: State, zone: ZoneIndex, cpu: Cpu, order: Order) -> int:
    """As free_unref_page_commit decides; changes the per-cpu set."""
    pcp = s.pcp[zone, cpu]
    if not has(s, PCP_TUNES_ITSELF):
        return NO_PFN
    pcp.count += 1 << order
    free_high = count_free(s, zone, cpu, order)
    high = nr_pcp_high(s, zone, cpu, free_high)
    if pcp.count < high:
        return 0
    return min(nr_pcp_free(s, zone, cpu, high, free_high), pcp.count)  # type: ignore[no-any-return]


@entry
def _chunks_to_fetch(s: State, zone: ZoneIndex, cpu: Cpu, order: Order) -> int:
    return nr_pcp_alloc(s, zone, cpu, order)


def pages_to_drain(
    state: State,
    zone: ZoneIndex,
    cpu: Cpu,
    order: Order,
    *,
    high: int | None = None,
    more: int = 0,
    other_flags: int = 0,
    other_pcp_flags: int = 0,
) -> int:
    """Pages that a free would drain; -1 for kernels whose lists do not tune themselves.

    ``high``: pages, instead of the list's own; ``more``: pages that the lists hold besides;
    ``other_flags``, ``other_pcp_flags``: flags of the zone and of the lists that are turned round.
    """
    pcp, flags = state.pcp[zone, cpu].copy(), int(state.zone[zone].zone_flags)
    try:
        state.zone[zone].zone_flags = flags ^ other_flags
        state.pcp[zone, cpu].count += more
        state.pcp[zone, cpu].pcp_flags ^= other_pcp_flags
        if high is not None:
            state.pcp[zone, cpu].high = high
        return int(_pages_to_drain(state, zone, cpu, order))
    finally:
        state.pcp[zone, cpu], state.zone[zone].zone_flags = pcp, flags


def chunks_to_fetch(state: State, zone: ZoneIndex, cpu: Cpu, order: Order, *, other_flags: int = 0) -> int:
    """Chunks that a refill would ask for, with some of the zone's flags turned round."""
    pcp, flags = state.pcp[zone, cpu].copy(), int(state.zone[zone].zone_flags)
    try:
        state.zone[zone].zone_flags = flags ^ other_flags
        return int(_chunks_to_fetch(state, zone, cpu, order))
    finally:
        state.pcp[zone, cpu], state.zone[zone].zone_flags = pcp, flags
