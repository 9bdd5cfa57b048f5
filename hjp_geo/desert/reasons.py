"""Why an area is flagged, in a code, a figure and a sentence, and how many people each reason accounts for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.desert.facts import AreaFacts, reach_limit, true_where_known
from hjp_geo.desert.rules import DESERT_RULES
from hjp_geo.errors import GeographyError, PlanError

__all__ = [
    "REASONS",
    "DesertTotals",
    "Reason",
    "desert_totals",
    "find_deserts",
    "reason_sentence",
    "reason_totals",
]

Reason: TypeAlias = Literal["no_data", "no_provider", "too_far", "not_open", "not_eligible", "online_only", "full"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why an area is flagged, in the order in which they are tried: the first that applies is the reason."""


def find_deserts(facts: AreaFacts, rule: str = "need_and_access_quintile") -> pd.DataFrame:
    """The verdict of a rule on each area, why, and the figure that decided the reason.

    Indexed by ``area_code``; columns ``desert`` (nullable boolean), ``reason`` (one of REASONS; missing where the area
    is not flagged) and ``figure`` (see ``reason_sentence``; missing where there is none). An area without a verdict has
    the reason ``no_data``. Raises PlanError for an unknown rule, or one whose figures are not given.
    """
    if rule not in DESERT_RULES:
        raise PlanError(f"no desert rule called {rule!r}; expected one of {', '.join(DESERT_RULES)}.")
    flags = DESERT_RULES[rule](facts)
    reason, figure = _first_reason(facts)
    without_verdict = flags.isna()
    applies = flags.to_numpy(dtype=bool, na_value=True)
    return pd.DataFrame(
        {
            "desert": flags,
            "reason": reason.mask(without_verdict, "no_data").where(applies),
            "figure": figure.where(applies & ~without_verdict),
        }
    )


def _first_reason(facts: AreaFacts) -> tuple[pd.Series[str], pd.Series[float]]:
    """The reason that would apply to each area were it flagged, and its figure."""
    tests = _tests(facts)
    last = len(tests)
    which = np.full(len(facts.need), last)
    figure = facts.access.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    for number, (_, applies, decided_by) in reversed(list(enumerate(tests))):
        which[applies] = number
        figure[applies] = decided_by[applies]
    codes = pd.array([*(code for code, _, _ in tests), "full"], dtype="str")
    index = facts.need.index
    return pd.Series(codes.take(which), index=index), pd.Series(figure, index=index)


_Test: TypeAlias = "tuple[Reason, npt.NDArray[np.bool_], npt.NDArray[np.float64]]"
_Tests: TypeAlias = "list[tuple[Reason, pd.Series[bool], pd.Series[float]]]"


def _tests(facts: AreaFacts) -> list[_Test]:
    """Each reason but the last, where it applies, and its figure. What was not given cannot apply."""
    nothing = pd.Series(np.nan, index=facts.need.index)
    tests: _Tests = [("no_data", ~facts.is_known, nothing)]
    if (unknown := facts.unknown_supply_in_reach) is not None:
        tests.append(("no_data", unknown > 0, unknown))
    if (sites := facts.sites_in_frame) is not None:
        tests.append(("no_provider", sites == 0, sites))
    remote_only = true_where_known(facts.remote_only, facts)
    in_reach = facts.sites_in_reach
    if in_reach is not None or (facts.nearest_cost is not None and facts.limit is not None):
        nearest = nothing if facts.nearest_cost is None else facts.nearest_cost
        far = nearest > reach_limit(facts) if in_reach is None else in_reach == 0
        tests.append(("too_far", far & ~remote_only, nearest))
    if (open_sites := facts.open_in_reach) is not None:
        tests.append(("not_open", (open_sites == 0) & ~remote_only, nothing if in_reach is None else in_reach))
    if (eligible := facts.eligible_in_reach) is not None:
        tests.append(("not_eligible", (eligible == 0) & ~remote_only, nothing if open_sites is None else open_sites))
    if (able := facts.able_to_use_remote) is not None:
        tests.append(("online_only", remote_only & (able < able.median()), able))
    return [
        (
            code,
            np.asarray(applies.to_numpy(dtype=bool, na_value=False), dtype=np.bool_),
            np.asarray(figure.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64),
        )
        for code, applies, figure in tests
    ]


@dataclass(frozen=True)
class DesertTotals:
    """How many areas and people a rule flags. Shares leave out what has no verdict; its size stands beside them."""

    areas: int
    areas_flagged: int
    areas_without_verdict: int
    areas_without_population: int
    people: float
    people_flagged: float
    people_without_verdict: float

    @property
    def share_of_people_pct(self) -> float:
        """Flagged people as a percentage of the people in areas with a verdict; NaN when there are none."""
        return _percent(self.people_flagged, self.people - self.people_without_verdict)

    @property
    def share_of_areas_pct(self) -> float:
        """Flagged areas as a percentage of areas with a verdict: not the share of people. NaN when there are none."""
        return _percent(self.areas_flagged, self.areas - self.areas_without_verdict)


def desert_totals(deserts: pd.DataFrame, population: AreaValues) -> DesertTotals:
    """How many areas and people are flagged, of how many.

    ``deserts`` is what ``find_deserts`` gives; ``population`` is by area code. An area whose population is not known
    counts as an area, adds nobody, and is counted in ``areas_without_population``.
    """
    people = _people_of(deserts, population)
    flagged = deserts["desert"].fillna(value=False).astype(bool)
    without = deserts["desert"].isna()
    return DesertTotals(
        areas=len(deserts),
        areas_flagged=int(flagged.sum()),
        areas_without_verdict=int(without.sum()),
        areas_without_population=int(people.isna().sum()),
        people=float(people.sum()),
        people_flagged=float(people[flagged].sum()),
        people_without_verdict=float(people[without].sum()),
    )


def reason_totals(deserts: pd.DataFrame, population: AreaValues) -> pd.DataFrame:
    """How many flagged areas and people each reason accounts for; the shares of people add up to 100 %.

    Indexed by ``reason``, all of REASONS in order; columns ``areas``, ``people``, ``share_of_people_pct`` (missing when
    nobody is flagged). Areas without a verdict are not flagged and not in it: see ``desert_totals``.
    """
    flagged = deserts["desert"].fillna(value=False).astype(bool)
    people = _people_of(deserts, population)[flagged]
    grouped = people.groupby(deserts.loc[flagged, "reason"])
    table = pd.DataFrame({"areas": grouped.size(), "people": grouped.sum()})
    table = table.reindex(
        pd.Index(REASONS, name="reason"), fill_value=0
    )  # a reason that is not there: known to be none
    total = table["people"].sum()
    table["share_of_people_pct"] = table["people"] / total * 100.0 if total > 0 else np.nan
    return table


def reason_sentence(
    reason: Reason,
    figure: float = math.nan,
    *,
    limit: float | None = None,
    cost_unit: str = "minutes",
    access_unit: str = "of supply per person",
) -> str:
    """One plain English sentence for a reason and the figure that decided it.

    The figure is: sites with unknown hours (``no_data``), sites in the frame (``no_provider``), cost to the nearest
    (``too_far``), sites in reach (``not_open``), open sites in reach (``not_eligible``), share able to use remote
    advice (``online_only``), access (``full``). Settings as in AreaFacts. Without a figure the sentence does without.

    >>> reason_sentence("too_far", 12.34, limit=10, cost_unit="km")
    'The nearest site is 12.3 km away, beyond the limit of 10 km.'
    """
    if reason not in REASONS:
        raise PlanError(f"no reason called {reason!r}; expected one of {', '.join(REASONS)}.")
    within = "within reach" if limit is None else f"within {limit:g} {cost_unit}"
    beyond = "out of reach" if limit is None else f"beyond the limit of {limit:g} {cost_unit}"
    if math.isnan(figure) or figure < 0:  # access below 0 is a cost with its sign turned: no amount to name
        return _WITHOUT_FIGURE[reason].format(within=within, beyond=beyond)
    if reason == "too_far" and math.isinf(figure):
        return "No site can be reached from here, though the topic has sites elsewhere."
    if reason == "full" and figure == 0:
        return f"There is a site {within}, but none of its advice counts for this area."
    sites = "1 site" if figure == 1 else f"{figure:.0f} sites"
    there_are = f"There is {sites}" if figure == 1 else f"There are {sites}"
    sentences: dict[Reason, str] = {
        "no_data": f"The hours of {sites} {within} are not recorded, so nobody can say how much advice there is.",
        "no_provider": "No loaded source lists any provider of this topic for this area.",
        "too_far": f"The nearest site is {figure:.1f} {cost_unit} away, {beyond}.",
        "not_open": f"{there_are} {within}, but none has hours for this topic.",
        "not_eligible": f"{there_are} open {within}, but none takes people from here.",
        "online_only": f"Only phone or online advice serves this area, and only {figure:.0%} of people can use it, "
        "below the median.",
        "full": f"Advice is {within}, but shared among too many: {figure:.3g} {access_unit}.",
    }
    return sentences[reason]


_WITHOUT_FIGURE: dict[Reason, str] = {
    "no_data": "No verdict: a figure the rule needs is not known here, or no loaded source covers this topic.",
    "no_provider": "No loaded source lists any provider of this topic for this area.",
    "too_far": "The nearest site is {beyond}.",
    "not_open": "There are sites {within}, but none has hours for this topic.",
    "not_eligible": "There are open sites {within}, but none takes people from here.",
    "online_only": "Only phone or online advice serves this area, and fewer people than the median can use it.",
    "full": "Advice is {within}, but shared among too many.",
}


def _people_of(deserts: pd.DataFrame, population: AreaValues) -> pd.Series[float]:
    absent = deserts.index.difference(population.index)
    if len(absent):
        raise GeographyError(
            f"population: {len(absent)} of {len(deserts)} areas are not in it, the first {absent[0]}. "
            f"Expected a row for each; leave the number missing where it is not known."
        )
    return population.reindex(deserts.index).astype("float64")


def _percent(part: float, whole: float) -> float:
    return part / whole * 100.0 if whole > 0 else math.nan
