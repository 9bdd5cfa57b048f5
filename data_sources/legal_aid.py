"""Directory of legal aid providers (Legal Aid Agency)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import gov_uk_attachment
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source

_TEXT = {
    "provider_name": ("Provider Name", "Firm Name"),
    "city": ("City",),
    "county": ("County",),
    "postcode": ("Postcode",),
    "telephone": ("Telephone Number",),
}
_FLAGS = {
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
_ADDRESS = ("Address Line 1", "Address Line 2", "Address Line 3")
_OFFICE_POSTCODE = ("Office Postcode", "Postcode")
_CONTRACTS = re.compile(r"civil authorisations|crime providers", re.IGNORECASE)
"""The names of the sheets that list contracts: a year stands before them."""
_MOST_ABSENT = 4
"""Offices that a contract may have before the summary does: an office or two that has just opened."""
_REFRESHED = re.compile(r"Date Refreshed:?\s*(\d{1,2})/(\d{1,2})/(\d{4})")


@source(
    title="Directory of legal aid providers, offices",
    publisher="Legal Aid Agency",
    licence=OGL3,
    attribution=(
        "Contains public sector information licensed under the Open Government Licence v3.0. "
        "Source: Legal Aid Agency, Directory of legal aid providers."
    ),
    key="office_row",
    columns={
        "office_row": "row of the sheet",
        "provider_name": "as published; may begin with a sign that a spreadsheet takes for a formula",
        "address": "lines joined by commas",
        "city": "as published",
        "county": "as published",
        "postcode": "tidied; missing where it is not one",
        "telephone": "as published",
        **{name: f"whether the office has a contract for: {label}" for name, label in _FLAGS.items()},
        "date_refreshed": "the data's own date, YYYY-MM-DD",
    },
    discover=gov_uk_attachment("government/publications/directory-of-legal-aid-providers", r"\.xlsx$"),
    least_rows=3_000,
)
def legal_aid_offices(path: Path) -> Table:
    """One office with a civil or crime contract a row, England and Wales; a few rows repeat an office.

    Specialist supply with a narrow scope: "debt" means only where the home is at risk, "welfare benefits" only appeals
    to the Upper Tribunal. No coordinates, no hours.
    """
    rows = _sheet(path, "summary")
    header = _header_row(rows, path)
    names = [_tidy(cell) for cell in rows[header]]
    columns = {name: _position(names, wanted, path) for name, wanted in _TEXT.items()}
    flags = {name: _position(names, (label,), path) for name, label in _FLAGS.items()}
    lines = [_position(names, (label,), path) for label in _ADDRESS]
    provider = columns["provider_name"]
    offices = [(number, row) for number, row in enumerate(rows[header + 1 :], header + 2) if _tidy(row[provider])]
    table = pd.DataFrame(
        {
            "office_row": [number for number, _ in offices],
            "address": [", ".join(filter(None, (_tidy(row[line]) for line in lines))) for _, row in offices],
            **{name: [_tidy(row[at]) for _, row in offices] for name, at in columns.items()},
            **{name: [_tidy(row[at]).casefold() == "yes" for _, row in offices] for name, at in flags.items()},
        }
    )
    table["postcode"] = tidy_postcodes(table["postcode"])
    _demand_all(table, path)
    table["date_refreshed"] = _date_refreshed(rows[:header], path)
    return table[["office_row", "provider_name", "address", *list(_TEXT)[1:], *_FLAGS, "date_refreshed"]]


def _demand_all(offices: Table, path: Path) -> None:
    """Hold the summary to the sheets that list contracts, where they are: an office of theirs must be in it.

    Over nine in ten offices are on one of them, so that a summary that is cut short does not pass. In the workbook of
    March 2026 none of theirs is missing from it.
    """
    with _workbook(path) as workbook:
        names = [sheet for sheet in workbook.sheet_names if _CONTRACTS.search(sheet)]
        contracts = [
            _offices(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False), path) for name in names
        ]
    if not contracts:
        return
    listed = pd.concat(contracts).dropna().drop_duplicates()
    absent = listed.merge(offices[list(listed)].drop_duplicates(), how="left", indicator=True)["_merge"] == "left_only"
    if absent.sum() > _MOST_ABSENT:
        first = listed.loc[absent.to_numpy()].iloc[0]
        raise SchemaError(
            f"legal_aid_offices: {int(absent.sum()):,} offices with a contract are not in the summary of {path.name}, "
            f"such as {first['provider_name']}, {first['postcode']}. The summary is cut short: fetch the file again."
        )


def _offices(rows: list[list[Any]], path: Path) -> Table:
    """Provider and postcode of each row of a sheet of contracts."""
    header = _header_row(rows, path)
    names = [_tidy(cell) for cell in rows[header]]
    provider, place = (_position(names, one, path) for one in (_TEXT["provider_name"], _OFFICE_POSTCODE))
    cells = [(_tidy(row[provider]), _tidy(row[place])) for row in rows[header + 1 :]]
    table = pd.DataFrame(cells, columns=["provider_name", "postcode"], dtype="str")
    return table.assign(postcode=tidy_postcodes(table["postcode"]))


def _sheet(path: Path, name: str) -> list[list[Any]]:
    with _workbook(path) as workbook:
        matching = [sheet for sheet in workbook.sheet_names if sheet.strip().casefold() == name]
        if not matching:
            raise SchemaError(
                f"legal_aid_offices: {path.name} has no sheet '{name}'; it has {', '.join(workbook.sheet_names)}. "
                "The publisher changed the layout: see docs/add-a-data-source.md."
            )
        return workbook.get_sheet_by_name(matching[0]).to_python(skip_empty_area=False)


@contextmanager
def _workbook(path: Path) -> Iterator[CalamineWorkbook]:
    try:
        with path.open("rb") as file:
            yield CalamineWorkbook.from_filelike(file)
    except CalamineError as error:
        raise SchemaError(
            f"legal_aid_offices: {path.name} is not a whole workbook ({error}). Fetch it again."
        ) from error


def _header_row(rows: list[list[Any]], path: Path) -> int:
    for number, row in enumerate(rows[:30]):
        if any(_tidy(cell) in _TEXT["provider_name"] for cell in row):
            return number
    raise SchemaError(
        f"legal_aid_offices: no row with 'Provider Name' among the first 30 of {path.name}. "
        "The publisher changed the layout: see docs/add-a-data-source.md."
    )


def _position(found: list[str], wanted: tuple[str, ...], path: Path) -> int:
    for name in wanted:
        if name in found:
            return found.index(name)
    raise SchemaError(
        f"legal_aid_offices: no column '{wanted[0]}' in {path.name}; found {', '.join(filter(None, found))}. "
        "The publisher changed the layout: see docs/add-a-data-source.md."
    )


def _date_refreshed(rows: list[list[Any]], path: Path) -> str:
    for cell in (_tidy(cell) for row in rows for cell in row):
        if match := _REFRESHED.search(cell):
            day, month, year = map(int, match.groups())
            return dt.date(year, month, day).isoformat()
    raise SchemaError(f"legal_aid_offices: no 'Date Refreshed: dd/mm/yyyy' above the header of {path.name}.")


def _tidy(cell: Any) -> str:
    whole = isinstance(cell, float) and cell.is_integer()  # a telephone number that the workbook holds as a number
    text = " ".join(str(int(cell) if whole else cell).split())
    return "" if text in ("(Blank)", "None") else text
