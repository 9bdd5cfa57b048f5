"""Readers of advice lists read made-up rows in their publishers' layout, whatever is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from published import HOSTILE, lines, read

from data_sources.debt_advice import debt_advice_organisations
from data_sources.legal_aid import legal_aid_offices
from hjp_geo.errors import SchemaError

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


def with_contracts(path: Path, *offices: tuple[str, str]) -> Path:
    """The same directory with a sheet of contracts: provider and postcode."""
    book = load_workbook(path)
    contracts = book.create_sheet("2024 Civil authorisations")
    for row in [[None, "2024 Standard Civil Contracted Providers"], [None, "Provider Name", "Office Postcode"]]:
        contracts.append(row)
    for office in offices:
        contracts.append([None, *office])
    book.save(path)
    return path


def test_legal_aid_a_summary_that_lost_its_end_is_refused(tmp_path: Path):
    # six offices have contracts; the summary has one of them
    listed = [("Law Centre", "NW1 2DB"), *((f"Firm {number}", "M1 1AA") for number in range(5))]
    path = with_contracts(workbook(tmp_path / "a.xlsx", LAA_HEADER, OFFICE), *listed)
    with pytest.raises(
        SchemaError, match=r"5 offices with a contract are not in the summary of a\.xlsx.*Firm 0, M1 1AA"
    ):
        read(legal_aid_offices, path)


def test_legal_aid_an_office_or_two_may_have_just_opened(tmp_path: Path):
    listed = [("Law Centre", "NW1 2DB"), ("Law Centre", "NW1 2DB"), *((f"Firm {n}", "M1 1AA") for n in range(4))]
    path = with_contracts(workbook(tmp_path / "a.xlsx", LAA_HEADER, OFFICE, OFFICE), *listed)
    assert len(read(legal_aid_offices, path)) == 2


def test_legal_aid_a_cut_off_workbook_is_said(tmp_path: Path):
    path = workbook(tmp_path / "d.xlsx", LAA_HEADER, OFFICE)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(SchemaError, match=r"d\.xlsx is not a whole (workbook|zip file)"):
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
