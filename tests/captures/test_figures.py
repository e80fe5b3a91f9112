"""Figures of real kernels that the documents give, from the recordings and without the model."""

import numpy as np

from tests.conftest import CAPTURES, REPOSITORY
from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import Recording, load_markers


def used_share(recording):
    """Mean share of the area in ordinary use over the load's time, frame by frame from the trace."""
    trace, snapshot = recording.trace(), recording.snapshot("A")
    (area,) = snapshot.areas
    used = np.ones(area.count, np.bool_)
    for zone in snapshot.zones:
        waiting = [(frames, order) for (order, _), frames in zone.free.items()]
        waiting += [(frames, 0) for pcp in zone.pcp for frames in pcp.lists.values()]
        for frames, order in waiting:
            for start in frames[frames >= area.base_pfn] - area.base_pfn:
                used[start : start + (1 << order)] = False
    start, end = load_markers(trace)
    total, now, before = 0.0, int(used.sum()), start
    for event in trace.events[trace.events["pfn"] >= area.base_pfn]:
        what, time = event["event"], int(event["time"])
        if what not in (EVENT_ID["mm_page_alloc"], EVENT_ID["mm_page_free"]) or time < start or time > end:
            continue
        total, before = total + now * (time - before), time
        at = int(event["pfn"]) - area.base_pfn
        chunk = used[at : at + (1 << int(event["order"]))]
        now -= int(chunk.sum())
        chunk[:] = what == EVENT_ID["mm_page_alloc"]
        now += int(chunk.sum())
    return (total + now * (end - before)) / (end - start) / area.count


def test_a_real_zone_of_its_own():
    """A stock kernel whose area is exactly ZONE_MOVABLE."""
    recording = Recording(CAPTURES / "zonecma-mix-6.12")
    trace = recording.trace()
    migrated = trace.events[trace.events["event"] == EVENT_ID["mm_migrate_pages"]]
    contiguous = np.array([trace.texts[reason] == "contig_range" for reason in migrated["d"]])
    assert int(migrated["a"][contiguous].sum()) == 13_774
    assert round(100 * used_share(recording)) == 27


def test_a_real_half_free_rule():
    assert used_share(Recording(CAPTURES / "cma256-mix-6.12")) < 0.001


def test_the_documents_give_these_figures():
    for document in ("README.md", "docs/model.md"):
        text = (REPOSITORY / document).read_text()
        assert "27 %" in text
        assert "13,774" in text
