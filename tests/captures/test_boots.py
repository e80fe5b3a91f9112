"""Booted machines against every recorded boot: fields of /proc, managed pages, free lists, flags."""

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.boot_record import open_boot_record
from zonecma.kernel.thresholds import setup_per_zone_lowmem_reserve
from zonecma.lab.boot import boot_machine, check_boot
from zonecma.lab.placements import parse_placement
from zonecma.machine.boot.sequence import set_watermarks

RECORDINGS = sorted(path.name for path in CAPTURES.iterdir() if (path / "proc.tar.xz").exists())
WITH_MAP = [name for name in RECORDINGS if name.startswith("boot-")]
BOOTS_4_7 = sorted(path.name for path in (CAPTURES / "boots-4.7").iterdir())


def placement_of(name):
    """The placement that a 4.7 boot had, by the start of its name's second part or its first."""
    series = [part for part in name.split("-") if part in ("v3", "v4", "v6")]
    return parse_placement(f"zone-cma,series={series[0]}") if series else None


def booted(name, **options):
    return boot_machine(str(CAPTURES / "boots-4.7" / name), placement_of(name), **options)


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_field_of_a_recorded_6_x_boot(name):
    outcome = boot_machine(str(CAPTURES / name))
    check = check_boot(outcome, outcome.record)
    assert check.differences == []
    assert check.fields_checked >= 54


@pytest.mark.parametrize("name", WITH_MAP)
def test_managed_pages_and_free_lists_follow_from_the_memory_map(name):
    outcome = boot_machine(str(CAPTURES / name))
    check = check_boot(outcome, outcome.record)
    assert not any("managed" in one for one in outcome.inputs)
    assert check.list_differences == []
    assert check.lists_checked >= 25  # those that are not empty


@pytest.mark.parametrize("name", BOOTS_4_7)
def test_every_field_of_a_recorded_4_7_boot(name):
    outcome = booted(name)
    check = check_boot(outcome, outcome.record)
    assert check.differences == []
    assert check.fields_checked >= 37


@pytest.mark.parametrize("name", BOOTS_4_7)
def test_another_posting_of_the_series_does_not_fit(name):
    """The check can fail: every boot with an area tells its own posting from another."""
    record = open_boot_record(str(CAPTURES / "boots-4.7" / name))
    if not record.log.areas:
        return
    other = "zone-cma,series=v6" if "v6" not in name else "zone-cma,series=v3"
    outcome = boot_machine(str(CAPTURES / "boots-4.7" / name), parse_placement(other))
    assert check_boot(outcome, record).differences


def figures(name, zone):
    """The rows of the table of observed boots, for one zone."""
    outcome = booted(name)
    index = {"DMA": 0, "DMA32": 1, "CMA": 5}[zone]
    state = outcome.boot.nodes[0]
    record, pcp = state.zone[index], state.pcp[index, 0]
    return {
        "start/spanned": (int(record.start_pfn), int(record.spanned)),
        "present/managed": (int(record.present), int(record.managed)),
        "marks": tuple(record.watermark[:3].tolist()),
        "batch left": int(record.watermark[2] - record.watermark[1]),
        "pageset": (bool(record.boot_pageset), int(pcp.high), int(pcp.batch), int(record.stat_threshold)),
        "contiguous": int(record.contiguous),
        "protection": tuple(int(record.lowmem_reserve[one]) for one in outcome.boot.configured),
    }


def test_the_table_of_observed_boots_zone_cma():
    v3, v4, v6 = (figures(f"{series}-cma512", "CMA") for series in ("v3", "v4", "v6"))
    assert [one["start/spanned"] for one in (v3, v4, v6)] == [(130048, 131072), (1, 262099), (130048, 131072)]
    assert {one["present/managed"] for one in (v3, v4, v6)} == {(131072, 131072)}
    assert [one["marks"] for one in (v3, v4, v6)] == [(0, 0, 0), (0, 0, 0), (361, 492, 623)]
    assert [one["batch left"] for one in (v3, v4, v6)] == [0, 0, 131]
    shared, own = (True, 186, 31, 0), (False, 186, 31, 8)
    assert [one["pageset"] for one in (v3, v4, v6)] == [shared, shared, own]
    assert [one["contiguous"] for one in (v3, v4, v6)] == [1, 0, 1]


def test_the_table_of_observed_boots_ordinary_zones():
    names = ("s-cma512", "v3-cma512", "v4-cma512", "v6-cma512")
    dma32, dma = ([figures(name, zone) for name in names] for zone in ("DMA32", "DMA"))
    assert [one["contiguous"] for one in dma32] == [1, 1, 1, 1]
    assert [one["marks"] for one in dma32] == [(682, 852, 1022)] * 3 + [(332, 452, 572)]
    assert [one["start/spanned"][1] for one in dma32] == [258004] * 4
    assert [one["present/managed"][0] for one in dma32] == [258004, 126932, 126932, 126932]
    assert [one["protection"] for one in dma] == [
        (0, 470, 470, 470),
        (0, 470, 470, 470, 470),
        (0, 470, 470, 470, 470),
        (0, 470, 470, 470, 982),
    ]
    assert [one["protection"] for one in dma32] == [
        (0, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (0, 0, 0, 0, 512),
    ]


@pytest.mark.parametrize("name", ["s-cma512", "v3-cma512", "v4-cma512", "v6-cma512"])
def test_the_table_of_observed_boots_reserve_ratio_and_pageblocks(name):
    outcome = booted(name)
    ratio = [outcome.boot.tunables.lowmem_reserve_ratio[one] for one in outcome.boot.configured]
    text = (CAPTURES / "boots-4.7" / name / "lowmem_reserve_ratio.read").read_text()
    recorded = [int(word) for word in text.split()]
    # INT_MAX keeps nothing back, as the model's 0 does.
    assert [one % 2147483647 for one in recorded] == ratio[: len(recorded)]
    assert outcome.boot.min_free_kbytes == 2822


@pytest.mark.parametrize(("name", "kbytes"), [("s-cma512", 2822), ("s-nocma", 4044), ("v3-nocma", 4044)])
def test_min_free_kbytes_without_an_area_is_that_of_all_memory(name, kbytes):
    assert booted(name).boot.min_free_kbytes == kbytes


MOMENTS = sorted(
    path.parent.name
    for path in (CAPTURES / "boots-4.7").glob("*/2-min_free_kbytes-rewritten")
    if "straddle" not in path.parent.name
)


@pytest.mark.parametrize("name", MOMENTS)
def test_writing_min_free_kbytes_back_repairs_the_watermarks_alone(name):
    """Claim 3: the marks follow, lowmem_reserve does not."""
    from zonecma.capture.proc.zoneinfo import parse_zoneinfo

    outcome = booted(name)
    path = CAPTURES / "boots-4.7" / name / "2-min_free_kbytes-rewritten" / "zoneinfo"
    rewritten = {zone.name: zone for zone in parse_zoneinfo(path.read_text())}
    names = {"DMA": 0, "DMA32": 1, "Normal": 2, "CMA": 5}
    for zone_name, zone in rewritten.items():
        outcome.boot.nodes[0].zone[names[zone_name]].managed = zone["managed"]
    set_watermarks(outcome.boot)
    for zone_name, zone in rewritten.items():
        record = outcome.boot.nodes[0].zone[names[zone_name]]
        assert record.watermark[:3].tolist() == [zone["min"], zone["low"], zone["high"]], zone_name
        kept = [int(record.lowmem_reserve[one]) for one in outcome.boot.configured]
        assert kept == list(zone.protection), zone_name


@pytest.mark.parametrize("name", ["s-cma512", "v3-cma512", "v4-cma512", "v6-cma512"])
def test_reading_the_reserve_ratio_computes_the_reserves_anew(name):
    """Claim 3b."""
    from zonecma.capture.proc.zoneinfo import parse_zoneinfo

    outcome = booted(name)
    path = CAPTURES / "boots-4.7" / name / "3a-lowmem_reserve_ratio-read" / "zoneinfo"
    names = {"DMA": 0, "DMA32": 1, "Normal": 2, "CMA": 5}
    read = {zone.name: zone for zone in parse_zoneinfo(path.read_text())}
    for zone_name, zone in read.items():
        outcome.boot.nodes[0].zone[names[zone_name]].managed = zone["managed"]
    setup_per_zone_lowmem_reserve(list(outcome.boot.nodes.values()), outcome.boot.tunables)
    for zone_name, zone in read.items():
        record = outcome.boot.nodes[0].zone[names[zone_name]]
        kept = [int(record.lowmem_reserve[one]) for one in outcome.boot.configured]
        assert kept == list(zone.protection), zone_name
