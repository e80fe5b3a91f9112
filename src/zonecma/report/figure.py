"""A figure for a paper: the map of memory, use of the area, the placements' figures."""

from __future__ import annotations

import io
from typing import Any

from zonecma.errors import InputError
from zonecma.report.page.panels import comparison_rows
from zonecma.report.page.results import Json, Results
from zonecma.report.plots import draw_use, map_legend, plot_map
from zonecma.report.words import printable

_SHOWN = 16
"""Rows of the table."""


def figure_png(results: Results, dpi: int = 150) -> bytes:
    """PNG; raises InputError where matplotlib is not installed, and for results without a map."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(
            "--png: the package matplotlib is not installed; expected it beside zonecma"
            " (pip install 'zonecma[plot]')"
        ) from None
    if results.page_map is None or results.comparison is None:
        raise InputError("--png: there is no map of memory; expected a recording")
    figure = Figure(figsize=(10, 10), layout="constrained")
    axes = figure.subplot_mosaic([["map", "map"], ["use", "table"]], height_ratios=[3, 2])
    figure.suptitle(printable(results.source))
    plot_map(results.page_map, axes["map"])
    map_legend(results.page_map, axes["map"])
    found = results.comparison
    courses = [(str(p["name"]), p["area_use_over_time"]) for p in found["placements"]]
    draw_use(courses, float(found["seconds"]), axes["use"])
    _table(found, axes["table"])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def _table(found: Json, ax: Any) -> None:
    rows = comparison_rows(found)[:_SHOWN]
    table = ax.table(
        cellText=[[cell.text for cell in cells] for _, cells in rows],
        rowLabels=[label for label, _ in rows],
        colLabels=[printable(str(placement["name"])) for placement in found["placements"]],
        loc="center right",
        edges="horizontal",
        colWidths=[0.17] * len(found["placements"]),
    )
    table.auto_set_font_size(False)
    table.set_fontsize(7)
    ax.axis("off")
