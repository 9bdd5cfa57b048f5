"""What people open: the page and the map with the network off, and the Report page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import docx
import pytest
from playwright.sync_api import Browser, Page
from streamlit_servers import Server
from test_accessibility import SERVER, violations

from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.report import Request, compose, write_report
from hjp_geo.siting import Candidate

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pack(made_up_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack of the made-up system; the made-up lists hold a site whose name is a tag."""
    evidence = Evidence.load(made_up_cache)
    system = next(one.code for one in evidence.places.values() if one.kind == "Integrated Care Board")
    middle = evidence.areas.loc[evidence.areas_of(system), ["easting", "northing"]].mean()
    option = Candidate.circle(*middle, 4, "<img src=x onerror=window.hurt=1>")
    folder = tmp_path_factory.mktemp("pack") / "pack"
    return write_report(*compose(Request(Plan(place=system), (option,)), evidence), evidence, folder)


@pytest.fixture
def offline(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page without any network, and everything that it asks for."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True, bypass_csp=False)
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    yield page, asked
    context.close()


def test_the_map_opens_with_the_network_off_and_asks_for_nothing(offline: tuple[Page, list[str]], pack: Path):
    page, asked = offline
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((pack / "map.html").as_uri())
    page.wait_for_selector("canvas.leaflet-zoom-animated")
    page.wait_for_timeout(500)
    assert asked == [(pack / "map.html").as_uri()]
    assert errors == []
    assert page.evaluate("window.hurt") is None
    assert page.locator(".hjp-key").get_by_text("no data").first.is_visible()
    drawn = "() => { const c = document.querySelector('canvas'); return c.getContext('2d').getImageData(0, 0, "
    drawn += "c.width, c.height).data.some(value => value > 0) }"
    assert page.evaluate(drawn)


def test_the_report_opens_with_the_network_off_and_asks_for_nothing(offline: tuple[Page, list[str]], pack: Path):
    page, asked = offline
    page.goto((pack / "report.html").as_uri())
    assert asked == [(pack / "report.html").as_uri()]
    assert page.evaluate("window.hurt") is None
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0  # nothing hangs over the side
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_the_report_meets_wcag(browser: Browser, pack: Path):
    context = browser.new_context(bypass_csp=True)  # the page runs no script, so axe has to be let in
    page = context.new_page()
    page.goto((pack / "report.html").as_uri())
    assert violations(page) == []
    context.close()


def test_the_report_page_writes_previews_and_hands_over(
    page: Page, streamlit_server: Callable[..., Server], made_up_cache: Path, tmp_path: Path
):
    app = streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})
    page.goto(f"{app.url}/report")
    page.get_by_role("button", name="Write the report").click()
    page.get_by_role("button", name="Word document").wait_for(timeout=90_000)
    frame = page.frame_locator("iframe[title='The report as a web page'], iframe").first
    frame.get_by_role("heading", name="In one page").wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    assert violations(page) == []
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="Word document").click()
    path = tmp_path / "gap.docx"
    waiting.value.save_as(path)
    assert "In one page" in [one.text for one in docx.Document(str(path)).paragraphs]
