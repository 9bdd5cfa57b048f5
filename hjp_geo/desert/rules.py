"""The named rules that make an area a desert. A new rule is one function under ``@desert_rule``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import getdoc
from typing import Literal, TypeAlias

import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.desert.facts import AreaFacts, Flags, reach_limit, true_where_known, verdict
from hjp_geo.errors import PlanError

__all__ = [
    "DESERT_RULES",
    "Rule",
    "beyond_distance",
    "decile",
    "desert_rule",
    "need_and_access_quintile",
    "no_provider_in_district",
    "one_or_none_in_district",
    "quintile",
    "supply_bottom_tenth",
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
    needs=("need", "access"),
)
def need_and_access_quintile(facts: AreaFacts) -> Flags:
    """The area is in the worst fifth of need and in the worst fifth of access, among the areas compared.

    Fifths count areas, not people; areas that tie at the edge are all in. An area whose need or access is not known
    has no verdict.
    """
    access = facts.access.where(facts.is_known)
    worst = (quintile(facts.need, worst="high") == 1) & (quintile(access, worst="low") == 1)
    return verdict(worst, facts.need.notna() & access.notna())


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
    needs=("district", "sites_in_district", "population"),
)
def supply_bottom_tenth(facts: AreaFacts) -> Flags:
    """The local authority district is in the lowest tenth of districts by sites of the topic per person.

    People are added up over the district's areas, then divided once. Tenths count districts; ties are all in. Where a
    district's sites, or the people of any of its areas, are not known, it has no verdict.
    """
    assert facts.district is not None
    assert facts.sites_in_district is not None
    sites = facts.sites_in_district.where(facts.is_known).astype("float64").groupby(facts.district).first()
    people = facts.population.astype("float64").groupby(facts.district).sum(skipna=False)
    rate = (sites / people).where(people > 0)
    lowest = verdict(decile(rate, worst="low") == 1, rate.notna())
    return facts.district.map(lowest).astype("boolean")


def quintile(values: AreaValues, *, worst: Literal["high", "low"]) -> pd.Series[int]:
    """Which fifth of the areas each is in: 1 is the worst fifth, 5 the best.

    Fifths count areas: ⌈5·rank/N⌉ over the N areas with a value, ties taking the smallest rank. ``worst`` says which
    end is bad. Nullable Int64, missing where the value is. Fewer than five areas have no worst fifth.
    """
    return _n_tile(values, worst, 5).rename("quintile")


def decile(values: AreaValues, *, worst: Literal["high", "low"]) -> pd.Series[int]:
    """Which tenth of the areas each is in: 1 is the worst tenth, 10 the best. Otherwise as ``quintile``."""
    return _n_tile(values, worst, 10).rename("decile")


def _n_tile(values: AreaValues, worst: Literal["high", "low"], parts: int) -> pd.Series[int]:
    if worst not in ("high", "low"):
        raise PlanError(f"worst is {worst!r}; expected 'high' where large values are bad, 'low' where small ones are.")
    rank = values.astype("float64").rank(method="min", ascending=worst == "low").astype("Int64")
    count = int(values.notna().sum())
    return -(-parts * rank // max(count, 1))  # whole numbers only, so that no edge is lost to rounding


def _at_most(counts: pd.Series[float] | None, most: int) -> Flags:
    assert counts is not None
    return verdict(counts <= most, counts.notna())
