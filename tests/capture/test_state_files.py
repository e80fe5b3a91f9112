"""The same files out of a folder, an archive, and an archive with one folder on top."""

import tarfile

import pytest

from tests.areas import AREAS
from zonecma.capture.state_files import Folder
from zonecma.errors import InputError

SOURCE = AREAS / "splice-6.12"


def packed(path, mode, top):
    with tarfile.open(path, mode) as tar:
        tar.add(SOURCE, arcname=top)
    return path


@pytest.fixture(params=["folder", "bundle", "flat"])
def files(request, tmp_path):
    if request.param == "folder":
        return Folder(SOURCE, "after")
    top = "zonecma-host-20260101-000000" if request.param == "bundle" else "."
    return Folder(packed(tmp_path / "one.tar.gz", "w:gz", top), "after")


def test_files_are_found_by_their_names_in_a_bundle(files):
    assert files.areas() == ["reserved"]
    assert files.text("cma/reserved/count") == "24576\n"
    assert files.text("zoneinfo") == (SOURCE / "after" / "zoneinfo").read_text()
    assert files.text("uname").startswith("Linux")
    assert files.text("vmstat") is None
    with files.owners() as owners:
        assert owners.read(14) == b"Page allocated"


def test_words_are_cut_out_by_their_range(files):
    assert len(files.frames("kpageflags", 172032, 24576)) == 24576 * 8
    assert len(files.frames("kpageflags", 172032, 3)) == 24
    assert files.frames("kpageflags", 1, 3) == b""


def test_what_is_missing_is_named():
    files = Folder(SOURCE, "before")
    assert files.text("zoneinfo") is None
    assert files.areas() == []
    assert files.frames("kpageflags", 172032, 1) is None
    assert files.why_missing("zoneinfo") == "splice-6.12 has no before/zoneinfo"
    with files.owners() as owners:
        assert owners is None


def test_an_archive_that_is_cut_short(tmp_path):
    path = packed(tmp_path / "one.tar.gz", "w:gz", "top")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"one.tar.gz: cannot be read \(.*expected"):
        Folder(path, "after").text("uname")


def test_a_file_that_is_no_archive(tmp_path):
    path = tmp_path / "notes"
    path.write_text("nothing")
    with pytest.raises(InputError, match="notes: is no tar archive; expected a bundle or a recording"):
        Folder(path, "after").text("uname")


def test_a_packed_file_that_is_damaged(bundle_with_damage):
    with pytest.raises(InputError, match=r"after/kpageflags.gz: damaged \("):
        Folder(bundle_with_damage, "after").frames("kpageflags", 172032, 1)


@pytest.fixture
def bundle_with_damage(tmp_path):
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / "kpage_ranges").write_text("a 172032 1\n")
    (tmp_path / "after" / "kpageflags.gz").write_bytes(b"no gzip")
    return tmp_path
