"""compare's load under a user's own placement beside a built-in one; half its speed would do."""

import pytest

from benchmarks.conftest import CAPTURES
from zonecma.capture.recording import open_recording
from zonecma.lab.compare import compare_replay
from zonecma.lab.placements import parse_placement
from zonecma.lab.replay import replay_of
from zonecma.placement import HalfFree

MINE = '''
from dataclasses import dataclass
from fractions import Fraction
import zonecma
from zonecma.kernel.gfp import is_highuser_movable

@dataclass(frozen=True)
class Mine(zonecma.Placement):
    """The balance rule, for user space alone."""
    name = "mine"

    def may_use_cma_lists(self, gfp):
        return is_highuser_movable(gfp)

    def cma_first_above(self):
        return Fraction(1, 2)
'''
"""It chooses as half-free does on a load without buffers, so that both do the same work."""


@pytest.fixture(scope="module")
def replay():
    return replay_of(open_recording(str(CAPTURES / "cma256-mix-6.12")))


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "mine.py"
    path.write_text(MINE)
    return parse_placement(str(path))


def test_built_in_placement(rate, replay):
    rate(lambda: compare_replay(replay, [HalfFree()]), len(replay.load.requests), "requests of a load")


def test_own_placement(rate, replay, mine):
    rate(lambda: compare_replay(replay, [mine]), len(replay.load.requests), "requests of a load")
