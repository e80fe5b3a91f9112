"""A scenario of one's own, small enough to be run under several placements."""

SMALL = """
from dataclasses import dataclass

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import MIB, Layout, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM


@dataclass(frozen=True)
class Small(GeneratedLoad):
    name = "small"
    summary = "a program grows while a driver asks for buffers"
    board = "vm-1g-cma512"

    program_mib: int = parameter(600, "memory of the program, MiB")
    calls: int = parameter(3, "contiguous calls of 8 MiB", "its author")
    too_large: int = parameter(1, "calls that are larger than the area, each made six times", "its author")

    def draw(self, seed):
        layout, programs = Layout(), Programs()
        pages = self.program_mib * MIB
        own = [layout.region(PROGRAM, pages, task=0), layout.region(PROGRAM, 1, task=1)]
        programs.begin()
        programs.use(0, pages, own=True, write=True)
        programs.sleep(1000)
        programs.begin()
        for number in range(self.calls):
            programs.sleep(100 + seed)
            programs.call(number, 8 * MIB)
        for number in range(self.too_large):
            programs.call(self.calls + number, 600 * MIB, again_ms=10, patience_ms=50)
        return scenario_of(layout, own, programs)
"""


def small(folder):
    """The scenario's file in a folder, as a user names it."""
    path = folder / "small.py"
    path.write_text(SMALL)
    return str(path)
