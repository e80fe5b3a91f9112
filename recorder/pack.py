"""What the guest left, packed as a recording is."""

from __future__ import annotations

import tarfile
from pathlib import Path

from recorder.errors import RecorderError

_ALWAYS = ("before", "after", "dmesg", "uname", "cmdline", "cmasysfs")


def unpack_results(disk: Path, target: Path) -> tuple[Path, list[Path]]:
    """The guest's results and its raw trace, a file a CPU; RecorderError if it brought none."""
    try:
        with tarfile.open(disk, "r:") as tar:
            tar.extractall(target, filter="data")
    except tarfile.TarError as error:
        raise RecorderError(f"the guest's results are damaged ({error})") from error
    raw = sorted(target.glob("raw/cpu*"), key=lambda path: int(path.name.removeprefix("cpu")))
    if not raw:
        raise RecorderError("the guest ended without results")
    return target / "res", raw


def pack_proc(results: Path, target: Path) -> None:
    """``proc.tar.xz``: the kernel's files and what the load left, without what only reads the raw trace."""
    with tarfile.open(target, "w:xz", preset=9) as tar:
        for name in packed_names([path.name for path in results.iterdir()]):
            tar.add(results / name, name, filter=_nobodys)


def packed_names(names: list[str]) -> list[str]:
    """The members of ``proc.tar.xz``, of what the guest brought."""
    more = [name for name in names if name not in _ALWAYS and not _only_for_reading(name)]
    return [*_ALWAYS, *sorted(more)]


def _only_for_reading(name: str) -> bool:
    return name in ("events", "saved_cmdlines", "printk_formats", "kallsyms") or name.startswith("uptime")


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A file without an owner and of no particular time: packing twice gives the same bytes."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = 0
    return member
