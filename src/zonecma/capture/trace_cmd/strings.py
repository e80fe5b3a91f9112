"""Strings of many events: each different one once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.texts import Texts, empty_texts, grown, number_of, strings
from zonecma.capture.trace_cmd.expression import Words
from zonecma.kernel.jit import entry


@entry
def _number(
    data: NDArray[np.uint8],
    words: NDArray[np.uint64],
    texts: Texts,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    first: int,
    codes: NDArray[np.int64],
) -> int:
    """Number the strings from ``first`` on, each up to its zero byte; returns how far there was room."""
    for i in range(first, starts.size):
        end = starts[i]
        while end < ends[i] and data[np.uint64(end)] != 0:
            end += 1
        codes[i] = number_of(data, words, texts, starts[i], end)
        if codes[i] < 0:
            return i
    return starts.size


def distinct(
    data: NDArray[np.uint8], words: NDArray[np.uint64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> Words:
    """The strings [start, end), each up to its first zero byte."""
    texts, codes, done = empty_texts(), np.empty(len(starts), np.int64), 0
    while (done := _number(data, words, texts, starts, ends, done, codes)) < len(starts):
        texts = grown(texts)
    return Words(codes, strings(texts))
