"""Set cover and the smallest worst journey (p-center), both without capacities."""

from __future__ import annotations

import math

import numpy as np

from hjp_geo.errors import PlanError
from hjp_geo.siting._cover import Cover, Covering, admissible_cover, fewest_sites
from hjp_geo.siting._dual import Choice
from hjp_geo.siting._mip import Cut
from hjp_geo.siting._problem import Clock, Floats, Ints, Problem
from hjp_geo.siting._reasons import too_few_sites
from hjp_geo.siting._savings import Savings, greedy
from hjp_geo.siting._weighted import Plans

__all__ = ["cover_within", "full_choice", "solve_center", "solve_cover"]


def full_choice(problem: Problem) -> Choice:
    """Count and budget with the required sites still among the candidates: for models that hold them open."""
    count = None if problem.p is None else problem.p - int(problem.required.sum())
    money = None if problem.money is None else problem.money - problem.spent_on_required
    return Choice(count, problem.site_costs if money is not None else None, money)


def solve_cover(problem: Problem, *, k_best: int, clock: Clock) -> Plans:
    """The fewest sites that cover every area that can be covered; then the next sets, equal or larger."""
    cover = cover_within(problem, math.inf)
    choice = full_choice(problem)
    first = fewest_sites(cover, problem.required, clock)
    assert first.sites is not None
    added = first.sites[~problem.required[first.sites]]
    if choice.prices is not None and choice.money is not None and choice.prices[added].sum() > choice.money:
        first = admissible_cover(cover, problem.required, choice, clock)
    if first.sites is None:
        raise too_few_sites(problem) if first.bound == math.inf else _no_plan(clock)
    sets, is_proven = [first.sites], first.bound == len(first.sites)
    while len(sets) < k_best and is_proven:
        cuts = tuple(Cut(sites, is_count_fixed=False) for sites in sets)
        following = admissible_cover(cover, problem.required, choice, clock, cuts)
        if following.sites is None:
            is_proven = following.bound == math.inf
            break
        sets.append(following.sites)
        is_proven = following.bound == len(following.sites)
    return Plans(tuple(sets), first.bound, first.bound == len(sets[0]), is_proven)


def solve_center(problem: Problem, *, k_best: int, clock: Clock) -> Plans:
    """The smallest largest cost that the sites allow: a set cover for each distance that could be it."""
    distances = np.unique(problem.costs)
    nearest = np.full(len(problem.areas), math.inf)
    np.minimum.at(nearest, problem.rows, problem.costs)
    low = int(np.searchsorted(distances, nearest[problem.reached].max()))
    sets: list[Ints] = []
    bound, is_first_proven, is_proven = math.nan, False, True
    while len(sets) < k_best:
        search = _Search(
            problem, distances, tuple(Cut(one, is_count_fixed=problem.p is not None) for one in sets), clock
        )
        best, low, is_proven = search.smallest(low)
        if not sets:
            if best is None:
                raise too_few_sites(problem) if is_proven else _no_plan(clock)
            bound, is_first_proven = float(distances[low]), is_proven
        if best is None:
            break
        sets.append(best)
        if not is_proven:
            break
    return Plans(tuple(sets), bound, is_first_proven, is_proven)


class _Search:
    """The smallest distance within which an admissible set, none of those found already, covers every area."""

    def __init__(self, problem: Problem, distances: Floats, cuts: tuple[Cut, ...], clock: Clock) -> None:
        self.problem, self.distances, self.cuts, self.clock = problem, distances, cuts, clock
        self.choice = full_choice(problem)

    def smallest(self, low: int) -> tuple[Ints | None, int, bool]:
        """The set, where its distance is among the distances at least, and whether that is proven."""
        best: Ints | None = None
        high = len(self.distances) - 1
        reach = 1 if self.cuts else high + 1  # a next best set is seldom far from the best
        while True:
            trial = min(low + reach - 1, high) if best is None else (low + high) // 2
            sites, is_known = self.within(trial)
            if not is_known:
                return best, low, False
            if sites is not None:
                best, high = sites, min(trial, self._largest(sites))
                if high <= low:
                    return best, low, True
            elif trial == len(self.distances) - 1:
                return None, low, True
            else:
                low, reach = trial + 1, reach * 2
                if best is not None and low >= high:
                    return best, high, True

    def _largest(self, sites: Ints) -> int:
        """Where the largest cost of any area with these sites is among the distances."""
        nearest = np.full(len(self.problem.areas), math.inf)
        pairs = np.isin(self.problem.columns, sites)
        np.minimum.at(nearest, self.problem.rows[pairs], self.problem.costs[pairs])
        return int(np.searchsorted(self.distances, nearest[self.problem.reached].max()))

    def within(self, place: int) -> tuple[Ints | None, bool]:
        """A set that covers all within the distance at this place, None where there is none; whether that is known."""
        cover = cover_within(self.problem, float(self.distances[place]))
        if cover.row_count and (np.diff(cover.table.indptr) == 0).any():
            return None, True
        if self.choice.prices is None and not self.cuts and self.choice.count is not None:
            return self._within_count(cover, self.choice.count)
        found = admissible_cover(cover, self.problem.required, self.choice, self.clock, self.cuts)
        return found.sites, found.sites is not None or found.bound == math.inf

    def _within_count(self, cover: Cover, count: int) -> tuple[Ints | None, bool]:
        total = count + int(self.problem.required.sum())
        found: Covering = fewest_sites(cover, self.problem.required, self.clock, enough=total)
        if found.bound > total:
            return None, True
        if found.sites is None or len(found.sites) > total:
            return None, False
        return _filled(self.problem, found.sites, total), True


def _filled(problem: Problem, sites: Ints, total: int) -> Ints:
    """The cover, with the sites it leaves over put where they shorten most journeys."""
    worst = float(problem.costs.max()) + 1.0
    weights = problem.people + 1e-9
    values = weights[problem.rows] * (worst - problem.costs)
    savings = Savings.from_pairs(problem.rows, problem.columns, values, (len(problem.areas), len(problem.sites)))
    return greedy(savings, sites, count=total)


def cover_within(problem: Problem, limit: float) -> Cover:
    """Which candidates cover which areas within a cost, apart from those that the required sites cover."""
    near = problem.costs <= limit
    shape = (len(problem.areas), len(problem.sites))
    return Cover.from_pairs(problem.rows[near], problem.columns[near], shape, problem.required)


def _no_plan(clock: Clock) -> PlanError:
    return PlanError(
        f"No plan that serves every area was found in {clock.seconds:.1f} seconds, nor proof that there is none. "
        f"Give more time."
    )
