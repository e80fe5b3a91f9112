"""zonecma size as it is called."""

import json

import pytest

from tests.scenarios import small


@pytest.fixture
def load(tmp_path):
    return small(tmp_path) + ",program_mib=8,too_large=0,calls=0"


def flat(text):
    """A text in one line."""
    return " ".join(text.split())


def test_a_table_a_node_and_what_to_look_out_for(here, load):
    given = ["--need", "20MiB:3", "--placement", "carveout", "--machine", "rpi4-4g", "--seeds", "12"]
    done = here("size", load, *given)
    assert (done.returncode, done.stderr) == (0, "")
    shown = flat(done.stdout)
    assert "3 x 20 MiB in 90 % of runs; areas from 60 MiB" in shown
    assert "carveout 60 MiB 12 0" in shown
    assert "carveout: 12 runs can't show 90 %; it takes 33 without a failure (--seeds 33)" in shown
    assert "no-map;" in done.stdout and "reusable;" not in done.stdout.replace("property/ reusable;", "")
    assert "Best: carveout with 60 MiB, which nobody else may use at any time." in shown


def test_json(here, load):
    given = ["--need", "20MiB:3", "--probability", "0.5", "--placement", "carveout", "--seeds", "5", "--json"]
    done = here("size", load, *given)
    assert (done.returncode, done.stderr) == (0, "")
    out = json.loads(done.stdout)
    assert (out["best"], out["least"]) == ("carveout", 60 << 20)
    (answer,) = out["answers"]
    assert (answer["size"], answer["needs"][0]["runs"], answer["blocked"]) == (60 << 20, 5, None)


def test_what_blocks(here, load):
    given = ["--need", "20MiB,within=1us,probability=0.5", "--placement", "zone-cma", "--most", "24M"]
    filled = load.replace("program_mib=8", "program_mib=600")
    done = here("size", filled, *given)
    assert (done.returncode, done.stderr) == (0, "")
    assert "zone-cma: nothing suffices. With 24 MiB, of 4 runs" in flat(done.stdout)
    assert "compatible" not in done.stdout
    out = json.loads(here("size", filled, *given, "--json").stdout)
    assert (out["best"], out["answers"][0]["size"]) == (None, None)
    assert out["answers"][0]["blocked"]["size"] == 24 << 20


REFUSED = {
    "no need": (["camera-start", "--need", "0"], "--need 0: expected a size"),
    "certainty": (["camera-start", "--probability", "1"], "no number of runs shows 1"),
    "no time": (["camera-start", "--within", "soon"], "--within soon: expected a time above 0"),
    "no limit": (["camera-start", "--dma-limit", "far"], "--dma-limit far: expected a size"),
    "no load": (["camera_start"], "camera_start: no such recording or scenario"),
    "a recording": (["camera-board", "--machine", "rpi4-4g"], "--machine: camera-board is a recording"),
    "no placement": (["camera-start", "--placement", "x"], "no placement is called 'x'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(here, case):
    arguments, expected = REFUSED[case]
    done = here("size", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert expected in done.stderr
