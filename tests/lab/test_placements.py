"""A user's own placement, from a file, and what can be wrong with it."""

import pytest

from zonecma import compare, open_recording
from zonecma.errors import InputError
from zonecma.lab.placements import parse_placement
from zonecma.placement import PLACEMENTS, HalfFree

MINE = '''
from dataclasses import dataclass
from fractions import Fraction

import zonecma
from zonecma.kernel.gfp import is_highuser_movable


@dataclass(frozen=True)
class Mine(zonecma.Placement):
    """User pages alone, CMA first above a share."""
    name = "mine"
    percent: float = 10

    def may_use_cma_lists(self, gfp):
        return is_highuser_movable(gfp)

    def cma_first_above(self):
        return Fraction(int(self.percent), 100)
'''


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_a_file_is_a_placement(mine):
    placement = parse_placement(str(mine))
    assert placement.label == "mine"
    assert placement.cma_first_above() * 10 == 1
    assert parse_placement(f"{mine},percent=25").label == "mine,percent=25"


def test_it_runs_beside_the_others(mine):
    usual, eager = (parse_placement(text) for text in ("half-free", str(mine)))
    outcome = compare(open_recording(), [usual, eager])
    assert [result.name for result in outcome.placements] == ["half-free", "mine"]
    assert outcome.placements[1].area_use_mean > 0.1 > outcome.placements[0].area_use_mean


def test_its_parameters_have_the_types_that_it_says(mine):
    mine.write_text(MINE.replace("percent: float = 10", "percent: int = 10"))
    assert parse_placement(f"{mine},percent=20").cma_first_above() * 5 == 1
    with pytest.raises(InputError, match=r"percent is '1/5'; expected a whole number"):
        parse_placement(f"{mine},percent=1/5")
    mine.write_text(MINE.replace("percent: float = 10", "percent: 'Number' = 10"))
    with pytest.raises(InputError, match=r"placement mine: the type of a parameter is wrong: .*Number"):
        parse_placement(str(mine))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("class Mine(zonecma.Placement):", "class Mine(zonecma.Placement)", ["line 10", "SyntaxError"]),
        ("import zonecma\n", "import zonecmo\n", ["line 5", "zonecmo"]),
        ("class Mine(zonecma.Placement):", "class Mine:", ["defines 0 placements"]),
        ('    name = "mine"\n', "", ["has no name"]),
        ("return is_highuser_movable(gfp)", "return gfp.movable", ["line 16", "AttributeError"]),
        ("return is_highuser_movable(gfp)", "return 'yes'", ["line 15", "'yes'; expected True or False"]),
        ("return Fraction(int(self.percent), 100)", "return 0.1", ["line 18", "expected a Fraction"]),
        (
            "return Fraction(int(self.percent), 100)",
            "return Fraction(3)",
            ["expected a Fraction from 0 to 1"],
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(mine, old, new, words):
    assert old in MINE
    mine.write_text(MINE.replace(old, new))
    with pytest.raises(InputError) as error:
        compare(open_recording(), [parse_placement(str(mine))])
    message = str(error.value)
    assert str(mine) in message
    assert len(message.splitlines()) == 1
    for word in words:
        assert word in message


def test_a_file_that_is_not_there():
    with pytest.raises(InputError, match=r"nowhere\.py: cannot be read"):
        parse_placement("nowhere.py")


def test_names_and_parameters():
    assert parse_placement("half-free") == HalfFree()
    assert parse_placement("half-free,fraction=0.25") == HalfFree(0.25)
    assert parse_placement("half-free,fraction=0.25").label == "half-free,fraction=0.25"
    assert [parse_placement(policy.name) for policy in PLACEMENTS] == [p() for p in PLACEMENTS]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "zone_cma",
            "expected one of half-free, last-resort, zone-cma, carveout, zone-movable, cma-first, "
            "interleave, balanced, page-cache-only, android-redirect, gcma, or a .py file",
        ),
        ("half-free,fracton=1", "has no parameter 'fracton'; it has: fraction"),
        ("zone-cma,x=1", "it has: series"),
        ("half-free,fraction=much", "expected a number"),
        ("half-free,fraction=1.5", "expected 0 to 1"),
        ("half-free,fraction=nan", "expected 0 to 1"),
        ("half-free,fraction", "expected a number"),
        ("interleave,version=v3", "placement interleave: version is 'v3'; expected one of v1, v2"),
    ],
)
def test_what_is_no_placement(text, expected):
    with pytest.raises(InputError, match=r"placement|fraction") as error:
        parse_placement(text)
    assert expected in str(error.value)


HOME = """
from zonecma.placement import Home, Placement
from zonecma.placement.population import Population, Trim

class Mine(Placement):
    name = "mine"
    home = Home.ZONE_CMA
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("    home = 'a zone of its own'", "home is 'a zone of its own'; expected one of"),
        ("    migratetype = 77", "migratetype is 77; expected MIGRATE_MOVABLE or MIGRATE_CMA"),
        ("    population = 'x'", "population is 'x'; expected a Population of zone 5"),
        ("    population = None", "population is None; expected a Population of zone 5"),
        ("    population = Population(2)", "expected a Population of zone 5"),
        ("    population = Population(5, trim='never')", "with values of its own kinds"),
        ("    home = Home.DONOR\n    population = Population(5)", "expected None where home is Home.DONOR"),
        (
            "    @property\n    def population(self):\n        return 1 / 0",
            "line 10: population: ZeroDivision",
        ),
    ],
)
def test_a_home_that_the_model_does_not_know(tmp_path, text, words):
    path = tmp_path / "mine.py"
    path.write_text(HOME + text)
    with pytest.raises(InputError) as error:
        parse_placement(str(path))
    assert str(path) in str(error.value)
    assert words in str(error.value)


def test_a_users_own_zone(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HOME + "    population = Population(5, trim=Trim.NEVER)")
    assert parse_placement(str(path)).population.zone == 5
