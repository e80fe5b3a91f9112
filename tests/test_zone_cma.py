"""docs/zone-cma.md: which posting of the series has which fault, on which machine."""

import functools
import re

import pytest

from tests.conftest import REPOSITORY
from zonecma.lab.boot import boot_machine
from zonecma.lab.boot_options import memory_model_called, rules_called
from zonecma.lab.findings import find_faults
from zonecma.lab.placements import parse_placement

DOCUMENT = REPOSITORY / "docs" / "zone-cma.md"
NEVER = "transparent_hugepage=never"
COLUMNS = {
    "64-bit sparse": ("vm-1g-cma512", "sparsemem", NEVER),
    "64-bit flat": ("vm-1g-cma512", "flatmem", NEVER),
    "32-bit sparse": ("captures/boots-4.7/i-v3-flat", "sparsemem", ""),
    "32-bit flat": ("captures/boots-4.7/i-v3-flat", "flatmem", ""),
    "highmem sparse": ("x86-32-highmem", "sparsemem", ""),
    "highmem flat": ("x86-32-highmem", "flatmem", ""),
    "straddling": ("captures/boots-4.7/v3-cma256-straddle", "sparsemem", ""),
}
SERIES = ("v1", "v2", "v3", "v3-flatmem-fix", "v4", "v5", "v6", "v7")
ROWS = ("last-resort", *(f"zone-cma,series={one}" for one in SERIES), "zone-movable")
LETTERS = {
    "pageblock-types-shifted": "T",
    "span-not-trimmed": "S",
    "watermarks-stale": "W",
    "lowmem-reserve-stale": "R",
    "movable-reserved-whole": "M",
    "boot-pageset": "P",
    "contiguous-stale": "C",
    "area-refused": "A",
    "lowmem-freed-as-highmem": "D",
    "page-address-unmapped": "U",
    "out-of-memory-beside-free-area": "O",
}
CELLS = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)


@functools.cache
def letters(placement, column):
    machine, model, options = COLUMNS[column]
    where = str(REPOSITORY / machine) if "/" in machine else machine
    booted = boot_machine(
        where, parse_placement(placement), rules_called("4.7"), memory_model_called(model), options
    )
    found = {one.rule for one in find_faults(booted).findings}
    return "".join(letter for rule, letter in LETTERS.items() if rule in found) or "-"


def table():
    head = ["| placement | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    rows = [f"| `{row}` | " + " | ".join(letters(row, column) for column in COLUMNS) + " |" for row in ROWS]
    return "\n".join([*head, *rows])


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_table(row):
    documented = dict(CELLS.findall(DOCUMENT.read_text()))
    assert documented[row].split(" | ") == [letters(row, column) for column in COLUMNS]


def test_each_letter_is_explained():
    legend = dict(re.findall(r"^\| (\w) \| `([\w-]+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert legend == {letter: rule for rule, letter in LETTERS.items()}
