"""A made-up district: a grid of areas with wavy shared edges, as GeoJSON and as a picture of area numbers."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from PIL import Image

BOUNDS = (-1.9, 53.60, -1.1, 54.00)
HOSTILE = '<img src=x onerror="window.__hacked=1">'


def code(i: int) -> str:
    return f"E0199{i:04d}"


def name(i: int) -> str:
    return HOSTILE if i == 0 else f"Area {i}"


def centre(i: int, side: int) -> tuple[float, float]:
    """Longitude and latitude of the middle of area i; areas count from the south-west, row by row."""
    west, south, east, north = BOUNDS
    row, column = divmod(i, side)
    return west + (column + 0.5) * (east - west) / side, south + (row + 0.5) * (north - south) / side


def features(side: int, points_per_edge: int = 6) -> dict[str, Any]:
    """side × side areas; neighbours share their wavy edge exactly."""
    west, south, east, north = BOUNDS
    width, height = (east - west) / side, (north - south) / side

    def place(x: float, y: float) -> list[float]:
        # Displacement is a function of the place alone, so both neighbours compute the same edge; none at the rim.
        rim = min(1.0, x, y, side - x, side - y)
        dx = 0.13 * rim * math.sin(5 * y + 3 * x) * math.cos(11 * y)
        dy = 0.13 * rim * math.sin(5 * x + 4 * y) * math.cos(9 * x)
        return [round(west + (x + dx) * width, 5), round(south + (y + dy) * height, 5)]

    steps = [k / points_per_edge for k in range(points_per_edge)]
    collection = []
    for i in range(side * side):
        y, x = divmod(i, side)
        ring = [place(x + t, y) for t in steps] + [place(x + 1, y + t) for t in steps]
        ring += [place(x + 1 - t, y + 1) for t in steps] + [place(x, y + 1 - t) for t in steps]
        collection.append(
            {
                "type": "Feature",
                "properties": {"code": code(i), "name": name(i)},
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            }
        )
    return {"type": "FeatureCollection", "features": collection}


def picture(side: int) -> bytes:
    """A PNG in Web Mercator whose red, green and blue spell area position + 1; a clear strip of nothing at the left."""
    pixels = min(30 * side, 2000)
    _, south, _, north = BOUNDS
    mercator = [math.asinh(math.tan(math.radians(y))) for y in (north, south)]
    y = np.linspace(*mercator, pixels * 2 + 1)[1::2]
    latitude = np.degrees(np.arctan(np.sinh(y)))
    row = np.clip(((latitude - south) / (north - south) * side).astype(int), 0, side - 1)
    column = (np.arange(pixels) * side) // pixels
    ids = row[:, None] * side + column[None, :] + 1
    ids[:, 0] = 0
    rgb = np.stack([ids >> 16, (ids >> 8) & 255, ids & 255], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format="PNG")
    return buffer.getvalue()


def names(side: int) -> dict[str, list[str]]:
    return {"codes": [code(i) for i in range(side**2)], "names": [name(i) for i in range(side**2)]}
