"""What can be recorded: ``python -m recorder list``."""

from __future__ import annotations

from pathlib import Path

from recorder.guest_root import loads
from recorder.kernel.source import PINNED


def listing() -> str:
    """Kernels and loads, a line each, with what their scripts say of themselves."""
    kernels = [f"  {series:8} {pinned.version}" for series, pinned in sorted(PINNED.items())]
    lines = [f"  {name:8} {purpose(path)}" for name, path in loads().items()]
    options = "Options: python -m recorder record --help"
    return "\n".join(["Kernels (Debian's linux-source packages)", *kernels, "Loads", *lines, options])


def purpose(script: Path) -> str:
    """The first comment of a load's script, in one line."""
    for line in script.read_text().splitlines():
        if line.startswith("# ") and "shellcheck" not in line:
            return line.removeprefix("# ")
    return ""
