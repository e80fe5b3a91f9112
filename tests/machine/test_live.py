"""Boards of running machines: recorded /proc files, and areas where the recorded kernels put them."""

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CAPTURES
from tests.machine.test_areas import bases
from zonecma.capture.snapshot import read_snapshot
from zonecma.errors import InputError
from zonecma.kernel.zone import ZONE_DMA, ZONE_HIGHMEM, ZONE_NORMAL
from zonecma.machine.architecture import ARM64, GIB, MIB, X86_32, X86_32_HIGHMEM, X86_64
from zonecma.machine.board import MemoryRange, Reservation
from zonecma.machine.iomem import Resource, parse_iomem
from zonecma.machine.live import board_of_proc, read_proc


def proc_files(recording):
    with tarfile.open(CAPTURES / recording / "proc.tar.xz") as archive:
        members = {name.removeprefix("./"): name for name in archive.getnames()}

        def text(name):
            return archive.extractfile(members[name]).read().decode()

        return {
            "zoneinfo": text("before/zoneinfo"),
            "iomem": text("before/iomem"),
            "meminfo": text("before/meminfo"),
            "cmdline": text("cmdline"),
            "version": text("uname"),
        }


@pytest.fixture(scope="module")
def mix():
    return proc_files("cma256-mix-6.12")


def test_a_recorded_machine(mix):
    board = board_of_proc(**mix)
    assert board.architecture == X86_64
    assert board.memory == (MemoryRange(0x1000, 0x9F000), MemoryRange(MIB, 1280 * MIB))
    assert board.reserved == (Reservation(16 * MIB, 32 * MIB, "kernel image"),)
    assert (board.nr_cpus, board.rules) == (1, "6.12")
    assert len(board.notes) == 1


def test_a_kernel_whose_rules_are_not_known(mix):
    board = board_of_proc(mix["zoneinfo"], mix["iomem"], version="Linux version 5.10.0-33-amd64")
    assert board.rules == ""
    assert board.notes[-1] == "the rules of its kernel are not known: those of 6.12 are used"


@pytest.mark.parametrize(
    "recording", ["cma256-mix-6.12", "cma256-mix-smp2-6.12", "cma128-press-6.12", "boot-zonecma256-6.12"]
)
def test_the_area_is_where_the_recorded_kernel_put_it(recording):
    areas = read_snapshot(CAPTURES / recording / "snap.B.json.gz").areas
    board = board_of_proc(**proc_files(recording))
    assert bases(board) == [area.base_pfn << 12 for area in areas]
    assert board.nr_cpus == (2 if "smp2" in recording else 1)


def test_options_about_zones_are_read_and_memmap_is_not_applied_twice():
    board = board_of_proc(**proc_files("boot-zonecma256-6.12"))
    assert board.movablecore == 256 * MIB
    assert board.end_of_memory == 1280 * MIB


def test_a_folder_of_copies(tmp_path, mix):
    for name in ("zoneinfo", "iomem"):
        (tmp_path / name).write_text(mix[name])
    board = read_proc(tmp_path)
    assert (board.source, board.areas, board.rules) == (str(tmp_path), (), "")
    (tmp_path / "iomem").unlink()
    with pytest.raises(InputError, match="expected a copy of /proc/iomem, found nothing"):
        read_proc(tmp_path)


def test_meminfo_tells_of_an_area_that_no_option_asks_for(mix):
    board = board_of_proc(mix["zoneinfo"], mix["iomem"], mix["meminfo"])
    assert bases(board) == [1024 * MIB]
    assert "taken to be one area" in board.notes[-1]
    board = board_of_proc(mix["zoneinfo"], mix["iomem"], mix["meminfo"], "cma=64M")
    assert board.notes[-1] == "meminfo counts 256 MiB of CMA, the command line asks for 64 MiB"


def zone(name, start, spanned, present=None, node=0, cpus=1):
    pagesets = "".join(f"    cpu: {cpu}\n              count: 0\n" for cpu in range(cpus))
    sizes = {"min": 0, "low": 0, "high": 0, "spanned": spanned, "present": present or spanned, "managed": 0}
    rows = "".join(f"        {key:9}{value}\n" for key, value in sizes.items())
    head = f"Node {node}, zone {name:>8}\n  pages free     0\n"
    return head + rows + f"        protection: (0, 0)\n  pagesets\n{pagesets}  start_pfn:           {start}\n"


def iomem(*spans, name="System RAM"):
    return "".join(f"{start:08x}-{end - 1:08x} : {name}\n" for start, end in spans)


class TestArchitecture:
    def test_arm64_with_a_narrow_dma_zone(self):
        zones = zone("DMA", 0, 0x40000, 0x3B400) + zone("DMA32", 0x40000, 0xBC000, cpus=4)
        board = board_of_proc(zones, iomem((0, 0x3B400000), (0x40000000, 0xFC000000)))
        assert board.architecture.name == "arm64"
        assert dict(board.architecture.zone_ends)[ZONE_DMA] == GIB
        assert board.nr_cpus == 4

    def test_arm64_whose_memory_ends_in_the_dma_zone(self):
        board = board_of_proc(zone("DMA", 0x40000, 0x80000), iomem((GIB, 3 * GIB)))
        assert board.architecture == ARM64

    @pytest.mark.parametrize("kib", [4, 16, 64])
    def test_the_page_size_follows_from_the_amount(self, kib):
        frames = 4 * GIB // (kib << 10)
        zones = zone("DMA", 0, frames) + zone("Normal", frames, frames)
        board = board_of_proc(zones, iomem((0, 8 * GIB)))
        assert board.architecture == ARM64.with_pages_of(kib)

    def test_x86_32(self):
        zones = zone("DMA", 1, 4095) + zone("Normal", 4096, 0x20000)
        assert board_of_proc(zones, iomem((0x1000, 512 * MIB))).architecture == X86_32
        zones += zone("HighMem", 0x377FE, 0x10000)
        assert board_of_proc(zones, iomem((0x1000, 2 * GIB))).architecture == X86_32_HIGHMEM

    def test_arm_with_high_memory(self):
        zones = zone("Normal", 0x10000, 0x2F800) + zone("HighMem", 0x3F800, 0x10800)
        board = board_of_proc(zones, iomem((0x10000000, 0x50000000)))
        assert board.architecture.zone_ends == ((ZONE_NORMAL, 0x3F800000), (ZONE_HIGHMEM, None))

    def test_two_nodes(self):
        zones = zone("DMA", 1, 4095) + zone("DMA32", 4096, 0xFF000)
        zones += zone("Normal", 0x100000, 0x100000) + zone("Normal", 0x200000, 0x100000, node=1)
        board = board_of_proc(zones, iomem((0x1000, 12 * GIB)))
        assert [(one.end >> 30, one.node) for one in board.memory] == [(8, 0), (12, 1)]


class TestIomem:
    def test_lines(self):
        text = "00100000-4fffffff : System RAM\n  01000000-017fffff : Kernel code\n"
        assert parse_iomem(text)[1] == Resource(0x1000000, 0x1800000, "Kernel code")

    def test_addresses_that_are_hidden(self):
        with pytest.raises(InputError, match="root alone; sudo cat /proc/iomem"):
            parse_iomem("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n")

    @pytest.mark.parametrize("text", ["", "no line\n", "2000-1000 : System RAM\n", "1-2: a\n"])
    def test_what_is_none(self, text):
        with pytest.raises(InputError, match="iomem: line 1: expected"):
            parse_iomem(text)


def test_no_memory(mix):
    with pytest.raises(InputError, match="expected a range of System RAM"):
        board_of_proc(mix["zoneinfo"], iomem((0, 4096), name="Reserved"))
    with pytest.raises(InputError, match="no page in common"):
        board_of_proc(mix["zoneinfo"], iomem((1 << 40, 1 << 41)))


def test_a_crash_kernel_is_reserved(mix):
    board = board_of_proc(mix["zoneinfo"], mix["iomem"] + iomem((GIB, GIB + MIB), name="Crash kernel"))
    assert board.reserved[-1] == Reservation(GIB, GIB + MIB, "Crash kernel")


@given(
    st.text(max_size=80), st.integers(0, 3000), st.sampled_from(["zoneinfo", "iomem", "meminfo", "version"])
)
def test_any_damage_gives_a_board_or_an_error(mix, text, place, name):
    files = dict(mix, cmdline="")
    files[name] = files[name][:place] + text + files[name][place + len(text) :]
    try:
        assert board_of_proc(**files).memory
    except InputError as error:
        assert "\n" not in str(error)
