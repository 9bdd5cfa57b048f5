"""Claim: the proven best sites of an Integrated Care Board take a fraction of a second, and those of England under a minute.

    python benchmarks/siting.py [--only lscp mclp p_median england_new england_more]

Made-up places: towns of unequal size, areas and candidates scattered around them. The first three parts compare with
PySAL's ``spopt``, where that is installed, in the same run: model and solution with HiGHS and with CBC, both asked for
the optimum, all given the matrix of distances (from a table, ``locate`` takes 8 to 17 ms more). Neither is a dependency
of the project: measure from an environment of its own (hjp-geo, spopt, highspy). spopt with 1,112 areas takes minutes
for each p-median. England has 33,755 areas and 8,000 candidates, from nothing and on top of 3,000 existing sites. Time
limits are part of the claim: what is known after 0.3 seconds, after a minute.
"""  # noqa: E501 - the claim is one line

from __future__ import annotations

import argparse
import importlib
import platform
import resource
import statistics
import time
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hjp_geo.access import CostMatrix, nearest_site, straight_line_costs
from hjp_geo.siting import Solution, locate

REPEATS = 5
CUTOFF_KM = 5.0
NATIONAL_CUTOFF_KM = 10.0


class Case(NamedTuple):
    """One question: how many areas and candidates, how many sites, and what is claimed of the answer."""

    objective: str
    areas: int
    sites: int
    p: int | None
    times: float | None = None
    """How many times as long spopt takes, at least."""
    limit_s: float | None = None
    gap: float = 0.0
    """The largest gap claimed."""


CASES = [
    Case("lscp", 1_112, 257, None, times=20),
    Case("lscp", 2_173, 525, None, times=20),
    Case("mclp", 1_112, 257, 5, times=15),
    Case("mclp", 1_112, 257, 10, times=15),
    Case("mclp", 1_112, 257, 25),
    Case("mclp", 1_112, 257, 25, limit_s=0.3, gap=0.01),
    Case("mclp", 2_173, 525, 5, times=200),
    Case("mclp", 2_173, 525, 25, limit_s=0.3, gap=0.01),
    Case("p_median", 805, 182, 5, times=500),
    Case("p_median", 805, 182, 25, times=500),
    Case("p_median", 1_112, 257, 10, times=500),
    Case("p_median", 1_112, 257, 25, times=500),
]


def places(count: int, prefix: str, towns: np.ndarray, rng: np.random.Generator, spread_m: float) -> pd.DataFrame:
    """Places in and around towns of unequal size, in metres."""
    share = 1 / np.arange(1, len(towns) + 1) ** 0.8
    at = towns[rng.choice(len(towns), count, p=share / share.sum())] + rng.normal(0, spread_m, (count, 2))
    return pd.DataFrame(at.round(), [f"{prefix}{number:06d}" for number in range(count)], ["easting", "northing"])


def board(case: Case) -> tuple[pd.Series, pd.DataFrame]:
    """People, and the km of every pair that the objective can use."""
    rng = np.random.default_rng(case.areas)
    side = 60_000 * (case.areas / 1_100) ** 0.5
    towns = rng.uniform(0, side, (case.areas // 40, 2))
    areas, sites = (
        places(count, prefix, towns, rng, 2_000) for count, prefix in ((case.areas, "E01"), (case.sites, "S"))
    )
    people = pd.Series(rng.integers(800, 3_000, case.areas), index=areas.index, dtype=float)
    reach = 10_000.0 if case.objective == "p_median" else CUTOFF_KM
    costs = straight_line_costs(areas, sites, cutoff_km=reach)
    return people, costs


def ours(case: Case, people: pd.Series, costs: pd.DataFrame) -> tuple[Solution, float]:
    cutoff = None if case.objective == "p_median" else CUTOFF_KM
    options: dict[str, Any] = {"objective": case.objective, "p": case.p, "cutoff": cutoff, "time_limit_s": case.limit_s}
    sites = pd.Index(costs["site_id"].unique()).sort_values()
    matrix = CostMatrix.from_table(costs, areas=people.index, sites=sites)  # as spopt, which is given its matrix too
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = locate(people, matrix, **options)
        taken.append(time.perf_counter() - start)
    return found, statistics.median(taken)


def theirs(case: Case, people: pd.Series, costs: pd.DataFrame, peer: ModuleType, solver: object) -> tuple[float, float]:
    """The objective and the seconds of spopt: building the model and solving it. Not the making of its matrix."""
    table = costs.pivot(index="area_code", columns="site_id", values="km")
    weights = people.reindex(table.index).to_numpy()
    grid = table.fillna(9_999.0).to_numpy()  # a stand-in that no cutoff reaches: spopt knows no missing pair
    start = time.perf_counter()
    if case.objective == "lscp":
        model = peer.LSCP.from_cost_matrix(grid, CUTOFF_KM)
    elif case.objective == "mclp":
        model = peer.MCLP.from_cost_matrix(grid, weights, CUTOFF_KM, p_facilities=case.p)
    else:
        model = peer.PMedian.from_cost_matrix(grid, weights, p_facilities=case.p)
    model.solve(solver, results=False)
    return float(model.problem.objective.value()), time.perf_counter() - start


def compare_boards(objective: str) -> None:
    peers = found_peers()
    for case in CASES:
        if case.objective != objective:
            continue
        people, costs = board(case)
        found, taken = ours(case, people, costs)
        limit = "" if case.limit_s is None else f", {case.limit_s} s allowed"
        name = f"{case.objective} {case.areas:,} × {case.sites}, p = {case.p}{limit}"
        kept = found.gap <= case.gap and (case.limit_s is None or taken <= case.limit_s + 0.1)
        print(
            f"{name:<46}{1000 * taken:>9.0f} ms   {found.objective:>16,.1f}   gap {found.gap:.3%} "
            f"{'as claimed' if kept else 'CLAIM MISSED'}",
            flush=True,
        )
        if peers is not None and case.limit_s is None:
            compare(case, people, costs, found, taken, *peers)


def found_peers() -> tuple[ModuleType, ModuleType] | None:
    try:
        return importlib.import_module("spopt.locate"), importlib.import_module("pulp")
    except ImportError:
        print("spopt is not installed here: no comparison")
        return None


def compare(
    case: Case,
    people: pd.Series,
    costs: pd.DataFrame,
    found: Solution,
    taken: float,
    peer: ModuleType,
    pulp: ModuleType,
) -> None:
    for label, solver in (("HiGHS", pulp.HiGHS(msg=False, gapRel=0)), ("CBC", pulp.PULP_CBC_CMD(msg=False))):
        value, seconds = theirs(case, people, costs, peer, solver)
        same = "the same optimum" if abs(value - found.objective) <= 1e-6 * value else f"OTHER: {value:,.1f}"
        kept = case.times is None or seconds >= case.times * taken
        claim = "" if case.times is None else f" (at least {case.times:g} claimed{'' if kept else ': CLAIM MISSED'})"
        print(f"    spopt, {label:<8}{seconds:>10.1f} s    {seconds / taken:>6,.0f} times{claim}; {same}", flush=True)


def report(label: str, start: float, found: Solution) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    took = time.perf_counter() - start
    print(f"{label:<46}{took:>9.2f} s    gap {found.gap:.3%}; {memory} MB in all so far", flush=True)


def england() -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.DataFrame]:
    """Areas, their people, existing sites, and the costs to the candidates."""
    rng = np.random.default_rng(2)
    towns = np.random.default_rng(1).uniform([150_000, 50_000], [600_000, 600_000], (300, 2))
    areas, candidates, existing = (
        places(count, prefix, towns, rng, 6_500)
        for count, prefix in ((33_755, "E01"), (8_000, "new-"), (3_000, "old-"))
    )
    people = pd.Series(rng.integers(800, 3_000, 33_755), index=areas.index, dtype=float)
    near = straight_line_costs(areas, candidates, cutoff_km=NATIONAL_CUTOFF_KM)
    print(f"{len(near):,} pairs of areas and candidates within {NATIONAL_CUTOFF_KM:g} km")
    return areas, people, existing, near


def england_new() -> None:
    _, people, _, near = england()
    for limit in (5, 20, 60):
        start = time.perf_counter()
        found = locate(people, near, objective="mclp", cutoff=NATIONAL_CUTOFF_KM, p=25, time_limit_s=limit)
        report(f"mclp from nothing, p = 25, {limit} s allowed", start, found)


def england_more() -> None:
    areas, people, existing, near = england()
    both = with_existing(areas, existing, near)
    more: dict[str, Any] = {"required": list(existing.index)}
    for extra in (25, 100):
        for name, asked in (("p_median", {"objective": "p_median"}), ("mclp", {"objective": "mclp", "cutoff": 2.0})):
            start = time.perf_counter()
            report(f"{name}, {extra} more on 3,000", start, locate(people, both, p=3_000 + extra, **more, **asked))


def with_existing(areas: pd.DataFrame, existing: pd.DataFrame, near: pd.DataFrame) -> pd.DataFrame:
    """Pairs within the limit, and of each area with its nearest existing site however far; each site is in it once."""
    old = straight_line_costs(areas, existing, cutoff_km=NATIONAL_CUTOFF_KM)
    nearest = nearest_site(areas, existing).rename_axis("area_code").reset_index()[["area_code", "site_id", "km"]]
    lone = existing.index.difference(old["site_id"])
    nobody = pd.DataFrame({"area_code": areas.index[0], "site_id": lone, "km": np.nan})
    return pd.concat([near, old, nearest, nobody]).drop_duplicates(["area_code", "site_id"])


PARTS = {
    "lscp": lambda: compare_boards("lscp"),
    "mclp": lambda: compare_boards("mclp"),
    "p_median": lambda: compare_boards("p_median"),
    "england_new": england_new,
    "england_more": england_more,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {platform.machine()}")
    for part in parser.parse_args().only:
        PARTS[part]()


if __name__ == "__main__":
    main()
