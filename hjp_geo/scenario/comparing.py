"""Two scenarios side by side on one set of data: totals, the difference in every area, who wins and who loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario.clashes import ACCESS_SETTINGS
from hjp_geo.scenario.model import Scenario
from hjp_geo.siting import Assessment, Effects, effects_of

__all__ = ["Comparison", "compare"]

_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Comparison:
    """Scenario b against scenario a, both worked out on the data that are loaded now."""

    a: Scenario
    b: Scenario
    totals: Table
    """Indexed by figure: label, unit, better (high, low or blank), a, b, difference (b − a); missing if not known."""
    areas: Table
    """One row an area of either place: area_name, lad24_name, residents, people_in_need, access_a, access_b,
    difference (b − a), desert_a, desert_b, reached_a, reached_b (by a sketch), nearest_km_a, nearest_km_b, sites_today
    (counted sites in reach without a sketch; of the plan of a where the two differ)."""
    warnings: tuple[str, ...]
    """What makes the two differ beside their sketches, or from when they were made."""
    attribution: tuple[str, ...]
    run: Mapping[str, Any]
    assessed_a: Assessment | None
    """Missing where it has no sketch: then it is today."""
    assessed_b: Assessment | None

    @property
    def winners(self) -> Table:
        """The areas with better access in b, most first."""
        return self.areas[self.areas["difference"] > _SAME].sort_values("difference", ascending=False, kind="stable")

    @property
    def newly_reached(self) -> Table:
        """The areas that a sketch of b reaches and none of a, most people in need first."""
        return self._by_need(self.areas["reached_b"] & ~self.areas["reached_a"])

    @property
    def no_longer_reached(self) -> Table:
        """The areas that a sketch of a reaches and none of b, most people in need first."""
        return self._by_need(self.areas["reached_a"] & ~self.areas["reached_b"])

    def _by_need(self, chosen: pd.Series[bool]) -> Table:
        return self.areas[chosen].sort_values("people_in_need", ascending=False, kind="stable")

    @property
    def losers(self) -> Table:
        """The areas with worse access in b, most first."""
        return self.areas[self.areas["difference"] < -_SAME].sort_values("difference", kind="stable")


@dataclass(frozen=True, eq=False)
class _Side:
    """One of the two, worked out."""

    scenario: Scenario
    effects: Effects
    assessed: Assessment | None
    attribution: tuple[str, ...]
    run: Mapping[str, Any]


def compare(a: Scenario, b: Scenario, evidence: Evidence) -> Comparison:
    """What b would change against a. A scenario without a sketch is today under its plan.

    Both are worked out anew on the data loaded now; ``warnings`` says where plans, data or versions differ. Where the
    two count access in different ways, differences in access are missing.
    """
    first, second = _side(a, evidence), _side(b, evidence)
    comparable = not _unlike(a.plan, b.plan, ACCESS_SETTINGS)
    return Comparison(
        a=a,
        b=b,
        totals=_totals(first, second, comparable=comparable),
        areas=_areas(first, second, evidence, comparable=comparable),
        warnings=tuple(dict.fromkeys(_warnings(a, b, evidence))),
        attribution=tuple(dict.fromkeys((*first.attribution, *second.attribution))),
        run=second.run,
        assessed_a=first.assessed,
        assessed_b=second.assessed,
    )


def _side(scenario: Scenario, evidence: Evidence) -> _Side:
    assessed = scenario.assess(evidence) if scenario.features else None
    if assessed is None:
        today = effects_of(scenario.plan, evidence, scenario.closed)
        return _Side(scenario, today.effects, None, today.attribution, today.run)
    return _Side(scenario, assessed.effects, assessed, assessed.attribution, assessed.run)


def _totals(a: _Side, b: _Side, *, comparable: bool) -> Table:
    reached = pd.DataFrame(
        {
            "label": pd.Series({name: label for name, (label, _unit, _better) in _REACHED.items()}),
            "unit": pd.Series({name: unit for name, (_label, unit, _better) in _REACHED.items()}),
            "better": pd.Series({name: better for name, (_label, _unit, better) in _REACHED.items()}),
            "a": pd.Series(_reached(a)),
            "b": pd.Series(_reached(b)),
        }
    )
    one, other = a.effects.summary, b.effects.summary
    changed = one[["label", "unit", "better"]].assign(a=one["after"], b=other["after"])
    table = pd.concat([reached, changed]).rename_axis("figure")
    table["difference"] = table["b"] - table["a"]
    if not comparable:
        table.loc[table["unit"].str.contains(" for ") | table.index.str.contains("access|index"), "difference"] = np.nan
    return table


_REACHED = {
    "sketches": ("Sketches", "sketches", ""),
    "closed": ("Sites of today closed", "sites", ""),
    "reached": ("People reached", "people", "high"),
    "reached_in_need": ("People in need reached", "people", "high"),
    "newly_reached": ("Not reached by a counted site before", "people", "high"),
    "with_service": ("People in need for whose cases there is capacity", "people in need", "high"),
}


def _reached(side: _Side) -> dict[str, float]:
    closed = float(len(side.scenario.closed))
    if side.assessed is None:
        return {**dict.fromkeys(_REACHED, 0.0), "closed": closed}
    total = side.assessed.total
    return {
        "sketches": float(len(side.assessed.parts)),
        "closed": closed,
        "reached": total.people,
        "reached_in_need": total.people_in_need,
        "newly_reached": total.newly_reached,
        "with_service": float(side.assessed.split["people_in_need"].loc["with_service"]),
    }


def _areas(a: _Side, b: _Side, evidence: Evidence, *, comparable: bool) -> Table:
    one, other = a.effects.changes, b.effects.changes
    index = one.index.union(other.index)
    known = evidence.areas.loc[index]
    table = known[["area_name", "lad24_name", "residents"]].copy()
    table["people_in_need"] = one["people_in_need"].combine_first(other["people_in_need"])
    table["access_a"], table["access_b"] = one["access_after"].reindex(index), other["access_after"].reindex(index)
    difference = table["access_b"] - table["access_a"]
    table["difference"] = difference.where(difference.abs() > _SAME, difference * 0) if comparable else np.nan
    table["desert_a"], table["desert_b"] = one["desert_after"].reindex(index), other["desert_after"].reindex(index)
    table["sites_today"] = one["sites_before"].combine_first(other["sites_before"])
    for letter, side in (("a", a), ("b", b)):
        table[f"nearest_km_{letter}"] = side.effects.changes["nearest_km_after"].reindex(index)
        table[f"reached_{letter}"] = index.isin(side.assessed.total.areas) if side.assessed else False
    return table


def _unlike(a: Plan, b: Plan, names: tuple[str, ...] | None = None) -> list[str]:
    first, second = a.to_dict(), b.to_dict()
    return [name for name in (names or tuple(first)) if first[name] != second[name]]


def _warnings(a: Scenario, b: Scenario, evidence: Evidence) -> list[str]:
    lines = [f"“{one.name}”: {line}" for one in (a, b) for line in one.differences(evidence)]
    if a.version.differences(b.version):
        lines.append("The two were made with different data or versions; both are worked out on what is loaded now.")
    if unlike := _unlike(a.plan, b.plan):
        lines.append(f"Their questions differ in {', '.join(unlike)}: not every difference comes from the sketches.")
    if access := _unlike(a.plan, b.plan, ACCESS_SETTINGS):
        lines.append(f"Access means something else in each ({', '.join(access)}), so it is not subtracted.")
    if a.rule != b.rule:
        lines.append("They use different rules for which areas belong to a sketch.")
    if dict(a.changed_assumptions) != dict(b.changed_assumptions):
        lines.append("They rest on different assumptions about cases and hours.")
    return lines
