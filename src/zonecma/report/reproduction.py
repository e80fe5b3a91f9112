"""How a reproduction looks: published and modelled figures side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zonecma.lab.experiments import BOTH, Table, Variant
from zonecma.lab.published import ROWS
from zonecma.lab.reproduce import Reproduction, Spread
from zonecma.report.table import aligned, notes, thousands, width

_FRACTIONAL = ("elapsed",)


def reproduction_table(outcome: Reproduction, columns: int | None = None) -> str:
    """Each table: where it was published, variant after variant, what was fitted."""
    columns = columns or width()
    experiment = outcome.experiment
    tables = [_table(outcome, t, table, columns) for t, table in enumerate(experiment.tables)]
    remarks = [
        f"modelled: mean of {outcome.seeds} drawings of the load, in brackets their standard deviation",
        *experiment.assumptions,
    ]
    return "\n\n".join([f"{experiment.name}: {experiment.summary}", *tables, notes(remarks, columns)])


def _table(outcome: Reproduction, t: int, table: Table, columns: int) -> str:
    published = table.published
    title = f"{published.machine}, rules of {table.rules}" if published else f"rules of {table.rules}"
    lines = [f"{table.title}: {title}"]
    if table.fitted:
        lines.append(notes([_fitted(table)], columns))
    if published:
        lines.append(notes([f"{published.how}: {published.source}"], columns))
    return "\n".join([*lines, "", aligned(_grid(outcome, t, table))])


def _fitted(table: Table) -> str:
    """Which parameters were fitted, to what, and to which values."""
    parts = [f"{name} = {getattr(table.load, name):g} to {ROWS[row]}" for name, row in table.fitted.items()]
    return f"fitted to the first 0 MB column alone: {', '.join(parts)}"


def _grid(outcome: Reproduction, t: int, table: Table) -> list[list[str]]:
    beside = (table.published.how, "modelled") if table.published else ("modelled",)
    heads = [f"{kind}, {reserve} MB" for kind in beside for reserve in BOTH]
    grid = [["CMA reserve", *heads]]
    for v, variant in enumerate(table.variants):
        grid.append([variant.label])
        for row in table.rows:
            cells = [_published(table, variant, reserve, row) for reserve in BOTH] if table.published else []
            cells += [_modelled(outcome.modelled.get((t, v, reserve)), row) for reserve in BOTH]
            grid.append([f"  {ROWS[row]}", *cells])
    return grid


def _published(table: Table, variant: Variant, reserve: int, row: str) -> str:
    columns = table.published.columns if table.published else {}
    value = columns.get(f"{variant.columns}_{reserve}", {}).get(row)
    return "-" if value is None else _shown(row, value)


def _modelled(figures: Mapping[str, Spread] | None, row: str) -> str:
    if figures is None:
        return "-"
    return f"{_shown(row, figures[row].mean)} ({_shown(row, figures[row].deviation)})"


def _shown(row: str, value: float) -> str:
    return f"{value:.1f}" if row in _FRACTIONAL else thousands(round(value))


def reproduction_json(outcome: Reproduction) -> dict[str, Any]:
    """The same as JSON's types, with every figure of the runs."""
    experiment = outcome.experiment
    return {
        "experiment": experiment.name,
        "seeds": outcome.seeds,
        "assumptions": list(experiment.assumptions),
        "tables": [_table_json(outcome, t, table) for t, table in enumerate(experiment.tables)],
    }


def _table_json(outcome: Reproduction, t: int, table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "rules": table.rules,
        "cpus": table.cpus,
        "published_in": table.published.source if table.published else "",
        "fitted": {name: getattr(table.load, name) for name in table.fitted},
        "columns": [
            {
                "variant": variant.label,
                "placement": variant.placement,
                "cma_mb": reserve,
                "published": dict(_columns_of(table).get(f"{variant.columns}_{reserve}", {})),
                "modelled": {
                    name: {"mean": one.mean, "deviation": one.deviation}
                    for name, one in outcome.modelled[t, v, reserve].items()
                },
            }
            for v, variant in enumerate(table.variants)
            for reserve in variant.reserves
        ],
    }


def _columns_of(table: Table) -> Mapping[str, Mapping[str, float]]:
    return table.published.columns if table.published else {}
