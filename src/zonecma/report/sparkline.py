"""A course over time in a few characters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], highest: float, cells: int) -> str:
    """Bars for ``values``, averaged down to ``cells``; ``highest`` is a full bar, zero the lowest."""
    cells = min(cells, len(values))
    edges = [round(i * len(values) / cells) for i in range(cells + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]
    top = len(_BARS) - 1
    return "".join(_BARS[min(top, int(mean / highest * len(_BARS))) if highest else 0] for mean in means)
