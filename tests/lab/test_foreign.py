"""Which events a machine can have had."""

import dataclasses
from pathlib import Path

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.recording import Recording
from zonecma.capture.trace import scan_pieces
from zonecma.errors import InputError
from zonecma.kernel.rules import NEWEST
from zonecma.lab.foreign import check_trace
from zonecma.machine.from_snapshot import machine_of


@pytest.fixture(scope="module")
def machine():
    """One area cut in two, at frames 0x40000 and 0x48000."""
    machine = machine_of(Recording(CAPTURES / "cma256-mix-6.12").snapshot("A"), NEWEST)
    (area,) = machine.areas
    half = area.count // 2
    first = dataclasses.replace(area, name="first", count=half)
    return dataclasses.replace(
        machine, areas=(first, dataclasses.replace(first, name="second", base_pfn=area.base_pfn + half))
    )


def check(machine, event):
    text = f"a-1 [000] 1.0: {event}\n".encode()
    check_trace("given", scan_pieces(Path("given"), [text], len(text)), machine)


@pytest.mark.parametrize(
    "event",
    [
        "mm_page_alloc: pfn=0x2d60 order=4 migratetype=1 gfp_flags=GFP_KERNEL",
        "mm_page_alloc: pfn=0x0 order=4 migratetype=1 gfp_flags=GFP_KERNEL",
        "cma_release: name=first pfn=0x47fff page=0x1 count=1",
        "cma_release: name=second pfn=0x48000 page=0x1 count=32768",
        "cma_release: pfn=0x48000 page=0x1 count=32768",
        "cma_release: name=elsewhere pfn=0x1 page=0x1 count=1",
        "cma_alloc_finish: name=first pfn=0x0 page=(nil) count=16 align=4 errorno=-16",
    ],
)
def test_what_can_be(machine, event):
    check(machine, event)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("mm_page_alloc: pfn=0x2d61 order=4 migratetype=1 gfp_flags=GFP_KERNEL", "no such chunk"),
        ("mm_page_free: pfn=0x0 order=0", "no such chunk"),
        ("mm_page_free: pfn=0x50000 order=0", "no such chunk"),
        ("cma_release: name=first pfn=0x48000 page=0x1 count=1", "does not lie in its area"),
        ("cma_release: name=first pfn=0x47fff page=0x1 count=2", "does not lie in its area"),
        ("cma_release: pfn=0x47fff page=0x1 count=2", "does not lie in its area"),
        ("cma_release: pfn=0x3fff page=0x1 count=1", "does not lie in its area"),
    ],
)
def test_what_cannot_be(machine, event, why):
    with pytest.raises(InputError, match=why):
        check(machine, event)
