"""A kind of load that needs no recording: a class with parameters, each with its source, and a page of code.

A user's own is a file with one such class in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from zonecma.workload.scenario import Scenario

ASSUMED = "assumed"
"""The source of a value that nobody published."""
MOST = 1_000_000
"""No parameter is larger, whatever its unit: sizes stay within what the model can count."""


def parameter(default: float, what: str, source: str = ASSUMED, *, least: float = 0) -> Any:
    """A field of a load: its usual value, what it is with its unit, and where the value is from."""
    return field(default=default, metadata={"what": what, "source": source, "least": least})


@dataclass(frozen=True)
class Parameter:
    """A parameter as it is shown."""

    name: str
    default: float
    what: str
    source: str


@dataclass(frozen=True)
class GeneratedLoad(ABC):
    """A load drawn from a seed, and the machine that it runs on unless told otherwise."""

    name: ClassVar[str]
    summary: ClassVar[str]
    board: ClassVar[str]
    """a preset (``machine/presets``), or a file"""
    command_line: ClassVar[str] = "transparent_hugepage=never"
    swap_mib: ClassVar[int] = 0

    def __post_init__(self) -> None:
        """Raises ValueError for a number that makes no sense."""
        for one in fields(self):
            value, least = getattr(self, one.name), one.metadata.get("least", 0)
            if isinstance(value, int | float) and not least <= value <= MOST:
                raise ValueError(
                    f"scenario {self.name}: {one.name} is {value:g}; expected {least:g} to {MOST:,}"
                )

    @abstractmethod
    def draw(self, seed: int) -> Scenario:
        """One drawing of the load."""

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What can be set, in order."""
        return tuple(
            Parameter(one.name, one.default, one.metadata.get("what", ""), one.metadata.get("source", ""))  # type: ignore[arg-type]
            for one in fields(cls)
        )
