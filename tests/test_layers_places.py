"""What areas and practices belong to, venues and how people live, on tables worked by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hjp_geo.areas import Table
from hjp_geo.errors import GeographyError
from hjp_geo.layer import compute_table
from layers.deprivation import deprivation_2019
from layers.households import (
    digital_exclusion,
    fuel_poverty,
    household_deprivation,
    households_without_car,
    remote_advice_users,
    white_minority_residents,
)
from layers.organisations import area_pcn, board_membership, practice_pcn
from layers.people import areas
from layers.venues import osm_advice_mapped, osm_advice_places, venues

CODES = ["E01000001", "E01000002", "E01000003", "E01000004"]


def notes(table: Table) -> dict[str, float]:
    return {one.text: one.count for one in table.attrs["notes"]}


# --- boards ----------------------------------------------------------------------------------------------------------

# Sub-ICB location K goes on; G ended, and was divided: district X of it to board N, district Y nobody knows
OLD = pd.DataFrame(
    {
        "lsoa21_code": CODES,
        "sicbl24_code": ["K", "K", "G", "G"],
        "sicbl24_name": "a location",
        "icb24_code": ["B1", "B1", "B2", "B2"],
        "icb24_name": "a board",
        "lad24_code": ["W", "W", "X", "Y"],
        "lad24_name": "a district",
    }
)
PRACTICES = pd.DataFrame(
    {
        "practice_code": ["P1", "P2"],
        "practice_name": ["One", "Two"],
        "pcn_code": ["U1", None],
        "pcn_name": ["North", None],
        "sicbl26_code": ["K", "H"],
        "icb26_code": ["B1", "N"],
        "icb26_name": ["Old board", "New board"],
    }
)
LOOKUP = pd.DataFrame({"lsoa11_code": CODES, "lsoa21_code": CODES, "change": "U"})
HOMES = pd.DataFrame(
    [("P2", CODES[2], 95), ("P1", CODES[2], 5), ("P2", CODES[3], 60), ("P1", CODES[3], 40), ("P1", "EMPTY", 7)],
    columns=["practice_code", "lsoa_code", "patients"],
)


def boards(**more: Table) -> Table:
    tables = {"lsoa21_icb24_lookup": OLD, "gp_registrations": HOMES, "lsoa11_lsoa21_lookup": LOOKUP}
    return compute_table(board_membership, {**tables, **more})


def test_a_board_of_2026_follows_from_the_location_or_from_nine_in_ten_patients():
    table = boards(gp_practice_map=PRACTICES)
    assert table["basis"].fillna("").to_list() == ["same", "same", "patients", ""]  # 95 of 100, and only 60 of 100
    assert table["icb26_code"].fillna("").to_list() == ["B1", "B1", "N", ""]
    assert table["icb26_name"].fillna("").to_list() == ["Old board", "Old board", "New board", ""]
    counted = notes(table)
    assert counted["areas whose board of 2026 is known from where most of their patients are registered"] == 1
    assert counted["areas whose board of 2026 is not known: in no board of 2026"] == 1


def test_the_lookup_of_2026_outweighs_what_could_be_inferred():
    lookup = pd.DataFrame({"lsoa21_code": CODES, "icb26_code": ["B1", "B1", "M", "M"], "icb26_name": "by lookup"})
    table = boards(gp_practice_map=PRACTICES, lsoa21_icb26_lookup=lookup)
    assert table["icb26_code"].to_list() == ["B1", "B1", "M", "M"]
    assert set(table["basis"]) == {"lookup"}


def test_without_either_no_board_of_2026_is_known():
    table = boards()
    assert table["icb26_code"].isna().all()
    assert notes(table)["areas whose board of 2026 is not known: in no board of 2026"] == 4


def test_a_lookup_of_other_areas_is_an_error_not_a_gap():
    lookup = pd.DataFrame({"lsoa21_code": CODES[:3], "icb26_code": "B1", "icb26_name": "x"})
    with pytest.raises(GeographyError, match="1 codes are not areas of the lookup of April 2026: 1 unknown"):
        boards(lsoa21_icb26_lookup=lookup)


def test_one_code_never_means_two_grounds():
    lookup = pd.DataFrame({"lsoa21_code": CODES, "icb26_code": ["B1", "B2", "B2", "B2"], "icb26_name": "x"})
    with pytest.raises(GeographyError, match=r"1 areas, such as E01000002, make a board's code mean one thing in 2024"):
        boards(lsoa21_icb26_lookup=lookup)


# --- areas -----------------------------------------------------------------------------------------------------------


def whole_areas(**more: Table) -> Table:
    tables = {
        "lsoa21_icb24_lookup": OLD,
        "lsoa21_centroids": pd.DataFrame({"lsoa21_code": CODES, "easting": 1.0, "northing": 2.0}),
        "iod25": pd.DataFrame({"lsoa21_code": CODES, "lsoa21_name": CODES, "population": 100}),
        "board_membership": boards(gp_practice_map=PRACTICES),
        "lsoa21_rural_urban": pd.DataFrame({"lsoa21_code": CODES[:3], "ruc21_name": "Urban"}),
    }
    return compute_table(areas, {**tables, **more}).set_index("area_code")


def test_an_area_without_a_class_or_a_board_is_missing_one_not_urban():
    table = whole_areas()
    assert table["rural_urban"].isna().to_list() == [False, False, False, True]
    assert table["icb26_code"].isna().to_list() == [False, False, False, True]
    assert table[["msoa21_code", "ward24_code", "region24_code"]].isna().all(axis=None)  # not loaded
    assert notes(table)["areas without a MSOA"] == 4


def test_the_district_is_never_that_of_the_ward():
    wards = pd.DataFrame({"lsoa21_code": CODES, "ward24_code": "E05", "ward24_name": "A Ward", "ward_lad24_code": "Z"})
    regions = pd.DataFrame({"lad24_code": ["W", "X"], "region24_code": "E12000001", "region24_name": "North East"})
    table = whole_areas(lsoa21_ward24_lookup=wards, lad24_region24_lookup=regions)
    assert table["lad24_code"].to_list() == ["W", "W", "X", "Y"]
    assert table["region24_code"].isna().to_list() == [False, False, False, True]


# --- networks --------------------------------------------------------------------------------------------------------


def test_a_practice_in_no_network_is_counted():
    table = compute_table(practice_pcn, {"gp_practice_map": PRACTICES})
    counted = notes(table)
    assert counted["practices in no primary care network"] == 1
    assert counted["primary care networks"] == 1


def test_an_area_belongs_to_networks_by_where_its_patients_are_registered():
    three = pd.DataFrame(
        {
            "practice_code": ["P1", "P2", "P3", "P4"],
            "pcn_code": ["N", "N", "S", None],
            "pcn_name": ["North", "North", "South", None],
        }
    )
    # area 1: 30 + 10 of 100 in North, 40 in South, 20 in none; the parts of area 3, split in two, inherit by people
    homes = pd.DataFrame(
        [("P1", "A", 30), ("P2", "A", 10), ("P3", "A", 40), ("P4", "A", 20), ("P1", "B", 8), ("P1", "W01000001", 5)],
        columns=["practice_code", "lsoa_code", "patients"],
    ).replace({"A": CODES[0], "B": "E01009999"})
    homes.loc[len(homes)] = ["P3", "CLOSED", 2]
    lookup = pd.DataFrame(
        [(CODES[0], CODES[0], "U"), ("E01009999", CODES[2], "S"), ("E01009999", CODES[3], "S")],
        columns=["lsoa11_code", "lsoa21_code", "change"],
    )
    people = pd.DataFrame({"lsoa21_code": [CODES[0], CODES[2], CODES[3]], "population": [100, 300, 100]})
    tables = {"gp_registrations": homes, "practice_pcn": three, "lsoa11_lsoa21_lookup": lookup, "iod25": people}
    table = compute_table(area_pcn, tables)
    assert table[["area_code", "pcn_code", "patients", "share"]].to_numpy().tolist() == [
        [CODES[0], "N", 40, 0.4],
        [CODES[0], "S", 40, 0.4],
        [CODES[2], "N", 6, 1],
        [CODES[3], "N", 2, 1],
    ]
    counted = notes(table)
    assert counted["patients who live in Wales: in no area here"] == 5
    assert counted["patients whose home is given as CLOSED: in no area here"] == 2
    assert counted["patients of practices in no network, or not in the mapping"] == 20


# --- venues ----------------------------------------------------------------------------------------------------------

POSTCODES = pd.DataFrame({"postcode": ["ZY1 1AA"], "easting": [400_500.0], "northing": [300_500.0]})


def organisations(prefix: str, named: dict[str, str], **more: str) -> Table:
    """A list of organisations, code → name; every one is open, at ZY1 1AA."""
    default = {"postcode": "ZY1 1AA", "status": "active", "address": "1 Row", "telephone": "0", **more}
    rows = [{f"{prefix}_code": code, f"{prefix}_name": name, **default} for code, name in named.items()]
    return pd.DataFrame(rows)


def gp_practices(*codes: str) -> Table:
    rows = organisations("practice", {code: f"Dr {code}" for code in codes})
    return rows.assign(is_gp_practice=[not code.startswith("X") for code in codes])


def test_as_many_kinds_of_venue_as_lists_are_loaded():
    table = compute_table(venues, {"gp_practices": gp_practices("A1", "X1"), "postcodes": POSTCODES})
    assert table[["site_id", "kind", "easting", "source"]].to_numpy().tolist() == [
        ["A1", "gp_practice", 400_500, "gp_practices"]
    ]
    assert table["shares_with_advice"].isna().all()  # the list cannot say: not the same as no


def test_a_site_of_a_trust_is_what_its_name_says_and_others_are_counted():
    names = {
        "T1": "TOWN GENERAL HOSPITAL",
        "T2": "TOWN HOSPITAL MATERNITY UNIT",
        "T3": "ELM HOUSE MENTAL HEALTH UNIT",
        "T4": "AMBULANCE STATION",
        "T5": "HOSPITALITY SUITE",
        "T6": "ROYAL INFIRMARY",
    }
    sites = organisations("trust_site", {**names, "T7": "OLD HOSPITAL"}, trust_code="T")
    sites.loc[6, "status"] = "closed"
    given = {"gp_practices": gp_practices("A1"), "postcodes": POSTCODES, "nhs_trust_sites": sites}
    table = compute_table(venues, given)
    assert table.set_index("site_id")["kind"].drop("A1").to_dict() == {
        "T1": "hospital",
        "T2": "maternity",
        "T3": "mental_health",
        "T6": "hospital",
    }
    counted = notes(table)
    assert counted["nhs_trust_sites: open sites whose names are not those of a hospital, left out"] == 2
    assert counted["nhs_trust_sites: rows that are closed or not active, left out"] == 1


def test_open_static_libraries_are_venues_with_whom_they_share():
    rows = pd.DataFrame(
        {
            "library_row": range(1, 5),
            "library_name": list("ABCD"),
            "authority_name": "Council",
            "address": "",
            "postcode": ["ZY1 1AA", None, "ZY1 1AA", "ZY1 1AA"],
            "library_type": ["static library", "static library", "mobile library", "static library"],
            "operation": ["authority", "community", "authority", "not open"],
            "shares_with_health": [True, False, False, False],
            "shares_with_advice": [True, False, False, False],
        }
    )
    given = {"gp_practices": gp_practices("A1"), "postcodes": POSTCODES, "libraries": rows}
    table = compute_table(venues, given).set_index("site_id")
    assert table.index.to_list() == ["A1", "library-1", "library-2"]
    assert table.loc["library-1", ["shares_with_health", "shares_with_advice"]].to_list() == [True, True]
    assert np.isnan(table.loc["library-2", "easting"])  # kept although its postcode has no place
    counted = notes(table)
    assert counted["libraries: mobile and prison libraries, archives and local history, left out"] == 1
    assert counted["libraries: static libraries that are not open, left out"] == 1
    assert counted["of them without a place: library"] == 1


MAPPED = pd.DataFrame(
    {
        "osm_id": ["node/1", "node/2"],
        "name": ["A", "B"],
        "kind": "office=citizens_advice",
        "network": "citizens_advice",
        "longitude": [-2.0, 1.0],  # 2° W is easting 400,000
        "latitude": [52.0, 52.0],
        "postcode": None,
        "phone": "",
        "website": "",
        "as_of": "2026-11-20",
    }
)


def test_mapped_places_are_counted_by_area_and_kept_apart():
    places = compute_table(osm_advice_places, {"osm_advice": MAPPED})
    x, y = places.loc[0, ["easting", "northing"]]
    squares = [shapely.box(x - 10, y - 10, x + 10, y + 10), shapely.box(x + 10, y - 10, x + 30, y + 10)]
    outlines = gpd.GeoDataFrame({"area_code": CODES[:2]}, geometry=squares, crs="EPSG:27700")
    assert osm_advice_mapped.function(places, outlines).to_dict() == {CODES[0]: 1, CODES[1]: 0}
    tables = {"gp_practices": gp_practices("A1"), "postcodes": POSTCODES, "osm_advice": MAPPED}
    assert set(compute_table(venues, tables)["source"]) == {"gp_practices"}  # under another licence: never merged


def test_a_place_on_the_edge_of_two_areas_counts_once():
    places = compute_table(osm_advice_places, {"osm_advice": MAPPED.head(1)})
    x, y = places.loc[0, ["easting", "northing"]]
    squares = [shapely.box(x - 10, y - 10, x, y + 10), shapely.box(x, y - 10, x + 10, y + 10)]
    outlines = gpd.GeoDataFrame({"area_code": CODES[:2]}, geometry=squares, crs="EPSG:27700")
    assert osm_advice_mapped.function(places, outlines).sum() == 1


# --- how people live -------------------------------------------------------------------------------------------------


def test_a_share_of_households_is_missing_where_there_are_none_or_it_is_withheld():
    rows = pd.DataFrame(
        {"lsoa21_code": CODES, "households": [200, 0, 100, 50], "fuel_poor_households": [30.0, 0, np.nan, 0]}
    )
    values = fuel_poverty.function(rows)
    assert values[CODES[0]] == 15
    assert values.isna().to_list() == [False, True, True, False]
    assert values[CODES[3]] == 0  # none is known to be


def test_perturbed_counts_never_give_more_than_all():
    rows = pd.DataFrame({"lsoa21_code": CODES[:2], "households": [100, 400], "no_car": [101, 100]})
    assert households_without_car.function(rows).to_list() == [100, 25]


def test_household_deprivation_counts_two_dimensions_or_more():
    counts = {"households": 100, "deprived_in_1": 40, "deprived_in_2": 12, "deprived_in_3": 4, "deprived_in_4": 1}
    rows = pd.DataFrame({"lsoa21_code": CODES[:1], **{name: [count] for name, count in counts.items()}})
    assert household_deprivation.function(rows).to_list() == [17]


def test_white_minorities_are_white_groups_other_than_the_british_one():
    rows = pd.DataFrame({"lsoa21_code": CODES[:1], "residents": [200], "white": [150], "white_british": [140]})
    assert white_minority_residents.function(rows).to_list() == [5]


IOD = pd.DataFrame(
    {"lsoa21_code": CODES[:2], "population": [100, 0], "population_60_over": [30, 0], "income_rate": [0.2, np.nan]}
)


def test_digital_exclusion_is_the_mean_of_the_signs_that_are_known():
    without = compute_table(digital_exclusion, {"iod25": IOD}).set_index("area_code")
    assert without.loc[CODES[0], "excluded"] == pytest.approx((0.30 + 0.20) / 2)
    assert without.loc[CODES[1], "excluded"] is not None
    assert np.isnan(without.loc[CODES[1], "excluded"])  # nothing is known
    disability = pd.DataFrame({"lsoa21_code": CODES[:1], "residents": [100], "disabled": [10]})
    table = compute_table(digital_exclusion, {"iod25": IOD, "census21_disability": disability})
    assert table.loc[0, "excluded"] == pytest.approx((0.30 + 0.20 + 0.10) / 3)
    assert remote_advice_users.function(table)[CODES[0]] == pytest.approx(80)


# --- deprivation of 2019 ---------------------------------------------------------------------------------------------


def test_deprivation_of_2019_comes_to_todays_areas_through_the_lookup_only():
    lookup = pd.DataFrame(
        [("E01000001", "E01000001", "U"), ("E01009998", "E01000002", "M"), ("E01009999", "E01000002", "M")],
        columns=["lsoa11_code", "lsoa21_code", "change"],
    )
    old = pd.DataFrame(
        {
            "lsoa11_code": ["E01000001", "E01009998", "E01009999"],
            "imd_score": [50.0, 10.0, 40.0],
            "income_rate": [0.5, 0.1, 0.4],
            "population": [100, 200, 100],
        }
    )
    people = pd.DataFrame({"lsoa21_code": CODES[:2], "population": [100, 300]})
    tables = {"iod19": old, "lsoa11_lsoa21_lookup": lookup, "iod25": people}
    table = compute_table(deprivation_2019, tables).set_index("area_code")
    # merged: (10 × 200 + 40 × 100) / 300 = 20
    assert table["imd19_score"].to_list() == [50, 20]
    assert table["income19_pct"].to_list() == pytest.approx([50, 20])
    assert table["how"].to_list() == ["exact", "averaged"]
    assert not any("rank" in column or "decile" in column for column in table.columns)
