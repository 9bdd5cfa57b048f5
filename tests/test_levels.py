"""Systems and districts: counts add up, rates are means over the people they speak of, gaps in the data are said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tiny_layers import with_layers
from tiny_warehouse import write_tiny_warehouse

from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.levels import by_level, grouped_mean, grouped_sum, layer_by_level, levels_of
from hjp_geo.plan import Answer, Plan, answer

WEST, EAST = "E07990001", "E07990002"
"""The districts: areas 0 to 4, and 5 to 9."""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return Evidence.load(write_tiny_warehouse(tmp_path_factory.mktemp("levels")))


@pytest.fixture(scope="module")
def found(evidence: Evidence) -> Answer:
    return answer(Plan(weights={"income_deprivation": 1}), evidence)


def test_people_are_added_up_and_nobody_is_lost(found: Answer, evidence: Evidence):
    table = by_level(found, evidence, "lad24")
    assert table["area_name"].to_dict() == {WEST: "West Row", EAST: "East Row"}
    assert table["areas"].tolist() == [5, 5]
    assert table["residents"].tolist() == [500, 500]
    assert table["people_in_need"].tolist() == [0 + 1 + 2 + 3 + 4, 5 + 6 + 7 + 8 + 9]
    assert table["people_flagged"].sum() == found.totals.people_flagged
    assert table["areas_flagged"].sum() == found.totals.areas_flagged
    assert by_level(found, evidence, "icb24")["people_in_need"].tolist() == [45]


def test_a_share_of_residents_is_weighted_by_residents(found: Answer, evidence: Evidence):
    # 100 residents each: west (0 + 1 + 2 + 3 + 4) / 5, east (5 + 6 + 7 + 8 + 9) / 5
    figures = layer_by_level(found, evidence, "lad24", "income_deprivation")
    assert figures["value"].to_dict() == {WEST: 2.0, EAST: 7.0}
    assert figures["share"].tolist() == [1.0, 1.0]


def test_more_people_weigh_more():
    # 1 % of 300 people and 9 % of 100: 12 of 400
    mean = grouped_mean(pd.Series([1.0, 9.0]), pd.Series(["a", "a"]), pd.Series([300, 100]))
    assert mean["value"].tolist() == [3.0]


def test_access_times_people_in_need_is_the_supply_that_was_shared_out(evidence: Evidence):
    """Mass balance of 2SFCA at each level: the one office of the row, a hundred thousand times."""
    plan = Plan(weights={"income_deprivation": 1}, measure="floating_catchment_area", cutoff_km=20)
    found = answer(plan, evidence)
    for level in ("lad24", "icb24"):
        table = by_level(found, evidence, level)
        assert (table["access"] * table["people_in_need"]).sum() == pytest.approx(100_000)


def test_deserts_are_the_share_of_residents_in_flagged_areas(found: Answer, evidence: Evidence):
    areas = found.areas.assign(desert=pd.array([True, False, False, False, pd.NA] + [False] * 5, dtype="boolean"))
    table = by_level(dataclasses.replace(found, areas=areas), evidence, "lad24")
    assert table.loc[WEST, "people_flagged"] == 100
    assert table.loc[WEST, "people_without_verdict"] == 100
    assert table.loc[WEST, "flagged_pct"] == 25.0  # 100 of the 400 who have a verdict
    assert table.loc[WEST, "flagged_pct_share"] == 0.8
    assert table.loc[EAST, "flagged_pct"] == 0.0


def test_no_verdict_anywhere_is_no_share_not_none(found: Answer, evidence: Evidence):
    areas = found.areas.assign(desert=pd.array([pd.NA] * 10, dtype="boolean"))
    table = by_level(dataclasses.replace(found, areas=areas), evidence, "lad24")
    assert table["flagged_pct"].isna().all()
    assert table["people_without_verdict"].tolist() == [500, 500]


def test_a_figure_says_how_many_people_it_speaks_of(found: Answer, evidence: Evidence):
    # people_with_cancer is not known in area 0: 4 × 2.5 known in the west, for 400 of 500 residents
    figures = layer_by_level(found, evidence, "lad24", "people_with_cancer")
    assert figures["value"].to_dict() == {WEST: 10.0, EAST: 12.5}
    assert figures["share"].to_dict() == {WEST: 0.8, EAST: 1.0}


def test_with_data_for_under_half_of_the_people_there_is_no_figure(found: Answer, evidence: Evidence):
    gaps = with_layers(evidence, {"patchy": [1, 2, np.nan, np.nan, np.nan, 1, 2, 3, np.nan, np.nan]})
    figures = layer_by_level(found, gaps, "lad24", "patchy")
    assert np.isnan(figures.loc[WEST, "value"])
    assert figures.loc[WEST, "share"] == 0.4
    assert figures.loc[EAST, "value"] == 2.0


def test_zero_is_a_figure_and_nobody_is_not():
    groups = pd.Series(["a", "b"])
    assert grouped_mean(pd.Series([0.0, 5.0]), groups, pd.Series([10, 0]))["value"].tolist() == pytest.approx(
        [0.0, np.nan], nan_ok=True
    )
    assert grouped_sum(pd.Series([0.0, np.nan]), groups, pd.Series([10, 10]))["value"].tolist() == pytest.approx(
        [0.0, np.nan], nan_ok=True
    )


def test_levels_are_offered_where_they_divide_the_place(evidence: Evidence):
    def offered(place: str) -> list[str]:
        return [level.name for level in levels_of(evidence, place)]

    assert offered(ENGLAND) == ["icb24", "lad24"]  # this warehouse has no boards of April 2026
    assert offered("E54990001") == ["lad24"]
    assert offered(WEST) == []


def test_an_area_in_no_board_of_the_new_vintage_is_left_out(found: Answer, evidence: Evidence):
    boards = evidence.areas.assign(icb26_code=["E54000099"] * 9 + [None], icb26_name=["New board"] * 9 + [None])
    table = by_level(found, dataclasses.replace(evidence, areas=boards), "icb26")
    assert table["areas"].tolist() == [9]
