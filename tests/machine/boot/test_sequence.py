"""The order of boot's steps, and boots of every kind of board: sound states, figures by hand."""

import pytest

from tests.machine.boot.boards import area, boot_of, series
from zonecma.errors import InputError
from zonecma.kernel.rules import RULES
from zonecma.kernel.thresholds import HugePages
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_CMA, ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_NORMAL
from zonecma.machine.architecture import ARCHITECTURES, ARM64, GIB, MIB, X86_32_HIGHMEM, X86_64
from zonecma.machine.board import MemoryModel
from zonecma.placement import PLACEMENTS, HalfFree, Series, ZoneCma

AREA = area(512 * MIB, 64 * MIB)
EVERY_PLACEMENT = [*(policy() for policy in PLACEMENTS), *(ZoneCma(series=one) for one in Series)]


def functions(boot):
    return [step.function for step in boot.steps]


@pytest.mark.parametrize(
    ("rules", "placement", "marks_first"),
    [("4.7", HalfFree(), True), ("4.7", series("v3"), True), ("4.7", series("v6"), False),
     ("6.1", HalfFree(), False), ("6.12", series("v3"), False)],
)  # fmt: skip
def test_whether_watermarks_come_before_activation(rules, placement, marks_first):
    steps = functions(boot_of((0, GIB), series=rules, areas=[AREA], placement=placement))
    order = steps.index("init_per_zone_wmark_min") < steps.index("cma_activate_area")
    assert order == marks_first


def test_the_steps_of_a_boot():
    assert functions(boot_of((0, GIB))) == [
        "free_area_init",
        "memmap_init",
        "build_all_zonelists",
        "mem_init",
        "setup_per_cpu_pageset",
        "cma_init_reserved_areas",
        "init_per_zone_wmark_min",
    ]


@pytest.mark.parametrize("rules", RULES)
def test_min_free_kbytes_by_hand(rules):
    """1 GiB, all of it managed: the root of 16 * 1048576 KiB is 4096."""
    boot = boot_of((0, GIB), series=rules)
    assert boot.min_free_kbytes == 4096
    zones = boot.nodes[0].zone
    assert (zones[ZONE_DMA].watermark[0], zones[ZONE_DMA32].watermark[0]) == (16, 1008)
    assert zones[ZONE_MOVABLE].watermark[0] == (32 if rules == "6.12" else 0)  # capped from below


def test_khugepaged_raises_it():
    """Two zones of 11 pageblocks of 2 MiB each: 44 MiB, less than a twentieth of 1 GiB, 51 MiB."""
    boot = boot_of((0, GIB), huge_pages=HugePages.ON)
    assert boot.min_free_kbytes == 44 << 10


def test_lowmem_reserve_by_hand():
    """DMA keeps 1/256 of what lies above it from requests that could go there, DMA32 1/256 of NORMAL."""
    zones = boot_of((0, 5 * GIB)).nodes[0].zone
    assert zones[ZONE_DMA].lowmem_reserve[:3].tolist() == [0, 1044480 // 256, (1044480 + 262144) // 256]
    assert zones[ZONE_DMA32].lowmem_reserve[:3].tolist() == [0, 0, 1024]


def test_highmem_zones():
    high = boot_of((0, 2 * GIB), architecture=X86_32_HIGHMEM).tunables.highmem
    assert high == {ZONE_HIGHMEM, ZONE_CMA, ZONE_MOVABLE}
    low = boot_of((0, 512 * MIB), architecture=X86_32_HIGHMEM).tunables.highmem
    assert low == {ZONE_HIGHMEM, ZONE_CMA}
    assert boot_of((0, GIB)).tunables.highmem == frozenset()


@pytest.mark.parametrize(
    ("rules", "posting", "ratio"),
    [
        ("4.7", "v1", {ZONE_DMA: 256, ZONE_DMA32: 256, ZONE_NORMAL: 32, ZONE_MOVABLE: 32}),
        ("4.7", "v3", {ZONE_DMA: 256, ZONE_DMA32: 256, ZONE_NORMAL: 32, ZONE_MOVABLE: 1}),
        ("4.7", "v6", {ZONE_DMA: 256, ZONE_DMA32: 256, ZONE_NORMAL: 32, ZONE_MOVABLE: 0}),
        ("6.12", "v3", {ZONE_DMA: 256, ZONE_DMA32: 256, ZONE_NORMAL: 32, ZONE_MOVABLE: 0}),
    ],
)
def test_the_reserve_ratio_of_each_posting(rules, posting, ratio):
    """The recorded file of v3: 256 256 32 1."""
    found = boot_of((0, GIB), series=rules, areas=[AREA], placement=series(posting))
    assert {zone: found.tunables.lowmem_reserve_ratio[zone] for zone in ratio} == ratio


@pytest.mark.parametrize("placement", EVERY_PLACEMENT, ids=lambda one: one.label)
@pytest.mark.parametrize("model", MemoryModel)
@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_every_boot_leaves_a_sound_state(architecture, rules, model, placement):
    """Two nodes, an area on each.  Types that FLATMEM has shifted are the kernel's fault, not the model's."""
    areas = [area(128 * MIB, 64 * MIB), area(768 * MIB - 64 * MIB, 64 * MIB, "b")]
    boot = boot_of(
        (0x1000, 512 * MIB), (512 * MIB, 896 * MIB, 1),
        architecture=architecture, series=rules, memory_model=model, areas=areas, placement=placement,
    )  # fmt: skip
    shifts = model is MemoryModel.FLATMEM and placement.label.endswith(("=v2", "=v3"))
    total = 0
    for node, state in boot.nodes.items():
        if not shifts:
            validate(state)
        total += int(state.zone.nr_free_pages.sum())
        assert (state.zone.nr_free_pages <= state.zone.managed).all(), node
        assert (state.zone.managed <= state.zone.present).all(), node
    lent = sum(one.count for one in areas) if boot.lends_areas and not boot.refused else 0
    assert total >= lent


@pytest.mark.parametrize(
    "memory", [(0, 4096), (0, MIB), (0, 8 * MIB), (GIB, GIB + MIB), (0x12345678, 0x23456789)]
)
@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("architecture", [X86_64, X86_32_HIGHMEM, ARM64], ids=lambda one: one.name)
def test_small_and_odd_boards(memory, rules, architecture):
    if architecture is X86_32_HIGHMEM and memory[0] >= GIB:
        return
    boot = boot_of(memory, series=rules, architecture=architecture)
    validate(boot.nodes[0])
    first, end = -(-memory[0] >> 12), memory[1] >> 12
    assert sum(int(zone.nr_free_pages) for zone in boot.nodes[0].zone) == end - first


def test_a_board_of_32_bits_whose_memory_is_all_high():
    boot = boot_of((GIB, 2 * GIB), architecture=X86_32_HIGHMEM)
    assert boot.nodes[0].zone[ZONE_HIGHMEM].managed == 262144
    assert boot.min_free_kbytes == 128


def test_an_impossible_area():
    with pytest.raises(InputError, match="not memory of one node"):
        boot_of((0, GIB), areas=[area(GIB, 64 * MIB)])
