"""Census 2021, topic summaries by LSOA (Office for National Statistics, through Nomis).

All of them are optional: nothing is built on them alone. Counts are of 21 March 2021 and are perturbed a little by the
publisher against disclosure, so parts may not add up to their total.

Each comes as one bulk file, or cell by cell through Nomis's interface where the file is not there. The interface gives
at most 25,000 cells a call and cuts the rest off without a word: its own count, in a column of every row, is what has
to be reached.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
from pyarrow import csv

from hjp_geo.areas import Table
from hjp_geo.discovery import Discovery, Found, FoundFile
from hjp_geo.errors import SchemaError, SourceError
from hjp_geo.source import OGL3, source
from hjp_geo.upstream import Progress, Upstream, quiet
from hjp_geo.zipped import read_member

_CELLS_A_CALL = 25_000
_BULK = "https://www.nomisweb.co.uk/output/census/2021"
_API = "https://www.nomisweb.co.uk/api/v01/dataset"
_ENGLISH_LSOA21 = "2092957699TYPE151"
_MOST_BYTES = 120_000_000
_MOST_CALLS = 400

_PUBLISHER = "Office for National Statistics"
_CREDIT = "Source: Office for National Statistics / Nomis, Census 2021, Open Government Licence v3.0."
_AREA = {"lsoa21_code": "geography code"}

_DISABILITY = {
    **_AREA,
    "residents": "Disability: Total: All usual residents",
    "disabled": "Disability: Disabled under the Equality Act",
}
_TENURE = {
    **_AREA,
    "households": "Tenure of household: Total: All households",
    "owned": "Tenure of household: Owned",
    "shared_ownership": "Tenure of household: Shared ownership",
    "social_rented": "Tenure of household: Social rented",
    "private_rented": "Tenure of household: Private rented",
    "rent_free": "Tenure of household: Lives rent free",
}
_ETHNICITY = {
    **_AREA,
    "residents": "Ethnic group: Total: All usual residents",
    "asian": "Ethnic group: Asian, Asian British or Asian Welsh",
    "black": "Ethnic group: Black, Black British, Black Welsh, Caribbean or African",
    "mixed": "Ethnic group: Mixed or Multiple ethnic groups",
    "white": "Ethnic group: White",
    "white_british": "Ethnic group: White: English, Welsh, Scottish, Northern Irish or British",
    "other": "Ethnic group: Other ethnic group",
}
_HOUSEHOLD_DEPRIVATION = {
    **_AREA,
    "households": "Household deprivation: Total: All households",
    "deprived_in_0": "Household deprivation: Household is not deprived in any dimension",
    "deprived_in_1": "Household deprivation: Household is deprived in one dimension",
    "deprived_in_2": "Household deprivation: Household is deprived in two dimensions",
    "deprived_in_3": "Household deprivation: Household is deprived in three dimensions",
    "deprived_in_4": "Household deprivation: Household is deprived in four dimensions",
}
_CARS = {
    **_AREA,
    "households": "Number of cars or vans: Total: All households",
    "no_car": "Number of cars or vans: No cars or vans in household",
}


@dataclass(frozen=True)
class FoundCells:
    """One table of Nomis, read call by call into a file of one cell a line."""

    release: str
    url: str
    filename: str
    dimension: str
    rows: int | None = None
    sha256: str = ""
    found_by: str = "cell by cell, as the bulk file could not be had"
    newer: str = ""
    by_hand: bool = False

    @property
    def query(self) -> Mapping[str, str]:
        """What is asked beside the address."""
        name = f"{self.dimension}_name"
        return {
            "geography": _ENGLISH_LSOA21,
            "date": "latest",
            "measures": "20100",
            "select": f"geography_code,{name},obs_value,record_count",
            "RecordLimit": str(_CELLS_A_CALL),
        }

    def state(self, _upstream: Upstream, _known: Mapping[str, str]) -> str:
        """Nomis gives no validators: nothing tells whether a cell has changed without reading it."""
        return "not said"

    def transfer(
        self, upstream: Upstream, to: Path, _known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Write every cell; there are no validators, so it is never left unread.

        Raises `SourceError` where the cells do not add up to Nomis's own count, or a call brings something else.
        """
        parts: list[Table] = []
        done, total = 0, 1
        while done < total:
            page = self._page(upstream, done, to)
            parts.append(page)
            total = int(page["RECORD_COUNT"].iloc[0])
            done += len(page)
            progress(done, total, "cells")
            if len(parts) > _MOST_CALLS:
                raise SourceError(f"{self.url} counts {total:,} cells, more than any table here. Try again later.")
        cells = pd.concat(parts, ignore_index=True)
        if len(cells) != total or cells.duplicated(list(cells.columns[:2])).any():
            raise SourceError(
                f"{self.url}: {len(cells.drop_duplicates(list(cells.columns[:2]))):,} different cells came, Nomis "
                f"counts {total:,}. Try again later."
            )
        # Nomis gives them in no order: in one of their own the same cells are the same bytes
        cells.sort_values(list(cells.columns[:2])).to_csv(to, index=False)
        return {}

    def _page(self, upstream: Upstream, offset: int, beside: Path) -> Table:
        """The cells from that one on; an unknown table or a bad question is answered with a web page and status 200."""
        part = beside.with_name(f"part-{offset}.csv")
        answer = upstream.download(f"{self.url}?{urlencode({**self.query, 'RecordOffset': str(offset)})}", part)
        if answer.status_code != HTTPStatus.OK:
            raise SourceError(f"{self.url} answered {answer.status_code}, expected 200. Try again later.")
        body = part.read_bytes()
        part.unlink()
        if body.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html")):
            raise SourceError(f"{self.url} answered with a web page: Nomis does not know the table or the question.")
        page = csv.read_csv(io.BytesIO(body)).to_pandas() if body.strip() else pd.DataFrame()
        wanted = ["GEOGRAPHY_CODE", f"{self.dimension}_name".upper(), "OBS_VALUE", "RECORD_COUNT"]
        if list(page.columns) != wanted or page.empty:
            found = ", ".join(map(str, page.columns)) or "nothing"
            raise SourceError(f"{self.url}: from cell {offset:,} on came {found}, expected {', '.join(wanted)}.")
        return page


def _table(table: str, dataset: str, dimension: str) -> Discovery:
    """A topic summary of Census 2021 by LSOA: the bulk file, else cell by cell (``dataset``, ``dimension``)."""

    def discover(_upstream: Upstream) -> Sequence[Found]:
        name = f"census2021-{table}.zip"
        bulk = FoundFile("2021", f"{_BULK}/{name}", name)
        cells = FoundCells("2021", f"{_API}/{dataset}.data.csv", f"census2021-{table}-cells.csv", dimension)
        return [bulk, cells]

    return discover


@source(
    title="Census 2021, TS038: disability",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "residents": "usual residents on 21 March 2021",
        "disabled": "those of them disabled under the Equality Act: limited a little or a lot, 12 months or longer",
    },
    discover=_table("ts038", "NM_2056_1", "c2021_disability_5"),
    expected_rows=33_755,
    optional=True,
)
def census21_disability(path: Path) -> Table:
    """One English LSOA of 2021 a row. Self-reported; counts are perturbed a little by the publisher against disclosure.

    Optional: with it, modelled registers are shifted a little towards areas where more people are disabled.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    return _read("census21_disability", path, "ts038", _DISABILITY)


@source(
    title="Census 2021, TS054: tenure of household",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "households": "households on 21 March 2021",
        "owned": "owned outright or with a mortgage",
        "shared_ownership": "part owned, part rented",
        "social_rented": "rented from a council or housing association",
        "private_rented": "rented privately",
        "rent_free": "lived in rent free",
    },
    discover=_table("ts054", "NM_2072_1", "c2021_tenure_9"),
    expected_rows=33_755,
    optional=True,
)
def census21_tenure(path: Path) -> Table:
    """One English LSOA of 2021 a row: how its households hold their homes.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    return _read("census21_tenure", path, "ts054", _TENURE)


@source(
    title="Census 2021, TS021: ethnic group",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "residents": "usual residents on 21 March 2021",
        "asian": "Asian, Asian British or Asian Welsh",
        "black": "Black, Black British, Black Welsh, Caribbean or African",
        "mixed": "Mixed or Multiple ethnic groups",
        "white": "White, all groups",
        "white_british": "of them English, Welsh, Scottish, Northern Irish or British",
        "other": "Other ethnic group",
    },
    discover=_table("ts021", "NM_2041_1", "c2021_eth_20"),
    expected_rows=33_755,
    optional=True,
)
def census21_ethnicity(path: Path) -> Table:
    """One English LSOA of 2021 a row: the groups that residents chose for themselves.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    return _read("census21_ethnicity", path, "ts021", _ETHNICITY)


@source(
    title="Census 2021, TS011: households by deprivation dimensions",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "households": "households on 21 March 2021",
        "deprived_in_0": "in none of employment, education, health and housing",
        "deprived_in_1": "in one of them",
        "deprived_in_2": "in two",
        "deprived_in_3": "in three",
        "deprived_in_4": "in all four",
    },
    discover=_table("ts011", "NM_2031_1", "c2021_dep_6"),
    expected_rows=33_755,
    optional=True,
)
def census21_household_deprivation(path: Path) -> Table:
    """One English LSOA of 2021 a row: in how many of four dimensions its households are deprived. Not income.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    return _read("census21_household_deprivation", path, "ts011", _HOUSEHOLD_DEPRIVATION)


@source(
    title="Census 2021, TS045: car or van availability",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "households": "households on 21 March 2021",
        "no_car": "without a car or van",
    },
    discover=_table("ts045", "NM_2063_1", "c2021_cars_5"),
    expected_rows=33_755,
    optional=True,
)
def census21_cars(path: Path) -> Table:
    """One English LSOA of 2021 a row: households that cannot drive to advice.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    return _read("census21_cars", path, "ts045", _CARS)


def _read(source_name: str, path: Path, table: str, columns: Mapping[str, str]) -> Table:
    """The named categories of English LSOAs, from either form; ``columns`` gives each its header in the bulk file.

    Raises `SchemaError` where a header is not there or a count is not a whole number from 0 on.
    """
    wide = _cells(path, columns) if path.suffix == ".csv" else _bulk(path, table)
    wide.columns = wide.columns.str.lstrip("\ufeff").str.strip().str.removesuffix("; measures: Value")
    if absent := [header for header in columns.values() if header not in wide.columns]:
        raise SchemaError(
            f"{source_name}: no column '{absent[0]}' in {path.name}; found {', '.join(wide.columns[:6])}. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    tidy = pd.DataFrame({name: wide[header] for name, header in columns.items()})
    counts = [name for name in columns if name != "lsoa21_code"]
    english = tidy[tidy["lsoa21_code"].astype("str").str.startswith("E01")]
    numbers = english[counts].apply(pd.to_numeric)
    if (numbers.isna() | (numbers < 0) | (numbers % 1 != 0)).any(axis=None):
        raise SchemaError(f"{source_name}: {path.name} has a cell that is no count of people or households.")
    return english.assign(**numbers.astype("int64")).sort_values("lsoa21_code", ignore_index=True)


def _bulk(path: Path, table: str) -> Table:
    body = read_member(path, rf"census2021-{table}-lsoa\.csv", most_bytes=_MOST_BYTES)
    wide: Table = csv.read_csv(io.BytesIO(body)).to_pandas()
    return wide


def _cells(path: Path, columns: Mapping[str, str]) -> Table:
    """One row an area, one column a category, headed as in the bulk file: there the topic stands in front."""
    cells = pd.read_csv(path)
    area, category, value = cells.columns[:3]
    wide: Table = cells.pivot(index=area, columns=category, values=value)
    headers = {header.split(": ", 1)[-1]: header for header in columns.values()}
    return wide.rename_axis(columns=None).rename(columns=headers).rename_axis(index="geography code").reset_index()
