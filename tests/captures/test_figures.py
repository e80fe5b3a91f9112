"""Figures of real kernels that the documents give, from the recordings and without the model."""

import re

import pytest

from tests.conftest import CAPTURES, REPOSITORY, figures_of

DOCUMENT = (REPOSITORY / "docs" / "recordings.md").read_text()
ROWS = {
    name: cells for name, *cells in re.findall(r"^\| `([\w.-]+)` \|" + 4 * r" (.*?) \|" + "$", DOCUMENT, re.M)
}
"""The table of loads: a recording's name, and its cells."""


def test_the_table_has_every_pair():
    assert ROWS.keys() >= {path.name for path in CAPTURES.glob("pairs/*")}


@pytest.mark.parametrize("name", ROWS)
def test_the_table(name):
    (folder,) = (CAPTURES / place / name for place in ("", "pairs") if (CAPTURES / place / name).is_dir())
    found = figures_of(str(folder.relative_to(CAPTURES)))
    busy = ", ".join(f"{kind} {count}" for kind, count in found.blockers.most_common()) or "none busy"
    failed = f"{found.failed} of {found.calls}"
    assert ROWS[name] == [f"{100 * found.use:.1f} %", failed, f"{found.migrated:,}", busy]


def test_a_real_zone_of_its_own():
    """A stock kernel whose area is exactly ZONE_MOVABLE."""
    found = figures_of("zonecma-mix-6.12")
    assert (found.migrated, round(100 * found.use)) == (13_774, 27)


def test_a_real_half_free_rule():
    assert figures_of("cma256-mix-6.12").use < 0.001


def test_the_documents_give_these_figures():
    for document in ("README.md", "docs/model.md"):
        text = (REPOSITORY / document).read_text()
        assert "27 %" in text
        assert "13,774" in text
