"""A booted machine's free lists as /proc/buddyinfo and /proc/pagetypeinfo show them (mm/vmstat.c)."""

from __future__ import annotations

from collections.abc import Iterator

from zonecma.kernel.contents import free_lists
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_TYPES
from zonecma.kernel.migratetype import NAMES as TYPE_NAMES
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import NAMES
from zonecma.machine.boot.progress import Boot
from zonecma.machine.boot.shown import block_counts


def buddyinfo_text(boot: Boot) -> str:
    """Chunks of each order, by zone."""
    rows = []
    for node, zone, record in boot.populated():
        counts = " ".join(f"{count:6}" for count in record.nr_free[: _orders(boot)])
        rows.append(f"Node {node}, zone {NAMES[zone]:>8} {counts} \n")
    return "".join(rows)


def pagetypeinfo_text(boot: Boot) -> str:
    """Chunks of each order by zone and type, then pageblocks of each type; node after node."""
    order = boot.board.architecture.pageblock_order
    head = f"Page block order: {order}\nPages per block:  {1 << order}\n\n"
    nodes = (head + "".join((*_free_rows(boot, node), "\n", *_block_rows(boot, node))) for node in boot.nodes)
    return "".join(nodes)


def _orders(boot: Boot) -> int:
    return boot.board.architecture.max_order + 1


def _types(boot: Boot) -> list[int]:
    """The types that this kernel has; the series removed MIGRATE_CMA (patch 5)."""
    has_cma = boot.rules.boot.node_lru or boot.placement.migratetype == MIGRATE_CMA
    return [kind for kind in range(MIGRATE_TYPES) if has_cma or kind != MIGRATE_CMA]


def _free_rows(boot: Boot, node: int) -> Iterator[str]:
    orders = range(_orders(boot))
    title = "Free pages count per migrate type at order"
    yield f"{title:<43} " + "".join(f"{order:6} " for order in orders) + "\n"
    lengths: dict[tuple[int, int, int], int] = {
        (zone, order, kind): len(frames) for (zone, order, kind), frames in free_lists(boot.nodes[node])
    }
    for zone in _populated(boot, node):
        for kind in _types(boot):
            counts = "".join(f"{lengths.get((zone, order, kind), 0):6} " for order in orders)
            yield f"Node {node:4}, zone {NAMES[zone]:>8}, type {TYPE_NAMES[kind]:>12} {counts}\n"


def _block_rows(boot: Boot, node: int) -> Iterator[str]:
    title = "Number of blocks type "
    yield f"{title:<23}" + "".join(f"{TYPE_NAMES[kind]:>12} " for kind in _types(boot)) + "\n"
    for zone in _populated(boot, node):
        counts = block_counts(boot, node, zone)
        cells = "".join(f"{counts[kind]:12} " for kind in _types(boot))
        yield f"Node {node}, zone {NAMES[zone]:>8} {cells}\n"


def _populated(boot: Boot, node: int) -> list[ZoneIndex]:
    return [zone for one, zone, _ in boot.populated() if one == node]
