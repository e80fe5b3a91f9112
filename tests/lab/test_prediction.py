"""whatif: against what a real kernel did, and what no prediction may depend on."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tools.predictions import Pair, calls_hold, moved_holds, pairs, use_holds
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.kernel.rules import RULES
from zonecma.lab.compare import compare
from zonecma.lab.prediction import Question, predict
from zonecma.lab.terms import OPEN, Terms, page_cluster, swap_pages, terms_of
from zonecma.machine.costs import read_costs
from zonecma.placement import Carveout, HalfFree, LastResort, ZoneCma

MIX, ZONE_MIX = Recording(CAPTURES / "cma256-mix-6.12"), Recording(CAPTURES / "zonecma-mix-6.12")


@pytest.fixture(scope="module")
def mixed():
    """Both ways over the mix pair."""
    there = predict(MIX, Question(ZoneCma(), seeds=6), ZONE_MIX)
    back = predict(ZONE_MIX, Question(HalfFree(), seeds=6), MIX)
    return there, back


def test_the_mix_pair_holds_its_bars_both_ways(mixed):
    for one in mixed:
        assert use_holds(one)
        assert moved_holds(one)
        assert calls_hold(one)


def test_the_closed_loop_is_nearer_than_the_open_one(mixed):
    there, _ = mixed
    recorded = there.recorded.frames_migrated
    assert abs(there.predicted.frames_migrated - recorded) < abs(there.open_loop.frames_migrated - recorded)


@pytest.mark.parametrize(
    "name", ["build-zonecma128-6.12", "blockdev-zonecma96-6.12", "stream-zonecma128-6.12"]
)
def test_metadata_compiler_and_stream_hold_in_use(name):
    """The area's kernel from the zone's recording, and for the compiler the other way, too."""
    zone = CAPTURES / "pairs" / name
    pair = Pair(zone.with_name(name.replace("zonecma", "cma")), zone)
    back = predict(Recording(pair.zone), Question(HalfFree(), seeds=2), Recording(pair.cma))
    if name.startswith("build"):
        there = predict(Recording(pair.cma), Question(ZoneCma(), seeds=2), Recording(pair.zone))
        assert use_holds(there)
        assert moved_holds(there)
    assert abs(back.predicted.area_use_mean - back.recorded.area_use_mean) < 0.1


def test_references_make_calls_fail():
    """Both ways, where a program holds its pages by vmsplice: 4 and 2 of 12 calls failed."""
    cma, zone = (Recording(CAPTURES / "pairs" / f"splice-{name}128-6.12") for name in ("cma", "zonecma"))
    there = predict(cma, Question(ZoneCma(), seeds=3), zone)
    back = predict(zone, Question(HalfFree(), seeds=3), cma)
    for one, ok in ((there, 8), (back, 10)):
        assert one.recorded.calls_ok == ok
        assert abs(one.predicted.calls_ok - ok) <= 1


def test_held_pages_stop_calls_where_they_stopped_them():
    """The recorded kernel's own placement: pages moved before a call gave a range up, and its outcome."""
    recording = Recording(CAPTURES / "pairs" / "splice-cma128-6.12")
    own = predict(recording, Question(HalfFree(), seeds=3), recording)
    assert use_holds(own)
    assert moved_holds(own)
    assert own.predicted.calls_ok == own.recorded.calls_ok == 10


def test_every_recorded_pair_is_found():
    names = {pair.zone.name for pair in pairs()}
    assert "zonecma-mix-6.12" in names
    assert len(names) == 7


def test_what_was_recorded_comes_out_under_its_own_placement():
    """The recorded boot's own placement: use within 2 points, frames moved within a third."""
    one = predict(ZONE_MIX, Question(ZoneCma(), seeds=1), ZONE_MIX)
    assert abs(one.predicted.area_use_mean - one.recorded.area_use_mean) < 0.02
    assert (
        abs(one.predicted.frames_migrated - one.recorded.frames_migrated) < one.recorded.frames_migrated / 2.5
    )


def test_a_seed_is_the_same_whatever_runs_before_it():
    alone = predict(MIX, Question(ZoneCma(), seeds=1))
    again = predict(MIX, Question(ZoneCma(), seeds=1))
    assert alone == again


def test_without_an_area_every_placement_is_the_same():
    recording = Recording(CAPTURES / "nocma-mix-6.12")
    placements = [HalfFree(), LastResort(), ZoneCma(), Carveout()]
    outcome = compare(recording, placements, terms=terms_of(recording, read_costs()))
    first, *others = [dataclasses.replace(p, name="", leaves_out="") for p in outcome.placements]
    assert all(other == first for other in others)


def test_with_memory_in_plenty_the_loops_are_equal():
    """Nothing is evicted here but what contiguous calls drop; where they find nothing, all is equal."""
    recording = Recording(CAPTURES / "cma256-mix-6.12")
    closed = compare(recording, [Carveout(), HalfFree()], terms=Terms())
    opened = compare(recording, [Carveout(), HalfFree()], terms=OPEN)
    for one, other in zip(closed.placements, opened.placements, strict=True):
        assert one.min_free_outside == other.min_free_outside
        assert one.area_use_over_time == pytest.approx(other.area_use_over_time, abs=1e-6)
        assert (one.frames_migrated, one.calls_ok) == (other.frames_migrated, other.calls_ok)
        assert one.reclaim.pages_reclaimed == 0


@pytest.mark.parametrize("mib", [64, 320])
def test_another_size_gives_another_area(mib):
    one = predict(MIX, Question(ZoneCma(), cma_pages=mib * 256, seeds=1))
    assert one.area_pages == mib * 256
    assert 0 < one.predicted.area_use_mean <= 1
    assert any("whatever the area's size" in note for note in one.notes)
    assert one.predicted.calls == 15


def test_a_smaller_area_serves_fewer_calls():
    small = predict(MIX, Question(HalfFree(), cma_pages=16 * 256, seeds=1))
    assert small.predicted.calls_ok < 15


@pytest.mark.parametrize("pages", [0, 100, 1 << 30])
def test_an_impossible_size_is_refused(pages):
    with pytest.raises(InputError, match="--cma"):
        predict(MIX, Question(ZoneCma(), cma_pages=pages, seeds=1))


def test_a_size_for_a_machine_without_an_area_is_refused():
    with pytest.raises(InputError, match="0 areas"):
        predict(Recording(CAPTURES / "nocma-mix-6.12"), Question(ZoneCma(), cma_pages=512, seeds=1))


@pytest.mark.parametrize("version", ["4.7", "6.1"])
def test_another_kernels_rules(version):
    """4.7 has no per-cpu lists for chunks, which 6.12 leaves some on."""
    one = predict(MIX, Question(LastResort(), rules=RULES[version], seeds=1))
    assert one.kernel == version
    assert any("lists and marks are taken over" in note for note in one.notes)


def test_swap_is_read_from_the_log():
    log = "[ 11.5] Adding 32764k swap on /dev/zram0.  Priority:-2\n[ 14.0] Adding 131040k swap on /data/swap."
    assert swap_pages(log) == 40951
    assert swap_pages("no swap") == 0


def test_nothing_is_read_ahead_from_zram():
    zram, disk = "Adding 32764k swap on /dev/zram0.\n", "Adding 131040k swap on /data/swap.\n"
    assert (page_cluster(zram), page_cluster(disk), page_cluster(zram + disk)) == (0, 3, 3)


def test_seeds_spread(mixed):
    there, _ = mixed
    low, high = there.spread["frames_migrated"]
    assert low < high
    assert np.isfinite([low, high]).all()
