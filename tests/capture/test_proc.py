"""/proc files of 4.7, 6.1 and 6.12: values read off by eye, and sums that must agree."""

from pathlib import Path

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.proc.buddyinfo import parse_buddyinfo
from zonecma.capture.proc.pagetypeinfo import parse_pagetypeinfo
from zonecma.capture.proc.zoneinfo import parse_zoneinfo
from zonecma.capture.recording import Recording
from zonecma.errors import InputError

HERE = Path(__file__).parent / "proc"


def files(source):
    """zoneinfo, buddyinfo and pagetypeinfo of a folder here, or of a recording."""
    names = ("zoneinfo", "buddyinfo", "pagetypeinfo")
    if source.startswith("4.7"):
        return tuple((HERE / source / name).read_text() for name in names)
    return tuple(Recording(CAPTURES / source).kernel_file(f"after/{name}") for name in names)


SOURCES = ["4.7-stock", "4.7-v3", "cma256-mix-6.1", "cma256-mix-6.12", "zonecma-mix-6.12"]


@pytest.mark.parametrize("source", SOURCES)
def test_types_add_up_to_buddyinfo(source):
    _, buddy, types = files(source)
    free = parse_pagetypeinfo(types).free
    for (node, zone), counts in parse_buddyinfo(buddy).items():
        rows = [chunks for (n, z, _), chunks in free.items() if (n, z) == (node, zone)]
        sums = [sum(column) for column in zip(*rows, strict=True)]
        # The files are read one after the other: a few small chunks may differ.
        assert sums[4:] == pytest.approx(counts[4:], abs=3)


@pytest.mark.parametrize("source", SOURCES)
def test_free_pages_are_those_of_the_free_lists(source):
    zones, buddy, _ = files(source)
    chunks = parse_buddyinfo(buddy)
    for zone in parse_zoneinfo(zones):
        if zone["managed"]:
            pages = sum(count << order for order, count in enumerate(chunks[zone.node, zone.name]))
            assert pages == pytest.approx(zone["free"], abs=130)
            assert zone.stats["nr_free_pages"] == zone["free"]


def test_the_table_that_page_owner_adds_is_passed_over():
    """As pagetypeinfo_showmixedcount() prints it: its head has no word "type"."""
    text = files("cma256-mix-6.12")[2]
    types = ("Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate")
    head = "\nNumber of mixed blocks " + "".join(f"{name:>12} " for name in types)
    row = f"Node 0, zone {'DMA32':>8} " + "".join(f"{count:12} " for count in (7, 9, 1, 0, 0, 0))
    assert parse_pagetypeinfo(f"{text}{head}\n{row}\n") == parse_pagetypeinfo(text)


def test_zone_cma_as_4_7_printed_it():
    zones = {z.name: z for z in parse_zoneinfo(files("4.7-v3")[0])}
    cma = zones["CMA"]
    assert (cma["start_pfn"], cma["spanned"]) == (130048, 131072)
    assert (cma["present"], cma["managed"]) == (131072, 131072)
    assert (cma["min"], cma["low"], cma["high"]) == (0, 0, 0)
    assert cma.stats["nr_alloc_batch"] == 0
    assert zones["DMA"].protection == (0, 470, 470, 470, 470)
    assert [(p["cpu"], p["high"], p["batch"]) for p in cma.pagesets] == [(0, 186, 31)]


def test_6_12_values():
    dma, dma32, *_ = parse_zoneinfo(files("cma256-mix-6.12")[0])
    assert (dma["promo"], dma["managed"]) == (297, 3840)
    assert dma.node_stats["nr_kernel_stack"] > 0
    assert "nr_kernel_stack" not in dma.stats
    assert dma32["cma"] == 65536
    assert dma32.pagesets[0]["batch"] == 63


def test_6_1_prints_empty_zones_without_counters():
    zones = {z.name: z for z in parse_zoneinfo(files("cma256-mix-6.1")[0])}
    assert zones["Movable"]["managed"] == 0
    assert not zones["Movable"].pagesets
    assert "promo" not in zones["DMA"].sizes


def test_pageblocks_by_type():
    assert parse_pagetypeinfo(files("4.7-stock")[2]).pageblock_order == 10
    info = parse_pagetypeinfo(files("cma256-mix-6.12")[2])
    assert info.pageblock_order == 9
    assert info.blocks[0, "DMA32"] == {
        "Unmovable": 8,
        "Movable": 492,
        "Reclaimable": 4,
        "HighAtomic": 0,
        "CMA": 128,
        "Isolate": 0,
    }


def test_counts_that_the_kernel_cut_short():
    text = files("cma256-mix-6.12")[2].replace("Movable     31 ", "Movable >100000 ")
    assert parse_pagetypeinfo(text).free[0, "DMA32", "Movable"][0] == 100000


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (parse_zoneinfo, "", "expected 'Node N, zone NAME'"),
        (parse_zoneinfo, "root:x:0:0\n", "line 1: expected 'Node N, zone NAME'"),
        (parse_zoneinfo, "Node 0, zone DMA\n  what is this\n", "line 2: expected a name and a number"),
        (parse_zoneinfo, "Node 0, zone DMA\n  pages free 1\n", "expected all of zone DMA"),
        (parse_zoneinfo, "Node 0, zone DMA\n protection: (a, b)\n", "line 2: expected numbers"),
        (parse_buddyinfo, "", "expected a line for each zone"),
        (parse_buddyinfo, "Node 0, zone DMA 1 2 x\n", "line 1: expected numbers"),
        (parse_buddyinfo, "hello\n", "line 1: expected 'Node N, zone NAME'"),
        (parse_pagetypeinfo, "hello\n", "line 1: expected 'Page block order: N'"),
        (parse_pagetypeinfo, "Page block order: 9\n", "expected both tables"),
        (parse_pagetypeinfo, "Page block order: 9\nhello\n", "line 2: expected a row"),
    ],
)
def test_what_is_no_such_file(parse, text, expected):
    with pytest.raises(InputError) as error:
        parse(text)
    assert expected in str(error.value)
