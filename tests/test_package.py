"""What is built: small, without recordings but the demo's, and working on its own."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.conftest import REPOSITORY

LIMIT = 10 << 20
"""Bytes that an sdist and a wheel may have."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with an sdist, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_the_sdist_has_no_recording_but_the_demo(built):
    (sdist,) = built.glob("*.tar.gz")
    assert sdist.stat().st_size < LIMIT
    with tarfile.open(sdist) as tar:
        names = tar.getnames()
    traces = [name for name in names if name.endswith("trace.txt.zst")]
    assert [name.split("/", 1)[1] for name in traces] == ["src/zonecma/data/cma256-mix-6.12/trace.txt.zst"]
    assert any(name.endswith("/LICENSE") for name in names)


def test_the_wheel_works_alone(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    assert wheel.stat().st_size < LIMIT
    with zipfile.ZipFile(wheel) as file:
        assert "zonecma/machine/presets/rpi4-4g.toml" in file.namelist()
        assert "zonecma/report/page/page.html" in file.namelist()
        file.extractall(tmp_path / "site")
    assert (tmp_path / "site" / "zonecma" / "py.typed").exists()
    where = "import zonecma; print(zonecma.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}

    def run(*command):
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )

    assert run(sys.executable, "-c", where).stdout.startswith(str(tmp_path))
    assert "cma256-mix-6.12" in run(sys.executable, "-m", "zonecma", "show", "cma256-mix-6.12").stdout
