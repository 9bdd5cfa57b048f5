"""Codes → areas: which area of the warehouse each row of a user's counts belongs to, and what is left out, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.takeup.disclosure import total_shown
from hjp_geo.takeup.reading import Counts
from hjp_geo.vintages import convert_lsoa11_to_lsoa21

__all__ = ["AREA", "PlacedCounts", "place_counts"]

AREA = "area_code"
"""The level of counts by LSOA or postcode; other levels are columns of the areas table, such as ``lad24_code``."""

_WHY_LEFT_OUT = {
    "wales": "in Wales: not among the areas of this tool",
    "elsewhere": "in Scotland or Northern Ireland: not among the areas of this tool",
    "ward": "ward codes, and this warehouse has no ward lookup: bring LSOA codes or postcodes",
    "code": "codes of no area of this warehouse (mistyped, of another vintage, or of another kind of area)",
    "postcode": "postcodes that the list does not know (ended, mistyped, or too new)",
    "outside": "postcodes outside the areas of this warehouse (Wales, Scotland, or no known place)",
}


@dataclass(frozen=True, eq=False)
class PlacedCounts:
    """People helped by area. Exact: never show or write these, only what `take_up` makes of them."""

    level: str
    """`AREA`, or the column of larger codes that the file is by."""
    counts: AreaValues = field(repr=False)
    """Indexed by code, sorted: every area of the level. 0 where the file names no row, missing where a count is."""
    named: pd.Index[str] = field(repr=False)
    """The codes that the file names; every other one counts as 0."""
    left_out: Table
    """Rows left out: why, rows, and people as they may be shown."""
    notes: tuple[str, ...]
    tables: tuple[str, ...]
    """What the placing rests on beside the areas, for the credits."""


def place_counts(counts: Counts, evidence: Evidence, label: str = "") -> PlacedCounts:
    """The rows of one label as counts of areas; LSOA 2011 are converted and postcodes placed.

    An area that no row names counts as 0: lists of people helped name only where somebody was. Raises `PlanError` where
    the file has several labels and none is chosen, or nothing can be placed; `GeographyError` where it mixes LSOA of
    2011 and 2021, or areas of different sizes, which could count a person twice.
    """
    rows = _of_label(counts, label)
    placing = _Placing(rows, evidence)
    level, by_code = placing.result()
    left_out = placing.left_out()
    if by_code.empty:
        reasons = "; ".join(f"{row['rows']:,} rows {row['why']}" for _, row in left_out.iterrows())
        raise PlanError(f"None of the {len(rows):,} rows could be placed: {reasons}. Nothing was taken.")
    every = evidence.areas.index if level == AREA else pd.Index(sorted(evidence.areas[level].dropna().unique()))
    listed = by_code.reindex(every)
    complete = listed.where(every.isin(by_code.index), 0.0).rename("observed")
    notes = [*counts.notes, *placing.notes]
    return PlacedCounts(level, complete, by_code.index, left_out, tuple(notes), tuple(placing.tables))


def _of_label(counts: Counts, label: str) -> Table:
    rows = counts.rows
    if label:
        if label not in counts.labels:
            raise PlanError(f"No row has the label '{label}'. There are: {', '.join(counts.labels) or 'none'}.")
        return rows[rows["label"] == label]
    if len(counts.labels) > 1:
        raise PlanError(
            f"The file has {len(counts.labels)} labels ({', '.join(counts.labels[:6])}). Choose one: adding them up "
            "could count a person twice."
        )
    return rows


class _Placing:
    """One pass over the rows: each is given an area, or a reason why not."""

    def __init__(self, rows: Table, evidence: Evidence) -> None:
        self._rows = rows.assign(area=pd.Series(np.nan, index=rows.index, dtype="str"), why="")
        self._evidence = evidence
        self.notes: list[str] = []
        self.tables: list[str] = []
        self._level = AREA
        code = self._rows["code"]
        lsoa, postcode = code.str.match(r"E01\d{6}$"), code.str.contains(" ")
        self._place_larger(code[~lsoa & ~postcode])
        self._place_postcodes(code[postcode])
        self._lsoa = code[lsoa]

    def result(self) -> tuple[str, AreaValues]:
        """The level, and the counts by code: missing where a row of the area has none."""
        from_lsoa = self._counts_of_lsoa()
        placed = self._rows[self._rows["area"].notna()]
        if self._level != AREA and (len(from_lsoa) or (placed["code"].str.contains(" ")).any()):
            raise GeographyError(
                "The file has both small areas (LSOA or postcodes) and larger ones, so a person could be counted "
                "twice. Keep one kind."
            )
        both = pd.concat([placed.set_index("area")["count"], from_lsoa])
        return self._level, _added(both)

    def left_out(self) -> Table:
        """Reasons with rows and people, people as they may be shown."""
        out = self._rows[self._rows["why"] != ""]
        grouped = out.groupby("why", sort=True)["count"].agg(["size", "sum"]).reset_index()
        return pd.DataFrame(
            {
                "why": grouped["why"].map(_WHY_LEFT_OUT),
                "rows": grouped["size"],
                "people": [total_shown(float(total)) for total in grouped["sum"]],
            }
        )

    def _place_larger(self, codes: pd.Series[str]) -> None:
        """Codes of districts, systems or whatever larger areas the warehouse knows."""
        larger = [column for column in self._evidence.areas.columns if column.endswith("_code")]
        found = {column: codes.isin(set(self._evidence.areas[column].dropna())) for column in larger}
        used = [column for column in larger if found[column].any()]
        if len(used) > 1:
            raise GeographyError(
                f"The file has areas of different sizes ({', '.join(used)}), so a person could be counted twice. "
                "Keep one kind."
            )
        known = found[used[0]] if used else pd.Series(data=False, index=codes.index)
        self._level = used[0] if used else AREA
        self._rows.loc[codes.index[known], "area"] = codes[known]
        for at, code in codes[~known].items():
            self._rows.loc[at, "why"] = _kind(code)

    def _place_postcodes(self, codes: pd.Series[str]) -> None:
        if codes.empty:
            return
        self.tables += ["postcodes", "area_boundaries"]
        found = self._evidence.warehouse.query(
            "SELECT postcode, easting, northing FROM postcodes WHERE postcode IN (SELECT unnest(?))",
            [sorted(set(codes))],
        ).set_index("postcode")
        placed = found.dropna()
        standing = self._evidence.areas_at(placed[["easting", "northing"]].to_numpy(dtype=np.float64))
        area = codes.map(pd.Series(standing, index=placed.index, dtype="str")).astype("str")
        self._rows.loc[codes.index, "area"] = area
        self._rows.loc[codes.index[area.isna()], "why"] = "outside"
        self._rows.loc[codes.index[~codes.isin(found.index)], "why"] = "postcode"

    def _counts_of_lsoa(self) -> AreaValues:
        """Counts of LSOA 2021: as given, or converted where the file is of 2011."""
        known = self._lsoa.isin(self._evidence.areas.index)
        counts = self._rows.loc[self._lsoa.index, "count"]
        if known.all():
            return _added(counts.set_axis(self._lsoa))
        lookup = self._evidence.warehouse.table("lsoa11_lsoa21_lookup")
        older = self._lsoa.isin(set(lookup["lsoa11_code"])) & ~known
        newer = known & ~self._lsoa.isin(set(lookup["lsoa11_code"]))
        _refuse_mixture(self._rows, self._lsoa[older], self._lsoa[newer])
        self._rows.loc[self._lsoa.index[~known & ~older], "why"] = "code"
        placed = self._lsoa[known | older]
        given = _added(counts.loc[placed.index].set_axis(placed))
        if not older.any():
            return given
        self.tables.append("lsoa11_lsoa21_lookup")
        self.notes.append(
            "The file is by LSOA of 2011: converted to 2021 by the exact-fit lookup. Where an area was split, its "
            "count is divided by population, an estimate."
        )
        return _converted(given, lookup, self._evidence)


def _refuse_mixture(rows: Table, older: pd.Series[str], newer: pd.Series[str]) -> None:
    if len(older) and len(newer):
        old, new = rows.loc[older.index[0]], rows.loc[newer.index[0]]
        raise GeographyError(
            f"The file mixes two vintages: row {old['row']:,} has {old['code']}, an LSOA of 2011 only, and row "
            f"{new['row']:,} has {new['code']}, one of 2021 only. Bring codes of one vintage."
        )


def _converted(given: AreaValues, lookup: Table, evidence: Evidence) -> AreaValues:
    """Counts of LSOA 2011 as those of LSOA 2021; areas that no row names are 0 and then left to the caller."""
    every = pd.Index(sorted(set(lookup["lsoa11_code"])))
    complete = given.reindex(every).where(every.isin(given.index), 0.0)
    population = evidence.areas["residents"].astype("float64")
    converted = convert_lsoa11_to_lsoa21(complete.to_frame("count"), lookup, population)["count"]
    return converted[converted.index.isin(evidence.areas.index) & (converted != 0)]


def _added(counts: AreaValues) -> AreaValues:
    """Counts of each code added up; missing where one of them is."""
    grouped = counts.groupby(level=0)
    return grouped.sum().where(grouped.count() == grouped.size())


def _kind(code: str) -> str:
    if code[0] == "W":
        return "wales"
    if code[0] in "SNK":
        return "elsewhere"
    return "ward" if code.startswith("E05") else "code"
