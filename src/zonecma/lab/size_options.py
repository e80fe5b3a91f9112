"""Size's options as a user names them."""

from __future__ import annotations

import re

from zonecma.capture.recording import recording_folder
from zonecma.errors import InputError
from zonecma.lab.scenarios import is_scenario
from zonecma.machine.sizes import memparse
from zonecma.workload.scenarios import SCENARIOS

_BITS = re.compile(r"([0-9]{1,2})-?bits?")
_ADDRESS_BITS = 52


def bytes_called(text: str, option: str) -> int:
    """A size in bytes; raises InputError, with the option, for what is none."""
    size, rest = memparse(text)
    if rest.strip().lower() not in ("", "b", "ib") or not 0 < size < 1 << _ADDRESS_BITS:
        raise InputError(f"{option} {text}: expected a size such as 512M")
    return size


def limit_called(text: str) -> int:
    """The address that devices' addresses end at: ``30bit``, ``1G`` or ``0x40000000``."""
    bits = _BITS.fullmatch(text)
    if bits is None:
        return bytes_called(text, "--dma-limit")
    if not 20 <= int(bits[1]) <= _ADDRESS_BITS:
        raise InputError(f"--dma-limit {text}: expected 20 to {_ADDRESS_BITS} bits")
    return 1 << int(bits[1])


def load_called(text: str) -> str:
    """The scenario; raises InputError for what is none, and for a recording."""
    if is_scenario(text):
        return text
    names = ", ".join(one.name for one in SCENARIOS)
    if recording_folder(text) is not None:
        raise InputError(
            f"{text} is a recording: its requests can't be asked once more beside others yet; expected one of"
            f" the scenarios {names}, or a .py file; whatif --cma runs it with an area of another size"
        )
    raise InputError(f"{text}: no such scenario; expected one of {names}, or a .py file")
