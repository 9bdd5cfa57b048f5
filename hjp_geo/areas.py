"""Areas: their codes and vintages, and the two shapes of value that the whole engine exchanges."""

from __future__ import annotations

import re
from typing import TypeAlias

import pandas as pd

__all__ = [
    "BRITISH_NATIONAL_GRID",
    "WGS84",
    "AreaValues",
    "SiteValues",
    "Table",
    "at_postcodes",
    "is_lsoa_code",
    "tidy_postcodes",
]

BRITISH_NATIONAL_GRID = "EPSG:27700"
"""Everything is measured here, in metres."""
WGS84 = "EPSG:4326"
"""Everything is shown here; distances in degrees are a bug."""

AreaValues: TypeAlias = "pd.Series[float]"
"""One number per area: a named float Series indexed by ``area_code``, sorted; NaN means not known."""
SiteValues: TypeAlias = "pd.Series[float]"
"""One number per site: a named float Series indexed by ``site_id``; NaN means not known."""
Table: TypeAlias = pd.DataFrame
"""Tidy rows with a unique key and declared columns; boundaries are GeoDataFrames in the British National Grid."""

_ENGLISH_LSOA = re.compile(r"E01\d{6}")


def at_postcodes(rows: Table, postcodes: Table) -> Table:
    """The rows with the ``easting`` and ``northing`` of their ``postcode``; missing where the list does not know it.

    Raises `ValueError` where the list has one of their postcodes twice.
    """
    wanted = postcodes["postcode"].isin(rows["postcode"].dropna().unique())  # of millions, before they are joined
    places = postcodes.loc[wanted, ["postcode", "easting", "northing"]]
    return rows.merge(places, on="postcode", how="left", validate="m:1")


def is_lsoa_code(code: str) -> bool:
    """Whether a code is that of an English LSOA (of any vintage: the code alone does not tell)."""
    return _ENGLISH_LSOA.fullmatch(code) is not None


def tidy_postcodes(postcodes: pd.Series[str]) -> pd.Series[str]:
    """Postcodes in capitals with one space before the last three characters; missing where that is not a postcode.

    >>> tidy_postcodes(pd.Series(["nw12db", " SW1A  2AA", "none"])).tolist()
    ['NW1 2DB', 'SW1A 2AA', nan]
    """
    bare = postcodes.astype("str").str.upper().str.replace(r"[^A-Z0-9]", "", regex=True)
    spaced = bare.str.slice(stop=-3) + " " + bare.str.slice(start=-3)
    return spaced.where(bare.str.fullmatch(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}"))
