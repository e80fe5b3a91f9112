"""How the list of placements looks."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from zonecma.placement import Placement
from zonecma.placement.policy import shown
from zonecma.report.table import width

_REMARKS = (("kernels", "kernels"), ("source", "source"), ("leaves out", "leaves_out"))


def placements_table(policies: Sequence[type[Placement]], columns: int | None = None) -> str:
    """Each by name and parameters, with what it does, who does so, and what the model leaves out."""
    columns = columns or width()
    return "\n\n".join("\n".join([_usage(one), *_lines(one, columns)]) for one in policies)


def _lines(policy: type[Placement], columns: int) -> list[str]:
    texts = [_summary(policy)]
    texts += [f"{label}: {text}" for label, name in _REMARKS if (text := getattr(policy, name))]
    wrapped = (
        textwrap.wrap(text, columns, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
        for text in texts
    )
    return [line for lines in wrapped for line in lines]


def placements_json(policies: Sequence[type[Placement]]) -> list[dict[str, Any]]:
    """The same as JSON's types."""
    return [
        {"name": one.name, "parameters": _parameters(one), "summary": _summary(one)}
        | {name: getattr(one, name) for _, name in _REMARKS}
        for one in policies
    ]


def _parameters(policy: type[Placement]) -> dict[str, Any]:
    """Usual values: numbers and booleans as they are, others as the command line takes them."""
    usual = {field.name: field.default for field in fields(policy)}
    return {name: value if isinstance(value, int | float) else shown(value) for name, value in usual.items()}


def _usage(policy: type[Placement]) -> str:
    settings = [f"{field.name}={shown(field.default)}" for field in fields(policy)]
    return ",".join([policy.name, *settings])


def _summary(policy: type[Placement]) -> str:
    """The first sentence of its docstring."""
    return (policy.__doc__ or "").split("\n")[0].replace("``", "")
