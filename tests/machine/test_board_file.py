"""Boards written by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.machine.test_areas import bases
from zonecma.errors import InputError
from zonecma.kernel.thresholds import HugePages
from zonecma.kernel.zone import ZONE_DMA
from zonecma.machine.architecture import ARM64, GIB, MIB
from zonecma.machine.board import AreaRequest, MemoryModel, MemoryRange, Reservation
from zonecma.machine.board_file import board_of_toml, read_board_file

WHOLE = """
name = "mine"
source = "its datasheet"
notes = ["a", "b"]
architecture = "arm64"
page_kib = 16
dma_end = "1G"
kernel = "6.1"
cpus = 6
memory_model = "flatmem"
huge_pages = false
max_areas = 3
default_area = "32M"
command_line = "movablecore=1G"
[[memory]]
start = "1G"
size = "2G"
[[memory]]
start = 0
end = 0x1000_0000
node = 1
hotpluggable = true
[[reserved]]
start = 0
size = 4096
name = "firmware"
no_map = true
[[area]]
name = "camera"
size = "64M"
base = "0x48000000"
fixed = true
limit = "2G"
alignment = "32M"
order_per_bit = 2
node = 0
[[area]]
size = "16M"
alloc_ranges = [["1G", "512M"], [0, 0x1000]]
from_tree = true
reusable = false
no_map = true
"""


def test_all_that_can_be_said():
    board = board_of_toml(WHOLE, "mine.toml")
    assert (board.name, board.source, board.notes) == ("mine", "its datasheet", ("a", "b"))
    assert board.architecture.page_size == 16384
    assert dict(board.architecture.zone_ends)[ZONE_DMA] == GIB
    assert (board.rules, board.nr_cpus, board.huge_pages, board.max_areas) == ("6.1", 6, HugePages.ABSENT, 3)
    assert board.memory_model is MemoryModel.FLATMEM
    assert board.memory == (MemoryRange(0, 256 * MIB, 1, hotpluggable=True), MemoryRange(GIB, 3 * GIB))
    assert board.reserved == (Reservation(0, 4096, "firmware", no_map=True),)
    assert board.movablecore == GIB
    region, camera, default = board.areas
    assert camera == AreaRequest("camera", 64 * MIB, 0x48000000, 2 * GIB, 32 * MIB, 2, fixed=True, node=0)
    assert region.windows == ((GIB, GIB + 512 * MIB), (0, 0x1000))
    assert (region.from_tree, region.reusable, region.no_map) == (True, False, True)
    assert default == AreaRequest("reserved", 32 * MIB, limit=GIB, default=True)


def test_the_documented_one():
    (text,) = re.findall(r"```toml\n(.*?)```", (REPOSITORY / "docs" / "boards.md").read_text(), re.DOTALL)
    board = board_of_toml(text, "documented.toml")
    assert bases(board) == [0x76000000, 0x74000000]


def test_the_least():
    board = board_of_toml('architecture = "arm64"\n[[memory]]\nstart = 0\nsize = "1G"\n', "/x/least.toml")
    assert (board.name, board.source, board.architecture) == ("least", "/x/least.toml", ARM64)
    assert (board.areas, board.nr_cpus) == ((), 1)


LEAST = 'architecture = "arm64"\n[[memory]]\nstart = 0\nsize = "1G"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("= 1", "Invalid"),
        ("a = 1" + "0" * 5000, "limit"),
        ("", "architecture is missing; there are x86-64"),
        ('architecture = "vax"', "architecture: expected one of x86-64"),
        ('architecture = "arm64"', r"there is no \[\[memory\]\]"),
        ('architecture = "arm64"\nmemory = 3', "memory: expected tables, each begun by"),
        ('architecture = "arm64"\nmemory = [3]', "memory: expected tables, each begun by"),
        ('architecture = "x86-64"\npage_kib = 16', "page_kib: expected 4, or 16 or 64 on arm64, found 16"),
        ("colour = 3\n" + LEAST, "'colour' is not known; there are name, architecture, page_kib"),
        ('cpus = "many"\n' + LEAST, "cpus: expected a number up to 8192, found 'many'"),
        ("cpus = -1\n" + LEAST, "cpus: expected a number up to 8192, found -1"),
        ("huge_pages = 1\n" + LEAST, "huge_pages: expected true or false, found 1"),
        ("name = 1\n" + LEAST, "name: expected a text, found 1"),
        ("notes = [1]\n" + LEAST, "notes: expected a list of texts, found 1"),
        ('kernel = "2.6"\n' + LEAST, "kernel: expected one of 4.7, 6.1, 6.12, found '2.6'"),
        ('memory_model = "x"\n' + LEAST, "expected one of sparsemem, flatmem"),
        ('command_line = "cma=x"\n' + LEAST, "command line: cma=x: expected SIZE"),
        (
            LEAST.replace("1G", "lots"),
            r"memory 1: size: expected a size below 2\^52 such as 512M, found 'lots'",
        ),
        (LEAST.replace("1G", "-1"), "memory 1: size: expected"),
        (LEAST.replace('"1G"', "1.5"), "memory 1: size: expected"),
        (LEAST.replace('"1G"', "true"), "memory 1: size: expected"),
        (LEAST.replace('"1G"', "0"), "memory 1: size: expected a size above 0"),
        (LEAST + "end = 5\n", "memory 1: size: expected a size above 0, or an end above start"),
        (LEAST + "colour = 5\n", "memory 1: 'colour' is not known; there are start, size, end"),
        (LEAST + "[[memory]]\nstart = 5\nsize = 5\n", "memory: expected ranges that do not overlap"),
        (LEAST + "[[area]]\n", "area 1: size is missing"),
        (
            LEAST + "[[area]]\nsize = 1\nalloc_ranges = [1]\n",
            r"alloc_ranges: expected a list of \[start, size\]",
        ),
        (LEAST + "[[reserved]]\nstart = 1\nsize = 0\n", "reserved 1: size: expected"),
    ],
)
def test_what_is_wrong_is_named(text, words):
    with pytest.raises(InputError, match=words) as raised:
        board_of_toml(text, "mine.toml")
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(("mine.toml: ", "command line: "))


def test_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(WHOLE)
    assert read_board_file(path).name == "mine"
    with pytest.raises(InputError, match=r"none\.toml: No such file"):
        read_board_file(tmp_path / "none.toml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"mine\.toml: "):
        read_board_file(path)


@given(st.integers(0, len(WHOLE)), st.text(max_size=8))
def test_any_damage_gives_a_board_or_an_error(place, text):
    try:
        assert board_of_toml(WHOLE[:place] + text + WHOLE[place + len(text) :], "mine.toml").memory
    except InputError as error:
        assert "\n" not in str(error)
