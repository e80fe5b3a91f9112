"""/proc/buddyinfo and pagetypeinfo: the form of recorded files, and the lists they show."""

import re

import pytest

from tests.machine.boot.boards import area, boot_of, series
from tests.report.test_zoneinfo import BOOTS, RECORDINGS, placement_of
from zonecma.capture.proc.buddyinfo import parse_buddyinfo
from zonecma.capture.proc.pagetypeinfo import parse_pagetypeinfo
from zonecma.capture.recording import Recording
from zonecma.kernel.zone import NAMES
from zonecma.lab.boot import boot_machine
from zonecma.machine.architecture import ARM64, GIB, MIB
from zonecma.machine.boot.shown import block_counts
from zonecma.report.free_lists import buddyinfo_text, pagetypeinfo_text


def recorded(folder, name):
    plain = folder / "1-boot" / name
    return plain.read_text() if plain.exists() else Recording(folder).kernel_file(f"before/{name}")


def form(text):
    """Each line with its counts as equally wide #: names, widths and order are left."""
    return [
        re.sub(r" +\d+(?= )", lambda found: "#" * len(found[0]), line)
        for line in text.rstrip("\n").split("\n")
    ]


WITH_TYPES = [path for path in BOOTS if (path / "1-boot" / "pagetypeinfo").exists()]


def test_most_boots_have_recorded_page_types():
    assert len(WITH_TYPES) >= 10


@pytest.mark.parametrize("folder", [*WITH_TYPES, *RECORDINGS], ids=lambda folder: folder.name)
def test_the_form_of_recorded_pagetypeinfo(folder):
    booted = boot_machine(str(folder), placement_of(folder))
    assert form(pagetypeinfo_text(booted.boot)) == form(recorded(folder, "pagetypeinfo"))


@pytest.mark.parametrize("folder", [*WITH_TYPES, *RECORDINGS], ids=lambda folder: folder.name)
def test_the_form_of_recorded_buddyinfo(folder):
    booted = boot_machine(str(folder), placement_of(folder))
    assert form(buddyinfo_text(booted.boot)) == form(recorded(folder, "buddyinfo"))


@pytest.mark.parametrize("rules", ["4.7", "6.12"])
@pytest.mark.parametrize("posting", ["v3", "v6"])
def test_both_files_can_be_read_back(rules, posting):
    areas = [area(512 * MIB, 64 * MIB)]
    boot = boot_of((0, GIB), (GIB, 2 * GIB, 1), series=rules, areas=areas, placement=series(posting))
    chunks = parse_buddyinfo(buddyinfo_text(boot))
    types = parse_pagetypeinfo(pagetypeinfo_text(boot))
    assert types.pageblock_order == 9
    assert chunks.keys() == {(node, NAMES[index]) for node, index, _ in boot.populated()}
    for node, index, record in boot.populated():
        name = NAMES[index]
        assert chunks[node, name] == tuple(record.nr_free[:11])
        rows = [counts for key, counts in types.free.items() if key[:2] == (node, name)]
        assert [sum(column) for column in zip(*rows, strict=True)] == list(chunks[node, name])
        assert sum(types.blocks[node, name].values()) == sum(block_counts(boot, node, index))


def test_a_1_gib_pc_by_hand():
    """DMA: frame 0 is free too, so 4 chunks of order 10; DMA32: 1008 MiB more, 252 of them."""
    boot = boot_of((0, GIB))
    zeros = "      0" * 10
    assert buddyinfo_text(boot) == (
        f"Node 0, zone      DMA{zeros}      4 \nNode 0, zone    DMA32{zeros}    252 \n"
    )


def test_orders_of_64_kib_pages():
    boot = boot_of((0, 2 * GIB), architecture=ARM64.with_pages_of(64))
    text = pagetypeinfo_text(boot)
    assert text.startswith("Page block order: 13\nPages per block:  8192\n")
    assert len(parse_buddyinfo(buddyinfo_text(boot))[0, "DMA"]) == 14


def test_each_node_has_its_tables():
    """pagetypeinfo_show is called once a node, and prints its heading each time."""
    text = pagetypeinfo_text(boot_of((0, GIB), (GIB, 2 * GIB, 1)))
    heads = ["Page block order", "Free pages count", "Number of blocks type"] * 2
    found = [line for line in text.split("\n") if line.startswith(("Page block", "Free", "Number"))]
    assert [line.startswith(head) for line, head in zip(found, heads, strict=True)] == [True] * 6
    assert parse_pagetypeinfo(text).blocks.keys() == {(0, "DMA"), (0, "DMA32"), (1, "DMA32")}
