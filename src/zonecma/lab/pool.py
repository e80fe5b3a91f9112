"""Many runs, several at once: each in a process of its own, the outcomes as they come."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def run_all(run: Callable[[Task], Outcome], tasks: Sequence[Task], workers: int = 0) -> Iterator[Outcome]:
    """The outcome of each task; ``workers``: as many as there are CPUs unless told, one is this process."""
    with pool_of(max(min(workers or _nr_cpus(), len(tasks)), 1)) as pool:
        yield from outcomes(run, tasks, pool)


@contextmanager
def pool_of(workers: int = 0) -> Iterator[ProcessPoolExecutor | None]:
    """Processes that stay for several rounds of tasks; None where one is enough, which is this one."""
    workers = workers or _nr_cpus()
    if workers <= 1:
        yield None
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _end_on_interrupt)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()  # one that is still ending as Python does may complain of closed pipes


def outcomes(
    run: Callable[[Task], Outcome], tasks: Sequence[Task], pool: ProcessPoolExecutor | None
) -> Iterator[Outcome]:
    """The outcome of each task, as they come."""
    if pool is None:
        yield from map(run, tasks)
        return
    for future in as_completed([pool.submit(run, task) for task in tasks]):
        yield future.result()


def _nr_cpus() -> int:
    return len(os.sched_getaffinity(0))


def _end_on_interrupt() -> None:
    """An interrupt ends a worker at once and without words: the first process reports it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
