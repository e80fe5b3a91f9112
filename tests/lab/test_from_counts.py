"""Starting from counts: a bundle made of a recording, beside the recording with its snapshots."""

import dataclasses

import numpy as np
import pytest

from tests.bundles import bundle_of, files_of, pack
from tests.conftest import CAPTURES
from zonecma.capture.plausible import implausible
from zonecma.capture.recording import Recording, open_recording
from zonecma.errors import InputError
from zonecma.kernel.rules import nearest_rules
from zonecma.kernel.validate import validate
from zonecma.lab.contents import contents_of
from zonecma.lab.explain import explain
from zonecma.lab.free_run import free_run
from zonecma.lab.from_counts import drawn_again
from zonecma.lab.misses import explain_misses
from zonecma.lab.prediction import Question, predict
from zonecma.lab.replay import initial_state, recorded_machine, replay_of
from zonecma.lab.script import with_users
from zonecma.lab.verify import verify
from zonecma.machine.counts.start import draw_start
from zonecma.placement import ZoneCma
from zonecma.progress import no_progress
from zonecma.workload.objects import OBJECT_FACTS
from zonecma.workload.requests import OBJECT, REQUEST, TOUCH, UNKNOWN_GFP
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind

NAME = "pairs/pin-cma128-6.12"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return open_recording(str(bundle_of(NAME, tmp_path_factory.mktemp("counts"))))


@pytest.fixture(scope="module")
def replay(bundle):
    return replay_of(bundle)


@pytest.mark.parametrize("seed", range(4))
def test_every_drawing_is_a_sound_allocator(replay, seed):
    start = drawn_again(replay.known, replay.machine, seed)
    assert implausible(start) == ""
    validate(initial_state(dataclasses.replace(replay, start=start), 1))


def test_zones_are_those_of_the_snapshot(replay):
    exact = Recording(CAPTURES / NAME).snapshot("A")
    for drawn, zone in zip(replay.start.zones, exact.zones, strict=True):
        for name in ("index", "start_pfn", "spanned", "present", "managed", "cma", "watermark"):
            assert getattr(drawn, name) == getattr(zone, name)
        assert drawn.lowmem_reserve == zone.lowmem_reserve
        assert drawn.pcp[0].fields["high_min"] == pytest.approx(zone.pcp[0].fields["high_min"], rel=0.01)
        assert sorted(drawn.pageblocks) == sorted(zone.pageblocks)
        assert drawn.counted_free == pytest.approx(zone.counted_free, abs=256)
    (area,), (recorded,) = replay.start.areas, exact.areas
    assert (area.name, area.base_pfn, area.count) == (recorded.name, recorded.base_pfn, recorded.count)
    assert not area.bitmap.any()


def test_large_chunks_are_those_of_pagetypeinfo(replay):
    """Of smaller ones the kernel counts as many frames, in part as other chunks."""
    _, drawn = draw_start(replay.known, 0)
    assert drawn.off <= 64
    assert drawn.blocks_off == 0
    for zone, printed in zip(replay.start.zones, replay.known.counts.zones, strict=True):
        counted = replay.known.counts.chunks[printed.name]
        for order in range(9, 11):
            for kind in range(6):
                assert len(zone.free.get((order, kind), ())) == counted[order, kind]


def test_the_prediction_is_near_that_from_the_snapshot(bundle):
    """docs/bundles.md has it for every recording."""
    question = Question(ZoneCma(), seeds=2)
    counted, exact = predict(bundle, question), predict(Recording(CAPTURES / NAME), question)
    assert counted.predicted.calls_ok == exact.predicted.calls_ok == 12
    assert counted.predicted.area_use_mean == pytest.approx(exact.predicted.area_use_mean, abs=0.02)
    assert counted.predicted.frames_migrated == pytest.approx(exact.predicted.frames_migrated, rel=0.25)
    assert any("no exact snapshot" in note for note in counted.notes)
    assert not any("exact snapshot" in note for note in exact.notes)


def test_explain_asks_the_trace_alone(bundle):
    outcome, whole = explain(bundle), explain(Recording(CAPTURES / NAME))
    assert outcome.nr_calls == whole.nr_calls == 12
    assert [call.outcome for call in outcome.calls] == [call.outcome for call in whole.calls]


@pytest.mark.parametrize("report", [verify, free_run, explain_misses])
def test_there_is_nothing_to_hold_frames_against(bundle, report):
    with pytest.raises(InputError, match="no exact snapshot, so there is nothing to hold frames against"):
        report(bundle)


def test_show_tells_what_it_holds(bundle):
    contents = contents_of(str(bundle.path))
    assert contents.areas == {"reserved": 32_768}
    assert [zone.name for zone in contents.zones] == ["DMA", "DMA32"]
    assert contents.collected["truncated"] == "no"
    assert "before/zoneinfo" in contents.files
    assert contents.events["cma_alloc_start"] == 12


def changed(tmp_path, **changes):
    """A short bundle with other files; None takes one away."""
    files = files_of("boot-zonecma256-6.12")
    for name, content in changes.items():
        path = name.replace("__", "/")
        if content is None:
            files.pop(path)
        else:
            files[path] = content(files.get(path, b""))
    return open_recording(str(pack(tmp_path / "b.tar.gz", files)))


def test_an_unknown_kernel_follows_the_nearest_one(tmp_path, cache):
    other = replay_of(changed(tmp_path, uname=lambda old: old.replace(b"6.12.117-gt", b"6.6.30")))
    assert other.machine.rules.series == "6.1"
    assert "kernel 6.6: this series is not known; the model follows the rules of 6.1" in other.notes


@pytest.mark.parametrize(
    ("release", "series"),
    [
        ("4.19.0", "6.1"),
        ("5.15.1", "6.1"),
        ("6.6.1", "6.1"),
        ("6.8.0-rc1", "6.12"),
        ("7.0", "6.12"),
        ("x", "6.1"),
    ],
)
def test_which_kernel_is_nearest(release, series):
    assert nearest_rules(release).series == series


def test_without_pagetypeinfo_types_are_drawn_too(tmp_path, cache):
    replay = replay_of(changed(tmp_path, before__pagetypeinfo=None))
    assert not replay.known.counts.by_type
    validate(initial_state(replay, 1))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"before__zoneinfo": None}, "before/zoneinfo"),
        ({"before__zoneinfo": lambda old: old[:300]}, "before/zoneinfo"),
        ({"before__pagetypeinfo": lambda old: old[:100]}, "before/pagetypeinfo"),
        ({"dmesg": lambda old: b"forgotten\n"}, "neither before/cma nor dmesg tells"),
    ],
)
def test_what_is_missing_or_cut_off_is_named(tmp_path, cache, changes, expected):
    with pytest.raises(InputError, match=expected):
        recorded_machine(changed(tmp_path, **changes), no_progress, nearest_rules("6.12"))


def test_debugfs_tells_areas_and_buffers(tmp_path, cache):
    """A bundle of a kernel with CONFIG_CMA_DEBUGFS: 40 frames of the area are a buffer."""
    area = {"base_pfn": b"262144\n", "count": b"65536\n", "order_per_bit": b"0\n"}
    files = {f"before__cma__cma-other__{name}": (lambda old, text=text: text) for name, text in area.items()}
    words = b"4294967295 255 " + b"0 " * 2046 + b"\n"
    files["before__cma__cma-other__bitmap"] = lambda old: words
    recorded = recorded_machine(changed(tmp_path, **files), no_progress, nearest_rules("6.12"))
    (only,) = recorded.start.areas
    assert (only.name, only.base_pfn, only.count) == ("other", 262_144, 65_536)
    assert only.bitmap[:40].sum() + (recorded.known.evidence.held[262_144:262_184] == 2).sum() == 40


def test_what_is_touched_has_a_gfp_class():
    """A page that was there before the trace began may be evicted, and be brought back."""
    requests = np.zeros(2, REQUEST)
    requests["op"], requests["gfp"], requests["object"] = TOUCH, [UNKNOWN_GFP, 1], [0, 1]
    objects = np.zeros(3, OBJECT_FACTS)
    objects["gfp"], objects["kind"] = [UNKNOWN_GFP, 1, UNKNOWN_GFP], [UserKind.ANONYMOUS, 0, UserKind.OTHER]
    load = TouchedLoad(
        requests, np.zeros(2, np.uint32), np.zeros(0, OBJECT), objects, np.zeros(2, np.int64), 3, 0
    )
    named = with_users(load, 7)
    assert named.requests["gfp"].tolist() == [7, 1]
    assert named.objects["gfp"].tolist() == [7, 1, UNKNOWN_GFP]
