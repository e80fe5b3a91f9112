"""Published and observed figures, as printed, each with where it was printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ROWS = MappingProxyType(
    {
        "elapsed": "Elapsed-time, s",
        "mem_free_kb": "Average-MemFree, KB",
        "mean_free": "free, mean pages",
        "mean_free_area": "nr_free_cma, mean",
        "free_area_at_end": "nr_free_cma, at end",
        "pswpin": "pswpin",
        "pswpout": "pswpout",
    }
)
"""Figures of a run that tables show, under the names that the tables give them."""

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Published:
    """One table: columns by name, each a figure by row."""

    source: str
    machine: str
    columns: Mapping[str, Figures]
    how: str = "published"
    """or observed"""


def _columns(rows: tuple[str, ...], **columns: tuple[float, ...]) -> Mapping[str, Figures]:
    return MappingProxyType({name: dict(zip(rows, values, strict=True)) for name, values in columns.items()})


_SWAPPED = ("elapsed", "pswpin", "pswpout")

ZONE_CMA_2015 = Published(
    "<1423726340-4084-1-git-send-email-iamjoonsoo.kim@lge.com>, Joonsoo Kim, 2015-02-12; the same in"
    " later postings, to 2017",
    "8 CPUs, 1024 MB, virtual machine, make -j16",
    _columns(
        _SWAPPED,
        before_0=(92.4, 82, 160),
        before_512=(186.5, 18647, 69839),
        after_0=(93.1, 84, 183),
        after_512=(93.4, 46, 92),
    ),
)

_INTERLEAVE = ("elapsed", "mem_free_kb", "mean_free_area", "pswpin", "pswpout")

INTERLEAVE_V2 = Published(
    "<1401260672-28339-3-git-send-email-iamjoonsoo.kim@lge.com>, Joonsoo Kim, 2014-05-28",
    "4 CPUs, 1024 MB, virtual machine, make -j16",
    _columns(
        _INTERLEAVE,
        before_0=(225.2, 322490, 0, 0, 75),
        before_512=(472.5, 630839, 131068, 261666, 1241363),
        after_0=(222.7, 325595, 0, 0, 44),
        after_512=(224, 393033, 61001, 6, 502),
    ),
)

INTERLEAVE_V1 = Published(
    "<1399509144-8898-3-git-send-email-iamjoonsoo.kim@lge.com>, Joonsoo Kim, 2014-05-08",
    "4 CPUs, 1024 MB, virtual machine, make -j24",
    _columns(
        ("elapsed", "mem_free_kb", "pswpin", "pswpout"),
        before_0=(234.8, 283880, 7, 452),
        before_512=(361.8, 530851, 110064, 767502),
        after_0=(234.2, 281651, 8, 430),
        after_512=(235.6, 290227, 8, 510),
    ),
)

_OBSERVED = ("elapsed", "pswpin", "pswpout", "mean_free", "mean_free_area")
_BOOTS = "Linux 4.7.4 with the series of 2016, booted in QEMU"

OBSERVED_L = Published(
    f"{_BOOTS}: 1 run each",
    "2 CPUs (emulated), 1024 MiB, 1 GiB of swap; 100 jobs of 30 to 72 MiB, disks of 4000 IOPS, 100 MiB/s",
    _columns(
        _OBSERVED,
        stock_0=(8.67, 0, 0, 121797, 0),
        stock_512=(9.66, 12811, 14365, 103784, 81943),
        v3_512=(9.24, 7840, 9135, 105541, 78003),
        rewritten_512=(8.16, 0, 0, 111141, 62269),
        v6_0=(8.27, 0, 0, 110696, 0),
        v6_512=(8.69, 0, 0, 114147, 60274),
    ),
    "observed",
)

OBSERVED_H = Published(
    f"{_BOOTS}: means of 3 runs (elapsed of stock without an area: 2)",
    "the same; 100 jobs of 35 to 82 MiB",
    _columns(
        _OBSERVED,
        stock_0=(8.95, 0, 0, 92994, 0),
        stock_512=(11.58, 29001, 30897, 87665, 68856),
        v3_512=(10.72, 9363, 10502, 90938, 69159),
        rewritten_512=(9.2, 0, 0, 98910, 56181),
        v6_0=(9.04, 0, 0, 101756, 0),
        v6_512=(9.18, 0, 0, 101275, 53693),
    ),
    "observed",
)

OBSERVED_X = Published(
    f"{_BOOTS}: means of 2 runs, which lie far apart",
    "the same; 120 jobs of 36 to 84 MiB, disks of 2000 IOPS, 50 MiB/s",
    _columns(
        _OBSERVED,
        stock_0=(13.25, 8, 28, 92352, 0),
        stock_512=(125.78, 122032, 124064, 81176, 74772),
        v3_512=(23.44, 38714, 42614, 79937, 60306),
        rewritten_512=(13.58, 129, 308, 97528, 54122),
        v6_0=(13.16, 0, 0, 101088, 0),
        v6_512=(13.28, 47, 78, 100931, 53227),
    ),
    "observed",
)
