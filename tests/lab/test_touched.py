"""Loads that touch, of recordings; what they say is looked up in the trace's text."""

import functools
import re

import numpy as np
import pytest

from tests.conftest import CAPTURES, recordings
from tests.workload.touching import broken_promises
from zonecma.capture.blocks import pieces
from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import open_recording
from zonecma.lab.replay import replay_of
from zonecma.lab.script import script_of
from zonecma.lab.touched import touched_load_of
from zonecma.workload.requests import ALLOC, CMA_ALLOC, CMA_RELEASE, DIRTY, FREE, HOLD, PIN, TOUCH
from zonecma.workload.users import UserKind

PAIRS = sorted({folder.name.split("-")[0] for folder in (CAPTURES / "pairs").iterdir()})
LINE = re.compile(r"^ *(.+?)-\d+ +\[\d+\] +([\d.]+): (\w+): *(.*)$")
PAGE = re.compile(r"(dev \S+ ino \S+) pfn=(\S+) (ofs=\d+)")


@functools.cache
def replay(name):
    return replay_of(open_recording(str(CAPTURES / name)))


@functools.cache
def load_of(name):
    return touched_load_of(replay(name))


def count(load, op, *kinds):
    """How many requests of an op concern objects of these kinds."""
    requests = load.requests[load.requests["op"] == op]
    return int(np.isin(load.objects["kind"][requests["object"]], kinds or list(UserKind)).sum())


@functools.cache
def text_of(name):
    """The trace's lines: task, time, event, fields."""
    text = b"".join(pieces(CAPTURES / name / "trace.txt.zst")).decode()
    return [match.groups() if (match := LINE.match(line)) else ("", "0", "", "") for line in text.split("\n")]


def lines_that_bring_back(name):
    """Allocations of pages that are read again: from files what was evicted, from swap whatever is."""
    evicted, at_work, files, swap, last = set(), set(), set(), set(), {}
    for number, (task, _, event, fields) in enumerate(text_of(name), 1):
        if event in ("mm_vmscan_direct_reclaim_begin", "cma_alloc_start"):
            at_work.add((task, event.rpartition("_")[0]))
        elif event in ("mm_vmscan_direct_reclaim_end", "cma_alloc_finish"):
            at_work.discard((task, event.rpartition("_")[0]))
        elif event == "mm_page_alloc":
            last[re.search(r"pfn=(\S+)", fields)[1]] = number
        elif event == "swapin":
            frame = int(fields.rpartition("=")[2], 16) - 0xFFFFEA0000000000 >> 6
            swap.add(last[f"{frame:#x}"])
        elif "page_cache" in event:
            inode, pfn, offset = PAGE.search(fields).groups()
            by_kernel = task.startswith(("kswapd", "kcompactd")) or any(task == one for one, _ in at_work)
            if "delete" in event and by_kernel:
                evicted.add((inode, offset))
            elif "add" in event and (inode, offset) in evicted:
                files.add(last[pfn])
                evicted.discard((inode, offset))
    return files, swap


def faults(load, trace, *kinds):
    """The lines of allocations that are touches of objects of these kinds."""
    requests = load.requests[load.requests["op"] == TOUCH]
    of_kind = requests[np.isin(load.objects["kind"][requests["object"]], kinds)]
    allocated = trace.events["event"] == EVENT_ID["mm_page_alloc"]
    return set(of_kind["line"].tolist()) & set(trace.events["line"][allocated].tolist())


RECORDED = [str(folder.relative_to(CAPTURES)) for folder in recordings("snap.B.json.gz")]


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_is_done_to_what_is_not_there(name):
    load = load_of(name)
    assert broken_promises(load) == []
    assert (np.diff(load.requests["time"]) >= 0).all()
    assert len(load.stalls) == len(load.requests)
    assert len(load.objects) == load.nr_objects


@pytest.mark.parametrize("name", RECORDED)
def test_contiguous_calls_are_those_of_the_open_load(name):
    load, requests = load_of(name), replay(name).load.requests
    for op in (CMA_ALLOC, CMA_RELEASE):
        mine, other = (rows[rows["op"] == op] for rows in (load.requests, requests))
        for column in ("time", "area", "count", "align", "pfn"):
            assert mine[column].tolist() == other[column].tolist()


def test_where_the_kernel_evicts_nothing_both_loads_ask_for_the_same():
    load, requests = load_of("cma256-mix-6.12"), replay("cma256-mix-6.12").load.requests
    for op in (ALLOC, FREE):
        assert count(load, op) == np.count_nonzero((requests["op"] == op) & (requests["origin"] == 0))
    assert count(load, TOUCH) == 0


@pytest.mark.parametrize("name", ["swap-zonecma64-6.12", "stream-zonecma128-6.12"])
def test_what_comes_back_is_touched(name):
    load, trace = load_of(f"pairs/{name}"), replay(f"pairs/{name}").trace
    before_b = int(load.requests["line"].max())
    files, swap = (
        {line for line in lines if line <= before_b} for lines in lines_that_bring_back(f"pairs/{name}")
    )
    assert faults(load, trace, UserKind.FILE, UserKind.BLOCKDEV) == files
    assert faults(load, trace, UserKind.ANONYMOUS) == swap
    assert (len(files), len(swap)) == FACTS[name]


FACTS = {"swap-zonecma64-6.12": (913, 10_240), "stream-zonecma128-6.12": (21_986, 0)}
"""Pages of files and pages of swap that came back."""


@pytest.mark.parametrize("name", ["swap-zonecma64-6.12", "stream-zonecma128-6.12", "blockdev-cma96-6.12"])
def test_every_page_that_is_made_dirty_is_known(name):
    trace = replay(f"pairs/{name}").trace
    assert count(load_of(f"pairs/{name}"), DIRTY) == trace.count("writeback_dirty_folio")


def test_stalls_are_the_time_in_direct_reclaim():
    began, total = {}, 0.0
    for task, time, event, _ in text_of("pairs/swap-zonecma64-6.12"):
        if event == "mm_vmscan_direct_reclaim_begin":
            began[task] = float(time)
        elif event == "mm_vmscan_direct_reclaim_end":
            total += float(time) - began[task]
    assert load_of("pairs/swap-zonecma64-6.12").stalls.sum() == pytest.approx(total * 1e9)


@pytest.mark.parametrize("what", PAIRS)
def test_the_same_programs_ask_for_the_same_under_two_placements(what):
    """What differs is the kernel's: of swap's open loads one asks for 4,000 chunks more than the other."""
    one, other = (
        load_of(f"pairs/{folder.name}") for folder in sorted((CAPTURES / "pairs").glob(f"{what}-*"))
    )
    for op in (ALLOC, FREE):
        asked, again = (count(load, op, UserKind.ANONYMOUS) for load in (one, other))
        assert asked == pytest.approx(again, rel=1e-3)
    assert count(one, DIRTY, UserKind.FILE) == count(other, DIRTY, UserKind.FILE)


def test_what_reclaim_frees_within_a_migration_is_not_moved():
    """128 MiB that dd wrote stay a file's, while targets for programs' pages are won by dropping them."""
    load, texts = load_of("pairs/swap-zonecma64-6.12"), replay("pairs/swap-zonecma64-6.12").trace.texts
    of_dd = load.objects[[texts[task].startswith("dd-") for task in load.objects["task"]]]
    assert np.count_nonzero(of_dd["kind"] == UserKind.FILE) == 32_768


@pytest.mark.parametrize(("name", "moved"), [("pin-cma128-6.12", 859), ("pin-zonecma128-6.12", 18017)])
def test_pins(name, moved):
    """The program pins all that it faults in, wherever that lies; the trace counts what left the area."""
    trace, told = replay(f"pairs/{name}").trace, load_of(f"pairs/{name}")
    ends = trace.events[trace.events["event"] == EVENT_ID["mm_migrate_pages"]]
    reasons = np.array(trace.texts)[ends["d"]]
    assert count(told, PIN) == ends["a"][reasons == "longterm_pin"].sum() == moved
    load = script_of(replay(f"pairs/{name}"), closed=True)
    pinned = load.requests["object"][load.requests["op"] == PIN]
    assert len(set(pinned)) == len(pinned)
    task, requests = load.objects["task"][pinned[0]], load.requests
    faults = requests[(requests["op"] == ALLOC) & (load.objects["task"][requests["object"]] == task)]
    faults = faults[load.objects["kind"][faults["object"]] == UserKind.ANONYMOUS]
    assert len(pinned) / len(faults) > 0.99


@pytest.mark.parametrize("name", ["pairs/splice-cma128-6.12", "pairs/splice-zonecma128-6.12"])
def test_references(name):
    """The program holds all that it faults in; calls met a few of its pages."""
    load, texts = script_of(replay(name), closed=True), replay(name).trace.texts
    held = load.requests["object"][load.requests["op"] == HOLD]
    assert len(set(held)) == len(held)
    assert {texts[task].rpartition("-")[0] for task in load.objects["task"][held]} == {"pin"}
    task, requests = load.objects["task"][held[0]], load.requests
    faults = requests[(requests["op"] == ALLOC) & (load.objects["task"][requests["object"]] == task)]
    faults = faults[load.objects["kind"][faults["object"]] == UserKind.ANONYMOUS]
    assert len(held) / len(faults) > 0.94


@pytest.mark.parametrize("name", ["zonecma-mix-6.12", "cma128-press-6.12", "pairs/pin-zonecma128-6.12"])
def test_what_calls_met_in_passing_is_not_held(name):
    assert count(script_of(replay(name), closed=True), HOLD) == 0
