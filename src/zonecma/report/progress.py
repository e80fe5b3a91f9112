"""Progress on a terminal; silence everywhere else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from zonecma.progress import Progress, no_progress


@contextlib.contextmanager
def terminal_progress() -> Iterator[Progress]:
    """A line on standard error that says what is being done, how far it is and for how long.

    It disappears when the work ends.  When standard error is no terminal nothing is shown.
    """
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}:"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                for task in list(tasks.values()):
                    bar.remove_task(task)  # type: ignore[arg-type]
                tasks.clear()
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]

        yield show
