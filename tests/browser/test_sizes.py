"""Every page at the sizes people have: a small laptop, the same at 200 % zoom, and a tablet both ways round."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit_servers import Server

import hjp_geo.screens

pytestmark = pytest.mark.browser

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
SIZES = {
    "laptop": (1366, 768, False),
    "laptop at 200 %": (683, 384, False),
    "tablet upright": (768, 1024, True),
    "tablet": (1024, 768, True),
}
PAINTED = "window.__hjpMap && window.__hjpMap.painted"

# a control is cut where its words do not fit in it, or where it reaches over the page's edge
CUT = """() => [...document.querySelectorAll('main button, main a, main input, main [role=tab]')].flatMap((one) => {
  const box = one.getBoundingClientRect()
  const isHidden = !box.width || !box.height || one.closest('details:not([open])')
  if (isHidden || one.closest('[role=tablist], [data-testid=stDataFrame]')) return []
  const beyond = box.right > innerWidth + 1 || box.left < -1
  const cut = one.matches('button') && one.scrollWidth > one.clientWidth + 2
  const name = one.innerText || one.ariaLabel || one.title
  return beyond || cut ? [`${one.tagName} ${name} ${Math.round(box.left)}…${Math.round(box.right)}`] : []
})"""

# two controls overlap where neither holds the other and they share more than a sliver
OVERLAPPING = """() => {
  const controls = [...document.querySelectorAll('main button, main input, main summary, main [data-testid=stMetric]')]
    .filter((one) => !one.closest('[data-testid=stElementToolbar], [data-baseweb], .st-key-tour, [type=range]'))
    .filter((one) => one.matches('summary') || !one.closest('details:not([open])'))
    .map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width > 4 && box.height > 4)
  const found = []
  controls.forEach(([a, x], i) => controls.slice(i + 1).forEach(([b, y]) => {
    if (a.contains(b) || b.contains(a)) return
    const across = Math.min(x.right, y.right) - Math.max(x.left, y.left)
    const down = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top)
    if (across > 3 && down > 3) found.push(`${a.innerText || a.ariaLabel} and ${b.innerText || b.ariaLabel}`)
  }))
  return found
}"""


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


@pytest.fixture(params=SIZES)
def sized(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height, touch = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def settled(page: Page) -> None:
    """The page has come, and Streamlit has nothing more to say for now."""
    page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSpinner]')", timeout=60_000
    )
    page.wait_for_timeout(300)


def page_addresses(page: Page) -> list[str]:
    page.locator("[data-testid=stSidebarNavLink]").first.wait_for(state="attached")
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('[data-testid=stSidebarNavLink]')].map(a => a.href)"
    )
    return found


def wider_than_the_window(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """['html', '[data-testid=stMain]'].flatMap((name) => {
             const one = document.querySelector(name)
             return one.scrollWidth > one.clientWidth + 1 ? [`${name} ${one.scrollWidth} of ${one.clientWidth}`] : []
           })"""
    )
    return found


@pytest.mark.parametrize("sizes", [("laptop at 200 %", "tablet upright"), ("tablet", "laptop")], ids=["narrow", "wide"])
def test_no_page_scrolls_sideways_and_no_control_is_cut_or_covered(page: Page, app: Server, sizes: tuple[str, ...]):
    """Every page, loaded at the first size, for that is when the panel on the left opens or not, then resized."""
    wrong: dict[str, list[str]] = {}
    first = SIZES[sizes[0]]
    page.set_viewport_size({"width": first[0], "height": first[1]})
    page.goto(f"{app.url}/?tour=1")
    settled(page)
    for address in page_addresses(page):
        for size in sizes:
            page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
            if size == sizes[0]:
                page.goto(address)
                settled(page)
            page.wait_for_timeout(300)
            found = [*wider_than_the_window(page), *page.evaluate(CUT), *page.evaluate(OVERLAPPING)]
            if found:
                wrong[f"{address.removeprefix(app.url)} at {size}"] = found
    assert wrong == {}


def test_the_map_is_big_enough_and_a_site_can_be_added(sized: Page, app: Server):
    page = sized
    page.goto(f"{app.url}/map?tour=off")
    page.wait_for_function(PAINTED, timeout=60_000, polling="raf")
    box = page.locator(".leaflet-container").bounding_box()
    window = page.viewport_size
    assert box is not None
    assert window is not None
    assert box["width"] >= 400
    assert 300 <= box["height"] <= max(340, 0.85 * window["height"])
    where = page.get_by_label("Postcode, or latitude, longitude")
    where.scroll_into_view_if_needed()
    where.fill("ZY1 1AA")
    page.get_by_role("button", name="Add site").click()
    people = page.get_by_test_id("stMetric").filter(has=page.get_by_text("People", exact=True))
    expect(people).to_be_visible(timeout=30_000)
    assert wider_than_the_window(page) == []
    assert page.evaluate(CUT) == []


def test_a_finger_draws_on_a_tablet(browser: Browser, app: Server):
    """Tap the tool, tap the middle, tap the edge: the figures appear, and the page has not moved under the finger."""
    context = browser.new_context(viewport={"width": 768, "height": 1024}, has_touch=True)
    page = context.new_page()
    page.goto(f"{app.url}/map?tour=off")
    page.wait_for_function(PAINTED, timeout=60_000, polling="raf")
    page.get_by_role("button", name="Draw a point with a radius").tap()
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x + 70, y)
    people = page.get_by_test_id("stMetric").filter(has=page.get_by_text("People", exact=True))
    expect(people).to_be_visible(timeout=30_000)
    assert page.locator(".leaflet-container").bounding_box() == box
    expect(page.get_by_text(re.compile(r"km around a point"))).to_be_visible()
    context.close()
