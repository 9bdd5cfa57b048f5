"""Travel-time catchments in the app: drawn, changed, named and deleted, by mouse and by keyboard, and never lost."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from streamlit_servers import Server

import hjp_geo.screens

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
TOOL = "Travel-time catchment: click a point"
MOVE, DELETE = "Move shapes: drag them", "Delete shapes: click them"
SECONDS = 40_000


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


class Sketching:
    """The map page, with places given as shares of the map's width and height."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator(".hjp-panel")

    def open(self, url: str) -> Sketching:
        self.page.goto(url)
        self.painted()
        return self

    def painted(self) -> None:
        self.page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=90_000, polling="raf")

    def tool(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def at(self, across: float, down: float) -> tuple[float, float]:
        box = self.page.locator(".leaflet-container").bounding_box()
        assert box is not None
        return box["x"] + box["width"] * across, box["y"] + box["height"] * down

    def draw(self, across: float = 0.5, down: float = 0.5, minutes: int = 10, by: str = "by car") -> None:
        """With the tool: minutes and mode first, then a click on the map."""
        self.tool(TOOL).click()
        self.set(minutes, by)
        self.page.mouse.click(*self.at(across, down))

    def set(self, minutes: int, by: str) -> None:
        self.panel.get_by_label("Minutes").fill(str(minutes))
        self.panel.get_by_label("By").select_option(by)

    def label(self, words: str) -> Locator:
        """The label of a catchment once its areas are known."""
        label = self.page.locator(".hjp-minutes", has_text=words)
        expect(label.first).to_be_visible(timeout=SECONDS)
        return label

    def outline(self) -> str:
        """The drawn outline, as the path on screen."""
        reach = self.page.locator(".hjp-reach")
        expect(reach).to_have_count(1, timeout=SECONDS)
        return str(reach.get_attribute("d"))

    def listed(self, words: str) -> str:
        """What the list beside the map says of the sketch."""
        line = self.page.get_by_test_id("stMarkdownContainer").filter(has_text=re.compile(re.escape(words)))
        expect(line.first).to_be_visible(timeout=SECONDS)
        return line.first.inner_text()

    def people(self, unlike: str = "", like: str = "") -> str:
        named = self.page.get_by_test_id("stMetricLabel").get_by_text("People", exact=True)
        value = self.page.get_by_test_id("stMetric").filter(has=named).get_by_test_id("stMetricValue")
        expect(value).to_be_visible(timeout=SECONDS)
        if unlike:
            expect(value).not_to_have_text(unlike, timeout=SECONDS)
        if like:
            expect(value).to_have_text(like, timeout=SECONDS)
        return value.inner_text()


@pytest.fixture
def sketch(page: Page, app: Server) -> Sketching:
    return Sketching(page).open(f"{app.url}/map")


def test_a_point_with_minutes_becomes_the_areas_that_are_so_near(sketch: Sketching):
    sketch.draw(minutes=10)
    sketch.label("10 min drive (estimated)")
    few, small = sketch.people(), sketch.outline()
    sketch.listed("10 min drive (estimated)")

    sketch.set(20, "by car")  # after placing
    sketch.label("20 min drive (estimated)")
    many = sketch.people(unlike=few)
    assert int(many.replace(",", "")) > int(few.replace(",", ""))
    assert sketch.outline() != small
    assert sketch.page.evaluate("window.__hjpMap.mounts") == 1

    sketch.set(20, "on foot")
    sketch.label("20 min walk (estimated)")
    assert int(sketch.people(unlike=many).replace(",", "")) <= int(few.replace(",", ""))


def test_the_list_and_the_map_tell_the_same_areas_as_the_figures(sketch: Sketching, tmp_path: Path):
    sketch.draw(minutes=10)
    sketch.label("10 min drive (estimated)")
    areas = int(re.search(r"([\d,]+) areas", sketch.listed("min drive")).group(1).replace(",", ""))  # type: ignore[union-attr]
    expect(sketch.page.get_by_text(re.compile(rf"\b{areas} areas")).first).to_be_visible(timeout=SECONDS)
    expect(
        sketch.page.get_by_text(re.compile("10 minutes by car. Estimated from the straight line")).first
    ).to_be_attached(timeout=SECONDS)


def test_by_keyboard_it_is_the_same_as_by_mouse(sketch: Sketching):
    """Both stand on the same surgery: the mouse by snapping, the keyboard by the surgery's own coordinates."""
    page = sketch.page
    sketch.draw(minutes=15)
    sketch.label("15 min drive (estimated)")
    drawn, outline = sketch.people(), sketch.outline()
    feature = saved(page)["features"][0]
    longitude, latitude = feature["geometry"]["coordinates"]
    assert (feature["properties"]["minutes"], feature["properties"]["mode"]) == (15, "drive")

    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".hjp-reach")).to_have_count(0, timeout=SECONDS)
    page.get_by_text("Other ways to add").click()
    field = page.get_by_label("Place for a travel-time catchment")
    field.focus()
    page.keyboard.type(f"{latitude}, {longitude}")
    page.keyboard.press("Tab")
    page.keyboard.type("15")
    mode = page.get_by_role("combobox", name="How", exact=True).last
    mode.focus()
    mode.press("ArrowDown")  # opens the list
    page.keyboard.type("by car")
    expect(page.get_by_role("option", name="by car")).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add catchment").focus()
    page.keyboard.press("Enter")
    sketch.label("15 min drive (estimated)")
    assert sketch.people() == drawn
    assert sketch.outline() == outline


def test_move_name_delete_undo_and_redo(sketch: Sketching):
    page = sketch.page
    sketch.draw(0.45, 0.5, minutes=10)
    sketch.label("10 min drive (estimated)")
    first, people = sketch.outline(), sketch.people()
    sketch.panel.get_by_label("Name").fill("<b>Our</b> hub")
    sketch.panel.get_by_label("Name").press("Enter")
    sketch.listed("<b>Our</b> hub")
    expect(page.locator(".hjp-drawing-label")).to_contain_text("<b>Our</b> hub")
    sketch.panel.get_by_role("button", name="Done").click()
    expect(sketch.panel).to_be_hidden()

    sketch.tool(MOVE).click()
    dot = page.locator("path.hjp-drawing.leaflet-interactive").bounding_box()
    assert dot is not None
    page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    page.mouse.down()
    page.mouse.move(*sketch.at(0.5, 0.3), steps=5)
    page.mouse.move(*sketch.at(0.6, 0.3), steps=5)
    page.mouse.up()
    sketch.tool(MOVE).click()
    sketch.people(unlike=people)
    sketch.label("10 min drive (estimated)")
    moved = sketch.outline()
    assert moved != first

    page.keyboard.press("Control+z")
    expect(page.locator(".hjp-reach")).to_have_attribute("d", first, timeout=SECONDS)
    sketch.people(like=people)
    page.keyboard.press("Control+y")
    expect(page.locator(".hjp-reach")).to_have_attribute("d", moved, timeout=SECONDS)

    sketch.tool(DELETE).click()
    page.locator("path.hjp-drawing.leaflet-interactive").click()
    expect(page.locator(".hjp-reach")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(0, timeout=SECONDS)
    page.keyboard.press("Control+z")
    expect(page.locator(".hjp-reach")).to_have_attribute("d", moved, timeout=SECONDS)
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(1, timeout=SECONDS)


def test_it_survives_another_layer_and_a_reload_and_goes_through_a_file(sketch: Sketching, tmp_path: Path):
    page = sketch.page
    sketch.draw(minutes=10)
    sketch.label("10 min drive (estimated)")
    people, outline = sketch.people(), sketch.outline()
    before = page.evaluate("window.__hjpMap.painted")
    colour_by(page, "Diabetes")
    page.wait_for_function(f"window.__hjpMap.painted !== '{before}'", timeout=SECONDS, polling="raf")
    assert (sketch.people(), sketch.outline()) == (people, outline)

    page.wait_for_url(re.compile("scenario="))
    page.reload()
    sketch.painted()
    sketch.label("10 min drive (estimated)")
    assert sketch.people() == people

    page.get_by_text("Scenario: Draft").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the scenario").click()
    path = tmp_path / "scenario.geojson"
    download.value.save_as(path)
    (feature,) = json.loads(path.read_text("utf-8"))["features"]
    assert feature["geometry"]["type"] == "Point"
    assert (feature["properties"]["minutes"], feature["properties"]["mode"]) == (10, "drive")


def test_each_status_has_its_look(sketch: Sketching):
    """New and dark red; after opening a saved one existing and dark grey; changed, edited; taken away, removed."""
    page = sketch.page
    dot = page.locator("path.hjp-drawing.leaflet-interactive")
    sketch.draw(minutes=10)
    sketch.label("10 min drive (estimated)")
    sketch.people()
    assert colours(dot) == ("#9d174d", "#9d174d")
    page.wait_for_url(re.compile("scenario="))
    page.reload()
    sketch.painted()
    sketch.label("10 min drive (estimated)")
    sketch.people()  # the page is whole, and moves no more
    assert colours(dot) == ("#1f2937", "#1f2937")
    expect(page.locator(".hjp-reach")).to_have_attribute("stroke", "#1f2937")

    dot.click()
    sketch.set(12, "by car")
    sketch.label("12 min drive (estimated)")
    assert colours(dot) == ("#9d174d", "#ffffff")  # hollow: changed
    sketch.panel.get_by_role("button", name="Done").click()
    sketch.tool(DELETE).click()
    dot.click()
    gone = page.locator("path.hjp-removed")
    expect(gone).to_have_count(1)
    assert gone.get_attribute("stroke") == "#4b5563"
    expect(page.locator(".hjp-gone")).to_have_text(re.compile(r"\(removed\)"))
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(0, timeout=SECONDS)


def colour_by(page: Page, layer: str) -> None:
    page.get_by_role("combobox", name="Colour the map by").click()
    page.keyboard.type(layer)
    page.get_by_role("option", name=layer, exact=True).first.click()


def colours(dot: Locator) -> tuple[str | None, str | None]:
    expect(dot).to_have_count(1)
    return dot.get_attribute("stroke"), dot.get_attribute("fill")


def saved(page: Page) -> dict[str, Any]:
    """The open scenario as it was saved: read from the file that the page offers."""
    page.wait_for_url(re.compile("scenario="))
    page.get_by_text("Scenario: Draft").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the scenario").click()
    found: dict[str, Any] = json.loads(Path(download.value.path()).read_text("utf-8"))
    return found


# the server goes away ------------------------------------------------------------------------------------------------


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_what_is_drawn_is_there_after_the_server_was_restarted_under_the_open_page(page: Page, made_up_cache: Path):
    port = free_port()
    first = started(port, made_up_cache)
    try:
        sketch = Sketching(page).open(f"http://127.0.0.1:{port}/map")
        sketch.draw(minutes=10)
        sketch.label("10 min drive (estimated)")
        people = sketch.people()
        page.wait_for_url(re.compile("scenario="))
    finally:
        first.kill()
        first.wait(timeout=20)
    second = started(port, made_up_cache)
    try:
        colour_by(page, "Diabetes")  # the new server knows nothing of this page, and reads the saved scenario
        expect(page.locator(".hjp-reach")).to_have_attribute("stroke", "#1f2937", timeout=60_000)
        sketch.label("10 min drive (estimated)")
        sketch.people(like=people)
        sketch.set(20, "by car")
        sketch.label("20 min drive (estimated)")
        sketch.people(unlike=people)
    finally:
        second.kill()
        second.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(port: int, cache: Path) -> subprocess.Popen[bytes]:
    """A server of the app on this port, waited for."""
    flags = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    command = [sys.executable, "-m", "streamlit", "run", str(SERVER), *flags, "--server.fileWatcherType=none"]
    env = {"HJP_GEO_CACHE": str(cache), "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false", "PATH": ""}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                return process
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    process.kill()
    pytest.fail("the server was not ready after 60 s")
