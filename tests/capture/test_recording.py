"""Finding recordings and the files in them."""

import io
import shutil
import tarfile

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.recording import DEMO, PACKAGED, Recording, load_markers, open_recording
from zonecma.errors import InputError


def test_the_demo_ships_with_the_package():
    recording = open_recording()
    assert recording.path == PACKAGED / DEMO
    assert recording.release == "6.12.117-gt"


def test_by_folder_and_by_name(monkeypatch):
    assert open_recording(str(CAPTURES / "nocma-mix-6.12")).name == "nocma-mix-6.12"
    monkeypatch.chdir(CAPTURES.parent)
    assert open_recording("nocma-mix-6.12").path.is_dir()


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(InputError, match=DEMO):
        open_recording("no-such-recording")


def test_the_load_lies_between_its_markers():
    start, end = load_markers(open_recording().trace())
    assert (start, end) == (2_604_647_000, 7_398_458_000)


def test_what_a_recording_lacks_is_named(tmp_path):
    recording = Recording(tmp_path)
    with pytest.raises(InputError, match=r"trace\.txt"):
        recording.trace()
    with pytest.raises(InputError, match=r"proc\.tar\.xz"):
        _ = recording.release
    shutil.copy(CAPTURES / "nocma-mix-6.12" / "proc.tar.xz", tmp_path)
    with pytest.raises(InputError, match="has no before/nothing"):
        recording.kernel_file("before/nothing")


def test_a_damaged_archive(tmp_path):
    whole = (CAPTURES / "nocma-mix-6.12" / "proc.tar.xz").read_bytes()
    (tmp_path / "proc.tar.xz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"proc\.tar\.xz"):
        Recording(tmp_path).kernel_file("uname")


def test_a_host_may_have_no_name(tmp_path):
    """`uname -a` of busybox then has one word less."""
    archive = tmp_path / "proc.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        text = b"Linux 6.12.117-recorder #1 SMP\n"
        member = tarfile.TarInfo("uname")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    assert Recording(tmp_path).release == "6.12.117-recorder"
