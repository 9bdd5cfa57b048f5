"""Debt Advice Locator of MoneyHelper (Money and Pensions Service)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import fixed_file
from hjp_geo.errors import SchemaError
from hjp_geo.source import source

_NETWORKS = {
    "4": "citizens_advice",
    "9": "law_centre",
    "3": "independent",
    "10": "independent",
    "6": "scotland",
    "2": "northern_ireland",
    "": "christians_against_poverty",
}
_NEEDED = (
    "name",
    "address_street_address",
    "address_locality",
    "address_region",
    "address_postcode",
    "lat",
    "lng",
    "website_address",
    "notes",
    "provides_face_to_face",
    "provides_telephone",
    "provides_web",
    "standard_ids",
)
_BROKEN_APOSTROPHE = b"\x89\xdb\xaa"


@source(
    title="Debt Advice Locator, organisations",
    publisher="Money and Pensions Service (MoneyHelper)",
    licence="MIT for the repository; the data state no licence: ask before redistributing",
    attribution="Money and Pensions Service, Debt Advice Locator.",
    key="organisation_row",
    columns={
        "organisation_row": "line of the file after the header, from 1",
        "name": "as published",
        "network": "citizens_advice, law_centre, christians_against_poverty, independent, scotland, northern_ireland",
        "address": "lines joined by commas",
        "postcode": "tidied; missing where it is not one",
        "latitude": "degrees, WGS84, as published; missing where blank",
        "longitude": "degrees, WGS84, as published; missing where blank",
        "face_to_face": "whether advice is given in person",
        "telephone": "whether advice is given by telephone",
        "web": "whether advice is given online",
        "website": "as published",
        "notes": "as published",
    },
    discover=fixed_file(
        "https://raw.githubusercontent.com/moneyadviceservice/maps-apps/main/apps/debt-advice-locator/utils/getOrgData/"
        "scripts/organisations.csv",
        release="current",
        filename="organisations.csv",
    ),
    least_rows=1_100,
)
def debt_advice_organisations(path: Path) -> Table:
    """One listed point of debt advice in the United Kingdom a row, most of them undated.

    The networks are read from the accreditation numbers. Rows of Christians Against Poverty are areas of home visits,
    not places. Nothing is left out here: which rows count is for the layers to say.
    """
    table = pd.read_csv(io.StringIO(_text(path.read_bytes())), dtype="str", keep_default_na=False)
    if absent := [name for name in _NEEDED if name not in table.columns]:
        raise SchemaError(
            f"debt_advice_organisations: no column {', '.join(absent)} in {path.name}; found "
            f"{', '.join(table.columns)}. The publisher changed the layout: see docs/add-a-data-source.md."
        )
    return pd.DataFrame(
        {
            "organisation_row": np.arange(1, len(table) + 1),
            "name": table["name"].str.strip(),
            "network": table["standard_ids"].str.strip().map(_NETWORKS).fillna("independent"),
            "address": _address(table),
            "postcode": tidy_postcodes(table["address_postcode"]),
            "latitude": pd.to_numeric(table["lat"], errors="coerce"),
            "longitude": pd.to_numeric(table["lng"], errors="coerce"),
            "face_to_face": _is_true(table["provides_face_to_face"]),
            "telephone": _is_true(table["provides_telephone"]),
            "web": _is_true(table["provides_web"]),
            "website": table["website_address"],
            "notes": table["notes"],
        }
    )


def _text(body: bytes) -> str:
    """The text of the file, with plain apostrophes.

    The published file was once UTF-8, then taken for cp1252 and saved as Mac Roman (an apostrophe is the bytes
    89 DB AA). That is undone; a file that has another history is UTF-8, or cp1252 with that apostrophe.
    """
    for undo in (_as_utf8, _as_thrice_encoded):
        try:
            return undo(body).replace("’", "'")
        except UnicodeError:
            continue
    return body.replace(_BROKEN_APOSTROPHE, b"'").decode("cp1252", errors="replace")


def _as_utf8(body: bytes) -> str:
    return body.decode("utf-8-sig")


def _as_thrice_encoded(body: bytes) -> str:
    return body.decode("mac_roman").encode("cp1252").decode("utf-8-sig")


def _is_true(column: pd.Series[str]) -> pd.Series[bool]:
    return column.str.strip().str.upper() == "TRUE"


def _address(table: Table) -> pd.Series[str]:
    """The address in one line: the street has line breaks of its own, some after a comma."""
    lines = table["address_street_address"].str.cat(table[["address_locality", "address_region"]], sep="\n")
    return lines.str.replace(r"[\s,]*\n[\s,]*", ", ", regex=True).str.replace(r"^[\s,]+|[\s,]+$", "", regex=True)
