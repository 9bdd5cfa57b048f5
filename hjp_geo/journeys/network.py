"""Journeys over the roads of the user's OpenStreetMap extract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.errors import GeographyError
from hjp_geo.journeys.kept import find_journeys, save_journeys
from hjp_geo.journeys.router import (
    MOST_SNAP_METRES,
    WALKING_KM_H,
    Router,
    Say,
    extract_sha256,
    router_on,
    valhalla_version,
)
from hjp_geo.journeys.shape import MODES, Journeys, check_cutoff, check_mode, cost_table, digest
from hjp_geo.journeys.straight import least_minutes

__all__ = ["journeys_on", "network_journeys"]

_Floats: TypeAlias = NDArray[np.float64]
_Positions: TypeAlias = NDArray[np.int64]

_FASTEST_KM_H = {"walk": 4.8, "drive": 100.0}
"""Nobody is faster from door to door: pairs too far apart for that are not tried."""
_AREAS_AT_ONCE = 100
_SITES_AT_ONCE = 500
_POINTS_AT_ONCE = 2_000
_DECIMALS = 6


def network_journeys(
    extract: Path,
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    mode: str,
    cutoff_minutes: float,
    cache: Path,
    say: Say = print,
) -> Journeys:
    """Minutes over the roads of an OpenStreetMap extract, on foot or by car, from every area to every site in reach.

    ``areas`` and ``sites`` are indexed by code with ``easting`` and ``northing`` (EPSG:27700); an area's ``within_km``,
    where given, is the least that its trips count. The network is built once an extract and the journeys once a
    question; both are kept in ``cache`` and found again. ``say`` is called with each step.

    Cars go at the speeds of the roads without traffic. A place is moved to the nearest road at most 2 km away, which
    ``snapped`` reports, and the gap is walked; a place further off has no journeys. PlanError says what to do where
    Valhalla is not installed or the extract is none.
    """
    check_mode(mode, tuple(_FASTEST_KM_H))
    check_cutoff(cutoff_minutes)
    areas, sites = areas.sort_index(), sites.sort_index()
    engine = f"Valhalla {valhalla_version()}"
    sha = extract_sha256(extract)
    made_from = _made_from(sha, engine, areas, sites, (mode, cutoff_minutes))
    if (kept := find_journeys(cache, mode, made_from)) is not None:
        say("These journeys were made before and are used again.")
        return kept
    router = router_on(extract, cache, mode, cutoff_minutes, say)
    how = (
        f"Times {MODES[mode]} over the roads of {extract.name} (OpenStreetMap, SHA-256 {sha[:12]}…) by {engine}"
        + (", without traffic" if mode == "drive" else f", at {WALKING_KM_H:g} km/h")
        + "; the gap between a place and the nearest road is walked. © OpenStreetMap contributors (ODbL)."
    )
    journeys = journeys_on(router, areas, sites, (mode, float(cutoff_minutes), how, made_from), say)
    save_journeys(journeys, cache)
    return journeys


def journeys_on(
    router: Router, areas: pd.DataFrame, sites: pd.DataFrame, about: tuple[str, float, str, str], say: Say
) -> Journeys:
    """Journeys on any router; ``about`` is the mode, the cutoff in minutes, how, and what they are made from."""
    mode, cutoff, how, made_from = about
    grid = {"area": _points(areas, "areas"), "site": _points(sites, "sites")}
    gaps = {kind: _gaps(router, points, say, kind) for kind, points in grid.items()}
    rows, columns, minutes = _routed(router, grid, gaps, (mode, cutoff), say)
    minutes = np.maximum(minutes, least_minutes(areas, mode)[rows]).round(_DECIMALS)
    inside = minutes <= cutoff
    snapped = _snapped(areas.index, sites.index, gaps)
    return Journeys(
        costs=cost_table(areas.index, sites.index, (rows[inside], columns[inside], minutes[inside])),
        mode=mode,
        how=how,
        made_from=made_from,
        snapped=snapped,
        cutoff_minutes=cutoff,
        notes=_notes(snapped),
    )


def _routed(
    router: Router, grid: dict[str, _Floats], gaps: dict[str, _Floats], limits: tuple[str, float], say: Say
) -> tuple[_Positions, _Positions, _Floats]:
    """Area, site and minutes of the pairs that can be made in time, the gaps at both ends walked."""
    mode, cutoff = limits
    on_road = {kind: np.flatnonzero(~np.isnan(gap)) for kind, gap in gaps.items()}
    lonlat = {kind: _lonlat(points) for kind, points in grid.items()}
    walked = {kind: gap / 1000.0 / WALKING_KM_H * 60.0 for kind, gap in gaps.items()}
    furthest = cutoff / 60.0 * _FASTEST_KM_H[mode] * 1000.0
    rows, columns, minutes = [], [], []
    for share, some_areas, some_sites in _blocks(grid, on_road, furthest):
        taken = router.minutes(lonlat["area"][some_areas], lonlat["site"][some_sites])
        taken = taken + walked["area"][some_areas][:, None] + walked["site"][some_sites]
        i, j = np.nonzero(taken <= cutoff)  # missing is not at most anything
        rows.append(some_areas[i])
        columns.append(some_sites[j])
        minutes.append(taken[i, j])
        say(f"    journeys {MODES[mode]}: {share:.0%} of the areas …")
    none = np.empty(0, dtype=np.int64)
    return (
        np.concatenate([none, *rows]),
        np.concatenate([none, *columns]),
        np.concatenate([np.empty(0), *minutes]),
    )


def _blocks(
    grid: dict[str, _Floats], on_road: dict[str, _Positions], furthest_metres: float
) -> Iterator[tuple[float, _Positions, _Positions]]:
    """Areas near each other, and the sites that any of them might reach, in pieces that one request can hold.

    First the share of all areas that are done with this piece.
    """
    if not len(on_road["site"]) or not len(on_road["area"]):
        return
    sites = cKDTree(grid["site"][on_road["site"]])
    areas = on_road["area"][_along_a_curve(grid["area"][on_road["area"]])]
    for start in range(0, len(areas), _AREAS_AT_ONCE):
        some = areas[start : start + _AREAS_AT_ONCE]
        near = sites.query_ball_point(grid["area"][some], furthest_metres)
        wanted = on_road["site"][np.unique(np.concatenate([np.asarray(one, dtype=np.int64) for one in near]))]
        for first in range(0, len(wanted), _SITES_AT_ONCE):
            yield (start + len(some)) / len(areas), some, wanted[first : first + _SITES_AT_ONCE]


def _along_a_curve(points: _Floats) -> _Positions:
    """An order in which neighbours stand together: the bits of easting and northing, one of each in turn."""
    cells = (np.clip(points, 0, None) / 1000.0).astype(np.int64)
    key = np.zeros(len(points), dtype=np.int64)
    for bit in range(12):
        for axis in (0, 1):
            key |= ((cells[:, axis] >> bit) & 1) << (2 * bit + axis)
    return np.argsort(key, kind="stable")


def _gaps(router: Router, points: _Floats, say: Say, kind: str) -> _Floats:
    """Metres from each point to the nearest road; missing where none is near enough."""
    say(f"    looking for the road nearest to {len(points):,} {kind}s …")
    lonlat = _lonlat(points)
    pieces = [router.metres_to_road(lonlat[at : at + _POINTS_AT_ONCE]) for at in range(0, len(points), _POINTS_AT_ONCE)]
    return np.concatenate([np.empty(0), *pieces])


def _points(places: pd.DataFrame, name: str) -> _Floats:
    points = places[["easting", "northing"]].to_numpy(dtype=np.float64, na_value=np.nan)
    nowhere = places.index[~np.isfinite(points).all(axis=1)]
    if len(nowhere):
        raise GeographyError(
            f"{len(nowhere)} of {len(places)} {name} have no coordinates: {', '.join(map(str, nowhere[:5]))}. Leave "
            f"them out and say so: a place on no map is not far away."
        )
    return points


def _lonlat(points: _Floats) -> _Floats:
    transformer = pyproj.Transformer.from_crs(BRITISH_NATIONAL_GRID, WGS84, always_xy=True)
    lon, lat = transformer.transform(points[:, 0], points[:, 1])
    return np.column_stack([lon, lat])


def _snapped(areas: pd.Index[str], sites: pd.Index[str], gaps: dict[str, _Floats]) -> Table:
    return pd.DataFrame(
        {
            "kind": pd.Series(["area"] * len(areas) + ["site"] * len(sites), dtype="str"),
            "code": pd.Series([*areas, *sites], dtype="str"),
            "metres": np.concatenate([gaps["area"], gaps["site"]]),
        }
    )


def _notes(snapped: Table) -> tuple[str, ...]:
    """How far places were moved, and which were on no road."""
    said = []
    for kind in ("area", "site"):
        rows = snapped[snapped["kind"] == kind]
        metres = rows["metres"].dropna()
        if len(metres):
            said.append(
                f"{kind.capitalize()}s were moved to the nearest road: half of them by at most "
                f"{metres.median():,.0f} m, the furthest by {metres.max():,.0f} m."
            )
        if off := len(rows) - len(metres):
            examples = ", ".join(rows.loc[rows["metres"].isna(), "code"].head(3))
            said.append(
                f"{off:,} {kind}s are over {MOST_SNAP_METRES:,} m from any road and have no journeys: {examples}."
            )
    return tuple(said)


def _made_from(sha: str, engine: str, areas: pd.DataFrame, sites: pd.DataFrame, question: tuple[str, float]) -> str:
    least = least_minutes(areas, question[0])
    points = [places[["easting", "northing"]].to_numpy(dtype=np.float64) for places in (areas, sites)]
    return digest(sha, engine, areas.index, points[0], least, sites.index, points[1], *question)
