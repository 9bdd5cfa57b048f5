"""The app's pages as a user names them, and a user who has no mouse. A label that changes is changed here once."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Error, Locator, Page, expect

PAINTED = "window.__hjpMap && window.__hjpMap.painted"
PLACE_OF_POSTCODE = "Postcode, or latitude, longitude"
ADD_SITE = "Add site"
COLOUR = "Colour the map by"
OVERLAP = "Overlap of two layers"
ASK = "Ask about an area"
NEW_SCENARIO, DUPLICATE = "New", "Duplicate"
SCENARIOS = re.compile("Scenarios?(:|$)")
MAP, TAKE_UP, COMPARE, REPORT = "map", "take-up", "compare", "report"
NAME_OF_SCENARIO = "Name of the scenario"
BUSY = 60_000
QUIET = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"

FOCUSED = """() => {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  if (!at || at === document.body) return ['', '', '']
  const ids = (at.getAttribute('aria-labelledby') ?? '').split(' ').filter(Boolean)
  const named = ids.map(id => at.getRootNode().getElementById(id)?.textContent ?? '').join(' ')
  const label = at.labels?.length ? [...at.labels].map(one => one.textContent).join(' ') : ''
  const name = at.getAttribute('aria-label') || named || label || at.textContent || at.getAttribute('title') || ''
  const tag = at.tagName.toLowerCase()
  const role = at.getAttribute('role') || {a: 'link', button: 'button', summary: 'summary'}[tag] || at.type || tag
  return [name.trim().replace(/\\s+/g, ' ').slice(0, 200), role, tag]
}"""


class Desk:
    """The app in one tab."""

    def __init__(self, page: Page, url: str, shots: Path) -> None:
        self.page, self.url, self._shots, self._shot = page, url, shots, 0
        page.context.add_cookies([{"name": "hjp_geo_tour", "value": "off", "url": url}])  # has been here before

    def open(self, path: str = MAP, **query: str) -> None:
        """Open a page by its path, wherever the navigation has it."""
        self.page.goto(self.url)
        self.settled()
        if urlsplit(self.page.url).path.strip("/") != path:
            hrefs = [str(one.evaluate("link => link.href")) for one in self.links().all()]
            there = next((one for one in hrefs if urlsplit(one).path.strip("/") == path), self.url)
            self.page.goto(f"{there}?{urlencode(query)}" if query else there)
        self.settled()

    def links(self) -> Locator:
        return self.page.get_by_role("navigation").get_by_role("link")

    def name_of(self, path: str) -> str:
        """What the navigation calls a page; the default page has no path."""
        for link in self.links().all():
            if urlsplit(str(link.evaluate("link => link.href"))).path.strip("/") in (path, "" if path == MAP else path):
                return link.inner_text().strip()
        raise AssertionError(f"no page {path} in the navigation")

    def settled(self) -> None:
        """Everything is worked out and shown."""
        self.page.get_by_role("heading", level=1).first.wait_for(timeout=BUSY)
        for _ in range(2):  # one answer may ask the next question: a form that adds a sketch, a link that is opened
            self.page.wait_for_timeout(300)
            self.page.locator(QUIET).wait_for(state="attached", timeout=BUSY)

    def painted(self, not_: str = "") -> str:
        self.page.wait_for_function(f"{PAINTED} && {PAINTED} !== '{not_}'", timeout=BUSY, polling="raf")
        return str(self.page.evaluate(PAINTED))

    def shot(self, name: str) -> None:
        self._shot += 1
        self.page.screenshot(path=self._shots / f"{name}-{self._shot}.png")

    def figure(self, label: str) -> int:
        named = self.page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
        metric = self.page.get_by_test_id("stMetric").filter(has=named)
        expect(metric).to_be_visible(timeout=BUSY)
        return int(metric.get_by_test_id("stMetricValue").inner_text().replace(",", ""))

    def has_sketches(self, count: int) -> None:
        expect(self.page.get_by_role("button", name="Remove", exact=True)).to_have_count(count, timeout=BUSY)

    def tables(self) -> list[list[str]]:
        """What a screen reader finds in the tables of the page, each as its rows in view."""
        return [
            [row.strip() for row in table.locator("tr").all_text_contents()]
            for table in self.page.locator("canvas table").all()
        ]

    def link_of_scenario(self) -> str:
        self.page.wait_for_url(re.compile("scenario="), timeout=BUSY)
        return self.page.url


class Hands(Desk):
    """With a mouse."""

    def go_to(self, path: str) -> None:
        self.page.get_by_role("navigation").get_by_role("link", name=self.name_of(path), exact=True).click()
        self.settled()

    def press(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.settled()

    def unfold(self, name: str | re.Pattern[str]) -> None:
        fold = self.page.locator("details", has=self.page.locator("summary", has_text=name)).first
        if fold.get_attribute("open") is None:
            fold.locator("summary").first.click()

    def type(self, label: str | re.Pattern[str], text: str) -> None:
        self.page.get_by_label(label).first.fill(text)

    def choose(self, label: str | re.Pattern[str], option: str) -> None:
        self.page.get_by_role("combobox", name=label).first.click()
        self.page.keyboard.type(option)
        self.page.get_by_role("option", name=option).first.click()
        self.settled()

    def bring(self, path: Path) -> None:
        """Give a file to the uploader of the page."""
        self.page.locator("section[data-testid=stFileUploaderDropzone] input[type=file]").last.set_input_files(
            str(path)
        )
        self.settled()

    def download(self, name: str, to: Path) -> Path:
        with self.page.expect_download(timeout=BUSY) as waiting:
            self.page.get_by_role("button", name=name, exact=True).click()
        waiting.value.save_as(to)
        return to

    def sketch_at(self, longitude: float, latitude: float, pixels: int = 45) -> None:
        """A circle on the map, round a place."""
        self.page.locator(".leaflet-container").scroll_into_view_if_needed()
        self.page.get_by_role("button", name="Draw a point with a radius").click()
        x, y = self.page.evaluate("([x, y]) => window.__hjpMap.place(x, y)", [longitude, latitude])
        self.page.mouse.click(x, y)
        self.page.mouse.move(x + pixels, y)
        self.page.mouse.click(x + pixels, y)
        self.settled()


class Keys(Desk):
    """With the keyboard alone: nothing here points, clicks or fills."""

    def to(self, name: str | re.Pattern[str], role: str = "", *, back: bool = False) -> None:
        """Press Tab until what has the focus has this name."""
        wanted = re.compile(f"^{re.escape(name)}") if isinstance(name, str) else name
        seen: list[str] = []
        for _ in range(400):
            found, what, _tag = self.page.evaluate(FOCUSED)
            if wanted.search(found) and role in ("", what):
                return
            seen.append(f"{what} {found[:40]}")
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"no {role} called {name} by Tab; the last were {seen[-25:]}")

    def go_to(self, path: str) -> None:
        self.press(self.name_of(path), "link")

    def press(self, name: str | re.Pattern[str], role: str = "button") -> None:
        exact = re.compile(f"^{re.escape(name)}$") if isinstance(name, str) else name
        self.to(exact, role)
        self.page.keyboard.press("Enter")
        self.settled()

    def unfold(self, name: str | re.Pattern[str]) -> None:
        pattern = re.compile(re.escape(name)) if isinstance(name, str) else name
        self.to(re.compile(pattern.pattern.lstrip("^")), "summary")
        if self.page.evaluate("document.activeElement.closest('details').open"):
            return
        self.page.keyboard.press("Enter")
        self.page.wait_for_timeout(300)

    def type(self, label: str | re.Pattern[str], text: str) -> None:
        self.to(label)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, label: str | re.Pattern[str], option: str) -> None:
        self.to(label, "combobox")
        self.page.keyboard.type(option)
        self.page.wait_for_timeout(300)
        self.page.keyboard.press("Enter")
        self.settled()

    def bring(self, path: Path) -> None:
        """The file dialog is the system's own: the page's part is the button that opens it."""
        self.to(re.compile("^(upload)?(Browse files|Upload)$"), "button")
        for key in ("Enter", "Space", "Enter"):  # a browser may not open the dialog at the first key after a rerun
            try:
                with self.page.expect_file_chooser(timeout=4_000) as chooser:
                    self.page.keyboard.press(key)
            except Error:
                continue
            chooser.value.set_files(str(path))
            self.settled()
            return
        raise AssertionError("no file dialog opened by keyboard")

    def download(self, name: str, to: Path) -> Path:
        self.to(name, "button")
        with self.page.expect_download(timeout=BUSY) as waiting:
            self.page.keyboard.press("Enter")
        waiting.value.save_as(to)
        return to
