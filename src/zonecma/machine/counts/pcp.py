"""Per-cpu lists at the start: chunks that the trace shows on them, and single frames up to the count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.snapshot import PcpSnapshot
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_PCPTYPES
from zonecma.kernel.pcp import NR_LOWORDER_PCP_LISTS
from zonecma.kernel.units import Cpu, Pindex
from zonecma.machine.counts.evidence import ON_PCP, Evidence

_NO_CHUNK = -1


@dataclass(frozen=True)
class PcpLists:
    """The lists of one zone."""

    cpus: tuple[PcpSnapshot, ...]
    drawn: int
    """frames that the trace does not show"""
    off: int
    """frames by which the lists differ from what the kernel counted"""


def draw_pcp_lists(
    evidence: Evidence,
    frames: slice,
    pageblock_order: int,
    fields: Mapping[int, Mapping[str, int]],
    spare: NDArray[np.int64],
    random: np.random.Generator,
) -> PcpLists:
    """The lists of the zone with ``frames``.

    ``fields``: of each CPU, ``count`` and what else its lists have; ``spare``: frames of which nothing
    is known, to draw from, one CPU after the other.
    """
    cpus, drawn, off = [], 0, 0
    spare = random.permutation(spare)
    for cpu, own in sorted(fields.items()):
        lists = _told(evidence, frames, pageblock_order, cpu)
        held = sum(len(chunks) << _order_of(pindex, pageblock_order) for pindex, chunks in lists.items())
        extra = spare[drawn : drawn + max(own.get("count", 0) - held, 0)]
        for pindex, more in _spread(extra, lists, random):
            lists[pindex] = np.concatenate([lists.get(pindex, extra[:0]), more])
        drawn += len(extra)
        off += abs(own.get("count", 0) - held - len(extra))
        cpus.append(PcpSnapshot(Cpu(cpu), {**own, "count": held + len(extra)}, lists))
    return PcpLists(tuple(cpus), drawn, off)


def _order_of(pindex: Pindex, pageblock_order: int) -> int:
    return pageblock_order if pindex >= NR_LOWORDER_PCP_LISTS else int(pindex) // MIGRATE_PCPTYPES


def _told(
    evidence: Evidence, frames: slice, pageblock_order: int, cpu: int
) -> dict[Pindex, NDArray[np.int64]]:
    """The chunks that the trace shows on a CPU's lists, as their frames are numbered."""
    held, order = evidence.held[frames], evidence.order[frames]
    heads = np.flatnonzero((held == ON_PCP) & (order > _NO_CHUNK) & (evidence.cpu[frames] == cpu))
    kinds = evidence.migratetype[frames][heads].astype(np.int64)
    kinds = np.where((kinds >= 0) & (kinds < MIGRATE_PCPTYPES), kinds, MIGRATE_MOVABLE)
    pindex = MIGRATE_PCPTYPES * order[heads].astype(np.int64) + kinds
    large = order[heads] == pageblock_order
    pindex[large] = NR_LOWORDER_PCP_LISTS + (kinds[large] == MIGRATE_MOVABLE)
    return {Pindex(int(one)): heads[pindex == one] + frames.start for one in np.unique(pindex)}


def _spread(
    extra: NDArray[np.int64], lists: Mapping[Pindex, NDArray[np.int64]], random: np.random.Generator
) -> list[tuple[Pindex, NDArray[np.int64]]]:
    """Single frames for the lists of order 0, in the proportion in which the trace shows these."""
    told = np.array([len(lists.get(Pindex(kind), ())) for kind in range(MIGRATE_PCPTYPES)], float)
    share = (told + 1) / (told + 1).sum()
    kinds = random.choice(MIGRATE_PCPTYPES, len(extra), p=share)
    return [(Pindex(kind), extra[kinds == kind]) for kind in range(MIGRATE_PCPTYPES) if (kinds == kind).any()]
