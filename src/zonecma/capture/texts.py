"""Words of a trace, each with a number: tasks, gfp masks, names, markers."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.bytescan import hash_bytes
from zonecma.kernel.jit import entry, jit, primitive

BYTES_PER_SLOT = 32


class Texts(NamedTuple):
    """The words seen so far, for compiled code; ``grown`` makes room for more."""

    slot_hash: NDArray[np.uint64]
    """u8[slots, a power of two]: open addressing by hash; 0 is empty"""
    slot_number: NDArray[np.int64]
    """i8[slots]"""
    pool: NDArray[np.uint8]
    """u1[bytes]: the words, one after the other"""
    end: NDArray[np.int64]
    """i8[slots]: where each word ends in the pool"""
    used: NDArray[np.int64]
    """i8[2]: words, bytes"""


def empty_texts(slots: int = 1 << 12) -> Texts:
    """Room for half as many words as slots (a power of two).  Word 0 is the empty one."""
    return Texts(
        slot_hash=np.zeros(slots, np.uint64),
        slot_number=np.zeros(slots, np.int64),
        pool=np.zeros(slots * BYTES_PER_SLOT, np.uint8),
        end=np.zeros(slots, np.int64),
        used=np.array([1, 0], np.int64),
    )


@primitive
def free_slot(slot_hash: NDArray[np.uint64], hashed: np.uint64) -> np.uint64:
    """Where a hash stands, or the empty slot where it belongs."""
    mask = np.uint64(slot_hash.size - 1)
    slot = hashed & mask
    while slot_hash[slot] != np.uint64(0) and slot_hash[slot] != hashed:
        slot = (slot + np.uint64(1)) & mask
    return slot


@entry
def find_slot(slot_hash: NDArray[np.uint64], hashed: np.uint64) -> np.uint64:
    """``free_slot``, for Python."""
    return free_slot(slot_hash, hashed)


def grown(texts: Texts) -> Texts:
    """The same words, with room for twice as many."""
    larger = empty_texts(2 * len(texts.slot_hash))
    words, size = texts.used
    larger.pool[:size] = texts.pool[:size]
    larger.end[:words] = texts.end[:words]
    larger.used[:] = texts.used
    for old in np.flatnonzero(texts.slot_hash):
        slot = find_slot(larger.slot_hash, texts.slot_hash[old])
        larger.slot_hash[slot] = texts.slot_hash[old]
        larger.slot_number[slot] = texts.slot_number[old]
    return larger


def strings(texts: Texts) -> list[str]:
    """The words, by number."""
    ends = texts.end[: texts.used[0]].tolist()
    pool = texts.pool.tobytes()
    return [pool[a:b].decode(errors="replace") for a, b in itertools.pairwise([0, *ends])]


@primitive
def number_of(text: NDArray[np.uint8], words: NDArray[np.uint64], texts: Texts, start: int, end: int) -> int:
    """The number of the word [start, end), a new one if need be; -1 when there is no room."""
    hashed = hash_bytes(words, start, end)
    slot = free_slot(texts.slot_hash, hashed)
    if texts.slot_hash[slot] == hashed:
        return texts.slot_number[slot]  # type: ignore[no-any-return]
    return _add(text, texts, start, end, slot, hashed)


@jit
def _add(
    text: NDArray[np.uint8], texts: Texts, start: int, end: int, slot: np.uint64, hashed: np.uint64
) -> int:
    number, size = texts.used[0], texts.used[1]
    if 2 * number >= texts.slot_hash.size or size + end - start > texts.pool.size:
        return -1
    for offset in range(end - start):
        texts.pool[size + offset] = text[start + offset]
    texts.end[number] = size + end - start
    texts.slot_hash[slot] = hashed
    texts.slot_number[slot] = number
    texts.used[0] += 1
    texts.used[1] += end - start
    return number  # type: ignore[no-any-return]
