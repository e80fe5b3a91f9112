"""What a user can do wrong, said in one sentence."""

from __future__ import annotations


class InputError(Exception):
    """Input that cannot be used: the message names the place and the remedy, in one line.

    The command line prints it and ends with status 2.
    """
