"""How long an answer takes when the topic, the decay or a threshold changes, with the pairs of sites and areas kept.

    python benchmarks/deserts.py CACHE

``CACHE`` is the folder of a built warehouse of England. Targets: under 0.3 s for an Integrated Care Board, under 1.5 s
for England; flags drawn again 200 times for England in a few seconds.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.gaps import both_counts, law_society_table, list_or_service_gap, sensitivity
from hjp_geo.plan import Plan, answer
from hjp_geo.uncertainty import Redraw, redraw_flags

TARGETS = {"ICB": 0.3, "England": 1.5}
WEIGHTS = {"income_deprivation": 1.0, "cancer_prevalence": 1.0}
LEGAL_AID: dict[str, Any] = {"assistance": "specialist_legal_aid"}


def changes(base: Plan) -> dict[str, list[Plan]]:
    """Questions that nobody has asked yet, by what changes; each is asked once."""
    topics = ("housing", "education", "community_care", "immigration", "welfare_benefits")
    return {
        "topic": [replace(base, topic=topic, **LEGAL_AID) for topic in topics],
        "decay": [replace(base, decay=decay) for decay in ("binary", "gaussian", "linear", "exponential", "logistic")],
        "cutoff": [replace(base, cutoff_km=base.cutoff_km * share) for share in (0.4, 0.55, 0.7, 0.85, 0.95)],
        "worst share": [replace(base, worst_share=share) for share in (0.1, 0.15, 0.22, 0.25, 0.3)],
        "rule": [
            replace(base, desert=rule)
            for rule in ("no_provider_in_district", "beyond_distance", "supply_per_need_bottom_tenth")
        ],
    }


def main(cache: Path) -> None:
    evidence = Evidence.load(cache)
    boards = [one.code for one in evidence.places.values() if one.kind == "Integrated Care Board"]
    print(f"{len(evidence.areas):,} areas, {len(evidence.sites):,} sites, build {evidence.build_id}")
    # another cutoff for each, so that neither finds what the other has worked out
    for name, place, cutoff_km in (("England", ENGLAND, 10.0), ("ICB", boards[0], 9.7)):
        base = Plan(place=place, weights=WEIGHTS, cutoff_km=cutoff_km)
        warm(base, evidence)
        for what, plans in changes(base).items():
            seconds = [timed(answer, plan, evidence) for plan in plans]
            verdict = "met" if max(seconds) < TARGETS[name] else "MISSED"
            print(f"{name:8} another {what:12} {min(seconds):6.3f} to {max(seconds):6.3f} s   {verdict}")
    once("both counts, England", both_counts, Plan(topic="housing", **LEGAL_AID), evidence)
    once("Law Society's table, six topics", law_society_table, Plan(cutoff_km=9.9), evidence)
    once("sensitivity strip, England (14 answers)", sensitivity, Plan(cutoff_km=9.8), evidence)
    once("list gap or service gap, England", list_or_service_gap, Plan(), evidence)
    once("flags drawn again 200 times, England", redraw_flags, Plan(weights=WEIGHTS), evidence, Redraw())
    once("clusters of low access, England, 9,999 deals", answer, Plan(desert="low_access_cluster"), evidence)
    once("another cutoff for the clusters", answer, Plan(desert="low_access_cluster", cutoff_km=8), evidence)
    print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def warm(base: Plan, evidence: Evidence) -> None:
    """Ask once for each topic at another cutoff: the pairs, the nearest sites and the districts are then kept."""
    answer(base, evidence)
    for plan in changes(base)["topic"]:
        answer(replace(plan, cutoff_km=9.0), evidence)


def timed(function: Callable[..., Any], *arguments: Any) -> float:
    gc.collect()  # what other questions left behind is not this one's
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def once(name: str, function: Callable[..., Any], *arguments: Any) -> None:
    print(f"{name:48} {timed(function, *arguments):6.2f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
