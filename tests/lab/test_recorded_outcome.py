"""What recorded loads did: counted again by the kernel, and frame by frame against its last snapshot."""

import io
import math
import tarfile

import numpy as np
import pytest

from tests.conftest import CAPTURES, figures_of, recordings
from zonecma.capture.proc.vmstat import parse_vmstat
from zonecma.capture.recording import Recording
from zonecma.kernel.rules import rules_for
from zonecma.lab.recorded_outcome import recorded_outcome
from zonecma.lab.replay import recorded_machine
from zonecma.progress import no_progress
from zonecma.workload.compactions import no_compactions
from zonecma.workload.from_trace import lines_before
from zonecma.workload.occupancy import AREA_USE, FREE_OUTSIDE, follow, occupancy_of

WITH_AREAS = sorted(f"pairs/{path.name}" for path in CAPTURES.glob("pairs/*"))
WITH_AREAS += ["zonecma-mix-6.12", "cma256-mix-6.12", "deterministic-mix-6.12"]


@pytest.mark.parametrize("name", WITH_AREAS)
def test_the_recorder_finds_the_same(name):
    """It reads the trace's text by itself."""
    outcome, found = recorded_outcome(Recording(CAPTURES / name)), figures_of(name)
    assert 100 * outcome.area_use_mean == pytest.approx(100 * found.use, abs=0.1)
    assert (outcome.calls, outcome.calls - outcome.calls_ok) == (found.calls, found.failed)
    assert outcome.frames_migrated == found.migrated


def grown(recording, *names):
    before, after = (parse_vmstat(recording.kernel_file(f"{when}/vmstat")) for when in ("before", "after"))
    return sum(after[name] - before[name] for name in names)


@pytest.mark.parametrize(
    "name",
    ["cma128-press-6.12", "pairs/blockdev-cma96-6.12", "pairs/swap-cma64-6.12", "pairs/swap-zonecma64-6.12"],
)
def test_the_kernel_counts_the_same_reclaim(name):
    recording = Recording(CAPTURES / name)
    outcome = recorded_outcome(recording)
    assert outcome.pages_reclaimed == grown(recording, "pgsteal_kswapd", "pgsteal_direct") > 3_000
    assert outcome.kswapd_wakes == grown(recording, "pageoutrun") > 0
    stalls = grown(recording, *(f"allocstall_{zone}" for zone in ("dma", "dma32", "normal", "movable")))
    assert outcome.direct_reclaim == stalls > 0


def test_a_load_that_swaps():
    outcome = recorded_outcome(Recording(CAPTURES / "pairs" / "swap-cma64-6.12"))
    assert (outcome.calls_ok, outcome.calls, outcome.frames_migrated) == (12, 12, 7_656)
    assert (outcome.swapped_in, outcome.swapped_out, outcome.refaults) == (6_834, 10_046, 7_206)
    assert (outcome.min_free_outside, outcome.oom_kills) == (704, 0)
    assert math.isclose(outcome.stall_seconds, 2.787, abs_tol=0.001)


def test_calls_that_fail():
    outcome = recorded_outcome(Recording(CAPTURES / "cma128-press-6.12"))
    assert (outcome.calls_ok, outcome.calls) == (17, 20)


def test_a_machine_without_an_area():
    outcome = recorded_outcome(Recording(CAPTURES / "nocma-mix-6.12"))
    assert (outcome.area_use_mean, outcome.calls, outcome.frames_migrated) == (0, 0, 0)
    assert outcome.min_free_outside == 199_074


BULK_UNSEEN = ("boot-cma256-6.1", "cma256-mix-6.1")


@pytest.mark.parametrize("folder", recordings("trace.txt.zst"), ids=lambda folder: folder.name)
def test_every_frame_is_known_to_the_end(folder):
    """From snapshot A the trace leads to B; older recordings of 6.1 do not see bulk allocations."""
    recording = Recording(folder)
    recorded = recorded_machine(recording, no_progress, rules_for(recording.release))
    machine, trace = recorded.machine, recorded.trace
    begin, end = (
        occupancy_of(snapshot, machine.nr_frames, len(trace.texts), (0, 1))
        for snapshot in (recorded.start, recorded.end)
    )
    before_a, before_b = (lines_before(trace, one.trace_lines) for one in (recorded.start, recorded.end))
    events = trace.events[before_b & ~before_a].view(np.recarray)
    follow(begin, no_compactions(machine.nr_frames, trace.texts), events)
    off = np.abs(begin.now - end.now)
    assert off[AREA_USE] == 0
    assert off[FREE_OUTSIDE] <= (16 if folder.name in BULK_UNSEEN else 0)


def test_a_recording_without_counters(tmp_path):
    """What the trace tells is there still."""
    whole = CAPTURES / "boot-zonecma256-6.12"
    for file in whole.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "proc.tar.xz").unlink()
    uname = Recording(whole).kernel_file("uname").encode()
    with tarfile.open(tmp_path / "proc.tar.xz", "w:xz") as archive:
        member = tarfile.TarInfo("uname")
        member.size = len(uname)
        archive.addfile(member, io.BytesIO(uname))
    outcome, told = recorded_outcome(Recording(tmp_path)), recorded_outcome(Recording(whole))
    assert (outcome.swapped_in, outcome.swapped_out, outcome.refaults, outcome.oom_kills) == (None,) * 4
    assert (told.swapped_in, told.oom_kills) == (0, 0)
    assert outcome.area_use_mean == told.area_use_mean > 0
