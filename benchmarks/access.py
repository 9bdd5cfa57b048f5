"""Claim: E2SFCA and 3SFCA of England take milliseconds, over 100 times less than PySAL's; the rational-agent balance
takes under a second, over 300 times less than its heuristic when exact to 1e-5 and over 500 times when to 1e-4; a
changed topic, decay or limit takes well under 0.1 s.

    python benchmarks/access.py [--raam]

Made-up areas and sites at the size of England (33,755 areas × 3,000 sites), all pairs within 10 km and within 30 km;
then 1,500 sites, as the app has them. Compared in the same run with PySAL's ``access`` where that is installed; it is
not a dependency of the project, so measure it from an environment of its own that also has numpy, pandas and scipy.

``--raam`` also times PySAL's RAAM (minutes, and some 6 GB): 42 cycles, the rest of the usual 150 reckoned from them.
"""

from __future__ import annotations

import importlib
import logging
import platform
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from hjp_geo.access import (
    Gaussian,
    Reach,
    Step,
    enhanced_floating_catchment_area,
    nearest_site,
    rational_agent_access,
    straight_line_costs,
    three_step_floating_catchment_area,
)

AREAS, TOWNS = 33_755, 300
RAAM_CYCLES = 42
T = TypeVar("T")


def timed(label: str, work: Callable[[], T], times: int = 5) -> tuple[T, float]:
    """The result, and the median of several runs in milliseconds, printed."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        taken.append((time.perf_counter() - start) * 1000)
    median = statistics.median(taken)
    print(f"{label:<58}{median:>10.1f} ms")
    return result, median


def in_turns(
    label: str, ours: Callable[[], T], theirs: Callable[[], object], rounds: int = 3
) -> tuple[T, object, float]:
    """Both results, and how many times longer theirs takes: the median of several rounds, ours before and after each.

    The machine may be busy: what slows one of a round slows the other.
    """
    mine, other, ratios = [], [], []
    for _ in range(rounds):
        around = []
        for half in range(2):
            for _ in range(5):
                start = time.perf_counter()
                result = ours()
                around.append((time.perf_counter() - start) * 1000)
            if half == 0:
                start = time.perf_counter()
                peers = theirs()
                other.append((time.perf_counter() - start) * 1000)
        mine.append(statistics.median(around))
        ratios.append(other[-1] / mine[-1])
    print(f"{label:<58}{statistics.median(mine):>10.1f} ms")
    print(f"{'PySAL ' + label:<58}{statistics.median(other):>10.1f} ms")
    return result, peers, statistics.median(ratios)


def scatter(count: int, prefix: str, rng: np.random.Generator) -> pd.DataFrame:
    """Places in and around towns of unequal size, in metres, so that some areas have many sites near and some none."""
    towns = np.random.default_rng(1).uniform([150_000, 50_000], [600_000, 600_000], (TOWNS, 2))
    share = 1 / np.arange(1, TOWNS + 1) ** 0.7
    at = towns[rng.choice(TOWNS, count, p=share / share.sum())] + rng.normal(0, 6_500, (count, 2))
    codes = [f"{prefix}{number:06d}" for number in range(count)]
    return pd.DataFrame(at.round(), index=codes, columns=["easting", "northing"])


def pysal() -> ModuleType | None:
    """PySAL's ``access``, if this environment has it (this script has the same name and must step aside)."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    try:
        return importlib.import_module("access")
    except ImportError:
        return None


def peak_mb(work: Callable[[], object]) -> float:
    """The most memory in use at once while the work runs, beyond what was there before, in MB. Not timed."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def e2sfca(reach: Reach, bands: dict[float, float]) -> pd.Series:
    return enhanced_floating_catchment_area(reach.with_decay(Step(bands)))


def three_sfca(reach: Reach, bands: dict[float, float]) -> pd.Series:
    return three_step_floating_catchment_area(reach.with_decay(Step(bands)))


MEASURES = {"E2SFCA": (e2sfca, "enhanced_two_stage_fca"), "3SFCA": (three_sfca, "three_stage_fca")}


@dataclass(frozen=True)
class Case:
    """One table of pairs, and what we make of it."""

    cutoff_km: float
    demand: pd.Series
    supply: pd.Series
    costs: pd.DataFrame
    reach: Reach

    @property
    def bands(self) -> dict[float, float]:
        """Luo and Qi's weights, on a quarter, a half and all of the cutoff."""
        return {self.cutoff_km / 4: 1.0, self.cutoff_km / 2: 0.68, self.cutoff_km: 0.22}


def made(areas: pd.DataFrame, sites: pd.DataFrame, cutoff_km: float) -> Case:
    rng = np.random.default_rng(3)
    demand = pd.Series(rng.integers(800, 3_000, len(areas)), index=areas.index, dtype=float)
    supply = pd.Series(rng.uniform(1, 40, len(sites)), index=sites.index)
    label = f"pairs within {cutoff_km:g} km, {len(areas):,} x {len(sites):,}"
    costs, _ = timed(label, lambda: straight_line_costs(areas, sites, cutoff_km=cutoff_km), 3)
    print(f"    {len(costs):,} pairs")
    some = Step({cutoff_km: 1.0})
    reach, _ = timed("Reach: check and build", lambda: Reach(demand, supply, costs, some), 3)
    return Case(cutoff_km, demand, supply, costs, reach)


def compare(peer: ModuleType | None, case: Case, *, raam: bool) -> None:
    """Ours, and the peer's on the same inputs: how much longer it takes, memory, the largest relative difference."""
    theirs = None if peer is None else calculator(peer, case)
    logging.getLogger("access").setLevel(logging.WARNING)  # it sets its own level when a calculator is made
    for name, (measure, method) in MEASURES.items():
        mine = partial(measure, case.reach, case.bands)
        if theirs is None:
            timed(f"{name}, decay included", mine, 15)
            continue
        step = importlib.import_module("access.weights").step_fn(case.bands)
        run = partial(getattr(theirs, method), name=name, max_cost=case.cutoff_km, weight_fn=step)
        ours, result, ratio = in_turns(name, mine, run)
        values = result[f"{name}_hours"].reindex(case.demand.index).fillna(0.0)  # it leaves out areas without a site
        apart = (values - ours).abs().max() / ours.max()
        memory = peak_mb(run), peak_mb(mine)
        print(f"    {ratio:.0f} times as long, {memory[0]:.0f} MB against {memory[1]:.0f} MB; "
              f"largest difference {apart:.1e} of the largest value")  # fmt: skip
        assert apart < 1e-12, f"{name} differs by {apart}"
    whole = case.reach.with_decay(Step(case.bands))
    timed("rational agents, exact to 1e-5", lambda: rational_agent_access(whole, tau=10), 3)
    if theirs is not None and raam:
        compare_raam(theirs, whole)


def calculator(peer: ModuleType, case: Case) -> Any:
    people = case.demand.astype(int).rename_axis("area_code").rename("people").reset_index()
    hours = case.supply.rename_axis("site_id").rename("hours").reset_index()
    return peer.Access(
        demand_df=people, demand_index="area_code", demand_value="people",
        supply_df=hours, supply_index="site_id", supply_value=["hours"],
        cost_df=case.costs, cost_origin="area_code", cost_dest="site_id", cost_name="km",
    )  # fmt: skip


class Clock:
    """numpy as PySAL's RAAM sees it, that notes the time whenever a cycle asks for a minimum."""

    def __init__(self) -> None:
        self.ticks: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def minimum(self, *arguments: Any) -> Any:
        """numpy's own, which each cycle calls twice."""
        self.ticks.append(time.process_time())
        return np.minimum(*arguments)


def compare_raam(theirs: Any, reach: Reach) -> None:
    """PySAL's heuristic for 42 cycles, timed one by one (the first 20 cost more), drawn out to its usual 150.

    In seconds of this process's own computing, since other work on the machine takes turns with a run of minutes.
    """
    clock = Clock()
    importlib.import_module("access.raam").np = clock
    theirs.raam(name="raam", tau=10, max_cycles=RAAM_CYCLES)
    each = np.diff(clock.ticks[::2])
    first, later = statistics.median(each[:18]), statistics.median(each[22:])
    usual = 20 * first + 130 * later
    print(f"PySAL RAAM, a cycle: {first:.2f} s for the first 20, {later:.2f} s after; 150 cycles about {usual:.0f} s")
    for tolerance in (1e-4, 1e-5):
        mine = []
        for _ in range(5):
            start = time.process_time()
            ours = rational_agent_access(reach, tau=10, tolerance=tolerance)
            mine.append(time.process_time() - start)
        own = statistics.median(mine)
        print(f"    ours, exact to {tolerance:g}: {own:.2f} s: {usual / own:.0f} times as long; mean {ours.mean():.4f}")
    print(f"    PySAL's mean cost after {RAAM_CYCLES} cycles {theirs.access_df['raam_hours'].mean():.4f}")
    print(f"    most memory of this process so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


def main() -> None:
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {platform.machine()}")
    peer = pysal()
    said = "PySAL's access is not installed here: nothing to compare with"
    print(said if peer is None else f"PySAL access {getattr(peer, '__version__', '(version unknown)')}")
    rng = np.random.default_rng(2)
    areas, sites = scatter(AREAS, "E01", rng), scatter(3_000, "site-", rng)
    timed("nearest site of each area", lambda: nearest_site(areas, sites))
    case = made(areas, sites, 10.0)
    in_the_app(case)
    compare(peer, case, raam="--raam" in sys.argv)
    compare(peer, made(areas, sites, 30.0), raam=False)


def in_the_app(case: Case) -> None:
    """What a change of topic, decay or limit costs with half as many sites, the pairs being held."""
    few = pd.Series(case.supply.index).sample(1_500, random_state=3)
    kept = case.costs[case.costs["site_id"].isin(few)]
    app = Reach(case.demand, case.supply[few], kept, Step(case.bands))
    topic = case.supply[few.iloc[:700]]
    timed("app, 1,500 sites: another decay", lambda: enhanced_floating_catchment_area(app.with_decay(Gaussian(3, 10))))
    timed("app, 1,500 sites: another topic", lambda: enhanced_floating_catchment_area(app.with_supply(topic)))
    timed("app, 1,500 sites: another limit", lambda: enhanced_floating_catchment_area(app.with_decay(Step({5: 1}))))


if __name__ == "__main__":
    main()
