"""What no machine is: each refused in one sentence that names the place."""

import pytest

from tests.machine.boot.boards import area, board_of
from zonecma.errors import InputError
from zonecma.machine.architecture import GIB, MIB, X86_32
from zonecma.machine.board import Board
from zonecma.machine.boot.possible import check_areas, check_board


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (Board("b", X86_32, ()), "no memory"),
        (board_of((256, 512)), "0x100..0x200 holds no whole page of 4096 bytes"),
        (board_of((0, GIB), (2 * GIB, GIB)), "0x80000000..0x40000000 holds no whole page"),
        (board_of((0, GIB), (GIB - MIB, 2 * GIB, 1)), "0x0..0x40000000 and 0x3ff00000..0x80000000 overlap"),
        (board_of((0, 1 << 50)), "after 274877906944 frames together; expected 268435456 at most"),
        (board_of(*((i << 22, (i + 1) << 22, i) for i in range(1000))), "1000"),
        (board_of((3 * GIB, 4 * GIB), architecture=X86_32), "above the last zone of architecture x86-32"),
    ],
)
def test_boards(board, words):
    with pytest.raises(InputError) as error:
        check_board(board)
    assert words in str(error.value) or "1000" in words
    assert str(error.value).startswith(f"{board.name}: ")


def test_a_board_of_one_page():
    check_board(board_of((0, 4096)))


NODES = board_of((0, GIB), (GIB, 2 * GIB, 1))


@pytest.mark.parametrize(
    ("areas", "words"),
    [
        ([area(0, 0)], "'a' at frames 0 to -1 is not made of whole pageblocks of 512 frames"),
        ([area(MIB, 4 * MIB)], "whole pageblocks"),
        ([area(4 * MIB, MIB)], "whole pageblocks"),
        ([area(4 * GIB, 4 * MIB)], "not memory of one node"),
        ([area(GIB - 4 * MIB, 8 * MIB)], "not memory of one node"),
        ([area(-4 * MIB, 4 * MIB)], "not memory of one node"),
        ([area(0, 8 * MIB), area(4 * MIB, 8 * MIB, "b")], "and area 'b' at frames 1024 to 3071 overlap"),
    ],
)
def test_areas(areas, words):
    with pytest.raises(InputError, match=words):
        check_areas(NODES, tuple(areas))


def test_an_area_above_the_last_zone():
    board = board_of((0, 2 * GIB), architecture=X86_32)
    with pytest.raises(InputError, match="above the last zone"):
        check_areas(board, (area(GIB, 4 * MIB),))


def test_areas_side_by_side():
    check_areas(NODES, (area(4 * MIB, 4 * MIB), area(0, 4 * MIB), area(GIB, 4 * MIB)))
