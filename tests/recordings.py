"""Recordings made of others."""

import io
import tarfile

from tests.conftest import CAPTURES


def of_another_kernel(tmp_path, release):
    """A folder in ``tmp_path`` with a recording whose kernel calls itself otherwise."""
    folder = tmp_path / "renamed"
    folder.mkdir()
    for file in (CAPTURES / "boot-nocma-6.12").iterdir():
        (folder / file.name).symlink_to(file)
    archive = folder / "proc.tar.xz"
    with tarfile.open(archive) as old:
        files = {member.name: old.extractfile(member).read() for member in old if member.isfile()}
    files["uname"] = files["uname"].replace(b"6.12.117-gt", release)
    archive.unlink()
    with tarfile.open(archive, "w:xz") as new:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return folder
