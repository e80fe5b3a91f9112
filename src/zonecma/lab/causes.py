"""Why a choice was missed: causes that are computed from the model's state, one function each.

Each looks at a scene and says whether it explains the first miss of the request.  They are asked in
order, those that prove something by a question to the model (``what_if.py``) before those that
only say what differed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.features import COUNTS_REFILLS_LATE
from zonecma.kernel.migratetype import MIGRATE_CMA
from zonecma.kernel.pcp import PCPF_PREV_FREE_HIGH_ORDER
from zonecma.kernel.zone import NO_ZONE, ZONE_BELOW_HIGH, ZONE_RECLAIM_ACTIVE
from zonecma.lab import score
from zonecma.lab.scene import Scene
from zonecma.lab.what_if import NO_LIST, chunks_to_fetch, pages_to_drain

UNKNOWN = "unknown"
UNSEEN_PAGES = 4
"""So many pages more the kernel's per-cpu lists may have held."""

Cause = Callable[[Scene], bool]


def misplaced(scene: Scene) -> bool:
    """An earlier miss had left one of the two frames in another place."""
    frames = (scene.root.predicted, scene.root.recorded)
    return any(0 <= pfn < scene.nr_frames and bool(scene.misplaced[pfn]) for pfn in frames)


def swapped(scene: Scene) -> bool:
    """Another request nearby got this one's frame, and this one the other's."""
    return (scene.root.recorded, scene.root.predicted) in scene.swaps


def another_zone(scene: Scene) -> bool:
    """The watermark check let the kernel have another zone."""
    if not scene.both_chose:
        return False
    zones = scene.zone_of(scene.root.predicted), scene.zone_of(scene.root.recorded)
    return NO_ZONE not in zones and zones[0] != zones[1]


def _cma_or_not(scene: Scene) -> bool:
    if not scene.both_chose:
        return False
    predicted, recorded = (scene.type_of(pfn) for pfn in (scene.root.predicted, scene.root.recorded))
    return (predicted == MIGRATE_CMA) != (recorded == MIGRATE_CMA)


def half_free_near(scene: Scene) -> bool:
    """CMA first or not, where the two counters are so close that their drift decides."""
    zone = scene.state.zone[scene.zone_of(scene.root.recorded)] if scene.both_chose else None
    drift = 0 if zone is None else int(zone.stat_threshold) * int(scene.state.conf.nr_cpus)
    return _cma_or_not(scene) and abs(_above_half(scene)) <= max(drift, 1)


def half_free(scene: Scene) -> bool:
    """CMA first or not, where the counters are further apart than they can drift."""
    return _cma_or_not(scene)


def _above_half(scene: Scene) -> int:
    """Free CMA pages beyond the placement's share of the free pages, when the choice was made."""
    state, conf = scene.state, scene.state.conf
    zone = state.zone[scene.zone_of(scene.root.recorded)]
    free, cma = int(zone.nr_free_pages - zone.free_lag), int(zone.nr_free_cma - zone.cma_lag)
    for chunk in scene.chunks("refilled"):
        if chunk.pfn == scene.root.recorded:
            break
        pages = 1 << int(chunk.order)
        free -= 0 if conf.features & COUNTS_REFILLS_LATE else pages
        cma -= pages if scene.type_of(int(chunk.pfn)) == MIGRATE_CMA else 0
    return cma - free * int(conf.cma_first_numerator) // int(conf.cma_first_denominator)


def another_type(scene: Scene) -> bool:
    """The frames are of different types: one side fell back to another type's list."""
    if not scene.both_chose:
        return False
    return scene.type_of(scene.root.predicted) != scene.type_of(scene.root.recorded)


def another_cpu(scene: Scene) -> bool:
    """Another CPU changed the buddy lists within microseconds."""
    return scene.another_cpu_is_near()


def not_free(scene: Scene) -> bool:
    """The kernel's frame was in use in the model."""
    return 0 <= scene.root.recorded < scene.nr_frames and scene.list_of(scene.root.recorded) == NO_LIST


def another_place(scene: Scene) -> bool:
    """The kernel's frame was on the list that the model took from, further on."""
    return scene.both_chose and scene.list_of(scene.root.predicted) == scene.list_of(scene.root.recorded)


def another_order(scene: Scene) -> bool:
    """Both frames were on buddy lists, of different orders."""
    if not scene.both_chose:
        return False
    heads = [scene.list_of(pfn) for pfn in (scene.root.predicted, scene.root.recorded)]
    return not any(head == NO_LIST or scene.on_pcp(head) for head in heads)


def another_pcp_list(scene: Scene) -> bool:
    """The kernel's frame was on a per-cpu list that the model did not take from."""
    pfn = scene.root.recorded
    return 0 <= pfn < scene.nr_frames and scene.on_pcp(scene.list_of(pfn))


def ran_out(scene: Scene) -> bool:
    """One side's per-cpu list was empty, and was refilled; the other's was not."""
    return scene.root.score == score.REFILL_SIZES and 0 in (scene.root.predicted, scene.root.recorded)


def fetched_below_high(scene: Scene) -> bool:
    """The refill has the recorded size if the zone's being below its high mark is turned round."""
    chunks = scene.chunks("refilled")
    if scene.root.score != score.REFILL_SIZES or not len(chunks):
        return False
    zone = scene.zone_of(int(chunks[0].pfn))
    turned = chunks_to_fetch(scene.state, zone, scene.cpu, scene.order, other_flags=ZONE_BELOW_HIGH)
    return turned == len(chunks)


def another_batch(scene: Scene) -> bool:
    """Both refilled, in batches of different size."""
    return scene.root.score == score.REFILL_SIZES


def _drained(scene: Scene, predicted: int) -> bool:
    """Whether so many pages, or what is left of the last chunk more, are what the kernel drained."""
    pages = [1 << int(chunk.order) for chunk in scene.chunks("drained")]
    return sum(pages[:-1]) < predicted <= sum(pages) if pages else predicted == 0


def _would_drain(scene: Scene, **otherwise: Any) -> bool:
    """Whether the free drains as recorded if things were otherwise (``pages_to_drain``)."""
    zone = scene.zone_of(int(scene.request["pfn"]))
    return _drained(scene, pages_to_drain(scene.state, zone, scene.cpu, scene.order, **otherwise))


def high_learnt_wrong(scene: Scene) -> bool:
    """``high`` is what the last miss set it to, one page above what was on the lists then."""
    pcp = scene.state.pcp[scene.zone_of(int(scene.request["pfn"])), scene.cpu]
    learnt = scene.last is not None and scene.last.score == score.DRAIN_DECISIONS
    return learnt and scene.root.recorded == 0 and int(pcp.high) == int(pcp.count) + 1


def after_high_orders(scene: Scene) -> bool:
    """The free drains as recorded if the one before it was of another kind: of a high order, or not."""
    return _would_drain(scene, other_pcp_flags=PCPF_PREV_FREE_HIGH_ORDER)


def drained_below_high(scene: Scene) -> bool:
    """The free drains as recorded if the zone's being below its high mark is turned round.

    Asked only where that can be: where the model's zone is so, or nearly.
    """
    index = scene.zone_of(int(scene.request["pfn"]))
    zone, batch = scene.state.zone[index], int(scene.state.pcp[index, scene.cpu].batch)
    above = int(zone.nr_free_pages - zone.watermark[WMARK_HIGH] - zone.watermark_boost)
    near = above <= batch << int(scene.state.conf.pcp_batch_scale_max)
    possible = near or bool(zone.zone_flags & ZONE_BELOW_HIGH)
    return possible and _would_drain(scene, other_flags=ZONE_BELOW_HIGH)


def drained_while_reclaiming(scene: Scene) -> bool:
    """The free drains as recorded if kswapd's being at work, which keeps the lists short, is turned round."""
    return _would_drain(scene, other_flags=ZONE_RECLAIM_ACTIVE)


def drained_while_reclaiming_more(scene: Scene) -> bool:
    """The same if the kernel's lists also held a few pages that the model does not know of."""
    turned = {"other_flags": ZONE_RECLAIM_ACTIVE}
    return any(_would_drain(scene, more=more, **turned) for more in range(1, UNSEEN_PAGES + 1))


def untraced_timer(scene: Scene) -> bool:
    """The free drains as recorded if the timer, once a second, had lowered ``high`` without a trace."""
    pcp = scene.state.pcp[scene.zone_of(int(scene.request["pfn"])), scene.cpu]
    lowest = high = int(pcp.high)
    for _ in range(int(scene.seconds) + 1):
        lowest = max(lowest - (lowest >> 3), int(pcp.high_min))
    pages = sum(1 << int(chunk.order) for chunk in scene.chunks("drained"))
    count = int(pcp.count) + (1 << scene.order)
    candidates = (min(count, high), pages + int(pcp.batch))
    return any(lowest <= h < high and _would_drain(scene, high=h) for h in candidates)


def another_high(scene: Scene) -> bool:
    """The kernel drained and the model did not, or the other way round: their ``high`` differed."""
    return 0 in (scene.root.predicted, scene.root.recorded)


def another_drain_size(scene: Scene) -> bool:
    """Both drained, another number of chunks."""
    return scene.root.score == score.DRAIN_DECISIONS


def timer(scene: Scene) -> bool:
    """The timer drained another number of chunks: ``high`` differed when it came."""
    return scene.root.score == score.DRAINS_TIMER and not scene.both_chose


def call(scene: Scene) -> bool:
    """Another range, or another first busy frame, of a contiguous call."""
    return scene.root.score in (score.CALLS, score.RANGES)


_LISTS: tuple[tuple[str, Cause], ...] = (
    ("two requests nearby were served the other way round", swapped),
    ("an earlier miss had left the frame in another place", misplaced),
    ("another zone: the watermark check decided otherwise", another_zone),
    ("CMA or not: the half-free rule decided otherwise, within its counters' drift", half_free_near),
    ("CMA or not: the half-free rule decided otherwise", half_free),
    ("another CPU changed the buddy lists within 50 us", another_cpu),
    ("another type's list (fallback)", another_type),
    ("the kernel's frame was in use in the model", not_free),
    ("another place in the same list", another_place),
    ("another order of the same type", another_order),
    ("the kernel's frame was on another per-cpu list", another_pcp_list),
)
_SIZES: tuple[tuple[str, Cause], ...] = (
    ("refill of another size: below the zone's high mark, or not", fetched_below_high),
    ("another CPU changed the buddy lists within 50 us", another_cpu),
    ("a per-cpu list was empty for one and not for the other", ran_out),
    ("refill of another size (batch)", another_batch),
)
_DECISIONS: tuple[tuple[str, Cause], ...] = (
    ("per-cpu high: what an earlier miss taught was not enough", high_learnt_wrong),
    ("per-cpu high: the timer lowered it without a trace", untraced_timer),
    ("per-cpu lists flushed after frees of high orders, or not", after_high_orders),
    ("per-cpu high: below the zone's high mark, or not", drained_below_high),
    ("per-cpu high: kswapd was at work, or was not", drained_while_reclaiming),
    (
        f"per-cpu high: kswapd was at work or was not, and up to {UNSEEN_PAGES} pages more waited",
        drained_while_reclaiming_more,
    ),
    ("per-cpu high differed: drained, or did not", another_high),
    ("drain of another size", another_drain_size),
)
_CAUSES: dict[int, tuple[tuple[str, Cause], ...]] = {
    score.REFILL_SIZES: _SIZES,
    score.DRAIN_DECISIONS: _DECISIONS,
    score.DRAINS_TIMER: (("the timer drained more or less: the per-cpu high differed", timer), *_LISTS),
    score.CALLS: (("another range in a contiguous call", call),),
    score.RANGES: (("another range in a contiguous call", call),),
}


def cause_of(scene: Scene) -> str:
    """The first cause that explains the scene's first miss, in a few words."""
    for words, explains in _CAUSES.get(scene.root.score, _LISTS):
        if explains(scene):
            return words
    return UNKNOWN
