"""The boards that ship: what is published of them, and where their areas come to lie."""

import dataclasses
from itertools import pairwise

import pytest

from tests.machine.test_areas import bases
from zonecma.errors import InputError
from zonecma.machine.architecture import GIB, MIB
from zonecma.machine.areas import declare_areas
from zonecma.machine.presets import preset, presets

LOGGED = {
    "phone-xz2c-4g": [0xFD800000, 0xF7C00000, 0x17BC00000, 0xF6C00000, 0xF5C00000],
    "rpi5-8g-16k": [0x3A000000],
    "vm-1g-cma512": [130048 << 12],
}
"""As kernels logged them: sonyxperiadev/bug_tracker#262, raspberrypi/linux#6971, a 4.7 that was booted."""
COMPUTED = {
    "arm64-server-64k": [4 * GIB - 512 * MIB],
    "imx8mq-evk": [0x44000000],
    "phone-xperia1v-12g": [0xF1600000],
    "qemu-virt-arm64": [3 * GIB - 32 * MIB],
    "rpi4-4g": [0x2EE00000 - 512 * MIB],
    "x86-32-highmem": [0x37400000 - 128 * MIB],
    "x86-server-hugetlb-cma": [4 * GIB, 66 * GIB],
}
"""By hand, from the rules of their kernel."""


def test_every_preset_has_its_area_checked():
    assert set(presets()) == set(LOGGED) | set(COMPUTED)
    assert len(presets()) >= 8


@pytest.mark.parametrize(("name", "expected"), sorted((LOGGED | COMPUTED).items()))
def test_areas(name, expected):
    board = preset(name)
    assert bases(board) == expected
    assert declare_areas(board).notes == ()


@pytest.mark.parametrize("name", presets())
def test_a_preset_says_where_its_figures_come_from_and_what_is_assumed(name):
    board = preset(name)
    assert len(board.source) > 60
    assert board.notes
    assert any("kernel image" in one.name for one in board.reserved)
    spans = sorted((one.start, one.end) for one in board.reserved)
    assert all(low[0] <= high[0] for low, high in pairwise(spans))


@pytest.mark.parametrize(
    ("name", "mib"),
    [
        ("rpi4-4g", 3956),
        ("rpi5-8g-16k", 8188),
        ("phone-xperia1v-12g", 12288),
        ("x86-server-hugetlb-cma", 131071),
    ],
)
def test_memory(name, mib):
    assert sum(one.end - one.start for one in preset(name).memory) >> 20 == mib


def test_a_phone_of_2018_with_an_older_kernel():
    """The log is one of 4.9, whose rules are those of 4.7."""
    board = dataclasses.replace(preset("phone-xz2c-4g"), rules="4.7")
    assert bases(board) == LOGGED["phone-xz2c-4g"]


def test_the_pi_5_with_its_kernel_6_1_and_320_mib():
    """geerlingguy/sbc-reviews#21: 0x1a000000; what lies above 0x2e000000 is taken to be the RAM disk."""
    board = preset("rpi5-8g-16k")
    taken = dataclasses.replace(board.reserved[0], start=0x2E000000, end=0x2F000000, no_map=False)
    area = dataclasses.replace(board.areas[0], size=320 * MIB)
    board = dataclasses.replace(board, rules="6.1", reserved=(*board.reserved, taken), areas=(area,))
    assert bases(board) == [0x1A000000]


def test_an_unknown_name_lists_them():
    with pytest.raises(InputError, match="no board is called 'rpi9'; there are arm64-server-64k, imx8mq-evk"):
        preset("rpi9")
