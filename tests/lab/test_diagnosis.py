"""diagnose: what it finds where something is missing, and that it tries the model."""

import dataclasses

import pytest

from zonecma.errors import InputError
from zonecma.lab import diagnosis
from zonecma.lab.verification import Score
from zonecma.report.diagnosis import diagnosis_text


@pytest.fixture(scope="module")
def findings():
    return {one.what: one for one in diagnosis.diagnose()}


def test_here_all_that_is_needed_works(findings):
    assert [name for name, one in findings.items() if one.needed and not one.works] == []


def test_the_model_is_tried(findings):
    assert findings["model"].found.startswith("81,988 of 81,988 page frames of cma256-mix-6.12")


def test_a_model_that_chooses_other_frames_fails(monkeypatch):
    real = diagnosis.verify

    def wrong(*arguments):
        return dataclasses.replace(real(*arguments), allocations=Score(81_988, 81_987))

    monkeypatch.setattr(diagnosis, "verify", wrong)
    model = diagnosis._model(diagnosis.no_progress)
    assert (model.works, model.needed, bool(model.remedy)) == (False, True, True)


def test_a_recording_that_is_gone_is_said(monkeypatch):
    def gone(name):
        raise InputError(f"{name}: no such recording")

    monkeypatch.setattr(diagnosis, "open_recording", gone)
    assert diagnosis._model(diagnosis.no_progress).found == "cma256-mix-6.12: no such recording"


def test_a_library_that_is_missing(monkeypatch):
    monkeypatch.setattr(diagnosis, "_LIBRARIES", ("numba", "no-such-library"))
    one, other = list(diagnosis._libraries())[:2]
    assert (one.works, other.works, other.needed) == (True, False, True)
    text = diagnosis_text([one, other], 80)
    assert "FAILS  no-such-library  missing\n" in text
    assert text.endswith("zonecma does not work here: no-such-library")


def test_a_program_that_is_missing_matters_to_some_uses(monkeypatch):
    monkeypatch.setattr(diagnosis.shutil, "which", lambda name: None)
    (dtc,) = diagnosis._programs()
    assert (dtc.works, dtc.needed) == (False, False)
    text = diagnosis_text([dtc], 80)
    assert text.splitlines()[0] == "-      dtc  missing: device trees as source (.dts)"
    assert text.splitlines()[1].strip() == "-> apt install device-tree-compiler"
    assert text.endswith("zonecma works here; lines with - matter to some uses alone")


def test_a_cache_that_cannot_be_written_is_no_failure(monkeypatch):
    monkeypatch.setattr(diagnosis, "cache_folder", lambda name: None)
    (cache,) = diagnosis._cache()
    assert (cache.works, cache.needed) == (False, False)
    assert "ZONECMA_CACHE" in cache.remedy


def test_a_disk_that_is_nearly_full(monkeypatch, tmp_path):
    monkeypatch.setattr(diagnosis, "cache_folder", lambda name: tmp_path)
    monkeypatch.setattr(diagnosis.shutil, "disk_usage", lambda folder: type("", (), {"free": 100 << 20}))
    cache, _ = diagnosis._cache()
    assert not cache.works
    assert cache.found.endswith("100 MiB free")
