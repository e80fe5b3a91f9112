"""What a user names to be run: a recording, or a scenario.  A recording is opened here."""

from __future__ import annotations

from zonecma.capture.recording import Recording, open_recording, recording_folder, shipped
from zonecma.errors import InputError
from zonecma.lab.scenarios import is_scenario
from zonecma.workload.scenarios import SCENARIOS


def open_load(where: str, *, partial: bool = False) -> Recording:
    """A recording, where a scenario would do as well.

    Raises InputError, with the names of both, for what is neither.
    """
    if recording_folder(where) is None:
        names = ", ".join(one.name for one in SCENARIOS)
        raise InputError(
            f"{where}: no such recording or scenario; expected a recording's folder or bundle, {shipped()},"
            f" one of the scenarios {names}, or a .py file"
        )
    return open_recording(where, partial=partial)


def open_recorded(where: str, verb: str, *, partial: bool = False) -> Recording:
    """A recording, where nothing else will do; raises InputError for a scenario, too."""
    if is_scenario(where):
        raise InputError(
            f"{verb}: {where} is a scenario, which no kernel recorded; expected a recording, or the verb"
            " compare, whatif or explain"
        )
    return open_recording(where, partial=partial)
