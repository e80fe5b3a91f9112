"""Traces written by hand."""

from pathlib import Path

from zonecma.capture.trace import scan_pieces
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.units import Pfn
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.machine.machine import Area, Machine, Zone

AREA = Area("reserved", Pfn(0x40000), 4096, order_per_bit=0)
MACHINE = Machine(
    zones=(Zone(ZONE_DMA32, Pfn(0), 0x50000, 0x50000, 0x50000),),
    areas=(AREA,),
    nr_cpus=2,
    pageblock_order=9,
    rules=NEWEST,
)
"""What the traces are of."""

FAULT = "migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_ZERO"
KERNEL = "migratetype=0 gfp_flags=GFP_KERNEL"
GETBLK = "migratetype=1 gfp_flags=GFP_NOFS|__GFP_NOFAIL|__GFP_MOVABLE"
WRITE = "migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_WRITE"
TARGET = "migratetype=1 gfp_flags=GFP_USER|__GFP_RETRY_MAYFAIL|__GFP_COMP|__GFP_MOVABLE"
CONTIG = "mode=MIGRATE_SYNC reason=contig_range"
PINNING = "mode=MIGRATE_SYNC reason=longterm_pin"


def trace_of(*events):
    """A trace of events written as ``task cpu event``, a millisecond apart; the first is at 1 s."""
    lines = []
    for number, text in enumerate(events):
        task, cpu, event = text.split(" ", 2)
        lines.append(f"{task} [{cpu.zfill(3)}] 1.{number:03}: {event}\n")
    data = "".join(lines).encode()
    return scan_pieces(Path("given"), iter([data]), len(data))


def alloc(task, pfn, mask, order=0):
    return f"{task} 0 mm_page_alloc: pfn={pfn:#x} order={order} {mask}"


def free(task, pfn, order=0):
    return f"{task} 0 mm_page_free: pfn={pfn:#x} order={order}"


def starts(task="c-7", count=512):
    return f"{task} 0 cma_alloc_start: name=reserved count={count} align=8"


def finds(fin, task="c-7", start=0x40000, end=0x40200):
    ret = "success" if fin >= end else "fail"
    return f"{task} 0 test_pages_isolated: start_pfn={start:#x} end_pfn={end:#x} fin_pfn={fin:#x} ret={ret}"


def retries(task="c-7", pfn=0x40000, count=512):
    return f"{task} 0 cma_alloc_busy_retry: name=reserved pfn={pfn:#x} page=0xffff count={count} align=8"


def finishes(task="c-7", pfn=0x40000, count=512, errorno=0):
    page = f"{0xFFFFEA0000000000 + 64 * pfn:#x}" if not errorno else "(nil)"
    shown = pfn & (2**64 - 1)
    return (
        f"{task} 0 cma_alloc_finish: name=reserved pfn={shown:#x} page={page} count={count} align=8"
        f" errorno={errorno}"
    )


def migrates(*inside, task="c-7", moved=0, failed=0, how=CONTIG):
    """A migration, of a contiguous call if not told otherwise, with what happens in it."""
    start = f"{task} 0 mm_migrate_pages_start: {how}"
    return (start, *inside, f"{task} 0 mm_migrate_pages: nr_succeeded={moved} nr_failed={failed} {how}")


def moves(source, target, task="c-7", mask=TARGET, how=CONTIG):
    """A mapped page is migrated, to a target that is asked for with this mask."""
    entries = entry_set(0x1000, source, task), entry_removed(0x1000, target, task)
    inside = entries[0], alloc(task, target, mask), entries[1], free(task, source)
    return migrates(*inside, task=task, moved=1, how=how)


def entry_set(addr, pfn, task="c-7"):
    """A migration entry as x86-64 encodes it: type 29, the offset's complement below."""
    pte = 29 << 59 | ((~(pfn << 14) & (2**64 - 1)) >> 5)
    return f"{task} 0 set_migration_pte: addr={addr:x}, pte={pte:x} order=0"


def entry_removed(addr, pfn, task="c-7"):
    return f"{task} 0 remove_migration_pte: addr={addr:x}, pte={pfn << 12 | 0x8000000000000025:x} order=0"


def failing(*pages, task="c-7"):
    """A call that finds each of its ranges busy with one of these frames."""
    ranges = [event for pfn in pages for event in (finds(pfn, task), retries(task))]
    return [starts(task), *ranges, finishes(task, errorno=-16)]


TWO_BLOCKERS = [
    alloc("a-1", 0x40010, GETBLK),
    alloc("b-2", 0x40020, FAULT),
    *failing(0x40010, 0x40010, 0x40020),
    free("b-2", 0x40020),
    *failing(0x40010),
]
"""Two calls in vain: a buffer is in the way of both, a program's page of the first."""
