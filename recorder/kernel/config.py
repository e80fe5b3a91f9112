"""The recorder's kernel configuration: reading it, and seeing that the kernel took it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

CONFIG = Path(__file__).with_name("config")

_LINE = re.compile(r"(?:# )?(CONFIG_\w+)(?:=(\S+)| is not set)(?: +# (?:([\d.]+): )?.*)?")


def options(text: str, series: str) -> dict[str, str]:
    """Options of a configuration for a kernel series by name; ``n`` for those that are not set."""
    found = {}
    for line in text.splitlines():
        if (match := _LINE.fullmatch(line)) and match[3] in (None, series):
            found[match[1]] = match[2] or "n"
    return found


def fragment(wanted: Mapping[str, str]) -> str:
    """The options as kconfig reads them, without the reasons."""
    return "".join(
        f"# {name} is not set\n" if value == "n" else f"{name}={value}\n" for name, value in wanted.items()
    )


def refused(wanted: Mapping[str, str], taken: Mapping[str, str]) -> list[str]:
    """Options that a kernel did not take as wanted: it has none of that name, or not what it needs."""
    return [name for name, value in wanted.items() if taken.get(name, "n") != value]
