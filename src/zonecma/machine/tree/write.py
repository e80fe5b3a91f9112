"""The node of /reserved-memory that asks for an area, as device tree source.

machine.tree.memory reads it back.  Documentation/devicetree/bindings/reserved-memory of Linux 6.12.
"""

from __future__ import annotations

from zonecma.errors import InputError
from zonecma.machine.board import AreaRequest
from zonecma.machine.tree.memory import Cells


def reserved_memory_source(
    request: AreaRequest, cells: Cells, *, lent: bool = True, former: AreaRequest | None = None
) -> str:
    """Lines to append to a board's source.

    ``lent`` False: memory that nobody else uses (no-map).  ``former``: the node of the source that it takes
    the place of.  Raises InputError for a size that the tree's root has too few cells for.
    """
    gone = [f"/delete-node/ {former.name};", ""] if former and former.fixed else []
    merged = former is not None and not former.fixed
    lines = [
        "/ {",
        "    reserved-memory {",
        f"        #address-cells = <{cells.address}>;",
        f"        #size-cells = <{cells.size}>;",
        "        ranges;",
        "",
        *(f"        {line}".rstrip() for line in gone),
        f"        {request.name} {{",
        *(f"            {line}" for line in _properties(request, cells, lent, merged)),
        "        };",
        "    };",
        "};",
    ]
    return "\n".join(lines)


def _properties(request: AreaRequest, cells: Cells, lent: bool, merged: bool) -> list[str]:
    """``merged``: the node keeps what an older one of its name has, unless it says otherwise."""
    lines = ['compatible = "shared-dma-pool";', "reusable;" if lent else "no-map;"]
    if merged and not lent:
        lines += ["/delete-property/ reusable;", "/delete-property/ linux,cma-default;"]
    lines.append(f"size = <{_number(request, request.size, cells.size)}>;")
    lines.append(f"alignment = <{_number(request, request.alignment, cells.address)}>;")
    if request.windows:
        rows = (_row(request, start, end, cells) for start, end in request.windows)
        lines.append(f"alloc-ranges = {', '.join(rows)};")
    if request.default and lent:
        lines.append("linux,cma-default;")
    return lines


def _row(request: AreaRequest, start: int, end: int, cells: Cells) -> str:
    """A window; one of 4 GiB is a byte less where a size has one cell, which no area can use."""
    size = min(end - start, (1 << 32 * cells.size) - 1)
    return f"<{_number(request, start, cells.address)} {_number(request, size, cells.size)}>"


def _number(request: AreaRequest, value: int, cells: int) -> str:
    """A number in so many cells of 32 bits, the highest first."""
    if value >> 32 * cells:
        raise InputError(f"{request.name}: {value:#x} needs more cells than the tree's root has ({cells})")
    return " ".join(f"{value >> 32 * cell & 0xFFFFFFFF:#x}" for cell in reversed(range(cells)))
