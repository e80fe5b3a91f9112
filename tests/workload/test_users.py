"""Kinds of users, by masks as recordings show them."""

import pytest

from zonecma.kernel.gfp import parse_gfp
from zonecma.workload.users import UserKind, user_kind


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        ("GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO", UserKind.ANONYMOUS),
        ("GFP_HIGHUSER_MOVABLE|__GFP_COMP", UserKind.ANONYMOUS),
        ("GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_WRITE", UserKind.FILE),
        ("GFP_HIGHUSER_MOVABLE|__GFP_NOWARN|__GFP_NORETRY", UserKind.FILE),
        (
            "GFP_NOFS|__GFP_HIGHMEM|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_HARDWALL|__GFP_MOVABLE",
            UserKind.FILE,
        ),
        ("GFP_NOFS|__GFP_NOFAIL|__GFP_COMP|__GFP_HARDWALL|__GFP_MOVABLE", UserKind.BLOCKDEV),
        ("GFP_KERNEL_ACCOUNT|__GFP_COMP|__GFP_ZERO", UserKind.OTHER),
        ("GFP_HIGHUSER|__GFP_ACCOUNT", UserKind.OTHER),
        ("GFP_TRANSHUGE_LIGHT", UserKind.ANONYMOUS),
        ("GFP_TRANSHUGE|__GFP_NORETRY", UserKind.ANONYMOUS),
        ("none", UserKind.OTHER),
    ],
)
def test_kind(mask, kind):
    assert user_kind(parse_gfp(mask)) is kind
