"""zonecma report as a user runs it."""

import json

import pytest

from tests.cli.test_verbs import PRESS, zonecma
from tests.report.pages import COMPARED


def test_the_demo_as_page_trace_and_figure(tmp_path):
    pytest.importorskip("perfetto")
    pytest.importorskip("matplotlib")
    written = [tmp_path / name for name in ("out.html", "out.pftrace", "out.png")]
    done = zonecma("report", "-o", written[0], "--perfetto", written[1], "--png", written[2])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = written[0].read_text()
    for heading in ("Physical memory", "Placements compared", "Contiguous calls", "The machine"):
        assert f">{heading}</h" in text
    assert f"zonecma report -o {written[0]}" in text
    assert written[1].stat().st_size > 10_000
    assert written[2].read_bytes().startswith(b"\x89PNG")
    assert sorted(tmp_path.iterdir()) == sorted(written)  # nothing is left beside them


def test_results_need_no_recording(tmp_path):
    (tmp_path / "compare.json").write_text(json.dumps(COMPARED))
    done = zonecma("report", "compare.json", "-o", "out.html", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "zonecma report compare.json -o out.html" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([PRESS], "report: nothing to write; expected -o FILE, --perfetto FILE or --png FILE"),
        ([PRESS, "-o", "no-such/out.html"], "no-such/out.html: has no folder no-such"),
        ([PRESS, "-o", "tests"], "tests: is a folder; expected the name of a file"),
        (["a.json", "-o", "x.html"], "a.json: cannot be read: No such file or directory"),
        (["a.json", "--png", "x.png"], "--png: a.json is a result; expected a recording"),
        (["page-kinds", "--perfetto", "x"], "--perfetto: page-kinds is a scenario; expected a recording"),
        ([PRESS, PRESS, "-o", "x.html"], "expected one recording, one scenario, or results (.json) alone"),
        (["nothing-such", "-o", "x.html"], "nothing-such: no such recording or scenario"),
    ],
)
def test_what_it_refuses(arguments, fault):
    done = zonecma("report", *arguments)
    assert done.returncode == 2
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1
