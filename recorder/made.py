"""How a recording was made: enough to make it again (``made.json``)."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recorder.guest_root import loads
from recorder.kernel.build import Kernel
from recorder.plan import Plan


def made(words: Sequence[str], plan: Plan, kernel: Kernel) -> dict[str, Any]:
    """The recorder's line and everything that shaped the outcome, with versions and hashes."""
    load = loads().get(plan.load.name)
    return {
        "line": shlex.join(["python", "-m", "recorder", *_without_place(words)]),
        "plan": asdict(plan),
        "source": {"package": kernel.source.package, "sha256": kernel.source.sha256},
        "config": {"sha256": _digest(kernel.folder / "config")},
        "kernel": {"sha256": _digest(kernel.image)},
        "load": {"sha256": _digest(load)} if load else None,
        "compiler": kernel.compiler,
        "qemu": _version("qemu-system-x86_64"),
        "trace-cmd": _version("trace-cmd", "-v"),
        "busybox": _version("busybox"),
        "drgn": importlib.metadata.version("drgn"),
    }


def _without_place(words: Sequence[str]) -> list[str]:
    """The line without ``--out FOLDER``, which is this machine's."""
    kept = [word for word in words if not word.startswith("--out=")]
    if "--out" in kept:
        at = kept.index("--out")
        del kept[at : at + 2]
    return kept


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _version(program: str, option: str = "--version") -> str:
    """The first line that a program says of itself."""
    words = [program] if program == "busybox" else [program, option]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    return next(
        (line.strip() for line in (said.stdout + said.stderr).splitlines() if line.strip()), "unknown"
    )
