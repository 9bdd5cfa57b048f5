"""What each objective is for, and what a solution says, in words for a board."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["LOCATE_OBJECTIVES", "Figures", "ObjectiveCard", "percent_of", "two_sentences"]


class ObjectiveCard(NamedTuple):
    """One way to say what a good choice of sites is."""

    goal: str
    when_to_use: str
    gives_up: str


LOCATE_OBJECTIVES: Mapping[str, ObjectiveCard] = MappingProxyType(
    {
        "mclp": ObjectiveCard(
            goal="Bring as many people as possible within reach of a site, with a given number of sites or budget.",
            when_to_use="Money is fixed, and being within reach is what counts: the usual question of a new service.",
            gives_up="Whoever lives just beyond the limit counts for nothing; small and remote places lose out first.",
        ),
        "lscp": ObjectiveCard(
            goal="Bring every area within reach, with as few sites as possible.",
            when_to_use="A standard is promised to everyone, and the question is what keeping it would take.",
            gives_up="The number of people plays no part: one hamlet may cost a whole site.",
        ),
        "p_median": ObjectiveCard(
            goal="Make the mean journey to the nearest site as short as possible.",
            when_to_use="Everyone is to be served, nearer is always better, and no limit is sharp.",
            gives_up="A few people may keep very long journeys if that saves many people a little.",
        ),
        "p_center": ObjectiveCard(
            goal="Make the longest journey of any area as short as possible.",
            when_to_use="Nobody is to be left far away: the fairest choice for the worst-off area.",
            gives_up="The mean journey may be much longer; one remote area can decide where the sites go.",
        ),
        "kolm_pollak": ObjectiveCard(
            goal="Shorten journeys, and those of the worst-off most: the mean journey plus a charge for inequality.",
            when_to_use="Both the mean and fairness matter: between p_median and p_center.",
            gives_up="The figure is harder to explain; how much inequality weighs is a choice (epsilon) to be stated.",
        ),
    }
)


class Figures(NamedTuple):
    """The numbers that the words are made from."""

    objective: str
    unit: str
    site_count: int
    required_count: int
    cutoff: float | None
    value: float
    gap: float
    is_proven: bool
    seconds: float
    people: float
    covered: float
    areas: int
    mean_cost: float
    largest_cost: float
    unreachable_areas: int
    unreachable_people: float
    site_costs: float | None


def two_sentences(figures: Figures) -> str:
    """What the sites achieve; then how sure that is, and whom no candidate could reach."""
    return f"{_achieved(figures)} {_certainty(figures)}"


def _achieved(it: Figures) -> str:
    sites = _plural(it.site_count, "site")
    if it.required_count:
        sites += f" ({it.required_count} of them required)"
    if it.site_costs is not None:
        sites += f" costing {it.site_costs:,.0f}"
    journeys = f"the mean journey is {it.mean_cost:,.1f} {it.unit} and the longest {it.largest_cost:,.1f}"
    if it.objective == "mclp":
        share = f"{it.covered:,.0f} of {it.people:,.0f} people ({100 * it.covered / it.people:.1f} %)"
        return f"With {sites}, {share} are served within {it.cutoff:g} {it.unit}."
    if it.objective == "lscp":
        verb = "brings" if it.site_count == 1 else "bring"
        return f"{sites} {verb} {_plural(it.areas, 'area')} within {it.cutoff:g} {it.unit}."
    if it.objective == "p_center":
        return f"With {sites}, no area is further than {it.largest_cost:,.1f} {it.unit} from its site."
    if it.objective == "kolm_pollak":
        return f"With {sites}, {journeys}; weighing inequality, that is as good as {it.value:,.1f} for everyone."
    return f"With {sites}, {journeys}."


def _certainty(it: Figures) -> str:
    if it.is_proven:
        sure = {
            "mclp": "It is proven that no other choice serves more people",
            "lscp": "It is proven that fewer sites would not do",
        }.get(it.objective, "It is proven that no other choice does better")
    else:
        sure = (
            f"Another choice could be better by {percent_of(it.gap)} at most, as far as is known after "
            f"{it.seconds:.1f} seconds"
        )
    if not it.unreachable_areas:
        return f"{sure}."
    whom = f"{_plural(it.unreachable_areas, 'area')} with {it.unreachable_people:,.0f} people"
    limit = "" if it.cutoff is None else f" within {it.cutoff:g} {it.unit}"
    return f"{sure}; no candidate reaches {whom}{limit}."


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def percent_of(gap: float) -> str:
    """A gap in words."""
    if math.isinf(gap):
        return "any amount"
    percent = 100 * gap
    return f"{percent:.1f} %" if percent >= 0.1 else "less than 0.1 %"
