"""A plan is checked when it is made; its answer is worked out by hand on ten areas in a row (`tiny_warehouse`)."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_layers import with_layers
from tiny_warehouse import CODES

from hjp_geo.composite import AGGREGATIONS, NORMALISATIONS
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats
from hjp_geo.plan import TOPICS, Plan, answer


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("weights", {"income_deprivation": -1}, "weight of income_deprivation is -1"),
        ("weights", {"income_deprivation": float("nan")}, "weight of income_deprivation is nan"),
        ("weights", {"income_deprivation": 0}, "Every weight is 0"),
        ("topic", "divorce", "topic is 'divorce', expected one of welfare_benefits"),
        ("cutoff_km", 0, "cutoff_km is 0"),
        ("cutoff_km", 51, "at most 50"),
        ("desert", "sahara", "desert is 'sahara'"),
        ("measure", "guess", "measure is 'guess'"),
        ("frame", "moon", "frame is 'moon'"),
    ],
)
def test_a_bad_setting_is_named_with_what_was_expected(setting: str, value: object, said: str):
    with pytest.raises(PlanError, match=said):
        Plan(**{setting: value})


def test_a_plan_survives_being_written_and_read():
    plan = Plan(place="E54990001", weights={"b": 1, "a": 2}, topic="housing", cutoff_km=5)
    assert Plan.from_dict(json.loads(plan.to_json())) == plan
    assert hash(Plan.from_dict(plan.to_dict())) == hash(plan)


def test_the_order_of_weights_does_not_make_another_plan():
    assert Plan(weights={"a": 1, "b": 2}) == Plan(weights={"b": 2, "a": 1})


def test_an_unknown_setting_is_named():
    with pytest.raises(PlanError, match="no setting colour"):
        Plan.from_dict({"colour": "red"})


def test_an_unknown_place_suggests_the_nearest(tiny: Evidence):
    with pytest.raises(PlanError, match=r"No place 'West Raw'\. Did you mean West Row"):
        answer(Plan(place="West Raw"), tiny)


def test_a_name_that_several_places_hold_asks_for_a_code(tiny: Evidence):
    with pytest.raises(PlanError, match="Give the code of one"):
        answer(Plan(place="row"), tiny)


def test_an_unknown_layer_is_named(tiny: Evidence):
    with pytest.raises(PlanError, match="No need layer 'shoe_size'"):
        answer(Plan(weights={"shoe_size": 1}), tiny)


def test_a_people_layer_is_no_need_layer(tiny: Evidence):
    with pytest.raises(PlanError, match="No need layer 'residents'"):
        answer(Plan(weights={"residents": 1}), tiny)


def test_need_is_ranked_among_the_frame(tiny: Evidence):
    # income deprivation is n for area n, so area 9 has most need: rank 1 of 10, in the worst fifth with area 8
    areas = answer(Plan(), tiny).areas
    assert areas["need_rank"].to_list() == list(range(10, 0, -1))
    assert areas.index[areas["need_fifth"] == 1].to_list() == CODES[8:]


def test_contributions_add_up_to_the_need_score(tiny: Evidence):
    areas = answer(Plan(weights={"income_deprivation": 3, "cancer_prevalence": 1}), tiny).areas
    points = areas.filter(like="points_").sum(axis=1)
    np.testing.assert_allclose(points, areas["need"], rtol=1e-12)


def test_access_shares_the_site_among_those_in_reach(tiny: Evidence):
    # cutoff 3 km: one site at area 0; areas 0 to 3 are 0, 1, 2, 3 km away: weights 1, 1, .68, .22 (thirds of 3 km).
    # people in need there: 0, 1, 2, 3 → weighted 0 + 1 + 1.36 + 0.66 = 3.02; the site gives 1/3.02 to each, weighted.
    areas = answer(Plan(cutoff_km=3), tiny).areas
    expected = [1 / 3.02, 1 / 3.02, 0.68 / 3.02, 0.22 / 3.02, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(areas["access"], np.array(expected) * 100_000)
    assert areas["sites_in_reach"].to_list() == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]


def test_the_reach_of_a_site_is_inclusive(tiny: Evidence):
    areas = answer(Plan(cutoff_km=4), tiny).areas
    assert areas["sites_in_reach"].loc[CODES[4]] == 1  # exactly 4 km
    assert areas["sites_in_reach"].loc[CODES[5]] == 0


def test_the_worst_fifth_of_both_is_a_desert_and_says_why(tiny: Evidence):
    # cutoff 3 km: areas 4 to 9 reach nothing, all tied worst for access; need's worst fifth is areas 8 and 9
    found = answer(Plan(cutoff_km=3), tiny)
    assert found.areas.index[found.areas["desert"]].to_list() == CODES[8:]
    assert found.areas.loc[CODES[9], "reason"] == "too_far"
    assert "The nearest site is 9.0 km away, beyond the limit of 3 km." in found.why(CODES[9])
    assert "Not a desert" in found.why(CODES[0])
    assert found.totals.people_flagged == 200


def test_home_visits_count_only_when_asked_and_closed_sites_never(tiny: Evidence):
    assert answer(Plan(), tiny).sites.index.to_list() == ["debt-1"]
    assert answer(Plan(outreach="count"), tiny).sites.index.to_list() == ["debt-1", "debt-2"]


def test_a_topic_that_no_list_covers_gives_no_verdict_anywhere(tiny: Evidence):
    found = answer(Plan(topic="immigration"), tiny)
    assert not found.known
    assert found.areas["desert"].isna().all()
    assert found.areas["access"].isna().all()  # missing, not zero
    assert found.totals.areas_flagged == 0
    assert found.totals.areas_without_verdict == 10
    assert "No verdict" in found.why(CODES[0])


def test_what_is_assumed_counts_only_when_asked(tiny: Evidence):
    assert not answer(Plan(topic="housing"), tiny).known
    assert answer(Plan(topic="housing", counting="listed_and_assumed"), tiny).known


def test_a_place_is_judged_against_all_areas_or_its_own(tiny: Evidence):
    # West Row is areas 0 to 4: none is among the worst fifth of all ten, area 4 is the worst fifth of its own five
    west = answer(Plan(place="West Row"), tiny)
    assert west.areas.index.to_list() == CODES[:5]
    assert (west.areas["need_fifth"] > 1).all()
    own = answer(Plan(place="West Row", frame="place"), tiny)
    assert own.areas.index[own.areas["need_fifth"] == 1].to_list() == [CODES[4]]


def test_sites_over_the_border_serve_a_place(tiny: Evidence):
    east = answer(Plan(place="East Row"), tiny)
    assert east.sites["in_place"].to_list() == [True]  # the office stands in West Row, 5 km from area 5
    assert east.areas.loc[CODES[5], "sites_in_reach"] == 1


def test_district_rule_counts_the_sites_of_each_district(tiny: Evidence):
    found = answer(Plan(desert="no_provider_in_district"), tiny)
    assert found.areas.index[found.areas["desert"]].to_list() == CODES[5:]


def test_every_answer_carries_its_credits_and_its_run(tiny: Evidence):
    found = answer(Plan(), tiny)
    assert found.attribution == ("Made up, in the layout of: Made-up rows (Nobody).",)
    assert found.run["plan"] == Plan().to_dict()
    assert found.run["made_up"] is True


@given(weight=st.floats(0.01, 100), scale=st.floats(0.1, 10))
def test_only_the_proportions_of_weights_matter(tiny: Evidence, weight: float, scale: float):
    one = Plan(weights={"income_deprivation": weight, "cancer_prevalence": 1})
    other = Plan(weights={"income_deprivation": weight * scale, "cancer_prevalence": scale})
    np.testing.assert_allclose(answer(one, tiny).areas["need"], answer(other, tiny).areas["need"], rtol=1e-9)


@pytest.mark.parametrize("topic", TOPICS)
def test_no_data_is_never_a_desert(tiny: Evidence, topic: str):
    found = answer(Plan(topic=topic), tiny)
    missing = found.areas["access"].isna()
    assert found.areas.loc[missing, "desert"].isna().all()


# the need index -----------------------------------------------------------------------------------------------------

NAN = float("nan")
RECIPES = [
    (normalisation, aggregate)
    for normalisation in NORMALISATIONS
    for aggregate in AGGREGATIONS
    if aggregate == "arithmetic" or normalisation not in ("z", "probit")
]
gappy = st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=10, max_size=10)


def three_layers(tiny: Evidence, *columns: list[int | None]) -> Evidence:
    named = {name: [NAN if x is None else x for x in column] for name, column in zip("abc", columns, strict=True)}
    return with_layers(tiny, named, polarity={"c": "low_is_need"})


@settings(max_examples=60, deadline=None)
@given(st.data(), *[st.lists(st.integers(-5, 5), min_size=10, max_size=10)] * 3, st.sampled_from(["a", "b", "c"]))
def test_more_need_in_one_layer_never_lowers_an_area_and_never_raises_another(
    tiny: Evidence, data: st.DataObject, a: list[int], b: list[int], c: list[int], which: str
):
    on_ranks = [one for one in RECIPES if one[0] not in ("z", "min_max")]  # those have outliers pulled in as well
    normalisation, aggregate = data.draw(st.sampled_from(on_ranks))
    area, step = data.draw(st.integers(0, 9)), data.draw(st.integers(1, 9))
    plan = Plan(weights={"a": 1, "b": 2, "c": 3}, normalisation=normalisation, aggregate=aggregate)
    before = answer(plan, three_layers(tiny, a, b, c)).areas["need"]
    columns = {"a": list(a), "b": list(b), "c": list(c)}
    columns[which][area] += -step if which == "c" else step  # c is a layer where low is need
    after = answer(plan, three_layers(tiny, *columns.values())).areas["need"]
    others = np.arange(10) != area
    assert after.iloc[area] >= before.iloc[area] - 1e-9
    assert (after[others] <= before[others] + 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(gappy, gappy, gappy, st.sampled_from(RECIPES))
def test_no_area_with_missing_input_gets_a_number_without_saying_so(
    tiny: Evidence, a: list[int | None], b: list[int | None], c: list[int | None], recipe: tuple[str, str]
):
    # weights 1, 2 and 3 of 6: an area needs 4 of the 6, so c with either of the others
    known = three_layers(tiny, a, b, c)
    plan = Plan(weights={"a": 1, "b": 2, "c": 3}, normalisation=recipe[0], aggregate=recipe[1])
    found = answer(plan, known)
    has = known.values.loc[found.areas.index, ["a", "b", "c"]].notna()
    share = (has * [1, 2, 3]).sum(axis=1) / 6
    assert (found.areas["need_data_share"] <= share + 1e-12).all()
    assert found.areas.loc[share < 4 / 6 - 1e-9, "need"].isna().all()
    for code in found.areas.index[found.areas["need_data_share"] < 1 - 1e-9]:
        assert "% of the weight: the rest has no data here" in found.why(code)
    gaps = int((found.areas["need_data_share"] < 1 - 1e-9).sum())
    assert any(f"need layers: {gaps:,}." in line for line in caveats(found, known)) == (gaps > 0)


@settings(max_examples=30, deadline=None)
@given(gappy, gappy, gappy, st.sampled_from(list(NORMALISATIONS)))
def test_contributions_add_up_to_the_score_whatever_the_scale(
    tiny: Evidence, a: list[int | None], b: list[int | None], c: list[int | None], normalisation: str
):
    plan = Plan(weights={"a": 1, "b": 2, "c": 3}, normalisation=normalisation)
    areas = answer(plan, three_layers(tiny, a, b, c)).areas
    scored = areas["need"].notna()
    points = areas.loc[scored].filter(like="points_").sum(axis=1)
    np.testing.assert_allclose(points, areas.loc[scored, "need"], rtol=1e-9, atol=1e-9)


def test_a_mean_without_contributions_has_no_points(tiny: Evidence):
    areas = answer(Plan(weights={"income_deprivation": 1, "cancer_prevalence": 1}, aggregate="geometric"), tiny).areas
    assert not any(column.startswith("points_") for column in areas)


def test_scales_and_means_worked_by_hand(tiny: Evidence):
    # income n and cancer 9 - n for area n. Between lowest and highest: area 0 has 0 and 100; mean 50. For the geometric
    # mean the scale runs from 1 to 100: √(1 · 100) = 10; harmonic 2 / (1 + 1/100) = 1.980198
    both = {"income_deprivation": 1.0, "cancer_prevalence": 1.0}
    expected = {"arithmetic": 50, "geometric": 10, "harmonic": 2 / 1.01}
    for normalisation in ("min_max", "percentile_rank"):
        for aggregate, score in expected.items():
            plan = Plan(weights=both, normalisation=normalisation, aggregate=aggregate)
            assert answer(plan, tiny).areas["need"].iloc[0] == pytest.approx(score)


@pytest.mark.parametrize("normalisation", ["z", "probit"])
@pytest.mark.parametrize("aggregate", ["geometric", "harmonic"])
def test_means_that_need_values_above_zero_refuse_scales_around_it(normalisation: str, aggregate: str):
    with pytest.raises(PlanError, match=f"A {aggregate} mean needs values above 0"):
        Plan(normalisation=normalisation, aggregate=aggregate)


def test_extreme_values_are_pulled_in_where_distances_count_and_it_is_said(tiny: Evidence):
    # 0 … 8 and 1,000: skewness 3.1 and kurtosis 9.9, so the highest takes the next value, 8
    wild = with_layers(tiny, {"a": [*range(9), 1000]})
    found = answer(Plan(weights={"a": 1}, normalisation="min_max"), wild)
    assert found.areas["need"].to_list() == pytest.approx([100 * n / 8 for n in (*range(9), 8)])
    assert found.treatments == {"a": "extreme values that took the next value: 1"}
    assert "Before it was scaled, A: extreme values that took the next value: 1." in caveats(found, wild)
    assert answer(Plan(weights={"a": 1}), wild).treatments == {}


def test_an_area_whose_need_is_not_known_has_no_verdict_and_says_why(tiny: Evidence):
    gap = with_layers(tiny, {"a": [NAN, *range(9)]})
    found = answer(Plan(weights={"a": 1}), gap)
    assert found.areas["desert"].isna().to_list() == [True] + [False] * 9
    assert "No verdict: its need is not known, because data are missing." in found.why(CODES[0])


@pytest.mark.parametrize("name", ["", "Cancer", "<b>", "x" * 61])
def test_a_preset_is_a_plain_name(name: str):
    with pytest.raises(PlanError, match="expected a name of small letters"):
        Plan(preset=name)
