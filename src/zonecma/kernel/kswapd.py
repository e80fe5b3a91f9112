"""What kswapd's waking and resting change for the allocator (balance_pgdat, mm/vmscan.c, 6.12 and 6.1).

What it reclaims are frees like any other.  While it is at it, the zones it looks after keep little
on per-cpu lists; when it is done, the boosts that it found on their marks are taken off again.
"""

from __future__ import annotations

from zonecma.kernel.jit import jit
from zonecma.kernel.state import State
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import MAX_NR_ZONES, NOT_ASKED, ZONE_RECLAIM_ACTIVE


@jit
def wakeup_kswapd(s: State, highest_zone: ZoneIndex) -> None:
    """Note up to which zone reclaim is wanted, whether or not kswapd sleeps (wakeup_kswapd)."""
    s.config[0].kswapd_asked = max(s.config[0].kswapd_asked, highest_zone)


@jit
def begin_balance(s: State) -> None:
    """Kswapd begins a round; where nobody asked anew it looks after the zones of its last one."""
    conf = s.config[0]
    if conf.kswapd_asked != NOT_ASKED:
        conf.kswapd_zone = conf.kswapd_asked
    conf.kswapd_asked = NOT_ASKED
    for index in range(min(conf.kswapd_zone + 1, MAX_NR_ZONES)):
        zone = s.zone[index]
        if zone.managed:
            zone.zone_flags |= ZONE_RECLAIM_ACTIVE
            zone.kswapd_boost = zone.watermark_boost


@jit
def end_balance(s: State) -> None:
    """Kswapd ends its round."""
    for index in range(MAX_NR_ZONES):
        zone = s.zone[index]
        zone.zone_flags &= ~ZONE_RECLAIM_ACTIVE
        zone.watermark_boost -= min(zone.watermark_boost, zone.kswapd_boost)
        zone.kswapd_boost = 0
