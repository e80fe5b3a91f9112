"""How exact the model is on every recording in the repository: ``make fidelity`` writes docs/fidelity.md."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zonecma.capture.recording import Recording
from zonecma.kernel.zone import ZONE_MOVABLE
from zonecma.lab.free_run import FreeRun, free_run_replay
from zonecma.lab.misses import Misses, explain_misses_of
from zonecma.lab.replay import replay_of
from zonecma.lab.verification import Score, Verification
from zonecma.lab.verify import verify_replay
from zonecma.machine.machine import Machine
from zonecma.report.free_run import first_divergence
from zonecma.report.table import thousands
from zonecma.report.verification import share

REPOSITORY = Path(__file__).resolve().parent.parent
CAPTURES = REPOSITORY / "captures"
_OF_MACHINE = re.compile(r"(no|zone)?cma\d*|deterministic")
PAGE = REPOSITORY / "docs" / "fidelity.md"

_HEAD = """\
# How exact the model is, recording by recording

`make fidelity` writes this page from what `zonecma verify`, `verify --free-run` and `verify --explain-misses`
find; a test compares it with what they find now.  [verify.md](verify.md) says how the choices are compared,
and why that can't be gamed.

**Frame by frame.**  Shares of choices that were the kernel's, each miss put right before the next request.
They are rounded down: 100.000 % means all.  The final lists are compared after the repairs.

"""
_ALONE = """

**Alone.**  From one snapshot to the other with nothing put right: after how many allocations the first frame
differs, how many got the kernel's frame in all, and by how many frames the free lists are off at the end.

"""
_CAUSES = """

**Why choices were missed**: requests that began to differ for a cause, and in brackets the choices missed
with all that follows within these requests.  Recordings that are not named have no miss.

"""


@dataclass(frozen=True)
class Fidelity:
    """One recording, and how exact the model is on it."""

    name: str
    machine: Machine
    verification: Verification
    alone: FreeRun
    misses: Misses


def recordings() -> list[Path]:
    """The folders of the repository that hold a trace and both snapshots."""
    needed = ("trace.txt.zst", "snap.A.json.gz", "snap.B.json.gz")
    folders = sorted([*CAPTURES.iterdir(), *(CAPTURES / "pairs").iterdir()])
    return [folder for folder in folders if all((folder / name).exists() for name in needed)]


def measure(folder: Path) -> Fidelity:
    """Run all three reports of verify on one recording."""
    replay = replay_of(Recording(folder))
    reports = verify_replay(replay), free_run_replay(replay), explain_misses_of(replay)
    return Fidelity(folder.name, replay.machine, *reports)


def page(measured: Sequence[Fidelity]) -> str:
    """The whole document."""
    causes = "\n".join(line for one in measured for line in _causes(one))
    return _HEAD + _frame_by_frame(measured) + _ALONE + _alone(measured) + _CAUSES + causes + "\n"


def _frame_by_frame(measured: Iterable[Fidelity]) -> str:
    heads = "recording", "kernel", "placement", "load", "CPUs"
    calls = "contiguous calls", "told of no failure"
    rows = [[*heads, "allocations", "refills", "drains", *calls, "final lists"]]
    for one in measured:
        o = one.verification
        machine = [o.kernel.split("-")[0], placement(one.machine), load(one.name), str(one.machine.nr_cpus)]
        shares = [share(score) for score in (o.allocations, o.refills, o.drains)]
        rows.append([f"`{one.name}`", *machine, *shares, *map(_of, (o.calls, o.calls_untold, o.final_lists))])
    return _table(rows)


def _alone(measured: Iterable[Fidelity]) -> str:
    rows = [["recording", "first frame differs", "allocations", "contiguous calls", "free lists off by"]]
    for one in measured:
        o = one.alone
        off = f"{thousands(o.frames_off)} of {thousands(o.frames_free)} frames"
        rows.append([f"`{one.name}`", first_divergence(o), share(o.allocations), _of(o.calls), off])
    return _table(rows)


def _causes(one: Fidelity) -> Iterable[str]:
    if one.misses.causes:
        yield f"- `{one.name}`"
    for cause in one.misses.causes:
        yield f"  - {cause.cause}: {thousands(cause.requests)} ({thousands(cause.misses)})"


def _of(score: Score) -> str:
    return f"{score.exact} of {score.checked}" if score.checked else "-"


def placement(machine: Machine) -> str:
    """Where the machine's contiguous memory lives."""
    if not machine.areas:
        return "none"
    movable = sum(zone.present for zone in machine.zones if zone.index == ZONE_MOVABLE)
    where = "a zone of its own" if movable == machine.area_pages else "MIGRATE_CMA"
    return f"{where}, {machine.area_pages * machine.page_kib >> 10} MiB"


def load(name: str) -> str:
    """The load, from a recording's name: its first word that does not tell of the machine."""
    return next(word for word in name.split("-") if not _OF_MACHINE.fullmatch(word))


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])


def main() -> None:
    """Write the page."""
    measured = []
    for folder in recordings():
        print(folder.name, file=sys.stderr)
        measured.append(measure(folder))
    PAGE.write_text(page(measured))


if __name__ == "__main__":
    main()
