"""One HTML file that is a map: its scripts are inside, it opens from a mail attachment and asks for nothing.

A policy in its head forbids every request, so that even a name from data that looks like a tag can fetch nothing.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import pandas as pd
import shapely

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.errors import PlanError, WarehouseError
from hjp_geo.maps.content import MapContent, Points
from hjp_geo.maps.geometry import MOST_POLYGONS
from hjp_geo.maps.shades import NOT_KNOWN

__all__ = ["standalone_map"]

_TOLERANCE_METRES = 40.0
_NO_DATA_COLOUR = "#ffffff"
_PACKAGE = Path(__file__).resolve().parents[1]
_LEAFLET = (
    _PACKAGE / "sketchmap" / "static",
    _PACKAGE.parent / "frontend" / "node_modules" / "leaflet" / "dist",
)
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:\">"
)
_PAGE_STYLE = """<style>
html,body{width:100%;height:100%;margin:0;padding:0;font-family:Arial,Helvetica,sans-serif}
.hjp-map{position:absolute!important;top:0!important;left:20rem!important;right:0;bottom:0;width:auto!important;
height:100%!important;
background:#eef2f5}
.hjp-key{position:absolute;left:0;top:0;bottom:0;width:18.4rem;overflow:auto;background:#fff;
border-right:1px solid #4b5563;padding:.6rem .8rem;font-size:13px;color:#111827}
@media (max-width:45rem){.hjp-map{left:0!important;bottom:40%;height:60%!important}
.hjp-key{top:60%;width:auto;right:0;border-right:0;border-top:1px solid #4b5563}}
.hjp-key h1{font-size:15px;margin:0 0 .3rem}.hjp-key summary{font-weight:700;margin:.5rem 0 .2rem}
.hjp-key ul{list-style:none;margin:0;padding:0}.hjp-key p{margin:.3rem 0;font-size:12px}
.hjp-key i{display:inline-block;width:1.1rem;height:.8rem;margin-right:.4rem;border:1px solid #6b7280}
.leaflet-tooltip th{text-align:left;font-weight:600;padding-right:.6rem}
</style>"""


def standalone_map(maps: Sequence[MapContent], title: str, notes: Sequence[str], path: Path) -> Path:
    """Write the maps, of the same areas, as the layers of one HTML file that makes no request.

    The same maps give the same bytes. `PlanError` for more than `MOST_POLYGONS` areas: such a file opens too slowly.
    """
    if len(maps[0].shapes) > MOST_POLYGONS:
        raise PlanError(
            f"{len(maps[0].shapes):,} areas are too many for a map in one file (at most {MOST_POLYGONS:,}). "
            "Choose a system or a district."
        )
    shown = folium.Map(tiles=None, zoom_control=True, prefer_canvas=True, control_scale=True, attributionControl=False)
    shapes = _in_degrees(maps[0].shapes)
    for number, content in enumerate(maps):
        _add_areas(shown, content, shapes, first=number == 0)
    for group in maps[0].points:
        _add_points(shown, group)
    if maps[0].sketches is not None and len(maps[0].sketches):
        _add_sketches(shown, maps[0].sketches)
    folium.LayerControl(collapsed=False).add_to(shown)
    west, south, east, north = shapes.total_bounds
    shown.fit_bounds([[south, west], [north, east]])
    path.write_text(_whole(shown.get_root().render(), title, _key(maps, title, notes)), "utf-8")
    return path


def _in_degrees(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    simple = gpd.GeoSeries(
        shapely.coverage_simplify(shapes.to_numpy(), _TOLERANCE_METRES), index=shapes.index, crs=BRITISH_NATIONAL_GRID
    ).to_crs(WGS84)
    return gpd.GeoSeries(
        shapely.transform(simple.to_numpy(), lambda points: points.round(5)), index=shapes.index, crs=WGS84
    )


def _add_areas(shown: folium.Map, content: MapContent, shapes: gpd.GeoSeries, *, first: bool) -> None:
    marks = content.marks if content.marks is not None else [False] * len(shapes)
    values = content.values.reindex(shapes.index)
    names = content.names.reindex(shapes.index)
    unit = html.escape(content.unit)
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(geometry),
            "properties": {
                "area": html.escape(f"{name} ({code})"),
                "value": "no data" if pd.isna(value) else f"{value:,.1f} {unit}",
                "mark": html.escape(content.marks_label) if mark else "no",
                "fill": _NO_DATA_COLOUR if place == NOT_KNOWN else content.shades.colours[place],
                "marked": bool(mark),
                "known": bool(place != NOT_KNOWN),
            },
        }
        for code, name, value, mark, place, geometry in zip(
            shapes.index,
            names,
            values,
            marks,
            content.shades.classes.tolist(),
            shapely.to_geojson(shapes.to_numpy()),
            strict=True,
        )
    ]
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=html.escape(content.title),
        overlay=False,
        show=first,
        style_function=_style,
        tooltip=folium.GeoJsonTooltip(
            ["area", "value", "mark"], aliases=["Area", html.escape(content.title), "Marked"], sticky=True
        ),
    ).add_to(shown)


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature["properties"]
    return {
        "fillColor": properties["fill"],
        "fillOpacity": 1.0,
        "color": "#000000" if properties["marked"] else "#6b7280",
        "weight": 2.5 if properties["marked"] else 0.4,
        "dashArray": None if properties["known"] else "4 3",
    }


def _add_points(shown: folium.Map, group: Points) -> None:
    placed = group.places.dropna(subset=["easting", "northing"])
    if placed.empty:
        return
    points = gpd.GeoSeries(gpd.points_from_xy(placed["easting"], placed["northing"]), crs=BRITISH_NATIONAL_GRID).to_crs(
        WGS84
    )
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(x, 5), round(y, 5)]},
            "properties": {"name": html.escape(str(name))},
        }
        for x, y, name in zip(points.x, points.y, placed["site_name"], strict=True)
    ]
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=html.escape(group.label),
        marker=folium.CircleMarker(
            radius=5, color="#ffffff", weight=1.2, fill=True, fill_color=group.colour, fill_opacity=1.0
        ),
        tooltip=folium.GeoJsonTooltip(["name"], aliases=[html.escape(group.label)]),
    ).add_to(shown)


def _add_sketches(shown: folium.Map, sketches: gpd.GeoSeries) -> None:
    outlines = gpd.GeoSeries(sketches.to_numpy(), crs=BRITISH_NATIONAL_GRID).to_crs(WGS84)
    features = [
        {"type": "Feature", "geometry": json.loads(geometry), "properties": {"name": html.escape(str(name))}}
        for name, geometry in zip(sketches.index, shapely.to_geojson(outlines.to_numpy()), strict=True)
    ]
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name="Sketched options",
        style_function=lambda _feature: {"color": "#6d28d9", "weight": 3, "dashArray": "8 5", "fill": False},
        tooltip=folium.GeoJsonTooltip(["name"], aliases=["Sketch"]),
    ).add_to(shown)


def _key(maps: Sequence[MapContent], title: str, notes: Sequence[str]) -> str:
    """What the colours and signs are, beside the map; the first layer's colours are open, the others one click away."""
    parts = [f"<h1>{html.escape(title)}</h1>", *(f"<p>{html.escape(note)}</p>" for note in notes)]
    for number, content in enumerate(maps):
        rows = [
            f"<li><i style='background:{colour}'></i>{html.escape(label)}</li>"
            for colour, label in zip(content.shades.colours, content.shades.labels, strict=True)
        ]
        rows.append(f"<li><i style='background:{_NO_DATA_COLOUR};border-style:dashed'></i>no data</li>")
        head = f"<summary>{html.escape(content.title)}</summary><p>{html.escape(content.unit)}</p>"
        parts.append(f"<details{'' if number else ' open'}>{head}<ul>{''.join(rows)}</ul></details>")
    if maps[0].marks_label:
        mark = html.escape(maps[0].marks_label)
        parts.append(f"<ul><li><i style='border:2px solid #000'></i>{mark}</li></ul>")
    parts.append(f"<details><summary>Credits</summary><p>{html.escape(maps[0].credit)}</p></details>")
    return f"<aside class='hjp-key' aria-label='Key' tabindex='0'>{''.join(parts)}</aside>"


def _whole(page: str, title: str, key: str) -> str:
    """The page with its scripts and styles inside, nothing that is fetched, and names that are the same every time."""
    page = re.sub(r"<script src=[^>]*></script>\s*", "", page)
    page = re.sub(r"<link rel=\"stylesheet\"[^>]*/?>\s*", "", page)
    page = _steady(page)
    style = re.sub(r"url\([^)]*\)", "none", _leaflet("leaflet.css"))
    script = _leaflet("leaflet.js").replace("</script", "<\\/script")
    head = f"<title>{html.escape(title)}</title>{_POLICY}<style>{style}</style>{_PAGE_STYLE}<script>{script}</script>"
    page = page.replace("<!DOCTYPE html>\n<html>", "<!DOCTYPE html>\n<html lang='en'>", 1)
    page = page.replace('<div class="folium-map"', '<div class="folium-map hjp-map" role="application"', 1)
    return page.replace("<head>", f"<head>{head}", 1).replace("</body>", f"{key}</body>", 1)


def _steady(page: str) -> str:
    """The same page whose random names are numbers, in the order in which they come."""
    found = dict.fromkeys(re.findall(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", page))
    numbers = {name: str(number) for number, name in enumerate(found, start=1)}
    return re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", lambda match: numbers[match.group()], page)


def _leaflet(name: str) -> str:
    for folder in _LEAFLET:
        if (folder / name).is_file():
            return re.sub(r"\n//# sourceMappingURL=.*", "", (folder / name).read_text("utf-8"))
    raise WarehouseError(f"{name} of the map library is not there. Run `python frontend/build.py` and try again.")
