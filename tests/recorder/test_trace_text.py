"""Lines of the trace, without numbers that mean nothing."""

import pytest

from recorder.trace_text import tidy

HEAD = b"    cat-52    [000]     5.562249: "


@pytest.mark.parametrize(
    ("line", "tidied"),
    [
        (b"mm_page_free: page=0xdead pfn=0x1 order=0\n", b"mm_page_free: pfn=0x1 order=0\n"),
        (b"mm_lru_insertion: folio=0xdead pfn=0x1 lru=3\n", b"mm_lru_insertion: pfn=0x1 lru=3\n"),
        (
            b"isolfree: (f) page=0xffffea0000000040 order=1\n",
            b"isolfree: (f) page=0xffffea0000000040 order=1\n",
        ),
        (
            b"bulk: (f <- g) n=0x2 nr=4 p0=0x1 p1=0x2 p2=0xbad p3=0x0\n",
            b"bulk: (f <- g) n=0x2 nr=4 p0=0x1 p1=0x2\n",
        ),
        (
            b"bulk: (synthetic.done) n=1 arr=0x5 p0=0x1 p1=0x2\n",
            b"bulk: (synthetic.done) n=1 arr=0x5 p0=0x1\n",
        ),
        (b"bulk: (f <- g) n=0x3 p0=0x1 p1=0x2 p2=0x3\n", b"bulk: (f <- g) n=0x3 p0=0x1 p1=0x2 p2=0x3\n"),
    ],
)
def test_what_means_nothing_is_left_out(line, tidied):
    assert tidy(HEAD + line) == HEAD + tidied
