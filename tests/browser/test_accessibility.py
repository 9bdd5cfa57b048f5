"""Every page against WCAG 2.2 AA, by axe-core in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from streamlit_servers import Server

import hjp_geo.screens

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


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
