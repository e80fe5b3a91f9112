"""Boot's options as a user names them."""

from __future__ import annotations

from zonecma.errors import InputError
from zonecma.kernel.rules import RULES, Rules
from zonecma.machine.board import MemoryModel


def rules_called(series: str) -> Rules:
    """The rules of a kernel series; raises InputError, with those there are, for another."""
    if series not in RULES:
        raise InputError(f"--rules {series}: no such kernel series; expected one of {', '.join(RULES)}")
    return RULES[series]


def memory_model_called(name: str) -> MemoryModel:
    """FLATMEM or SPARSEMEM; raises InputError for another."""
    known = {model.value: model for model in MemoryModel}
    if name not in known:
        raise InputError(f"--memory-model {name}: no such model; expected one of {', '.join(known)}")
    return known[name]
