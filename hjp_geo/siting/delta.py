"""Today, kept as arrays, and what one more candidate changes of it.

`today` works a plan out once. A candidate then costs only the areas it touches: its catchment, the people in it, and
the access it adds, which for measures that share each site out (2SFCA and its kin) is a sum over sites. For measures
in which sites compete for people everything is worked out again; the answer is the same either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hjp_geo.access import MEASURES, Decay, Reach
from hjp_geo.areas import Table
from hjp_geo.desert import AreaFacts
from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import (
    DECAYS,
    PER_PEOPLE,
    STRAIGHT_LINE,
    TOPICS,
    Access,
    Answer,
    Plan,
    access_of,
    answer,
    facts_of,
    lines_of,
    ranked_need,
)
from hjp_geo.plan.supplying import members
from hjp_geo.plan.ways import ESTIMATED, pairs_between
from hjp_geo.siting.candidate import RULES, Candidate
from hjp_geo.siting.catchments import catchment_of, minutes_from, resolved

__all__ = ["Catchment", "Today", "access_after", "access_again", "catchment", "today"]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Places: TypeAlias = npt.NDArray[np.intp]

_SHARED_OUT = {
    "floating_catchment_area": 1,
    "enhanced_floating_catchment_area": 1,
    "modified_floating_catchment_area": 2,
}
"""Measures in which every site is shared out by itself → the power of its weight; a new site only adds to them."""
_NEAREST, _CROWDING = "cost_to_closest", "rational_agent_access"
_REMOTE = ("phone", "online")
_HALF = 0.5
_HOURS_PER_SESSION = 3.0
"""Where supply is in hours and only sessions are said: one half day (ours)."""


@dataclass(frozen=True, eq=False)
class Today:
    """What a plan says today of every area of the warehouse, in the order of its areas. Nothing here is changed."""

    plan: Plan
    evidence: Evidence
    found: Answer

    @cached_property
    def index(self) -> pd.Index[str]:
        """The area codes, sorted."""
        return self.evidence.areas.index

    @cached_property
    def points(self) -> _Floats:
        """Easting and northing of each area's population-weighted centroid, metres; missing where not known."""
        return self.evidence.areas[["easting", "northing"]].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def residents(self) -> _Floats:
        """People of each area; missing where not known."""
        return self.evidence.areas["residents"].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def in_need(self) -> _Floats:
        """People in need of each area, by the plan's people layer; missing where not known."""
        return self.evidence.values[self.plan.demand].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def in_place(self) -> npt.NDArray[np.bool_]:
        """Which areas are of the plan's place."""
        return np.asarray(self.index.isin(self.found.areas.index))

    @cached_property
    def framed(self) -> npt.NDArray[np.bool_]:
        """Which areas are of the frame, so that they have a verdict."""
        return np.asarray(self.index.isin(self.found.framed.index))

    @cached_property
    def _columns(self) -> dict[str, _Floats]:
        return {}

    @cached_property
    def _layers(self) -> dict[tuple[str, ...], _Floats]:
        return {}

    def column(self, name: str) -> _Floats:
        """A column of the answer for each area; missing outside the frame."""
        if name not in self._columns:
            values = self.found.framed[name].astype("Float64").reindex(self.index)
            self._columns[name] = np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        return self._columns[name]

    def layers(self, names: tuple[str, ...]) -> _Floats:
        """Layers of the warehouse, one column each; a layer that is not there is missing everywhere."""
        if names not in self._layers:
            values = self.evidence.values.reindex(columns=list(names))
            self._layers[names] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return self._layers[names]

    @cached_property
    def advice_site_areas(self) -> pd.Series[str]:
        """The area that each counted advice site stands in; missing outside every area."""
        points = self.found.sites[["easting", "northing"]].to_numpy(dtype=np.float64)
        return pd.Series(self.evidence.areas_at(points), index=self.found.sites.index, dtype="str")

    @cached_property
    def access(self) -> Access:
        """Who reaches which site today."""
        return access_of(self.plan, self.evidence)

    @cached_property
    def facts(self) -> AreaFacts:
        """What the desert rule looks at today, for the areas of the frame, with the lines that today draws."""
        lines: dict[str, Any] = self.lines
        return replace(self._facts, **lines)

    def facts_by(self, drawn: Today) -> AreaFacts:
        """The same facts, held against the lines that another state of affairs draws."""
        lines: dict[str, Any] = drawn.lines
        return replace(self._facts, **lines)

    @cached_property
    def lines(self) -> dict[str, Any]:
        """The lines that today draws: what counts as the worst access and supply."""
        return dict(lines_of(self._facts, self.plan.desert))

    @cached_property
    def _facts(self) -> AreaFacts:
        return facts_of(self.plan, self.evidence, ranked_need(self.found.framed), self.access)

    @cached_property
    def able(self) -> _Floats:
        """The share of people of each area able to use phone or online advice; 1 where no layer says."""
        able = self.access.able
        if able is None:
            return np.ones(len(self.index))
        return np.asarray(able.reindex(self.index).to_numpy(dtype=np.float64, na_value=np.nan))

    @cached_property
    def demand(self) -> _Floats:
        """The people who share the sites; missing where their number or place is not known."""
        return np.where(np.isfinite(self.points).all(axis=1), self.in_need, np.nan)

    @cached_property
    def decay(self) -> Decay:
        """The weight of a distance, by the plan."""
        return DECAYS[self.plan.decay][1](self.plan.cutoff)

    @cached_property
    def scale(self) -> float:
        """What a measure is multiplied by on screen: people it is told for, and −1 where low is good."""
        chosen = MEASURES[self.plan.measure]
        sign = 1.0 if chosen.better == "high" else -1.0
        return sign * (PER_PEOPLE if chosen.unit.endswith("per person") else 1)

    @cached_property
    def costs(self) -> Table:
        """How far the sites of today are from the areas they take people from, in the plan's unit."""
        costs = pairs_between(self.evidence, self.access.sites, self.plan.journeys, self.plan.cutoff)
        refused = pd.Series(data=False, index=costs.index)
        for site, codes in self.access.supply.served.items():
            inside = costs["area_code"].map(members(self.evidence, codes)).astype(bool)
            refused |= (costs["site_id"] == site) & ~inside
        return costs[~refused]

    def reach_with(self, added: Sequence[Catchment]) -> Reach:
        """Who can use which site, with candidates among the sites: `access_again` measures it."""
        unit = self.plan.cost_unit
        names = [f"~candidate {number:04d}" for number in range(len(added))]
        rows = [
            pd.DataFrame({"area_code": self.index[one.counted], "site_id": name, unit: self.effective_cost(one)})
            for name, one in zip(names, added, strict=True)
        ]
        amounts = self.access.supply.amounts
        supply = pd.concat([amounts, pd.Series([one.supply for one in added], index=names, dtype="float64")])
        demand = pd.Series(self.demand, index=self.index)
        costs = self.costs.astype({"area_code": "str", "site_id": "str"})
        return Reach(demand, supply, pd.concat([costs, *rows]), self.decay)

    def effective_cost(self, one: Catchment) -> _Floats:
        """How far the areas of a catchment count as being: one beyond the cutoff counts as at the cutoff."""
        return one.cost if self.plan.measure == _NEAREST else np.minimum(one.cost, self.plan.cutoff)


@dataclass(frozen=True, eq=False)
class Catchment:
    """The areas that one candidate lies in, and what it would give them."""

    candidate: Candidate
    places: _Places
    """Positions of the areas, in the order of the warehouse."""
    shares: _Floats
    """How much of each area belongs, above 0 to 1: 1 by the rule of centroids."""
    cut: _Places
    """Positions of the areas that its line cuts."""
    counted: _Places
    """Positions of the areas whose access it adds to: none where it gives no advice that the plan counts."""
    km: _Floats
    """How far away they are from it, in the same order; 0 where the sketch has no point of its own."""
    cost: _Floats
    """The same in the plan's unit: km, or minutes by the plan's estimate."""
    supply: float
    """What it adds to the supply, in the plan's unit: 1 site, or hours of advice a week."""
    remote: bool
    """Whether it is by phone or online: then distance counts for nothing, and being able to use it does."""
    not_counted: str
    """Why it adds nothing to access; empty where it does."""
    on_trust: bool
    """Whether its line holds no centre, so that the one area it stands in is counted whole."""


def straight_lines_only(plan: Plan) -> None:
    """Refuse a plan of other journeys, where new sites are searched for among straight lines."""
    if plan.journeys != STRAIGHT_LINE:
        raise PlanError(
            f"Suggested sites are worked out in straight lines (km), but the plan has journeys "
            f"'{plan.journeys}' ({plan.cost_unit}). Ask again with journeys straight_line and a cutoff in km."
        )


def known_ways_only(plan: Plan) -> None:
    """Refuse a plan of kept journeys: they have no minutes to a new site, and must not be mixed with an estimate."""
    if plan.journeys not in (STRAIGHT_LINE, *ESTIMATED):
        raise PlanError(
            f"Sketches are worked out in straight lines (km) or estimated minutes, but the plan has the kept journeys "
            f"'{plan.journeys}', which know no way to a new site. Ask again with journeys straight_line, "
            f"{' or '.join(ESTIMATED)}."
        )


@lru_cache(maxsize=8)
def today(plan: Plan, evidence: Evidence) -> Today:
    """What the plan says today: worked out once and kept for the next candidates."""
    return Today(plan, evidence, answer(plan, evidence))


@lru_cache(maxsize=512)
def catchment(candidate: Candidate, now: Today, rule: str = "centroid") -> Catchment:
    """The areas of a candidate by a rule of `RULES`, at least one; `GeographyError` where it lies outside them all."""
    if rule not in RULES:
        raise PlanError(f"rule is '{rule[:40]}', expected one of {', '.join(RULES)}.")
    on_trust = candidate.minutes is not None and catchment_of(candidate, now.evidence).on_trust
    candidate = resolved(candidate, now.evidence)
    places, shares, standing_only = _members(candidate, now, rule)
    not_counted = _why_not_counted(candidate, now)
    counted = places[shares >= _HALF] if not not_counted else places[:0]
    counted = counted[np.isfinite(now.points[counted]).all(axis=1)]
    return Catchment(
        candidate=candidate,
        places=places,
        shares=shares,
        cut=_cut(candidate, now),
        counted=counted,
        km=_km(candidate, now.points[counted]),
        cost=_cost(candidate, counted, now),
        supply=_supply(candidate, now),
        remote=candidate.offer.channel in _REMOTE,
        not_counted=not_counted,
        on_trust=on_trust or standing_only,
    )


def _members(candidate: Candidate, now: Today, rule: str) -> tuple[_Places, _Floats, bool]:
    """Positions, shares, and whether only the area that it stands in was found."""
    if candidate.codes:
        places = now.index.get_indexer(pd.Index(candidate.codes))
        if (places < 0).any():
            absent = [code for code, at in zip(candidate.codes, places, strict=True) if at < 0]
            raise GeographyError(
                f"{candidate.name}: {len(absent)} of its areas are not in this warehouse: {', '.join(absent[:5])}. "
                "It was made with other boundaries: choose its areas again."
            )
        return np.sort(places), np.ones(len(places)), False
    if rule == "area_share":
        near, share = _covered(candidate, now)
        if len(near):
            return near, share, False
    else:
        places = np.flatnonzero(candidate.holds(now.points))
        if len(places):
            return places, np.ones(len(places)), False
    standing = now.evidence.areas_at(candidate.anchor)[0]
    if standing is None:
        raise GeographyError(f"{candidate.name} lies outside every area of the data. Put it on the map of the place.")
    return np.array([now.index.get_loc(standing)]), np.ones(1), True


def _covered(candidate: Candidate, now: Today) -> tuple[_Places, _Floats]:
    outline = candidate.outline
    near = np.sort(now.evidence.boundary_tree.query(outline, predicate="intersects"))
    shapes = now.evidence.boundaries.to_numpy()[near]
    share = shapely.area(shapely.intersection(shapes, outline)) / shapely.area(shapes)
    some = share > 1e-9
    return near[some], np.minimum(share[some], 1.0)


def _cut(candidate: Candidate, now: Today) -> _Places:
    """The areas that are neither wholly inside nor wholly outside; none where areas were chosen by name."""
    if candidate.codes:
        return np.empty(0, dtype=np.intp)
    outline = candidate.outline
    near = np.sort(now.evidence.boundary_tree.query(shapely.boundary(outline), predicate="intersects"))
    shapes = now.evidence.boundaries.to_numpy()[near]
    share = shapely.area(shapely.intersection(shapes, outline)) / shapely.area(shapes)
    cut: _Places = near[(share > 1e-6) & (share < 1 - 1e-6)]
    return cut


def _km(candidate: Candidate, points: _Floats) -> _Floats:
    if not candidate.has_point:
        return np.zeros(len(points))
    km: _Floats = np.sqrt(((points - candidate.anchor) ** 2).sum(axis=1)) / 1000.0
    return km


def _cost(candidate: Candidate, counted: _Places, now: Today) -> _Floats:
    """How far areas are from a candidate, as the plan measures it."""
    if now.plan.journeys == STRAIGHT_LINE:
        return _km(candidate, now.points[counted])
    minutes = minutes_from(candidate, now.evidence, now.plan.journeys)
    return np.asarray(minutes.reindex(now.index[counted]), dtype=np.float64)


def _why_not_counted(candidate: Candidate, now: Today) -> str:
    """Why a candidate adds nothing to the plan's access; empty where it does."""
    offer, plan, name = candidate.offer, now.plan, candidate.name
    if not now.found.known:
        return f"No loaded list covers {TOPICS[plan.topic].lower()}, so access is not known today or afterwards."
    if offer.topics and plan.topic not in offer.topics:
        return f"{name} would not advise on {TOPICS[plan.topic].lower()}, so it adds nothing to access to it."
    if offer.assistance != plan.assistance:
        return f"{name} gives another level of advice than the plan counts, so it adds nothing to access."
    if offer.channel in _REMOTE and plan.remote == "leave_out":
        return f"{name} is remote, and the plan leaves phone and online advice out: it adds nothing to access."
    if offer.says_how_much and not (offer.adviser_hours_per_week or offer.sessions_per_week):
        return f"{name} would give no hours, so it adds nothing to access."
    return ""


def _supply(candidate: Candidate, now: Today) -> float:
    """What a candidate adds, in the plan's unit; where it says no hours, what the plan assumes for such a place."""
    offer, plan = candidate.offer, now.plan
    if plan.supply == "sites":
        return 1.0
    if offer.adviser_hours_per_week is not None:
        return offer.adviser_hours_per_week
    if offer.sessions_per_week is not None:
        return offer.sessions_per_week * _HOURS_PER_SESSION
    return plan.assumed_outreach_hours if offer.channel == "outreach" else plan.assumed_hours


def access_after(parts: Sequence[Catchment], now: Today) -> _Floats:
    """Access of every area with the candidates there, in the plan's unit; missing where it is today, or no one knows.

    Adds to today's figures what the candidates change of the measure.
    """
    power = _SHARED_OUT.get(now.plan.measure)
    travelled = [one for one in parts if len(one.counted) and not one.remote]
    if power is None and travelled:
        return access_again(parts, now)
    added = [_added(one, now, power or 1) for one in travelled]
    return now.column("access") + sum(added, _added_remotely(parts, now))


def _added(one: Catchment, now: Today, power: int) -> _Floats:
    """What one site gives each area: its supply, over the weighted people around it, times the area's weight."""
    weights = now.decay.weights(now.effective_cost(one))
    people = float(np.nansum(now.demand[one.counted] * weights))
    added = np.zeros(len(now.index))
    if people > 0:
        added[one.counted] = now.scale * one.supply * weights**power / people
    return added


def _added_remotely(parts: Sequence[Catchment], now: Today) -> _Floats:
    """What candidates by phone or online give: their supply over the people able to use it, m·H/Σ P·m."""
    added = np.zeros(len(now.index))
    for one in (part for part in parts if part.remote and len(part.counted)):
        able = now.able[one.counted]
        people = float(np.nansum(now.demand[one.counted] * able))
        if people > 0:
            added[one.counted] += now.scale * now.plan.remote_worth * one.supply * np.nan_to_num(able) / people
    return added


def access_again(parts: Sequence[Catchment], now: Today) -> _Floats:
    """The same as `access_after`, with the whole measure worked out again: slower, for any measure, and the check."""
    chosen = MEASURES[now.plan.measure]
    counted = [one for one in parts if len(one.counted) and not one.remote]
    reach = now.reach_with(counted)
    crowding = now.plan.measure == _CROWDING  # as the plan: a journey as long as the cutoff weighs as much as it
    measured = chosen.function(reach, tau=now.plan.cutoff) if crowding else chosen(reach)
    after = measured.to_numpy(dtype=np.float64) * now.scale
    if now.plan.measure == _NEAREST:  # a site of today beyond the cutoff is still the nearest there is
        after = np.fmax(after, _in_person(now))
    if now.plan.remote == "count":
        after = after + (now.column("access") - _in_person(now))
    return np.where(now.framed, after, np.nan) + _added_remotely(parts, now)


def _in_person(now: Today) -> _Floats:
    """Access today without phone and online advice."""
    return np.asarray(now.access.in_person.reindex(now.index).to_numpy(dtype=np.float64, na_value=np.nan))
