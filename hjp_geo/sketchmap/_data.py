"""What the map is told and what it answers, as checked values that know how to become JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NO_DATA = 255
"""The class of an area whose value is not known."""

Drawing: TypeAlias = dict[str, Any]
"""A GeoJSON feature: a Point with ``properties.radius_m`` (a circle), or an area; with ``id`` and ``name``."""


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
            "hover": [column.payload() for column in self.hover],
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
class MapData:
    """Everything the map shows; see the package's own words for the revisions."""

    geometry: Geometry
    paint: Paint | None = None
    points: Sequence[PointLayer] = ()
    drawings: Sequence[Drawing] = ()
    drawings_revision: int | str = 0
    selected: str | None = None
    selected_revision: int | str = 0
    tools: Sequence[Literal["point_radius", "polygon"]] = ("point_radius", "polygon")
    label: str = "Map"
    attribution: str = ""
    basemap: Basemap | None = None
    height: int = 600

    def payload(self, *, drawings: Sequence[Drawing], selected: str | None) -> dict[str, Any]:
        """The whole as the browser reads it, with the drawings and the selection as last known."""
        basemap = None
        if self.basemap is not None:
            basemap = {"url": self.basemap.url, "attribution": self.basemap.attribution}
        return {
            "label": self.label,
            "height": self.height,
            "geometry": self.geometry.payload(),
            "paint": None if self.paint is None else self.paint.payload(),
            "points": [layer.payload() for layer in self.points],
            "drawings": list(drawings),
            "drawings_revision": self.drawings_revision,
            "selected": selected,
            "selected_revision": self.selected_revision,
            "tools": list(self.tools),
            "attribution": self.attribution,
            "basemap": basemap,
        }


@dataclass(frozen=True, slots=True)
class MapState:
    """What the user has drawn, and the code of the area selected (None where there is none)."""

    drawings: tuple[Drawing, ...] = field(default=())
    selected: str | None = None


def _bits(marks: NDArray[np.bool_] | None) -> str | None:
    return None if marks is None else _base64(np.packbits(marks, bitorder="little"))


def _base64(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=8).hexdigest()
