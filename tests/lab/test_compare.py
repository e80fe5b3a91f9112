"""compare: figures of a kind with what real kernels did, and what each placement must never do."""

import dataclasses
import functools

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import Recording
from zonecma.lab import compare as comparing
from zonecma.lab.compare import compare_replay, load_window
from zonecma.lab.placements import parse_placement
from zonecma.lab.replay import replay_of
from zonecma.lab.terms import OPEN
from zonecma.placement import PLACEMENTS, Carveout, HalfFree, LastResort, ZoneCma

compare = functools.partial(comparing.compare, terms=OPEN)


@pytest.fixture(scope="module")
def results():
    outcome = compare(Recording(CAPTURES / "cma256-mix-6.12"), [p() for p in PLACEMENTS])
    return {result.name: result for result in outcome.placements}


@pytest.fixture(scope="module")
def zonecma_results():
    outcome = compare(Recording(CAPTURES / "zonecma-mix-6.12"), [HalfFree(), ZoneCma()])
    return {result.name: result for result in outcome.placements}


def test_the_recorded_placement_gives_what_was_recorded(results):
    """The real boot: 0.0 % of the area in use, 8 frames migrated, 15 of 15 calls."""
    recorded = results["half-free"]
    assert recorded.area_use_mean < 0.001
    assert recorded.frames_migrated == 8
    assert (recorded.calls_ok, len(recorded.calls)) == (15, 15)
    assert recorded.failed_requests == 0


def test_zone_cma_is_of_the_kind_of_the_real_boot(results, zonecma_results):
    """The real ZONE_CMA-like boot: 26.9 % in use, 13,774 frames migrated."""
    for result in (results["zone-cma"], zonecma_results["zone-cma"]):
        assert 0.15 < result.area_use_mean < 0.35
        assert 8_000 < result.frames_migrated < 25_000
        assert result.calls_ok == 15
    assert zonecma_results["half-free"].area_use_mean < 0.02


def test_zone_cma_keeps_block_device_buffers_out(results, zonecma_results):
    assert results["zone-cma"].use_by["blockdev"] == 0
    assert zonecma_results["zone-cma"].use_by["blockdev"] == 0
    first = compare(Recording(CAPTURES / "cma256-mix-6.12"), [HalfFree(0.0)]).placements[0]
    assert first.use_by["blockdev"] > 0  # the migratetype alone lets them in


def test_a_carved_out_area_is_never_used(results):
    assert results["carveout"].area_use_mean == 0
    assert results["carveout"].frames_migrated == 0
    assert not any(results["carveout"].use_by.values())


def test_only_movable_users_are_in_an_area(results):
    assert all(result.use_by["other"] == 0 for result in results.values())


def test_the_rivals_differ_as_their_rules_do(results):
    """Whoever lets fewer in, or later, uses less of the area."""
    use = {name: result.area_use_mean for name, result in results.items()}
    assert use["zone-cma"] > use["interleave"] > use["half-free"]  # what is moved out of a zone comes back
    assert use["cma-first"] > use["interleave"]
    assert use["cma-first"] > use["android-redirect"] > use["gcma"] > 0
    assert use["page-cache-only"] == use["half-free"]  # 48 MiB outside are never short here
    assert all(result.calls_ok == 15 for result in results.values())


def test_a_gate_lets_page_cache_in():
    opened = parse_placement("page-cache-only,gate=160000,keep=0")
    (result,) = compare(Recording(CAPTURES / "cma256-mix-6.12"), [opened]).placements
    assert result.use_by["file"] > 2 * result.use_by["anonymous"]


def test_means_add_up(results):
    for result in results.values():
        assert sum(result.use_by.values()) / 65536 == pytest.approx(result.area_use_mean, abs=1e-5)
        mean = sum(result.area_use_over_time) / len(result.area_use_over_time)
        assert mean == pytest.approx(result.area_use_mean)


def test_using_the_area_leaves_more_free_outside(results):
    assert results["zone-cma"].min_free_outside > results["half-free"].min_free_outside
    assert results["carveout"].min_free_outside <= results["half-free"].min_free_outside


def test_a_smaller_share_lends_the_area_earlier():
    shares = [HalfFree(fraction) for fraction in (0.0, 0.25, 0.5, 1.0)]
    outcome = compare(Recording(CAPTURES / "cma256-mix-6.12"), shares)
    uses = [result.area_use_mean for result in outcome.placements]
    assert uses == sorted(uses, reverse=True)
    assert uses[0] > 0.1
    last_resort = compare(Recording(CAPTURES / "cma256-mix-6.12"), [LastResort()]).placements[0]
    assert uses[-1] == last_resort.area_use_mean  # a share of one is the last resort


def test_migration_targets_are_no_requests_of_the_load():
    """The ZONE_CMA-like boot's kernel made 14,124 allocations for itself in its calls."""
    outcome = compare(Recording(CAPTURES / "zonecma-mix-6.12"), [Carveout()])
    assert outcome.placements[0].frames_migrated == 0
    assert outcome.placements[0].failed_requests == 0


def test_who_lived_in_the_area_before_the_load_counts():
    recording = Recording(CAPTURES / "boot-zonecma256-6.12")
    (zone,) = (zone for zone in recording.snapshot("A").zones if zone.cma)
    waiting = sum(len(frames) << order for (order, _), frames in zone.free.items())
    waiting += sum(len(frames) for pcp in zone.pcp for frames in pcp.lists.values())
    (result,) = compare(recording, [ZoneCma()]).placements
    assert zone.cma - waiting > 100
    assert result.area_use_mean == pytest.approx((zone.cma - waiting) / zone.cma, abs=0.001)
    assert min(result.area_use_over_time) > 0


def test_without_an_area_every_placement_is_the_same():
    outcome = compare(Recording(CAPTURES / "nocma-mix-6.12"), [p() for p in PLACEMENTS])
    first, *others = outcome.placements
    assert outcome.area_pages == 0
    for other in others:
        assert other.min_free_outside == first.min_free_outside
        assert other.calls == first.calls == ()


def test_two_runs_are_equal():
    once, again = (compare(Recording(CAPTURES / "cma256-mix-6.12"), [ZoneCma()]) for _ in range(2))
    assert once == again


def test_pressure_and_two_cpus_run_through():
    for name in ("cma128-press-6.12", "cma256-mix-smp2-6.12"):
        outcome = compare(Recording(CAPTURES / name), [p() for p in PLACEMENTS])
        assert len({len(result.calls) for result in outcome.placements}) == 1
        by_name = {result.name: result for result in outcome.placements}
        assert by_name["zone-cma"].area_use_mean > by_name["half-free"].area_use_mean


def test_without_markers_the_load_is_what_lies_between_the_snapshots():
    replay = replay_of(Recording(CAPTURES / "boot-zonecma256-6.12"))
    events = replay.trace.events.copy()
    events["event"][events["event"] == EVENT_ID["print"]] = EVENT_ID["other"]
    trace = dataclasses.replace(replay.trace, events=events)
    times = replay.load.requests["time"]
    assert load_window(dataclasses.replace(replay, trace=trace)) == (times[0], times[-1])


def test_whom_nobody_saw_coming_is_of_no_known_kind():
    """Without the trace before snapshot A, nobody knows who lives in the area."""
    replay = replay_of(Recording(CAPTURES / "boot-zonecma256-6.12"))
    load = dataclasses.replace(replay.load, living=replay.load.living[:0])
    (result,) = compare_replay(dataclasses.replace(replay, load=load), [ZoneCma()]).placements
    assert result.use_by["other"] > 100
    assert result.use_by["anonymous"] < result.use_by["other"] / 10
