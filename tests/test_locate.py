"""Finding the best sites: worked by hand on a street, and equal to trying every set on small made-up cases."""

from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from siting_by_enumeration import SmallCase, ranked_sets

from hjp_geo.access import CostMatrix
from hjp_geo.errors import GeographyError, PlanError, SchemaError
from hjp_geo.siting import LOCATE_OBJECTIVES, Solution, _capacity, locate

# A street with a house group at each whole minute 0 … 9, and candidates P, Q, R at minutes 1, 4 and 8.
PLACES = {f"E01{minute:06d}": minute for minute in range(10)}
SITES = {"P": 1, "Q": 4, "R": 8}
PEOPLE = pd.Series([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], index=list(PLACES), dtype=float)
STREET = pd.DataFrame(
    [(area, site, abs(at - stands)) for area, at in PLACES.items() for site, stands in SITES.items()],
    columns=["area_code", "site_id", "minutes"],
).astype({"minutes": float})


def pairs(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["area_code", "site_id", "minutes"])


def test_covers_most_people_not_most_areas():
    # within 1 minute: P has 0, 1, 2 = 60 people; Q has 3, 4, 5 = 150; R has 7, 8, 9 = 270; all three areas each
    found = locate(PEOPLE, STREET, objective="mclp", p=1, cutoff=1)
    assert (found.sites, found.objective, found.covered) == (("R",), 270, 270)
    assert found.covered_share == 270 / 550
    two = locate(PEOPLE, STREET, objective="mclp", p=2, cutoff=1)
    assert (two.sites, two.objective) == (("Q", "R"), 420)
    assert two.left_out.to_list() == [code for code, at in PLACES.items() if at in (0, 1, 2)]
    assert two.unreachable.to_list() == ["E01000006"]  # 6 is 2 minutes from Q and R


def test_the_cutoff_is_inclusive():
    assert locate(PEOPLE, STREET, objective="mclp", p=1, cutoff=1.0).covered == 270
    assert locate(PEOPLE, STREET, objective="mclp", p=1, cutoff=0.999).covered == 90


def test_fewest_sites_that_cover_all():
    # within 4: Q covers 0 … 8, R covers 4 … 9: two sites; within 5: Q alone
    assert locate(PEOPLE, STREET, objective="lscp", cutoff=4).objective == 2
    assert locate(PEOPLE, STREET, objective="lscp", cutoff=5).sites == ("Q",)


def test_set_cover_lists_what_nobody_can_cover():
    found = locate(PEOPLE, STREET, objective="lscp", cutoff=1)
    assert (found.sites, found.unreachable.to_list()) == (("P", "Q", "R"), ["E01000006"])
    assert "no candidate reaches 1 area with 70 people within 1 minutes" in found.summary


def test_p_median_weighs_minutes_by_people():
    # R alone: 8·10 + 7·20 + 6·30 + 5·40 + 4·50 + 3·60 + 2·70 + 1·80 + 0 + 1·100 = 1300
    found = locate(PEOPLE, STREET, objective="p_median", p=1)
    assert (found.sites, found.objective, found.mean_cost) == (("R",), 1300, 1300 / 550)
    # Q and R: to Q 4·10 + 3·20 + 2·30 + 1·40 + 0 + 1·60, to R 2·70 + 1·80 + 0 + 1·100 = 580
    two = locate(PEOPLE, STREET, objective="p_median", p=2)
    assert (two.sites, two.objective) == (("Q", "R"), 580)
    served = two.assignment.set_index("area_code")
    assert served.loc["E01000006", "site_id"] == "Q"  # 6 is 2 minutes from both: the first by code
    assert served["share"].eq(1).all()


def test_p_center_ignores_people():
    found = locate(PEOPLE, STREET, objective="p_center", p=1)
    assert (found.sites, found.objective) == (("Q",), 5)
    assert locate(PEOPLE * 0, STREET, objective="p_center", p=1).objective == 5


def test_kolm_pollak_charges_for_inequality():
    # one person in A and one in B: X costs them 4 and 0, Y 2 and 2.1: X has the lower mean, Y the lower worst
    costs = pairs(("A", "X", 4), ("A", "Y", 2), ("B", "X", 0), ("B", "Y", 2.1))
    people = pd.Series({"A": 1.0, "B": 1.0})
    assert locate(people, costs, objective="p_median", p=1).sites == ("X",)
    found = locate(people, costs, objective="kolm_pollak", p=1, kappa=-1)
    assert found.sites == ("Y",)
    assert found.objective == pytest.approx(math.log((math.exp(2) + math.exp(2.1)) / 2))
    assert found.objective >= found.mean_cost


def test_kappa_follows_from_epsilon_and_todays_sites():
    costs = pairs(("A", "X", 4), ("A", "Y", 2), ("B", "X", 1), ("B", "Y", 2))
    people = pd.Series({"A": 1.0, "B": 3.0})
    # all open: A 2, B 1: mean weight 1·2 + 3·1 = 5, squares 4 + 3 = 7; with X required: A 4, B 1: 7 and 19
    assert locate(people, costs, objective="kolm_pollak", p=1).kappa == pytest.approx(-5 / 7)
    assert locate(people, costs, objective="kolm_pollak", p=1, required=["X"]).kappa == pytest.approx(-7 / 19)
    assert locate(people, costs, objective="kolm_pollak", p=1, epsilon=-2).kappa == pytest.approx(-10 / 7)


def test_required_sites_are_open_and_count_towards_p():
    found = locate(PEOPLE, STREET, objective="mclp", p=2, cutoff=1, required=["P"])
    assert (found.sites, found.objective) == (("P", "R"), 330)
    assert "(1 of them required)" in found.summary


def test_forbidden_sites_stay_shut_and_reach_nobody():
    found = locate(PEOPLE, STREET, objective="mclp", p=1, cutoff=1, forbidden=["R"])
    assert (found.sites, found.objective) == (("Q",), 150)
    assert len(found.unreachable) == 4  # 6, 7, 8, 9


def test_budget_replaces_or_joins_the_number_of_sites():
    prices = pd.Series({"P": 1.0, "Q": 1.0, "R": 3.0})
    alone = locate(PEOPLE, STREET, objective="mclp", cutoff=1, budget=3, site_costs=prices)
    assert (alone.sites, alone.objective) == (("R",), 270)  # P and Q together cost 2 and reach 210
    joined = locate(PEOPLE, STREET, objective="mclp", cutoff=1, p=2, budget=3, site_costs=prices)
    assert joined.sites == ("P", "Q")
    assert "costing 2" in joined.summary


def test_capacity_splits_areas_or_keeps_them_whole():
    # one area of 10 next to X (room 6), Y further off (room 8): split 6 and 4; nobody has room for all ten
    costs, people = pairs(("A", "X", 1), ("A", "Y", 2)), pd.Series({"A": 10.0})
    room = pd.Series({"X": 6.0, "Y": 8.0})
    found = locate(people, costs, objective="p_median", p=2, capacity=room)
    assert found.objective == pytest.approx(6 * 1 + 4 * 2)
    assert found.assignment["share"].to_list() == pytest.approx([0.6, 0.4])
    with pytest.raises(PlanError, match="no site in reach holds all people of A"):
        locate(people, costs, objective="p_median", p=2, capacity=room, sharing="single_source")


def test_maximal_cover_with_capacity_counts_who_finds_room():
    room = pd.Series({"P": 1000.0, "Q": 100.0, "R": 200.0})
    found = locate(PEOPLE, STREET, objective="mclp", p=2, cutoff=1, capacity=room)
    assert (found.sites, found.objective) == (("Q", "R"), 300)
    assert found.left_out.size > 0


def test_next_best_sets_are_distinct_and_in_order():
    found = locate(PEOPLE, STREET, objective="mclp", p=1, cutoff=1, k_best=5)
    assert [one.sites for one in found.alternatives] == [("Q",), ("P",)]  # there are only three sets
    assert [one.worse_by for one in found.alternatives] == [120 / 270, 210 / 270]
    assert found.alternatives_proven


def test_unreachable_areas_are_listed_and_get_no_large_number():
    costs = pairs(("A", "X", 3), ("B", "X", math.nan), ("C", "X", math.inf), ("D", "X", 5))
    people = pd.Series({"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0, "E": 5.0})
    found = locate(people, costs, objective="p_median", p=1)
    assert found.objective == 3 + 20
    assert found.unreachable.to_list() == ["B", "C", "E"]
    assert found.largest_cost == 5
    assert found.covered_share == 5 / 15


def test_missing_demand_is_not_zero_demand():
    people = pd.Series({"A": 1.0, "B": math.nan, "C": 0.0})
    costs = pairs(("A", "X", 3), ("B", "X", 4), ("C", "X", 7))
    found = locate(people, costs, objective="p_median", p=1)
    assert found.without_demand_figure.to_list() == ["B"]
    assert found.objective == 3
    assert found.assignment["area_code"].to_list() == ["A", "B", "C"]  # who would go where is known all the same


def test_nobody_has_to_be_served_where_nobody_lives():
    costs = pairs(("A", "X", 3), ("B", "Y", 1))
    assert locate(pd.Series({"A": 1.0, "B": 0.0}), costs, objective="p_median", p=1).sites == ("X",)
    with pytest.raises(PlanError, match="cannot serve all 2 areas"):
        locate(pd.Series({"A": 1.0, "B": 1.0}), costs, objective="p_median", p=1)


def test_too_few_sites_says_how_many_it_takes_and_for_whom():
    costs = pairs(("A", "X", 1), ("B", "Y", 1), ("C", "Z", 1), ("C", "X", 9))
    people = pd.Series({"A": 1.0, "B": 1.0, "C": 1.0})
    message = r"p = 1 sites cannot serve all 3 areas that some candidate reaches; that takes 2 sites.*A, B, C"
    for objective in ("p_median", "p_center"):
        with pytest.raises(PlanError, match=message):
            locate(people, costs, objective=objective, p=1)


def test_capacity_around_one_area_is_named():
    costs = pairs(("A", "X", 1), ("B", "X", 1), ("C", "Y", 1))
    people, room = pd.Series({"A": 4.0, "B": 4.0, "C": 1.0}), pd.Series({"X": 5.0, "Y": 50.0})
    with pytest.raises(PlanError, match=r"with every candidate open, 3 people in (A|B|A, B) still find no room"):
        locate(people, costs, objective="p_median", p=2, capacity=room)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "mlcp"}, "expected one of mclp, lscp"),
        ({"p": None}, "neither p nor a budget"),
        ({"p": 4}, "found 4 sites, but there are only 3 candidates. Lower p to 3"),
        ({"p": 3, "forbidden": ["P"]}, r"only 2 candidates \(1 more are forbidden\)"),
        ({"p": 0}, "whole number of sites, 1 or more"),
        ({"p": 1.5}, "whole number of sites"),
        ({"cutoff": None}, "no cutoff was given"),
        ({"cutoff": -1}, "0 or more"),
        ({"p": 1, "required": ["P", "Q"]}, "2 are required, and p counts them"),
        ({"required": ["P"], "forbidden": ["P"]}, "both required and forbidden"),
        ({"required": ["T"]}, "T not among the 3 candidates"),
        ({"required": "P"}, "expected a list"),
        ({"forbidden": ["P", "Q", "R"]}, "no candidate to choose from"),
        ({"budget": 5}, "without site_costs"),
        ({"budget": 1, "site_costs": pd.Series({"P": 2.0, "Q": 2.0, "R": 2.0})}, "the cheapest cost 2 together"),
        ({"site_costs": pd.Series({"P": 2.0})}, "missing, negative or infinite for Q, R"),
        ({"capacity": pd.Series({"P": 2.0, "Q": -1.0, "R": 1.0})}, "negative or infinite for Q"),
        ({"objective": "lscp"}, "lscp finds the number of sites itself"),
        ({"k_best": 0}, "1 or more"),
        ({"time_limit_s": 0}, "above 0"),
        ({"sharing": "whole"}, "split, single_source"),
        ({"objective": "kolm_pollak", "epsilon": 1}, "expected below 0"),
        ({"objective": "kolm_pollak", "kappa": -1000}, "beyond what can be computed"),
        ({"cutoff": 0, "forbidden": ["P", "Q"], "p": 1, "objective": "p_median", "kappa": None}, None),
    ],
)
def test_refuses_with_a_reason(options, message):
    options = {"objective": "mclp", "p": 1, "cutoff": 9, **options}
    if message is None:
        assert locate(PEOPLE, STREET, **options).sites == ("R",)
        return
    with pytest.raises(PlanError, match=message):
        locate(PEOPLE, STREET, **options)


def test_refuses_tables_that_do_not_fit():
    with pytest.raises(GeographyError, match="not in demand"):
        locate(PEOPLE.iloc[:5], STREET, p=1, cutoff=1)
    with pytest.raises(SchemaError, match="minutes or km"):
        locate(PEOPLE, STREET.rename(columns={"minutes": "cost"}), p=1, cutoff=1)
    with pytest.raises(PlanError, match="0 or missing in every area"):
        locate(PEOPLE * 0, STREET, p=1, cutoff=1)
    with pytest.raises(PlanError, match="negative or infinite in E01000000"):
        locate(PEOPLE - 15, STREET, p=1, cutoff=1)
    with pytest.raises(PlanError, match=r"No candidate reaches any area with demand within 0.5 minutes"):
        locate(PEOPLE, STREET.assign(minutes=STREET["minutes"] + 1), p=1, cutoff=0.5)


def test_equal_sites_are_taken_by_code_whatever_the_order_of_rows():
    twins = pd.concat([STREET, STREET.assign(site_id=STREET["site_id"] + "2")])
    for seed in range(5):
        shuffled = twins.sample(frac=1, random_state=seed)
        for options in ({"objective": "mclp", "cutoff": 1}, {"objective": "p_median"}):
            assert locate(PEOPLE.sample(frac=1, random_state=seed), shuffled, p=2, **options).sites == ("Q", "R")


def test_inputs_stay_as_they_were():
    people, costs = PEOPLE.copy(), STREET.copy()
    locate(people, costs, objective="p_median", p=2, k_best=3)
    pd.testing.assert_series_equal(people, PEOPLE)
    pd.testing.assert_frame_equal(costs, STREET)


def test_every_objective_has_a_card_and_two_sentences():
    assert sorted(LOCATE_OBJECTIVES) == ["kolm_pollak", "lscp", "mclp", "p_center", "p_median"]
    for name, (goal, when_to_use, gives_up) in LOCATE_OBJECTIVES.items():
        assert min(len(goal), len(when_to_use), len(gives_up)) > 20
        found = locate(PEOPLE, STREET, objective=name, p=None if name == "lscp" else 2, cutoff=9)
        assert found.summary.count(". ") == 1
        assert "It is proven" in found.summary
        assert found.seconds > 0


def scattered(areas: int, sites: int, seed: int) -> tuple[pd.Series, pd.DataFrame]:
    """Areas and candidates around towns of unequal size, with straight-line minutes between all of them."""
    rng = np.random.default_rng(seed)
    towns, size = rng.uniform(0, 60, (25, 2)), 1 / np.arange(1, 26)
    at, stands = (
        towns[rng.choice(25, count, p=size / size.sum())] + rng.normal(0, 3, (count, 2)) for count in (areas, sites)
    )
    minutes = np.hypot(*(at[:, None] - stands).transpose(2, 0, 1))
    table = pd.DataFrame(
        {
            "area_code": np.repeat([f"A{area:05d}" for area in range(areas)], sites),
            "site_id": np.tile([f"S{site:05d}" for site in range(sites)], areas),
            "minutes": minutes.ravel(),
        }
    )
    return pd.Series(rng.integers(1, 3000, areas), index=table["area_code"].unique(), dtype=float), table


@pytest.mark.parametrize("objective", ["mclp", "p_median"])
def test_a_time_limit_returns_the_best_so_far_with_its_gap(objective):
    people, costs = scattered(900, 220, seed=4)
    options = {"objective": objective, "p": 25, "cutoff": 3 if objective == "mclp" else None}
    started = time.perf_counter()
    found = locate(people, costs, time_limit_s=0.05, **options)
    assert time.perf_counter() - started < 5
    best = locate(people, costs, **options)
    assert best.proven
    assert best.gap == 0
    worse, better = sorted([found.objective, best.objective], reverse=objective == "p_median")
    assert found.objective == worse
    assert min(found.bound, found.objective) <= better * (1 + 1e-9)
    assert max(found.bound, found.objective) >= better * (1 - 1e-9)
    if not found.proven:
        assert "Another choice could be better by" in found.summary


def is_sound(found: Solution) -> bool:
    if found.objective == 0:
        return found.gap == (0 if found.bound == 0 else math.inf)
    return found.gap == pytest.approx(abs(found.objective - found.bound) / abs(found.objective or 1), abs=1e-12)


demands = st.one_of(st.integers(0, 9).map(float), st.just(math.nan), st.floats(0.5, 9))
minutes = st.one_of(st.integers(0, 9).map(float), st.just(math.nan), st.floats(0, 9))


@st.composite
def small_cases(draw: st.DrawFn, *, most_areas: int, most_sites: int, has_room: bool) -> SmallCase:
    areas, sites = draw(st.integers(1, most_areas)), draw(st.integers(1, most_sites))
    objective = draw(st.sampled_from(sorted(LOCATE_OBJECTIVES)))
    grid = tuple(tuple(draw(minutes) for _ in range(sites)) for _ in range(areas))
    shuffled = draw(st.permutations(range(sites)))
    required, forbidden = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    is_counted = objective != "lscp" and draw(st.booleans())
    is_priced = not is_counted if objective != "lscp" else draw(st.booleans())
    has_cutoff = objective in ("mclp", "lscp") or draw(st.booleans())
    numbers = st.integers(0, 12).map(float)
    return SmallCase(
        objective=objective,
        demand=tuple(draw(demands) for _ in range(areas)),
        grid=grid,
        p=draw(st.integers(1, sites)) if is_counted else None,
        cutoff=draw(st.sampled_from([3.0, 5.0, 8.0])) if has_cutoff else None,
        required=tuple(shuffled[:required]),
        forbidden=tuple(shuffled[required : required + forbidden]),
        prices=tuple(draw(numbers) for _ in range(sites)) if is_priced else None,
        budget=draw(numbers) if is_priced else None,
        capacity=tuple(draw(numbers) for _ in range(sites)) if has_room else None,
        sharing=draw(st.sampled_from(["split", "single_source"])),
        kappa=-draw(st.sampled_from([0.05, 0.3, 1.0])),
    )


def agrees_with_enumeration(case: SmallCase, k_best: int) -> None:
    every = ranked_sets(case)
    if not every:
        with pytest.raises(PlanError):
            locate(case.people(), case.costs(), k_best=k_best, **case.options())
        return
    found = locate(case.people(), case.costs(), k_best=k_best, **case.options())
    values = [found.objective, *(one.objective for one in found.alternatives)]
    sets = [found.sites, *(one.sites for one in found.alternatives)]
    tolerance = 1e-9 if case.capacity is None else 1e-6
    assert values == pytest.approx([value for value, _ in every[:k_best]], rel=tolerance, abs=tolerance)
    assert len(set(sets)) == len(sets)
    objective_of = {sites: value for value, sites in every}
    assert values == pytest.approx([objective_of[sites] for sites in sets], rel=tolerance, abs=tolerance)
    assert found.proven
    assert is_sound(found)


@settings(deadline=None, max_examples=150)
@given(small_cases(most_areas=8, most_sites=6, has_room=False), st.integers(1, 4))
def test_equals_trying_every_set(case, k_best):
    agrees_with_enumeration(case, k_best)


@settings(deadline=None, max_examples=100)
@given(small_cases(most_areas=4, most_sites=4, has_room=True), st.integers(1, 3))
def test_equals_trying_every_set_with_capacities(case, k_best):
    agrees_with_enumeration(case, k_best)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=small_cases(most_areas=4, most_sites=4, has_room=True), k_best=st.integers(1, 2))
def test_equals_trying_every_set_when_good_plans_are_looked_for_first(monkeypatch, case, k_best):
    monkeypatch.setattr(_capacity, "_MANY_PAIRS", 0)  # as with many pairs
    agrees_with_enumeration(case, k_best)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=small_cases(most_areas=5, most_sites=4, has_room=True))
def test_without_time_for_a_proof_the_limit_still_holds(monkeypatch, case):
    monkeypatch.setattr(_capacity, "_MANY_PAIRS", 0)
    monkeypatch.setattr(_capacity, "_PAIRS_PER_SECOND", 0)
    every = ranked_sets(case)
    try:
        found = locate(case.people(), case.costs(), time_limit_s=5, **case.options())
    except PlanError:
        return  # none was found; whether there is one is the other test's question
    best = every[0][0]
    worse = min(found.objective, best) if case.objective == "mclp" else max(found.objective, best)
    assert found.objective == pytest.approx(worse, rel=1e-6, abs=1e-6)
    ends = sorted([found.bound, found.objective])
    assert ends[0] - 1e-6 <= best <= ends[1] + 1e-6
    assert is_sound(found)
    assert found.proven == (found.gap == 0)


@pytest.mark.parametrize("objective", sorted(LOCATE_OBJECTIVES))
@pytest.mark.parametrize("seed", range(3))
def test_equals_trying_every_set_of_a_dozen_candidates(objective, seed):
    rng = np.random.default_rng(seed)
    at, stands = rng.uniform(0, 10, (40, 2)), rng.uniform(0, 10, (11, 2))
    grid = np.hypot(*(at[:, None] - stands).transpose(2, 0, 1)).round(2)
    case = SmallCase(
        objective=objective,
        demand=tuple(rng.integers(1, 50, 40).astype(float)),
        grid=tuple(map(tuple, grid)),
        p=None if objective == "lscp" else 4,
        cutoff=3.0 if objective in ("mclp", "lscp") else None,
        kappa=-0.3,
    )
    agrees_with_enumeration(case, 1)
    agrees_with_enumeration(case, 3)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000))
def test_more_sites_never_cover_fewer_nor_lengthen_journeys(seed):
    people, costs = scattered(40, 10, seed)
    covered = [locate(people, costs, objective="mclp", p=p, cutoff=5).objective for p in range(1, 6)]
    mean = [locate(people, costs, objective="p_median", p=p).objective for p in range(1, 6)]
    assert covered == sorted(covered)
    assert mean == sorted(mean, reverse=True)


def test_a_matrix_of_costs_gives_what_its_table_gives():
    matrix = CostMatrix.from_table(STREET, areas=PEOPLE.index, sites=pd.Index(sorted(SITES)))
    for options in ({"objective": "mclp", "cutoff": 1}, {"objective": "p_median"}, {"objective": "p_center"}):
        one, other = (locate(PEOPLE, costs, p=2, **options) for costs in (STREET, matrix))
        assert (one.sites, one.objective, one.bound) == (other.sites, other.objective, other.bound)
    with pytest.raises(PlanError, match="its 10 areas are not the 5 of demand"):
        locate(PEOPLE.iloc[:5], matrix, p=1, cutoff=1)
