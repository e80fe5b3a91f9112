"""This machine's files, with a folder in the place of its root."""

import os

import numpy as np
import pytest

from zonecma.capture.live_files import LiveFiles


@pytest.fixture
def root(tmp_path):
    for folder in ("proc", "sys/kernel/debug/cma/linux,cma", "sys/kernel/mm/cma/linux,cma"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "proc/zoneinfo").write_text("zones")
    (tmp_path / "proc/kpageflags").write_bytes(np.arange(100, dtype="<u8").tobytes())
    (tmp_path / "sys/kernel/debug/cma/linux,cma/count").write_text("8\n")
    (tmp_path / "sys/kernel/mm/cma/linux,cma/alloc_pages_fail").write_text("3\n")
    (tmp_path / "sys/kernel/debug/page_owner").write_bytes(b"x" * 10_000)
    return tmp_path


def test_names_lead_to_proc_and_sys(root):
    files = LiveFiles(root)
    assert (files.text("zoneinfo"), files.text("meminfo")) == ("zones", None)
    assert (files.areas(), files.text("cma/linux,cma/count")) == (["linux,cma"], "8\n")
    assert files.text("cmasysfs") == "/sys/kernel/mm/cma/linux,cma/alloc_pages_fail 3\n"


def test_an_areas_words_are_read_at_its_frames(root):
    files = LiveFiles(root)
    assert [*np.frombuffer(files.frames("kpageflags", 40, 3), "<u8")] == [40, 41, 42]
    assert len(files.frames("kpageflags", 98, 5)) == 16
    assert files.frames("kpagecount", 0, 1) is None


def test_page_owner_is_read_to_its_end(root):
    with LiveFiles(root).owners() as file:
        assert (len(file.read(5000)), len(file.read(5000)), file.read(1)) == (8192, 1808, b"")


@pytest.mark.parametrize(
    ("user", "name", "why"),
    [
        (1000, "cma", "only root may read it"),
        (0, "kpageflags.gz", "CONFIG_PROC_PAGE_MONITOR"),
        (0, "cma", "CONFIG_CMA_DEBUGFS"),
        (0, "page_owner.gz", "page_owner=on"),
    ],
)
def test_why_something_is_missing(root, monkeypatch, user, name, why):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert why in LiveFiles(root).why_missing(name)


def test_debugfs_that_is_not_mounted(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "debugfs is not mounted" in LiveFiles(tmp_path).why_missing("cma")
    assert LiveFiles(tmp_path).areas() == []
    with LiveFiles(tmp_path).owners() as owners:
        assert owners is None
