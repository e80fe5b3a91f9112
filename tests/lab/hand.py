"""Traces written by hand, on the smallest machine: 16 MiB from frame 0x1000 on, one CPU.

Frame 0x1001 waits on its per-cpu list of movable pages, 0x1c00 to 0x1fff are free in its area,
and all else is in use.
"""

from zonecma.lab.tiny import tiny_replay

MOVABLE = "migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE"
TARGET = "migratetype=1 gfp_flags=GFP_USER|__GFP_RETRY_MAYFAIL|__GFP_COMP|__GFP_MOVABLE"


def replay_of_events(*events):
    """A replay of events, a microsecond each and one line each, the first on line 1."""
    lines = [f"a-1 [000] 1.{number:06}: {event}\n" for number, event in enumerate(events)]
    return tiny_replay("".join(lines).encode())
