"""Making a recording."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recorder import guest_root
from recorder.command_line import Files, qemu_command, shown
from recorder.errors import RecorderError
from recorder.folders import cache_folder, new_folder
from recorder.kernel.build import Kernel, build
from recorder.machine import Machine, running
from recorder.made import made
from recorder.needs import unmet
from recorder.pack import pack_proc, unpack_results
from recorder.plan import Plan
from recorder.programs import need_all
from recorder.say import say
from recorder.snapshot.read import write_snapshot
from recorder.summary import check_complete, summary
from recorder.trace_text import write_trace
from recorder.verify import entries, load_snapshot

_STOPS = {"E": "early_irq_init", "A": "__x64_sys_sethostname", "B": "__x64_sys_setdomainname"}
"""Where the guest stands at each snapshot: the first function that start_kernel() calls after
trace_init(), and where its program ``snap`` goes, and nothing else."""
_RESULTS = "vdb"
"""The disk that the guest leaves its results on."""


def record(plan: Plan, words: Sequence[str], folder: Path) -> Path:
    """Make the recording that is planned, in ``folder``; returns where it is.

    Raises RecorderError when it cannot be made; the console of a guest that failed then stays in ``folder``.
    """
    need_all()
    if plan.load.name not in guest_root.loads():
        raise RecorderError(f"no load {plan.load.name!r}; there are {', '.join(guest_root.loads())}")
    kernel, target = build(plan.kernel), folder / plan.name
    needs, config = guest_root.needs_of(plan.load.name), (kernel.folder / "config").read_text()
    if missing := unmet(needs, config, plan.kernel):
        say(f"warning: load {plan.load.name} wants {', '.join(missing)}, which this kernel has not")
    with tempfile.TemporaryDirectory(prefix="recorder-") as name, new_folder(target) as recording:
        work = Path(name)
        try:
            machine = _boot(plan, kernel, work, recording)
            _bring_in(work, recording)
        except (RecorderError, OSError) as error:
            if not (work / "console.log").exists():
                raise RecorderError(str(error)) from error  # there was no guest yet
            kept = keep_console(work, folder, plan)
            raise RecorderError(f"{_panic(kept) or error}; the guest's console: {kept}") from error
        _write_json(recording / "timing.json", machine.times)
        _write_json(recording / "made.json", made(words, plan, kernel))
    return target


def _boot(plan: Plan, kernel: Kernel, work: Path, recording: Path) -> Machine:
    """Run the guest from its first instruction to its end; the snapshots go into the recording."""

    def take(moment: str, dump: Path) -> None:
        say(f"snapshot {moment}")
        write_snapshot(
            dump, kernel.vmlinux, kernel.folder / "System.map", recording / f"snap.{moment}.json.gz"
        )

    files = _disks(plan, kernel, work)
    command = qemu_command(plan, files)
    places = {"RUN": work, "BUILD": kernel.folder}
    (recording / "cmd.txt").write_text(shown(command, places) + "\n")
    say(f"booting Linux {plan.kernel} with {plan.ram} MiB")
    with running(command, work, plan.timeout) as machine:
        machine.follow({moment: kernel.address(name) for moment, name in _STOPS.items()}, take)
        for disk in files.later:
            machine.add_disk(disk)
        machine.finish()
    return machine


def _disks(plan: Plan, kernel: Kernel, work: Path) -> Files:
    """The guest's disks: root, results, scratch, swap.

    A deterministic guest has its root in an archive, and no disk before the last snapshot: when
    a disk answers depends on the host.
    """
    root = guest_root.guest_root(cache_folder(), plan.load.name)
    guest_root.empty_disk(work / _RESULTS)
    if plan.deterministic:
        guest_root.initrd(root, work / "root.cpio")
        guest_root.scratch_disk(work / "vda", plan.trace * 2)
        return Files(kernel.image, work, [], work / "root.cpio", later=["vda", _RESULTS])
    guest_root.root_disk(root, work / "vda")
    guest_root.scratch_disk(work / "vdc", plan.data)
    if plan.swap:
        guest_root.swap_disk(work / "vdd", plan.swap)
    return Files(kernel.image, work, ["vda", _RESULTS, "vdc", *(["vdd"] if plan.swap else [])])


def _bring_in(work: Path, recording: Path) -> None:
    """Turn what the guest left on its second disk into the recording's files."""
    results, raw = unpack_results(work / _RESULTS, work / "results")
    say("writing the trace as text")
    write_trace(results, raw, work, recording / "trace.txt.zst")
    pack_proc(results, recording / "proc.tar.xz")
    figures = summary(recording / "trace.txt.zst", results)
    _write_json(recording / "summary.json", figures)
    check_complete(figures["by_cpu"], entries(load_snapshot(recording, "B")))
    if not figures["by_event"].get("mm_page_alloc"):
        raise RecorderError("the trace holds no allocation: the kernel could not make its ring buffer")
    say(
        f"{figures['events']} events"
        + (f", {figures['lost']} LOST: enlarge --trace" if figures["lost"] else "")
    )


def keep_console(work: Path, folder: Path, plan: Plan) -> Path:
    """Keep the console of a guest that failed, with what QEMU said."""
    kept = folder / f"{plan.name}.console.log"
    folder.mkdir(parents=True, exist_ok=True)
    with kept.open("wb") as file:
        for name in ("console.log", "qemu.log"):
            if (work / name).exists():
                with (work / name).open("rb") as log:
                    shutil.copyfileobj(log, file)
    return kept


def _panic(console: Path) -> str:
    """What the kernel said when it gave up; empty if it did not."""
    match = re.search(r"Kernel panic - .*", console.read_text(errors="replace"))
    return match[0] if match else ""


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
