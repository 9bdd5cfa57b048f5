"""What the desert rules look at, put together for a plan; and the lines that today's worst shares draw."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from hjp_geo.areas import AreaValues
from hjp_geo.desert import AreaFacts, supply_rate, worst
from hjp_geo.evidence import Evidence
from hjp_geo.plan.question import Plan
from hjp_geo.plan.reaching import Access, access_unit, people_in_need
from hjp_geo.statistics import contiguity

__all__ = ["facts_of", "lines_of"]


def facts_of(plan: Plan, evidence: Evidence, need: AreaValues, access: Access) -> AreaFacts:
    """What the desert rules look at, for the areas of ``need``, which are those of the frame."""
    framed = need.index
    remote = access.remote_services.loc[framed]
    sites = pd.Series(float(len(access.sites)), index=framed)
    counts_remote = plan.remote == "count" and not access.supply.remote.empty
    return AreaFacts(
        need=need,
        access=_ranked_access(access).loc[framed],
        population=evidence.areas.loc[framed, "residents"].astype("float64"),
        known=(access.supply.covered.loc[framed] & access.known).astype("boolean"),
        nearest_cost=_nearest(plan, access).loc[framed],
        district=evidence.areas.loc[framed, "lad24_code"],
        sites_in_district=access.in_district.loc[framed],
        supply_in_district=access.supply_in_district.loc[framed],
        people_in_need=people_in_need(evidence, plan.demand).loc[framed],
        sites_in_frame=sites + remote if counts_remote else sites,
        sites_in_reach=access.in_reach.loc[framed],
        open_in_reach=access.open_in_reach.loc[framed],
        eligible_in_reach=access.eligible_in_reach.loc[framed],
        remote_only=((access.eligible_in_reach.loc[framed] == 0) & (remote > 0)).astype("boolean")
        if counts_remote
        else None,
        able_to_use_remote=None if access.able is None else access.able.loc[framed],
        limit=plan.cutoff,
        cost_unit=plan.cost_unit,
        access_unit=access_unit(plan),
        neighbours=neighbours(evidence, framed) if plan.desert == "low_access_cluster" else None,
        worst_share=plan.worst_share,
        bottom_share=plan.bottom_share,
        significance=plan.significance,
        expression=plan.own_rule,
    )


def _ranked_access(access: Access) -> AreaValues:
    """Access to be ranked: where a measure of cost has no value because nothing is in reach, that is the worst."""
    unreached = access.values.isna() & (access.in_reach == 0)
    return access.values.mask(unreached, -np.inf)


def _nearest(plan: Plan, access: Access) -> AreaValues:
    """How far the nearest site is, in the plan's unit: infinitely where there is known to be none."""
    cost = access.nearest[plan.cost_unit]
    return cost.mask(cost.isna(), np.inf) if access.known and access.sites.empty else cost


def lines_of(facts: AreaFacts, rule: str) -> dict[str, float | None]:
    """Where today's worst shares end, as the fields of AreaFacts that hold a line; empty for rules without shares."""
    if rule == "need_and_access_quintile":
        return {"access_line": _edge(facts.access.where(facts.is_known), facts.worst_share)}
    if rule == "supply_bottom_tenth":
        return {"supply_line": _edge(supply_rate(facts, facts.sites_in_district, facts.population), facts.bottom_share)}
    if rule == "supply_per_need_bottom_tenth":
        rate = supply_rate(facts, facts.supply_in_district, facts.people_in_need)
        return {"supply_line": _edge(rate, facts.bottom_share)}
    return {}


def _edge(values: AreaValues, share: float) -> float | None:
    """The best of the values in the worst share; None where there is none."""
    within = values[worst(values, share)]
    return None if within.empty else float(within.max())


def neighbours(evidence: Evidence, areas: pd.Index[str]) -> sparse.csr_array[Any, Any]:
    """Which of the areas touch, in their order; an island is linked with the land nearest to it."""
    everyone = _touching(evidence)
    if areas.equals(evidence.areas.index):
        return everyone
    at = evidence.areas.index.get_indexer(areas)
    return sparse.csr_array(everyone[at][:, at])


@lru_cache(maxsize=2)
def _touching(evidence: Evidence) -> sparse.csr_array[Any, Any]:
    codes = evidence.areas.index
    pairs = contiguity(evidence.boundaries.to_numpy(), codes)
    at = tuple(codes.get_indexer(pd.Index(pairs[column])) for column in ("area_code", "neighbour_code"))
    return sparse.csr_array((np.ones(len(pairs)), at), shape=(len(codes), len(codes)))
