"""Closing a site of today inside a scenario: it counts before and not after, and nothing else of today changes."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_warehouse import CODES, SOUTH, WEST

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario import Scenario, compare, replay, rerun
from hjp_geo.siting import Candidate, assess, effects_of, today

PLAN = Plan(cutoff_km=3)
OFFICE = "debt-1"
"""The one counted office: in area 0, and within 3 km of areas 0 to 3."""


def site(area: float) -> Candidate:
    return Candidate.circle(WEST + 1000 * area + 500, SOUTH + 500, 1, "Site")


def test_closing_the_only_office_leaves_its_areas_without(tiny: Evidence):
    found = effects_of(PLAN, tiny, (OFFICE,)).effects
    losers = found.losers
    # area 0 has nobody in need and access is for people in need, yet its access falls too
    assert set(losers.index) == set(CODES[:4])
    assert (found.changes.loc[CODES[:4], "access_after"] == 0).all()
    assert found.changes.loc[CODES[:4], "sites_after"].to_list() == [0, 0, 0, 0]
    assert found.changes["nearest_km_after"].isna().all()
    assert found.summary.loc["people_with_a_site", ["before", "after"]].to_list() == [400, 0]


def test_what_a_sketch_adds_comes_on_top_of_what_is_left(tiny: Evidence):
    both = assess(PLAN, [site(8)], tiny, closed=[OFFICE]).effects.changes
    only_sketch = assess(PLAN, [site(8)], tiny).effects.changes
    assert (both.loc[CODES[:4], "access_after"] == 0).all()
    assert both.loc[CODES[7:], "access_after"].to_list() == only_sketch.loc[CODES[7:], "access_after"].to_list()
    assert both["access_before"].equals(only_sketch["access_before"])


def test_the_figures_say_what_is_closed(tiny: Evidence):
    notes = assess(PLAN, [site(8)], tiny, closed=[OFFICE]).effects.notes
    assert notes[0].startswith("Sites of today closed here: ")
    assert f"({OFFICE}). They count before, and not after." in notes[0]
    assert assess(PLAN, [site(8)], tiny).effects.notes == ()


def test_people_are_missed_where_the_closed_office_was(tiny: Evidence):
    kept, closed = (assess(PLAN, [site(8)], tiny, closed=some) for some in ([], [OFFICE]))
    # today: areas 4, 5 and 6 have neither; with the office closed, areas 0 to 3 as well
    assert set(kept.still_missed.index) == set(CODES[4:7])
    assert set(closed.still_missed.index) == set(CODES[:7])
    assert closed.split.loc["existing_only", "people_in_need"] == 0
    assert kept.split.loc["existing_only", "people_in_need"] == 0 + 1 + 2 + 3


def test_a_closing_can_make_a_desert_by_the_lines_of_today(tiny: Evidence):
    plan = Plan(cutoff_km=3, desert="need_and_access_quintile", weights={"cancer_prevalence": 1.0})
    # most cancer is in areas 0 and 1, which have the office; without it their access is the worst
    changes = effects_of(plan, tiny, (OFFICE,)).effects.changes
    assert not changes.loc[CODES[:2], "desert_before"].any()
    assert changes.loc[CODES[:2], "desert_after"].all()


def test_today_itself_is_not_changed(tiny: Evidence):
    before = today(PLAN, tiny).column("access").copy()
    effects_of(PLAN, tiny, (OFFICE,))
    assert np.array_equal(today(PLAN, tiny).column("access"), before)
    assert (tiny.sites["grade"] != "X").sum() == 2


@pytest.mark.parametrize(
    ("measure", "radius_km"),
    [("floating_catchment_area", 3), ("spatial_availability", 3), ("cost_to_closest", 10)],  # the last has no cutoff
)
def test_closing_an_office_and_sketching_it_again_is_today(tiny: Evidence, measure: str, radius_km: float):
    plan = Plan(cutoff_km=3, measure=measure)
    again = Candidate.circle(WEST + 500, SOUTH + 500, radius_km, "The same office")
    changes = assess(plan, [again], tiny, closed=[OFFICE]).effects.changes
    assert np.allclose(changes["access_after"], changes["access_before"], equal_nan=True)


def test_a_site_that_is_not_there_is_named(tiny: Evidence):
    with pytest.raises(PlanError, match="1 sites to close are not in the data loaded here: nowhere"):
        effects_of(PLAN, tiny, ("nowhere",))


def test_a_scenario_keeps_what_it_closes_and_says_so(tiny: Evidence):
    begun = Scenario.begin("Closing", PLAN, tiny).with_features([site(8).to_feature("x")]).with_closed([OFFICE])
    assert Scenario.from_dict(begun.to_dict()).closed == (OFFICE,)
    assert begun.journal[-1].in_words().endswith(f"Sites of today closed: {OFFICE}")
    assert replay(begun.journal).closed == (OFFICE,)
    assert rerun(begun, tiny).state == ()
    reopened = begun.with_closed([])
    assert reopened.journal[-1].in_words().endswith("none any more")
    assert begun.with_closed([OFFICE]) is begun
    gone = begun.with_closed([OFFICE, "gone"])
    assert gone.differences(tiny) == ("Sites it closes that are not in the data here: gone.",)


@pytest.mark.parametrize("sketched", [True, False])
def test_two_scenarios_of_which_one_closes_the_office(tiny: Evidence, sketched: bool):
    keeps = Scenario.begin("Keeps", PLAN, tiny).with_features([site(8).to_feature("x")] if sketched else [])
    closes = keeps.renamed("Closes").with_closed([OFFICE])
    found = compare(keeps, closes, tiny)
    assert set(found.losers.index) == set(CODES[:4])
    assert found.winners.empty
    assert found.totals.loc["closed", ["a", "b", "difference"]].to_list() == [0, 1, 1]
