"""Names that a file has beside its events: of tasks and of kernel functions."""

from __future__ import annotations

import functools
import re

import numpy as np
from numpy.typing import NDArray

_COMM = re.compile(r"^ *(\d{1,10}) (.*)$", re.MULTILINE)
_SYMBOL = re.compile(rb"^([0-9a-f]{1,16}) \w ([^\s\t]+)", re.MULTILINE)


def comms(saved_cmdlines: str) -> dict[int, str]:
    """Pid -> name, of tracing's ``saved_cmdlines``."""
    return {int(pid): name for pid, name in _COMM.findall(saved_cmdlines)}


class Symbols:
    """Functions by address, from /proc/kallsyms; parsed when the first is asked for."""

    def __init__(self, kallsyms: memoryview) -> None:
        self.kallsyms = kallsyms

    @functools.cached_property
    def _sorted(self) -> tuple[NDArray[np.uint64], list[bytes]]:
        found = sorted((int(address, 16), name) for address, name in _SYMBOL.findall(self.kallsyms))
        return np.array([address for address, _ in found], np.uint64), [name for _, name in found]

    def name(self, address: int) -> str:
        """The function that holds an address; the address itself where none does."""
        addresses, names = self._sorted
        wanted = np.uint64(address & (1 << 64) - 1)
        at = int(np.searchsorted(addresses, wanted, "right")) - 1
        if at < 0 or not addresses[-1]:  # a kernel that shows no addresses has all of them 0
            return f"0x{int(wanted):x}"
        return names[at].decode(errors="replace")
