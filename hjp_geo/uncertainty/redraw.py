"""Flags drawn again with everything that is a guess: weights, thresholds, journeys, and whether each site exists.

One draw takes its own weights, its own thresholds (within ±10 %), one factor for all journeys (within ±20 %), and
leaves out each site with the chance that its grade gives. The rule then judges the whole frame anew. A draw can only
doubt what is listed: it never adds a site that no list shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from hjp_geo.access import MEASURES, Reach
from hjp_geo.areas import Table
from hjp_geo.composite import RANK_DECIMALS, indicators
from hjp_geo.desert import DESERT_RULES, OwnRule
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.need import combine
from hjp_geo.plan import (
    DECAYS,
    PER_PEOPLE,
    Access,
    Answer,
    Plan,
    access_of,
    answer,
    facts_of,
    frame_of,
    ranked_need,
    site_districts,
    wider_reach,
)
from hjp_geo.uncertainty.weights import SPREAD, certainty, within_ranges

__all__ = ["EXISTS", "Redraw", "redraw_flags", "with_flag_probability"]

EXISTS = {"A": 0.98, "B": 0.95, "C": 0.85, "D": 0.6}
"""With what chance a site of each grade exists, as this tool grades it (ours)."""
_STRATA = 24
"""Into how many distances the drawn cutoffs are put: draws of one stratum share their weights of distance."""
_NEAREST = 8
"""How many of the nearest sites stand ready for a draw that leaves some out."""
_FIXED = ("low_access_cluster",)
_SHARED_OUT = ("enhanced_floating_catchment_area", "floating_catchment_area")
_WHOLE = ("_fifth", "sites_in")
"""Parts of an own rule that have no half ways: their numbers are not moved."""

_Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Redraw:
    """What is drawn: how often, with which seed, and how far each guess may move."""

    draws: int = 200
    seed: int = 42
    weight_spread: float = SPREAD
    threshold_spread: float = 0.1
    journey_spread: float = 0.2
    grades: tuple[tuple[str, float], ...] = field(default=tuple(EXISTS.items()))
    """Grade of a site → the chance that it exists."""

    def __post_init__(self) -> None:
        spreads = (self.weight_spread, self.threshold_spread, self.journey_spread)
        if self.draws < 1 or not all(0 <= spread < 1 for spread in spreads):
            raise PlanError(
                f"{self.draws} draws with spreads {spreads}; expected at least 1 draw, spreads from 0 to 1."
            )
        if not all(0 <= chance <= 1 for _, chance in self.grades):
            raise PlanError(f"The chances by grade are {dict(self.grades)}; expected numbers from 0 to 1.")

    def words(self) -> str:
        """What was drawn, in a sentence."""
        chances = ", ".join(f"{grade} {chance:.0%}" for grade, chance in self.grades)
        return (
            f"{self.draws:,} draws (seed {self.seed}): each weight within ±{self.weight_spread:.0%}, each threshold "
            f"within ±{self.threshold_spread:.0%}, all journeys together within ±{self.journey_spread:.0%}, each "
            f"listed site there with the chance of its grade ({chances}). Doubt about choices and lists, no confidence "
            "interval; sites that no list shows are not drawn."
        )


def redraw_flags(plan: Plan, evidence: Evidence, redraw: Redraw | None = None) -> Table:
    """In what share of the draws the plan's rule flags each area, and how sure its verdict therefore is.

    Indexed by ``area_code``, for the areas of the plan's frame: ``desert_probability`` (0 to 1) and ``certainty``, a
    word of `CERTAINTY`; both missing where there is no verdict in the plan itself. Also in its ``attrs``: under
    ``people_flagged``, the people of the plan's place flagged in each draw.

    `PlanError` for the rule of clusters, whose permutations would take hours.
    """
    frame_plan = replace(plan, place=frame_of(plan, evidence), preset=None)
    found = answer(frame_plan, evidence)
    if plan.desert in _FIXED:
        raise PlanError(f"The flags of the rule {plan.desert} are not drawn again: each draw would take seconds.")
    count, people = _counted(frame_plan, evidence, redraw or Redraw(), plan.place)
    known = found.framed["desert"].notna()
    probability = count.reindex(found.framed.index).where(known).rename("desert_probability")
    table = pd.DataFrame({"desert_probability": probability})
    table["certainty"] = certainty(found.framed["desert"], probability)
    table.attrs["people_flagged"] = people
    return table


def with_flag_probability(found: Answer, evidence: Evidence, redraw: Redraw | None = None) -> Answer:
    """The answer with ``desert_probability`` and ``certainty`` in its tables, and what was drawn in its run."""
    redraw = redraw or Redraw()
    drawn = redraw_flags(found.plan, evidence, redraw)
    people = np.asarray(drawn.attrs["people_flagged"])
    low, middle, high = (float(np.quantile(people, share)) for share in (0.05, 0.5, 0.95))
    columns = pd.DataFrame(drawn[["desert_probability", "certainty"]])
    columns.attrs = {}
    return replace(
        found,
        areas=found.areas.drop(columns=columns.columns, errors="ignore").join(columns),
        framed=found.framed.drop(columns=columns.columns, errors="ignore").join(columns),
        run={
            **found.run,
            "flags_redrawn": {
                **asdict(redraw),
                "grades": dict(redraw.grades),
                "words": redraw.words(),
                "people_flagged_p05": low,
                "people_flagged_median": middle,
                "people_flagged_p95": high,
            },
        },
    )


@lru_cache(maxsize=8)
def _counted(plan: Plan, evidence: Evidence, redraw: Redraw, place: str) -> tuple[pd.Series[float], tuple[float, ...]]:
    """The share of draws that flag each area of the frame, and the people of the place flagged in each draw."""
    index = evidence.areas_of(plan.place)
    inside = index.isin(evidence.areas_of(evidence.place(place).code))
    residents = evidence.areas.loc[index, "residents"].to_numpy(dtype=np.float64, na_value=np.nan)
    flagged, people = np.zeros(len(index)), np.zeros(redraw.draws)
    for draw, flags in _flags(plan, evidence, redraw):
        flagged += flags
        people[draw] = np.nansum(residents[flags & inside])
    return pd.Series(flagged / redraw.draws, index=index), tuple(people.tolist())


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What each draw takes: a table of indicators and its weights, a share for each threshold, a cutoff, the sites."""

    table: npt.NDArray[np.int64]
    weights: _Floats
    share: _Floats
    cutoff: _Floats
    """The cutoff of each draw in today's km or minutes: threshold over journeys, one of a few."""
    exists: npt.NDArray[np.bool_]


def _draw(plan: Plan, access: Access, tables: int, redraw: Redraw) -> _Drawn:
    random = np.random.default_rng(redraw.seed)
    draws = redraw.draws
    weights = np.array([weight for weight in plan.weights.values() if weight > 0])
    chance = access.sites["grade"].map(dict(redraw.grades)).fillna(1.0).to_numpy(dtype=np.float64)
    threshold = random.uniform(1 - redraw.threshold_spread, 1 + redraw.threshold_spread, draws)
    journey = random.uniform(1 - redraw.journey_spread, 1 + redraw.journey_spread, draws)
    return _Drawn(
        table=random.integers(tables, size=draws),
        weights=weights * random.uniform(1 - redraw.weight_spread, 1 + redraw.weight_spread, (draws, len(weights))),
        share=random.uniform(1 - redraw.threshold_spread, 1 + redraw.threshold_spread, draws),
        cutoff=plan.cutoff * _in_strata(threshold / journey),
        exists=random.uniform(size=(draws, len(chance))) < chance,
    )


def _in_strata(factor: _Floats) -> _Floats:
    """Each factor replaced by the mean of its stratum, so that draws can share what depends on it alone."""
    if np.ptp(factor) == 0:
        return factor
    place = np.minimum(np.argsort(np.argsort(factor)) * _STRATA // len(factor), _STRATA - 1)
    means = np.bincount(place, factor, minlength=_STRATA) / np.maximum(np.bincount(place, minlength=_STRATA), 1)
    return np.asarray(means[place], dtype=np.float64)


def _flags(plan: Plan, evidence: Evidence, redraw: Redraw) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """The flags of each draw, in the order of the areas of the frame."""
    access = access_of(plan, evidence)
    if not access.known:
        return
    need = ranked_need(answer(plan, evidence).framed)
    tables = _tables(plan, evidence)
    drawn = _draw(plan, access, len(tables), redraw)
    rule = DESERT_RULES[plan.desert]
    facts = facts_of(plan, evidence, need, access)
    world = _World.of(plan, evidence, access, need.index, _furthest(plan, drawn, redraw))
    for cutoff in np.unique(drawn.cutoff):
        of_stratum = np.flatnonzero(drawn.cutoff == cutoff)
        for draw, columns in world.redrawn(float(cutoff), of_stratum, drawn.exists):
            moved: dict[str, Any] = {
                **columns,
                "need": _need(plan, tables, drawn, draw, need.index) if "need" in _looks_at(plan) else need,
                "worst_share": plan.worst_share * drawn.share[draw],
                "bottom_share": plan.bottom_share * drawn.share[draw],
                "expression": _moved(plan.own_rule, float(drawn.share[draw])),
                "limit": float(cutoff),
            }
            yield int(draw), rule(replace(facts, **moved)).to_numpy(dtype=bool, na_value=False)


def _furthest(plan: Plan, drawn: _Drawn, redraw: Redraw) -> float:
    """How far the pairs must go: the furthest cutoff, and the furthest that an own rule asks of the nearest site."""
    asked = [float(drawn.cutoff.max())]
    if plan.desert == "own_rule" and plan.own_rule is not None:
        numbers = OwnRule.read(plan.own_rule).numbers
        asked += [value * (1 + redraw.threshold_spread) for _, before, value in numbers if "nearest" in before]
    return max(asked)


def _looks_at(plan: Plan) -> tuple[str, ...]:
    """The facts that the plan's rule looks at, as far as a draw can move them."""
    if plan.desert == "own_rule":
        return ("need", "access", "nearest_cost", "sites_in_reach", "sites_in_district", "supply_in_district")
    return DESERT_RULES[plan.desert].needs


def _tables(plan: Plan, evidence: Evidence) -> list[Table]:
    """The need indicators of the frame, and the same with ranged layers drawn between their ends."""
    names = tuple(name for name, weight in plan.weights.items() if weight > 0)
    nominal = indicators(evidence, names, plan.recipe, plan.place)
    return [nominal, *within_ranges(evidence, nominal, plan.recipe, seed=1)]


def _need(plan: Plan, tables: list[Table], drawn: _Drawn, draw: int, index: pd.Index[str]) -> pd.Series[float]:
    table = tables[drawn.table[draw]]
    weights = dict(zip(table.columns, drawn.weights[draw], strict=True))
    return combine(table, weights, plan.recipe.aggregate).round(RANK_DECIMALS).reindex(index)


def _moved(expression: str | None, share: float) -> str | None:
    """The own rule with each of its numbers moved, but those of fifths and counts."""
    if expression is None:
        return None
    rule = OwnRule.read(expression)
    for place, before, value in rule.numbers:
        if not any(whole in before for whole in _WHOLE):
            rule = rule.with_number(place, value * share)
    return rule.text


# access, drawn again ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _World:
    """The pairs and sites of the frame, ready to be looked at with some sites left out."""

    plan: Plan
    reach: Reach
    """Of every placed area of the warehouse, with every pair that any draw can need."""
    at: npt.NDArray[np.int64]
    """Where each area of the frame stands among the placed areas; -1 for one without a place, or of which kept journeys
    say nothing."""
    index: pd.Index[str]
    nearest_cost: _Floats
    nearest_sites: npt.NDArray[np.int64]
    district_sites: npt.NDArray[np.int64]
    """Which district each site stands in, -1 outside; numbered as ``district_of_area``."""
    district_of_area: npt.NDArray[np.int64]
    remote: pd.Series[float] | None
    wanted: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan, evidence: Evidence, access: Access, index: pd.Index[str], furthest: float) -> _World:
        reach = wider_reach(plan, evidence, furthest)
        districts = pd.Index(evidence.areas["lad24_code"].unique())
        at = np.asarray(reach.demand.index.get_indexer(index), dtype=np.int64)
        at[~access.covered[index].to_numpy()] = -1
        if plan.cost_unit == "km":
            points = evidence.areas.loc[index, ["easting", "northing"]].to_numpy(dtype=np.float64)
            cost, sites = _nearest(points, access.sites)
        else:
            cost, sites = _nearest_of_pairs(reach, at)
        counts_remote = plan.remote == "count" and not access.supply.remote.empty
        return cls(
            plan=plan,
            reach=reach,
            at=at,
            index=index,
            nearest_cost=cost,
            nearest_sites=sites,
            district_sites=np.asarray(
                districts.get_indexer(site_districts(evidence).reindex(access.sites.index)), dtype=np.int64
            ),
            district_of_area=np.asarray(districts.get_indexer(evidence.areas.loc[index, "lad24_code"]), dtype=np.int64),
            remote=(access.values - access.in_person).loc[index] if counts_remote else None,
            wanted=_looks_at(plan),
        )

    def redrawn(
        self, cutoff: float, draws: npt.NDArray[np.intp], exists: npt.NDArray[np.bool_]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """What of the facts each draw of a stratum changes."""
        reach = self.reach.with_decay(DECAYS[self.plan.decay][1](cutoff))
        access = self._access(reach, exists[draws]) if "access" in self.wanted else iter([None] * len(draws))
        within = reach.matrix.as_csr((reach.matrix.costs <= cutoff).astype(np.float64))
        for draw, values in zip(draws, access, strict=True):
            there = exists[draw]
            columns: dict[str, Any] = {} if values is None else {"access": values}
            columns["sites_in_frame"] = pd.Series(float(there.sum()), index=self.index)
            if "nearest_cost" in self.wanted:
                columns["nearest_cost"] = self._nearest_there(there)
            if "sites_in_reach" in self.wanted:
                columns["sites_in_reach"] = self._framed(within @ there.astype(np.float64))
            if "sites_in_district" in self.wanted:
                columns["sites_in_district"] = self._per_district(there.astype(np.float64))
            if "supply_in_district" in self.wanted:
                columns["supply_in_district"] = self._per_district(self.reach.hours * there)
            yield int(draw), columns

    def _framed(self, values: npt.NDArray[np.floating[Any]]) -> pd.Series[float]:
        return pd.Series(np.where(self.at >= 0, values[self.at], np.nan), index=self.index)

    def _access(self, reach: Reach, exists: npt.NDArray[np.bool_]) -> Iterator[pd.Series[float]]:
        """Access with some sites left out. Where supply is shared out, a site's share does not depend on the others."""
        chosen = MEASURES[self.plan.measure]
        if self.plan.measure in _SHARED_OUT:
            people = reach.people @ reach.weights
            ratio = np.divide(reach.hours, people, out=np.zeros_like(people), where=people > 0)
            values = (reach.weights @ (ratio[:, None] * exists.T)) * PER_PEOPLE
            values[~reach.demand_known] = np.nan
            yield from (self._with_remote(self._framed(column)) for column in values.T)
            return
        scale = PER_PEOPLE if chosen.unit_for(reach).endswith("per person") else 1
        sign = 1 if chosen.better == "high" else -1
        for there in exists:
            drawn = reach.with_supply(reach.supply.where(there, 0.0))
            tau = {"tau": self.plan.cutoff} if self.plan.measure == "rational_agent_access" else {}
            values = chosen.function(drawn, **tau)
            worst_of_costs = -np.inf if sign < 0 else np.nan  # nothing in reach: no value for a cost, and the worst
            yield self._with_remote(
                self._framed((values * sign * scale).fillna(worst_of_costs).to_numpy(dtype=np.float64))
            )

    def _with_remote(self, values: pd.Series[float]) -> pd.Series[float]:
        return values if self.remote is None else values + self.remote

    def _nearest_there(self, there: npt.NDArray[np.bool_]) -> pd.Series[float]:
        """How far the nearest site is that is there: infinite where none of those that stand ready is."""
        km = np.where(there[self.nearest_sites], self.nearest_cost, np.inf)
        return pd.Series(np.where(self.at >= 0, km.min(axis=1, initial=np.inf), np.nan), index=self.index)

    def _per_district(self, amounts: _Floats) -> pd.Series[float]:
        standing = self.district_sites >= 0
        size = int(self.district_of_area.max(initial=0)) + 1
        totals = np.bincount(self.district_sites[standing], amounts[standing], minlength=size)
        return pd.Series(totals[self.district_of_area], index=self.index)


def _nearest(points: _Floats, sites: Table) -> tuple[_Floats, npt.NDArray[np.int64]]:
    """The nearest sites of each area: km and position, areas × a few; infinitely far for an area without a place."""
    width = min(_NEAREST, len(sites))
    if width == 0:
        return np.empty((len(points), 0)), np.empty((len(points), 0), dtype=np.int64)
    placed = np.isfinite(points).all(axis=1)
    km, position = np.full((len(points), width), np.inf), np.zeros((len(points), width), dtype=np.int64)
    tree = cKDTree(sites[["easting", "northing"]].to_numpy(dtype=np.float64))
    metres, position[placed] = tree.query(points[placed], k=np.arange(1, width + 1))
    km[placed] = metres / 1000
    return km, position


def _nearest_of_pairs(reach: Reach, at: npt.NDArray[np.int64]) -> tuple[_Floats, npt.NDArray[np.int64]]:
    """The same from pairs in minutes: infinitely far where fewer sites are within them."""
    matrix = reach.matrix
    order = np.lexsort((matrix.columns, matrix.costs, matrix.rows))
    place = np.arange(len(order)) - matrix.row_starts[matrix.rows[order]]  # rows are in order already
    near = order[place < _NEAREST]
    place = place[place < _NEAREST]
    cost = np.full((len(matrix.areas), _NEAREST), np.inf)
    position = np.zeros((len(matrix.areas), _NEAREST), dtype=np.int64)
    cost[matrix.rows[near], place], position[matrix.rows[near], place] = matrix.costs[near], matrix.columns[near]
    return cost[at], position[at]
