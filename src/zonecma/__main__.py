"""python -m zonecma."""

from zonecma.cli import main

main()
