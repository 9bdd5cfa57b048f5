"""A roving team's sessions: worked by hand, and equal to trying every rota on small made-up cases."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from hjp_geo.errors import PlanError
from hjp_geo.siting import Team, roving_sessions

# Three villages in a line: A has 9 cases a week, B 4, C 2. Site X reaches A and B, Y reaches B and C.
CASES = pd.Series({"A": 9.0, "B": 4.0, "C": 2.0})
COSTS = pd.DataFrame(
    [("A", "X", 5.0), ("B", "X", 10.0), ("B", "Y", 5.0), ("C", "Y", 10.0)], columns=["area_code", "site_id", "minutes"]
)


def test_sessions_go_where_they_serve_most_and_are_never_divided():
    # 5 cases a session: one at X serves 5; two at X serve 10; two at X and one at Y serve 10 + 5 = 15, which is all
    one = roving_sessions(CASES, COSTS, Team(1, 5))
    assert (one.sessions.to_dict(), one.served) == ({"X": 1}, 5)
    three = roving_sessions(CASES, COSTS, Team(3, 5))
    assert three.sessions.to_dict() == {"X": 2, "Y": 1}
    assert (three.served, three.bound, three.gap, three.proven) == (15, 15, 0, True)


def test_the_areas_are_shared_so_that_journeys_are_shortest():
    # A 9 to X; C 2 to Y; of B's 4, Y has room for 3, and X for the other 1: minutes 9·5 + 1·10 + 3·5 + 2·10
    found = roving_sessions(CASES, COSTS, Team(3, 5)).assignment
    assert found.set_index(["area_code", "site_id"])["cases"].to_dict() == pytest.approx(
        {("A", "X"): 9, ("B", "X"): 1, ("B", "Y"): 3, ("C", "Y"): 2}
    )
    assert float((found["cases"] * found["minutes"]).sum()) == pytest.approx(90)


def test_three_way_split_served_no_room_beyond_reach():
    # one session at X: 5 served of the 13 within its reach; C's 2 are beyond it
    found = roving_sessions(CASES, COSTS, Team(1, 5))
    assert (found.served, found.no_room, found.beyond_reach) == (5, 8, 2)
    assert found.served_share == 5 / 15
    assert found.summary == (
        "With 1 session a week at 1 site, 5.0 of 15.0 cases a week (33.3 %) are served; 8.0 are in reach of a session "
        "but find no room, and 2.0 are beyond reach. It is proven that no other rota serves more."
    )


def test_sessions_that_would_serve_nobody_are_spare():
    found = roving_sessions(CASES, COSTS, Team(9, 5))
    assert (found.served, int(found.sessions.sum()), found.spare_sessions) == (15, 3, 6)
    assert "(6 more would serve nobody)" in found.summary


def test_rooms_journeys_of_the_team_and_their_budget():
    room = pd.Series({"X": 1, "Y": 5})
    assert roving_sessions(CASES, COSTS, Team(3, 5, most_at_site=room)).sessions.to_dict() == {"X": 1, "Y": 2}
    travel = pd.Series({"X": 30.0, "Y": 50.0})
    near = roving_sessions(CASES, COSTS, Team(3, 5, travel=travel, most_travel=40))
    assert (near.sessions.to_dict(), near.unreachable.to_list()) == ({"X": 3}, ["C"])  # 13 cases: two and a bit
    paid = roving_sessions(CASES, COSTS, Team(3, 5, travel=travel, travel_budget=80))
    assert (paid.served, paid.travel) == (10, 60)  # X twice; X and Y serve as many at 80


def test_the_cutoff_is_inclusive_and_required_sites_have_a_session():
    assert roving_sessions(CASES, COSTS, Team(3, 5), cutoff=10).served == 15
    assert roving_sessions(CASES, COSTS, Team(3, 5), cutoff=9.9).served == 9 + 4
    found = roving_sessions(CASES, COSTS, Team(1, 5), required=["Y"])
    assert (found.sessions.to_dict(), found.served) == ({"Y": 1}, 5)
    assert roving_sessions(CASES, COSTS, Team(9, 5), forbidden=["Y"]).served == 13


def test_missing_cases_are_not_zero_cases():
    found = roving_sessions(pd.Series({"A": 3.0, "B": math.nan, "C": 0.0}), COSTS, Team(2, 5))
    assert (found.without_demand_figure.to_list(), found.served, found.served_share) == (["B"], 3, 1)


def test_the_tables_of_the_caller_stay_as_they_were():
    cases, costs = CASES.copy(), COSTS.copy()
    roving_sessions(cases, costs, Team(3, 5), cutoff=9)
    pd.testing.assert_series_equal(cases, CASES)
    pd.testing.assert_frame_equal(costs, COSTS)


def test_the_order_of_rows_never_matters():
    found = [
        roving_sessions(CASES.sample(frac=1, random_state=seed), COSTS.sample(frac=1, random_state=seed), Team(2, 4))
        for seed in range(4)
    ]
    assert len({tuple(one.sessions.items()) for one in found}) == 1


@pytest.mark.parametrize(
    ("team", "options", "message"),
    [
        ({"sessions": 0}, {}, "whole number a week"),
        ({"sessions": 1.5}, {}, "whole number a week"),
        ({"cases_per_session": 0}, {}, "above 0"),
        ({"most_travel": 5}, {}, "without travel"),
        ({"travel": pd.Series({"X": 1.0, "Y": 1.0}), "travel_budget": -1}, {}, "0 or more"),
        ({"travel": pd.Series({"X": 1.0})}, {}, "missing, negative or infinite for Y"),
        ({"travel": pd.Series({"X": 1.0, "Y": 9.0}), "most_travel": 5}, {"required": ["Y"]}, "Y must have a session"),
        ({"travel": pd.Series({"X": 1.0, "Y": 9.0}), "travel_budget": 5}, {"required": ["Y"]}, "takes 9"),
        ({"sessions": 1}, {"required": ["X", "Y"]}, "2 sites must have one"),
        ({"most_at_site": pd.Series({"X": 0, "Y": 1})}, {"required": ["X"]}, "has room for none"),
        ({}, {"forbidden": ["X", "Y"]}, "no candidate"),
        ({}, {"cutoff": 1}, "No candidate reaches any area with demand within 1 minutes"),
    ],
)
def test_refuses_with_a_reason(team, options, message):
    with pytest.raises(PlanError, match=message):
        roving_sessions(CASES, COSTS, Team(**{"sessions": 2, "cases_per_session": 5, **team}), **options)


def test_a_time_limit_returns_a_rota_with_its_gap():
    rng = np.random.default_rng(5)
    at, stands = rng.uniform(0, 60, (400, 2)), rng.uniform(0, 60, (80, 2))
    minutes = np.hypot(*(at[:, None] - stands).transpose(2, 0, 1))
    area, site = np.nonzero(minutes <= 12)
    costs = pd.DataFrame({"area_code": area, "site_id": site, "minutes": minutes[area, site]})
    costs[["area_code", "site_id"]] = costs[["area_code", "site_id"]].astype("str")
    cases = pd.Series(rng.uniform(0, 3, 400), index=pd.Index(range(400)).astype("str"))
    found = roving_sessions(cases, costs, Team(25, 12), time_limit_s=0.02)
    assert 0 < found.served <= found.bound
    assert found.gap == pytest.approx((found.bound - found.served) / found.served)
    assert found.gap < 0.25
    held = found.assignment.groupby("site_id")["cases"].sum()
    assert (held <= found.sessions[held.index] * 12 + 1e-6).all()


def most_cases(cases, grid, team, held) -> float:
    """The largest flow for one rota."""
    rows, columns = np.nonzero(np.isfinite(grid))
    used = np.array(held)[columns] > 0
    rows, columns = rows[used], columns[used]
    if len(rows) == 0:
        return 0.0
    by_area = (np.arange(len(cases))[:, None] == rows).astype(float)
    by_site = (np.arange(grid.shape[1])[:, None] == columns).astype(float)
    limits = [*np.nan_to_num(cases), *(np.array(held) * team.cases_per_session)]
    return -float(linprog(-np.ones(len(rows)), A_ub=np.vstack([by_area, by_site]), b_ub=limits).fun)


@st.composite
def rotas(draw):
    areas, sites = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    number = st.one_of(st.just(math.nan), st.integers(0, 9).map(float), st.floats(0.5, 9))
    grid = np.array(
        [[draw(st.one_of(st.just(math.nan), st.integers(0, 9))) for _ in range(sites)] for _ in range(areas)]
    )
    has_travel, has_rooms = draw(st.booleans()), draw(st.booleans())
    whole = st.integers(0, 4)
    return {
        "cases": np.array([draw(number) for _ in range(areas)]),
        "grid": grid.astype(float),
        "sessions": draw(st.integers(1, 4)),
        "each": draw(st.sampled_from([1.0, 2.5, 7.0])),
        "rooms": [draw(whole) for _ in range(sites)] if has_rooms else None,
        "travel": [draw(whole) for _ in range(sites)] if has_travel else None,
        "budget": draw(st.integers(0, 9)) if has_travel else None,
        "required": draw(st.sampled_from([[], [0]])),
    }


@settings(max_examples=120)
@given(rotas())
def test_equals_trying_every_rota(case):
    grid, codes = case["grid"], [f"S{site}" for site in range(case["grid"].shape[1])]
    names = [f"A{area}" for area in range(len(grid))]
    table = pd.DataFrame(grid, index=pd.Index(names, name="area_code"), columns=codes).reset_index()
    costs = table.melt("area_code", var_name="site_id", value_name="minutes")
    series = [None if case[name] is None else pd.Series(case[name], index=codes) for name in ("rooms", "travel")]
    team = Team(case["sessions"], case["each"], series[0], series[1], travel_budget=case["budget"])
    every = []
    for held in itertools.product(range(case["sessions"] + 1), repeat=len(codes)):
        if sum(held) > case["sessions"] or any(held[site] < 1 for site in case["required"]):
            continue
        if case["rooms"] is not None and any(h > most for h, most in zip(held, case["rooms"], strict=True)):
            continue
        if case["travel"] is not None and np.dot(held, case["travel"]) > case["budget"]:
            continue
        every.append(most_cases(case["cases"], grid, team, held))
    reached = np.isfinite(grid).any(axis=1) & (np.nan_to_num(case["cases"]) > 0)
    required = [codes[site] for site in case["required"]]
    options = {"required": required}
    if not every or not reached.any():
        with pytest.raises(PlanError):
            roving_sessions(pd.Series(case["cases"], index=names), costs, team, **options)
        return
    found = roving_sessions(pd.Series(case["cases"], index=names), costs, team, **options)
    assert found.proven
    assert found.served == pytest.approx(max(every), abs=1e-6)
    assert float(found.assignment["cases"].sum()) == pytest.approx(found.served, abs=1e-5)
    assert int(found.sessions.sum()) <= case["sessions"]
    total = found.served + found.no_room + found.beyond_reach
    assert total == pytest.approx(float(np.nansum(case["cases"])), abs=1e-6)
