"""The file a user brings: counts of people helped, checked whole. One bad cell and nothing is taken from it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError

__all__ = ["MOST_BYTES", "MOST_ROWS", "TEMPLATE", "Counts", "CountsError", "RowError", "read_counts"]

MOST_BYTES = 20_000_000
MOST_ROWS = 200_000
_MOST_COLUMNS = 50
_MOST_ERRORS = 200
"""Errors listed; beyond them the file is plainly something else."""
_MOST_COUNT = 1_000_000
_MOST_CODE, _MOST_TEXT = 40, 60
_SHOWN_ERRORS = 3

_CODE = re.compile(r"[EWSNK][0-9]{8}")
_COUNT = re.compile(r"[0-9]{1,9}(\.0{1,6})?")
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_COLUMNS = ("code", "count", "period", "label")
_ADVICE = {
    "code": "Use an LSOA code such as E01000001, a postcode such as NW1 2DB, or a district code such as E07000170.",
    "count": "Use a whole number of people, 0 or more. Leave the cell empty where the number is not known.",
    "period": f"Use at most {_MOST_TEXT} characters, such as 2025-26.",
    "label": f"Use at most {_MOST_TEXT} characters, such as referrals.",
}

TEMPLATE = (
    "code,count,period,label\r\nE01000001,12,2025-26,clients\r\nE01000002,0,2025-26,clients\r\n"
    "NW1 2DB,3,2025-26,clients\r\n"
)
"""A file in the layout that `read_counts` takes: code and count are needed, period and label are not."""


@dataclass(frozen=True)
class RowError:
    """One cell that cannot be taken: where it is, what was found, and the rule."""

    row: int
    """As a spreadsheet numbers it: the header is row 1."""
    column: str
    value: str
    """At most 40 characters, without line breaks and control characters."""
    rule: str

    def __str__(self) -> str:
        return f"row {self.row:,}, {self.column}: '{self.value}'. {self.rule}"


class CountsError(PlanError):
    """A file of counts that was not taken; `errors` holds the cells at fault, none where the file as a whole is."""

    def __init__(self, message: str, errors: tuple[RowError, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


@dataclass(frozen=True, eq=False)
class Counts:
    """A checked file: ``rows`` of row, code, count, period and label, as the user wrote them but for spaces."""

    rows: Table = field(repr=False)
    """``count`` is missing where the user left it empty: not known, which is not 0."""
    notes: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """The different labels, sorted."""
        return sorted(set(self.rows["label"]) - {""})

    @property
    def periods(self) -> list[str]:
        """The different periods, sorted."""
        return sorted(set(self.rows["period"]) - {""})


def read_counts(data: bytes) -> Counts:
    """The counts of a CSV file: comma-separated UTF-8 (a byte-order mark is welcome), the header in row 1.

    Columns ``code`` and ``count`` are needed, ``period`` and ``label`` may be there, in any order; others are not read,
    and a note names them. Raises `CountsError` with every bad cell, and then takes nothing.
    """
    records = _records(_text(data))
    header = next(records, [])
    where = _columns(header)
    cells, errors = _checked(records, where)
    if errors:
        raise CountsError(_summary(errors), tuple(errors))
    if not cells:
        raise CountsError("The file has no rows below its header. Nothing was taken. Give one row a code.")
    rows = pd.DataFrame(cells, columns=["row", *_COLUMNS]).astype({"count": "float64"})
    return Counts(rows, _notes(rows, header))


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise CountsError(
            f"The file has {len(data) / 1e6:,.0f} MB, expected at most {MOST_BYTES / 1e6:,.0f}. Is it the right file?"
        )
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise CountsError("This is a workbook, expected CSV. Save the sheet as “CSV UTF-8 (comma delimited)”.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise CountsError(
            f"Byte 0x{data[error.start]:02x} in line {row:,} is not UTF-8 (it may be Windows text). "
            "Save the file as “CSV UTF-8”."
        ) from error
    if "\0" in text:
        raise CountsError("The file holds zero bytes, so it is not text. Save the sheet as “CSV UTF-8”.")
    return text


def _records(text: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        yield from reader
    except csv.Error as error:
        raise CountsError(
            f"Line {reader.line_num:,} cannot be read as CSV ({error}). Look for a stray quotation mark."
        ) from error


def _columns(header: list[str]) -> dict[str, int]:
    """Where each known column stands; case and spaces in the header do not matter."""
    found = [name.strip().casefold() for name in header]
    if len(found) > _MOST_COLUMNS:
        raise CountsError(
            f"The header has {len(found):,} columns, expected at most {_MOST_COLUMNS}. Keep code and count."
        )
    if len(found) == 1 and (";" in found[0] or "\t" in found[0]):
        raise CountsError("The header is one column with ; or tabs in it. Save the file comma-separated.")
    for name in _COLUMNS:
        if found.count(name) > 1:
            raise CountsError(f"The header names {name} {found.count(name)} times, expected once. Keep one of them.")
    if absent := [name for name in ("code", "count") if name not in found]:
        named = ", ".join(_shown(name) for name in header[:8]) or "an empty file"
        raise CountsError(f"No column {' and no column '.join(absent)}. Found: {named}. Row 1 must be code,count.")
    return {name: found.index(name) for name in _COLUMNS if name in found}


_Cells = list[tuple[int, str, float | None, str, str]]


def _checked(records: Iterator[list[str]], where: dict[str, int]) -> tuple[_Cells, list[RowError]]:
    cells: _Cells = []
    errors: list[RowError] = []
    for number, record in enumerate(records, start=2):
        if number > MOST_ROWS + 1:
            raise CountsError(f"The file has more than {MOST_ROWS:,} rows. Add up the rows of each code first.")
        if not any(cell.strip() for cell in record):
            continue
        row = {name: record[at].strip() if at < len(record) else "" for name, at in where.items()}
        found = [
            RowError(number, name, _shown(row[name]), _ADVICE[name]) for name in row if not _RULES[name](row[name])
        ]
        errors += found[: _MOST_ERRORS - len(errors)]
        count = row["count"]
        if not found:
            cells.append(
                (
                    number,
                    _tidy(row["code"]),
                    float(count) if count else None,
                    row.get("period", ""),
                    row.get("label", ""),
                )
            )
    return cells, errors


def _is_code(text: str) -> bool:
    return len(text) <= _MOST_CODE and (_CODE.fullmatch(text.upper()) is not None or _postcode(text) is not None)


def _is_count(text: str) -> bool:
    return not text or (_COUNT.fullmatch(text) is not None and float(text) <= _MOST_COUNT)


def _is_short(text: str) -> bool:
    return len(text) <= _MOST_TEXT and text.isprintable()


_RULES = {"code": _is_code, "count": _is_count, "period": _is_short, "label": _is_short}


def _tidy(code: str) -> str:
    return code.upper() if _CODE.fullmatch(code.upper()) else _postcode(code) or code


def _postcode(text: str) -> str | None:
    bare = "".join(text.upper().split())
    match = _POSTCODE.fullmatch(bare)
    return f"{match[1]} {match[2]}" if match else None


def _shown(text: str) -> str:
    """A cell as a message may quote it: short, and on one line."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text[:_MOST_CODE])
    return plain + ("…" if len(text) > _MOST_CODE else "")


def _summary(errors: list[RowError]) -> str:
    rows = len({error.row for error in errors})
    most = " or more" if len(errors) == _MOST_ERRORS else ""
    first = "; ".join(str(error).rstrip(".") for error in errors[:_SHOWN_ERRORS])
    more = "; …" if len(errors) > _SHOWN_ERRORS else ""
    errors_in_words = "1 error" if len(errors) == 1 else f"{len(errors):,}{most} errors"
    return f"{errors_in_words} in {rows:,} {'row' if rows == 1 else 'rows'}, nothing was taken: {first}{more}."


def _notes(rows: Table, header: list[str]) -> tuple[str, ...]:
    notes = []
    unread = [_shown(name) for name in header if name.strip().casefold() not in _COLUMNS]
    if unread:
        notes.append(f"Columns not read: {', '.join(unread[:8])}{' …' if len(unread) > 8 else ''}.")
    if repeated := int(rows.duplicated(["code", "period", "label"]).sum()):
        notes.append(f"{repeated:,} rows repeat the code, period and label of another row; they are added up.")
    if blank := int(rows["count"].isna().sum()):
        notes.append(f"{blank:,} rows have no count; their areas are left out as not known.")
    periods = sorted(set(rows["period"]) - {""})
    if len(periods) > 1:
        notes.append(
            f"{len(periods):,} periods are added up: {', '.join(periods[:6])}{' …' if len(periods) > 6 else ''}."
        )
    return tuple(notes)
