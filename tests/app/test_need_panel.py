"""The need panel as Streamlit runs it: target populations, what counts twice, how sure, where two layers overlap."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import APP, _map_without_a_browser, said
from tiny_warehouse import CODES

from hjp_geo.presets import PRESETS


@pytest.fixture
def page(tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("HJP_GEO_CACHE", str(tiny_cache))
    monkeypatch.setattr("hjp_geo.screens.explore.sketch_map", _map_without_a_browser)
    return AppTest.from_file(str(APP), default_timeout=30)


def test_a_preset_fills_the_panel_and_stands_in_the_link(page: AppTest):
    page.query_params["weights"] = "income_deprivation:3"
    page.run()
    page.selectbox(key="preset").select("cancer_and_hardship").run()
    assert not page.exception
    assert page.multiselect(key="need-layers").value == ["cancer_prevalence", "income_deprivation"]
    assert page.slider(key="weight-income_deprivation").value == 1.0
    assert page.selectbox(key="demand").value == "people_with_cancer"
    assert page.query_params["preset"] == "cancer_and_hardship"
    assert PRESETS["cancer_and_hardship"].question in said(page).replace("\\", "")
    assert "Edited" not in said(page)


def test_a_weight_changed_afterwards_keeps_the_name_and_says_edited(page: AppTest):
    page.run()
    page.selectbox(key="preset").select("cancer_and_hardship").run()
    page.slider(key="weight-cancer_prevalence").set_value(4.0).run()
    assert not page.exception
    assert page.query_params["preset"] == "cancer_and_hardship"
    assert "**Edited**" in said(page)
    assert "edited since" in said(page).replace("\\", "")


def test_only_populations_of_which_something_is_loaded_are_offered(page: AppTest):
    page.run()
    offered = page.selectbox(key="preset").options
    assert PRESETS["cancer_and_hardship"].label in offered
    assert PRESETS["general_need"].label not in offered  # the ten areas hold no index of multiple deprivation


def test_a_link_with_an_unknown_population_shows_the_weights_as_given(page: AppTest):
    page.query_params["preset"] = "of_tomorrow"
    page.run()
    assert not page.exception
    assert page.selectbox(key="preset").value == ""
    assert "preset" not in page.query_params


def test_every_weight_says_which_way_need_lies(page: AppTest):
    page.run()
    labels = [slider.label for slider in page.slider if str(slider.key).startswith("weight-")]
    assert labels
    assert all("(high is need)" in label for label in labels)


def test_how_sure_adds_intervals_and_labels_and_is_no_confidence_interval(page: AppTest):
    page.run()
    assert "certainty" not in page.dataframe[-1].value.columns
    page.slider(key="cutoff").set_value(3.0)
    page.toggle(key="how-sure").set_value(True).run()
    assert not page.exception
    table = next(one.value for one in page.dataframe if "desert" in one.value.columns)
    assert {"need_rank_lower", "need_rank_upper", "certainty", "desert_probability"} <= set(table.columns)
    assert "no confidence interval" in said(page)
    assert "Of the deserts" in said(page)


def test_the_area_chosen_says_how_sure_and_what_it_is_made_of(page: AppTest):
    page.run()
    page.slider(key="cutoff").set_value(3.0)
    page.toggle(key="how-sure").set_value(True).run()
    chooser = next(box for box in page.selectbox if str(box.label).startswith("Ask about an area"))
    chooser.select(CODES[9]).run()
    assert not page.exception
    assert "in nine of ten draws" in said(page)
    points = next(one.value for one in page.dataframe if "Points" in one.value.columns)
    assert points["Direction"].to_list() == ["high is need"] * 2
    # income: rank 1 of 10, 100 points; cancer: rank 10 of 10, -23 ln(1 - (1 - e^(-100/23)) / 10) = 2.39: half of each
    assert points["Points"].to_list() == pytest.approx([50, 1.1935], abs=0.01)
    assert "add up to the need score, 51.2" in said(page)


def test_two_layers_overlap_with_the_warning_beside_them(page: AppTest):
    page.run()
    page.selectbox(key="shown").select("overlap").run()
    assert not page.exception
    text = said(page).replace("\\", "")
    # people with cancer 2.5 in areas 1 to 9, income deprivation n %: 2.5 · 45 / 100 = 1.1 people; none is certain;
    # at most the lesser of 2.5 and n: 1 + 2 + 7 · 2.5 = 20.5, said as 20 (a half is rounded to even)
    assert "about **1 people**" in text
    assert "anything from 0 to 20." in text
    assert "Areas without an estimate, left out: 1." in text
    assert "is not a person with both" in text
    table = next(one.value for one in page.dataframe if "desert" in one.value.columns)
    assert set(table["shown"]) <= {
        f"{a} / {b}" for a in ("least", "middle", "most") for b in ("least", "middle", "most")
    }


def test_one_layer_twice_is_no_overlap(page: AppTest):
    page.run()
    page.selectbox(key="shown").select("overlap").run()
    page.selectbox(key="overlap-second").select(page.selectbox(key="overlap-first").value).run()
    assert not page.exception
    assert "Choose two different layers" in said(page)


def test_a_scale_that_does_not_go_with_a_mean_is_said(page: AppTest):
    page.run()
    page.selectbox(key="normalisation").select("z")
    page.selectbox(key="aggregate").select("geometric").run()
    assert not page.exception
    assert "A geometric mean needs values above 0" in said(page)
