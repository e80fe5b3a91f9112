"""/proc/zoneinfo as the model prints it: line for line the form of each recorded kernel's file."""

import re

import pytest

from tests.conftest import CAPTURES
from tests.machine.boot.boards import area, boot_of, series
from zonecma.capture.proc.zoneinfo import parse_zoneinfo
from zonecma.capture.recording import Recording
from zonecma.kernel.zone import NAMES
from zonecma.lab.boot import boot_machine
from zonecma.lab.placements import parse_placement
from zonecma.machine.architecture import GIB, MIB, X86_32
from zonecma.report.zoneinfo import zoneinfo_text

BOOTS = sorted(path for path in CAPTURES.glob("boots-4.7/*") if path.is_dir())
RECORDINGS = sorted(path.parent for path in CAPTURES.glob("boot-*/proc.tar.xz"))


def placement_of(folder):
    """By a 4.7 boot's name; None: as its kernel does."""
    found = re.search(r"v[346]", folder.name)
    return parse_placement(f"zone-cma,series={found[0]}") if found else None


def recorded_text(folder):
    plain = folder / "1-boot" / "zoneinfo"
    return plain.read_text() if plain.exists() else Recording(folder).kernel_file("before/zoneinfo")


def form(text):
    """Each line with its numbers as N: what is left are names, spaces and their order.

    Some recorded files end with an empty line that the recording added.
    """
    text = text.rstrip("\n")
    return [re.sub(r"-?\d+", "N", re.sub(r"(Node )(\d+)", r"\1#\2", line)) for line in text.splitlines()]


@pytest.mark.parametrize("folder", [*BOOTS, *RECORDINGS], ids=lambda folder: folder.name)
def test_the_form_of_the_recorded_file(folder):
    booted = boot_machine(str(folder), placement_of(folder))
    assert form(zoneinfo_text(booted.boot)) == form(recorded_text(folder))


@pytest.mark.parametrize("rules", ["4.7", "6.1", "6.12"])
def test_what_is_printed_can_be_read_back(rules):
    nodes = (0, GIB), (GIB, 2 * GIB, 1)
    areas = [area(512 * MIB, 64 * MIB), area(GIB + 64 * MIB, 64 * MIB, "b")]
    boot = boot_of(*nodes, series=rules, areas=areas, nr_cpus=3, placement=series("v6"))
    read = {(zone.node, zone.name): zone for zone in parse_zoneinfo(zoneinfo_text(boot))}
    assert all((node, NAMES[index]) in read for node, index, _ in boot.populated())
    for node, index, record in boot.zones():
        if (node, NAMES[index]) not in read:
            assert rules == "4.7"
            continue
        zone = read[node, NAMES[index]]
        for name, figure in {
            "free": record.nr_free_pages,
            "min": record.watermark[0],
            "low": record.watermark[1],
            "high": record.watermark[2],
            "spanned": record.spanned,
            "present": record.present,
            "managed": record.managed,
        }.items():
            assert zone[name] == figure, (zone.name, name)
        assert zone.protection == tuple(record.lowmem_reserve[one] for one in boot.configured)
        if not record.present:
            continue
        assert zone["start_pfn"] == record.start_pfn
        assert zone.stats["nr_free_pages"] == record.nr_free_pages
        pcp = boot.nodes[node].pcp[index]
        assert [one["cpu"] for one in zone.pagesets] == [0, 1, 2]
        assert [one["batch"] for one in zone.pagesets] == pcp.batch.tolist()


def test_a_kernel_for_one_cpu_has_no_threshold():
    assert "vm stats threshold" not in zoneinfo_text(boot_of((0, GIB), smp=False))


def test_the_nodes_counters_come_with_its_first_zone_that_has_pages():
    text = zoneinfo_text(boot_of((0, 4 * GIB), (4 * GIB, 5 * GIB, 1)))
    lines = text.splitlines()
    before = [lines[number - 1] for number, line in enumerate(lines) if line == "  per-node stats"]
    assert before == ["Node 0, zone      DMA", "Node 1, zone   Normal"]


def test_a_node_above_the_last_zone_has_no_counters():
    """CONFIG_NOHIGHMEM: all its zones are empty."""
    text = zoneinfo_text(boot_of((0, GIB), (GIB, 2 * GIB, 1), architecture=X86_32))
    assert [zone.name for zone in parse_zoneinfo(text) if zone.node == 1] == ["DMA", "Normal", "Movable"]
    assert text.count("per-node stats") == 1


@pytest.mark.parametrize(
    ("series", "before", "after"),
    [("4.7", "nr_pages_scanned", "workingset_refault"), ("6.12", "nr_free_cma", "pagesets")],
)
def test_machines_of_several_nodes_count_by_node(series, before, after):
    """Where vmstat_text of 4.7, and zoneinfo_show_print of 6.12, have these counters."""
    boot = boot_of((0, GIB), (GIB, 2 * GIB, 1), series=series)
    words = [line.split()[0] for line in zoneinfo_text(boot).splitlines()]
    first = words.index("numa_hit")
    assert words[first - 1] == before
    assert words[first : first + 6] == [
        f"numa_{one}" for one in ("hit", "miss", "foreign", "interleave", "local", "other")
    ]
    assert words[first + 6].rstrip(":") == after
