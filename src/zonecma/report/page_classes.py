"""Classes of pages in plain words, and what has to happen before such a page can move."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zonecma.kernel.page_class import PageClass

NAMES: Mapping[PageClass, str] = MappingProxyType(
    {
        PageClass.ANONYMOUS: "anonymous",
        PageClass.TMPFS: "tmpfs",
        PageClass.HUGE: "huge page",
        PageClass.FILE: "file, clean",
        PageClass.FILE_MAPPED: "file, clean and mapped",
        PageClass.FILE_DIRTY: "file, dirty",
        PageClass.BUFFER: "block-device buffer, clean",
        PageClass.BUFFER_DIRTY: "block-device buffer, dirty",
        PageClass.BUFFER_HEAD: "block-device buffer, looked up by a CPU",
        PageClass.JOURNAL: "block-device buffer, held by the journal",
        PageClass.WRITEBACK: "under writeback",
        PageClass.LOCKED: "being read",
        PageClass.DIRECT_IO: "in direct I/O",
        PageClass.PINNED: "pinned for long",
        PageClass.REFERENCED: "referenced by somebody",
        PageClass.LRU_BATCH: "on its way to an LRU list",
        PageClass.SLAB: "slab",
        PageClass.KERNEL: "the kernel's own",
        PageClass.FREE: "free by then, or not isolated",
        PageClass.UNKNOWN: "unknown",
    }
)

NEEDS: Mapping[PageClass, str] = MappingProxyType(
    {
        PageClass.ANONYMOUS: "a frame to move it to",
        PageClass.TMPFS: "a frame to move it to",
        PageClass.HUGE: "to be split, or a kernel that moves huge pages (4.8 and later)",
        PageClass.FILE: "nothing: it is dropped",
        PageClass.FILE_MAPPED: "nothing: it is unmapped and dropped",
        PageClass.FILE_DIRTY: "a frame to move it to",
        PageClass.BUFFER: "nothing: it is dropped",
        PageClass.BUFFER_DIRTY: "to be written first (4.7), or a frame to move it to",
        PageClass.BUFFER_HEAD: "16 other buffers to be looked up on that CPU",
        PageClass.JOURNAL: "its transaction's commit, its own write, and the next commit",
        PageClass.WRITEBACK: "the end of its write",
        PageClass.LOCKED: "the end of its read",
        PageClass.DIRECT_IO: "the end of the request",
        PageClass.PINNED: "whoever pinned it to let go",
        PageClass.REFERENCED: "whoever refers to it to let go",
        PageClass.LRU_BATCH: "a drain, which every call begins with",
        PageClass.FREE: "nothing more",
    }
)
"""What another attempt would have needed."""
