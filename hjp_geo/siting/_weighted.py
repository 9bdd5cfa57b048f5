"""Covering people, the p-median and Kolm–Pollak equity without capacities: each put as a question of savings."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from hjp_geo.errors import PlanError
from hjp_geo.siting._cover import Cover, admissible_cover, fewest_sites
from hjp_geo.siting._dual import Choice
from hjp_geo.siting._largest import Question, largest_saving, promising_plans
from hjp_geo.siting._problem import Bools, Clock, Floats, Ints, Problem, summed
from hjp_geo.siting._reasons import too_few_sites
from hjp_geo.siting._savings import Savings

__all__ = ["Plans", "choice_of", "solve_weighted"]

_WIDEST = math.exp(20)
"""How much more a person may lose than one who does not travel, on average, before HiGHS confuses the plans."""
_WORTH_RANKING = 1e4
"""Plans that lose so many times as much as the best are not told apart."""


@dataclass(frozen=True)
class Plans:
    """Sets of sites by position, the best first, with a limit on the objective in the objective's own unit."""

    sets: tuple[Ints, ...]
    bound: float
    is_proven: bool
    """Whether the first set is an optimum."""
    are_all_proven: bool
    """Whether the others are the next best, one after another."""
    shares: tuple[Floats, ...] | None = None
    """With capacities: for each set, the share of each pair's area that the pair's site serves."""


def choice_of(problem: Problem) -> Choice:
    """What may be chosen beside the required sites."""
    free = ~problem.required
    count = None if problem.p is None else problem.p - int(problem.required.sum())
    if problem.money is None or problem.site_costs is None:
        return Choice(count)
    return Choice(count, problem.site_costs[free], problem.money - problem.spent_on_required)


def solve_weighted(problem: Problem, pair_losses: Floats | None, *, k_best: int, clock: Clock) -> Plans:
    """The k best sets for covering people (no losses), or for the smallest sum of people times loss of their pair.

    The bound is in people covered, or in the sum of people times loss.
    """
    free, required = np.flatnonzero(~problem.required), np.flatnonzero(problem.required)
    losses, most = pair_losses, math.inf
    if pair_losses is not None and problem.objective == "kolm_pollak":
        losses, most = _without_hopeless_losses(problem, pair_losses, k_best, clock)
    worst, question = _question(problem, losses)
    if question.choice.count == 0 or len(free) == 0:
        if question.hard.any():
            raise too_few_sites(problem)
        only = float(worst.sum()) if losses is not None else float(problem.people.sum() - worst.sum())
        return Plans((required,), only, is_proven=True, are_all_proven=True)
    if question.hard.any():
        question = _with_start(problem, question, clock)
    found = largest_saving(question, k_best=k_best, clock=clock)
    sets = tuple(np.union1d(free[sites], required) for sites in found.sets)
    if pair_losses is None:
        return Plans(sets, _covered_by_required(problem) + found.bound, found.is_proven, found.are_all_proven)
    if losses is not pair_losses:
        sets = _ranked(problem, pair_losses, sets)
    is_ranked = found.are_all_proven and (most == math.inf or _total_loss(problem, pair_losses, sets[-1]) <= most)
    return Plans(sets, float(worst.sum()) - found.bound, found.is_proven, is_ranked)


def _without_hopeless_losses(problem: Problem, losses: Floats, k_best: int, clock: Clock) -> tuple[Floats, float]:
    """Losses cut down to what the k-th of some good plans loses in all, and that: more in one area is no better plan.

    Exponentials of long journeys are so large that nothing else could be told apart beside them.
    """
    _, question = _question(problem, problem.costs)
    if question.choice.count == 0 or problem.required.all():
        return losses, math.inf
    if question.hard.any():
        question = _with_start(problem, question, clock)
    free, required = np.flatnonzero(~problem.required), np.flatnonzero(problem.required)
    plans = promising_plans(question, k_best=k_best, clock=clock)
    total = sorted(_total_loss(problem, losses, np.union1d(free[sites], required)) for sites in plans)
    people = problem.people[problem.must_serve]
    if total[0] > _WIDEST * float(people.sum()):
        raise PlanError(
            "kolm_pollak: with this kappa the longest journeys outweigh all others by more than can be computed. "
            "Give a kappa or an epsilon nearer 0, or choose p_center, which asks for the shortest longest journey."
        )
    most = min(total[-1] if len(total) >= k_best else math.inf, _WORTH_RANKING * total[0]) * (1 + 1e-9)
    weight = problem.people[problem.rows]
    cap = np.full(len(losses), math.inf)
    np.divide(most, weight, out=cap, where=weight > 0)
    return np.minimum(losses, cap), most


def _total_loss(problem: Problem, losses: Floats, sites: Ints) -> float:
    is_open = np.isin(problem.columns, sites)
    least = np.full(len(problem.areas), math.inf)
    np.minimum.at(least, problem.rows[is_open], losses[is_open])
    served = problem.must_serve
    return float((problem.people[served] * least[served]).sum())


def _ranked(problem: Problem, losses: Floats, sets: tuple[Ints, ...]) -> tuple[Ints, ...]:
    """The sets in the order of what they truly lose."""
    total = [_total_loss(problem, losses, sites) for sites in sets]
    return tuple(sets[place] for place in np.argsort(total, kind="stable"))


def _covered_by_required(problem: Problem) -> float:
    return float(problem.people[_served_by_required(problem)].sum())


def _served_by_required(problem: Problem) -> Bools:
    served = np.zeros(len(problem.areas), dtype=np.bool_)
    served[problem.rows[problem.required[problem.columns]]] = True
    return served


def _question(problem: Problem, pair_losses: Floats | None) -> tuple[Floats, Question]:
    """What people lose at the worst, per area (people not covered yet, for coverage), and what sites would save."""
    by_required = problem.required[problem.columns]
    place = np.cumsum(~problem.required) - 1
    rows, columns = problem.rows[~by_required], place[problem.columns[~by_required]]
    choice = choice_of(problem)
    shape = (len(problem.areas), int((~problem.required).sum()))
    if pair_losses is None:
        return _coverage(problem, rows, columns, shape, choice)
    free_losses = pair_losses[~by_required]
    base = np.full(shape[0], math.inf)
    np.minimum.at(base, problem.rows[by_required], pair_losses[by_required])
    unserved = ~np.isfinite(base) & problem.must_serve
    lengths = np.bincount(rows, minlength=shape[0])
    filled = np.flatnonzero(lengths)
    worst = np.full(shape[0], -math.inf)
    if len(filled):
        worst[filled] = np.maximum.reduceat(free_losses, (np.cumsum(lengths) - lengths)[filled])
    hard = unserved & ~((lengths == shape[1]) & (choice.count is not None and choice.count > 0))
    base = np.where(problem.must_serve, np.where(unserved, worst, base), 0.0)
    values = problem.people[rows] * (base[rows] - free_losses)
    useful = values > 0
    if not by_required.any() and len(values) == shape[0] * shape[1]:
        useful[:] = True  # nothing is saved by a few pairs, but a full grid is quicker than one with holes
    if hard.any():
        useful |= hard[rows]
    savings = Savings.from_pairs(rows[useful], columns[useful], np.maximum(values[useful], 0.0), shape)
    weighed = np.where(problem.must_serve, problem.people, 0.0) * base
    return weighed, Question(savings, hard, choice, worst=float(weighed.sum()))


def _coverage(
    problem: Problem, rows: Ints, columns: Ints, shape: tuple[int, int], choice: Choice
) -> tuple[Floats, Question]:
    left = np.where(_served_by_required(problem), 0.0, problem.people)
    useful = left[rows] > 0
    rows, columns = rows[useful], columns[useful]
    keys = np.random.default_rng(13).integers(1, 2**63, max(shape[1], 1), dtype=np.uint64)
    fingerprint = np.zeros(shape[0], dtype=np.uint64)
    np.add.at(fingerprint, rows, keys[columns])
    _, first, group = np.unique(fingerprint, return_index=True, return_inverse=True)
    people = summed(group, left, len(first))
    is_first = np.zeros(shape[0], dtype=np.bool_)
    is_first[first] = True
    kept = is_first[rows]
    merged = group[rows[kept]]
    savings = Savings.from_pairs(merged, columns[kept], people[merged], (len(first), shape[1]))
    unit = 1.0 if (left == np.floor(left)).all() else 0.0
    worst = -_covered_by_required(problem)
    return left, Question(savings, np.zeros(len(first), dtype=np.bool_), choice, unit=unit, worst=worst)


def _with_start(problem: Problem, question: Question, clock: Clock) -> Question:
    """A set that serves every hard area within the count and the budget, or the reason why there is none."""
    savings, choice = question.savings, question.choice
    pairs = question.hard[savings.rows]
    none = np.zeros(savings.site_count, dtype=np.bool_)
    shape = (savings.area_count, savings.site_count)
    cover = Cover.from_pairs(savings.rows[pairs], savings.columns[pairs], shape, none)
    found = None
    if choice.prices is None:
        found = fewest_sites(cover, none, clock, enough=choice.count)
        if found.bound > (choice.count or 0) >= 0 and choice.count is not None:
            raise too_few_sites(problem)
    else:
        found = admissible_cover(cover, none, choice, clock)
        if found.bound == math.inf:
            raise too_few_sites(problem)
    if found.sites is None or (choice.count is not None and len(found.sites) > choice.count):
        raise PlanError(
            f"No plan that serves every area was found in {clock.seconds:.1f} seconds, nor proof that there is none. "
            f"Give more time, more sites or more money."
        )
    return replace(question, start=found.sites)
