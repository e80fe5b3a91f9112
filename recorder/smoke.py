"""The recorder's own test: the smallest load on every kernel, held against its snapshots and itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from recorder.collect import collect
from recorder.plan import Calls, Load, Plan
from recorder.record import record
from recorder.say import say
from recorder.verify import verify

_TRACE = {"6.1": 96}
"""MiB of the ring buffer, where the allocator owns it"""


def record_and_verify(kernels: Iterable[str]) -> bool:
    """Record each kernel, one after another; whether each replay led to the recorded free frames."""
    good = True
    with tempfile.TemporaryDirectory(prefix="recorder-test-") as folder:
        for kernel in kernels:
            plan = smallest(kernel)
            verdict = verify(record(plan, ["test"], Path(folder)))
            say(f"Linux {kernel}: {verdict}")
            good = good and not verdict.wrong
    return good


def same_twice(kernel: str) -> bool:
    """Whether two deterministic recordings of the smallest load have the same trace, byte for byte."""
    plan = replace(smallest(kernel), cpus=1, deterministic=True)
    with tempfile.TemporaryDirectory(prefix="recorder-test-") as folder:
        traces = [
            (record(plan, ["test"], Path(folder) / boot) / "trace.txt.zst").read_bytes()
            for boot in ("first", "second")
        ]
    same = traces[0] == traces[1]
    say(f"Linux {kernel}: two deterministic boots leave {'the same trace' if same else 'DIFFERENT traces'}")
    return same


def collected(kernel: str) -> None:
    """Let zonecma's collector record the kernel with an area, and kill it without one.

    RecorderError where anything is not as it was before.
    """
    plan = replace(smallest(kernel), live=True, trace=0)
    with tempfile.TemporaryDirectory(prefix="recorder-test-") as folder:
        for owner in (False, True):
            collect(replace(plan, page_owner=owner), "-s 60", Path(folder))
            collect(replace(plan, page_owner=owner, area="", calls=None, kill_after=4), "-s 60", Path(folder))
    say(f"Linux {kernel}: the collector left bundles, and nothing else")


def smallest(kernel: str) -> Plan:
    """A little machine with two CPUs, an area, and a second of load."""
    calls = Calls(1, 16, count=4, hold=20, gap=20)
    trace = _TRACE.get(kernel, 64)
    return Plan("smallest", kernel, cpus=2, ram=512, area="64M", load=Load("small"), calls=calls, trace=trace)
