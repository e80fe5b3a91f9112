"""Scenarios by name, and a user's own, from a file."""

import re

import pytest

from tests.conftest import REPOSITORY
from zonecma.errors import InputError
from zonecma.lab.scenarios import draw_scenario, is_scenario, parse_scenario
from zonecma.workload.scenario import Scenario
from zonecma.workload.scenarios import SCENARIOS
from zonecma.workload.scenarios.camera_start import CameraStart

DOCUMENT = (REPOSITORY / "docs" / "own-scenario.md").read_text()
(MINE,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
"""What the document shows, as a file."""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_names_and_parameters():
    assert [parse_scenario(kind.name) for kind in SCENARIOS] == [kind() for kind in SCENARIOS]
    assert parse_scenario("camera-start,tabs=3,shown_ms=12.5") == CameraStart(tabs=3, shown_ms=12.5)


def test_what_may_name_a_scenario():
    assert is_scenario("camera-start") and is_scenario("camera-start,tabs=3") and is_scenario("./mine.py,x=1")
    assert (
        not is_scenario("cma256-mix-6.12")
        and not is_scenario("captures/camera-start")
        and not is_scenario("")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("camera_start", "no scenario is called 'camera_start'; expected one of kernel-build, camera-start"),
        ("", "no scenario is called ''"),
        ("camera-start,tab=3", "scenario camera-start has no parameter 'tab'; it has: tabs, tab_mib"),
        ("camera-start,tabs=many", "scenario camera-start: tabs is 'many'; expected a whole number"),
        ("camera-start,tabs=0", "scenario camera-start: tabs is 0; expected 1 to 1,000,000"),
        ("camera-start,tab_mib=nan", "tab_mib is nan; expected 0 to 1,000,000"),
        ("camera-start,", "has no parameter ''"),
        ("nowhere.py", "nowhere.py: cannot be read: No such file"),
    ],
)
def test_what_is_no_scenario(text, expected):
    with pytest.raises(InputError) as error:
        parse_scenario(text)
    assert expected in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_the_documents_example_is_a_scenario(mine):
    load = parse_scenario(f"{mine},pictures=5")
    scenario = draw_scenario(load, 1)
    assert isinstance(scenario, Scenario)
    assert scenario.buffers == 5
    assert all(one.source for one in load.parameters())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("class Microscope(GeneratedLoad):", "class Microscope(GeneratedLoad)", ["line 14", "SyntaxError"]),
        (
            "class Microscope(GeneratedLoad):",
            "class Microscope:",
            ["defines 0 scenarios; expected one class of"],
        ),
        ('    name = "microscope"\n', "", ["class Microscope has no name; expected name = '...' in it"]),
        ('    board = "rpi4-4g"\n', "", ["class Microscope has no board; expected board = '...' in it"]),
        ("def draw(", "def paint(", ["abstract", "draw"]),
    ],
)
def test_what_is_wrong_with_a_file(mine, old, new, words):
    assert old in MINE
    mine.write_text(MINE.replace(old, new))
    with pytest.raises(InputError) as error:
        parse_scenario(str(mine))
    message = str(error.value)
    assert message.startswith(str(mine)) and len(message.splitlines()) == 1
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "layout, programs = Layout(), Programs()",
            "layout, programs = Layout(), 1 / 0",
            "draw: ZeroDivisionError",
        ),
        ("return scenario_of(", "return print(", "draw gives None; expected a Scenario"),
        ("programs.use(cache, ", "programs.use(cache + 10**7, ", "scenario microscope: step 0 names objects"),
        ("programs.begin()", "programs.begins()", "draw: AttributeError"),
    ],
)
def test_what_is_wrong_with_a_drawing(mine, old, new, expected):
    assert old in MINE
    mine.write_text(MINE.replace(old, new))
    with pytest.raises(InputError) as error:
        draw_scenario(parse_scenario(str(mine)), 1)
    message = str(error.value)
    assert message.startswith(str(mine)) and len(message.splitlines()) == 1
    assert expected in message
    if "Error" in expected:
        assert re.search(r"line \d\d", message)
