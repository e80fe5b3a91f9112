"""A guest that zonecma's collector records, as it would a board: what the script is tested on."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from recorder import guest_root
from recorder.command_line import Files, qemu_command
from recorder.errors import RecorderError
from recorder.folders import cache_folder
from recorder.kernel.build import Kernel, build
from recorder.machine import running
from recorder.plan import Plan
from recorder.programs import need_all
from recorder.record import keep_console
from recorder.say import say

_RESULTS = "vdb"
"""The disk that brings the script in, and takes the bundle out."""


def collect(plan: Plan, options: str, folder: Path) -> Path | None:
    """Run the collector beside the plan's load; returns the bundle, None where the collector was killed.

    ``plan.live`` is set; ``options`` are the script's own: ``-q -b 16``.  Raises RecorderError, with the
    guest's console in ``folder``, when there is no bundle, or when anything of the guest's tracing, mounts or
    files is not as it was.
    """
    need_all()
    kernel = build(plan.kernel)
    with tempfile.TemporaryDirectory(prefix="recorder-") as name:
        work = Path(name)
        try:
            left = _run(plan, options, kernel, work)
            return _bundle(left, plan, folder / f"{plan.name}.tar.gz")
        except RecorderError as error:
            kept = keep_console(work, folder, plan)
            raise RecorderError(f"{error}; the guest's console: {kept}") from error


def _run(plan: Plan, options: str, kernel: Kernel, work: Path) -> dict[str, bytes]:
    """What the guest leaves, by name."""
    root = guest_root.guest_root(cache_folder(), plan.load.name)
    guest_root.root_disk(root, work / "vda")
    guest_root.scratch_disk(work / "vdc", plan.data)
    if plan.swap:
        guest_root.swap_disk(work / "vdd", plan.swap)
    guest_root.empty_disk(work / _RESULTS)
    _bring(work / _RESULTS, {"collector.sh": _script(), "options": options.encode()})
    disks = ["vda", _RESULTS, "vdc", *(["vdd"] if plan.swap else [])]
    say(f"booting Linux {plan.kernel} with {plan.ram} MiB")
    with running(qemu_command(plan, Files(kernel.image, work, disks)), work, plan.timeout) as machine:
        machine.finish()
    try:
        with tarfile.open(work / _RESULTS, "r:") as tar:
            return {member.name: _content(tar, member) for member in tar if member.isfile()}
    except tarfile.TarError as error:
        raise RecorderError(f"the guest ended without results ({error})") from error


def _script() -> bytes:
    """What zonecma prints: the recorder knows no more of it than a user does."""
    command = [sys.executable, "-m", "zonecma", "collector"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RecorderError(f"zonecma collector fails: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _bring(disk: Path, files: dict[str, bytes]) -> None:
    """Put files on an empty disk, as a tar archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with disk.open("r+b") as file:
        file.write(archive.getvalue())


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file else b""


def _bundle(left: dict[str, bytes], plan: Plan, target: Path) -> Path | None:
    """Check what the guest left, and keep its bundle."""
    for what in ("settings", "mounts", "left"):
        check_restored(what, left[f"{what}.before"].decode(), left[f"{what}.after"].decode())
    if plan.kill_after:
        check_killed(left["settings.before"].decode(), left["settings.killed"].decode())
        return None
    bundles = [name for name in left if name.endswith(".tar.gz")]
    if len(bundles) != 1:
        raise RecorderError(f"the collector left {len(bundles)} bundles; expected one")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(left[bundles[0]])
    return target


def check_restored(what: str, before: str, after: str) -> None:
    """RecorderError names the first lines that the collector left changed."""
    changed = sorted(set(before.splitlines()) ^ set(after.splitlines()))
    if changed:
        raise RecorderError(f"{what}: not as before the collector: {', '.join(changed[:4])}")


def check_killed(before: str, killed: str) -> None:
    """RecorderError if the killed collector had changed nothing yet: then nothing was tested."""
    if before == killed:
        raise RecorderError("the collector was killed before it had begun, or after its end")
