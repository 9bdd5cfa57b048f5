"""What is feasible with given resources: sessions → cases a year → the gap left, and the money services reported.

Every figure is an assumption with a range and a source, to be changed by the reader. Money is what published services
reported for their own clients: a range with its source, never a promise for this one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError
from hjp_geo.siting.candidate import Offer

__all__ = ["ASSUMPTIONS", "Assumption", "Assumptions", "Feasibility", "Span", "cases_a_year", "feasibility"]

OURS = "ours, no published figure: change it to your own"
_DERBYSHIRE = "Citizens Advice in GP practices, Derbyshire (94 of 102 practices)"


class Span(NamedTuple):
    """A figure and the range around it."""

    low: float
    likely: float
    high: float


@dataclass(frozen=True)
class Assumption:
    """One figure that a result rests on, with its range and where it comes from. 0 ≤ low ≤ likely ≤ high."""

    name: str
    label: str
    unit: str
    low: float
    likely: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not (0 <= self.low <= self.likely <= self.high and math.isfinite(self.high)):
            raise PlanError(
                f"{self.label}: {self.low:g}, {self.likely:g}, {self.high:g}; expected low, likely and high in that "
                "order, none below 0."
            )

    @property
    def span(self) -> Span:
        """Low, likely, high."""
        return Span(self.low, self.likely, self.high)


class Assumptions(Mapping[str, Assumption]):
    """The figures that feasibility rests on, by name; `changed` gives others."""

    def __init__(self, items: Mapping[str, Assumption]) -> None:
        self._items = dict(items)

    def __getitem__(self, name: str) -> Assumption:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def changed(self, values: Mapping[str, float | Span]) -> Assumptions:
        """The same with some figures replaced: a number stands for all three of low, likely and high.

        `PlanError` for a name that is not there, or figures out of order.
        """
        items = dict(self._items)
        for name, value in values.items():
            if name not in items:
                raise PlanError(f"No assumption '{str(name)[:40]}'. There are {', '.join(items)}.")
            span = value if isinstance(value, tuple) else (value, value, value)
            low, likely, high = (float(one) for one in span)
            if (low, likely, high) != tuple(items[name].span):
                items[name] = replace(items[name], low=low, likely=likely, high=high, source="the reader's own")
        return Assumptions(items)

    def changes(self) -> dict[str, list[float]]:
        """Those that are not the tool's own, as plain values: `changed` takes them back."""
        return {name: list(one.span) for name, one in self.items() if one != ASSUMPTIONS[name]}

    def table(self) -> Table:
        """Indexed by name: label, low, likely, high, unit, source."""
        rows = {
            name: {
                "label": one.label,
                "low": one.low,
                "likely": one.likely,
                "high": one.high,
                "unit": one.unit,
                "source": one.source,
            }
            for name, one in self.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("assumption")


def _usual() -> dict[str, Assumption]:
    rows = (
        Assumption("hours_per_session", "Adviser hours in a session", "hours", 2, 3, 4, OURS),
        Assumption("weeks_per_year", "Weeks in a year with sessions", "weeks", 42, 46, 50, OURS),
        Assumption("hours_per_case", "Adviser hours for a case", "hours", 2, 4, 8, OURS),
        Assumption(
            "cases_per_person_in_need",
            "Cases in a year for each person in need",
            "cases a year",
            0.05,
            0.1,
            0.2,
            f"{OURS}; for scale, 11,000 people a year in Derbyshire are 0.07 for each resident in income deprivation",
        ),
        Assumption(
            "income_gained_per_client",
            "Income gained for each client in a year",
            "£ a year",
            1_180,
            2_750,
            4_000,
            f"{_DERBYSHIRE}: £13 million for 11,000 people, about £1,180 (£1,302 in its report for 2009-10, when 27 % "
            "of clients gained any); Reece and others (2021), review of 14 studies: £2,757 a household; "
            "Hertfordshire: about £4,000 for each claimant",
        ),
        Assumption(
            "cost_per_case",
            "Cost of a case",
            "£",
            91,
            150,
            300,
            f"low: {_DERBYSHIRE}, over £1 million a year for 11,000 people; likely and high: {OURS}",
        ),
    )
    return {one.name: one for one in rows}


ASSUMPTIONS = Assumptions(_usual())
"""What is assumed unless the reader says otherwise."""


@dataclass(frozen=True)
class Feasibility:
    """What an offer could do in a year for people in need of its catchment. Missing where its hours are not said."""

    hours_a_year: Span
    cases: Span
    """Cases that its hours allow."""
    expected: Span
    """Cases that the people in need of its catchment would bring."""
    gap_left: Span
    """Expected cases beyond its capacity, never below 0: the low end is few cases and much capacity."""
    income_gained: Span
    """£ a year for the clients of the cases it can take, by what services reported."""
    cost: Span
    """£ a year for those cases."""
    assumptions: Assumptions

    def table(self) -> Table:
        """Indexed by figure: label, low, likely, high, unit."""
        rows = {
            "hours_a_year": ("Adviser hours in a year", self.hours_a_year, "hours"),
            "cases": ("Cases that its hours allow", self.cases, "cases a year"),
            "expected": ("Cases that people in need would bring", self.expected, "cases a year"),
            "gap_left": ("Cases left without service", self.gap_left, "cases a year"),
            "income_gained": ("Income gained for clients, if as elsewhere", self.income_gained, "£ a year"),
            "cost": ("Cost of the cases, if as elsewhere", self.cost, "£ a year"),
        }
        table = pd.DataFrame([(key, label, *span, unit) for key, (label, span, unit) in rows.items()])
        table.columns = pd.Index(["figure", "label", "low", "likely", "high", "unit"])
        return table.set_index("figure")

    def sentence(self) -> str:
        """The answer in two sentences that make no promise."""
        if math.isnan(self.cases.likely):
            return "Its sessions or hours are not stated, so nobody can say how many cases it could take."
        return (
            f"About {self.cases.likely:,.0f} cases a year ({self.cases.low:,.0f} to {self.cases.high:,.0f}) of some "
            f"{self.expected.likely:,.0f} ({self.expected.low:,.0f} to {self.expected.high:,.0f}) that people in need "
            "there may bring, if the assumptions hold. Services elsewhere reported between "
            f"£{self.assumptions['income_gained_per_client'].low:,.0f} and "
            f"£{self.assumptions['income_gained_per_client'].high:,.0f} a year for a client: a range, not a promise."
        )


def hours_a_year(offer: Offer, assumptions: Assumptions = ASSUMPTIONS) -> Span:
    """Adviser hours in a year: hours a week, or sessions × hours, × weeks. Missing where neither is said."""
    weeks, session = assumptions["weeks_per_year"].span, assumptions["hours_per_session"].span
    if offer.adviser_hours_per_week is not None:
        return Span(*(offer.adviser_hours_per_week * one for one in weeks))
    if offer.sessions_per_week is None:
        return Span(math.nan, math.nan, math.nan)
    return Span(*(offer.sessions_per_week * hours * one for hours, one in zip(session, weeks, strict=True)))


def cases_a_year(offer: Offer, assumptions: Assumptions = ASSUMPTIONS) -> Span:
    """Cases that the hours of an offer allow in a year; missing where it says none. `PlanError` for 0 hours a case."""
    hours, each = hours_a_year(offer, assumptions), assumptions["hours_per_case"].span
    if each.low <= 0:
        raise PlanError(f"{assumptions['hours_per_case'].label}: expected more than 0.")
    return Span(hours.low / each.high, hours.likely / each.likely, hours.high / each.low)


def feasibility(offer: Offer, people_in_need: float, assumptions: Assumptions = ASSUMPTIONS) -> Feasibility:
    """What an offer could do for so many people in need (of its catchment), with ranges."""
    cases = cases_a_year(offer, assumptions)
    expected = Span(*(people_in_need * one for one in assumptions["cases_per_person_in_need"].span))
    taken = Span(*(_least(able, wanted) for able, wanted in zip(cases, expected, strict=True)))
    return Feasibility(
        hours_a_year=hours_a_year(offer, assumptions),
        cases=cases,
        expected=expected,
        gap_left=Span(
            _most(expected.low - cases.high), _most(expected.likely - cases.likely), _most(expected.high - cases.low)
        ),
        income_gained=_times(taken, assumptions["income_gained_per_client"]),
        cost=_times(taken, assumptions["cost_per_case"]),
        assumptions=assumptions,
    )


def _times(cases: Span, each: Assumption) -> Span:
    return Span(*(one * amount for one, amount in zip(cases, each.span, strict=True)))


def _least(able: float, wanted: float) -> float:
    """The smaller of the two; missing where either is."""
    return math.nan if math.isnan(able) or math.isnan(wanted) else min(able, wanted)


def _most(gap: float) -> float:
    """The gap, never below 0; missing stays missing."""
    return gap if math.isnan(gap) else max(gap, 0.0)
