"""How an inspection looks: at both widths, the area's row of blocks, and what a call's outcome is called."""

from dataclasses import replace

import numpy as np
import pytest

from tests.areas import AREAS
from zonecma.lab.bitmap_runs import Ranges
from zonecma.lab.frame_use import Use
from zonecma.lab.inspect import inspect
from zonecma.report.frame_uses import legend, picture
from zonecma.report.inspection import inspection_text, verdict


@pytest.fixture(scope="module")
def outcome():
    return inspect(str(AREAS / "splice-6.12"))


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal(outcome, columns):
    text = inspection_text(outcome, columns)
    assert max(map(len, text.split("\n"))) <= columns
    assert "12800@11776" in text
    assert "fails, no run" in text


def test_a_block_shows_what_most_of_it_is_but_one_page_that_stays_outweighs_all():
    frames = [Use.DEVICE] * 4 + [Use.FREE] * 4 + [Use.FILE, *[Use.FREE] * 3] + [Use.FILE] * 4
    frames += [Use.SLAB, *[Use.DEVICE] * 3] + [Use.UNTOLD] * 4
    drawn = picture(np.array(frames, np.uint8), 6)
    assert drawn == "█·░▓x?"
    assert legend("█·") == "█ contiguous buffers, · free"
    assert len(picture(np.zeros(3, np.uint8), 80)) == 3


def test_frames_without_a_flag_may_be_on_cpus_lists(outcome):
    """Where page_owner does not say that they are free."""
    area = replace(outcome.areas[0], counts={Use.FREE: 1000, Use.OFF_LRU: 7000})
    zones = [replace(zone, on_cpus=300 if zone.name == "DMA32" else 5) for zone in outcome.zones]
    text = " ".join(inspection_text(replace(outcome, areas=(area,), zones=tuple(zones)), 100).split())
    assert "Of the 7,000 frames on no list up to 300 may be free on the lists of CPUs" in text
    assert "on no list" not in inspection_text(outcome, 100)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        (Ranges(0, 0, 0, 0, None), "fails, no run"),
        (Ranges(3, 0, 0, 0, None), "fails, pages stay"),
        (Ranges(3, 2, 0, 0, 5), "can't be told"),
        (Ranges(3, 2, 1, 0, 5), "if all move"),
        (Ranges(3, 2, 1, 1, 0), "succeeds"),
    ],
)
def test_outcomes(ranges, words):
    assert verdict(ranges) == words
