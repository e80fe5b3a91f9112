"""The words that a shell completes in arguments and options."""

from __future__ import annotations


def recordings(incomplete: str) -> list[str]:
    """Names of recordings: those that ship with zonecma, and those of ``captures/``."""
    from zonecma.capture.recording import recording_names

    return [name for name in recording_names() if name.startswith(incomplete)]


def loads(incomplete: str) -> list[str]:
    """Recordings and scenarios."""
    from zonecma.workload.scenarios import SCENARIOS

    return [*recordings(incomplete), *(one.name for one in SCENARIOS if one.name.startswith(incomplete))]


def placements(incomplete: str) -> list[str]:
    """Names of placements."""
    from zonecma.placement import PLACEMENTS

    return [one.name for one in PLACEMENTS if one.name.startswith(incomplete)]


def machines(incomplete: str) -> list[str]:
    """Boards that ship with zonecma, recordings and scenarios."""
    from zonecma.machine.presets import presets

    return [*(name for name in presets() if name.startswith(incomplete)), *loads(incomplete)]


def series(incomplete: str) -> list[str]:
    """Kernels whose rules the model has."""
    from zonecma.kernel.rules import RULES

    return [name for name in RULES if name.startswith(incomplete)]


def experiments(incomplete: str) -> list[str]:
    """Published experiments."""
    from zonecma.lab.experiments import EXPERIMENTS

    return [name for name in EXPERIMENTS if name.startswith(incomplete)]
