"""What a map shows, before anybody draws it: areas in classes, marks on some of them, points, outlines, a credit."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.maps.shades import Shades

__all__ = ["MapContent", "Points"]


@dataclass(frozen=True, eq=False)
class Points:
    """Places to mark: a table with ``easting, northing, site_name``, what they are, and how they look."""

    label: str
    places: Table
    symbol: str = "D"
    """A marker of matplotlib: D diamond, o circle, s square, ^ triangle."""
    colour: str = "#111827"


@dataclass(frozen=True, eq=False)
class MapContent:
    """One map of areas: shapes in the British National Grid, and everything in the same order as they."""

    title: str
    unit: str
    shapes: gpd.GeoSeries
    shades: Shades
    credit: str
    names: pd.Series[str] = field(default_factory=lambda: pd.Series(dtype="str"))
    values: pd.Series[float] = field(default_factory=lambda: pd.Series(dtype="float64"))
    marks: npt.NDArray[np.bool_] | None = None
    """Which areas are marked, such as deserts."""
    marks_label: str = ""
    points: tuple[Points, ...] = ()
    districts: pd.Series[str] | None = None
    """The district of each area: its outline is drawn."""
    sketches: gpd.GeoSeries | None = None
    """Outlines that somebody sketched, indexed by their names."""
