"""Questions about a whole place beside the best set: how many sites are enough, and which would be missed least."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan, answer
from hjp_geo.siting._asked import Asked
from hjp_geo.siting._gather import pairs_of, people_to_serve
from hjp_geo.siting._problem import Objective
from hjp_geo.siting._search import Search
from hjp_geo.siting.closures import Closures, missed_least
from hjp_geo.siting.delta import straight_lines_only
from hjp_geo.siting.trade_off import TradeOff, curve_in_words, trade_off

__all__ = ["curve_of_new_sites", "todays_sites_missed_least"]


def curve_of_new_sites(plan: Plan, evidence: Evidence, search: Search, counts: Sequence[int]) -> TradeOff:
    """What each number of new sites does, today's sites kept as the search says; indexed by how many are new.

    0 is today. The search's own number of sites and k_best play no part; ``time_limit_s`` is for each point. Its
    sites at a number are those that `suggest` gives for it. Raises PlanError as `trade_off` and `suggest` do.
    """
    found = answer(plan, evidence)
    asked = Asked.of(plan, evidence, replace(search, sites=None), found)
    costs = asked.pairs(None)
    held = asked.held(costs)
    most = len(asked.gathered.sites)
    wanted = [count for count in counts if count <= most]
    if not wanted:
        raise PlanError(f"counts: found {list(counts)[:8]}, but there are only {most:,} {asked.kinds} to choose from.")
    curve = trade_off(
        asked.people,
        costs,
        objective=search.objective,
        counts=[len(held) + count for count in wanted],
        cutoff=asked.cutoff_km,
        required=[*held, *search.required],
        capacity=asked.capacity(costs.sites) if asked.has_room_limits else None,
        site_costs=asked.site_costs(costs.sites) if asked.is_priced else None,
        kappa=asked.kappa,
        time_limit_s=search.time_limit_s,
    )
    table = curve.table.rename(index=lambda count: count - len(held))
    new = asked.gathered.sites.index
    table["chosen"] = [tuple(code for code in codes if code in new) for codes in table["chosen"]]
    knee = None if curve.knee is None else curve.knee - len(held)
    words = curve_in_words(table, knee, "km", asked.cutoff_km, noun="new site")
    return replace(curve, table=table, knee=knee, summary=words)


def todays_sites_missed_least(
    plan: Plan,
    evidence: Evidence,
    *,
    closures: int,
    objective: Objective = "mclp",
    keep: Collection[str] = (),
    k_best: int = 1,
    time_limit_s: float | None = 5.0,
) -> Closures:
    """Of today's counted sites that stand in the place, those whose closing does least harm to its people in need.

    Sites just outside stay open and take people in; each site of the place is told one by one. Raises PlanError where
    today's sites are not known, or there are not enough of them.
    """
    found = answer(plan, evidence)
    if not found.known:
        raise PlanError("No loaded list says where such advice is given today, so nothing can be said of closing it.")
    straight_lines_only(plan)
    people = people_to_serve(found, evidence, plan.demand)
    ours = _standing_in(found, evidence)
    if len(ours) < closures:
        raise PlanError(f"closures is {closures}, but only {len(ours)} counted sites stand in {found.place.name}.")
    if strangers := sorted(set(keep) - set(ours)):
        raise PlanError(f"keep: {', '.join(strangers[:5])[:120]} is no counted site that stands in {found.place.name}.")
    cutoff = plan.cutoff_km if objective == "mclp" else None
    outside = found.sites.drop(ours)
    costs = pairs_of(evidence.areas.loc[people.index], outside, found.sites.loc[ours], cutoff_km=cutoff)
    told = missed_least(
        people,
        costs,
        closures=closures,
        objective=objective,
        cutoff=cutoff,
        keep=[*costs.sites[costs.sites.isin(outside.index)], *keep],
        k_best=k_best,
        time_limit_s=time_limit_s,
    )
    return replace(told, one_by_one=told.one_by_one[told.one_by_one.index.isin(ours)])


def _standing_in(found: Answer, evidence: Evidence) -> list[str]:
    points = found.sites[["easting", "northing"]].to_numpy(dtype="float64")
    inside = set(found.areas.index)
    places = zip(found.sites.index, evidence.areas_at(points), strict=True)
    return [str(code) for code, area in places if area in inside]
