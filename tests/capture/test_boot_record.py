"""A recorded boot's files: what is found, and what is said where one is missing or damaged."""

import shutil

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.boot_record import is_boot_record, open_boot_record
from zonecma.errors import InputError

PLAIN = CAPTURES / "boots-4.7" / "v6-cma512"


@pytest.fixture
def folder(tmp_path):
    """A copy of a recorded boot."""
    return shutil.copytree(PLAIN, tmp_path / "given")


def test_plain_files():
    record = open_boot_record(str(PLAIN))
    assert (record.name, record.series, record.min_free_kbytes) == ("v6-cma512", "4.7", 2822)
    assert [zone.name for zone in record.zones] == ["DMA", "DMA32", "CMA"]
    assert record.page_types.pageblock_order == 10
    assert "cma=512M" in record.command_line
    assert record.early is None


@pytest.mark.parametrize(("name", "series"), [("boot-cma256-6.12", "6.12"), ("boot-cma256-6.1", "6.1")])
def test_a_recording(name, series):
    record = open_boot_record(str(CAPTURES / name))
    assert (record.name, record.series) == (name, series)
    assert record.early is not None
    assert record.settled is not None
    assert record.log.reserved


def test_what_is_none(tmp_path):
    assert is_boot_record("cma256-mix-6.12")
    for where in ("", ".", "/", "/dev/null", "rpi4-4g", "\0", "x" * 5000, str(tmp_path)):
        assert not is_boot_record(where), where[:20]


@pytest.mark.parametrize("name", ["cmdline", "dmesg-excerpt", "1-boot/zoneinfo"])
def test_a_file_that_is_needed(folder, name):
    (folder / name).unlink()
    assert is_boot_record(str(folder))
    with pytest.raises(InputError, match=f"{name}: not found; expected the files of a boot beside each"):
        open_boot_record(str(folder))


@pytest.mark.parametrize("name", ["pagetypeinfo", "vmstat", "meminfo", "min_free_kbytes"])
def test_a_file_that_is_not(folder, name):
    (folder / "1-boot" / name).unlink(missing_ok=True)
    assert open_boot_record(str(folder)).zones


NAMES = ["cmdline", "dmesg-excerpt", "1-boot/pagetypeinfo", "1-boot/meminfo", "1-boot/min_free_kbytes"]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_in_a_files_place(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(InputError, match=f"{name}: cannot be read: Is a directory"):
        open_boot_record(str(folder))


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff\xfe\x80binary", b"9" * 20000])
@pytest.mark.parametrize("name", ["zoneinfo", "pagetypeinfo"])
def test_tables_that_are_none(folder, name, content):
    (folder / "1-boot" / name).write_bytes(content)
    with pytest.raises(InputError, match=f"1-boot/{name}: line 1: expected"):
        open_boot_record(str(folder))


@pytest.mark.parametrize("text", ["-1", "1e3", "9" * 5000, "many"])
def test_min_free_kbytes_that_is_no_number(folder, text):
    (folder / "1-boot" / "min_free_kbytes").write_text(text)
    with pytest.raises(InputError, match=r"min_free_kbytes: is .* expected a number"):
        open_boot_record(str(folder))


def test_every_place_where_zoneinfo_may_be_cut(folder):
    """A file that is cut short is refused, or is whole as far as it goes; never a KeyError later."""
    path = folder / "1-boot" / "zoneinfo"
    text = path.read_text()
    refused = 0
    for end in range(0, len(text), 37):
        path.write_text(text[:end])
        try:
            record = open_boot_record(str(folder))
        except InputError as error:
            assert "1-boot/zoneinfo" in str(error)
            refused += 1
        else:
            assert all({"count", "high", "batch"} <= one.keys() for z in record.zones for one in z.pagesets)
    assert refused > 50
