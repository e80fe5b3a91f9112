"""A Memory for a State: nothing in it yet, and what each step costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.buffer_heads import BH_LRU_SIZE
from zonecma.kernel.compact_hints import reset_cached_positions
from zonecma.kernel.contig_call import CALL
from zonecma.kernel.jit import entry
from zonecma.kernel.limits import COMPACT_CLUSTER_MAX, SWAP_CLUSTER_MAX
from zonecma.kernel.memory import (
    COMMIT,
    COMMIT_LOG,
    COMPACT,
    CONTROL,
    COST,
    DEVICE,
    DEVICES,
    DIRECT_REQUEST,
    DISK,
    DURATION,
    FREE_SLOT,
    GET_USER_PAGES,
    HEADER_SLOT,
    JOURNALED_FROM_START,
    LONG_PIN,
    LRU_SET,
    NO_LRU,
    NO_SECOND,
    NO_TRANSACTION,
    NOT_JOURNALED,
    NOT_QUEUED,
    NOTE,
    NR_DURATIONS,
    NR_KINDS,
    NR_LRU,
    PAGE,
    READ_LATENCY,
    SCAN,
    SPLICE,
    SWAP,
    VM,
    WORK,
    WRITE,
    WRITE_LATENCY,
    Memory,
)
from zonecma.kernel.oom import NOBODY
from zonecma.kernel.page_class import NR_CLASSES
from zonecma.kernel.rules import NEWEST, Rules
from zonecma.kernel.state import Records, State
from zonecma.kernel.thresholds import totalreserve_pages
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.workingset import NEVER_EVICTED
from zonecma.kernel.writeback import set_dirty_limit
from zonecma.kernel.zone import MAX_NR_ZONES
from zonecma.machine.durations import Duration
from zonecma.workload.objects import OF_JOURNAL
from zonecma.workload.requests import DIRTY
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind

NO_COSTS: Mapping[str, float] = {}
"""Every step takes no time."""

NO_DURATIONS: Mapping[str, Duration] = {}
"""Latencies are those of the costs, and no transaction is committed."""
NR_NOTES = 1 << 17
"""Ranges tried in vain of which a run keeps the particulars."""
_DURATIONS = {
    "read": READ_LATENCY,
    "write": WRITE_LATENCY,
    "commit": COMMIT,
    "commit_log": COMMIT_LOG,
    "direct_io": DIRECT_REQUEST,
    "get_user_pages": GET_USER_PAGES,
    "long_pin": LONG_PIN,
    "splice": SPLICE,
}
"""Where the model keeps those of ``machine/durations.toml``."""

PAGE_CLUSTER = 3
"""vm.page-cluster, as kernels have it by default"""
SWAPPINESS = 60
"""vm.swappiness, as kernels have it by default."""
_FIRST_HITS = 4
"""What the first read from swap finds in swapin_readahead_hits (mm/swap_state.c)"""
_DIRTY_BACKGROUND_RATIO, _DIRTY_RATIO = 10, 20
_SECOND = 1_000_000_000
_TICK = _SECOND / 250
"""A jiffy, with CONFIG_HZ=250"""
_MERGED = 256, SWAP_CLUSTER_MAX
"""Pages of one request: of the disk (BIO_MAX_VECS), and of swap, where reclaim writes as many as it takes"""
_DIRTY_EXPIRE, _DIRTY_WRITEBACK = 30 * _SECOND, 5 * _SECOND
"""vm.dirty_expire_centisecs and vm.dirty_writeback_centisecs"""


def _records(shape: int | tuple[int, ...], dtype: np.dtype[np.void]) -> Records:
    return np.zeros(shape, dtype).view(np.recarray)


def empty_memory(
    state: State,
    nr_objects: int,
    *,
    swap_pages: int = 0,
    page_cluster: int = PAGE_CLUSTER,
    costs: Mapping[str, float] = NO_COSTS,
    durations: Mapping[str, Duration] = NO_DURATIONS,
    nr_notes: int = NR_NOTES,
    rules: Rules = NEWEST,
    swappiness: int = SWAPPINESS,
    closed: bool = True,
    now: int = 0,
    seed: int = 0,
) -> Memory:
    """A Memory for ``nr_objects`` objects, all absent.

    ``costs``: nanoseconds by the names of COST and, with ``disk_`` and ``swap_`` before them, of
    DEVICE; what is not there takes no time.  ``now``: ns, the clock's start.
    """
    sets, nr_cpus = 1 if rules.node_lrus else MAX_NR_ZONES, int(state.conf.nr_cpus)
    memory = Memory(
        page=_records(nr_objects + sets * NR_LRU + 1, PAGE),
        lru=_records(sets, LRU_SET),
        writes=_records((DEVICES, nr_objects + 1), WRITE),
        disk=_records(DEVICES, DEVICE),
        cost=_records(1, COST),
        in_area=_in_area(state),
        used=np.zeros(NR_KINDS, np.int64),
        swap_map=np.full(swap_pages + 1, FREE_SLOT, np.int32),
        scan=_records(1, SCAN),
        vm=_records(1, VM),
        compact=_records(MAX_NR_ZONES, COMPACT),
        control=_records(1, CONTROL),
        skip=np.zeros(len(state.block), np.uint8),
        journal=np.zeros(nr_objects, np.int32),
        buffer_heads=np.full((nr_cpus, BH_LRU_SIZE), NOBODY, np.int32),
        batch=np.full((nr_cpus, rules.lru_batch), NOBODY, np.int32),
        batched=np.zeros(nr_cpus, np.int64),
        duration=_records(NR_DURATIONS, DURATION),
        call=_records(1, CALL),
        picked=np.full(COMPACT_CLUSTER_MAX, NOBODY, np.int32),
        stays=np.zeros(COMPACT_CLUSTER_MAX, np.uint8),
        work=_records(NR_CLASSES, WORK),
        notes=_records(nr_notes, NOTE),
    )
    _place_scanners(state, memory)
    _empty_lists(memory, nr_objects)
    _price(memory, costs)
    _last(memory, durations)
    vm = memory.vm[0]
    vm.closed, vm.swappiness, vm.nr_sets, vm.now = closed, swappiness, sets, now
    vm.random = 2 * seed + 1
    vm.swap_free = vm.swap_total = swap_pages
    vm.page_cluster, memory.swap_map[0] = page_cluster, HEADER_SLOT
    vm.readahead_hits = _FIRST_HITS
    vm.dirty_background_ratio, vm.dirty_ratio = _DIRTY_BACKGROUND_RATIO, _DIRTY_RATIO
    vm.dirty_expire_ns, vm.dirty_writeback_ns = _DIRTY_EXPIRE, _DIRTY_WRITEBACK
    vm.flusher_at, vm.victim, vm.task = now + _DIRTY_WRITEBACK, NOBODY, NOBODY
    vm.commit_at = NO_TRANSACTION
    vm.totalreserve = totalreserve_pages(state)
    set_dirty_limit(state, memory)
    return memory


def _in_area(state: State) -> NDArray[np.uint8]:
    """u1[pageblocks]: where the areas lie."""
    inside, order = np.zeros(len(state.block), np.uint8), int(state.conf.pageblock_order)
    for area in state.cma:
        inside[area.base_pfn >> order : (area.base_pfn + area.count) >> order] = 1
    return inside


@entry
def _place_scanners(s: State, m: Memory) -> None:
    """Compaction's scanners begin at the ends of each zone."""
    for zone in range(MAX_NR_ZONES):
        reset_cached_positions(s, m, ZoneIndex(zone))


def _empty_lists(memory: Memory, nr_objects: int) -> None:
    """Each list's head is its only member; the list of dirty pages is the last."""
    page = memory.page
    heads = np.arange(nr_objects, len(page))
    page.next[heads] = page.prev[heads] = page.dirty_next[heads] = page.dirty_prev[heads] = heads
    page.lru, page.done, page.age, page.task = NO_LRU, NOT_QUEUED, NEVER_EVICTED, NOBODY
    page.second_gfp = NO_SECOND
    memory.vm[0].first_list, memory.vm[0].dirty_list = nr_objects, len(page) - 1


def _price(memory: Memory, costs: Mapping[str, float]) -> None:
    """Write a table of costs into the records that the model reads."""
    devices = {"disk": DISK, "swap": SWAP}
    memory.disk["merged"][DISK], memory.disk["merged"][SWAP] = _MERGED
    memory.cost["tick"] = _TICK
    for name, cost in costs.items():
        device, _, step = name.partition("_")
        if device in devices:
            memory.disk[devices[device]][f"{step}_ns"] = cost
        elif name in COST.fields:  # type: ignore[operator]
            memory.cost[0][name] = cost


def _last(memory: Memory, durations: Mapping[str, Duration]) -> None:
    """Write how long things last into the records that the model reads."""
    for name, where in _DURATIONS.items():
        if name in durations:
            memory.duration[where].median = durations[name].median_ns
            memory.duration[where].sigma = durations[name].sigma


def describe_objects(memory: Memory, script: TouchedLoad) -> None:
    """Tell a Memory what the objects of a load are; those beyond are movable pages that nobody knows.

    Metadata that becomes dirty is changed by a transaction, which holds it from the start.  A recording
    that does not tell of dirty pages is taken to change all of it, but for the journal's own blocks:
    those are written once and let go (jbd2_journal_commit_transaction).
    """
    page, facts = memory.page, script.objects
    known = slice(0, len(facts))
    page.kind[len(facts) :] = UserKind.OTHER
    page.gfp[known], page.order[known], page.kind[known] = facts["gfp"], facts["order"], facts["kind"]
    page.task[known] = facts["task"].astype(np.int32)
    metadata = (facts["kind"] == UserKind.BLOCKDEV) & (facts["tells"] & OF_JOURNAL == 0)
    dirtied = np.zeros(len(facts), np.bool_)
    dirtied[script.requests["object"][script.requests["op"] == DIRTY]] = True
    held = metadata & (dirtied if (metadata & dirtied).any() else True)
    page.journaled[known] = np.where(held, JOURNALED_FROM_START, NOT_JOURNALED)
