"""zonecma: what a placement of contiguous memory (CMA) does to a Linux machine.

>>> import zonecma
>>> outcome = zonecma.compare("cma256-mix-6.12", ["half-free", "zone-cma"])
>>> outcome.df().columns[:2]
['placement', 'area_use_mean']

Names are imported when they are first used, so that ``import zonecma`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from zonecma.capture.recording import Recording, open_recording
    from zonecma.errors import InputError
    from zonecma.lab.boot import boot_machine
    from zonecma.lab.explain import Selection
    from zonecma.lab.findings import find_faults
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.scenarios import parse_scenario
    from zonecma.lab.verification import Verification
    from zonecma.lab.verify import verify
    from zonecma.notebook import (
        Comparison,
        Explanation,
        Prediction,
        ScenarioExplanation,
        compare,
        explain,
        whatif,
    )
    from zonecma.placement import (
        AndroidRedirect,
        Balanced,
        Carveout,
        CmaFirst,
        Gcma,
        HalfFree,
        Home,
        Interleave,
        LastResort,
        PageCacheOnly,
        Placement,
        Series,
        ZoneCma,
        ZoneMovable,
    )
    from zonecma.workload.generated import GeneratedLoad

_HOME_OF = {
    "AndroidRedirect": "zonecma.placement",
    "Balanced": "zonecma.placement",
    "Carveout": "zonecma.placement",
    "CmaFirst": "zonecma.placement",
    "Comparison": "zonecma.notebook",
    "Explanation": "zonecma.notebook",
    "Gcma": "zonecma.placement",
    "GeneratedLoad": "zonecma.workload.generated",
    "HalfFree": "zonecma.placement",
    "Home": "zonecma.placement",
    "InputError": "zonecma.errors",
    "Interleave": "zonecma.placement",
    "LastResort": "zonecma.placement",
    "PageCacheOnly": "zonecma.placement",
    "Placement": "zonecma.placement",
    "Prediction": "zonecma.notebook",
    "Recording": "zonecma.capture.recording",
    "Verification": "zonecma.lab.verification",
    "ScenarioExplanation": "zonecma.notebook",
    "Selection": "zonecma.lab.explain",
    "Series": "zonecma.placement",
    "ZoneCma": "zonecma.placement",
    "ZoneMovable": "zonecma.placement",
    "boot_machine": "zonecma.lab.boot",
    "compare": "zonecma.notebook",
    "explain": "zonecma.notebook",
    "find_faults": "zonecma.lab.findings",
    "open_recording": "zonecma.capture.recording",
    "parse_placement": "zonecma.lab.placements",
    "parse_scenario": "zonecma.lab.scenarios",
    "verify": "zonecma.lab.verify",
    "whatif": "zonecma.notebook",
}

__all__ = [
    "AndroidRedirect",
    "Balanced",
    "Carveout",
    "CmaFirst",
    "Comparison",
    "Explanation",
    "Gcma",
    "GeneratedLoad",
    "HalfFree",
    "Home",
    "InputError",
    "Interleave",
    "LastResort",
    "PageCacheOnly",
    "Placement",
    "Prediction",
    "Recording",
    "ScenarioExplanation",
    "Selection",
    "Series",
    "Verification",
    "ZoneCma",
    "ZoneMovable",
    "__version__",
    "boot_machine",
    "compare",
    "explain",
    "find_faults",
    "open_recording",
    "parse_placement",
    "parse_scenario",
    "verify",
    "whatif",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'zonecma' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)
