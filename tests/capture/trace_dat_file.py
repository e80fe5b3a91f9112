"""Cutting a version 6 file down to some pages: how the file in captures/formats/ was made.

``python -m tests.capture.trace_dat_file IN OUT FIRST PAGES``
"""

import struct
import sys
from pathlib import Path

PAGE = 4096


class Cutter:
    """Copies a version 6 file part by part (trace-cmd.dat.v6(5))."""

    def __init__(self, data):
        self.data, self.at, self.marks = data, 0, []

    def number(self, size):
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "little")

    def skip(self, size):
        self.at += size
        self.marks.append(self.at)

    def formats(self):
        for _ in range(self.number(4)):
            self.skip(self.number(8))

    def head(self):
        """Go to kallsyms."""
        self.skip(18)
        for length in (12, 13):
            self.at += length
            self.skip(self.number(8))
        self.formats()
        for _ in range(self.number(4)):
            self.skip(self.data.index(b"\0", self.at) + 1 - self.at)
            self.formats()

    def options(self):
        """Go from the options' name to the CPUs' data."""
        assert self.data[self.at : self.at + 10] == b"options  \0"
        self.skip(10)
        while self.number(2):
            self.skip(self.number(4))
        assert self.data[self.at : self.at + 10] == b"flyrecord\0"
        self.skip(10)


def cut(data, first, pages):
    """The file with these pages of each CPU, and of kallsyms what a marker needs."""
    cutter = Cutter(data)
    cutter.head()
    head, size = data[: cutter.at], cutter.number(4)
    symbols = data[cutter.at : cutter.at + size].splitlines(keepends=True)
    kept = b"".join(line for line in symbols if b" tracing_mark_" in line)
    cutter.skip(size)
    middle = cutter.at
    cutter.skip(cutter.number(4))
    cutter.skip(cutter.number(8))
    cpus = cutter.number(4)
    cutter.options()
    head += struct.pack("<I", len(kept)) + kept + data[middle : cutter.at]
    where = [(cutter.number(8) + first * PAGE, cutter.number(8)) for _ in range(cpus)]
    start = -(-(len(head) + 16 * cpus) // PAGE) * PAGE
    table = b"".join(struct.pack("<QQ", start + cpu * pages * PAGE, pages * PAGE) for cpu in range(cpus))
    body = b"".join(data[at : at + pages * PAGE] for at, _ in where)
    return (head + table).ljust(start, b"\0") + body


if __name__ == "__main__":
    source, target, *numbers = sys.argv[1:]
    Path(target).write_bytes(cut(Path(source).read_bytes(), *map(int, numbers)))
