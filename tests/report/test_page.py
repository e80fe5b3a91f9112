"""The page as text: what it holds, how large it is, and that no name becomes code."""

import base64
import html.parser
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.report.pages import COMPARED, HOSTILE, of_recording, worst_results
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.lab.page_map import page_map
from zonecma.report.page.drawing import drawn, map_json
from zonecma.report.page.panels import comparison_rows, panels
from zonecma.report.page.render import as_script, page
from zonecma.report.page.results import Results, read_results
from zonecma.workload.holders import NR_HOLDERS, Holder

LIMIT = 5_000_000
"""Bytes, for a million events."""
ALONE = Results(source="one", comparison=COMPARED, commands=("zonecma report compare.json -o out.html",))


class Parsed(html.parser.HTMLParser):
    """Elements and attributes of a page, and the text of its data."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.data, self.reading = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.reading = tag == "script" and dict(attrs).get("id") == "data"

    def handle_endtag(self, tag):
        self.reading = False

    def handle_data(self, data):
        self.data += data if self.reading else ""

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


@pytest.fixture(scope="module")
def worst():
    return page(worst_results())


def test_no_name_becomes_code(worst):
    found = Parsed(worst)
    assert found.count("script") == 2  # the data, and our own
    assert found.count("img") == 0
    assert not any(name.startswith("on") for _, attrs in found.elements for name in attrs)
    assert "49" not in found.data[:0] + worst[: worst.index("<style>")]  # the template is not run on names
    data = json.loads(found.data)
    assert data["calls"][0]["task"] == HOSTILE.replace("\u2028", "?")


def test_a_page_of_a_million_events_is_small(worst):
    """Of the worst map there can be; that of a recording is a twentieth."""
    assert len(worst.encode()) < LIMIT
    assert len(page(of_recording()).encode()) < 400_000


def test_what_is_cut_is_said(worst):
    assert "the map shows the first 2000 calls, and of each its first 6 ranges" in worst
    assert "and 9800 more calls" in worst
    assert "and 1988 more pages" in worst


def test_nothing_is_fetched(worst):
    found = Parsed(worst)
    policy = next(attrs["content"] for tag, attrs in found.elements if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    places = [attrs.get(name) for _, attrs in found.elements for name in ("src", "href")]
    assert {place for place in places if place} == {"data:,"}


def test_script_safe_json_is_the_same_json():
    data = {"a": HOSTILE, "b": [1, None, "&<>"]}
    assert json.loads(as_script(data)) == data
    assert "<" not in as_script(data)


def test_the_maps_cells_are_shares_of_each_row():
    found = page_map(Recording(CAPTURES / "pairs/swap-cma64-6.12"), moments=6)
    drawing = map_json(found)
    cells = np.frombuffer(zlib.decompress(base64.b64decode(drawing["cells"])), np.uint8)
    cells = cells.reshape(drawing["rows"], NR_HOLDERS, drawing["moments"])
    free = found.rows[3, 5, Holder.FREE] / (1 << found.row_order)
    assert cells[5, Holder.FREE, 3] / 255 == pytest.approx(free, abs=1 / 255)
    assert cells.sum(axis=1).min() >= 250  # whole rows


def test_without_a_snapshot_grey_is_what_was_not_seen():
    blind = replace(of_recording(), page_map=replace(of_recording().page_map, exact=False))
    names = {one["key"]: one["name"] for one in drawn(blind)["map"]["holders"]}
    assert names["before"] == "not seen in the trace yet: free, in use or reserved"
    assert any("no snapshot to begin with" in line for line in panels(blind)["assumptions"])
    assert not any("no snapshot to begin with" in line for line in panels(of_recording())["assumptions"])


def test_a_calls_ranges_follow_each_other():
    calls = drawn(of_recording())["calls"]
    assert len(calls) == 20
    for call in calls:
        ends = [one["t"] + one["ms"] / 1e3 for one in call["ranges"]]
        begins = [one["t"] for one in call["ranges"]]
        assert begins[1:] == pytest.approx(ends[:-1], abs=1e-5)
        assert not begins or begins[0] == pytest.approx(call["t"], abs=1e-6)


def test_the_table_has_the_baseline_first_and_differences_after():
    rows = dict(comparison_rows(COMPARED))
    assert [(cell.text, cell.difference) for cell in rows["area in use, mean %"]] == [
        ("10.0", ""),
        ("30.0", "+20.0"),
    ]
    assert [cell.difference for cell in rows["contiguous calls"]] == ["", "="]
    assert [cell.share for cell in rows["kswapd wakes"]] == [0, 0]


def test_panels_without_an_outcome_name_their_command():
    absent = panels(ALONE)["absent"]
    assert [command.split()[1] for _, command in absent] == ["report", "explain", "whatif"]
    text = page(ALONE)
    assert "Placements compared" in text
    assert "Physical memory" not in text
    assert "zonecma explain LOAD --json &gt; explain.json" in text


def test_results_are_told_by_what_they_hold(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(COMPARED))
    (tmp_path / "b.json").write_text(
        json.dumps(
            {
                "recording": "r",
                "placement": "zone-cma",
                "seeds": 3,
                "predicted": {"area_use_mean": 0.25, "calls": 7, "swapped_in": None},
                "interval": {"calls": [6, 8]},
                "notes": ["assumed"],
            }
        )
    )
    results = read_results([tmp_path / "a.json", tmp_path / "b.json"], "zonecma report")
    assert results.comparison == COMPARED
    found = panels(results)["predictions"][0]
    assert [(row["label"], row["value"], row["interval"]) for row in found["rows"]] == [
        ("area use mean", "0.25", "-"),
        ("calls", "7", "6 to 8"),
    ]
    assert "assumed" in page(results)


def test_sizes_are_shown_with_what_to_paste(tmp_path):
    tried = [{"size": 64 << 20, "runs": 8, "failures": 2}, {"size": 128 << 20, "runs": 59, "failures": 0}]
    need = {"runs": 59, "failures": 0, "at_least": 0.9505, "slowest_ms": 12.34}
    answers = [
        {"placement": "zone-cma", "size": 128 << 20, "needs": [need], "tried": tried},
        {"placement": "carveout", "size": None, "needs": [], "tried": []},
    ]
    paste = {
        "placement": "zone-cma",
        "size": 128 << 20,
        "node": "linux,cma {\n\treusable;\n};",
        "option": "cma=128M",
        "option_remark": "",
        "needs": HOSTILE,
    }
    outcome = {"load": "camera-start", "machine": "rpi4-4g", "kernel": "6.12", "best": "zone-cma"}
    outcome |= {"answers": answers, "pastes": [paste], "checks": [{"text": "too near", "trips": True}]}
    (tmp_path / "size.json").write_text(json.dumps(outcome))
    results = read_results([tmp_path / "size.json"], "zonecma report")
    rows = [(row["placement"], row["size"], row["at_least"]) for row in panels(results)["sizing"]["rows"]]
    assert rows == [("zone-cma", "128 MiB", "95.0 %"), ("carveout", "none suffices", "-")]
    chart = drawn(results)["charts"]["sizes"]["series"][0]
    assert (chart["x"], chart["y"]) == ([64, 128], [25, 0])
    text = page(results)
    assert "<code>cma=128M</code>" in text
    assert "    reusable;" in text
    assert "<strong>Watch out:</strong> too near" in text
    assert Parsed(text).count("script") == 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "is no JSON"),
        ("[]", "expected an object, as compare, whatif, explain or size print it with --json"),
        ("{}", "is none of the outcomes that can be shown"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path, text, fault):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=fault):
        read_results([tmp_path / "a.json"], "zonecma report")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.json: cannot be read: No such file"):
        read_results([tmp_path / "a.json"], "zonecma report")
