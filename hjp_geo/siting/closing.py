"""Today with some of its sites closed: what a scenario that removes a site is worked out on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting.delta import Today, today

__all__ = ["closed_names", "closing_note", "today_without"]

_SHUT = "X"
"""The grade of a site that does not count because it is closed."""
_SHARED = ("boundaries", "boundary_tree", "health_site_areas", "places", "quality", "made_up", "built")
"""What an evidence has worked out that does not depend on its advice sites."""


def today_without(plan: Plan, evidence: Evidence, closed: Collection[str]) -> Today:
    """What the plan would say were these sites closed; `PlanError` names those that are not in the data."""
    if strangers := sorted(set(closed) - set(evidence.sites.index)):
        raise PlanError(
            f"{len(strangers)} sites to close are not in the data loaded here: {', '.join(strangers[:5])[:120]}. "
            "Take them off the list of closed sites, or load the data they are in."
        )
    return today(plan, _without(evidence, frozenset(closed)))


def closed_names(evidence: Evidence, closed: Collection[str]) -> list[str]:
    """The names of sites, for a note; a site that is not in the data has its code for a name."""
    names = evidence.sites["site_name"]
    return [f"{names[code]} ({code})" if code in names.index else f"{code} (not in the data)" for code in closed]


def closing_note(evidence: Evidence, closed: Collection[str]) -> tuple[str, ...]:
    """What is said beside figures where sites are closed; nothing where none is."""
    names = "; ".join(closed_names(evidence, closed))
    return (f"Sites of today closed here: {names}. They count before, and not after.",) if names else ()


@lru_cache(maxsize=8)
def _without(evidence: Evidence, closed: frozenset[str]) -> Evidence:
    """The evidence with these sites graded as shut: their lists still cover the topic, so no need turns unknown."""
    grades = evidence.sites["grade"].mask(evidence.sites.index.isin(closed), _SHUT)
    other = replace(evidence, sites=evidence.sites.assign(grade=grades))
    there = vars(evidence)
    vars(other).update({name: there[name] for name in _SHARED if name in there})  # kept: they cost seconds in England
    return other
