"""Every source keeps its contract; readers of health and deprivation files read made-up rows in their layout.

Readers of advice lists, geography, homes and places are in the other `test_data_sources_…`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
from published import HOSTILE, lines, read, zipped

from data_sources.__main__ import sources_page
from data_sources.census import census21_disability
from data_sources.gp_registrations import gp_registrations
from data_sources.iod import iod25
from data_sources.nhs_sites import gp_practices
from data_sources.qof import qof_prevalence
from hjp_geo.errors import SchemaError
from hjp_geo.registry import discover
from hjp_geo.source import Source, read_checked

SOURCES = discover("data_sources", Source)


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


PAGE = Path(__file__).resolve().parents[1] / "docs" / "data-sources.md"


def test_the_reference_page_is_what_the_declarations_say():
    assert PAGE.read_text("utf-8") == sources_page(SOURCES), "run: python -m data_sources > docs/data-sources.md"


def test_no_table_mixes_vintages_of_one_kind_of_area():
    for one in SOURCES.values():
        levels = [re.match(r"(lsoa|lad|icb|sicbl|ward|region)(\d\d)_code$", column) for column in one.columns]
        found = [level.groups() for level in levels if level]
        if not {"lsoa11_lsoa21_lookup"} & {one.name}:  # the one that converts
            assert len(found) == len({kind for kind, _ in found}), one.name


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
    path = zipped(tmp_path / "QOF.zip", member, header, "B00001,DEP,20,18OV,200", "A00001,DEP,113.0,18OV,1000")
    table = read(qof_prevalence, path)
    assert table.to_numpy().tolist() == [["A00001", "DEP", "18OV", 113, 1000], ["B00001", "DEP", "18OV", 20, 200]]


def test_qof_a_practice_without_one_of_the_conditions_is_refused(tmp_path: Path):
    # 2 practices of 2 conditions each are 4 rows; the last one is cut off
    rows = ["A00001,HYP,1,TOTAL,9", "A00001,DEP,1,18OV,8", "A00002,HYP,1,TOTAL,9"]
    path = zipped(tmp_path / "QOF.zip", "PREVALENCE_2425.csv", QOF_HEADER, *rows)
    with pytest.raises(SchemaError, match="has 1 rows for practice A00002, expected one for each of 2 conditions"):
        read(qof_prevalence, path)


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


# --- census ----------------------------------------------------------------------------------------------------------

CENSUS_HEADER = (
    "date,geography,geography code,Disability: Total: All usual residents,Disability: Disabled under the Equality Act,"
    "Disability: Disabled under the Equality Act: Day-to-day activities limited a lot"
)


def test_census_disability_keeps_the_areas_of_england(tmp_path: Path):
    rows = ["2021,Row 2,E01000002,10,3,1", "2021,Row 1,E01000001,20,4,0", "2021,Wales,W01000001,30,9,2"]
    path = zipped(tmp_path / "ts038.zip", "census2021-ts038-lsoa.csv", "\ufeff" + CENSUS_HEADER, *rows)
    assert read(census21_disability, path).to_numpy().tolist() == [["E01000001", 20, 4], ["E01000002", 10, 3]]


def test_census_disability_names_the_column_it_misses(tmp_path: Path):
    header = CENSUS_HEADER.replace("All usual residents", "Everybody")
    path = zipped(tmp_path / "t.zip", "census2021-ts038-lsoa.csv", header, "2021,Row,E01000001,1,1,1")
    with pytest.raises(SchemaError, match=r"no column 'Disability: Total: All usual residents' in t\.zip; found date"):
        read(census21_disability, path)
