"""The page in a real browser: it loads without error or request, draws, answers hover and zoom, and fits.

Where there is no Chromium these tests are skipped, unless ZONECMA_BROWSER=required.
"""

import os
import shutil

import pytest

from tests.report.pages import of_recording, worst_results
from zonecma.report.page.render import page

REQUIRED = os.environ.get("ZONECMA_BROWSER") == "required"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
OPTIONS += ["--disable-component-update", "--disable-sync"]
WIDTHS, THEMES = (360, 1400), ("light", "dark")

if not REQUIRED:
    pytest.importorskip("playwright", reason="needs playwright: pip install 'zonecma[test]'")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "ZONECMA_BROWSER=required, and there is no Chromium: apt install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The page of a recording of more than a million events."""
    written = tmp_path_factory.mktemp("page") / "out.html"
    written.write_text(page(of_recording()), encoding="utf-8")
    return written


class Shown:
    """A page in a tab; what went wrong in it, and what it asked for."""

    def __init__(self, browser, file, width=1400, theme="light"):
        self.tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
        self.faults, self.asked = [], []
        self.tab.on("console", lambda message: self.faults.append(message.text))
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.goto(file.as_uri())
        self.tab.wait_for_selector("#map[data-drawn]", timeout=20_000)

    def point(self, right, down):
        """Move the pointer to a place of the map, as shares of its width and height."""
        self.tab.locator("#map").scroll_into_view_if_needed()
        self.tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        box = self.tab.locator("#map").bounding_box()
        self.tab.mouse.move(box["x"] + right * box["width"], box["y"] + down * box["height"])

    @property
    def tip(self):
        return self.tab.inner_text("#tip") if self.tab.is_visible("#tip") else ""

    @property
    def range(self):
        return self.tab.inner_text("#range")

    def colours(self):
        """How many different colours the map has."""
        return self.tab.evaluate(
            """() => {
                const map = document.getElementById('map');
                const seen = new Set(new Uint32Array(
                    map.getContext('2d').getImageData(0, 0, map.width, map.height).data.buffer));
                return seen.size;
            }"""
        )


@pytest.fixture
def shown(browser, file):
    tabs = []

    def show(**options):
        tabs.append(Shown(browser, options.pop("file", file), **options))
        return tabs[-1]

    yield show
    for one in tabs:
        one.tab.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_loads_draws_and_fits(shown, file, width, theme):
    found = shown(width=width, theme=theme)
    assert found.faults == []
    assert found.asked == [file.as_uri()]
    assert found.colours() > 50
    assert found.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert found.tab.locator(".chart > svg").count() == 6
    paper = found.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(paper[4:].split(",")[0]) > 128) is (theme == "light")


def test_pointing_names_the_pageblock(shown):
    found = shown()
    found.point(0.5, 0.5)
    assert found.tip.startswith("Pageblock ")
    assert "frames 0x" in found.tip
    assert "%" in found.tip
    found.tab.mouse.move(2, 2)
    assert found.tip == ""


def test_the_wheel_zooms_once_the_map_was_clicked(shown):
    found = shown()
    before = found.range
    found.point(0.5, 0.5)
    found.tab.mouse.wheel(0, -200)
    assert found.range == before  # the page scrolls
    found.point(0.5, 0.5)
    found.tab.mouse.down()
    found.tab.mouse.up()
    found.tab.mouse.wheel(0, -200)
    found.tab.wait_for_function(
        "before => document.getElementById('range').textContent !== before", arg=before
    )
    found.tab.keyboard.press("0")
    assert found.range == before


def test_keys_buttons_and_drags_move_it(shown):
    found = shown()
    whole = found.range
    found.tab.focus("#map")
    found.tab.keyboard.press("+")
    near = found.range
    found.tab.keyboard.press("ArrowRight")
    moved = found.range
    found.point(0.5, 0.5)
    found.tab.mouse.down()
    found.point(0.3, 0.4)
    found.tab.mouse.up()
    dragged = found.range
    found.tab.click("[data-zoom=area]")
    assert len({whole, near, moved, dragged, found.range}) == 5
    assert "rows 447 to 512" in found.range or "rows 446 to 512" in found.range  # 128 MiB, and its edge
    found.tab.click("[data-zoom=all]")
    assert found.range == whole


def test_a_call_of_the_table_is_shown_on_the_map(shown):
    found = shown()
    before = found.range
    found.tab.click("[data-call='2']")
    assert found.range != before


def test_pointing_at_a_call_tells_how_it_ended(shown):
    found = shown()
    second = next(call for call in of_recording().explanation["calls"] if call["n"] == 2)
    times = of_recording().page_map.times
    share = (second["time"] * 1e6 - times[0]) / (times[-1] - times[0])
    box = found.tab.locator("#map").bounding_box()
    found.point((58 + share * (box["width"] - 70)) / box["width"], 18 / box["height"])  # within the margins
    assert found.tip.startswith("Call 2")
    assert "failed: EBUSY" in found.tip
    assert "33 ranges tried" in found.tip


def test_the_legend_shows_one_holder_alone(shown):
    found = shown()
    picture = found.tab.evaluate("document.getElementById('map').toDataURL()")
    button = found.tab.locator("#legend button", has_text="contiguous buffer")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert found.tab.evaluate("document.getElementById('map').toDataURL()") != picture


def test_the_theme_can_be_changed(shown):
    found = shown()
    before = found.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    found.tab.click("#theme")
    assert found.tab.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert found.faults == []


def test_charts_answer_the_pointer(shown):
    found = shown()
    chart = found.tab.locator("[data-chart=use] svg").first
    chart.scroll_into_view_if_needed()
    chart.hover()
    assert "zone-cma" in found.tip


def test_the_worst_page_draws_and_runs_no_name(shown, tmp_path):
    """A map of noise, thousands of calls, and names that would be code."""
    (tmp_path / "worst.html").write_text(page(worst_results()), encoding="utf-8")
    found = shown(file=tmp_path / "worst.html", width=360)
    assert found.faults == []
    assert len(found.asked) == 1
    assert found.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert found.colours() > 50
    assert found.tab.locator("img").count() == 0
