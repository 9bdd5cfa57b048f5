"""Need: every step of the index by hand, and what must hold whatever the indicators."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hjp_geo.errors import PlanError
from hjp_geo.need import (
    NORMALISATIONS,
    area_summary,
    combine,
    contributions,
    data_share,
    imd_score,
    imd_transform,
    impute_group_mean,
    normalise,
    rank_intervals,
    treat_outliers,
)

NAN = math.nan


def areas(*values: float, name: str = "poverty") -> pd.Series:
    return pd.Series(values, index=list("ABCDEFGHIJ")[: len(values)], name=name, dtype=float)


# The English Indices of Deprivation ---------------------------------------------------------------------------------


def test_the_most_deprived_area_scores_100_and_the_median_one_about_16() -> None:
    # R = 1 gives −23 ln(e^(−100/23)) = 100. Of 2 areas the last has R = ½: e^(−100/23) = 0.012932,
    # 1 − ½ · 0.987068 = 0.506466, and −23 ln of that is 15.6468.
    assert imd_transform(areas(1, 2)).tolist() == pytest.approx([100, 15.6468], abs=1e-4)


def test_transforms_against_the_number_ranked_not_the_number_given() -> None:
    assert imd_transform([1, 5], n=10).tolist() == pytest.approx(imd_transform(list(range(1, 11)))[[0, 4]].tolist())


def test_a_missing_rank_has_a_missing_score() -> None:
    assert np.isnan(imd_transform(areas(1, NAN))["B"])


def test_the_weights_of_the_imd_are_used_as_they_are() -> None:
    # Rank 1 in both domains: 100 × 0.5 + 100 × 0.4 = 90, not 100.
    ranks = pd.DataFrame({"income": [1, 2], "health": [1, 2], "name": ["x", "y"]}, index=["A", "B"])
    score = imd_score(ranks, {"income": 0.5, "health": 0.4})
    assert score["A"] == pytest.approx(90)
    assert score.name == "imd_score"


def test_an_area_without_a_domain_has_no_imd() -> None:
    ranks = pd.DataFrame({"income": [1, 2], "health": [1, NAN]})
    assert imd_score(ranks, {"income": 0.5, "health": 0.5}).isna().tolist() == [False, True]


# Normalising --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("min_max", [0, 25, 100]),  # (10 − 5)/(25 − 5)
        ("percentile_rank", [0, 0.5, 1]),  # (rank − 1)/2
        ("probit", [-0.967422, 0, 0.967422]),  # quantiles of 1/6, 3/6, 5/6
        ("z", [-0.800641, -0.320256, 1.120897]),  # mean 13⅓, deviation 10.4083
        ("imd_exponential", imd_transform([3, 2, 1]).tolist()),
    ],
)
def test_normalises_low_to_high(method: str, expected: list[float]) -> None:
    assert normalise(areas(5, 10, 25), method).tolist() == pytest.approx(expected, abs=1e-6)


def test_the_indices_own_scale_is_the_default() -> None:
    assert normalise(areas(5, 10, 25)).equals(normalise(areas(5, 10, 25), "imd_exponential"))


def test_what_is_low_when_need_is_high_is_turned_round_once() -> None:
    assert normalise(areas(5, 10, 25), "min_max", polarity="low_is_need").tolist() == [100, 75, 0]


def test_goalposts_are_in_the_unit_of_the_indicator_and_cut_what_lies_beyond() -> None:
    # From 0 to 20: 5 is a quarter, 25 is past the post. Turned round, 5 is three quarters of the way to need.
    assert normalise(areas(5, 10, 25), "goalposts", goalposts=(0, 20)).tolist() == [25, 50, 100]
    turned = normalise(areas(5, 10, 25), "goalposts", goalposts=(0, 20), polarity="low_is_need")
    assert turned.tolist() == [75, 50, 0]


def test_a_geometric_index_starts_at_1() -> None:
    assert normalise(areas(5, 10, 25), "min_max", scale=(1, 100)).tolist() == [1, 25.75, 100]


def test_missing_stays_missing_and_is_not_counted() -> None:
    assert normalise(areas(5, NAN, 25), "percentile_rank").tolist() == pytest.approx([0, NAN, 1], nan_ok=True)
    assert normalise(areas(5, NAN, 25))["A"] == pytest.approx(imd_transform([2], n=2)[0])


def test_ties_take_the_smallest_rank() -> None:
    # Both at the top are rank 1 of 3.
    assert normalise(areas(5, 9, 9)).tolist() == pytest.approx(imd_transform([3, 1, 1]).tolist())


@pytest.mark.parametrize("method", ["min_max", "z"])
def test_an_indicator_that_is_the_same_everywhere_says_nothing(method: str) -> None:
    assert normalise(areas(4, 4, 4), method).isna().all()


def test_refuses_what_it_cannot_do() -> None:
    with pytest.raises(PlanError, match="polarity of poverty is 'none'"):
        normalise(areas(1, 2), polarity="none")
    with pytest.raises(PlanError, match="no normalisation 'rank'; there are goalposts"):
        normalise(areas(1, 2), "rank")
    with pytest.raises(PlanError, match="belong to the method 'goalposts'"):
        normalise(areas(1, 2), "min_max", goalposts=(0, 1))


@settings(deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=10), st.sampled_from(NORMALISATIONS))
def test_more_need_never_scores_less(values: list[int], method: str) -> None:
    goalposts = (-500, 500) if method == "goalposts" else None
    raw = areas(*values)
    assume(raw.nunique() > 1)
    scored = normalise(raw, method, goalposts=goalposts)
    assert scored[raw.sort_values().index].is_monotonic_increasing
    turned = normalise(-raw, method, polarity="low_is_need", goalposts=None if goalposts is None else (-500, 500))
    pd.testing.assert_series_equal(scored, turned)


# Outliers and gaps --------------------------------------------------------------------------------------------------


def test_an_indicator_without_outliers_is_left_alone() -> None:
    treated = treat_outliers(areas(1, 2, 3, 4, 5))
    assert (treated.treatment, treated.points) == ("none", 0)
    assert treated.values.tolist() == [1, 2, 3, 4, 5]


def test_one_wild_value_takes_the_next() -> None:
    treated = treat_outliers(areas(1, 2, 3, 4, 5, 6, 7, 8, NAN, 1000))
    assert (treated.treatment, treated.points) == ("winsorise", 1)
    assert treated.values.tolist() == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, NAN, 8], nan_ok=True)


def test_a_wild_low_value_takes_the_next_from_below() -> None:
    treated = treat_outliers(areas(1, 2, 3, 4, 5, 6, 7, 8, -1000))
    assert (treated.treatment, treated.points) == ("winsorise", 1)
    assert treated.values["I"] == 1


def test_takes_the_logarithm_where_capping_is_not_enough() -> None:
    values = areas(*(10.0**power for power in range(10)))
    treated = treat_outliers(values, max_points=0)
    assert treated.treatment == "log"
    # Range 999,999,999: the lowest becomes ln(1 % of it).
    assert treated.values["A"] == pytest.approx(math.log(9_999_999.99))


def test_fills_a_gap_with_the_mean_of_its_group_only() -> None:
    filled = impute_group_mean(areas(2, 4, NAN, 9, NAN), pd.Series(list("xxxyz"), index=list("ABCDE")))
    assert filled.tolist() == pytest.approx([2, 4, 3, 9, NAN], nan_ok=True)


# Weighting and adding -----------------------------------------------------------------------------------------------

THREE = pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]}, index=["A"])


@pytest.mark.parametrize(
    ("method", "weights", "expected"),
    [
        ("arithmetic", {"a": 1, "b": 1, "c": 2}, 9 / 4),
        ("geometric", {"a": 1, "b": 1, "c": 2}, 18**0.25),
        ("harmonic", {"a": 2, "b": 1, "c": 1}, 4 / (2 + 1 / 2 + 1 / 3)),
    ],
)
def test_adds_indicators_up(method: str, weights: dict[str, float], expected: float) -> None:
    assert combine(THREE, weights, method)["A"] == pytest.approx(expected)


def test_only_weighted_indicators_take_part_and_without_weights_all_do() -> None:
    assert combine(THREE, {"a": 5, "c": 5})["A"] == 2
    assert combine(THREE.assign(c=9.0))["A"] == 4


def test_a_score_uses_the_indicators_it_has_and_says_how_much_they_carry() -> None:
    # c is missing: (1·1 + 2·3)/4 of the 4 of 5 parts of the weight.
    indicators, weights = THREE.assign(c=NAN), {"a": 1, "b": 3, "c": 1}
    assert combine(indicators, weights)["A"] == 7 / 4
    assert data_share(indicators, weights)["A"] == 0.8


def test_a_score_from_less_than_two_thirds_of_the_weight_is_missing() -> None:
    # Three equal weights: two indicators are exactly two thirds and enough, one is not.
    weights = {"a": 0.1, "b": 0.1, "c": 0.1}
    assert combine(THREE.assign(c=NAN), weights)["A"] == pytest.approx(1.5)
    assert np.isnan(combine(THREE.assign(b=NAN, c=NAN), weights)["A"])
    assert contributions(THREE.assign(b=NAN, c=NAN), weights).isna().all(axis=None)


def test_says_what_each_indicator_gives() -> None:
    points = contributions(THREE.assign(c=NAN), {"a": 1, "b": 3, "c": 1})
    assert points.loc["A"].tolist() == pytest.approx([0.25, 1.5, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ({"a": -1, "b": 2}, r"weight of 'a' is -1; it must be a number, 0 or more"),
        ({"a": NAN}, "weight of 'a' is nan"),
        ({"a": math.inf}, "weight of 'a' is inf"),
        ({"a": 0, "b": 0}, r"no weight is above 0 \(a, b\)"),
        ({}, "none given"),
        ({"z": 1}, "a weight for 'z', but no such indicator; there are a, b, c"),
    ],
)
def test_refuses_weights_and_names_the_one_at_fault(weights: dict[str, float], says: str) -> None:
    for function in (combine, contributions, data_share):
        with pytest.raises(PlanError, match=says):
            function(THREE, weights)


def test_refuses_means_that_do_not_exist() -> None:
    with pytest.raises(PlanError, match="geometric mean needs values above 0; found 0"):
        combine(THREE.assign(a=0.0), method="geometric")
    with pytest.raises(PlanError, match="no aggregate 'median'; there are arithmetic"):
        combine(THREE, method="median")


@st.composite
def scored(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, float]]:
    rows = draw(st.integers(1, 8))
    value = st.one_of(st.floats(1, 100), st.just(NAN))
    table = {name: draw(st.lists(value, min_size=rows, max_size=rows)) for name in "abcd"}
    weights = {name: draw(st.floats(0, 10)) for name in "abcd"}
    assume(sum(weights.values()) > 0.01)
    return pd.DataFrame(table), weights


@settings(deadline=None)
@given(scored())
def test_contributions_add_up_to_the_score(case: tuple[pd.DataFrame, dict[str, float]]) -> None:
    indicators, weights = case
    score = combine(indicators, weights)
    points = contributions(indicators, weights).sum(axis=1, min_count=1)
    np.testing.assert_allclose(points, score, rtol=1e-9)


@settings(deadline=None)
@given(scored(), st.sampled_from(["arithmetic", "geometric", "harmonic"]), st.floats(0.1, 10))
def test_a_score_lies_between_its_indicators_and_only_proportions_count(
    case: tuple[pd.DataFrame, dict[str, float]], method: str, factor: float
) -> None:
    indicators, weights = case
    score = combine(indicators, weights, method)
    known = score.dropna().index
    assert (score[known] <= indicators.loc[known].max(axis=1) * (1 + 1e-9)).all()
    assert (score[known] >= indicators.loc[known].min(axis=1) * (1 - 1e-9)).all()
    scaled = combine(indicators, {name: weight * factor for name, weight in weights.items()}, method)
    np.testing.assert_allclose(scaled[known], score[known], rtol=1e-9)


# How sure a rank is --------------------------------------------------------------------------------------------------


def many(rows: int = 200, columns: int = 4) -> pd.DataFrame:
    values = np.random.default_rng(5).uniform(1, 100, (rows, columns))
    return pd.DataFrame(values, columns=list("abcdefgh")[:columns])


def test_certain_weights_give_certain_ranks() -> None:
    result = rank_intervals(many(), seed=1, draws=20, spread=0)
    for column in ("rank_median", "rank_lower", "rank_upper"):
        assert (result[column] == result["rank"]).all()
    assert (result["worst_tenth_probability"] == (result["rank"] <= 20)).all()


def test_the_same_seed_gives_the_same_and_another_gives_another() -> None:
    pd.testing.assert_frame_equal(rank_intervals(many(), seed=1, draws=40), rank_intervals(many(), seed=1, draws=40))
    assert not rank_intervals(many(), seed=1, draws=40).equals(rank_intervals(many(), seed=2, draws=40))


def test_ranks_of_each_draw_are_those_of_pandas() -> None:
    # The same draws, one by one: a second engine.
    indicators = many(60).round(-1).clip(lower=10)
    indicators.iloc[::7, 1] = NAN
    factors = np.random.default_rng(9).uniform(0.75, 1.25, (30, 4))
    ranks = pd.concat(
        [
            combine(indicators, dict(zip("abcd", row, strict=True))).rank(method="min", ascending=False)
            for row in factors
        ],
        axis=1,
    )
    result = rank_intervals(indicators, seed=9, draws=30)
    np.testing.assert_allclose(result["rank_median"], ranks.median(axis=1))
    np.testing.assert_allclose(result["rank_lower"], ranks.quantile(0.05, axis=1))
    np.testing.assert_allclose(result["rank_upper"], ranks.quantile(0.95, axis=1))
    np.testing.assert_allclose(result["worst_tenth_probability"], (ranks <= 6).mean(axis=1))


def test_an_area_that_is_worst_in_everything_is_always_first() -> None:
    indicators = pd.concat([many(), pd.DataFrame({name: [101.0] for name in "abcd"}, index=["worst"])])
    worst = rank_intervals(indicators, seed=3, draws=50, spread=1, methods=["arithmetic", "geometric", "harmonic"])
    assert (worst.loc["worst"] == 1).all()  # every rank is 1, every probability 1


def test_equal_areas_have_equal_ranks_in_every_draw() -> None:
    indicators = pd.concat([many(), many()], ignore_index=True)
    result = rank_intervals(indicators, seed=4, draws=30)
    np.testing.assert_array_equal(result.iloc[:200], result.iloc[200:])


def test_an_area_without_a_score_is_not_ranked() -> None:
    indicators = many(20)
    indicators.loc[3, ["a", "b", "c"]] = NAN
    result = rank_intervals(indicators, seed=1, draws=10)
    assert result.loc[3].isna().all()
    assert result["rank"].max() == 19


def test_a_permitted_normalisation_is_drawn_too() -> None:
    # Under the second normalisation every order is reversed, so ranks run from one end to the other.
    result = rank_intervals([many(), 101 - many()], seed=1, draws=100, spread=0)
    assert ((result["rank_lower"] - (201 - result["rank"])).abs().min()) == 0
    assert (result["rank_upper"] > result["rank_lower"]).mean() > 0.9


def test_refuses_draws_that_make_no_sense() -> None:
    with pytest.raises(PlanError, match="0 draws"):
        rank_intervals(many(), seed=1, draws=0)
    with pytest.raises(PlanError, match=r"spread 1\.5"):
        rank_intervals(many(), seed=1, spread=1.5)
    with pytest.raises(PlanError, match="different areas"):
        rank_intervals([many(20), many(30)], seed=1)


# Whole places --------------------------------------------------------------------------------------------------------


def test_sums_up_a_place() -> None:
    # Ten areas in the country; the place has ranks 1 and 10 with 100 and 300 people.
    ranks = pd.Series(range(1, 11), index=list("ABCDEFGHIJ"), dtype=float)
    people = pd.Series(100.0, index=ranks.index)
    people["J"] = 300
    places = pd.Series({"A": "town", "J": "town", "B": "village"})
    summary = area_summary(ranks, people, places, scores=ranks * 2)
    town = summary.loc["town"]
    assert town["population"] == 400
    assert town["average_rank"] == (100 * 10 + 300 * 1) / 400  # high = more deprived
    assert town["average_score"] == (100 * 2 + 300 * 20) / 400
    assert town["proportion_worst_10"] == 0.5  # of areas, not of people
    assert town["extent"] == 0.25  # percentile 10 counts in full, 100 not
    assert town["local_concentration"] == 10  # the most deprived 40 people all live in A
    # Rank 2 of 10 is percentile 20: 0.95 − 9 × 0.9/19.
    assert summary.loc["village", "extent"] == pytest.approx(0.95 - 9 * 0.9 / 19)


def test_local_concentration_takes_the_last_area_in_part() -> None:
    # 1,000 people, so 100: all 60 of A (rank 1 → 10) and 40 of B's 940 (rank 5 → 6).
    ranks, people = pd.Series({"A": 1.0, "B": 5.0}), pd.Series({"A": 60.0, "B": 940.0})
    summary = area_summary(ranks, people, pd.Series({"A": "town", "B": "town"}), n=10)
    assert summary.loc["town", "local_concentration"] == pytest.approx((60 * 10 + 40 * 6) / 100)


def test_areas_without_a_rank_or_a_score_are_left_out_not_counted_as_nothing() -> None:
    ranks, people = pd.Series({"A": 1.0, "B": NAN, "C": 2.0}), pd.Series({"A": 50.0, "B": 50.0, "C": 50.0})
    places = pd.Series({"A": "town", "B": "town", "C": "town", "D": "empty"})
    summary = area_summary(ranks, people, places, scores=pd.Series({"A": 30.0}))
    assert summary.loc["town", ["population", "average_score"]].tolist() == [100, 30]
    assert "empty" not in summary.index


def test_a_place_where_nobody_lives_has_no_average() -> None:
    summary = area_summary(pd.Series({"A": 1.0}), pd.Series({"A": 0.0}), pd.Series({"A": "town"}))
    assert np.isnan(summary.loc["town", "average_rank"])
    assert summary.loc["town", "proportion_worst_10"] == 0
