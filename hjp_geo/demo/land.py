"""The made-up land: an island with a city, towns, villages and countryside, divided into LSOAs, districts and an ICB.

People are put down first, as homes of about seventy people each. The Voronoi cell of every home is the smallest piece
of ground; an LSOA is the pieces nearest to its seed along the ground. So areas are small where people are many,
boundaries are ragged, areas share their edges exactly, and the population-weighted centroid is not the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import KDTree, Voronoi

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.errors import PlanError

__all__ = ["Land", "make_land"]

Numbers: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]
_Graph: TypeAlias = "sparse.csr_array[Any, Any]"

CENTRE = (640_000.0, 410_000.0)
"""In the North Sea, where no real area can be mistaken for a made-up one."""
HOMES_AN_AREA = 24
PEOPLE_AN_AREA = 1_690
_USUAL_AREAS = 600
_LEAST_AREAS = 60
_AREAS_A_GROUP = 5
_SEA_HOMES = 2_200
_ICB = ("E54990001", "QZZ", "NHS Wexmere and the Isle Integrated Care Board")
_SUB_ICBS = (
    ("E38990001", "Z9W1A", "NHS Wexmere and the Isle ICB - Z9W1A"),
    ("E38990002", "Z9W2B", "NHS Wexmere and the Isle ICB - Z9W2B"),
)


@dataclass(frozen=True)
class _Settlement:
    """A place where people are dense: share of all people, spread, and where: radians and share of the way to sea."""

    name: str
    people: float
    spread_m: float
    angle: float
    outward: float


_CITY = _Settlement("Wexmere", 0.38, 2_600, 3.6, 0.32)
_TOWNS = (
    _Settlement("Brackhaven", 0.10, 1_300, 0.35, 0.93),
    _Settlement("Quillmouth", 0.08, 1_200, 2.1, 0.92),
    _Settlement("Oxmarrow", 0.06, 1_100, 5.2, 0.55),
    _Settlement("Harvenby", 0.05, 900, 1.2, 0.35),
)
_VILLAGES = 14
_VILLAGE_PEOPLE = 0.14
_VILLAGE_SPREAD_M = 550.0
_DISTRICTS = (
    ("E07990001", "Wexmere", 3.6, 0.32, 0),
    ("E07990002", "Brackhaven", 0.35, 0.62, 1),
    ("E07990003", "Quillmouth and Harvenby", 1.9, 0.66, 0),
    ("E07990004", "Oxmarrow", 5.2, 0.62, 1),
)
"""Code, name, centre (angle, outward), and the sub-ICB it belongs to."""


@dataclass(frozen=True)
class Land:
    """The made-up ground and its areas.

    ``areas`` has one row an LSOA, sorted by ``lsoa21_code``: names, codes of district, sub-ICB and ICB, ``easting``
    and ``northing`` of its people, ``is_urban``, ``people``, and distances ``to_city_m``, ``to_coast_town_m``.
    ``homes`` has one row a home: ``easting``, ``northing``, ``area`` (row of ``areas``). ``towns`` gives each
    settlement's place, the city first.
    """

    areas: Table
    shapes: gpd.GeoSeries
    homes: Table
    towns: Table


def make_land(rng: np.random.Generator, lsoas: int) -> Land:
    """Make the land with that many LSOAs; `PlanError` for fewer than 60, too few for a city and its towns."""
    if lsoas < _LEAST_AREAS:
        raise PlanError(f"areas is {lsoas}, expected at least {_LEAST_AREAS}: too few for a city and its towns.")
    coast = _Coast(rng, float(np.sqrt(lsoas / _USUAL_AREAS)))
    points = _homes(rng, coast, lsoas)
    cells, graph = _ground(points, coast)
    points = points[cells.keep]
    owner = _areas_of(rng, points, graph, lsoas)
    shapes = _outlines(cells, owner, lsoas)
    return _named(points, owner, shapes, coast)


class _Coast:
    """The outline of the island, as distance from its centre by angle, and the settlements placed within it."""

    def __init__(self, rng: np.random.Generator, scale: float) -> None:
        self.scale = scale
        self._phases = rng.uniform(0, 2 * np.pi, 9)
        self._sizes = 0.16 / np.arange(2, 11) ** 0.9 * rng.uniform(0.6, 1.2, 9)

    def radius(self, angle: Numbers) -> Numbers:
        waves = np.sin(np.outer(angle, np.arange(2, 11)) + self._phases) @ self._sizes
        return np.asarray(25_000 * self.scale * (1 + waves) * (1 + 0.14 * np.cos(2 * angle)))

    def place(self, angle: float, outward: float) -> Numbers:
        distance = float(self.radius(np.array([angle]))[0]) * outward
        return np.array([np.cos(angle), np.sin(angle)]) * distance

    def is_land(self, points: Numbers) -> npt.NDArray[np.bool_]:
        angle = np.arctan2(points[:, 1], points[:, 0])
        return np.asarray(np.hypot(points[:, 0], points[:, 1]) < self.radius(angle))


def _homes(rng: np.random.Generator, coast: _Coast, lsoas: int) -> Numbers:
    """Points of the city, towns, villages, countryside and sea, around the centre of the island."""
    total = lsoas * HOMES_AN_AREA
    parts = [
        _around(rng, coast.place(one.angle, one.outward), one.spread_m * coast.scale, one.people * total)
        for one in (_CITY, *_TOWNS)
    ]
    angles = rng.uniform(0, 2 * np.pi, _VILLAGES)
    outward = np.sqrt(rng.uniform(0.08, 0.9, _VILLAGES))
    share = _VILLAGE_PEOPLE / _VILLAGES
    for angle, far in zip(angles, outward, strict=True):
        parts.append(_around(rng, coast.place(angle, far), _VILLAGE_SPREAD_M * coast.scale, share * total))
    on_land = np.concatenate(parts)
    on_land = on_land[coast.is_land(on_land)]
    ground = _spread(rng, coast, total)
    country = ground[coast.is_land(ground)][: total - len(on_land)]
    sea = ground[~coast.is_land(ground)][:_SEA_HOMES]
    return np.concatenate([on_land, country, sea]).round(1)


def _around(rng: np.random.Generator, centre: Numbers, spread_m: float, count: float) -> Numbers:
    """Points about a centre: half of them close together, half in the outskirts."""
    inner, outer = round(count * 0.5), round(count * 0.5)
    near = rng.normal(centre, spread_m * 0.55, (inner, 2))
    return np.concatenate([near, rng.normal(centre, spread_m * 1.25, (outer, 2))])


def _spread(rng: np.random.Generator, coast: _Coast, count: int) -> Numbers:
    reach = 40_000 * coast.scale
    return np.asarray(rng.uniform(-reach, reach, (count * 4, 2)))


@dataclass(frozen=True)
class _Cells:
    """The Voronoi cells of the homes on land: which homes they are, and each one's polygon."""

    keep: Places
    polygons: npt.NDArray[np.object_]


def _ground(points: Numbers, coast: _Coast) -> tuple[_Cells, _Graph]:
    """The cells of the largest piece of land, and how far apart neighbouring homes are."""
    cells = Voronoi(points)
    corners = [cells.regions[region] for region in cells.point_region]
    whole = np.array([len(corner) > 2 and min(corner) >= 0 for corner in corners])
    land = coast.is_land(points) & whole
    graph = _neighbours(points, cells.ridge_points.astype(np.intp))
    linked = graph[land][:, land]
    _, piece = csgraph.connected_components(linked, directed=False)
    largest = piece == np.bincount(piece).argmax()
    keep = np.flatnonzero(land)[largest]
    polygons = np.array([shapely.Polygon(cells.vertices[corners[home]]) for home in keep], dtype=object)
    return _Cells(keep, polygons), linked[largest][:, largest]


def _neighbours(points: Numbers, pairs: npt.NDArray[np.intp]) -> _Graph:
    first, second = pairs[:, 0], pairs[:, 1]
    apart = np.hypot(*(points[first] - points[second]).T) + 0.1
    size = (len(points), len(points))
    return sparse.csr_array((np.r_[apart, apart], (np.r_[first, second], np.r_[second, first])), shape=size)


def _areas_of(rng: np.random.Generator, points: Numbers, graph: _Graph, lsoas: int) -> Places:
    """The area of each home: that of the nearest seed along the ground, so that every area is in one piece."""
    seeds = points[rng.choice(len(points), lsoas, replace=False)]
    for _round in range(6):  # Lloyd: each seed to the middle of its homes
        nearest = KDTree(seeds).query(points)[1]
        count = np.bincount(nearest, minlength=lsoas)
        middle = np.stack([np.bincount(nearest, points[:, axis], lsoas) for axis in (0, 1)], axis=1)
        seeds = np.where(count[:, None] > 0, middle / np.maximum(count, 1)[:, None], seeds)
    starts = _distinct_nearest(points, seeds)
    _, _, source = csgraph.dijkstra(graph, indices=starts, min_only=True, return_predecessors=True)
    return np.asarray(np.searchsorted(np.sort(starts), source), dtype=np.intp)


def _distinct_nearest(points: Numbers, seeds: Numbers) -> Places:
    """The home nearest to each seed that no earlier seed has taken."""
    taken: dict[int, None] = {}
    for candidates in np.asarray(KDTree(points).query(seeds, k=30)[1]):
        taken[next(int(home) for home in candidates if int(home) not in taken)] = None
    return np.fromiter(taken, dtype=np.intp)


def _outlines(cells: _Cells, owner: Places, lsoas: int) -> npt.NDArray[np.object_]:
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(lsoas + 1))
    groups = [cells.polygons[order[start:end]] for start, end in pairwise(bounds)]
    return np.array([shapely.coverage_union_all(group) for group in groups], dtype=object)


def _named(points: Numbers, owner: Places, shapes: npt.NDArray[np.object_], coast: _Coast) -> Land:
    """Areas with codes, names and districts, in the order of their codes, on the British National Grid."""
    lsoas = len(shapes)
    count = np.bincount(owner, minlength=lsoas)
    middle = np.stack([np.bincount(owner, points[:, axis], lsoas) for axis in (0, 1)], axis=1) / count[:, None]
    district = _nearest(middle, np.array([coast.place(angle, out) for _, _, angle, out, _ in _DISTRICTS]))
    order = np.lexsort((_strip(middle), district))
    rank = np.empty(lsoas, dtype=np.intp)
    rank[order] = np.arange(lsoas)
    middle, district, count = middle[order], district[order], count[order]
    towns = np.array([coast.place(one.angle, one.outward) for one in (_CITY, *_TOWNS)])
    areas = _codes(district).assign(
        easting=(middle[:, 0] + CENTRE[0]).round(1),
        northing=(middle[:, 1] + CENTRE[1]).round(1),
        homes=count,
        to_city_m=np.hypot(*(middle - towns[0]).T),
        to_coast_town_m=np.hypot(*(middle - towns[1]).T),
        is_urban=_is_urban(middle, towns, coast.scale),
    )
    grid = gpd.GeoSeries(shapely.transform(shapes[order], lambda xy: xy + np.array(CENTRE)), crs=BRITISH_NATIONAL_GRID)
    homes = pd.DataFrame(
        {"easting": points[:, 0] + CENTRE[0], "northing": points[:, 1] + CENTRE[1], "area": rank[owner]}
    )
    named = pd.DataFrame({"town": [_CITY.name, *(one.name for one in _TOWNS)]})
    return Land(areas, grid, homes, named.assign(easting=towns[:, 0] + CENTRE[0], northing=towns[:, 1] + CENTRE[1]))


def _nearest(points: Numbers, centres: Numbers) -> Places:
    return np.asarray(KDTree(centres).query(points)[1], dtype=np.intp)


def _strip(points: Numbers) -> Numbers:
    """A number that is close for areas close to each other: along strips of 4 km, there and back."""
    strip = np.floor(points[:, 1] / 4_000)
    return np.asarray(strip * 1e6 + np.where(strip % 2 == 0, points[:, 0], -points[:, 0]))


def _codes(district: Places) -> Table:
    lsoas = len(district)
    number = pd.Series(district).groupby(district).cumcount()
    letters = pd.Series(list("ABCDE"))
    codes, names, _, _, sub_icb = (np.array(part) for part in zip(*_DISTRICTS, strict=True))
    sub = np.array(_SUB_ICBS)[sub_icb[district].astype(np.intp)]
    group = (number // _AREAS_A_GROUP + 1).astype("str").str.zfill(3)
    return pd.DataFrame(
        {
            "lsoa21_code": [f"E0199{number:04d}" for number in range(1, lsoas + 1)],
            "lsoa21_name": pd.Series(names[district]) + " " + group + letters[number % _AREAS_A_GROUP].to_numpy(),
            "lad24_code": codes[district],
            "lad24_name": names[district],
            "sicbl24_code": sub[:, 0],
            "sicbl24_nhs_code": sub[:, 1],
            "sicbl24_name": sub[:, 2],
            "icb24_code": _ICB[0],
            "icb24_nhs_code": _ICB[1],
            "icb24_name": _ICB[2],
        }
    )


def _is_urban(points: Numbers, towns: Numbers, scale: float) -> npt.NDArray[np.bool_]:
    spread = np.array([one.spread_m for one in (_CITY, *_TOWNS)]) * scale
    apart = np.hypot(points[:, None, 0] - towns[:, 0], points[:, None, 1] - towns[:, 1])
    return np.asarray((apart < 2 * spread).any(axis=1))


def to_degrees(eastings: Numbers, northings: Numbers, decimals: int) -> Table:
    """Longitude and latitude of places on the grid, rounded as a publisher would."""
    degrees = gpd.GeoSeries(gpd.points_from_xy(eastings, northings), crs=BRITISH_NATIONAL_GRID).to_crs(WGS84)
    return pd.DataFrame(
        {"longitude": degrees.x.round(decimals).to_numpy(), "latitude": degrees.y.round(decimals).to_numpy()}
    )
