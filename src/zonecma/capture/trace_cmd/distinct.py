"""Strings and numbers of many events: each different one once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.texts import Texts, empty_texts, free_slot, grown, number_of, strings
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


def distinct_strings(
    data: NDArray[np.uint8], words: NDArray[np.uint64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """The strings [start, end), each up to its first zero byte: the number of each, and the words."""
    texts, codes, done = empty_texts(), np.empty(len(starts), np.int64), 0
    while (done := _number(data, words, texts, starts, ends, done, codes)) < len(starts):
        texts = grown(texts)
    return codes, strings(texts)


_SLOTS = 1 << 12
_FEW = _SLOTS // 2
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


@entry
def _number_few(
    values: NDArray[np.int64],
    slot_hash: NDArray[np.uint64],
    slot_number: NDArray[np.int64],
    found: NDArray[np.int64],
    codes: NDArray[np.int64],
) -> int:
    """Number the different values; returns how many, or -1 when they are too many.

    The hash turns each value into another (an odd factor, half of the bits folded in), so equal
    hashes are equal values.
    """
    count = 0
    for i in range(values.size):
        hashed = (np.uint64(values[i]) + np.uint64(1)) * _SPREAD
        hashed ^= hashed >> _HALF
        if hashed == np.uint64(0):
            return -1
        slot = free_slot(slot_hash, hashed)
        if slot_hash[slot] != hashed:
            if count == found.size:
                return -1
            slot_hash[slot], slot_number[slot], found[count] = hashed, count, values[i]
            count += 1
        codes[i] = slot_number[slot]
    return count


def distinct_numbers(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different values, and the index of each among them."""
    flat = np.ascontiguousarray(values).ravel()
    found, codes = np.empty(_FEW, np.int64), np.empty(len(flat), np.int64)
    count = _number_few(flat, np.zeros(_SLOTS, np.uint64), np.empty(_SLOTS, np.int64), found, codes)
    if count < 0:
        found, codes = np.unique(flat, return_inverse=True)
        count = len(found)
    return found[:count], codes.reshape(values.shape)
