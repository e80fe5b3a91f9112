"""A replay under the referee's eyes, which can stop before any request."""

from __future__ import annotations

import numpy as np

from zonecma.lab import score
from zonecma.lab.calls import no_calls
from zonecma.lab.referee import referee
from zonecma.lab.repair import no_doubts
from zonecma.lab.replay import Replay, initial_state
from zonecma.lab.settle import note_users
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables


class Judging:
    """The model from snapshot A on, with all that the referee keeps."""

    def __init__(self, replay: Replay, room: int = 0) -> None:
        """``room``: for how many MISSED."""
        self.replay = replay
        self.requests = replay.load.requests.view(np.recarray)
        self.state = initial_state(replay, len(replay.load.gfp_masks))
        note_users(self.state, replay.load.living.view(np.recarray))
        fill_tables(self.state, HalfFree(), replay.load.gfp_masks)
        self.tally = score.empty_tally(room)
        self._calls, self._doubts = no_calls(len(replay.machine.areas)), no_doubts(replay.machine.nr_cpus)
        self.at = 0
        """the next request"""

    def go_to(self, request: int) -> None:
        """Put all requests before this one to the model, and judge its choices."""
        recorded, doubts = self.replay.recorded, self._doubts
        referee(self.state, self._calls, self.requests, recorded, self.tally, doubts, self.at, request)
        self.at = request
