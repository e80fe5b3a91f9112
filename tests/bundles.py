"""Bundles made of recordings: what a collector would have brought back of that boot.

A recording's trace begins at boot, and its /proc files are read at its mark GT_before_done: a bundle's
trace begins there.  It has no snapshots.
"""

import gzip
import io
import tarfile

import zstandard

from tests.conftest import CAPTURES

BEFORE = b"GT_before_done"


def trace_of(folder):
    """The trace's lines from where the /proc files were read on, as text."""
    with (folder / "trace.txt.zst").open("rb") as file:
        lines = (
            zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read().splitlines(True)
        )
    first = next(number for number, line in enumerate(lines) if BEFORE in line)
    heading = [line for line in lines[:1] if line.startswith(b"cpus=")]
    return b"".join(heading + lines[first:])


def files_of(name):
    """A bundle's files, by their names in its folder."""
    folder = CAPTURES / name
    with tarfile.open(folder / "proc.tar.xz") as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}
    files["trace.txt.gz"] = gzip.compress(trace_of(folder), 1)
    files["collector.txt"] = b"format=1\ntruncated=no\ninterrupted=no\n"
    return files


def pack(path, files, top="zonecma-board-20260101-120000"):
    """Write a .tar.gz with these files in one folder."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{top}/{name}" if top else name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def bundle_of(name, folder):
    """The bundle of a recording in the repository, written into ``folder``."""
    return pack(folder / f"{name.replace('/', '-')}.tar.gz", files_of(name))
