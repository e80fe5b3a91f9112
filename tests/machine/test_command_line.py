"""The command line: each option as Documentation/admin-guide/kernel-parameters.txt and its parser have it."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.test_areas import bases
from zonecma.errors import InputError
from zonecma.kernel.thresholds import HugePages
from zonecma.machine.architecture import ARM64, ARM_HIGHMEM, GIB, MIB, X86_32_HIGHMEM, X86_64
from zonecma.machine.areas import declare_areas
from zonecma.machine.board import AreaRequest, Board, MemoryRange
from zonecma.machine.command_line import apply_command_line

PC = Board("pc", X86_64, (MemoryRange(0x1000, 0x9F000), MemoryRange(MIB, GIB)), nr_cpus=8)
SERVER = Board("server", X86_64, (MemoryRange(0, 8 * GIB), MemoryRange(8 * GIB, 16 * GIB, node=1)))
ARM = Board("arm64", ARM64, (MemoryRange(GIB, 2 * GIB), MemoryRange(4 * GIB, 6 * GIB)))
OLD_ARM = Board("arm", ARM_HIGHMEM, (MemoryRange(0, GIB),))


def spans(board):
    return [(one.start, one.end) for one in board.memory]


class TestMemory:
    def test_x86_limits_the_address(self):
        assert spans(apply_command_line(PC, "mem=512M")) == [(0x1000, 0x9F000), (MIB, 512 * MIB)]

    def test_the_lowest_limit_counts(self):
        assert spans(apply_command_line(PC, "mem=256M mem=512M"))[-1][1] == 256 * MIB

    def test_arm64_limits_the_amount(self):
        assert spans(apply_command_line(ARM, "mem=2G")) == [(GIB, 2 * GIB), (4 * GIB, 5 * GIB)]
        assert spans(apply_command_line(ARM, "mem=512M")) == [(GIB, GIB + 512 * MIB)]
        assert spans(apply_command_line(ARM, "mem=100G")) == spans(ARM)

    def test_arm_replaces_what_firmware_said(self):
        assert spans(apply_command_line(OLD_ARM, "mem=512M")) == [(0, 512 * MIB)]
        assert spans(apply_command_line(OLD_ARM, "mem=512M mem=256M@1G")) == [
            (0, 512 * MIB),
            (GIB, GIB + 256 * MIB),
        ]

    def test_memmap_takes_memory_away(self):
        """The recorded machines' memmap=16M$1280M, with their e820 map."""
        board = dataclasses.replace(PC, memory=(MemoryRange(MIB, 0x50FD7000),))
        assert spans(apply_command_line(board, "memmap=16M$1280M")) == [(MIB, 0x50000000)]
        assert spans(apply_command_line(PC, "memmap=4K$16M,4K#32M,4K!48M")) == [
            (0x1000, 0x9F000),
            (MIB, 16 * MIB),
            (16 * MIB + 4096, 32 * MIB),
            (32 * MIB + 4096, 48 * MIB),
            (48 * MIB + 4096, GIB),
        ]

    def test_memmap_gives_memory(self):
        assert spans(apply_command_line(PC, "memmap=exactmap memmap=640K@0 memmap=63M@1M")) == [
            (0, 640 << 10),
            (MIB, 64 * MIB),
        ]

    def test_memmap_is_of_x86_alone(self):
        assert apply_command_line(ARM, "memmap=1G$1G") == ARM

    def test_no_memory_is_left(self):
        with pytest.raises(InputError, match="leaves no memory"):
            apply_command_line(PC, "memmap=exactmap")


class TestArea:
    def test_its_size(self):
        board = apply_command_line(PC, "quiet cma=256M console=ttyS0")
        assert bases(board) == [768 * MIB]
        assert declare_areas(board).areas[0].name == "reserved"

    def test_its_base(self):
        assert bases(apply_command_line(PC, "cma=64M@0x10000000")) == [256 * MIB]

    def test_its_window(self):
        """Not fixed, unless base and size end just at the limit."""
        assert bases(apply_command_line(PC, "cma=64M@256M-512M")) == [448 * MIB]
        assert apply_command_line(PC, "cma=64M@256M-320M").areas[0].fixed

    def test_arm64_keeps_it_in_the_dma_zone(self):
        assert bases(apply_command_line(ARM, "cma=64M")) == [2 * GIB - 64 * MIB]

    def test_x86_32_keeps_it_in_low_memory(self):
        board = dataclasses.replace(PC, architecture=X86_32_HIGHMEM, memory=(MemoryRange(0, 2 * GIB),))
        assert bases(apply_command_line(board, "cma=64M")) == [0x33400000]

    def test_the_last_one_counts(self):
        assert [area.size for area in apply_command_line(PC, "cma=64M cma=128M").areas] == [128 * MIB]

    def test_none(self):
        board = dataclasses.replace(PC, areas=(AreaRequest("config", 32 * MIB, default=True),))
        assert len(bases(board)) == 1
        assert bases(apply_command_line(board, "cma=0")) == []

    def test_instead_of_the_trees(self):
        tree = AreaRequest("linux,cma", 32 * MIB, from_tree=True, default=True)
        board = dataclasses.replace(ARM, areas=(tree,))
        assert [area.count for area in declare_areas(board).areas] == [8192]
        assert [area.count for area in declare_areas(apply_command_line(board, "cma=64M")).areas] == [16384]
        assert bases(apply_command_line(board, "cma=0")) == []


class TestHugePages:
    def test_each_node_gives_its_share(self):
        board = apply_command_line(SERVER, "hugetlb_cma=4G")
        assert [(area.name, area.size, area.node) for area in board.areas] == [
            ("hugetlb0", 2 * GIB, 0),
            ("hugetlb1", 2 * GIB, 1),
        ]
        assert bases(board) == [4 * GIB, 8 * GIB]
        assert [area.order_per_bit for area in declare_areas(board).areas] == [9, 9]

    def test_the_last_node_gives_the_rest(self):
        assert [area.size for area in apply_command_line(SERVER, "hugetlb_cma=3G").areas] == [2 * GIB, GIB]
        assert [area.size for area in apply_command_line(SERVER, "hugetlb_cma=1G").areas] == [GIB]

    def test_a_node_is_named(self):
        board = apply_command_line(SERVER, "hugetlb-cma=1:3000M")
        assert [(area.name, area.size) for area in board.areas] == [("hugetlb1", 3 * GIB)]

    def test_the_order_of_areas(self):
        x86 = apply_command_line(SERVER, "hugetlb_cma=1G cma=64M")
        arm = apply_command_line(ARM, "cma=64M hugetlb_cma=1G")
        assert [area.name for area in x86.areas] == ["reserved", "hugetlb0"]
        assert [area.name for area in arm.areas] == ["hugetlb0", "reserved"]

    def test_arm64_with_64k_pages_has_pages_of_16_gib(self):
        board = dataclasses.replace(ARM, architecture=ARM64.with_pages_of(64))
        with pytest.raises(InputError, match="expected 16 GiB or more"):
            apply_command_line(board, "hugetlb_cma=1G")


class TestZones:
    @pytest.mark.parametrize(
        ("text", "field", "expected"),
        [
            ("kernelcore=512M", "kernelcore", 512 * MIB),
            ("movablecore=512M", "movablecore", 512 * MIB),
            ("movablecore=25%", "movablecore", 4 * GIB),
            ("movable_node", "movable_node", True),
            ("transparent_hugepage=never", "huge_pages", HugePages.NEVER),
            ("transparent_hugepage=madvise", "huge_pages", HugePages.ON),
        ],
    )
    def test_option(self, text, field, expected):
        assert getattr(apply_command_line(SERVER, text), field) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("nr_cpus=2", 2), ("maxcpus=4", 4), ("maxcpus=0", 1), ("nr_cpus=99", 8), ("nosmp", 1)],
    )
    def test_cpus(self, text, expected):
        assert apply_command_line(PC, text).nr_cpus == expected

    def test_numa_off(self):
        assert apply_command_line(SERVER, "numa=off").nodes == (0,)
        assert apply_command_line(SERVER, "numa=fake=2").nodes == (0, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cma", "cma=: expected SIZE"),
        ("cma=lots", "cma=lots: expected SIZE"),
        ("cma=64MB", "the kernel takes what it can read"),
        ("cma=64M@1G-2G!", "SIZE@BASE-LIMIT"),
        ("mem=", "expected a size such as 256M"),
        ("mem=0", "the kernel ignores it"),
        ("memmap=@1M", "expected SIZE@START"),
        ("memmap=1M%1M-1", "expected SIZE@START"),
        ("hugetlb_cma=1M", "expected 1 GiB or more; the kernel passes less over"),
        ("hugetlb_cma=7:1G", "there is no node 7; the kernel passes it over"),
        ("hugetlb_cma=0:1G,x", "the kernel stops at the first that is none"),
        ("kernelcore=mirror", "not modelled"),
        ("kernelcore=101%", "100% at most"),
        ("movablecore=all", "expected a size"),
        ("transparent_hugepage=no", "expected always, madvise or never; the kernel ignores it"),
        ('cma="6\n4"', "cma=6\\n4: expected SIZE"),
        ("nr_cpus=two", "the kernel ignores it"),
    ],
)
def test_what_the_kernel_would_not_take_is_named(text, words):
    with pytest.raises(InputError) as raised:
        apply_command_line(PC, text)
    assert str(raised.value).startswith(f"command line: {text.split('=')[0]}=")
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_hugetlb_cma_needs_a_kernel_and_a_machine_that_know_it():
    for board, words in (
        (OLD_ARM, "arm-highmem has no gigantic pages"),
        (dataclasses.replace(PC, rules="4.7"), "kernel 4.7 does not know it yet"),
    ):
        with pytest.raises(InputError, match=words):
            apply_command_line(board, "hugetlb_cma=1G")


def test_what_follows_two_dashes_is_for_init():
    assert apply_command_line(PC, "quiet -- cma=64M") == PC


def test_quotes_hold_a_value_together():
    assert apply_command_line(PC, 'dyndbg="file a.c cma=64M" "cma=32M"').areas[0].size == 32 * MIB


@given(
    st.text(max_size=60) | st.from_regex(r"(mem|memmap|cma|hugetlb_cma|kernelcore)=[0-9KMGxa@$:,%-]{0,20}")
)
def test_any_text_gives_a_board_or_an_error(text):
    for board in (PC, SERVER, ARM, OLD_ARM):
        try:
            declare_areas(apply_command_line(board, text))
        except InputError as error:
            assert "\n" not in str(error)
