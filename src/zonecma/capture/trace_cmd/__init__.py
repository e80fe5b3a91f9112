"""trace-cmd's own file, ``trace.dat``: its sections, the ring buffer's pages, and their events as columns."""
