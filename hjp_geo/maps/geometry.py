"""The geometry that browsers fetch: made once for each place of a build, then served as a file.

A place of up to `MOST_POLYGONS` areas is GeoJSON, simplified so that shared borders stay shared. All of England is a
picture whose colours spell each area's position; the browser recolours it, so that 33,755 areas change in a moment.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from PIL import Image, ImageDraw

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.evidence import Evidence

__all__ = ["MOST_POLYGONS", "PlaceGeometry", "place_geometry"]

MOST_POLYGONS = 3_000
_TOLERANCE_METRES = 25.0
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
    about = folder / f"{stem}.about.json"
    if not about.is_file():
        about.parent.mkdir(parents=True, exist_ok=True)
        shapes = evidence.boundaries.loc[codes]
        names = evidence.areas.loc[codes, "area_name"]
        bounds = _write_polygons(shapes, names, folder / f"{stem}.json") if kind == "polygons" else None
        bounds = bounds or _write_raster(shapes, names, folder / stem)
        _write(about, json.dumps(bounds))
    return PlaceGeometry(
        kind=kind,
        file=f"{stem}.json" if kind == "polygons" else f"{stem}.png",
        codes_file=None if kind == "polygons" else f"{stem}.codes.json",
        revision=stem,
        bounds=tuple(json.loads(about.read_text("utf-8"))),
        codes=tuple(codes),
    )


def _write_polygons(shapes: gpd.GeoSeries, names: pd.Series[str], path: Path) -> tuple[float, ...]:
    simple = gpd.GeoSeries(
        shapely.coverage_simplify(shapes.to_numpy(), _TOLERANCE_METRES), index=shapes.index, crs=BRITISH_NATIONAL_GRID
    ).to_crs(WGS84)
    rounded = _rounded(simple)
    features = [
        {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": json.loads(geometry)}
        for code, name, geometry in zip(shapes.index, names, shapely.to_geojson(rounded), strict=True)
    ]
    _write(path, json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")))
    return tuple(float(edge) for edge in simple.total_bounds)


def _rounded(shapes: gpd.GeoSeries) -> npt.NDArray[np.object_]:
    """Each coordinate rounded on its own: shared points stay shared, because equal numbers round alike."""

    def round_points(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.round(points, _DECIMALS)

    rounded: npt.NDArray[np.object_] = shapely.transform(shapes.to_numpy(), round_points)
    return rounded


def _write_raster(shapes: gpd.GeoSeries, names: pd.Series[str], stem: Path) -> tuple[float, ...]:
    """A picture in Web Mercator whose red, green and blue spell position + 1, and the list of codes and names."""
    projected = shapes.to_crs(_WEB_MERCATOR)
    west, south, east, north = projected.total_bounds
    metres = (east - west) / _RASTER_WIDTH
    height = int(np.ceil((north - south) / metres))
    picture = Image.new("RGB", (_RASTER_WIDTH, height))
    _burn(projected, picture, west, north, metres)
    picture.save(stem.with_suffix(".png.partial"), format="PNG", optimize=True)
    stem.with_suffix(".png.partial").replace(stem.with_suffix(".png"))
    listing = {"codes": list(shapes.index), "names": list(names)}
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
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _forget_older_builds(folder: Path, build: str) -> None:
    if folder.is_dir():
        for other in folder.iterdir():
            if other.is_dir() and other.name != build:
                shutil.rmtree(other, ignore_errors=True)
