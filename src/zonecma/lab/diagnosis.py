"""diagnose: whether zonecma works here, what of it does not, and what would mend that.

Nothing is argued that can be tried: the model replays the recording that ships with zonecma.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from zonecma import __version__
from zonecma.cache import cache_folder
from zonecma.capture.recording import DEMO, open_recording
from zonecma.errors import InputError
from zonecma.kernel.jit import MACHINE_CODE
from zonecma.lab.verify import verify
from zonecma.progress import Progress, no_progress

_LIBRARIES = ("numba", "numpy", "polars", "scipy", "rich", "typer", "zstandard")
_EXTRAS = {
    "matplotlib": ("zonecma report --png, plots in notebooks", "pip install 'zonecma[plot]'"),
    "perfetto": ("zonecma report --perfetto", "pip install 'zonecma[perfetto]'"),
}
"""Libraries that some verbs need: for what, and how to get them."""
_PROGRAMS = {"dtc": ("device trees as source (.dts)", "apt install device-tree-compiler")}
_LITTLE_MIB = 500
"""Of disk: the compiled model and a few recordings take about so much."""
_TRACING = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    works: bool
    needed: bool = True
    """whether nothing works without it"""
    remedy: str = ""
    """where it does not work"""


def diagnose(progress: Progress = no_progress) -> tuple[Finding, ...]:
    """What works here, in the order in which things depend on each other."""
    return (*_environment(), *_libraries(), *_programs(), *_cache(), _model(progress), _collector())


def _environment() -> Iterator[Finding]:
    where = Path(__file__).resolve().parent.parent
    yield Finding("zonecma", f"{__version__} in {where}", True)
    yield Finding("Python", f"{platform.python_version()} ({sys.executable})", sys.version_info >= (3, 11))
    cpus = len(os.sched_getaffinity(0))
    yield Finding("machine", f"{platform.system()} {platform.machine()}, {cpus} CPUs for runs", True)


def _libraries() -> Iterator[Finding]:
    for name in _LIBRARIES:
        found = _version(name)
        yield Finding(name, found or "missing", bool(found), remedy="pip install --force-reinstall zonecma")
    for name, (what_for, remedy) in _EXTRAS.items():
        found = _version(name)
        yield Finding(name, found or f"missing: {what_for}", bool(found), needed=False, remedy=remedy)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _programs() -> Iterator[Finding]:
    for name, (what_for, remedy) in _PROGRAMS.items():
        where = shutil.which(name)
        yield Finding(name, where or f"missing: {what_for}", bool(where), needed=False, remedy=remedy)


def _cache() -> Iterator[Finding]:
    folder = cache_folder("traces")
    if folder is None:
        remedy = "let ZONECMA_CACHE name a folder that can be written"
        yield Finding(
            "cache", "no folder can be written: all is compiled anew each time", False, False, remedy
        )
        return
    free = shutil.disk_usage(folder).free >> 20
    remedy = f"make room, or let ZONECMA_CACHE name a folder with {_LITTLE_MIB} MiB"
    yield Finding("cache", f"{folder.parent}, {free:,} MiB free", free >= _LITTLE_MIB, False, remedy)
    compiled = MACHINE_CODE is not None and any(MACHINE_CODE.iterdir())
    yield Finding(
        "compiled model", "there" if compiled else "not yet: the first run of a verb makes it", True
    )


def _model(progress: Progress) -> Finding:
    """Whether the model, compiled here, chooses the page frames of the recording that ships with zonecma."""
    try:
        allocations = verify(open_recording(DEMO), progress).allocations
    except (InputError, OSError) as error:
        return Finding("model", f"{error}", False, remedy="install zonecma anew")
    told = f"{allocations.exact:,} of {allocations.checked:,} page frames of {DEMO} chosen as its kernel did"
    return Finding("model", told, allocations.exact == allocations.checked, remedy="install zonecma anew")


def _collector() -> Finding:
    """Whether this machine itself could be recorded."""
    lacks = [] if os.geteuid() == 0 else ["root"]
    lacks += [] if any((folder / "events").is_dir() for folder in _TRACING) else ["tracefs"]
    lacks += [] if _has_cma() else ["a CMA area"]
    told = f"this machine lacks {', '.join(lacks)}" if lacks else "this machine can be recorded"
    return Finding(
        "collector", told, not lacks, needed=False, remedy="run it on the target: zonecma collector"
    )


def _has_cma() -> bool:
    try:
        return "CmaTotal" in Path("/proc/meminfo").read_text()
    except OSError:
        return False
