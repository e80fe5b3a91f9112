"""zonecma collector: the script that records a live machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def collector(
    seconds: Annotated[
        int, typer.Option(help="How long the script records.", metavar="N", min=1, max=86_400)
    ] = 30,
    buffer: Annotated[
        int,
        typer.Option(help="MiB of its memory for the ring buffer.", metavar="MIB", min=1, max=1024),
    ] = 32,
    limit: Annotated[
        int, typer.Option(help="MiB that the bundle may have at most.", metavar="MIB", min=1, max=1024)
    ] = 64,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the script there.", metavar="FILE")
    ] = None,
) -> None:
    """Print a shell script that records a live machine, and leaves one .tar.gz that zonecma reads.

    It needs root there and a POSIX shell such as busybox's, no Python: `zonecma collector >collector.sh`,
    and on the machine `sh collector.sh`.  These options set its defaults; `sh collector.sh -h` has its own.
    """
    from zonecma.capture.collector import collector_script
    from zonecma.files import write_whole

    text = collector_script(seconds, buffer, limit)
    if output is None:
        print(text, end="")
    else:
        write_whole(output, text)
