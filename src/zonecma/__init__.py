"""zonecma: what a placement of contiguous memory (CMA) does to a Linux machine.

>>> import zonecma
>>> outcome = zonecma.compare(zonecma.open_recording(), [zonecma.HalfFree(), zonecma.ZoneCma()])

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
    from zonecma.lab.compare import Comparison, compare
    from zonecma.lab.explain import Selection, explain
    from zonecma.lab.explanation import Explanation
    from zonecma.lab.findings import find_faults
    from zonecma.lab.outcome import Prediction
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.scenario_compare import compare_scenario
    from zonecma.lab.scenario_prediction import predict_scenario
    from zonecma.lab.scenarios import parse_scenario
    from zonecma.lab.verification import Verification
    from zonecma.lab.verify import verify
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
    "Comparison": "zonecma.lab.compare",
    "Explanation": "zonecma.lab.explanation",
    "Gcma": "zonecma.placement",
    "GeneratedLoad": "zonecma.workload.generated",
    "HalfFree": "zonecma.placement",
    "Home": "zonecma.placement",
    "InputError": "zonecma.errors",
    "Interleave": "zonecma.placement",
    "LastResort": "zonecma.placement",
    "PageCacheOnly": "zonecma.placement",
    "Placement": "zonecma.placement",
    "Prediction": "zonecma.lab.outcome",
    "Recording": "zonecma.capture.recording",
    "Verification": "zonecma.lab.verification",
    "Selection": "zonecma.lab.explain",
    "Series": "zonecma.placement",
    "ZoneCma": "zonecma.placement",
    "ZoneMovable": "zonecma.placement",
    "boot_machine": "zonecma.lab.boot",
    "compare": "zonecma.lab.compare",
    "compare_scenario": "zonecma.lab.scenario_compare",
    "explain": "zonecma.lab.explain",
    "find_faults": "zonecma.lab.findings",
    "open_recording": "zonecma.capture.recording",
    "parse_placement": "zonecma.lab.placements",
    "parse_scenario": "zonecma.lab.scenarios",
    "predict_scenario": "zonecma.lab.scenario_prediction",
    "verify": "zonecma.lab.verify",
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
    "Selection",
    "Series",
    "Verification",
    "ZoneCma",
    "ZoneMovable",
    "__version__",
    "boot_machine",
    "compare",
    "compare_scenario",
    "explain",
    "find_faults",
    "open_recording",
    "parse_placement",
    "parse_scenario",
    "predict_scenario",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'zonecma' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)
