"""The sketching map in a real browser: what is drawn is what Python gets, and nothing redraws what need not change."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sketchmap_grid as grid
from playwright.sync_api import Locator, Page
from streamlit_servers import Server

from hjp_geo.sketchmap import STATIC

pytestmark = pytest.mark.browser

SIDE = 20
DRAW_CIRCLE, DRAW_AREA = "Draw a point with a radius", "Draw an area"
EDIT, MOVE, DELETE = "Change shapes: drag their handles", "Move shapes: drag them", "Delete shapes: click them"


@pytest.fixture(scope="module")
def server(streamlit_server: Callable[..., Server]) -> Server:
    return streamlit_server(Path(__file__).parent / "sketchmap_server.py")


class Map:
    """The page as a user sees it, with places given as longitude and latitude."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def signal(self, name: str) -> Any:
        return self.page.evaluate(f"window.__hjpMap.{name}")

    def wait_for_paint(self, title: str) -> None:
        self.page.wait_for_function("t => window.__hjpMap?.title?.startsWith(t)", arg=title, polling="raf")

    def wait_for_python(self, text: str) -> None:
        self.page.wait_for_function("t => document.body.innerText.includes(t)", arg=text, polling="raf")

    def choose(self, option: str) -> None:
        self.page.get_by_text(option, exact=True).click()

    def tool(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def pixel(self, longitude: float, latitude: float) -> tuple[float, float]:
        x, y = self.page.evaluate(f"window.__hjpMap.place({longitude}, {latitude})")
        return x, y

    def click(self, longitude: float, latitude: float) -> None:
        self.page.mouse.click(*self.pixel(longitude, latitude))

    def click_area(self, i: int, side: int = SIDE) -> None:
        self.click(*grid.centre(i, side))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
        self.page.mouse.move(*end, steps=4)
        self.page.mouse.up()

    def draw_circle(self, centre: tuple[float, float], edge: tuple[float, float]) -> None:
        self.tool(DRAW_CIRCLE).click()
        self.click(*centre)
        self.page.mouse.move(*self.pixel(*edge), steps=3)
        self.click(*edge)

    def draw_area(self, *corners: tuple[float, float]) -> None:
        self.tool(DRAW_AREA).click()
        for corner in [*corners, corners[0]]:
            self.page.mouse.move(*self.pixel(*corner), steps=3)
            self.click(*corner)

    def drawings(self) -> list[dict[str, Any]]:
        text = self.page.get_by_text("drawings=").inner_text()
        found: list[dict[str, Any]] = json.loads(text.removeprefix("drawings="))
        return found

    def wait_for_drawings(self, count: int) -> list[dict[str, Any]]:
        """What Python knows, once it knows of this many."""
        self.page.wait_for_function(
            """n => {
                 const found = /drawings=(\\[.*\\])/.exec(document.body.innerText)
                 return found && JSON.parse(found[1]).length === n
               }""",
            arg=count,
            polling="raf",
        )
        return self.drawings()

    def wait_for_change(self, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
        text = f"drawings={json.dumps(before)}"
        self.page.wait_for_function("t => !document.body.innerText.includes(t)", arg=text, polling="raf")
        return self.drawings()


@pytest.fixture
def sketch(page: Page, server: Server) -> Map:
    page.goto(server.url)
    opened = Map(page)
    opened.wait_for_paint("Need")
    opened.wait_for_python("drawings=")
    return opened


def metres(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Great-circle distance on a sphere of 6,371 km."""
    lon1, lat1, lon2, lat2 = map(math.radians, (*start, *end))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371_000 * math.asin(math.sqrt(half))


CENTRE, EDGE = grid.centre(210, SIDE), grid.centre(213, SIDE)


def test_the_build_is_whole_and_speaks_to_no_other_address() -> None:
    style = (STATIC / "sketchmap.css").read_text()
    assert "url(http" not in style.replace('"', "").replace("'", "")
    assert (STATIC / "LICENCES.txt").read_text().count("Licence: ") > 20


def test_paints_the_map_with_a_legend_in_words(sketch: Map) -> None:
    legend = sketch.page.locator(".hjp-legend")
    # 400 areas, position % 61 == 7 is unknown: 7, 68, 129, 190, 251, 312, 373 are seven of them.
    assert "No data\n7 areas" in legend.inner_text()
    assert "Advice desert: need high, access low\n1 area" in legend.inner_text()
    # The painted colours, read back from the canvas at the middle of an area of the highest class and of the lowest.
    assert _colour_at(sketch, 25) == "#54278f"
    assert _colour_at(sketch, 239) == "#f2f0f7"


def _colour_at(sketch: Map, area: int) -> str:
    x, y = sketch.pixel(*grid.centre(area, SIDE))
    return sketch.page.evaluate(
        """([x, y]) => {
             const canvas = document.querySelector('.stBidiComponent [data-testid]').shadowRoot
               .querySelector('.leaflet-hjp-areas-pane canvas')
             const box = canvas.getBoundingClientRect()
             const [dx, dy] = [(x - box.left) * canvas.width / box.width, (y - box.top) * canvas.height / box.height]
             const [r, g, b] = canvas.getContext('2d').getImageData(dx, dy, 1, 1).data
             return '#' + [r, g, b].map((c) => c.toString(16).padStart(2, '0')).join('')
           }""",
        [x, y],
    )


def test_a_layer_change_repaints_without_rebuilding_the_map_and_keeps_the_drawing(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    drawn = sketch.wait_for_drawings(1)
    before = _colour_at(sketch, 25)
    sketch.choose("Access")
    sketch.wait_for_paint("Access")
    sketch.wait_for_python("layer=Access")
    assert sketch.signal("mounts") == 1
    assert _colour_at(sketch, 25) != before
    assert sketch.page.locator("path.hjp-drawing").count() == 1
    assert sketch.drawings() == drawn


def test_new_boundaries_are_swapped_in_and_the_drawing_stays(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    drawn = sketch.wait_for_drawings(1)
    painted = sketch.signal("painted")
    sketch.choose("Other polygons")
    sketch.page.wait_for_function("p => window.__hjpMap.painted !== p", arg=painted, polling="raf")
    sketch.click_area(10 * (SIDE + 1) + 10, SIDE + 1)
    sketch.wait_for_python(f"selected={grid.code(220)}")
    assert sketch.signal("mounts") == 1
    assert sketch.page.locator("path.hjp-drawing").count() == 1
    assert sketch.drawings() == drawn


def test_python_gets_the_radius_that_was_drawn(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    (circle,) = sketch.wait_for_drawings(1)
    assert circle["type"] == "Point"
    assert circle["name"] == "Point 1"
    assert metres(tuple(circle["places"]), CENTRE) < 100
    assert circle["radius"] == pytest.approx(metres(CENTRE, EDGE), rel=0.01)


def test_python_gets_the_radius_after_an_edit(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    before = sketch.wait_for_drawings(1)
    sketch.tool(EDIT).click()
    sketch.drag(sketch.pixel(*EDGE), sketch.pixel(*grid.centre(216, SIDE)))
    (circle,) = sketch.wait_for_change(before)
    assert circle["radius"] == pytest.approx(metres(CENTRE, grid.centre(216, SIDE)), rel=0.01)


def test_a_polygon_arrives_closed_with_the_corners_that_were_clicked(sketch: Map) -> None:
    corners = [grid.centre(i, SIDE) for i in (105, 110, 210)]
    sketch.draw_area(*corners)
    (area,) = sketch.wait_for_drawings(1)
    assert (area["type"], area["name"], area["radius"]) == ("Polygon", "Area 1", None)
    (ring,) = area["places"]
    assert ring[0] == ring[-1]
    for place, corner in zip(ring[:-1], corners, strict=True):
        assert metres(tuple(place), corner) < 100  # one pixel is about 80 m here


def test_moving_keeps_the_radius_and_the_name(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    before = sketch.wait_for_drawings(1)
    sketch.tool(MOVE).click()
    sketch.drag(sketch.pixel(*CENTRE), sketch.pixel(*grid.centre(250, SIDE)))
    (circle,) = sketch.wait_for_change(before)
    assert circle["name"] == before[0]["name"]
    assert circle["radius"] == pytest.approx(before[0]["radius"], rel=0.001)
    assert metres(tuple(circle["places"]), grid.centre(250, SIDE)) < 150


def test_deleting_one_leaves_the_other(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    sketch.wait_for_drawings(1)
    sketch.draw_circle(grid.centre(45, SIDE), grid.centre(46, SIDE))
    sketch.wait_for_drawings(2)
    sketch.tool(DELETE).click()
    sketch.click(*CENTRE)
    assert [each["name"] for each in sketch.wait_for_drawings(1)] == ["Point 2"]


def test_clicking_an_area_tells_python_its_code_and_drawing_does_not(sketch: Map) -> None:
    sketch.click_area(42)
    sketch.wait_for_python(f"selected={grid.code(42)}")
    sketch.draw_circle(CENTRE, EDGE)
    sketch.wait_for_drawings(1)
    sketch.wait_for_python(f"selected={grid.code(42)}")


def test_python_can_add_a_drawing_and_choose_an_area_on_the_open_map(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    sketch.wait_for_drawings(1)
    sketch.click_area(42)
    sketch.wait_for_python(f"selected={grid.code(42)}")
    sketch.page.get_by_role("button", name="Add a circle from the form").click()
    names = [each["name"] for each in sketch.wait_for_drawings(2)]
    assert names == ["Point 1", grid.HOSTILE]
    sketch.page.wait_for_function("() => true", polling="raf")
    assert sketch.page.locator("path.hjp-drawing").count() == 2
    sketch.page.get_by_role("button", name="Choose area 5 from the table").click()
    sketch.wait_for_python(f"selected={grid.code(5)}")
    assert sketch.signal("mounts") == 1


def test_drawings_are_there_after_the_map_was_away(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    drawn = sketch.wait_for_drawings(1)
    sketch.choose("Show the map")
    sketch.page.locator(".hjp-map").wait_for(state="detached")
    sketch.page.wait_for_function("window.__hjpMap.removals === 1", polling="raf")
    sketch.choose("Show the map")
    sketch.page.wait_for_function("window.__hjpMap.mounts === 2", polling="raf")
    sketch.page.locator("path.hjp-drawing").wait_for()
    assert sketch.drawings() == drawn


def test_hostile_names_are_shown_as_text(sketch: Map) -> None:
    page = sketch.page
    page.get_by_role("button", name="Add a circle from the form").click()
    sketch.wait_for_drawings(1)
    assert page.locator(".hjp-drawing-label").inner_text().startswith(grid.HOSTILE)
    for place in (grid.centre(0, SIDE), grid.centre(SIDE + 1, SIDE)):
        page.mouse.move(*sketch.pixel(*place))
        assert page.locator(".hjp-card strong").inner_text() == grid.HOSTILE
    assert page.evaluate("window.__hacked") is None
    assert page.locator("img[src=x]").count() == 0


def test_the_picture_recolours_and_a_click_hits_the_right_area(sketch: Map) -> None:
    painted = sketch.signal("painted")
    sketch.choose("Picture")
    sketch.page.locator("canvas.hjp-raster").wait_for()
    sketch.click_area(42)
    sketch.wait_for_python(f"selected={grid.code(42)}")
    assert _colour_at(sketch, 25) == "#54278f"
    sketch.choose("Access")
    sketch.wait_for_paint("Access")
    assert sketch.signal("painted") != painted
    assert sketch.signal("mounts") == 1
    # "Access" is sin(7xy) + x: near its top of 1.95 in column 19 of row 5 (x = 0.95, y = 0.25).
    assert _colour_at(sketch, 119) == "#006d2c"


def test_missing_boundaries_are_said_in_words_with_a_way_to_try_again(sketch: Map) -> None:
    sketch.choose("Missing")
    message = sketch.page.get_by_role("alert").filter(has_text="could not be fetched")
    message.wait_for()
    assert "the server answered 404" in message.inner_text()
    assert message.get_by_role("button", name="Try again").is_visible()


def test_the_keyboard_selects_the_area_under_the_cross_and_it_is_announced(sketch: Map) -> None:
    page = sketch.page
    page.locator(".hjp-map").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    page.wait_for_function("/selected=E0199/.test(document.body.innerText)", polling="raf")
    code = page.get_by_text("selected=").inner_text().removeprefix("selected=")
    assert code in page.locator(".hjp-unseen[aria-live]").inner_text()


def test_every_control_has_a_name_and_the_map_says_how_to_do_without_it(sketch: Map) -> None:
    page = sketch.page
    for name in ("Zoom in", "Zoom out", DRAW_CIRCLE, DRAW_AREA, EDIT, MOVE, DELETE):
        assert sketch.tool(name).count() == 1, name
    help_id = page.locator(".hjp-map").get_attribute("aria-describedby")
    assert "form beside the map" in page.locator(f"#{help_id}").inner_text()
    assert page.get_by_role("application", name="Need in a made-up district").is_visible()


UNDO, REDO = "Undo the last change to what is drawn (Ctrl+Z)", "Do again what was undone (Ctrl+Y)"


def test_what_was_drawn_can_be_undone_and_done_again(sketch: Map) -> None:
    sketch.draw_circle(CENTRE, EDGE)
    first = sketch.wait_for_drawings(1)
    sketch.draw_area(*(grid.centre(i, SIDE) for i in (25, 28, 88)))
    both = sketch.wait_for_drawings(2)
    sketch.tool(UNDO).click()
    assert sketch.wait_for_drawings(1) == first
    sketch.page.keyboard.press("Escape")
    sketch.page.locator(".hjp-map").focus()
    sketch.page.keyboard.press("Control+z")
    assert sketch.wait_for_drawings(0) == []
    sketch.page.keyboard.press("Control+y")
    sketch.wait_for_drawings(1)
    sketch.tool(REDO).click()
    assert sketch.wait_for_drawings(2) == both


def test_a_circle_drawn_beside_a_named_site_stands_on_it_and_takes_its_name(sketch: Map) -> None:
    longitude, latitude = grid.centre(208, SIDE)  # 23 + 5 × 37: a surgery stands here
    x, y = sketch.pixel(longitude, latitude)
    sketch.tool(DRAW_CIRCLE).click()
    sketch.page.mouse.click(x + 6, y - 5)
    sketch.page.mouse.move(x + 80, y, steps=3)
    sketch.page.mouse.click(x + 80, y)
    drawn = sketch.wait_for_drawings(1)[0]
    assert drawn["name"] == "Surgery 208"
    assert drawn["places"] == pytest.approx([longitude, latitude], abs=1e-6)
