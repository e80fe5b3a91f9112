"""What lies in swap, as queues."""

import random

from zonecma.kernel.jit import from_python
from zonecma.workload.lives import NOBODY
from zonecma.workload.swapped import GUESSED, comes_in, goes_out, nothing_swapped


def test_each_process_gets_its_own_first_and_then_the_earliest_of_all():
    swapped, queues = nothing_swapped(3, 1000), {process: [] for process in range(3)}
    turn, number = random.Random(7), 0
    go_out, come_in = from_python(goes_out), from_python(comes_in)
    for _ in range(2000):
        process = turn.randrange(3)
        if turn.random() < 0.4 and number < 1000:
            go_out(swapped, process, number)
            queues[process].append(number)
            number += 1
            continue
        waiting = queues[process] or min((queue for queue in queues.values() if queue), default=[])
        assert come_in(swapped, process) == (waiting.pop(0) if waiting else NOBODY)


def test_the_only_one_is_no_guess():
    swapped = nothing_swapped(2, 3)
    go_out, come_in = from_python(goes_out), from_python(comes_in)
    go_out(swapped, 0, 2)
    assert come_in(swapped, 1) == 2
    assert swapped.tally[GUESSED] == 0
    go_out(swapped, 0, 1)
    go_out(swapped, 1, 0)
    assert [come_in(swapped, 1) for _ in range(3)] == [0, 1, NOBODY]
    assert swapped.tally[GUESSED] == 1
