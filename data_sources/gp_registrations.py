"""Patients registered at a GP practice, by where they live (NHS England)."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from hjp_geo.areas import Table
from hjp_geo.errors import SchemaError
from hjp_geo.nhs_pages import nhs_publication
from hjp_geo.source import OGL3, source
from hjp_geo.zipped import read_member

_FILES = "https://files.digital.nhs.uk"
_COLUMNS = {
    "practice_code": ("PRACTICE_CODE",),
    "lsoa_code": ("LSOA_CODE",),
    "patients": ("NUMBER_OF_PATIENTS", "ALL PATIENTS", "ALL_PATIENTS"),
}
_MOST_BYTES = 400_000_000


@source(
    title="Patients registered at a GP practice, by practice and LSOA",
    publisher="NHS England",
    licence=OGL3,
    attribution=("NHS England, Patients Registered at a GP Practice. Licensed under the Open Government Licence v3.0."),
    key=("practice_code", "lsoa_code"),
    columns={
        "practice_code": "ODS code of the practice",
        "lsoa_code": "LSOA where patients live, of 2011 or 2021; or EMPTY, CLOSED, NO2011; Wales and Scotland occur",
        "patients": "registered patients",
    },
    # the release nearest to the registers of 31 March 2025 first; the addresses cannot be guessed
    discover=nhs_publication(
        "patients-registered-at-a-gp-practice",
        r"(?i)^gp-reg-pat-prac-lsoa-(2021-)?male-female-apr-(20)?25\.zip$",
        known=[
            ("April 2025", f"{_FILES}/7E/26EB57/gp-reg-pat-prac-lsoa-2021-male-female-Apr-25.zip"),
            ("July 2022", f"{_FILES}/0E/59E17A/gp-reg-pat-prac-lsoa-male-female-July-2022.zip", 865_965),
        ],
    ),
    least_rows=800_000,
)
def gp_registrations(path: Path) -> Table:
    """One practice and home area a row. The codes, not the name of the file, tell whether areas are of 2011 or 2021."""
    body = read_member(path, r"gp-reg-pat-prac-lsoa-all\.csv", most_bytes=_MOST_BYTES)
    names = {_column(body, wanted, path): name for name, wanted in _COLUMNS.items()}
    types = {column: pa.int64() if name == "patients" else pa.string() for column, name in names.items()}
    options = csv.ConvertOptions(include_columns=list(names), column_types=types)
    table = csv.read_csv(io.BytesIO(body), convert_options=options)
    tidy: Table = table.rename_columns([names[column] for column in table.column_names]).to_pandas()
    return tidy[list(_COLUMNS)].sort_values(["practice_code", "lsoa_code"], ignore_index=True)


def _column(body: bytes, wanted: tuple[str, ...], path: Path) -> str:
    header = body[: body.index(b"\n")].decode("utf-8-sig").strip()
    found = [name.strip().strip('"') for name in header.split(",")]
    for name in wanted:
        if name in found:
            return name
    raise SchemaError(
        f"gp_registrations: no column {' or '.join(wanted)} in {path.name}; found {', '.join(found)}. "
        "The publisher changed the layout: see docs/add-a-data-source.md."
    )
