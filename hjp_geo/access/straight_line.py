"""Straight-line costs between areas and sites: honest about being as the crow flies, exact at the limit."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hjp_geo.access.costs import sorted_codes
from hjp_geo.errors import GeographyError, PlanError, SchemaError

__all__ = ["nearest_site", "straight_line_costs", "without_coordinates"]

_Floats: TypeAlias = NDArray[np.float64]

_BEYOND = 1.0 + 1e-9
"""The search goes a hair too far; the exact comparison then decides."""


def straight_line_costs(areas: pd.DataFrame, sites: pd.DataFrame, *, cutoff_km: float) -> pd.DataFrame:
    """The straight-line distance in km between every area and every site at most ``cutoff_km`` apart.

    ``areas`` and ``sites`` are indexed by code, with columns ``easting`` and ``northing`` in metres (EPSG:27700).
    Columns ``area_code``, ``site_id``, ``km``, sorted by area then site. A pair exactly at the cutoff is inside; a pair
    further apart is absent. Places at the same point are 0 km apart.

    Raises GeographyError when a place has no coordinates, naming it: see ``without_coordinates``. SchemaError when a
    column is missing, PlanError when the cutoff is not above 0.
    """
    if not (cutoff_km > 0 and math.isfinite(cutoff_km)):
        raise PlanError(f"cutoff_km is {cutoff_km}; expected a number of km above 0.")
    area_codes, area_points = _located(areas, "areas")
    site_ids, site_points = _located(sites, "sites")
    i, j = _pairs_within(area_points, site_points, cutoff_km * 1000.0 * _BEYOND)
    squared = _squared_metres(area_points[i], site_points[j])
    km = np.sqrt(squared) / 1000.0  # exact for whole metres, and compared as the decays compare it
    inside = km <= cutoff_km
    i, j, km = i[inside], j[inside], km[inside]
    order = np.lexsort((j, i))
    return pd.DataFrame(
        {
            "area_code": area_codes.take(i[order]),
            "site_id": site_ids.take(j[order]),
            "km": km[order],
        }
    )


def nearest_site(areas: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """The site nearest to each area in a straight line, and how many km away it is, however far.

    Inputs as for ``straight_line_costs``. Indexed by ``area_code``, sorted; columns ``site_id`` and ``km``, both
    missing when there is no site at all. Sites equally near are settled by ``site_id``, the first in order.
    """
    area_codes, area_points = _located(areas, "areas")
    site_ids, site_points = _located(sites, "sites")
    if len(site_ids) == 0:
        nothing = {"site_id": pd.array([pd.NA] * len(area_codes), dtype="str"), "km": np.full(len(area_codes), np.nan)}
        return pd.DataFrame(nothing, index=area_codes)
    nearest, squared = _nearest(area_points, site_points)
    return pd.DataFrame(
        {"site_id": site_ids.take(nearest).to_numpy(), "km": np.sqrt(squared) / 1000.0}, index=area_codes
    )


def without_coordinates(places: pd.DataFrame) -> pd.Index[str]:
    """The codes of the places that have no easting or no northing, sorted: report them, then leave them out."""
    _require_columns(places, "places")
    return places.index[places[["easting", "northing"]].isna().any(axis=1)].sort_values()


def _located(places: pd.DataFrame, name: str) -> tuple[pd.Index[str], _Floats]:
    """The codes, sorted, and their points; a place that is nowhere is an error."""
    _require_columns(places, name)
    order, codes = sorted_codes(places.index, name, "area_code" if name == "areas" else "site_id")
    points = places[["easting", "northing"]].to_numpy(dtype=np.float64, na_value=np.nan)[order]
    nowhere = codes[~np.isfinite(points).all(axis=1)]
    if len(nowhere):
        examples = ", ".join(str(code) for code in nowhere[:5])
        raise GeographyError(
            f"{len(nowhere)} of {len(codes)} {name} have no coordinates: {examples}. Show the list from "
            f"without_coordinates({name}) to the reader, then leave those out: a place on no map is not far away."
        )
    return codes, points


def _require_columns(places: pd.DataFrame, name: str) -> None:
    absent = {"easting", "northing"}.difference(places.columns)
    if absent:
        found = ", ".join(str(column) for column in places.columns) or "(none)"
        raise SchemaError(
            f"{name}: no column {', '.join(sorted(absent))}; found {found}. Expected metres in EPSG:27700."
        )


def _squared_metres(a: _Floats, b: _Floats) -> _Floats:
    """Exact for whole metres."""
    difference = a - b
    squared: _Floats = difference[..., 0] ** 2 + difference[..., 1] ** 2
    return squared


def _pairs_within(a: _Floats, b: _Floats, radius: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if len(a) == 0 or len(b) == 0:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    found = cKDTree(a).sparse_distance_matrix(cKDTree(b), radius, output_type="ndarray")
    return found["i"], found["j"]


def _nearest(areas: _Floats, sites: _Floats) -> tuple[NDArray[np.intp], _Floats]:
    """The first site, in order, among those at the least distance; a second search settles the ties exactly."""
    points, first = np.unique(sites, axis=0, return_index=True)
    tree = cKDTree(points)
    width = min(4, len(points))
    candidates = tree.query(areas, k=np.arange(1, width + 1))[1]
    squared = _squared_metres(areas[:, None, :], points[candidates])
    least = squared.min(axis=1)
    site = np.where(squared == least[:, None], first[candidates], len(sites)).min(axis=1)
    tied_to_the_last = np.flatnonzero((squared[:, -1] == least) & (width < len(points)))
    for area in tied_to_the_last:  # rare: five or more distinct points equally near
        around = np.array(tree.query_ball_point(areas[area], math.sqrt(least[area]) * _BEYOND))
        distance = _squared_metres(areas[area], points[around])
        site[area] = first[around][distance == distance.min()].min()
    return site, least
