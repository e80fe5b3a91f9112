"""Device tree sources, by way of the compiler dtc."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from zonecma.errors import InputError

_SECONDS = 30


def compile_source(path: Path) -> bytes:
    """The blob of a source file.

    Raises InputError without dtc, and with the compiler's first complaint.
    """
    if shutil.which("dtc") is None:
        raise InputError(
            f"{path}: a source needs the compiler dtc; apt install device-tree-compiler, or give a .dtb"
        )
    command = ["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", "-", str(path.absolute())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise InputError(f"{path}: dtc did not end in {_SECONDS} seconds") from None
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise InputError(f"{path}: dtc: {complaint}; a source with #include must go through cpp first")
    return done.stdout
