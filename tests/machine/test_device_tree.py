"""Device trees: compiled sources, hostile blobs, any bytes."""

import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.test_areas import bases
from zonecma.errors import InputError
from zonecma.kernel.zone import ZONE_DMA, ZONE_HIGHMEM, ZONE_NORMAL
from zonecma.machine.architecture import ARM64, ARM_LOWMEM, GIB, MIB
from zonecma.machine.board import AreaRequest, MemoryRange, Reservation
from zonecma.machine.device_tree import board_of_blob, read_device_tree
from zonecma.machine.tree.blob import MAX_SIZE

TREES = Path(__file__).parent / "trees"
BLOBS = {path.stem: path.read_bytes() for path in TREES.glob("*.dtb")}


def tree(name):
    return board_of_blob(BLOBS[name], f"{name}.dtb")


class TestPi4:
    def test_memory(self):
        assert tree("pi4").memory == (MemoryRange(0, 0x3B400000), MemoryRange(0x40000000, 0xFC000000))

    def test_the_narrowest_bus_ends_zone_dma(self):
        board = tree("pi4")
        assert dict(board.architecture.zone_ends)[ZONE_DMA] == GIB
        assert board.architecture.default_area_limit == GIB

    def test_processors_and_name(self):
        board = tree("pi4")
        assert (board.name, board.nr_cpus, board.source) == ("Raspberry Pi 4 Model B", 3, "pi4.dtb")
        assert board.architecture.name == "arm64"

    def test_reservations_of_the_header(self):
        assert tree("pi4").reserved == (Reservation(0, 0x1000, "memreserve"),)

    def test_area(self):
        board = tree("pi4")
        assert board.areas == (
            AreaRequest("linux,cma", 64 * MIB, windows=((0, GIB),), from_tree=True, default=True),
        )
        assert bases(board) == [0x3B400000 - 64 * MIB]


class TestPhone:
    def test_memory_that_is_filled_in(self):
        assert tree("phone").memory == (MemoryRange(0x80000000, 0x17E2C0000),)

    def test_reservations(self):
        assert tree("phone").reserved == (
            Reservation(0x85700000, 0x85D00000, "hyp-mem@85700000", no_map=True),
            Reservation(0x86000000, 0x86200000, "two@86000000"),
            Reservation(0x86200000, 0x88F00000, "two@86000000"),
            Reservation(0xFFC00000, 0xFFD00000, "ramoops@ffc00000", no_map=True),
        )

    def test_regions(self):
        metadata, fastrpc, camera = tree("phone").areas
        assert (metadata.reusable, metadata.no_map, metadata.size) == (False, True, 0x4000)
        assert (fastrpc.alignment, fastrpc.windows, fastrpc.fixed) == (4 * MIB, ((0, 0xFFFFFFFF),), False)
        assert (camera.base, camera.fixed, camera.from_tree) == (0xB0000000, True, True)

    def test_areas(self):
        assert bases(tree("phone")) == [0xFEC00000, 0xB0000000]

    def test_name_without_a_model(self):
        assert tree("phone").name == "qcom,sdm845"


def test_numa_nodes_and_hotpluggable_memory():
    assert tree("nodes").memory == (
        MemoryRange(0x80000000, 0xC0000000),
        MemoryRange(4 * GIB, 8 * GIB, 1, hotpluggable=True),
    )
    assert tree("nodes").architecture == ARM64


def test_a_board_of_32_bits_has_its_low_memory_from_where_memory_starts():
    board = tree("old")
    assert board.architecture.zone_ends == ((ZONE_NORMAL, 0x10000000 + ARM_LOWMEM), (ZONE_HIGHMEM, None))
    assert board.nr_cpus == 2
    assert board.memory == (MemoryRange(0x10000000, 0x50000000),)


@pytest.mark.parametrize("name", sorted(BLOBS))
def test_a_source_is_compiled_or_the_compiler_named(name):
    source = TREES / f"{name}.dts"
    if shutil.which("dtc"):
        assert read_device_tree(source).memory == tree(name).memory
    else:
        with pytest.raises(InputError, match="apt install device-tree-compiler"):
            read_device_tree(source)


def test_without_a_compiler_the_remedy_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match=r"pi4\.dts: .*apt install device-tree-compiler"):
        read_device_tree(TREES / "pi4.dts")


def test_a_blob_is_a_small_file():
    assert all(len(blob) < 4096 for blob in BLOBS.values())


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.dtb: No such file"):
        read_device_tree(tmp_path / "none.dtb")
    with pytest.raises(InputError, match="directory"):
        read_device_tree(tmp_path)


# Blobs made by hand.


def text(name):
    data = name.encode() + b"\0"
    return data + bytes(-len(data) % 4)


class Maker:
    """Writes blobs, sound or not."""

    def __init__(self):
        self.strings = b""

    def property(self, name, value=b""):
        offset = len(self.strings)
        self.strings += name.encode() + b"\0"
        return struct.pack(">III", 3, len(value), offset) + value + bytes(-len(value) % 4)

    def node(self, name, *content):
        return struct.pack(">I", 1) + text(name) + b"".join(content) + struct.pack(">I", 2)

    def blob(self, *content, end=True):
        structure = self.node("", *content) + (struct.pack(">I", 9) if end else b"")
        head = 40 + 16
        total = head + len(structure) + len(self.strings)
        fields = (
            0xD00DFEED,
            total,
            head,
            head + len(structure),
            40,
            17,
            16,
            0,
            len(self.strings),
            len(structure),
        )
        return struct.pack(">10I", *fields) + bytes(16) + structure + self.strings

    def memory(self, *cells, **extra):
        """A memory node of cells of 32 bits."""
        properties = [self.property(name.replace("_", "-"), value) for name, value in extra.items()]
        return self.node(
            "memory",
            self.property("device_type", b"memory\0"),
            self.property("reg", words(*cells)),
            *properties,
        )

    def wide(self):
        """Addresses and sizes of 64 bits."""
        return self.cells(2, 2)

    def cells(self, address, size):
        return self.property("#address-cells", words(address)) + self.property("#size-cells", words(size))

    def reserved(self, *content):
        return self.node("reserved-memory", self.wide(), self.property("ranges"), *content)


def words(*values):
    return struct.pack(f">{len(values)}I", *values)


def refused(blob, *parts):
    with pytest.raises(InputError) as raised:
        board_of_blob(blob, "evil.dtb")
    message = str(raised.value)
    assert message.startswith("evil.dtb: ")
    assert "\n" not in message
    assert len(message) < 300
    for part in parts:
        assert part in message


def test_the_smallest_tree():
    make = Maker()
    board = board_of_blob(make.blob(make.memory(0x1000, 0x2000)), "/x/small.dtb")
    assert board.memory == (MemoryRange(0x1000, 0x3000),)
    assert board.name == "small"
    assert "assumed" in board.notes[-1]


class TestHostileBlobs:
    def test_empty(self):
        refused(b"", "0 bytes are too few for its header")

    def test_another_file(self):
        refused(b"\x7fELF" + bytes(60), "begins with d00dfeed; found 7f454c46")

    @pytest.mark.parametrize("length", [41, 60, 100, 300])
    def test_truncated(self, length):
        refused(BLOBS["pi4"][:length], "the file ends after")

    def test_too_large(self):
        refused(bytes(MAX_SIZE + 1), "at most 2 MiB")

    def test_an_old_version(self):
        blob = bytearray(BLOBS["pi4"])
        blob[20:24] = words(3)
        refused(bytes(blob), "version 17, found 3")

    def test_too_deep(self):
        make, inner = Maker(), b""
        for _ in range(100):
            inner = make.node("a", inner)
        refused(make.blob(inner), "at most 64 deep")

    def test_as_many_nodes_as_there_can_be(self):
        make = Maker()
        many = make.node("") * ((MAX_SIZE - 200) // 12)
        assert len(board_of_blob(make.blob(make.memory(0, 0x1000), many), "many").memory) == 1

    def test_a_name_without_end(self):
        refused(Maker().blob(Maker().node("n" * 5000)), "a name of at most 255 characters")

    def test_no_end(self):
        refused(Maker().blob(end=False), "the blob is cut short")

    def test_a_property_larger_than_the_blob(self):
        refused(Maker().blob(struct.pack(">III", 3, 0xFFFFFFFF, 0)), "property of 4294967295 bytes")

    def test_an_unknown_token(self):
        refused(Maker().blob(words(77)), "found 0x4d")

    def test_two_roots(self):
        refused(Maker().blob(words(2, 1, 0)), "one root node")

    def test_reservations_without_end(self):
        blob = bytearray(Maker().blob())
        blob[16:20] = words(len(blob))
        refused(bytes(blob), "size 0 at the end of the memory reservations")

    def test_a_reservation_that_wraps_around(self):
        blob = bytearray(Maker().blob())
        blob[40:56] = b"\xff" * 16
        refused(bytes(blob), "ends below 2^64")


class TestHostileTrees:
    def test_no_memory(self):
        refused(Maker().blob(), 'node /: expected a child with device_type = "memory"')

    def test_an_odd_reg(self):
        make = Maker()
        refused(
            make.blob(make.memory(1, 2, 3)), "node /memory: expected rows of 8 bytes in reg, found 12 bytes"
        )

    def test_ranges_that_wrap_around(self):
        make = Maker()
        refused(
            make.blob(make.wide(), make.memory(0xFFFFFFFF, 0, 2, 0)),
            "node /memory: expected ranges that end below 2^64 in reg",
        )

    def test_absurd_sizes(self):
        make = Maker()
        refused(make.blob(make.wide(), make.memory(0, 0, 0xF0000000, 0)), "memory below 2^52")

    def test_overlap(self):
        make = Maker()
        refused(make.blob(make.memory(0, 0x2000, 0x1000, 0x1000)), "memory that does not overlap at 0x1000")

    @pytest.mark.parametrize("count", [0, 5, 0xFFFFFFFF])
    def test_wrong_cells(self, count):
        make = Maker()
        refused(make.blob(make.cells(count, 1), make.memory(0, 1)), "a number from 1 to 4 in #address-cells")

    def test_cells_that_are_no_number(self):
        make = Maker()
        odd = make.property("#size-cells", b"xyz")
        refused(make.blob(odd, make.memory(0, 1)), "a number from 1 to 4 in #size-cells")

    def test_numbers_of_more_than_64_bits(self):
        make = Maker()
        refused(make.blob(make.cells(3, 1), make.memory(1, 0, 0, 1)), "numbers of 64 bits in reg")

    def test_an_absurd_node(self):
        make = Maker()
        refused(make.blob(make.memory(0, 4096, numa_node_id=words(5000))), "below 1024 in numa-node-id")

    def test_a_processor_of_32_bits_with_memory_it_can_not_reach(self):
        make = Maker()
        cpu = make.node(
            "cpu", make.property("device_type", b"cpu\0"), make.property("compatible", b"arm,cortex-a9\0")
        )
        blob = make.blob(make.wide(), make.node("cpus", cpu), make.memory(1, 0, 0, 4096))
        refused(blob, "memory below 4 GiB: its processors have 32 bits")

    def reserved(self, *properties, ranges=True, cells=(2, 2)):
        make = Maker()
        region = make.node("region", *(make.property(name, value) for name, value in properties))
        flag = make.property("ranges") if ranges else b""
        parent = make.node("reserved-memory", make.cells(*cells), flag, region)
        return make.blob(make.wide(), make.memory(0, 0, 0, 0x40000000), parent)

    def test_reserved_memory_that_the_kernel_passes_over(self):
        for blob in (self.reserved(ranges=False), self.reserved(cells=(1, 1))):
            refused(blob, "node /reserved-memory: expected the root's #address-cells")

    @pytest.mark.parametrize(
        ("properties", "words"),
        [
            ([("reg", bytes(12))], "rows of 16 bytes in reg"),
            ([("reg", b"\xff" * 16)], "ranges that end below 2^64 in reg"),
            ([("size", bytes(4))], "rows of 8 bytes in size"),
            ([("size", bytes(16))], "one number of 8 bytes in size"),
            ([("size", bytes(8)), ("alignment", b"")], "one number of 8 bytes in alignment"),
            ([("size", bytes(8)), ("alignment", bytes(7) + b"\3")], "a power of two in alignment, found 0x3"),
            ([("size", bytes(8)), ("alloc-ranges", bytes(20))], "rows of 16 bytes in alloc-ranges"),
            ([("size", bytes(8)), ("alloc-ranges", b"\xff" * 16)], "end below 2^64 in alloc-ranges"),
        ],
    )
    def test_a_region(self, properties, words):
        refused(self.reserved(*properties), "node /reserved-memory/region: expected", words)

    def test_more_regions_than_the_kernel_places(self):
        make = Maker()
        many = make.node("r", make.property("size", bytes(7) + b"\1")) * 65
        blob = make.blob(make.wide(), make.memory(0, 0, 0, 0x40000000), make.reserved(many))
        refused(blob, "node /: expected at most 64 regions")

    def test_a_region_with_nothing(self):
        board = board_of_blob(self.reserved(("reg", b"")), "x")
        assert (board.areas, board.reserved) == ((), ())


def board_or_error(data):
    try:
        board = board_of_blob(data, "any")
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert board.memory


@given(st.binary(max_size=400))
def test_any_bytes_give_a_board_or_an_error(data):
    board_or_error(data)
    board_or_error(BLOBS["old"][:56] + data)


@given(
    st.sampled_from(sorted(BLOBS)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
)
def test_any_damage_to_a_tree_gives_a_board_or_an_error(name, damage):
    blob = bytearray(BLOBS[name])
    for place, data in damage:
        start = int(place * len(blob))
        blob[start : start + len(data)] = data
    board_or_error(bytes(blob))
