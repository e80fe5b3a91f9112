"""The command line: ``python -m recorder record|list|verify``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from recorder.errors import RecorderError
from recorder.plan import KERNELS, Calls, Load, Plan, parse_calls, parse_load, usual_calls, usual_trace
from recorder.sizes import mebibytes

_BAD_INPUT, _INTERRUPTED = 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    words = sys.argv[1:] if words is None else words
    signal.signal(signal.SIGTERM, _interrupt)  # so that what is open is closed, QEMU above all
    options = _parser().parse_args(words)
    try:
        return int(options.run(options, words))
    except RecorderError as error:
        print(f"recorder: {error}", file=sys.stderr)
        return _BAD_INPUT
    except KeyboardInterrupt:
        print("recorder: interrupted; nothing is left running", file=sys.stderr)
        return _INTERRUPTED


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m recorder", description="Record real Linux kernels.")
    commands = parser.add_subparsers(required=True)
    _add_record(commands.add_parser("record", help="boot a kernel, run a load, bring back what happened"))
    _add_collect(commands.add_parser("collect", help="the same, recorded by zonecma's collector"))
    listing = commands.add_parser("list", help="the loads and the options")
    listing.set_defaults(run=_list)
    check = commands.add_parser("verify", help="replay a recording's trace between its snapshots")
    check.add_argument("folder", type=Path, nargs="+")
    check.set_defaults(run=_verify)
    told = commands.add_parser("figures", help="what a load did to its contiguous areas, in a line")
    told.add_argument("folder", type=Path, nargs="+")
    told.set_defaults(run=_figures)
    smallest = commands.add_parser("test", help="record and verify the smallest load on every kernel")
    smallest.set_defaults(run=_test)
    building = commands.add_parser("build", help="build a kernel, if it is not there yet")
    building.add_argument("kernel", choices=KERNELS, nargs="+")
    building.set_defaults(run=_build)
    return parser


def _add_record(parser: argparse.ArgumentParser) -> None:
    _add_machine(parser)
    parser.set_defaults(run=_record)


def _add_collect(parser: argparse.ArgumentParser) -> None:
    _add_machine(parser)
    parser.set_defaults(run=_collect)
    parser.add_argument(
        "--options", default="", metavar="WORDS", help="of the collector's script: --options='-q -b 16'"
    )
    parser.add_argument(
        "--kill-after", type=int, default=0, metavar="SECONDS", help="kill it, and let it restore by -r"
    )


def _add_machine(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", help="of the recording: its folder's")
    add("--kernel", default="6.12", choices=KERNELS)
    add("--cpus", type=int, default=1)
    add("--ram", default="1024", metavar="SIZE", help="that the kernel sees; plain numbers are MiB (1024)")
    add("--area", default="", metavar="SIZE[@ADDRESS]", help="a contiguous area: cma=")
    add("--huge-area", default="", metavar="SIZE", help="a second one, in whole GiB: hugetlb_cma=")
    add("--movable", default="", metavar="SIZE", help="ZONE_MOVABLE: movablecore=")
    add("--zone-cma", action="store_true", help="ZONE_MOVABLE is exactly the area")
    add("--load", default="none", metavar="LOAD[,seed=N,size=N]")
    add(
        "--calls",
        default="",
        metavar="LEAST:MOST|none",
        help="contiguous calls beside the load: 1M:128M,count=20,hold=100,gap=60,keep=3",
    )
    add("--data", default="256M", metavar="SIZE", help="the scratch disk (256M)")
    add("--swap", default="", metavar="SIZE", help="a swap disk")
    add("--trace", default="", metavar="SIZE", help="the ring buffer (256M or what fits; 96M a CPU on 6.1)")
    add(
        "--deterministic",
        action="store_true",
        help="one CPU, counted instructions, no disk: boots repeat more closely",
    )
    add("--page-owner", action="store_true", help="bring back who allocated each frame")
    add(
        "--like-4.7",
        dest="like_4_7",
        action="store_true",
        help="no boosted watermarks, no proactive compaction, per-cpu lists of fixed size",
    )
    add("--append", default="", metavar="WORDS", help="more of the kernel's command line")
    add("--timeout", type=int, default=600, metavar="SECONDS")
    add(
        "--out",
        type=Path,
        default=Path("captures"),
        metavar="FOLDER",
        help="where the recording goes (captures)",
    )


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan that options of ``record`` describe; RecorderError where they contradict each other."""
    if options.zone_cma and (not options.area or options.movable):
        raise RecorderError("--zone-cma needs --area, and gives ZONE_MOVABLE its size: leave --movable out")
    load, ram = parse_load(options.load), mebibytes(options.ram)
    areas = [mebibytes(size.split("@")[0]) for size in (options.area, options.huge_area) if size]
    return Plan(
        name=options.name,
        kernel=options.kernel,
        cpus=options.cpus,
        ram=ram,
        area=options.area,
        huge_area=options.huge_area,
        movable=options.area.split("@")[0] if options.zone_cma else options.movable,
        load=load,
        calls=_calls(options, load),
        data=mebibytes(options.data),
        swap=mebibytes(options.swap) if options.swap else 0,
        trace=mebibytes(options.trace) if options.trace else usual_trace(options.kernel, ram, areas),
        deterministic=options.deterministic,
        page_owner=options.page_owner,
        like_4_7=options.like_4_7,
        append=tuple(options.append.split()),
        timeout=options.timeout,
    )


def _calls(options: argparse.Namespace, load: Load) -> Calls | None:
    """The contiguous calls: as asked for, or the usual ones where a load runs beside an area."""
    if options.calls:
        return parse_calls(options.calls)
    return usual_calls(options.area) if options.area and load.name != "none" else None


def _record(options: argparse.Namespace, words: Sequence[str]) -> int:
    from recorder.record import record  # needs drgn, which `list` does without

    where = record(plan_of(options), words, options.out)
    print(where)
    return 0


def _collect(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from recorder.collect import collect

    plan = replace(plan_of(options), live=True, kill_after=options.kill_after, trace=0)
    print(collect(plan, options.options, options.out) or "killed, and all was restored")
    return 0


def _list(_options: argparse.Namespace, _words: Sequence[str]) -> int:
    from recorder.listing import listing

    print(listing())
    return 0


def _verify(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from recorder.verify import verify

    verdicts = {folder: verify(folder) for folder in options.folder}
    for folder, verdict in verdicts.items():
        print(f"{folder}: {verdict}")
    return int(any(verdict.wrong for verdict in verdicts.values()))


def _figures(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from recorder.figures import figures

    for folder in options.folder:
        print(f"{folder.name}: {figures(folder)}")
    return 0


def _test(_options: argparse.Namespace, _words: Sequence[str]) -> int:
    from recorder.smoke import collected, record_and_verify, same_twice

    verified, same = record_and_verify(KERNELS), all(same_twice(kernel) for kernel in KERNELS)
    for kernel in KERNELS:
        collected(kernel)
    return int(not (verified and same))


def _build(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from recorder.kernel.build import build
    from recorder.programs import need_all

    need_all()
    for kernel in options.kernel:
        print(build(kernel).folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
