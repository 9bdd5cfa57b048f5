"""What comes out of the printer: the figures, the map and the tables, and nothing to press."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from streamlit_servers import Server

import hjp_geo.screens

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
A4_PRINTABLE_PX = 703  # 210 mm less twice 12 mm, at 96 to the inch


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


@pytest.fixture
def printed(page: Page, app: Server) -> Page:
    """The map page as paper sees it."""
    page.goto(f"{app.url}/map")
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")
    page.locator(".hjp-on-paper footer").wait_for(state="attached", timeout=30_000)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4_PRINTABLE_PX, "height": 1000})
    page.wait_for_timeout(500)
    return page


def test_nothing_to_press_is_printed(printed: Page):
    page = printed
    for name in ("stSidebar", "stHeader", "stForm", "stDownloadButton", "stDataFrame"):
        expect(page.get_by_test_id(name).first).to_be_hidden()
    expect(page.locator(".st-key-tour")).to_be_hidden()
    for control in (".leaflet-control-zoom", ".leaflet-pm-toolbar", ".hjp-history"):
        expect(page.locator(control).first).to_be_hidden()


def test_the_map_its_legend_and_the_table_are_whole(printed: Page):
    page = printed
    for part in (".leaflet-container", ".hjp-legend", ".hjp-on-paper table"):
        box = page.locator(part).first.bounding_box()
        assert box is not None, part
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= A4_PRINTABLE_PX + 1, part
    expect(page.locator(".hjp-legend")).to_contain_text("No data")
    cells = page.locator(".hjp-on-paper tbody tr").first.locator("td")
    assert cells.count() == page.locator(".hjp-on-paper thead th").count()
    assert page.locator(".hjp-on-paper tbody td").filter(has_text=re.compile(r"^\s*$")).count() == 0


def test_the_foot_says_link_date_build_and_credits(printed: Page):
    foot = printed.locator(".hjp-on-paper footer")
    expect(foot).to_be_visible()
    text = foot.inner_text()
    assert re.search(r"Printed \d{1,2} \w+ \d{4}", text)
    assert re.search(r"build [0-9a-f]{32}", text)
    assert re.search(r"Link: http://127\.0\.0\.1:\d+/map\?.*topic=debt", text)
    assert "Office for National Statistics" in text
    assert "Made-up data" in text


def test_paper_is_dark_on_white(printed: Page):
    ink, paper = printed.evaluate(
        "[getComputedStyle(document.querySelector('main p')).color,"
        " getComputedStyle(document.querySelector('main')).backgroundColor]"
    )
    assert (ink, paper) == ("rgb(17, 24, 39)", "rgb(255, 255, 255)")


def test_the_page_as_pdf(page: Page, app: Server, tmp_path: Path):
    """A real PDF: few pages, and its text can be read back."""
    page.goto(f"{app.url}/map")
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")
    page.locator(".hjp-on-paper footer").wait_for(state="attached", timeout=30_000)
    path = tmp_path / "map.pdf"
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    data = path.read_bytes()
    assert data.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", data)) <= 5
    if shutil.which("pdftotext"):  # where a reader is installed
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
        assert "Where is free legal advice needed" in " ".join(text.split())
        assert "Add site" not in text
