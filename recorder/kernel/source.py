"""Debian's linux-source packages: which are known, where they lie, how they are unpacked."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from recorder.errors import RecorderError
from recorder.folders import new_folder
from recorder.say import say

PACKAGES = Path("/usr/src")
"""Where Debian's linux-source packages put their archives."""


@dataclass(frozen=True)
class Pinned:
    """A package that recordings were made with."""

    version: str
    sha256: str
    """of its archive"""


PINNED = {
    "6.1": Pinned("6.1.192-2", "4d415b3d364834fd818270e88813e90323bbfce4f519a0e6bd4940ddcd7df693"),
    "6.12": Pinned("6.12.117-1~deb12u1", "585a4a074597aefa2b1a68ada83a3184ba351c127544dea80618bbcceaa3961f"),
}


@dataclass(frozen=True)
class Source:
    """The source that a kernel is built from."""

    kernel: str
    archive: Path
    package: str
    """name and version"""
    sha256: str

    @property
    def pinned(self) -> bool:
        """Whether it is the package that is known."""
        return self.sha256 == PINNED[self.kernel].sha256


def find_source(kernel: str, packages: Path = PACKAGES) -> Source:
    """The archive of a kernel series; warns when it is not the known one; RecorderError without any."""
    archive = packages / f"linux-source-{kernel}.tar.xz"
    if not archive.is_file():
        raise RecorderError(
            f"{archive}: not found; install it: apt install linux-source-{kernel}"
            f" (6.12 is in Debian 12's bookworm-backports)"
        )
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    source = Source(kernel, archive, _package(kernel), digest)
    if not source.pinned:
        say(f"warning: {source.package} is not the known {PINNED[kernel].version}: frames may differ")
    return source


def _package(kernel: str) -> str:
    """Name and version of the installed package; the name alone where dpkg does not know it."""
    name = f"linux-source-{kernel}"
    query = ["dpkg-query", "--show", "--showformat=${Package} ${Version}", name]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return name


def unpack(source: Source, cache: Path) -> Path:
    """The folder of the unpacked source, in the cache; about a minute the first time."""
    folder = cache / "source" / f"{source.kernel}-{source.sha256[:12]}"
    if not folder.exists():
        say(f"unpacking {source.archive.name}")
        with new_folder(folder) as beside:
            subprocess.run(["tar", "xJf", source.archive, "-C", beside, "--strip-components=1"], check=True)
    return folder
