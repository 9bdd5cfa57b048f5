"""English Indices of Deprivation (Ministry of Housing, Communities and Local Government)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pyarrow import csv

from hjp_geo.areas import Table
from hjp_geo.discovery import gov_uk_attachment
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source

_DOMAINS = {
    "imd": "Index of Multiple Deprivation (IMD)",
    "income": "Income",
    "employment": "Employment",
    "education": "Education, Skills and Training",
    "health": "Health Deprivation and Disability",
    "crime": "Crime",
    "barriers": "Barriers to Housing and Services",
    "living": "Living Environment",
    "idaci": "Income Deprivation Affecting Children Index (IDACI)",
    "idaopi": "Income Deprivation Affecting Older People (IDAOPI)",
}
_RATES = ("income", "employment", "idaci", "idaopi")
_HEADERS = {
    "lsoa21_code": "LSOA code (2021)",
    "lsoa21_name": "LSOA name (2021)",
    "lad24_code": "Local Authority District code (2024)",
    "lad24_name": "Local Authority District name (2024)",
    # matched by their beginning: some headers of the published file are cut off
    **{
        column: header
        for name, stem in _DOMAINS.items()
        for column, header in (
            (f"{name}_{'rate' if name in _RATES else 'score'}", f"{stem} Score"),
            (f"{name}_rank", f"{stem} Rank ("),
            (f"{name}_decile", f"{stem} Decile ("),
        )
    },
    "population": "Total population: mid 2022",
    "population_0_15": "Dependent Children aged 0-15: mid 2022",
    "population_60_over": "Older population aged 60 and over: mid 2022",
    "population_18_66": "Working age population 18-66",
}
_MEANINGS = {
    "score": "domain score, high is more deprived",
    "rate": "share of people, 0 to 1",
    "rank": "1 is most deprived",
    "decile": "1 is the most deprived tenth of areas",
}


def _meaning(column: str) -> str:
    return _MEANINGS.get(column.rsplit("_", 1)[-1], f"as published: {_HEADERS[column]}")


@source(
    title="English Indices of Deprivation 2025, File 7: all ranks, scores, deciles and population denominators",
    publisher="Ministry of Housing, Communities and Local Government",
    licence=OGL3,
    attribution=(
        "Contains public sector information licensed under the Open Government Licence v3.0. Source: Ministry of "
        "Housing, Communities and Local Government, English Indices of Deprivation 2025. © Crown copyright."
    ),
    key="lsoa21_code",
    columns={column: _meaning(column) for column in _HEADERS},
    discover=gov_uk_attachment(
        "government/statistics/english-indices-of-deprivation-2025", r"^File_7_IoD2025_.*\.csv$"
    ),
    expected_rows=33_755,
)
def iod25(path: Path) -> Table:
    """One English LSOA of 2021 a row: index, seven domains, the two age indices, and populations of mid-2022.

    Relative, and about areas, not people. Districts are those of 2024. A score that the file leaves blank is missing.
    """
    return _file_7("iod25", path, _HEADERS)


_HEADERS_19 = {
    "lsoa11_code": "LSOA code (2011)",
    "lsoa11_name": "LSOA name (2011)",
    "lad19_code": "Local Authority District code (2019)",
    "lad19_name": "Local Authority District name (2019)",
    **{
        column: header
        for column, header in _HEADERS.items()
        if column.endswith(("_score", "_rate", "_rank", "_decile"))
    },
    "population": "Total population: mid 2015",
    "population_0_15": "Dependent Children aged 0-15: mid 2015",
    "population_60_over": "Older population aged 60 and over: mid 2015",
    "population_18_64": "Working age population 18-59/64",
}


@source(
    title="English Indices of Deprivation 2019, File 7: all scores, ranks, deciles and population denominators",
    publisher="Ministry of Housing, Communities and Local Government",
    licence=OGL3,
    attribution=(
        "Contains public sector information licensed under the Open Government Licence v3.0. Source: Ministry of "
        "Housing, Communities and Local Government, English Indices of Deprivation 2019. © Crown copyright."
    ),
    key="lsoa11_code",
    columns={column: _MEANINGS.get(column.rsplit("_", 1)[-1], header) for column, header in _HEADERS_19.items()},
    ranges={"imd_rank": (1, 32_844), "income_rate": (0, 1), "employment_rate": (0, 1)},
    discover=gov_uk_attachment(
        "government/statistics/english-indices-of-deprivation-2019", r"^File_7_-_All_IoD2019_.*\.csv$"
    ),
    expected_rows=32_844,
    optional=True,
)
def iod19(path: Path) -> Table:
    """One English LSOA of 2011 a row, deprivation as published in 2019. Never joined to areas of 2021 by its codes.

    Optional. Ranks of 2019 and 2025 order different areas by different indicators: they are not a trend.
    """
    return _file_7("iod19", path, _HEADERS_19)


def _file_7(source_name: str, path: Path, headers: Mapping[str, str]) -> Table:
    """The named columns of a File 7, found by the beginning of their headers, in the order of the areas."""
    with path.open("rb") as file:
        table = csv.read_csv(file).to_pandas()
    found = [" ".join(str(column).lstrip("\ufeff").split()) for column in table.columns]
    chosen = {column: _position(source_name, found, header, path) for column, header in headers.items()}
    tidy = pd.DataFrame({column: table.iloc[:, position] for column, position in chosen.items()})
    numbers = list(headers)[4:]
    tidy[numbers] = tidy[numbers].apply(pd.to_numeric)
    return tidy.sort_values(next(iter(headers)), ignore_index=True)


def _position(source_name: str, found: list[str], header: str, path: Path) -> int:
    for position, name in enumerate(found):
        if name.startswith(header):
            return position
    near = [name for name in found if name.split()[:1] == header.split()[:1]] or found
    raise SchemaError(
        f"{source_name}: no column beginning '{header}' in {path.name}; found {', '.join(near[:6])}. "
        "The publisher changed the layout: see docs/add-a-data-source.md."
    )
