"""Files are written whole or not at all."""

import pytest

from zonecma.errors import InputError
from zonecma.files import write_whole


def test_a_file_is_written_anew(tmp_path):
    target = tmp_path / "costs.toml"
    for text in ("first\n", "second é\n"):
        write_whole(target, text)
        assert target.read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["costs.toml"]


def test_what_is_no_file_is_left_alone(tmp_path):
    with pytest.raises(InputError, match="is no file"):
        write_whole(tmp_path, "text")


def test_half_a_file_never_stays(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "costs.toml", "\ud800")
    assert not [*tmp_path.iterdir()]
