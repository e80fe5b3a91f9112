"""Costs from recordings: figures that are known, errors that remain, recordings that tell nothing."""

import numpy as np
import pytest

from tests.conftest import CAPTURES
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.lab.calibrate import ENOUGH, FEWEST, calibrate, own_costs
from zonecma.machine.costs import default_sources, read_costs
from zonecma.report.calibration import calibration_toml

FAULT = "mm_page_alloc: pfn=0x7 order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_ZERO"
OTHER = "mm_page_free: pfn=0x9 order=0"
SCAN = "mm_vmscan_lru_isolate: classzone=3 order=0 nr_requested=8 nr_scanned=8 nr_skipped=0 nr_taken=8"
SHRUNK = "mm_vmscan_lru_shrink_inactive: nid=0 nr_scanned=8 nr_reclaimed={} nr_dirty=0"


@pytest.fixture
def recording(tmp_path):
    """Makes a recording of a trace alone: pairs of a text and the microseconds to the next."""

    def make(*events, name="trace.txt"):
        now, lines = 1_000_000, ["a-1 [000] 0.000000: mm_page_free: pfn=0x9 order=0\n"]
        for text, lasts in events:
            lines.append(f"a-1 [000] {now / 1e6:.6f}: {text}\n")
            now += lasts
        (tmp_path / name).write_text("".join(lines))
        return Recording(tmp_path)

    return make


def touches(*lasts):
    """Pairs of faults, something else between the pairs: microseconds from one fault to the other."""
    return [event for time in lasts for event in ((FAULT, time), (FAULT, 1), (OTHER, 1))]


def reclaims(*pairs):
    """Lists of 8 pages: how many were freed, and microseconds."""
    return [event for freed, time in pairs for event in ((SCAN, time), (SHRUNK.format(freed), 1))]


def found(outcome):
    return {one.step: one for one in outcome.estimates}


def test_faults_take_what_the_fastest_took(recording):
    """Programs compute between the others."""
    fault = found(calibrate(recording(*touches(6, *[40] * 9, 900))))["fault"]
    assert (fault.samples, fault.units, fault.ns, fault.quartiles) == (11, 11, 6_000, (40_000, 40_000))
    assert fault.seconds == pytest.approx(1266e-6)
    assert fault.error == pytest.approx(66 / 1266 - 1)


def test_held_out_samples(recording):
    """Every other one is predicted by those between: 10 us for 30 us each."""
    scan = found(calibrate(recording(*reclaims(*[(0, 80), (0, 240)] * 10))))["scan_page"]
    assert (scan.samples, scan.units) == (20, 160)
    assert scan.held_out == scan.but_slowest == pytest.approx(10 / 30 - 1)


def test_but_the_slowest_tenth(recording):
    scan = found(calibrate(recording(*reclaims(*[(0, 80)] * 39, (0, 80_000)))))["scan_page"]
    assert scan.error == pytest.approx(40 / 1039 - 1)
    assert scan.held_out == pytest.approx(20 / 1019 - 1)
    assert scan.but_slowest == 0


def test_what_is_charged_beside_is_taken_off(recording):
    """8 pages are looked at for 10 us each, and 4 of them freed for 5 us each."""
    outcome = found(calibrate(recording(*reclaims(*[(0, 80)] * 9, *[(4, 100)] * 9))))
    assert (outcome["scan_page"].ns, outcome["unmap_free"].ns) == (10_000, 5_000)
    assert outcome["unmap_free"].error == 0


def test_without_scans_the_default_is_taken_off(recording):
    (only,) = calibrate(recording(*reclaims(*[(8, 80)] * 9))).estimates
    assert (only.step, only.ns) == ("unmap_free", 10_000 - read_costs()["scan_page"])


def test_nothing_takes_less_than_no_time(recording):
    (only,) = calibrate(recording(*reclaims(*[(8, 1)] * 9))).estimates
    assert (only.ns, only.quartiles) == (0, (0, 0))


def test_what_is_not_told_stays(recording):
    outcome = calibrate(recording(*reclaims(*[(0, 80)] * 9, *[(4, 100)] * (FEWEST - 1))))
    kept = {one.step: one for one in outcome.kept}
    assert kept.keys() | {"scan_page"} == read_costs().keys()
    assert all(
        (one.ns, one.source) == (read_costs()[step], default_sources()[step]) for step, one in kept.items()
    )
    assert (kept["unmap_free"].samples, kept["hit"].samples) == (FEWEST - 1, 0)


def test_only_the_load_counts(recording):
    marks = [(f"print: tracing_mark_write: GT_wl_{one}", 1) for one in ("start x", "end")]
    slow = reclaims(*[(0, 800)] * 9)
    events = *slow, marks[0], *reclaims(*[(0, 80)] * 9), marks[1], *slow
    assert found(calibrate(recording(*events)))["scan_page"].ns == 10_000


@pytest.mark.parametrize("events", [[], touches(*[6] * (FEWEST - 1))])
def test_a_trace_that_tells_nothing(recording, events):
    with pytest.raises(InputError, match=r"trace\.txt: shows no step 5 times; expected a load's trace"):
        calibrate(recording(*events))


def test_own_costs_are_the_tables_but_where_the_recording_tells(recording):
    assert own_costs(recording(*touches(*[6] * (FEWEST - 1)))) == read_costs()
    swap = Recording(CAPTURES / "pairs" / "swap-cma64-6.12")
    outcome, own = calibrate(swap), own_costs(swap)
    told = {one.step: one.ns for one in outcome.estimates}
    few = {"isolate_block", "lru_add_drain"}
    assert {one.step for one in outcome.estimates if one.samples < ENOUGH} == few | {"disk_page"}
    assert {step: own[step] for step in told.keys() - few} == {
        step: ns for step, ns in told.items() if step not in few
    }
    assert own["swap_op"] == 0
    assert own["disk_op"] == read_costs()["disk_op"]


def test_a_machine_whose_faults_are_slow_is_slow_at_all_that_is_not_told(recording):
    """A fault of 6 us is six times as long as the table's."""
    own, table = own_costs(recording(*touches(*[6] * FEWEST))), read_costs()
    slower = own["fault"] / table["fault"]
    assert slower == pytest.approx(6000 / table["fault"], rel=0.2)
    assert own["migrate_page"] == pytest.approx(slower * table["migrate_page"])
    assert own["copy_page"] == pytest.approx(slower * table["copy_page"])
    assert own["disk_read"] == table["disk_read"]


def test_a_damaged_trace_is_said_to_be_so(recording):
    whole = recording(*touches(*[6] * 9))
    with whole.trace_file.open("a") as file:
        file.write("a-1 [000] 2.0: mm_page_free: pfn=")
    with pytest.raises(InputError, match="cut off"):
        calibrate(whole)
    with pytest.raises(InputError, match="cut off"):
        own_costs(whole)
    assert "cut off" in calibrate(Recording(whole.path, partial=True)).damage


def test_a_damaged_snapshot_is_said_to_be_so(recording):
    whole = recording(*touches(*[6] * 9))
    whole.snapshot_file("A").write_bytes(b"no snapshot")
    with pytest.raises(InputError, match="snap"):
        calibrate(whole)


def test_a_recording(tmp_path):
    """The same each time; the file of costs holds what was found, and nothing else is changed."""
    swap = Recording(CAPTURES / "pairs" / "swap-cma64-6.12")
    outcome = calibrate(swap)
    assert outcome == calibrate(swap)
    file = tmp_path / "costs.toml"
    file.write_text(calibration_toml(outcome))
    told = {one.step: one.ns for one in (*outcome.estimates, *outcome.known)}
    assert read_costs(file) == read_costs() | told
    assert told.keys() >= {"alloc", "release", "fault", "scan_page", "unmap_free", "migrate_page"}
    assert told.keys() >= {"isolate_block", "disk_page", "zram_compress", "swap_page", "swap_op"}
    assert told["swap_op"] == 0
    assert all(0 <= cost < 1e6 for cost in told.values())


def test_emulated_recordings_agree():
    """Of one kind of machine, made on one host at different times."""
    outcomes = [
        found(calibrate(Recording(CAPTURES / name)))
        for name in ("cma256-mix-6.12", "cma128-press-6.12", "pairs/pin-cma128-6.12")
    ]
    for step in ("alloc", "release", "fault"):
        costs = np.array([outcome[step].ns for outcome in outcomes])
        assert costs.max() < 2 * costs.min()
        assert all(outcome[step].samples > 1000 for outcome in outcomes)
    for outcome in outcomes:
        assert abs(outcome["alloc"].but_slowest) < 0.1
        assert abs(outcome["release"].but_slowest) < 0.15
