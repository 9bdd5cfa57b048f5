"""What the map is told and what it answers, as checked values that know how to become JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

NO_DATA = 255
"""The class of an area whose value is not known."""

Drawing: TypeAlias = dict[str, Any]
"""A GeoJSON feature: a Point with ``properties.radius_m`` (a circle) or with ``minutes`` and ``mode`` (a travel-time
catchment), or an area; with ``id`` and ``name``."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the areas' boundaries are fetched from, once per `revision`.

    `bounds` are west, south, east, north in degrees; for a raster they are the exact edges of the picture. `revision`
    must change whenever the bytes behind `url` do (put it in the URL too, so that no old copy is shown).
    `codes_url` is needed for a raster only.
    """

    kind: Literal["polygons", "raster"]
    url: str
    revision: str
    bounds: tuple[float, float, float, float]
    codes_url: str | None = None

    def __post_init__(self) -> None:
        west, south, east, north = self.bounds
        if not (west < east and south < north):
            raise ValueError(f"bounds must be west, south, east, north in degrees; found {self.bounds}")
        if self.kind == "raster" and self.codes_url is None:
            raise ValueError("a raster needs codes_url: a JSON file with the areas' codes and names")

    def payload(self) -> dict[str, Any]:
        """The geometry as the browser reads it."""
        return {
            "kind": self.kind,
            "url": self.url,
            "codes_url": self.codes_url,
            "revision": self.revision,
            "bounds": list(self.bounds),
        }


@dataclass(frozen=True, slots=True)
class HoverColumn:
    """One more number that every area can say about itself; NaN is shown as "no data".

    With `first`, the browser ranks the areas by it too, from the highest or from the lowest.
    """

    label: str
    values: NDArray[np.floating[Any]]
    unit: str = ""
    decimals: int = 1
    first: Literal["high", "low"] | None = None

    def payload(self) -> dict[str, Any]:
        """The column as the browser reads it: float32, four bytes an area."""
        return {
            "label": self.label,
            "unit": self.unit,
            "decimals": self.decimals,
            "first": self.first,
            "values": _base64(np.asarray(self.values, dtype="<f4")),
        }


@dataclass(frozen=True, slots=True)
class Paint:
    """How every area looks: its class, whether it is marked (a desert), and what hovering over it says.

    `classes` holds one class per area, in the geometry's order: a position in `palette`, or 255 where not known.
    `labels` says in words what each class is. `marks` is True for areas drawn hatched, whatever their colour; `faint`
    for areas drawn dotted instead: marked, but not for sure. `source` names where the values come from, and every area
    says it.
    """

    title: str
    classes: NDArray[np.integer[Any]]
    palette: tuple[str, ...]
    labels: tuple[str, ...]
    unit: str = ""
    no_data_label: str = "No data"
    marks: NDArray[np.bool_] | None = None
    marks_label: str = "Desert"
    faint: NDArray[np.bool_] | None = None
    faint_label: str = "Desert, fragile"
    counted: tuple[str, str] = ("area", "areas")
    """What the legend counts: one, many."""
    hover: tuple[HoverColumn, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.palette) != len(self.labels):
            raise ValueError(f"{len(self.palette)} colours but {len(self.labels)} labels: one label per class")
        known = self.classes[self.classes != NO_DATA]
        if known.size and (known.min() < 0 or known.max() >= len(self.palette)):
            raise ValueError(
                f"classes run from {known.min()} to {known.max()}; "
                f"expected 0 to {len(self.palette) - 1}, or {NO_DATA} for no data"
            )
        lengths = {"marks": self.marks, "faint": self.faint, **{column.label: column.values for column in self.hover}}
        for name, values in lengths.items():
            if values is not None and len(values) != len(self.classes):
                raise ValueError(f"{name} has {len(values)} values for {len(self.classes)} areas")

    @property
    def revision(self) -> str:
        """A short name of everything painted: the same for the same picture, and reported once it is on screen."""
        return _digest(self._content())

    def payload(self) -> dict[str, Any]:
        """The paint as the browser reads it, with the class counts for the legend."""
        content = self._content()
        return {"revision": _digest(content), **content}

    def _content(self) -> dict[str, Any]:
        counts = np.bincount(self.classes, minlength=NO_DATA + 1)
        return {
            "title": self.title,
            "unit": self.unit,
            "source": self.source,
            "classes": _base64(self.classes.astype(np.uint8)),
            "palette": list(self.palette),
            "labels": list(self.labels),
            "counts": counts[: len(self.palette)].tolist(),
            "no_data": {"label": self.no_data_label, "count": int(counts[NO_DATA])},
            "marks": _bits(self.marks),
            "marks_label": self.marks_label,
            "marks_count": 0 if self.marks is None else int(self.marks.sum()),
            "faint": _bits(self.faint),
            "faint_label": self.faint_label,
            "faint_count": 0 if self.faint is None else int(self.faint.sum()),
            "counted": list(self.counted),
            "hover": [column.payload() for column in self.hover],
        }


@dataclass(frozen=True, slots=True)
class Coarser:
    """Larger areas of the same place, shown instead of the map's own while it is zoomed out to below `below_zoom`."""

    name: str
    below_zoom: float
    geometry: Geometry
    paint: Paint

    def payload(self) -> dict[str, Any]:
        """The level as the browser reads it."""
        return {
            "name": self.name,
            "below_zoom": self.below_zoom,
            "geometry": self.geometry.payload(),
            "paint": self.paint.payload(),
        }


@dataclass(frozen=True, slots=True)
class Point:
    """One site as the map shows it; its name is shown as text, whatever is in it."""

    longitude: float
    latitude: float
    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class PointLayer:
    """A group of sites that look alike.

    They are sent along as `points`, or fetched from `url`: JSON rows of longitude, latitude, name, kind.
    """

    id: str
    label: str
    points: Sequence[Point] | None = None
    url: str | None = None
    symbol: Literal["circle", "square", "diamond", "triangle"] = "circle"
    colour: str = "#1f2937"

    def __post_init__(self) -> None:
        if (self.points is None) == (self.url is None):
            raise ValueError(f"point layer {self.id!r}: give either points or url")

    def payload(self) -> dict[str, Any]:
        """The layer as the browser reads it."""
        rows = None
        if self.points is not None:
            rows = [[round(p.longitude, 6), round(p.latitude, 6), p.name, p.kind] for p in self.points]
        content = {
            "id": self.id,
            "label": self.label,
            "symbol": self.symbol,
            "colour": self.colour,
            "url": self.url,
            "points": rows,
        }
        return {"revision": _digest(content), **content}


@dataclass(frozen=True, slots=True)
class Basemap:
    """Background tiles the host has chosen, with the credit line they require."""

    url: str
    attribution: str


@dataclass(frozen=True, slots=True)
class CatchmentOutline:
    """What a travel-time catchment reaches: its label, and the outline of its areas.

    It stands for a drawing at `place` (longitude, latitude) with these `minutes` and `mode`, and is shown only while
    the drawing is so. `rings` are arrays of longitude and latitude, holes among them; none draws no outline.
    """

    place: tuple[float, float]
    minutes: float
    mode: str
    label: str
    rings: Sequence[NDArray[np.float64]] = ()

    def payload(self) -> dict[str, Any]:
        """The outline as the browser reads it: 16-bit steps across its bounds, four bytes a point."""
        points = np.concatenate([np.empty((0, 2)), *self.rings])
        west, south = points.min(axis=0) if len(points) else (0.0, 0.0)
        east, north = points.max(axis=0) if len(points) else (1.0, 1.0)
        size = np.maximum([east - west, north - south], 1e-9)
        steps = np.round((points - [west, south]) / size * _STEPS).astype("<u2")
        return {
            "place": list(self.place),
            "minutes": self.minutes,
            "mode": self.mode,
            "label": self.label,
            "bounds": [float(west), float(south), float(west + size[0]), float(south + size[1])],
            "rings": [len(ring) for ring in self.rings],
            "points": _base64(steps),
        }


_STEPS = 65_535


@dataclass(frozen=True, slots=True)
class Keeping:
    """What Python has saved, so that the browser keeps the rest until it is saved too."""

    session: str
    """Another one after the server has started anew."""
    base: str = ""
    """The saved scenario and its revision, such as ``key@3``; blank where nothing is saved yet."""
    is_saved: bool = False
    """Whether the drawings sent along are in that file."""


@dataclass(frozen=True, slots=True)
class MapData:
    """Everything the map shows; see the package's own words for the revisions."""

    geometry: Geometry
    paint: Paint | None = None
    coarser: Sequence[Coarser] = ()
    """From the largest areas, with the lowest zoom, to the smallest."""
    points: Sequence[PointLayer] = ()
    drawings: Sequence[Drawing] = ()
    drawings_revision: int | str = 0
    selected: str | None = None
    selected_revision: int | str = 0
    tools: Sequence[Literal["point_radius", "polygon", "travel_time"]] = ("point_radius", "polygon")
    label: str = "Map"
    view_group: str | None = None
    """Maps on one page with the same name here are panned and zoomed together."""
    swipe_label: str = ""
    """For a map laid over another: what the slider that uncovers it is called; none where blank."""
    attribution: str = ""
    basemap: Basemap | None = None
    height: int = 600
    catchments: Callable[[Sequence[Drawing]], Sequence[CatchmentOutline]] | None = None
    """What the travel-time catchments among the drawings reach; asked with the drawings as last known."""
    keeping: Keeping | None = None
    """Where given, the browser keeps what is drawn until it is saved, and brings it back after a breakdown."""

    @property
    def first_level(self) -> str | None:
        """The level taken to be shown before the browser has said: the largest areas; None for the map's own."""
        return self.coarser[0].name if self.coarser else None

    def payload(self, *, drawings: Sequence[Drawing], selected: str | None, level: str | None = None) -> dict[str, Any]:
        """The whole as the browser reads it, with the drawings, the selection and the level as last known."""
        basemap = None
        if self.basemap is not None:
            basemap = {"url": self.basemap.url, "attribution": self.basemap.attribution}
        return {
            "label": self.label,
            "height": self.height,
            "geometry": self.geometry.payload(),
            "paint": None if self.paint is None else self.paint.payload(),
            "coarser": [each.payload() for each in self.coarser],
            "level": level,
            "points": [layer.payload() for layer in self.points],
            "catchments": [] if self.catchments is None else [one.payload() for one in self.catchments(drawings)],
            "drawings": list(drawings),
            "drawings_revision": self.drawings_revision,
            "selected": selected,
            "selected_revision": self.selected_revision,
            "tools": list(self.tools),
            "view_group": self.view_group,
            "swipe_label": self.swipe_label,
            "attribution": self.attribution,
            "basemap": basemap,
            "keeping": None if self.keeping is None or not self.tools else asdict(self.keeping),
        }


@dataclass(frozen=True, slots=True)
class MapState:
    """What the user has drawn, the code of the area selected (None where there is none), and the level on screen.

    `level` is the name of the coarser areas that are shown for now; None where the map's own are.
    """

    drawings: tuple[Drawing, ...] = field(default=())
    selected: str | None = None
    level: str | None = None


def _bits(marks: NDArray[np.bool_] | None) -> str | None:
    return None if marks is None else _base64(np.packbits(marks, bitorder="little"))


def _base64(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=8).hexdigest()
