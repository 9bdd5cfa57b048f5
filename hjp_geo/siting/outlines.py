"""Outlines that the reader draws or brings → the areas inside them: what an own area is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hjp_geo.errors import GeographyError
from hjp_geo.evidence import Evidence
from hjp_geo.siting.candidate import Candidate

__all__ = ["areas_inside", "read_outlines"]

_MOST_BYTES = 5_000_000
_MOST_OUTLINES = 200
_GEOMETRIES = ("Polygon", "MultiPolygon")


def read_outlines(content: bytes) -> list[dict[str, Any]]:
    """The polygons of a GeoJSON file in WGS84, as features: a collection, one feature or a bare geometry.

    `GeographyError` for a file that is too large, is not GeoJSON, or holds no polygon or too many.
    """
    if len(content) > _MOST_BYTES:
        raise GeographyError(
            f"The file has {len(content):,} bytes, expected at most {_MOST_BYTES:,}. Simplify the outline first."
        )
    try:
        read = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise GeographyError("The file is not GeoJSON: it cannot be read. Save it as GeoJSON in WGS84.") from error
    # nothing but the geometry is taken: a file's own properties could name areas, or a radius
    features = [{"geometry": one["geometry"]} for one in _features(read) if _kind(one) in _GEOMETRIES]
    if not 0 < len(features) <= _MOST_OUTLINES:
        raise GeographyError(
            f"The file holds {len(features):,} polygons, expected 1 to {_MOST_OUTLINES}. "
            "Save the outlines as GeoJSON polygons in WGS84 (longitude, latitude)."
        )
    return features


def _features(read: Any) -> list[Mapping[str, Any]]:
    if not isinstance(read, dict):
        return []
    if isinstance(read.get("features"), list):
        return [one for one in read["features"] if isinstance(one, dict)]
    return [read] if "geometry" in read else [{"geometry": read}]


def _kind(feature: Mapping[str, Any]) -> object:
    geometry = feature.get("geometry")
    return geometry.get("type") if isinstance(geometry, dict) else None


def areas_inside(features: Sequence[Mapping[str, Any]], evidence: Evidence) -> list[str]:
    """The codes of the areas whose population-weighted centre lies inside any of the outlines or on an edge, sorted.

    A drawing chosen by name (a district, a list of areas) gives its list. `GeographyError` for an outline that cannot
    be read, lies outside Britain, or where none holds a centre.
    """
    centres = evidence.areas[["easting", "northing"]].to_numpy(dtype="float64")
    inside = np.zeros(len(centres), dtype=bool)
    for feature in features:
        outline = Candidate.from_feature(feature)
        inside |= evidence.areas.index.isin(outline.codes) if outline.codes else outline.holds(centres)
    if not inside.any():
        raise GeographyError("No area's centre lies inside the outline. Draw a larger one, or list the areas.")
    return [str(code) for code in evidence.areas.index[inside]]
