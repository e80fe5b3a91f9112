"""What a load needs besides its script: ``NAME.needs`` beside it.

A line each: ``package NAME``, ``copy PATTERN`` (files of this machine, into the guest),
``source NAME PATTERN PLACE`` (files of a Debian source package, into a folder of the guest),
``kernel CONFIG_NAME=VALUE``.
"""

from __future__ import annotations

import glob
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from recorder.errors import RecorderError
from recorder.folders import new_folder
from recorder.kernel.config import options
from recorder.say import say

_WORDS = {"package": 1, "copy": 1, "source": 3, "kernel": 1}
"""How many words follow each kind."""


@dataclass
class Needs:
    """The lines of a load, by kind."""

    package: list[str] = field(default_factory=list)
    copy: list[str] = field(default_factory=list)
    source: list[tuple[str, str, str]] = field(default_factory=list)
    """package, pattern within it, folder in the guest"""
    kernel: list[str] = field(default_factory=list)


def read_needs(path: Path) -> Needs:
    """The needs of a load; none where it has no such file; RecorderError for a line that is none."""
    needs = Needs()
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        kind, *words = line.split() or ["#"]
        if kind.startswith("#"):
            continue
        if _WORDS.get(kind) != len(words):
            raise RecorderError(
                f"{path}: line {number}: expected package, copy, source or kernel with its words"
            )
        getattr(needs, kind).append(tuple(words) if kind == "source" else words[0])
    return needs


def check_packages(needs: Needs) -> None:
    """RecorderError names all packages that are not installed."""
    missing = [name for name in needs.package if not _installed(name)]
    if missing:
        raise RecorderError(f"the load needs more packages; install them: apt install {' '.join(missing)}")


def _installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def unmet(needs: Needs, config: str, series: str) -> list[str]:
    """Kernel options that a configuration has otherwise."""
    taken = options(config, series)
    wanted = (line.partition("=") for line in needs.kernel)
    return [f"{name}={value}" for name, _, value in wanted if taken.get(name, "n") != value]


def fill(root: Path, needs: Needs, cache: Path) -> None:
    """Put what a load needs into the guest's root; RecorderError for a pattern that nothing fits."""
    for pattern in needs.copy:
        for path in _found(pattern):
            _place(path, root / str(path).removeprefix("/"))
    for name, pattern, place in needs.source:
        for path in _found(str(_source_package(name, cache) / "*" / pattern)):
            _place(path, root / place.removeprefix("/") / path.name)


def _found(pattern: str) -> list[Path]:
    if not (paths := sorted(glob.glob(pattern))):  # noqa: PTH207 (the pattern is a whole path)
        raise RecorderError(f"{pattern}: not found, but the load needs it")
    return [Path(path) for path in paths]


def _place(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def _source_package(name: str, cache: Path) -> Path:
    """A folder with an unpacked source package, from the cache or fetched now."""
    folder = cache / "packages" / name
    if not folder.exists():
        say(f"fetching the source of {name}")
        with new_folder(folder) as beside:
            command = ["apt-get", "source", "--only-source", "--quiet", name]
            done = subprocess.run(command, cwd=beside, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RecorderError(f"apt-get source {name} fails; does sources.list have a deb-src line?")
    return folder
