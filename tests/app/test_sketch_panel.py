"""The sketch panel and the Compare page as Streamlit runs them: saved while drawing, no mouse needed, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tiny_warehouse import CODES, HOSTILE, write_tiny_warehouse

from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario import Scenario, Scenarios
from hjp_geo.siting import Candidate
from hjp_geo.sketchmap import MapState

APP = Path(__file__).with_name("map_app.py")
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_warehouse(tmp_path_factory.mktemp("panel"))


@pytest.fixture
def scenarios(cache: Path) -> Scenarios:
    found = Scenarios(cache)
    for row in found.list():
        found.delete(row.key)
    return found


@pytest.fixture
def page(cache: Path, scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A tab on the map page, with a map that draws nothing."""
    monkeypatch.setenv("HJP_GEO_CACHE", str(cache))
    monkeypatch.setattr("hjp_geo.screens.explore.sketch_map", _map_without_a_browser)

    def opened(**address: str) -> AppTest:
        tab = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in address.items():
            tab.query_params[name] = value
        return tab.run()

    return opened


def _map_without_a_browser(data: object, key: str, on_change: object = None) -> MapState:
    return MapState(drawings=tuple(data.drawings), selected=data.selected)  # type: ignore[attr-defined]


def said(tab: AppTest) -> str:
    blocks = (tab.markdown, tab.warning, tab.info, tab.error, tab.caption)
    return "\n".join(str(element.value) for block in blocks for element in block).replace("\\", "")


def press(tab: AppTest, label: str) -> AppTest:
    next(button for button in tab.button if button.label == label).click()
    tab.run()
    assert not tab.exception
    return tab


def people(tab: AppTest) -> str:
    return {metric.label: metric.value for metric in tab.metric}["People"]


def add_postcode(tab: AppTest) -> AppTest:
    tab.text_input[0].set_value("ZY1 1AA")
    tab.number_input[0].set_value(1.2)
    return press(tab, "Add site")


def test_the_first_sketch_begins_a_draft_and_a_new_tab_finds_it_by_its_link(page: Open, scenarios: Scenarios):
    tab = add_postcode(page())
    (saved,) = scenarios.list()
    assert saved.name.startswith("Draft: ")
    assert saved.sketches == 1
    again = page(**dict(tab.query_params))  # the server was killed and started, or a colleague opens the link
    assert people(again) == people(tab) == "300"


def test_a_second_tab_is_told_and_keeps_its_sketch_as_a_copy(page: Open, scenarios: Scenarios):
    first = add_postcode(page())
    second = page(**dict(first.query_params))
    add_postcode(first)
    add_postcode(second)
    second.run()
    assert "Two people are at this scenario" in said(second)
    assert [row.sketches for row in scenarios.list()] == [2, 2]  # both are kept before anything is answered
    press(second, "Go on with my copy")
    assert not second.error


def test_what_is_drawn_before_the_second_tab_decides_is_kept_too(page: Open, scenarios: Scenarios):
    first = add_postcode(page())
    second = page(**dict(first.query_params))
    add_postcode(first)
    add_postcode(second)
    add_postcode(second)  # told already, and goes on drawing
    press(second, "Go on with my copy")
    assert sorted(row.sketches for row in scenarios.list()) == [2, 3]


def test_a_second_tab_is_told_before_it_changes_anything(page: Open, scenarios: Scenarios):
    first = add_postcode(page())
    second = page(**dict(first.query_params))
    add_postcode(first)
    second.run()
    assert "was saved elsewhere" in said(second)
    press(second, "Open the newer one")
    assert "was saved elsewhere" not in said(second)
    add_postcode(second)
    assert [row.sketches for row in scenarios.list()] == [3]


def test_a_rename_that_clashes_makes_a_copy_and_offers_theirs(page: Open, scenarios: Scenarios):
    first = add_postcode(page())
    second = page(**dict(first.query_params))
    add_postcode(first)
    next(box for box in second.text_input if box.label == "Name of the scenario").set_value("Mine")
    press(second, "Rename")
    assert "Two people are at this scenario" in said(second)
    press(second, "Open theirs")
    assert sorted(row.sketches for row in scenarios.list()) == [1, 2]  # theirs, and the copy that was to be "Mine"


def test_a_site_of_today_is_closed_in_a_scenario_and_open_again(page: Open, scenarios: Scenarios):
    tab = add_postcode(page())
    boxes = next(box for box in tab.multiselect if "this scenario removes" in box.label)
    boxes.select("debt-1")
    tab.run()
    assert not tab.exception
    assert scenarios.load(scenarios.list()[0].key).closed == ("debt-1",)
    assert "They count before, and not after" in said(tab)
    again = page(scenario=scenarios.list()[0].key)
    boxes = next(box for box in again.multiselect if "this scenario removes" in box.label)
    assert boxes.value == ["debt-1"]
    boxes.unselect("debt-1")
    again.run()
    assert scenarios.load(scenarios.list()[0].key).closed == ()


def test_closing_alone_is_a_scenario_too(page: Open, scenarios: Scenarios):
    tab = page()
    next(box for box in tab.multiselect if "this scenario removes" in box.label).select("debt-1")
    tab.run()
    assert not tab.exception
    assert "Access gets worse" in said(tab)
    assert [row.sketches for row in scenarios.list()] == [0]


def test_the_journal_is_run_again_and_finds_the_same(page: Open, scenarios: Scenarios):
    tab = add_postcode(page())
    assert scenarios.load(scenarios.list()[0].key).figures["people"] == 300
    press(tab, "Run the journal again")
    assert "All figures are those kept with it" in " ".join(str(one.value) for one in tab.success)


def test_looking_at_a_scenario_does_not_count_as_changing_it(page: Open, scenarios: Scenarios, cache: Path):
    begun = Scenario.begin("Seen", Plan(), Evidence.load(cache)).with_features([_circle(5).to_feature("x")])
    saved = scenarios.save(begun)
    page(scenario=saved.key).run()
    assert scenarios.load(saved.key).revision == saved.revision
    assert scenarios.load(saved.key).figures["people"] == 300


def test_a_scenario_made_with_other_data_says_so_before_any_figure(page: Open, scenarios: Scenarios, cache: Path):
    begun = Scenario.begin("Old", Plan(), Evidence.load(cache))
    values = begun.with_features([_circle(5).to_feature("x")]).with_figures({"people": 250.0}).to_dict()
    values["hjp_geo_scenario"]["run"]["releases"]["made_up"]["sha256"] = "f" * 64
    key = scenarios.import_bytes(json.dumps(values).encode()).key
    tab = page(scenario=key)
    assert "made with other data" in said(tab)
    assert "Source made_up" in said(tab)
    assert not tab.metric
    press(tab, "Work it out with what is loaded here")
    assert people(tab) == "300"
    assert "People reached: 250 then, 300 now" in said(tab)


def test_a_link_to_no_scenario_says_so(page: Open):
    tab = page(scenario="../../etc/passwd")
    assert not tab.exception
    assert "cannot be opened" in said(tab)


def _circle(area: float) -> Candidate:
    return Candidate.circle(400_000 + 1000 * area + 500, 300_500, 1, "Site")


def test_a_list_of_areas_a_district_and_a_practice_without_a_mouse(page: Open):
    tab = page()
    tab.text_area[0].set_value(f"{CODES[7]}, {CODES[8]}")
    press(tab, "Add these areas")
    assert people(tab) == "200"
    next(box for box in tab.selectbox if box.label.startswith("A district or board")).select("E07990002")
    press(tab, "Add it whole")
    assert people(tab) == "500"
    next(box for box in tab.selectbox if box.label.startswith("A GP practice")).select("Z99001")
    press(tab, "Add this practice")
    assert people(tab) == "1,000"  # three kilometres round area 2: areas 0 to 5, and East Row


def test_a_code_that_is_no_area_is_said(page: Open):
    tab = page()
    tab.text_area[0].set_value("E01000001")
    press(tab, "Add these areas")
    assert "not areas here: E01000001" in said(tab)


def test_the_design_card_is_kept_with_the_sketch_and_speaks_gently(page: Open, scenarios: Scenarios):
    tab = add_postcode(page())
    next(box for box in tab.selectbox if box.label == "Healthcare setting").select("gp_practice")
    next(box for box in tab.number_input if box.label == "Sessions a week").set_value(2.0)
    press(tab, "Keep these choices")
    assert "no GP practice of the list stands inside" in said(tab)
    assert "About 69 cases a year" in said(tab)
    properties = scenarios.load(scenarios.list()[0].key).features[0]["properties"]
    assert properties["design"] == {"healthcare_setting": "gp_practice"}
    assert properties["offer"]["sessions_per_week"] == 2


def test_sites_are_suggested_and_put_on_the_map(page: Open):
    tab = page()
    next(box for box in tab.number_input if box.label == "New sites").set_value(1)
    press(tab, "Find the best")
    assert "THE ROW SURGERY" in " ".join(str(frame.value) for frame in tab.dataframe)
    press(tab, "Put these on the map")
    assert people(tab) != "0"


def test_a_point_of_the_curve_is_put_on_the_map(page: Open):
    tab = page()
    next(box for box in tab.number_input if box.label == "New sites").set_value(1)
    press(tab, "Find the best")
    press(tab, "Show what each number of sites would do")
    curve = next(frame.value for frame in tab.dataframe if frame.value.index.name == "New sites")
    assert curve["People covered"].is_monotonic_increasing
    press(tab, "Put this point on the map")
    assert people(tab) != "0"


def test_two_scenarios_side_by_side(cache: Path, scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch):
    known = Evidence.load(cache)
    for name, area in (("West", 5), (HOSTILE, 8)):
        scenarios.save(Scenario.begin(name, Plan(cutoff_km=3), known).with_features([_circle(area).to_feature("x")]))
    monkeypatch.setenv("HJP_GEO_CACHE", str(cache))
    monkeypatch.setattr("hjp_geo.screens.compare_maps.sketch_map", _map_without_a_browser)

    def alone() -> None:
        from hjp_geo.screens import scenarios

        scenarios.page()

    tab = AppTest.from_function(alone, default_timeout=60).run()
    assert not tab.exception
    totals = tab.dataframe[0].value.set_index("Figure")
    assert totals.loc["Desert areas", "b − a"] == "-2"
    assert HOSTILE in totals.columns[1]  # as text in a cell


def test_without_a_scenario_there_is_nothing_to_compare(
    cache: Path, scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HJP_GEO_CACHE", str(cache))
    assert scenarios.list() == ()

    def alone() -> None:
        from hjp_geo.screens import scenarios

        scenarios.page()

    tab = AppTest.from_function(alone, default_timeout=60).run()
    assert not tab.exception
    assert "No scenario is saved yet" in said(tab)
