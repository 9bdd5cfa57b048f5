"""England's warehouse, built from the replica's real data: every area has all that is known, and no case is lost.

What the sources themselves hold is in `test_replica`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from hjp_geo.errors import GeographyError
from hjp_geo.evidence import Evidence
from hjp_geo.registry import discover
from hjp_geo.source import Source, releases
from hjp_geo.store import Warehouse
from hjp_geo.vintages import convert_boards, vintage_of

pytestmark = pytest.mark.replica


@pytest.fixture(scope="module")
def warehouse(england_cache: Path) -> Warehouse:
    return Warehouse.open(england_cache)


def test_every_area_of_england_has_all_that_is_known_of_areas(warehouse: Warehouse):
    areas = warehouse.table("areas").set_index("area_code")
    assert len(areas) == 33_755
    assert areas.drop(columns=["icb26_code", "icb26_name"]).notna().all(axis=None)
    assert areas["icb24_code"].nunique() == 42
    boundaries = warehouse.table("area_boundaries")
    assert isinstance(boundaries, gpd.GeoDataFrame)
    assert boundaries.set_index("area_code").index.equals(areas.index)
    assert not boundaries.is_empty.any()
    values = warehouse.table("layer_values").set_index("area_code")
    assert values.index.equals(areas.index)
    assert sorted(values["multiple_deprivation_rank"]) == list(range(1, 33_756))
    assert not np.isinf(values).any(axis=None)


OPTIONAL_ROWS = {
    "gp_practice_map": 6_139,
    "iod19": 32_844,
    "lad24_boundaries": 296,
    "lad24_region24_lookup": 296,
    "libraries": 3_487,
    "lsoa21_msoa21_lookup": 33_755,
    "lsoa21_ward24_lookup": 33_755,
    "sub_regional_fuel_poverty": 33_755,
}
UNMET = "Not met with the publisher's own file yet"


def test_an_optional_source_is_held_or_says_that_nobody_has_met_its_file(england_cache: Path):
    held = {name: release.rows for name, release in releases(england_cache).items()}
    optional = {name: one for name, one in discover("data_sources", Source).items() if one.optional}
    assert {name: held[name] for name in optional if name in held} == OPTIONAL_ROWS
    assert {name for name in optional if name not in held} == {
        name for name, one in optional.items() if UNMET in one.doc
    }


def test_what_is_not_loaded_is_said_and_is_no_layer(warehouse: Warehouse):
    absent = warehouse.table("_not_loaded").set_index("name")
    assert absent.loc["households_without_car", "sources"] == "census21_cars"
    assert absent.loc["osm_advice_mapped", "sources"] == "osm_advice"
    assert not set(absent.index) & set(warehouse.table("_layers")["layer"])


def test_each_area_is_in_its_larger_areas_once(warehouse: Warehouse):
    areas = warehouse.table("areas").set_index("area_code")
    counts = areas[["msoa21_code", "region24_code", "lad24_code", "icb24_code", "icb26_code"]].nunique()
    assert counts.to_list() == [6_856, 9, 296, 42, 36]
    # one area is in another district by its ward; the district is that of the exact lookup
    wards = warehouse.table("lsoa21_ward24_lookup").set_index("lsoa21_code")["ward_lad24_code"]
    assert (areas.loc["E01027305", "lad24_code"], wards["E01027305"]) == ("E06000062", "E07000177")
    isles = areas[areas["lad24_name"].isin(["Isles of Scilly", "Isle of Wight"])].groupby("lad24_name").size()
    assert isles.to_dict() == {"Isle of Wight": 89, "Isles of Scilly": 1}


def test_boards_of_2026_are_known_but_for_19_areas_of_the_one_that_was_divided(warehouse: Warehouse):
    boards = warehouse.table("board_membership").set_index("area_code")
    areas = warehouse.table("areas").set_index("area_code")
    assert boards["basis"].value_counts(dropna=False).to_list() == [33_300, 436, 19]
    unknown = areas[areas["icb26_code"].isna()]
    assert unknown["icb24_name"].unique().tolist() == ["NHS Frimley Integrated Care Board"]
    assert unknown["lad24_name"].value_counts().to_dict() == {"Guildford": 13, "Runnymede": 6}
    # a code that both vintages have means the same areas in both
    same = set(areas["icb24_code"]) & set(areas["icb26_code"].dropna())
    assert len(same) == 29
    assert (areas["icb24_code"].isin(same) == (areas["icb24_code"] == areas["icb26_code"])).all()


def test_a_place_is_a_board_of_either_vintage(england_cache: Path):
    known = Evidence.load(england_cache)
    kinds = Counter(one.kind for one in known.places.values())
    assert kinds["Integrated Care Board"] == 42
    assert kinds["Integrated Care Board (April 2026)"] == 7  # the new ones; the others stand already
    mid_and_south, essex = (known.areas_of(code) for code in ("E54000026", "E54000066"))
    assert mid_and_south.isin(essex).all()  # Mid and South Essex went whole into Essex
    assert (len(mid_and_south), len(essex)) == (720, 1_111)


def test_counts_go_from_the_42_boards_to_the_36_and_none_is_lost(warehouse: Warehouse):
    areas = warehouse.table("areas").dropna(subset=["icb26_code"])
    membership = areas[["area_code", "icb24_code", "icb26_code"]].set_axis(["area_code", "old", "new"], axis=1)
    people = areas.set_index("area_code")["residents"]
    old = people.groupby(areas.set_index("area_code")["icb24_code"]).sum().to_frame("people")
    new = convert_boards(old, membership, people)
    truth = people.groupby(areas.set_index("area_code")["icb26_code"]).sum()
    np.testing.assert_allclose(new["people"], truth.reindex(new.index))
    assert new["people"].sum() == old["people"].sum()
    with pytest.raises(GeographyError, match="not areas of the old vintage"):
        convert_boards(new[["people"]], membership, people)


def test_the_codes_of_2011_among_those_of_2021_are_an_error(warehouse: Warehouse):
    lookup = warehouse.table("lsoa11_lsoa21_lookup")
    vintages = {name: pd.Index(lookup[f"lsoa{year}_code"].unique()) for name, year in (("2021", 21), ("2011", 11))}
    only = {name: codes.difference(vintages["2011" if name == "2021" else "2021"]) for name, codes in vintages.items()}
    assert {name: len(codes) for name, codes in only.items()} == {"2021": 1_945, "2011": 1_034}
    assert vintage_of(pd.Index(warehouse.table("iod19")["lsoa11_code"]), vintages) == "2011"
    assert vintage_of(pd.Index(warehouse.table("iod25")["lsoa21_code"]), vintages) == "2021"
    with pytest.raises(GeographyError, match=r"1,945 only of 2021, .* 1,034 only of 2011"):
        vintage_of(vintages["2021"].union(vintages["2011"]), vintages)


def test_deprivation_of_2019_is_on_every_area_and_almost_all_of_it_unchanged(warehouse: Warehouse):
    table = warehouse.table("deprivation_2019")
    assert table["how"].value_counts().to_dict() == {
        "exact": 31_810,
        "inherited": 1_842,
        "averaged": 97,
        "approximate": 6,
    }
    assert table["imd19_score"].notna().all()
    old = warehouse.table("iod19").set_index("lsoa11_code")["imd_score"]
    exact = table[table["how"] == "exact"].set_index("area_code")["imd19_score"]
    assert (exact == old[exact.index]).all()


def test_networks_share_out_the_patients_of_areas_and_lose_none(warehouse: Warehouse):
    networks = warehouse.table("area_pcn")
    assert networks["pcn_code"].nunique() == 1_298
    assert networks.groupby("area_code")["share"].sum().max() <= 1 + 1e-9
    noted = warehouse.table("_notes").query("table_name == 'area_pcn'")["amount"].sum()
    registered = warehouse.query("SELECT sum(patients) AS patients FROM gp_registrations")["patients"][0]
    assert networks["patients"].sum() + noted == pytest.approx(float(registered), rel=1e-9)


def test_venues_are_open_practices_and_libraries(warehouse: Warehouse):
    venues = warehouse.table("venues")
    assert venues["kind"].value_counts().to_dict() == {"gp_practice": 6_618, "library": 2_877}
    assert venues["site_id"].is_unique
    libraries = venues[venues["kind"] == "library"]
    assert libraries["shares_with_health"].sum() == 127
    assert not venues["name"].str.contains("OpenStreetMap").any()


def test_every_area_has_21_modelled_conditions(warehouse: Warehouse):
    modelled = warehouse.table("modelled_prevalence")
    assert len(modelled) == 33_755 * 21
    assert modelled["prevalence"].notna().all()
    assert (modelled["prevalence"] >= 0).all()
    assert (modelled["prevalence"] < 1).all()
    within = (modelled["register_low"] <= modelled["register"]) & (modelled["register"] <= modelled["register_high"])
    assert within.all()


def test_places_are_numbers_or_missing(warehouse: Warehouse):
    # 17 legal aid offices and 8 practices have a postcode without a place
    for name, unplaced in {"sites": 17, "health_sites": 8}.items():
        table = warehouse.table(name)
        for column in ("easting", "northing", "longitude", "latitude"):
            assert table[column].isna().sum() == unplaced
            assert not np.isinf(table[column]).any()


def test_english_debt_advice_in_person_is_given_at_855_listed_places(warehouse: Warehouse):
    sites = warehouse.table("sites")
    debt = sites[(sites["list"] == "debt_advice") & sites["in_england"]]
    closed = debt["grade_reason"] == "its name says that there is no office"
    assert (len(debt), closed.sum(), (~closed).sum()) == (857, 2, 855)
    assert (sites["list"] == "legal_aid").sum() == 3_341


def test_no_service_is_given_where_there_is_no_site(warehouse: Warehouse):
    offered = warehouse.query("SELECT DISTINCT grade FROM services LEFT JOIN sites USING (site_id)")["grade"]
    assert set(offered) == {"B", "C", "D"}


def test_no_case_of_england_is_lost_or_made(warehouse: Warehouse):
    # the registers of every practice that has registrations, or borrows its neighbour's (here: every practice)
    registers = warehouse.query("SELECT sum(register) AS cases FROM qof_prevalence")["cases"][0]
    england = warehouse.query("SELECT sum(register) AS cases FROM modelled_prevalence")["cases"][0]
    noted = warehouse.table("_notes").set_index("note")["amount"]
    assert not noted.index.str.startswith("cases on the registers of practices left out").any()
    wales = noted["modelled cases in Wales, all conditions, not in these areas"]
    assert england + wales == pytest.approx(registers, rel=1e-9)
    assert 10_000 < wales < 15_000


APPORTIONED_IN_SQL = """
WITH pairs AS (SELECT lsoa11_code AS area11, lsoa21_code AS area21 FROM lsoa11_lsoa21_lookup),
-- areas that touch through the lookup form a group, named by its least code: four turns reach the end of the longest
turn1 AS (SELECT area11, area21, min(area21) OVER (PARTITION BY area11) AS grouped FROM pairs),
turn2 AS (SELECT area11, area21, min(grouped) OVER (PARTITION BY area21) AS grouped FROM turn1),
turn3 AS (SELECT area11, area21, min(grouped) OVER (PARTITION BY area11) AS grouped FROM turn2),
turn4 AS (SELECT area11, area21, min(grouped) OVER (PARTITION BY area21) AS grouped FROM turn3),
group_people AS (
    SELECT grouped, sum(population) AS people, sum(population_0_15) AS young, sum(population_60_over) AS old
    FROM (SELECT DISTINCT area21, grouped FROM turn4) JOIN iod25 ON lsoa21_code = area21
    GROUP BY grouped
),
-- the share of each area's people in each age band; in Wales that of England
area_shares AS (
    SELECT DISTINCT area11 AS area, 1 - young / people AS adult, old / people AS old
    FROM turn4 JOIN group_people USING (grouped)
    UNION ALL
    SELECT DISTINCT lsoa_code, (SELECT 1 - sum(young) / sum(people) FROM group_people),
           (SELECT sum(old) / sum(people) FROM group_people)
    FROM gp_registrations WHERE lsoa_code LIKE 'W01%'
),
-- registers by age band; of dementia 97 % are spread like the old and 3 % like the others
parts AS (
    SELECT practice_code, condition,
           CASE age_band WHEN 'TOTAL' THEN 'all' WHEN '06OV' THEN 'all' WHEN '50OV' THEN 'old' ELSE 'adult' END
               AS band,
           register
    FROM qof_prevalence WHERE condition <> 'DEM'
    UNION ALL
    SELECT practice_code, condition, band, register * share
    FROM qof_prevalence, (VALUES ('old', 0.97), ('not old', 0.03)) AS dementia (band, share) WHERE condition = 'DEM'
),
-- a practice without registrations is spread like the nearest practice that has some
donors AS (
    SELECT DISTINCT practice_code, practice_code AS donor FROM gp_registrations
    UNION ALL
    SELECT practice_code,
           first(donor ORDER BY (easting - donor_easting) ** 2 + (northing - donor_northing) ** 2, donor)
    FROM (SELECT DISTINCT practice_code FROM qof_prevalence ANTI JOIN gp_registrations USING (practice_code))
    JOIN practice_places USING (practice_code),
    (SELECT practice_code AS donor, easting AS donor_easting, northing AS donor_northing
     FROM practice_places SEMI JOIN gp_registrations USING (practice_code))
    GROUP BY practice_code
),
weights AS (
    SELECT donors.practice_code, area, band, patients * CASE band
               WHEN 'all' THEN 1 WHEN 'adult' THEN adult WHEN 'old' THEN old ELSE 1 - old END AS weight
    FROM donors
    JOIN gp_registrations ON gp_registrations.practice_code = donor
    JOIN area_shares ON area = lsoa_code,
    (VALUES ('all'), ('adult'), ('old'), ('not old')) AS bands (band)
),
spread AS (
    SELECT practice_code, band, area, weight / sum(weight) OVER (PARTITION BY practice_code, band) AS share FROM weights
)
SELECT area, condition, sum(register * share) AS cases
FROM parts JOIN spread USING (practice_code, band)
GROUP BY area, condition
"""


def test_sql_shares_the_registers_out_as_python_does(warehouse: Warehouse):
    in_sql = f"WITH cases AS ({APPORTIONED_IN_SQL}) "  # areas of 2011
    totals = warehouse.query(
        in_sql + "SELECT condition, sql, python FROM "
        "(SELECT condition, sum(cases) AS sql FROM cases WHERE area LIKE 'E01%' GROUP BY condition) JOIN "
        "(SELECT condition::VARCHAR AS condition, sum(register) AS python FROM modelled_prevalence GROUP BY 1) "
        "USING (condition)"
    )
    assert len(totals) == 21
    np.testing.assert_allclose(totals["sql"], totals["python"], rtol=1e-9)
    unchanged = warehouse.query(
        in_sql + "SELECT cases, register FROM cases "
        "JOIN modelled_prevalence m ON m.area_code = area AND m.condition::VARCHAR = cases.condition "
        "JOIN lsoa11_lsoa21_lookup ON area = lsoa11_code AND change = 'U'"
    )
    assert len(unchanged) == 31_810 * 21
    np.testing.assert_allclose(unchanged["cases"], unchanged["register"], rtol=1e-9)
