"""How the list of scenarios looks, and one of them with its parameters."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from zonecma.placement.policy import shown
from zonecma.report.table import width
from zonecma.workload.generated import GeneratedLoad

_REMARKS = (("board", "board"), ("command line", "command_line"), ("swap, MiB", "swap_mib"))


def scenarios_table(kinds: Sequence[type[GeneratedLoad]], columns: int | None = None) -> str:
    """Each by name, with what it does and the board that it runs on."""
    columns = columns or width()
    return "\n\n".join("\n".join([one.name, *_head(one, columns, 1)]) for one in kinds)


def scenarios_json(kinds: Sequence[type[GeneratedLoad]]) -> list[dict[str, Any]]:
    """The same as JSON's types, with the parameters' usual values."""
    return [
        _about(one) | {"parameters": {parameter.name: parameter.default for parameter in one.parameters()}}
        for one in kinds
    ]


def scenario_table(load: GeneratedLoad, columns: int | None = None) -> str:
    """One of them: what it does, its machine, and each parameter with its source."""
    columns = columns or width()
    lines = [load.name, *_head(type(load), columns, len(_REMARKS))]
    for parameter in load.parameters():
        lines += ["", f"{parameter.name}={shown(getattr(load, parameter.name))}"]
        lines += _wrapped(parameter.what, columns) + _wrapped(f"source: {parameter.source}", columns)
    return "\n".join(lines)


def scenario_json(load: GeneratedLoad) -> dict[str, Any]:
    """The same as JSON's types."""
    parameters = [
        {
            "name": one.name,
            "value": getattr(load, one.name),
            "default": one.default,
            "what": one.what,
            "source": one.source,
        }
        for one in load.parameters()
    ]
    return _about(type(load)) | {"parameters": parameters}


def _about(kind: type[GeneratedLoad]) -> dict[str, Any]:
    return {"name": kind.name, "summary": kind.summary} | {name: getattr(kind, name) for _, name in _REMARKS}


def _head(kind: type[GeneratedLoad], columns: int, remarks: int) -> list[str]:
    """Summary, and so many remarks."""
    texts = [f"{label}: {text}" for label, name in _REMARKS[:remarks] if (text := getattr(kind, name))]
    return [line for text in (kind.summary, *texts) for line in _wrapped(text, columns)]


def _wrapped(text: str, columns: int) -> list[str]:
    """Lines of a paragraph; an address stays whole."""
    return textwrap.wrap(
        text,
        columns,
        initial_indent="  ",
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,
    )
