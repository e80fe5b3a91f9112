"""The page size that a number of frames and of bytes tell."""

import pytest

from zonecma.machine.page_size import page_size_of


@pytest.mark.parametrize("size", [4096, 16384, 65536])
def test_frames_that_fill_nearly_all_of_the_ram_tell_it(size):
    assert page_size_of((2 << 30) // size - 1000, 2 << 30) == size


def test_where_nothing_is_told_it_is_4_kib():
    assert page_size_of(0, 1 << 30) == page_size_of(1 << 18, 0) == 4096
