"""The pages as Streamlit runs them, without a browser: what they say, and that nothing on them fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tiny_warehouse import CODES

from hjp_geo.sketchmap import MapState

APP = Path(__file__).with_name("map_app.py")


@pytest.fixture
def map_page(tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The map page on the ten areas, with a map that draws nothing."""
    monkeypatch.setenv("HJP_GEO_CACHE", str(tiny_cache))
    monkeypatch.setattr("hjp_geo.screens.explore.sketch_map", _map_without_a_browser)
    return AppTest.from_file(str(APP), default_timeout=30)


def _map_without_a_browser(data: object, key: str, on_change: object = None) -> MapState:
    return MapState(drawings=tuple(data.drawings), selected=data.selected)  # type: ignore[attr-defined]


def said(page: AppTest) -> str:
    """All the text of a page."""
    blocks = (page.markdown, page.warning, page.info, page.error, page.caption)
    return "\n".join(str(element.value) for block in blocks for element in block)


def test_the_headline_names_the_place_the_people_and_the_doubt(map_page: AppTest):
    page = map_page.run()
    assert not page.exception
    assert "Made-up data" in said(page)
    assert "Open lists under-count outreach" in said(page)
    assert "Row ICB" in said(page)


def test_a_topic_without_a_list_has_no_verdict(map_page: AppTest):
    page = map_page.run()
    page.selectbox(key="topic").select("immigration").run()
    assert not page.exception
    assert "No verdict for immigration" in said(page)
    assert "not proof of a gap in the service" in said(page)


def test_all_weights_zero_is_said_and_nothing_breaks(map_page: AppTest):
    page = map_page.run()
    for slider in [slider for slider in page.slider if slider.key and slider.key.startswith("weight-")]:
        slider.set_value(0.0)
    page.run()
    assert not page.exception
    assert "Every weight is 0" in said(page)


def test_the_link_holds_the_question(map_page: AppTest):
    map_page.query_params["place"] = "E07990002"
    map_page.query_params["cutoff_km"] = "3"
    map_page.query_params["weights"] = "income_deprivation:2"
    page = map_page.run()
    assert not page.exception
    assert "East Row" in said(page)
    assert page.slider(key="cutoff").value == 3.0
    assert page.slider(key="weight-income_deprivation").value == 2.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weights", "income_deprivation:-1"),
        ("weights", "x:y"),
        ("topic", "<img src=x onerror=alert(1)>"),
        ("place", "Mars"),
    ],
)
def test_a_link_that_cannot_be_shown_says_so_and_shows_the_usual_view(map_page: AppTest, name: str, value: str):
    map_page.query_params[name] = value
    page = map_page.run()
    assert not page.exception
    assert page.warning
    assert "Row" in said(page)


def test_an_area_can_be_asked_about_without_a_mouse(map_page: AppTest):
    page = map_page.run()
    page.slider(key="cutoff").set_value(3.0).run()
    chooser = next(box for box in page.selectbox if str(box.label).startswith("Ask about an area"))
    chooser.select(CODES[9]).run()
    assert not page.exception
    assert "beyond the limit of 3 km" in said(page).replace("\\", "")


def test_a_site_can_be_sketched_without_a_mouse(map_page: AppTest):
    page = map_page.run()
    page.text_input[0].set_value("ZY1 1AA")
    page.number_input[0].set_value(1.2)
    next(button for button in page.button if button.label == "Add site").click()
    page.run()
    assert not page.exception
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["People"] == "300"
    assert figures["People in need"] == "12"
    next(button for button in page.button if button.label == "Remove").click()
    page.run()
    assert not page.metric


def test_a_postcode_that_nobody_knows_is_said(map_page: AppTest):
    page = map_page.run()
    page.text_input[0].set_value("QQ9 9QQ")
    next(button for button in page.button if button.label == "Add site").click()
    page.run()
    assert "neither a postcode in the list" in said(page)


def test_without_a_warehouse_the_page_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HJP_GEO_CACHE", str(tmp_path))
    page = AppTest.from_file(str(APP), default_timeout=30).run()
    assert not page.exception
    assert "hjp-geo fetch" in said(page)


def test_the_data_page_shows_sources_and_credits(tiny_cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HJP_GEO_CACHE", str(tiny_cache))

    def alone() -> None:
        from hjp_geo.screens import data

        data.page()

    page = AppTest.from_function(alone, default_timeout=30).run()
    assert not page.exception
    assert "Made up, in the layout of: Made-up rows" in said(page).replace("\\", "")
