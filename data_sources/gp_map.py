"""Which network, Sub-ICB location and board each GP practice belongs to (NHS England)."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import known_files
from hjp_geo.errors import GeographyError, SchemaError
from hjp_geo.source import OGL3, source
from hjp_geo.zipped import read_member

_COLUMNS = {
    "practice_code": "PRACTICE_CODE",
    "practice_name": "PRACTICE_NAME",
    "postcode": "PRACTICE_POSTCODE",
    "pcn_code": "PCN_CODE",
    "pcn_name": "PCN_NAME",
    "sicbl26_code": "ONS_SUB_ICB_LOCATION_CODE",
    "sicbl26_name": "SUB_ICB_LOCATION_NAME",
    "icb26_code": "ONS_ICB_CODE",
    "icb26_name": "ICB_NAME",
    "extract_date": "EXTRACT_DATE",
}
_UNALLOCATED = "U"
_ENDED_2026 = frozenset(f"E54000{n:03d}" for n in (22, 23, 24, 25, 26, 27, 28, 34, 42, 44, 56, 63, 64))
"""Boards that ended on 31 March 2026: a file that has one of them is of the 42."""
_MOST_BYTES = 20_000_000


@source(
    title="Patients registered at a GP practice: mapping of practices",
    publisher="NHS England",
    licence=OGL3,
    attribution="NHS England, Patients Registered at a GP Practice. Licensed under the Open Government Licence v3.0.",
    key="practice_code",
    columns={
        "practice_code": "ODS code of the practice",
        "practice_name": "as published",
        "postcode": "tidied; missing where it is not one",
        "pcn_code": "primary care network; missing where the practice is in none",
        "pcn_name": "its name; missing likewise",
        "sicbl26_code": "Sub-ICB location code of 2026",
        "sicbl26_name": "its name",
        "icb26_code": "Integrated Care Board code, one of the 36 of April 2026",
        "icb26_name": "its name",
        "extract_date": "the date of the data, YYYY-MM-DD",
    },
    discover=known_files(("July 2026", "https://files.digital.nhs.uk/98/8142DB/gp-reg-pat-prac-map.zip", 6_139)),
    least_rows=5_800,
    optional=True,
)
def gp_practice_map(path: Path) -> Table:
    """One practice with registered patients a row, and what it belongs to since April 2026.

    Optional: it brings the primary care networks and the 36 boards. A file of the 42 boards before is refused: its
    codes would be taken for those of 2026.
    """
    body = read_member(path, r"gp-reg-pat-prac-map\.csv", most_bytes=_MOST_BYTES)
    raw = pd.read_csv(io.BytesIO(body), dtype="str", keep_default_na=False, encoding="utf-8-sig")
    raw.columns = raw.columns.str.strip()
    if absent := [name for name in _COLUMNS.values() if name not in raw.columns]:
        raise SchemaError(
            f"gp_practice_map: no column {absent[0]} in {path.name}; found {', '.join(raw.columns)}. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    table = pd.DataFrame({name: raw[column].str.strip() for name, column in _COLUMNS.items()})
    if ended := sorted(_ENDED_2026 & set(table["icb26_code"])):
        raise GeographyError(
            f"gp_practice_map: {path.name} has the board {ended[0]}, which ended in March 2026: it is of the 42 boards "
            "before. Expected the 36 since April 2026: give the mapping of July 2026 or later."
        )
    in_none = table["pcn_code"].isin(["", _UNALLOCATED])
    dates = table["extract_date"]
    return table.assign(
        postcode=tidy_postcodes(table["postcode"]),
        pcn_code=table["pcn_code"].where(~in_none),
        pcn_name=table["pcn_name"].where(~in_none),
        extract_date=_as_dates(dates, path),
    ).sort_values("practice_code", ignore_index=True)


def _as_dates(cells: pd.Series[str], path: Path) -> pd.Series[str]:
    """Dates as the publisher writes them, now one way, now another: 01Jul2026, 2026-07-01, 01-Apr-20, 01/07/2026."""
    dates = pd.Series(pd.NaT, index=cells.index)
    for form in ("%d%b%Y", "%Y-%m-%d", "%d-%b-%y", "%d/%m/%Y"):
        dates = dates.fillna(pd.to_datetime(cells, format=form, errors="coerce"))
    if dates.isna().any():
        raise SchemaError(
            f"gp_practice_map: EXTRACT_DATE in {path.name} holds '{cells[dates.isna()].iloc[0]}', expected a date."
        )
    text: pd.Series[str] = dates.dt.strftime("%Y-%m-%d")
    return text
