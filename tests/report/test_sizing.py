"""How size's outcome looks: answers written by hand."""

from zonecma.kernel.page_class import PageClass
from zonecma.lab.compare import Reclaim
from zonecma.lab.sizing import Answer, Blocked, Check, NeedShown, SizeTried, Sizing
from zonecma.report.sizing import need_text, sizing_json, sizing_text
from zonecma.workload.needs import Need

MIB = 1 << 20
NEED = Need(5120, 9, within_ms=50, probability=0.99)
COSTS = Reclaim(pages_reclaimed=512.0, swapped_in=128.0, swapped_out=128.0, stall_seconds=0.25)
GOOD = Answer(
    "zone-cma", "none", True, 200 * MIB,
    needs=(NeedShown(NEED, 80, 0, 0.3, 0.958, 343, 12.34),),
    own_calls=500, own_failed=7, costs=COSTS, min_free_outside=512,
    tried=(SizeTried(180 * MIB, 2, 2), SizeTried(200 * MIB, 80, 0)), neighbours=(SizeTried(202 * MIB, 4, 1),),
)  # fmt: skip
WAYS = {PageClass.PINNED: 30, PageClass.ANONYMOUS: 10}
BAD = Answer("half-free", "5.8", True, None, blocked=Blocked(512 * MIB, 4, 2, 1, 1, WAYS))


def sizing(*answers):
    return Sizing(
        "a-load", "a-board", "6.12", (NEED,), 4096 * MIB, 2 * MIB, 180 * MIB, 512 * MIB, "half of RAM", 3, 80,
        answers, (), (Check("reach", "far away"), Check("rest", "nothing is left", trips=True)),
        ("generated",),
    )  # fmt: skip


def shown(*answers):
    return " ".join(sizing_text(sizing(*answers), 100).split())


def test_a_need_in_words():
    assert need_text(NEED) == "9 x 20 MiB within 50 ms in 99 % of runs"
    assert need_text(Need(0, 0)) == "the load's own buffers in 90 % of runs"


def test_what_was_found_and_how_sure_it_is():
    text = shown(GOOD)
    assert "zone-cma 200 MiB 80 0 >= 95.8 30.0 12.3" in text
    assert "zone-cma 2.0 1.0 250.0 2.0" in text  # MiB reclaimed, swapped; ms; MiB free
    assert "80 runs can't show 99 %; it takes 343 without a failure (--seeds 343)" in text
    assert "of 500 buffers that the load itself asked for 7 were not got" in text
    assert "a larger area is not always better: with 202 MiB 1 of 4 runs failed" in text
    assert "WATCH OUT: nothing is left" in text and "WATCH OUT: far" not in text


def test_what_is_in_the_way():
    text = shown(GOOD, BAD)
    assert "half-free: nothing suffices. With 512 MiB, of 4 runs 2 did not get a buffer, 1 got all" in text
    assert (
        "pinned for long (75.0 % of the ranges tried in vain), which needs whoever pinned it to let go"
        in text
    )
    assert "Best: zone-cma with 200 MiB." in text
    assert "Best" not in shown(BAD)


def test_json_has_plain_types():
    out = sizing_json(sizing(GOOD, BAD))
    assert (out["best"], out["answers"][0]["size"]) == ("zone-cma", 200 * MIB)
    assert out["answers"][1]["blocked"]["in_the_way"] == {"pinned for long": 30, "anonymous": 10}
