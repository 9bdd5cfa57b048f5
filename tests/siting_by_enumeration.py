"""Siting solved the long way, as an oracle for `locate`: every set of sites, each judged by its definition."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linprog

__all__ = ["SmallCase", "ranked_sets"]


@dataclass(frozen=True)
class SmallCase:
    """One question over few areas and sites; costs are a grid, with NaN for no way."""

    objective: str
    demand: tuple[float, ...]
    grid: tuple[tuple[float, ...], ...]
    p: int | None
    cutoff: float | None
    required: tuple[int, ...] = ()
    forbidden: tuple[int, ...] = ()
    prices: tuple[float, ...] | None = None
    budget: float | None = None
    capacity: tuple[float, ...] | None = None
    sharing: str = "split"
    kappa: float | None = None

    @property
    def sites(self) -> list[str]:
        return [f"S{number:02d}" for number in range(len(self.grid[0]))]

    def people(self) -> pd.Series:
        return pd.Series(self.demand, index=[f"A{number}" for number in range(len(self.demand))], dtype=float)

    def costs(self) -> pd.DataFrame:
        table = pd.DataFrame(self.grid, index=self.people().index, columns=self.sites)
        long = table.rename_axis("area_code").reset_index()
        return long.melt("area_code", var_name="site_id", value_name="minutes")  # with its missing costs

    def per_site(self, values: tuple[float, ...] | None) -> pd.Series | None:
        return None if values is None else pd.Series(values, index=self.sites, dtype=float)

    def options(self) -> dict[str, object]:
        return {
            "objective": self.objective,
            "p": self.p,
            "cutoff": self.cutoff,
            "required": [self.sites[site] for site in self.required],
            "forbidden": [self.sites[site] for site in self.forbidden],
            "site_costs": self.per_site(self.prices),
            "budget": self.budget,
            "capacity": self.per_site(self.capacity),
            "sharing": self.sharing,
            **({"kappa": self.kappa} if self.objective == "kolm_pollak" else {}),
        }


def ranked_sets(case: SmallCase) -> list[tuple[float, tuple[str, ...]]]:
    """Every admissible set with its objective, best first."""
    grid = np.array(case.grid)
    allowed = [site for site in range(grid.shape[1]) if site not in case.forbidden]
    usable = np.isfinite(grid) & (grid <= (math.inf if case.cutoff is None else case.cutoff))
    usable[:, list(case.forbidden)] = False
    if not has_somebody_to_serve(case, usable):
        return []  # refused: any set would do as well
    found = []
    for size in range(len(allowed) + 1):
        if case.p is not None and size != case.p:
            continue
        for sites in itertools.combinations(allowed, size):
            if not set(case.required) <= set(sites):
                continue
            if case.budget is not None and sum(case.prices[site] for site in sites) > case.budget:
                continue
            value = judge(case, grid, usable, sites)
            if value is not None:
                found.append((value, tuple(case.sites[site] for site in sites)))
    return sorted(found, key=lambda one: -one[0] if case.objective == "mclp" else one[0])


def has_somebody_to_serve(case: SmallCase, usable: np.ndarray) -> bool:
    reached = usable.any(axis=1)
    ignores_people = case.objective in ("lscp", "p_center")
    return bool(reached.any() if ignores_people else (reached & (np.nan_to_num(np.array(case.demand)) > 0)).any())


def judge(case: SmallCase, grid: np.ndarray, usable: np.ndarray, sites: tuple[int, ...]) -> float | None:
    """The objective of one set; None when it leaves an area unserved that has to be served."""
    demand = np.nan_to_num(np.array(case.demand))
    reached = usable.any(axis=1)
    must = reached if case.objective in ("lscp", "p_center") else reached & (demand > 0)
    open_pairs = np.zeros_like(usable)
    open_pairs[:, list(sites)] = usable[:, list(sites)]
    if case.capacity is not None:
        return judge_with_room(case, grid, open_pairs & must[:, None], demand, must, sites)
    served = open_pairs.any(axis=1)
    if case.objective == "mclp":
        return float(demand[served].sum())
    if (must & ~served).any():
        return None
    nearest = np.where(open_pairs, grid, np.inf).min(axis=1)
    return summed(case, demand[must], nearest[must], len(sites))


def summed(case: SmallCase, people: np.ndarray, cost: np.ndarray, count: int) -> float:
    if case.objective == "lscp":
        return float(count)
    if case.objective == "p_center":
        return float(cost.max())
    if case.objective == "p_median":
        return float((people * cost).sum())
    return math.log((people * np.exp(-case.kappa * cost)).sum() / people.sum()) / -case.kappa


def judge_with_room(case, grid, pairs, demand, must, sites) -> float | None:
    if case.sharing == "single_source":
        return judge_whole(case, grid, pairs, demand, must, sites)
    if case.objective == "p_center":
        for limit in sorted(set(grid[pairs])):
            if served_by_flow(case, pairs & (grid <= limit), demand, must, np.zeros_like(grid)) is not None:
                return float(limit)
        return None
    price = np.exp(-case.kappa * grid) if case.objective == "kolm_pollak" else grid
    total = served_by_flow(case, pairs, demand, must, np.where(pairs, price, 0.0))
    if total is None or case.objective == "mclp":
        return total
    if case.objective == "lscp":
        return float(len(sites))
    return total if case.objective == "p_median" else math.log(total / demand[must].sum()) / -case.kappa


def served_by_flow(case, pairs, demand, must, price) -> float | None:
    """The least sum of people times price (or the most people served) when areas may be split."""
    rows, columns = np.nonzero(pairs)
    covers = case.objective == "mclp"
    if (must & ~pairs.any(axis=1)).any() and not covers:
        return None
    if len(rows) == 0:
        return 0.0
    gain = -demand[rows] if covers else demand[rows] * price[rows, columns]
    by_area = (np.arange(len(demand))[:, None] == rows).astype(float)[must]
    by_site = (np.arange(grid_width(case))[:, None] == columns) * demand[rows]
    room = np.array(case.capacity)
    if covers:
        done = linprog(gain, A_ub=np.vstack([by_area, by_site]), b_ub=[*np.ones(int(must.sum())), *room], bounds=(0, 1))
        return -float(done.fun)
    done = linprog(gain, A_ub=by_site, b_ub=room, A_eq=by_area, b_eq=np.ones(int(must.sum())), bounds=(0, 1))
    return float(done.fun) if done.status == 0 else None


def grid_width(case: SmallCase) -> int:
    return len(case.grid[0])


def judge_whole(case, grid, pairs, demand, must, sites) -> float | None:
    """Every way to send each area to one site."""
    areas = np.flatnonzero(must)
    best: float | None = None
    choices = [[*np.flatnonzero(pairs[area]), *([-1] if case.objective == "mclp" else [])] for area in areas]
    for sent in itertools.product(*choices):
        room = np.array(case.capacity, dtype=float)
        for area, site in zip(areas, sent, strict=True):
            if site >= 0:
                room[site] -= demand[area]
        if (room < 0).any():
            continue
        taken = np.array(sent) >= 0
        cost = np.array([grid[area, site] for area, site in zip(areas, sent, strict=True)])
        if case.objective == "mclp":
            value = -float(demand[areas][taken].sum())
        else:
            value = summed(case, demand[areas], cost, len(sites))
        best = value if best is None else min(best, value)
    return -best if case.objective == "mclp" and best is not None else best
