"""``EVENTS`` as arrays: what the scanner looks up while it reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.bytescan import hash_of
from zonecma.capture.events import EVENT_ID, EVENTS, OTHER_NAMES, EventSpec
from zonecma.capture.texts import find_slot

COLUMNS = ("pfn", "a", "b", "c", "d", "e", "gfp", "order", "migratetype")
"""The columns that a field can fill, by the number that stands for them."""

SLOTS = 512
_FAST_KEY = 16


class Tables(NamedTuple):
    """Events by hashed name; fields by hashed key, and by their first 16 bytes."""

    event_hash: NDArray[np.uint64]
    """u8[SLOTS]: open addressing; 0 is empty"""
    event_number: NDArray[np.int64]
    """i8[SLOTS]: index into EVENTS"""
    first_field: NDArray[np.int64]
    """i8[events + 1]: each event's slice of the arrays below"""
    required: NDArray[np.int64]
    """i8[events]: bit i is set when the event's field i must be there"""
    field_hash: NDArray[np.uint64]
    """u8[fields]: of the key without its =; a key that ends in a blank is never looked for by this"""
    field_column: NDArray[np.int64]
    """i8[fields]: index into COLUMNS"""
    field_kind: NDArray[np.int64]
    """i8[fields]: Kind"""
    key_length: NDArray[np.int64]
    """i8[fields]: bytes of key_text"""
    key_words: NDArray[np.uint64]
    """u8[fields, 2]: key_text, zero beyond its end; for longer keys, words that no text holds"""
    key_masks: NDArray[np.uint64]
    """u8[fields, 2]: which bytes of key_words count"""


def key_text(key: str) -> str:
    """A field's key as it is printed, up to its value."""
    return key if key.endswith(" ") else f"{key}="


def _key_words(key: str) -> tuple[list[int], list[int]]:
    text = key_text(key).encode()
    if len(text) > _FAST_KEY:
        return [1, 1], [0, 0]
    padded, mask = text.ljust(_FAST_KEY, b"\0"), (b"\xff" * len(text)).ljust(_FAST_KEY, b"\0")
    return np.frombuffer(padded, "<u8").tolist(), np.frombuffer(mask, "<u8").tolist()


def _required(spec: EventSpec) -> int:
    return sum(1 << i for i, key in enumerate(spec.fields) if key in spec.required)


def make_tables() -> Tables:
    """The tables of EVENTS."""
    event_hash, event_number = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.int64)
    others = {name: EVENT_ID[event] for name, event in OTHER_NAMES.items()}
    for name, number in {**EVENT_ID, **others}.items():
        slot = find_slot(event_hash, hash_of(name))
        event_hash[slot], event_number[slot] = hash_of(name), number
    fields = [(key, *where) for spec in EVENTS for key, where in spec.fields.items()]
    keys = [key for key, _, _ in fields]
    return Tables(
        event_hash,
        event_number,
        first_field=np.cumsum([0, *(len(spec.fields) for spec in EVENTS)], dtype=np.int64),
        required=np.array([_required(spec) for spec in EVENTS], np.int64),
        field_hash=np.array([hash_of(key) for key in keys], np.uint64),
        field_column=np.array([COLUMNS.index(column) for _, column, _ in fields], np.int64),
        field_kind=np.array([kind for _, _, kind in fields], np.int64),
        key_length=np.array([len(key_text(key)) for key in keys], np.int64),
        key_words=np.array([_key_words(key)[0] for key in keys], np.uint64),
        key_masks=np.array([_key_words(key)[1] for key in keys], np.uint64),
    )
