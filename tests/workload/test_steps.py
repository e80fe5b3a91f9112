"""Steps as programs write them down."""

import numpy as np
import pytest

from zonecma.kernel.gfp import GFP_KERNEL, Gfp
from zonecma.kernel.memory import ABSENT, BLOCKDEV, FILE, GET_USER_PAGES, KERNEL, ON_DISK, SPLICE
from zonecma.workload.steps import (
    CALL,
    DIRECT_READ,
    DIRECT_WRITE,
    GIVE_UP,
    HOLD,
    LET_GO,
    LOAD,
    PIN,
    RELEASE,
    SLEEP,
    STEP,
    STORE,
    SYNC,
    UNTIL_LET_GO,
    Programs,
    dma_order,
)
from zonecma.workload.uses import BUFFER, GFP_MASKS, HUGE, KERNEL_PAGE, SLAB, USES


@pytest.mark.parametrize(
    ("pages", "order"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (255, 8), (256, 8), (257, 8), (5000, 8)]
)
def test_buffers_are_aligned_to_their_size_up_to_a_mib(pages, order):
    """get_order() of the size, and CONFIG_CMA_ALIGNMENT (dma_alloc_contiguous)."""
    assert dma_order(pages) == order


def test_what_programs_write_down():
    p = Programs()
    p.use(3, 5, 7)
    p.use_any(3, 50, 5, own=True, write=True)
    p.give_up(3, 5)
    p.sync(3, 5)
    p.direct(3, 5)
    p.direct(3, 5, write=True)
    p.pin(3, 5)
    p.hold(3, 5)
    p.splice(3, 5)
    p.peek(3, 5)
    p.let_go(3, 5)
    p.sleep(1.5)
    p.call(2, 100, again_ms=20, patience_ms=300)
    p.call(0, 100, 3)
    p.release(2)
    steps = np.array(p.rows, STEP).view(np.recarray)
    assert steps.op.tolist() == [
        *(LOAD, STORE, GIVE_UP, SYNC, DIRECT_READ, DIRECT_WRITE, PIN),
        *(HOLD, HOLD, HOLD, LET_GO, SLEEP, CALL, CALL, RELEASE),
    ]
    assert steps.own.tolist() == [0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert steps.random.tolist() == [0, 1] + [0] * 13
    assert (steps["first"][:11] == 3).all() and (steps["count"][:11] == 5).all()
    assert steps.span[[1, 7, 8, 9]].tolist() == [50, UNTIL_LET_GO, SPLICE, GET_USER_PAGES]
    assert (steps.ns[0], steps.ns[11]) == (7, 1_500_000)
    call = steps[12]
    assert (call["first"], call["count"], call.span) == (2, 100, 7)
    assert (call.again, call.patience) == (20_000_000, 300_000_000)
    assert (steps.span[13], steps.again[13]) == (3, 0)
    assert p.buffers == 3


def test_uses_ask_as_the_kernel_does():
    assert [use.gfp for use in USES] == list(GFP_MASKS)
    for use in USES:
        assert use.where == ON_DISK or use.kind not in (FILE, BLOCKDEV) or use.gfp & Gfp.WRITE
        assert use.where == ABSENT or use.kind in (FILE, BLOCKDEV)
        assert bool(use.gfp & Gfp.MOVABLE) == (use.kind != KERNEL)
    assert not GFP_MASKS[BUFFER] & (Gfp.FS | Gfp.HIGHMEM)  # no zone of its own takes it
    assert GFP_MASKS[KERNEL_PAGE] & GFP_KERNEL == GFP_MASKS[SLAB] & GFP_KERNEL == GFP_KERNEL
    assert GFP_MASKS[SLAB] & Gfp.RECLAIMABLE
    assert [use.order for use in USES].count(0) == len(USES) - 1 and USES[HUGE].order == 9
