"""Chance: what the model draws, from one state of random numbers (xorshift64)."""

from __future__ import annotations

import numpy as np

from zonecma.kernel.jit import jit
from zonecma.kernel.memory import Memory


@jit
def draw(m: Memory, below: int) -> int:
    """A number from 0 to ``below`` - 1."""
    x = m.vm[0].random
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    m.vm[0].random = x
    return int((x >> np.uint64(11)) % np.uint64(below))


@jit
def draw_share(m: Memory) -> float:
    """A number from 0 to 1, 1 left out."""
    return draw(m, 1 << 53) / (1 << 53)
