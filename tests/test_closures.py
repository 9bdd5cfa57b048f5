"""Which sites would be missed least: worked by hand on a street, and equal to trying every closing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo.errors import PlanError
from hjp_geo.siting import locate, missed_least

# Four villages; P and Q stand side by side, R serves C alone, and D has nobody near but R, far away.
PEOPLE = pd.Series({"A": 50.0, "B": 30.0, "C": 20.0, "D": 5.0})
COSTS = pd.DataFrame(
    [
        ("A", "P", 1.0),
        ("A", "Q", 2.0),
        ("B", "P", 3.0),
        ("B", "Q", 2.0),
        ("C", "R", 1.0),
        ("C", "Q", 9.0),
        ("D", "R", 8.0),
    ],
    columns=["area_code", "site_id", "minutes"],
)


def test_the_site_beside_another_one_is_missed_least():
    # within 5 minutes: without Q nobody is lost; without R, C's 20; without P nobody either. Equal: the first code goes
    # on, so Q closes. By minutes: without P, A's 50 go 1 further (50); without Q, B's 30 go 1 further (30)
    found = missed_least(PEOPLE, COSTS, closures=1, cutoff=5)
    assert (found.closed, found.kept, found.solution.objective) == (("Q",), ("P", "R"), 100)
    by_minutes = missed_least(PEOPLE, COSTS, closures=1, objective="p_median")
    assert (by_minutes.closed, by_minutes.people_further, by_minutes.people_lost) == (("Q",), 30, 0)


def test_the_losers_are_listed_with_where_they_go_now():
    found = missed_least(PEOPLE, COSTS, closures=1, objective="p_median", keep=["Q"])
    # P closes: A goes from P (1) to Q (2). R cannot: D would have nobody
    row = found.losers.iloc[0].to_dict()
    assert row == {
        "area_code": "A",
        "people": 50,
        "site_before": "P",
        "cost_before": 1,
        "site_after": "Q",
        "cost_after": 2,
    }
    assert len(found.losers) == 1


def test_who_has_no_site_any_more_is_missing_not_far():
    found = missed_least(PEOPLE, COSTS, closures=1, cutoff=5, keep=["P", "Q"])
    assert (found.closed, found.people_lost, found.people_further) == (("R",), 20, 0)
    assert found.losers["area_code"].to_list() == ["C"]  # D had none within 5 minutes before
    assert found.losers["cost_after"].isna().all()
    assert found.losers["site_after"].isna().all()


def test_each_site_alone_least_missed_first():
    table = missed_least(PEOPLE, COSTS, closures=1, objective="p_median").one_by_one
    # Q: B's 30, one minute more; P: A's 50, one more; R: C's 20 have Q, 8 further, and D's 5 are lost
    assert table.index.to_list() == ["Q", "P", "R"]
    assert table["people"].to_list() == [30, 50, 25]
    assert table["more_cost"].to_list() == [30, 50, 160]
    assert table["people_lost"].to_list() == [0, 0, 5]


def test_what_closing_costs_and_a_budget_for_it():
    leases = pd.Series({"P": 2.0, "Q": 9.0, "R": 1.0})
    found = missed_least(PEOPLE, COSTS, closures=1, objective="p_median", closing_costs=leases, budget=5)
    assert (found.closed, found.closing_cost) == (("P",), 2)  # Q is too dear, R would leave D with nobody
    with pytest.raises(PlanError, match="does not pay for closing so many sites; the cheapest cost 1"):
        missed_least(PEOPLE, COSTS, closures=1, cutoff=5, closing_costs=leases, budget=0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"closures": 0}, "whole number of sites"),
        ({"closures": 3}, "one at least must stay"),
        ({"closures": 1, "keep": ["P", "Q", "R"]}, "3 are to be kept"),
        ({"closures": 1, "objective": "lscp"}, "expected one of mclp"),
        ({"closures": 1, "budget": 4}, "without closing_costs"),
        ({"closures": 1, "budget": 4, "closing_costs": pd.Series({"P": 1.0})}, "missing, negative or infinite"),
        ({"closures": 2, "objective": "p_median", "cutoff": None, "keep": ["P"]}, "cannot serve all"),
    ],
)
def test_refuses_with_a_reason(options, message):
    with pytest.raises(PlanError, match=message):
        missed_least(PEOPLE, COSTS, **{"cutoff": 5, **options})


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 3), st.sampled_from(["mclp", "p_median", "p_center"]), st.booleans())
def test_equals_trying_every_closing(seed, closures, objective, has_budget):
    rng = np.random.default_rng(seed)
    grid = rng.integers(0, 10, (7, 5)).astype(float)
    names, codes = [f"A{n}" for n in range(7)], [f"S{n}" for n in range(5)]
    people = pd.Series(rng.integers(0, 9, 7).astype(float), index=names)
    costs = pd.DataFrame(grid, index=pd.Index(names, name="area_code"), columns=codes).reset_index()
    costs = costs.melt("area_code", var_name="site_id", value_name="minutes")
    leases = pd.Series(rng.integers(0, 9, 5).astype(float), index=codes)
    budget = float(rng.integers(0, 15)) if has_budget else None
    every = []
    for kept in itertools.combinations(range(5), 5 - closures):
        if budget is not None and sum(leases.iloc[site] for site in range(5) if site not in kept) > budget:
            continue
        nearest = grid[:, list(kept)].min(axis=1)
        every.append(
            {
                "mclp": -float(people[nearest <= 4].sum()),
                "p_median": float((people * nearest).sum()),
                "p_center": float(nearest.max()),
            }[objective]
        )
    options = {"closures": closures, "objective": objective, "cutoff": 4 if objective == "mclp" else None}
    options |= {"closing_costs": leases, "budget": budget} if has_budget else {}
    if not every or not (people > 0).any() or (objective == "mclp" and not (people[(grid <= 4).any(axis=1)] > 0).any()):
        with pytest.raises(PlanError):
            missed_least(people, costs, **options)
        return
    found = missed_least(people, costs, **options)
    value = -found.solution.objective if objective == "mclp" else found.solution.objective
    assert value == pytest.approx(min(every))
    assert found.solution.proven
    assert len(found.closed) == closures
    assert math.isnan(found.closing_cost) or budget is None or found.closing_cost <= budget + 1e-9


def test_one_closing_agrees_with_the_table_of_each_alone():
    rng = np.random.default_rng(8)
    grid = rng.uniform(0, 10, (30, 6))
    names, codes = [f"A{n:02d}" for n in range(30)], [f"S{n}" for n in range(6)]
    people = pd.Series(rng.uniform(1, 9, 30), index=names)
    costs = pd.DataFrame(grid, index=pd.Index(names, name="area_code"), columns=codes).reset_index()
    costs = costs.melt("area_code", var_name="site_id", value_name="minutes")
    all_open = locate(people, costs, objective="p_median", p=6).objective
    found = missed_least(people, costs, closures=1, objective="p_median")
    assert found.closed == (found.one_by_one.index[0],)
    assert found.solution.objective == pytest.approx(all_open + found.one_by_one["more_cost"].iloc[0])
