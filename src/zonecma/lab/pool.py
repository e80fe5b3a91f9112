"""Many runs, several at once: each in a process of its own, the outcomes as they come."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def run_all(run: Callable[[Task], Outcome], tasks: Sequence[Task], workers: int = 0) -> Iterator[Outcome]:
    """The outcome of each task; ``workers``: as many as there are CPUs unless told, one is this process."""
    workers = workers or len(os.sched_getaffinity(0))
    if min(workers, len(tasks)) <= 1:
        yield from map(run, tasks)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _end_on_interrupt)
    try:
        for future in as_completed([pool.submit(run, task) for task in tasks]):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _end_on_interrupt() -> None:
    """An interrupt ends a worker at once and without words: the first process reports it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
