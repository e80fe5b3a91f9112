"""Memory that programs pin for long: for RDMA, VFIO and io_uring; and what vmsplice holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import MIB, Scenario
from zonecma.workload.scenarios.common import AGAIN_SOURCE, Patience, Stage, come_and_go, grow
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM, READ, SLAB

_URING = "pinned when registered: https://man7.org/linux/man-pages/man7/io_uring_registered_buffers.7.html"
_RDMA = "registered memory is pinned: https://docs.kernel.org/6.9/_sources/core-api/pin_user_pages.rst.txt"
_SPLICE = "vmsplice and VFIO: https://lkml.iu.edu/hypermail/linux/kernel/2009.1/07857.html"


@dataclass(frozen=True)
class LongPins(GeneratedLoad):
    """Kernels that know FOLL_LONGTERM move what is pinned out of areas first; other references stay.

    Each program fills its buffers, pins them, uses them for a while, lets go and ends; the next one begins.
    """

    name = "long-pins"
    summary = "RDMA, VFIO and io_uring pin memory for long, vmsplice holds it; a driver asks for buffers"
    board = "qemu-virt-arm64"
    command_line = "transparent_hugepage=never cma=256M"

    rounds: int = parameter(4, "programs of each kind, one after the other", least=1)
    rdma_mib: float = parameter(192, "of a registered memory region, MiB", f"assumed; {_RDMA}", least=1)
    guest_mib: float = parameter(
        384, "of a guest that has a device (VFIO), MiB", f"assumed; {_SPLICE}", least=1
    )
    uring_mib: float = parameter(64, "of io_uring's fixed buffers, MiB", f"assumed; {_URING}", least=1)
    splice_mib: float = parameter(16, "in pipes by vmsplice, MiB", f"assumed; {_SPLICE}", least=1)
    pinned_ms: float = parameter(600, "how long each pins, ms")
    system_mib: float = parameter(250, "memory of all other programs, MiB")
    kernel_mib: float = parameter(80, "slab of the kernel, MiB")
    cached_mib: float = parameter(1200, "files that were read before, MiB")
    calls: int = parameter(20, "contiguous calls")
    call_mib: float = parameter(16, "size of each, MiB", least=0.01)
    hold_ms: float = parameter(80, "how long a buffer is held, and then is not, ms")
    again_ms: float = parameter(100, "wait before a call that failed is made again, ms", AGAIN_SOURCE)
    patience_ms: float = parameter(500, "after which it is given up, ms")

    def draw(self, seed: int) -> Scenario:
        """How long each program pins."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, idle = stage.region(SLAB, self.kernel_mib), stage.region(PROGRAM, self.system_mib)
        cache, programs = stage.region(READ, self.cached_mib), stage.programs
        pinned = [stage.task(mib) for mib in (self.rdma_mib, self.guest_mib, self.uring_mib)]
        spliced = stage.task(self.splice_mib)
        stage.task()
        stage.fill(kernel, idle, cache)
        for region in (*pinned, spliced):
            programs.begin()
            keep = programs.pin if region in pinned else programs.hold
            for length in draw.uniform(0.5, 1.5, self.rounds) * self.pinned_ms:
                self._work(programs, region.pages, keep, float(length))
        programs.begin()
        sizes, patience = [int(self.call_mib * MIB)] * self.calls, Patience(self.again_ms, self.patience_ms)
        come_and_go(programs, sizes, self.hold_ms, self.hold_ms, patience)
        return stage.scenario()

    def _work(self, programs: Programs, pages: int, keep: Callable[[int, int], None], ms: float) -> None:
        """One program, which keeps its buffers where they are for so long."""
        grow(programs, pages)
        keep(0, pages)
        for _ in range(10):
            programs.use_any(0, pages, pages // 10, 100, own=True, write=True)
            programs.sleep(ms / 10)
        programs.let_go(0, pages)
        programs.give_up(0, pages, own=True)
