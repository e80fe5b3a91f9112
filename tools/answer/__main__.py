"""How each kind of page makes contiguous calls fail, and for how long: ``make answer`` writes the page.

``page-kinds``, a generated load, is run with memory full of each kind, under three placements and the
rules of two kernels; beside it stands what recordings show.
"""

from __future__ import annotations

import sys

from tools.answer.rows import KERNELS, KINDS, LOAD, PLACEMENTS, Row, row_of, task_of
from tools.answer.seen import REPOSITORY
from tools.answer.text import check_words, page_of
from zonecma.lab.scenario_setup import runs_by_label
from zonecma.report.progress import terminal_progress

PAGE = REPOSITORY / "docs" / "why-calls-fail.md"
SEEDS = 6


def rows(seeds: int) -> list[Row]:
    """All rows, each of so many runs."""
    cells = [(kind, kernel, place) for kind in KINDS for kernel in KERNELS for place in PLACEMENTS]
    tasks = [task_of(*cell, seed) for cell in cells for seed in range(seeds)]
    with terminal_progress() as progress:
        found = runs_by_label(tasks, progress)
    return [row_of(*cell, found[" ".join(cell)]) for cell in cells]


def main(seeds: int = SEEDS) -> None:
    """Run all, and write the page."""
    found = rows(seeds)
    check_words(found)
    PAGE.write_text(page_of(found, seeds, LOAD))
    print(f"wrote {PAGE.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
