"""Boot's figures against what real kernels computed, and against the kernel's own comment."""

import pytest

from tests.conftest import CAPTURES
from tests.machines import bare
from zonecma.capture.proc.zoneinfo import parse_zoneinfo
from zonecma.capture.recording import Recording
from zonecma.kernel import zone
from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.rules import NEWEST, RULES
from zonecma.kernel.thresholds import (
    HugePages,
    Tunables,
    calculate_min_free_kbytes,
    hugepage_init,
    recalculate,
    zone_batchsize,
)
from zonecma.machine.from_snapshot import machine_of
from zonecma.machine.state import bare_state

RECORDED = sorted(path.name for path in CAPTURES.iterdir() if path.name.endswith("6.12"))


@pytest.mark.parametrize(
    ("mib", "kbytes"),
    [(16, 512), (32, 724), (64, 1024), (128, 1448), (256, 2048), (512, 2896), (1024, 4096), (16384, 16384)],
)
def test_min_free_kbytes_as_mm_page_alloc_c_tabulates_it(mib, kbytes):
    state = bare(0x400)
    state.zone[zone.ZONE_NORMAL].managed = mib * 256
    assert calculate_min_free_kbytes([state], Tunables()) == kbytes


@pytest.mark.parametrize("name", [name for name in RECORDED if not name.startswith("deterministic")])
def test_watermarks_reserves_and_pcp_sizes_of_real_boots(name):
    """Exact but for what boot freed after it had computed them: at most 1 % of a zone's pages.

    A guest with its root in memory frees much more then, the archive that it came in.
    """
    snapshot = Recording(CAPTURES / name).snapshot("A")
    machine = machine_of(snapshot, NEWEST)
    assert machine.huge_pages is (HugePages.NEVER if "nothp" in name else HugePages.ON)
    state = bare_state(machine)
    recalculate(state, Tunables(), huge_pages=machine.huge_pages)
    for recorded in snapshot.zones:
        record = state.zone[recorded.index]
        assert record.watermark.tolist() == pytest.approx(recorded.watermark, rel=0.01)
        reserve = [record.lowmem_reserve[i] for i in recorded.lowmem_reserve]
        assert reserve == pytest.approx(list(recorded.lowmem_reserve.values()), rel=0.01)
        for pcp in recorded.pcp:
            model = state.pcp[recorded.index, pcp.cpu]
            assert model.batch == pcp.fields["batch"]
            assert model.high_min == pytest.approx(pcp.fields["high_min"], rel=0.01)
            assert model.high_max == pytest.approx(pcp.fields["high_max"], rel=0.01)


def test_marks_agree_with_proc_zoneinfo():
    recording = Recording(CAPTURES / "cma256-mix-6.12")
    printed = {z.name: z for z in parse_zoneinfo(recording.kernel_file("before/zoneinfo"))}
    state = bare_state(machine_of(recording.snapshot("A"), NEWEST))
    recalculate(state, Tunables(), huge_pages=HugePages.ON)
    marks = state.zone[zone.ZONE_DMA32].watermark.tolist()
    assert marks == [printed["DMA32"][name] for name in ("min", "low", "high", "promo")]


def test_somebodys_own_min_free_kbytes_is_recognised():
    snapshot = Recording(CAPTURES / "nocma-mix-6.12").snapshot("A")
    for z in snapshot.zones:
        object.__setattr__(z, "watermark", tuple(2 * mark for mark in z.watermark))
    machine = machine_of(snapshot, NEWEST)
    assert machine.min_free_pages == pytest.approx(2 * 11264, rel=0.001)


@pytest.mark.parametrize(("mib", "batch"), [(1, 0), (16, 0), (64, 3), (256, 15), (1024, 63), (65536, 63)])
def test_batch_is_one_less_than_a_power_of_two(mib, batch):
    assert zone_batchsize(mib * 256, 4) == batch


@pytest.mark.parametrize(
    ("huge_pages", "series", "mib", "kbytes"),
    [
        (HugePages.ABSENT, "6.12", 1024, None),
        (HugePages.NEVER, "6.12", 1024, 4079),  # isqrt(16 * 4 * (262144 - 2048))
        (HugePages.NEVER, "6.1", 1024, 4079),
        (HugePages.NEVER, "4.7", 1024, None),
        (HugePages.NEVER, "6.12", 511, None),
        (HugePages.ON, "6.12", 511, None),
        (HugePages.ON, "6.12", 1024, 22528),  # 11 pageblocks of 2 MiB in one zone
        (HugePages.ON, "4.7", 1024, 22528),
    ],
)
def test_what_huge_pages_make_of_min_free_kbytes(huge_pages, series, mib, kbytes):
    state = bare(0x400)
    record = state.zone[zone.ZONE_NORMAL]
    record.managed = record.present = mib * 256
    record.watermark[WMARK_HIGH] = 2048
    tunables = Tunables(RULES[series])
    before = calculate_min_free_kbytes([state], tunables)
    assert hugepage_init([state], tunables, huge_pages, before) == kbytes
