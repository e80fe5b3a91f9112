"""Reading the numbers and strings of a file's header, never beyond its end."""

from __future__ import annotations

from pathlib import Path

from zonecma.errors import InputError


class Numbers:
    """Little-endian numbers and strings, one after the other, of bytes that ``place`` names in errors."""

    def __init__(self, data: memoryview, place: Path | str, at: int = 0) -> None:
        self.data, self.place, self.at = data, place, at

    def take(self, size: int, what: str) -> memoryview:
        """The next ``size`` bytes; InputError where there are fewer."""
        if not 0 <= size <= len(self.data) - self.at:
            raise InputError(
                f"{self.place}: {what} at byte {self.at} needs {size} bytes, but"
                f" {max(len(self.data) - self.at, 0)} are left; expected a whole trace-cmd file"
            )
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int, what: str) -> int:
        """An unsigned number of ``size`` bytes."""
        return int.from_bytes(self.take(size, what), "little")

    def string(self, what: str, longest: int = 4096) -> str:
        """A string that ends in a zero byte."""
        head = bytes(self.data[self.at : self.at + longest])
        length = head.find(b"\0")
        if length < 0:
            raise InputError(
                f"{self.place}: {what} at byte {self.at} has no end; expected a whole trace-cmd file"
            )
        self.at += length + 1
        return head[:length].decode(errors="replace")

    def block(self, size_of_size: int, what: str) -> memoryview:
        """Bytes that stand behind their number."""
        return self.take(self.number(size_of_size, f"the size of {what}"), what)
