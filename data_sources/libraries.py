"""Public libraries in England (Arts Council England)."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import known_files
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source

_TEXT = {
    "library_name": "name",
    "authority_name": "authority",
    "postcode": "postcode",
    "uprn": "uprn",
    "library_type": "type",
    "operation": r"operation_\d\d",
    "shares_with_text": "co_located_other_text",
    "hours_a_week": "hours",
}
_SHARES = {"shares_with_health": "co_located_health", "shares_with_civic": "co_located_civic"}
_COMMUNITY = "co_located_community"
_OPEN = {"LA": "authority", "CR": "community", "C": "commissioned", "ICL": "independent", "LAU": "unstaffed"}
_ADVICE = re.compile(
    r"citizen(?:s|.s|s.)? advice|\bCAB\b|law cent(?:re|er)|welfare (?:rights|advice)"
    r"|(?:debt|money|benefits?|legal|community).{0,2}advice|advice (?:cent(?:re|er)|bureau|service|hub)",
    re.IGNORECASE,
)


@source(
    title="Public libraries in England, basic dataset 2023 (copy kept by Libraries Hacked)",
    publisher="Arts Council England",
    licence=OGL3,
    attribution="Arts Council England, basic dataset 2023, OGL v3.0.",
    key="library_row",
    columns={
        "library_row": "row of the file",
        "library_name": "as published",
        "authority_name": "library authority, as published",
        "address": "lines joined by commas",
        "postcode": "tidied; missing where it is not one",
        "uprn": "unique property reference number; empty where not given",
        "library_type": "static library, mobile library, prison library, archive, … in lower case",
        "operation": "who runs it at the end of the year: authority, community, commissioned, independent, unstaffed "
        "or not open",
        "shares_with_health": "whether it shares its building with a health service",
        "shares_with_civic": "whether with a council service",
        "shares_with_advice": "whether the words beside it name an advice service",
        "shares_with_text": "who else is there, as published",
        "hours_a_week": "opening hours a week; missing where not a number",
    },
    ranges={"hours_a_week": (0, 168)},
    discover=known_files(
        (
            "2023",
            "https://raw.githubusercontent.com/LibrariesHacked/librarydata-db/main/data/libraries_england_2023.csv",
            3_487,
        )
    ),
    least_rows=2_500,
    optional=True,
)
def libraries(path: Path) -> Table:
    """One library a row, open or closed, as reported by the authorities at the end of 2023.

    Mobile and prison libraries and archives are in it. Whom it shares with is what its authority ticked and wrote.
    """
    raw = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig").apply(lambda c: c.str.strip())
    columns = {name: _column(raw, pattern, path) for name, pattern in {**_TEXT, **_SHARES}.items()}
    table = pd.DataFrame({name: raw[column] for name, column in columns.items()})
    lines = raw[_column(raw, "address1", path)].str.cat(raw[["address2", "address3"]], sep="\n")
    table["address"] = lines.str.strip().str.replace(r"\n+", ", ", regex=True)
    table["postcode"] = tidy_postcodes(table["postcode"])
    table["library_type"] = table["library_type"].str.lower()
    table["operation"] = table["operation"].str.upper().map(_OPEN).fillna("not open")
    for name in _SHARES:
        table[name] = table[name].str.upper() == "X"
    words = table["shares_with_text"] + " " + raw[_column(raw, "operating_organisation", path)]
    table["shares_with_advice"] = words.str.contains(_ADVICE)
    table["hours_a_week"] = pd.to_numeric(table["hours_a_week"], errors="coerce")
    table.insert(0, "library_row", range(1, len(table) + 1))
    return table[list(libraries.columns)]


def _column(raw: Table, pattern: str, path: Path) -> str:
    """The column of that name; of several years the last."""
    found = sorted(column for column in raw.columns if re.fullmatch(pattern, column))
    if not found:
        raise SchemaError(
            f"libraries: no column {pattern} in {path.name}; found {', '.join(raw.columns[:12])}. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    return found[-1]
