"""One more candidate, for an ICB and for England: the delta against the stored state, and working all of it out again.

    python benchmarks/assess.py CACHE [--sites 9]

CACHE is a folder with England's warehouse. Prints one line a place: the median seconds that `assess` takes for each
further candidate (its conditions, deserts, equity and who is missed included), the seconds to measure access again in
full, and the largest relative difference between the two. Claims: under 0.15 s for an ICB, under 0.5 s for England,
equal to 1e-9.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting import Candidate, Offer, assess
from hjp_geo.siting.delta import access_after, access_again, catchment, today

MEASURES = ("enhanced_floating_catchment_area", "balanced_floating_catchment_area")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--icb", default="E54000057")
    parser.add_argument("--sites", type=int, default=9)
    asked = parser.parse_args()
    known = Evidence.load(asked.cache)
    areas = known.health_site_areas
    inside = areas.index[areas.isin(known.areas_of(asked.icb))]
    candidates = [
        Candidate.health_site(str(code), 3, known).offering(Offer(sessions_per_week=2))
        for code in inside[:: max(1, len(inside) // asked.sites)][: asked.sites]
    ]
    for place in (asked.icb, "england"):
        for measure in MEASURES:
            plan = Plan(place=place, weights={"income_deprivation": 1, "cancer_prevalence": 1}, measure=measure)
            _one(plan, candidates, known)


def _one(plan: Plan, candidates: list[Candidate], known: Evidence) -> None:
    now = today(plan, known)
    assess(plan, candidates[:1], known)
    seconds = []
    for count in range(2, len(candidates) + 1):
        started = time.perf_counter()
        assess(plan, candidates[:count], known)
        seconds.append(time.perf_counter() - started)
    parts = [catchment(one, now) for one in candidates]
    quick, started = access_after(parts, now), time.perf_counter()
    full = access_again(parts, now)
    again = time.perf_counter() - started
    known_access = np.isfinite(full) & (full != 0)
    apart = float(np.max(np.abs(quick[known_access] / full[known_access] - 1)))
    print(
        f"{plan.place:<10} {plan.measure:<34} one more: median {statistics.median(seconds):.3f} s, most "
        f"{max(seconds):.3f} s; access in full {again:.3f} s; apart by {apart:.1e}"
    )


if __name__ == "__main__":
    main()
