"""What a user's rows are checked against: postcodes, areas, lists that are there already, and today's date."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from hjp_geo.areas import Table
from hjp_geo.errors import WarehouseError
from hjp_geo.store import Warehouse

__all__ = ["Known", "tidy_postcode"]

_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")


@dataclass(frozen=True, eq=False)
class Known:
    """The warehouse as the checks see it. Tests make one by hand."""

    today: dt.date
    areas: Table = field(repr=False)
    """Indexed by ``area_code``: names, codes of the larger areas, centroid, residents."""
    postcodes: Table = field(repr=False)
    """Indexed by postcode, ``easting`` and ``northing``: those asked about, see `of`."""
    list_name: str = "the list of live postcodes"
    recoded: Mapping[str, str] = field(default_factory=dict)
    """Former code of an area → the one in use."""
    warehouse: Warehouse | None = field(default=None, repr=False)

    @classmethod
    def of(cls, warehouse: Warehouse, postcodes: Collection[str], today: dt.date) -> Known:
        """What the warehouse knows of these postcodes (tidied), and its areas."""
        found = warehouse.query(
            "SELECT postcode, easting, northing FROM postcodes WHERE postcode IN (SELECT unnest(?))",
            [sorted(set(postcodes))],
        ).set_index("postcode")
        areas = warehouse.table("areas").set_index("area_code")
        return cls(today, areas, found, warehouse=warehouse)

    def point(self, postcode: str) -> tuple[float, float] | None:
        """Easting and northing of a tidied postcode; None where it is not known, or has no place."""
        place = self._points.get(postcode)
        return place if place and not np.isnan(place[0]) else None

    def has_postcode(self, postcode: str) -> bool:
        """Whether the list has the postcode, with or without a place."""
        return postcode in self._points

    @cached_property
    def _points(self) -> dict[str, tuple[float, float]]:
        rows = self.postcodes[["easting", "northing"]].itertuples(name=None)
        return {str(code): (float(east), float(north)) for code, east, north in rows}

    @cached_property
    def codes(self) -> frozenset[str]:
        """Every code of an area or a larger one."""
        larger = [column for column in self.areas.columns if column.endswith("_code")]
        found = {str(code) for column in larger for code in self.areas[column].dropna().unique()}
        return frozenset(found | set(map(str, self.areas.index)) | self._lsoa11)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Name of a larger area, in small letters → its code."""
        found: dict[str, str] = {}
        for column in [column for column in self.areas.columns if column.endswith("_code")]:
            name = column.removesuffix("_code") + "_name"
            if name in self.areas.columns:
                pairs = self.areas[[column, name]].drop_duplicates().dropna()
                found |= {str(text).casefold(): str(code) for code, text in pairs.itertuples(index=False)}
        return found

    @cached_property
    def _lsoa11(self) -> frozenset[str]:
        if self.warehouse is None:
            return frozenset()
        try:
            return frozenset(
                self.warehouse.query("SELECT DISTINCT lsoa11_code FROM lsoa11_lsoa21_lookup")["lsoa11_code"]
            )
        except WarehouseError:  # a warehouse without the lookup knows no former codes
            return frozenset()

    def in_england(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which points (rows of easting, northing) stand in an area; False for a missing one."""
        inside = np.zeros(len(points), dtype=np.bool_)
        tree = self._tree
        if tree is None:
            return inside
        placed = np.flatnonzero(np.isfinite(points).all(axis=1))
        which, _ = tree.query(shapely.points(points[placed]), predicate="intersects")
        inside[placed[which]] = True
        return inside

    @cached_property
    def _tree(self) -> shapely.STRtree | None:
        if self.warehouse is None:
            return None
        return shapely.STRtree(self.warehouse.table("area_boundaries").geometry.to_numpy())


def tidy_postcode(text: str) -> str | None:
    """One postcode as `hjp_geo.areas.tidy_postcodes` writes it; None where it is not one."""
    match = _POSTCODE.fullmatch(re.sub(r"[^A-Z0-9]", "", text.upper()))
    return f"{match[1]} {match[2]}" if match else None
