"""/sys/kernel/debug/page_owner: who allocated each frame, read as a stream.

print_page_owner (mm/page_owner.c): the first line of a record has the mask alone in 4.7, process and task in
6.1 (with the time of the frame's last free) and 6.12; the second has the frame in decimal in 4.7 and 6.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 1 << 18
"""Bytes: what is lost before the place where a packed file is damaged."""
_LONGEST = 1 << 17
"""Bytes: a record ends within a page of the kernel's (64 KiB at most)."""
_END = b"\n\n"
_HEAD = re.compile(
    rb"Page allocated via order (\d{1,2}), mask (?:0x)?([0-9a-f]{1,16})\(([^)\n]{0,400})\)([^\n]*)\n"
    rb"PFN (0x[0-9a-f]{1,15}|\d{1,15}) type (\w{1,20}) Block \d{1,15} type (\w{1,20}) Flags ([^\n]*)\n"
)
_TASK = re.compile(rb", pid (\d{1,10})(?:, tgid (\d{1,10}) \(([^\n]*?)\), ts \d)?")
_MIGRATED = b"Page has been migrated, last migrate reason: "
_ADDRESS = re.compile(rb"^ *(?:\[<[^>]*>\] )?")


@dataclass(frozen=True)
class OwnedPage:
    """One allocation, within the frames that were asked for."""

    pfn: int
    order: int
    gfp: bytes
    """the mask's names, as printed"""
    page_type: bytes
    """migratetype of the request"""
    block_type: bytes
    """migratetype of the pageblock"""
    flags: bytes
    """the page's flags by name, as printed"""
    task: bytes
    """who asked; the process's number where the kernel tells no name, empty where it tells neither"""
    stack: bytes
    """lines of ``function+offset/size``, innermost first"""
    migrated: bytes
    """the reason of its last migration; empty: it never was"""


@dataclass
class Scan:
    """A file, read record by record."""

    ranges: Sequence[tuple[int, int]]
    """first frame and the frame after the last of what is wanted"""
    records: int = 0
    unread: int = 0
    """passages that are no record"""
    cut: bool = False
    """whether the file ends within a record"""
    last_pfn: int = -1
    """the frame of the last record"""
    nr_bytes: int = 0
    """read so far"""

    def pages(self, file: BinaryIO) -> Iterator[OwnedPage]:
        """The records whose first frame is wanted, in the file's order; memory stays bounded.

        What the stream raises when it is damaged comes through, after the records before the damage.
        """
        rest = b""
        while block := file.read(_CHUNK):
            self.nr_bytes += len(block)
            text = rest + block
            end = text.rfind(_END) + len(_END)
            if end < len(_END):
                end = len(text) if len(text) > _LONGEST else 0
            yield from self._pages(text[:end])
            rest = text[end:]
        self.cut = bool(rest.strip())

    def _pages(self, text: bytes) -> Iterator[OwnedPage]:
        found = 0
        for match in _HEAD.finditer(text):
            found += 1
            pfn = self.last_pfn = int(match[5], 0)
            if any(start <= pfn < end for start, end in self.ranges):
                end = text.find(_END, match.end() - 1)
                yield _page(match, pfn, text[match.end() : end])
        self.records += found
        self.unread += max(text.count(_END) + (bool(text) and not text.endswith(_END)) - found, 0)


def _page(match: re.Match[bytes], pfn: int, below: bytes) -> OwnedPage:
    task = _TASK.match(match[4])
    named = task and (task[3] if task[3] is not None else b"pid " + task[1])
    at = below.find(_MIGRATED)
    reason = below[at + len(_MIGRATED) :].split(b"\n", 1)[0] if at >= 0 else b""
    lines = [line for line in below.split(b"\n") if line.startswith(b" ")]
    return OwnedPage(
        pfn, int(match[1]), match[3], match[6], match[7], match[8], named or b"", b"\n".join(lines), reason
    )


def functions(stack: bytes) -> tuple[str, ...]:
    """The functions of a stack, innermost first, without addresses, offsets and modules."""
    names = (_ADDRESS.sub(b"", line).split(b"+", 1)[0] for line in stack.split(b"\n"))
    return tuple(name.decode(errors="replace") for name in names if name)
