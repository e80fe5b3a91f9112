"""zonecma inspect as a user runs it."""

import json

from tests.areas import AREAS
from tests.cli.test_verbs import zonecma


def test_json():
    done = zonecma("inspect", str(AREAS / "splice-6.1"), "--json")
    out = json.loads(done.stdout)
    assert (done.returncode, done.stderr, out["kernel"]) == (0, "", "6.1.192-recorder")
    assert out["areas"][0]["used"] == 4864


def test_an_error_is_one_line():
    done = zonecma("inspect", "nowhere")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "no such bundle or recording" in done.stderr
