"""The smallest recording there can be: running it compiles all that a real one needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zonecma.capture.snapshot import AreaSnapshot, PcpSnapshot, Snapshot, ZoneSnapshot
from zonecma.capture.trace import scan_pieces
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.units import Cpu, Order, Pfn, Pindex
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.lab.replay import Replay, make_replay
from zonecma.machine.from_snapshot import machine_of

_FRAMES = 4096
_AREA = 1024

_TEXT = b"""\
            init-1     [000]     1.000000: print: tracing_mark_write: GT_wl_start
            init-1     [000]     1.000001: mm_page_free: pfn=0x1000 order=0
            init-1     [000]     1.000002: print: tracing_mark_write: GT_wl_end
"""


def _snapshot(lines: int) -> Snapshot:
    """16 MiB from frame 0x1000 on: 4 MiB of CMA, one page on a per-cpu list, the rest in use."""
    start = 0x1000
    pcp = PcpSnapshot(Cpu(0), {"batch": 1, "high_max": 64}, {Pindex(1): np.array([start + 1])})
    blocks = np.full(_FRAMES // 512, MIGRATE_MOVABLE, np.uint8)
    blocks[-_AREA // 512 :] = MIGRATE_CMA
    zone = ZoneSnapshot(
        index=ZONE_DMA32,
        start_pfn=Pfn(start),
        spanned=_FRAMES,
        present=_FRAMES,
        managed=_FRAMES,
        cma=_AREA,
        watermark=(1, 2, 3, 4),
        watermark_boost=0,
        counted_free=_AREA,
        counted_cma=_AREA,
        lowmem_reserve={},
        free={(Order(10), MIGRATE_CMA): np.array([start + _FRAMES - _AREA])},
        pcp=(pcp,),
        pageblocks=blocks,
        pageblock_order=9,
    )
    area = AreaSnapshot("cma", Pfn(start + _FRAMES - _AREA), _AREA, 0, np.zeros(_AREA, np.uint8))
    return Snapshot((zone,), (area,), (lines,))


def tiny_replay(text: bytes = _TEXT) -> Replay:
    """The load of a trace, one free unless another is given, on one CPU.

    Snapshot B shows the machine as it was before.
    """
    before, after = _snapshot(0), _snapshot(text.count(b"\n"))
    trace = scan_pieces(Path("tiny"), [text], len(text))
    return make_replay("tiny", NEWEST.series, machine_of(before, NEWEST), trace, before, after)
