"""Areas and the people who live in them: the frame that every layer is aligned to."""

from __future__ import annotations

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.layer import derived, layer, note

_NAMES = {
    "area_code": "LSOA 2021 code",
    "area_name": "LSOA 2021 name",
    "msoa21_code": "the MSOA it is part of; missing where the lookup is not loaded",
    "msoa21_name": "its name; missing likewise",
    "ward24_code": "the ward of 2024 that fits best; missing likewise",
    "ward24_name": "its name; missing likewise",
    "sicbl24_code": "Sub-ICB location of 2024",
    "sicbl24_name": "its name",
    "icb24_code": "Integrated Care Board of 2024 (one of 42)",
    "icb24_name": "its name",
    "icb26_code": "Integrated Care Board of April 2026 (one of 36); missing where not known",
    "icb26_name": "its name; missing likewise",
    "lad24_code": "local authority district of 2024",
    "lad24_name": "its name",
    "region24_code": "the region of its district; missing where the lookup is not loaded",
    "region24_name": "its name; missing likewise",
    "pcn26_code": "the primary care network with most of its registered patients; missing where the mapping of "
    "practices is not loaded",
    "pcn26_name": "its name; missing likewise",
    "rural_urban": "rural-urban class of 2021; missing where not known",
    "easting": "population-weighted centroid, metres, British National Grid",
    "northing": "the same",
    "residents": "people, mid-2022",
}

_HALF = 0.5


@derived(key="area_code", columns=_NAMES)
def areas(
    lsoa21_icb24_lookup: Table,
    lsoa21_centroids: Table,
    iod25: Table,
    board_membership: Table,
    lsoa21_rural_urban: Table,
    lsoa21_msoa21_lookup: Table | None = None,
    lsoa21_ward24_lookup: Table | None = None,
    lad24_region24_lookup: Table | None = None,
    area_pcn: Table | None = None,
) -> Table:
    """One English LSOA of 2021 a row: its names, where it belongs, where its people live, and how many they are.

    The district is never taken from the ward: wards fit areas only as well as they can. No official list says which
    areas a primary care network has: an area is given to the one with most of its registered patients.
    """
    people = iod25[["lsoa21_code", "lsoa21_name", "population"]]
    joined = lsoa21_icb24_lookup.merge(lsoa21_centroids, on="lsoa21_code", how="left", validate="1:1")
    joined = joined.merge(people, on="lsoa21_code", how="left", validate="1:1")
    joined["rural_urban"] = joined["lsoa21_code"].map(lsoa21_rural_urban.set_index("lsoa21_code")["ruc21_name"])
    for lookup, key, level in (
        (board_membership.rename(columns={"area_code": "lsoa21_code"}), "lsoa21_code", "icb26"),
        (lsoa21_msoa21_lookup, "lsoa21_code", "msoa21"),
        (lsoa21_ward24_lookup, "lsoa21_code", "ward24"),
        (lad24_region24_lookup, "lad24_code", "region24"),
        (_most_patients(area_pcn), "lsoa21_code", "pcn26"),
    ):
        joined = _with_level(joined, lookup, key, level)
    named = joined.rename(columns={"lsoa21_code": "area_code", "lsoa21_name": "area_name", "population": "residents"})
    table = named[list(_NAMES)].sort_values("area_code", ignore_index=True)
    missing = {
        "easting": "population-weighted centroid",
        "residents": "population",
        "rural_urban": "rural-urban class",
        "icb26_code": "board of 2026",
        "msoa21_code": "MSOA",
        "ward24_code": "ward",
        "region24_code": "region",
        "pcn26_code": "primary care network",
    }
    for column, what in missing.items():
        note(table, f"areas without a {what}", table[column].isna().sum())
    if area_pcn is not None:
        shared = area_pcn.groupby("area_code")["share"].max() < _HALF
        note(table, "areas given to a primary care network that has fewer than half of their patients", shared.sum())
        without = area_pcn["pcn_code"].nunique() - table["pcn26_code"].nunique()
        note(table, "primary care networks that have most of the patients of no area: in no list of places", without)
    return table


def _most_patients(networks: Table | None) -> Table | None:
    """The network with most of each area's patients; of equals, the first code."""
    if networks is None:
        return None
    ordered = networks.sort_values(["patients", "pcn_code"], ascending=[False, True])
    first = ordered.drop_duplicates("area_code")[["area_code", "pcn_code", "pcn_name"]]
    return first.rename(columns={"area_code": "lsoa21_code", "pcn_code": "pcn26_code", "pcn_name": "pcn26_name"})


def _with_level(areas: Table, lookup: Table | None, key: str, level: str) -> Table:
    """The areas with code and name of a larger area; missing where the lookup is not loaded or lacks the area."""
    columns = [f"{level}_code", f"{level}_name"]
    if lookup is None:
        return areas.assign(**{column: pd.Series(None, index=areas.index, dtype="str") for column in columns})
    return areas.merge(lookup[[key, *columns]], on=key, how="left", validate="m:1")


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
