"""Travel-time catchments: which areas are at most so many minutes away from a point, and what made the minutes.

Minutes come from kept journeys where the point stands on a site that they go to, over roads or from the user's own
matrix; else from an estimate for each area: the straight line from its population-weighted centre, how much longer
roads are there (by its rural-urban class) and a speed. So a catchment is a set of areas, never a circle. The map and
the figures take the same set, from `catchment_of`, and `CatchmentAreas.how` says what made it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.journeys import MODES, Journeys, StraightLine, list_journeys, load_journeys, minutes_for, trip_rates
from hjp_geo.plan.ways import placed_areas
from hjp_geo.siting.candidate import Candidate

__all__ = [
    "ESTIMATE",
    "CatchmentAreas",
    "areas_by_journeys",
    "areas_within",
    "catchment_of",
    "minutes_from",
    "resolved",
    "short_label",
]

_Floats: TypeAlias = npt.NDArray[np.float64]

_BUS_KM_H = 15.0
ESTIMATE = StraightLine(
    speed_km_h={
        **StraightLine().speed_km_h,
        "public_transport": {"urban": _BUS_KM_H, "rural": _BUS_KM_H, "unknown": _BUS_KM_H},
    }
)
"""What is assumed of a sketched catchment where no kept journeys go to its point. Walking and driving as everywhere in
the tool; public transport at 15 km/h from door to door, waiting included (ours): it knows no timetable."""

_ON_SITE_METRES = 50.0
"""A point so near to a site that kept journeys go to is taken to stand on it."""
_SHORT = {"walk": "walk", "drive": "drive", "public_transport": "public transport"}


@dataclass(frozen=True, eq=False)
class CatchmentAreas:
    """The areas of one travel-time catchment, and what made it."""

    minutes: AreaValues
    """By area, sorted: the minutes to the point, all of them at most the catchment's; where only the area that it
    stands in was found, missing."""
    how: str
    """What made the minutes, as a sentence to print beside every figure."""
    estimated: bool
    """Whether they are an estimate and not kept journeys."""
    on_trust: bool
    """Whether no area's centre is within the minutes, so that the one area the point stands in is counted."""
    ground: BaseGeometry
    """The ground of these areas, in the British National Grid."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The area codes, sorted."""
        return tuple(self.minutes.index)


def areas_within(
    areas: Table,
    point: tuple[float, float],
    minutes: float,
    *,
    mode: str,
    rural_urban: pd.Series[str] | None = None,
    assumptions: StraightLine = ESTIMATE,
) -> AreaValues:
    """Estimated minutes to a point from each area that is at most so many away, inclusive; sorted by area.

    Parameters
    ----------
    areas
        Indexed by ``area_code``, with ``easting`` and ``northing`` of the population-weighted centre in metres
        (EPSG:27700); an area without them is in no catchment.
    point
        Easting and northing.
    rural_urban
        By area, as for `hjp_geo.journeys.straight_line_journeys`; an area without a class is ``unknown``.

    More minutes never lose an area, and what can be walked in a time can be driven in it. `PlanError` for a mode that
    the assumptions have no speed for.
    """
    rates = trip_rates(areas, mode=mode, rural_urban=rural_urban, assumptions=assumptions)
    return _at_most(minutes, _estimated(areas, rates, point))


def areas_by_journeys(journeys: Journeys, site_id: str, minutes: float) -> AreaValues:
    """Minutes to a site from each area that kept journeys bring there in at most so many, inclusive; sorted by area.

    Empty where they do not go there. `PlanError` where they were made for fewer minutes.
    """
    costs = journeys.limited_to(sites=pd.Index([site_id])).within(minutes).costs
    found = pd.Series(costs["minutes"].to_numpy(), index=pd.Index(costs["area_code"].astype("str")), name="minutes")
    return found.sort_index()


def catchment_of(candidate: Candidate, evidence: Evidence) -> CatchmentAreas:
    """The areas of a travel-time catchment, by kept journeys where they go to its point, else by the estimate.

    Of several kept journeys by the mode the newest that go there and so far. Where no area's centre is in reach it is
    the one area that the point stands in; `GeographyError` where that is none. `PlanError` for another candidate.
    """
    if candidate.minutes is None:
        raise PlanError(f"{candidate.name} has no minutes: it is no travel-time catchment.")
    place = (float(candidate.geometry.x), float(candidate.geometry.y))
    found = _found(evidence, place, (candidate.minutes, candidate.mode), _kept_stamp(_cache_of(evidence)))
    if found is None:
        raise GeographyError(f"{candidate.name} lies outside every area of the data. Put it on the map of the place.")
    return found


def resolved(candidate: Candidate, evidence: Evidence) -> Candidate:
    """The candidate with the areas that it reaches in its minutes, and a note of what made them; another as it is."""
    if candidate.minutes is None:
        return candidate
    found = catchment_of(candidate, evidence)
    notes = (*candidate.notes, found.how)
    return replace(candidate, codes=found.codes, ground=found.ground, notes=notes)


def minutes_from(candidate: Candidate, evidence: Evidence, mode: str) -> AreaValues:
    """Estimated minutes from every placed area to a candidate's point by a mode, however far; 0 where it has none."""
    areas = placed_areas(evidence)
    if not candidate.has_point:
        return pd.Series(0.0, index=areas.index, name="minutes")
    return _estimated(areas, _rates(evidence, mode), (candidate.geometry.x, candidate.geometry.y))


def short_label(candidate: Candidate, found: CatchmentAreas) -> str:
    """The catchment in a few words for the map: minutes, mode, and whether they are estimated."""
    made = "estimated" if found.estimated else "kept journeys"
    return f"{candidate.minutes:g} min {_SHORT[candidate.mode]} ({made})"


# finding ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _found(
    evidence: Evidence, place: tuple[float, float], reach: tuple[float, str], kept_stamp: int
) -> CatchmentAreas | None:
    minutes, mode = reach
    by_journeys, how = _by_kept(evidence, place, reach, kept_stamp)
    if by_journeys is None:
        areas = placed_areas(evidence)
        found = _at_most(minutes, _estimated(areas, _rates(evidence, mode), place))
    else:
        found = by_journeys[by_journeys.index.isin(evidence.areas.index)]
    on_trust = found.empty
    if on_trust:
        standing = evidence.areas_at(np.array([place]))[0]
        if standing is None:
            return None
        found = pd.Series([math.nan], index=pd.Index([standing], name="area_code"), name="minutes")
    return CatchmentAreas(found, how, by_journeys is None, on_trust, _ground(found.index, evidence))


def _at_most(minutes: float, found: AreaValues) -> AreaValues:
    return found[found <= minutes].sort_index()


def _estimated(areas: Table, rates: Table, place: tuple[float, float]) -> AreaValues:
    apart = areas[["easting", "northing"]].to_numpy(dtype=np.float64, na_value=np.nan) - np.array(place)
    km: _Floats = np.hypot(apart[:, 0], apart[:, 1]) / 1000.0
    return pd.Series(minutes_for(km, rates), index=areas.index, name="minutes")


@lru_cache(maxsize=8)
def _rates(evidence: Evidence, mode: str) -> Table:
    areas = placed_areas(evidence)
    classes = areas["rural_urban"] if "rural_urban" in areas.columns else None
    return trip_rates(areas, mode=mode, rural_urban=classes, assumptions=ESTIMATE)


def _ground(codes: pd.Index[str], evidence: Evidence) -> BaseGeometry:
    shapes = evidence.boundaries.loc[codes].to_numpy()
    ground = shapely.coverage_union_all(shapes)  # 300 areas: 7 ms, against 210 ms without their shared edges
    return ground if ground.is_valid else shapely.union_all(shapes)


# kept journeys ------------------------------------------------------------------------------------------------------


def _by_kept(
    evidence: Evidence, place: tuple[float, float], reach: tuple[float, str], kept_stamp: int
) -> tuple[AreaValues | None, str]:
    """Minutes by kept journeys, or None, and what makes the minutes in words."""
    minutes, mode = reach
    words = f"{minutes:g} minutes {MODES[mode]}"
    kept = _kept(_cache_of(evidence), mode, kept_stamp)
    for _, journeys in kept:
        site_id = _site_at(place, journeys, evidence)
        if site_id is not None and (journeys.cutoff_minutes is None or journeys.cutoff_minutes >= minutes):
            where = _site_name(site_id, evidence)
            return areas_by_journeys(
                journeys, site_id, minutes
            ), f"{words} to {where}, by kept journeys. {journeys.how}"
    names = ", ".join(name for name, _ in kept)
    why = f" The kept journeys {names} know no way of {minutes:g} minutes to this point." if names else ""
    return None, f"{words}. {ESTIMATE.words(mode)}{why}"


def _site_at(place: tuple[float, float], journeys: Journeys, evidence: Evidence) -> str | None:
    """The nearest site of the journeys that the point stands on; ties by code."""
    sites = pd.concat([one[["easting", "northing"]] for one in (evidence.sites, evidence.health_sites)])
    sites = sites[sites.index.isin(journeys.costs["site_id"].cat.categories)].dropna().sort_index()
    metres = np.hypot(*(sites.to_numpy(dtype=np.float64) - np.array(place)).T)
    if not len(metres) or metres.min() > _ON_SITE_METRES:
        return None
    return str(sites.index[int(metres.argmin())])


def _site_name(site_id: str, evidence: Evidence) -> str:
    for sites in (evidence.health_sites, evidence.sites):
        if site_id in sites.index:
            return f"{sites['site_name'].loc[site_id]!s} ({site_id})"
    return site_id


def _cache_of(evidence: Evidence) -> Path:
    return evidence.warehouse.path.parent


def _kept_stamp(cache: Path) -> int:
    """When journeys were last kept or removed: what is remembered of them holds until then."""
    home = cache / "journeys"
    return home.stat().st_mtime_ns if home.is_dir() else 0


@lru_cache(maxsize=8)
def _kept(cache: Path, mode: str, kept_stamp: int) -> tuple[tuple[str, Journeys], ...]:
    """The kept journeys by a mode, the newest first."""
    if not kept_stamp:
        return ()
    listed = list_journeys(cache)
    return tuple((name, load_journeys(cache, name)) for name in listed.index[listed["mode"] == mode])
