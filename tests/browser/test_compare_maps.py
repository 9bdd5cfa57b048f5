"""The Compare page as a user meets it: two maps that move together, a slider between them, and what differs told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from streamlit_servers import Server
from test_accessibility import violations

import hjp_geo.screens
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario import Scenario, Scenarios
from hjp_geo.siting import Candidate

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
VIEWS = """[...(window.__hjpTogether?.values() ?? [])].map(group =>
  [...group.maps].map(map => [map.getCenter().lat, map.getCenter().lng, map.getZoom()]))"""
NAME = "<img src=x onerror=alert(1)> West"


@pytest.fixture(scope="module")
def cache(made_up_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder of its own, with two scenarios that differ in their sketches and one made with other data."""
    folder = tmp_path_factory.mktemp("compare")
    shutil.copy(made_up_cache / "hjp.duckdb", folder)
    known = Evidence.load(folder)
    points = known.areas[["easting", "northing"]].dropna().sort_values("easting")
    saved = Scenarios(folder)
    for name, at in ((NAME, 0.2), ("East", 0.8)):
        east, north = (float(one) for one in points.iloc[int(len(points) * at)])
        sketch = Candidate.circle(east, north, 4, f"Site of {name}").to_feature("one")
        saved.save(Scenario.begin(name, Plan(), known).with_features([sketch]))
    old = saved.load("East").to_dict()
    releases = old["hjp_geo_scenario"]["run"]["releases"]
    releases[min(releases)]["sha256"] = "0" * 64
    old["hjp_geo_scenario"]["name"] = "Old"
    saved.import_bytes(json.dumps(old).encode())
    return folder


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(cache)})


@pytest.fixture
def compared(page: Page, app: Server, cache: Path) -> Callable[..., Page]:
    keys = {row.name: row.key for row in Scenarios(cache).list()}

    def opened(view: str, a: str = NAME, b: str = "East") -> Page:
        page.goto(f"{app.url}/compare?a={keys[a]}&b={keys[b]}&view={view}")
        return page

    return opened


def views(page: Page, maps: int) -> list[list[float]]:
    """Where each map of the page is, once all are there."""
    page.wait_for_function(f"({VIEWS}).flat().length === {maps} && window.__hjpMap.painted", timeout=60_000)
    page.wait_for_timeout(600)
    found: list[list[list[float]]] = page.evaluate(VIEWS)
    return found[0]


def same_view(maps: list[list[float]]) -> bool:
    one, other = maps
    return other == pytest.approx(one, abs=2e-3)


def test_the_two_maps_are_moved_together_by_mouse_and_by_key(compared: Callable[..., Page]):
    page = compared("pair")
    begun = views(page, 2)
    assert same_view(begun)

    box = page.locator(".leaflet-container").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 90, y - 40, steps=6)
    page.mouse.up()
    dragged = views(page, 2)
    assert dragged[0] != pytest.approx(begun[0], abs=2e-3)
    assert same_view(dragged)

    page.locator(".leaflet-container").last.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    page.keyboard.press("+")
    pressed = views(page, 2)
    assert pressed[0][2] > dragged[0][2]
    assert same_view(pressed)


def test_another_view_begins_where_the_last_one_was(compared: Callable[..., Page]):
    page = compared("pair")
    views(page, 2)
    page.locator(".leaflet-container").first.focus()
    for _ in range(2):
        page.keyboard.press("+")
        page.wait_for_timeout(500)
    before = views(page, 2)[0]
    page.get_by_text("Difference", exact=True).click()
    (after,) = views(page, 1)
    assert after == pytest.approx(before, abs=2e-3)


def test_the_slider_is_worked_by_key_and_says_what_it_does(compared: Callable[..., Page]):
    page = compared("swipe")
    assert same_view(views(page, 2))
    slider = page.get_by_role("slider", name="Line between the map of a and the map of b")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "a on the left 40 %, b on the right 60 %"
    frames = page.locator(".hjp-frame")
    assert frames.nth(1).evaluate("frame => frame.style.clipPath") == "inset(0px 0px 0px 40%)"
    one, other = (frames.nth(number).bounding_box() for number in (0, 1))
    assert one == other  # one lies exactly over the other


def test_the_maps_are_for_reading_only(compared: Callable[..., Page]):
    page = compared("pair")
    views(page, 2)
    assert page.get_by_role("button", name=re.compile("Draw|Delete|Undo")).count() == 0


def test_a_hostile_name_is_text_on_maps_and_in_tables(compared: Callable[..., Page]):
    page = compared("pair")
    views(page, 2)
    expect(page.get_by_text(f"a: {NAME}").first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_what_differs_is_told_before_anything_is_worked_out(compared: Callable[..., Page]):
    page = compared("pair", b="Old")
    expect(page.get_by_text("Nothing is worked out yet.")).to_be_visible(timeout=30_000)
    assert page.locator(".leaflet-container").count() == 0
    page.get_by_role("button", name="Work both out with what is loaded here").click()
    views(page, 2)
    expect(page.get_by_text("What differs: 1 field")).to_be_visible()


@pytest.mark.parametrize("view", ["pair", "swipe", "difference"])
def test_the_page_keeps_to_wcag(compared: Callable[..., Page], view: str):
    page = compared(view)
    views(page, 1 if view == "difference" else 2)
    expect(page.get_by_role("heading", name="The maps as a table")).to_be_visible()
    page.wait_for_timeout(1_000)
    assert violations(page) == []


def test_a_link_opens_the_same_view(compared: Callable[..., Page], page: Page):
    compared("difference")
    views(page, 1)
    address: Any = page.url
    page.get_by_text("Who is reached", exact=True).click()
    page.wait_for_url(re.compile("show=reach"))
    assert "view=difference" in address
