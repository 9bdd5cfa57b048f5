"""Statistics that travel with a number, on cases small enough to work by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from hjp_geo.errors import PlanError
from hjp_geo.statistics import (
    byar,
    concentration_index,
    exact_poisson,
    fgt,
    gini,
    palma,
    slope_index_of_inequality,
    theil,
    theil_by_group,
    wilson,
)

NAN = math.nan


# Intervals ----------------------------------------------------------------------------------------------------------


def test_no_cases_and_all_cases_reach_the_end_of_the_scale() -> None:
    assert wilson(0, 20).lower == 0
    assert wilson(20, 20).upper == 1
    assert exact_poisson(0).lower == byar(0).lower == 0


def test_exact_limits_of_no_events_follow_from_the_chance_of_none() -> None:
    # e^(−x) = 2.5 % at x = −ln 0.025.
    assert exact_poisson(0).upper == pytest.approx(-math.log(0.025))


def test_a_lower_limit_is_never_negative() -> None:
    assert byar(1, confidence=0.998).lower == 0


def test_a_rate_is_the_limits_of_the_count_over_the_denominator() -> None:
    for method in (byar, exact_poisson):
        assert method(20, 500) == pytest.approx([limit / 500 for limit in method(20)])


def test_takes_series_by_code_and_keeps_missing_missing() -> None:
    count = pd.Series({"A": 5.0, "B": NAN, "C": 2.0})
    limits = wilson(count, pd.Series({"C": 10.0, "B": 10.0, "A": 10.0}))
    assert limits.lower.name == "lower_ci"
    assert limits.lower["A"] == wilson(5, 10).lower
    assert np.isnan(limits.lower["B"])
    assert np.isnan(limits.upper["B"])


@pytest.mark.parametrize(
    ("method", "count", "denominator", "says"),
    [
        (wilson, 11, 10, "11 of 10"),
        (wilson, -1, 10, "count of -1"),
        (byar, -1, 10, "count of -1"),
        (exact_poisson, 1, 0, "denominator of 0"),
        (wilson, 0, -5, "denominator of -5"),
    ],
)
def test_refuses_counts_that_cannot_be(method, count: float, denominator: float, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        method(count, denominator)


def test_refuses_a_confidence_in_per_cent() -> None:
    with pytest.raises(PlanError, match="confidence of 95"):
        wilson(1, 10, 95)


@settings(deadline=None)
@given(st.floats(0.01, 1000), st.floats(1, 1000), st.floats(0.5, 0.999))
def test_an_interval_holds_its_estimate_and_widens_with_confidence(
    count: float, more: float, confidence: float
) -> None:
    for method in (wilson, byar, exact_poisson):
        narrow, wide = method(count, count + more, confidence), method(count, count + more, (1 + confidence) / 2)
        assert wide.lower <= narrow.lower <= count / (count + more) <= narrow.upper <= wide.upper


@settings(deadline=None)
@given(st.integers(1, 200), st.floats(0.5, 0.999))
def test_exact_limits_are_those_at_which_the_count_is_just_believable(count: int, confidence: float) -> None:
    lower, upper = exact_poisson(count, confidence=confidence)
    assert stats.poisson.sf(count - 1, lower) == pytest.approx((1 - confidence) / 2)
    assert stats.poisson.cdf(count, upper) == pytest.approx((1 - confidence) / 2)


# Inequality ---------------------------------------------------------------------------------------------------------


def test_two_areas_of_which_one_has_three_times_the_access() -> None:
    # Gini: 1 − ½(0 + ¼) − ½(¼ + 1) = ¼; if the better-off have more, concentration is the same, else its negative.
    assert gini([1, 3], [1, 1]) == pytest.approx(0.25)
    assert concentration_index([1, 3], [1, 1], [10, 20]) == pytest.approx(0.25)
    assert concentration_index([1, 3], [1, 1], [20, 10]) == pytest.approx(-0.25)
    # Corrected: 0.25 × 4 × 2/(3 − 1).
    assert concentration_index([1, 3], [1, 1], [10, 20], form="corrected") == pytest.approx(1)


def test_equally_deprived_areas_share_a_rank_whatever_their_order() -> None:
    # Both poor areas are at rank ⅓, the rich one at ⅚: 2·(⅓(⅓−½)(0−3) + ⅓(⅓−½)(6−3) + ⅓(⅚−½)(3−3))/3 = 0.
    for values in ([0, 6, 3], [6, 0, 3]):
        assert concentration_index(values, [1, 1, 1], [1, 1, 2]) == pytest.approx(0, abs=1e-15)


def test_theil_divides_into_between_and_within() -> None:
    # Two groups of two people: 1 and 1, 2 and 4. Mean 2; shares of the total ¼ and ¾, group means 1 and 3.
    parts = theil_by_group([1, 1, 2, 4], [1, 1, 1, 1], ["x", "x", "y", "y"])
    between = 0.5 * 0.5 * math.log(0.5) + 0.5 * 1.5 * math.log(1.5)
    within = 0.75 * (0.5 * 2 / 3 * math.log(2 / 3) + 0.5 * 4 / 3 * math.log(4 / 3))
    assert parts == pytest.approx((between + within, between, within))


def test_a_group_without_any_access_has_no_inequality_inside() -> None:
    assert theil_by_group([0, 0, 1], [1, 1, 2], ["x", "x", "y"]) == pytest.approx((math.log(2), math.log(2), 0))


def test_palma_compares_the_richest_tenth_with_the_poorest_four() -> None:
    # Incomes 1…10, one person each: the 90th percentile is 9, the 40th is 4. 20 over the mean of 2, 2, 2 and 4.
    access = [2, 2, 2, 4, 9, 9, 9, 9, 9, 20]
    assert palma(access, [1] * 10, list(range(1, 11))) == pytest.approx(20 / 2.5)


def test_palma_takes_its_limits_from_areas_without_access_too() -> None:
    access = [2, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 20]
    assert palma(access, [1] * 10, list(range(1, 11))) == 10


def test_palma_is_missing_where_a_side_is_empty() -> None:
    assert np.isnan(palma([1, 2, NAN], [1, 1, 8], [1, 2, 3]))


def test_access_poverty_counts_those_strictly_below_the_line() -> None:
    # Line 10: shortfalls 1, ½ and, on the line, none: ½, (1 + ½)/4, (1 + ¼)/4.
    access, people = [0, 5, 10, 20], [1, 1, 1, 1]
    assert [fgt(access, people, 10, alpha) for alpha in (0, 1, 2)] == [0.5, 0.375, 0.3125]


def test_areas_with_no_people_or_no_figure_take_no_part() -> None:
    access, people = pd.Series([1.0, 3, 99, NAN, 7]), pd.Series([1.0, 1, 0, 5, NAN])
    assert gini(access, people) == pytest.approx(0.25)
    assert theil(access, people) == pytest.approx(theil([1, 3], [1, 1]))
    assert fgt(access, people, 2, 0) == 0.5
    assert concentration_index(access, people, pd.Series([1, 2, 3, 4, 5.0])) == pytest.approx(0.25)


def test_series_meet_by_code_not_by_place() -> None:
    access, people = pd.Series({"A": 1.0, "B": 3.0}), pd.Series({"B": 1.0, "A": 9.0})
    assert gini(access, people) == pytest.approx(gini([1, 3], [9, 1]))


def test_where_nobody_has_access_inequality_is_missing() -> None:
    for result in (gini([0, 0], [1, 1]), theil([0, 0], [1, 1]), concentration_index([0, 0], [1, 1], [1, 2])):
        assert np.isnan(result)
    assert np.isnan(gini([], []))


def test_refuses_values_that_an_index_is_not_for() -> None:
    with pytest.raises(PlanError, match="a value of -1; the Gini index"):
        gini([-1, 2], [1, 1])
    with pytest.raises(PlanError, match="population of -1"):
        theil([1, 2], [-1, 1])
    with pytest.raises(PlanError, match="line of 0"):
        fgt([1], [1], 0, 1)
    with pytest.raises(PlanError, match="no form 'erreygers'"):
        concentration_index([1, 2], [1, 1], [1, 2], form="erreygers")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 100), st.integers(1, 50)), min_size=2, max_size=10),
    st.floats(0.1, 10),
)
def test_inequality_does_not_depend_on_the_unit_or_on_cutting_areas_up(
    areas: list[tuple[float, int]], factor: float
) -> None:
    access, people = map(np.array, zip(*areas, strict=True))
    halves, half_people = np.repeat(access, 2), np.repeat(people / 2, 2)
    for index in (gini, theil):
        assert index(access * factor, people) == pytest.approx(index(access, people), abs=1e-9)
        assert index(halves, half_people) == pytest.approx(index(access, people), abs=1e-9)
        assert index(access, people) >= -1e-12
    rank = np.arange(len(access))
    assert abs(concentration_index(access, people, rank)) <= gini(access, people) + 1e-9


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 50), st.sampled_from("xyz")), min_size=2, max_size=12))
def test_theils_parts_add_up(areas: list[tuple[float, int, str]]) -> None:
    access, people, groups = zip(*areas, strict=True)
    assume(max(access) > 1e-3)
    parts = theil_by_group(access, people, groups)
    assert parts.total == pytest.approx(theil(access, people))
    assert parts.total == pytest.approx(parts.between + parts.within, abs=1e-9)


# The slope index ----------------------------------------------------------------------------------------------------


def test_a_straight_line_gives_the_gap_between_its_ends() -> None:
    # Fifths at 0.1 … 0.9 with 11 − 10 b: 11 at the bottom, 1 at the top.
    index = slope_index_of_inequality([10, 8, 6, 4, 2], [100] * 5)
    assert (index.sii, index.rii) == pytest.approx((-10, 1 / 11))


def test_groups_of_different_size_are_placed_by_their_people() -> None:
    # Shares 0.4, 0.3, 0.1, 0.1, 0.1: midpoints 0.2, 0.55, 0.75, 0.85, 0.95 on the line 2 + 4 b.
    middle = np.array([0.2, 0.55, 0.75, 0.85, 0.95])
    index = slope_index_of_inequality(2 + 4 * middle, [40, 30, 10, 10, 10])
    assert (index.sii, index.rii) == pytest.approx((4, 3))


def test_rates_follow_a_line_in_logarithms_and_proportions_in_logits() -> None:
    # ln y = 1 + 2 b: e³ − e¹ and e². logit y = −1 + 2 b: from 1/(1 + e) to e/(1 + e).
    middle = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    rate = slope_index_of_inequality(np.exp(1 + 2 * middle), [1] * 5, kind="rate")
    assert (rate.sii, rate.rii) == pytest.approx((math.e**3 - math.e, math.e**2))
    share = slope_index_of_inequality(1 / (1 + np.exp(1 - 2 * middle)), [1] * 5, kind="proportion")
    assert (share.sii, share.rii) == pytest.approx(((math.e - 1) / (math.e + 1), math.e))


def test_the_interval_is_that_of_a_weighted_line() -> None:
    # SII = Σ c·y, c = 0.2(b − ½)/Σ 0.2(b − ½)² = −1, −½, 0, ½, 1; so its standard error is 0.5·√Σc².
    c = np.array([-2, -1, 0, 1, 2]) / 2
    index = slope_index_of_inequality([10, 8, 6, 4, 2], [100] * 5, [0.5] * 5, seed=3)
    half_width = 1.959964 * 0.5 * math.sqrt(np.sum(c**2))
    assert index.sii_lower == pytest.approx(-10 - half_width, abs=0.03)
    assert index.sii_upper == pytest.approx(-10 + half_width, abs=0.03)
    assert index == slope_index_of_inequality([10, 8, 6, 4, 2], [100] * 5, [0.5] * 5, seed=3)


def test_without_errors_there_is_no_interval() -> None:
    assert np.isnan(slope_index_of_inequality([10, 8, 6, 4, 2], [100] * 5).sii_lower)


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        ([1, 2, 3, 4], "mean", "4 groups; expected 5 to 100"),
        ([1, 2, 3, 4, NAN], "mean", "each with a value"),
        ([1, 2, 3, 4, 0], "rate", "a rate must lie between 0 and inf; found 0 to 4"),
        ([0.1, 0.2, 0.3, 0.4, 1], "proportion", "between 0 and 1"),
        ([1, 2, 3, 4, 5], "ratio", "no kind 'ratio'"),
    ],
)
def test_refuses_groups_that_a_line_cannot_be_put_through(values: list[float], kind: str, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        slope_index_of_inequality(values, [1] * len(values), kind=kind)
