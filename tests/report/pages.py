"""What pages are made of in tests: a recording's map and calls, a comparison written by hand, worst cases."""

import functools

import numpy as np

from tests.conftest import CAPTURES
from tests.report.test_comparison import comparison, result
from zonecma.capture.recording import Recording
from zonecma.kernel.units import Pfn
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.lab.explain import explain
from zonecma.lab.page_map import MOMENTS, MOST_ROWS, PageMap, page_map
from zonecma.machine.machine import Area, Zone
from zonecma.report.comparison import comparison_json
from zonecma.report.explanation_json import explanation_json
from zonecma.report.page.facts import facts_of
from zonecma.report.page.results import Results
from zonecma.workload.holders import NR_HOLDERS, Holder

LARGEST = CAPTURES / "cma128-press-6.12"
"""The recording with most events."""
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u2028"
COMPARED = comparison_json(comparison(result("half-free", 0.1, 8), result("zone-cma", 0.3, 1000)))


@functools.cache
def of_recording(path=LARGEST):
    """All panels of a recording; the comparison is written by hand."""
    recording = Recording(path)
    found = page_map(recording)
    return Results(
        source=recording.name,
        comparison=COMPARED,
        explanation=explanation_json(explain(recording)),
        page_map=found,
        facts=facts_of(recording, found),
        commands=("zonecma report",),
    )


def worst_map():
    """As many rows and moments as there can be, and each cell another: nothing to compress."""
    random = np.random.default_rng(1)
    rows = random.integers(1, 60, (MOMENTS, MOST_ROWS, NR_HOLDERS)).astype(np.uint32)
    parts = random.integers(0, 1 << 18, (MOMENTS, 2, NR_HOLDERS)).astype(np.uint32)
    parts[:, :, Holder.ABSENT] = 0
    return PageMap(
        recording="worst",
        kernel="6.12",
        times=np.arange(MOMENTS) * 10**8,
        row_order=9,
        rows=rows,
        parts=parts,
        zones=(Zone(ZONE_DMA32, Pfn(0), MOST_ROWS << 9, MOST_ROWS << 9, MOST_ROWS << 9),),
        areas=(Area(HOSTILE, Pfn(1 << 17), 1 << 16, 0),),
        page_kib=4,
        pageblock_order=9,
        nr_cpus=4,
        load=(10**9, 3 * 10**10),
        nr_events=1_000_000,
    )


def call(number, ranges):
    """A call in vain, of a task with a hostile name."""
    blocker = {"pfn": 131_100, "kind": "anonymous", "task": HOSTILE}
    attempt = {
        "start": 131_072,
        "end": 131_584,
        "outcome": "busy",
        "ms": 0.123456,
        "blocker": blocker,
        "nr_moved": 3,
        "nr_failed": 1,
    }
    return {
        "n": number,
        "time": 1000.0 + 3 * number,
        "task": HOSTILE,
        "area": HOSTILE,
        "area_pages": 65_536,
        "size": 512,
        "outcome": "EBUSY",
        "pfn": None,
        "latency_ms": 3.2,
        "held_by_others": 0,
        "attempts": [attempt] * ranges,
    }


def page_in_the_way(number):
    return {
        "pfn": 131_072 + number,
        "kind": "anonymous",
        "task": HOSTILE,
        "first": 1000.0,
        "last": 1003.0,
        "freed": None,
        "attempts": 5,
        "calls": [*range(1, 500)],
        "barred_by_zone_cma": False,
    }


def worst_results(calls=10_000, ranges=25):
    """As a recording of a million events in which nearly every fifth is of a contiguous call in vain."""
    total = {"attempts": 9, "attempts_share": 1.0, "ms": 5.0, "pages": 3, "longest_ms": 3.0}
    explanation = {
        "recording": HOSTILE,
        "kernel": HOSTILE,
        "page_kib": 4,
        "calls": [call(number, ranges) for number in range(1, calls + 1)],
        "by_kind": {"anonymous": total},
        "pages": [page_in_the_way(number) for number in range(2000)],
        "in_the_way": {
            "anonymous": {"pages": 9, "left": 9, "still": [[i / 7, 1 - i / 1e5] for i in range(1, 100_000)]}
        },
        "persistence": {"sentence": "one sentence"},
        "area_is_own_zone": False,
        "lost": 3,
        "damage": HOSTILE,
    }
    return Results(
        source=HOSTILE,
        explanation=explanation,
        comparison={**COMPARED, "recording": HOSTILE, "assumptions": [HOSTILE]},
        page_map=worst_map(),
        facts=((HOSTILE, HOSTILE),),
        commands=(HOSTILE,),
    )
