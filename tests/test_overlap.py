"""Two layers together, worked by hand on ten areas in a row; an area high on both is not a person with both."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_layers import with_layers
from tiny_warehouse import CODES

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats
from hjp_geo.layer import Layer
from hjp_geo.overlap import (
    HOLDS,
    bivariate,
    double_counting,
    joint_estimate,
    joint_pair,
    shared_information,
)
from hjp_geo.plan import Plan, answer
from hjp_geo.registry import discover
from hjp_geo.screens.paint import OVERLAP_PALETTE

NAN = float("nan")


def test_thirds_count_areas_and_eight_is_most_of_both(tiny: Evidence):
    # a rises along the row: ranks 10 … 1, thirds ⌈3·rank/10⌉ from most: areas 9, 8, 7 most; 6, 5, 4 middle; 3 … 0 least
    two = with_layers(tiny, {"a": range(10), "b": range(10)})
    assert bivariate(two, two.areas.index, "a", "b").to_list() == [0, 0, 0, 0, 4, 4, 4, 8, 8, 8]


def test_the_first_layer_counts_threes_and_direction_is_turned(tiny: Evidence):
    # b is a rank, low is need: it falls along the row while need rises in neither: a least where b is most
    two = with_layers(tiny, {"a": range(10), "b": range(10)}, polarity={"b": "low_is_need"})
    assert bivariate(two, two.areas.index, "a", "b").to_list() == [2, 2, 2, 1, 4, 4, 3, 6, 6, 6]


def test_an_area_without_one_of_them_has_no_class(tiny: Evidence):
    two = with_layers(tiny, {"a": [NAN, *range(9)], "b": range(10)})
    classes = bivariate(two, two.areas.index, "a", "b")
    assert classes.index[classes.isna()].to_list() == CODES[:1]


def test_thirds_are_those_of_the_areas_asked_about(tiny: Evidence):
    two = with_layers(tiny, {"a": range(10), "b": range(10)})
    assert bivariate(two, two.areas.index[:3], "a", "b").to_list() == [0, 4, 8]


def test_an_unknown_layer_is_named(tiny: Evidence):
    with pytest.raises(PlanError, match="No layer 'shoe_size'"):
        bivariate(tiny, tiny.areas.index, "income_deprivation", "shoe_size")


def test_the_joint_estimate_is_the_product_between_its_bounds(tiny: Evidence):
    # area 4: 30 on the register, 80 % of 100 residents on a low income: 24 expected; at least 30 + 80 - 100 = 10
    # (somebody must have both), at most 30
    two = with_layers(tiny, {"people_with_x": [30] * 10}, role="people", unit="people")
    two = with_layers(two, {"low_income": [80] * 10}, unit="% of residents")
    joint = joint_estimate(two, two.areas.index, "people_with_x", "low_income")
    assert joint.loc[CODES[4]].to_list() == [24, 10, 30]


def test_a_count_of_other_people_than_the_residents_gives_no_estimate(tiny: Evidence):
    two = with_layers(tiny, {"people_with_x": [101, NAN, *[1] * 8]}, role="people", unit="people")
    two = with_layers(two, {"low_income": [50, 50, NAN, *[50] * 7]}, unit="% of residents")
    joint = joint_estimate(two, two.areas.index, "people_with_x", "low_income")
    assert joint.isna().all(axis=1).to_list() == [True] * 3 + [False] * 7


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=10, max_size=10))
def test_the_estimate_lies_within_the_bounds(tiny: Evidence, pairs: list[tuple[float, float]]):
    two = with_layers(tiny, {"people_with_x": [people for people, _ in pairs]}, role="people", unit="people")
    two = with_layers(two, {"low_income": [share for _, share in pairs]}, unit="% of residents")
    joint = joint_estimate(two, two.areas.index, "people_with_x", "low_income")
    assert (joint["lower"] <= joint["expected"] + 1e-9).all()
    assert (joint["expected"] <= joint["upper"] + 1e-9).all()


def test_a_condition_and_a_share_of_residents_make_a_pair_in_either_order(tiny: Evidence):
    pair = ("people_with_cancer", "income_deprivation")
    assert joint_pair(tiny, "cancer_prevalence", "income_deprivation") == pair
    assert joint_pair(tiny, "income_deprivation", "cancer_prevalence") == pair
    assert joint_pair(tiny, "people_with_cancer", "income_deprivation") == pair
    assert joint_pair(tiny, "income_deprivation", "residents") is None
    with pytest.raises(PlanError, match="'income_deprivation' is no count of people"):
        joint_estimate(tiny, tiny.areas.index, "income_deprivation", "income_deprivation")
    with pytest.raises(PlanError, match="'cancer_prevalence' is no share of residents"):
        joint_estimate(tiny, tiny.areas.index, "people_with_cancer", "cancer_prevalence")


def test_two_layers_with_one_order_are_about_one_layer(tiny: Evidence):
    # b is the square of a: another shape, the same order. c is b from the other end, but low is need: the same again.
    three = with_layers(
        tiny,
        {"a": range(10), "b": [n * n for n in range(10)], "c": [-n for n in range(10)]},
        polarity={"c": "low_is_need"},
    )
    shared = shared_information(three, ["a", "b", "c"], three.areas.index)
    np.testing.assert_allclose(shared["spearman"], 1)
    assert set(shared["flag"]) == {"same_information"}
    assert "one layer with double weight" in double_counting(shared)[0]


def test_layers_that_pull_apart_are_not_flagged(tiny: Evidence):
    shared = shared_information(tiny, ["income_deprivation", "cancer_prevalence"], tiny.areas.index)
    assert shared["spearman"].to_list() == [-1]
    assert double_counting(shared) == []


def test_missing_values_take_no_part_in_a_correlation(tiny: Evidence):
    # without area 0 the two run alike; with it at the far end they would not
    two = with_layers(tiny, {"a": [NAN, *range(9)], "b": [99, *range(9)]})
    assert shared_information(two, ["a", "b"], two.areas.index)["spearman"].to_list() == [1]


def test_a_layer_that_holds_another_is_said_whatever_the_correlation(tiny: Evidence):
    two = with_layers(tiny, {"multiple_deprivation": [5, 1, 4, 2, 3, 9, 7, 8, 6, 0]})
    shared = shared_information(two, ["income_deprivation", "multiple_deprivation"], two.areas.index)
    row = shared.iloc[0]
    assert (row["layer_a"], row["layer_b"], row["flag"]) == ("multiple_deprivation", "income_deprivation", "holds")
    found = answer(Plan(weights={"multiple_deprivation": 1, "income_deprivation": 1}), two)
    assert "Counted twice: Multiple deprivation already holds Income deprivation" in "\n".join(caveats(found, two))


def test_one_layer_shares_nothing(tiny: Evidence):
    assert shared_information(tiny, ["income_deprivation"], tiny.areas.index).empty


def test_the_rules_name_layers_that_exist():
    layers = discover("layers", Layer)
    assert {*HOLDS, *(part for parts in HOLDS.values() for part in parts)} <= set(layers)


# Machado, Oliveira and Fernandes (2009), severity 1: what people without red, green or blue cones see
_SIGHT = {
    "normal": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
_TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]


@pytest.mark.parametrize("sight", _SIGHT)
def test_the_nine_colours_of_an_overlap_differ_for_every_colour_vision(sight: str):
    bytes_ = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in OVERLAP_PALETTE]) / 255
    linear = np.where(bytes_ <= 0.04045, bytes_ / 12.92, ((bytes_ + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ np.array(_SIGHT[sight]).T, 0, 1) @ np.array(_TO_XYZ).T / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    lab = np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
    assert min(np.linalg.norm(one - other) for one, other in combinations(lab, 2)) >= 18
