"""Drawing how long something lasts: log-normal (machine/durations.toml)."""

from __future__ import annotations

import numpy as np

from zonecma.kernel.chance import draw_share
from zonecma.kernel.jit import jit
from zonecma.kernel.memory import Memory


@jit
def draw_duration(m: Memory, which: int) -> int:
    """A duration (ns); 0 for one that is not known to this machine."""
    duration = m.duration[which]
    if duration.sigma == 0:
        return np.int64(duration.median)  # type: ignore[return-value]
    # Box and Muller
    normal = np.sqrt(-2.0 * np.log(1.0 - draw_share(m))) * np.cos(2 * np.pi * draw_share(m))
    return np.int64(duration.median * np.exp(duration.sigma * normal))  # type: ignore[return-value]
