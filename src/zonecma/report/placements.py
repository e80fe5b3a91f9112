"""How the list of placements looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from zonecma.placement import Placement


def placements_table(policies: Sequence[type[Placement]]) -> str:
    """Each by name and parameters, with what it does and which kernels do so."""
    return "\n\n".join(f"{_usage(one)}\n  {_summary(one)}\n  kernels: {one.kernels}" for one in policies)


def placements_json(policies: Sequence[type[Placement]]) -> list[dict[str, Any]]:
    """The same as JSON's types."""
    return [
        {"name": one.name, "parameters": _parameters(one), "summary": _summary(one), "kernels": one.kernels}
        for one in policies
    ]


def _parameters(policy: type[Placement]) -> dict[str, Any]:
    return {field.name: field.default for field in fields(policy)}


def _usage(policy: type[Placement]) -> str:
    return ",".join([policy.name, *(f"{name}={value}" for name, value in _parameters(policy).items())])


def _summary(policy: type[Placement]) -> str:
    """The first sentence of its docstring."""
    return (policy.__doc__ or "").split("\n")[0].replace("``", "")
