"""Values that stand as the kernel would take them, and errors for those that do not."""

from __future__ import annotations

from typing import NoReturn

from zonecma.errors import InputError
from zonecma.machine.sizes import memparse


def fail(name: str, value: str, reason: str) -> NoReturn:
    """Raise InputError for an option."""
    raise InputError(f"command line: {name}={repr(value[:60])[1:-1]}: {reason}")


def whole_size(name: str, value: str, kernel: str) -> int:
    """A size that is the whole value; ``kernel`` says what the kernel does with anything else."""
    size, rest = memparse(value)
    if rest or not value:
        fail(name, value, f"expected a size such as 256M; the kernel {kernel}")
    return size
