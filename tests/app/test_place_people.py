"""The first page as Streamlit runs it: the place, the people, the figures, own areas, and where the plan goes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tiny_warehouse import CODES

from hjp_geo.places import own_area


@pytest.fixture
def page(tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("HJP_GEO_CACHE", str(tiny_cache))
    return AppTest.from_file(str(Path(__file__).resolve().parents[2] / "app.py"), default_timeout=60)


def said(page: AppTest) -> str:
    """All the text of a page, without the marks that keep it from being markup."""
    blocks = (page.title, page.subheader, page.markdown, page.warning, page.info, page.error, page.caption)
    return "\n".join(str(element.value) for block in blocks for element in block).replace("\\", "")


def tiles(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_the_app_opens_on_the_place_and_says_who_lives_there(page: AppTest):
    """West Row: areas 0 to 4, 100 people each, 0 + 1 + 2 + 3 + 4 of them in income deprivation: 2 %; 4.5 % in all."""
    page.query_params["place"] = "E07990001"
    page.run()
    assert not page.exception
    assert tiles(page)["Residents"] == "500"
    assert tiles(page)["People in income deprivation"] == "2.0 %"
    assert tiles(page)["Counted advice sites"] == "1"  # debt-1; home visits do not count, debt-3 is closed
    text = said(page)
    assert "Made-up data" in text
    assert "500 people live in West Row, in 5 small areas" in text
    assert "about 10, 2.0 %; 4.5 % in all areas loaded" in text
    assert "one for every 500 people, against one for every 1,000" in text
    assert "What this does not know" in text


def test_a_choice_goes_into_the_link(page: AppTest):
    page.run()
    page.selectbox(key="people-kind").select("District").run()
    page.selectbox(key="people-place-District").select("E07990002").run()
    page.selectbox(key="people-preset").select("cancer_and_hardship").run()
    page.selectbox(key="people-topic").select("housing").run()
    assert not page.exception
    assert page.query_params["place"] == "E07990002"
    assert page.query_params["preset"] == "cancer_and_hardship"
    assert page.query_params["weights"] == "cancer_prevalence:1,income_deprivation:1"
    assert page.query_params["demand"] == "people_with_cancer"
    assert page.query_params["topic"] == "housing"
    assert "East Row" in said(page)


def test_a_preset_given_up_leaves_the_weights_of_before(page: AppTest):
    page.query_params["weights"] = "income_deprivation:3"
    page.run()
    page.selectbox(key="people-preset").select("cancer_and_hardship").run()
    page.selectbox(key="people-preset").select("").run()
    assert page.query_params["weights"] == "income_deprivation:3"
    assert "preset" not in page.query_params


def test_a_topic_that_no_list_covers_is_not_known_and_not_zero(page: AppTest):
    page.query_params["topic"] = "immigration"
    page.run()
    assert tiles(page)["Counted advice sites"] == "not known"
    assert "not proof of a gap in the service" in said(page)


def test_an_own_area_from_a_list_is_carried_by_the_link(page: AppTest):
    page.run()
    page.selectbox(key="people-kind").select("Own area").run()
    assert "The link then carries the whole list" in said(page)
    page.text_input[0].set_value("<img src=x onerror=alert(1)>")
    page.text_area[0].set_value(f"{CODES[7]}, {CODES[8].lower()}\n{CODES[9]}")
    next(button for button in page.button if button.label == "Use these areas").click()
    page.run()
    assert not page.exception
    made = own_area("<img src=x onerror=alert(1)>", CODES[7:])
    assert page.query_params["place"] == made.code
    assert tiles(page)["Residents"] == "300"
    assert "300 people live in <img src=x onerror=alert(1)>" in said(page)
    raw = "\n".join(str(one.value) for one in page.markdown)
    assert not re.search(r"(?<!\\)<img", raw)


def test_the_link_of_an_own_area_reproduces_it(page: AppTest):
    page.query_params["place"] = own_area("The east", CODES[7:]).code
    page.run()
    assert not page.exception
    assert tiles(page)["Residents"] == "300"
    assert page.selectbox(key="people-kind").value == "Own area"


@pytest.mark.parametrize("codes", ["Leeds", "E01000001", "<script>alert(1)</script>", ""])
def test_a_list_that_cannot_be_taken_is_said_and_nothing_breaks(page: AppTest, codes: str):
    page.run()
    page.selectbox(key="people-kind").select("Own area").run()
    page.text_area[0].set_value(codes)
    next(button for button in page.button if button.label == "Use these areas").click()
    page.run()
    assert not page.exception
    assert page.error


def test_a_damaged_link_says_so_and_shows_the_usual_place(page: AppTest):
    page.query_params["place"] = "own:AAAA:x"
    page.run()
    assert not page.exception
    assert "damaged or cut short" in said(page)
    assert "Row ICB" in said(page)


def test_an_outline_makes_an_own_area(page: AppTest):
    """A box round the middles of areas 0 and 1, in degrees."""
    ring = [[-2.0, 52.59], [-1.975, 52.59], [-1.975, 52.61], [-2.0, 52.61], [-2.0, 52.59]]
    file = json.dumps({"type": "Polygon", "coordinates": [ring]}).encode()
    page.run()
    page.selectbox(key="people-kind").select("Own area").run()
    page.radio(key="own-area-way").set_value("An outline (GeoJSON)").run()
    page.file_uploader[0].upload("outline.geojson", file)
    next(button for button in page.button if button.label == "Use these areas").click()
    page.run()
    assert not page.exception
    assert tiles(page)["Residents"] == "200"
