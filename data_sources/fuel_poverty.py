"""Households in fuel poverty by area (Department for Energy Security and Net Zero)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from hjp_geo.areas import Table
from hjp_geo.discovery import gov_uk_newest
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source

_COLUMNS = {
    "lsoa21_code": r"LSOA Code( \(2021\))?",
    "households": r"Number of households[0-9 ]*",
    "fuel_poor_households": r"Number of households in fuel poverty[0-9 ]*",
    "fuel_poor_pct": r"Proportion of households fuel poor \(%\)",
}
_HEADER_WITHIN = 10
_SUPPRESSED = {"", "-", "c", "x", "*", "[c]", "[x]", "[low]", ".."}


@source(
    title="Sub-regional fuel poverty in England: by LSOA",
    publisher="Department for Energy Security and Net Zero",
    licence=OGL3,
    attribution=(
        "Department for Energy Security and Net Zero, sub-regional fuel poverty statistics. "
        "Licensed under the Open Government Licence v3.0. © Crown copyright."
    ),
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "households": "estimated households",
        "fuel_poor_households": "of them in fuel poverty (low income, low energy efficiency), modelled; "
        "missing where withheld",
        "fuel_poor_pct": "the share as published, % of households",
    },
    ranges={"fuel_poor_pct": (0, 100)},
    # the address carries the year of the release and of its data
    discover=gov_uk_newest(
        organisation="department-for-energy-security-and-net-zero",
        title=r"Sub-regional fuel poverty data \d{4}( \(\d{4} data\))?",
        pattern=r"sub-regional.*tables.*\.xlsx$",
        words="sub-regional fuel poverty",
    ),
    expected_rows=33_755,
    optional=True,
)
def sub_regional_fuel_poverty(path: Path) -> Table:
    """One English LSOA of 2021 a row. Modelled from a national survey: not precise for one area, and two years old.

    The sheet is found by its header, as its number changes; figures come with blanks around them in some years.
    """
    rows = _sheet(path)
    found = {name: _position(rows.iloc[0].to_list(), pattern) for name, pattern in _COLUMNS.items()}
    table = pd.DataFrame({name: rows.iloc[1:, position] for name, position in found.items()})
    table = table[table["lsoa21_code"].str.fullmatch(r"E01\d{6}")]  # notes and totals may follow
    for name in list(_COLUMNS)[1:]:
        table[name] = _numbers(table[name], name, path)
    return table.sort_values("lsoa21_code", ignore_index=True)


def _sheet(path: Path) -> Table:
    """The rows of the one sheet that lists LSOAs, as text, from its header on."""
    try:
        with path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
            for name in workbook.sheet_names:
                rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
                for number, row in enumerate(rows[:_HEADER_WITHIN]):
                    if _is_header([_tidy(cell) for cell in row]):
                        return pd.DataFrame(rows[number:]).map(_tidy)
            names = ", ".join(workbook.sheet_names)
    except CalamineError as error:
        raise SchemaError(
            f"sub_regional_fuel_poverty: {path.name} is not a whole workbook ({error}). Fetch it again."
        ) from error
    raise SchemaError(
        f"sub_regional_fuel_poverty: no sheet of {path.name} has columns like {', '.join(_COLUMNS.values())} within "
        f"its first {_HEADER_WITHIN} rows; it has the sheets {names}. "
        "The publisher changed the layout: see docs/add-a-data-source.md."
    )


def _is_header(cells: list[str]) -> bool:
    return all(any(re.fullmatch(pattern, cell) for cell in cells) for pattern in _COLUMNS.values())


def _tidy(cell: Any) -> str:
    return " ".join(str(cell).split())


def _position(header: list[str], pattern: str) -> int:
    return next(position for position, cell in enumerate(header) if re.fullmatch(pattern, cell))


def _numbers(cells: pd.Series[str], name: str, path: Path) -> pd.Series[float]:
    """Numbers, missing where withheld; `SchemaError` for anything else that is none."""
    withheld = cells.str.casefold().isin(_SUPPRESSED)
    numbers = pd.to_numeric(cells.str.replace(",", "").where(~withheld), errors="coerce")
    if strange := cells[numbers.isna() & ~withheld].unique().tolist():
        raise SchemaError(
            f"sub_regional_fuel_poverty: {name} in {path.name} holds '{strange[0]}', expected a number. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    return numbers.astype("float64")
