"""zonecma placements: the placements that there are."""

from __future__ import annotations

from zonecma.cli.options import AsJson
from zonecma.cli.output import print_outcome


def placements(as_json: AsJson = False) -> None:
    """List the placements that there are: what they do, which kernels do so, what the model leaves out."""
    from zonecma.placement import PLACEMENTS
    from zonecma.report.placements import placements_json, placements_table

    print_outcome(PLACEMENTS, as_json, placements_table, placements_json)
