"""The model's own tracepoints: what it chose, in the order in which it chose it.

They bear the names of include/trace/events/kmem.h and fire where the kernel's fire, so that
a recording can be held against them entry by entry.  The log is emptied before each request;
entries that do not fit are counted, never dropped in silence.
"""

from __future__ import annotations

from zonecma.kernel.jit import primitive
from zonecma.kernel.state import State
from zonecma.kernel.units import Code, Cpu, Order, Pfn

MM_PAGE_ALLOC = Code(1)
MM_PAGE_ALLOC_ZONE_LOCKED = Code(2)
MM_PAGE_PCPU_DRAIN = Code(3)


@primitive
def trace_reset(s: State) -> None:
    """Empty the log."""
    s.config[0].log_length = 0


@primitive
def _trace(s: State, event: Code, pfn: Pfn, order: Order, cpu: Cpu) -> None:
    at = s.config[0].log_length
    if at < s.log.size:
        s.log[at].event = event
        s.log[at].pfn = pfn
        s.log[at].order = order
        s.log[at].cpu = cpu
        s.config[0].log_length = at + 1
    else:
        s.config[0].log_lost += 1


@primitive
def trace_mm_page_alloc(s: State, pfn: Pfn, order: Order, cpu: Cpu) -> None:
    """A request got this chunk."""
    _trace(s, MM_PAGE_ALLOC, pfn, order, cpu)


@primitive
def trace_mm_page_alloc_zone_locked(s: State, pfn: Pfn, order: Order, cpu: Cpu) -> None:
    """A chunk left the buddy lists for a per-cpu list."""
    _trace(s, MM_PAGE_ALLOC_ZONE_LOCKED, pfn, order, cpu)


@primitive
def trace_mm_page_pcpu_drain(s: State, pfn: Pfn, order: Order, cpu: Cpu) -> None:
    """A chunk went from a per-cpu list back to the buddy lists."""
    _trace(s, MM_PAGE_PCPU_DRAIN, pfn, order, cpu)
