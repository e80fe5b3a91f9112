"""Trace files: compressed, damaged, cached."""

import numpy as np
import pytest
import zstandard

from tests.conftest import CAPTURES
from zonecma.capture.parquet import load_trace
from zonecma.capture.trace import read_trace
from zonecma.errors import InputError

PACKED = CAPTURES / "boot-nocma-6.12" / "trace.txt.zst"


@pytest.fixture
def text():
    return zstandard.ZstdDecompressor().stream_reader(PACKED.open("rb")).read()


def test_plain_and_compressed_give_the_same(tmp_path, text):
    (tmp_path / "trace.txt").write_bytes(text)
    plain, packed = read_trace(tmp_path / "trace.txt"), read_trace(PACKED)
    assert (plain.events == packed.events).all()
    assert plain.texts == packed.texts


def test_several_compressed_frames_are_one_text(tmp_path, text):
    half = text.index(b"\n", len(text) // 2) + 1
    packer = zstandard.ZstdCompressor()
    (tmp_path / "t.zst").write_bytes(packer.compress(text[:half]) + packer.compress(text[half:]))
    assert len(read_trace(tmp_path / "t.zst").events) == len(read_trace(PACKED).events)


def test_cut_off_compressed_data(tmp_path):
    (tmp_path / "t.zst").write_bytes(PACKED.read_bytes()[:-1000])
    with pytest.raises(InputError, match=r"t\.zst: cut off after \d+ decompressed bytes"):
        read_trace(tmp_path / "t.zst")


def test_cut_off_compressed_data_read_in_part(tmp_path):
    (tmp_path / "t.zst").write_bytes(PACKED.read_bytes()[:-1000])
    trace = read_trace(tmp_path / "t.zst", partial=True)
    whole = read_trace(PACKED)
    assert 0 < len(trace.events) < len(whole.events)
    assert (trace.events == whole.events[: len(trace.events)]).all()
    assert "cut off" in trace.damage


def test_damaged_compressed_data(tmp_path):
    data = bytearray(PACKED.read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "t.zst").write_bytes(data)
    with pytest.raises(InputError, match=r"t\.zst"):
        read_trace(tmp_path / "t.zst")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing\n"])
def test_a_text_without_events(tmp_path, content):
    (tmp_path / "t.txt").write_bytes(content)
    with pytest.raises(InputError, match="no trace events"):
        read_trace(tmp_path / "t.txt")


def test_a_foreign_file(tmp_path):
    (tmp_path / "t.zst").write_bytes(b"\x7fELF" + bytes(100))
    with pytest.raises(InputError, match=r"t\.zst: line 1 is cut off; expected a newline"):
        read_trace(tmp_path / "t.zst")  # what it is, its content tells, not its name


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_trace(tmp_path / "t.txt")


def test_the_cache_gives_back_what_was_read(cache):
    first, second = load_trace(PACKED), load_trace(PACKED)
    assert list(cache.glob("traces/*/events.parquet"))
    assert (first.events == second.events).all()
    assert first.texts == second.texts


def test_a_changed_file_is_read_again(cache, tmp_path, text):
    path = tmp_path / "trace.txt"
    path.write_bytes(text)
    before = load_trace(path)
    half = text.index(b"\n", len(text) // 2) + 1
    path.write_bytes(text[:half])
    assert len(load_trace(path).events) < len(before.events)


def test_damage_is_never_cached(cache, tmp_path, text):
    (tmp_path / "trace.txt").write_bytes(text + b"garbage\n")
    assert load_trace(tmp_path / "trace.txt", partial=True).damage
    assert load_trace(tmp_path / "trace.txt", partial=True).damage
    assert not list(cache.glob("traces/*"))


def test_without_a_cache_folder_reading_still_works(cache, monkeypatch):
    from zonecma.cache import cache_folder

    cache_folder.cache_clear()
    monkeypatch.setenv("ZONECMA_CACHE", "/proc/nowhere")
    assert np.array_equal(load_trace(PACKED).events, read_trace(PACKED).events)


def test_half_written_cache_entries_do_not_exist(cache, monkeypatch):
    """The entry appears whole, by a rename, or not at all."""
    import polars as pl

    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    assert len(load_trace(PACKED).events)
    assert not list(cache.glob("traces/*"))


@pytest.mark.parametrize(
    ("name", "content"), [("texts.json", b"[]"), ("texts.json", b"["), ("events.parquet", b"")]
)
def test_a_damaged_cache_entry_is_read_anew(cache, name, content):
    first = load_trace(PACKED)
    (entry,) = cache.glob("traces/*")
    (entry / name).write_bytes(content)
    again = load_trace(PACKED)
    assert (again.events == first.events).all()
    assert again.texts == first.texts


def test_another_reader_does_not_use_the_entries_of_this_one(cache, monkeypatch):
    load_trace(PACKED)
    monkeypatch.setattr("zonecma.cache.digest_of", lambda *_: "other")
    load_trace(PACKED)
    assert len(list(cache.glob("traces/*"))) == 2
