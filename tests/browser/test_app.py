"""The app as a user meets it: a real Chromium, the made-up Integrated Care System, no internet."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from playwright.sync_api import Page, expect
from streamlit_servers import Server

import hjp_geo.screens
from hjp_geo.evidence import Evidence

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
PAINTED = "window.__hjpMap && window.__hjpMap.painted"


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


@pytest.fixture
def opened(page: Page, app: Server) -> Page:
    page.goto(f"{app.url}/map")
    painted(page)
    return page


def painted(page: Page, not_: str = "") -> str:
    page.wait_for_function(f"{PAINTED} && {PAINTED} !== '{not_}'", timeout=60_000, polling="raf")
    return str(page.evaluate(PAINTED))


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.keyboard.type(option)
    page.get_by_role("option", name=option, exact=True).first.click()


def draw_circle(page: Page, across: float = 0.5, down: float = 0.5, pixels: int = 60) -> None:
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * down
    page.get_by_role("button", name="Draw a point with a radius").click()
    page.mouse.click(x, y)
    page.mouse.move(x + pixels, y)
    page.mouse.click(x + pixels, y)


def figure(page: Page, label: str) -> str:
    named = page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
    metric = page.get_by_test_id("stMetric").filter(has=named)
    expect(metric).to_be_visible(timeout=20_000)
    return metric.get_by_test_id("stMetricValue").inner_text()


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_from_a_question_to_a_file(opened: Page, tmp_path: Path):
    """Open → choose weights → the map recolours → draw → figures appear → download."""
    page = opened
    first = painted(page)
    slider = page.get_by_role("slider", name=re.compile("Weight: Cancer"))
    slider.focus()
    for _ in range(6):
        slider.press("ArrowRight")
    second = painted(page, not_=first)
    choose(page, "Colour the map by", "Access to advice")
    painted(page, not_=second)
    assert page.evaluate("window.__hjpMap.mounts") == 1  # recoloured, not rebuilt

    draw_circle(page)
    people, in_need = number(figure(page, "People")), number(figure(page, "People in need"))
    assert 0 < in_need < people

    page.get_by_role("tab", name="Table and downloads").scroll_into_view_if_needed()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download Table (CSV)").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert "# MADE-UP DATA" in path.read_text("utf-8-sig")
    table = pd.read_csv(path, comment="#", encoding="utf-8-sig")
    assert {"area_code", "need", "access", "desert"} <= set(table.columns)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download Map layers (GeoPackage)").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert len(pyogrio.read_dataframe(path, layer="areas")) == len(table)


def test_a_drawing_survives_a_change_of_layer_and_place(opened: Page):
    page = opened
    draw_circle(page)
    people = figure(page, "People")
    before = painted(page)
    choose(page, "Colour the map by", "Diabetes")
    painted(page, not_=before)
    assert figure(page, "People") == people
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(1)


def test_by_keyboard_alone(opened: Page):
    """A site by postcode, and the reason for a desert from the list: the same answers as with the mouse."""
    page = opened
    page.get_by_label("Postcode, or latitude, longitude").focus()
    page.keyboard.type("ZY1 1AA")
    page.keyboard.press("Tab")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    assert number(figure(page, "People")) > 0

    question = page.get_by_role("combobox", name=re.compile("Ask about an area"))
    question.focus()
    question.press("ArrowDown")
    question.press("ArrowDown")
    question.press("Enter")
    expect(page.get_by_text(re.compile("advice desert by the rule"))).to_be_visible(timeout=20_000)


def test_a_click_on_the_map_says_why(opened: Page):
    page = opened
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    expect(page.get_by_text(re.compile(r"Need: fifth \d of 5")).first).to_be_visible(timeout=20_000)


def test_a_link_reproduces_the_view(opened: Page, app: Server):
    page = opened
    choose(page, "Advice topic", "Immigration")
    expect(page.get_by_text("No verdict for immigration")).to_be_visible(timeout=20_000)
    page.wait_for_url(re.compile("topic=immigration"))
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("No verdict for immigration")).to_be_visible(timeout=20_000)


def test_a_hostile_name_is_shown_as_text(opened: Page):
    """The made-up list holds a provider called `<img src=x onerror=alert(1)> Advice`."""
    page = opened
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    draw_circle(page, pixels=220)
    page.get_by_text("Advice sites and GP practices inside").click()
    page.wait_for_timeout(1_000)
    assert alerts == []
    assert page.locator("img[src='x']").count() == 0


def test_the_data_page_names_every_source(opened: Page):
    page = opened
    page.get_by_role("link", name="Data and credits").click()
    expect(page.get_by_role("heading", name="Data, trust and credits")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("listitem").filter(has_text="Legal Aid Agency").first).to_be_visible(timeout=20_000)


def test_the_plan_goes_from_page_to_page(page: Page, app: Server):
    """Place and topic chosen on the first page → need, by a link → provision, by the navigation → back."""
    page.goto(app.url)
    expect(page.get_by_role("heading", name="Place and people", level=1)).to_be_visible(timeout=60_000)
    choose(page, "Kind of place", "District")
    expect(page.get_by_role("combobox", name="Place", exact=True)).to_be_visible(timeout=20_000)
    choose(page, "Advice topic", "Housing")
    page.wait_for_url(re.compile("topic=housing"))
    place = re.search(r"place=(E0[^&]+)", page.url)
    assert place is not None
    link = page.get_by_role("link", name=re.compile("2 Need: where"))
    expect(link).to_have_attribute("href", re.compile(f"{place[1]}.*topic=housing"), timeout=30_000)
    link.click()
    expect(page.get_by_role("heading", name="Where is need greatest?")).to_be_visible(timeout=60_000)
    page.wait_for_url(re.compile(f"need.*{place[1]}.*topic=housing"))
    painted(page)
    page.get_by_role("link", name="3 Provision and access").first.click()
    expect(page.get_by_role("heading", name="Where is advice, and who can reach it?")).to_be_visible(timeout=60_000)
    page.wait_for_url(re.compile(f"provision.*{place[1]}.*topic=housing"))
    page.get_by_role("link", name="1 Place and people").first.click()
    page.wait_for_url(re.compile(f"{place[1]}.*topic=housing"))


def test_a_network_and_an_own_area(page: Page, app: Server, made_up_cache: Path):
    """The link of an own area reproduces it in another browser; its hostile name is text."""
    page.goto(app.url)
    expect(page.get_by_role("heading", name="Place and people", level=1)).to_be_visible(timeout=60_000)
    choose(page, "Kind of place", "Primary care network (worked out)")
    expect(page.get_by_text("Worked out, not official.")).to_be_visible(timeout=20_000)
    choose(page, "Kind of place", "Own area")
    codes = Evidence.load(made_up_cache).areas.index[:3]
    page.get_by_label("What to call it").fill("<img src=x onerror=alert(1)>")
    page.get_by_label("LSOA codes").fill(" ".join(codes))
    page.get_by_role("button", name="Use these areas").click()
    page.wait_for_url(re.compile("place=own"), timeout=30_000)
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("carries its whole list of areas")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("in 3 small areas").first).to_be_visible()
    page.get_by_role("link", name=re.compile("2 Need: where")).click()
    painted(page)
    assert page.locator("img[src='x']").count() == 0
