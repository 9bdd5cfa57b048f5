"""The five-step tour of a first visit, in a real browser on the made-up Integrated Care System."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from streamlit_servers import Server

import hjp_geo.screens
from hjp_geo.screens.tour import SAMPLE_SITE, STEPS

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


@pytest.fixture
def opened(page: Page, app: Server) -> Page:
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(app.url)
    expect(step(page, 1)).to_be_visible(timeout=60_000)
    return page


def painted(page: Page) -> None:
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")


def step(page: Page, number: int) -> Locator:
    return page.get_by_role("heading", name=re.compile(f"^Tour, step {number} of {len(STEPS)}"))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def go_to_its_page(page: Page) -> None:
    """Follow the one link of the step that stands, to the page where it can be done."""
    page.locator(".st-key-tour").get_by_test_id("stPageLink").click()
    expect(page.get_by_role("button", name=re.compile("^(Show|Add)"), exact=False).first).to_be_visible(timeout=30_000)


def test_five_steps_lead_from_a_place_to_a_report(opened: Page):
    page = opened
    expect(step(page, 1)).to_be_in_viewport()
    press(page, "Choose people for me")
    expect(page.get_by_text("Chosen: cancer and hardship.")).to_be_visible()
    press(page, "Next step")
    expect(step(page, 2)).to_be_visible()
    go_to_its_page(page)
    painted(page)
    press(page, "Show need on the map")
    expect(page.get_by_text("The map shows the need index.")).to_be_visible()
    press(page, "Next step")
    expect(step(page, 3)).to_be_visible()
    go_to_its_page(page)
    painted(page)
    press(page, "Show access, and ask about one desert")
    expect(page.get_by_text(re.compile("the desert of most need, is chosen"))).to_be_visible()
    expect(page.get_by_text(re.compile("advice desert by the rule"))).to_be_visible()
    page.wait_for_function("window.__hjpMap.title === 'Access to advice'")
    press(page, "Next step")
    press(page, "Add a sample site")
    people = page.get_by_test_id("stMetric").filter(has=page.get_by_text("People", exact=True))
    expect(people).to_be_visible(timeout=20_000)
    expect(page.get_by_text(SAMPLE_SITE).first).to_be_visible()
    press(page, "Next step")
    expect(step(page, 5)).to_be_visible()
    page.locator(".st-key-tour").get_by_test_id("stPageLink").filter(has_text="Report").click()
    expect(page.get_by_role("heading", level=1, name="Report")).to_be_visible()
    expect(step(page, 5)).to_be_visible()  # the tour goes along
    press(page, "Finish the tour")
    expect(step(page, 5)).to_have_count(0)


def test_a_closed_tour_stays_closed_and_can_be_taken_again(opened: Page, app: Server):
    page = opened
    press(page, "Close the tour")
    expect(step(page, 1)).to_have_count(0)
    page.wait_for_function("document.cookie.includes('hjp_geo_tour=off')")
    page.goto(app.url)  # another session of the same browser
    expect(page.get_by_role("button", name="Take the tour")).to_be_visible()
    expect(step(page, 1)).to_have_count(0)
    press(page, "Take the tour")
    expect(step(page, 1)).to_be_visible()


def test_a_reload_goes_on_where_the_tour_was(opened: Page):
    page = opened
    press(page, "Next step")
    expect(step(page, 2)).to_be_visible()
    page.wait_for_function("document.cookie.includes('hjp_geo_tour=2')")
    page.reload()
    expect(step(page, 2)).to_be_visible(timeout=30_000)


def test_a_shared_link_shows_the_view_and_not_the_tour(page: Page, app: Server):
    page.goto(f"{app.url}/?topic=debt")
    expect(page.get_by_role("button", name="Take the tour")).to_be_visible(timeout=60_000)
    expect(step(page, 1)).to_have_count(0)
    page.goto("about:blank")
    page.goto(f"{app.url}/?topic=debt&tour=4")  # unless the link asks for it
    expect(step(page, 4)).to_be_visible(timeout=30_000)


def test_by_keyboard_alone_and_never_a_trap(opened: Page):
    page = opened
    page.get_by_role("button", name="Choose people for me").focus()
    for name in ("Next step", "Close the tour"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    outside = page.evaluate("document.activeElement.closest('.st-key-tour') === null")
    assert outside
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(step(page, 1)).to_have_count(0)
