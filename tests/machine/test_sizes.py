"""Sizes, against what lib/cmdline.c and lib/kstrtox.c say of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonecma.machine.sizes import memparse, size_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("256M", (256 << 20, "")),
        ("256m@1G", (256 << 20, "@1G")),
        ("1k", (1024, "")),
        ("2T", (2 << 40, "")),
        ("1P", (1 << 50, "")),
        ("1e", (1 << 60, "")),
        ("0x100", (256, "")),
        ("0X1fK", (31 << 10, "")),
        ("0xg", (0, "xg")),
        ("010", (8, "")),
        ("08", (0, "8")),
        ("", (0, "")),
        ("-5M", (0, "-5M")),
        ("G", (0, "G")),
        ("1MB", (1 << 20, "B")),
        ("16E", (0, "")),
        ("18446744073709551617", (1, "")),
        ("50%", (50, "%")),
    ],
)
def test_memparse(text, expected):
    assert memparse(text) == expected


def test_a_number_of_any_length_loses_its_high_bits():
    digits = "7" * 4000
    assert memparse(digits)[0] == int(digits) % (1 << 64)
    assert memparse("9" * 100_000)[0] < 1 << 64


@given(st.text())
def test_any_text_gives_64_bits_and_what_follows(text):
    size, rest = memparse(text)
    assert 0 <= size < 1 << 64
    assert text.endswith(rest)


@given(st.integers(1, (1 << 60) - 1))
def test_a_printed_size_is_read_back(size):
    number, _, unit = size_text(size).partition(" ")
    assert memparse(number + ("" if unit == "bytes" else unit[0]))[0] == size
