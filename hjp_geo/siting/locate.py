"""Where sites would do most: the best choice among candidates, with proof or with a limit on what better could be."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hjp_geo.access.costs import CostMatrix
from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.siting._capacity import solve_capacitated
from hjp_geo.siting._center import solve_center, solve_cover
from hjp_geo.siting._problem import Clock, Floats, Ints, Objective, Problem, Sharing, is_whole, summed
from hjp_geo.siting._weighted import Plans, solve_weighted
from hjp_geo.siting._words import LOCATE_OBJECTIVES, Figures, ObjectiveCard, two_sentences

__all__ = ["LOCATE_OBJECTIVES", "Alternative", "ObjectiveCard", "Solution", "locate"]

_PROVEN = 1e-9
_LARGEST_EXPONENT = 600.0
_LARGEST_EXPONENT_WITH_ROOM = 25.0  # one programme holds all pairs, and HiGHS must tell the smallest from the largest


@dataclass(frozen=True)
class Alternative:
    """A next best set of sites."""

    sites: tuple[str, ...]
    objective: float
    worse_by: float
    """By how much its objective is worse than that of the best set, as a share of it; 0 when it is as good."""


@dataclass(frozen=True, eq=False)
class Solution:
    """The best set of sites that was found, and how sure it is."""

    sites: tuple[str, ...]
    """The sites to open, the required ones among them, sorted by code."""
    objective: float
    """mclp: people served; lscp: sites; p_median: people times cost; p_center, kolm_pollak: in the unit of costs."""
    bound: float
    """No choice of sites can be better than this."""
    gap: float
    """|objective - bound| / |objective|."""
    proven: bool
    """Whether the set is an optimum: the gap is 0 (to 1e-9)."""
    assignment: Table
    """Who is served where: area_code, site_id, share of the area, minutes or km. Areas not served are absent."""
    covered: float
    """People served (within the cutoff, where there is one)."""
    covered_share: float
    """The same as a share of all people whose number is known; missing when that is 0."""
    mean_cost: float
    """The mean cost per person served; missing when nobody is."""
    largest_cost: float
    """The largest cost of anybody served (of any area, for lscp and p_center); missing when nobody is."""
    unreachable: pd.Index[str]
    """Areas that no allowed candidate reaches (within the cutoff, where there is one)."""
    left_out: pd.Index[str]
    """Areas that some candidate reaches, but that these sites do not serve, or not in full."""
    without_demand_figure: pd.Index[str]
    """Areas whose demand is missing: they weigh nothing and are in no total."""
    alternatives: tuple[Alternative, ...]
    """The 2nd, 3rd … best set."""
    alternatives_proven: bool
    """Whether no set that is not listed is better than the last one that is."""
    kappa: float | None
    """The weight of inequality that kolm_pollak used."""
    seconds: float
    summary: str
    """Two sentences for a board."""


def locate(
    demand: AreaValues,
    costs: Table | CostMatrix,
    *,
    objective: Objective = "mclp",
    p: int | None = None,
    cutoff: float | None = None,
    capacity: SiteValues | None = None,
    required: Collection[str] = (),
    forbidden: Collection[str] = (),
    budget: float | None = None,
    site_costs: SiteValues | None = None,
    sharing: Sharing = "split",
    k_best: int = 1,
    time_limit_s: float | None = None,
    epsilon: float = -1.0,
    kappa: float | None = None,
) -> Solution:
    """The set of sites that does most for people, with a limit on what any other set could do.

    ``demand`` has one number per ``area_code``: people, or people in need. Missing means not known: the area weighs
    nothing and is listed. Zero means nobody: nobody has to be served there. ``lscp`` and ``p_center`` ignore people and
    serve every area.

    ``costs`` has ``area_code``, ``site_id`` and one of ``minutes`` or ``km``, or is a `CostMatrix` of the same areas.
    Its sites are the candidates. A pair that is absent, missing or infinite cannot be used; nor can one above
    ``cutoff`` (a cost equal to it can). Areas that no candidate reaches are listed, never given a large cost; all
    others are served, except under ``mclp``.

    Exactly ``p`` sites are open, ``required`` ones among them (they may stay empty), ``forbidden`` ones never. With
    ``budget``, the ``site_costs`` of the open sites add up to no more; it replaces or joins ``p``. With ``capacity``,
    one number per site, no site serves more people; areas may be split between sites, or not (``single_source``).

    ``kolm_pollak`` minimises the cost that would be as good if everyone had it, with ``kappa``, or with the kappa that
    follows from ``epsilon`` and the costs to the required sites, or to all candidates where those do not reach everyone.

    A time limit returns the best set so far with its gap. Equal sites are taken in the order of their codes, so the
    order of rows never matters.

    Raises PlanError when no set keeps every condition (which areas, which condition, what would mend it), for words and
    numbers out of range; SchemaError and GeographyError for tables and codes that do not fit.

    Church and ReVelle (1974); Toregas and others (1971); ReVelle and Swain (1970); Horton and others (2024), Kolm-Pollak.

    >>> people = pd.Series({"E01000001": 100.0, "E01000002": 300.0, "E01000003": 50.0})
    >>> journeys = pd.DataFrame(
    ...     [("E01000001", "A", 5.0), ("E01000002", "B", 9.0), ("E01000003", "A", 10.0), ("E01000003", "B", 11.0)],
    ...     columns=["area_code", "site_id", "minutes"],
    ... )
    >>> found = locate(people, journeys, objective="mclp", p=1, cutoff=10)
    >>> found.sites, found.objective, found.proven
    (('B',), 300.0, True)
    >>> found.summary
    'With 1 site, 300 of 450 people (66.7 %) are served within 10 minutes. It is proven that no other choice serves more people.'
    """  # noqa: E501 - the last line is what doctest prints
    clock = Clock(time_limit_s)
    _check_search(k_best, time_limit_s)
    problem = Problem.checked(
        demand,
        costs,
        objective=objective,
        p=p,
        cutoff=cutoff,
        capacity=capacity,
        required=required,
        forbidden=forbidden,
        budget=budget,
        site_costs=site_costs,
        sharing=sharing,
    )
    weight = equity_weight(problem, epsilon, kappa) if objective == "kolm_pollak" else None
    losses = _losses(problem, weight)
    plans = _solve(problem, losses, k_best, clock)
    return _solution(problem, plans, weight, clock)


def _check_search(k_best: int, time_limit_s: float | None) -> None:
    if not (is_whole(k_best) and k_best >= 1):
        raise PlanError(f"k_best: found {k_best!r}; expected a whole number of sets, 1 or more.")
    if time_limit_s is not None and not time_limit_s > 0:
        raise PlanError(f"time_limit_s: found {time_limit_s!r}; expected seconds above 0, or None for no limit.")


def _solve(problem: Problem, losses: Floats | None, k_best: int, clock: Clock) -> Plans:
    if problem.capacity is not None:
        return solve_capacitated(problem, losses, k_best=k_best, clock=clock)
    if problem.objective == "lscp":
        return solve_cover(problem, k_best=k_best, clock=clock)
    if problem.objective == "p_center":
        return solve_center(problem, k_best=k_best, clock=clock)
    return solve_weighted(problem, losses, k_best=k_best, clock=clock)


def _losses(problem: Problem, kappa: float | None) -> Floats | None:
    """What each pair costs one person, in the sum that the objective makes small."""
    if problem.objective == "p_median":
        return problem.costs
    if kappa is None:
        return None
    return np.exp(-kappa * problem.costs)


def equity_weight(problem: Problem, epsilon: float, kappa: float | None) -> float:
    """The given kappa, or epsilon times the mean cost over the mean squared cost of today's nearest sites."""
    if kappa is None:
        if not (math.isfinite(epsilon) and epsilon < 0):
            raise PlanError(f"epsilon: found {epsilon!r}; expected below 0, as a journey is a burden (-1 is usual).")
        nearest = _nearest(problem, problem.required[problem.columns])
        if not np.isfinite(nearest[problem.must_serve]).all():
            nearest = _nearest(problem, np.ones(len(problem.rows), dtype=np.bool_))
        people, cost = problem.people[problem.must_serve], nearest[problem.must_serve]
        squared = float((people * cost**2).sum())
        kappa = epsilon * float((people * cost).sum()) / squared if squared > 0 else epsilon
    if not (math.isfinite(kappa) and kappa < 0):
        raise PlanError(f"kappa: found {kappa!r}; expected below 0, as a journey is a burden.")
    most = _LARGEST_EXPONENT if problem.capacity is None else _LARGEST_EXPONENT_WITH_ROOM
    if -kappa * problem.costs.max() > most:
        raise PlanError(
            f"kappa {kappa:g} with costs up to {problem.costs.max():g} {problem.unit} is beyond what can be computed. "
            f"Give a kappa (or epsilon) nearer 0, or a cutoff."
        )
    return kappa


def _nearest(problem: Problem, usable: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    nearest = np.full(len(problem.areas), math.inf)
    np.minimum.at(nearest, problem.rows[usable], problem.costs[usable])
    return nearest


def _shares_to_nearest(problem: Problem, sites: Ints) -> Floats:
    """1 for the pair of each area with its nearest open site, the first by code of equals; else 0."""
    is_open = np.zeros(len(problem.sites), dtype=np.bool_)
    is_open[sites] = True
    usable = is_open[problem.columns]
    nearest = _nearest(problem, usable)
    candidates = np.flatnonzero(usable & (problem.costs == nearest[problem.rows]))
    rows = problem.rows[candidates]
    share = np.zeros(len(problem.rows))
    share[candidates[np.append(True, rows[1:] != rows[:-1])[: len(rows)]]] = 1.0
    return share


def _objective(problem: Problem, sites: Ints, share: Floats, kappa: float | None) -> float:
    """The objective of one set, added up anew from the pairs that it uses."""
    used = np.flatnonzero(share)
    people = problem.people[problem.rows[used]] * share[used]
    if problem.objective == "lscp":
        return float(len(sites))
    if problem.objective == "mclp":
        return float(people.sum())
    if problem.objective == "p_center":
        return float(problem.costs[used].max())
    if kappa is None:
        return float((people * problem.costs[used]).sum())
    return _as_if_equal(float((people * np.exp(-kappa * problem.costs[used])).sum()), problem, kappa)


def _as_if_equal(total: float, problem: Problem, kappa: float) -> float:
    people = float(problem.people[problem.must_serve].sum())
    return -math.log(total / people) / kappa if total > 0 else -math.inf


def _solution(problem: Problem, plans: Plans, kappa: float | None, clock: Clock) -> Solution:
    shares = plans.shares or tuple(_shares_to_nearest(problem, sites) for sites in plans.sets)
    values = [_objective(problem, sites, share, kappa) for sites, share in zip(plans.sets, shares, strict=True)]
    value, bound = values[0], plans.bound if kappa is None else _as_if_equal(plans.bound, problem, kappa)
    gap = 0.0 if plans.is_proven else _gap(value, bound)
    if gap <= _PROVEN:
        gap, bound = 0.0, value
    codes = [tuple(str(code) for code in problem.sites[sites]) for sites in plans.sets]
    table, served = _assignment(problem, shares[0])
    facts = _Facts.of(problem, shares[0], served)
    seconds = clock.seconds
    return Solution(
        sites=codes[0],
        objective=value,
        bound=bound,
        gap=gap,
        proven=gap == 0.0,
        assignment=table,
        covered=facts.covered,
        covered_share=facts.covered / facts.people if facts.people > 0 else math.nan,
        mean_cost=facts.mean_cost,
        largest_cost=facts.largest_cost,
        unreachable=problem.areas[~problem.reached],
        left_out=problem.areas[problem.reached & (served < 1 - 1e-9)],
        without_demand_figure=problem.areas[np.isnan(problem.demand)],
        alternatives=tuple(
            Alternative(sites, other, _gap(value, other)) for sites, other in zip(codes[1:], values[1:], strict=True)
        ),
        alternatives_proven=plans.are_all_proven,
        kappa=kappa,
        seconds=seconds,
        summary=two_sentences(_figures(problem, plans.sets[0], value, gap, facts, seconds)),
    )


def _gap(value: float, bound: float) -> float:
    if value == bound:
        return 0.0
    return abs(value - bound) / abs(value) if value != 0 else math.inf


def _assignment(problem: Problem, share: Floats) -> tuple[Table, Floats]:
    """The pairs in use, and the share of each area that is served."""
    used = np.flatnonzero(share)
    rows = problem.rows[used]
    table = pd.DataFrame(
        {
            "area_code": problem.areas[rows],
            "site_id": problem.sites[problem.columns[used]],
            "share": share[used],
            problem.unit: problem.costs[used],
        }
    )
    return table, summed(rows, share[used], len(problem.areas))


@dataclass(frozen=True)
class _Facts:
    people: float
    covered: float
    mean_cost: float
    largest_cost: float

    @classmethod
    def of(cls, problem: Problem, share: Floats, served: Floats) -> _Facts:
        covered = float((problem.people * np.minimum(served, 1.0)).sum())
        used = np.flatnonzero(share)
        weight, cost = problem.people[problem.rows[used]] * share[used], problem.costs[used]
        mean = float((weight * cost).sum() / weight.sum()) if weight.sum() > 0 else math.nan
        counted = cost if problem.ignores_people else cost[weight > 0]
        return cls(float(problem.people.sum()), covered, mean, float(counted.max()) if len(counted) else math.nan)


def _figures(problem: Problem, sites: Ints, value: float, gap: float, facts: _Facts, seconds: float) -> Figures:
    return Figures(
        objective=problem.objective,
        unit=problem.unit,
        site_count=len(sites),
        required_count=int(problem.required.sum()),
        cutoff=problem.cutoff,
        value=value,
        gap=gap,
        is_proven=gap == 0.0,
        seconds=seconds,
        people=facts.people,
        covered=facts.covered,
        areas=int(problem.reached.sum()),
        mean_cost=facts.mean_cost,
        largest_cost=facts.largest_cost,
        unreachable_areas=int((~problem.reached).sum()),
        unreachable_people=float(problem.people[~problem.reached].sum()),
        site_costs=None if problem.site_costs is None else float(problem.site_costs[sites].sum()),
    )
