"""Plots for notebooks, and the figure for papers."""

import dataclasses
import io
import sys

import numpy as np
import pytest

from tests.report.pages import of_recording, worst_map
from tests.report.test_comparison import comparison, result
from tests.report.test_explanation import explanation
from tests.traces import TWO_BLOCKERS
from zonecma.errors import InputError
from zonecma.report.figure import figure_png
from zonecma.report.plots import map_image, plot_calls, plot_map, plot_use
from zonecma.workload.holders import Holder

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


def test_use_has_a_line_for_each_placement():
    ax = plot_use(comparison(result("half-free", 0.1, 8), result("zone-cma", 0.3, 9)))
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert [*lines] == ["half-free", "zone-cma"]
    assert lines["zone-cma"].get_xdata().tolist() == [1, 3]  # the middles of two slices of 4 s
    assert lines["zone-cma"].get_ydata().tolist() == pytest.approx([0, 60])


def test_calls_are_dots_in_mib_and_ms():
    ax = plot_calls(explanation(*TWO_BLOCKERS))
    got, failed = (one.get_offsets() for one in ax.collections)
    assert len(got) == 0
    assert np.asarray(failed).tolist() == [[2, 7], [2, 3]]


def test_a_map_is_drawn_into_the_callers_axes():
    mine = matplotlib.figure.Figure().subplots()
    found = worst_map()
    assert plot_map(found, mine) is mine
    (image,) = mine.get_images()
    assert image.get_array().shape == (*found.rows.shape[1::-1], 3)


def test_a_cell_is_paler_where_more_is_free():
    found = worst_map()
    rows = np.zeros_like(found.rows[:2, :3])
    rows[:, :, Holder.FREE] = 512
    rows[1, 0, Holder.FREE], rows[1, 0, Holder.FILE] = 0, 512
    rows[1, 1, Holder.FREE], rows[1, 1, Holder.FILE] = 256, 256
    image = map_image(dataclasses.replace(found, rows=rows))
    full, half, free = image[:, 1]
    assert free.tolist() == image[0, 0].tolist()
    assert full[0] < half[0] < free[0]


def test_the_figure_is_a_png_whose_map_is_not_blank():
    png = figure_png(of_recording(), dpi=60)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert 20_000 < len(png) < 1_000_000
    image = matplotlib.image.imread(io.BytesIO(png))
    assert image.shape[:2] == (600, 600)
    upper = (image[50:300, 60:540, :3] * 255).astype(int)
    colours, counts = np.unique(upper.reshape(-1, 3), axis=0, return_counts=True)
    assert len(colours) > 20
    assert counts.max() < 0.7 * counts.sum()


def test_without_a_map_there_is_no_figure():
    with pytest.raises(InputError, match="expected a recording"):
        figure_png(dataclasses.replace(of_recording(), page_map=None))


def test_without_the_package_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match="--png: the package matplotlib is not installed"):
        figure_png(of_recording())
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(InputError, match="plots: the package matplotlib is not installed"):
        plot_use(comparison(result("half-free", 0.1, 8)))
