"""The script that records a live machine, with its defaults filled in: ``collector.sh`` beside this file."""

from __future__ import annotations

import re
from pathlib import Path

SECONDS, BUFFER, LIMIT = 30, 32, 64
"""How long is recorded (s), the ring buffer of all CPUs (MiB), the bundle at most (MiB)."""
MOST_SECONDS, MOST_MIB = 86_400, 1024
"""The most that the script's own options take."""

_SCRIPT = Path(__file__).with_name("collector.sh")


def collector_script(seconds: int = SECONDS, buffer: int = BUFFER, limit: int = LIMIT) -> str:
    """The script, a POSIX shell's; ``buffer`` and ``limit`` are MiB."""
    text = _SCRIPT.read_text(encoding="utf-8")
    for name, value in (("DURATION", seconds), ("BUFFER", buffer), ("LIMIT", limit)):
        text = re.sub(rf"^{name}=\d+", f"{name}={value}", text, count=1, flags=re.MULTILINE)
    return text
