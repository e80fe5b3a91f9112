"""What loads need besides their scripts."""

import pytest

from recorder.errors import RecorderError
from recorder.needs import Needs, fill, read_needs, unmet

TEXT = """# what `build` needs
package tcc
copy /usr/bin/tcc
source lua5.4 src/*.h /src/lua

kernel CONFIG_SWAP=y
"""


def test_lines_are_kept_by_kind(tmp_path):
    (tmp_path / "build.needs").write_text(TEXT)
    assert read_needs(tmp_path / "build.needs") == Needs(
        ["tcc"], ["/usr/bin/tcc"], [("lua5.4", "src/*.h", "/src/lua")], ["CONFIG_SWAP=y"]
    )
    assert read_needs(tmp_path / "none.needs") == Needs()


@pytest.mark.parametrize("line", ["package", "copy a b", "module x", "source lua5.4 src"])
def test_a_line_of_another_kind_is_refused(tmp_path, line):
    (tmp_path / "x.needs").write_text(f"# first\n{line}\n")
    with pytest.raises(RecorderError, match="line 2"):
        read_needs(tmp_path / "x.needs")


def test_options_that_a_kernel_lacks_are_named():
    needs = Needs(kernel=["CONFIG_SWAP=y", "CONFIG_IO_URING=y", "CONFIG_CMA_AREAS=7"])
    config = "CONFIG_SWAP=y\n# CONFIG_IO_URING is not set\nCONFIG_CMA_AREAS=8\n"
    assert unmet(needs, config, "6.12") == ["CONFIG_IO_URING=y", "CONFIG_CMA_AREAS=7"]


def test_files_are_copied_to_the_same_place_and_sources_to_theirs(tmp_path):
    package, host, root = tmp_path / "packages/lua", tmp_path / "host", tmp_path / "root"
    for path in (host / "tcc", package / "lua-5.4" / "a.h"):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    fill(root, Needs(copy=[f"{host}/t*"], source=[("lua", "*.h", "/src/lua")]), tmp_path)
    assert (root / str(host)[1:] / "tcc").read_text() == "x"
    assert (root / "src/lua/a.h").exists()
    with pytest.raises(RecorderError, match="not found"):
        fill(root, Needs(copy=[f"{host}/nothing"]), tmp_path)
