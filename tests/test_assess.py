"""What a sketch would change, worked out by hand on ten areas in a row (`tiny_warehouse`), and by a second engine."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_layers import with_layers
from tiny_warehouse import CODES, SOUTH, WEST

from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, what_if
from hjp_geo.siting import (
    ASSUMPTIONS,
    Candidate,
    DesignCard,
    Offer,
    Search,
    assess,
    deprivation_of,
    feasibility,
    partners,
    point_of,
    suggest,
)
from hjp_geo.siting.delta import access_after, access_again, catchment, today

PLAN = Plan(cutoff_km=3)
MIDDLE = SOUTH + 500


def circle(area: float, radius_km: float = 1, name: str = "Site", **offer: object) -> Candidate:
    return Candidate.circle(WEST + 1000 * area + 500, MIDDLE, radius_km, name).offering(Offer(**offer))  # type: ignore[arg-type]


def test_suggested_sites_are_not_worked_out_in_minutes(tiny: Evidence):
    with pytest.raises(PlanError, match="journeys 'walk'"):
        suggest(Plan(journeys="walk", cutoff_minutes=35), tiny, Search())


# ways to choose a candidate -----------------------------------------------------------------------------------------


def test_an_area_by_name_is_its_code_list(tiny: Evidence):
    total = assess(PLAN, [Candidate.place("East Row", tiny)], tiny).total
    assert total.areas.to_list() == CODES[5:]
    assert (total.people, total.people_in_need) == (500, 5 + 6 + 7 + 8 + 9)
    assert (total.areas_cut, total.people_cut) == (0, 0)


def test_a_list_of_areas_is_that_list_in_any_order_and_case(tiny: Evidence):
    listed = Candidate.areas_listed([CODES[7].lower(), f" {CODES[2]} ", CODES[7], ""], tiny)
    assert assess(PLAN, [listed], tiny).total.areas.to_list() == [CODES[2], CODES[7]]
    with pytest.raises(GeographyError, match="E01000001"):
        Candidate.areas_listed(["E01000001"], tiny)


def test_a_named_health_site_is_a_circle_round_it(tiny: Evidence):
    surgery = Candidate.health_site("Z99001", 1, tiny)
    assert surgery.name == "THE ROW SURGERY"
    assert assess(PLAN, [surgery], tiny).total.areas.to_list() == CODES[1:4]
    with pytest.raises(PlanError, match="No health site"):
        Candidate.health_site("A00000", 1, tiny)


def test_minutes_become_a_radius_and_say_which_speed(tiny: Evidence):
    # 30 minutes at 13 km/h is 6.5 km of way, 5 km in a straight line
    found = Candidate.within_minutes((WEST + 500, MIDDLE), 30, speed_kmh=13)
    assert found.radius_km == pytest.approx(5)
    assert "13 km/h" in found.notes[0]
    assert "Not a journey planner" in assess(PLAN, [found], tiny).total.notes[0]


def test_a_table_of_journey_times_counts_the_limit_as_inside(tiny: Evidence):
    costs = pd.DataFrame({"area_code": CODES[:4], "site_id": "x", "minutes": [0.0, 30.0, 30.1, np.nan]})
    found = Candidate.from_costs(costs, "x", 30, tiny, point=(WEST, SOUTH))
    assert found.codes == (CODES[0], CODES[1])
    with pytest.raises(PlanError, match="No area is within"):
        Candidate.from_costs(costs, "y", 30, tiny, point=(WEST, SOUTH))


@pytest.mark.parametrize("text", ["zy11aa", "404500, 300500", "SK 04500 00500", "SK045005"])
def test_a_point_by_postcode_or_reference(tiny: Evidence, text: str):
    easting, northing = point_of(text, tiny)
    assert abs(easting - (WEST + 4500)) <= 50
    assert abs(northing - (SOUTH + 500)) <= 50


@pytest.mark.parametrize("text", ["QQ9 9QQ", "SK 045 05", "", "nowhere", "<img src=x>"])
def test_a_point_that_is_none_says_what_was_expected(tiny: Evidence, text: str):
    with pytest.raises(PlanError, match="grid reference such as"):
        point_of(text, tiny)


# the rule of areas --------------------------------------------------------------------------------------------------


def box(west: float, east: float) -> Candidate:
    """A box over the row from one fraction of an area to another."""
    return Candidate.polygon(shapely.box(WEST + 1000 * west, SOUTH, WEST + 1000 * east, SOUTH + 1000), "Box")


def test_area_share_counts_the_ground_covered(tiny: Evidence):
    # a quarter of area 3, all of 4, three quarters of 5: 25 + 100 + 75 people; 3/4 + 4 + 5·3/4 in need
    total = assess(PLAN, [box(3.75, 5.75)], tiny, rule="area_share").total
    assert total.shares.to_list() == pytest.approx([0.25, 1, 0.75])
    assert total.people == pytest.approx(200)
    assert total.people_in_need == pytest.approx(0.75 + 4 + 3.75)
    assert (total.areas_cut, total.people_cut) == (2, 200)


def test_by_centroids_whole_areas_count_and_the_line_is_the_doubt(tiny: Evidence):
    total = assess(PLAN, [box(3.75, 5.75)], tiny).total
    assert total.areas.to_list() == CODES[4:6]
    assert (total.people, total.people_cut) == (200, 200)


def test_two_overlapping_shares_count_the_larger_once(tiny: Evidence):
    found = assess(PLAN, [box(3, 4.25), box(3, 4.75)], tiny, rule="area_share")
    assert found.total.people == pytest.approx(175)
    assert found.overlaps.loc[0, "people"] == pytest.approx(125)


def test_an_unknown_rule_is_refused(tiny: Evidence):
    with pytest.raises(PlanError, match="expected one of centroid, area_share"):
        assess(PLAN, [box(3, 4)], tiny, rule="oa")


# who ----------------------------------------------------------------------------------------------------------------


def test_people_by_decile_and_by_rural_urban(tiny: Evidence):
    known = with_layers(tiny, {"multiple_deprivation_decile": [1, 1, 2, 2, 3, 3, 4, 4, 5, np.nan]}, role="context")
    known.areas["rural_urban"] = ["Urban"] * 8 + ["Rural"] * 2
    try:
        total = assess(PLAN, [Candidate.areas_listed(CODES[6:], known)], known).total
    finally:
        del known.areas["rural_urban"]
    assert total.by_decile["people"].to_dict() == {4: 200, 5: 100, "not known": 100}
    assert total.by_decile["people_in_need"].to_dict() == {4: 13, 5: 8, "not known": 9}
    assert total.by_rural_urban["people"].to_dict() == {"Rural": 200, "Urban": 200}


def test_what_is_not_loaded_is_empty_not_zero(tiny: Evidence):
    total = assess(PLAN, [circle(5)], tiny).total
    assert total.by_decile.empty
    assert total.by_rural_urban.empty


def test_the_target_population_of_the_preset_has_its_range(tiny: Evidence):
    # areas 4, 5, 6: 2.5 people each on the register, 2 to 4
    plan = replace(PLAN, preset="cancer_and_hardship", demand="people_with_cancer")
    row = assess(plan, [circle(5)], tiny).total.target.iloc[0]
    assert (row["label"], row["people"], row["people_low"], row["people_high"]) == ("Cancer", 7.5, 6, 12)
    assert assess(PLAN, [circle(5)], tiny).total.target.empty


def test_newly_reached_and_shared_add_up_to_everybody(tiny: Evidence):
    total = assess(PLAN, [circle(3, 2)], tiny).total  # areas 1 to 5; today's office reaches 0 to 3
    assert (total.newly_reached, total.shared_with_existing, total.people) == (200, 300, 500)


def test_who_is_still_missed_and_where(tiny: Evidence):
    # today's office reaches 0 to 3, the sketch 4 to 6: 7, 8 and 9 stay, most in need first
    found = assess(PLAN, [circle(5)], tiny)
    assert found.still_missed.index.to_list() == CODES[:6:-1]
    assert found.still_missed["people_in_need"].to_list() == [9, 8, 7]
    assert len(found.not_reached_by_sketch) == 7


def test_a_district_asked_for_counts_its_own_missed_only(tiny: Evidence):
    found = assess(replace(PLAN, place="E07990001"), [circle(5)], tiny)  # West Row: areas 0 to 4
    assert found.still_missed.empty
    assert found.not_reached_by_sketch.index.to_list() == CODES[3::-1]
    assert len(found.effects.changes) == 5


# before and after ---------------------------------------------------------------------------------------------------


def test_access_before_and_after(tiny: Evidence):
    # a site in area 5 with 1 km: people in need 4 + 5 + 6 = 15, all within a third of the cutoff, weight 1
    changes = assess(PLAN, [circle(5)], tiny).effects.changes
    assert changes.loc[CODES[5], "access_change"] == pytest.approx(100_000 / 15)
    assert changes.loc[CODES[7], "access_change"] == 0
    assert (changes.loc[CODES[5], "nearest_km_before"], changes.loc[CODES[5], "nearest_km_after"]) == (5, 0)
    assert changes["sites_after"].sub(changes["sites_before"]).sum() == 3


def test_a_site_never_makes_a_desert_elsewhere(tiny: Evidence):
    # areas 8 and 9 are deserts today; served, they are none, and nobody takes their place among the worst
    changes = assess(PLAN, [circle(8)], tiny).effects.changes
    assert changes.index[changes["desert_before"]].to_list() == CODES[8:]
    assert not changes["desert_after"].any()


def test_the_summary_tells_both_sides(tiny: Evidence):
    summary = assess(PLAN, [circle(8)], tiny).effects.summary
    assert summary.loc["desert_areas", ["before", "after", "change"]].to_list() == [2, 0, -2]
    assert summary.loc["people_with_a_site", ["before", "after"]].to_list() == [400, 700]
    assert summary.loc["access_poverty", "after"] < summary.loc["access_poverty", "before"]
    # today the better-off west has all of it; the site gives the deprived east 100,000 / 24 each
    assert summary.loc["concentration_index", "before"] > summary.loc["concentration_index", "after"] > 0
    assert summary.loc["slope_index", "before"] > summary.loc["slope_index", "after"]


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        ({"topics": ("housing",)}, "would not advise on debt"),
        ({"assistance": "specialist_legal_aid"}, "another level"),
        ({"channel": "phone"}, "leaves phone and online advice out"),
        ({"adviser_hours_per_week": 0}, "no hours"),
    ],
)
def test_what_the_plan_does_not_count_adds_nothing_and_says_so(tiny: Evidence, offer: dict[str, object], said: str):
    found = assess(PLAN, [circle(8, **offer)], tiny)
    assert found.effects.winners.empty
    assert found.effects.summary["change"].fillna(0).eq(0).all()
    assert said in found.effects.notes[0]
    assert found.total.people == 300  # reached all the same


def test_a_topic_without_a_list_has_no_before_and_no_after(tiny: Evidence):
    found = assess(replace(PLAN, topic="immigration"), [circle(8)], tiny)
    assert found.effects.summary["after"].isna().all()
    assert math.isnan(found.split.loc["existing_only", "people_in_need"])


def test_hours_count_where_supply_is_hours(tiny: Evidence):
    plan = replace(PLAN, supply="hours")
    one, two = (
        assess(plan, [circle(8, adviser_hours_per_week=hours)], tiny).effects.changes["access_change"]
        for hours in (3, 6)
    )
    assert two.to_numpy() == pytest.approx(2 * one.to_numpy())
    sessions = assess(plan, [circle(8, sessions_per_week=1)], tiny).effects.changes["access_change"]
    assert sessions.to_numpy() == pytest.approx(one.to_numpy())  # a session is three hours


MEASURES = [
    "enhanced_floating_catchment_area",
    "modified_floating_catchment_area",
    "three_step_floating_catchment_area",
    "balanced_floating_catchment_area",
    "cumulative_opportunities",
    "cost_to_closest",
]


@given(
    where=st.lists(st.tuples(st.floats(0, 9), st.floats(0.6, 6)), min_size=1, max_size=3),
    measure=st.sampled_from(MEASURES),
    decay=st.sampled_from(["step", "binary", "gaussian"]),
)
@settings(max_examples=40)
def test_one_more_candidate_equals_working_all_of_it_out_again(
    tiny: Evidence, where: list[tuple[float, float]], measure: str, decay: str
):
    now = today(replace(PLAN, measure=measure, decay=decay), tiny)
    parts = [catchment(circle(area, km, f"s{n}"), now) for n, (area, km) in enumerate(where)]
    np.testing.assert_allclose(access_after(parts, now), access_again(parts, now), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_site_that_reaches_as_far_as_all_others_equals_the_plans_own_what_if(tiny: Evidence, measure: str):
    plan = replace(PLAN, measure=measure)
    sites = pd.DataFrame(
        {"site_name": "New", "easting": WEST + 6500.0, "northing": float(MIDDLE), "supply": 1.0}, index=["new-1"]
    )
    theirs = what_if(plan, tiny, sites).areas
    ours = assess(plan, [circle(6, 3)], tiny).effects.changes
    pd.testing.assert_series_equal(ours["access_after"], theirs["access"], check_names=False, rtol=1e-12)
    assert ours["desert_after"].to_list() == theirs["desert"].to_list()


def test_candidates_together_are_the_sum_of_each(tiny: Evidence):
    now = today(PLAN, tiny)
    parts = [catchment(circle(area), now) for area in (5, 6)]
    each = sum(access_after([one], now) - now.column("access") for one in parts)
    np.testing.assert_allclose(access_after(parts, now), now.column("access") + each, rtol=1e-12)


# capacity and feasibility -------------------------------------------------------------------------------------------


def test_nearest_first_until_it_is_full(tiny: Evidence):
    # 46 hours a year at 23 hours a case: 2 cases. At one case a person in need: area 5 (5) is nearest and takes both.
    assumptions = ASSUMPTIONS.changed({"hours_per_case": 23.0, "cases_per_person_in_need": 1.0, "weeks_per_year": 46.0})
    split = assess(PLAN, [circle(5, adviser_hours_per_week=1)], tiny, assumptions=assumptions).split["people_in_need"]
    assert split["with_service"] == pytest.approx(2)
    assert split["no_capacity"] == pytest.approx(4 + 5 + 6 - 2)
    assert split["existing_only"] == 0 + 1 + 2 + 3
    assert split["outside"] == 7 + 8 + 9
    assert split.sum() == pytest.approx(45)


def test_capacity_that_nobody_stated_is_its_own_row(tiny: Evidence):
    split = assess(PLAN, [circle(5)], tiny).split["people_in_need"]
    assert (split["with_service"], split["no_capacity"], split["capacity_not_stated"]) == (0, 0, 15)


def test_two_sketches_share_an_area_and_nobody_is_served_twice(tiny: Evidence):
    plenty = {"adviser_hours_per_week": 500}
    split = assess(PLAN, [circle(5, 1, "a", **plenty), circle(5, 2, "b", **plenty)], tiny).split["people_in_need"]
    assert split["with_service"] == pytest.approx(3 + 4 + 5 + 6 + 7)


def test_sessions_become_cases_and_a_gap():
    # likely: 2 sessions × 3 hours × 46 weeks = 276 hours, 4 hours a case: 69 cases; 1,000 in need bring 100; 31 left
    found = feasibility(Offer(sessions_per_week=2), 1_000)
    assert found.hours_a_year.likely == 276
    assert (found.cases.likely, found.expected.likely, found.gap_left.likely) == (69, 100, 31)
    # low: 2 × 2 × 42 / 8 = 21 cases; high: 2 × 4 × 50 / 2 = 200
    assert (found.cases.low, found.cases.high) == (21, 200)
    assert (found.gap_left.low, found.gap_left.high) == (0, 200 - 21)
    # money: what can be taken, times what services reported; low 21 × 1,180
    assert found.income_gained.low == 21 * 1_180
    assert "not a promise" in found.sentence()


def test_nothing_said_is_not_nothing_offered():
    found = feasibility(Offer(), 1_000)
    assert math.isnan(found.cases.likely)
    assert math.isnan(found.gap_left.likely)
    assert "not stated" in found.sentence()
    assert feasibility(Offer(adviser_hours_per_week=0), 1_000).gap_left.likely == 100


def test_every_assumption_has_a_source_and_can_be_changed():
    assert ASSUMPTIONS.table()["source"].str.len().gt(3).all()
    own = ASSUMPTIONS.changed({"hours_per_case": 3.0})
    assert own["hours_per_case"].source == "the reader's own"
    assert own.changes() == {"hours_per_case": [3, 3, 3]}
    with pytest.raises(PlanError, match="No assumption"):
        ASSUMPTIONS.changed({"luck": 1.0})
    with pytest.raises(PlanError, match="expected low, likely and high"):
        ASSUMPTIONS.changed({"hours_per_case": -1.0})


# design card and partners -------------------------------------------------------------------------------------------


def card(area: float, card: DesignCard, radius_km: float = 1, **offer: object) -> Candidate:
    return circle(area, radius_km, **offer).offering(design=card)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (card(5, DesignCard(linking_approach=("co_location",), delivery_mode="remote")), "what would share"),
        (card(5, DesignCard(linking_approach=("co_location",))), "is there a building"),
        (card(5, DesignCard(healthcare_setting="gp_practice")), "no GP practice"),
        (card(2, DesignCard(healthcare_setting="acute_hospital")), "come from further than 1 km"),
        (card(9, DesignCard(legal_issues=("debt",)), 0.6), None),
        (card(2, DesignCard(legal_assistance="specialist_advice_and_representation")), "no specialist provider"),
        (card(2, DesignCard(delivery_mode="face_to_face"), channel="phone"), "one of the two"),
        (card(5, DesignCard(legal_issues=("housing",)), topics=("debt",)), "nothing in common"),
        (card(2, DesignCard(healthcare_setting="gp_practice", linking_approach=("co_location",))), None),
        (circle(5), None),
    ],
)
def test_the_card_is_held_against_the_data(tiny: Evidence, candidate: Candidate, said: str | None):
    told = " ".join(assess(PLAN, [candidate], tiny).contradictions[0])
    assert said in told if said else told == ""


def test_remote_only_where_many_cannot_use_it(tiny: Evidence):
    remote = card(8, DesignCard(delivery_mode="remote"))
    assert assess(PLAN, [remote], tiny).contradictions == ((),)  # no layer says so: nothing is held against it
    known = with_layers(tiny, {"digital_exclusion_risk": [10] * 7 + [40] * 3})
    told = assess(PLAN, [remote], known).contradictions[0]
    assert "here 40 % of residents" in told[0]
    assert "19 % in all areas" in told[0]


def test_a_card_of_unknown_codes_is_refused():
    with pytest.raises(PlanError, match="no choice 'spaceship'"):
        DesignCard(healthcare_setting="spaceship")
    with pytest.raises(PlanError, match="has no 'colour'"):
        DesignCard.from_dict({"colour": "red"})
    assert DesignCard.from_dict(DesignCard(legal_issues=("debt",)).to_dict()) == DesignCard(legal_issues=("debt",))


def test_partners_near_with_distance_and_grade_and_what_is_not_loaded(tiny: Evidence):
    found = partners(PLAN, circle(1), tiny)
    assert found.health.loc["Z99001", ["km", "inside", "patients"]].to_list() == [1, True, 900]
    assert found.advice.loc["debt-1", ["km", "grade", "topics"]].to_list() == [1, "C", "debt"]
    assert "debt-3" not in found.advice.index  # graded X: closed
    assert any("Not loaded: hospitals" in note for note in found.notes)
    assert partners(PLAN, circle(9, 0.6), tiny, within_km=1).health.empty


# guard and published totals -----------------------------------------------------------------------------------------


def test_a_guard_sees_every_part_and_the_whole_before_any_figure(tiny: Evidence):
    seen: list[tuple[str, int]] = []
    assess(
        PLAN,
        [circle(2, name="a"), circle(7, name="b")],
        tiny,
        guard=lambda name, codes: seen.append((name, len(codes))),
    )
    assert seen == [("a", 3), ("b", 3), ("All together", 6)]

    def refuse(name: str, codes: frozenset[str]) -> None:
        raise PlanError(f"{name}: too few people")

    with pytest.raises(PlanError, match="too few people"):
        assess(PLAN, [circle(2)], tiny, guard=refuse)


@pytest.mark.replica
def test_a_district_by_name_has_its_published_totals(shared: Path, england_cache: Path):
    england = Evidence.load(england_cache)
    published = pd.read_csv(shared / "reference" / "imd_ltla" / "expected_ltla.csv").set_index("lad24cd")
    for code in ("E06000001", "E06000002", "E09000033"):
        total = assess(Plan(place=code), [Candidate.place(code, england)], england).total
        assert total.areas.equals(england.areas_of(code))
        found = deprivation_of(total, england)
        names = {"average_score": 3, "average_rank": 2, "proportion_worst_10": 4, "extent": 4, "local_concentration": 2}
        for name, decimals in names.items():
            # published scores and ranks are rounded, so the last digit may differ (METHODS §2.2)
            assert found[name] == pytest.approx(published.loc[code, f"imd_{name}"], abs=1.1 * 10**-decimals)
