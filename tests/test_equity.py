"""Who has the access: means, poverty and slopes over people, worked by hand on ten areas in a row."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from tiny_layers import with_layers
from tiny_services import service, with_services
from tiny_warehouse import CODES

from hjp_geo.equity import DECILE, access_line, equity
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, answer

# one site at area 0, 3 km, in need 0 … 9: access 33,113 33,113 22,517 7,285 and six times 0 (see test_plan)
PLAN = Plan(cutoff_km=3)
ACCESS = [100_000 * weight / 3.02 for weight in (1, 1, 0.68, 0.22)] + [0.0] * 6


@pytest.fixture
def tenths(tiny: Evidence) -> Evidence:
    """Area n in tenth n + 1, of 100 people each."""
    return with_layers(tiny, {DECILE: range(1, 11)}, role="context")


def test_access_by_tenth_of_deprivation(tenths: Evidence):
    found = equity(answer(PLAN, tenths), tenths, line=10_000)
    assert found.by_decile["access"].to_list() == pytest.approx(ACCESS)
    assert found.by_decile["people"].to_list() == [100] * 10
    assert found.by_decile["below_line_pct"].to_list() == [0, 0, 0, 100, *[100] * 6]
    assert found.by_decile["in_deserts_pct"].to_list() == [0] * 8 + [100] * 2


def test_poverty_of_access_counts_people_and_how_far_below(tenths: Evidence):
    # line 10,000: areas 3 (7,285 away by 27.15 %) to 9 are below: 70 % of people; depth (0.2715 + 6) / 10
    found = equity(answer(PLAN, tenths), tenths, line=10_000)
    assert found.poverty["share_pct"] == pytest.approx(70)
    assert found.poverty["depth_pct"] == pytest.approx(10 * (1 - ACCESS[3] / 10_000 + 6))
    by_tenth = found.by_decile["shortfall_pct"] * found.by_decile["people"] / 1000
    assert by_tenth.sum() == pytest.approx(found.poverty["depth_pct"])


def test_exactly_at_the_line_is_not_below_it(tenths: Evidence):
    access = answer(PLAN, tenths).areas["access"].iloc[3]
    assert equity(answer(PLAN, tenths), tenths, line=access).poverty["share_pct"] == pytest.approx(60)


def test_the_usual_line_is_half_of_the_person_in_the_middle(tenths: Evidence):
    # six of ten have none, so the median is of those who have: 7,285 22,517 33,113 33,113 → the second; half of it
    assert access_line(answer(PLAN, tenths)) == pytest.approx(ACCESS[2] / 2)
    # cutoff 9 km: everybody has some; the middle of ten equal areas is the fifth lowest, area 5
    found = answer(Plan(cutoff_km=9), tenths)
    assert access_line(found) == pytest.approx(sorted(found.areas["access"])[4] / 2)


def test_the_slope_tells_who_has_more(tenths: Evidence):
    # access falls along the row and so from the most deprived tenth to the least: below 0
    found = equity(answer(PLAN, tenths), tenths)
    assert found.sii < 0
    assert found.concentration < 0
    turned = with_layers(tenths, {DECILE: range(10, 0, -1)}, role="context")
    other = equity(answer(PLAN, turned), turned)
    assert other.sii == pytest.approx(-found.sii)
    assert other.concentration == pytest.approx(-found.concentration)


def test_without_all_ten_tenths_there_is_no_slope(tenths: Evidence):
    found = equity(answer(Plan(place="West Row", cutoff_km=3), tenths), tenths)
    assert math.isnan(found.sii)
    assert math.isnan(found.concentration)
    assert len(found.by_decile) == 5


def test_by_condition_weighs_by_the_people_on_the_register(tiny: Evidence):
    # 2.5 people with cancer in areas 1 to 9, area 0 not known: (33,113 + 22,517 + 7,285) / 9
    found = equity(answer(PLAN, tiny), tiny, line=10_000)
    assert found.by_condition.loc["Cancer", "access"] == pytest.approx(sum(ACCESS[1:]) / 9)
    assert found.by_condition.loc["Cancer", "people"] == 22.5
    assert found.by_condition.loc["Everyone", "access"] == pytest.approx(sum(ACCESS) / 10)
    assert found.by_decile.empty  # the ten areas hold no tenths of deprivation


def test_town_and_country_where_it_is_loaded(tiny: Evidence):
    assert equity(answer(PLAN, tiny), tiny).by_rural_urban.empty
    known = replace(tiny, areas=tiny.areas.assign(rural_urban=["Urban"] * 4 + ["Rural"] * 5 + [None]))
    found = equity(answer(PLAN, known), known, line=10_000).by_rural_urban
    assert found["people"].to_dict() == {"Rural": 500, "Urban": 400}
    assert found.loc["Urban", "access"] == pytest.approx(sum(ACCESS) / 4)
    assert found.loc["Rural", "below_line_pct"] == 100


def test_an_area_whose_access_is_not_known_is_left_out_and_said(tiny: Evidence):
    people = tiny.values["people_in_income_deprivation"].mask(tiny.values.index == CODES[0])
    gap = replace(tiny, values=tiny.values.assign(people_in_income_deprivation=people))
    found = equity(answer(PLAN, gap), gap, line=10_000)
    assert any("left out: 1." in note for note in found.notes)
    assert found.by_condition.loc["Everyone", "below_line_pct"] == pytest.approx(100 * 7 / 9)


def test_what_cannot_be_asked_is_refused(tiny: Evidence):
    with pytest.raises(PlanError, match="No loaded list covers"):
        equity(answer(Plan(topic="immigration"), tiny), tiny)
    with pytest.raises(PlanError, match="access line is 0"):
        equity(answer(PLAN, tiny), tiny, line=0)
    with pytest.raises(PlanError, match="is a cost"):
        equity(answer(Plan(measure="cost_to_closest"), tiny), tiny)
    far = with_services(tiny, [service("a", 300)])
    with pytest.raises(PlanError, match="nobody has access"):
        equity(answer(PLAN, far), far)
    assert isinstance(equity(answer(PLAN, tiny), tiny).by_condition, pd.DataFrame)
