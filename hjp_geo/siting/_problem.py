"""The question put to `locate`, checked once at the door: inside, everything is sound and in sorted order."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hjp_geo.access.costs import COST_UNITS, CostMatrix, CostUnit, sorted_codes
from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.errors import PlanError

__all__ = ["Bools", "Clock", "Floats", "Ints", "Objective", "Problem", "Sharing", "examples", "is_whole", "summed"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Bools: TypeAlias = NDArray[np.bool_]
Objective: TypeAlias = Literal["mclp", "lscp", "p_median", "p_center", "kolm_pollak"]
Sharing: TypeAlias = Literal["split", "single_source"]

_NEEDS_CUTOFF = ("mclp", "lscp")
_IGNORES_PEOPLE = ("lscp", "p_center")
_CENT = 1e-9


@dataclass
class Clock:
    """How long the search has taken, and how long it may still take."""

    limit_s: float | None = None
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since the search began."""
        return time.perf_counter() - self.started

    @property
    def left(self) -> float:
        """Seconds left; infinite without a limit."""
        return math.inf if self.limit_s is None else self.limit_s - self.seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is used up."""
        return self.left <= 0


@dataclass(frozen=True, eq=False)
class Problem:
    """Areas, candidates and the usable pairs between them: forbidden sites and pairs beyond the limit are gone."""

    objective: Objective
    unit: CostUnit
    areas: pd.Index[str]
    sites: pd.Index[str]
    """Every candidate that may be open, sorted; ``required`` marks those that must be."""
    demand: Floats
    """One number per area; NaN where not known."""
    rows: Ints
    """The area of each usable pair; pairs are sorted by area, then site."""
    columns: Ints
    costs: Floats
    required: Bools
    p: int | None
    cutoff: float | None
    budget: float | None
    site_costs: Floats | None
    capacity: Floats | None
    sharing: Sharing

    @property
    def ignores_people(self) -> bool:
        """Whether every area counts the same (set cover and centre), whatever its demand."""
        return self.objective in _IGNORES_PEOPLE

    @cached_property
    def people(self) -> Floats:
        """Demand with 0 where it is not known: such an area adds to no total, and is listed."""
        return np.where(np.isnan(self.demand), 0.0, self.demand)

    @cached_property
    def reached(self) -> Bools:
        """Which areas some candidate reaches."""
        reached = np.zeros(len(self.areas), dtype=np.bool_)
        reached[self.rows] = True
        return reached

    @cached_property
    def must_serve(self) -> Bools:
        """Which areas have to be served: those in reach that take part. Nobody has to be served where nobody lives."""
        return self.reached if self.ignores_people else self.reached & (self.people > 0)

    @property
    def money(self) -> float | None:
        """The budget, with room for the rounding of a sum that should just meet it."""
        return None if self.budget is None else self.budget + _CENT * max(1.0, self.budget)

    @cached_property
    def spent_on_required(self) -> float:
        """The cost of the required sites."""
        return 0.0 if self.site_costs is None else float(self.site_costs[self.required].sum())

    @classmethod
    def checked(
        cls,
        demand: AreaValues,
        costs: Table | CostMatrix,
        *,
        objective: str,
        p: int | None,
        cutoff: float | None,
        capacity: SiteValues | None,
        required: Collection[str],
        forbidden: Collection[str],
        budget: float | None,
        site_costs: SiteValues | None,
        sharing: str,
    ) -> Problem:
        """The question in sorted arrays, or a PlanError, SchemaError or GeographyError that says what is wrong."""
        name, how = _checked_words(objective, sharing)
        _check_numbers(name, p, cutoff, budget, site_costs)
        values = _checked_demand(demand, name)
        matrix = _matrix(costs, values.index, capacity, site_costs)
        candidates = matrix.sites
        is_required = _marked(candidates, required, "required")
        allowed = ~_marked(candidates, forbidden, "forbidden")
        _check_both(candidates, is_required, allowed)
        usable = allowed[matrix.columns]
        if cutoff is not None:
            usable &= matrix.costs <= cutoff
        place = np.cumsum(allowed) - 1
        problem = cls(
            objective=name,
            unit=matrix.unit,
            areas=values.index,
            sites=candidates[allowed],
            demand=np.asarray(values, dtype=np.float64),
            rows=matrix.rows[usable].astype(np.intp),
            columns=place[matrix.columns[usable]],
            costs=matrix.costs[usable],
            required=is_required[allowed],
            p=p,
            cutoff=cutoff,
            budget=budget,
            site_costs=_by_site(site_costs, candidates, allowed, "site_costs"),
            capacity=_by_site(capacity, candidates, allowed, "capacity"),
            sharing=how,
        )
        _check_room(problem, forbidden_count=int((~allowed).sum()))
        return problem


def summed(places: Ints, weights: Floats, count: int) -> Floats:
    """Weights added up by place; floats even where there is nothing to add up."""
    return np.bincount(places, weights=weights, minlength=count).astype(np.float64, copy=False)


def is_whole(number: object) -> bool:
    """Whether this is a whole number, of Python's or of numpy's."""
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def examples(codes: Collection[str]) -> str:
    """The first five codes, for a message."""
    shown = sorted(str(code) for code in codes)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _checked_words(objective: str, sharing: str) -> tuple[Objective, Sharing]:
    for name in get_args(Objective):
        if name == objective:
            break
    else:
        raise PlanError(f"objective: found {objective!r}; expected one of {', '.join(get_args(Objective))}.")
    for how in get_args(Sharing):
        if how == sharing:
            return name, how
    raise PlanError(f"sharing: found {sharing!r}; expected one of {', '.join(get_args(Sharing))}.")


def _check_numbers(
    objective: Objective, p: int | None, cutoff: float | None, budget: float | None, site_costs: SiteValues | None
) -> None:
    if objective == "lscp" and p is not None:
        raise PlanError(f"p: found {p}; lscp finds the number of sites itself. Leave p out, or choose mclp.")
    if objective != "lscp" and p is None and budget is None:
        raise PlanError(f"{objective}: neither p nor a budget was given. Say how many sites, or how much money.")
    if p is not None and not (is_whole(p) and p >= 1):
        raise PlanError(f"p: found {p!r}; expected a whole number of sites, 1 or more.")
    if objective in _NEEDS_CUTOFF and cutoff is None:
        raise PlanError(f"{objective}: no cutoff was given. Say how far is still within reach, in the unit of costs.")
    if cutoff is not None and not (math.isfinite(cutoff) and cutoff >= 0):
        raise PlanError(f"cutoff: found {cutoff!r}; expected a finite number, 0 or more.")
    if budget is not None and not (math.isfinite(budget) and budget >= 0):
        raise PlanError(f"budget: found {budget!r}; expected a finite number, 0 or more.")
    if budget is not None and site_costs is None:
        raise PlanError("budget: a budget was given without site_costs. Say what each site costs, in the same money.")


def _checked_demand(demand: AreaValues, objective: Objective) -> pd.Series[float]:
    if not isinstance(demand, pd.Series):
        raise PlanError(f"demand: found a {type(demand).__name__}; expected a Series of numbers indexed by area_code.")
    if not pd.api.types.is_numeric_dtype(demand.dtype) or pd.api.types.is_bool_dtype(demand.dtype):
        raise PlanError(f"demand: found values of type {demand.dtype}; expected numbers indexed by area_code.")
    order, index = sorted_codes(demand.index, "demand", "area_code")
    values = demand.to_numpy(dtype=np.float64, na_value=np.nan)[order]
    wrong = np.isinf(values) | (values < 0)
    if wrong.any():
        raise PlanError(f"demand is negative or infinite in {examples(index[wrong])}. Correct or remove these areas.")
    if objective not in _IGNORES_PEOPLE and not (values > 0).any():
        raise PlanError("demand is 0 or missing in every area, so any sites would do as well. Give people, or need.")
    return pd.Series(values, index=index)


def _matrix(costs: Table | CostMatrix, areas: pd.Index[str], *per_site: SiteValues | None) -> CostMatrix:
    """The costs of these areas as a matrix, made from a table unless it is one already."""
    if not isinstance(costs, CostMatrix):
        return CostMatrix.from_table(costs, areas=areas, sites=_candidates(costs, *per_site))
    if not costs.areas.equals(areas):
        raise PlanError(
            f"costs: its {len(costs.areas)} areas are not the {len(areas)} of demand. Give one the other's."
        )
    return costs


def _candidates(costs: Table, *per_site: SiteValues | None) -> pd.Index[str]:
    """Every site that the costs or a table of sites name, sorted."""
    if not isinstance(costs, pd.DataFrame) or "site_id" not in costs.columns:
        raise PlanError(f"costs: expected a table with area_code, site_id and one of {' or '.join(COST_UNITS)}.")
    named = pd.Index(costs["site_id"].dropna().unique())
    for values in per_site:
        if values is not None:
            named = named.union(sorted_codes(values.index, "sites", "site_id")[1])
    return sorted_codes(named, "costs", "site_id")[1]


def _marked(candidates: pd.Index[str], wanted: Collection[str], name: str) -> Bools:
    if isinstance(wanted, str):
        raise PlanError(f"{name}: found the text {wanted!r}; expected a list of site_id.")
    places = candidates.get_indexer(pd.Index(list(wanted), dtype=candidates.dtype))
    unknown = [code for code, place in zip(wanted, places, strict=True) if place < 0]
    if unknown:
        raise PlanError(
            f"{name}: {examples(unknown)} not among the {len(candidates)} candidates of costs. Correct the code, "
            f"or add the costs of reaching the site; a row with a missing cost will do for one that reaches nobody."
        )
    marked = np.zeros(len(candidates), dtype=np.bool_)
    marked[places] = True
    return marked


def _by_site(values: SiteValues | None, candidates: pd.Index[str], allowed: Bools, name: str) -> Floats | None:
    if values is None:
        return None
    aligned: Floats = np.asarray(values.reindex(candidates[allowed]), dtype=np.float64)
    wrong = ~np.isfinite(aligned) | (aligned < 0)
    if wrong.any():
        raise PlanError(
            f"{name}: missing, negative or infinite for {examples(candidates[allowed][wrong])}. Expected a number of "
            f"0 or more for every candidate; forbid those for which it is not known."
        )
    return aligned


def _check_both(candidates: pd.Index[str], required: Bools, allowed: Bools) -> None:
    both = required & ~allowed
    if both.any():
        raise PlanError(f"{examples(candidates[both])}: both required and forbidden. Take it out of one of the two.")


def _check_room(problem: Problem, *, forbidden_count: int) -> None:
    """Refuse what no search could mend: too few candidates, too many required, too little money."""
    p, count, fixed = problem.p, len(problem.sites), int(problem.required.sum())
    without = f" ({forbidden_count} more are forbidden)" if forbidden_count else ""
    if count == 0:
        raise PlanError(f"There is no candidate to choose from{without}. Add sites to costs.")
    if p is not None and p > count:
        raise PlanError(f"p: found {p} sites, but there are only {count} candidates{without}. Lower p to {count}.")
    if p is not None and fixed > p:
        raise PlanError(f"p: found {p} sites, but {fixed} are required, and p counts them. Raise p to {fixed} or more.")
    if problem.money is not None:
        _check_budget(problem, problem.money)
    if not problem.must_serve.any():
        limit = "" if problem.cutoff is None else f" within {problem.cutoff:g} {problem.unit}"
        raise PlanError(f"No candidate reaches any area with demand{limit}. Widen the limit or add candidates.")


def _check_budget(problem: Problem, budget: float) -> None:
    assert problem.site_costs is not None
    spent = problem.spent_on_required
    if spent > budget:
        raise PlanError(f"budget: {budget:,.0f} does not pay for the required sites, which cost {spent:,.0f}.")
    if problem.p is not None:
        more = problem.p - int(problem.required.sum())
        least = spent + float(np.sort(problem.site_costs[~problem.required])[:more].sum())
        if least > budget:
            raise PlanError(
                f"budget: {budget:,.0f} does not pay for {problem.p} sites; the cheapest cost {least:,.0f} together. "
                f"Raise the budget or lower p."
            )
