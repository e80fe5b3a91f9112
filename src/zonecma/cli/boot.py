"""zonecma boot: a machine booted in the model."""

from __future__ import annotations

from typing import Annotated

import typer

from zonecma.cli import words
from zonecma.cli.options import PLACEMENT, AsJson, Series
from zonecma.cli.output import print_notes, print_outcome


def boot(
    machine: Annotated[
        str,
        typer.Argument(
            metavar="MACHINE",
            help="A preset, a device tree (.dtb, .dts), a .toml file, a folder of /proc files,"
            " a RECORDING, or a scenario, whose board and command line it is then.",
            show_default=False,
            autocompletion=words.machines,
        ),
    ],
    placement: Annotated[
        str,
        typer.Option(
            help="Where contiguous memory lives; what its kernel does if left out.",
            metavar=PLACEMENT,
            autocompletion=words.placements,
        ),
    ] = "",
    memory_model: Annotated[
        str, typer.Option(help="flatmem or sparsemem; the machine's if left out.", metavar="MODEL")
    ] = "",
    rules: Series = "",
    cmdline: Annotated[
        str, typer.Option(help="Kernel command line, after the machine's own.", metavar="TEXT")
    ] = "",
    trace: Annotated[bool, typer.Option("--trace", help="Print the steps of boot.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Print the faults that this boot leaves.")] = False,
    buddyinfo: Annotated[bool, typer.Option("--buddyinfo", help="Print /proc/buddyinfo.")] = False,
    pagetypeinfo: Annotated[bool, typer.Option("--pagetypeinfo", help="Print /proc/pagetypeinfo.")] = False,
    against: Annotated[
        str, typer.Option(help="Hold the boot against this recorded one.", metavar="RECORDING")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Boot a machine in the model, from its early memory map to a filled allocator.

    Prints its /proc/zoneinfo, in its kernel's own format, unless something else is asked for.
    """
    from zonecma.capture.boot_record import open_boot_record
    from zonecma.lab.boot import boot_machine, check_boot
    from zonecma.lab.boot_options import memory_model_called, rules_called
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.scenario_setup import boot_scenario
    from zonecma.lab.scenarios import is_scenario
    from zonecma.report import boot as report

    start = boot_scenario if is_scenario(machine) else boot_machine
    booted = start(
        machine,
        parse_placement(placement) if placement else None,
        rules_called(rules) if rules else None,
        memory_model_called(memory_model) if memory_model else None,
        cmdline,
    )
    if against:
        checked = check_boot(booted, open_boot_record(against))
        print_outcome(checked, as_json, report.check_text, report.check_json)
    elif check:
        from zonecma.lab.findings import find_faults
        from zonecma.report.progress import terminal_progress

        with terminal_progress() as progress:
            faults = find_faults(booted, progress)
        print_outcome(faults, as_json, report.findings_text, report.findings_json)
    else:
        texts = {"trace": trace, "buddyinfo": buddyinfo, "pagetypeinfo": pagetypeinfo}
        wanted = [name for name, asked in texts.items() if asked]
        print_outcome(booted, as_json, lambda one: report.boot_text(one, wanted), report.boot_json)
        print_notes(booted.inputs, as_json)
