"""zonecma from Python: loads and placements by name or as objects, and outcomes that show themselves.

Each outcome is the plain data of ``zonecma.lab``, and besides that a table, a data frame and, where there
is something to see, plots.  What is compiled or run in several processes is what the command line runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from zonecma.capture.recording import DEMO, Recording
from zonecma.lab import compare as comparing
from zonecma.lab import explain as explaining
from zonecma.lab import explanation, outcome, prediction, scenario_explain, scenario_explanation
from zonecma.lab.loads import open_load
from zonecma.lab.placements import parse_placement
from zonecma.lab.scenario_compare import compare_scenario
from zonecma.lab.scenario_prediction import predict_scenario
from zonecma.lab.scenario_setup import SEEDS, Terms, terms_called
from zonecma.lab.scenarios import is_scenario
from zonecma.lab.terms import OPEN
from zonecma.placement import COMPARED, Placement
from zonecma.progress import Progress, no_progress
from zonecma.report import frames, plots
from zonecma.report.comparison import comparison_table
from zonecma.report.explanation import explanation_text
from zonecma.report.prediction import prediction_table
from zonecma.report.scenario_explanation import scenario_explanation_text

if TYPE_CHECKING:
    import polars

Load = Recording | str
"""A recording, or what a user would name: a recording's folder or name, a scenario, a Python file."""
_Shown = TypeVar("_Shown")
_COMPARED = tuple(one.name for one in COMPARED)


class Comparison(comparing.Comparison):
    """What several placements did with a load."""

    def table(self, columns: int | None = None) -> str:
        """As ``zonecma compare`` prints it."""
        return comparison_table(self, columns)

    def df(self) -> polars.DataFrame:
        """A row a placement."""
        return frames.comparison_frame(self)

    def calls_df(self) -> polars.DataFrame:
        """A row a contiguous call under each placement."""
        return frames.contiguous_calls_frame(self)

    def plot_use(self, ax: Any = None) -> Any:
        """Use of the area over time, a line a placement, on axes of matplotlib."""
        return plots.plot_use(self, ax)

    def _repr_html_(self) -> str:
        return self.df()._repr_html_()


class Prediction(outcome.Prediction):
    """What one placement, size or kernel would do with a load."""

    def table(self) -> str:
        """As ``zonecma whatif`` prints it."""
        return prediction_table(self)

    def df(self) -> polars.DataFrame:
        """A row a figure."""
        return frames.prediction_frame(self)

    def _repr_html_(self) -> str:
        return self.df()._repr_html_()


class Explanation(explanation.Explanation):
    """What was in the way of a recording's contiguous calls."""

    def table(self, columns: int | None = None) -> str:
        """As ``zonecma explain`` prints it."""
        return explanation_text(self, columns)

    def df(self) -> polars.DataFrame:
        """A row a call."""
        return frames.explanation_frame(self)

    def plot_calls(self, ax: Any = None) -> Any:
        """How long each call took, by its size, on axes of matplotlib."""
        return plots.plot_calls(self, ax)

    def _repr_html_(self) -> str:
        return self.df()._repr_html_()


class ScenarioExplanation(scenario_explanation.ScenarioExplanation):
    """What was in the way of a generated load's contiguous calls, and what would have helped."""

    def table(self) -> str:
        """As ``zonecma explain`` prints it."""
        return scenario_explanation_text(self)


def compare(
    load: Load = DEMO,
    placements: Sequence[Placement | str] = _COMPARED,
    *,
    rules: str = "",
    seeds: int = SEEDS,
    open_loop: bool = False,
    progress: Progress = no_progress,
    workers: int = 0,
) -> Comparison:
    """Run a load under each placement; the first one is the baseline.

    ``rules`` and ``seeds`` are a scenario's, ``open_loop`` a recording's.  Runs of a scenario are several
    at once, each in a process that imports the caller's main module anew, unless ``workers`` is 1.
    Raises InputError for what does not exist, or cannot be run.
    """
    if isinstance(load, str) and is_scenario(load):
        terms, names = Terms(rules=rules), [_label(one) for one in placements]
        return _shown(Comparison, compare_scenario(load, names, terms, seeds, progress, workers))
    policies = [parse_placement(one) if isinstance(one, str) else one for one in placements]
    return _shown(
        Comparison, comparing.compare(_opened(load), policies, progress, OPEN if open_loop else None)
    )


def whatif(
    load: Load = DEMO,
    placement: Placement | str = "zone-cma",
    *,
    cma: str = "",
    rules: str = "",
    against: Load | None = None,
    seeds: int = 0,
    progress: Progress = no_progress,
    workers: int = 0,
) -> Prediction:
    """Predict a load under another placement, size of area (``cma``) or kernel (``rules``).

    ``seeds``: 20 of a recording and 5 of a scenario where 0.  ``against``: a recording of the same load
    under that placement.  Raises InputError as ``compare`` does.
    """
    if isinstance(load, str) and is_scenario(load):
        terms = terms_called(_label(placement), rules, cma)
        return _shown(Prediction, predict_scenario(load, terms, seeds or SEEDS, progress, workers))
    policy = parse_placement(placement) if isinstance(placement, str) else placement
    question = prediction.question_called(policy, cma, rules, seeds or prediction.SEEDS)
    other = None if against is None else _opened(against)
    return _shown(Prediction, prediction.predict(_opened(load), question, other, progress))


def explain(
    load: Load = DEMO,
    selection: explaining.Selection | None = None,
    *,
    placement: str = "",
    rules: str = "",
    seeds: int = SEEDS,
    progress: Progress = no_progress,
    workers: int = 0,
) -> Explanation | ScenarioExplanation:
    """Say what was in the way of a load's contiguous calls; ``selection`` chooses some of a recording's.

    ``placement``, ``rules`` and ``seeds`` are a scenario's.  Raises InputError as ``compare`` does.
    """
    if isinstance(load, str) and is_scenario(load):
        terms = terms_called(placement, rules)
        found = scenario_explain.explain_scenario(load, terms, seeds, progress, workers)
        return _shown(ScenarioExplanation, found)
    return _shown(
        Explanation, explaining.explain(_opened(load), selection or explaining.Selection(), progress)
    )


def _label(placement: Placement | str) -> str:
    return placement if isinstance(placement, str) else placement.label


def _opened(load: Load) -> Recording:
    return open_load(load) if isinstance(load, str) else load


def _shown(kind: type[_Shown], found: Any) -> _Shown:
    """The same data, with what shows it."""
    return kind(**{field.name: getattr(found, field.name) for field in dataclasses.fields(found)})
