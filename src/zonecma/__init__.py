"""zonecma: what a placement of contiguous memory does to a Linux machine."""

__version__ = "0.1.0"
