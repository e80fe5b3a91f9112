"""Names that a file has beside its events: of tasks and of kernel functions."""

from __future__ import annotations

import functools
import re

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.bytescan import NEWLINE

_COMM = re.compile(r"^ *(\d{1,10}) (.*)$", re.MULTILINE)
_LONGEST = 1 << 10
"""Bytes of a line of kallsyms; KSYM_NAME_LEN is 512."""
_VALUES = np.array([int(chr(c), 16) if chr(c) in "0123456789abcdef" else 0 for c in range(256)], np.uint64)
"""Of each byte as a hexadecimal digit."""


def comms(saved_cmdlines: str) -> dict[int, str]:
    """Pid -> name, of tracing's ``saved_cmdlines``."""
    return {int(pid): name for pid, name in _COMM.findall(saved_cmdlines)}


_DIGITS = 16
"""Of an address, on a 64-bit kernel."""


class Symbols:
    """Functions by address, from /proc/kallsyms."""

    def __init__(self, kallsyms: memoryview) -> None:
        self.kallsyms = kallsyms

    @functools.cached_property
    def _addresses(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Where each line begins, and its address."""
        text = np.frombuffer(self.kallsyms, np.uint8)
        starts = np.concatenate([[0], np.flatnonzero(text == NEWLINE) + 1])
        starts = starts[starts + _DIGITS < len(text)]
        address = np.zeros(len(starts), np.uint64)
        for place in range(_DIGITS):
            address = address << np.uint64(4) | _VALUES[text[starts + place]]
        return starts, address

    def name(self, address: int) -> str:
        """The function that holds an address; the address itself where none is known to."""
        wanted = np.uint64(address & (1 << 64) - 1)
        starts, addresses = self._addresses
        below = np.where(addresses <= wanted, addresses, 0)
        if not below.any():  # a kernel that shows no addresses has all of them 0
            return f"0x{int(wanted):x}"
        line = bytes(self.kallsyms[starts[below.argmax()] :][:_LONGEST]).split(b"\n")[0]
        return line.split()[2].decode(errors="replace") if len(line.split()) > 2 else f"0x{int(wanted):x}"
