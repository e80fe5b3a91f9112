"""What the steps of memory management take on a machine: a TOML file, a table for each step.

``[fault]``, ``ns = 1000`` and, for the reader, ``source = "..."``.  The default table names every step.
"""

from __future__ import annotations

from pathlib import Path

from zonecma.machine import figures_file

DEFAULT = Path(__file__).with_name("costs.toml")
"""The table that ships with the package; each figure says where it is from."""
_FORM = figures_file.Form(
    default=DEFAULT,
    content="costs",
    figures=("ns",),
    unit="nanoseconds",
    largest=1e12,  # no step takes a quarter of an hour
    example="[fault] with ns = 1000",
)


def read_costs(path: Path = DEFAULT) -> dict[str, float]:
    """Nanoseconds that each step takes: the file's figures, and the default table's for the others.

    Raises InputError with the file and the step.
    """
    both = figures_file.figures_of(_FORM, DEFAULT) | figures_file.figures_of(_FORM, path)
    return {step: ns for step, (ns,) in both.items()}


def default_sources() -> dict[str, str]:
    """Where each figure of the default table is from."""
    return figures_file.default_sources(_FORM)
