"""Size's options as a user names them."""

from __future__ import annotations

import re

from zonecma.errors import InputError
from zonecma.machine.sizes import memparse

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
