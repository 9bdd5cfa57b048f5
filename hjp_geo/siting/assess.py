"""Who sketched sites and catchments would reach, each and together, and what they would change.

`Assessment.total` and each of `Assessment.parts` say who is reached; `effects` says what becomes of access, deserts
and equity in the plan's place; `split` and `still_missed` say who goes without. See `candidate` for the rule of areas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.need import area_summary
from hjp_geo.plan import Plan
from hjp_geo.prevalence import DOUBTS, area_doubts
from hjp_geo.siting.candidate import CENTROID_RULE, RULES, Candidate
from hjp_geo.siting.closing import closing_note, today_without
from hjp_geo.siting.delta import Catchment, Today, catchment, known_ways_only, today
from hjp_geo.siting.design import contradictions
from hjp_geo.siting.effects import Effects, effects
from hjp_geo.siting.feasibility import ASSUMPTIONS, Assumptions, cases_a_year

__all__ = ["CENTROID_RULE", "Assessment", "Candidate", "Guard", "Reached", "assess", "deprivation_of"]

_Floats: TypeAlias = npt.NDArray[np.float64]

Guard: TypeAlias = Callable[[str, frozenset[str]], None]
"""Called with the name and the area codes of each part and of the total before any figure is made; raises to refuse.

For figures on users' own client data: pass the take-up module's check of few people and of differences.
"""

DECILE = "multiple_deprivation_decile"
RANK, SCORE = "multiple_deprivation_rank", "multiple_deprivation"
"""Layers of deprivation, used where they are loaded."""
_RURAL = ("rural_urban_label", "rural_urban_name", "rural_urban")
_UNKNOWN = "not known"


@dataclass(frozen=True, eq=False)
class Reached:
    """Who one sketch, or all of them together, would reach, by the rule of the assessment."""

    name: str
    areas: pd.Index[str]
    people: float
    """Residents."""
    people_in_need: float
    """By the plan's people layer: people in income deprivation unless changed."""
    people_in_worst_fifth: float
    """Residents of areas in the fifth of greatest need."""
    newly_reached: float
    """Residents with no counted site of the topic within the plan's cutoff today; missing where that is not known."""
    desert_areas: int
    people_in_deserts: float
    areas_without_verdict: int
    conditions: Table
    """Indexed by layer: label, estimated people on the register (modelled), people_low and people_high, and areas
    without an estimate. The range comes from choices of method, not from sampling: every area at its lowest, or its
    highest, by any way of sharing practice registers out, so the widest that the method allows. Missing where the
    warehouse has none; as narrow as the estimate where the loaded data allow one way only."""
    advice_sites: Table
    """Counted advice sites of the topic that stand inside: is the need met already?"""
    health_sites: Table
    """GP practices that stand inside."""
    notes: tuple[str, ...]
    shares: pd.Series[float]
    """How much of each area belongs: 1 by the rule of centroids."""
    shared_with_existing: float
    """Residents who have a counted site within the plan's cutoff today; missing where that is not known."""
    by_decile: Table
    """Indexed by IMD decile (1 is most deprived): people, people_in_need. Empty where no such layer is loaded."""
    by_rural_urban: Table
    """Indexed by class: people, people_in_need. Empty where no such class is loaded."""
    target: Table
    """The target population of the plan's preset, one row: label, people, people_low, people_high. May be empty."""
    areas_cut: int
    people_cut: float
    """Residents of areas that the line of the sketch cuts: the uncertainty of the rule."""


@dataclass(frozen=True, eq=False)
class Assessment:
    """The answer to a sketch: each part, and all of it together, with people counted once."""

    plan: Plan
    parts: tuple[Reached, ...]
    total: Reached
    rule: str
    """The rule of areas, in words."""
    attribution: tuple[str, ...]
    run: Mapping[str, Any]
    candidates: tuple[Candidate, ...]
    effects: Effects
    overlaps: Table
    """One row a pair of sketches with areas in common: first, second, areas, people, people_in_need."""
    split: Table
    """People in need of the plan's place, indexed by what becomes of them: label, people_in_need, cases_a_year.
    ``with_service`` (a sketch has capacity for them), ``no_capacity`` (in a sketch, but it is full),
    ``capacity_not_stated`` (in a sketch that says no hours), ``existing_only`` (in reach of a site of today only, whose
    capacity nobody publishes), ``outside``."""
    still_missed: Table
    """Areas of the place that neither a sketch nor a counted site of today reaches, most people in need first:
    area_name, lad24_name, residents, people_in_need, desert. Empty of verdict where today's sites are not known."""
    not_reached_by_sketch: Table
    """Areas of the place that no sketch reaches, in the same columns."""
    assumptions: Assumptions
    contradictions: tuple[tuple[str, ...], ...]
    """For each part: where the data speak gently against its design card."""
    closed: tuple[str, ...] = ()
    """Codes of the sites of today that are closed: counted before, not after."""


def assess(
    plan: Plan,
    candidates: Sequence[Candidate],
    evidence: Evidence,
    *,
    rule: str = "centroid",
    assumptions: Assumptions = ASSUMPTIONS,
    closed: Sequence[str] = (),
    guard: Guard | None = None,
) -> Assessment:
    """Who the sketched candidates would reach, each and together, and what they would change.

    Areas reached are those of the whole warehouse, not of the plan's place alone: people over the border are people.
    What changes is told for the plan's place; sites of today that are ``closed`` count before and not after. Raises
    `PlanError` where there is nothing to assess, a closed site is not in the data, or ``rule`` is none of `RULES`;
    `GeographyError` where a sketch lies outside every area.
    """
    if not candidates:
        raise PlanError("Nothing is sketched. Draw a point with a radius, or a polygon, or give --at and --radius-km.")
    known_ways_only(plan)
    now = today(plan, evidence)
    then = today_without(plan, evidence, closed) if closed else now
    caught = [catchment(candidate, now, rule) for candidate in candidates]
    together = _together(caught, now)
    if guard is not None:
        for name, codes in (*((one.candidate.name, now.index[one.places]) for one in caught), together[:2]):
            guard(str(name), frozenset(codes))
    shares = together[2]
    changed = effects(caught, now, then)
    return Assessment(
        plan=plan,
        parts=tuple(_part(one, now) for one in caught),
        total=_total(caught, shares, now),
        rule=RULES[rule],
        attribution=(*now.found.attribution, *_more_credits(now)),
        run=now.found.run,
        candidates=tuple(candidates),
        effects=replace(changed, notes=(*closing_note(evidence, closed), *changed.notes)),
        overlaps=_overlaps(caught, now),
        split=_split(caught, then, assumptions),
        still_missed=_missed(shares, now, then.column("sites_in_reach")),
        not_reached_by_sketch=_missed(shares, now, None),
        assumptions=assumptions,
        contradictions=tuple(_contradictions(one, now) for one in caught),
        closed=tuple(closed),
    )


def _together(caught: Sequence[Catchment], now: Today) -> tuple[str, pd.Index[str], _Floats]:
    """The name, areas and shares of all sketches together: in an area of two, the larger share."""
    shares = np.zeros(len(now.index))
    for one in caught:
        shares[one.places] = np.maximum(shares[one.places], one.shares)
    name = caught[0].candidate.name if len(caught) == 1 else "All together"
    return name, now.index[shares > 0], shares


def _total(caught: Sequence[Catchment], shares: _Floats, now: Today) -> Reached:
    if len(caught) == 1:
        return _part(caught[0], now)
    places = np.flatnonzero(shares > 0)
    return _reach(caught, "All together", places, shares[places], now)


@lru_cache(maxsize=512)
def _contradictions(one: Catchment, now: Today) -> tuple[str, ...]:
    return () if one.candidate.design.is_empty else contradictions(one, now)


@lru_cache(maxsize=512)
def _part(one: Catchment, now: Today) -> Reached:
    """One sketch by itself: kept, so that adding another does not ask again."""
    return _reach([one], one.candidate.name, one.places, one.shares, now)


def _reach(
    caught: Sequence[Catchment], name: str, places: npt.NDArray[np.intp], shares: _Floats, now: Today
) -> Reached:
    codes = now.index[places]
    residents = now.residents[places] * shares
    in_need = now.in_need[places] * shares
    sites = now.column("sites_in_reach")[places]
    desert = now.column("desert")[places]
    cut = np.unique(np.concatenate([one.cut for one in caught]))
    known = now.found.known
    return Reached(
        name=name,
        areas=codes,
        people=float(np.nansum(residents)),
        people_in_need=float(np.nansum(in_need)),
        people_in_worst_fifth=float(np.nansum(residents[now.column("need_fifth")[places] == 1])),
        newly_reached=float(np.nansum(residents[sites == 0])) if known else math.nan,
        desert_areas=int((desert == 1).sum()),
        people_in_deserts=float(np.nansum(residents[desert == 1])),
        areas_without_verdict=int(np.isnan(desert).sum()),
        conditions=_people_layers(_condition_layers(now.evidence), places, shares, now),
        advice_sites=_inside(caught, now.found.sites, now.advice_site_areas),
        health_sites=_inside(caught, now.evidence.health_sites, now.evidence.health_site_areas),
        notes=_notes(caught, codes, in_need, now),
        shares=pd.Series(shares, index=codes, name="share"),
        shared_with_existing=float(np.nansum(residents[sites > 0])) if known else math.nan,
        by_decile=_by(_deciles(now), places, residents, in_need),
        by_rural_urban=_by(_rural_urban(now), places, residents, in_need),
        target=_target(places, shares, now),
        areas_cut=len(cut),
        people_cut=float(np.nansum(now.residents[cut])),
    )


# people -------------------------------------------------------------------------------------------------------------


def _people_layers(names: list[str], places: npt.NDArray[np.intp], shares: _Floats, now: Today) -> Table:
    """People of each layer with the ends of its range: what is known of the areas, and how many have no figure."""
    columns = [*names, *(f"{name}_{end}" for end in ("low", "high") for name in names)]
    table = now.layers(tuple(columns))[places] * shares[:, None]
    missing = np.isnan(table)
    sums = np.where(missing.all(axis=0), np.nan, np.nansum(table, axis=0)).reshape(3, len(names))
    return pd.DataFrame(
        {
            "label": now.evidence.layers.loc[names, "label"].str.split(":").str[0],
            "people": sums[0],
            "people_low": sums[1],
            "people_high": sums[2],
            "areas_missing": missing[:, : len(names)].sum(axis=0),
        },
        index=pd.Index(names, name="layer", dtype="str"),
    )


def _condition_layers(evidence: Evidence) -> list[str]:
    layers = evidence.layers
    chosen = layers[(layers["role"] == "people") & (layers["group_label"] == "People with a condition")]
    return list(chosen.sort_values("label").index)


def _target(places: npt.NDArray[np.intp], shares: _Floats, now: Today) -> Table:
    """The people that the plan's preset is about, which its people layer counts; empty where it began with none."""
    return _people_layers([now.plan.demand] if now.plan.preset else [], places, shares, now)


def _deciles(now: Today) -> pd.Series[Any]:
    values = now.evidence.values
    return values[DECILE].astype("Int64") if DECILE in values else pd.Series(dtype="Int64")


def _rural_urban(now: Today) -> pd.Series[Any]:
    areas = now.evidence.areas
    column = next((name for name in areas.columns if str(name).startswith(_RURAL)), None)
    return areas[column].astype("str") if column else pd.Series(dtype="str")


def _by(classes: pd.Series[Any], places: npt.NDArray[np.intp], residents: _Floats, in_need: _Floats) -> Table:
    """People and people in need in each class; "not known" where an area has none. Empty where none is loaded."""
    name = str(classes.name or "class")
    if classes.empty:
        return pd.DataFrame({"people": [], "people_in_need": []}, index=pd.Index([], name=name), dtype="float64")
    table = pd.DataFrame({"people": residents, "people_in_need": in_need})
    group = classes.iloc[places].astype("object")
    sums = table.groupby(group.where(group.notna(), _UNKNOWN).to_numpy()).sum()
    order = sorted(sums.index, key=lambda one: (isinstance(one, str), one))
    return sums.loc[order].rename_axis(name)


def deprivation_of(reached: Reached, evidence: Evidence) -> pd.Series[float]:
    """What the deprivation ranks of the areas reached say together, as publishers say it of districts.

    average_rank, average_score, proportion_worst_10, extent, local_concentration: high = more deprived in each. Of
    whole areas. Equal to the published summary where the sketch is a district by name; else it is computed here, and
    must be called so. Empty where no deprivation rank is loaded.
    """
    if not {RANK, SCORE} <= set(evidence.values.columns):
        return pd.Series(dtype="float64")
    values = evidence.values.loc[reached.areas, [RANK, SCORE]]
    ranked = int(evidence.values[RANK].notna().sum())
    people, place = evidence.areas.loc[reached.areas, "residents"], pd.Series("sketch", index=reached.areas)
    return area_summary(values[RANK], people, place, scores=values[SCORE], n=ranked).iloc[0]


# places -------------------------------------------------------------------------------------------------------------


def _inside(caught: Sequence[Catchment], sites: Table, areas: pd.Series[str]) -> Table:
    """The placed sites inside any of the sketches; in areas chosen by name, those that stand in one of them."""
    points = sites[["easting", "northing"]].to_numpy(dtype=np.float64)
    inside = np.zeros(len(sites), dtype=bool)
    for one in caught:
        if one.candidate.codes:
            inside |= np.asarray(areas.reindex(sites.index).isin(one.candidate.codes))
        else:
            inside |= one.candidate.holds(points)
    return sites[inside]


def _overlaps(caught: Sequence[Catchment], now: Today) -> Table:
    rows = []
    for one, other in combinations(caught, 2):
        common, first, second = np.intersect1d(one.places, other.places, return_indices=True)
        if len(common):
            shares = np.minimum(one.shares[first], other.shares[second])
            rows.append(
                (
                    one.candidate.name,
                    other.candidate.name,
                    len(common),
                    float(np.nansum(now.residents[common] * shares)),
                    float(np.nansum(now.in_need[common] * shares)),
                )
            )
    return pd.DataFrame(rows, columns=["first", "second", "areas", "people", "people_in_need"])


def _missed(shares: _Floats, now: Today, sites: _Floats | None) -> Table:
    """Areas of the place outside every sketch and, where ``sites`` are given, without a site of today in reach."""
    missed = now.in_place & ~(shares > 0)
    if sites is not None:
        missed &= ~(sites > 0)
    rows = now.found.framed.reindex(now.index[missed])
    table = rows[["area_name", "lad24_name", "residents", "people_in_need", "desert"]]
    return table.sort_values("people_in_need", ascending=False, kind="stable")


# capacity -----------------------------------------------------------------------------------------------------------

_BECOMES = {
    "with_service": "A sketch has capacity for the cases they would bring",
    "no_capacity": "In a sketch's catchment, but no capacity left",
    "capacity_not_stated": "In a sketch's catchment; its hours are not stated",
    "existing_only": "In reach of a site of today only; its capacity is not published",
    "outside": "Outside every sketch, and no site in reach",
}


def _split(caught: Sequence[Catchment], now: Today, assumptions: Assumptions) -> Table:
    """What becomes of the people in need of the place, nearest first until a sketch is full."""
    per_person = assumptions["cases_per_person_in_need"].likely
    here = np.where(now.in_place, np.nan_to_num(now.in_need), 0.0)  # a missing figure is counted in the notes
    demand = here * per_person
    served, inside, unstated = np.zeros(len(here)), np.zeros(len(here), dtype=bool), np.zeros(len(here), dtype=bool)
    for one in caught:
        inside[one.places] = True
        unstated[one.places] |= not one.candidate.offer.says_how_much
    _serve([one for one in caught if one.candidate.offer.says_how_much], now, demand, served, assumptions)
    share = np.divide(served, demand, out=np.zeros(len(here)), where=demand > 0)
    left = here * (1 - share)
    in_reach = now.column("sites_in_reach") > 0
    amounts = {
        "with_service": here * share,
        "no_capacity": left * (inside & ~unstated),
        "capacity_not_stated": left * unstated,
        "existing_only": left * (~inside & in_reach),
        "outside": left * (~inside & ~in_reach),
    }
    people = {name: float(values.sum()) for name, values in amounts.items()}
    if not now.found.known:  # nobody can say who is in reach of a site of today
        people["existing_only"], people["outside"] = math.nan, people["existing_only"] + people["outside"]
    table = pd.DataFrame({"label": _BECOMES, "people_in_need": people})
    table["cases_a_year"] = table["people_in_need"] * per_person
    return table.rename_axis("becomes")


def _serve(caught: Sequence[Catchment], now: Today, demand: _Floats, served: _Floats, assumptions: Assumptions) -> None:
    """Give the nearest areas their cases first, until each sketch is full; ties by the order of sketch and area."""
    room = np.array([cases_a_year(one.candidate.offer, assumptions).likely for one in caught])
    if not len(caught):
        return
    where = np.concatenate([one.places for one in caught])
    who = np.repeat(np.arange(len(caught)), [len(one.places) for one in caught])
    metres = [np.hypot(*(now.points[one.places] - one.candidate.anchor).T) for one in caught]
    for pair in np.lexsort((where, who, np.concatenate(metres))):
        area, sketch = where[pair], who[pair]
        given = min(demand[area] - served[area], room[sketch])
        if given > 0:
            served[area] += given
            room[sketch] -= given


# words --------------------------------------------------------------------------------------------------------------


def _more_credits(now: Today) -> list[str]:
    names = [*_condition_layers(now.evidence), *(name for name in (DECILE,) if name in now.evidence.layers.index)]
    return [line for line in now.evidence.attribution(names) if line not in now.found.attribution]


def _notes(caught: Sequence[Catchment], codes: pd.Index[str], in_need: _Floats, now: Today) -> tuple[str, ...]:
    notes = [note for one in caught for note in one.candidate.notes]
    if len(caught) == 1 and caught[0].on_trust:
        notes.append("No area's centre lies inside: the one area that it stands in is counted whole.")
    if unknown := int(np.isnan(in_need).sum()):
        notes.append(f"{unknown:,} of these {len(codes):,} areas have no figure of people in need; they add nobody.")
    return (*dict.fromkeys(notes), *_doubts(codes, now.evidence))


def _doubts(codes: pd.Index[str], evidence: Evidence) -> list[str]:
    """Where patients and residents part company, and how many people live there."""
    if "registered_per_resident" not in evidence.values:
        return []
    residents = evidence.areas.loc[codes, "residents"].astype("float64")
    flags = area_doubts(evidence.values.loc[codes, "registered_per_resident"], residents)
    people = {code: residents[flags == code] for code in DOUBTS}
    return [
        f"Condition figures are doubtful in {len(there):,} of these {len(codes):,} areas ({there.sum():,.0f} people), "
        f"with {DOUBTS[code]}."
        for code, there in people.items()
        if len(there)
    ]
