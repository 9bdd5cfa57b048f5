"""Plan → Answer: the one entry that screen, command line, notebook and tests share.

A `Plan` is the question: which place, which need, which advice, how far, which rule. `answer` works it out on the
evidence of a warehouse. A plan is small and can be written into a URL or a file, so that any view can be re-run.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from hjp_geo import __version__
from hjp_geo.access import MEASURES, Reach, Step, nearest_site, straight_line_costs
from hjp_geo.areas import AreaValues, Table
from hjp_geo.composite import AGGREGATIONS, NORMALISATIONS, RANK_DECIMALS, Recipe, need_table, treatments
from hjp_geo.desert import (
    DESERT_RULES,
    AreaFacts,
    DesertTotals,
    desert_totals,
    find_deserts,
    quintile,
    reason_sentence,
    reason_totals,
)
from hjp_geo.errors import PlanError
from hjp_geo.evidence import ENGLAND, Evidence, Place

__all__ = ["TOPICS", "Answer", "Plan", "answer", "frame_of"]

Topic: TypeAlias = Literal[
    "welfare_benefits", "debt", "housing", "employment", "education", "community_care", "immigration"
]
TOPICS: dict[str, str] = {
    "welfare_benefits": "Welfare benefits",
    "debt": "Debt",
    "housing": "Housing",
    "employment": "Employment",
    "education": "Education",
    "community_care": "Community care",
    "immigration": "Immigration",
}
"""The seven areas of social welfare law."""

Assistance: TypeAlias = Literal["general_advice", "specialist_legal_aid"]
Counting: TypeAlias = Literal["listed", "listed_and_assumed"]
Frame: TypeAlias = Literal["england", "place"]

PER_PEOPLE = 100_000
"""Access is shown as sites for so many people in need."""
MOST_KM = 50.0
_BANDS = ((1 / 3, 1.0), (2 / 3, 0.68), (1.0, 0.22))
"""Share of the cutoff → weight: the step weights of Luo and Qi (2009) on thirds of the distance (ours)."""


@dataclass(frozen=True)
class Plan:
    """One question. Every setting has a default; each is checked when the plan is made (`PlanError`)."""

    place: str = ENGLAND
    """Code or name of an ICB, sub-ICB or district, or ``england``."""
    weights: Mapping[str, float] = field(default_factory=lambda: {"income_deprivation": 1.0})
    """Need layer → weight, 0 or more; only their proportions matter."""
    topic: Topic = "debt"
    """Which of the seven areas of social welfare law."""
    assistance: Assistance = "general_advice"
    """General advice, or specialist legal aid: one never stands in for the other."""
    counting: Counting = "listed"
    """Only what the lists say, or also that Citizens Advice offices give general advice on benefits, housing, work."""
    outreach: Literal["leave_out", "count"] = "leave_out"
    """Whether home-visit service areas count as places one can reach."""
    demand: str = "people_in_income_deprivation"
    """The people layer that shares the sites, and that "people in need" counts."""
    measure: str = "enhanced_floating_catchment_area"
    """Which measure of access."""
    cutoff_km: float = 10.0
    """How far a site reaches, in a straight line, inclusive."""
    desert: str = "need_and_access_quintile"
    """Which desert rule."""
    frame: Frame = "england"
    """Whether worst fifths are of all areas of the warehouse, or of the place's own."""
    normalisation: str = "imd_exponential"
    """How each need layer is put on a common scale."""
    aggregate: str = "arithmetic"
    """How the layers are added up: how far a good one makes up for a bad one."""
    preset: str | None = None
    """The target-population preset that the plan began with, for the record; the weights may have been edited since."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", dict(sorted((str(k), float(v)) for k, v in dict(self.weights).items())))
        object.__setattr__(self, "cutoff_km", float(self.cutoff_km))
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise PlanError(f"{name} is '{getattr(self, name)}', expected one of {', '.join(allowed)}.")
        _check_weights(self.weights)
        if not (0 < self.cutoff_km <= MOST_KM):
            raise PlanError(f"cutoff_km is {self.cutoff_km:g}, expected more than 0 and at most {MOST_KM:g}.")
        if self.preset is not None and not _PRESET.fullmatch(self.preset):
            raise PlanError(f"preset is '{self.preset[:60]}', expected a name of small letters, digits and _.")
        _ = self.recipe

    @property
    def recipe(self) -> Recipe:
        """How the layers become a score."""
        return Recipe(self.normalisation, self.aggregate)

    def __hash__(self) -> int:
        return hash(self.to_json())

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values, in a fixed order."""
        return asdict(self)

    def to_json(self) -> str:
        """The plan on one line of JSON: equal plans give equal lines."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """A plan from plain values; `PlanError` names a setting that does not exist."""
        known = {one.name for one in fields(cls)}
        if strangers := sorted(set(values) - known):
            raise PlanError(f"A plan has no setting {', '.join(strangers)}; there are {', '.join(sorted(known))}.")
        return cls(**values)


def _check_weights(weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if not math.isfinite(weight) or weight < 0:
            raise PlanError(f"The weight of {name} is {weight:g}, expected a number of 0 or more.")
    if not any(weights.values()):
        raise PlanError("Every weight is 0: give at least one need layer a weight above 0.")


_CHOICES: dict[str, tuple[str, ...]] = {
    "topic": get_args(Topic),
    "assistance": get_args(Assistance),
    "counting": get_args(Counting),
    "outreach": ("leave_out", "count"),
    "measure": tuple(MEASURES),
    "desert": tuple(DESERT_RULES),
    "frame": get_args(Frame),
    "normalisation": tuple(NORMALISATIONS),
    "aggregate": tuple(AGGREGATIONS),
}
_PRESET = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True, eq=False)
class Answer:
    """What the evidence says to a plan: one row an area of the place, the sites, and totals.

    ``areas`` is indexed by ``area_code``. ``need`` is a score, high is more need (above 0 to 100 unless the plan
    chooses another scale) from the layers that an area has, of which ``need_data_share`` tells; ``need_fifth`` and
    ``access_fifth`` count from 1, the worst; ``access`` is sites for 100,000 people in need; ``nearest_km`` is a
    straight line. ``desert`` is True, False, or missing where there is no verdict; ``reason`` and ``figure`` say why.
    """

    plan: Plan
    place: Place
    areas: Table
    framed: Table
    """The same table for every area of the frame, so that a sketch may cross the border of the place."""
    sites: Table
    """Advice sites of the topic that count, anywhere; ``in_place`` says whether within the cutoff of the place."""
    known: bool
    """Whether any loaded list covers the topic. If not, there is no verdict anywhere: no data is not a desert."""
    totals: DesertTotals
    reasons: Table
    treatments: Mapping[str, str]
    """What was done to the extreme values of a need layer, by layer, in words."""
    attribution: tuple[str, ...]
    run: Mapping[str, Any]

    def why(self, area_code: str) -> str:
        """Why an area is, or is not, flagged, in plain words with the figures that decided it."""
        return _why(self, area_code)


def answer(plan: Plan, evidence: Evidence) -> Answer:
    """Work a plan out on the evidence. `PlanError` where the place or a layer is unknown."""
    place = evidence.place(plan.place)
    frame = frame_of(plan, evidence)
    framed, access = _framed(evidence, replace(plan, place=frame, preset=None))
    areas = framed.loc[evidence.areas_of(place.code)]
    used = [*plan.weights, plan.demand, "areas", "sites", "services", "health_sites", "area_boundaries"]
    return Answer(
        plan=plan,
        place=place,
        areas=areas,
        framed=framed,
        sites=_sites_near(access.sites, evidence.areas.loc[areas.index], plan.cutoff_km),
        known=access.known,
        totals=desert_totals(areas, areas["residents"]),
        reasons=reason_totals(areas, areas["residents"]),
        treatments=treatments(evidence, _weighted(plan), plan.recipe, frame),
        attribution=tuple(evidence.attribution(used)),
        run={
            "plan": plan.to_dict(),
            "hjp_geo": __version__,
            "build": evidence.build_id,
            "built": evidence.built,
            "made_up": evidence.made_up,
        },
    )


def frame_of(plan: Plan, evidence: Evidence) -> str:
    """The code of the place whose areas are ranked and divided into fifths."""
    return ENGLAND if plan.frame == "england" else evidence.place(plan.place).code


@lru_cache(maxsize=16)
def _framed(evidence: Evidence, plan: Plan) -> tuple[Table, _Access]:
    """Need, access and verdict of every area of the frame, which is the plan's place here."""
    need = need_table(evidence, tuple(plan.weights.items()), plan.recipe, plan.place)
    access = _access(evidence, _Supply.of(plan), plan.demand, plan.measure, plan.cutoff_km)
    return _area_table(plan, evidence, need, access), access


# access -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Supply:
    """Which services count: the part of a plan that chooses sites."""

    topic: str
    assistance: str
    counting: str
    outreach: str

    @classmethod
    def of(cls, plan: Plan) -> _Supply:
        return cls(plan.topic, plan.assistance, plan.counting, plan.outreach)

    def sites(self, evidence: Evidence) -> tuple[Table, bool]:
        """The placed sites that count, and whether any list covers the topic."""
        services = evidence.services
        chosen = services[(services["topic"] == self.topic) & (services["assistance"] == self.assistance)]
        if self.counting == "listed":
            chosen = chosen[chosen["evidence"] == "listed"]
        known = not chosen.empty
        if self.outreach == "leave_out":
            chosen = chosen[chosen["channel"] == "in_person"]
        sites = evidence.sites.loc[evidence.sites.index.isin(chosen["site_id"])]
        return sites[(sites["grade"] != "X") & sites["easting"].notna()].sort_index(), known


@dataclass(frozen=True, eq=False)
class _Access:
    sites: Table
    known: bool
    values: AreaValues
    """Higher is better; missing where not known."""
    nearest: Table
    in_reach: AreaValues
    in_district: AreaValues
    """How many counted sites stand in each area's district."""


@lru_cache(maxsize=32)
def _access(evidence: Evidence, supply: _Supply, demand: str, measure: str, cutoff_km: float) -> _Access:
    """Access of every area of the warehouse: neighbours over the border compete and serve too."""
    sites, known = supply.sites(evidence)
    areas = evidence.areas[evidence.areas["easting"].notna()]
    nearest = nearest_site(areas, sites).reindex(evidence.areas.index)
    in_district = _sites_in_district(evidence, sites)
    if not known:
        nothing = pd.Series(np.nan, index=evidence.areas.index)
        return _Access(sites, known, nothing, nearest, nothing, nothing)
    costs = straight_line_costs(areas, sites, cutoff_km=cutoff_km)
    people = _demand(evidence, demand)
    reach = Reach(people, pd.Series(1.0, index=sites.index), costs, Step({s * cutoff_km: w for s, w in _BANDS}))
    chosen = MEASURES[measure]
    values = chosen(reach).reindex(evidence.areas.index)
    placed = evidence.areas["easting"].notna()
    sign = 1 if chosen.better == "high" else -1
    scale = PER_PEOPLE if chosen.unit_for(reach).endswith("per person") else 1
    in_reach = costs.groupby("area_code").size().reindex(evidence.areas.index, fill_value=0).astype("float64")
    return _Access(sites, known, (values * sign * scale).where(placed), nearest, in_reach.where(placed), in_district)


def _demand(evidence: Evidence, name: str) -> AreaValues:
    people = evidence.layers.index[evidence.layers["role"] == "people"]
    if name not in people:
        raise PlanError(f"demand is '{name}', expected a people layer: {', '.join(sorted(people))}.")
    return evidence.values[name].where(evidence.areas["easting"].notna())


def _sites_near(sites: Table, areas: Table, cutoff_km: float) -> Table:
    """The sites, with whether any of the areas is within the cutoff."""
    placed = areas[areas["easting"].notna()]
    if sites.empty or placed.empty:
        return sites.assign(in_place=pd.Series(dtype="bool"))
    near = straight_line_costs(placed, sites, cutoff_km=cutoff_km)["site_id"].unique()
    return sites.assign(in_place=sites.index.isin(near))


# deserts ------------------------------------------------------------------------------------------------------------


def _facts(plan: Plan, evidence: Evidence, need: AreaValues, access: _Access) -> AreaFacts:
    framed = need.index
    return AreaFacts(
        need=need,
        access=access.values.loc[framed],
        population=evidence.areas.loc[framed, "residents"].astype("float64"),
        known=pd.Series(access.known, index=framed, dtype="boolean"),
        nearest_cost=access.nearest.loc[framed, "km"],
        district=evidence.areas.loc[framed, "lad24_code"],
        sites_in_district=access.in_district.loc[framed],
        sites_in_frame=pd.Series(float(len(access.sites)), index=framed),
        sites_in_reach=access.in_reach.loc[framed],
        limit=plan.cutoff_km,
        cost_unit="km",
        access_unit=f"sites for {PER_PEOPLE:,} people in need",
    )


def _sites_in_district(evidence: Evidence, sites: Table) -> AreaValues:
    """How many counted sites stand in each area's district, by the district of the area they stand in."""
    points = sites[["easting", "northing"]].to_numpy(dtype="float64")
    districts = evidence.areas["lad24_code"]
    counts = pd.Series(evidence.districts_at(points), dtype="str").value_counts()
    return districts.map(counts).fillna(0.0).astype("float64")  # known to be none: every placed site was counted


def _weighted(plan: Plan) -> list[str]:
    """The need layers that count."""
    return [name for name, weight in plan.weights.items() if weight > 0]


def _area_table(plan: Plan, evidence: Evidence, need: Table, access: _Access) -> Table:
    framed = need.index
    names = ["area_name", "lad24_code", "lad24_name", "icb24_code", "icb24_name", "residents"]
    layers = evidence.values.loc[framed, _weighted(plan)]
    table = evidence.areas.loc[framed, names].assign(people_in_need=_demand(evidence, plan.demand).loc[framed])
    table = table.join(layers).join(need)
    table["nearest_site"] = access.nearest.loc[framed, "site_id"].map(access.sites["site_name"])
    table["nearest_km"] = access.nearest.loc[framed, "km"]
    table["sites_in_reach"] = access.in_reach.loc[framed]
    table["access"] = access.values.loc[framed]
    table["access_fifth"] = quintile(table["access"], worst="low")
    facts = _facts(plan, evidence, need["need"].round(RANK_DECIMALS), access)  # ranked as need_fifth is
    return table.join(find_deserts(facts, plan.desert))


def _why(found: Answer, area_code: str) -> str:
    if area_code not in found.areas.index:
        raise PlanError(f"No area {area_code} in {found.place.name}. Give a code of its list.")
    row: Any = found.areas.loc[area_code]
    rule = DESERT_RULES[found.plan.desert].label.lower()
    topic = TOPICS[found.plan.topic].lower()
    gap = _gap(float(row["need_data_share"]))
    if pd.isna(row["desert"]):
        return _no_verdict(found, row, topic) + gap
    figures = (
        f"Need: fifth {row['need_fifth']} of 5 (1 is most). Access: fifth {row['access_fifth']} of 5 (1 is least), "
        f"{row['access']:.1f} sites for {PER_PEOPLE:,} people in need. "
        + (f"Nearest: {row['nearest_site']}, {row['nearest_km']:.1f} km." if pd.notna(row["nearest_km"]) else "")
        + gap
    )
    if not row["desert"]:
        return f"Not a desert by the rule “{rule}”. {figures}".strip()
    sentence = reason_sentence(
        row["reason"],
        float(row["figure"]),
        limit=found.plan.cutoff_km,
        cost_unit="km",
        access_unit=f"sites for {PER_PEOPLE:,} people in need",
    )
    return f"A {topic} advice desert by the rule “{rule}”. {sentence} {figures}".strip()


def _no_verdict(found: Answer, row: Any, topic: str) -> str:
    if not found.known:
        return f"No verdict: no loaded list says where {topic} advice of this kind is given, so nobody can say."
    what = "its need" if pd.isna(row["need"]) else "its access" if pd.isna(row["access"]) else "a figure of the rule"
    return f"No verdict: {what} is not known, because data are missing."


def _gap(share: float) -> str:
    """What to say where an area lacks some of the layers; a leading space, or nothing."""
    return "" if share >= 1 - 1e-9 else f" Need rests on {100 * share:.0f} % of the weight: the rest has no data here."
