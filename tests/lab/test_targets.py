"""What migrations ask for."""

import pytest

from zonecma.kernel.gfp import GFP_USER, Gfp
from zonecma.kernel.rules import RULES
from zonecma.lab.placements import parse_placement
from zonecma.lab.targets import target_mask


@pytest.mark.parametrize(
    ("series", "placement", "expected"),
    [
        ("4.7", "last-resort", Gfp.MOVABLE),
        ("4.7", "zone-cma,series=v3", Gfp.MOVABLE),
        ("6.1", "half-free", Gfp.MOVABLE | Gfp.RETRY_MAYFAIL),
        ("6.12", "half-free", Gfp.MOVABLE | Gfp.RETRY_MAYFAIL),
        ("6.12", "zone-cma", Gfp.MOVABLE | Gfp.RETRY_MAYFAIL | Gfp.HIGHMEM),
    ],
)
def test_targets(series, placement, expected):
    """alloc_migrate_target() of 4.7, alloc_migration_target() since; __GFP_COMP changes nothing here."""
    mask = target_mask(RULES[series], parse_placement(placement))
    assert mask & ~Gfp.COMP == GFP_USER | expected
