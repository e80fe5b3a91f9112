"""Command lines: the kernel's, and QEMU's."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.events import TRACEPOINTS
from recorder.layout import layout
from recorder.plan import Calls, Plan

_PAGES_PER_MIB, _PCP_BATCH = 256, 63
_TRACE_ALIGN = 2 << 20
"""bytes: the ring buffer's memory starts and ends with a pageblock"""


def has_own_trace_memory(plan: Plan) -> bool:
    """Whether the ring buffer lies in memory that the allocator never owns (``reserve_mem=``, since 6.12)."""
    return plan.kernel != "6.1" and not plan.live


def kernel_words(plan: Plan) -> list[str]:
    """The kernel's command line, by words."""
    memory = layout(plan.ram, plan.trace if has_own_trace_memory(plan) else 0)
    return [
        "console=ttyS0",
        *_root(plan),
        "nokaslr",  # struct pages at a known address
        "panic=-1",
        "mitigations=off",
        f"memmap=16M${memory.hidden}M",
        *_trace(plan),
        "memblock=debug",
        *_areas(plan),
        *(["page_owner=on"] if plan.page_owner else []),
        *(["norandmaps"] if plan.deterministic else []),
        *(_like_4_7(plan) if plan.like_4_7 else []),
        *_guest(plan),
        *plan.append,
    ]


def _root(plan: Plan) -> list[str]:
    if plan.deterministic:
        return ["rdinit=/init"]
    return ["root=/dev/vda", "rw", "rootfstype=ext4", f"init={'/lib/collect.sh' if plan.live else '/init'}"]


def _trace(plan: Plan) -> list[str]:
    if plan.live:
        return []
    events = ",".join(TRACEPOINTS)
    if has_own_trace_memory(plan):
        return [f"reserve_mem={plan.trace}M:{_TRACE_ALIGN}:trace", f"trace_instance=cap@trace,{events}"]
    return [f"trace_buf_size={plan.trace}M", f"trace_event={events}"]


def _areas(plan: Plan) -> list[str]:
    words = {"cma": plan.area, "hugetlb_cma": plan.huge_area, "movablecore": plan.movable}
    return [f"{name}={value}" for name, value in words.items() if value]


def _like_4_7(plan: Plan) -> list[str]:
    """What 4.7 had not, switched off before the guest's first program runs.

    vm.watermark_boost_factor is of 5.0, vm.compaction_proactiveness of 5.9; a fraction given
    fixes the size of per-cpu lists, which 6.7 began to tune: here to 4.7's six batches of a
    large zone (pageset_set_batch).
    """
    fraction = max(8, plan.ram * _PAGES_PER_MIB // (6 * _PCP_BATCH * plan.cpus))
    settings = {
        "watermark_boost_factor": 0,
        "compaction_proactiveness": 0,
        "percpu_pagelist_high_fraction": fraction,
    }
    return [f"sysctl.vm.{name}={value}" for name, value in settings.items()]


def _guest(plan: Plan) -> list[str]:
    """What the guest's init is told: the kernel hands on words that it does not know as its environment."""
    words: dict[str, str | int] = {"LOAD": plan.load.name, "SEED": plan.load.seed, "SIZE": plan.load.size}
    if plan.calls:
        words |= _calls(plan.calls)
    if plan.swap:
        words["SWAP"] = 1
    if plan.kill_after:
        words["KILL"] = plan.kill_after
    return [f"GT{name}={value}" for name, value in words.items()]


def _calls(calls: Calls) -> dict[str, str | int]:
    figures = {"COUNT": calls.count, "HOLD": calls.hold, "GAP": calls.gap, "KEEP": calls.keep}
    return {
        "CALLS": f"{calls.least}:{calls.most}",
        **{f"CALLS_{name}": value for name, value in figures.items()},
    }


@dataclass(frozen=True)
class Files:
    """What QEMU is given besides its options."""

    kernel: Path
    folder: Path
    """where its sockets, console and disks are"""
    disks: Sequence[str]
    """names in that folder: vda, vdb, ..."""
    initrd: Path | None = None
    later: Sequence[str] = ()
    """disks that are plugged in later"""


def qemu_command(plan: Plan, files: Files) -> list[str]:
    """QEMU's command line; the machine waits for gdb before its first instruction."""
    memory = layout(plan.ram, plan.trace if has_own_trace_memory(plan) else 0)
    return [
        "qemu-system-x86_64",
        *("-accel", "tcg,thread=single" if plan.deterministic else "tcg"),
        *("-M", "pc", "-cpu", "qemu64,+pdpe1gb" if plan.huge_area else "qemu64"),
        *("-m", str(memory.size), "-smp", str(plan.cpus)),
        *("-nic", "none", "-nographic", "-no-reboot", "-display", "none", "-monitor", "none"),
        *("-serial", f"file:{files.folder}/console.log"),
        *("-qmp", f"unix:{files.folder}/qmp.sock,server=on,wait=off"),
        *("-S", "-gdb", f"unix:{files.folder}/gdb.sock,server=on,wait=off"),
        *("-device", "vmcoreinfo"),
        *("-rtc", "base=2026-01-01,clock=vm" if plan.deterministic else "base=2026-01-01"),
        *(["-icount", "shift=1,sleep=off"] if plan.deterministic else []),
        *("-kernel", str(files.kernel), "-append", " ".join(kernel_words(plan))),
        *(["-initrd", str(files.initrd)] if files.initrd else []),
        *(word for disk in files.disks for word in _disk(disk, files.folder)),
        *(word for disk in files.later for word in _drive(disk, files.folder)),
    ]


def _disk(name: str, folder: Path) -> list[str]:
    return [*_drive(name, folder), "-device", f"virtio-blk-pci,drive={name}"]


def _drive(name: str, folder: Path) -> list[str]:
    return ["-drive", f"file={folder}/{name},format=raw,if=none,id={name},cache=unsafe"]


def shown(command: Sequence[str], places: dict[str, Path]) -> str:
    """A command line to read, with names for the places of this machine."""
    line = shlex.join(command)
    for name, place in places.items():
        line = line.replace(str(place), name)
    return line
