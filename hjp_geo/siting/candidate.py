"""A candidate: what the user sketches, in which areas it lies, and what would be offered there.

The rule, printed with every figure: an area belongs to a sketch if its population-weighted centroid is inside it or
on its edge. Whole areas only, so that figures add up and can be repeated; a sketch that holds no centroid takes the
one area that it stands in. A sketch chosen by name (a district, a list of areas) uses that list, never geometry.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Transformer
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.errors import GeographyError, HjpError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.journeys import MODES
from hjp_geo.plan import TOPICS
from hjp_geo.siting.design import DesignCard

__all__ = ["CENTROID_RULE", "DETOUR", "RULES", "Candidate", "Offer", "Rule", "point_of"]

CENTROID_RULE = (
    "An area counts as reached when its population-weighted centre lies inside the sketch or on its edge; whole areas "
    "only. A sketch that holds no centre takes the one area it stands in."
)
Rule = Literal["centroid", "area_share"]
RULES: Mapping[str, str] = {
    "centroid": CENTROID_RULE,
    "area_share": "An area counts in proportion to the share of its ground that the sketch covers, as if its people "
    "were spread evenly. For planning only: people are not spread evenly. A sketch takes at least one area.",
}
"""How areas are taken to belong to a sketch → the rule in words."""

MOST_RADIUS_KM = 50.0
MOST_MINUTES = 120.0
DETOUR = 1.3
"""How much longer the way is than the straight line, where a speed of one's own makes a circle (ours)."""

_MOST_VERTICES = 10_000
_MOST_REPAIR_M2 = 1_000_000.0
_BRITAIN = (0.0, 0.0, 700_000.0, 1_300_000.0)
_MOST_DRAWN_AREAS, _MANY_AREAS = 3_000, 200
_CHANNELS = ("in_person", "outreach", "phone", "online")
_ASSISTANCE = ("general_advice", "specialist_legal_aid")
_COORDINATES = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*")
_GRID_LETTERS = re.compile(r"\s*([A-HJ-Z]{2})\s*((?:\d\s*){4,10})", re.IGNORECASE)
_NAME = 120
_SPOKEN_MODES = {"car": "drive", "public transport": "public_transport", "bus": "public_transport"}


@dataclass(frozen=True)
class Offer:
    """What a candidate would give: topics, how, at what level, how much, from when. All of it may be undecided."""

    topics: tuple[str, ...] = ()
    """Of the seven areas of law; none means the topic of the plan it is assessed under."""
    channel: str = "in_person"
    assistance: str = "general_advice"
    """The level: general advice, or specialist legal aid."""
    sessions_per_week: float | None = None
    adviser_hours_per_week: float | None = None
    """Adviser hours in a week; where both are given, these count and not the sessions."""
    opens: str = ""
    """The day it would open, YYYY-MM-DD."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "topics", tuple(dict.fromkeys(str(one) for one in self.topics)))
        for what, value, allowed in (
            *(("topic", one, tuple(TOPICS)) for one in self.topics),
            ("channel", self.channel, _CHANNELS),
            ("assistance", self.assistance, _ASSISTANCE),
        ):
            if value not in allowed:
                raise PlanError(f"{what} is '{str(value)[:40]}', expected one of {', '.join(allowed)}.")
        for name, most in (("sessions_per_week", 200.0), ("adviser_hours_per_week", 2000.0)):
            _set_amount(self, name, most)
        if self.opens:
            _check_date(self.opens)

    @property
    def says_how_much(self) -> bool:
        """Whether sessions or hours are given."""
        return self.sessions_per_week is not None or self.adviser_hours_per_week is not None

    def to_dict(self) -> dict[str, Any]:
        """What has been said, as plain values."""
        values = {
            "topics": list(self.topics),
            "channel": self.channel,
            "assistance": self.assistance,
            "sessions_per_week": self.sessions_per_week,
            "adviser_hours_per_week": self.adviser_hours_per_week,
            "opens": self.opens,
        }
        return {name: value for name, value in values.items() if value not in ([], None, "")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Offer:
        """An offer from plain values; `PlanError` for anything that it does not know."""
        if strangers := sorted(str(name)[:40] for name in set(values) - set(cls.__dataclass_fields__)):
            raise PlanError(f"An offer has no '{strangers[0]}'; there are {', '.join(cls.__dataclass_fields__)}.")
        topics = values.get("topics", ())
        return cls(**{**values, "topics": (topics,) if isinstance(topics, str) else tuple(topics)})


def _set_amount(offer: Offer, name: str, most: float) -> None:
    value = getattr(offer, name)
    if value is None:
        return
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise PlanError(f"{name} is '{str(value)[:40]}', expected a number.") from error
    if not (math.isfinite(number) and 0 <= number <= most):
        raise PlanError(f"{name} is {number:g}, expected 0 to {most:g}. Is this a yearly figure?")
    object.__setattr__(offer, name, number)


def _check_date(text: str) -> None:
    try:
        dt.date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise PlanError(f"The opening day is '{str(text)[:20]}', expected YYYY-MM-DD such as 2026-09-01.") from error


@dataclass(frozen=True)
class Candidate:
    """A sketched place: a point with a radius, a polygon, or a named set of areas, in the British National Grid."""

    name: str
    geometry: BaseGeometry
    """A point or a polygon, metres."""
    radius_km: float | None = None
    """The reach of a point, straight line; None for a polygon."""
    notes: tuple[str, ...] = ()
    """What was done to the sketch to make it usable, and how its reach was found."""
    codes: tuple[str, ...] = ()
    """The areas, where they were chosen by name: then geometry only draws them."""
    offer: Offer = field(default_factory=Offer)
    design: DesignCard = field(default_factory=DesignCard)
    origin: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """How it was chosen, as plain values: ``place``, ``site_id``, ``postcode``, ``minutes``, ``speed_kmh``."""
    minutes: float | None = None
    """The reach of a point by time: the areas at most so many minutes away, inclusive; None where it has another."""
    mode: str = ""
    """How people would travel those minutes, one of `hjp_geo.journeys.MODES`."""
    ground: BaseGeometry | None = field(default=None, compare=False)
    """The ground of the areas that were found in those minutes (`catchments.resolved`), metres; None before."""

    @classmethod
    def circle(cls, easting: float, northing: float, radius_km: float, name: str = "Site") -> Candidate:
        """A point with a radius; `PlanError` for a radius that is not above 0, `GeographyError` outside Britain."""
        if not (math.isfinite(radius_km) and 0 < radius_km <= MOST_RADIUS_KM):
            raise PlanError(f"{name}: the radius is {radius_km:g} km, expected over 0 and at most {MOST_RADIUS_KM:g}.")
        return cls(name, _in_britain(shapely.Point(easting, northing), name), float(radius_km))

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

    @classmethod
    def within_minutes(
        cls,
        point: tuple[float, float],
        minutes: float,
        *,
        mode: str = "public_transport",
        speed_kmh: float | None = None,
        name: str = "Site",
    ) -> Candidate:
        """A point (easting, northing) that reaches the areas at most so many minutes away by a mode of travel.

        Which areas these are is found when it is assessed or drawn, from kept journeys or an estimate for each area:
        see `catchments`. With a ``speed_kmh`` of one's own it is a circle instead, minutes × speed ÷ `DETOUR`, and the
        note says so. `PlanError` for another mode, or minutes that are not above 0 and at most `MOST_MINUTES`.
        """
        mode = _SPOKEN_MODES.get(mode, mode)
        if mode not in MODES:
            raise PlanError(f"{name}: no mode '{mode[:40]}'; there are {', '.join(MODES)}.")
        if not (math.isfinite(minutes) and 0 < minutes <= MOST_MINUTES):
            raise PlanError(f"{name}: {minutes:g} minutes, expected above 0 and at most {MOST_MINUTES:g}.")
        if speed_kmh is not None:
            return cls._at_own_speed(point, (minutes, mode, speed_kmh), name)
        return cls(name, _in_britain(shapely.Point(point), name), minutes=float(minutes), mode=mode)

    @classmethod
    def _at_own_speed(cls, point: tuple[float, float], journey: tuple[float, str, float], name: str) -> Candidate:
        minutes, mode, speed = journey
        if not (math.isfinite(speed) and speed > 0):
            raise PlanError(f"{name}: {minutes:g} minutes at {speed:g} km/h, expected both above 0.")
        radius_km = min(minutes / 60 * speed / DETOUR, MOST_RADIUS_KM)
        note = (
            f"{minutes:g} minutes {MODES[mode]} taken as {radius_km:.1f} km in a straight line: {speed:g} km/h door to "
            f"door, the way {DETOUR:g} times the straight line. Not a journey planner."
        )
        origin = {"minutes": float(minutes), "mode": mode, "speed_kmh": float(speed)}
        return replace(cls.circle(*point, radius_km, name), notes=(note,), origin=origin)

    @classmethod
    def from_costs(
        cls, costs: Table, site_id: str, minutes: float, evidence: Evidence, *, point: tuple[float, float]
    ) -> Candidate:
        """The areas at most so many minutes (inclusive) from a site of a table ``area_code, site_id, minutes``.

        `PlanError` where the table has no such site, or nothing is in reach.
        """
        rows = costs[costs["site_id"] == site_id]
        near = rows.loc[rows["minutes"] <= minutes, "area_code"]
        if near.empty:
            raise PlanError(f"No area is within {minutes:g} minutes of {site_id} in the table of journey times.")
        found = cls.areas_listed(near.to_list(), evidence, name=site_id)
        note = f"{minutes:g} minutes or less, from the table of journey times."
        origin = {"site_id": site_id, "minutes": float(minutes), "point": list(point)}
        return replace(found, notes=(note,), origin=origin)

    @classmethod
    def place(cls, code_or_name: str, evidence: Evidence) -> Candidate:
        """A district, sub-ICB location or ICB by its code or name: its own list of areas, exactly."""
        chosen = evidence.place(code_or_name)
        found = cls.areas_listed(evidence.areas_of(chosen.code).to_list(), evidence, name=chosen.name)
        return replace(found, origin={"place": chosen.code})

    @classmethod
    def areas_listed(cls, codes: Sequence[str], evidence: Evidence, *, name: str = "Listed areas") -> Candidate:
        """The areas of a list of codes; `GeographyError` names codes that the warehouse does not have."""
        wanted = list(dict.fromkeys(str(code).strip().upper() for code in codes if str(code).strip()))
        strangers = [code for code in wanted if code not in evidence.areas.index]
        if strangers or not wanted:
            what = f"{len(strangers)} codes are not areas here: {', '.join(strangers[:5])[:120]}. "
            raise GeographyError(f"{name}: {what if strangers else 'no codes. '}Give codes of LSOAs of 2021.")
        return cls(name[:_NAME], _drawing_of(wanted, evidence), None, (), tuple(sorted(wanted)))

    @classmethod
    def health_site(cls, site_id: str, radius_km: float, evidence: Evidence) -> Candidate:
        """A circle round a named health site, by the site's code; `PlanError` where it is not known or not placed."""
        sites = evidence.health_sites
        if site_id not in sites.index:
            raise PlanError(
                f"No health site '{site_id[:40]}'. Give a code such as {next(iter(sites.index), 'A81001')}."
            )
        row: Any = sites.loc[site_id]
        if pd.isna(row["easting"]):
            raise PlanError(f"{row['site_name']} ({site_id}) has no place in the lists. Use its postcode.")
        circle = cls.circle(float(row["easting"]), float(row["northing"]), radius_km, str(row["site_name"])[:_NAME])
        return replace(circle, origin={"site_id": site_id})

    @classmethod
    def at(cls, text: str, radius_km: float, evidence: Evidence) -> Candidate:
        """A circle round a postcode, a latitude and longitude, or a grid reference: see `point_of`."""
        return cls.circle(*point_of(text, evidence), radius_km, text.strip()[:_NAME])

    @classmethod
    def from_feature(cls, feature: Mapping[str, Any]) -> Candidate:
        """A drawn GeoJSON feature in WGS84, or one that `to_feature` wrote.

        A Point with ``radius_m`` is a circle, one with ``minutes`` and ``mode`` a travel-time catchment;
        else a Polygon.

        Raises `GeographyError` for anything else: an empty, self-crossing or far-away drawing says which it is.
        """
        properties = feature.get("properties") or {}
        name = str(properties.get("name") or "Sketch")[:_NAME]
        try:
            drawn = shape(feature["geometry"])
        except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as error:
            raise GeographyError(f"{name}: this drawing has no geometry that can be read. Draw it again.") from error
        if drawn.is_empty or (shapely.get_num_coordinates(drawn) > _MOST_VERTICES and not properties.get("codes")):
            raise GeographyError(f"{name}: expected a drawing of 1 to {_MOST_VERTICES:,} points. Draw it again.")
        return _with_properties(_shaped(drawn, properties, name), drawn, properties)

    def to_feature(self, feature_id: str) -> dict[str, Any]:
        """The candidate as a GeoJSON feature in WGS84: `from_feature` makes the same candidate of it again."""
        outline = (
            shapely.simplify(self.geometry, _drawn_to_metres(len(self.codes)))
            if self.codes and not self.has_point
            else self.geometry
        )
        drawn = _project(outline, BRITISH_NATIONAL_GRID, WGS84)
        properties: dict[str, Any] = {"id": feature_id, "name": self.name}
        if self.has_point:
            properties["grid"] = [self.geometry.x, self.geometry.y]
        if self.minutes is not None:
            properties |= {"minutes": self.minutes, "mode": self.mode}
        elif self.radius_km is not None:
            properties["radius_m"] = self.radius_km * 1000
        elif self.codes:
            properties["codes"] = list(self.codes)
        properties |= {"stands_for": _fingerprint(drawn, self.radius_km)} if self.codes or "grid" in properties else {}
        properties |= {"offer": self.offer.to_dict()} if self.offer != Offer() else {}
        properties |= {"design": self.design.to_dict()} if not self.design.is_empty else {}
        properties |= {"origin": dict(self.origin)} if self.origin else {}
        properties |= {"notes": list(self.notes)} if self.notes else {}
        return {"type": "Feature", "geometry": mapping(drawn), "properties": properties}

    def offering(self, offer: Offer | None = None, design: DesignCard | None = None) -> Candidate:
        """The same place with another offer or design card."""
        return replace(self, offer=offer or self.offer, design=design or self.design)

    def holds(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which points (rows of easting, northing) are inside or on the edge; a point that is nowhere is not."""
        if self.radius_km is not None:
            centre = np.array([self.geometry.x, self.geometry.y])
            inside: npt.NDArray[np.bool_] = ((points - centre) ** 2).sum(axis=1) <= (self.radius_km * 1000) ** 2
            return inside
        shapely.prepare(self.outline)
        return np.asarray(shapely.intersects_xy(self.outline, points[:, 0], points[:, 1]), dtype=bool)

    @property
    def has_point(self) -> bool:
        """Whether it is a place that people go to, so that its distance from them is known."""
        return bool(self.geometry.geom_type == "Point")

    @property
    def anchor(self) -> npt.NDArray[np.float64]:
        """One point of the sketch, as one row of easting and northing."""
        point = self.geometry if self.has_point else self.geometry.representative_point()
        return np.array([[point.x, point.y]])

    @property
    def outline(self) -> BaseGeometry:
        """The ground that it covers, metres: a circle as a polygon of 256 sides.

        Of a travel-time catchment the areas that it reaches, once they have been found; else its point.
        """
        if self.radius_km is not None:
            return self.geometry.buffer(self.radius_km * 1000, quad_segs=64)
        return self.geometry if self.ground is None else self.ground


def _drawn_to_metres(areas: int) -> float:
    """How finely the outline of a list of areas is drawn: it only shows where they are."""
    return 20.0 if areas <= _MANY_AREAS else 100.0


def point_of(text: str, evidence: Evidence) -> tuple[float, float]:
    """Easting and northing of a postcode, ``latitude, longitude``, or a grid reference such as TQ 299 827.

    Easting and northing in metres, separated by a comma, are taken too. `PlanError` says what was expected.
    """
    if match := _COORDINATES.fullmatch(text):
        first, second = map(float, match.groups())
        if abs(first) > 90 or abs(second) > 180:
            return first, second
        easting, northing = _transformer(WGS84, BRITISH_NATIONAL_GRID).transform(second, first)
        return float(easting), float(northing)
    if point := evidence.postcode_point(text):
        return point
    if (match := _GRID_LETTERS.fullmatch(text)) and (found := _grid_reference(*match.groups())):
        return found
    raise PlanError(
        f"'{text[:60]}' is neither a postcode with a known place nor latitude,longitude such as 51.51,-0.12, "
        "nor a grid reference such as TQ 299 827."
    )


def _grid_reference(letters: str, figures: str) -> tuple[float, float] | None:
    """The middle of the square that a reference names; None where it has an odd number of figures."""
    digits = re.sub(r"\s", "", figures)
    if len(digits) % 2:
        return None
    first, second = (ord(one) - ord("A") - (one > "I") for one in letters.upper())
    east = ((first - 2) % 5) * 5 + second % 5
    north = 19 - (first // 5) * 5 - second // 5
    half, size = len(digits) // 2, 10 ** (5 - len(digits) // 2)
    return east * 1e5 + int(digits[:half]) * size + size / 2, north * 1e5 + int(digits[half:]) * size + size / 2


def _shaped(drawn: BaseGeometry, properties: Mapping[str, Any], name: str) -> Candidate:
    if isinstance(drawn, shapely.Point):
        on_grid = _to_grid(drawn)
        drawn_at = (float(on_grid.x), float(on_grid.y))
        if "minutes" in properties:
            grid = _unmoved_grid(drawn, None, properties)
            minutes, mode = _number_of(properties, "minutes", name), str(properties.get("mode"))
            return Candidate.within_minutes(grid or drawn_at, minutes, mode=mode, name=name)
        radius_km = _number_of(properties, "radius_m", name) / 1000
        grid = _unmoved_grid(drawn, radius_km, properties)
        return Candidate.circle(*(grid or drawn_at), radius_km, name)
    if _is_as_written(drawn, None, properties) and (codes := _codes(properties)):
        shape_of = _in_britain(_to_grid(drawn), name)
        return Candidate(name, shape_of, None, (), codes)
    polygon = Candidate.polygon(_to_grid(drawn), name)
    if properties.get("codes"):
        edited = "It was chosen by name and its line changed since: the line counts now."
        return replace(polygon, notes=(*polygon.notes, edited))
    return polygon


def _with_properties(found: Candidate, drawn: BaseGeometry, properties: Mapping[str, Any]) -> Candidate:
    """The candidate with its offer, design and origin; what cannot be read is left out and told."""
    notes, values = list(found.notes), dict[str, Any]()
    for name, kind in (("offer", Offer), ("design", DesignCard)):
        try:
            given = properties.get(name)
            values[name] = kind.from_dict(given) if isinstance(given, Mapping) else kind()
        except (HjpError, TypeError, ValueError) as error:
            notes.append(f"Its {name} could not be read and was left out. {error}")
            values[name] = kind()
    if _is_as_written(drawn, found.radius_km, properties):
        origin = properties.get("origin")
        values["origin"] = dict(origin) if isinstance(origin, Mapping) else {}
        notes += [str(one)[:400] for one in properties.get("notes") or () if str(one) not in notes]
    return replace(found, notes=tuple(notes), **values)


def _codes(properties: Mapping[str, Any]) -> tuple[str, ...]:
    codes = properties.get("codes")
    return tuple(sorted({str(code) for code in codes})) if isinstance(codes, (list, tuple)) else ()


def _fingerprint(drawn: BaseGeometry, radius_km: float | None) -> list[float]:
    """What changes when somebody edits the shape: its corners, how many there are, its radius."""
    bounds = [round(float(one), 5) for one in drawn.bounds]
    return [*bounds, float(shapely.get_num_coordinates(drawn)), round(radius_km or 0.0, 4)]


def _is_as_written(drawn: BaseGeometry, radius_km: float | None, properties: Mapping[str, Any]) -> bool:
    given = properties.get("stands_for")
    return bool(given) and isinstance(given, (list, tuple)) and list(given) == _fingerprint(drawn, radius_km)


def _unmoved_grid(
    drawn: BaseGeometry, radius_km: float | None, properties: Mapping[str, Any]
) -> tuple[float, float] | None:
    """The point in metres as it was written, where nobody has moved it since: exact to the last digit."""
    grid = properties.get("grid")
    if not _is_as_written(drawn, radius_km, properties) or not isinstance(grid, (list, tuple)):
        return None
    easting, northing = map(float, grid)
    return easting, northing


def _drawing_of(codes: Sequence[str], evidence: Evidence) -> BaseGeometry:
    """The outline of a list of areas, for drawing only; of very many, the hull of their centres."""
    if len(codes) > _MOST_DRAWN_AREAS:
        points = evidence.areas.loc[list(codes), ["easting", "northing"]].dropna().to_numpy(dtype=np.float64)
        return shapely.MultiPoint(points).convex_hull
    outline = shapely.union_all(evidence.boundaries.loc[list(codes)].to_numpy())
    return outline if outline.geom_type in ("Polygon", "MultiPolygon") else outline.buffer(1)


def _number_of(properties: Mapping[str, Any], what: str, name: str) -> float:
    try:
        return float(properties[what])
    except (KeyError, TypeError, ValueError) as error:
        raise GeographyError(
            f"{name}: a point needs a radius (radius_m, metres), or minutes and mode. Draw it again."
        ) from error


def _to_grid(drawn: BaseGeometry) -> BaseGeometry:
    return _project(shapely.force_2d(drawn), WGS84, BRITISH_NATIONAL_GRID)


@lru_cache(maxsize=4)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _project(geometry: BaseGeometry, source: str, target: str) -> BaseGeometry:
    transformer = _transformer(source, target)

    def project(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return shapely.transform(geometry, project)


def _in_britain(geometry: BaseGeometry, name: str) -> BaseGeometry:
    west, south, east, north = geometry.bounds if not geometry.is_empty else (math.nan,) * 4
    if not (west >= _BRITAIN[0] and south >= _BRITAIN[1] and east <= _BRITAIN[2] and north <= _BRITAIN[3]):
        raise GeographyError(f"{name} lies outside Great Britain. Longitude and latitude may be swapped.")
    return geometry
