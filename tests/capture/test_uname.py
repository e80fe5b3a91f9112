"""The line of uname -a: with a host's name, without one, and damaged."""

import pytest

from zonecma.capture.proc.uname import release_of


@pytest.mark.parametrize(
    ("uname", "release"),
    [
        ("Linux board 6.1.174 #1 SMP Sun Nov 1 10:00:00 UTC 2026 aarch64 GNU/Linux\n", "6.1.174"),
        ("Linux 6.12.117-gt #2 SMP", "6.12.117-gt"),
        ("Linux 9.9host 4.7.0 #1", "4.7.0"),
        ("Linux board", ""),
        ("", ""),
    ],
)
def test_the_release_is_the_third_word_or_of_a_host_without_a_name_the_second(uname, release):
    assert release_of(uname) == release
