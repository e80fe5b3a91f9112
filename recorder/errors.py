"""What can go wrong with a recording, said in one sentence."""

from __future__ import annotations


class RecorderError(Exception):
    """A recording that cannot be made: the message names the place and the remedy, in one line.

    The command line prints it and ends with status 2.
    """
