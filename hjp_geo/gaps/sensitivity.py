"""How the flagged population moves with each threshold of a rule: the strip beside every headline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.desert import DESERT_RULES, OwnRule
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import ESTIMATED, MOST_KM, MOST_MINUTES, Plan, answer

__all__ = ["FACTORS", "SETTINGS", "rules_table", "sensitivity", "thresholds"]

FACTORS = (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)
"""Each threshold is multiplied by these, one threshold at a time."""

SETTINGS = {
    "cutoff_km": "how far a site reaches, km",
    "cutoff_minutes": "how far a site reaches, minutes",
    "worst_share": "share of areas that is the worst",
    "bottom_share": "share of districts that is the bottom",
    "significance": "share of the clusters found that may be false",
    "assumed_hours": "hours a week assumed for an office of unknown hours",
    "assumed_outreach_hours": "hours a week assumed for an outreach point of unknown hours",
    "desert": "sites in the district at most",
}
"""The settings that can move a rule, and what each is."""

_OF_RULE: dict[str, tuple[str, ...]] = {
    "need_and_access_quintile": ("cutoff_km", "worst_share"),
    "no_provider_in_district": ("desert",),
    "one_or_none_in_district": ("desert",),
    "beyond_distance": ("cutoff_km",),
    "supply_bottom_tenth": ("bottom_share",),
    "supply_per_need_bottom_tenth": ("bottom_share",),
    "low_access_cluster": ("cutoff_km", "significance"),
    "own_rule": ("cutoff_km",),
}
_MOST = {"cutoff_km": MOST_KM, "cutoff_minutes": MOST_MINUTES}
_HOURS = ("assumed_hours", "assumed_outreach_hours")
_MEASURE_SUPPLY = ("need_and_access_quintile", "supply_per_need_bottom_tenth", "low_access_cluster", "own_rule")
_COUNT_RULES = {0: "no_provider_in_district", 1: "one_or_none_in_district"}


@dataclass(frozen=True)
class _Step:
    setting: str
    meaning: str
    value: float
    plan: Plan


def sensitivity(plan: Plan, evidence: Evidence, rule: str | None = None) -> Table:
    """How many areas and people of the place a rule flags as each of its thresholds is made smaller and larger.

    One row a threshold and value: ``setting``, ``meaning``, ``value``, ``is_now`` (whether it is the plan's own),
    ``areas_flagged``, ``people_flagged``, ``share_of_people_pct`` (of people with a verdict; missing where there is
    none). One threshold moves at a time. For the rules that count sites in the district the values are 0 and 1. For an
    own rule each number in it is moved as well. `PlanError` for an unknown rule.
    """
    chosen = rule or plan.desert
    if chosen not in DESERT_RULES:
        raise PlanError(f"no desert rule called {chosen!r}; expected one of {', '.join(DESERT_RULES)}.")
    asked = Plan.from_dict({**plan.to_dict(), "desert": chosen})
    return pd.DataFrame([_row(step, asked, evidence) for step in _steps(asked)])


def rules_table(plan: Plan, evidence: Evidence, rules: Sequence[str] = ()) -> Table:
    """How many areas and people of the place each desert rule flags: several side by side.

    Indexed by ``rule``: ``label``, ``thresholds`` (the rule's own settings, in words), ``areas_flagged``,
    ``people_flagged``, ``share_of_people_pct`` and ``areas_without_verdict``. All rules unless some are named, but the
    rule of clusters, which takes seconds, only where it is named, and an own rule only where the plan has one.
    `PlanError` for an unknown rule.
    """
    usual = [name for name in DESERT_RULES if name != "low_access_cluster"]
    chosen = [name for name in rules or usual if name != "own_rule" or plan.own_rule]
    rows = {}
    for name in chosen:
        if name not in DESERT_RULES:
            raise PlanError(f"no desert rule called {name!r}; expected one of {', '.join(DESERT_RULES)}.")
        asked = Plan.from_dict({**plan.to_dict(), "desert": name})
        totals = answer(asked, evidence).totals
        rows[name] = {
            "label": DESERT_RULES[name].label,
            "thresholds": thresholds(asked),
            "areas_flagged": totals.areas_flagged,
            "people_flagged": totals.people_flagged,
            "share_of_people_pct": totals.share_of_people_pct,
            "areas_without_verdict": totals.areas_without_verdict,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule")


def thresholds(plan: Plan) -> str:
    """The settings that move the plan's rule, in words, with their values."""
    way = "" if plan.cost_unit == "km" else f" ({ESTIMATED.get(plan.journeys, plan.journeys)})"
    reaches = f"a site reaches {plan.cutoff:g} {plan.cost_unit}{way}"
    if plan.desert == "own_rule":
        return f"{plan.own_rule}; {reaches}"
    words = {
        "cutoff_km": reaches,
        "worst_share": f"worst {plan.worst_share:.0%} of areas",
        "bottom_share": f"bottom {plan.bottom_share:.0%} of districts",
        "significance": f"at most {plan.significance:.0%} of clusters false",
        "desert": "counted in the district",
    }
    return ", ".join(words[setting] for setting in _OF_RULE.get(plan.desert, ("cutoff_km",)))


def _row(step: _Step, asked: Plan, evidence: Evidence) -> dict[str, Any]:
    totals = answer(step.plan, evidence).totals
    return {
        "setting": step.setting,
        "meaning": step.meaning,
        "value": step.value,
        "is_now": step.plan == asked,
        "areas_flagged": totals.areas_flagged,
        "people_flagged": totals.people_flagged,
        "share_of_people_pct": totals.share_of_people_pct,
    }


def _steps(asked: Plan) -> Iterator[_Step]:
    of_rule = _OF_RULE.get(asked.desert, ("cutoff_km",))
    with_hours = _HOURS if asked.supply == "hours" and asked.desert in _MEASURE_SUPPLY else ()
    for setting in (*of_rule, *with_hours):
        if setting == "cutoff_km" and asked.cost_unit == "minutes":
            yield from _scaled(asked, "cutoff_minutes")
            continue
        if setting == "desert":
            for most, name in _COUNT_RULES.items():
                yield _Step(setting, SETTINGS[setting], float(most), Plan.from_dict({**asked.to_dict(), setting: name}))
        else:
            yield from _scaled(asked, setting)
    if asked.desert == "own_rule" and asked.own_rule is not None:
        yield from _own(asked, OwnRule.read(asked.own_rule))


def _scaled(asked: Plan, setting: str) -> Iterator[_Step]:
    now = float(getattr(asked, setting))
    most = _MOST.get(setting, 0.5 if setting.endswith("share") else float("inf"))
    values = dict.fromkeys(min(float(f"{now * factor:.6g}"), most) if factor != 1 else now for factor in FACTORS)
    for value in values:
        yield _Step(setting, SETTINGS[setting], value, Plan.from_dict({**asked.to_dict(), setting: value}))


def _own(asked: Plan, rule: OwnRule) -> Iterator[_Step]:
    """Each number of an own rule, but not fifths: those have no half ways."""
    for place, before, now in rule.numbers:
        if "_fifth" in before:
            continue
        for factor in FACTORS:
            moved = rule if factor == 1 else rule.with_number(place, now * factor)
            plan = replace(asked, own_rule=asked.own_rule if factor == 1 else moved.text)
            yield _Step(f"own_rule: {before}", "a number of your own rule", now * factor, plan)
