"""How a boot is shown: trace, JSON, and where it parts from a recorded one."""

import dataclasses
import json

from tests.conftest import CAPTURES
from tests.machine.boot.boards import area, boot_of, series
from zonecma.capture.boot_record import open_boot_record
from zonecma.lab.boot import Booted, boot_machine, check_boot
from zonecma.machine.architecture import GIB, MIB
from zonecma.report.boot import boot_json, boot_text, check_json, check_text, trace_text

V6 = str(CAPTURES / "boots-4.7" / "v6-cma512")
BOOT = boot_of((0, GIB), areas=[area(512 * MIB, 64 * MIB)], placement=series("v6"))


def test_the_trace_is_functions_and_what_they_did():
    rows = trace_text(BOOT).split("\n")
    assert [row for row in rows if not row.startswith("    ")] == [step.function for step in BOOT.steps]
    assert rows[1] == "    DMA: frames 0 to 4095, 4096 present"
    assert "    a: 32 of 32 pageblocks to zone CMA, 16384 frames stolen from DMA32" in rows


def test_zoneinfo_unless_something_else_is_wanted():
    booted = Booted(BOOT)
    assert boot_text(booted).startswith("Node 0, zone      DMA\n")
    both = boot_text(booted, ["buddyinfo", "pagetypeinfo"]).split("\n\n")
    assert [text[:4] for text in both[:2]] == ["Node", "Page"]
    assert not boot_text(booted).endswith("\n")


def test_json_has_each_zone_area_and_step():
    out = json.loads(json.dumps(boot_json(Booted(BOOT, inputs=("assumed: all",)))))
    assert (out["rules"], out["placement"], out["memory_model"]) == (
        "6.12",
        "zone-cma,series=v6",
        "sparsemem",
    )
    zones = {one["zone"]: one for one in out["zones"]}
    assert (zones["CMA"]["start_pfn"], zones["CMA"]["spanned"], zones["CMA"]["free"]) == (
        131072,
        16384,
        16384,
    )
    assert out["areas"] == [{"name": "a", "base_pfn": 131072, "frames": 16384, "activated": True}]
    assert [one["function"] for one in out["steps"]] == [step.function for step in BOOT.steps]
    assert out["inputs"] == ["assumed: all"]


def test_json_says_which_area_was_refused():
    refused = boot_of((3 * GIB, 5 * GIB), areas=[area(4 * GIB - 32 * MIB, 64 * MIB)])
    assert boot_json(Booted(refused))["areas"][0]["activated"] is False


def test_a_check_that_agrees():
    check = check_boot(boot_machine(V6), open_boot_record(V6))
    rows = check_text(check).split("\n")
    assert rows[0] == "v6-cma512: rules of 4.7, zone-cma, sparsemem"
    assert rows[1] == f"  fields of /proc   {check.fields_checked} of {check.fields_checked} equal"
    assert rows[2] == "  free lists        not compared: no memory map was recorded"
    assert check_json(check)["differences"] == []


def test_a_check_that_does_not():
    record = open_boot_record(V6)
    record.zones[2].sizes["min"] = 7
    check = check_boot(boot_machine(V6), dataclasses.replace(record, min_free_kbytes=1))
    assert check_text(check).split("\n")[-2:] == [
        "  node 0 CMA: min is 361, recorded 7",
        "  machine: min_free_kbytes is 2822, recorded 1",
    ]
    assert check_json(check)["differences"][0] == {
        "place": "node 0 CMA", "field": "min", "predicted": "361", "recorded": "7",
    }  # fmt: skip
