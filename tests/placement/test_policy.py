"""What each placement decides, and that a user's own is taken as it is."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import pytest

from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_MIGRATION_TARGET, GFP_NOFS, Gfp
from zonecma.kernel.zone import ZONE_CMA, ZONE_MOVABLE, ZONE_NORMAL
from zonecma.placement import (
    COMPARED,
    PLACEMENTS,
    Carveout,
    HalfFree,
    Home,
    LastResort,
    Placement,
    ZoneCma,
)

BUFFER = GFP_NOFS | Gfp.NOFAIL | Gfp.MOVABLE


def test_the_kernels_own_rule_is_the_baseline():
    assert COMPARED[0] is PLACEMENTS[0] is HalfFree
    assert HalfFree().cma_first_above() == Fraction(1, 2)


def test_zone_cma_wants_both_bits():
    policy = ZoneCma()
    assert policy.home is Home.ZONE_CMA
    assert policy.highest_zone(GFP_HIGHUSER_MOVABLE) == ZONE_CMA
    assert policy.highest_zone(BUFFER) == ZONE_NORMAL
    assert policy.highest_zone(GFP_MIGRATION_TARGET) == ZONE_NORMAL
    assert policy.highest_zone(GFP_KERNEL) == ZONE_NORMAL
    assert not policy.counts_free_cma(GFP_HIGHUSER_MOVABLE)


@pytest.mark.parametrize("policy", [HalfFree(), LastResort()])
def test_migrate_cma_wants_movable_alone(policy):
    assert policy.home is Home.DONOR
    assert policy.may_use_cma_lists(BUFFER)
    assert policy.counts_free_cma(BUFFER)
    assert not policy.may_use_cma_lists(GFP_KERNEL)
    assert policy.highest_zone(GFP_HIGHUSER_MOVABLE) == ZONE_MOVABLE


def test_last_resort_never_comes_first():
    assert LastResort().cma_first_above() == 1


def test_a_carved_out_area_has_no_zone():
    assert Carveout().home is Home.NONE


@dataclass(frozen=True)
class FilesOnly(Placement):
    """A user's own policy: only page cache that is written may use the area."""

    name: ClassVar[str] = "files-only"

    def may_use_cma_lists(self, gfp: int) -> bool:
        return bool(gfp & Gfp.WRITE)

    def cma_first_above(self) -> Fraction:
        return Fraction(0)


def test_a_users_own_placement_compiles_nothing():
    from numba.core import event

    from zonecma import compare, open_recording

    compare(open_recording(), [HalfFree()])
    with event.install_recorder("numba:compile") as recorder:
        (result,) = compare(open_recording(), [FilesOnly()]).placements
    assert not recorder.buffer
    assert result.name == "files-only"
    # Some reaches others through the movable per-cpu lists that all share, as in the kernel.
    assert result.use_by["file"] > 2 * result.use_by["anonymous"]


@dataclass(frozen=True)
class Gated(HalfFree):
    name: ClassVar[str] = "gated"
    gate: str = "open"
    above: Fraction = Fraction(1, 2)


def test_parameters_of_any_kind_have_a_label():
    assert Gated().label == "gated"
    assert Gated(0.25, "closed", Fraction(1, 3)).label == "gated,fraction=0.25,gate=closed,above=1/3"
