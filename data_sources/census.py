"""Census 2021, topic summaries by LSOA (Office for National Statistics, through Nomis)."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
from pyarrow import csv

from hjp_geo.areas import Table
from hjp_geo.discovery import fixed_file
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source
from hjp_geo.zipped import read_member

_COLUMNS = {
    "lsoa21_code": "geography code",
    "residents": "Disability: Total: All usual residents",
    "disabled": "Disability: Disabled under the Equality Act",
}
_MOST_BYTES = 60_000_000


@source(
    title="Census 2021, TS038: disability",
    publisher="Office for National Statistics",
    licence=OGL3,
    attribution="Source: Office for National Statistics / Nomis, Census 2021, Open Government Licence v3.0.",
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "residents": "usual residents on 21 March 2021",
        "disabled": "those of them disabled under the Equality Act: limited a little or a lot, 12 months or longer",
    },
    discover=fixed_file(
        "https://www.nomisweb.co.uk/output/census/2021/census2021-ts038.zip",
        release="2021",
        filename="census2021-ts038.zip",
    ),
    expected_rows=33_755,
    optional=True,
)
def census21_disability(path: Path) -> Table:
    """One English LSOA of 2021 a row. Self-reported; counts are perturbed a little by the publisher against disclosure.

    Optional: with it, modelled registers are shifted a little towards areas where more people are disabled.
    """
    body = read_member(path, r"census2021-ts038-lsoa\.csv", most_bytes=_MOST_BYTES)
    table = csv.read_csv(io.BytesIO(body)).to_pandas()
    table.columns = table.columns.str.lstrip("\ufeff").str.strip()
    if absent := [name for name in _COLUMNS.values() if name not in table.columns]:
        raise SchemaError(
            f"census21_disability: no column '{absent[0]}' in {path.name}; found {', '.join(table.columns[:6])}. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    tidy = pd.DataFrame({name: table[column] for name, column in _COLUMNS.items()})
    for count in ("residents", "disabled"):
        tidy[count] = pd.to_numeric(tidy[count]).astype("int64")
    english = tidy[tidy["lsoa21_code"].str.startswith("E01")]
    return english.sort_values("lsoa21_code", ignore_index=True)
