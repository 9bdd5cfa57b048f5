"""Claim: E2SFCA and 3SFCA of England take milliseconds, and a changed topic, decay or limit well under 0.1 s.

    python benchmarks/access.py

Made-up areas and sites at the size of England (33,755 areas × 3,000 sites, about 700,000 pairs within 10 km; then 1,500
sites, as the app has them). Compared in the same run with PySAL's ``access`` where that is installed; it is not a
dependency of the project, so measure it from an environment of its own that also has numpy, pandas and scipy.
"""

from __future__ import annotations

import importlib
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np
import pandas as pd

from hjp_geo.access import (
    Gaussian,
    Reach,
    Step,
    cost_to_closest,
    enhanced_floating_catchment_area,
    nearest_site,
    rational_agent_access,
    straight_line_costs,
    three_step_floating_catchment_area,
)

AREAS, TOWNS, CUTOFF_KM = 33_755, 300, 10.0
BANDS = {2.5: 1.0, 5.0: 0.68, 10.0: 0.22}
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


def compare(
    peer: ModuleType, demand: pd.Series, supply: pd.Series, costs: pd.DataFrame, ours: dict[str, pd.Series]
) -> None:
    """PySAL on the same inputs: how much longer it takes, and the largest relative difference."""
    step = importlib.import_module("access.weights").step_fn(BANDS)
    people = demand.rename_axis("area_code").rename("people").reset_index()
    hours = supply.rename_axis("site_id").rename("hours").reset_index()

    def calculator() -> object:
        return peer.Access(
            demand_df=people, demand_index="area_code", demand_value="people",
            supply_df=hours, supply_index="site_id", supply_value=["hours"],
            cost_df=costs, cost_origin="area_code", cost_dest="site_id", cost_name="km",
        )  # fmt: skip

    theirs = calculator()
    for name, method in (("E2SFCA", "enhanced_two_stage_fca"), ("3SFCA", "three_stage_fca")):
        run = getattr(theirs, method)
        result, taken = timed(f"PySAL {name}", partial(run, name=name, max_cost=CUTOFF_KM, weight_fn=step), 3)
        values = result[f"{name}_hours"].reindex(demand.index).fillna(0.0)  # it leaves out areas that reach nothing
        apart = (values - ours[name]).abs().max() / ours[name].max()
        print(f"    {taken / TAKEN[name]:.0f} times as long; largest difference {apart:.1e} of the largest value")
        assert apart < 1e-12, f"{name} differs by {apart}"


TAKEN: dict[str, float] = {}


def under_decay(reach: Reach, measure: Callable[[Reach], pd.Series]) -> pd.Series:
    return measure(reach.with_decay(Step(BANDS)))


def main() -> None:
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {platform.machine()}")
    rng = np.random.default_rng(2)
    areas, sites = scatter(AREAS, "E01", rng), scatter(3_000, "site-", rng)
    demand = pd.Series(rng.integers(800, 3_000, AREAS), index=areas.index, dtype=float)
    supply = pd.Series(rng.uniform(1, 40, len(sites)), index=sites.index)

    costs, _ = timed(
        "pairs within 10 km, 33,755 x 3,000", lambda: straight_line_costs(areas, sites, cutoff_km=CUTOFF_KM)
    )
    timed("nearest site of each area", lambda: nearest_site(areas, sites))
    print(f"    {len(costs):,} pairs")
    reach, _ = timed("Reach: check and build", lambda: Reach(demand, supply, costs, Step(BANDS)))

    ours: dict[str, pd.Series] = {}
    for name, measure in (
        ("E2SFCA", enhanced_floating_catchment_area),
        ("3SFCA", three_step_floating_catchment_area),
    ):
        run = partial(under_decay, reach, measure)
        ours[name], TAKEN[name] = timed(f"{name}, decay included", run)
    timed("cost to the closest", lambda: cost_to_closest(reach))
    timed("rational agents, exact to 1e-5", lambda: rational_agent_access(reach, tau=10), 1)

    few = sites.sample(1_500, random_state=3)
    app = Reach(demand, supply[few.index], costs[costs["site_id"].isin(few.index)], Step(BANDS))
    topic = supply[few.index[:700]]
    timed("app, 1,500 sites: another decay", lambda: enhanced_floating_catchment_area(app.with_decay(Gaussian(3, 10))))
    timed("app, 1,500 sites: another topic", lambda: enhanced_floating_catchment_area(app.with_supply(topic)))
    timed("app, 1,500 sites: another limit", lambda: enhanced_floating_catchment_area(app.with_decay(Step({5: 1}))))

    peer = pysal()
    if peer is None:
        print("PySAL's access is not installed here: nothing to compare with")
    else:
        print(f"PySAL access {getattr(peer, '__version__', '(version unknown)')}")
        compare(peer, demand, supply, costs, ours)


if __name__ == "__main__":
    main()
