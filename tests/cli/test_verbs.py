"""The verbs as a user runs them: another process, its output and its exit status."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import CAPTURES, REPOSITORY
from tests.recordings import of_another_kernel
from zonecma import __version__
from zonecma.lab.experiments import OBSERVED
from zonecma.machine.costs import read_costs
from zonecma.machine.durations import read_durations

BOOT = str(CAPTURES / "boot-zonecma256-6.12")
PRESS = str(CAPTURES / "cma128-press-6.12")


def zonecma(*arguments, env=None, cwd=REPOSITORY, **options):
    return subprocess.run(
        [sys.executable, "-m", "zonecma", *arguments],
        capture_output="stdout" not in options,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", **(env or {})},
        **options,
    )


def test_version():
    assert zonecma("--version").stdout == f"zonecma {__version__}\n"


@pytest.mark.parametrize("verb", ["verify", "compare", "whatif", "explain", "inspect", "calibrate", "show"])
def test_help(verb):
    done = zonecma(verb, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout
    assert max(map(len, done.stdout.split("\n"))) <= 100


def test_two_reports_at_once_are_refused(here):
    done = here("verify", BOOT, "--free-run", "--explain-misses")
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected one of them" in done.stderr


@pytest.mark.parametrize(("option", "known"), [("--free-run", "frames_off"), ("--explain-misses", "causes")])
def test_the_other_reports_of_verify_have_json(here, option, known):
    done = here("verify", BOOT, option, "--json")
    assert done.returncode == 0
    assert known in json.loads(done.stdout)


def test_verify_json_has_what_is_documented():
    done = zonecma("verify", BOOT, "--json")
    out = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (out["recording"], out["kernel"]) == ("boot-zonecma256-6.12", "6.12.117-gt")
    for name in ("allocations", "refills", "refill_sizes", "drain_decisions", "drains"):
        assert out[name].keys() == {"checked", "exact"}
    for name in ("drains_after_free", "drains_in_calls", "drains_external"):
        assert out[name].keys() >= {"checked", "exact"}
    assert out["final_lists"].keys() == {"checked", "equal"}
    assert out["events"] > 3000
    assert out["seconds"] > 0
    assert (out["repairs"], out["skipped"]) == (0, {})


def test_compare_json_has_what_is_documented():
    done = zonecma("compare", BOOT, "--json")
    out = json.loads(done.stdout)
    assert [p["name"] for p in out["placements"]] == ["half-free", "last-resort", "zone-cma", "carveout"]
    keys = {"area_use_mean", "calls", "calls_ok", "frames_migrated", "min_free_outside", "failed_requests"}
    assert all(p.keys() >= keys | {"use_by"} for p in out["placements"])


def test_compare_on_open_terms_reclaims_nothing(here):
    closed, opened = (
        json.loads(here("compare", BOOT, "--json", *terms).stdout) for terms in ([], ["--open-loop"])
    )
    assert (closed["open_loop"], opened["open_loop"]) == (False, True)
    assert all(p["reclaim"]["pages_reclaimed"] == 0 for p in opened["placements"])
    keys = {"kswapd_wakes", "swapped_in", "swapped_out", "refaults", "stall_seconds", "oom_kills"}
    assert closed["placements"][0]["reclaim"].keys() >= keys | {"elapsed_seconds", "pages_reclaimed"}


def test_whatif_json_has_what_is_documented(here):
    done = here("whatif", BOOT, "--placement", "half-free", "--against", BOOT, "--seeds", "2", "--json")
    out = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert out["predicted"].keys() == out["recorded"].keys()
    keys = {"area_use_mean", "frames_migrated", "calls_ok", "calls", "direct_reclaim", "kswapd_wakes"}
    assert out["predicted"].keys() >= keys | {"min_free_outside"}
    assert (out["seeds"], out["placement"]) == (2, "half-free")


WHATIF = {
    "a size that is none": (["--cma", "lots"], "--cma lots: expected a size such as 128M"),
    "a size that does not fit": (["--cma", "64G"], "--cma: 67108864 KiB; expected a multiple of 2048 KiB"),
    "rules that are none": (["--rules", "5.4"], "--rules 5.4: no such kernel series"),
    "a recording that is none": (["--against", "nowhere"], "nowhere: no such recording"),
    "costs that are none": (["--costs", "nowhere.toml"], "nowhere.toml: No such file"),
}


@pytest.mark.parametrize("case", WHATIF)
def test_what_whatif_cannot_answer(here, case):
    arguments, expected = WHATIF[case]
    done = here("whatif", BOOT, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert expected in done.stderr


def test_explain_json_has_what_is_documented(here):
    done = here("explain", PRESS, "--json", "--call", "7")
    out = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    (call,) = out["calls"]
    assert call.keys() >= {"n", "time", "size", "outcome", "latency_ms", "attempts"}
    assert (call["n"], call["size"], call["outcome"]) == (7, 8192, "ok")
    for attempt in call["attempts"]:
        assert attempt.keys() >= {"start", "end", "blocker", "nr_failed"}
    keys = {"pfn", "kind", "task", "gfp", "age_ms", "freed_after_ms", "barred_by_zone_cma"}
    assert call["attempts"][0]["blocker"].keys() >= keys
    assert call["attempts"][-1]["blocker"] is None
    (kind,) = out["by_kind"].values()
    assert kind["attempts"] == 13


def test_calibrate_writes_costs_that_can_be_read(here, tmp_path):
    file = tmp_path / "costs.toml"
    done = here("calibrate", PRESS, "--json", "-o", str(file))
    out = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    keys = {"step", "samples", "ns", "quartiles", "error", "held_out", "but_slowest"}
    assert all(one.keys() >= keys for one in out["estimates"])
    told = {one["step"]: one["ns"] for one in out["estimates"]}
    assert {step: ns for step, ns in read_costs(file).items() if step in told} == told


def test_calibrate_writes_durations_that_can_be_read(here, tmp_path):
    """Beside the costs; a recording that tells none leaves a file of none."""
    file = tmp_path / "durations.toml"
    done = here("calibrate", str(CAPTURES / "pairs" / "blockdev-zonecma96-6.12"), "--durations", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "how long pages were bound" in done.stdout
    changed = {bond for bond, one in read_durations(file).items() if one != read_durations()[bond]}
    assert changed == {"write", "commit"}
    done = here("calibrate", PRESS, "--json", "--durations", str(file))
    assert not any(one["told"] for one in json.loads(done.stdout)["durations"])
    assert read_durations(file) == read_durations()


def test_calibrate_needs_a_load(here, tmp_path):
    (tmp_path / "trace.txt").write_text("a-1 [000] 1.0: mm_page_free: pfn=0x9 order=0\n")
    done = here("calibrate", str(tmp_path), "-o", str(tmp_path / "costs.toml"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "shows no step 5 times; expected a load's trace" in done.stderr
    assert not (tmp_path / "costs.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--call", "21"), "has calls 1 to 20, not call 21"),
        (("--call", "2", "--failed"), "call 2 is one call"),
    ],
)
def test_calls_that_explain_cannot_show(here, arguments, expected):
    done = here("explain", PRESS, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert expected in done.stderr


def test_explain_a_recording_without_calls(here):
    done = here("explain", BOOT)
    assert done.returncode == 0
    assert "no contiguous call" in done.stdout


def test_explain_a_truncated_trace_in_part(here, tmp_path):
    done = here("explain", damaged(tmp_path, trace=WHOLE[:-999]), "--partial")
    assert done.returncode == 0
    assert "read in part: " in done.stdout


def test_the_demo_recording_is_the_default():
    out = json.loads(zonecma("compare", "--json", "--placement", "half-free,fraction=0.25").stdout)
    assert out["recording"] == "cma256-mix-6.12"
    assert [p["name"] for p in out["placements"]] == ["half-free,fraction=0.25"]


def test_the_status_is_0_whatever_the_score(tmp_path):
    done = zonecma("verify", str(of_another_kernel(tmp_path, b"5.4.302")))
    assert done.returncode == 0
    assert "(kernel 5.4: this series is not known)" in done.stdout


def test_show():
    done = zonecma("show", BOOT)
    assert done.returncode == 0
    assert "CMA area reserved: 65,536 pages" in done.stdout
    single = zonecma("show", str(CAPTURES / "nocma-mix-6.12" / "snap.A.json.gz"), "--json")
    assert json.loads(single.stdout)["zones"][0]["name"] == "DMA"


def damaged(tmp_path, *, trace=None, snapshot=None):
    """A recording one of whose files is replaced."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    for file in (CAPTURES / "boot-nocma-6.12").iterdir():
        (folder / file.name).symlink_to(file)
    for name, content in (("trace.txt.zst", trace), ("snap.A.json.gz", snapshot)):
        if content is not None:
            (folder / name).unlink()
            (folder / name).write_bytes(content)
    return str(folder)


WHOLE = (CAPTURES / "boot-nocma-6.12" / "trace.txt.zst").read_bytes()
PLACEMENTS = {
    "nothing": "no placement is called 'nothing'; expected one of half-free",
    "half-free,fraction=2": "placement half-free: fraction is 2; expected 0 to 1",
    "half-free,fraction=x": "placement half-free: fraction is 'x'",
    "zone-cma,a=1": "placement zone-cma has no parameter",
}
BAD_INPUT = {
    "no such recording": (lambda _: "nowhere", "nowhere: no such recording"),
    "an empty folder": (str, "expected a recording's folder"),
    "a truncated trace": (lambda p: damaged(p, trace=WHOLE[:-999]), "trace.txt.zst: cut off after"),
    "a foreign trace": (
        lambda p: damaged(p, trace=b"\x7fELF" * 9),
        "expected a newline at the end of the file",
    ),
    "an empty trace": (lambda p: damaged(p, trace=b""), "trace.txt.zst"),
    "a foreign snapshot": (lambda p: damaged(p, snapshot=b"hello"), "snap.A.json.gz"),
}


@pytest.mark.parametrize("verb", ["verify", "compare", "whatif", "explain", "show"])
@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_gives_one_line_and_status_2(here, tmp_path, verb, case):
    make, expected = BAD_INPUT[case]
    done = here(verb, make(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("zonecma: ")
    assert expected in done.stderr


@pytest.mark.parametrize("text", PLACEMENTS)
def test_placements_that_make_no_sense(here, text):
    done = here("compare", "--placement", text)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert PLACEMENTS[text] in done.stderr


def test_a_truncated_trace_read_in_part_says_so(here, tmp_path):
    done = here("show", damaged(tmp_path, trace=WHOLE[:-999]), "--partial")
    assert done.returncode == 0
    assert "read in part: " in done.stdout
    assert "cut off after" in done.stdout


def test_a_full_disk_gives_one_line_and_status_1():
    with Path("/dev/full").open("w") as full:
        done = zonecma("show", BOOT, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "zonecma: cannot write the output: No space left on device\n"


def test_a_reader_that_has_seen_enough_sees_no_traceback():
    shell = f"{sys.executable} -m zonecma show --json {BOOT} | true"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_no_cache_folder_is_no_failure(tmp_path):
    (tmp_path / "a-file").touch()
    done = zonecma("show", BOOT, env={"ZONECMA_CACHE": str(tmp_path / "a-file" / "below")})
    assert done.returncode == 0
    assert "no event lost" in done.stdout


def test_help_imports_nothing_heavy():
    code = "import sys; sys.argv = ['zonecma', '--help']\ntry:\n import zonecma.cli as c; c.main()\n"
    code += "except SystemExit: pass\nprint(sorted({'numba', 'polars', 'numpy', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_import_zonecma_imports_nothing_at_all():
    code = "import sys, zonecma; print(sorted({'numba', 'polars', 'numpy', 'typer'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("where", ["a" * 5000, "two\nlines", "\x1b[31mred"])
@pytest.mark.parametrize("verb", ["verify", "show"])
def test_a_name_that_is_none(here, verb, where):
    done = here(verb, where)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "no such recording" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_closed_output_is_no_success():
    command = f"{sys.executable} -m zonecma show {BOOT} >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "standard output is closed" in done.stderr


def test_placements_are_listed(here):
    names = [placement["name"] for placement in json.loads(here("placements", "--json").stdout)]
    assert names[:4] == ["half-free", "last-resort", "zone-cma", "carveout"]
    assert {"cma-first", "interleave", "balanced", "page-cache-only", "android-redirect", "gcma"} < set(names)


def test_scenarios_are_listed(here):
    listed = json.loads(here("scenarios", "--json").stdout)
    assert [one["name"] for one in listed][:2] == ["kernel-build", "camera-start"]
    assert here("scenarios").stdout.startswith("kernel-build\n  ")


def test_a_scenario_shows_its_parameters(here):
    shown = here("scenarios", "camera-start,tabs=3")
    assert "\ntabs=3\n  open tabs, a process each\n  source: assumed\n" in shown.stdout
    out = json.loads(here("scenarios", "camera-start", "--json").stdout)
    assert {one["name"]: one["default"] for one in out["parameters"]}["tabs"] == 8


def test_a_scenario_that_there_is_not(here):
    done = here("scenarios", "camera")
    assert done.returncode == 2
    assert done.stderr.startswith("zonecma: no scenario is called 'camera'; expected one of kernel-build, ")


def test_a_placement_of_ones_own(here, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import zonecma\nclass Mine(zonecma.Placement):\n    name = 'mine'\n")
    out = json.loads(here("compare", BOOT, "--json", "--placement", str(path)).stdout)
    assert [p["name"] for p in out["placements"]] == ["mine"]


def test_reproduce_prints_what_was_observed_beside_the_model(here, monkeypatch):
    table = OBSERVED.tables[0]
    one_job = replace(OBSERVED, tables=(replace(table, load=replace(table.load, jobs=1)),))
    monkeypatch.setattr("zonecma.lab.experiments.experiment_called", lambda name: one_job)
    shown = here("reproduce", "observed-4.7", "--seeds", "1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "slowdown" in shown.stdout
    assert "12,811" in shown.stdout  # pages that stock swapped in
    assert json.loads(here("reproduce", "observed-4.7", "--seeds", "1", "--json").stdout)


def test_an_unknown_experiment_is_refused(here):
    refused = here("reproduce", "zone-cma-1991")
    assert refused.returncode == 2
    assert "zone-cma-2015" in refused.stderr
