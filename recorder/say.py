"""What the recorder tells while it works: standard error, a line each."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Print a line at once."""
    print(f"recorder: {line}", file=sys.stderr, flush=True)
