"""The verbs with a scenario in place of a recording."""

import json

import pytest

from tests.conftest import CAPTURES
from tests.scenarios import small

BOOT = str(CAPTURES / "boot-zonecma256-6.12")


@pytest.fixture
def scenario(tmp_path):
    return small(tmp_path) + ",program_mib=40"


def keys(value):
    """The names of a JSON value, level by level; lists by their first item."""
    if isinstance(value, dict):
        return {name: keys(one) for name, one in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else None


def flat(text):
    """A text in one line."""
    return " ".join(text.split())


def test_compare_has_the_same_json_as_for_a_recording(here, scenario):
    done = here("compare", scenario, "--seeds", "2", "--placement", "half-free", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    out = json.loads(done.stdout)
    other = json.loads(here("compare", BOOT, "--placement", "half-free", "--json").stdout)
    other["placements"][0]["each_call"] = out["placements"][0]["each_call"]  # a boot makes none
    assert keys(out) == keys(other)
    assert (out["recording"], out["kernel"], out["runs"]) == (scenario, "4.7", 2)
    (one,) = out["placements"]
    assert (one["calls"], one["calls_ok"], len(one["area_use_over_time"])) == (4, 3, 48)


def test_compare_runs_a_scenario_under_four_placements(here, scenario):
    done = here("compare", scenario, "--seeds", "1", "--rules", "6.12")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{scenario}: kernel 6.12, 512 MiB of CMA, " in flat(done.stdout)
    for name in ("half-free", "last-resort", "zone-cma", "carveout"):
        assert name in done.stdout
    assert "parameters are assumed" in flat(done.stdout)


def test_whatif_has_the_same_json_as_for_a_recording(here, scenario, tmp_path):
    (tmp_path / "costs.toml").write_text("[disk_op]\nns = 1\n")
    files = ["--costs", str(tmp_path / "costs.toml"), "--durations", str(tmp_path / "durations.toml")]
    (tmp_path / "durations.toml").write_text("[read]\nmedian_ms = 1\np99_ms = 2\n")
    done = here("whatif", scenario, "--seeds", "2", "--cma", "64M", *files, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    out = json.loads(done.stdout)
    recorded = json.loads(here("whatif", BOOT, "--seeds", "2", "--json").stdout)
    assert keys(out) == keys(recorded)
    assert (out["recording"], out["seeds"], out["placement"]) == (scenario, 2, "zone-cma")
    assert (out["predicted"]["calls"], out["predicted"]["calls_ok"]) == (4, 3)


def test_whatif_prints_a_table(here, scenario):
    done = here("whatif", scenario, "--seeds", "1", "--placement", "carveout")
    assert (done.returncode, done.stderr) == (0, "")
    assert "under carveout: rules of 4.7, 512 MiB of CMA, 1 run" in flat(done.stdout)
    assert "for scale" not in done.stdout


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_show_prints_what_scenarios_prints(here, form):
    shown = here("show", "camera-start,tabs=3", *form)
    assert shown.returncode == 0
    assert shown.stdout == here("scenarios", "camera-start,tabs=3", *form).stdout


def test_boot_boots_the_scenarios_board(here):
    """Its area is what its command line says; what comes after it counts."""
    shown, other = here("boot", "long-pins"), here("boot", "long-pins", "--cmdline", "cma=64M")
    same = here("boot", "qemu-virt-arm64", "--cmdline", "transparent_hugepage=never cma=256M")
    assert (shown.returncode, shown.stdout) == (0, same.stdout)
    assert shown.stderr.startswith("zonecma: given: qemu-virt-arm64, transparent_hugepage=never cma=256M")
    assert "nr_free_cma  65536" in shown.stdout
    assert "nr_free_cma  16384" in other.stdout


REFUSED = {
    "verify": (["verify", "camera-start"], "camera-start is a scenario, which no kernel recorded"),
    "calibrate": (["calibrate", "camera-start,tabs=3"], "expected a recording, or the verb compare"),
    "open loop": (["compare", "camera-start", "--open-loop"], "--open-loop: camera-start is a scenario"),
    "a part": (["compare", "camera-start", "--partial"], "--partial: camera-start is a scenario"),
    "a part to show": (["show", "camera-start", "--partial"], "--partial: camera-start is a scenario"),
    "against": (["whatif", "camera-start", "--against", BOOT], "--against: camera-start is a scenario"),
    "rules": (["compare", BOOT, "--rules", "4.7"], "--rules: boot-zonecma256-6.12 is a recording"),
    "seeds": (["compare", BOOT, "--seeds", "5"], "expected a scenario, or the verb whatif"),
    "durations": (["whatif", BOOT, "--durations", "x.toml"], "--durations: boot-zonecma256-6.12 is a rec"),
    "no durations": (["whatif", "camera-start", "--durations", "x.toml"], "x.toml: No such file"),
    "no costs": (["whatif", "camera-start", "--costs", "x.toml"], "x.toml: No such file"),
    "no size": (["whatif", "camera-start", "--cma", "lots"], "--cma lots: expected a size such as 128M"),
    "no parameter": (["compare", "camera-start,tab=3"], "scenario camera-start has no parameter 'tab'"),
    "no placement": (["compare", "camera-start", "--placement", "x"], "no placement is called 'x'"),
    "no rules": (["compare", "camera-start", "--rules", "5.4"], "--rules 5.4: no such kernel series"),
    "no file": (["boot", "nowhere.py"], "nowhere.py: cannot be read"),
    "no seeds": (["compare", "camera-start", "--seeds", "0"], ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(here, case):
    arguments, expected = REFUSED[case]
    done = here(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    if expected:  # typer's own message is not one of ours
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("zonecma: ")


@pytest.mark.parametrize("verb", ["compare", "whatif", "show"])
def test_what_is_neither_names_both(here, verb):
    done = here(verb, "camera_start")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "camera_start: no such recording or scenario" in done.stderr
    assert "cma256-mix-6.12" in done.stderr and "camera-start" in done.stderr


def test_boot_names_scenarios_too(here):
    assert "a scenario" in here("boot", "camera_start").stderr
