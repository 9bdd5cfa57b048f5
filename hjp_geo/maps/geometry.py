"""The geometry that browsers fetch: made once for each place of a build, then served as a file.

A place of up to `MOST_POLYGONS` areas is GeoJSON, simplified so that shared borders stay shared. All of England is a
picture whose colours spell each area's position; the browser recolours it, so that 33,755 areas change in a moment.
Both name **parts**: one file for each district, made when it is first asked for, with the borders as one sees them
close up. The outer edge of a part is not simplified, so that parts made one by one still meet. Larger areas (systems,
districts) are put together from the small ones, and share their borders with them.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from PIL import Image, ImageDraw

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.evidence import Evidence

__all__ = ["MOST_POLYGONS", "PlaceGeometry", "level_geometry", "part_geometry", "place_geometry"]

MOST_POLYGONS = 3_000
_FAR_METRES, _CLOSE_METRES, _WHOLE_COUNTRY_METRES = 100.0, 25.0, 250.0
"""How much borders are simplified: a place seen whole, the same close up, and larger areas of a country."""
_CLOSE_FROM_ZOOM = 10.0
"""Where 100 m are about one pixel in England, and one pixel of the picture is three."""
_DECIMALS = 5
"""Of a degree: about one metre."""
_WEB_MERCATOR = "EPSG:3857"
_RASTER_WIDTH = 2_400


@dataclass(frozen=True)
class PlaceGeometry:
    """The files of one place and how to read them; bounds are west, south, east, north in degrees."""

    kind: str
    file: str
    codes_file: str | None
    revision: str
    bounds: tuple[float, float, float, float]
    codes: tuple[str, ...]


def place_geometry(evidence: Evidence, place: str, folder: Path) -> PlaceGeometry:
    """The geometry of a place, made under ``folder`` if it is not there yet. Files are named by the build."""
    codes = evidence.areas_of(place)
    kind = "polygons" if len(codes) <= MOST_POLYGONS else "raster"
    stem = f"{evidence.build_id[:12]}/{evidence.place(place).file_name}"
    _forget_older_builds(folder, evidence.build_id[:12])
    about, drawn = folder / f"{stem}.about.json", folder / f"{stem}{'.far.json' if kind == 'polygons' else '.png'}"
    if not (about.is_file() and drawn.is_file()):
        about.parent.mkdir(parents=True, exist_ok=True)
        shapes = evidence.boundaries.loc[codes]
        listing = {
            "codes": list(codes),
            "names": list(evidence.areas.loc[codes, "area_name"]),
            "close": _parts(evidence.areas.loc[codes, "lad24_code"], shapes),
        }
        bounds = (
            _write_polygons(shapes, listing, _FAR_METRES, folder / f"{stem}.far.json")
            if kind == "polygons"
            else _write_raster(shapes, listing, folder / stem)
        )
        _write(about, json.dumps(bounds))
    return PlaceGeometry(
        kind=kind,
        file=f"{stem}.far.json" if kind == "polygons" else f"{stem}.png",
        codes_file=None if kind == "polygons" else f"{stem}.codes.json",
        revision=stem,
        bounds=tuple(json.loads(about.read_text("utf-8"))),
        codes=tuple(codes),
    )


def level_geometry(evidence: Evidence, place: str, level: str, folder: Path) -> PlaceGeometry:
    """The larger areas of a place, such as its districts: its small areas put together, so all borders agree.

    Made under ``folder`` if it is not there yet. ``codes`` are those of the larger areas, sorted. A larger area is what
    of it lies in the place.
    """
    codes = evidence.areas_of(place)
    groups = evidence.areas.loc[codes, f"{level}_code"].dropna()
    stem = f"{evidence.build_id[:12]}/{evidence.place(place).file_name}"
    _forget_older_builds(folder, evidence.build_id[:12])
    about = folder / f"{stem}.{level}.about.json"
    if not about.is_file():
        about.parent.mkdir(parents=True, exist_ok=True)
        small = evidence.boundaries.loc[groups.index]
        shapes = small.groupby(groups).agg(lambda some: shapely.coverage_union_all(some.to_numpy()))
        shapes = gpd.GeoSeries(shapes, crs=BRITISH_NATIONAL_GRID)
        names = evidence.areas.loc[groups.index, f"{level}_name"].groupby(groups).first()
        tolerance = _FAR_METRES if len(codes) <= MOST_POLYGONS else _WHOLE_COUNTRY_METRES
        listing = {"codes": list(shapes.index), "names": list(names.loc[shapes.index])}
        _write(about, json.dumps(_write_polygons(shapes, listing, tolerance, folder / f"{stem}.{level}.json")))
    return PlaceGeometry(
        kind="polygons",
        file=f"{stem}.{level}.json",
        codes_file=None,
        revision=f"{stem}.{level}",
        bounds=tuple(json.loads(about.read_text("utf-8"))),
        codes=tuple(sorted(groups.unique())),
    )


def part_geometry(evidence: Evidence, file: str, folder: Path) -> Path | None:
    """A part that a place's geometry names, by its path under ``folder``; made if it is not there yet.

    None where there is no such part: another build, or a district that does not exist.
    """
    named = _PART.fullmatch(file)
    if named is None or named["build"] != evidence.build_id[:12]:
        return None
    path = folder / file
    if not path.is_file():
        codes = evidence.areas.index[evidence.areas["lad24_code"] == named["district"]]
        if codes.empty:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        shapes = evidence.boundaries.loc[codes]
        simple = shapely.coverage_simplify(shapes.to_numpy(), _CLOSE_METRES, simplify_boundary=False)
        _write(
            path, _feature_collection(gpd.GeoSeries(simple, index=codes, crs=BRITISH_NATIONAL_GRID), {"codes": codes})
        )
    return path


_PART = re.compile(r"(?P<build>[0-9a-z]+)/close/(?P<district>[A-Za-z0-9]+)\.json")


def _parts(districts: pd.Series[str], shapes: gpd.GeoSeries) -> dict[str, Any]:
    """Which files have the borders close up: from which zoom, where each lies, and whether they hold every area."""
    boxes = shapes.bounds.groupby(districts).agg({"minx": "min", "miny": "min", "maxx": "max", "maxy": "max"})
    corners = shapely.box(*(boxes[edge] for edge in ("minx", "miny", "maxx", "maxy")))
    degrees = gpd.GeoSeries(corners, index=boxes.index, crs=BRITISH_NATIONAL_GRID).to_crs(WGS84).bounds.round(4)
    return {
        "from_zoom": _CLOSE_FROM_ZOOM,
        "is_whole": bool(districts.notna().all()),
        "parts": [[f"close/{code}.json", *box] for code, *box in degrees.itertuples(name=None)],
    }


def _write_polygons(shapes: gpd.GeoSeries, listing: dict[str, Any], metres: float, path: Path) -> tuple[float, ...]:
    simple = gpd.GeoSeries(
        shapely.coverage_simplify(shapes.to_numpy(), metres), index=shapes.index, crs=BRITISH_NATIONAL_GRID
    )
    _write(path, _feature_collection(simple, listing))
    return tuple(float(edge) for edge in simple.to_crs(WGS84).total_bounds)


def _feature_collection(shapes: gpd.GeoSeries, listing: dict[str, Any]) -> str:
    """GeoJSON in the order of ``codes``; ``names`` are optional, ``close`` says where there are parts."""
    names = listing.get("names", [None] * len(shapes))
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, **({} if name is None else {"name": name})},
            "geometry": json.loads(geometry),
        }
        for code, name, geometry in zip(
            listing["codes"], names, shapely.to_geojson(_rounded(shapes.to_crs(WGS84))), strict=True
        )
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection | {key: listing[key] for key in ("close",) if key in listing}, separators=(",", ":"))


def _rounded(shapes: gpd.GeoSeries) -> npt.NDArray[np.object_]:
    """Each coordinate rounded on its own: shared points stay shared, because equal numbers round alike."""

    def round_points(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.round(points, _DECIMALS)

    rounded: npt.NDArray[np.object_] = shapely.transform(shapes.to_numpy(), round_points)
    return rounded


def _write_raster(shapes: gpd.GeoSeries, listing: dict[str, Any], stem: Path) -> tuple[float, ...]:
    """A picture in Web Mercator whose red, green and blue spell position + 1, and the list of codes and names."""
    projected = shapes.to_crs(_WEB_MERCATOR)
    west, south, east, north = projected.total_bounds
    metres = (east - west) / _RASTER_WIDTH
    height = int(np.ceil((north - south) / metres))
    picture = Image.new("RGB", (_RASTER_WIDTH, height))
    _burn(projected, picture, west, north, metres)
    partial = stem.with_suffix(f".png.{uuid.uuid4().hex}.partial")
    picture.save(partial, format="PNG", optimize=True)
    partial.replace(stem.with_suffix(".png"))
    _write(stem.with_suffix(".codes.json"), json.dumps(listing, separators=(",", ":")))
    corners = gpd.GeoSeries(gpd.points_from_xy([west, east], [north - height * metres, north]), crs=_WEB_MERCATOR)
    degrees = corners.to_crs(WGS84)
    return (float(degrees.x[0]), float(degrees.y[0]), float(degrees.x[1]), float(degrees.y[1]))


def _burn(shapes: gpd.GeoSeries, picture: Image.Image, west: float, north: float, metres: float) -> None:
    """Draw every polygon; small areas last, so that a city's areas keep a pixel of their own."""
    draw = ImageDraw.Draw(picture)
    order = np.argsort(-shapes.area.to_numpy())
    geometries = shapes.to_numpy()
    for position in order:
        colour = tuple(int(position + 1) >> shift & 255 for shift in (16, 8, 0))
        for polygon in shapely.get_parts(geometries[position]):
            ring = shapely.get_coordinates(polygon.exterior)
            pixels = np.column_stack([(ring[:, 0] - west) / metres, (north - ring[:, 1]) / metres])
            draw.polygon(pixels.ravel().tolist(), fill=colour)


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")  # two people may ask at once
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _forget_older_builds(folder: Path, build: str) -> None:
    if folder.is_dir():
        for other in folder.iterdir():
            if other.is_dir() and other.name != build:
                shutil.rmtree(other, ignore_errors=True)
