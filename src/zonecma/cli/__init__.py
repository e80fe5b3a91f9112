"""The command line: a verb a file, and what starts them."""

from zonecma.cli.start import main

__all__ = ["main"]
