"""What a search is made over: the areas of a place, those sites that are there, and those that could be."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.access import CostMatrix, nearest_site, straight_line_costs, without_coordinates
from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import PlanError, SchemaError
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.plan import Answer

__all__ = ["CANDIDATE_KINDS", "CandidateKind", "Gathered", "candidate_sites", "pairs_of", "people_to_serve"]

CandidateKind: TypeAlias = Literal["gp_practices", "health_sites", "libraries", "listed"]
CANDIDATE_KINDS: Mapping[str, str] = {
    "gp_practices": "GP practices",
    "health_sites": "health sites",
    "libraries": "libraries",
    "listed": "sites of your list",
}
"""What candidates are called."""

NEED_WEIGHTED = "need_weighted"
"""Instead of a people layer: residents, each counted by the need score of their area (0 to 100 becomes 0 to 1)."""

_COLUMNS = ["site_name", "easting", "northing"]
_MOST_PAIRS = 6_000_000
"""Pairs of areas and candidates that are compared at once: about 1 GB."""
_MOST_KM = 50.0

_Places: TypeAlias = npt.NDArray[np.intp]
_Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gathered:
    """The candidates of a search, and what was left out of their list."""

    sites: Table
    """Indexed by ``site_id``, sorted: site_name, easting, northing, and whatever else the list says."""
    notes: tuple[str, ...]


def people_to_serve(found: Answer, evidence: Evidence, need: str) -> AreaValues:
    """One number per placed area of the place: people of a layer, or residents weighted by need."""
    codes = found.areas.index
    placed = codes[evidence.areas.loc[codes, "easting"].notna()]
    if need == NEED_WEIGHTED:
        most = max(100.0, float(found.framed["need"].max()))
        residents, score = (found.areas.loc[placed, name].astype("float64") for name in ("residents", "need"))
        weighted: AreaValues = residents * score / most
        return weighted
    known = evidence.layer_names("people")
    if need not in known:
        raise PlanError(
            f"need is '{need[:60]}', expected {NEED_WEIGHTED} or a people layer: {', '.join(sorted(known))}."
        )
    people: AreaValues = evidence.values.loc[placed, need].astype("float64")
    return people


def candidate_sites(
    evidence: Evidence,
    found: Answer,
    kind: CandidateKind,
    listed: Table | None,
    *,
    required: Collection[str],
    forbidden: Collection[str],
) -> Gathered:
    """The sites that could be chosen: of the warehouse, those that stand in the place; of a list, all of it.

    Sites at one and the same point are one candidate: they would reach the same people.
    """
    sites = _of_kind(evidence, kind, listed)
    notes = []
    nowhere = without_coordinates(sites)
    sites = sites.drop(nowhere)
    if len(nowhere):
        notes.append(f"Left out of the whole list, as their place is not known: {_some(nowhere)}.")
    if kind != "listed" and found.place.code != ENGLAND:
        sites = sites[_stands_in(evidence, sites, found.areas.index)]
    if unknown := sorted({*required, *forbidden} - set(sites.index)):
        raise PlanError(
            f"{_some(pd.Index(unknown))}: not among the {len(sites):,} {CANDIDATE_KINDS[kind]} of {found.place.name}. "
            f"Correct the code, or choose other candidates."
        )
    merged = _merged(sites.drop(sorted(set(forbidden) - set(required))), set(required))
    if (spare := len(sites) - len(merged) - len(set(forbidden))) > 0:
        notes.append(f"{spare:,} candidates share a building with another one and are not listed on their own.")
    if both := sorted(set(required) & set(forbidden)):
        raise PlanError(f"{_some(pd.Index(both))}: both required and forbidden. Take it out of one of the two.")
    if merged.empty:
        raise PlanError(f"No {CANDIDATE_KINDS[kind]} to choose from in {found.place.name}. Choose other candidates.")
    return Gathered(merged, tuple(notes))


def _of_kind(evidence: Evidence, kind: CandidateKind, listed: Table | None) -> Table:
    if kind == "listed":
        return _checked_list(listed)
    if kind == "gp_practices":
        return evidence.health_sites[evidence.health_sites["kind"] == "gp_practice"].sort_index()
    venues = _venues(evidence)
    if kind == "health_sites":
        return evidence.health_sites.sort_index() if venues.empty else venues[venues["kind"] != "library"]
    libraries = venues[venues["kind"] == "library"]
    if libraries.empty:
        raise PlanError(
            "This warehouse holds no list of libraries. Give your own list of sites, or choose gp_practices."
        )
    return libraries


def _venues(evidence: Evidence) -> Table:
    """The warehouse's table of health sites and libraries, where it has one; empty where not."""
    held = evidence.warehouse.query("SELECT table_name FROM duckdb_tables() WHERE table_name = 'venues'")
    if held.empty:
        return evidence.health_sites.iloc[:0]
    return _checked_list(evidence.warehouse.table("venues").rename(columns={"name": "site_name"}))


def _checked_list(listed: Table | None) -> Table:
    """A list of sites, indexed by ``site_id`` and sorted; `SchemaError` names what it lacks."""
    if listed is None:
        raise PlanError("candidates is 'listed', but no list was given. Give a table: site_id, site_name and a place.")
    table = listed.reset_index() if listed.index.name == "site_id" else listed
    if absent := [name for name in ("site_id", *_COLUMNS) if name not in table.columns]:
        found = ", ".join(str(name) for name in table.columns[:12])
        raise SchemaError(f"The list of sites has no column {', '.join(absent)}; found {found}. Add it.")
    if table["site_id"].isna().any() or table["site_id"].duplicated().any():
        raise SchemaError("The list of sites has a site_id that is empty or there twice. Give each site its own.")
    table = table.assign(site_id=table["site_id"].astype("str"), site_name=table["site_name"].astype("str"))
    return table.set_index("site_id").sort_index()


def _stands_in(evidence: Evidence, sites: Table, codes: pd.Index[str]) -> npt.NDArray[np.bool_]:
    known = evidence.health_site_areas
    if sites.index.isin(known.index).all():
        return np.asarray(known.reindex(sites.index).isin(codes))
    points = sites[["easting", "northing"]].to_numpy(dtype="float64")
    return np.isin(np.array(evidence.areas_at(points), dtype=object), codes.to_numpy(dtype=object))


def _merged(sites: Table, required: set[str]) -> Table:
    """One candidate for each point: the required ones, else the first by code, named with how many there are."""
    if sites.empty:
        return sites
    point = sites.groupby([sites["easting"].round(), sites["northing"].round()]).ngroup()
    is_required = sites.index.isin(required)
    count = point.map(point.value_counts())
    taken = set(point[is_required])
    first = ~point.duplicated() & ~point.isin(taken)
    kept = sites[is_required | first].copy()
    more = count[kept.index] - 1
    also = more.map(lambda number: f" (and {number} more in the building)" if number else "")
    kept["site_name"] = kept["site_name"].where(more == 0, kept["site_name"] + also)
    return kept


def pairs_of(areas: Table, existing: Table, candidates: Table, *, cutoff_km: float | None) -> CostMatrix:
    """Straight-line km between areas and the sites that matter to them.

    Of existing sites, only the nearest of each area, however far. Of candidates, those within the cutoff; without one,
    those that are nearer than the nearest existing site. `PlanError` where that is too many to compare.
    """
    if both := sorted(set(existing.index) & set(candidates.index)):
        raise PlanError(f"{_some(pd.Index(both))}: already a counted site of the topic. Take it out of the list.")
    nearest = nearest_site(areas, existing)
    used = pd.Index(nearest["site_id"].dropna().unique())
    sites = pd.Index(np.concatenate([used.to_numpy(), candidates.index.to_numpy()]), dtype="str").sort_values()
    limit = nearest["km"].to_numpy(dtype="float64")
    limit = np.where(np.isnan(limit), math.inf, limit) if cutoff_km is None else np.full(len(areas), cutoff_km)
    rows, columns, km = _within_own(areas, candidates, limit, is_strict=cutoff_km is None)
    held = np.flatnonzero(nearest["site_id"].notna())
    rows = np.concatenate([rows, held])
    to = sites.get_indexer(candidates.index)[columns]
    columns = np.concatenate([to, sites.get_indexer(pd.Index(nearest["site_id"].iloc[held]))])
    km = np.concatenate([km, nearest["km"].to_numpy()[held]])
    order = np.lexsort((columns, rows))
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(areas)))])
    return CostMatrix(
        areas=areas.index,
        sites=sites.rename("site_id"),
        costs=km[order],
        columns=columns[order].astype(np.int32),
        row_starts=starts.astype(np.int32),
        unit="km",
        unreachable_pairs=0,
    )


def _within_own(areas: Table, sites: Table, limit_km: _Floats, *, is_strict: bool) -> tuple[_Places, _Places, _Floats]:
    """Pairs at most (or, strictly, less than) each area's own limit apart, found in bands of similar limits."""
    where = [one[["easting", "northing"]].reset_index(drop=True) for one in (areas, sites)]
    band = np.ceil(np.log2(np.maximum(limit_km, 0.25)))
    found = []
    total = 0
    for one in np.unique(band):
        chosen = np.flatnonzero(band == one)
        reach = float(limit_km[chosen].max())
        if math.isinf(reach):
            reach = 2_000.0  # further than England is long
            _refuse_too_many(total + len(chosen) * len(sites))
        near = straight_line_costs(where[0].iloc[chosen], where[1], cutoff_km=max(reach, 1e-3))
        km, own = near["km"].to_numpy(), near["area_code"].to_numpy()
        inside = km < limit_km[own] if is_strict else km <= limit_km[own]
        found.append((own[inside], near["site_id"].to_numpy()[inside], km[inside]))
        total += int(inside.sum())
        _refuse_too_many(total)
    if not found:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0)
    rows, columns, km = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows.astype(np.intp), columns.astype(np.intp), km


def _refuse_too_many(pairs: int) -> None:
    if pairs > _MOST_PAIRS:
        raise PlanError(
            f"This compares {pairs:,} pairs of areas and candidates; at most {_MOST_PAIRS:,} are. Choose mclp with a "
            f"cutoff, keep the existing sites, or search a smaller place."
        )


def _some(codes: pd.Index[str]) -> str:
    shown = ", ".join(str(code)[:40] for code in codes[:5])
    return shown + (f" and {len(codes) - 5:,} more" if len(codes) > 5 else "")
