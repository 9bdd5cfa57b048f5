"""Flags drawn again with weights, thresholds, journeys and the existence of sites: probabilities worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_services import service, with_services
from tiny_warehouse import CODES

from hjp_geo.desert import DESERT_RULES
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats, export
from hjp_geo.plan import Plan, answer
from hjp_geo.uncertainty import EXISTS, Redraw, redraw_flags, totals_by_certainty, with_flag_probability

NOTHING_MOVES = {"weight_spread": 0.0, "threshold_spread": 0.0, "journey_spread": 0.0, "grades": ()}
STILL = Redraw(draws=3, **NOTHING_MOVES)
DRAWN = sorted(set(DESERT_RULES) - {"low_access_cluster"})


@pytest.mark.parametrize("rule", DRAWN)
def test_where_nothing_moves_the_flags_are_the_plans_own(tiny: Evidence, rule: str):
    plan = Plan(cutoff_km=3, desert=rule, own_rule="need_fifth = 1 and (nearest > 8 or sites_in_reach < 1)")
    drawn, found = redraw_flags(plan, tiny, STILL), answer(plan, tiny)
    assert drawn["desert_probability"].to_list() == found.framed["desert"].astype(float).to_list()
    assert set(drawn["certainty"]) <= {"robust", "clear"}
    assert drawn.attrs["people_flagged"] == (found.totals.people_flagged,) * 3


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from([-1, 0, 1, 2.5, 4, 6, 9]), min_size=1, max_size=5),
    st.sampled_from(DRAWN),
    st.sampled_from(
        ["enhanced_floating_catchment_area", "three_step_floating_catchment_area", "cumulative_opportunities"]
    ),
    st.sampled_from(["step", "linear", "binary"]),
)
def test_the_second_way_to_the_flags_gives_the_same(
    tiny: Evidence, where: list[float], rule: str, measure: str, decay: str
):
    # a draw weighs and ranks by its own arrays, the answer by its own tables: with nothing moved they must agree
    known = with_services(tiny, [service(f"s{n}", km) for n, km in enumerate(where)])
    plan = Plan(cutoff_km=3, desert=rule, measure=measure, decay=decay, own_rule="access_pct < 40 and nearest > 1")
    drawn = redraw_flags(plan, known, STILL)["desert_probability"]
    assert drawn.to_list() == answer(plan, known).framed["desert"].astype(float).to_list()


def test_a_site_exists_with_the_chance_of_its_grade(tiny: Evidence):
    # the one office has grade C: it is there in 85 % of the draws. West Row is a desert where not, East Row always
    redraw = Redraw(draws=2_000, weight_spread=0, threshold_spread=0, journey_spread=0)
    drawn = redraw_flags(Plan(desert="no_provider_in_district"), tiny, redraw)
    west, east = drawn["desert_probability"].iloc[:5], drawn["desert_probability"].iloc[5:]
    assert west.nunique() == 1
    assert west.iloc[0] == pytest.approx(1 - EXISTS["C"], abs=0.03)  # four standard errors of 2,000 draws
    assert (east == 1).all()
    assert drawn["certainty"].to_list() == ["possible"] * 5 + ["robust"] * 5


def test_a_site_that_cannot_exist_leaves_everybody_beyond_reach(tiny: Evidence):
    redraw = Redraw(draws=5, weight_spread=0, threshold_spread=0, journey_spread=0, grades=(("C", 0.0),))
    drawn = redraw_flags(Plan(desert="beyond_distance"), tiny, redraw)
    assert (drawn["desert_probability"] == 1).all()


def test_longer_journeys_put_the_edge_out_of_reach(tiny: Evidence):
    # limit 4 km, journeys × 0.8 to 1.2: area 4 (4 km) is beyond where the factor is over 1, in half of the draws;
    # area 3 (3 km, at most 3.6) never, area 5 (5 km, at least 4.0) always but at the very end
    redraw = Redraw(draws=400, weight_spread=0, threshold_spread=0, grades=())
    drawn = redraw_flags(Plan(cutoff_km=4, desert="beyond_distance"), tiny, redraw)["desert_probability"]
    assert drawn[CODES[3]] == 0
    assert drawn[CODES[4]] == pytest.approx(0.5, abs=0.1)
    assert drawn[CODES[5]] > 0.95


def test_thresholds_move_the_worst_share(tiny: Evidence):
    # a worst share of 20 % ± 10 % of ten areas is two areas or, below 20 %, one: area 9 always, area 8 in about half
    redraw = Redraw(draws=400, weight_spread=0, journey_spread=0, grades=())
    drawn = redraw_flags(Plan(cutoff_km=1), tiny, redraw)["desert_probability"]
    assert drawn[CODES[9]] == 1
    assert 0.4 < drawn[CODES[8]] < 0.6


def test_weights_move_need(tiny: Evidence):
    # nothing in reach of areas 4 to 9; income rises along the row as cancer falls, on scales without a bend: areas 8
    # and 9 are the worst where income weighs more, in about half of the draws, and else areas 0 and 1
    plan = Plan(cutoff_km=3, weights={"income_deprivation": 1, "cancer_prevalence": 1}, normalisation="percentile_rank")
    redraw = Redraw(draws=200, threshold_spread=0, journey_spread=0, grades=())
    drawn = redraw_flags(plan, tiny, redraw)["desert_probability"]
    assert 0.3 < drawn[CODES[9]] < 0.7
    assert (drawn.iloc[:8] == 0).all()


def test_the_same_seed_draws_the_same(tiny: Evidence):
    plan = Plan(cutoff_km=3, desert="beyond_distance")
    one, again, other = (redraw_flags(plan, tiny, Redraw(draws=40, seed=seed)) for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)


def test_no_verdict_has_no_probability(tiny: Evidence):
    drawn = redraw_flags(Plan(topic="immigration"), tiny, STILL)
    assert drawn.isna().all(axis=None)


def test_clusters_are_not_drawn_again(tiny: Evidence):
    with pytest.raises(PlanError, match="not drawn again"):
        redraw_flags(Plan(desert="low_access_cluster"), tiny)


@pytest.mark.parametrize("bad", [{"draws": 0}, {"journey_spread": 1.0}, {"grades": (("C", 1.5),)}])
def test_what_cannot_be_drawn_is_refused(bad: dict[str, object]):
    with pytest.raises(PlanError, match="expected"):
        Redraw(**bad)  # type: ignore[arg-type]


def test_people_flagged_have_a_range_and_the_file_says_what_was_drawn(tiny: Evidence, tmp_path: Path):
    found = with_flag_probability(answer(Plan(cutoff_km=3), tiny), tiny, Redraw(draws=50))
    drawn = found.run["flags_redrawn"]
    assert drawn["people_flagged_p05"] <= drawn["people_flagged_median"] <= drawn["people_flagged_p95"]
    assert totals_by_certainty(found)["areas"].sum() == 10
    assert any("50 draws (seed 42)" in line and "no confidence interval" in line for line in caveats(found, tiny))
    text = export(found, tiny, tmp_path / "x.csv").read_text("utf-8-sig")
    assert "each listed site there with the chance of its grade (A 98%, B 95%, C 85%, D 60%)" in text


def test_remote_advice_stays_as_it_is(tiny: Evidence):
    rows = [service("a", 0), service("p", None, channel="phone", evidence="own", served_areas="E07990002")]
    plan = Plan(cutoff_km=3, remote="count", worst_share=0.5)
    known = with_services(tiny, rows)
    drawn = redraw_flags(plan, known, STILL)["desert_probability"]
    np.testing.assert_array_equal(drawn, answer(plan, known).framed["desert"].astype(float))
