"""Who a sketched site or catchment would reach.

The rule, printed with every figure: an area belongs to a sketch if its population-weighted centroid is inside it or
on its edge. Whole areas only, so that figures add up and can be repeated; a sketch that holds no centroid takes the
one area that it stands in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Transformer
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan, answer
from hjp_geo.prevalence import DOUBTS, area_doubts

__all__ = ["CENTROID_RULE", "Assessment", "Candidate", "Reached", "assess"]

CENTROID_RULE = (
    "An area counts as reached when its population-weighted centre lies inside the sketch or on its edge; whole areas "
    "only. A sketch that holds no centre takes the one area it stands in."
)
MOST_RADIUS_KM = 50.0
_MOST_VERTICES = 10_000
_MOST_REPAIR_M2 = 1_000_000.0
_BRITAIN = (0.0, 0.0, 700_000.0, 1_300_000.0)


@dataclass(frozen=True)
class Candidate:
    """A sketched place: a point with a radius, or a polygon, in the British National Grid."""

    name: str
    geometry: BaseGeometry
    """A point or a polygon, metres."""
    radius_km: float | None = None
    """The reach of a point, straight line; None for a polygon."""
    notes: tuple[str, ...] = ()
    """What was done to the sketch to make it usable."""

    @classmethod
    def circle(cls, easting: float, northing: float, radius_km: float, name: str = "Site") -> Candidate:
        """A point with a radius; `PlanError` for a radius that is not above 0, `GeographyError` outside Britain."""
        if not (math.isfinite(radius_km) and 0 < radius_km <= MOST_RADIUS_KM):
            raise PlanError(f"{name}: the radius is {radius_km:g} km, expected over 0 and at most {MOST_RADIUS_KM:g}.")
        return cls(name, _in_britain(shapely.Point(easting, northing), name), float(radius_km))

    @classmethod
    def from_feature(cls, feature: Mapping[str, Any]) -> Candidate:
        """A drawn GeoJSON feature in WGS84: a Point with ``radius_m``, or a Polygon.

        Raises `GeographyError` for anything else: an empty, self-crossing or far-away drawing says which it is.
        """
        properties = feature.get("properties") or {}
        name = str(properties.get("name") or "Sketch")[:120]
        try:
            drawn = shape(feature["geometry"])
        except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as error:
            raise GeographyError(f"{name}: this drawing has no geometry that can be read. Draw it again.") from error
        if drawn.is_empty or shapely.get_num_coordinates(drawn) > _MOST_VERTICES:
            raise GeographyError(f"{name}: expected a drawing of 1 to {_MOST_VERTICES:,} points. Draw it again.")
        grid = _to_grid(drawn)
        if isinstance(grid, shapely.Point):
            return cls.circle(grid.x, grid.y, _radius_km(properties, name), name)
        return cls.polygon(grid, name)

    @classmethod
    def polygon(cls, drawn: BaseGeometry, name: str = "Area") -> Candidate:
        """A drawn polygon; a ring that crosses itself a little is repaired and told, more is refused."""
        if drawn.geom_type not in ("Polygon", "MultiPolygon"):
            raise GeographyError(
                f"{name}: a {drawn.geom_type} has no inside. Draw a point with a radius, or a polygon."
            )
        notes: tuple[str, ...] = ()
        if not drawn.is_valid:
            repaired = shapely.make_valid(drawn, method="structure", keep_collapsed=False)
            if abs(repaired.area - abs(drawn.area)) > _MOST_REPAIR_M2 or repaired.is_empty:
                raise GeographyError(f"{name}: the line of this drawing crosses itself. Draw it again.")
            drawn, notes = repaired, ("The line crossed itself a little and was repaired.",)
        return cls(name, _in_britain(drawn, name), None, notes)

    def holds(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which points (rows of easting, northing) are inside or on the edge; a point that is nowhere is not."""
        if self.radius_km is not None:
            centre = np.array([self.geometry.x, self.geometry.y])
            inside: npt.NDArray[np.bool_] = ((points - centre) ** 2).sum(axis=1) <= (self.radius_km * 1000) ** 2
            return inside
        shapely.prepare(self.geometry)
        return np.asarray(shapely.intersects_xy(self.geometry, points[:, 0], points[:, 1]), dtype=bool)

    @property
    def anchor(self) -> npt.NDArray[np.float64]:
        """One point of the sketch, as one row of easting and northing."""
        point = self.geometry if self.radius_km is not None else self.geometry.representative_point()
        return np.array([[point.x, point.y]])


@dataclass(frozen=True, eq=False)
class Reached:
    """Who one sketch, or all of them together, would reach. Counts are of whole areas; see `CENTROID_RULE`."""

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
    """Counted advice sites of the topic that stand inside."""
    health_sites: Table
    """GP practices that stand inside."""
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Assessment:
    """The answer to a sketch: each part, and all of it together, with people counted once."""

    plan: Plan
    parts: tuple[Reached, ...]
    total: Reached
    rule: str
    attribution: tuple[str, ...]
    run: Mapping[str, Any]


def assess(plan: Plan, candidates: Sequence[Candidate], evidence: Evidence) -> Assessment:
    """Who the sketched candidates would reach, each and together.

    Areas are those of the whole warehouse, not of the plan's place alone: people over the border are people. Raises
    `PlanError` where there is nothing to assess, `GeographyError` where a sketch lies outside every area.
    """
    if not candidates:
        raise PlanError("Nothing is sketched. Draw a point with a radius, or a polygon, or give --at and --radius-km.")
    found = answer(plan, evidence)
    reached = [_reached_areas(candidate, evidence) for candidate in candidates]
    parts = tuple(
        _reach([candidate], codes, found, evidence) for candidate, codes in zip(candidates, reached, strict=True)
    )
    together = evidence.areas.index[evidence.areas.index.isin(np.concatenate([codes.to_numpy() for codes in reached]))]
    return Assessment(
        plan=plan,
        parts=parts,
        total=_reach(candidates, together, found, evidence),
        rule=CENTROID_RULE,
        attribution=(*found.attribution, *_conditions_credit(found, evidence)),
        run=found.run,
    )


def _reached_areas(candidate: Candidate, evidence: Evidence) -> pd.Index[str]:
    """The areas of a sketch, sorted: those whose centre it holds, else the one it stands in."""
    centroids = evidence.areas[["easting", "northing"]].to_numpy(dtype=np.float64)
    held = evidence.areas.index[candidate.holds(centroids)]
    if len(held):
        return held
    standing = evidence.areas_at(candidate.anchor)[0]
    if standing is None:
        raise GeographyError(f"{candidate.name} lies outside every area of the data. Put it on the map of the place.")
    return pd.Index([standing], name=evidence.areas.index.name)


def _reach(candidates: Sequence[Candidate], codes: pd.Index[str], found: Answer, evidence: Evidence) -> Reached:
    rows = found.framed.reindex(codes)  # areas outside the frame come without a verdict
    residents = evidence.areas.loc[codes, "residents"].astype("float64")
    deserts = rows["desert"].fillna(value=False).astype(bool)
    return Reached(
        name=candidates[0].name if len(candidates) == 1 else "All together",
        areas=codes,
        people=float(residents.sum()),
        people_in_need=float(evidence.values.loc[codes, found.plan.demand].sum()),
        people_in_worst_fifth=float(residents[(rows["need_fifth"] == 1).fillna(value=False)].sum()),
        newly_reached=_newly_reached(rows, residents, found),
        desert_areas=int(deserts.sum()),
        people_in_deserts=float(residents[deserts].sum()),
        areas_without_verdict=int(rows["desert"].isna().sum()),
        conditions=_conditions(codes, evidence),
        advice_sites=_inside(candidates, found.sites),
        health_sites=_inside(candidates, evidence.health_sites),
        notes=_notes(candidates, codes, evidence),
    )


def _newly_reached(rows: Table, residents: pd.Series[float], found: Answer) -> float:
    """Residents with no counted site within the cutoff today; missing where no list covers the topic."""
    if not found.known:
        return math.nan
    return float(residents[rows["sites_in_reach"] == 0].sum())


def _conditions(codes: pd.Index[str], evidence: Evidence) -> Table:
    names = _condition_layers(evidence)
    values = evidence.values.loc[codes, names]
    limits = {
        f"people_{end}": evidence.values.loc[codes].reindex(columns=[f"{name}_{end}" for name in names])
        for end in ("low", "high")
    }
    return pd.DataFrame(
        {
            "label": evidence.layers.loc[names, "label"].str.split(":").str[0],
            "people": values.sum(min_count=1),
            **{column: table.sum(min_count=1).to_numpy() for column, table in limits.items()},
            "areas_missing": values.isna().sum(),
        }
    ).rename_axis("layer")


def _condition_layers(evidence: Evidence) -> list[str]:
    layers = evidence.layers
    chosen = layers[(layers["role"] == "people") & (layers["group_label"] == "People with a condition")]
    return list(chosen.sort_values("label").index)


def _conditions_credit(found: Answer, evidence: Evidence) -> list[str]:
    return [line for line in evidence.attribution(_condition_layers(evidence)) if line not in found.attribution]


def _inside(candidates: Sequence[Candidate], sites: Table) -> Table:
    """The placed sites inside any of the sketches."""
    points = sites[["easting", "northing"]].to_numpy(dtype=np.float64)
    inside = np.zeros(len(sites), dtype=bool)
    for candidate in candidates:
        inside |= candidate.holds(points)
    return sites[inside]


def _notes(candidates: Sequence[Candidate], codes: pd.Index[str], evidence: Evidence) -> tuple[str, ...]:
    notes = [note for candidate in candidates for note in candidate.notes]
    if len(candidates) == 1:
        held = candidates[0].holds(evidence.areas.loc[codes, ["easting", "northing"]].to_numpy(dtype=np.float64))
        if not held.any():
            notes.append("No area's centre lies inside: the one area that it stands in is counted whole.")
    return (*notes, *_doubts(codes, evidence))


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


def _radius_km(properties: Mapping[str, Any], name: str) -> float:
    try:
        return float(properties["radius_m"]) / 1000
    except (KeyError, TypeError, ValueError) as error:
        raise GeographyError(f"{name}: a point needs a radius (radius_m, metres). Draw it again.") from error


def _to_grid(drawn: BaseGeometry) -> BaseGeometry:
    longitudes_latitudes = Transformer.from_crs(WGS84, BRITISH_NATIONAL_GRID, always_xy=True)

    def project(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(longitudes_latitudes.transform(points[:, 0], points[:, 1]))

    return shapely.transform(shapely.force_2d(drawn), project)


def _in_britain(geometry: BaseGeometry, name: str) -> BaseGeometry:
    west, south, east, north = geometry.bounds if not geometry.is_empty else (math.nan,) * 4
    if not (west >= _BRITAIN[0] and south >= _BRITAIN[1] and east <= _BRITAIN[2] and north <= _BRITAIN[3]):
        raise GeographyError(f"{name} lies outside Great Britain. Longitude and latitude may be swapped.")
    return geometry
