"""A second, slow reader of trace lines: regular expressions, the independent truth for the scanner."""

import re

LINE = re.compile(
    r"^\s*(?P<task>.{1,16}-\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(?P<cpu>\d+)\]\s+(?:[^\d\s]\S*\s+)?"
    r"(?P<seconds>\d+)\.(?P<fraction>\d+):\s+(?P<event>\w+):\s*(?P<rest>.*)$"
)


def parse(line):
    """Task, CPU, ns, event and the key=value pairs of a line; None for what is no event."""
    match = LINE.match(line)
    if not match:
        return None
    nanoseconds = int(match["seconds"]) * 10**9 + int(match["fraction"].ljust(9, "0"))
    pairs = dict(re.findall(r"(\w+)=(\([^)]*\)|\S+)", match["rest"]))
    return match["task"].strip(), int(match["cpu"]), nanoseconds, match["event"], pairs, match["rest"]


def number(text):
    """A number in decimal or with 0x."""
    return int(text.rstrip(","), 0)
