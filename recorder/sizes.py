"""Amounts of memory as the kernel's command line writes them: ``256M``, ``1G``, ``64K``."""

from __future__ import annotations

import re

from recorder.errors import RecorderError

_SIZE = re.compile(r"(\d{1,12})([KMG]?)", re.IGNORECASE)
_SHIFT = {"": 0, "K": 10, "M": 20, "G": 30}
MIB = 1 << 20


def parse_size(text: str) -> int:
    """Bytes of ``256M`` and the like; RecorderError for what is none."""
    if (match := _SIZE.fullmatch(text)) is None or not int(match[1]):
        raise RecorderError(f"{text!r} is no size; expected a number with K, M or G, such as 256M")
    return int(match[1]) << _SHIFT[match[2].upper()]


def mebibytes(text: str) -> int:
    """MiB of ``256M``, ``1G`` or plain ``1024``, which is in MiB; RecorderError for parts of one."""
    size = int(text) * MIB if text.isdecimal() and int(text) else parse_size(text)
    if size % MIB:
        raise RecorderError(f"{text!r} is no whole number of MiB; expected 256M or 1G, for instance")
    return size // MIB
