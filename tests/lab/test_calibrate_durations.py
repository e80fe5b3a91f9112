"""Durations from recordings: against a reading of the text of its own, line by line."""

import re

import numpy as np
import pytest
import zstandard

from tests.conftest import CAPTURES
from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import Recording
from zonecma.lab.calibrate import calibrate
from zonecma.lab.calibrate_durations import FEWEST, calibrate_durations
from zonecma.machine.durations import read_durations

BLOCKDEV = CAPTURES / "pairs" / "blockdev-cma96-6.12"
LINE = re.compile(rb"\s*(\S.*-\d+)\s+\[\d+\]\s+(\d+)\.(\d+): (\w+):\s+(.*)")


def read_text(path):
    """Waits and intervals between commits in the load, in nanoseconds: one state a task."""
    text = zstandard.ZstdDecompressor().stream_reader((path / "trace.txt.zst").open("rb")).read()
    waiting, writes, journals, intervals = {}, [], {}, []
    for line in text[text.index(b"GT_wl_start") : text.index(b"GT_wl_end")].split(b"\n"):
        if not (found := LINE.match(line)):
            continue
        task, event, rest = found[1], found[4], found[5]
        now = int(found[2]) * 10**9 + int(found[3]) * 1000
        if task in waiting:
            begun, woken = waiting.pop(task)
            writes.append((woken or now) - begun)
        if event == b"folio_wait_writeback":
            waiting[task] = (now, None)
        if task.startswith(b"jbd2/"):
            waiting = {who: (begun, woken or now) for who, (begun, woken) in waiting.items()}
            begun, logging = journals.get(task, (None, False))
            if event == b"mm_filemap_add_to_page_cache" and rest.startswith(b"dev 0:"):
                if not logging and begun:
                    intervals.append(now - begun)
                journals[task] = (begun if logging else now, True)
            elif event == b"writeback_dirty_folio":
                journals[task] = (begun, False)
    return {"write": writes, "commit": intervals}


@pytest.fixture(scope="module")
def outcome():
    return {one.bond: one for one in calibrate(Recording(BLOCKDEV)).durations}


@pytest.mark.parametrize("bond", ["write", "commit"])
def test_a_recording_against_its_text(outcome, bond):
    lasted = sorted(read_text(BLOCKDEV)[bond])
    assert len(lasted) > 100
    estimate = outcome[bond]
    assert (estimate.told, estimate.samples) == (True, len(lasted))
    assert estimate.median_ns == lasted[(len(lasted) - 1) // 2]
    assert sum(one <= estimate.p99_ns for one in lasted) >= 0.99 * len(lasted)
    assert sum(one < estimate.p99_ns for one in lasted) < 0.99 * len(lasted)


def test_every_bond_has_its_default_beside_it(outcome):
    durations = read_durations()
    assert outcome.keys() == durations.keys()
    for bond, one in outcome.items():
        assert (one.default_median_ns, one.default_p99_ns) == (
            durations[bond].median_ns,
            durations[bond].p99_ns,
        )
        if not one.told:
            assert (one.median_ns, one.p99_ns) == (one.default_median_ns, one.default_p99_ns)
    assert {bond for bond, one in outcome.items() if one.told} == {"write", "commit"}


def test_a_commit_every_five_seconds():
    """Nobody asks for one there: too few to be told, they come at ext4's default, a while late."""
    load = read_text(CAPTURES / "pairs" / "build-zonecma128-6.12")["commit"]
    assert 0 < len(load) < FEWEST
    assert all(4.9e9 < one < 5.7e9 for one in load)


@pytest.mark.parametrize(("waits", "told"), [(FEWEST - 1, False), (FEWEST, True)])
def test_as_many_samples_as_it_takes(waits, told):
    events = np.zeros(2 * waits, [("time", "i8"), ("event", "u1"), ("task", "i4"), ("c", "i8")])
    events["time"] = np.arange(2 * waits) * 500
    events["event"][::2] = EVENT_ID["folio_wait_writeback"]
    (write,) = (one for one in calibrate_durations(events, ("a-1",)) if one.bond == "write")
    assert (write.samples, write.told) == (waits, told)
    assert (write.median_ns == write.p99_ns == 500) is told
