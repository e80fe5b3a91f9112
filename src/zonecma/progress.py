"""How long work says how far it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener: called now and then while work goes on."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """``what`` is being done, ``done`` of ``total`` (bytes, events); a total of 0 is not known."""


def no_progress(what: str, done: int, total: int) -> None:
    """Nobody listens."""
