"""Every source keeps its contract, and every reader reads its publisher's layout: made-up rows, in that layout."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from openpyxl import Workbook

from data_sources.debt_advice import debt_advice_organisations
from data_sources.gp_registrations import gp_registrations
from data_sources.iod import iod25
from data_sources.legal_aid import legal_aid_offices
from data_sources.nhs_sites import gp_practices
from data_sources.ons_geography import (
    icb23_boundaries,
    lsoa11_lsoa21_lookup,
    lsoa21_boundaries,
    lsoa21_centroids,
    lsoa21_icb24_lookup,
    lsoa21_rural_urban,
)
from data_sources.postcodes import postcodes
from data_sources.qof import qof_prevalence
from hjp_geo.areas import Table
from hjp_geo.errors import SchemaError
from hjp_geo.registry import discover
from hjp_geo.source import Source, read_checked

SOURCES = discover("data_sources", Source)
HOSTILE = ["=HYPERLINK(0)", "+44 20 7946 0000", "@Cornwall Law LLP", "<script>alert(1)</script>", "-1+1", "NA", "null"]


def read(one: Source, path: Path) -> Table:
    """What the source reads, held to what it declares, whatever the number of rows."""
    return read_checked(replace(one, expected_rows=None, least_rows=1), path, {})


def lines(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path.write_text("".join(f"{row}\n" for row in rows), encoding)
    return path


def zipped(path: Path, member: str, *rows: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, "".join(f"{row}\n" for row in rows).encode())
    return path


# --- the contract ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", SOURCES.values(), ids=SOURCES.keys())
class TestEverySource:
    def test_says_what_it_is_and_whom_to_credit(self, one: Source):
        for said in (one.doc, one.title, one.publisher, one.licence, one.attribution):
            assert said.strip() == said != ""
        assert one.doc.splitlines()[0].endswith(".")

    def test_has_a_key_among_its_columns_and_a_meaning_for_each(self, one: Source):
        assert one.key
        assert set(one.key) <= set(one.columns)
        assert all(meaning.strip() for meaning in one.columns.values())
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in one.columns)

    def test_knows_how_many_rows_can_be_right(self, one: Source):
        assert one.expected_rows is not None or one.least_rows > 1

    def test_calls_a_file_of_another_kind_a_layout_error(self, one: Source, tmp_path: Path):
        path = lines(tmp_path / "other.bin", "a web page, or anything else", "")
        with pytest.raises(SchemaError, match=r"other\.bin") as failed:
            read_checked(one, path, {})
        assert "\n" not in str(failed.value)


# --- GP practices (epraccur) -----------------------------------------------------------------------------------------


def practice(code: str, status: str, setting: str, closed: str = "", name: str = "THE SURGERY") -> str:
    cells = [code, name, "Y63", "QHM", "1 HIGH STREET", "", "  TOWN ", "", "", "nw12db", "19740401", closed, status]
    return ",".join(f'"{cell}"' for cell in [*cells, *[""] * 12, setting, ""])


def test_gp_practices_reads_the_legacy_codes_and_todays(tmp_path: Path):
    path = lines(
        tmp_path / "epraccur.csv",
        practice("A00001", "A", "4"),
        practice("A00002", "ACTIVE", "RO76|RO72"),
        practice("A00003", "ACTIVE", "RO72"),
        practice("A00004", "A", "0"),
        practice("A00005", "C", "4", closed="20200331"),
        practice("A00006", "INACTIVE", "RO76"),
        practice("A00007", "A", "4", closed="20200331"),  # the close date outweighs the status
        practice("A00008", "P", "4"),
        practice("A00009", "A", "24"),  # not 4
    )
    table = read(gp_practices, path).set_index("practice_code")
    assert table["status"].to_list() == ["active"] * 4 + ["closed"] * 3 + ["other", "active"]
    assert table["is_gp_practice"].to_list() == [True, True, False, False, True, True, True, True, False]
    assert table.loc["A00001", "postcode"] == "NW1 2DB"
    assert table.loc["A00001", "address"] == "1 HIGH STREET, TOWN"
    assert table["closed"].isna().sum() == 7


def test_gp_practices_keeps_hostile_names_as_text(tmp_path: Path):
    path = lines(tmp_path / "epraccur.csv", *[practice(f"A{n:05}", "A", "4", name=n_) for n, n_ in enumerate(HOSTILE)])
    assert read(gp_practices, path)["practice_name"].to_list() == HOSTILE


def test_gp_practices_says_how_many_columns_it_found(tmp_path: Path):
    path = lines(tmp_path / "epraccur.csv", practice("A00001", "A", "4") + ",more")
    with pytest.raises(SchemaError, match=r"gp_practices: epraccur\.csv has 28 columns, expected 27 without a header"):
        read(gp_practices, path)


# --- QOF -------------------------------------------------------------------------------------------------------------

QOF_HEADER = "PRACTICE_CODE,GROUP_CODE,REGISTER,PATIENT_LIST_TYPE,PRACTICE_LIST_SIZE"


@pytest.mark.parametrize(
    ("member", "header"),
    [
        ("QOF2425/PREVALENCE_2425.csv", "\ufeff" + QOF_HEADER),
        ("prevalence_2526_v2.CSV", QOF_HEADER.replace("REGISTER", "REGISTER_SIZE")),
        ("PREVALENCE_1819.csv", "PRACTICE_CODE,INDICATOR_GROUP_CODE,REGISTER,PATIENT_LIST_TYPE,PATIENT_LIST_SIZE"),
    ],
)
def test_qof_reads_the_headers_of_every_year(tmp_path: Path, member: str, header: str):
    path = zipped(tmp_path / "QOF.zip", member, header, "B00001,HYP,20,TOTAL,200", "A00001,DEP,113.0,18OV,1000")
    table = read(qof_prevalence, path)
    assert table.to_numpy().tolist() == [["A00001", "DEP", "18OV", 113, 1000], ["B00001", "HYP", "TOTAL", 20, 200]]


@pytest.mark.parametrize("mark", ["", "*", "suppressed", "c"])
def test_qof_a_suppressed_register_is_missing_not_zero(tmp_path: Path, mark: str):
    path = zipped(
        tmp_path / "QOF.zip", "PREVALENCE_2425.csv", QOF_HEADER, f"A00001,HYP,{mark},TOTAL,200", "A00002,HYP,0,TOTAL,9"
    )
    register = read(qof_prevalence, path)["register"]
    assert register.isna().to_list() == [True, False]
    assert register[1] == 0


def test_qof_a_figure_it_cannot_read_is_never_taken_for_missing(tmp_path: Path):
    path = zipped(tmp_path / "QOF.zip", "PREVALENCE_2425.csv", QOF_HEADER, 'A00001,HYP,"1,234",TOTAL,9000')
    with pytest.raises(SchemaError, match=r"qof_prevalence: REGISTER in QOF\.zip holds '1,234', expected a number"):
        read(qof_prevalence, path)


def test_qof_keeps_a_register_above_its_list(tmp_path: Path):
    path = zipped(tmp_path / "QOF.zip", "PREVALENCE_2425.csv", QOF_HEADER, "A00001,LD,12,TOTAL,10")
    assert read(qof_prevalence, path)["register"].to_list() == [12]


@pytest.mark.parametrize("gone", QOF_HEADER.split(","))
def test_qof_names_the_column_it_misses_and_those_it_found(tmp_path: Path, gone: str):
    path = zipped(tmp_path / "QOF.zip", "PREVALENCE_2425.csv", QOF_HEADER.replace(gone, "SHOE"), "A,B,1,TOTAL,2")
    with pytest.raises(SchemaError, match=rf"qof_prevalence: no column {gone}\b.* in QOF\.zip; found .*SHOE"):
        read(qof_prevalence, path)


def test_qof_names_the_members_where_the_wanted_one_is_absent(tmp_path: Path):
    path = zipped(tmp_path / "QOF.zip", "ACHIEVEMENT_LONDON_2425.csv", "A")
    with pytest.raises(SchemaError, match=r"QOF\.zip holds 0 members .*ACHIEVEMENT_LONDON_2425\.csv"):
        read(qof_prevalence, path)


# --- registrations ---------------------------------------------------------------------------------------------------

REGISTRATIONS = "gp-reg-pat-prac-lsoa-all.csv"


def test_registrations_reads_todays_header_and_every_kind_of_code(tmp_path: Path):
    header = "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,LSOA_CODE,SEX,NUMBER_OF_PATIENTS"
    codes = ["E01000001", "W01000001", "EMPTY", "CLOSED", "NO2011"]
    rows = [f'GP_PRAC_PAT_LIST,01JUL2026,A00001,"SURGERY, THE",{code},ALL,{n}' for n, code in enumerate(codes, 1)]
    table = read(gp_registrations, zipped(tmp_path / "reg.zip", REGISTRATIONS, header, *rows))
    assert dict(zip(table["lsoa_code"], table["patients"], strict=True)) == {
        code: number for number, code in enumerate(codes, 1)
    }
    assert list(table.columns) == ["practice_code", "lsoa_code", "patients"]


@pytest.mark.parametrize(
    "header", ['PRACTICE_CODE,LSOA_CODE,"ALL PATIENTS"', "\ufeffPRACTICE_CODE,LSOA_CODE,ALL_PATIENTS"]
)
def test_registrations_reads_the_old_headers(tmp_path: Path, header: str):
    path = zipped(tmp_path / "reg.zip", f"folder/{REGISTRATIONS}", header, "A00001,E01000001,7")
    assert read(gp_registrations, path).to_numpy().tolist() == [["A00001", "E01000001", 7]]


def test_registrations_names_the_column_it_misses(tmp_path: Path):
    path = zipped(tmp_path / "reg.zip", REGISTRATIONS, "PRACTICE_CODE,LSOA21_CODE,NUMBER_OF_PATIENTS", "A,E01000001,7")
    with pytest.raises(SchemaError, match=r"gp_registrations: no column LSOA_CODE in reg\.zip; found .*LSOA21_CODE"):
        read(gp_registrations, path)


def test_registrations_refuses_patients_that_are_no_number(tmp_path: Path):
    path = zipped(tmp_path / "reg.zip", REGISTRATIONS, "PRACTICE_CODE,LSOA_CODE,ALL_PATIENTS", "A,E01000001,many")
    with pytest.raises(SchemaError, match=r"gp_registrations: reg\.zip cannot be read .*many"):
        read(gp_registrations, path)


# --- IoD 2025 File 7 -------------------------------------------------------------------------------------------------

STEMS = {
    "Index of Multiple Deprivation (IMD)": "Score",
    "Income": "Score (rate)",
    "Employment": "Score (rate)",
    "Education, Skills and Training": "Score",
    "Health Deprivation and Disability": "Score",
    "Crime": "Score",
    "Barriers to Housing and Services": "Score",
    "Living Environment": "Score",
    "Income Deprivation Affecting Children Index (IDACI)": "Score (rate)",
    "Income Deprivation Affecting Older People (IDAOPI)": "Score (rate)",
    "Children and Young People Sub-domain": "Score",
    "Adult Skills Sub-domain": "Score",
    "Geographical Barriers Sub-domain": "Score",
    "Wider Barriers Sub-domain": "Score",
    "Indoors Sub-domain": "Score",
    "Outdoors Sub-domain": "Score",
}
IOD_HEADER = [
    "LSOA code (2021)",
    "LSOA name (2021)",
    "Local Authority District code (2024)",
    "Local Authority District name (2024)",
    *(
        f"{stem} {what}"
        for stem, score in STEMS.items()
        for what in (score, "Rank (where 1 is most deprived)", "Decile (where 1 is most deprived 10% of LSOAs)")
    ),
    "Total population: mid 2022",
    "Dependent Children aged 0-15: mid 2022",
    "Older population aged 60 and over: mid 2022",
    "Working age population 18-66 (for use with Employment Deprivation Domain): mid 2022",
]
IOD_HEADER[36] = IOD_HEADER[36][: -len("As)")]  # column 37 is cut off in the published file


def iod_file(path: Path, header: Sequence[str], *rows: Mapping[str, object]) -> Path:
    """A File 7 of those columns; a cell not given is its column's number."""
    table = pd.DataFrame([{name: row.get(name, n) for n, name in enumerate(header)} for row in rows])
    table.to_csv(path, index=False, encoding="utf-8-sig")
    return path


def test_iod_has_the_56_columns_of_the_published_file():
    assert len(IOD_HEADER) == 56
    assert IOD_HEADER[36] == "Children and Young People Sub-domain Decile (where 1 is most deprived 10% of LSO"


def test_iod_reads_by_the_beginning_of_the_header(tmp_path: Path):
    path = iod_file(
        tmp_path / "File_7_IoD2025.csv",
        IOD_HEADER,
        {"LSOA code (2021)": "E01000002", "Income Score (rate)": 0.123},
        {"LSOA code (2021)": "E01000001", "Income Score (rate)": 0.5},
    )
    table = read(iod25, path)
    assert table["lsoa21_code"].to_list() == ["E01000001", "E01000002"]
    assert table["income_rate"].to_list() == [0.5, 0.123]
    row = table.iloc[0]
    # positions in the file, from 0: IMD 4 to 6, income rank 8, IDACI 28 to 30, populations 52 to 55
    assert [row["imd_score"], row["imd_rank"], row["imd_decile"], row["income_rank"]] == [4, 5, 6, 8]
    assert [row["idaci_rate"], row["idaci_rank"], row["idaopi_decile"]] == [28, 29, 33]
    assert row[["population", "population_0_15", "population_60_over", "population_18_66"]].to_list() == [
        52,
        53,
        54,
        55,
    ]


def test_iod_a_blank_score_is_missing_not_zero(tmp_path: Path):
    # as in the file whose IDACI scores could not be had: one blank among numbers, and a column that is all blank
    idaci, income = IOD_HEADER[28], IOD_HEADER[7]
    path = iod_file(
        tmp_path / "f.csv",
        IOD_HEADER,
        {"LSOA code (2021)": "E01000001", idaci: "", income: ""},
        {"LSOA code (2021)": "E01000002", idaci: "", income: 0},
    )
    table = read(iod25, path)
    assert table["idaci_rate"].isna().all()
    assert table["income_rate"].isna().to_list() == [True, False]
    assert table["income_rate"][1] == 0


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("LSOA code (2021)", r"no column beginning 'LSOA code \(2021\)' in f\.csv; found .*LSOA name"),
        ("Income Score (rate)", r"no column beginning 'Income Score' in f\.csv; found Income Rank"),
        ("Total population: mid 2022", r"no column beginning 'Total population: mid 2022'"),
    ],
)
def test_iod_names_the_column_it_misses(tmp_path: Path, gone: str, said: str):
    header = ["Another thing" if name == gone else name for name in IOD_HEADER]
    with pytest.raises(SchemaError, match=said):
        read(iod25, iod_file(tmp_path / "f.csv", header, {}))


def test_iod_refuses_a_score_that_is_no_number(tmp_path: Path):
    with pytest.raises(SchemaError, match=r"iod25: f\.csv cannot be read .*high"):
        read(iod25, iod_file(tmp_path / "f.csv", IOD_HEADER, {"LSOA code (2021)": "E0", "Crime Score": "high"}))


# --- Code-Point Open -------------------------------------------------------------------------------------------------


def codepoint(postcode: str, quality: int, east: int, north: int) -> str:
    return f'"{postcode}",{quality},{east},{north},"E92000001","","E18000007","","E09000007","E05013659"'


def test_postcodes_of_quality_90_have_no_place(tmp_path: Path):
    path = tmp_path / "codepo.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Doc/licence.txt", "words")
        archive.writestr("Doc/Code-Point_Open_Column_Headers.csv", "PC,PQ")
        archive.writestr("Data/CSV/nw.csv", codepoint("NW1 2DB", 10, 530000, 183000) + "\n")
        archive.writestr("Data/CSV/ab.csv", codepoint("AB101AB", 90, 0, 0) + "\n")
    table = read(postcodes, path).set_index("postcode")
    assert table.index.to_list() == ["AB10 1AB", "NW1 2DB"]
    assert table[["easting", "northing"]].isna().all(axis=1).to_list() == [True, False]
    assert table.loc["NW1 2DB", ["easting", "northing"]].to_list() == [530000, 183000]


def test_postcodes_says_when_no_area_file_is_there(tmp_path: Path):
    with pytest.raises(SchemaError, match=r"postcodes: c\.zip holds no file of a postcode area"):
        read(postcodes, zipped(tmp_path / "c.zip", "Data/CSV/all_of_them.csv", codepoint("NW1 2DB", 10, 1, 1)))


def test_postcodes_refuses_another_number_of_columns(tmp_path: Path):
    with pytest.raises(SchemaError, match=r"postcodes: c\.zip cannot be read .*10 columns, got 4"):
        read(postcodes, zipped(tmp_path / "c.zip", "ab.csv", "NW1 2DB,10,1,1"))


# --- legal aid directory ---------------------------------------------------------------------------------------------

LAA_FLAGS = {
    "crime": "Crime",
    "prison_law": "Prison Law",
    "claims_against_public_authorities": "Claims Against Public Authorities",
    "clinical_negligence": "Clinical Negligence",
    "community_care": "Community Care",
    "debt": "Debt",
    "discrimination": "Discrimination",
    "education": "Education",
    "mediation": "Mediation",
    "housing": "Housing",
    "housing_loss_prevention": "Housing Loss Prevention Advice Service",
    "immigration_asylum": "Immigration Asylum",
    "family": "Family",
    "mental_health": "Mental Health",
    "modern_slavery": "Modern Slavery",
    "public_law": "Public Law",
    "welfare_benefits": "Welfare Benefits",
}
LAA_HEADER = [
    *("Provider Name", "Address Line 1", "Address Line 2", "Address Line 3", "City", "County", "Postcode"),
    *("Telephone Number", *LAA_FLAGS.values()),
]


def workbook(path: Path, header: Sequence[str], *offices: Mapping[str, Any], above: int = 5, sheet: str = "Summary"):
    """A directory with its title rows above the header; column A is blank; a cell not given is empty."""
    book = Workbook()
    book.active.title = "About the data"
    summary = book.create_sheet(sheet)
    summary["B1"], summary["B2"] = "Directory of legal aid providers", "Date Refreshed: 18/03/2026"
    for column, name in enumerate(header, 2):
        summary.cell(above, column, name)
        for row, office in enumerate(offices, above + 1):
            summary.cell(row, column).value = office.get(name)
            summary.cell(row, column).data_type = "n" if isinstance(office.get(name), int) else "s"
    book.save(path)
    return path


OFFICE = {"Provider Name": "Law Centre", "Postcode": "nw1  2db", "City": "London", "Housing": "Yes", "Debt": "yes "}


@pytest.mark.parametrize("above", [3, 5, 20])
def test_legal_aid_finds_its_header_row_by_content(tmp_path: Path, above: int):
    path = workbook(tmp_path / "d.xlsx", LAA_HEADER, {**OFFICE, "Address Line 1": "1 High St"}, above=above)
    (row,) = read(legal_aid_offices, path).to_dict("records")
    assert row["office_row"] == above + 1  # the row number a spreadsheet shows
    assert (row["provider_name"], row["postcode"], row["address"]) == ("Law Centre", "NW1 2DB", "1 High St")
    assert row["date_refreshed"] == "2026-03-18"
    assert [name for name in LAA_FLAGS if row[name]] == ["debt", "housing"]


def test_legal_aid_reads_the_older_name_of_its_first_column(tmp_path: Path):
    header = ["Firm Name", *LAA_HEADER[1:]]
    path = workbook(tmp_path / "d.xlsx", header, {**OFFICE, "Firm Name": "Smith & Co"})
    assert read(legal_aid_offices, path)["provider_name"].to_list() == ["Smith & Co"]


def test_legal_aid_reads_headers_with_line_breaks(tmp_path: Path):
    header = [name.replace(" ", " \n") for name in LAA_HEADER]
    path = workbook(tmp_path / "d.xlsx", header, {name.replace(" ", " \n"): cell for name, cell in OFFICE.items()})
    assert read(legal_aid_offices, path)["housing"].to_list() == [True]


def test_legal_aid_blank_is_missing_and_a_blank_row_no_office(tmp_path: Path):
    path = workbook(
        tmp_path / "d.xlsx", LAA_HEADER, {**OFFICE, "County": "(Blank)"}, {}, {**OFFICE, "Postcode": "none"}
    )
    table = read(legal_aid_offices, path)
    assert table["office_row"].to_list() == [6, 8]
    assert table["county"].to_list() == ["", ""]
    assert table["postcode"].isna().to_list() == [False, True]


def test_legal_aid_keeps_hostile_names_as_text(tmp_path: Path):
    path = workbook(tmp_path / "d.xlsx", LAA_HEADER, *[{**OFFICE, "Provider Name": name} for name in HOSTILE])
    assert read(legal_aid_offices, path)["provider_name"].to_list() == HOSTILE


def test_legal_aid_a_telephone_held_as_a_number_keeps_its_digits(tmp_path: Path):
    path = workbook(tmp_path / "d.xlsx", LAA_HEADER, {**OFFICE, "Telephone Number": 2079460000})
    assert read(legal_aid_offices, path)["telephone"].to_list() == ["2079460000"]


@pytest.mark.parametrize("gone", ["Postcode", "Housing", "Address Line 2", "Welfare Benefits"])
def test_legal_aid_names_the_column_it_misses(tmp_path: Path, gone: str):
    path = workbook(tmp_path / "d.xlsx", ["Other" if name == gone else name for name in LAA_HEADER], OFFICE)
    with pytest.raises(SchemaError, match=rf"legal_aid_offices: no column '{gone}' in d\.xlsx; found Provider Name, "):
        read(legal_aid_offices, path)


def test_legal_aid_without_its_header_row_or_sheet_is_said(tmp_path: Path):
    with pytest.raises(SchemaError, match=r"no row with 'Provider Name' among the first 30 of d\.xlsx"):
        read(legal_aid_offices, workbook(tmp_path / "d.xlsx", LAA_HEADER, OFFICE, above=40))
    with pytest.raises(SchemaError, match=r"e\.xlsx has no sheet 'summary'; it has About the data, Offices"):
        read(legal_aid_offices, workbook(tmp_path / "e.xlsx", LAA_HEADER, OFFICE, sheet="Offices"))


def test_legal_aid_a_cut_off_workbook_is_said(tmp_path: Path):
    path = workbook(tmp_path / "d.xlsx", LAA_HEADER, OFFICE)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(SchemaError, match=r"d\.xlsx is not a whole workbook"):
        read(legal_aid_offices, path)


# --- debt advice -----------------------------------------------------------------------------------------------------

MAPS_HEADER = (
    "id,name,address_street_address,address_locality,address_region,address_postcode,lat,lng,email_address,"
    "website_address,minicom,notes,provides_face_to_face,provides_telephone,provides_web,standard_ids"
)


def organisation(name: str = "Advice", standard: str = "4", face: str = "TRUE", lat: str = "51.5") -> str:
    quoted = name.replace('"', '""')
    return f',"{quoted}",1 High St,Town,,nw12db,{lat},-0.13,,,,,{face},FALSE,,{standard}'


def maps_file(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    return lines(path, MAPS_HEADER, *rows, encoding=encoding)


def test_debt_advice_reads_place_network_and_channels(tmp_path: Path):
    path = maps_file(
        tmp_path / "organisations.csv",
        organisation(standard="4"),
        organisation(standard=" 9 ", face="true"),
        organisation(standard="", face="FALSE"),
        organisation(standard="77", lat=""),
    )
    table = read(debt_advice_organisations, path)
    assert table["organisation_row"].to_list() == [1, 2, 3, 4]
    networks = ["citizens_advice", "law_centre", "christians_against_poverty", "independent"]
    assert table["network"].to_list() == networks
    assert table["face_to_face"].to_list() == [True, True, False, True]
    assert table["latitude"].isna().to_list() == [False, False, False, True]  # missing, not 0
    assert table["postcode"].unique().tolist() == ["NW1 2DB"]


def test_debt_advice_undoes_what_happened_to_its_letters(tmp_path: Path):
    # UTF-8, taken for cp1252, saved as Mac Roman: an apostrophe is the bytes 89 DB AA, a dash 89 DB D2, ô CC AB
    path = tmp_path / "organisations.csv"
    rows = "\n".join(
        [MAPS_HEADER, organisation("St Martin’s – Môr"), organisation("\xa0Bromley"), organisation("plain")]
    )
    path.write_bytes(rows.encode("utf-8").decode("cp1252").encode("mac_roman"))
    assert b"St Martin\x89\xdb\xaas \x89\xdb\xd2 M\xcc\xabr" in path.read_bytes()
    assert read(debt_advice_organisations, path)["name"].to_list() == ["St Martin's – Môr", "Bromley", "plain"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_debt_advice_reads_the_file_in_a_sound_encoding_too(tmp_path: Path, encoding: str):
    path = maps_file(tmp_path / "organisations.csv", organisation("Café Advice"), encoding=encoding)
    assert read(debt_advice_organisations, path)["name"].to_list() == ["Café Advice"]


def test_debt_advice_in_no_single_encoding_still_has_its_apostrophes(tmp_path: Path):
    path = tmp_path / "organisations.csv"
    path.write_bytes(
        f"{MAPS_HEADER}\n".encode() + organisation("X").encode().replace(b"X", b"St Ann\x89\xdb\xaas caf\xe9")
    )
    assert read(debt_advice_organisations, path)["name"].to_list() == ["St Ann's café"]


def test_debt_advice_keeps_hostile_names_as_text(tmp_path: Path):
    path = maps_file(tmp_path / "organisations.csv", *map(organisation, HOSTILE))
    assert read(debt_advice_organisations, path)["name"].to_list() == HOSTILE


def test_debt_advice_puts_an_address_on_one_line(tmp_path: Path):
    row = organisation().replace("1 High St,Town", '" Town Hall,\n\n1 High St \n","Town, "')
    path = maps_file(tmp_path / "organisations.csv", row)
    assert read(debt_advice_organisations, path)["address"].to_list() == ["Town Hall, 1 High St, Town"]


def test_debt_advice_names_the_columns_it_misses(tmp_path: Path):
    path = lines(tmp_path / "o.csv", MAPS_HEADER.replace("standard_ids", "standards"), organisation())
    with pytest.raises(SchemaError, match=r"no column standard_ids in o\.csv; found id, name, .*standards"):
        read(debt_advice_organisations, path)


# --- ONS geography ---------------------------------------------------------------------------------------------------


def features(path: Path, *rows: tuple[Mapping[str, object], Mapping[str, object] | None]) -> Path:
    """One GeoJSON feature a line, as the pages of a layer are kept."""
    return lines(
        path,
        *(json.dumps({"type": "Feature", "properties": properties, "geometry": shape}) for properties, shape in rows),
    )


def square(west: float, south: float, size: float = 0.01) -> dict[str, object]:
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def test_boundaries_come_in_metres_of_the_national_grid(tmp_path: Path):
    path = features(tmp_path / "l.geojsonl", ({"LSOA21CD": "E01000001", "LSOA21NM": "Row 1"}, square(-2.0, 52.0)))
    table = read(lsoa21_boundaries, path)
    assert isinstance(table, gpd.GeoDataFrame)
    assert table.crs == "EPSG:27700"
    # 0.01° of latitude is 1.11 km, of longitude at 52° N 0.69 km; 2° W is the true origin, easting 400,000
    west, south, east, north = table.total_bounds
    assert west == pytest.approx(400_096, abs=5)
    assert (east - west, north - south) == (pytest.approx(687, abs=5), pytest.approx(1113, abs=5))


def test_an_invalid_ring_is_repaired_and_keeps_its_ground(tmp_path: Path):
    # a bow tie: two triangles that touch in the middle
    tie = {"type": "Polygon", "coordinates": [[[-2, 52], [-1.98, 52.02], [-1.98, 52], [-2, 52.02], [-2, 52]]]}
    path = features(tmp_path / "l.geojsonl", ({"ICB23CD": "E54000001", "ICB23NM": "Tie"}, tie))
    shapes = read(icb23_boundaries, path)
    assert isinstance(shapes, gpd.GeoDataFrame)
    assert shapes.is_valid.all()
    assert shapes.area[0] == pytest.approx(1_530_000, rel=0.01)  # half of 1.37 by 2.23 km


def test_a_row_without_a_shape_is_refused(tmp_path: Path):
    rows = [({"LSOA21CD": "E01000001", "LSOA21NM": "a"}, square(-2, 52)), ({"LSOA21CD": "E2", "LSOA21NM": "b"}, None)]
    with pytest.raises(SchemaError, match=r"l\.geojsonl has a row without geometry"):
        read(lsoa21_boundaries, features(tmp_path / "l.geojsonl", *rows))


def test_centroids_are_points_in_metres(tmp_path: Path):
    point = {"type": "Point", "coordinates": [-2.0, 49.0]}  # the true origin of the National Grid, but for the datum
    table = read(lsoa21_centroids, features(tmp_path / "c.geojsonl", ({"LSOA21CD": "E01000001"}, point)))
    assert table["easting"][0] == pytest.approx(400_000, abs=150)
    assert table["northing"][0] == pytest.approx(-100_000, abs=150)


LOOKUP = {
    "LSOA21CD": "E01000001",
    "SICBL24CD": "E38000001",
    "SICBL24CDH": "01A",
    "SICBL24NM": "Sub",
    "ICB24CD": "E54000001",
    "ICB24CDH": "QAA",
    "ICB24NM": "Board",
    "LAD24CD": "E07000001",
    "LAD24NM": "District",
}


def test_lookups_are_read_by_name(tmp_path: Path):
    shuffled = dict(reversed(LOOKUP.items())) | {"ObjectId": 5}
    row = read(lsoa21_icb24_lookup, features(tmp_path / "l.geojsonl", (shuffled, None))).iloc[0]
    assert (row["icb24_nhs_code"], row["lad24_code"], row["sicbl24_name"]) == ("QAA", "E07000001", "Sub")


@pytest.mark.parametrize(
    ("one", "row", "renamed"),
    [
        (lsoa21_icb24_lookup, LOOKUP, "LAD24CD"),
        (lsoa11_lsoa21_lookup, {"LSOA11CD": "E1", "LSOA21CD": "E2", "CHGIND": "U"}, "CHGIND"),
        (lsoa21_boundaries, {"LSOA21CD": "E1", "LSOA21NM": "Row"}, "LSOA21NM"),
    ],
)
def test_a_renamed_field_is_named_with_those_there_are(
    tmp_path: Path, one: Source, row: Mapping[str, str], renamed: str
):
    other = {("LAD26CD" if name == renamed else name): value for name, value in row.items()}
    path = features(tmp_path / "l.geojsonl", (other, square(-2, 52)))
    with pytest.raises(SchemaError, match=rf"l\.geojsonl has no column {renamed}; found .*"):
        read(one, path)


def test_exact_fit_keeps_every_pair(tmp_path: Path):
    rows = [({"LSOA11CD": "E1", "LSOA21CD": code, "CHGIND": "S", "ObjectId": 1}, None) for code in ("E3", "E2")]
    table = read(lsoa11_lsoa21_lookup, features(tmp_path / "l.geojsonl", *rows))
    assert table.to_numpy().tolist() == [["E1", "E2", "S"], ["E1", "E3", "S"]]


def rural_urban(path: Path, *flags: str | None) -> Path:
    rows = [
        ({"LSOA21CD": f"E0100000{n}", "RUC21CD": "UN1", "RUC21NM": "x", "Urban_rural_flag": flag}, None)
        for n, flag in enumerate(flags)
    ]
    return features(path, *rows)


def test_the_rural_urban_flag_is_read(tmp_path: Path):
    table = read(lsoa21_rural_urban, rural_urban(tmp_path / "r.geojsonl", "Urban", "Rural"))
    assert table["is_urban"].to_list() == [True, False]


@pytest.mark.parametrize("flag", [None, "", "Suburban"])
def test_an_unknown_rural_urban_flag_is_never_taken_for_rural(tmp_path: Path, flag: str | None):
    with pytest.raises(SchemaError, match=r"lsoa21_rural_urban: r\.geojsonl has the flag"):
        read(lsoa21_rural_urban, rural_urban(tmp_path / "r.geojsonl", "Urban", flag))
