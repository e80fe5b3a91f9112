"""zonecma completion: what makes a shell complete zonecma's words."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from zonecma.errors import InputError

VARIABLE = "_ZONECMA_COMPLETE"
"""Set by a shell that asks what a word could become."""
_SHELLS = ("bash", "zsh", "fish")


def _shells(incomplete: str) -> list[str]:
    return [shell for shell in _SHELLS if shell.startswith(incomplete)]


def completion(
    shell: Annotated[
        str,
        typer.Argument(
            metavar="SHELL", help="bash, zsh or fish.", autocompletion=_shells, show_default=False
        ),
    ],
) -> None:
    """Print what makes a shell complete verbs, options and names.

    Once, for bash: zonecma completion bash >> ~/.bashrc; zsh and fish read theirs in the same way.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    if shell not in _SHELLS:
        raise InputError(f"{shell[:60]!r}: no completion for this shell; expected {', '.join(_SHELLS)}")
    print(get_completion_script(prog_name="zonecma", complete_var=VARIABLE, shell=shell))


def prepare_to_complete() -> None:
    """Let this run answer a shell, if one asks."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
