"""Plots for notebooks and papers (matplotlib); each draws into an axes of the caller's, or a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.errors import InputError
from zonecma.lab.compare import Comparison
from zonecma.lab.explanation import Explanation
from zonecma.lab.page_map import PageMap
from zonecma.report.words import printable
from zonecma.workload.holders import Holder

COLOURS = {
    Holder.ABSENT: "#ffffff",
    Holder.BEFORE: "#b9bfc4",
    Holder.FREE: "#eef1f3",
    Holder.ANONYMOUS: "#3f6fae",
    Holder.FILE: "#62bfe6",
    Holder.USER: "#8fa3d6",
    Holder.BUFFER: "#2a8f46",
    Holder.KERNEL: "#c3ab2c",
    Holder.MOVED: "#a9377c",
    Holder.CONTIGUOUS: "#e8633a",
}
"""As on the page, in light."""
LABELS = {
    Holder.BEFORE: "before the trace, reserved",
    Holder.FREE: "free",
    Holder.ANONYMOUS: "anonymous",
    Holder.FILE: "file cache",
    Holder.USER: "anonymous or file cache",
    Holder.BUFFER: "block device, metadata",
    Holder.KERNEL: "the kernel's own",
    Holder.MOVED: "in migration",
    Holder.CONTIGUOUS: "contiguous buffer",
}
LINES = (("#3f6fae", "-"), ("#d9722b", "--"), ("#2a8f46", ":"), ("#a9377c", "-."))
"""Colour and dash, so that a print without colour can be read."""
_NS = 1e9


def new_axes(ax: Any = None) -> Any:
    """The axes that were given, or new ones.  InputError where matplotlib is not installed."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise InputError(
            "plots: the package matplotlib is not installed; expected it beside zonecma"
            " (pip install 'zonecma[plot]')"
        ) from None
    return plt.subplots(layout="constrained")[1]


def plot_use(comparison: Comparison, ax: Any = None) -> Any:
    """Use of the area over the load's time (s), % of its frames, a line for each placement."""
    courses = [(one.name, one.area_use_over_time) for one in comparison.placements]
    return draw_use(courses, comparison.seconds, ax)


def draw_use(courses: Sequence[tuple[str, Sequence[float]]], seconds: float, ax: Any = None) -> Any:
    """The same of shares by name."""
    ax = new_axes(ax)
    for i, (name, shares) in enumerate(courses):
        width = seconds / max(len(shares), 1)
        colour, dash = LINES[i % len(LINES)]
        times = (np.arange(len(shares)) + 0.5) * width
        ax.plot(times, 100 * np.asarray(shares), dash, color=colour, label=printable(name))
    ax.set(xlabel="time, s", ylabel="area in use, %", ylim=(0, None))
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_calls(explanation: Explanation, ax: Any = None) -> Any:
    """How long each contiguous call took (ms), by its size (MiB)."""
    ax = new_axes(ax)
    for ok, marker, colour, label in ((True, "o", LINES[0][0], "got"), (False, "x", LINES[1][0], "failed")):
        calls = [call for call in explanation.calls if call.ok is ok and call.latency is not None]
        sizes = [call.size * explanation.page_kib / 1024 for call in calls]
        times = [(call.latency or 0) / 1e6 for call in calls]
        ax.scatter(sizes, times, marker=marker, color=colour, label=f"{label} ({len(calls)})")
    ax.set(xscale="log", yscale="log", xlabel="size, MiB", ylabel="took, ms")
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_map(page_map: PageMap, ax: Any = None) -> Any:
    """Physical memory over time: each cell in the colour of whoever holds most of it, areas in brackets."""
    ax = new_axes(ax)
    start, end = page_map.times[0] / _NS, page_map.times[-1] / _NS
    mib = page_map.page_kib / 1024
    top = page_map.rows.shape[1] * mib * (1 << page_map.row_order)
    extent = (start, end, top, 0)
    ax.imshow(map_image(page_map), extent=extent, aspect="auto", interpolation="nearest")
    for area in page_map.areas:
        low, high = area.base_pfn * mib, area.end_pfn * mib
        ax.plot(
            [1.01, 1.02, 1.02, 1.01],
            [low, low, high, high],
            "k-",
            lw=1.2,
            clip_on=False,
            transform=ax.get_yaxis_transform(),
        )
        ax.text(
            1.03,
            (low + high) / 2,
            printable(area.name),
            rotation=90,
            va="center",
            fontsize="small",
            transform=ax.get_yaxis_transform(),
        )
    ax.set(xlabel="time, s", ylabel="physical address, MiB")
    return ax


def map_image(page_map: PageMap) -> NDArray[np.float64]:
    """f8[rows, moments, 3]: red, green and blue, 0 to 1."""
    counts = page_map.rows.astype(float)
    shares = counts / counts.sum(axis=2, keepdims=True)
    taken = shares.copy()
    taken[:, :, Holder.FREE] = 0
    used = taken.sum(axis=2)
    colours = np.array([_rgb(COLOURS[holder]) for holder in Holder])
    strength = np.where(used > 0, 0.3 + 0.7 * used, 0)[:, :, None]
    mixed = colours[Holder.FREE] + strength * (colours[taken.argmax(axis=2)] - colours[Holder.FREE])
    image: NDArray[np.float64] = mixed.transpose(1, 0, 2)
    return image


def _rgb(text: str) -> tuple[float, ...]:
    return tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))


def map_legend(page_map: PageMap, ax: Any) -> None:
    """What the colours of a map mean, below it."""
    from matplotlib.patches import Patch

    there = page_map.parts.sum(axis=(0, 1)) > 0
    patches = [Patch(color=COLOURS[holder], label=text) for holder, text in LABELS.items() if there[holder]]
    ax.legend(
        handles=patches,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.12),
        ncols=5,
        frameon=False,
        fontsize="x-small",
    )
