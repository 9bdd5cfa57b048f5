"""The answer to a plan: need, access and verdict of every area, why, and how many people that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo import __version__
from hjp_geo.access import straight_line_costs
from hjp_geo.areas import AreaValues, Table
from hjp_geo.composite import RANK_DECIMALS, need_table, treatments
from hjp_geo.desert import (
    DESERT_RULES,
    DesertTotals,
    desert_totals,
    find_deserts,
    quintile,
    reason_sentence,
    reason_totals,
)
from hjp_geo.errors import PlanError
from hjp_geo.evidence import ENGLAND, Evidence, Place
from hjp_geo.plan.judging import facts_of, lines_of
from hjp_geo.plan.question import TOPICS, Plan
from hjp_geo.plan.reaching import Access, access_of, access_unit, access_with, people_in_need
from hjp_geo.plan.ways import ESTIMATED, STRAIGHT_LINE, way_in_words

__all__ = ["EXTRA_FIELDS", "Answer", "answer", "frame_of", "ranked_need", "what_if"]

EXTRA_FIELDS = {
    "access_in_person": "the same without phone and online advice",
    "access_with_remote": "the same with phone and online advice",
    "nearest_minutes": "minutes to the nearest site, by the journeys that the notes name; blank where not known, or "
    "where no site is reached",
}
"""Columns that an answer has only where phone or online advice is loaded, or it counts in minutes; what each is."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the evidence says to a plan: one row an area of the place, the sites, and totals.

    ``areas`` is indexed by ``area_code``. ``need`` is a score, high is more need (above 0 to 100 unless the plan
    chooses another scale) from the layers that an area has, of which ``need_data_share`` tells; ``need_fifth`` and
    ``access_fifth`` count from 1, the worst; ``access`` is in `access_unit`; ``nearest_km`` is a straight line.
    ``desert`` is True, False, or missing where there is no verdict; ``reason`` and ``figure`` say why.
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
    other_totals: DesertTotals | None = None
    """The headline the other way: with phone and online advice where the plan leaves it out, and the reverse. None
    where no such advice is loaded, so that both are the same."""
    supply_notes: tuple[str, ...] = ()
    """What a reader must know of the supply: assumptions about hours, rows of their own, remote advice."""

    @property
    def access_unit(self) -> str:
        """What one unit of access is, in words."""
        return access_unit(self.plan)

    def why(self, area_code: str) -> str:
        """Why an area is, or is not, flagged, in plain words with the figures that decided it."""
        return _why(self, area_code)


def answer(plan: Plan, evidence: Evidence) -> Answer:
    """Work a plan out on the evidence. `PlanError` where the place or a layer is unknown."""
    place = evidence.place(plan.place)
    framed, access = _framed(evidence, _of_frame(plan, evidence))
    return _answered(plan, evidence, place, framed, access)


def what_if(plan: Plan, evidence: Evidence, extra: Table) -> Answer:
    """The answer were there more sites, judged by today's lines: more advice can never make a new desert.

    ``extra`` is indexed by ``site_id``, with ``site_name, easting, northing`` and ``supply`` in the plan's unit. Worst
    shares of access and of district supply are not drawn anew: who stands at or below today's edge is the worst.
    """
    framed, today = _framed(evidence, _of_frame(plan, evidence))
    need, access = ranked_need(framed), access_with(plan, evidence, extra)
    lines: dict[str, Any] = lines_of(facts_of(plan, evidence, need, today), plan.desert)
    facts = replace(facts_of(plan, evidence, need, access), **lines)
    table = _with_access(framed.drop(columns=["desert", "reason", "figure"]), access)
    return _answered(plan, evidence, evidence.place(plan.place), table.join(find_deserts(facts, plan.desert)), access)


def frame_of(plan: Plan, evidence: Evidence) -> str:
    """The code of the place whose areas are ranked and divided into fifths."""
    return ENGLAND if plan.frame == "england" else evidence.place(plan.place).code


def _of_frame(plan: Plan, evidence: Evidence) -> Plan:
    """The plan asked of its whole frame, without its preset, so that like questions meet in a cache."""
    return replace(plan, place=frame_of(plan, evidence), preset=None)


def _answered(plan: Plan, evidence: Evidence, place: Place, framed: Table, access: Access) -> Answer:
    areas = framed.loc[evidence.areas_of(place.code)]
    used = [*plan.weights, plan.demand, "areas", "sites", "services", "health_sites", "area_boundaries"]
    return Answer(
        plan=plan,
        place=place,
        areas=areas,
        framed=framed,
        sites=_sites_near(plan, access, evidence.areas.loc[areas.index]),
        known=access.known,
        totals=desert_totals(areas, areas["residents"]),
        reasons=reason_totals(areas, areas["residents"]),
        treatments=treatments(evidence, _weighted(plan), plan.recipe, frame_of(plan, evidence)),
        attribution=tuple(evidence.attribution(used)),
        run={
            "plan": plan.to_dict(),
            "hjp_geo": __version__,
            "build": evidence.build_id,
            "built": evidence.built,
            "made_up": evidence.made_up,
            "journeys": way_in_words(evidence, plan.journeys),
        },
        other_totals=_other_totals(plan, evidence, areas, access),
        supply_notes=_supply_notes(plan, access),
    )


@lru_cache(maxsize=16)
def _framed(evidence: Evidence, plan: Plan) -> tuple[Table, Access]:
    """Need, access and verdict of every area of the frame, which is the plan's place here."""
    need = need_table(evidence, tuple(plan.weights.items()), plan.recipe, plan.place)
    access = access_of(plan, evidence)
    return _area_table(plan, evidence, need, access), access


def _other_totals(plan: Plan, evidence: Evidence, areas: Table, access: Access) -> DesertTotals | None:
    """The headline with phone and online advice where it is without, and the reverse."""
    if access.supply.remote.empty:
        return None
    other = replace(plan, remote="leave_out" if plan.remote == "count" else "count")
    framed, _ = _framed(evidence, _of_frame(other, evidence))
    return desert_totals(framed.loc[areas.index], areas["residents"])


def _supply_notes(plan: Plan, access: Access) -> tuple[str, ...]:
    supply, notes = access.supply, []
    if plan.supply == "hours" and len(supply.assumed):
        notes.append(
            f"Supply is hours of advice a week. For {int(supply.assumed.sum()):,} of {len(supply.assumed):,} sites "
            f"nobody recorded them: {plan.assumed_hours:g} hours a week are assumed for an office and "
            f"{plan.assumed_outreach_hours:g} for an outreach point."
        )
    if access.reach is not None and plan.journeys not in (STRAIGHT_LINE, *ESTIMATED):
        reached = len(np.unique(access.reach.matrix.columns))
        notes.append(f"Of {len(supply.sites):,} counted sites the kept journeys reach {reached:,} within the cutoff.")
    if supply.own_rows:
        notes.append(f"Services that users of this warehouse brought themselves and that count: {supply.own_rows:,}.")
    if supply.known and (unknown := int((~supply.covered).sum())):
        notes.append(
            "Only rows that users brought say anything of this topic. They speak of the districts their sites stand in "
            f"and the areas they name: the other {unknown:,} areas have no verdict, for nobody knows."
        )
    if not supply.remote.empty:
        how = (
            f"counted, an hour being worth {plan.remote_worth:g} of one in person"
            if plan.remote == "count"
            else "left out of the headline"
        )
        lacks = (
            ""
            if access.able is not None
            else " No layer of digital exclusion is loaded: everyone is taken to be able to use it."
        )
        notes.append(f"Phone and online services loaded: {len(supply.remote):,}, {how}.{lacks}")
    return tuple(notes)


def _sites_near(plan: Plan, access: Access, areas: Table) -> Table:
    """The sites, with whether any of the areas is within the cutoff."""
    sites, placed = access.sites, areas[areas["easting"].notna()]
    if sites.empty or placed.empty:
        return sites.assign(in_place=pd.Series(dtype="bool"))
    if plan.cost_unit == "km" or access.reach is None:
        near = straight_line_costs(placed, sites, cutoff_km=plan.cutoff_km)["site_id"].unique()
        return sites.assign(in_place=sites.index.isin(near))
    matrix = access.reach.matrix
    inside = (matrix.costs <= plan.cutoff) & matrix.areas.isin(placed.index)[matrix.rows]
    return sites.assign(in_place=sites.index.isin(matrix.sites[np.unique(matrix.columns[inside])]))


def _weighted(plan: Plan) -> list[str]:
    """The need layers that count."""
    return [name for name, weight in plan.weights.items() if weight > 0]


def ranked_need(framed: Table) -> AreaValues:
    """Need as it is ranked, and as ``need_fifth`` is made: equal areas stay equal whatever the last digits."""
    return framed["need"].round(RANK_DECIMALS)


def _area_table(plan: Plan, evidence: Evidence, need: Table, access: Access) -> Table:
    framed = need.index
    names = ["area_name", "lad24_code", "lad24_name", "icb24_code", "icb24_name", "residents"]
    layers = evidence.values.loc[framed, _weighted(plan)]
    table = evidence.areas.loc[framed, names].assign(people_in_need=people_in_need(evidence, plan.demand).loc[framed])
    table = _with_access(table.join(layers).join(need), access)
    return table.join(find_deserts(facts_of(plan, evidence, ranked_need(need), access), plan.desert))


def _with_access(table: Table, access: Access) -> Table:
    """The table with its columns of access."""
    framed = table.index
    access_values = access.values.loc[framed]
    columns = {
        "nearest_site": access.nearest.loc[framed, "site_name"],
        "nearest_km": access.nearest.loc[framed, "km"],
        "sites_in_reach": access.in_reach.loc[framed],
        "access": access_values,
        "access_fifth": quintile(access_values, worst="low"),
    }
    if not access.supply.remote.empty:
        columns["access_in_person"] = access.in_person.loc[framed]
        columns["access_with_remote"] = access.with_remote.loc[framed]
    if "minutes" in access.nearest.columns:
        columns["nearest_minutes"] = access.nearest.loc[framed, "minutes"].replace(np.inf, np.nan)
    return table.assign(**columns)


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
        f"Need: fifth {row['need_fifth']} of 5 (1 is most). Access: {_access_words(found, row)} "
        + _nearest_words(row)
        + gap
    )
    if not row["desert"]:
        return f"Not a desert by the rule “{rule}”. {figures}".strip()
    sentence = reason_sentence(
        row["reason"],
        float(row["figure"]),
        limit=found.plan.cutoff,
        cost_unit=found.plan.cost_unit,
        access_unit=found.access_unit,
    )
    return f"A {topic} advice desert by the rule “{rule}”. {sentence} {figures}".strip()


def _nearest_words(row: Any) -> str:
    if pd.isna(row["nearest_km"]):
        return ""
    minutes = f", {row['nearest_minutes']:.0f} minutes" if pd.notna(row.get("nearest_minutes")) else ""
    return f"Nearest: {row['nearest_site']}, {row['nearest_km']:.1f} km{minutes}."


def _access_words(found: Answer, row: Any) -> str:
    if pd.isna(row["access"]):
        return "nothing is in reach."
    return f"fifth {row['access_fifth']} of 5 (1 is least), {abs(row['access']):.1f} {found.access_unit}."


def _no_verdict(found: Answer, row: Any, topic: str) -> str:
    if not found.known:
        return f"No verdict: no loaded list says where {topic} advice of this kind is given, so nobody can say."
    if not pd.isna(row["need"]) and pd.isna(row["sites_in_reach"]):
        return (
            f"No verdict: nothing that is loaded says what {topic} advice there is here. Lists of your own speak only "
            "of the districts their sites stand in and the areas they name; kept journeys, of where they start from."
        )
    what = "its need" if pd.isna(row["need"]) else "its access" if pd.isna(row["access"]) else "a figure of the rule"
    return f"No verdict: {what} is not known, because data are missing."


def _gap(share: float) -> str:
    """What to say where an area lacks some of the layers; a leading space, or nothing."""
    return "" if share >= 1 - 1e-9 else f" Need rests on {100 * share:.0f} % of the weight: the rest has no data here."
