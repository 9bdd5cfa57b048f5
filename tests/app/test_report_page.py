"""The report page as Streamlit runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest


def _report_page() -> None:
    from hjp_geo.screens import report

    report.page()


@pytest.fixture
def report_page(tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("HJP_GEO_CACHE", str(tiny_cache))
    return AppTest.from_function(_report_page, default_timeout=60)


def said(page: AppTest) -> str:
    blocks = (page.markdown, page.warning, page.info, page.error, page.caption, page.subheader)
    return "\n".join(str(element.value) for block in blocks for element in block)


def test_a_report_is_written_when_it_is_asked_for_and_not_before(report_page: AppTest):
    page = report_page.run()
    assert not page.exception
    assert "Made-up data" in said(page)
    assert "Nothing is sketched" in said(page)
    assert "needed and out of reach" not in said(page)
    page.button[0].click().run()
    assert not page.exception
    assert "needed and out of reach" in said(page)


def test_another_place_says_that_the_report_is_of_the_question_before(report_page: AppTest):
    page = report_page.run()
    page.button[0].click().run()
    page.selectbox(key="report-place").select("E07990002").run()
    assert not page.exception
    assert "have changed since this report was written" in said(page)


def test_a_sketch_is_in_the_report_unless_it_is_left_out(report_page: AppTest):
    sketch = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-1.88, 52.6]},
        "properties": {"id": "a", "name": "<b>Hub</b>", "radius_m": 3000},
    }
    report_page.session_state["drawings"] = [sketch]
    page = report_page.run()
    assert not page.exception
    assert "With what is sketched on the map (1)" in page.checkbox[0].label
    page.checkbox[0].uncheck().run()
    assert not page.exception
