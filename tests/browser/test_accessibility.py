"""Every page against WCAG 2.2 AA, by axe-core in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from streamlit_servers import Server

import hjp_geo.screens
from hjp_geo.screens.tour import STEPS

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
STILL = "!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSpinner], [data-stale=true]')"
"""Nothing is being worked out: what is faded while a page runs is not meant to be read."""
FOCUSED = """(() => {
  let one = document.activeElement
  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement
  const name = one.getAttribute('aria-label') || one.title || one.labels?.[0]?.innerText || one.innerText || ''
  return [name.trim(), one.tagName]
})()"""
EXPECTED_ORDER = (
    "Skip to main content",
    "Place",
    "Map of ",
    "Zoom in",
    "Draw an area",
    "Ask about",
    "Postcode, or",
    "Add site",
)
"""The panel first, then the map and its tools, then the ways without a map."""


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", STANDARDS)
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}" for one in found["violations"] for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    ("path", "last"), [("", "Where next"), ("need", "Table and downloads"), ("provision", "Table and downloads")]
)
def test_the_pages_of_place_need_and_provision(page: Page, app: Server, path: str, last: str):
    page.goto(f"{app.url}/{path}")
    page.get_by_text(last).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    assert violations(page) == []


def test_the_map_page_with_a_sketch(page: Page, app: Server):
    page.goto(f"{app.url}/map")
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")
    page.get_by_label("Postcode, or latitude, longitude").fill("ZY1 1AA")
    page.keyboard.press("Enter")
    page.get_by_test_id("stMetric").first.wait_for()
    page.wait_for_timeout(1_000)
    assert violations(page) == []


def test_the_data_page(page: Page, app: Server):
    page.goto(f"{app.url}/data")
    page.get_by_role("heading", name="Credits", exact=True).wait_for()
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(700)
        assert violations(page) == [], tab.inner_text()


def test_the_page_of_deserts_put_to_the_test(page: Page, app: Server):
    page.goto(f"{app.url}/deserts")
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(3_000)
    assert violations(page) == []


def test_the_self_check_page(page: Page, app: Server):
    page.goto(f"{app.url}/self-check")
    page.get_by_role("button", name="Run the checks").click()
    page.get_by_text("cases passed").wait_for()
    page.wait_for_timeout(700)
    assert violations(page) == []


def test_every_page_the_app_lists(page: Page, app: Server):
    """As it opens; pages come and go, so the list is the app's own."""
    page.goto(app.url)
    page.locator("[data-testid=stSidebarNavLink]").first.wait_for(state="attached")
    links = page.evaluate("[...document.querySelectorAll('[data-testid=stSidebarNavLink]')].map(a => a.href)")
    assert len(links) >= 7
    found = {}
    for link in links:
        page.goto(link)
        page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
        page.wait_for_timeout(2_500)  # the map reports its level, and the page runs once more
        page.wait_for_function(STILL)
        page.wait_for_timeout(700)
        found[link] = violations(page)
    assert found == {link: [] for link in links}


def test_every_step_of_the_tour(page: Page, app: Server):
    page.goto(f"{app.url}/?tour=1")
    for number, one in enumerate(STEPS, 1):
        page.get_by_role("heading", name=f"Tour, step {number} of {len(STEPS)}: {one.title}").wait_for()
        page.wait_for_timeout(500)
        assert violations(page) == [], one.title
        if number < len(STEPS):
            page.get_by_role("button", name="Next step").click()


def test_the_map_by_arrow_keys_says_name_value_rank_class_and_source(page: Page, app: Server):
    """What a screen reader hears while the arrow keys move the map under the cross, and that Escape leaves."""
    page.goto(f"{app.url}/map?tour=off")
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")
    page.locator(".leaflet-container").focus()
    page.keyboard.press("ArrowRight")
    heard = page.locator(".hjp-frame [aria-live=polite]")
    expect(heard).to_have_text(
        re.compile(
            r"E\d{8}, Need index [\d.]+ .*Rank \(1 is highest\) \d+ of 600, .*Class [\d,.]+ to [\d,.]+.*"
            r"source: English Indices of Deprivation 2025"
        )
    )
    before = heard.inner_text()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(heard).not_to_have_text(before)
    page.keyboard.press("Escape")
    expect(page.locator(".hjp-card")).to_be_hidden()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)[0] == "Zoom in"


def test_every_control_of_the_keyboard_walk_has_a_name_and_comes_in_order(page: Page, app: Server):
    page.goto(f"{app.url}/map?tour=off")
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")
    page.wait_for_timeout(1_500)
    page.evaluate("document.activeElement.blur()")
    seen, nameless = [], []
    for _ in range(70):
        page.keyboard.press("Tab")
        name, tag = page.evaluate(FOCUSED)
        if tag == "BODY":
            break
        seen.append(name)
        if not name and tag not in ("CANVAS", "DIV"):  # the table's own canvas and its scroller
            nameless.append(tag)
    assert nameless == []
    order = [next(i for i, name in enumerate(seen) if name.startswith(start)) for start in EXPECTED_ORDER]
    assert order == sorted(order), seen
