"""England's warehouse, built from the replica's real data: every area has all that is known, and no case is lost.

What the sources themselves hold is in `test_replica`.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from hjp_geo.store import Warehouse

pytestmark = pytest.mark.replica


@pytest.fixture(scope="module")
def warehouse(england_cache: Path) -> Warehouse:
    return Warehouse.open(england_cache)


def test_every_area_of_england_has_all_that_is_known_of_areas(warehouse: Warehouse):
    areas = warehouse.table("areas").set_index("area_code")
    assert len(areas) == 33_755
    assert areas.notna().all(axis=None)
    assert areas["icb24_code"].nunique() == 42
    boundaries = warehouse.table("area_boundaries")
    assert isinstance(boundaries, gpd.GeoDataFrame)
    assert boundaries.set_index("area_code").index.equals(areas.index)
    assert not boundaries.is_empty.any()
    values = warehouse.table("layer_values").set_index("area_code")
    assert values.index.equals(areas.index)
    assert sorted(values["multiple_deprivation_rank"]) == list(range(1, 33_756))
    assert not np.isinf(values).any(axis=None)


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
