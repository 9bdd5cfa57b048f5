"""Advice providers and health sites: where they are, what they offer, and how much of that is known.

No open list is complete. Legal aid offices are specialist supply with a narrow scope; the debt-advice list shows main
offices and proves debt advice only. Outreach, and above all advice inside health services, is badly under-counted.
"""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table, at_postcodes
from hjp_geo.layer import derived, note

LEGAL_AID_TOPICS = {
    "welfare_benefits": ("welfare_benefits", "housing_loss_prevention"),
    "debt": ("debt", "housing_loss_prevention"),
    "housing": ("housing", "housing_loss_prevention"),
    "education": ("education",),
    "community_care": ("community_care",),
    "immigration": ("immigration_asylum",),
}
"""Topic → the directory's categories that touch it. Employment is out of legal aid's scope."""

ASSUMED_TOPICS = ("employment", "housing", "welfare_benefits")
"""What a Citizens Advice main office usually gives beside debt advice. The list does not say so: an assumption."""

_FAR_FROM_POSTCODE_METRES = 1_000
_HOME_VISITS = "home visits in a service area, not a place"
_MOVED = "coordinates 1 km or more from the postcode"
_SAYS_NO_OFFICE = "its name says that there is no office"
_NO_OFFICE = re.compile(r"^no\b.*\boffice\b|\btelephone and email\b", re.IGNORECASE)

_SITES = {
    "site_id": "our name for the site: the list and the row in it",
    "site_name": "what people call it",
    "list": "the list it comes from",
    "postcode": "as published, tidied",
    "easting": "metres, British National Grid; missing where it could not be placed",
    "northing": "the same",
    "longitude": "degrees, WGS84",
    "latitude": "the same",
    "location_quality": "address, postcode, area (a service area, not a place) or unknown",
    "grade": "A to D, X = not a site (METHODS, PROVIDERS §8)",
    "grade_reason": "why",
    "in_england": "whether the place is in an English area",
    "as_of": "the date of the list",
}


@derived(key="site_id", columns=_SITES)
def sites(
    legal_aid_offices: Table, debt_advice_organisations: Table, postcodes: Table, lsoa21_boundaries: Table
) -> Table:
    """One place a row where advice is given in person, as far as open lists know.

    Debt-advice points are placed by their coordinates unless these lie over 1 km from the postcode, legal aid offices
    by their postcode. Kept although unplaced, so that they can be counted.
    """
    offices = _legal_aid_sites(legal_aid_offices, postcodes)
    debt = _debt_advice_sites(debt_advice_organisations, postcodes)
    joined = pd.concat([offices, debt], ignore_index=True)
    joined["in_england"] = _in_england(joined, lsoa21_boundaries)
    table = _with_degrees(joined)[list(_SITES)].sort_values("site_id", ignore_index=True)
    _site_notes(table)
    return table


@derived(
    key=("site_id", "topic", "assistance"),
    columns={
        "site_id": "the site",
        "topic": "one of the seven areas of social welfare law",
        "assistance": "general_advice or specialist_legal_aid",
        "channel": "in_person or outreach",
        "evidence": "listed, or assumed (not stated by the list)",
    },
)
def services(legal_aid_offices: Table, debt_advice_organisations: Table) -> Table:
    """What a site offers: one row a site, topic and kind of assistance. Hours are not published by either list."""
    legal_aid = [_legal_aid_services(legal_aid_offices, topic, flags) for topic, flags in LEGAL_AID_TOPICS.items()]
    face_to_face = debt_advice_organisations[debt_advice_organisations["face_to_face"]]
    debt = face_to_face[~_says_no_office(face_to_face) & ~_repeats(face_to_face)]
    listed = _services(debt, "debt", "general_advice", "listed")
    citizens_advice = debt[debt["network"] == "citizens_advice"]
    assumed = [_services(citizens_advice, topic, "general_advice", "assumed") for topic in ASSUMED_TOPICS]
    table = pd.concat([*legal_aid, listed, *assumed], ignore_index=True)
    return table.sort_values(["site_id", "topic", "assistance"], ignore_index=True)


@derived(
    key="site_id",
    columns={
        "site_id": "ODS practice code",
        "site_name": "practice name",
        "kind": "gp_practice",
        "postcode": "tidied",
        "easting": "metres, British National Grid; missing where it could not be placed",
        "northing": "the same",
        "longitude": "degrees, WGS84",
        "latitude": "the same",
        "patients": "registered patients, wherever they live; missing where no registrations are published",
    },
)
def health_sites(gp_practices: Table, postcodes: Table, gp_registrations: Table) -> Table:
    """One open GP practice a row: a candidate host for a Health Justice Partnership, placed by its postcode."""
    active = gp_practices[(gp_practices["status"] == "active") & gp_practices["is_gp_practice"]]
    patients = gp_registrations.groupby("practice_code")["patients"].sum()
    placed = at_postcodes(active, postcodes)
    table = placed.assign(
        site_id=placed["practice_code"],
        site_name=placed["practice_name"],
        kind="gp_practice",
        patients=placed["practice_code"].map(patients).astype("float64"),
    )
    table = _with_degrees(table)
    columns = ["site_id", "site_name", "kind", "postcode", "easting", "northing", "longitude", "latitude", "patients"]
    table = table[columns].sort_values("site_id", ignore_index=True)
    note(table, "open GP practices", len(table))
    note(table, "open GP practices whose postcode has no place", table["easting"].isna().sum())
    return table


def _legal_aid_sites(offices: Table, postcodes: Table) -> Table:
    placed = at_postcodes(offices, postcodes)
    repeated, unplaced = placed["office_row"] != _first_row(placed), placed["easting"].isna()
    return placed.assign(
        site_id="laa-" + placed["office_row"].astype("str"),
        site_name=placed["provider_name"],
        list="legal_aid",
        location_quality=np.where(unplaced, "unknown", "postcode"),
        grade=np.select([repeated, unplaced], ["X", "D"], default="B"),
        grade_reason=np.select(
            [repeated, unplaced], ["repeats another row", "no place"], default="official list; placed by postcode"
        ),
        as_of=placed["date_refreshed"],
    )


def _first_row(offices: Table) -> pd.Series[int]:
    """The first row of the same provider at the same postcode: its other rows are floors, departments or misprints.

    Rows without a postcode are never taken for the same office.
    """
    first = offices.groupby(["provider_name", "postcode"])["office_row"].transform("min")
    return first.fillna(offices["office_row"]).astype("int64")


def _legal_aid_services(offices: Table, topic: str, flags: tuple[str, ...]) -> Table:
    offering = _first_row(offices)[offices[list(flags)].any(axis=1)].drop_duplicates()
    rows = pd.DataFrame({"site_id": "laa-" + offering.astype("str")})
    return rows.assign(topic=topic, assistance="specialist_legal_aid", channel="in_person", evidence="listed")


def _debt_advice_sites(organisations: Table, postcodes: Table) -> Table:
    placed = _at_coordinates_or_postcode(organisations[organisations["face_to_face"]], postcodes)
    unplaced, by_postcode, moved = placed["easting"].isna(), placed["by_postcode"], placed["moved_to_postcode"]
    closed, repeated, home_visits = _says_no_office(placed), _repeats(placed), _visits_homes(placed)
    return placed.assign(
        site_id="debt-" + placed["organisation_row"].astype("str"),
        site_name=placed["name"],
        list="debt_advice",
        location_quality=np.select(
            [unplaced, home_visits, by_postcode], ["unknown", "area", "postcode"], default="address"
        ),
        grade=np.select([closed | repeated, home_visits | moved | unplaced], ["X", "D"], default="C"),
        grade_reason=np.select(
            [closed, repeated, unplaced, home_visits, moved],
            [_SAYS_NO_OFFICE, "repeats another row", "no place", _HOME_VISITS, _MOVED],
            default="one list, undated",
        ),
        as_of="",
    )


def _says_no_office(organisations: Table) -> pd.Series[bool]:
    return organisations["name"].str.contains(_NO_OFFICE).astype("bool")


def _visits_homes(organisations: Table) -> pd.Series[bool]:
    return organisations["network"] == "christians_against_poverty"


def _repeats(organisations: Table) -> pd.Series[bool]:
    """Whether an earlier row that has an office is the same site: one network's, or one name, at a postcode."""
    one_office = organisations["network"].isin(["citizens_advice", "law_centre"])
    name = organisations["name"].str.casefold().str.strip().where(~one_office, "")
    keys = organisations.assign(name=name, closed=_says_no_office(organisations))
    repeated = keys[["network", "postcode", "name", "closed"]].duplicated()
    return repeated & organisations["postcode"].notna() & ~_visits_homes(organisations)


def _services(rows: Table, topic: str, assistance: str, evidence: str) -> Table:
    return pd.DataFrame(
        {
            "site_id": "debt-" + rows["organisation_row"].astype("str"),
            "topic": topic,
            "assistance": assistance,
            "channel": np.where(_visits_homes(rows), "outreach", "in_person"),
            "evidence": evidence,
        }
    )


def _at_coordinates_or_postcode(rows: Table, postcodes: Table) -> Table:
    """Placed by the row's own coordinates, or by its postcode where it has none or they lie 1 km or more from it."""
    placed = at_postcodes(rows, postcodes)
    own = gpd.GeoSeries(gpd.points_from_xy(placed["longitude"], placed["latitude"]), index=placed.index, crs=WGS84)
    grid = own.to_crs(BRITISH_NATIONAL_GRID)
    # where there are no coordinates, or none of the Earth, the grid has infinity or NaN: both become missing
    easting, northing = grid.x.where(np.isfinite(grid.x)), grid.y.where(np.isfinite(grid.y))
    apart = np.hypot(easting - placed["easting"], northing - placed["northing"])
    moved = apart >= _FAR_FROM_POSTCODE_METRES  # false where either place is missing
    by_postcode = moved | easting.isna()
    return placed.assign(
        easting=placed["easting"].where(by_postcode, easting),
        northing=placed["northing"].where(by_postcode, northing),
        by_postcode=by_postcode,
        moved_to_postcode=moved,
    )


def _in_england(rows: Table, boundaries: Table) -> pd.Series[bool]:
    points = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(rows["easting"], rows["northing"]), index=rows.index, crs=BRITISH_NATIONAL_GRID
    )
    inside = gpd.sjoin(points[rows["easting"].notna()], boundaries[["geometry"]], predicate="intersects")
    return pd.Series(rows.index.isin(inside.index), index=rows.index)


def _with_degrees(rows: Table) -> Table:
    """The rows with longitude and latitude computed from their place on the grid; missing where they have none."""
    grid = gpd.GeoSeries(gpd.points_from_xy(rows["easting"], rows["northing"]), crs=BRITISH_NATIONAL_GRID)
    degrees = grid.to_crs(WGS84)
    placed = rows["easting"].notna().to_numpy()  # the degrees of a missing place come as infinity
    return rows.assign(
        longitude=degrees.x.round(6).where(placed).to_numpy(), latitude=degrees.y.round(6).where(placed).to_numpy()
    )


def _site_notes(table: Table) -> None:
    for name, label in (("legal_aid", "legal aid offices"), ("debt_advice", "face-to-face debt-advice rows")):
        rows = table[table["list"] == name]
        note(table, f"{label} read", len(rows))
        note(table, f"{label} that could not be placed", rows["easting"].isna().sum())
        in_england = rows[rows["in_england"]]
        no_office = in_england["grade_reason"] == _SAYS_NO_OFFICE
        note(table, f"{label} placed in England", len(in_england))
        note(table, f"{label} placed in England that say there is no office: not counted", no_office.sum())
        repeated = (in_england["grade"] == "X") & ~no_office
        note(table, f"{label} placed in England that repeat another: counted once", repeated.sum())
    note(table, "debt-advice points moved to their postcode 1 km or more away", (table["grade_reason"] == _MOVED).sum())
