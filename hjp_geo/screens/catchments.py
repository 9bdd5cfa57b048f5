"""What the travel-time catchments of a page reach, for its map: the same areas that the figures take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.siting import Candidate, catchment_of, short_label
from hjp_geo.sketchmap import CatchmentOutline, Drawing

__all__ = ["is_catchment", "outlines"]

_FINE_METRES, _COARSE_METRES = 20.0, 100.0
_MANY_AREAS = 200
"""The outline of more areas is drawn more coarsely: it only shows where they are."""


def is_catchment(drawing: Drawing) -> bool:
    """Whether a drawing is a point with minutes."""
    return drawing.get("geometry", {}).get("type") == "Point" and "minutes" in drawing.get("properties", {})


def outlines(known: Evidence) -> Callable[[Sequence[Drawing]], list[CatchmentOutline]]:
    """What makes the outlines of the catchments among some drawings, by this evidence."""

    def of(drawings: Sequence[Drawing]) -> list[CatchmentOutline]:
        return [_outline(one, known) for one in drawings if is_catchment(one)]

    return of


def _outline(drawing: Drawing, known: Evidence) -> CatchmentOutline:
    longitude, latitude = drawing["geometry"]["coordinates"][:2]
    properties = drawing["properties"]
    place = (float(longitude), float(latitude))
    minutes, mode = properties["minutes"], str(properties.get("mode"))
    try:
        candidate = Candidate.from_feature(drawing)
        found = catchment_of(candidate, known)
    except HjpError:  # the panel beside the map says what is wrong
        return CatchmentOutline(place, minutes, mode, "not worked out: see beside the map")
    rings = _rings(found.ground, _FINE_METRES if len(found.codes) <= _MANY_AREAS else _COARSE_METRES)
    return CatchmentOutline(place, minutes, mode, short_label(candidate, found), rings)


@lru_cache(maxsize=128)
def _rings(ground: shapely.Geometry, metres: float) -> tuple[npt.NDArray[np.float64], ...]:
    """The rings of a simplified outline, in degrees."""
    lines = shapely.get_parts(shapely.boundary(shapely.simplify(ground, metres)))
    return tuple(np.column_stack(_to_degrees().transform(*shapely.get_coordinates(line).T)) for line in lines)


@lru_cache(maxsize=1)
def _to_degrees() -> Transformer:
    return Transformer.from_crs(BRITISH_NATIONAL_GRID, WGS84, always_xy=True)
