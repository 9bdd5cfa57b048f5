"""Venues: buildings that could host advice, or share one with it already, and what volunteers mapped beside them.

Health sites and libraries are under the Open Government Licence and stand in one table. Places of OpenStreetMap are
under the Open Database Licence: they have a table and a layer of their own, and are never merged with the others.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, AreaValues, Table, at_postcodes
from hjp_geo.layer import derived, layer, note

_VENUES = {
    "site_id": "ODS code of a health site, or library- and its row in the list",
    "name": "as published",
    "kind": "gp_practice, gp_branch, hospital, mental_health, maternity, pharmacy or library",
    "address": "lines joined by commas",
    "postcode": "tidied; missing where it is not one",
    "easting": "metres, British National Grid, of the postcode; missing where it has no place",
    "northing": "the same",
    "longitude": "degrees, WGS84",
    "latitude": "the same",
    "phone": "as published; empty where not given",
    "website": "empty: no list here gives one",
    "belongs_to": "ODS code of the practice or trust; of a library its authority",
    "shares_with_health": "whether its own list says that it shares its building with a health service",
    "shares_with_advice": "whether its own list names an advice service in the building; missing where it cannot say",
    "source": "the source it comes from",
    "as_of": "the date or edition of that list; empty where it is kept up to date",
}

KINDS = {
    # the first that matches counts: a maternity unit of a hospital is a maternity unit
    "maternity": r"\bmaternity\b|\bmidwi|\bbirth(?:ing)? (?:centre|unit)\b",
    "mental_health": r"\bmental health\b|\bpsychiatr|\bchild and adolescent\b|\bcamhs\b|\btalking therap",
    "hospital": r"\bhospitals?\b|\binfirmary\b",
}
"""Kind of a trust's site → what in its name says so. What a site is stands nowhere else."""

_LIBRARY_OPEN = ("authority", "community", "commissioned", "independent", "unstaffed")


@derived(key="site_id", columns=_VENUES)
def venues(
    gp_practices: Table,
    postcodes: Table,
    gp_branches: Table | None = None,
    nhs_trust_sites: Table | None = None,
    pharmacies: Table | None = None,
    libraries: Table | None = None,
) -> Table:
    """One open building a row that could host a partnership, placed by its postcode. Kept although unplaced.

    As many kinds as lists are loaded: a kind that is absent is not loaded, never "none there". Wales is left in where
    a list has it.
    """
    practices = gp_practices[gp_practices["is_gp_practice"]]
    parts = [_health(practices, "gp_practices", "practice_code", "practice_name", kind="gp_practice")]
    if gp_branches is not None:
        parts.append(_health(gp_branches, "gp_branches", "branch_code", "branch_name", "practice_code", "gp_branch"))
    if nhs_trust_sites is not None:
        parts.append(_trust_sites(nhs_trust_sites))
    if pharmacies is not None:
        parts.append(_health(pharmacies, "pharmacies", "pharmacy_code", "pharmacy_name", kind="pharmacy"))
    if libraries is not None:
        parts.append(_libraries(libraries))
    joined = pd.concat(parts, ignore_index=True)
    table = _with_degrees(at_postcodes(joined, postcodes))[list(_VENUES)].sort_values("site_id", ignore_index=True)
    for kind, rows in table.groupby("kind"):
        note(table, f"open venues of the kind {kind}", len(rows))
        note(table, f"of them without a place: {kind}", rows["easting"].isna().sum())
    for part in parts:
        for text, count in part.attrs.get("left_out", {}).items():
            note(table, text, count)
    return table


def _health(rows: Table, source: str, code: str, name: str, parent: str = "", kind: str = "") -> Table:
    opened = rows[rows["status"] == "active"]
    table = pd.DataFrame(
        {
            "site_id": opened[code],
            "name": opened[name],
            "kind": kind,
            "address": opened["address"],
            "postcode": opened["postcode"],
            "phone": opened["telephone"],
            "website": "",
            "belongs_to": opened[parent] if parent else opened[code],
            "shares_with_health": True,
            "shares_with_advice": pd.Series(pd.NA, index=opened.index, dtype="boolean"),
            "source": source,
            "as_of": "",
        }
    )
    table.attrs["left_out"] = {f"{source}: rows that are closed or not active, left out": len(rows) - len(opened)}
    return table


def _trust_sites(rows: Table) -> Table:
    """Sites whose name says that they are a hospital or a kind of it: others are offices, clinics and garages."""
    table = _health(rows, "nhs_trust_sites", "trust_site_code", "trust_site_name", "trust_code")
    named = {kind: table["name"].str.contains(pattern, case=False) for kind, pattern in KINDS.items()}
    kinds = np.select(list(named.values()), list(named), default="")
    kept: Table = table.assign(kind=kinds)[kinds != ""]
    words = "nhs_trust_sites: open sites whose names are not those of a hospital, left out"
    kept.attrs["left_out"] = {**table.attrs["left_out"], words: len(table) - len(kept)}
    return kept


def _libraries(rows: Table) -> Table:
    building = rows["library_type"].isin(["static library"])
    opened = rows[building & rows["operation"].isin(_LIBRARY_OPEN)]
    table = pd.DataFrame(
        {
            "site_id": "library-" + opened["library_row"].astype("str"),
            "name": opened["library_name"],
            "kind": "library",
            "address": opened["address"],
            "postcode": opened["postcode"],
            "phone": "",
            "website": "",
            "belongs_to": opened["authority_name"],
            "shares_with_health": opened["shares_with_health"],
            "shares_with_advice": opened["shares_with_advice"].astype("boolean"),
            "source": "libraries",
            "as_of": "2023",
        }
    )
    table.attrs["left_out"] = {
        "libraries: mobile and prison libraries, archives and local history, left out": (~building).sum(),
        "libraries: static libraries that are not open, left out": building.sum() - len(opened),
        "libraries that share with a health service": opened["shares_with_health"].sum(),
        "libraries that share with an advice service": opened["shares_with_advice"].sum(),
    }
    return table


@derived(
    key="osm_id",
    columns={
        "osm_id": "kind and number of the element",
        "name": "as mapped; empty where it has none",
        "kind": "the tags that say what it is",
        "network": "citizens_advice, law_centre or other",
        "easting": "metres, British National Grid",
        "northing": "the same",
        "longitude": "degrees, WGS84",
        "latitude": "the same",
        "postcode": "tidied; missing where not mapped",
        "phone": "as mapped; empty where not said",
        "website": "as mapped; empty where not said",
        "grade": "C: one source, topics not mapped",
        "as_of": "when the database was read",
    },
)
def osm_advice_places(osm_advice: Table) -> Table:
    """Advice places of OpenStreetMap on the grid. ODbL: kept apart from every other table of places.

    They count in no topic and in no desert rule: what advice they give is not mapped.
    """
    points = gpd.GeoSeries(gpd.points_from_xy(osm_advice["longitude"], osm_advice["latitude"]), crs=WGS84)
    grid = points.to_crs(BRITISH_NATIONAL_GRID)
    table = osm_advice.assign(easting=grid.x.round(1).to_numpy(), northing=grid.y.round(1).to_numpy(), grade="C")
    return table[list(osm_advice_places.columns)]


@layer(
    label="Advice places in OpenStreetMap",
    unit="places mapped in the area",
    role="context",
    polarity="none",
    group="Mapped by volunteers (ODbL)",
    caveat="© OpenStreetMap contributors, ODbL. Completeness is uneven: 0 means that none is mapped, not that none is.",
)
def osm_advice_mapped(osm_advice_places: Table, area_boundaries: Table) -> AreaValues:
    """How many places of advice volunteers have mapped within the area. Not used in access or desert rules."""
    points = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(osm_advice_places["easting"], osm_advice_places["northing"]),
        crs=BRITISH_NATIONAL_GRID,
    )
    inside = gpd.sjoin(points, area_boundaries, predicate="intersects")
    first = inside[~inside.index.duplicated()]  # a point on an edge counts once
    counts: AreaValues = first["area_code"].value_counts().reindex(area_boundaries["area_code"], fill_value=0)
    return counts.astype("float64")


def _with_degrees(rows: Table) -> Table:
    grid = gpd.GeoSeries(gpd.points_from_xy(rows["easting"], rows["northing"]), crs=BRITISH_NATIONAL_GRID)
    degrees = grid.to_crs(WGS84)
    placed = rows["easting"].notna().to_numpy()  # the degrees of a missing place come as infinity
    return rows.assign(
        longitude=degrees.x.round(6).where(placed).to_numpy(), latitude=degrees.y.round(6).where(placed).to_numpy()
    )
