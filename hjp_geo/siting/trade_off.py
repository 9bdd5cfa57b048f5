"""How much more sites would do: the curve over their number, its knee, and what coverage costs in fairness."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hjp_geo.access import CostMatrix
from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.siting._problem import Clock, Floats, Ints, Objective, Problem, is_whole
from hjp_geo.siting._weighted import solve_weighted
from hjp_geo.siting.locate import Solution, equity_weight, locate

__all__ = ["Pareto", "TradeOff", "pareto_set", "trade_off"]

_STRAIGHT = 1e-6
_CHARGES = (0.0, 0.3, 1.0, 3.0, 10.0)
"""What one person out of reach is charged, in journeys of the mean: 0 asks for fairness alone."""
_BENT = 3


@dataclass(frozen=True, eq=False)
class TradeOff:
    """What each number of sites does, and where more of them begin to do little."""

    objective: Objective
    table: Table
    """Indexed by ``sites`` (how many): objective, bound, gap, people_covered (within the cutoff), covered_share,
    equal_cost (the Kolm–Pollak cost that would be as good if everyone had it; missing where an area has no site),
    mean_cost, largest_cost, spent (missing without site_costs), chosen (the codes)."""
    knee: int | None
    """The number of sites after which each further one does clearly less; None where the curve has no bend."""
    kappa: float
    """How much inequality weighs in equal_cost: the same at every point."""
    summary: str
    """Two sentences for a board."""


def trade_off(
    demand: AreaValues,
    costs: Table | CostMatrix,
    *,
    objective: Objective = "mclp",
    counts: Sequence[int],
    cutoff: float | None = None,
    required: Collection[str] = (),
    forbidden: Collection[str] = (),
    capacity: SiteValues | None = None,
    site_costs: SiteValues | None = None,
    kappa: float | None = None,
    time_limit_s: float | None = None,
) -> TradeOff:
    """The best sets for each number of sites (the required ones counted), each with its bound and gap.

    ``cutoff`` limits the pairs under ``mclp`` only; elsewhere it says who counts as covered. ``time_limit_s`` is for
    each point. All else as for `locate`. Raises PlanError for numbers that no set can keep.
    """
    asked = _checked_counts(counts, objective)
    whole = _whole(demand, costs, required, forbidden)
    weight = equity_weight(whole, -1.0, kappa)
    solutions = {
        count: locate(
            demand,
            costs,
            objective=objective,
            p=count,
            cutoff=cutoff if objective == "mclp" else None,
            capacity=capacity,
            required=required,
            forbidden=forbidden,
            kappa=weight if objective == "kolm_pollak" else None,
            time_limit_s=time_limit_s,
        )
        for count in asked
    }
    rows = [_point(whole, found, count, cutoff, weight, site_costs) for count, found in solutions.items()]
    table = pd.DataFrame(rows).set_index("sites")
    knee = _knee(table.index.to_numpy(dtype=np.float64), table["objective"].to_numpy(dtype=np.float64))
    return TradeOff(objective, table, knee, weight, curve_in_words(table, knee, whole.unit, cutoff))


def _checked_counts(counts: Sequence[int], objective: str) -> list[int]:
    asked = sorted(set(counts))
    if objective == "lscp":
        raise PlanError(
            "objective: lscp finds the number of sites itself. Choose mclp, p_median, p_center, kolm_pollak."
        )
    if not asked or not all(is_whole(count) and count >= 1 for count in asked):
        raise PlanError(f"counts: found {list(counts)[:8]}; expected whole numbers of sites, 1 or more.")
    return [int(count) for count in asked]


def _whole(
    demand: AreaValues, costs: Table | CostMatrix, required: Collection[str], forbidden: Collection[str]
) -> Problem:
    """All pairs, whatever the cutoff: what a set is judged by."""
    return Problem.checked(
        demand,
        costs,
        objective="kolm_pollak",
        p=max(1, len(set(required))),
        cutoff=None,
        capacity=None,
        required=required,
        forbidden=forbidden,
        budget=None,
        site_costs=None,
        sharing="split",
    )


def _point(
    whole: Problem,
    found: Solution,
    count: int,
    cutoff: float | None,
    kappa: float,
    site_costs: SiteValues | None,
) -> dict[str, object]:
    judged = _judged(whole, whole.sites.get_indexer(pd.Index(found.sites)), cutoff, kappa)
    return {
        "sites": count,
        "objective": found.objective,
        "bound": found.bound,
        "gap": found.gap,
        **judged,
        "spent": math.nan if site_costs is None else float(site_costs.loc[list(found.sites)].sum()),
        "chosen": found.sites,
    }


def _judged(whole: Problem, sites: Ints, cutoff: float | None, kappa: float) -> dict[str, float]:
    """What a set does for everyone, each going to the nearest of its sites."""
    nearest = _nearest(whole, sites)
    people, known = whole.people, float(whole.people.sum())
    served = people > 0
    served &= whole.reached
    near = nearest <= (math.inf if cutoff is None else cutoff)
    covered = float(people[near & np.isfinite(nearest)].sum())
    cost, weight = nearest[served], people[served]
    is_whole_served = bool(np.isfinite(cost).all())
    some = np.isfinite(cost)
    return {
        "people_covered": covered,
        "covered_share": covered / known,
        "equal_cost": _equal_cost(cost, weight, kappa) if is_whole_served else math.nan,
        "mean_cost": float(np.average(cost[some], weights=weight[some])) if some.any() else math.nan,
        "largest_cost": float(cost[some].max()) if some.any() else math.nan,
    }


def _nearest(whole: Problem, sites: Ints) -> Floats:
    is_open = np.zeros(len(whole.sites), dtype=np.bool_)
    is_open[sites] = True
    used = is_open[whole.columns]
    nearest = np.full(len(whole.areas), np.inf)
    np.minimum.at(nearest, whole.rows[used], whole.costs[used])
    return nearest


def _equal_cost(cost: Floats, people: Floats, kappa: float) -> float:
    """-(1/κ) ln of the mean of e^(-κ cost), without overflow."""
    most = float(cost.max())
    return most - math.log(float(np.average(np.exp(-kappa * (cost - most)), weights=people))) / kappa


def _knee(counts: Floats, values: Floats) -> int | None:
    """The point furthest from the straight line between the ends, both axes from 0 to 1 (Satopää and others 2011)."""
    spread = abs(values[-1] - values[0])
    if len(counts) < _BENT or spread == 0:
        return None
    x = (counts - counts[0]) / (counts[-1] - counts[0])
    bend = np.abs(values - values[0]) / spread - x
    best = int(np.argmax(bend))
    return int(counts[best]) if bend[best] > _STRAIGHT else None


def curve_in_words(table: Table, knee: int | None, unit: str, cutoff: float | None, *, noun: str = "site") -> str:
    """The curve in two sentences for a board."""
    counts = table.index.to_list()
    first, last = (table.loc[count] for count in (counts[0], counts[-1]))
    reach = "served" if cutoff is None else f"within {cutoff:g} {unit}"
    share = [f"{100 * float(one['covered_share']):.1f} %" for one in (first, last)]
    way = [f"{float(one['mean_cost']):,.1f}" for one in (first, last)]
    what = (
        f"From {counts[0]} to {counts[-1]} {noun}s, people {reach} go from {share[0]} to {share[1]}, and the mean way "
        f"from {way[0]} to {way[1]} {unit}."
    )
    worst = float(table["gap"].max())
    sure = "every point is proven" if worst == 0 else f"no point could be better by more than {100 * worst:.1f} %"
    bend = (
        "The curve has no clear bend"
        if knee is None
        else f"After {knee} {noun}{'' if knee == 1 else 's'} each further one does clearly less"
    )
    return f"{what} {bend}; {sure}."


@dataclass(frozen=True, eq=False)
class Pareto:
    """Sets of sites that no other set found beats in coverage, fairness and cost at once."""

    table: Table
    """One row a set: sites (how many), people_covered, covered_share, equal_cost, mean_cost, largest_cost, spent (in
    money, or the number of sites where no costs are given), charge (of a person out of reach, infinite for coverage
    alone), gap (of the weighted question that it answers), is_efficient, chosen."""
    kappa: float

    @property
    def efficient(self) -> Table:
        """Only the sets that no other one beats, by cost, then coverage."""
        kept = self.table[self.table["is_efficient"]]
        return kept.sort_values(["spent", "people_covered"], ascending=[True, False], ignore_index=True)


def pareto_set(
    demand: AreaValues,
    costs: Table | CostMatrix,
    *,
    counts: Sequence[int],
    cutoff: float,
    charges: Sequence[float] = _CHARGES,
    required: Collection[str] = (),
    forbidden: Collection[str] = (),
    site_costs: SiteValues | None = None,
    kappa: float | None = None,
    time_limit_s: float | None = None,
) -> Pareto:
    """Coverage against fairness against cost: for each number of sites, the best set for each charge.

    Each set makes the smallest sum of people × (e^(-κ cost) + charge × its mean with every site open, if beyond the
    cutoff): a weighted sum, so that with gap 0 no set of that number has more coverage and a lower equal_cost, while
    there may be sets between two neighbours that no charge finds. Coverage alone is added for each number. Everybody in
    reach of a candidate is served, but under coverage alone. ``time_limit_s`` is for each point.
    """
    asked = _checked_counts(counts, "mclp")
    if any(not (math.isfinite(charge) and charge >= 0) for charge in charges):
        raise PlanError(f"charges: found {list(charges)[:8]}; expected finite numbers, 0 or more.")
    whole = _whole(demand, costs, required, forbidden)
    weight = equity_weight(whole, -1.0, kappa)
    rows: dict[tuple[str, ...], dict[str, object]] = {}
    for count in asked:
        question = replace(whole, p=count)
        every = locate(
            demand,
            costs,
            objective="mclp",
            p=count,
            cutoff=cutoff,
            required=required,
            forbidden=forbidden,
            time_limit_s=time_limit_s,
        )
        found = [(math.inf, every.sites, every.gap)]
        found += [(charge, *_weighted(question, cutoff, charge, weight, time_limit_s)) for charge in sorted(charges)]
        for charge, sites, gap in found:
            judged = _judged(whole, whole.sites.get_indexer(pd.Index(sites)), cutoff, weight)
            spent = float(count) if site_costs is None else float(site_costs.loc[list(sites)].sum())
            row = {"sites": count, **judged, "spent": spent, "charge": charge, "gap": gap, "chosen": sites}
            rows.setdefault(sites, row)
    table = pd.DataFrame(list(rows.values()))
    table.insert(len(table.columns) - 1, "is_efficient", _unbeaten(table))
    return Pareto(table, weight)


def _weighted(
    question: Problem, cutoff: float, charge: float, kappa: float, time_limit_s: float | None
) -> tuple[tuple[str, ...], float]:
    """The set with the smallest sum of people × loss, and its gap."""
    clock = Clock(time_limit_s)
    fair = np.exp(-kappa * question.costs)
    all_open = np.full(len(question.areas), np.inf)
    np.minimum.at(all_open, question.rows, fair)
    served = question.must_serve
    mean = float(np.average(all_open[served], weights=question.people[served]))
    losses = fair + charge * mean * (question.costs > cutoff)
    plans = solve_weighted(question, losses, k_best=1, clock=clock)
    sites = plans.sets[0]
    used = np.isin(question.columns, sites)
    least = np.full(len(question.areas), np.inf)
    np.minimum.at(least, question.rows[used], losses[used])
    total = float((question.people[served] * least[served]).sum())
    gap = 0.0 if plans.is_proven else max(total - plans.bound, 0.0) / total
    return tuple(str(code) for code in question.sites[sites]), gap if gap > 1e-9 else 0.0


def _unbeaten(table: Table) -> list[bool]:
    """Rows that no other row beats in one thing and equals or beats in the rest; equal rows stay together."""
    worth = np.column_stack(
        [-table["people_covered"], table["equal_cost"].fillna(math.inf), table["spent"]]  # no site for all: the worst
    ).astype(np.float64)
    near = 1e-9 * np.maximum(1.0, np.abs(np.where(np.isfinite(worth), worth, 1.0)))
    no_worse = (worth[:, None, :] <= worth[None, :, :] + near).all(axis=2)
    better = (worth[:, None, :] < worth[None, :, :] - near).any(axis=2)
    beaten = np.any(no_worse & better, axis=0).tolist()
    return [not one for one in beaten]
