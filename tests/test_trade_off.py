"""The curve over the number of sites, its knee, and the sets that no other one beats."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo.errors import PlanError
from hjp_geo.siting import locate, pareto_set, trade_off

# Three towns, far apart: 70, 20 and 10 people. A site stands in each (0 minutes), and two are near the first town.
PEOPLE = pd.Series({"A": 70.0, "B": 20.0, "C": 10.0})
GRID = {
    "P": (0.0, 30.0, 60.0),
    "Q": (30.0, 0.0, 30.0),
    "R": (60.0, 30.0, 0.0),
    "S": (2.0, 28.0, 58.0),
    "T": (3.0, 27.0, 57.0),
}
COSTS = pd.DataFrame(
    [(area, site, ways[row]) for site, ways in GRID.items() for row, area in enumerate("ABC")],
    columns=["area_code", "site_id", "minutes"],
)


def test_the_curve_has_a_point_for_each_number_and_a_knee():
    found = trade_off(PEOPLE, COSTS, counts=range(1, 6), cutoff=5)
    assert found.table["people_covered"].to_list() == [70, 90, 100, 100, 100]
    assert found.table["gap"].eq(0).all()
    # from (1, 70) to (5, 100): the gain as a share less the way as a share is 0, .42, .5, .25, 0
    assert found.knee == 3
    assert found.summary == (
        "From 1 to 5 sites, people within 5 minutes go from 70.0 % to 100.0 %, and the mean way from 12.0 to 0.0 "
        "minutes. After 3 sites each further one does clearly less; every point is proven."
    )


def test_every_point_is_the_answer_of_locate():
    found = trade_off(PEOPLE, COSTS, objective="p_median", counts=[3, 1], cutoff=5)
    assert found.table.index.to_list() == [1, 3]
    for count, row in found.table.iterrows():
        one = locate(PEOPLE, COSTS, objective="p_median", p=count)
        assert (row["objective"], row["chosen"], row["mean_cost"]) == (one.objective, one.sites, one.mean_cost)


def test_the_fair_cost_is_judged_alike_at_every_point():
    found = trade_off(PEOPLE, COSTS, objective="kolm_pollak", counts=[1, 2, 3], kappa=-0.1)
    assert found.table["equal_cost"].to_list() == pytest.approx(found.table["objective"].to_list())
    assert (found.table["equal_cost"] >= found.table["mean_cost"]).all()


def test_an_area_that_a_point_leaves_without_a_site_has_no_fair_cost():
    near = COSTS[COSTS["minutes"] <= 30]
    table = trade_off(PEOPLE, near, counts=[1, 2], cutoff=5).table
    # one site, P: C has no way to it at all; two, P and Q: all have
    assert math.isnan(table.loc[1, "equal_cost"])
    assert table.loc[2, "equal_cost"] > 0


def test_a_straight_curve_has_no_knee():
    even = pd.Series({"A": 10.0, "B": 10.0, "C": 10.0})
    found = trade_off(even, COSTS, counts=[1, 2, 3], cutoff=1)
    assert found.knee is None
    assert "no clear bend" in found.summary


def test_what_the_sites_cost_is_told():
    prices = pd.Series({"P": 5.0, "Q": 2.0, "R": 1.0, "S": 1.0, "T": 1.0})
    assert trade_off(PEOPLE, COSTS, counts=[2], cutoff=1, site_costs=prices).table.loc[2, "spent"] == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [({"counts": []}, "whole numbers"), ({"counts": [0]}, "whole numbers"), ({"objective": "lscp"}, "lscp finds")],
)
def test_refuses_with_a_reason(options, message):
    with pytest.raises(PlanError, match=message):
        trade_off(PEOPLE, COSTS, **{"counts": [1], "cutoff": 5, **options})
    with pytest.raises(PlanError, match="finite numbers"):
        pareto_set(PEOPLE, COSTS, counts=[1], cutoff=5, charges=[-1])


def test_a_set_that_another_one_beats_is_marked():
    found = pareto_set(PEOPLE, COSTS, counts=[1, 3, 4], cutoff=5, kappa=-0.1)
    table = found.table.set_index("sites")
    assert not table.loc[4, "is_efficient"]  # three sites cover all with a way of 0: a fourth only costs
    assert table.loc[3, "is_efficient"]
    assert found.efficient["is_efficient"].all()
    assert found.efficient["spent"].is_monotonic_increasing


def judge(grid, people, sites, cutoff, kappa) -> tuple[float, float]:
    nearest = grid[:, list(sites)].min(axis=1)
    equal = math.log(float(np.average(np.exp(-kappa * nearest), weights=people))) / -kappa
    return float(people[nearest <= cutoff].sum()), equal


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_no_set_of_that_number_beats_a_point_with_gap_nought(seed, count):
    rng = np.random.default_rng(seed)
    grid, people = rng.uniform(0, 20, (8, 6)).round(1), rng.integers(1, 20, 8).astype(float)
    names, codes = [f"A{n}" for n in range(8)], [f"S{n}" for n in range(6)]
    costs = pd.DataFrame(grid, index=pd.Index(names, name="area_code"), columns=codes).reset_index()
    costs = costs.melt("area_code", var_name="site_id", value_name="minutes")
    found = pareto_set(pd.Series(people, index=names), costs, counts=[count], cutoff=6, kappa=-0.15)
    every = [judge(grid, people, sites, 6, -0.15) for sites in itertools.combinations(range(6), count)]
    assert found.table["gap"].eq(0).all()
    for row in found.table.to_dict("records"):
        covered, equal = judge(grid, people, [codes.index(code) for code in row["chosen"]], 6, -0.15)
        assert (row["people_covered"], row["equal_cost"]) == pytest.approx((covered, equal))
        if math.isfinite(row["charge"]):
            assert not any(c > covered and e < equal - 1e-9 for c, e in every)
    assert found.table["people_covered"].max() == max(c for c, _ in every)
    assert found.table["equal_cost"].min() == pytest.approx(min(e for _, e in every))
