"""Health sites of the NHS Organisation Data Service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import fixed_file
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source

_COLUMN_COUNT = 27
_NAMES = {
    0: "practice_code",
    1: "practice_name",
    9: "postcode",
    10: "opened",
    11: "closed",
    12: "status",
    25: "setting",
}
_ADDRESS = range(4, 9)


@source(
    title="GP practices and prescribing cost centres (epraccur)",
    publisher="NHS England, Organisation Data Service",
    licence=OGL3,
    attribution="NHS England Organisation Data Service. Licensed under the Open Government Licence v3.0.",
    key="practice_code",
    columns={
        "practice_code": "ODS code",
        "practice_name": "name, in capitals as published",
        "address": "lines joined by commas",
        "postcode": "tidied; missing where it is not one",
        "opened": "YYYYMMDD",
        "closed": "YYYYMMDD; missing where it is open",
        "status": "active, closed or other",
        "is_gp_practice": "whether its prescribing setting is a GP practice",
    },
    discover=fixed_file(
        "https://www.odsdatasearchandexport.nhs.uk/api/getReport?report=epraccur",
        release="current",
        filename="epraccur.csv",
    ),
    least_rows=8_000,
)
def gp_practices(path: Path) -> Table:
    """One prescribing organisation a row, open or closed. Reads the layout before and since January 2026."""
    table = pd.read_csv(path, header=None, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    raw = table.apply(lambda column: column.str.strip())
    if raw.shape[1] != _COLUMN_COUNT:
        raise SchemaError(
            f"gp_practices: {path.name} has {raw.shape[1]} columns, expected {_COLUMN_COUNT} without a header. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    named = raw.rename(columns=_NAMES)
    lines = raw[list(_ADDRESS)]
    is_open = named["closed"] == ""
    status = named["status"].str.upper()
    roles = named["setting"].str.split("|")
    tidy = pd.DataFrame(
        {
            "practice_code": named["practice_code"],
            "practice_name": named["practice_name"],
            "address": lines[4].str.cat(lines.loc[:, 5:], sep="\n").str.strip().str.replace(r"\n+", ", ", regex=True),
            "postcode": tidy_postcodes(named["postcode"]),
            "opened": named["opened"],
            "closed": named["closed"].where(~is_open),
            "status": np.select(
                [status.isin(["A", "ACTIVE"]) & is_open, status.isin(["C", "INACTIVE"]) | ~is_open],
                ["active", "closed"],
                default="other",
            ),
            "is_gp_practice": [("4" in held or "RO76" in held) for held in roles],
        }
    )
    return tidy.sort_values("practice_code", ignore_index=True)
