"""A user's values of areas (LSOA of 2011 or 2021, MSOA, ward, district, system, or postcode), as a layer of LSOA 2021.

Counts are divided among smaller areas by residents, and added up from postcodes. A rate of a larger area is taken for
each of its LSOAs, and averaged from postcodes. An area that the file does not name has no data: that is not 0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
import shapely

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, PlanError, WarehouseError
from hjp_geo.own.known import tidy_postcode
from hjp_geo.own.problems import OwnFileError, Problem, in_words
from hjp_geo.own.sheet import Sheet, read_sheet
from hjp_geo.own.shelf import OwnLayer, slug
from hjp_geo.store import Warehouse
from hjp_geo.vintages import convert_lsoa11_to_lsoa21, convert_rates_lsoa11_to_lsoa21

__all__ = ["AREA_TEMPLATE", "AreaQuestion", "CheckedAreas", "check_areas"]

AREA_TEMPLATE = "code,value\r\nE01000001,12.5\r\nE01000002,0\r\nE01000003,\r\n"
"""A file in the layout that is taken: an empty value is not known, which is not 0."""

Kind: TypeAlias = Literal["count", "rate"]
_MOST_PROBLEMS = 500
_MOST_TEXT = 120
_VALUE = re.compile(r"-?\d{1,12}(\.\d{1,12})?")
_KIND_BY_PREFIX = {"W": "in Wales", "S": "in Scotland", "N": "in Northern Ireland"}
_POLARITIES = ("high_is_need", "low_is_need", "none")


@dataclass(frozen=True)
class AreaQuestion:
    """What the user says of a file: without it a number means nothing."""

    label: str
    unit: str
    source: str
    kind: Kind = "rate"
    """count (people, cases: divided and added) or rate (shares, scores: averaged)."""
    polarity: str = "high_is_need"

    def __post_init__(self) -> None:
        for name in ("label", "unit", "source"):
            text = " ".join(getattr(self, name).split())
            if not 1 <= len(text) <= _MOST_TEXT:
                raise PlanError(f"The {name} has {len(text)} characters, expected 1 to {_MOST_TEXT}.")
            object.__setattr__(self, name, text)
        if self.kind not in ("count", "rate"):
            raise PlanError(f"kind is '{self.kind}', expected count or rate.")
        if self.polarity not in _POLARITIES:
            raise PlanError(f"polarity is '{self.polarity}', expected one of {', '.join(_POLARITIES)}.")


@dataclass(frozen=True, eq=False)
class CheckedAreas:
    """A file of values that was checked: the layer that it would make, and its problems."""

    layer: OwnLayer | None
    """None where there are errors."""
    problems: tuple[Problem, ...]
    errors: int
    left_out: Mapping[str, int]
    """Why → rows that the layer does not use."""

    def accepted(self) -> OwnLayer:
        """The layer; `OwnFileError` where there are errors."""
        if self.layer is None:
            raise OwnFileError(f"{in_words(self.problems)} Nothing was taken.", self.problems)
        return self.layer


def check_areas(data: bytes, filename: str, asked: AreaQuestion, warehouse: Warehouse) -> CheckedAreas:
    """Check a CSV or .xlsx of ``code`` and ``value``; nothing is loaded.

    Raises `OwnFileError` where the file as a whole cannot be read, `GeographyError` where it mixes vintages or kinds of
    area, which could count a person twice.
    """
    checking = _Checking()
    rows = checking.rows(read_sheet(data))
    if checking.failed():
        return CheckedAreas(None, tuple(checking.problems), checking.errors, {})
    level, values, notes = _Places(warehouse).convert(rows, asked.kind, checking)
    if checking.failed():
        return CheckedAreas(None, tuple(checking.problems), checking.errors, checking.left_out)
    known = values.dropna()
    if known.empty:
        raise OwnFileError("No row gives a value to an area that is loaded here. Nothing was taken.", checking.problems)
    name = slug(asked.label)
    people = asked.kind == "count"
    layer = OwnLayer(
        name=name,
        label=asked.label,
        unit=asked.unit,
        polarity=asked.polarity,
        role="people" if people else "need" if asked.polarity != "none" else "context",
        source=asked.source,
        filename=filename[:200],
        sha256=hashlib.sha256(data).hexdigest(),
        accepted="",
        level=level,
        notes=(*notes, *(f"{count:,} rows not used: {why}." for why, count in checking.left_out.items())),
        values={str(code): float(value) for code, value in known.items()},
    )
    return CheckedAreas(layer, tuple(checking.problems), 0, checking.left_out)


@dataclass
class _Checking:
    problems: list[Problem] = field(default_factory=list)
    errors: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def failed(self) -> bool:
        """Whether there has been an error so far."""
        return self.errors > 0

    def error(self, row: int, column: str, value: str, rule: str) -> None:
        self.errors += 1
        if self.errors <= _MOST_PROBLEMS:
            self.problems.append(Problem("error", row, column, value, rule))

    def rows(self, sheet: Sheet) -> Table:
        """Rows of row, code and value (missing where blank), each code once."""
        header = [name.casefold().strip() for name in sheet.header]
        at = {name: _at(header, names, sheet) for name, names in _HEADERS.items()}
        seen: dict[str, int] = {}
        kept = []
        for number, cells in sheet.rows:
            code = self._code(number, _cell(cells, at["code"]))
            value = self._value(number, _cell(cells, at["value"]))
            if code and seen.setdefault(code, number) != number:
                self.error(number, "code", code, f"repeats row {seen[code]}. Give each area one row.")
            kept.append((number, code, value))
        return pd.DataFrame(kept, columns=["row", "code", "value"]).astype({"code": "str", "value": "float64"})

    def _code(self, row: int, text: str) -> str:
        if re.fullmatch(r"[A-Za-z]\d{8}", text):
            return text.upper()
        if postcode := tidy_postcode(text[:20]):
            return postcode
        self.error(row, "code", text, "is no code of an area (such as E01000001) and no postcode (such as NW1 2DB).")
        return ""

    def _value(self, row: int, text: str) -> float:
        if not text:
            return np.nan
        if not _VALUE.fullmatch(text):
            self.error(
                row, "value", text, "is not a number. Write 12.5, without signs, spaces or commas; blank = not known."
            )
            return np.nan
        return float(text)


_HEADERS = {
    "code": ("code", "area_code", "lsoa21_code", "lsoa11_code", "lsoa_code", "lsoa", "msoa", "ward", "lad", "postcode"),
    "value": ("value", "values", "count", "rate"),
}


def _at(header: Sequence[str], names: Sequence[str], sheet: Sheet) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    raise OwnFileError(
        f"No column {names[0]}. Found: {', '.join(sheet.header)[:300]}. Name the two columns code and value."
    )


def _cell(cells: tuple[str, ...], at: int) -> str:
    return cells[at] if at < len(cells) else ""


class _Places:
    """Codes → values of the areas of the warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.areas = warehouse.table("areas").set_index("area_code").sort_index()
        self._residents = self.areas["residents"].astype("float64")

    def convert(self, rows: Table, kind: Kind, checking: _Checking) -> tuple[str, AreaValues, list[str]]:
        """What the file is by (in words), its values by area, and notes on what was done."""
        abroad = rows["code"].str.fullmatch(r"[WSN]\d{8}")
        self._refuse(rows[abroad], checking)
        rows = rows[~abroad]
        codes = rows["code"]
        postcodes, lsoa = codes.str.contains(" "), codes.str.fullmatch(r"E01\d{6}")
        if sum((postcodes.any(), lsoa.any(), (~postcodes & ~lsoa).any())) > 1:
            raise GeographyError(
                "The file has areas of different kinds, so a person could be counted twice. Keep one kind."
            )
        if postcodes.any():
            return self._from_postcodes(rows, kind, checking)
        if lsoa.any():
            return self._from_lsoa(rows, kind, checking)
        return self._from_larger(rows, kind, checking)

    def _from_lsoa(self, rows: Table, kind: Kind, checking: _Checking) -> tuple[str, AreaValues, list[str]]:
        codes = rows["code"]
        now = codes.isin(self.areas.index)
        lookup = self._table("lsoa11_lsoa21_lookup")
        if now.all() or lookup is None:
            self._refuse(rows[~now], checking)
            return "LSOA of 2021", _series(rows[now]), []
        then = codes.isin(set(lookup["lsoa11_code"]))
        if (then & ~now).any() and (now & ~then).any():
            older, newer = rows[then & ~now].iloc[0], rows[now & ~then].iloc[0]
            raise GeographyError(
                f"The file mixes two vintages: row {older['row']:,} has {older['code']}, an LSOA of 2011 only, and row "
                f"{newer['row']:,} has {newer['code']}, one of 2021 only. Bring codes of one vintage."
            )
        self._refuse(rows[~then & ~now], checking)
        if not (then & ~now).any():
            return "LSOA of 2021", _series(rows[now]), []
        values, note = self._from_lsoa11(_series(rows[then]), lookup, kind)
        return "LSOA of 2011", values, [note]

    def _from_lsoa11(self, given: AreaValues, lookup: Table, kind: Kind) -> tuple[AreaValues, str]:
        """Counts as the exact-fit lookup converts them; rates weighted by the people of the areas of 2011."""
        local = lookup[lookup["lsoa21_code"].isin(self.areas.index)]
        if kind == "count":
            converted = convert_lsoa11_to_lsoa21(_known_only(given, local).to_frame("n"), local, self._residents)["n"]
            return (
                converted,
                "Converted from LSOA of 2011: the count of an area that was split is divided by residents.",
            )
        rates = convert_rates_lsoa11_to_lsoa21(_known_only(given, local), self._people11(local), local, self._residents)
        note = "Converted from LSOA of 2011: areas that were merged have the mean, weighted by residents."
        return rates["rate"], note

    def _people11(self, lookup: Table) -> AreaValues:
        """People of each area of 2011, by those of 2021: a merged area's are divided equally among what it was."""
        parents = lookup.groupby("lsoa21_code")["lsoa11_code"].transform("size")
        shares = lookup["lsoa21_code"].map(self._residents) / parents
        return shares.groupby(lookup["lsoa11_code"]).sum(min_count=1)

    def _from_larger(self, rows: Table, kind: Kind, checking: _Checking) -> tuple[str, AreaValues, list[str]]:
        found = {column: rows["code"].isin(codes.dropna().unique()) for column, codes in self._larger().items()}
        # a code stands in several editions of a lookup: the one that knows most of the file is meant
        best = max(found, key=lambda column: int(found[column].sum()), default=None)
        if best is None or not found[best].any():
            self._refuse(rows, checking)
            return "unknown", pd.Series(dtype="float64"), []
        self._refuse(rows[~found[best]], checking)
        member = self._larger()[best]
        by_code = rows[found[best]].set_index("code")["value"]
        values = member.map(by_code).astype("float64")
        level = f"{_LEVELS.get(re.sub(r'[0-9].*', '', best), 'larger area')} ({best.removesuffix('_code')})"
        if kind == "rate":
            return level, values, [f"Each small area has the value of its {level}: nothing is known within it."]
        share = self._residents / self._residents.groupby(member).transform("sum")
        return level, values * share, [f"The count of each {level} is divided among its small areas by residents."]

    def _larger(self) -> dict[str, pd.Series[str]]:
        """Code of the larger area that each area is in, by column, from the areas and from lookups that are loaded."""
        own = {column: self.areas[column].astype("str") for column in self.areas.columns if column.endswith("_code")}
        return {**self._lookups(), **own}

    def _lookups(self) -> dict[str, pd.Series[str]]:
        columns = self._warehouse.query(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND column_name LIKE '%\\_code' "
            "ESCAPE '\\' AND table_name IN (SELECT table_name FROM duckdb_columns() WHERE column_name = 'lsoa21_code')"
        )
        found = {}
        for table, column in columns.itertuples(index=False, name=None):
            if re.fullmatch(r"(msoa|ward|wd|lad|rgn|region|icb|sicbl|utla)\d\d_code", column) and column not in found:
                pairs = self._warehouse.table(table)
                if not pairs["lsoa21_code"].duplicated().any():
                    found[column] = pairs.set_index("lsoa21_code")[column].reindex(self.areas.index).astype("str")
        return found

    def _from_postcodes(self, rows: Table, kind: Kind, checking: _Checking) -> tuple[str, AreaValues, list[str]]:
        listed = self._warehouse.query(
            "SELECT postcode, easting, northing FROM postcodes WHERE postcode IN (SELECT unnest(?))",
            [sorted(set(rows["code"]))],
        ).set_index("postcode")
        for row, code in rows.loc[~rows["code"].isin(listed.index), ["row", "code"]].itertuples(index=False, name=None):
            checking.error(int(row), "code", code, "is not in the list of live postcodes. Check it.")
        placed = listed.dropna()
        boundaries = self._warehouse.table("area_boundaries").set_index("area_code").geometry.sort_index()
        points = shapely.points(placed[["easting", "northing"]].to_numpy(dtype="float64"))
        which, area = shapely.STRtree(boundaries.to_numpy()).query(points, predicate="intersects")
        place = pd.Series(boundaries.index[area], index=placed.index[which])
        codes = rows["code"].map(place[~place.index.duplicated()])
        outside = int((codes.isna() & rows["code"].isin(listed.index)).sum())
        if outside:
            checking.left_out["postcodes outside the areas loaded, or without a place"] = outside
        grouped = rows["value"].groupby(codes)
        known = grouped.count() == grouped.size()
        values = (grouped.sum() if kind == "count" else grouped.mean()).where(known).astype("float64")
        how = "added up" if kind == "count" else "averaged, each postcode alike"
        return "postcode", values, [f"Values of postcodes are {how}; areas without one in the file have no data."]

    def _refuse(self, rows: Table, checking: _Checking) -> None:
        for row, code in rows[["row", "code"]].itertuples(index=False, name=None):
            if code[0] in _KIND_BY_PREFIX:
                why = f"{_KIND_BY_PREFIX[code[0]]}, not among the areas loaded"
                checking.left_out[why] = checking.left_out.get(why, 0) + 1
            else:
                checking.error(
                    int(row), "code", code, "is no area that is loaded here (mistyped, or of another vintage)."
                )

    def _table(self, name: str) -> Table | None:
        try:
            return self._warehouse.table(name)
        except WarehouseError:  # a warehouse without the lookup knows one vintage only
            return None


_LEVELS: Mapping[str, str] = {
    "lad": "district",
    "icb": "Integrated Care Board",
    "sicbl": "Sub-ICB location",
    "msoa": "MSOA",
    "ward": "ward",
    "wd": "ward",
    "rgn": "region",
    "region": "region",
    "utla": "upper-tier authority",
}


def _series(rows: Table) -> AreaValues:
    return rows.set_index("code")["value"]


def _known_only(given: AreaValues, lookup: Table) -> AreaValues:
    """The values of the areas of the lookup; missing where the file has none."""
    return given[given.index.isin(set(lookup["lsoa11_code"]))]
