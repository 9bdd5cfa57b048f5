"""A user's CSV or workbook as rows of text. Whatever the bytes are: rows within limits, or one line on why not."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from hjp_geo.own.problems import OwnFileError

__all__ = ["MOST_BYTES", "MOST_COLUMNS", "MOST_ROWS", "Sheet", "read_sheet"]

MOST_BYTES = 20_000_000
MOST_ROWS = 40_000
MOST_COLUMNS = 100
_MOST_UNPACKED = 64_000_000
_MOST_MEMBERS = 500
_MOST_CELL = 5_000
_CHUNK = 1 << 18
_PLACE = re.compile(rb"""[\s"']r\s*=\s*["']\s*([A-Za-z]*)([0-9]+)\s*["']""")
_UNSIZED = re.compile(rb"""\sr\s*=\s*["'][^"']*&""")


@dataclass(frozen=True)
class Sheet:
    """A header and the rows below it: (number as a spreadsheet numbers it, cells), blank rows left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    kind: str
    """csv or xlsx."""


def read_sheet(data: bytes, *, delimiter: str | None = None) -> Sheet:
    """The first sheet of a workbook (.xlsx), or a CSV file in UTF-8 (a byte-order mark is welcome).

    Raises `OwnFileError` for anything else, and for a file beyond the limits: 20 MB, 40,000 rows, 100 columns, and for
    a workbook 64 MB once unpacked.
    """
    if len(data) > MOST_BYTES:
        raise OwnFileError(
            f"The file has {len(data) / 1e6:,.0f} MB, expected at most {MOST_BYTES / 1e6:,.0f}. Is it the right file?"
        )
    if data.startswith(b"PK\x03\x04"):
        kind, records = "xlsx", _workbook_rows(data)
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        raise OwnFileError("This is an old or a locked workbook. Save it as .xlsx without a password, or as CSV UTF-8.")
    else:
        kind, records = "csv", _csv_rows(_text(data), delimiter)
    return _sheet(records, kind)


def _sheet(records: Iterator[list[str]], kind: str) -> Sheet:
    header: tuple[str, ...] | None = None
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in enumerate(records, 1):
        tidy = tuple(_tidy(cell, number) for cell in cells)
        if not any(tidy) and number > 1:
            continue
        if len(tidy) > MOST_COLUMNS:
            raise OwnFileError(f"Row {number:,} has {len(tidy):,} columns, expected at most {MOST_COLUMNS}.")
        if number == 1:
            header = tidy
        elif len(rows) == MOST_ROWS:
            raise OwnFileError(f"The file has more than {MOST_ROWS:,} rows. Is it the right file?")
        else:
            rows.append((number, tidy))
    if header is None or not any(header):
        raise OwnFileError("The file is empty, or its first row is. Put the names of the columns in row 1.")
    if not rows:
        raise OwnFileError("The file has no rows after the header. Add one, or choose the right sheet.")
    return Sheet(header, tuple(rows), kind)


def _tidy(cell: str, row: int) -> str:
    if len(cell) > _MOST_CELL:
        raise OwnFileError(f"Row {row:,} has a cell of {len(cell):,} characters, expected at most {_MOST_CELL:,}.")
    return " ".join(cell.split())


# CSV ----------------------------------------------------------------------------------------------------------------


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise OwnFileError("The file is UTF-16 (“Unicode text”). Save it as “CSV UTF-8”.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise OwnFileError(
            f"Byte 0x{data[error.start]:02x} in line {line:,} is not UTF-8 (it looks like Windows text). "
            "Save the file as “CSV UTF-8”."
        ) from error
    if "\0" in text:
        raise OwnFileError("The file holds zero bytes, so it is not text. Save the sheet as “CSV UTF-8”.")
    return text


def _csv_rows(text: str, delimiter: str | None) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    if delimiter is None and "," not in first and (";" in first or "\t" in first):
        raise OwnFileError(
            "The header is one column with ; or tabs in it. Save the file comma-separated, or pass `--delimiter`."
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or ",")
    try:
        yield from reader
    except csv.Error as error:
        raise OwnFileError(
            f"Line {reader.line_num:,} cannot be read as CSV ({error}). Look for a stray quotation mark."
        ) from error


# workbooks ----------------------------------------------------------------------------------------------------------


def _workbook_rows(data: bytes) -> Iterator[list[str]]:
    _check_workbook(data)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False, nrows=MOST_ROWS + 2)
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise OwnFileError(f"The workbook cannot be read ({_first_line(error)}). Save it again, or as CSV.") from error
    except BaseException as error:  # a panic of the reader's Rust code is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise OwnFileError("The workbook is damaged. Save it again, or as CSV.") from error
    for row in rows:
        yield [_cell(value) for value in row]


def _check_workbook(data: bytes) -> None:
    """Refuse what would fill the memory: unpack it once, in pieces, and look how far its cells reach.

    What a zip says of its own sizes is not believed; a single cell far out makes a reader lay out everything before it.
    """
    left = _MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for one in _members(archive):
                left -= _check_member(archive, one, left)
    except OwnFileError:
        raise
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, zlib.error) as error:
        raise OwnFileError(f"The workbook is damaged ({_first_line(error)}). Save it again, or as CSV.") from error


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise OwnFileError(f"The workbook has {len(members):,} parts. Save only the sheet of the list.")
    if not any(one.filename.casefold() == "xl/workbook.xml" for one in members):
        raise OwnFileError("The file is a zip, but no .xlsx workbook. Save the sheet as .xlsx or CSV UTF-8.")
    return members


def _check_member(archive: zipfile.ZipFile, one: zipfile.ZipInfo, left: int) -> int:
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise OwnFileError("The workbook is packed in a way that spreadsheets do not use. Save it again, or as CSV.")
    size, tail, far, is_sheet = 0, b"", "", False
    with archive.open(one) as member:
        while part := member.read(_CHUNK):
            size += len(part)
            if size > left:
                raise OwnFileError(
                    f"The workbook unpacks to over {_MOST_UNPACKED / 1e6:,.0f} MB. Save only the sheet of the list."
                )
            if b"\0" in part and one.filename.casefold().endswith((".xml", ".rels")):
                raise OwnFileError("The workbook is in an unusual encoding. Save it again, or as CSV.")
            seen = tail + part
            far, is_sheet = far or _reaches_far(seen), is_sheet or b"sheetData" in seen
            tail = seen[-64:]
    if is_sheet and far:
        raise OwnFileError(
            f"The sheet reaches to cell {far}, expected at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns. "
            "Clear what is outside the list."
        )
    return size


def _reaches_far(xml: bytes) -> str:
    """The first cell or row named in the text that is beyond the limits; empty where none is."""
    if _UNSIZED.search(xml):
        return "named in an unusual way"
    for column, row in _PLACE.findall(xml):
        if len(row) > 7 or int(row) > MOST_ROWS + 1 or _column_number(column) > MOST_COLUMNS:
            return str((column[:4] + row[:8]).decode())
    return ""


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:4]:
        number = number * 26 + letter - 64
    return number


def _cell(value: Any) -> str:
    """A cell as a person would type it: whole numbers without a point, days as YYYY-MM-DD."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return "" if value is None else str(value)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["no detail"])[0][:120]
