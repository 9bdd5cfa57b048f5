"""Why no plan keeps every condition: which areas, which condition, and what would mend it."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import LinearConstraint, milp

from hjp_geo.errors import PlanError
from hjp_geo.siting._cover import Cover, fewest_sites
from hjp_geo.siting._problem import Clock, Floats, Problem, examples, summed

__all__ = ["no_room", "too_few_sites"]

_SECONDS_TO_EXPLAIN = 5.0


def _limit(problem: Problem) -> str:
    return "" if problem.cutoff is None else f" within {problem.cutoff:g} {problem.unit}"


def _allowed(problem: Problem) -> str:
    money = "" if problem.budget is None else f"a budget of {problem.budget:,.0f}"
    sites = "" if problem.p is None else f"p = {problem.p} sites"
    return " and ".join(part for part in (sites, money) if part) or "these candidates"


def too_few_sites(problem: Problem) -> PlanError:
    """The count or the budget does not reach every area: how many sites it takes."""
    rows, columns, shape = problem.rows, problem.columns, (len(problem.areas), len(problem.sites))
    wanted = problem.must_serve[rows]
    cover = Cover.from_pairs(rows[wanted], columns[wanted], shape, problem.required)
    least = fewest_sites(cover, problem.required, Clock(_SECONDS_TO_EXPLAIN))
    needed = "" if least.sites is None else f" {int(least.bound)} sites" + _at_least(least.bound, len(least.sites))
    hardest = np.bincount(rows[wanted], minlength=shape[0])[problem.must_serve]
    codes = problem.areas[problem.must_serve][np.argsort(hardest, kind="stable")[:5]]
    return PlanError(
        f"{_allowed(problem)} cannot serve all {int(problem.must_serve.sum())} areas that some candidate reaches"
        f"{_limit(problem)}; that takes{needed}. The areas with the fewest candidates: {examples(codes)}. "
        f"Raise p or the budget, widen the limit, or choose mclp, which leaves areas out."
    )


def _at_least(bound: float, found: int) -> str:
    return "" if bound == found else f" or more (a plan with {found} is known)"


def no_room(problem: Problem) -> PlanError:
    """Capacities do not hold the demand: in all, in one area, around some areas, or with so few sites."""
    assert problem.capacity is not None
    people = np.where(problem.must_serve, problem.people, 0.0)
    most = _most_capacity(problem, problem.capacity)
    advice = "Raise capacities, add candidates, or choose mclp, which leaves people out."
    if people.sum() > most * (1 + 1e-9):
        return PlanError(
            f"Capacity: {people.sum():,.0f} people are to be served, but {_allowed(problem)} hold {most:,.0f} at most. "
            f"Raise p or the budget. {advice}"
        )
    if problem.sharing == "single_source":
        largest = np.zeros(len(people))
        np.maximum.at(largest, problem.rows, problem.capacity[problem.columns])
        over = people > largest * (1 + 1e-9)
        if over.any():
            return PlanError(
                f"Capacity: no site in reach holds all people of {examples(problem.areas[over])}, and areas may not be "
                f"split between sites. Allow it with sharing='split'. {advice}"
            )
    unserved = _unserved_with_all_open(problem, people)
    short = unserved > 1e-6 * max(1.0, people.max())
    if short.any():
        return PlanError(
            f"Capacity: with every candidate open, {unserved.sum():,.0f} people in {examples(problem.areas[short])} "
            f"still find no room{_limit(problem)}. {advice}"
        )
    return PlanError(
        f"Capacity: with every candidate open all areas find room, but no choice with {_allowed(problem)} serves every "
        f"area in reach{_limit(problem)} within capacity. Raise p or the budget. {advice}"
    )


def _most_capacity(problem: Problem, capacity: Floats) -> float:
    """The most that an admissible choice can hold: the largest sites that the count allows."""
    free = np.sort(capacity[~problem.required])[::-1]
    more = len(free) if problem.p is None else problem.p - int(problem.required.sum())
    return float(capacity[problem.required].sum() + free[:more].sum())


def _unserved_with_all_open(problem: Problem, people: Floats) -> Floats:
    """People of each area who find no room even with all candidates open: the largest flow leaves them over."""
    pairs = np.arange(len(problem.rows))
    ones = np.ones(len(pairs))
    by_area = sparse.csr_array((ones, (problem.rows, pairs)), shape=(len(people), len(pairs)))
    by_site = sparse.csr_array((ones, (problem.columns, pairs)), shape=(len(problem.sites), len(pairs)))
    assert problem.capacity is not None
    limit = np.concatenate([people, problem.capacity])
    solved = milp(-ones, constraints=LinearConstraint(sparse.vstack([by_area, by_site], format="csr"), ub=limit))
    flow = np.zeros(len(pairs)) if solved.x is None else solved.x
    served = summed(problem.rows, flow, len(people))
    return np.maximum(people - served, 0.0)
