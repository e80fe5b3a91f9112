"""Where areas come to lie: by hand, by logs of real machines, and each refusal of the kernel."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.test_memblock import BOOTS, replayed
from zonecma.errors import InputError
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_NORMAL
from zonecma.machine.architecture import ARM64, ARM_HIGHMEM, END_OF_MEMORY, GIB, MIB, X86_32_HIGHMEM, X86_64
from zonecma.machine.area_rules import AREA_RULES, smallest_alignment
from zonecma.machine.areas import declare_areas
from zonecma.machine.board import AreaRequest, Board, MemoryRange, Reservation

ANY_SERIES = pytest.mark.parametrize("rules", AREA_RULES)
SINCE_6 = pytest.mark.parametrize("rules", ["6.1", "6.12"])


def board(*memory, architecture=X86_64, areas=(), reserved=(), rules="6.12", **fields):
    ranges = tuple(one if isinstance(one, MemoryRange) else MemoryRange(*one) for one in memory)
    taken = tuple(Reservation(*one) for one in reserved)
    return Board("a", architecture, ranges, taken, tuple(areas), rules=rules, **fields)


def request(size, **fields):
    return AreaRequest("cma", size, **fields)


def node(size, **fields):
    return AreaRequest("node", size, from_tree=True, **fields)


def bases(of):
    return [area.base_pfn << of.architecture.page_shift for area in declare_areas(of).areas]


def test_without_a_request_there_is_no_area():
    assert declare_areas(board((0, GIB))) == ((), (), ())


@ANY_SERIES
def test_an_area_is_put_as_high_as_memory_goes(rules):
    one = board((0, GIB), areas=[request(256 * MIB)], rules=rules)
    declared = declare_areas(one)
    assert bases(one) == [GIB - 256 * MIB]
    assert declared.areas[0].count == 65536
    assert declared.reserved == (Reservation(GIB - 256 * MIB, GIB, "cma"),)


def test_its_frames_are_reserved_for_the_next_one():
    assert bases(board((0, GIB), areas=[request(64 * MIB)] * 2)) == [GIB - 64 * MIB, GIB - 128 * MIB]


@pytest.mark.parametrize("recording", [name for name in BOOTS if "nocma" not in name])
def test_recorded_boots(recording):
    """Each kernel's log of what was reserved before it placed its area."""
    replay = replayed(recording)
    reserved, size, base = replay.area
    asked = request(size, limit=replay.memory[-1].end)
    one = board(*replay.memory, reserved=reserved, areas=[asked], rules=recording.rpartition("-")[2])
    assert bases(one) == [base]


@pytest.mark.parametrize(
    ("rules", "architecture", "expected"),
    [
        ("4.7", X86_64, 4 * MIB),
        ("6.1", X86_64, 2 * MIB),
        ("6.12", X86_64, 2 * MIB),
        ("4.7", X86_32_HIGHMEM, 4 * MIB),
        ("4.7", ARM64.with_pages_of(64), 512 * MIB),
        ("6.12", ARM64.with_pages_of(64), 512 * MIB),
        ("6.12", ARM64.with_pages_of(16), 32 * MIB),
    ],
)
def test_the_smallest_area(rules, architecture, expected):
    one = board((0, 4 * GIB), architecture=architecture, rules=rules, areas=[request(1)])
    assert smallest_alignment(one) == expected
    assert declare_areas(one).areas[0].count << architecture.page_shift == expected


@pytest.mark.parametrize(("rules", "expected"), [("4.7", 0x2EC00000), ("6.1", 0x2EE00000)])
def test_a_raspberry_pi_4_puts_its_area_below_its_device_tree(rules, expected):
    """github.com/raspberrypi/linux/issues: 4044 and 5297 (to 5.15, largest order), 6053 (6.1, pageblock)."""
    one = board(
        (0, 0x3B400000),
        (0x40000000, 0xFC000000),
        architecture=ARM64,
        reserved=[(0x2EFF5000, 0x2F000000)],
        areas=[node(64 * MIB, windows=((0, 0x30000000),))],
        rules=rules,
    )
    assert bases(one) == [expected - 64 * MIB]


def test_a_oneplus_6t_places_two_regions_of_its_tree():
    """github.com/Shubhamvis98/kali-pinephone/issues/79: kernel 6.6."""
    one = board(
        (0x80000000, 0x180000000),
        architecture=ARM64,
        areas=[
            AreaRequest(
                "mpss-metadata",
                0x4000,
                windows=((0xA0000000, 0xC0000000),),
                from_tree=True,
                reusable=False,
                no_map=True,
            ),
            node(16 * MIB, alignment=4 * MIB, windows=((0, 0xFFFFFFFF),)),
        ],
    )
    metadata, fastrpc = declare_areas(one).reserved
    assert metadata == Reservation(0xBFFFC000, 0xC0000000, "mpss-metadata", no_map=True)
    assert fastrpc == Reservation(0xFEC00000, 0xFFC00000, "node")
    assert bases(one) == [0xFEC00000]


def test_a_xperia_xz2_has_its_default_area_between_two_reservations():
    """github.com/sonyxperiadev/bug_tracker/issues/799: 32 MiB at 0xfbc00000, the gaps above are too small."""
    one = board(
        (0x80000000, 0x17E2C0000),
        architecture=ARM64,
        reserved=[(0xFDC00000, 0xFDE02000), (0xFFB00000, 0xFFD00000)],
        areas=[request(32 * MIB, limit=ARM64.default_area_limit)],
    )
    assert bases(one) == [0xFBC00000]


def test_an_imx8mn_evk_has_its_area_at_the_end_of_the_window():
    """lore.kernel.org, on f2a524d9ef5b: linux,cma from 0x58000000 to 0x7fffffff."""
    tree = node(640 * MIB, windows=((0x40000000, 0x80000000),))
    one = board((0x40000000, 0xC0000000), architecture=ARM64, areas=[tree])
    assert bases(one) == [0x58000000]


def test_a_raspberry_pi_4_with_big_pages_has_no_area():
    """github.com/raspberrypi/linux/issues/6053: 64 MiB are no multiple of 512 MiB."""
    tree = node(64 * MIB, windows=((0, 0x40000000),))
    one = board((0, GIB), architecture=ARM64.with_pages_of(64), areas=[tree], rules="6.1")
    areas, reserved, notes = declare_areas(one)
    assert (areas, reserved) == ((), ())
    assert "multiples of 512 MiB (-EINVAL)" in notes[0]


class TestMuchMemory:
    """The low 4 GiB are left to devices of 32 address bits."""

    @SINCE_6
    def test_an_area_is_put_just_above_4_gib(self, rules):
        assert bases(board((0, 3 * GIB), (4 * GIB, 8 * GIB), areas=[request(GIB)], rules=rules)) == [4 * GIB]

    def test_not_yet_in_4_7(self):
        assert bases(board((0, 8 * GIB), areas=[request(GIB)], rules="4.7")) == [7 * GIB]

    @SINCE_6
    def test_not_unless_memory_reaches_that_far(self, rules):
        one = board((0, 3 * GIB), (4 * GIB, 5 * GIB - MIB), areas=[request(GIB)], rules=rules)
        assert bases(one) == [2 * GIB]

    @SINCE_6
    def test_not_above_the_limit(self, rules):
        one = board((0, 8 * GIB), areas=[request(GIB, limit=4 * GIB)], rules=rules)
        assert bases(one) == [3 * GIB]

    def test_on_its_node(self):
        memory = MemoryRange(0, 8 * GIB), MemoryRange(8 * GIB, 16 * GIB, node=1)
        areas = [request(GIB, node=number, alignment=GIB) for number in (1, 0)]
        assert bases(board(*memory, areas=areas)) == [8 * GIB, 4 * GIB]

    def test_ranges_of_two_nodes_are_two(self):
        memory = MemoryRange(0, 2 * GIB + MIB), MemoryRange(2 * GIB + MIB, 3 * GIB, node=1)
        assert bases(board(*memory, areas=[request(GIB)])) == [GIB]

    def test_not_in_hotpluggable_memory_that_is_to_be_movable(self):
        memory = MemoryRange(0, 2 * GIB), MemoryRange(2 * GIB, 3 * GIB, hotpluggable=True)
        assert bases(board(*memory, areas=[request(GIB)])) == [2 * GIB]
        assert bases(board(*memory, areas=[request(GIB)], movable_node=True)) == [GIB]


class TestHighMemory:
    """Low memory ends at 760 MiB, X86_32_LOWMEM on x86-32."""

    @ANY_SERIES
    def test_is_used_first(self, rules):
        one = board((0, GIB), architecture=ARM_HIGHMEM, areas=[request(128 * MIB)], rules=rules)
        assert bases(one) == [GIB - 128 * MIB]

    @ANY_SERIES
    def test_low_memory_is_used_where_high_memory_is_too_small(self, rules):
        one = board((0, GIB), architecture=ARM_HIGHMEM, areas=[request(512 * MIB)], rules=rules)
        assert bases(one) == [760 * MIB - 512 * MIB]

    @ANY_SERIES
    def test_an_area_can_not_cross_the_boundary(self, rules):
        crossing = request(128 * MIB, base=704 * MIB, fixed=True)
        refused(
            board((0, GIB), architecture=ARM_HIGHMEM, areas=[crossing], rules=rules),
            "cross from low into high memory at 0x2f800000 (-EINVAL)",
        )

    def test_x86_keeps_the_default_area_in_low_memory(self):
        limit = X86_32_HIGHMEM.default_area_limit
        one = board((0, 2 * GIB), architecture=X86_32_HIGHMEM, areas=[request(128 * MIB, limit=limit)])
        assert bases(one) == [0x2F400000]  # 128 MiB below 0x377fe000, rounded to 4 MiB


class TestFixed:
    """cma=SIZE@BASE."""

    @ANY_SERIES
    def test_it_is_where_it_was_asked_for(self, rules):
        one = board((0, GIB), areas=[request(64 * MIB, base=256 * MIB, fixed=True)], rules=rules)
        assert bases(one) == [256 * MIB]

    @SINCE_6
    def test_a_misaligned_base_is_refused(self, rules):
        one = board((0, GIB), areas=[request(64 * MIB, base=256 * MIB + 4096, fixed=True)], rules=rules)
        refused(one, "0x10001000 is no multiple of 2 MiB (-EINVAL)")

    def test_4_7_moves_it_up(self):
        one = board((0, GIB), areas=[request(64 * MIB, base=256 * MIB + 4096, fixed=True)], rules="4.7")
        assert bases(one) == [260 * MIB]

    @ANY_SERIES
    def test_at_address_0_it_is_not_fixed(self, rules):
        one = board((0, GIB), areas=[request(64 * MIB, base=0, limit=64 * MIB, fixed=True)], rules=rules)
        refused(one, "no 64 MiB are free below 0x4000000 (-ENOMEM)")

    @ANY_SERIES
    def test_reserved_memory_is_busy(self, rules):
        one = board(
            (0, GIB),
            reserved=[(300 * MIB, 300 * MIB + 1)],
            areas=[request(64 * MIB, base=256 * MIB, fixed=True)],
            rules=rules,
        )
        refused(one, "part of 0x10000000..0x14000000 is reserved already (-EBUSY)")

    @SINCE_6
    def test_beyond_memory(self, rules):
        one = board((0, GIB), areas=[request(64 * MIB, base=GIB, fixed=True)], rules=rules)
        refused(one, "64 MiB at 0x40000000 do not fit below 0x40000000 (-EINVAL)")

    @ANY_SERIES
    def test_in_a_hole(self, rules):
        memory = (0, GIB), (2 * GIB, 3 * GIB)
        one = board(*memory, areas=[request(64 * MIB, base=GIB, fixed=True)], rules=rules)
        refused(one, "not all memory")


def refused(one, *words):
    with pytest.raises(InputError) as raised:
        declare_areas(one)
    text = str(raised.value)
    assert "\n" not in text
    assert text.startswith("a: area '")
    for word in words:
        assert word in text


@ANY_SERIES
def test_more_than_there_is(rules):
    error = "-ENOMEM" if rules == "4.7" else "-EINVAL"
    refused(board((0, GIB), areas=[request(2 * GIB)], rules=rules), error)


@ANY_SERIES
def test_more_than_is_free_in_one_piece(rules):
    one = board((0, GIB), reserved=[(512 * MIB, 513 * MIB)], areas=[request(600 * MIB)], rules=rules)
    refused(one, "no 600 MiB are free below 0x40000000 (-ENOMEM)")


@ANY_SERIES
def test_a_size_of_0(rules):
    refused(board((0, GIB), areas=[request(0)], rules=rules), "-EINVAL")
    refused(board((0, GIB), areas=[node(0)], rules=rules), "-EINVAL")


@ANY_SERIES
def test_an_odd_alignment(rules):
    refused(
        board((0, GIB), areas=[request(MIB, alignment=3 * MIB)], rules=rules), "no power of two (-EINVAL)"
    )


@ANY_SERIES
def test_a_bit_larger_than_the_area(rules):
    one = board((0, GIB), areas=[request(4 * MIB, order_per_bit=11)], rules=rules)
    refused(one, "1024 frames are no multiple of a bit's (-EINVAL)")


def test_4_7_wants_a_bit_to_be_no_larger_than_the_smallest_area():
    area = request(8 * MIB, order_per_bit=11)
    refused(board((0, GIB), areas=[area], rules="4.7"), "-EINVAL")
    assert len(bases(board((0, GIB), areas=[area], rules="6.12"))) == 1


@pytest.mark.parametrize(("rules", "slots"), [("4.7", 3), ("6.1", 3), ("6.12", 2)])
def test_slots(rules, slots):
    one = board((0, GIB), areas=[request(4 * MIB)] * slots, rules=rules, max_areas=2)
    assert len(bases(one)) == slots
    more = dataclasses.replace(one, areas=(*one.areas, request(4 * MIB)))
    refused(more, f"all {slots} slots are taken (CONFIG_CMA_AREAS) (-ENOSPC)")


def test_4_7_can_not_ask_for_a_node():
    refused(board((0, GIB), areas=[request(4 * MIB, node=0)], rules="4.7"), "-EINVAL")
    refused(board((0, GIB), areas=[request(4 * MIB, node=3)]), "there is no node 3")


def test_an_unknown_series_is_named():
    with pytest.raises(InputError, match=r"kernel 2\.6 is not known; there are 4\.7, 6\.1, 6\.12"):
        declare_areas(board((0, GIB), rules="2.6"))


class TestTree:
    """/reserved-memory."""

    def test_a_fixed_node_is_an_area(self):
        assert bases(board((0, GIB), areas=[node(64 * MIB, base=512 * MIB, fixed=True)])) == [512 * MIB]

    def test_fixed_nodes_are_reserved_before_others_are_placed(self):
        fixed = node(64 * MIB, base=GIB - 64 * MIB, fixed=True)
        one = board((0, GIB), areas=[node(64 * MIB), fixed])
        assert bases(one) == [GIB - 128 * MIB, GIB - 64 * MIB]

    @pytest.mark.parametrize(("rules", "first"), [("4.7", 0), ("6.1", 0), ("6.12", 512 * MIB)])
    def test_until_6_1_fixed_nodes_are_set_up_by_address(self, rules, first):
        high, low = node(4 * MIB, base=512 * MIB, fixed=True), node(4 * MIB, base=0, fixed=True)
        assert bases(board((0, GIB), areas=[high, low], rules=rules))[0] == first

    def test_windows_are_tried_in_order(self):
        windows = ((0, 32 * MIB), (256 * MIB, 512 * MIB), (512 * MIB, GIB))
        assert bases(board((0, GIB), areas=[node(64 * MIB, windows=windows)])) == [448 * MIB]

    def test_nothing_free_in_the_windows(self):
        refused(board((0, GIB), areas=[node(64 * MIB, windows=((0, MIB),))]), "in its alloc-ranges (-ENOMEM)")

    @pytest.mark.parametrize(("rules", "expected"), [("6.1", 960 * MIB), ("6.12", 512 * MIB)])
    def test_a_window_that_begins_at_a_region_is_filled_from_below(self, rules, expected):
        first, second = node(64 * MIB, windows=((0, 512 * MIB),)), node(64 * MIB, windows=((512 * MIB, GIB),))
        assert bases(board((0, GIB), areas=[first, second], rules=rules)) == [448 * MIB, expected]

    def test_it_is_aligned_as_it_asks(self):
        one = board((0, GIB - 2 * MIB), areas=[node(64 * MIB, alignment=64 * MIB)])
        assert bases(one) == [896 * MIB]

    @pytest.mark.parametrize(("rules", "free"), [("4.7", False), ("6.1", True), ("6.12", True)])
    def test_a_misaligned_node_is_no_area(self, rules, free):
        odd = node(64 * MIB, base=GIB - 65 * MIB, fixed=True)
        one = board((0, GIB), areas=[odd, request(128 * MIB)], rules=rules)
        declared = declare_areas(one)
        assert "(-EINVAL)" in declared.notes[0]
        assert bases(one) == [896 * MIB if free else 828 * MIB]
        assert (declared.reserved[0].name == "node") is not free

    def test_a_node_where_no_memory_is(self):
        declared = declare_areas(board((0, GIB), areas=[node(64 * MIB, base=2 * GIB, fixed=True)]))
        assert not declared.areas
        assert "no memory" in declared.notes[0]


class TestDefaultArea:
    """The tree's linux,cma-default and the command line's cma=."""

    TREE = node(64 * MIB, base=256 * MIB, fixed=True, default=True)
    GIVEN = request(128 * MIB, default=True)

    def declared(self, rules):
        one = board((0, GIB), areas=[self.TREE, self.GIVEN], rules=rules, default_area_given=True)
        return bases(one), declare_areas(one).notes

    @SINCE_6
    def test_the_command_line_wins(self, rules):
        areas, notes = self.declared(rules)
        assert areas == [896 * MIB]
        assert "cma= on the command line is used instead (-EBUSY)" in notes[0]

    def test_in_4_7_the_tree_wins(self):
        areas, notes = self.declared("4.7")
        assert areas == [256 * MIB]
        assert "the device tree has a default area" in notes[0]


SIZES = st.integers(1, 300).map(lambda mib: mib * MIB)
SPANS = st.tuples(st.integers(0, 1023), st.integers(1, 200)).map(
    lambda one: (one[0] * MIB, (one[0] + one[1]) * MIB)
)


@given(
    st.lists(SIZES, min_size=1, max_size=4),
    st.lists(SPANS, max_size=4),
    st.sampled_from(sorted(AREA_RULES)),
    st.sampled_from([X86_64, ARM_HIGHMEM, ARM64.with_pages_of(16)]),
)
def test_areas_are_aligned_and_free_and_apart(sizes, reserved, rules, architecture):
    one = board(
        (0, GIB), architecture=architecture, reserved=reserved, areas=map(request, sizes), rules=rules
    )
    try:
        declared = declare_areas(one)
    except InputError:
        return
    taken = sorted([(area.start, area.end) for area in declared.reserved])
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(taken))
    for start, end in taken:
        assert start % smallest_alignment(one) == end % smallest_alignment(one) == 0
        assert not any(start < high and low < end for low, high in reserved)
        assert 0 < start < end <= GIB


def test_a_narrow_dma_zone_limits_the_default_area():
    zones = ((ZONE_DMA, GIB), (ZONE_DMA32, 4 * GIB), (ZONE_NORMAL, END_OF_MEMORY))
    assert dataclasses.replace(ARM64, zone_ends=zones).default_area_limit == GIB
    assert X86_64.default_area_limit == 0
