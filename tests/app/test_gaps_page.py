"""The page that puts deserts to the test, as Streamlit runs it: what it says, and that nothing on it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import _map_without_a_browser
from test_pages import said as said_with_escapes

SCRIPT = """
from hjp_geo.screens import gaps
gaps.page()
"""


@pytest.fixture
def page(tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("HJP_GEO_CACHE", str(tiny_cache))
    monkeypatch.setattr("hjp_geo.screens.gaps.sketch_map", _map_without_a_browser)
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    page.query_params["cutoff_km"] = "3"
    page.query_params["weights"] = "income_deprivation:1"
    return page


def said(page: AppTest) -> str:
    """All the text of the page, without the signs that keep Markdown from reading it."""
    return said_with_escapes(page).replace("\\", "")


def tables(page: AppTest) -> str:
    return "\n".join(frame.value.to_string() for frame in page.dataframe)


def test_the_page_says_rule_thresholds_people_and_the_other_headline(page: AppTest):
    page.run()
    assert not page.exception
    text = said(page)
    assert "**200 people** (20.0 %)" in text
    assert "a site reaches 3 km, worst 20% of areas" in text
    assert "same with and without it" in text
    assert "Made-up data" in text


def test_reasons_rules_counts_and_thresholds_stand_in_tables(page: AppTest):
    page.run()
    shown = tables(page)
    for words in ("too far", "No provider in the district", "a site in the district, but among the worst", "list gap"):
        assert words in shown
    assert "disagree in **1 areas**" in said(page)
    assert "these are no deserts" in said(page)


def test_every_chart_has_words_and_a_table(page: AppTest):
    page.run()
    assert "How far a site reaches, km: from 1.5 to 4.5 the people flagged go from" in said(page)
    assert "Share of areas that is the worst: from 0.1 to 0.3" in said(page)


def test_what_outreach_would_undo_is_not_called_a_service_gap(page: AppTest):
    page.run()
    assert "**0 people** live in deserts that stay even then. For **200 people** nobody can tell" in said(page)
    assert "Assumed, not known: 9 outreach points in every district" in said(page)


def test_flags_are_drawn_again_when_asked(page: AppTest):
    page.run()
    assert "Not drawn yet" in said(page)
    page.toggle(key="flags-again").set_value(True).run()
    assert not page.exception
    assert "In nine of ten draws between" in said(page)
    assert "each listed site there with the chance of its grade" in said(page)


def test_a_topic_without_a_list_has_no_verdict(page: AppTest):
    page.run()
    page.selectbox(key="topic").select("immigration").run()
    assert not page.exception
    assert "No verdict for immigration" in said(page)
    assert "No data is not a desert" in said(page)


def test_an_own_rule_is_asked_for_and_a_wrong_one_says_why(page: AppTest):
    page.run()
    page.selectbox(key="desert").select("own_rule").run()
    assert not page.exception
    assert "need_fifth = 1 and nearest > 8" in said(page)
    page.text_input(key="own-rule").set_value("<script>").run()
    assert not page.exception
    assert "expected one of need_fifth" in said(page)
    page.text_input(key="own-rule").set_value("nearest > 8").run()
    assert page.query_params["own_rule"] in ("nearest > 8", ["nearest > 8"])


@pytest.mark.parametrize("desert", ["low_access_cluster", "supply_per_need_bottom_tenth", "one_or_none_in_district"])
def test_every_rule_can_be_put_to_the_test(page: AppTest, desert: str):
    page.query_params["desert"] = desert
    page.run()
    assert not page.exception


def test_hours_are_assumed_in_sight(page: AppTest):
    page.run()
    page.radio(key="supply").set_value("hours").run()
    assert not page.exception
    assert "hours a week are assumed for an office" in said(page)
    assert page.number_input(key="assumed-hours").value == 30


def test_the_access_line_may_be_ones_own(page: AppTest):
    page.run()
    page.number_input(key="access-line-debt-sites").set_value(10_000.0).run()
    assert not page.exception
    assert "**70.0 %** of people live below 10000.00" in said(page)
    assert "the reader's own" in said(page)


def test_journeys_may_be_in_minutes(page: AppTest):
    page.run()
    page.selectbox(key="journeys").select("walk").run()
    assert not page.exception
    assert page.query_params["journeys"] in ("walk", ["walk"])
    assert "a site reaches 30 minutes (on foot, estimated)" in said(page)
