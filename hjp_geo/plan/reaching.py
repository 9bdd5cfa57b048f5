"""Access: who reaches which counted site, worked out once for a supply and then only weighed anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.access import MEASURES, Binary, Reach
from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan.question import DECAYS, PER_PEOPLE, Plan
from hjp_geo.plan.supplying import Supply, SupplyChoice, able_to_use_remote, members, remote_share, supply_of
from hjp_geo.plan.ways import ESTIMATED, STRAIGHT_LINE, nearest_sites, not_known, pairs_between, placed_areas

__all__ = ["Access", "access_of", "access_unit", "access_with", "people_in_need", "site_districts", "wider_reach"]

_RADII = {"km": (10.0, 15.0, 20.0, 30.0, 50.0), "minutes": (20.0, 30.0, 45.0, 60.0, 90.0, 120.0)}
"""Pairs are looked up once within one of these, and kept: a shorter cutoff then only leaves some out."""
_ALL_SITES = {"km": 15.0, "minutes": 30.0}
"""Up to here the pairs of all sites are kept together, so that another topic finds its own among them."""
_UNITS = {"sites": "sites", "hours": "hours of advice a week"}


@dataclass(frozen=True)
class _Question:
    """The part of a plan that access depends on."""

    supply: SupplyChoice
    demand: str
    measure: str
    decay: str
    journeys: str
    unit: str
    cutoff: float
    remote: str
    remote_worth: float

    @classmethod
    def of(cls, plan: Plan) -> _Question:
        how = (plan.measure, plan.decay, plan.journeys, plan.cost_unit, plan.cutoff)
        return cls(SupplyChoice.of(plan), plan.demand, *how, plan.remote, plan.remote_worth)


@dataclass(frozen=True, eq=False)
class Access:
    """Access of every area of the warehouse to the counted sites: neighbours over the border compete and serve too."""

    sites: Table
    known: bool
    covered: pd.Series[bool]
    """By area: whether the loaded lists, and the journeys kept, say anything of it."""
    values: AreaValues
    """Higher is better; missing where not known. With remote advice where the plan counts it."""
    nearest: Table
    """The nearest site: ``site_id, km, site_name``, and ``minutes`` where the plan asks for them."""
    in_reach: AreaValues
    """How many counted sites are within the cutoff."""
    in_district: AreaValues
    """How many counted sites stand in each area's district."""
    supply: Supply
    open_in_reach: AreaValues
    """How many of those in reach give any advice."""
    eligible_in_reach: AreaValues
    """How many of these take people from the area."""
    supply_in_district: AreaValues
    """What the sites in each area's district give, in the unit of the supply."""
    in_person: AreaValues
    """Access without phone and online advice."""
    with_remote: AreaValues
    """Access with phone and online advice, an hour of it worth what the plan says."""
    remote_services: AreaValues
    """How many phone and online services serve the area."""
    able: AreaValues | None
    """The share of people able to use these, where a layer of it is loaded."""
    reach: Reach | None
    """The pairs behind it; None where no list covers the topic."""


def access_of(plan: Plan, evidence: Evidence) -> Access:
    """Access of every area of the warehouse for a plan; `PlanError` where its people layer is unknown."""
    return _access(evidence, _Question.of(plan))


def access_unit(plan: Plan) -> str:
    """What one unit of access is, in words, such as "sites for 100,000 people in need"."""
    unit, supply = MEASURES[plan.measure].unit, _UNITS[plan.supply]
    if unit.endswith("per person"):
        return f"{supply} for {PER_PEOPLE:,} people in need"
    return unit.format(cost_unit=plan.cost_unit).replace("supply", supply)


@lru_cache(maxsize=32)
def _access(evidence: Evidence, question: _Question) -> Access:
    supply, around = _today(evidence, question.supply, question.journeys)
    reach = None if not supply.known else _reach(evidence, question, supply)
    return _measured(evidence, question, around, reach)


@lru_cache(maxsize=32)
def _today(evidence: Evidence, choice: SupplyChoice, journeys: str) -> tuple[Supply, _Around]:
    supply = supply_of(evidence, choice)
    return supply, _Around.of(evidence, supply, journeys)


@dataclass(frozen=True, eq=False)
class _Around:
    """What depends on the sites and on nothing else of a question."""

    supply: Supply
    nearest: Table
    in_district: AreaValues
    supply_in_district: AreaValues
    remote_services: AreaValues

    @classmethod
    def of(cls, evidence: Evidence, supply: Supply, journeys: str) -> _Around:
        nearest = nearest_sites(evidence, supply.sites, journeys)
        return cls(supply, nearest, *_in_districts(evidence, supply), _remote_services(evidence, supply))


def access_with(plan: Plan, evidence: Evidence, extra: Table) -> Access:
    """Access were there more sites: ``extra`` is indexed by ``site_id``, with easting, northing and supply.

    ``supply`` is in the plan's unit. `PlanError` where a site of that name exists.
    """
    question = _Question.of(plan)
    if plan.cost_unit == "minutes" and plan.journeys not in ESTIMATED:
        raise PlanError(f"The kept journeys {plan.journeys} know no way to a new site. Ask with drive, walk or km.")
    today = supply_of(evidence, question.supply)
    if repeated := today.sites.index.intersection(extra.index).tolist():
        raise PlanError(f"There is a site {repeated[0]} already: give the new one another name.")
    sites = pd.concat([today.sites, extra.drop(columns="supply")]).sort_index().rename_axis("site_id")
    amounts = pd.concat([today.amounts, extra["supply"].astype("float64")]).reindex(sites.index)
    assumed = pd.concat([today.assumed, pd.Series(data=True, index=extra.index)]).reindex(sites.index)
    supply = replace(today, sites=sites, amounts=amounts, assumed=assumed, known=True)
    costs = pairs_between(evidence, sites, question.journeys, question.cutoff)
    return _measured(
        evidence, question, _Around.of(evidence, supply, question.journeys), _over(evidence, question, supply, costs)
    )


def wider_reach(plan: Plan, evidence: Evidence, radius: float) -> Reach:
    """Demand, supply and decay of a plan over every pair of an area and a counted site within a radius of its own."""
    question = _Question.of(plan)
    supply = supply_of(evidence, question.supply)
    costs = pairs_between(evidence, supply.sites, question.journeys, radius)
    return _over(evidence, question, supply, costs)


# pairs --------------------------------------------------------------------------------------------------------------


def _reach(evidence: Evidence, question: _Question, supply: Supply) -> Reach:
    """The demand, supply and costs of a question, from the pairs that are kept."""
    radius = question.cutoff  # kept journeys may go no further
    if question.journeys in (STRAIGHT_LINE, *ESTIMATED):
        radius = next(one for one in _RADII[question.unit] if one >= question.cutoff)
    choice = None if radius <= _ALL_SITES[question.unit] else question.supply
    kept = _kept_pairs(evidence, question.journeys, radius, choice)
    decay = DECAYS[question.decay][1](question.cutoff)
    people = people_in_need(evidence, question.demand).loc[kept.demand.index]
    reach = kept.with_supply(supply.amounts).with_demand(people).with_decay(decay)
    if not supply.served:
        return reach
    matrix = reach.matrix
    codes = {"area_code": matrix.areas.take(matrix.rows), "site_id": matrix.sites.take(matrix.columns)}
    table = pd.DataFrame({**codes, question.unit: matrix.costs})
    return _over(evidence, question, supply, table)


@lru_cache(maxsize=6)
def _kept_pairs(evidence: Evidence, journeys: str, radius: float, choice: SupplyChoice | None) -> Reach:
    """Every pair of an area and a site within the radius: of all sites that give advice, or of those of a choice."""
    if choice is None:
        given = evidence.sites.index.isin(evidence.services["site_id"])
        sites = evidence.sites[given & (evidence.sites["grade"] != "X") & evidence.sites["easting"].notna()]
    else:
        sites = supply_of(evidence, choice).sites
    everybody = pd.Series(1.0, index=placed_areas(evidence).index)
    costs = pairs_between(evidence, sites, journeys, radius)
    return Reach(everybody, pd.Series(1.0, index=sites.index), costs, Binary(radius))


def _over(evidence: Evidence, question: _Question, supply: Supply, costs: Table) -> Reach:
    """The reach over a table of costs, less the pairs of sites that take people from elsewhere only."""
    refused = pd.Series(data=False, index=costs.index)
    for site, codes in supply.served.items():
        at_site = costs["site_id"] == site
        refused |= at_site & ~costs["area_code"].map(members(evidence, codes)).astype(bool)
    people = people_in_need(evidence, question.demand)[evidence.areas["easting"].notna()]
    return Reach(people, supply.amounts, costs[~refused], DECAYS[question.decay][1](question.cutoff))


@lru_cache(maxsize=4)
def site_districts(evidence: Evidence) -> pd.Series[str]:
    """The district that each placed site stands in, by ``site_id``; missing outside every area."""
    placed = evidence.sites[evidence.sites["easting"].notna()]
    points = placed[["easting", "northing"]].to_numpy(dtype="float64")
    return pd.Series(evidence.districts_at(points), index=placed.index, dtype="str")


@lru_cache(maxsize=16)
def people_in_need(evidence: Evidence, name: str) -> AreaValues:
    """The people layer that shares the sites; missing where an area has no place. `PlanError` for another layer."""
    people = evidence.layers.index[evidence.layers["role"] == "people"]
    if name not in people:
        raise PlanError(f"demand is '{name}', expected a people layer: {', '.join(sorted(people))}.")
    return evidence.values[name].where(evidence.areas["easting"].notna())


# measures -----------------------------------------------------------------------------------------------------------


def _measured(evidence: Evidence, question: _Question, around: _Around, reach: Reach | None) -> Access:
    supply = around.supply
    people = people_in_need(evidence, question.demand)
    nothing = pd.Series(np.nan, index=evidence.areas.index)
    silent = not_known(evidence, question.journeys) | ~supply.covered
    in_person = nothing if reach is None else _values(evidence, question, supply, reach).mask(silent)
    remote = _remote(evidence, question, supply, people)
    with_remote = in_person if remote is None else in_person + question.remote_worth * remote
    counts = [count.mask(silent) for count in _counts(evidence, question, supply, reach)]
    return Access(
        sites=supply.sites,
        known=supply.known,
        covered=~silent,
        values=with_remote if question.remote == "count" else in_person,
        nearest=around.nearest,
        in_reach=counts[0],
        in_district=around.in_district.where(supply.covered),
        supply=supply,
        open_in_reach=counts[1],
        eligible_in_reach=counts[2],
        supply_in_district=around.supply_in_district.where(supply.covered),
        in_person=in_person,
        with_remote=with_remote,
        remote_services=around.remote_services,
        able=able_to_use_remote(evidence),
        reach=reach,
    )


def _values(evidence: Evidence, question: _Question, supply: Supply, reach: Reach) -> AreaValues:
    """The measure, turned so that high is better and scaled to be read, for every area of the warehouse."""
    chosen = MEASURES[question.measure]
    if question.measure == "cost_to_closest":  # however far: the pairs end at a radius, the nearest site does not
        open_sites = supply.sites[supply.amounts > 0]
        return -nearest_sites(evidence, open_sites, question.journeys)[question.unit].replace(np.inf, np.nan)
    crowding = question.measure == "rational_agent_access"
    # the cost of average crowding: a journey as long as the cutoff weighs as much as it
    values = chosen.function(reach, tau=question.cutoff) if crowding else chosen(reach)
    scale = PER_PEOPLE if chosen.unit_for(reach).endswith("per person") else 1
    sign = 1 if chosen.better == "high" else -1
    return (values * sign * scale).reindex(evidence.areas.index)


def _remote(evidence: Evidence, question: _Question, supply: Supply, people: AreaValues) -> AreaValues | None:
    """Phone and online advice on the scale of access; None where there is none, or the measure is no share of it."""
    if supply.remote.empty or not MEASURES[question.measure].unit.endswith("per person"):
        return None
    return remote_share(evidence, supply.remote, people) * PER_PEOPLE


def _remote_services(evidence: Evidence, supply: Supply) -> AreaValues:
    count = pd.Series(0.0, index=evidence.areas.index)
    for served in supply.remote["served_areas"]:
        codes = frozenset() if not isinstance(served, str) else frozenset(served.split(";"))
        count += members(evidence, frozenset() if "england" in codes else codes).astype("float64")
    return count


def _counts(
    evidence: Evidence, question: _Question, supply: Supply, reach: Reach | None
) -> tuple[AreaValues, AreaValues, AreaValues]:
    """How many sites are in reach, how many of these give advice, and how many of these take the area's people."""
    if reach is None:
        nothing = pd.Series(np.nan, index=evidence.areas.index)
        return nothing, nothing, nothing
    eligible = _within(reach, question.cutoff, np.ones(len(reach.supply)))
    eligible_open = _within(reach, question.cutoff, (reach.hours > 0).astype("float64"))
    refused = _refused(evidence, question, supply)
    in_reach = eligible if refused is None else eligible.add(refused[0], fill_value=0.0)
    is_open = eligible_open if refused is None else eligible_open.add(refused[1], fill_value=0.0)
    index = evidence.areas.index
    return in_reach.reindex(index), is_open.reindex(index), eligible_open.reindex(index)


def _within(reach: Reach, cutoff: float, counted: npt.NDArray[np.float64]) -> AreaValues:
    matrix = reach.matrix
    inside = np.where(matrix.costs <= cutoff, counted[matrix.columns], 0.0)
    return pd.Series(np.bincount(matrix.rows, inside, minlength=len(matrix.areas)), index=matrix.areas)


def _refused(evidence: Evidence, question: _Question, supply: Supply) -> tuple[AreaValues, AreaValues] | None:
    """How many sites (all; with supply) are in reach of each area but take nobody from it, if any."""
    if not supply.served:
        return None
    choosy = supply.sites.loc[list(supply.served)]
    pairs = pairs_between(evidence, choosy, question.journeys, question.cutoff)
    takes = np.zeros(len(pairs), dtype=bool)
    for site, codes in supply.served.items():
        at_site = (pairs["site_id"] == site).to_numpy()
        takes |= at_site & pairs["area_code"].map(members(evidence, codes)).to_numpy(dtype=bool)
    left = pairs[~takes]
    gives = left["site_id"].map(supply.amounts > 0).to_numpy(dtype=bool)
    return left.groupby("area_code").size().astype("float64"), left[gives].groupby("area_code").size().astype("float64")


def _in_districts(evidence: Evidence, supply: Supply) -> tuple[AreaValues, AreaValues]:
    """How many counted sites stand in each area's district, and what they give; by the area that a site stands in."""
    known = site_districts(evidence)
    new = supply.sites.loc[supply.sites.index.difference(known.index), ["easting", "northing"]]
    added = pd.Series(evidence.districts_at(new.to_numpy(dtype="float64")), index=new.index, dtype="str")
    districts = pd.concat([known, added]).reindex(supply.sites.index)
    grouped = supply.amounts.groupby(districts)
    own = evidence.areas["lad24_code"]
    # a district that is not there is known to have none: every placed site was counted
    return (
        own.map(grouped.size()).fillna(0.0).astype("float64"),
        own.map(grouped.sum()).fillna(0.0).astype("float64"),
    )
