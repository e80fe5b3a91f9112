"""verify's table and JSON, of an outcome written by hand."""

import dataclasses
import json

import pytest

from zonecma.lab.verification import Miss, Score, Verification
from zonecma.report.verification import share, verification_json, verification_table

OUTCOME = Verification(
    recording="a-recording",
    kernel="6.12.1",
    events=3_000_000,
    allocations=Score(200_000, 199_999),
    refills=Score(3, 3),
    refill_sizes=Score(2, 1),
    drain_decisions=Score(9, 9),
    drains_after_free=Score(4, 3),
    drains_in_calls=Score(5, 5),
    drains_by_timer=Score(6, 0),
    drains_by_others=Score(7, 7),
    calls=Score(0, 0),
    calls_untold=Score(4, 3),
    ranges=Score(8, 6),
    final_lists=Score(30, 29),
    skipped={"some reason": 12},
    repairs=2,
    seconds=0.5,
    first_misses={"allocations": Miss(77, 0x1234, -1), "refill_sizes": Miss(78, 63, 126)},
)


def rows(table):
    return {line[:23].strip(): line[23:].split() for line in table.split("\n") if line}


def test_table():
    table = verification_table(OUTCOME, 100)
    cells = rows(table)
    assert cells["allocations"] == ["200,000", "199,999", "99.999", "%"]
    assert cells["drained chunks"] == ["22", "15", "68.181", "%"]
    assert cells["contiguous calls"] == ["0", "0", "-"]
    assert "6.0 million events a second" in table
    assert "skipped 12 (some reason)" in table
    assert "first miss, allocations: trace line 77, the kernel nothing, the model frame 0x1234" in table
    assert "first miss, refill sizes: trace line 78, the kernel 126 chunks, the model 63 chunks" in table


def test_a_share_is_never_rounded_up_to_all():
    almost = dataclasses.replace(OUTCOME, allocations=Score(10**9, 10**9 - 1))
    assert rows(verification_table(almost, 100))["allocations"][2:] == ["99.999", "%"]


@pytest.mark.parametrize("exact", range(101))
def test_a_share_that_is_a_whole_percent_is_printed_so(exact):
    assert share(Score(100, exact)) == f"{exact}.000 %"


def test_lost_events_and_damage_are_said():
    table = verification_table(dataclasses.replace(OUTCOME, lost=5, damage="t.zst: cut off"), 100)
    assert "lost 5 events" in table
    assert "read in part: t.zst: cut off" in table


def test_it_fits_80_columns():
    assert max(map(len, verification_table(OUTCOME, 80).split("\n"))) <= 80


def test_json():
    out = json.loads(json.dumps(verification_json(OUTCOME)))
    assert out["allocations"] == {"checked": 200_000, "exact": 199_999}
    assert out["drains"] == {"checked": 22, "exact": 15}
    assert out["drains_external"] == {
        "checked": 13,
        "exact": 7,
        "by_cause": {"timer": {"checked": 6, "exact": 0}, "other paths": {"checked": 7, "exact": 7}},
    }
    assert out["final_lists"] == {"checked": 30, "equal": 29}
    assert out["skipped"] == {"some reason": 12}
    assert (out["events"], out["repairs"], out["seconds"]) == (3_000_000, 2, 0.5)
    wanted = {"recording", "kernel", "refills", "refill_sizes", "drain_decisions", "drains_after_free"}
    assert wanted | {"drains_in_calls"} <= out.keys()
