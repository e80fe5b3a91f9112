"""The line that ``uname -a`` prints."""

from __future__ import annotations

import re

_RELEASE = re.compile(r"\d+\.\d+")


def release_of(uname: str) -> str:
    """The kernel's release, such as ``6.12.117-gt``; empty where the line has none.

    It is the third word, the second where the host has no name.
    """
    words = uname.split()
    return next((word for word in (*words[2:3], *words[1:2]) if _RELEASE.match(word)), "")
