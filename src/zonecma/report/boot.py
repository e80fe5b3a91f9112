"""How a boot looks: its steps, and where it parts from a recorded one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from zonecma.kernel.zone import NAMES
from zonecma.lab.boot import BootCheck, Booted, Difference
from zonecma.lab.faults.finding import Finding
from zonecma.lab.findings import Faults
from zonecma.machine.boot.progress import Boot
from zonecma.machine.boot.shown import cma_free, cma_total
from zonecma.report.free_lists import buddyinfo_text, pagetypeinfo_text
from zonecma.report.table import width
from zonecma.report.zoneinfo import zoneinfo_text


def trace_text(boot: Boot) -> str:
    """Each step of boot by the kernel's function, and what it did."""
    return "\n".join(row for step in boot.steps for row in _rows(step.function, step.lines))


def _rows(function: str, lines: Iterable[str]) -> Iterator[str]:
    yield function
    yield from (f"    {line}" for line in lines)


def boot_text(booted: Booted, wanted: Sequence[str] = ()) -> str:
    """The /proc files and the trace that are wanted; /proc/zoneinfo if none is."""
    texts = {"trace": trace_text, "buddyinfo": buddyinfo_text, "pagetypeinfo": pagetypeinfo_text}
    if not wanted:
        return zoneinfo_text(booted.boot).rstrip("\n")
    return "\n\n".join(texts[name](booted.boot).rstrip("\n") for name in wanted)


def check_text(check: BootCheck) -> str:
    """How many figures and lists agree, and each that does not."""
    rows = [
        f"{check.recording}: {_setting(check.booted.boot)}",
        f"  fields of /proc   {check.fields_equal} of {check.fields_checked} equal",
        f"  free lists        {check.lists_equal} of {check.lists_checked} equal, content and order"
        if check.lists_checked
        else "  free lists        not compared: no memory map was recorded",
    ]
    rows += [f"  {one}" for one in check.booted.inputs]
    for one in (*check.differences, *check.list_differences):
        rows.append(f"  {one.place}: {one.field} is {one.predicted}, recorded {one.recorded}")
    return "\n".join(rows)


def _setting(boot: Boot) -> str:
    return f"rules of {boot.rules.series}, {boot.placement.label}, {boot.board.memory_model.value}"


def check_json(check: BootCheck) -> dict[str, Any]:
    """The same as JSON's types."""
    return {
        "recording": check.recording,
        **_setting_json(check.booted.boot),
        "fields": {"checked": check.fields_checked, "equal": check.fields_equal},
        "free_lists": {"checked": check.lists_checked, "equal": check.lists_equal},
        "differences": [_difference(one) for one in (*check.differences, *check.list_differences)],
        "inputs": list(check.booted.inputs),
    }


def _difference(one: Difference) -> dict[str, str]:
    return {"place": one.place, "field": one.field, "predicted": one.predicted, "recorded": one.recorded}


def _setting_json(boot: Boot) -> dict[str, Any]:
    return {
        "machine": boot.board.name,
        "rules": boot.rules.series,
        "placement": boot.placement.label,
        "memory_model": boot.board.memory_model.value,
    }


def boot_json(booted: Booted) -> dict[str, Any]:
    """A booted machine: its zones, areas and steps; sizes in frames."""
    boot, population = booted.boot, booted.boot.placement.population
    zones = [
        {
            "node": node,
            "zone": NAMES[zone],
            "start_pfn": int(record.start_pfn),
            "spanned": int(record.spanned),
            "present": int(record.present),
            "managed": int(record.managed),
            "free": int(record.nr_free_pages),
            "cma": int(record.cma),
            "min": int(record.watermark[0]),
            "low": int(record.watermark[1]),
            "high": int(record.watermark[2]),
            "protection": [int(record.lowmem_reserve[one]) for one in boot.configured],
            "batch": int(boot.nodes[node].pcp[zone, 0].batch),
            "contiguous": bool(record.contiguous),
            "boot_pageset": bool(record.boot_pageset),
            "stat_threshold": int(record.stat_threshold),
        }
        for node, zone, record in boot.zones()
    ]
    return {
        **_setting_json(boot),
        "min_free_kbytes": boot.min_free_kbytes,
        "cma_total": cma_total(boot),
        "cma_free": cma_free(boot),
        "offline_refused": bool(population and population.offline_refused),
        "zones": zones,
        "areas": [_area(boot, number) for number in range(len(boot.areas))],
        "steps": [{"function": step.function, "did": list(step.lines)} for step in boot.steps],
        "inputs": list(booted.inputs),
    }


def _area(boot: Boot, number: int) -> dict[str, Any]:
    area = boot.areas[number]
    return {
        "name": area.name,
        "base_pfn": int(area.base_pfn),
        "frames": area.count,
        "activated": area.name not in boot.refused,
    }


def findings_text(faults: Faults) -> str:
    """Each fault with its rule, the kernel's reason, and what comes of it."""
    setting = f"{faults.booted.boot.board.name}: {_setting(faults.booted.boot)}"
    if not faults.findings:
        return f"{setting}\n  no fault found"
    return "\n".join([setting, *(row for one in faults.findings for row in _finding_rows(one))])


def _series(boot: Boot) -> str:
    """The posting of a series that a placement is; its name where it is none."""
    series = getattr(boot.placement, "series", None)
    return str(series.value) if series else boot.placement.name


def _finding_rows(one: Finding) -> Iterator[str]:
    yield f"  {one.rule}: {one.place}"
    for text in (one.consequence, f"from: {one.kernel}"):
        yield from textwrap.wrap(text, width(), initial_indent="    ", subsequent_indent="      ")


def findings_json(faults: Faults) -> dict[str, Any]:
    """The same as JSON's types."""
    boot = faults.booted.boot
    return {
        **_setting_json(boot),
        "findings": [
            {
                "rule": one.rule,
                "series": _series(boot),
                "place": one.place,
                "kernel": one.kernel,
                "consequence": one.consequence,
                "blocks_wrong": one.blocks_wrong,
                "figures": one.figures,
            }
            for one in faults.findings
        ],
        "blocks_wrong": sum(one.blocks_wrong for one in faults.findings),
    }
