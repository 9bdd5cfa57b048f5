"""Areas and the people who live in them: the frame that every layer is aligned to."""

from __future__ import annotations

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.layer import derived, layer, note

_NAMES = {
    "area_code": "LSOA 2021 code",
    "area_name": "LSOA 2021 name",
    "sicbl24_code": "Sub-ICB location of 2024",
    "sicbl24_name": "its name",
    "icb24_code": "Integrated Care Board of 2024 (one of 42)",
    "icb24_name": "its name",
    "lad24_code": "local authority district of 2024",
    "lad24_name": "its name",
    "easting": "population-weighted centroid, metres, British National Grid",
    "northing": "the same",
    "residents": "people, mid-2022",
}


@derived(key="area_code", columns=_NAMES)
def areas(lsoa21_icb24_lookup: Table, lsoa21_centroids: Table, iod25: Table) -> Table:
    """One English LSOA of 2021 a row: its names, where it belongs, where its people live, and how many they are."""
    joined = lsoa21_icb24_lookup.merge(lsoa21_centroids, on="lsoa21_code", how="left", validate="1:1").merge(
        iod25[["lsoa21_code", "lsoa21_name", "population"]], on="lsoa21_code", how="left", validate="1:1"
    )
    named = joined.rename(columns={"lsoa21_code": "area_code", "lsoa21_name": "area_name", "population": "residents"})
    table = named[list(_NAMES)].sort_values("area_code", ignore_index=True)
    for column, what in (("easting", "population-weighted centroid"), ("residents", "population")):
        note(table, f"areas without a {what}", table[column].isna().sum())
    return table


@derived(key="area_code", columns={"area_code": "LSOA 2021 code", "geometry": "boundary, generalised to 20 m"})
def area_boundaries(lsoa21_boundaries: Table) -> Table:
    """The boundary of each area, in the British National Grid."""
    shapes = lsoa21_boundaries.rename(columns={"lsoa21_code": "area_code"})[["area_code", "geometry"]]
    return shapes.sort_values("area_code", ignore_index=True)


@layer(label="Residents", unit="people", role="people", polarity="none", group="People")
def residents(areas: Table) -> AreaValues:
    """People living in the area in mid-2022, as used by the English Indices of Deprivation 2025."""
    return _values(areas, "residents")


@layer(label="People in income deprivation", unit="people", role="people", polarity="high_is_need", group="People")
def people_in_income_deprivation(iod25: Table) -> AreaValues:
    """Residents in families with a low income: the income rate of IoD 2025 times the residents of mid-2022.

    The publisher rounds the rate to 0.001, so an area of 1,700 people is right to about one person.
    """
    counts = iod25.set_index("lsoa21_code")["income_rate"] * iod25.set_index("lsoa21_code")["population"]
    return counts.astype("float64")


def _values(table: Table, column: str) -> pd.Series[float]:
    return table.set_index("area_code")[column].astype("float64")
