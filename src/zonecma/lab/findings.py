"""Faults that a boot leaves behind, each with its rule and what comes of it.

Everything is read off the booted model; nothing is known of a series but what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zonecma.lab.boot import Booted
from zonecma.lab.faults.dry import dry_beside_area
from zonecma.lab.faults.extent import stale_contiguous, wide_span, wrong_types
from zonecma.lab.faults.finding import Finding
from zonecma.lab.faults.highmem import freed_twice, unmapped
from zonecma.lab.faults.refused import refused_area
from zonecma.lab.faults.thresholds import boot_pageset, reserved_whole, stale_reserve, stale_watermarks
from zonecma.machine.boot.progress import Boot
from zonecma.progress import Progress, no_progress

_LOOKS: tuple[Callable[[Boot], Iterator[Finding]], ...] = (
    wrong_types,
    wide_span,
    stale_watermarks,
    stale_reserve,
    reserved_whole,
    boot_pageset,
    stale_contiguous,
    refused_area,
    freed_twice,
    unmapped,
)


@dataclass(frozen=True)
class Faults:
    """All faults of a boot."""

    booted: Booted
    findings: tuple[Finding, ...]


def find_faults(booted: Booted, progress: Progress = no_progress) -> Faults:
    """Look for every fault that is known."""
    found = [one for look in _LOOKS for one in look(booted.boot)]
    return Faults(booted, (*found, *dry_beside_area(booted.boot, progress)))
