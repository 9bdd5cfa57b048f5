"""A real Chromium, a Streamlit server of one's own, and a wall between them and the internet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import find_chromium
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright
from streamlit_servers import Server, serving

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser. Without one the test fails, and says what to install."""
    path = find_chromium.chromium()
    if path is None:
        pytest.fail(find_chromium.WHAT_TO_DO)
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that can reach this machine only; asking for anything else fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, service_workers="block")
    outside: list[str] = []

    def guard(route: Route) -> None:
        if is_local(route.request.url):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    context.close()
    assert outside == [], f"the page asked for something outside this machine: {outside}"


def is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob", "about"} or parts.hostname == "127.0.0.1"


@pytest.fixture(scope="session")
def streamlit_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts servers: `streamlit_server(script, *arguments, env=None, cwd=None)`; all are stopped at the end."""
    with ExitStack() as running:

        def start(script: Path, *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> Server:
            log = tmp_path_factory.mktemp("server") / "streamlit.log"
            return running.enter_context(serving(script, arguments, env or {}, cwd or script.parent, log))

        yield start
