"""What is drawn outlives a server that dies, a page that is loaded again, and a second tab. Nothing is lost."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from streamlit_servers import Server, free_port, serving

import hjp_geo.screens
from hjp_geo.scenario import Scenarios

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
PAINTED = "window.__hjpMap && window.__hjpMap.painted"


class Mortal:
    """A server that can be killed and started again on the same port and cache."""

    def __init__(self, cache: Path, folder: Path) -> None:
        self.cache, self._folder, self._port = cache, folder, free_port()
        self._running = ExitStack()
        self.server = self.start()

    @property
    def url(self) -> str:
        return self.server.url

    def start(self) -> Server:
        env = {"HJP_GEO_CACHE": str(self.cache)}
        log = self._folder / f"{len(list(self._folder.iterdir()))}.log"
        self.server = self._running.enter_context(serving(SERVER, (), env, SERVER.parent, log, self._port))
        return self.server

    def kill(self) -> None:
        """As `kill -9` does: it cannot tidy up."""
        self.server.process.kill()
        self.server.process.wait(timeout=20)

    def close(self) -> None:
        self._running.close()


@pytest.fixture(scope="module")
def server(made_up_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    cache = tmp_path_factory.mktemp("survives") / "cache"
    shutil.copytree(made_up_cache, cache)
    one = Mortal(cache, tmp_path_factory.mktemp("logs"))
    yield one
    one.close()


@pytest.fixture
def saved(server: Mortal) -> Scenarios:
    """The scenarios of the cache, of which there is none yet."""
    shutil.rmtree(server.cache / "scenarios", ignore_errors=True)
    if server.server.process.poll() is not None:
        server.start()
    return Scenarios(server.cache)


def shown(page: Page, url: str = "") -> Page:
    if url:
        page.goto(url)
    page.wait_for_function(PAINTED, timeout=60_000, polling="raf")
    expect(page.get_by_role("button", name="Draw a point with a radius")).to_be_visible()
    return page


def draw_circle(page: Page, across: float = 0.5, pixels: int = 60) -> None:
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * 0.5
    page.get_by_role("button", name="Draw a point with a radius").click()
    page.mouse.click(x, y)
    page.mouse.move(x + pixels, y)
    page.mouse.click(x + pixels, y)


def begin_area(page: Page, corners: int) -> None:
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    page.get_by_role("button", name="Draw an area").click()
    for right, down in ((0.35, 0.4), (0.6, 0.42), (0.55, 0.7))[:corners]:
        page.mouse.click(box["x"] + box["width"] * right, box["y"] + box["height"] * down)
        page.wait_for_timeout(350)  # two quick clicks would be a double click


def sketches(page: Page) -> int:
    return page.get_by_role("button", name="Remove", exact=True).count()


def has(page: Page, count: int) -> None:
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(count, timeout=90_000)


def drawn_names(page: Page) -> list[str]:
    return sorted(page.locator(".hjp-drawing-label").all_inner_texts())


def test_a_drawing_made_in_the_moment_of_the_kill_is_there_after_a_reload(page: Page, server: Mortal, saved: Scenarios):
    """No answer was waited for: the server may have heard of the drawing or not. Nobody named it either."""
    shown(page, f"{server.url}/map")
    draw_circle(page)
    server.kill()
    server.start()
    shown(page, page.url)
    has(page, 1)
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=30_000)
    assert [row.sketches for row in saved.list()][:1] == [1]


def test_a_drawing_that_was_answered_is_opened_by_its_link_in_another_browser(
    page: Page, server: Mortal, saved: Scenarios
):
    shown(page, f"{server.url}/map")
    draw_circle(page)
    has(page, 1)
    page.wait_for_url(re.compile("scenario="))
    link, names = page.url, drawn_names(page)
    server.kill()
    server.start()
    browser = page.context.browser
    assert browser is not None
    with browser.new_context() as other:  # nothing is kept in this one
        again = shown(other.new_page(), link)
        has(again, 1)
        assert drawn_names(again) == names
    assert [(row.sketches, row.name[:6]) for row in saved.list()] == [(1, "Draft:")]


def test_what_is_drawn_while_the_server_is_away_arrives_when_it_is_back(page: Page, server: Mortal, saved: Scenarios):
    """Without a reload: Streamlit connects again by itself, to a server that knows nothing of this tab."""
    shown(page, f"{server.url}/map")
    draw_circle(page, across=0.4)
    has(page, 1)
    page.wait_for_url(re.compile("scenario="))
    server.kill()
    draw_circle(page, across=0.6, pixels=40)
    names = drawn_names(page)
    assert len(names) == 2
    server.start()
    has(page, 2)
    assert drawn_names(page) == names
    (row,) = saved.list()
    assert row.sketches == 2


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_a_reload_while_the_server_is_away_loses_nothing_either(page: Page, server: Mortal, saved: Scenarios):
    shown(page, f"{server.url}/map")
    draw_circle(page, across=0.4)
    has(page, 1)
    page.wait_for_url(re.compile("scenario="))
    server.kill()
    draw_circle(page, across=0.6, pixels=40)
    server.start()
    shown(page, page.url)
    has(page, 2)
    (row,) = saved.list()
    assert row.sketches == 2


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_a_half_drawn_area_is_offered_again(page: Page, server: Mortal, saved: Scenarios):
    shown(page, f"{server.url}/map")
    begin_area(page, corners=3)
    server.kill()
    server.start()
    shown(page, page.url)
    expect(page.get_by_text("An area was being drawn when this page was lost. Its 3 corners are kept.")).to_be_visible()
    page.get_by_role("button", name="Make an area of them").click()
    has(page, 1)
    assert [row.sketches for row in saved.list()] == [1]
    shown(page, page.url)
    has(page, 1)
    expect(page.get_by_text("An area was being drawn")).to_have_count(0)


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_of_two_corners_no_area_can_be_made_and_that_is_told(page: Page, server: Mortal, saved: Scenarios):
    shown(page, f"{server.url}/map")
    begin_area(page, corners=2)
    shown(page, page.url)
    expect(page.get_by_text("It had fewer than three corners: please draw it again.")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).last.click()
    assert sketches(page) == 0
    assert saved.list() == ()


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_the_second_tab_is_told_and_both_versions_are_kept(page: Page, server: Mortal, saved: Scenarios):
    shown(page, f"{server.url}/map")
    draw_circle(page, across=0.4)
    has(page, 1)
    page.wait_for_url(re.compile("scenario="))
    second = second_tab(page.context, page.url)
    draw_circle(page, across=0.6, pixels=30)
    has(page, 2)
    draw_circle(second, across=0.5, pixels=45)
    expect(second.get_by_text("Two people are at this scenario.")).to_be_visible(timeout=30_000)
    theirs, mine = drawn_names(page), drawn_names(second)
    rows = {row.name.endswith("(copy)"): row for row in saved.list()}
    assert [rows[is_copy].sketches for is_copy in (False, True)] == [2, 2]
    second.get_by_role("button", name="Go on with my copy").click()
    expect(second.get_by_text("Two people are at this scenario.")).to_have_count(0)
    assert drawn_names(second) == mine
    assert drawn_names(page) == theirs


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_both_tabs_draw_while_the_server_is_away_and_both_are_kept(page: Page, server: Mortal, saved: Scenarios):
    shown(page, f"{server.url}/map")
    draw_circle(page, across=0.4)
    has(page, 1)
    page.wait_for_url(re.compile("scenario="))
    second = second_tab(page.context, page.url)
    server.kill()
    for tab, across in ((page, 0.6), (second, 0.5)):
        tab.bring_to_front()
        tab.keyboard.press("Escape")  # Streamlit's own word that the connection is lost
        draw_circle(tab, across=across, pixels=30)
    server.start()
    for tab in (page, second):
        has(tab, 2)
    assert sum(tab.get_by_text("Two people are at this scenario.").count() for tab in (page, second)) == 1
    assert [row.sketches for row in saved.list()] == [2, 2]


def second_tab(context: BrowserContext, link: str) -> Page:
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    shown(tab, link)
    has(tab, 1)
    return tab
