"""Programs that the recorder calls, and the packages that have them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from recorder.errors import RecorderError

_PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "mke2fs": "e2fsprogs",
    "mkswap": "util-linux",
    "cpio": "cpio",
    "trace-cmd": "trace-cmd",
    "gcc": "gcc",
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "lz4": "lz4",
    "xz": "xz-utils",
}
"""Program: Debian package."""
_HEADERS = {"gelf.h": "libelf-dev", "openssl/ssl.h": "libssl-dev"}
_MODULES = ("drgn", "zstandard", "platformdirs")
_PLACES = ("/usr/sbin", "/sbin")
"""Where programs lie that a user's PATH may not name."""


def find(program: str) -> str:
    """Where a program is; its name if it is nowhere."""
    return shutil.which(program) or next(
        (found for place in _PLACES if (found := shutil.which(program, path=place))), program
    )


def need_all() -> None:
    """See that everything is there; RecorderError names at once all that is missing."""
    packages = [package for program, package in _PROGRAMS.items() if find(program) == program]
    packages += [package for header, package in _HEADERS.items() if not _has_header(header)]
    modules = [module for module in _MODULES if importlib.util.find_spec(module) is None]
    lines = [f"apt install {' '.join(packages)}"] if packages else []
    lines += [f"pip install {' '.join(modules)}"] if modules else []
    if lines:
        raise RecorderError(f"the recorder needs more programs; install them: {' && '.join(lines)}")


def _has_header(header: str) -> bool:
    return any(Path("/usr/include").glob(header)) or any(Path("/usr/include").glob(f"*/{header}"))
