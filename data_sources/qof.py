"""Quality and Outcomes Framework: disease registers of general practices (NHS England)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import csv

from hjp_geo.areas import Table
from hjp_geo.errors import SchemaError
from hjp_geo.nhs_pages import nhs_publication
from hjp_geo.source import OGL3, source
from hjp_geo.zipped import read_member

_COLUMNS = {
    "practice_code": ("PRACTICE_CODE",),
    "condition": ("GROUP_CODE", "INDICATOR_GROUP_CODE"),
    "age_band": ("PATIENT_LIST_TYPE",),
    "register": ("REGISTER", "REGISTER_SIZE"),
    "list_size": ("PRACTICE_LIST_SIZE", "PATIENT_LIST_SIZE"),
}
_MOST_BYTES = 60_000_000


@source(
    title="Quality and Outcomes Framework 2024-25, prevalence by practice",
    publisher="NHS England",
    licence=OGL3,
    attribution="NHS England, Quality and Outcomes Framework. Licensed under the Open Government Licence v3.0.",
    key=("practice_code", "condition"),
    columns={
        "practice_code": "ODS code of the practice",
        "condition": "QOF register code",
        "age_band": "the ages that the list counts: TOTAL, or 18OV for 18 and over",
        "register": "patients on the register at 31 March 2025; missing where suppressed or blank",
        "list_size": "registered patients of those ages",
    },
    discover=nhs_publication(
        "quality-and-outcomes-framework-achievement-prevalence-and-exceptions-data",
        r"(?i)^qof[ _-]?(20)?24[-_ ]?25(_v\d+)?\.zip$",  # a later year would need other words on every screen
        known=[("2024-25", "https://files.digital.nhs.uk/95/4708D7/QOF2425.zip", 129_948)],
    ),
    least_rows=120_000,
)
def qof_prevalence(path: Path) -> Table:
    """One practice and condition a row. Registers are recorded diagnoses; a few exceed their list, and are kept."""
    body = read_member(path, r"PREVALENCE_\d{4}(_v\d+)?\.csv", most_bytes=_MOST_BYTES)
    text = csv.ConvertOptions(strings_can_be_null=True)
    table = csv.read_csv(io.BytesIO(body), convert_options=text).to_pandas()
    table.columns = table.columns.str.lstrip("\ufeff").str.strip()
    chosen = {name: _column(table, names, path) for name, names in _COLUMNS.items()}
    tidy = pd.DataFrame({name: table[column] for name, column in chosen.items()})
    for count in ("register", "list_size"):
        tidy[count] = _number(tidy[count], chosen[count], path)
    _check_whole(tidy, path)
    return tidy.sort_values(["practice_code", "condition"], ignore_index=True)


def _check_whole(tidy: Table, path: Path) -> None:
    """Every practice has a row for every condition, as published: one that is missing would be need left out."""
    conditions, practices = tidy["condition"].nunique(), tidy["practice_code"].nunique()
    if len(tidy) < conditions * practices:
        lacking = tidy.groupby("practice_code").size()
        first = lacking.index[lacking < conditions][0]
        raise SchemaError(
            f"qof_prevalence: {path.name} has {lacking[first]} rows for practice {first}, expected one for each of "
            f"{conditions} conditions. The file is cut short or the publisher changed the layout."
        )


def _number(cells: pd.Series[Any], column: str, path: Path) -> pd.Series[float]:
    """Counts, missing where the cell is blank or a word that says it is suppressed; never where it holds a figure."""
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    lost = cells[numbers.isna() & cells.astype("str").str.contains(r"\d")]
    if not lost.empty:
        raise SchemaError(
            f"qof_prevalence: {column} in {path.name} holds {str(lost.iloc[0])!r}, expected a number or a blank. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    return numbers


def _column(table: Table, names: tuple[str, ...], path: Path) -> str:
    for name in names:
        if name in table.columns:
            return name
    raise SchemaError(
        f"qof_prevalence: no column {' or '.join(names)} in {path.name}; found {', '.join(table.columns)}. "
        "The publisher changed the layout: see docs/add-a-data-source.md."
    )
