"""Before and after: access, deserts and equity in the plan's place with the candidates there, and who gains or loses.

Both are worked out on one frame. What counts as the worst access is today's limit in both, so that no area becomes a
desert because others got better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.desert import DESERT_RULES, AreaFacts
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting.closing import closing_note, today_without
from hjp_geo.siting.delta import Catchment, Today, access_after, today
from hjp_geo.statistics import concentration_index, fgt, slope_index_of_inequality

__all__ = ["DEPRIVATION", "Effects", "Unchanged", "effects", "effects_of"]

_Floats: TypeAlias = npt.NDArray[np.float64]

DEPRIVATION = "multiple_deprivation_rank"
"""The layer that sorts areas from most to least deprived, if it is loaded; else the plan's need does."""
_GROUPS, _LEAST_GROUPS = 10, 5
_SAME = 1e-12
_WORST_OFF = 0.05


@dataclass(frozen=True, eq=False)
class Effects:
    """What the candidates would change in the plan's place."""

    changes: Table
    """One row an area of the place: area_name, lad24_name, residents, people_in_need, access_before, access_after,
    access_change, desert_before, desert_after, nearest_km_before, nearest_km_after, sites_before, sites_after."""
    summary: Table
    """Indexed by measure: label, unit, better (high or low), before, after, change; missing where not known."""
    notes: tuple[str, ...]

    @property
    def winners(self) -> Table:
        """The areas whose access gets better, most first."""
        return self._where(1)

    @property
    def losers(self) -> Table:
        """The areas whose access gets worse, most first: with measures in which sites compete, there may be some."""
        return self._where(-1)

    def _where(self, sign: int) -> Table:
        change = self.changes["access_change"] * sign
        return self.changes[change > _SAME].sort_values("access_change", ascending=sign < 0, kind="stable")


def effects(parts: Sequence[Catchment], now: Today, then: Today | None = None) -> Effects:
    """Access, deserts and equity before and after, in the plan's place.

    ``then`` is what the candidates are added to, where that is not today: today with some sites closed.
    """
    base = then or now
    after = access_after(parts, base)
    desert_after, notes = _deserts_after(parts, after, now, base)
    changes = _changes(parts, after, desert_after, now, base)
    return Effects(changes, _summary(changes, now), (*notes, *(one.not_counted for one in parts if one.not_counted)))


def _changes(
    parts: Sequence[Catchment], after: _Floats, desert_after: pd.Series[Any], now: Today, base: Today
) -> Table:
    here = now.in_place
    found = now.found.areas
    access = now.column("access")[here]
    more = _sites_added(parts, now)[here]
    nearest = now.column("nearest_km")[here]
    nearer = _nearest_after(parts, base)[here]
    sites, left = now.column("sites_in_reach")[here], base.column("sites_in_reach")[here]
    change = after[here] - access
    change[np.abs(change) <= _SAME * np.maximum(np.abs(access), 1)] = 0.0
    return pd.DataFrame(
        {
            "area_name": found["area_name"],
            "lad24_name": found["lad24_name"],
            "residents": now.residents[here],
            "people_in_need": now.in_need[here],
            "access_before": access,
            "access_after": after[here],
            "access_change": change,
            "desert_before": found["desert"].astype("boolean"),
            "desert_after": desert_after.loc[found.index].astype("boolean"),
            "nearest_km_before": nearest,
            "nearest_km_after": nearer,
            "sites_before": sites,
            "sites_after": left + more,
        },
        index=found.index,
    )


def _sites_added(parts: Sequence[Catchment], now: Today) -> _Floats:
    more = np.zeros(len(now.index))
    for one in (part for part in parts if not part.remote):
        more[one.counted] += 1
    return more


def _nearest_after(parts: Sequence[Catchment], now: Today) -> _Floats:
    nearest = now.column("nearest_km").copy()
    for one in (part for part in parts if not part.remote):
        nearest[one.counted] = np.fmin(nearest[one.counted], one.km)
    return nearest


def _nearest_cost_after(parts: Sequence[Catchment], now: Today) -> _Floats:
    """How far the nearest site would be in the plan's unit."""
    nearest = now.column(f"nearest_{now.plan.cost_unit}").copy()
    for one in (part for part in parts if not part.remote):
        nearest[one.counted] = np.fmin(nearest[one.counted], one.cost)
    return nearest


# deserts ------------------------------------------------------------------------------------------------------------


def _deserts_after(
    parts: Sequence[Catchment], after: _Floats, now: Today, base: Today
) -> tuple[pd.Series[Any], tuple[str, ...]]:
    """The verdict on each area of the frame with the candidates there; today's where the rule cannot be asked again."""
    today = now.found.framed["desert"].astype("boolean")
    if base is now and not any(len(one.counted) for one in parts):
        return today, ()
    try:
        judged = DESERT_RULES[now.plan.desert](_facts_after(parts, after, base, base.facts_by(now)))
    except HjpError as error:
        return today, (f"Deserts after cannot be told for the rule “{now.plan.desert}”: {error}",)
    return judged.where(today.notna()), ()


def _facts_after(parts: Sequence[Catchment], after: _Floats, now: Today, facts: AreaFacts) -> AreaFacts:
    """What the rule looks at with the candidates there, held against today's lines."""
    here = now.framed
    index = facts.need.index
    added = pd.Series(_sites_added(parts, now)[here], index=index)
    in_reach = facts.sites_in_reach + added if facts.sites_in_reach is not None else added
    access = pd.Series(after[here], index=index)
    sites, supply = _added_in_district(parts, now)
    more: dict[str, Any] = {
        "access": access.mask(access.isna() & (in_reach == 0), -np.inf),
        "nearest_cost": pd.Series(_nearest_cost_after(parts, now)[here], index=index),
        "sites_in_reach": in_reach,
        "open_in_reach": _plus(facts.open_in_reach, added),
        "eligible_in_reach": _plus(facts.eligible_in_reach, added),
        "sites_in_frame": _plus(facts.sites_in_frame, float(sum(bool(len(one.counted)) for one in parts))),
        "sites_in_district": _plus(facts.sites_in_district, sites),
        "supply_in_district": _plus(facts.supply_in_district, supply),
    }
    return replace(facts, **more)


def _plus(values: AreaValues | None, more: Any) -> AreaValues | None:
    return None if values is None else values + more


def _added_in_district(parts: Sequence[Catchment], now: Today) -> tuple[AreaValues | float, AreaValues | float]:
    """How many candidates stand in each area's district, and what they give."""
    counted = [one for one in parts if len(one.counted) and not one.remote]
    if not counted:
        return 0.0, 0.0
    where = now.evidence.districts_at(np.concatenate([one.candidate.anchor for one in counted]))
    table = pd.DataFrame({"district": where, "sites": 1.0, "supply": [one.supply for one in counted]})
    sums = table.dropna().groupby("district")[["sites", "supply"]].sum()
    own = now.found.framed["lad24_code"]
    return own.map(sums["sites"]).fillna(0.0), own.map(sums["supply"]).fillna(0.0)  # no candidate there: none added


# equity -------------------------------------------------------------------------------------------------------------


def _summary(changes: Table, now: Today) -> Table:
    order, ordered_by = _advantage(now)
    unit = now.found.access_unit
    line = _poverty_line(changes)
    before, after = _figures_today(now), _figures(changes, "after", order, line)
    rows = [(key, *_MEASURES[key]) for key in _MEASURES]
    table = pd.DataFrame(rows, columns=["measure", "label", "unit", "better"]).set_index("measure")
    table["unit"] = table["unit"].str.replace("{access}", unit).str.replace("{order}", ordered_by)
    table["label"] = table["label"].str.replace("{line}", f"{line:,.1f}")
    table["before"], table["after"] = pd.Series(before), pd.Series(after)
    table["change"] = table["after"] - table["before"]
    return table


_MEASURES = {
    "people_with_a_site": ("People with a counted site in reach", "people", "high"),
    "desert_areas": ("Desert areas", "areas", "low"),
    "people_in_deserts": ("People in deserts", "people", "low"),
    "mean_access": ("Access of the average person in need", "{access}", "high"),
    "worst_off_access": ("Access of the worst-off 5 % of people in need, mean", "{access}", "high"),
    "mean_nearest_km": ("Distance to the nearest site, average person in need", "km, straight line", "low"),
    "slope_index": ("Slope index of inequality (top minus bottom)", "{access}; {order}", ""),
    "concentration_index": ("Concentration index (above 0: the better-off have more)", "−1 to 1; {order}", ""),
    "access_poverty": ("Access poverty: share below {line}", "share of people in need", "low"),
    "access_poverty_depth": ("Access poverty, depth (FGT 1) below {line}", "0 to 1", "low"),
}


@lru_cache(maxsize=8)
def _figures_today(now: Today) -> dict[str, float]:
    """The figures of today: the same whatever is sketched."""
    nothing = _changes((), now.column("access"), now.found.framed["desert"].astype("boolean"), now, now)
    return _figures(nothing, "before", _advantage(now)[0], _poverty_line(nothing))


def _figures(changes: Table, when: str, order: AreaValues, line: float) -> dict[str, float]:
    access, need = changes[f"access_{when}"], changes["people_in_need"]
    desert = changes[f"desert_{when}"].fillna(value=False).astype(bool)
    verdict = bool(changes[f"desert_{when}"].notna().any())
    sites = changes[f"sites_{when}"]
    residents = changes["residents"]
    poverty = [fgt(access, need, line, alpha) if line > 0 else math.nan for alpha in (0, 1)]
    return {
        "people_with_a_site": float(residents[sites > 0].sum()) if sites.notna().any() else math.nan,
        "desert_areas": float(desert.sum()) if verdict else math.nan,
        "people_in_deserts": float(residents[desert].sum()) if verdict else math.nan,
        "mean_access": _mean(access, need),
        "worst_off_access": _worst_off(access, need),
        "mean_nearest_km": _mean(changes[f"nearest_km_{when}"], need),
        "slope_index": _slope(access, need, order),
        "concentration_index": _or_missing(concentration_index, access, need, order),
        "access_poverty": poverty[0],
        "access_poverty_depth": poverty[1],
    }


@lru_cache(maxsize=8)
def _advantage(now: Today) -> tuple[AreaValues, str]:
    """What sorts the least advantaged areas first, and what that is in words."""
    if DEPRIVATION in now.evidence.values.columns:
        return now.evidence.values.loc[now.found.areas.index, DEPRIVATION], "tenths of the place by deprivation rank"
    return -now.found.areas["need"].astype("float64"), "tenths of the place by the plan's need"


def _poverty_line(changes: Table) -> float:
    """Half of today's mean access: relative, ours, and the same before and after. Missing where access is not known."""
    return _mean(changes["access_before"], changes["people_in_need"]) / 2


def _mean(values: AreaValues, people: AreaValues) -> float:
    known = values.notna() & people.notna()
    total = float(people[known].sum())
    return float((values[known] * people[known]).sum()) / total if total > 0 else math.nan


def _worst_off(access: AreaValues, people: AreaValues) -> float:
    """Mean access of the twentieth of people in need who have least; the last area in part."""
    known = access.notna() & (people > 0)
    if not known.any():
        return math.nan
    ordered = access[known].sort_values(kind="stable")
    weight = people[ordered.index].to_numpy(dtype=np.float64)
    wanted = weight.sum() * _WORST_OFF
    before = np.concatenate([[0.0], np.cumsum(weight)[:-1]])
    taken = np.clip(wanted - before, 0.0, weight)
    return float((ordered.to_numpy(dtype=np.float64) * taken).sum() / wanted)


def _slope(access: AreaValues, people: AreaValues, order: AreaValues) -> float:
    """The slope index over tenths of the place's areas, most deprived first; fewer below ten areas, missing below 5."""
    table = pd.DataFrame({"h": access, "p": people, "o": order}).dropna()
    table = table[table["p"] > 0]
    groups = min(_GROUPS, len(table))
    if groups < _LEAST_GROUPS:
        return math.nan
    rank = table["o"].rank(method="first").to_numpy()
    group = np.ceil(rank * groups / len(table)).astype(int) - 1
    weight = table["p"].to_numpy(dtype=np.float64)
    people_in = np.bincount(group, weights=weight, minlength=groups)
    mean = np.bincount(group, weights=weight * table["h"].to_numpy(dtype=np.float64), minlength=groups) / people_in
    return slope_index_of_inequality(mean, people_in).sii


def _or_missing(function: Any, *values: AreaValues) -> float:
    """A figure, or missing where the areas give none."""
    try:
        return float(function(*values)) if values[0].notna().any() else math.nan
    except (HjpError, ZeroDivisionError):
        return math.nan


@dataclass(frozen=True, eq=False)
class Unchanged:
    """Today under a plan, in the shape of what a sketch would change."""

    effects: Effects
    attribution: tuple[str, ...]
    run: Mapping[str, Any]


def effects_of(plan: Plan, evidence: Evidence, closed: Sequence[str] = ()) -> Unchanged:
    """Today under a plan without any candidate: before and after are the same but for the sites ``closed``."""
    now = today(plan, evidence)
    then = today_without(plan, evidence, closed) if closed else None
    found = effects((), now, then)
    told = replace(found, notes=(*closing_note(evidence, closed), *found.notes))
    return Unchanged(told, now.found.attribution, now.found.run)
