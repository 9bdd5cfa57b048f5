"""Which sites would be missed least, and who would lose by closing them."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hjp_geo.access import CostMatrix
from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.siting._problem import Floats, Objective, Problem, is_whole, summed
from hjp_geo.siting.locate import Solution, locate

__all__ = ["Closures", "missed_least"]

_WITHOUT = ("mclp", "p_median", "p_center", "kolm_pollak")


@dataclass(frozen=True, eq=False)
class Closures:
    """The sites whose closing does least harm, and who loses by it."""

    closed: tuple[str, ...]
    kept: tuple[str, ...]
    solution: Solution
    """The answer of `locate` for the sites that are kept; its objective is what is left."""
    losers: Table
    """Areas whose nearest site closes, most people first: area_code, people, site_before, cost_before, site_after,
    cost_after (missing where no other site is in reach)."""
    people_further: float
    """People whose nearest site closes and who have another one in reach."""
    people_lost: float
    """People with no site in reach any more."""
    one_by_one: Table
    """Each site closed alone, least missed first, indexed by ``site_id``: people (whose nearest site it is),
    people_lost, people_further, more_cost (people times how much longer the way of those people_further gets) and
    closing_cost."""
    closing_cost: float
    """What closing them costs; missing where not given."""


def missed_least(
    demand: AreaValues,
    costs: Table | CostMatrix,
    *,
    closures: int,
    objective: Objective = "mclp",
    cutoff: float | None = None,
    keep: Collection[str] = (),
    closing_costs: SiteValues | None = None,
    budget: float | None = None,
    k_best: int = 1,
    time_limit_s: float | None = None,
) -> Closures:
    """The so many sites of today that can close with least harm to the objective, exactly.

    ``costs`` holds today's sites and no others. ``keep`` never close. With ``budget``, the ``closing_costs`` of those
    that close (leases, notice) add up to no more. ``demand``, ``objective`` and ``cutoff`` as for `locate`; under any
    objective but ``mclp``, everybody who has a site in reach today keeps one.

    Raises PlanError where no such closing keeps every condition.
    """
    if objective not in _WITHOUT:
        raise PlanError(f"objective: found {objective!r}; expected one of {', '.join(_WITHOUT)}.")
    if not (is_whole(closures) and closures >= 1):
        raise PlanError(f"closures: found {closures!r}; expected a whole number of sites, 1 or more.")
    if budget is not None and closing_costs is None:
        raise PlanError("budget: a budget was given without closing_costs. Say what closing each site costs.")
    today = _today(demand, costs, objective, cutoff, keep)
    left = len(today.sites) - closures
    if left < max(1, len(set(keep))):
        raise PlanError(
            f"closures: found {closures}, but of {len(today.sites)} sites {len(set(keep))} are to be kept, and one at "
            f"least must stay. Lower closures."
        )
    prices, money = _flipped(today, closing_costs, budget, left)
    solution = locate(
        demand,
        costs,
        objective=objective,
        p=left,
        cutoff=cutoff,
        required=keep,
        site_costs=prices,
        budget=money,
        k_best=k_best,
        time_limit_s=time_limit_s,
    )
    is_open = np.isin(today.sites, solution.sites)
    return _closures(today, is_open, solution, closing_costs)


def _today(
    demand: AreaValues, costs: Table | CostMatrix, objective: str, cutoff: float | None, keep: Collection[str]
) -> Problem:
    return Problem.checked(
        demand,
        costs,
        objective=objective,
        p=max(1, len(set(keep))),
        cutoff=cutoff,
        capacity=None,
        required=keep,
        forbidden=(),
        budget=None,
        site_costs=None,
        sharing="split",
    )


def _flipped(
    today: Problem, closing_costs: SiteValues | None, budget: float | None, left: int
) -> tuple[SiteValues | None, float | None]:
    """The limit on those that close as a limit on those that stay, whose number is fixed.

    Sum of costs over the closed ≤ budget is: sum over the open of (dearest - cost) ≤ left × dearest - all + budget.
    """
    if closing_costs is None or budget is None:
        return None, None
    costs = closing_costs.reindex(today.sites).astype("float64")
    if not (np.isfinite(costs) & (costs >= 0)).all():
        raise PlanError("closing_costs: missing, negative or infinite for some sites. Give a number of 0 or more each.")
    if not (math.isfinite(budget) and budget >= 0):
        raise PlanError(f"budget: found {budget!r}; expected a finite number, 0 or more.")
    dearest = float(costs.max())
    money = left * dearest - float(costs.sum()) + budget
    free = costs[~today.required].sort_values()
    cheapest = float(free.iloc[: len(today.sites) - left].sum())
    if cheapest > budget * (1 + 1e-9):
        raise PlanError(
            f"budget: {budget:,.0f} does not pay for closing so many sites; the cheapest cost {cheapest:,.0f}."
        )
    return dearest - costs, max(money, 0.0)


@dataclass(frozen=True)
class _Nearest:
    """Of each area: its nearest site, the next one, and what they cost; -1 and infinity where there is none."""

    first: np.ndarray[tuple[int, ...], np.dtype[np.intp]]
    cost: Floats
    second_cost: Floats

    @classmethod
    def of(cls, problem: Problem, is_open: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> _Nearest:
        pairs = np.flatnonzero(is_open[problem.columns])
        order = pairs[np.lexsort((problem.columns[pairs], problem.costs[pairs], problem.rows[pairs]))]
        rows = problem.rows[order]
        starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1])[: len(rows)])
        count = len(problem.areas)
        first, cost, second = np.full(count, -1, dtype=np.intp), np.full(count, np.inf), np.full(count, np.inf)
        first[rows[starts]] = problem.columns[order[starts]]
        cost[rows[starts]] = problem.costs[order[starts]]
        following = starts + 1
        following = following[following < len(rows)]
        following = following[rows[following] == rows[following - 1]]
        second[rows[following]] = problem.costs[order[following]]
        return cls(first, cost, second)


def _closures(
    today: Problem,
    is_open: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    solution: Solution,
    closing_costs: SiteValues | None,
) -> Closures:
    before = _Nearest.of(today, np.ones(len(today.sites), dtype=np.bool_))
    after = _Nearest.of(today, is_open)
    loses = (before.first >= 0) & ~is_open[before.first]
    lost = loses & (after.first < 0)
    table = pd.DataFrame(
        {
            "area_code": today.areas[loses],
            "people": today.demand[loses],
            "site_before": today.sites[before.first[loses]],
            "cost_before": before.cost[loses],
            "site_after": pd.Series(today.sites[after.first[loses]]).mask(after.first[loses] < 0).array,
            "cost_after": np.where(after.first[loses] < 0, np.nan, after.cost[loses]),
        }
    ).sort_values(["people", "area_code"], ascending=[False, True], ignore_index=True)
    closed = today.sites[~is_open]
    return Closures(
        closed=tuple(str(code) for code in closed),
        kept=solution.sites,
        solution=solution,
        losers=table,
        people_further=float(today.people[loses & ~lost].sum()),
        people_lost=float(today.people[lost].sum()),
        one_by_one=_one_by_one(today, before, closing_costs),
        closing_cost=math.nan if closing_costs is None else float(closing_costs.reindex(closed).sum()),
    )


def _one_by_one(today: Problem, before: _Nearest, closing_costs: SiteValues | None) -> Table:
    held = before.first >= 0
    site, people = before.first[held], today.people[held]
    is_lost = ~np.isfinite(before.second_cost[held])
    more = np.where(is_lost, 0.0, np.where(is_lost, 0.0, before.second_cost[held]) - before.cost[held])
    count = len(today.sites)
    table = pd.DataFrame(
        {
            "people": summed(site, people, count),
            "people_lost": summed(site, np.where(is_lost, people, 0.0), count),
            "people_further": summed(site, np.where(is_lost, 0.0, people), count),
            "more_cost": summed(site, people * more, count),
            "closing_cost": np.nan if closing_costs is None else closing_costs.reindex(today.sites).to_numpy(),
        },
        index=today.sites.rename("site_id"),
    )
    return table.reset_index().sort_values(["people_lost", "more_cost", "site_id"]).set_index("site_id")
