"""The size of a machine's pages, where no file tells it."""

from __future__ import annotations

PAGE_SIZES = (4 << 10, 16 << 10, 64 << 10)
"""Bytes: what kernels are built with."""


def page_size_of(frames: int, ram: int) -> int:
    """The size with which so many frames come nearest to so many bytes; the smallest where one is 0."""
    return min(PAGE_SIZES, key=lambda size: abs(frames * size - ram)) if frames and ram else PAGE_SIZES[0]
