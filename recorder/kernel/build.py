"""Building a kernel, once for each source, configuration and compiler."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from recorder.errors import RecorderError
from recorder.folders import cache_folder, locked, new_folder
from recorder.kernel.config import CONFIG, fragment, options, refused
from recorder.kernel.source import Source, find_source, unpack
from recorder.processes import run_with_children
from recorder.say import say

_KEPT = {
    "vmlinux": "vmlinux",
    "bzImage": "arch/x86/boot/bzImage",
    "System.map": "System.map",
    "config": ".config",
}
"""What a recording needs of a build, and where make leaves it."""
_NOBODY = {
    "KBUILD_BUILD_USER": "recorder",
    "KBUILD_BUILD_HOST": "zonecma",
    "KBUILD_BUILD_TIMESTAMP": "2026-01-01",
}
"""Who built it when: the same for all, so that one configuration gives one kernel."""


@dataclass(frozen=True)
class Kernel:
    """A kernel that is built."""

    source: Source
    folder: Path
    compiler: str

    @property
    def image(self) -> Path:
        """What QEMU boots."""
        return self.folder / "bzImage"

    @property
    def vmlinux(self) -> Path:
        """The same with debug information."""
        return self.folder / "vmlinux"

    def address(self, function: str) -> int:
        """Where a function starts; RecorderError if there is none of that name."""
        for line in (self.folder / "System.map").read_text().splitlines():
            address, _, name = line.split()
            if name == function:
                return int(address, 16)
        raise RecorderError(f"{self.folder}: this kernel has no function {function}")


def build(series: str) -> Kernel:
    """The kernel of a series, from the cache or built now (5 to 10 minutes on two CPUs)."""
    source, compiler = find_source(series), _compiler()
    key = hashlib.sha256("\0".join((source.sha256, CONFIG.read_text(), compiler)).encode()).hexdigest()[:12]
    cache = cache_folder()
    kernel = Kernel(source, cache / "kernel" / f"{series}-{key}", compiler)
    with locked(cache / f"{series}.lock"):
        if not kernel.folder.exists():
            _build(kernel, cache)
    return kernel


def _compiler() -> str:
    version = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True)
    return version.stdout.splitlines()[0]


def _build(kernel: Kernel, cache: Path) -> None:
    tree = unpack(kernel.source, cache)
    objects = cache / "objects" / kernel.folder.name  # stays after an interrupt: make goes on from there
    objects.mkdir(parents=True, exist_ok=True)
    log, start = objects / "build.log", time.monotonic()
    say(f"building Linux {kernel.source.kernel}: 5 to 10 minutes, once (log: {log})")
    _configure(kernel.source.kernel, tree, objects, log)
    _make(tree, objects, log, "bzImage", "vmlinux")
    with new_folder(kernel.folder) as beside:
        for name, where in _KEPT.items():
            shutil.copy2(objects / where, beside / name)
    shutil.rmtree(objects)
    say(f"built in {time.monotonic() - start:.0f} s")


def _configure(series: str, tree: Path, objects: Path, log: Path) -> None:
    """``tinyconfig`` with the recorder's options on top; RecorderError if the kernel refuses one."""
    wanted = options(CONFIG.read_text(), series)
    _make(tree, objects, log, "tinyconfig")
    with (objects / ".config").open("a") as config:
        config.write(fragment(wanted))
    _make(tree, objects, log, "olddefconfig")
    if missing := refused(wanted, options((objects / ".config").read_text(), series)):
        raise RecorderError(f"{CONFIG}: Linux {series} does not take {', '.join(missing)} as written there")


def _make(tree: Path, objects: Path, log: Path, *goals: str) -> None:
    command = ["make", "-C", str(tree), f"O={objects}", f"-j{os.cpu_count() or 1}", *goals]
    with log.open("a") as file:
        status = run_with_children(command, file, _NOBODY)
    if status:
        raise RecorderError(f"{log}: make {' '.join(goals)} failed; the end of this log says why")
