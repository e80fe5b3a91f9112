"""A gfp mask by its names, as the kernel prints it (show_gfp_flags, include/trace/events/mmflags.h)."""

from __future__ import annotations

from zonecma.kernel.gfp import (
    GFP_ATOMIC,
    GFP_HIGHUSER,
    GFP_HIGHUSER_MOVABLE,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    GFP_NOWAIT,
    GFP_RECLAIM,
    GFP_TRANSHUGE_LIGHT,
    GFP_USER,
    Gfp,
)

_TOGETHER = (
    ("GFP_TRANSHUGE", GFP_TRANSHUGE_LIGHT | Gfp.DIRECT_RECLAIM),
    ("GFP_TRANSHUGE_LIGHT", GFP_TRANSHUGE_LIGHT),
    ("GFP_HIGHUSER_MOVABLE", GFP_HIGHUSER_MOVABLE),
    ("GFP_HIGHUSER", GFP_HIGHUSER),
    ("GFP_USER", GFP_USER),
    ("GFP_KERNEL_ACCOUNT", GFP_KERNEL | Gfp.ACCOUNT),
    ("GFP_KERNEL", GFP_KERNEL),
    ("GFP_NOFS", GFP_NOFS),
    ("GFP_ATOMIC", GFP_ATOMIC),
    ("GFP_NOIO", GFP_NOIO),
    ("GFP_NOWAIT", GFP_NOWAIT),
    ("GFP_DMA", Gfp.DMA),
    ("__GFP_HIGHMEM", Gfp.HIGHMEM),
    ("GFP_DMA32", Gfp.DMA32),
)
_ALONE = (
    *("HIGH", "ATOMIC", "IO", "FS", "NOWARN", "RETRY_MAYFAIL", "NOFAIL", "NORETRY", "COMP", "ZERO"),
    *("NOMEMALLOC", "MEMALLOC", "HARDWALL", "THISNODE", "RECLAIMABLE", "MOVABLE", "ACCOUNT", "WRITE"),
    *("RECLAIM", "DIRECT_RECLAIM", "KSWAPD_RECLAIM", "ZEROTAGS", "COLD"),
)
_MASKS = {**Gfp.__members__, "RECLAIM": GFP_RECLAIM}
_TABLE = {name: int(mask) for name, mask in _TOGETHER} | {f"__GFP_{one}": int(_MASKS[one]) for one in _ALONE}
"""Names in the kernel's order: what a name stands for is taken away before the next is looked for."""


def gfp_names(mask: int) -> str:
    """The mask as a trace has it: ``GFP_NOFS|__GFP_NOFAIL``; bits without a name in hexadecimal."""
    names, rest = [], int(mask)
    for name, value in _TABLE.items():
        if rest & value == value:
            names.append(name)
            rest &= ~value
    return "|".join(names + [hex(rest)] * bool(rest)) or "none"
