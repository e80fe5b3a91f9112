"""Which kernel does what: differences between versions are named features, never comparisons.

A recording names its kernel; ``rules_for`` finds the features of that series.  A series
whose allocator is not modelled yet has a reason instead, which verify reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Rules:
    """The features of one kernel series, as its source has them by default."""

    series: str
    pcp_batch_scale_max: int = 5
    """CONFIG_PCP_BATCH_SCALE_MAX: shift between a batch and the largest bulk operation."""
    watermark_boost_factor: int = 15000
    """vm.watermark_boost_factor, in 1/10000 of the high mark."""
    watermark_scale_factor: int = 10
    """vm.watermark_scale_factor, in 1/10000 of the zone."""
    min_free_kbytes_limit: int = 262144
    """calculate_min_free_kbytes clamps to this many KiB."""
    pcp_high_fraction: int = 8
    """MIN_PERCPU_PAGELIST_HIGH_FRACTION: high_max is this part of a zone's managed pages."""
    lowmem_reserve_ratio: tuple[int, ...] = (256, 256, 32, 0, 0, 0)
    """vm.lowmem_reserve_ratio, by zone; 0 keeps nothing back."""


RULES: Mapping[str, Rules] = MappingProxyType({"6.12": Rules("6.12")})
"""The kernel series that the model follows."""

NEWEST = RULES["6.12"]

NOT_MODELLED: Mapping[str, str] = MappingProxyType(
    {
        "6.1": "its per-cpu lists (free_factor), late bulk counters and fallback are not modelled yet",
        "4.7": "its fair zones, cold pages and round-robin drains are not modelled yet",
    }
)
"""The series that recordings are read from but the model does not follow, and why."""


def series_of(release: str) -> str:
    """``6.12`` of a kernel release such as ``6.12.117-gt``."""
    return ".".join(release.split(".")[:2])


def rules_for(release: str) -> Rules | None:
    """The rules of a kernel release; None when its series is not modelled."""
    return RULES.get(series_of(release))


def why_not_modelled(release: str) -> str:
    """Why the model does not follow a release."""
    series = series_of(release)
    return f"kernel {series}: {NOT_MODELLED.get(series, 'this series is not known')}"
