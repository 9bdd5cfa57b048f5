"""Readers of larger areas, networks, health sites, libraries and mapped places read made-up rows in their layout."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from published import HOSTILE, lines, read, zipped
from publisher import Answer, Publisher, answer_json

from data_sources.geocoding import geocode_postcodes
from data_sources.gp_map import gp_practice_map
from data_sources.iod import iod19
from data_sources.libraries import libraries
from data_sources.nhs_sites import gp_branches, nhs_trust_sites, pharmacies
from data_sources.ons_geography import (
    lad24_region24_lookup,
    lsoa21_icb26_lookup,
    lsoa21_msoa21_lookup,
    lsoa21_ward24_lookup,
)
from data_sources.osm_advice import osm_advice
from hjp_geo.errors import GeographyError, SchemaError, SourceError
from hjp_geo.layer import Note
from hjp_geo.upstream import Upstream


def features(path: Path, *rows: dict[str, str]) -> Path:
    return lines(path, *(json.dumps({"type": "Feature", "properties": row, "geometry": None}) for row in rows))


# --- larger areas ----------------------------------------------------------------------------------------------------


def test_an_msoa_is_read_from_the_list_of_output_areas_each_lsoa_once(tmp_path: Path):
    rows = [
        {"OA21CD": f"E0000000{n}", "LSOA21CD": lsoa, "MSOA21CD": "E02000001", "MSOA21NM": "City 001"}
        for n, lsoa in enumerate(["E01000002", "E01000001", "E01000002"])
    ]
    table = read(lsoa21_msoa21_lookup, features(tmp_path / "l.geojsonl", *rows))
    assert table.to_numpy().tolist() == [
        ["E01000001", "E02000001", "City 001"],
        ["E01000002", "E02000001", "City 001"],
    ]


def test_an_lsoa_in_two_msoas_is_refused(tmp_path: Path):
    rows = [
        {"OA21CD": f"E0000000{n}", "LSOA21CD": "E01000001", "MSOA21CD": f"E0200000{n}", "MSOA21NM": "City"}
        for n in (1, 2)
    ]
    with pytest.raises(SchemaError, match="repeats 1 keys"):
        read(lsoa21_msoa21_lookup, features(tmp_path / "l.geojsonl", *rows))


def test_the_district_of_a_ward_has_a_name_of_its_own(tmp_path: Path):
    row = {"LSOA21CD": "E01027305", "WD24CD": "E05013000", "WD24NM": "A Ward", "LAD24CD": "E07000177"}
    table = read(lsoa21_ward24_lookup, features(tmp_path / "l.geojsonl", row))
    assert list(table.columns) == ["lsoa21_code", "ward24_code", "ward24_name", "ward_lad24_code"]  # never lad24_code


def test_regions_have_codes_of_regions(tmp_path: Path):
    row = {"LAD24CD": "E06000001", "RGN24CD": "E12000001", "RGN24NM": "North East"}
    assert len(read(lad24_region24_lookup, features(tmp_path / "l.geojsonl", row))) == 1
    with pytest.raises(SchemaError, match="the region North East, expected codes such as E12000001"):
        read(lad24_region24_lookup, features(tmp_path / "l.geojsonl", {**row, "RGN24CD": "North East"}))


def icb_lookup(name: str, year: int) -> dict[str, object]:
    fields = ["LSOA21CD", "LSOA21NM"]
    fields += [f"{level}{year}{part}" for level in ("SICBL", "ICB", "NHSER") for part in ("CD", "CDH", "NM")]
    fields += [f"LAD{year}CD", f"LAD{year}NM", "ObjectId"]
    return {"name": name, "fields": [{"name": field} for field in fields]}


@pytest.mark.parametrize("name", ["LSOA21_SICBL26_ICB26_NHSER26_LAD26", "LSOA21_SICBL26_ICB26_CAL26_LAD26_EN_LU_v2"])
def test_the_lookup_of_2026_is_found_under_either_name_and_no_other_year(publisher: Publisher, name: str):
    root = "services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services"
    names = ["LSOA21_SICBL25_ICB25_CAL25_LAD25_EN_LU", "LSOA21_SICBL24_ICB24_CAL24_LAD24_EN_LU", name]
    publisher.says(root, answer_json({"services": [{"name": one} for one in names]}))
    publisher.says(f"{root}/{name}/FeatureServer/0", answer_json(icb_lookup(name, 26)))
    [found] = lsoa21_icb26_lookup.discover(Upstream(publisher.base))
    assert found.release == name
    publisher.says(f"{root}/{name}/FeatureServer/0", answer_json(icb_lookup(name, 25)))
    with pytest.raises(SourceError, match="no field like SICBL26CD"):
        lsoa21_icb26_lookup.discover(Upstream(publisher.base))


# --- deprivation of 2019 ---------------------------------------------------------------------------------------------


def test_deprivation_of_2019_is_of_areas_of_2011_by_its_names(tmp_path: Path):
    stems = {
        "Index of Multiple Deprivation (IMD)": " Score",
        "Income": " Score (rate)",
        "Employment": " Score (rate)",
        "Education, Skills and Training": " Score",
        "Health Deprivation and Disability": " Score",
        "Crime": " Score",
        "Barriers to Housing and Services": " Score",
        "Living Environment": " Score",
        "Income Deprivation Affecting Children Index (IDACI)": " Score (rate)",
        "Income Deprivation Affecting Older People (IDAOPI)": " Score rate",
    }
    tail = " (where 1 is most deprived"
    header = ["LSOA code (2011)", "LSOA name (2011)"]
    header += [f"Local Authority District {what} (2019)" for what in ("code", "name")]
    for stem, score in stems.items():
        header += [f"{stem}{score}", f"{stem} Rank{tail})", f"{stem} Decile{tail} 10% of LSOAs)"]
    header += ["Total population: mid 2015 (excluding prisoners)", "Dependent Children aged 0-15: mid 2015 (excl.)"]
    header += ["Population aged 16-59: mid 2015", "Older population aged 60 and over: mid 2015 (excl.)"]
    header += ["Working age population 18-59/64: for use with Employment Deprivation Domain "]  # with a blank
    row = (
        ["E01000001", "City 001A", "E09000001", "City"]
        + ["0.1", "32844", "10"] * 10
        + ["1500", "200", "1000", "300", "900"]
    )
    path = lines(tmp_path / "f.csv", ",".join(f'"{name}"' for name in header), ",".join(row))
    table = read(iod19, path)
    assert table.loc[0, ["lsoa11_code", "imd_rank", "income_rate", "population", "population_18_64"]].to_list() == [
        "E01000001",
        32844,
        0.1,
        1500,
        900,
    ]
    assert not any("21" in column or "24" in column for column in table.columns)


# --- networks of practices -------------------------------------------------------------------------------------------

MAP = (
    "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PRACTICE_POSTCODE,PCN_CODE,PCN_NAME,"
    "ONS_SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_NAME,ONS_ICB_CODE,ICB_CODE,ICB_NAME"
)


def mapped(code: str, pcn: str = "U1,NORTH PCN", icb: str = "E54000066", date: str = "01Jul2026") -> str:
    return f"GP,{date},{code},THE SURGERY,ts181hu,{pcn},E38000247,16C,Sub,{icb},QHM,A Board"


@pytest.mark.parametrize("date", ["01Jul2026", "2026-07-01", "01-Jul-26", "01/07/2026", "01JUL2026"])
def test_a_practice_has_its_network_and_board_whichever_way_the_date_is_written(tmp_path: Path, date: str):
    rows = [mapped("B1", date=date), mapped("A1", pcn="U,UNALLOCATED", date=date)]
    table = read(gp_practice_map, zipped(tmp_path / "m.zip", "gp-reg-pat-prac-map.csv", MAP, *rows))
    assert table["practice_code"].to_list() == ["A1", "B1"]
    assert table["pcn_code"].isna().to_list() == [True, False]  # U is no network
    assert table["postcode"].to_list() == ["TS18 1HU"] * 2
    assert set(table["extract_date"]) == {"2026-07-01"}


def test_a_mapping_of_the_42_boards_is_refused_not_read_as_the_36(tmp_path: Path):
    rows = [mapped("A1"), mapped("B1", icb="E54000034")]
    path = zipped(tmp_path / "m.zip", "gp-reg-pat-prac-map.csv", MAP, *rows)
    with pytest.raises(GeographyError, match="E54000034, which ended in March 2026: it is of the 42 boards"):
        read(gp_practice_map, path)


def test_a_mapping_without_networks_names_the_column(tmp_path: Path):
    path = zipped(tmp_path / "m.zip", "gp-reg-pat-prac-map.csv", MAP.replace("PCN_CODE", "NETWORK"), mapped("A1"))
    with pytest.raises(SchemaError, match="no column PCN_CODE in"):
        read(gp_practice_map, path)


# --- lists of the Organisation Data Service --------------------------------------------------------------------------


def organisation(code: str, name: str, *, status: str = "", closed: str = "", parent: str = "RAA") -> str:
    cells = [code, name, "Y63", "QHM", "1 HIGH STREET", "", "TOWN", "", "", "nw12db", "19740401", closed, status, ""]
    return ",".join(f'"{cell}"' for cell in [*cells, parent, "", "", "01632 960000", *[""] * 9])


def test_live_sites_of_trusts_have_an_empty_status_the_date_decides(tmp_path: Path):
    rows = [organisation("RAA02", "OLD HOSPITAL", closed="20190331"), organisation("RAA01", "A HOSPITAL")]
    table = read(nhs_trust_sites, lines(tmp_path / "ets.csv", *rows))
    assert table[["trust_site_code", "trust_code", "status", "telephone"]].to_numpy().tolist() == [
        ["RAA01", "RAA", "active", "01632 960000"],
        ["RAA02", "RAA", "closed", "01632 960000"],
    ]


def test_a_branch_names_its_practice_and_a_pharmacy_its_status(tmp_path: Path):
    branch = read(gp_branches, lines(tmp_path / "b.csv", organisation("A81001001", "A BRANCH", parent="A81001")))
    assert branch["practice_code"].to_list() == ["A81001"]
    rows = [organisation("FA001", "A", status="ACTIVE"), organisation("FA002", "B", status="INACTIVE")]
    shops = read(pharmacies, lines(tmp_path / "d.csv", *rows, organisation("FA003", "C", status="P")))
    assert shops["status"].to_list() == ["active", "closed", "other"]


# --- libraries -------------------------------------------------------------------------------------------------------

LIBRARIES = (
    "name,address1,address2,address3,authority,postcode,uprn,type,operation_22,operation_23,operating_organisation,"
    "co_located_civic,co_located_health,co_located_other_text,hours"
)


def library(
    kind: str = "Static Library", run_by: str = "LA", health: str = "", others: str = "", name: str = "Central"
) -> str:
    return f'"{name}",1 The Square,Town,,A Council,nw12db,,{kind},Closed,{run_by},-,,{health},"{others}",32.5'


def test_a_library_is_run_as_its_last_year_says(tmp_path: Path):
    runs = ["LA", "CR", "c", "ICL", "LAU", "Closed", "Temporary Closure", "[Unknown]"]
    table = read(libraries, lines(tmp_path / "l.csv", LIBRARIES, *(library(run_by=one) for one in runs)))
    assert table["operation"].to_list() == [
        "authority", "community", "commissioned", "independent", "unstaffed", "not open", "not open", "not open",
    ]  # fmt: skip
    assert table.loc[0, "address"] == "1 The Square, Town"
    assert table.loc[0, "postcode"] == "NW1 2DB"


@pytest.mark.parametrize(
    ("others", "shares"),
    [
        ("Citizens Advice, Pre-School Nursery", True),
        ("Police and Citizen\u2019s Advice", True),
        ("CAB", True),
        ("Community:Advice and Resource Centre", True),
        ("Café, community advice hub, theatre", True),
        ("Information, Advice and Guidance (IAG)", False),
        ("Law centre", True),
        ("Welfare Rights Team", True),
        ("Tourist information and travel advice", False),
        ("Cabin", False),
        ("", False),
    ],
)
def test_a_library_shares_with_advice_where_its_words_say_so(tmp_path: Path, others: str, shares: bool):
    table = read(libraries, lines(tmp_path / "l.csv", LIBRARIES, library(others=others, health="x")))
    assert table.loc[0, "shares_with_advice"] == shares
    assert table.loc[0, "shares_with_health"]


def test_a_hostile_name_of_a_library_stays_text(tmp_path: Path):
    rows = [library(name=name) for name in HOSTILE]
    assert read(libraries, lines(tmp_path / "l.csv", LIBRARIES, *rows))["library_name"].to_list() == HOSTILE


# --- OpenStreetMap ---------------------------------------------------------------------------------------------------

STAMP = {"timestamp_osm_base": "2026-11-20T05:00:00Z"}


def element(number: int, kind: str = "node", **tags: str) -> dict[str, object]:
    place = {"lat": 51.5, "lon": -0.1}
    return {"type": kind, "id": number, **(place if kind == "node" else {"center": place}), "tags": tags}


def overpass(path: Path, *elements: object, **more: object) -> Path:
    path.write_text(json.dumps({"osm3s": STAMP, "elements": elements, **more}))
    return path


def test_mapped_places_are_points_or_middles_and_what_is_gone_is_counted(tmp_path: Path):
    path = overpass(
        tmp_path / "o.json",
        element(2, name="Citizens Advice Town", office="citizens_advice", phone="1"),
        element(1, "way", name="Isle Law Centre", office="lawyer", **{"addr:postcode": "nw12db"}),
        element(3, name="Old", **{"disused:amenity": "advice"}),
        element(4, name="Shop", shop="charity"),
        {"type": "relation", "id": 5, "tags": {}},
    )
    table = read(osm_advice, path)
    assert table[["osm_id", "network", "kind", "as_of"]].to_numpy().tolist() == [
        ["node/2", "citizens_advice", "office=citizens_advice", "2026-11-20"],
        ["way/1", "law_centre", "office=lawyer", "2026-11-20"],
    ]
    assert table.loc[1, "postcode"] == "NW1 2DB"
    assert table.attrs["notes"] == [
        Note("elements without a place: left out", 1),
        Note("elements tagged as gone: left out", 1),
        Note("charity shops: left out", 1),
    ]


def test_a_remark_is_a_failure_although_the_status_was_200(tmp_path: Path):
    path = overpass(tmp_path / "o.json", element(1), remark="runtime error: Query timed out")
    with pytest.raises(SourceError, match=r"Overpass gave up .*timed out.* sent only a part"):
        read(osm_advice, path)


def test_a_refusal_of_overpass_is_said_without_the_question(publisher: Publisher, tmp_path: Path):
    publisher.says("overpass-api.de/api/interpreter", Answer(b"<html>busy</html>", 400))
    [asked] = osm_advice.discover(Upstream(publisher.base))
    with pytest.raises(SourceError, match=r"^https://overpass-api\.de/api/interpreter(\?…)? answered 400") as failed:
        asked.transfer(Upstream(publisher.base), tmp_path / "o.json", {})
    assert len(str(failed.value)) < 200
    assert publisher.asked[0].query["data"].startswith("[out:json]")


def test_mapped_places_are_under_their_own_licence():
    assert osm_advice.licence == "Open Database Licence v1.0"
    assert "OpenStreetMap contributors" in osm_advice.attribution


# --- postcodes.io ----------------------------------------------------------------------------------------------------

LIVE, ENDED = "api.postcodes.io/postcodes", "api.postcodes.io/terminated_postcodes/"
PLACE = {"longitude": -0.127014, "latitude": 51.529985}


def live(**results: dict[str, object] | None) -> Answer:
    """What the service says of postcodes, written here without the blank."""
    said = [{"query": f"{name[:-3]} {name[-3:]}", "result": result} for name, result in results.items()]
    return answer_json({"status": 200, "result": said})


def not_found(what: str) -> Answer:
    return Answer(json.dumps({"status": 404, "error": f"{what} not found"}).encode(), 404)


def test_a_postcode_is_placed_on_the_grid(publisher: Publisher):
    publisher.says(LIVE, live(NW12DB={**PLACE, "codes": {"lsoa21": "E01000956", "lsoa": "E01099999"}}))
    row = geocode_postcodes(["nw12db", "NW1 2DB"], Upstream(publisher.base)).iloc[0]
    assert row[["postcode", "status", "lsoa21_code"]].to_list() == ["NW1 2DB", "found", "E01000956"]
    assert abs(row["easting"] - 530_019) < 3
    assert abs(row["northing"] - 182_893) < 3
    assert [json.loads(one.body) for one in publisher.asked] == [{"postcodes": ["NW1 2DB"]}]
    assert publisher.asked[0].query == {"filter": "longitude,latitude,codes"}


def test_the_field_that_changed_its_vintage_is_used_only_for_a_code_of_2021(publisher: Publisher):
    publisher.says(LIVE, live(NW12DB={**PLACE, "codes": {"lsoa": "E01000956"}}))
    asked = (["NW1 2DB"], Upstream(publisher.base))
    assert geocode_postcodes(*asked)["lsoa21_code"].isna().all()
    assert geocode_postcodes(*asked, lsoa21={"E01000001"})["lsoa21_code"].isna().all()
    assert geocode_postcodes(*asked, lsoa21={"E01000956"})["lsoa21_code"].to_list() == ["E01000956"]


def test_ended_unknown_unplaced_and_misspelt_postcodes_are_four_things(publisher: Publisher):
    publisher.says(LIVE, live(NW11AA=None, NW11AB=None, NW11AD={"longitude": None, "latitude": None, "codes": {}}))
    ended = {"postcode": "NW1 1AA", "year_terminated": 2019, "month_terminated": 4, **PLACE}
    publisher.says(f"{ENDED}NW1%201AA", answer_json({"status": 200, "result": ended}))
    publisher.says(f"{ENDED}NW1%201AB", not_found("Terminated postcode"))
    table = geocode_postcodes(["NW1 1AA", "NW1 1AB", "NW1 1AD", "=1+1"], Upstream(publisher.base)).set_index("postcode")
    assert table["status"].to_list() == ["ended", "unknown", "no place", "not a postcode"]
    assert table["easting"].notna().to_list() == [True, False, False, False]
    assert table["lsoa21_code"].isna().all()
    assert table.loc["NW1 1AA", "ended"] == 2019
    # one question for the three that are written as postcodes, then one for each that is not live
    assert [one.address for one in publisher.asked] == [LIVE, f"{ENDED}NW1%201AA", f"{ENDED}NW1%201AB"]


def test_a_hundred_are_asked_for_at_a_time(publisher: Publisher):
    names = [f"NW{1 + number // 100}{number // 10 % 10}{'ABDEFGHJLN'[number % 10]}A" for number in range(101)]
    place = {**PLACE, "codes": {}}
    publisher.says(LIVE, live(**dict.fromkeys(names[:100], place)), live(**{names[100]: place}))
    assert len(geocode_postcodes(names, Upstream(publisher.base))) == 101
    assert [len(json.loads(one.body)["postcodes"]) for one in publisher.asked] == [100, 1]


def test_the_service_is_given_time_when_it_asks_for_it(publisher: Publisher):
    busy = Answer(b"{}", 429, {"Retry-After": "0"})
    publisher.says(LIVE, busy, Answer(b"{}", 503), live(NW12DB={**PLACE, "codes": {}}))
    assert geocode_postcodes(["NW1 2DB"], Upstream(publisher.base, pause_seconds=0))["status"].to_list() == ["found"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>", 200),
        Answer(b"{}", 200),
        Answer(b"[]", 200),
        Answer(b"no", 400),
        answer_json({"result": [{"query": "NW1 2DB", "result": 7}]}),
        answer_json({"result": ["NW1 2DB"]}),
        live(NW12DA=None),
    ],
)
def test_another_answer_is_an_error_not_a_missing_place(publisher: Publisher, answer: Answer):
    publisher.says(LIVE, answer)
    with pytest.raises(SourceError, match=r"api\.postcodes\.io"):
        geocode_postcodes(["NW1 2DB"], Upstream(publisher.base))


@pytest.mark.parametrize("answer", [Answer(b"<html>", 404), Answer(b"{}", 200), Answer(b"{}", 500)])
def test_whether_a_postcode_has_ended_is_never_guessed(publisher: Publisher, answer: Answer):
    publisher.says(LIVE, live(NW11AA=None))
    publisher.says(f"{ENDED}NW1%201AA", answer)
    with pytest.raises(SourceError, match=r"NW1"):
        geocode_postcodes(["NW1 1AA"], Upstream(publisher.base, pause_seconds=0))


def test_too_many_are_refused_before_anyone_is_asked(publisher: Publisher):
    some = pd.Series(range(2_001)).astype("str")
    with pytest.raises(SourceError, match="2,001 postcodes are more than the 2,000"):
        geocode_postcodes(some, Upstream(publisher.base))
    assert publisher.asked == []
