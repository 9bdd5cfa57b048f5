"""Where postcodes are (Ordnance Survey Code-Point Open)."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import os_product
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source
from hjp_geo.zipped import members

_NAMES = ("postcode", "quality", "easting", "northing", "country_code")
_COLUMN_COUNT = 10
_NO_PLACE = 90
_MOST_BYTES, _MOST_TEXT_BYTES = 600_000_000, 1_000_000
_AREA_COUNT = re.compile(r"^ *[A-Z]{1,2}\t(\d+)\s*$", re.MULTILINE)
"""A line of ``metadata.txt``: a postcode area and how many postcodes it has."""


@source(
    title="Code-Point Open",
    publisher="Ordnance Survey",
    licence=OGL3,
    attribution=(
        "Contains OS data © Crown copyright and database right 2025. "
        "Contains Royal Mail data © Royal Mail copyright and database right 2025."
    ),
    key="postcode",
    columns={
        "postcode": "tidied",
        "easting": "metres, British National Grid; missing where the postcode has no place (quality 90)",
        "northing": "the same",
        "quality": "positional quality: 10 is best, 90 is no place",
        "country_code": "E92000001 England, W92000004 Wales, S92000003 Scotland",
    },
    discover=os_product("CodePointOpen", "CSV"),
    least_rows=1_650_000,
)
def postcodes(path: Path) -> Table:
    """One live postcode of Great Britain a row: the mean position of its addresses, not a building."""
    names = [f"f{i}" for i in range(_COLUMN_COUNT)]
    options = csv.ReadOptions(column_names=names)
    types = csv.ConvertOptions(
        include_columns=names[:5], column_types={"f0": pa.string(), **dict.fromkeys(names[1:4], pa.int32())}
    )
    bodies = members(path, r"[a-z]{1,2}\.csv", most_bytes=_MOST_BYTES)
    parts = [csv.read_csv(io.BytesIO(body), read_options=options, convert_options=types) for body in bodies]
    if not parts:
        raise SchemaError(
            f"postcodes: {path.name} holds no file of a postcode area such as ab.csv. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    table = pa.concat_tables(parts).to_pandas().set_axis(list(_NAMES), axis=1)
    _demand_all(table, path)
    nowhere = table["quality"] == _NO_PLACE
    tidy = pd.DataFrame(
        {
            "postcode": tidy_postcodes(table["postcode"]),
            "easting": table["easting"].astype("float64").where(~nowhere),
            "northing": table["northing"].astype("float64").where(~nowhere),
            "quality": table["quality"],
            "country_code": table["country_code"],
        }
    )
    return tidy.sort_values("postcode", ignore_index=True)


def _demand_all(table: Table, path: Path) -> None:
    """Hold the rows to the publisher's own count: ``metadata.txt`` gives the postcodes of each area, where it is."""
    text = b"".join(members(path, r"metadata\.txt", most_bytes=_MOST_TEXT_BYTES)).decode("utf-8", errors="replace")
    counts = [int(count) for count in _AREA_COUNT.findall(text)]
    if counts and sum(counts) != len(table):
        raise SchemaError(
            f"postcodes: {path.name} holds {len(table):,} postcodes, its own metadata.txt counts {sum(counts):,}. "
            "The file is cut short or put together wrongly: fetch it again."
        )
