"""Runs of a load written by hand: what contiguous calls asked for, and what was in their way."""

import numpy as np

from zonecma.kernel.memory import NOTE, WORK
from zonecma.kernel.notes import AN_ENDING, NOT_KNOWN
from zonecma.kernel.page_class import NR_CLASSES, PageClass
from zonecma.kernel.state import NO_OBJECT
from zonecma.kernel.units import NO_PFN
from zonecma.lab.scenario_run import ScenarioRun
from zonecma.lab.work import CALL, SAMPLE
from zonecma.workload.uses import BUFFER

MS = 1_000_000
SECOND = 1000 * MS
BEGUN_AT = 7 * SECOND


def found(ms, number=1, page_class=PageClass.BUFFER, *, call=1, use=BUFFER, until_ms=None):
    """A range was tried in vain, for an object's page was there."""
    note = np.zeros((), NOTE)
    note["time"], note["call"], note["start"], note["pages"] = at(ms), call, 4096, 1024
    note["pfn"], note["object"], note["page_class"], note["gfp"] = 4100 + number, number, page_class, use
    note["since"], note["by"] = at(ms) - SECOND, 3
    note["until"] = NOT_KNOWN if until_ms is None else at(until_ms)
    return note


def found_free(ms, page_class=PageClass.FREE):
    """A range was tried in vain, and no object's page was seen there."""
    return found(ms, NO_OBJECT, page_class, use=0)


def ending(ms, number=1):
    """A page that was in the way is free to go."""
    note = np.zeros((), NOTE)
    note["time"], note["object"], note["start"] = at(ms), number, AN_ENDING
    return note


def at(ms):
    """The clock, so long after the load began."""
    return BEGUN_AT + round(ms * MS)


def call(row, ms, took_ms, first=None, *, got=True, pages=1024):
    """A contiguous call, the row's own or one that repeats another row's."""
    one = np.zeros((), CALL)
    one["time"], one["took"], one["pages"] = at(ms), round(took_ms * MS), pages
    one["start"], one["first"] = 4096 if got else NO_PFN, row if first is None else first
    return one


def did(**by_class):
    """What calls did to the pages of each class: fields of WORK."""
    work = np.zeros(NR_CLASSES, WORK)
    for name, fields in by_class.items():
        for field, value in fields.items():
            work[field][PageClass[name]] = value
    return work


def run_of(notes=(), calls=(), work=None, *, seconds=10, used=(0, 0, 0, 0), area_pages=1000, nr_notes=None):
    """A run with these notes and calls."""
    samples = np.zeros(2, SAMPLE)
    samples["used"][1] = used
    return ScenarioRun(
        figures={"elapsed": float(seconds)},
        area_pages=area_pages,
        calls=np.array(list(calls), CALL),
        notes=np.array(list(notes), NOTE),
        classes=did() if work is None else work,
        samples=samples,
        begun_at=BEGUN_AT,
        nr_notes=len(notes) if nr_notes is None else nr_notes,
    )
