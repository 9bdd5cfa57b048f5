"""The named rules that make an area a desert. A new rule is one function under ``@desert_rule``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import getdoc
from typing import TypeAlias

import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.desert.facts import AreaFacts, Flags, reach_limit, true_where_known, verdict
from hjp_geo.desert.own_rule import OwnRule
from hjp_geo.desert.tiles import at_most, supply_rate, worst
from hjp_geo.errors import PlanError
from hjp_geo.statistics import low_clusters

__all__ = [
    "DESERT_RULES",
    "Rule",
    "beyond_distance",
    "desert_rule",
    "low_access_cluster",
    "need_and_access_quintile",
    "no_provider_in_district",
    "one_or_none_in_district",
    "own_rule",
    "supply_bottom_tenth",
    "supply_per_need_bottom_tenth",
]


@dataclass(frozen=True)
class Rule:
    """A desert rule as the screens and the reference pages know it."""

    name: str
    label: str
    used_by: str
    needs: tuple[str, ...]
    """Fields of AreaFacts that the rule cannot do without."""
    parameters: tuple[str, ...]
    """Which of them are settings that the reader chooses."""
    description: str
    function: Callable[[AreaFacts], Flags]

    def __call__(self, facts: AreaFacts) -> Flags:
        """The verdict of this rule on each area; missing where it has none."""
        return self.function(facts)


DESERT_RULES: dict[str, Rule] = {}
"""Every desert rule that the tool offers, by the name of its function; the first is the default."""


_FEWEST_AREAS = 3
_FEWEST_PERMUTATIONS, _MOST_PERMUTATIONS, _PERMUTATIONS_AN_AREA = 999, 9_999, 20
"""Deals of a permutation test: 9,999 for a large frame, as a threshold over many tests asks for."""

_RuleFunction: TypeAlias = Callable[[AreaFacts], Flags]


def desert_rule(
    *, label: str, used_by: str, needs: tuple[str, ...], parameters: tuple[str, ...] = ()
) -> Callable[[_RuleFunction], _RuleFunction]:
    """Register a function as a desert rule, called with AreaFacts; its docstring is what the reader sees.

    The function need not look after what is the same for all: PlanError when a field in ``needs`` is not given, no
    verdict where no source covers the area, and the name of the result.
    """

    def register(function: _RuleFunction) -> _RuleFunction:
        name = function.__name__

        @wraps(function)
        def judged(facts: AreaFacts) -> Flags:
            _require(facts, name, needs)
            found = function(facts)
            return verdict(found, found.notna() & facts.is_known).rename(name)

        DESERT_RULES[name] = Rule(name, label, used_by, needs, parameters, getdoc(function) or "", judged)
        return judged

    return register


def _require(facts: AreaFacts, rule: str, needs: tuple[str, ...]) -> None:
    absent = [name for name in needs if getattr(facts, name) is None]
    if absent:
        raise PlanError(
            f"rule {rule}: {', '.join(absent)} not given, and it cannot be judged without. "
            f"Add it to AreaFacts, or choose another rule: {', '.join(DESERT_RULES)}."
        )


@desert_rule(
    label="Most need and least access",
    used_by="this tool",
    needs=("need", "access", "worst_share"),
    parameters=("worst_share",),
)
def need_and_access_quintile(facts: AreaFacts) -> Flags:
    """The area is in the worst fifth of need and in the worst fifth of access, among the areas compared.

    Fifths count areas, not people; areas that tie at the edge are all in. Another share than a fifth may be chosen. An
    area whose need or access is not known has no verdict.
    """
    access = facts.access.where(facts.is_known)
    least = at_most(access, facts.access_line) if facts.access_line is not None else worst(access, facts.worst_share)
    most = worst(-facts.need, facts.worst_share)
    return verdict(most & least, facts.need.notna() & access.notna())


@desert_rule(
    label="No provider in the district",
    used_by="Law Society of England and Wales, 2016 to 2023",
    needs=("sites_in_district",),
)
def no_provider_in_district(facts: AreaFacts) -> Flags:
    """The local authority district has no site of the topic.

    A site just over the border does not count, so read it beside a rule on access. An area whose district has no count
    has no verdict.
    """
    return _at_most(facts.sites_in_district, 0)


@desert_rule(
    label="One provider or none in the district",
    used_by="Law Society of England and Wales, 2016 to 2023",
    needs=("sites_in_district",),
)
def one_or_none_in_district(facts: AreaFacts) -> Flags:
    """The local authority district has one site of the topic or none: with one, a conflict of interest leaves nobody.

    An area whose district has no count has no verdict.
    """
    return _at_most(facts.sites_in_district, 1)


@desert_rule(
    label="Nearest site beyond the limit",
    used_by="standards for pharmacies and surgeries (for example within a 20-minute walk)",
    needs=("nearest_cost", "limit"),
    parameters=("limit",),
)
def beyond_distance(facts: AreaFacts) -> Flags:
    """The nearest site of the topic is further away than the limit; exactly at the limit is within it.

    The limit is the reader's own: no accepted one exists for England. An area from which no site can be reached is
    beyond any limit. An area whose nearest cost is not known has no verdict.
    """
    nearest = facts.nearest_cost
    assert nearest is not None
    no_site = nearest.isna() & true_where_known(
        None if facts.sites_in_frame is None else facts.sites_in_frame == 0, facts
    )
    return verdict((nearest > reach_limit(facts)) | no_site, nearest.notna() | no_site)


@desert_rule(
    label="District in the bottom tenth for supply",
    used_by="LexisNexis Legal Aid Deserts, with legal incidents in place of people",
    needs=("district", "sites_in_district", "population", "bottom_share"),
    parameters=("bottom_share",),
)
def supply_bottom_tenth(facts: AreaFacts) -> Flags:
    """The local authority district is in the lowest tenth of districts by sites of the topic per person.

    People are added up over the district's areas, then divided once. Tenths count districts; ties are all in. Another
    share than a tenth may be chosen. Where a district's sites, or the people of any of its areas, are not known, it has
    no verdict.
    """
    return _bottom(facts, facts.sites_in_district, facts.population)


@desert_rule(
    label="District in the bottom tenth for supply per 1,000 in need",
    used_by="LexisNexis Legal Aid Deserts, with people in need in place of incidents",
    needs=("district", "supply_in_district", "people_in_need", "bottom_share"),
    parameters=("bottom_share",),
)
def supply_per_need_bottom_tenth(facts: AreaFacts) -> Flags:
    """The local authority district is in the lowest tenth of districts by supply of the topic per 1,000 in need.

    Supply is in the unit that the reader chose, sites or hours a week; people in need are added up over the district's
    areas, then supply is divided once. Tenths count districts; ties are all in. Another share than a tenth may be
    chosen. A district without anybody in need, or with an area where their number is not known, has no verdict.
    """
    return _bottom(facts, facts.supply_in_district, facts.people_in_need)


@desert_rule(
    label="Significant cluster of low access",
    used_by="spatial research (Getis and Ord; Anselin)",
    needs=("access", "neighbours", "significance"),
    parameters=("significance",),
)
def low_access_cluster(facts: AreaFacts) -> Flags:
    """The area and its neighbours have lower access than chance would give, by Gi* or by local Moran.

    Low Gi* (normal approximation), or low among low by local Moran (conditional permutation), two-sided, each after
    control of the false discovery rate at the chosen significance. Access that is shared out over a catchment is
    smooth, so that part of every cluster is made by the measure. An area without access figure has no verdict; nor has
    any where fewer than three are known or all are alike.
    """
    access = facts.access.where(facts.is_known)
    assert facts.neighbours is not None
    known = access.dropna()
    if len(known) < _FEWEST_AREAS or not known.var(ddof=0) > 0:
        return verdict(access > access, access.isna() & access.notna())  # nothing to test: no verdict anywhere
    deals = min(_MOST_PERMUTATIONS, max(_FEWEST_PERMUTATIONS, _PERMUTATIONS_AN_AREA * len(known)))
    found = low_clusters(access, facts.neighbours, alpha=facts.significance, permutations=deals)["low"]
    return verdict(found, access.notna())


@desert_rule(
    label="Your own rule",
    used_by="whoever wrote it",
    needs=("expression",),
    parameters=("expression",),
)
def own_rule(facts: AreaFacts) -> Flags:
    """The area meets the condition that the reader wrote from named parts, such as need_fifth = 1 and nearest > 8.

    Comparisons joined by and, or, not and brackets; nothing in it is run as code. Where a part is not known and decides
    the outcome, the area has no verdict.
    """
    assert facts.expression is not None
    return OwnRule.read(facts.expression).judge(facts)


def _bottom(facts: AreaFacts, supply: AreaValues | None, people: AreaValues | None) -> Flags:
    """Whether each area's district is in the bottom share by supply for each of its people."""
    assert facts.district is not None
    rate = supply_rate(facts, supply, people)
    lowest = at_most(rate, facts.supply_line) if facts.supply_line is not None else worst(rate, facts.bottom_share)
    return facts.district.map(verdict(lowest, rate.notna())).astype("boolean")


def _at_most(counts: pd.Series[float] | None, most: int) -> Flags:
    assert counts is not None
    return verdict(counts <= most, counts.notna())
