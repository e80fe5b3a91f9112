"""The experiments that ``reproduce`` knows: load, machine, variants, and what was published.

Loads are fitted to a machine without an area alone: the first variant's 0 MB column.
``tools/fit.py`` does it, and writes ``fitted.toml``.  All else is predicted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from zonecma.errors import InputError
from zonecma.lab.published import (
    INTERLEAVE_V1,
    INTERLEAVE_V2,
    OBSERVED_H,
    OBSERVED_L,
    OBSERVED_X,
    ZONE_CMA_2015,
    Published,
)
from zonecma.placement import PLACEMENTS
from zonecma.workload.grow_and_touch import GrowAndTouch
from zonecma.workload.kernel_build import KernelBuild

FITTED = Path(__file__).with_name("fitted.toml")
"""Each table's fitted parameters."""
AREA_MIB = 512
BOTH = (0, AREA_MIB)

Load = KernelBuild | GrowAndTouch


@dataclass(frozen=True)
class Variant:
    """A kernel as one group of a table's rows."""

    label: str
    placement: str
    columns: str = ""
    """how its columns begin in the published table; empty: nobody published any"""
    reserves: tuple[int, ...] = BOTH
    """MB of CMA"""
    rewritten: bool = False
    """vm.min_free_kbytes is written back before the load"""


@dataclass(frozen=True)
class Table:
    """One load on one machine, with and without an area."""

    title: str
    load: Load
    variants: tuple[Variant, ...]
    rows: tuple[str, ...]
    """figures shown"""
    cpus: int
    published: Published | None = None
    rules: str = "4.7"
    fitted: Mapping[str, str] = field(default_factory=dict)
    """fields of the load, and the figure of the first variant's 0 MB column that each was fitted to"""
    costs: Mapping[str, float] = field(default_factory=dict)
    """ns, where the machine's disks are known"""


def fitted(title: str, load: Load) -> Load:
    """A table's load, with the parameters that were fitted for it."""
    return replace(load, **tomllib.loads(FITTED.read_text()).get(title, {}))


@dataclass(frozen=True)
class Experiment:
    """Tables that belong together."""

    name: str
    summary: str
    tables: tuple[Table, ...]
    assumptions: tuple[str, ...]


_SWAPPED = ("elapsed", "pswpin", "pswpout")
_WITH_FREE = ("elapsed", "mem_free_kb", "mean_free_area", "free_area_at_end", "pswpin", "pswpout")
_MACHINE = (
    "the published machine is a VM of which no more is known than its title; assumed: x86-64 as QEMU"
    " maps it, huge pages off, 1 GiB of swap, and a disk with the usual costs",
    "the compilers' sizes are log-normal; how they touch memory, the files they read and what the kernel"
    " takes for itself are assumed (zonecma.workload.kernel_build)",
)
_OLD = "the kernels of those posts (3.15 to 3.18) are older than 4.7, whose rules the model follows"

_SIZE_AND_TIME = MappingProxyType({"program_mib": "pswpout", "cpu_seconds": "elapsed"})
_ALL_THREE = MappingProxyType({"program_mib": "mem_free_kb", "spread": "pswpout", "cpu_seconds": "elapsed"})

_BUILD_2015 = fitted("zone-cma", KernelBuild(slots=16, cpu_seconds=700, program_mib=45))
_BEFORE = Variant("before: last-resort", "last-resort", "before")

ZONE_CMA = Experiment(
    "zone-cma-2015",
    "the table of the ZONE_CMA series' cover letter, 2015 to 2017",
    (
        Table(
            "zone-cma",
            _BUILD_2015,
            (
                _BEFORE,
                Variant("after: zone-cma, v5 to v7", "zone-cma", "after"),
                Variant("zone-cma, v3", "zone-cma,series=v3", reserves=(AREA_MIB,)),
                Variant("zone-cma, v1", "zone-cma,series=v1", reserves=(AREA_MIB,)),
            ),
            _SWAPPED,
            8,
            ZONE_CMA_2015,
            fitted=_SIZE_AND_TIME,
        ),
    ),
    (*_MACHINE, _OLD),
)


def _interleave(version: str, published: Published, slots: int, program_mib: float) -> Table:
    """``program_mib``: where to begin to fit."""
    title = f"interleave, {version}"
    load = fitted(title, KernelBuild(slots=slots, cpu_seconds=860, program_mib=program_mib))
    after = Variant(f"after: {title}", f"interleave,version={version}", "after")
    return Table(title, load, (_BEFORE, after), _WITH_FREE, 4, published, fitted=_ALL_THREE)


INTERLEAVE = Experiment(
    "cma-2014",
    "the tables of the two posts of 2014 that use CMA in turns",
    (
        _interleave("v2", INTERLEAVE_V2, 16, 50),
        _interleave("v1", INTERLEAVE_V1, 24, 36),
    ),
    (
        *_MACHINE,
        _OLD,
        "the posts do not say whether nr_free_cma is a mean; the first one leaves it out",
    ),
)

TODAY = Experiment(
    "zone-cma-6.12",
    "the load of the cover letter under the rules of 6.12, for every placement",
    (
        Table(
            "6.12",
            _BUILD_2015,
            (
                Variant("half-free", "half-free"),
                *(Variant(one.name, one.name, reserves=(AREA_MIB,)) for one in PLACEMENTS[1:]),
            ),
            (*_SWAPPED, "mean_free_area"),
            8,
            rules="6.12",
        ),
    ),
    _MACHINE,
)


def _limits(iops: int, mib_a_second: int) -> dict[str, float]:
    """Disks held to so many requests and MiB a second."""
    page = 1e9 / (mib_a_second * 256)
    return {
        "disk_op": 1e9 / iops,
        "disk_page": page,
        "disk_read": 0,
        "swap_op": 1e9 / iops,
        "swap_page": page,
        "swap_read": 0,
    }


def _observed(
    title: str, published: Published, jobs: int, mib: tuple[int, int], limits: tuple[int, int]
) -> Table:
    return Table(
        title,
        fitted(title, GrowAndTouch(jobs, *mib, slowdown=4)),
        (
            Variant("stock: last-resort", "last-resort", "stock"),
            Variant("zone-cma, v3 as posted", "zone-cma,series=v3", "v3", (AREA_MIB,)),
            Variant("the same, watermarks rewritten", "zone-cma,series=v3", "rewritten", (AREA_MIB,), True),
            Variant("zone-cma, v6", "zone-cma,series=v6", "v6"),
        ),
        ("elapsed", "pswpin", "pswpout", "mean_free", "mean_free_area"),
        2,
        published,
        fitted={"slowdown": "elapsed"},
        costs=_limits(*limits),
    )


OBSERVED = Experiment(
    "observed-4.7",
    "a load that a real 4.7 with the series was observed under, in three sizes",
    (
        _observed("L", OBSERVED_L, 100, (30, 72), (4000, 100)),
        _observed("H", OBSERVED_H, 100, (35, 82), (4000, 100)),
        _observed("X", OBSERVED_X, 120, (36, 84), (2000, 50)),
    ),
    (
        "elapsed is guest time under emulation: it compares only within a load",
        "how often a job touches a page again, and what a process costs the kernel, are assumed"
        " (zonecma.workload.grow_and_touch); sizes, jobs, files and disks are those of the load",
    ),
)

EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(
    {one.name: one for one in (ZONE_CMA, INTERLEAVE, TODAY, OBSERVED)}
)


def experiment_called(name: str) -> Experiment:
    """The experiment of this name; raises InputError that lists them when there is none."""
    if name not in EXPERIMENTS:
        raise InputError(f"no experiment is called {name[:60]!r}; there are {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]
