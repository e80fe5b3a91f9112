"""How far the buses of a device tree let devices reach: the end of ZONE_DMA on arm64."""

from __future__ import annotations

from zonecma.machine.tree.node import Node


def dma_end(root: Node) -> int | None:
    """The address after the last that every device reaches; None: no bus limits it.

    of_dma_get_max_cpu_address.  Below a bus that translates addresses, limits are not followed.
    """
    ends = [end for node in (root, *root.descendants()) if (end := _end_of(node))]
    return min(ends, default=None)


def _end_of(node: Node) -> int:
    """The end of a bus's ``dma-ranges``; 0: it has none, or they can't be told."""
    if not node.properties.get("dma-ranges") or _is_translated(node):
        return 0
    parent = node.parent or node
    widths = (_cells(node, "#address-cells"), _cells(parent, "#address-cells"), _cells(node, "#size-cells"))
    if len(node.properties["dma-ranges"]) % (4 * sum(widths)):
        return 0
    # The flags of a PCI address are the first cell of three; they are no part of the number here.
    rows = node.numbers("dma-ranges", *(1,) * widths[0], widths[1], widths[2])
    return max((row[-2] + row[-1] for row in rows), default=0)


def _is_translated(node: Node) -> bool:
    above = node.parent
    while above is not None:
        if above.properties.get("dma-ranges"):
            return True
        above = above.parent
    return False


def _cells(node: Node, name: str) -> int:
    """The cells of the nearest node above that says so (of_n_addr_cells)."""
    above: Node | None = node
    while above is not None:
        if name in above:
            return above.cells(name, 1)
        above = above.parent
    return 1
