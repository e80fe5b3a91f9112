import json

from zonecma.lab import diagnosis
from zonecma.lab.diagnosis import Finding


def test_the_status_is_1_when_what_is_needed_fails(here, monkeypatch):
    found = (Finding("numba", "missing", False, remedy="pip install numba"),)
    monkeypatch.setattr(diagnosis, "diagnose", lambda progress: found)
    run = here("diagnose", "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout)["works"] is False


def test_the_status_is_0_when_something_is_missing_that_some_uses_need(here, monkeypatch):
    found = (Finding("dtc", "missing", False, needed=False),)
    monkeypatch.setattr(diagnosis, "diagnose", lambda progress: found)
    run = here("diagnose")
    assert run.returncode == 0
    assert run.stdout.startswith("-      dtc  missing\n")
