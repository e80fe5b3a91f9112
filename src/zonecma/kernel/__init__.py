"""The model of ``mm/``: one file per kernel concept, named as the kernel names it.

This room knows arrays and integers only: no files, no tables, no output.  Every rule says
which kernel function it comes from; ``rules.py`` says which kernel versions do it.
"""
