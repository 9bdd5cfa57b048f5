"""A user's list of advice providers, checked whole: what would be taken from it, and every cell that is at fault.

Nothing is loaded by checking. One row is one site and channel; the columns are those of `schema.COLUMNS`. A file of the
Citizens Advice ``advice_locations`` layout is recognised by its header.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from pyproj import Transformer

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.own import citizens_advice
from hjp_geo.own.cells import FORMULA_SIGNS, read_cell
from hjp_geo.own.known import Known, tidy_postcode
from hjp_geo.own.problems import OwnFileError, Problem, in_words
from hjp_geo.own.schema import COLUMNS, PLACED
from hjp_geo.own.sheet import Sheet, read_sheet
from hjp_geo.store import Warehouse

__all__ = ["MOST_PROVIDERS", "CheckedProviders", "ProviderRow", "check_providers", "check_sheet", "providers_csv"]

MOST_PROVIDERS = 20_000
_MOST_PROBLEMS = 500
_FAR_METRES = 1_000.0
_BRITAIN = (49.0, 61.5, -9.0, 2.5)
_HIGH_OUTREACH_HOURS = 100.0


@dataclass(frozen=True)
class ProviderRow:
    """One row that can be taken: its cells in their one spelling, and where it stands."""

    row: int
    cells: Mapping[str, str]
    """Column → value; only columns that are not blank."""
    easting: float = math.nan
    northing: float = math.nan
    location_quality: str = "unknown"
    """address (own coordinates), postcode, or unknown (phone and online)."""
    moved: bool = False
    """Whether coordinates and postcode disagree by 1 km or more: the postcode is used."""
    in_england: bool = False

    def get(self, column: str) -> str:
        """The value of a column; empty where it is blank."""
        return self.cells.get(column, "")


@dataclass(frozen=True, eq=False)
class CheckedProviders:
    """A file that was checked: the rows that can be taken, and its problems."""

    filename: str
    sha256: str
    rows: tuple[ProviderRow, ...]
    """Rows without errors."""
    bad: tuple[tuple[int, tuple[str, ...]], ...]
    """Rows with errors, as they stood in the file."""
    header: tuple[str, ...]
    problems: tuple[Problem, ...]
    """The first 500 errors and the first 500 warnings."""
    errors: int
    warnings: int

    def accepted(self, *, skip_bad_rows: bool = False) -> tuple[ProviderRow, ...]:
        """The rows to take; `OwnFileError` where there are errors, unless bad rows are to be skipped."""
        if self.errors and not skip_bad_rows:
            raise OwnFileError(f"{in_words(self.problems)} Nothing was taken.", self.problems)
        if not self.rows:
            raise OwnFileError("No row can be taken. Nothing was changed.", self.problems)
        return self.rows

    def rejected_csv(self) -> str:
        """The rows with errors, each with its reasons in the last column, to be put right and brought again."""
        reasons: dict[int, list[str]] = {}
        for one in self.problems:
            if one.level == "error":
                reasons.setdefault(one.row, []).append(str(one))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([*self.header, "reasons"])
        for number, cells in self.bad:
            padded = [*cells, *[""] * (len(self.header) - len(cells))][: len(self.header)]
            writer.writerow([*map(plain, padded), " ".join(reasons.get(number, ["see the other messages"]))])
        return text.getvalue()


def check_providers(
    data: bytes, filename: str, warehouse: Warehouse, today: dt.date, *, delimiter: str | None = None
) -> CheckedProviders:
    """Check a CSV or .xlsx file against the warehouse; `OwnFileError` where the file as a whole cannot be read."""
    sheet = read_sheet(data, delimiter=delimiter)
    at = [index for index, name in enumerate(map(_tidy_name, sheet.header)) if name == "postcode"]
    cells = (row[at[0]] for _, row in sheet.rows if at and len(row) > at[0])
    wanted = {tidy for tidy in map(tidy_postcode, cells) if tidy}
    checked = check_sheet(sheet, Known.of(warehouse, wanted, today))
    return replace(checked, filename=filename, sha256=hashlib.sha256(data).hexdigest())


def check_sheet(sheet: Sheet, known: Known) -> CheckedProviders:
    """Check the rows of a sheet that has been read."""
    if len(sheet.rows) > MOST_PROVIDERS:
        raise OwnFileError(
            f"The file has {len(sheet.rows):,} rows, expected at most {MOST_PROVIDERS:,}: larger than a list of "
            "England should be. Is it the right file?"
        )
    checking = _Checking(known)
    if citizens_advice.is_layout(sheet.header):
        records, notes = citizens_advice.as_records(sheet, known.today)
        for note in notes:
            checking.say("warning", 0, "file", "", note)
    else:
        where = _columns(sheet.header, checking)
        records = [(number, _record(cells, where, sheet.header)) for number, cells in sheet.rows]
    rows = _placed([row for number, record in records if (row := checking.row(number, record))], known, checking)
    checking.whole(rows)
    bad_numbers = checking.bad
    return CheckedProviders(
        filename="",
        sha256="",
        rows=tuple(row for row in rows if row.row not in bad_numbers),
        bad=tuple(row for row in sheet.rows if row[0] in bad_numbers),
        header=sheet.header,
        problems=tuple(sorted(checking.problems, key=lambda one: (one.level, one.row))),
        errors=checking.counts["error"],
        warnings=checking.counts["warning"],
    )


def providers_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a CSV in the layout that is taken: checking it again gives the same rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([plain(row.get(name, "")) for name in COLUMNS] for row in rows)
    return text.getvalue()


def plain(value: str) -> str:
    """A value that no spreadsheet takes for a formula; a number below 0 stays a number."""
    return f"'{value}" if value.startswith(FORMULA_SIGNS) and not re.fullmatch(r"-\d+(\.\d+)?", value) else value


# the header ---------------------------------------------------------------------------------------------------------


def _tidy_name(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def _columns(header: tuple[str, ...], checking: _Checking) -> dict[str, int]:
    """Where each known column stands; unknown ones go to the notes, with a warning."""
    found = [_tidy_name(name) for name in header]
    listed = ", ".join(name for name in header[:30] if name)
    for name in COLUMNS:
        if found.count(name) > 1:
            raise OwnFileError(f"The header names {name} {found.count(name)} times, expected once. Keep one of them.")
    if absent := [name for name, one in COLUMNS.items() if one.needed and name not in found]:
        hint = " with in_person, outreach, phone or online" if "channel" in absent else ""
        raise OwnFileError(f"No column {', '.join(absent)}. Found: {listed[:400]}. Add it{hint}.")
    for name in [name for name in header if name and _tidy_name(name) not in COLUMNS]:
        checking.say("warning", 1, name[:40], "", "is no column of the layout: kept in the notes.")
    return {name: found.index(name) for name in COLUMNS if name in found}


def _record(cells: tuple[str, ...], where: Mapping[str, int], header: tuple[str, ...]) -> dict[str, str]:
    """The cells by column; those of unknown columns are added to the notes."""
    record = {name: cells[at] for name, at in where.items() if at < len(cells) and cells[at]}
    known = set(where.values())
    other = [
        f"{header[at]}: {cell}"
        for at, cell in enumerate(cells)
        if at not in known and cell and at < len(header) and header[at]
    ]
    if other:
        record["notes"] = "; ".join(filter(None, [record.get("notes", ""), *other]))[: int(COLUMNS["notes"].most)]
    return record


# rows ---------------------------------------------------------------------------------------------------------------


@dataclass
class _Checking:
    """What has been found so far; only so many are kept, all are counted."""

    known: Known
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    bad: set[int] = field(default_factory=set)

    def say(self, level: str, row: int, column: str, value: str, rule: str) -> None:
        """Note one problem."""
        self.add(Problem("error" if level == "error" else "warning", row, column, value, rule))

    def add(self, one: Problem) -> None:
        """Note one problem."""
        self.counts[one.level] += 1
        if one.level == "error":
            self.bad.add(one.row)
        if self.counts[one.level] <= _MOST_PROBLEMS:
            self.problems.append(one)

    def row(self, number: int, record: Mapping[str, str]) -> ProviderRow | None:
        """The row with its cells in their one spelling; None where a cell or a rule is broken."""
        cells: dict[str, str] = {}
        wrong: set[str] = set()
        for name, text in record.items():
            value, problems = read_cell(COLUMNS[name], text, number, self.known)
            for one in problems:
                self.add(one)
                wrong |= {name} if one.level == "error" else set()
            if value:
                cells[name] = value
        for name, column in COLUMNS.items():
            if column.needed and not record.get(name):
                self.say("error", number, name, "", "is empty, and every row needs it.")
        if "channel" in cells:
            for level, name, rule in _broken_rules(cells):
                if not wrong & _TOGETHER.get(name, {name}):  # said already
                    self.say(level, number, name, cells.get(name, ""), rule)
        return None if number in self.bad else ProviderRow(number, cells)

    def whole(self, rows: Sequence[ProviderRow]) -> None:
        """What concerns several rows: repeats, and hours that nobody gives."""
        seen: dict[tuple[str, ...], int] = {}
        for one in rows:
            place = (
                (one.get("postcode") or one.get("latitude") + one.get("longitude"))
                if one.get("channel") in PLACED
                else ""
            )
            key = (one.get("site_name").casefold(), one.get("provider_name").casefold(), place, one.get("channel"))
            first = seen.setdefault(key, one.row)
            if first != one.row:
                rule = f"repeats row {first}. One row a site and channel; put all topics in one row."
                self.say("error", one.row, "site_name", one.get("site_name"), rule)
        unknown = sum(1 for one in rows if not one.get("hours_per_week") and not one.get("sessions_per_month"))
        if unknown:
            rule = f"{unknown:,} rows have no hours: each counts as a site, and not in results by hours."
            self.say("warning", 0, "hours_per_week", "", rule)


_PLACE, _HOURS = {"postcode", "latitude", "longitude"}, {"hours_per_week", "sessions_per_month", "hours_per_session"}
_TOGETHER = {
    **dict.fromkeys(_PLACE, _PLACE),
    **dict.fromkeys(_HOURS, _HOURS),
    "open_until": {"open_from", "open_until"},
}
"""Columns whose rules look at each other: where one is wrong already, the others are not blamed."""


def _broken_rules(cells: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Level, column and rule of what the cells of a row say against each other."""
    return [*_place_rules(cells), *_hours_rules(cells), *_date_rules(cells)]


def _place_rules(cells: Mapping[str, str]) -> list[tuple[str, str, str]]:
    channel, found = cells["channel"], []
    pair = [name for name in ("latitude", "longitude") if name in cells]
    if len(pair) == 1:
        found.append(("error", pair[0], "is there without the other. Give latitude and longitude, or neither."))
    elif pair:
        found += _britain_rules(float(cells["latitude"]), float(cells["longitude"]))
    if channel in PLACED and "postcode" not in cells and not pair:
        what = "An outreach site needs a place." if channel == "outreach" else "An office needs a place."
        found.append(("error", "postcode", f"empty, and no latitude and longitude. {what}"))
    if channel not in PLACED and "served_areas" not in cells:
        rule = f"empty. {'A phone' if channel == 'phone' else 'An online'} service needs the areas it serves: "
        found.append(("error", "served_areas", f"{rule}codes such as E07000170, or england."))
    return found


def _britain_rules(latitude: float, longitude: float) -> list[tuple[str, str, str]]:
    south, north, west, east = _BRITAIN
    if south <= latitude <= north and west <= longitude <= east:
        return []
    swapped = south <= longitude <= north and west <= latitude <= east
    hint = "; the two look swapped. Exchange them." if swapped else ". Check both."
    return [("error", "latitude", f"with longitude {longitude:g} is outside Great Britain{hint}")]


def _hours_rules(cells: Mapping[str, str]) -> list[tuple[str, str, str]]:
    hours, sessions, each = (cells.get(n) for n in ("hours_per_week", "sessions_per_month", "hours_per_session"))
    if hours and (sessions or each):
        worked = hours_a_week({name: value for name, value in cells.items() if name != "hours_per_week"})
        given = f"{sessions} sessions of {each} hours ({worked:.1f} a week)" if sessions and each else "sessions"
        return [("error", "hours_per_week", f"given as well as {given}. Keep one of the two.")]
    if bool(sessions) != bool(each):
        return [("error", "sessions_per_month", "and hours_per_session belong together. Give both, or neither.")]
    total = hours_a_week(cells)
    if total == 0:
        return [("warning", "hours_per_week", "0 hours: the site shows as closed. Leave it blank if you do not know.")]
    if cells["channel"] == "outreach" and total > _HIGH_OUTREACH_HOURS:
        return [("warning", "hours_per_week", "is high for outreach: check that it is weekly.")]
    return []


def hours_a_week(cells: Mapping[str, str]) -> float:
    """Advice hours a week: as given, or sessions times hours times 12/52; missing where nobody gives them."""
    if cells.get("hours_per_week"):
        return float(cells["hours_per_week"])
    if cells.get("sessions_per_month") and cells.get("hours_per_session"):
        return float(cells["sessions_per_month"]) * float(cells["hours_per_session"]) * 12 / 52
    return math.nan


def _date_rules(cells: Mapping[str, str]) -> list[tuple[str, str, str]]:
    start, end = cells.get("open_from"), cells.get("open_until")
    if start and end and end < start:
        return [("error", "open_until", f"ends {end} before it starts {start}.")]
    return []


# places -------------------------------------------------------------------------------------------------------------


def _placed(rows: Sequence[ProviderRow], known: Known, checking: _Checking) -> list[ProviderRow]:
    """The rows with their place on the grid, by coordinates or postcode, whichever is to be believed."""
    placed = [_place(row, known, checking) for row in rows]
    inside = known.in_england(np.array([[row.easting, row.northing] for row in placed]).reshape(-1, 2))
    for row, is_inside in zip(placed, inside, strict=True):
        if math.isfinite(row.easting) and not is_inside and row.row not in checking.bad:
            rule = "stands outside the areas loaded: it counts for areas in reach, not in the totals of a place."
            checking.say("warning", row.row, "postcode", row.get("postcode"), rule)
    return [replace(row, in_england=bool(is_inside)) for row, is_inside in zip(placed, inside, strict=True)]


def _place(row: ProviderRow, known: Known, checking: _Checking) -> ProviderRow:
    if row.get("channel") not in PLACED:
        return row
    postcode = row.get("postcode")
    by_postcode = known.point(postcode) if postcode else None
    own = _to_grid(row) if row.get("latitude") else None
    if own is None and by_postcode is None:
        what = "has no place in" if known.has_postcode(postcode) else "is not in"
        rule = f"{what} {known.list_name}. Check it, or give latitude and longitude."
        checking.say("error", row.row, "postcode", postcode, rule)
        return row
    if own is None and by_postcode is not None:
        return replace(row, easting=by_postcode[0], northing=by_postcode[1], location_quality="postcode")
    assert own is not None
    if by_postcode is None:
        if postcode:
            rule = f"is not in {known.list_name}: the coordinates are used."
            checking.say("warning", row.row, "postcode", postcode, rule)
        return replace(row, easting=own[0], northing=own[1], location_quality="address")
    apart = math.hypot(own[0] - by_postcode[0], own[1] - by_postcode[1])
    if apart >= _FAR_METRES:
        rule = f"and the coordinates disagree by {apart / 1000:.1f} km; the postcode is used, grade D."
        checking.say("warning", row.row, "postcode", postcode, rule)
        east, north = by_postcode
        return replace(row, easting=east, northing=north, location_quality="postcode", moved=True)
    return replace(row, easting=own[0], northing=own[1], location_quality="address")


@lru_cache(maxsize=1)
def _transformer() -> Transformer:
    return Transformer.from_crs(WGS84, BRITISH_NATIONAL_GRID, always_xy=True)


def _to_grid(row: ProviderRow) -> tuple[float, float]:
    easting, northing = _transformer().transform(float(row.get("longitude")), float(row.get("latitude")))
    return round(float(easting), 2), round(float(northing), 2)
