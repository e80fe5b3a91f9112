"""What is traced: tracepoints from trace_init() on, probes from the guest's first program on."""

from __future__ import annotations

TRACEPOINTS = (
    "kmem:mm_page_alloc",
    "kmem:mm_page_free",
    "kmem:mm_page_free_batched",
    "kmem:mm_page_pcpu_drain",
    "kmem:mm_page_alloc_zone_locked",
    "kmem:mm_page_alloc_extfrag",
    "cma",
    "migrate",  # with {set,remove}_migration_pte: which frame moved where
    "compaction",
    "page_isolation",
    "vmscan",
    "pagemap",  # insertion into the LRU and activation: what kind of page a frame holds
    "filemap:mm_filemap_add_to_page_cache",
    "filemap:mm_filemap_delete_from_page_cache",
    "writeback:writeback_dirty_folio",
    "writeback:folio_wait_writeback",
    "writeback:writeback_start",
    "writeback:writeback_written",
    "writeback:writeback_single_inode",
    "writeback:balance_dirty_pages",
)
"""Systems and events; all exist on 6.1 and 6.12."""
