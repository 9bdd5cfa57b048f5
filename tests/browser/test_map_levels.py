"""Systems, districts and neighbourhoods on the map: by choice, by zoom, by click and by key; real borders close up."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Response, expect
from streamlit_servers import Server

import hjp_geo.screens
from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.evidence import ENGLAND, Evidence

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
CHOICE = "Show areas as"


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


@pytest.fixture(scope="module")
def evidence(made_up_cache: Path) -> Evidence:
    return Evidence.load(made_up_cache)


def signal(page: Page, name: str) -> Any:
    return page.evaluate(f"window.__hjpMap.{name}")


def painted(page: Page) -> None:
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")


def settled(page: Page) -> None:
    """The whole page is there, so that nothing moves any more under the pointer."""
    expect(page.get_by_role("button", name=re.compile("Download Table"))).to_be_visible(timeout=40_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=40_000)


def in_the_address(page: Page, name: str) -> str | None:
    return parse_qs(urlsplit(page.url).query).get(name, [None])[0]


def wait_for_the_place(page: Page, code: str) -> None:
    page.wait_for_function("code => RegExp(`place=${code}`).test(location.search)", arg=code, timeout=40_000)


def middle_of_a_district(evidence: Evidence) -> tuple[str, float, float]:
    """The code of the district with most areas, and a place inside it, by longitude and latitude."""
    areas = evidence.areas
    code = str(areas["lad24_code"].value_counts().index[0])
    shape = evidence.boundaries.loc[areas.index[areas["lad24_code"] == code]].union_all()
    inside = evidence.boundaries.iloc[:1].set_crs(BRITISH_NATIONAL_GRID, allow_override=True)
    inside.iloc[0] = shape.representative_point()
    point = inside.to_crs(WGS84).iloc[0]
    return code, point.x, point.y


def legend(page: Page) -> Any:
    return page.get_by_label("Legend of the map")


def choose(page: Page, option: str) -> None:
    page.get_by_role("combobox", name=CHOICE).click()
    page.get_by_role("option", name=option).first.click()


def zoom(page: Page, button: str, until: str) -> None:
    """Press a zoom button of the map until something is so."""
    for _ in range(24):
        if page.evaluate(until):
            return
        page.get_by_role("button", name=button).click()
        page.wait_for_timeout(350)
    pytest.fail(f"'{button}' never led to {until}")


def test_districts_by_choice_stay_in_the_link_and_have_their_table(page: Page, app: Server, evidence: Evidence):
    page.goto(f"{app.url}/map?place={ENGLAND}")
    painted(page)
    expect(legend(page)).to_contain_text("areas")
    choose(page, "Districts")
    expect(legend(page)).to_contain_text("district", timeout=20_000)
    expect(legend(page)).to_contain_text("of residents or more in deserts")
    assert in_the_address(page, "level") == "lad24"
    count = evidence.areas["lad24_code"].nunique()
    expect(page.get_by_text(f"{count} districts, put together from neighbourhoods")).to_be_visible()
    page.goto(page.url)
    painted(page)
    expect(legend(page)).to_contain_text("district")  # the link shows the same


def test_a_district_clicked_becomes_the_place(page: Page, app: Server, evidence: Evidence):
    code, longitude, latitude = middle_of_a_district(evidence)
    page.goto(f"{app.url}/map?place={ENGLAND}&level=lad24")
    painted(page)
    settled(page)
    x, y = page.evaluate(f"window.__hjpMap.place({longitude}, {latitude})")
    page.mouse.move(x, y)
    expect(page.locator(".hjp-card")).to_contain_text("Share of residents in deserts")
    expect(page.locator(".hjp-card")).to_contain_text(code)
    page.mouse.click(x, y)
    wait_for_the_place(page, code)
    expect(legend(page)).to_contain_text("areas", timeout=20_000)
    assert in_the_address(page, "level") is None
    name = evidence.places[code].name
    expect(page.get_by_role("combobox", name="Place").first).to_have_value(re.compile(re.escape(name)))
    assert signal(page, "mounts") == 1


def test_the_district_under_the_cross_becomes_the_place_by_key(page: Page, app: Server):
    page.goto(f"{app.url}/map?place={ENGLAND}&level=lad24")
    painted(page)
    page.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Shift+Tab")  # the map stands before its buttons
    expect(page.locator(".leaflet-container")).to_be_focused()
    page.keyboard.press("Enter")
    wait_for_the_place(page, "E0[6-9]")


def test_zooming_out_shows_districts_and_zooming_in_the_real_borders(page: Page, app: Server):
    close: list[Response] = []
    page.on("response", lambda answer: close.append(answer) if "/close/" in answer.url else None)
    page.goto(f"{app.url}/map?place={ENGLAND}")
    painted(page)
    zoom(page, "Zoom out", "window.__hjpMap.level === 'lad24'")
    expect(legend(page)).to_contain_text("district")
    expect(page.get_by_text("districts, put together from neighbourhoods")).to_be_visible(timeout=20_000)
    assert close == []
    zoom(page, "Zoom in", "window.__hjpMap.level === null")
    expect(legend(page)).to_contain_text("areas")
    expect(page.get_by_text("put together from neighbourhoods")).to_have_count(0, timeout=20_000)
    zoom(page, "Zoom in", "window.__hjpMap.closeUps > 0")
    assert close
    assert all(answer.ok for answer in close)
    assert len({answer.url for answer in close}) == len(close)  # each is fetched once
    assert signal(page, "mounts") == 1


def test_close_borders_that_cannot_be_fetched_leave_the_coarser_ones(page: Page, app: Server):
    page.route("**/close/**", lambda route: route.fulfill(status=500, body="no"))
    page.goto(f"{app.url}/map?place={ENGLAND}")
    painted(page)
    said = page.get_by_text("The borders as seen close up could not be fetched.")
    for _ in range(12):
        if said.is_visible():
            break
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(350)
    expect(said).to_be_visible()
    assert signal(page, "closeUps") == 0
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    expect(said).to_be_hidden(timeout=15_000)  # it does not lie over the map for long
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    expect(page.locator(".hjp-card")).to_be_visible()


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    asked = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def test_borders_are_made_on_demand_compressed_and_not_sent_twice(app: Server, evidence: Evidence):
    code = str(evidence.areas["lad24_code"].iloc[0])
    url = f"{app.url}/assets/maps/{evidence.build_id[:12]}/close/{code}.json"
    status, headers, body = get(url, Accept_Encoding="gzip")
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    shown = [each["properties"]["code"] for each in json.loads(gzip.decompress(body))["features"]]
    assert shown == list(evidence.areas_of(code))
    status, _, body = get(url, If_None_Match=headers["etag"])
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    "path", ["{build}/close/E07999999.json", "older/close/E06000001.json", "{build}/close/..%2Fx.json"]
)
def test_borders_of_nowhere_are_not_found(app: Server, evidence: Evidence, path: str):
    status, _, _ = get(f"{app.url}/assets/maps/{path.format(build=evidence.build_id[:12])}")
    assert status in {400, 404}  # Streamlit itself refuses a path that climbs
