"""What the sources mean for each area: advice sites and modelled conditions, on tables worked by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo.areas import Table
from hjp_geo.layer import Layer, compute_layer, compute_table
from hjp_geo.registry import discover
from layers.advice import health_sites, services, sites
from layers.conditions import CONDITIONS, modelled_prevalence, prevalence_flags

# --- sites -----------------------------------------------------------------------------------------------------------

WEST, SOUTH = 400_000, 300_000
ENGLAND = gpd.GeoDataFrame(
    {"lsoa21_code": ["E01000001"], "lsoa21_name": ["All of it"]},
    geometry=[shapely.box(WEST, SOUTH, WEST + 20_000, SOUTH + 1_000)],
    crs="EPSG:27700",
)
POSTCODES = pd.DataFrame(
    {
        "postcode": ["ZY1 1AA", "ZY1 1AB", "ZW1 1AA", "ZX1 1AA"],
        "easting": [WEST + 500.0, WEST + 5_500.0, WEST - 9_500.0, np.nan],  # the third is abroad, the fourth nowhere
        "northing": [SOUTH + 500.0, SOUTH + 500.0, SOUTH + 500.0, np.nan],
    }
)
FLAGS = (
    *("crime", "prison_law", "claims_against_public_authorities", "clinical_negligence", "community_care", "debt"),
    *("discrimination", "education", "mediation", "housing", "housing_loss_prevention", "immigration_asylum"),
    *("family", "mental_health", "modern_slavery", "public_law", "welfare_benefits"),
)


def degrees(easting: float, northing: float = SOUTH + 500.0) -> dict[str, float]:
    point = gpd.GeoSeries([shapely.Point(easting, northing)], crs="EPSG:27700").to_crs("EPSG:4326")
    return {"longitude": point.x[0], "latitude": point.y[0]}


def offices(*rows: Mapping[str, Any]) -> Table:
    """Legal aid offices in rows 6, 7, … of their sheet; unless said, a Law Centre at ZY1 1AA without contract."""
    office = {"provider_name": "Law Centre", "postcode": "ZY1 1AA", **dict.fromkeys(FLAGS, False)}
    default = {**office, "date_refreshed": "2026-03-18"}
    columns = ["office_row", *default]
    return pd.DataFrame([{"office_row": n, **default, **row} for n, row in enumerate(rows, 6)], columns=columns).astype(
        {"postcode": "str", "office_row": "int64", **dict.fromkeys(FLAGS, "bool")}
    )


def organisations(*rows: Mapping[str, Any]) -> Table:
    """Debt-advice rows 1, 2, …; what is not said is a Citizens Advice at the place of its postcode ZY1 1AA."""
    default = {"name": "Advice", "network": "citizens_advice", "postcode": "ZY1 1AA", "face_to_face": True}
    place = degrees(WEST + 500)
    columns = ["organisation_row", *default, *place]
    return pd.DataFrame(
        [{"organisation_row": n, **default, **place, **row} for n, row in enumerate(rows, 1)], columns=columns
    ).astype({"name": "str", "network": "str", "postcode": "str", "face_to_face": "bool"})


def placed(*debt: Mapping[str, Any], legal_aid: Table | None = None) -> Table:
    """The sites of these debt-advice rows and legal aid offices, by site."""
    tables = {
        "legal_aid_offices": offices() if legal_aid is None else legal_aid,
        "debt_advice_organisations": organisations(*debt),
        "postcodes": POSTCODES,
        "lsoa21_boundaries": ENGLAND,
    }
    table = compute_table(sites, tables)
    degrees_of = table[["longitude", "latitude"]].to_numpy()
    assert not np.isinf(degrees_of).any()
    assert (np.isnan(degrees_of[:, 0]) == table["easting"].isna()).all()
    return table.set_index("site_id")


def offered(*debt: Mapping[str, Any], legal_aid: Table | None = None) -> set[tuple[str, ...]]:
    """(site, topic, assistance, channel, evidence) of these rows."""
    tables = {
        "legal_aid_offices": offices() if legal_aid is None else legal_aid,
        "debt_advice_organisations": organisations(*debt),
    }
    return set(compute_table(services, tables).itertuples(index=False, name=None))


def notes(table: Table) -> dict[str, float]:
    return {one.text: one.count for one in table.attrs["notes"]}


def quality(site: pd.Series[Any]) -> tuple[str, str, str]:
    return site["location_quality"], site["grade"], site["grade_reason"]


def test_a_debt_advice_row_stands_at_its_coordinates():
    site = placed({**degrees(WEST + 900)}).loc["debt-1"]
    assert quality(site) == ("address", "C", "one list, undated")
    assert (site["easting"], site["northing"]) == (
        pytest.approx(WEST + 900, abs=0.01),
        pytest.approx(SOUTH + 500, abs=0.01),
    )
    assert (site["longitude"], site["latitude"]) == (
        pytest.approx(degrees(WEST + 900)["longitude"], abs=1e-6),
        pytest.approx(degrees(WEST + 900)["latitude"], abs=1e-6),
    )


@pytest.mark.parametrize(("apart", "moved"), [(990, False), (1_010, True), (11_000, True)])
def test_coordinates_a_kilometre_or_more_from_the_postcode_give_way_to_it(apart: int, moved: bool):
    site = placed({**degrees(WEST + 500 + apart)}).loc["debt-1"]
    assert site["easting"] == pytest.approx(WEST + 500 if moved else WEST + 500 + apart, abs=0.01)
    expected = ("postcode", "D", "coordinates 1 km or more from the postcode")
    assert quality(site) == (expected if moved else ("address", "C", "one list, undated"))


def test_swapped_coordinates_give_way_to_the_postcode():
    here = degrees(WEST + 500)
    site = placed({"longitude": here["latitude"], "latitude": here["longitude"]}).loc["debt-1"]
    assert (site["easting"], site["grade"]) == (WEST + 500, "D")


def test_a_row_without_coordinates_stands_at_its_postcode_and_says_so():
    site = placed({"longitude": np.nan, "latitude": np.nan}).loc["debt-1"]
    assert site["easting"] == WEST + 500
    assert quality(site) == ("postcode", "C", "one list, undated")


@pytest.mark.parametrize("postcode", [None, "ZY9 9ZZ", "ZX1 1AA"])
def test_a_row_whose_postcode_has_no_place_stands_at_its_coordinates(postcode: str | None):
    site = placed({"postcode": postcode}).loc["debt-1"]
    assert site["easting"] == pytest.approx(WEST + 500, abs=0.01)
    assert quality(site) == ("address", "C", "one list, undated")


@pytest.mark.parametrize("nowhere", [{"longitude": np.nan, "latitude": np.nan}, {"longitude": 0.0, "latitude": 95.0}])
def test_a_row_without_any_place_is_kept_and_counted(nowhere: Mapping[str, float]):
    table = placed({"postcode": None, **nowhere}, {})
    site = table.loc["debt-1"]
    assert site[["easting", "northing", "longitude", "latitude"]].isna().all()
    assert quality(site) == ("unknown", "D", "no place")
    assert not site["in_england"]
    counted = notes(table)
    assert counted["face-to-face debt-advice rows read"] == 2
    assert counted["face-to-face debt-advice rows that could not be placed"] == 1
    assert counted["face-to-face debt-advice rows placed in England"] == 1


def test_home_visits_are_an_area_and_outreach():
    cap = {"network": "christians_against_poverty", "name": "CAP"}
    assert quality(placed(cap).loc["debt-1"]) == ("area", "D", "home visits in a service area, not a place")
    assert offered(cap) == {("debt-1", "debt", "general_advice", "outreach", "listed")}


def test_home_visits_of_one_description_are_separate_areas():
    cap = {"network": "christians_against_poverty", "name": "CAP"}
    assert placed(cap, cap)["grade"].to_list() == ["D", "D"]
    assert {row[0] for row in offered(cap, cap)} == {"debt-1", "debt-2"}


@pytest.mark.parametrize(
    "name", ["No Ashford Citizens Advice Office - See Notes", "Salford Citizens Advice Telephone and Email Service"]
)
def test_a_row_that_says_there_is_no_office_is_no_site_and_offers_nothing(name: str):
    table = placed({"name": name})
    assert quality(table.loc["debt-1"])[1:] == ("X", "its name says that there is no office")
    assert notes(table)["face-to-face debt-advice rows placed in England that say there is no office: not counted"] == 1
    assert offered({"name": name}) == set()


@pytest.mark.parametrize("name", ["Northern Office", "Norwich Citizens Advice Main Office", "Nottingham Law Centre"])
def test_a_name_that_only_begins_like_no_is_an_office(name: str):
    assert placed({"name": name}).loc["debt-1", "grade"] == "C"


def test_a_network_has_one_office_at_a_postcode_whatever_its_names():
    rows = {"name": "Citizens Advice Row"}, {"name": "Row CAB (main)"}, {"postcode": "ZY1 1AB"}
    table = placed(*rows)
    assert table["grade"].to_list()[:2] == ["C", "X"]
    assert table.loc["debt-2", "grade_reason"] == "repeats another row"
    assert notes(table)["face-to-face debt-advice rows placed in England that repeat another: counted once"] == 1
    assert {row[0] for row in offered(*rows)} == {"debt-1", "debt-3"}


def test_independent_advisers_share_a_roof_unless_they_share_a_name():
    one = {"network": "independent", "name": "Advice A"}
    table = placed(one, {**one, "name": "Advice B"}, {**one, "name": "ADVICE a "})
    assert table["grade"].to_list() == ["C", "C", "X"]


def test_rows_without_a_postcode_are_never_taken_for_one():
    assert placed({"postcode": None}, {"postcode": None})["grade"].to_list() == ["C", "C"]


def test_an_office_does_not_repeat_a_row_that_says_there_is_none():
    rows = {"name": "No Row Citizens Advice Office"}, {"name": "Row Citizens Advice"}
    assert placed(*rows)["grade"].to_list() == ["X", "C"]
    assert {row[0] for row in offered(*rows)} == {"debt-2"}


def test_only_advice_in_person_is_a_site():
    assert placed({"face_to_face": False}).empty
    assert offered({"face_to_face": False}) == set()


def test_england_is_decided_by_the_ground_not_by_the_list():
    abroad = {"postcode": "ZW1 1AA", **degrees(WEST - 9_500)}
    table = placed({}, abroad)
    assert table["in_england"].to_list() == [True, False]
    assert notes(table)["face-to-face debt-advice rows placed in England"] == 1


def test_citizens_advice_lists_debt_and_the_rest_is_assumed():
    assert offered({}) == {
        ("debt-1", "debt", "general_advice", "in_person", "listed"),
        ("debt-1", "employment", "general_advice", "in_person", "assumed"),
        ("debt-1", "housing", "general_advice", "in_person", "assumed"),
        ("debt-1", "welfare_benefits", "general_advice", "in_person", "assumed"),
    }


@pytest.mark.parametrize("network", ["law_centre", "independent", "scotland"])
def test_other_networks_offer_debt_advice_only(network: str):
    assert offered({"network": network}) == {("debt-1", "debt", "general_advice", "in_person", "listed")}


def test_a_legal_aid_office_stands_at_its_postcode_with_the_date_of_its_list():
    site = placed(legal_aid=offices({})).loc["laa-6"]
    assert quality(site) == ("postcode", "B", "official list; placed by postcode")
    assert (site["easting"], site["as_of"], site["list"]) == (WEST + 500, "2026-03-18", "legal_aid")


def test_an_unplaced_legal_aid_office_is_kept_and_counted():
    table = placed(legal_aid=offices({"postcode": "ZX1 1AA"}, {"postcode": "ZY9 9ZZ"}, {}))
    assert quality(table.loc["laa-6"]) == quality(table.loc["laa-7"]) == ("unknown", "D", "no place")
    assert notes(table)["legal aid offices that could not be placed"] == 2
    assert notes(table)["legal aid offices placed in England"] == 1


def test_the_rows_of_one_legal_aid_office_are_one_site_with_all_its_contracts():
    rows = offices({"housing": True}, {"immigration_asylum": True}, {"postcode": "ZY1 1AB"}, {"provider_name": "Other"})
    assert placed(legal_aid=rows)["grade"].to_dict() == {"laa-6": "B", "laa-7": "X", "laa-8": "B", "laa-9": "B"}
    found = {(site, topic) for site, topic, *_ in offered(legal_aid=rows)}
    assert found == {("laa-6", "housing"), ("laa-6", "immigration")}


def test_legal_aid_offices_without_a_postcode_are_never_taken_for_one():
    rows = offices({"postcode": None, "housing": True}, {"postcode": None, "housing": True})
    assert placed(legal_aid=rows)["grade"].to_list() == ["D", "D"]
    assert {site for site, *_ in offered(legal_aid=rows)} == {"laa-6", "laa-7"}


TOPICS_OF_FLAGS = {
    "welfare_benefits": {"welfare_benefits"},
    "debt": {"debt"},
    "housing": {"housing"},
    "housing_loss_prevention": {"welfare_benefits", "debt", "housing"},
    "education": {"education"},
    "community_care": {"community_care"},
    "immigration_asylum": {"immigration"},
}


@pytest.mark.parametrize("flag", FLAGS)
def test_a_contract_is_specialist_advice_in_its_topics_and_employment_in_none(flag: str):
    expected = {
        ("laa-6", topic, "specialist_legal_aid", "in_person", "listed") for topic in TOPICS_OF_FLAGS.get(flag, set())
    }
    assert offered(legal_aid=offices({flag: True})) == expected


# --- GP practices ----------------------------------------------------------------------------------------------------


def practices(*rows: Mapping[str, Any]) -> Table:
    default = {"practice_name": "SURGERY", "postcode": "ZY1 1AA", "status": "active", "is_gp_practice": True}
    return pd.DataFrame([{"practice_code": f"P{n}", **default, **row} for n, row in enumerate(rows, 1)])


def registrations(*rows: tuple[str, str, int]) -> Table:
    return pd.DataFrame(rows, columns=["practice_code", "lsoa_code", "patients"])


def test_open_gp_practices_are_hosts_and_their_patients_are_counted():
    tables = {
        "gp_practices": practices(
            {}, {"status": "closed"}, {"is_gp_practice": False}, {"status": "other"}, {"postcode": "ZX1 1AA"}
        ),
        "postcodes": POSTCODES,
        # wherever they live, also where that is not known
        "gp_registrations": registrations(("P1", "E01000001", 30), ("P1", "EMPTY", 2), ("P1", "W01000001", 1)),
    }
    table = compute_table(health_sites, tables)
    assert table["site_id"].to_list() == ["P1", "P5"]
    assert table["patients"].to_list()[0] == 33
    assert np.isnan(table["patients"][1])  # none published: missing, not 0
    assert table.loc[1, ["easting", "northing", "longitude", "latitude"]].isna().all()
    assert table["easting"][0] == WEST + 500
    assert notes(table) == {"open GP practices": 2, "open GP practices whose postcode has no place": 1}


# --- conditions ------------------------------------------------------------------------------------------------------

A, B, W = "E01000001", "E01000002", "W01000001"
SPLIT, PART_1, PART_2 = "E01000003", "E01000011", "E01000012"
LOOKUP = pd.DataFrame(
    [(A, A, "U"), (B, B, "U"), (SPLIT, PART_1, "S"), (SPLIT, PART_2, "S")],
    columns=["lsoa11_code", "lsoa21_code", "change"],
)
IOD = pd.DataFrame(
    {
        "lsoa21_code": [A, B, PART_1, PART_2],
        "population": [2_000, 2_000, 3_000, 1_000],
        "population_0_15": [1_000, 0, 0, 0],
        "population_60_over": [500, 500, 750, 250],
    }
)
PLACES = pd.DataFrame({"practice_code": ["P", "Q"], "easting": [0.0, 100.0], "northing": [0.0, 0.0]})


def registers(*rows: tuple[str, str, str, float, float]) -> Table:
    return pd.DataFrame(rows, columns=["practice_code", "condition", "age_band", "register", "list_size"])


def modelled(qof: Table, lists: Table, places: Table = PLACES) -> Table:
    """The modelled table, by area and condition."""
    tables = {
        "qof_prevalence": qof,
        "gp_registrations": lists,
        "lsoa11_lsoa21_lookup": LOOKUP,
        "iod25": IOD,
        "practice_places": places,
    }
    return compute_table(modelled_prevalence, tables).set_index(["area_code", "condition"])


def cases(table: Table) -> dict[tuple[str, str], float]:
    """The modelled registers that are not missing."""
    registers: dict[tuple[str, str], float] = table["register"].dropna().to_dict()
    return registers


def note_of(table: Table, beginning: str) -> float:
    (count,) = [one.count for one in table.attrs["notes"] if one.text.startswith(beginning)]
    return count


def test_a_register_is_shared_over_the_areas_of_the_practices_patients():
    # three of four patients live in A: 7.5 of 10 cases and 30 of 40 listed; a quarter is ill in both
    table = modelled(registers(("P", "HYP", "TOTAL", 10, 40)), registrations(("P", A, 3), ("P", B, 1)))
    assert table.loc[(A, "HYP"), ["register", "list_size", "prevalence"]].to_list() == [7.5, 30, 0.25]
    assert table.loc[(B, "HYP"), ["register", "list_size", "prevalence"]].to_list() == [2.5, 10, 0.25]


def test_practices_add_up_in_an_area():
    qof = registers(("P", "HYP", "TOTAL", 10, 40), ("Q", "HYP", "TOTAL", 2, 10))
    table = modelled(qof, registrations(("P", A, 4), ("Q", A, 1)))
    assert table.loc[(A, "HYP"), ["register", "list_size", "prevalence"]].to_list() == [12, 50, 0.24]


def test_an_age_band_is_shared_by_the_people_of_that_age():
    # half the people of A are children: its two patients count as one adult, those of B as two: a third and two thirds
    table = modelled(registers(("P", "DEP", "18OV", 30, 90)), registrations(("P", A, 2), ("P", B, 2)))
    assert table.loc[[(A, "DEP"), (B, "DEP")], "register"].to_list() == [pytest.approx(10), pytest.approx(20)]
    assert table.loc[[(A, "DEP"), (B, "DEP")], "list_size"].to_list() == [pytest.approx(30), pytest.approx(60)]
    # without ages, half and half: the range says so, and holds the estimate
    low, high = table.loc[(A, "DEP"), ["register_low", "register_high"]]
    assert (low, high) == (pytest.approx(10), pytest.approx(15))


def test_a_missing_register_is_missing_not_zero():
    qof = registers(("P", "HYP", "TOTAL", np.nan, 40), ("P", "DM", "17OV", 4, 40), ("Q", "HYP", "TOTAL", 0, 40))
    table = modelled(qof, registrations(("P", A, 4), ("Q", B, 4)))
    assert table.loc[(A, "HYP"), ["register", "prevalence"]].isna().all()
    assert table.loc[(A, "DM"), "register"] == 4
    assert table.loc[(B, "HYP"), ["register", "prevalence"]].to_list() == [0, 0]
    why = "the register of a condition is suppressed or blank"
    assert note_of(table, f"practices left out: {why}") == 1
    assert note_of(table, f"patients of practices left out: {why}") == 40


def test_patients_in_wales_take_their_cases_there_and_are_counted():
    # one patient of four lives in Wales, and so, modelled, do 2.5 of 10 cases
    table = modelled(registers(("P", "HYP", "TOTAL", 10, 40)), registrations(("P", A, 3), ("P", W, 1)))
    assert cases(table) == {(A, "HYP"): 7.5}
    assert note_of(table, "patients of English practices who live in Wales") == 1
    assert note_of(table, "modelled cases in Wales") == 2.5


@pytest.mark.parametrize("code", ["EMPTY", "CLOSED", "NO2011", "S01000001"])
def test_patients_without_a_known_area_are_spread_like_the_others_and_counted(code: str):
    table = modelled(registers(("P", "HYP", "TOTAL", 10, 40)), registrations(("P", A, 3), ("P", B, 1), ("P", code, 4)))
    assert cases(table) == {(A, "HYP"): 7.5, (B, "HYP"): 2.5}
    assert note_of(table, "patients with no known area, spread like the others") == 4


def test_a_practice_without_registrations_is_spread_like_the_nearest():
    qof = registers(("P", "HYP", "TOTAL", 10, 40), ("Q", "HYP", "TOTAL", 2, 20))
    table = modelled(qof, registrations(("P", A, 3), ("P", B, 1)))
    # 7.5 + 1.5 of 12 cases in A
    assert cases(table) == {(A, "HYP"): 9, (B, "HYP"): 3}
    assert note_of(table, "practices opened or renamed since") == 1
    assert note_of(table, "patients of the practices that are spread like the nearest one") == 20


def test_a_practice_without_registrations_and_without_a_place_is_left_out_and_counted():
    qof = registers(("P", "HYP", "TOTAL", 10, 40), ("Q", "HYP", "TOTAL", 2, 20))
    table = modelled(qof, registrations(("P", A, 4)), PLACES[PLACES["practice_code"] == "P"])
    assert cases(table) == {(A, "HYP"): 10}
    why = "no registrations, and no place to find the nearest practice by"
    assert note_of(table, f"practices left out: {why}") == 1
    assert note_of(table, f"cases on the registers of practices left out, all conditions: {why}") == 2


def test_nobody_says_that_a_practice_without_registers_has_no_cases():
    # the cases of R are unknown: a note of 0 would say that there are none
    table = modelled(registers(("P", "HYP", "TOTAL", 10, 40)), registrations(("P", A, 4), ("R", A, 9)))
    why = "registrations of practices that are not in QOF"
    assert note_of(table, f"patients of practices left out: {why}") == 9
    assert not [one for one in table.attrs["notes"] if one.text.startswith("cases") and why in one.text]


def test_registrations_of_2011_are_converted_and_the_total_is_kept():
    # the split area's 8 cases and 80 listed go to its parts as their people do, 3 to 1
    qof = registers(("P", "HYP", "TOTAL", 10, 100))
    table = modelled(qof, registrations(("P", SPLIT, 8), ("P", A, 2)))
    assert cases(table) == {(A, "HYP"): 2, (PART_1, "HYP"): 6, (PART_2, "HYP"): 2}
    assert table.loc[(PART_1, "HYP"), ["list_size", "prevalence"]].to_list() == [60, 0.1]
    assert note_of(table, "LSOA vintage of the registrations: 2011, converted to 2021; areas") > 0


def test_registrations_of_2021_are_left_as_they_are():
    table = modelled(registers(("P", "HYP", "TOTAL", 10, 100)), registrations(("P", PART_1, 8), ("P", A, 2)))
    assert cases(table) == {(A, "HYP"): 2, (PART_1, "HYP"): 8}
    assert note_of(table, "LSOA vintage of the registrations: 2021") == 2


homes = st.lists(
    st.tuples(st.sampled_from(["P", "Q"]), st.sampled_from([A, B, SPLIT, W, "EMPTY"]), st.integers(1, 500)),
    unique_by=lambda row: row[:2],
).filter(lambda rows: {row[0] for row in rows if row[1] != "EMPTY"} == {"P", "Q"})


@given(homes=homes, hyp=st.floats(0, 900), dem=st.floats(0, 90))
@settings(max_examples=40, deadline=None)
def test_no_case_is_lost_or_made(homes: list[tuple[str, str, int]], hyp: float, dem: float):
    qof = registers(("P", "HYP", "TOTAL", hyp, 1_000), ("Q", "HYP", "TOTAL", 5, 100), ("P", "DEM", "TOTAL", dem, 1_000))
    table = modelled(qof, registrations(*homes))
    kept = table["register"].sum() + note_of(table, "modelled cases in Wales")
    assert kept == pytest.approx(hyp + dem + 5)


def test_each_condition_has_a_prevalence_and_a_number_of_people():
    table = modelled(registers(("P", "CAN", "TOTAL", 10, 40)), registrations(("P", A, 3), ("P", B, 1))).reset_index()
    layers = discover("layers", Layer)
    areas = pd.Index([A, B, PART_1, PART_2])
    percent = compute_layer(layers["cancer_prevalence"], {"modelled_prevalence": table}, areas)
    people = compute_layer(layers["people_with_cancer"], {"modelled_prevalence": table}, areas)
    np.testing.assert_array_equal(percent, [25, 25, np.nan, np.nan])
    np.testing.assert_array_equal(people, [7.5, 2.5, np.nan, np.nan])
    assert len(CONDITIONS) == 21
    assert (layers["cancer_prevalence"].unit, layers["people_with_cancer"].role) == (
        "% of patients, all ages",
        "people",
    )


def test_areas_where_patients_and_residents_part_company_are_flagged():
    # patients for residents: A 1,000 for 2,000, B 2,600 for 2,000, the parts of the split area as many as residents
    tables = {
        "gp_registrations": registrations(("P", A, 1_000), ("P", B, 2_600), ("P", SPLIT, 4_000), ("P", "EMPTY", 9)),
        "lsoa11_lsoa21_lookup": LOOKUP,
        "iod25": IOD,
    }
    table = compute_table(prevalence_flags, tables).set_index("area_code")
    assert table["registered_per_resident"].to_list() == [0.5, 1.3, 1, 1]
    assert table["flag"].to_list() == ["few_registered", "many_registered", "", ""]


# --- every layer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", discover("layers", Layer).values(), ids=lambda one: one.name)
def test_every_layer_says_what_it_is(one: Layer):
    assert one.doc.splitlines()[0].endswith(".")
    assert one.label
    assert one.unit
    assert one.group
    assert one.role in {"need", "people", "context", "range"}
    assert one.role != "need" or one.polarity != "none"
