"""Costs of steps: the default table, and files with a machine's own."""

import tomllib

import pytest

from zonecma.errors import InputError
from zonecma.machine.costs import DEFAULT, read_costs

STEPS = {
    *("alloc", "release", "fault", "hit", "copy_page", "migrate_page", "scan_page", "unmap_free"),
    *("isolate_block", "lru_add_drain", "compact_page", "zram_compress", "zram_decompress"),
    *("disk_op", "disk_page", "disk_read", "swap_op", "swap_page", "swap_read"),
}


def read(tmp_path, text):
    file = tmp_path / "board.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_costs(file)


def test_the_default_names_every_step():
    costs = read_costs()
    assert costs.keys() == STEPS
    assert all(type(cost) is float and cost > 0 for cost in costs.values())


def test_every_default_says_where_it_is_from():
    """A page to look at, a measurement of ours, or another figure that it is taken to be."""
    tables = tomllib.loads(DEFAULT.read_text())
    for step, table in tables.items():
        source = table["source"]
        named = [other for other in tables if f"({other})" in source]
        assert "http" in source or "measured: zonecma calibrate" in source or named, step
        assert all(table["ns"] == tables[other]["ns"] for other in named), step


def test_the_defaults_agree_with_each_other():
    costs = read_costs()
    assert costs["alloc"] < costs["fault"]
    assert costs["copy_page"] < costs["migrate_page"]
    assert costs["disk_page"] < costs["disk_op"]


def test_a_file_names_what_differs(tmp_path):
    costs = read(tmp_path, '[fault]\nns = 2500\nsource = "perf"\n[disk_read]\nns = 1.5e5\n')
    assert costs == read_costs() | {"fault": 2500.0, "disk_read": 150_000.0}
    assert read(tmp_path, "") == read_costs()
    assert read(tmp_path, "[fault]\nns = 0")["fault"] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[falt]\nns = 1", r"board.toml: falt is not known; there are alloc, release, fault"),
        ("fault = 5", "fault has no ns; expected a table such as"),
        ('[fault]\nsource = ""', "fault has no ns"),
        ("[fault]\nns = 1\nus = 2", "fault: 'us' is not known; there are ns and source"),
        ("[fault]\nns = -1", "fault: ns: expected nanoseconds from 0 to 1e.12, found -1"),
        ('[fault]\nns = "5"', "found '5'"),
        ("[fault]\nns = true", "found True"),
        ("[fault]\nns = nan", "found nan"),
        ("[fault]\nns = inf", "found inf"),
        ("[fault]\nns = [1]", "found"),
        ("[fault\nns = 1", "expected TOML"),
        (b"\xff", "expected TOML"),
        ("a = " + "[" * 100_000, "expected TOML"),
    ],
)
def test_what_is_no_cost_is_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, text)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.toml: No such file"):
        read_costs(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="Is a directory"):
        read_costs(tmp_path)
