"""Journeys without a road network: a straight line, times how much longer roads are, at an assumed speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hjp_geo.access import nearest_site, straight_line_costs
from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.journeys.shape import MODES, Journeys, check_cutoff, check_mode, cost_table, digest, no_snapping

__all__ = [
    "CLASSES",
    "StraightLine",
    "least_minutes",
    "minutes_for",
    "nearest_journey",
    "straight_line_journeys",
    "trip_rates",
    "within_km",
]

_Floats: TypeAlias = NDArray[np.float64]

CLASSES = ("urban", "rural", "unknown")
"""The classes of place that roads and speeds are assumed for."""

_DECIMALS = 6
"""Minutes are rounded here, so that a journey that takes exactly the cutoff on paper takes it in floating point too."""


def _detours() -> dict[str, float]:
    return {"urban": 1.3, "rural": 1.4, "unknown": 1.4}


def _speeds() -> dict[str, dict[str, float]]:
    return {
        "walk": {"urban": 4.8, "rural": 4.8, "unknown": 4.8},
        "drive": {"urban": 30.0, "rural": 50.0, "unknown": 30.0},
    }


@dataclass(frozen=True)
class StraightLine:
    """What is assumed where no roads are loaded. Our own round numbers, to be shown and changed; no source sets them.

    Roads are 1.3 to 1.4 times as long as the straight line in European studies (a mean of 1.34 to the centre of 300
    cities: Environment and Planning B, 2023). 4.8 km/h is a usual walking speed. An area of unknown class gets the
    longer way and the lower speed.
    """

    detour: Mapping[str, float] = field(default_factory=_detours)
    """By class: how many times longer the way is than the straight line, 1 or more."""
    speed_km_h: Mapping[str, Mapping[str, float]] = field(default_factory=_speeds)
    """By mode and class: the mean speed from door to door."""
    least_km: float = 0.25
    """No journey counts as shorter in a straight line: people live around the centre of their area, not on it. An
    area's own ``within_km`` takes its place where that is given."""

    def __post_init__(self) -> None:
        if sorted(self.detour) != sorted(CLASSES) or not all(factor >= 1 for factor in self.detour.values()):
            raise PlanError(f"detour is {dict(self.detour)}; expected 1 or more for each of {', '.join(CLASSES)}.")
        for mode, speeds in self.speed_km_h.items():
            if sorted(speeds) != sorted(CLASSES) or not all(speed > 0 for speed in speeds.values()):
                raise PlanError(f"speed_km_h of {mode} is {dict(speeds)}; expected more than 0 for each class.")
        if not self.least_km >= 0:
            raise PlanError(f"least_km is {self.least_km}; expected 0 km or more.")

    def minutes_per_km(self, mode: str) -> dict[str, float]:
        """By class: how long a straight-line km takes."""
        check_mode(mode, tuple(self.speed_km_h))
        return {one: self.detour[one] / self.speed_km_h[mode][one] * 60.0 for one in CLASSES}

    def words(self, mode: str) -> str:
        """The assumptions for a mode, as a sentence."""
        check_mode(mode, tuple(self.speed_km_h))
        speeds = self.speed_km_h[mode]
        parts = [f"{one} × {self.detour[one]:g} at {speeds[one]:g} km/h" for one in CLASSES]
        return (
            f"Estimated from the straight line {MODES[mode]}, not from roads: {', '.join(parts)} "
            f"(rural-urban class of the area); never less than {self.least_km:g} km or the area's own typical trip."
        )


def straight_line_journeys(
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    cutoff_minutes: float,
    mode: str = "drive",
    rural_urban: pd.Series[Any] | None = None,
    assumptions: StraightLine | None = None,
) -> Journeys:
    """Estimated minutes from every area to every site at most ``cutoff_minutes`` away, inclusive.

    Parameters
    ----------
    areas, sites
        Indexed by code, with ``easting`` and ``northing`` in metres (EPSG:27700). Areas may have ``within_km``: the
        typical straight-line km of a trip inside the area (:func:`within_km`), the least that any of its trips counts.
    rural_urban
        By area: whether it is urban, as True and False, as ``urban`` and ``rural``, or as codes or names of the 2021
        classification. An area without a class is ``unknown``, which has its own factors and is counted in the notes.

    A place without coordinates raises GeographyError: leave it out and say so.
    """
    assumptions = StraightLine() if assumptions is None else assumptions
    check_cutoff(cutoff_minutes)
    per_km = assumptions.minutes_per_km(mode)
    furthest_km = cutoff_minutes / min(per_km.values()) * (1 + 1e-9)
    pairs = straight_line_costs(areas, sites, cutoff_km=furthest_km)
    area_codes, site_ids = areas.index.sort_values(), sites.index.sort_values()
    rows = area_codes.get_indexer(pd.Index(pairs["area_code"]))
    columns = site_ids.get_indexer(pd.Index(pairs["site_id"]))
    rate, least = _rates(areas.loc[area_codes], rural_urban, per_km, assumptions)
    minutes = _minutes(pairs["km"].to_numpy(), rate[rows], least[rows])
    inside = minutes <= cutoff_minutes
    return Journeys(
        costs=cost_table(area_codes, site_ids, (rows[inside], columns[inside], minutes[inside])),
        mode=mode,
        how=assumptions.words(mode),
        made_from=digest(*_places(areas.loc[area_codes], sites.loc[site_ids]), mode, cutoff_minutes, rate, least),
        snapped=no_snapping(),
        cutoff_minutes=float(cutoff_minutes),
        notes=_notes(area_codes, rural_urban),
    )


def nearest_journey(
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    mode: str = "drive",
    rural_urban: pd.Series[Any] | None = None,
    assumptions: StraightLine | None = None,
) -> Table:
    """Estimated minutes to the nearest site, however far. Indexed by ``area_code``; columns ``site_id``, ``minutes``.

    Both missing where there is no site at all. Inputs as for :func:`straight_line_journeys`.
    """
    assumptions = StraightLine() if assumptions is None else assumptions
    nearest = nearest_site(areas, sites)
    rate, least = _rates(areas.loc[nearest.index], rural_urban, assumptions.minutes_per_km(mode), assumptions)
    minutes = _minutes(nearest["km"].to_numpy(), rate, least)
    return nearest[["site_id"]].assign(minutes=minutes)


def trip_rates(
    areas: pd.DataFrame,
    *,
    mode: str,
    rural_urban: pd.Series[Any] | None = None,
    assumptions: StraightLine | None = None,
) -> Table:
    """What a straight-line km costs from each area: indexed as ``areas``, ``minutes_per_km`` and ``least_km``.

    :func:`minutes_for` makes minutes of it. Inputs as for :func:`straight_line_journeys`; work it out once and keep it.
    """
    assumptions = StraightLine() if assumptions is None else assumptions
    rate, least = _rates(areas, rural_urban, assumptions.minutes_per_km(mode), assumptions)
    return pd.DataFrame({"minutes_per_km": rate, "least_km": least}, index=areas.index)


def minutes_for(km: _Floats, rates: Table) -> _Floats:
    """Estimated minutes for so many straight-line km from each area of :func:`trip_rates`, in its order."""
    return _minutes(km, rates["minutes_per_km"].to_numpy(), rates["least_km"].to_numpy())


def within_km(boundaries: gpd.GeoSeries) -> AreaValues:
    """How far people of each area live from its centre, typically, in km: two thirds of the radius of an equal circle.

    That is the mean distance to the centre of a disc with people spread evenly. People of large rural areas live in
    villages, so it is an upper estimate there. Missing where there is no boundary.
    """
    km = 2.0 / 3.0 * np.sqrt(boundaries.area.to_numpy(dtype=np.float64) / np.pi) / 1000.0
    return pd.Series(np.where(km > 0, km, np.nan), index=boundaries.index, name="within_km")


def _rates(
    areas: pd.DataFrame, rural_urban: pd.Series[Any] | None, per_km: Mapping[str, float], assumptions: StraightLine
) -> tuple[_Floats, _Floats]:
    """For each area the minutes of a straight-line km, and the fewest km that a trip counts."""
    classes = _classes(areas.index, rural_urban)
    rate = np.asarray(classes.map(dict(per_km)), dtype=np.float64)
    return rate, _least_km(areas, assumptions)


def _least_km(areas: pd.DataFrame, assumptions: StraightLine) -> _Floats:
    least = np.full(len(areas), assumptions.least_km, dtype=np.float64)
    if "within_km" in areas:
        own = areas["within_km"].to_numpy(dtype=np.float64, na_value=np.nan)
        least = np.where(own >= 0, own, least)
    return least


def least_minutes(areas: pd.DataFrame, mode: str) -> _Floats:
    """The least that a trip from each area counts, in minutes: a trip inside the area, at the default urban rate."""
    assumptions = StraightLine()
    return _least_km(areas, assumptions) * assumptions.minutes_per_km(mode)["urban"]


def _minutes(km: _Floats, per_km: _Floats, least_km: _Floats) -> _Floats:
    return np.round(np.maximum(km, least_km) * per_km, _DECIMALS)


def _classes(areas: pd.Index[str], rural_urban: pd.Series[Any] | None) -> pd.Series[str]:
    if rural_urban is None:
        return pd.Series("unknown", index=areas)
    found = rural_urban.reindex(areas)
    if pd.api.types.is_bool_dtype(found.dtype):
        return found.map({True: "urban", False: "rural"}).fillna("unknown").astype("str")
    text = found.astype("str").str.casefold()
    text = text.mask(found == True, "urban").mask(found == False, "rural")  # noqa: E712 - element by element
    named = text.case_when(
        [(found.isna(), "unknown"), (text.str.match(r"u(rban|[nf]1)"), "urban"), (text.str.match(_RURAL), "rural")]
    )
    if len(strange := named[~named.isin(CLASSES)]):
        raise GeographyError(
            f"rural_urban: {len(strange)} areas have a class that is neither urban nor rural, such as "
            f"{strange.index[0]}: {strange.iloc[0]!r}. Expected True or False, urban or rural, or a code of the 2021 "
            f"classification (UN1, UF1, RLN1, RLF1, RSN1, RSF1)."
        )
    return named


_RURAL = r"(larger |smaller )?rural|r[ls][nf]1"


def _places(areas: pd.DataFrame, sites: pd.DataFrame) -> tuple[object, ...]:
    points = [places[["easting", "northing"]].to_numpy(dtype=np.float64) for places in (areas, sites)]
    return areas.index, points[0], sites.index, points[1]


def _notes(areas: pd.Index[str], rural_urban: pd.Series[Any] | None) -> tuple[str, ...]:
    unknown = int((_classes(areas, rural_urban) == "unknown").sum())
    return (f"{unknown:,} of {len(areas):,} areas have no rural-urban class.",) if unknown else ()
