"""Sketches under a plan in estimated minutes: the new site's minutes are made by the same estimate as everyone's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_warehouse import SOUTH, WEST

from hjp_geo.access import MEASURES as MEASURES_OF
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, what_if
from hjp_geo.siting import Candidate, assess
from hjp_geo.siting.delta import access_after, access_again, catchment, today

# No rural-urban class is loaded: 1 km in a straight line is 1.4 km on foot at 4.8 km/h, 17.5 minutes.
WALK = Plan(journeys="walk", cutoff_minutes=35)
MIDDLE = SOUTH + 500
MEASURES = sorted(MEASURES_OF)


def site(area: float, radius_km: float) -> Candidate:
    return Candidate.circle(WEST + 1000 * area + 500, MIDDLE, radius_km)


def test_a_new_site_adds_its_share_by_minutes(tiny: Evidence):
    # The office in area 0 is today in the reach of areas 0, 1 and 2. One site at area 6 has in its reach, with 35
    # minutes or 2 km, areas 4 to 8: 4 + 5 + 6 + 7 + 8 = 30 people in need. 1 site / 30 people = 3,333.3 a 100,000.
    plan = replace(WALK, measure="floating_catchment_area", decay="binary")
    changes = assess(plan, [site(6, 2)], tiny).effects.changes
    assert changes["sites_before"].to_list() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert changes["sites_after"].to_list() == [1, 1, 1, 0, 1, 1, 1, 1, 1, 0]
    np.testing.assert_allclose(changes["access_change"], [0, 0, 0, 0, *[100_000 / 30] * 5, 0], rtol=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("journeys", ["walk", "drive"])
def test_a_site_that_reaches_as_far_as_all_others_equals_the_plans_own_what_if(
    tiny: Evidence, measure: str, journeys: str
):
    minutes = {"walk": 35.0, "drive": 5.7}[journeys]  # 2 km either way: 1.4 / 30 h is 2.8 minutes a km
    plan = replace(WALK, measure=measure, journeys=journeys, cutoff_minutes=minutes)
    sites = pd.DataFrame(
        {"site_name": "New", "easting": WEST + 6500.0, "northing": float(MIDDLE), "supply": 1.0}, index=["new-1"]
    )
    theirs = what_if(plan, tiny, sites).areas
    by_minutes = Candidate.within_minutes((WEST + 6500, MIDDLE), minutes, mode=journeys)
    for candidate in (site(6, 2), by_minutes):
        ours = assess(plan, [candidate], tiny).effects.changes
        if measure == "cost_to_closest":  # a sketch is the nearest site of its own catchment only, areas 4 to 8
            ours, theirs = ours.iloc[:9], theirs.iloc[:9]
        pd.testing.assert_series_equal(ours["access_after"], theirs["access"], check_names=False, rtol=1e-12)
        assert ours["desert_after"].to_list() == theirs["desert"].to_list()


@settings(max_examples=20)
@given(
    where=st.lists(st.tuples(st.floats(0, 9), st.floats(0.6, 6)), min_size=1, max_size=3),
    measure=st.sampled_from(MEASURES),
    decay=st.sampled_from(["step", "binary", "gaussian"]),
)
def test_one_more_candidate_equals_working_all_of_it_out_again(
    tiny: Evidence, where: list[tuple[float, float]], measure: str, decay: str
):
    now = today(replace(WALK, measure=measure, decay=decay), tiny)
    parts = [catchment(site(area, km), now) for area, km in where]
    np.testing.assert_allclose(access_after(parts, now), access_again(parts, now), rtol=1e-9, atol=1e-9)


def test_kept_journeys_know_no_way_to_a_new_site(tiny: Evidence):
    with pytest.raises(PlanError, match="'my-matrix', which know no way to a new site"):
        assess(Plan(journeys="my-matrix"), [site(4, 1)], tiny)
