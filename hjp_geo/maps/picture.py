"""A map as a picture for a document: true scale, north, key, areas without data hatched, the credit below.

Drawn by matplotlib without its global state, so that pictures may be drawn side by side. Marked areas have a heavy
outline, never a colour alone: the map must say the same in grey.
"""

from __future__ import annotations

import math
import textwrap
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path as Outline
from matplotlib.transforms import Bbox
from shapely.geometry.base import BaseGeometry

from hjp_geo.maps.content import MapContent
from hjp_geo.maps.shades import NOT_KNOWN

__all__ = ["draw_map"]

_Shapes: TypeAlias = npt.NDArray[np.object_]
_Codes: TypeAlias = npt.NDArray[np.uint8]
_INK, _QUIET, _EDGE = "#111827", "#4b5563", "#ffffff"
_MOST_VECTORS = 3_000
"""With more areas than this the areas are one picture inside the drawing, or a page would take megabytes."""
_DOTS = 130
"""Corners nearer than one of so many dots to an inch are dropped."""
_SIDE = 0.30
"""The share of the width that the key takes."""


def draw_map(content: MapContent, width: float = 6.7, height: float = 5.2) -> Figure:
    """The map as a figure of so many inches. Distances on it are true: see the scale bar."""
    figure = Figure(figsize=(width, height), facecolor="white")
    credit = textwrap.fill(content.credit, int(width * 20.5))
    foot = 0.1 + 0.11 * (credit.count("\n") + 1)
    bounds = _frame(content, (1 - _SIDE) * width / (height - foot))
    axes = figure.add_axes((0.0, foot / height, 1 - _SIDE, 1 - foot / height))
    axes.set_axis_off()
    axes.set(xlim=bounds.intervalx, ylim=bounds.intervaly)
    axes.set_aspect("equal")
    _draw_areas(axes, content, float(bounds.width) / width / _DOTS)
    _draw_over(axes, content)
    _draw_scale(axes, bounds)
    _draw_north(axes, bounds)
    _draw_key(figure, content, height)
    figure.text(0.01, 0.01, credit, fontsize=6, color=_QUIET, va="bottom", parse_math=False)
    return figure


def _frame(content: MapContent, ratio: float) -> Bbox:
    """The ground to show: the areas and a margin, widened to the shape of the axes, with room for the scale bar."""
    west, south, east, north = content.shapes.total_bounds
    if content.sketches is not None and len(content.sketches):
        w, s, e, n = content.sketches.total_bounds
        west, south, east, north = min(west, w), min(south, s), max(east, e), max(north, n)
    wide, tall = (east - west) * 1.06, (north - south) * 1.16
    wide, tall = max(wide, tall * ratio), max(tall, wide / ratio)
    x, y = (west + east) / 2, (south + north) / 2 - (north - south) * 0.03
    return Bbox.from_extents(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)


def _draw_areas(axes: Axes, content: MapContent, tolerance: float) -> None:
    shapes = shapely.coverage_simplify(content.shapes.to_numpy(), tolerance)
    outlines = np.array([_outline(shape) for shape in shapes], dtype=object)
    drawn = np.array([outline is not None for outline in outlines])
    many = len(outlines) > _MOST_VECTORS
    line = 0.0 if many else 0.25
    for number, colour in enumerate(content.shades.colours):
        chosen = outlines[(content.shades.classes == number) & drawn]
        if len(chosen):
            edge = colour if many else _EDGE
            axes.add_collection(
                _paths(list(chosen), facecolor=colour, edgecolor=edge, linewidth=line or 0.1, rasterized=many)
            )
    unknown = outlines[(content.shades.classes == NOT_KNOWN) & drawn]
    if len(unknown):
        axes.add_collection(_paths(list(unknown), facecolor="white", edgecolor="#6b7280", linewidth=0.3, hatch="////"))
    _draw_borders(axes, content, shapes)


def _paths(outlines: list[Outline], **look: Any) -> PathCollection:
    """Outlines in one look. Nothing lies outside the frame, so nothing is clipped, and the file says it nowhere."""
    return PathCollection(outlines, clip_on=False, **look)


def _draw_borders(axes: Axes, content: MapContent, shapes: _Shapes) -> None:
    if content.districts is not None and content.districts.nunique() > 1 and len(shapes) <= _MOST_VECTORS:
        codes = content.districts.to_numpy()
        for code in np.unique(codes.astype(str)):
            _draw_outline(axes, shapely.coverage_union_all(shapes[codes.astype(str) == code]), "#374151", 0.8)
    if content.marks is not None and content.marks.any():
        marked = shapely.union_all(shapes[content.marks])
        few = len(shapes) <= _MOST_VECTORS
        _draw_outline(axes, marked, "white", 2.6 if few else 0.9)
        _draw_outline(axes, marked, "#000000", 1.5 if few else 0.5)


def _draw_outline(axes: Axes, shape: BaseGeometry, colour: str, width: float) -> None:
    if (outline := _outline(shape)) is not None:
        axes.add_collection(_paths([outline], facecolor="none", edgecolor=colour, linewidth=width))


def _draw_over(axes: Axes, content: MapContent) -> None:
    """Points and sketches."""
    for group in content.points:
        placed = group.places.dropna(subset=["easting", "northing"])
        axes.plot(
            placed["easting"],
            placed["northing"],
            linestyle="none",
            marker=group.symbol,
            markersize=_marker_size(len(placed)),
            markerfacecolor=group.colour,
            markeredgecolor="white",
            markeredgewidth=0.5,
            zorder=5,
        )
    for number, shape in enumerate(content.sketches if content.sketches is not None else (), start=1):
        _draw_outline(axes, shape, "white", 3.2)
        if (outline := _outline(shape)) is not None:
            axes.add_collection(_paths([outline], facecolor="none", edgecolor="#6d28d9", linewidth=1.8, linestyle="--"))
        at = shape.representative_point()
        box = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "#6d28d9", "linewidth": 1.2}
        axes.text(at.x, at.y, str(number), fontsize=8, ha="center", va="center", bbox=box, zorder=6)


def _marker_size(count: int) -> float:
    return 5.5 if count <= 60 else 4.0 if count <= 200 else 2.4


def _draw_scale(axes: Axes, frame: Bbox) -> None:
    """A bar whose two halves are a round number of kilometres, in the units of the map itself."""
    length = _round_length(frame.width / 4)
    west, south = frame.x0 + frame.width * 0.03, frame.y0 + frame.height * 0.03
    thick = frame.height * 0.008
    for part, colour in ((0, _INK), (1, "white")):
        axes.fill_between(
            [west + part * length / 2, west + (part + 1) * length / 2],
            south,
            south + thick,
            facecolor=colour,
            edgecolor=_INK,
            linewidth=0.6,
            zorder=7,
        )
    for share in (0.0, 0.5, 1.0):
        figure = f"{share * length / 1000:g}" + (" km" if share == 1.0 else "")
        axes.text(west + share * length, south + 2 * thick, figure, fontsize=7, ha="center", va="bottom", zorder=7)


def _round_length(metres: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(max(metres, 1.0)))
    return next(step * power for step in (5, 2, 1) if step * power <= max(metres, 1.0))


def _draw_north(axes: Axes, frame: Bbox) -> None:
    x, y = frame.x1 - frame.width * 0.05, frame.y0 + frame.height * 0.03
    tip = y + frame.height * 0.07
    arrow = {"arrowstyle": "-|>", "color": _INK, "linewidth": 1.1}
    axes.annotate("", xy=(x, tip), xytext=(x, y), arrowprops=arrow, zorder=7)
    axes.text(x, tip, "N", fontsize=9, fontweight="bold", ha="center", va="bottom", zorder=7)


def _draw_key(figure: Figure, content: MapContent, height: float) -> None:
    entries: list[Patch | Line2D] = [
        Patch(facecolor=colour, edgecolor="#9ca3af", linewidth=0.4, label=textwrap.fill(label, 26))
        for colour, label in zip(content.shades.colours, content.shades.labels, strict=True)
    ]
    if (content.shades.classes == NOT_KNOWN).any() or not content.shades.colours:
        entries.append(Patch(facecolor="white", edgecolor="#6b7280", linewidth=0.4, hatch="////", label="no data"))
    if content.marks is not None and content.marks.any():
        entries.append(
            Patch(facecolor="none", edgecolor="#000000", linewidth=1.5, label=textwrap.fill(content.marks_label, 24))
        )
    entries += [_point_entry(group.symbol, group.colour, group.label) for group in content.points if len(group.places)]
    for number, name in enumerate(content.sketches.index if content.sketches is not None else (), start=1):
        label = textwrap.fill(f"{number}: {name}", 26, max_lines=2, placeholder=" …")
        entries.append(Line2D([], [], color="#6d28d9", linewidth=1.8, linestyle="--", label=label))
    if content.districts is not None and content.districts.nunique() > 1 and len(content.shapes) <= _MOST_VECTORS:
        entries.append(Line2D([], [], color="#374151", linewidth=0.8, label="district"))
    heading = textwrap.fill(content.title, 24) + "\n" + textwrap.fill(content.unit, 30)
    key = figure.legend(
        handles=entries,
        title=heading,
        loc="upper left",
        bbox_to_anchor=(1 - _SIDE + 0.005, 1 - 0.05 / height),
        frameon=False,
        fontsize=7.5,
        title_fontsize=8.5,
        alignment="left",
        handlelength=1.6,
        handleheight=1.0,
        labelspacing=0.45,
        borderpad=0.0,
    )
    for text in (key.get_title(), *key.get_texts()):
        text.set_parse_math(False)  # a name from data is text, whatever signs are in it


def _point_entry(symbol: str, colour: str, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=symbol,
        markersize=6,
        markerfacecolor=colour,
        markeredgecolor="white",
        label=textwrap.fill(label, 26),
    )


def _outline(shape: BaseGeometry | None) -> Outline | None:
    """A shape, with its holes, as one path; None for nothing."""
    rings = [
        shapely.get_coordinates(ring)
        for polygon in shapely.get_parts(shape)
        if isinstance(polygon, shapely.Polygon) and not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    if not rings:
        return None
    codes = np.concatenate([_ring_codes(len(ring)) for ring in rings])
    return Outline(np.concatenate(rings), codes)


def _ring_codes(length: int) -> _Codes:
    codes = np.full(length, Outline.LINETO, dtype=Outline.code_type)
    codes[0], codes[-1] = Outline.MOVETO, Outline.CLOSEPOLY
    return codes
