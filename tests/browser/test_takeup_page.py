"""The take-up page in a real browser: a file goes in, the map and the figures come out, readable by everyone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page
from streamlit_servers import Server
from test_accessibility import SERVER, violations

from hjp_geo.evidence import Evidence

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], made_up_cache: Path) -> Server:
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(made_up_cache)})


@pytest.fixture(scope="module")
def helped(made_up_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up file: a fifth of the people in income deprivation come, but from the first third of areas a 20th."""
    evidence = Evidence.load(made_up_cache)
    need = evidence.values["people_in_income_deprivation"]
    share = np.where(np.arange(len(need)) < len(need) / 3, 0.05, 0.2)
    counts = (need * share).round().astype(int)
    path = tmp_path_factory.mktemp("helped") / "helped.csv"
    path.write_text("code,count\n" + "".join(f"{code},{count}\n" for code, count in counts.items()))
    return path


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_a_file_becomes_a_map_a_funnel_and_a_table(page: Page, app: Server, helped: Path):
    page.goto(f"{app.url}/take-up")
    page.get_by_text("Bring counts of the people you helped").wait_for()
    page.set_input_files("input[type=file]", str(helped))
    page.get_by_text("fewer came than need predicts").wait_for()
    page.wait_for_function("window.__hjpMap && window.__hjpMap.painted", timeout=60_000, polling="raf")
    assert page.get_by_text("Fewer than expected, beyond the 99.8 % limit").is_visible()
    assert violations(page) == []
    page.get_by_role("tab", name="Funnel plot").click()
    page.get_by_text("Funnel plot of").wait_for()
    page.wait_for_timeout(1_000)
    assert violations(page) == []


def test_a_bad_file_is_listed_cell_by_cell_and_runs_nothing(page: Page, app: Server, tmp_path: Path):
    (tmp_path / "bad.csv").write_text('code,count\n"<img src=x onerror=""window.hurt=1"">",*\n')
    page.goto(f"{app.url}/take-up")
    page.get_by_text("Bring counts of the people you helped").wait_for()
    page.set_input_files("input[type=file]", str(tmp_path / "bad.csv"))
    page.get_by_text("2 cells cannot be taken, so nothing was").wait_for()
    assert page.evaluate("window.hurt") is None
    assert violations(page) == []
