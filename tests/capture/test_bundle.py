"""Bundles: a collector's .tar.gz, and what is none or means harm."""

import gzip
import io
import tarfile

import pytest

from tests.bundles import bundle_of, files_of, pack
from tests.conftest import CAPTURES
from zonecma.capture.bundle import MAX_MEMBERS, is_bundle, unpacked
from zonecma.capture.recording import Recording, open_recording
from zonecma.errors import InputError

pytestmark = pytest.mark.usefixtures("cache")
BOOT = "boot-zonecma256-6.12"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_of(BOOT, tmp_path_factory.mktemp("bundle"))


def test_a_bundle_is_a_recording(bundle):
    recording, whole = open_recording(str(bundle)), Recording(CAPTURES / BOOT)
    assert recording.name == "zonecma-board-20260101-120000"
    assert recording.release == whole.release == "6.12.117-gt"
    assert recording.kernel_file("before/zoneinfo") == whole.kernel_file("before/zoneinfo")
    trace = recording.trace()
    assert 0 < len(trace.events) < len(whole.trace().events)
    assert trace.events["line"][0] == 2  # after the heading


def test_the_content_decides_not_the_name(bundle, tmp_path):
    other = tmp_path / "download"
    other.write_bytes(bundle.read_bytes())
    assert is_bundle(other)
    assert not is_bundle(CAPTURES / BOOT / "snap.A.json.gz")
    assert not is_bundle(CAPTURES / BOOT / "trace.txt.zst")
    assert not is_bundle(CAPTURES / BOOT)
    assert not is_bundle("x" * 5000)
    assert not is_bundle("\0")


def test_it_is_unpacked_once(bundle, cache):
    folder = unpacked(bundle)
    assert folder.is_relative_to(cache)
    (folder / "uname").write_text("Linux board 1.2.3\n")
    assert unpacked(bundle) == folder
    assert open_recording(str(bundle)).release == "1.2.3"


def test_a_changed_bundle_is_unpacked_anew(tmp_path):
    path = pack(tmp_path / "b.tar.gz", {"uname": b"Linux board 6.1.0"})
    first = unpacked(path)
    pack(path, {"uname": b"Linux board 6.12.0 again"})
    assert unpacked(path) != first
    assert Recording(unpacked(path)).release == "6.12.0"


def test_a_cache_that_somebody_emptied_is_filled_again(bundle, cache):
    folder = unpacked(bundle)
    for path in sorted(folder.parent.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert (unpacked(bundle) / "uname").is_file()


def test_without_a_cache_it_lies_in_a_temporary_folder(bundle, monkeypatch):
    monkeypatch.setattr("zonecma.capture.bundle.cache_folder", lambda name: None)
    folder = unpacked(bundle)
    assert (folder / "before" / "zoneinfo").is_file()
    assert unpacked(bundle) == folder


def write(path, *members):
    """An archive of (TarInfo, content) pairs."""
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def named(name, kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (named("/etc/passwd"), "does not lie in the bundle's folder"),
        (named("b/../../up"), "does not lie in the bundle's folder"),
        (named("alone"), "does not lie in the bundle's folder"),
        (named("b/link", tarfile.SYMTYPE, "/etc/passwd"), "neither file nor folder"),
        (named("b/link", tarfile.LNKTYPE, "b/uname"), "neither file nor folder"),
        (named("b/pipe", tarfile.FIFOTYPE), "neither file nor folder"),
        (named("b/disk", tarfile.BLKTYPE), "neither file nor folder"),
        (named("other/uname"), "not all in one folder"),
        (named("b/uname"), "File exists"),
        (named("b/uname/below"), "cannot be unpacked"),
        (named("b/" + "x" * 5000), "cannot be unpacked"),
    ],
    ids=lambda value: value.name[:12] if isinstance(value, tarfile.TarInfo) else "",
)
def test_what_a_collector_does_not_write_is_refused(tmp_path, cache, member, expected):
    path = write(tmp_path / "b.tar.gz", (named("b/uname"), b"Linux"), (member, b""))
    with pytest.raises(InputError, match=expected) as error:
        unpacked(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
    assert not [*(cache / "bundles").iterdir()]
    assert not (tmp_path / "up").exists()


def test_too_many_members(tmp_path):
    members = [(named(f"b/{number}"), b"") for number in range(MAX_MEMBERS + 1)]
    with pytest.raises(InputError, match="more than 10000 members"):
        unpacked(write(tmp_path / "b.tar.gz", *members))


@pytest.mark.parametrize("name", ["b/large", "long name"])
def test_a_bomb(tmp_path, cache, name):
    """128 MiB of zeros in a few hundred KiB: as a file, and as the name of one."""
    member = named(name)
    member.size = 128 << 20
    if name == "long name":
        member.type = tarfile.GNUTYPE_LONGNAME
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", 1) as stream:
        stream.write(member.tobuf(tarfile.GNU_FORMAT))
        for _ in range(128):
            stream.write(bytes(1 << 20))
    with pytest.raises(InputError, match="50 times"):
        unpacked(path)
    assert not [*(cache / "bundles").iterdir()]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_bundle_that_is_cut_off(bundle, tmp_path, share):
    whole = bundle.read_bytes()
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="cut off"):
        open_recording(str(path))


def test_a_damaged_bundle(bundle, tmp_path):
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path = tmp_path / "damaged.tar.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        open_recording(str(path))


def test_other_files_are_no_bundles(tmp_path):
    for content in (b"", b"text", b"\x1f\x8b", gzip.compress(b"text"), gzip.compress(bytes(1024))):
        path = tmp_path / "file"
        path.write_bytes(content)
        assert not is_bundle(path)
        with pytest.raises(InputError, match=r"cut off|no trace events|expected"):
            open_recording(str(path)).trace()


def test_a_bundle_without_a_trace(tmp_path):
    files = files_of(BOOT)
    del files["trace.txt.gz"]
    with pytest.raises(InputError, match=r"has no trace\.txt"):
        open_recording(str(pack(tmp_path / "b.tar.gz", files)))


def test_a_plain_file_comes_before_the_archive(tmp_path):
    (tmp_path / "proc.tar.xz").write_bytes((CAPTURES / BOOT / "proc.tar.xz").read_bytes())
    assert Recording(tmp_path).kernel_file("uname").startswith("Linux")
    (tmp_path / "uname").write_text("Linux other 6.1.1\n")
    assert Recording(tmp_path).release == "6.1.1"
