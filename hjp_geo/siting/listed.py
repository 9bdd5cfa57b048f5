"""A list of sites that a user brings: read, placed, and what could not be placed told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from pyproj import Transformer

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table, tidy_postcodes
from hjp_geo.errors import PlanError, SchemaError
from hjp_geo.evidence import Evidence

__all__ = ["listed_sites", "read_site_list"]

_PLACES = (("easting", "northing"), ("latitude", "longitude"), ("postcode",))
_NUMBERS = ("easting", "northing", "latitude", "longitude", "cost", "capacity")
_MOST_BYTES = 20_000_000


def read_site_list(path: Path, evidence: Evidence) -> Table:
    """The sites of a CSV file, as `listed_sites` places them; `PlanError` where it cannot be read."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise PlanError(f"{path.name} has more than {_MOST_BYTES:,} bytes. Keep only the sites to choose from.")
        table = pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False, na_values=[""])
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise PlanError(f"{path} is not a table that can be read ({error}). Expected CSV in UTF-8.") from error
    return listed_sites(table, evidence)


def listed_sites(table: Table, evidence: Evidence) -> Table:
    """The sites with easting and northing: their own, or from latitude and longitude, or of their postcode.

    Needs ``site_id`` and ``site_name`` (one of the two will do) and one way to say where; ``cost`` and ``capacity`` are
    kept. A site whose postcode is not known has no place: `suggest` leaves it out and says so. `SchemaError` says what
    is missing, or which number is none.
    """
    given = {str(name).strip().lower(): name for name in table.columns}
    places = [names for names in _PLACES if set(names) <= set(given)]
    if not places or not {"site_id", "site_name"} & set(given):
        found = ", ".join(str(name)[:40] for name in table.columns[:12])
        raise SchemaError(
            f"The list of sites has {found or 'no columns'}; expected site_id or site_name, and easting and northing, "
            f"or latitude and longitude, or postcode."
        )
    rows = pd.DataFrame({name: table[column].to_numpy() for name, column in given.items()})
    rows["site_name"] = _text(rows["site_name" if "site_name" in given else "site_id"], 120)
    rows["site_id"] = _text(rows["site_id" if "site_id" in given else "site_name"], 60)
    for name in _NUMBERS:
        if name in given:
            rows[name] = _numbers(rows[name], name)
    if "easting" not in given or "northing" not in given:
        rows["easting"], rows["northing"] = _placed(rows, places[0], evidence)
    kept = ["site_id", "site_name", "easting", "northing", *(name for name in ("cost", "capacity") if name in given)]
    return rows[kept]


def _text(values: pd.Series[str], longest: int) -> pd.Series[str]:
    """Text on one line, without control characters, cut off; missing stays missing."""
    tidy: pd.Series[str] = values.astype("str").str.replace(r"[\x00-\x1f\x7f]+", " ", regex=True).str.strip()
    return tidy.str.slice(0, longest)


def _numbers(values: pd.Series[str], name: str) -> pd.Series[float]:
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    wrong = (numbers.isna() & values.notna()) | np.isinf(numbers)
    if wrong.any():
        examples = ", ".join(repr(str(value)[:20]) for value in values[wrong].head(3))
        raise SchemaError(f"The list of sites: {name} holds {examples}; expected numbers.")
    return numbers


def _placed(rows: Table, how: tuple[str, ...], evidence: Evidence) -> tuple[pd.Series[float], pd.Series[float]]:
    if how == ("latitude", "longitude"):
        to_grid = Transformer.from_crs(WGS84, BRITISH_NATIONAL_GRID, always_xy=True)
        easting, northing = to_grid.transform(rows["longitude"].to_numpy(), rows["latitude"].to_numpy())
        places = pd.DataFrame({"easting": easting, "northing": northing}, index=rows.index)
        places = places.where(np.isfinite(places))
        return places["easting"], places["northing"]
    wanted = tidy_postcodes(rows["postcode"].astype("str"))
    known = evidence.warehouse.query(
        "SELECT postcode, easting, northing FROM postcodes WHERE postcode IN (SELECT unnest(?))",
        [wanted.dropna().unique().tolist()],
    ).set_index("postcode")
    return wanted.map(known["easting"]).astype("float64"), wanted.map(known["northing"]).astype("float64")
