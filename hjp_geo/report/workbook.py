"""The tables of a report as one workbook: typed cells, a sheet of notes and one of fields. No cell is a formula."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from hjp_geo.areas import Table
from hjp_geo.report.numbers import numbers_table
from hjp_geo.report.parts import Column, DataTable, Kind, Report, sheet_name

__all__ = ["book_of", "write_workbook"]

_FORMATS: Mapping[Kind, str] = {
    "count": "#,##0",
    "rank": "#,##0",
    "number": "#,##0.0##",
    "index": "0.00",
    "percent": "0.0",
    "share": "0.0%",
}
_MOST_WIDTH, _MOST_CELL = 60, 32_000
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
    "nan_inf_to_errors": False,
}


def write_workbook(report: Report, path: Path) -> None:
    """Write every table of a report, its notes, its fields and its numbers as an .xlsx file."""
    sheets = [(sheet_name(one), one.frame, one.columns) for one in report.tables.values()]
    numbers = numbers_table(report)
    sheets.append(("Numbers", numbers, {name: Column(name.capitalize()) for name in numbers.columns}))
    book_of(_notes(report), _fields(report.tables.values()), sheets, path, report.date)


def _notes(report: Report) -> list[tuple[str, str]]:
    lines = [("Title", report.title), ("Date", report.date)]
    if report.made_up:
        lines.append(("Warning", "MADE-UP DATA: no figure here is about a real place."))
    lines += [
        ("Empty cells", "An empty cell is not known. It is neither nought nor nothing."),
        ("Made with", f"hjp-geo {report.run['hjp_geo']}, warehouse built {report.run['built']}"),
        ("Build", str(report.run["build"])),
    ]
    for one in report.tables.values():
        about = " ".join(filter(None, (one.title + ".", one.made_by, one.note)))
        lines.append((sheet_name(one), f"{about} Made from: {', '.join(one.sources) or 'the plan'}."))
    return [*lines, *(("Credit", line) for line in report.attribution)]


def _fields(tables: Iterable[DataTable]) -> Table:
    rows = [
        {"sheet": sheet_name(one), "column": name, "heading": column.label, "kind": column.kind}
        for one in tables
        for name, column in one.columns.items()
    ]
    return pd.DataFrame(rows, columns=["sheet", "column", "heading", "kind"])


def book_of(
    notes: Iterable[tuple[str, str]],
    fields: Table,
    sheets: Iterable[tuple[str, Table, Mapping[str, Column]]],
    path: Path,
    date: str,
) -> None:
    """Write notes, fields and sheets as a workbook; the same tables give the same bytes."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        day = dt.datetime.fromisoformat(date)
        book.set_properties({"title": "hjp-geo", "author": "hjp-geo", "created": day, "comments": ""})
        formats: dict[str, Any] = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        formats["head"] = book.add_format({"bold": True, "bg_color": "#E8EEF6", "text_wrap": True, "valign": "top"})
        formats["wrap"] = book.add_format({"text_wrap": True, "valign": "top"})
        _write_notes(book.add_worksheet("Read me"), notes, formats)
        _write_sheet(book.add_worksheet("Fields"), fields, {n: Column(n.capitalize()) for n in fields.columns}, formats)
        for name, frame, columns in sheets:
            _write_sheet(book.add_worksheet(name), frame, columns, formats)
    path.write_bytes(out.getvalue())


def _write_notes(sheet: Any, notes: Iterable[tuple[str, str]], formats: Mapping[str, Any]) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 110, formats["wrap"])
    for at, (what, text) in enumerate(notes):
        sheet.write_string(at, 0, what)
        sheet.write_string(at, 1, text[:_MOST_CELL])


def _write_sheet(sheet: Any, frame: Table, columns: Mapping[str, Column], formats: Mapping[str, Any]) -> None:
    """Two rows of heading, the words and the name of the column; then typed cells, empty where nothing is known."""
    keyed = frame.index.name is not None or frame.index.dtype.kind not in "iu"
    first = 1 if keyed else 0
    if keyed:
        sheet.write_string(0, 0, "Row", formats["head"])
        sheet.write_string(1, 0, "row", formats["head"])
        _write_column(sheet, 0, frame.index.to_series(), Column("Row"), formats)
    for at, (name, column) in enumerate(columns.items(), start=first):
        sheet.write_string(0, at, column.label, formats["head"])
        sheet.write_string(1, at, name, formats["head"])
        _write_column(sheet, at, frame[name], column, formats)
    sheet.freeze_panes(2, 1)
    if len(frame) and len(columns):
        sheet.autofilter(1, 0, len(frame) + 1, len(columns) + first - 1)


def _write_column(sheet: Any, at: int, values: pd.Series[Any], column: Column, formats: Mapping[str, Any]) -> None:
    longest = max([len(column.label) * 0.8, *(len(str(value)) for value in values.head(200))])
    sheet.set_column(at, at, min(max(longest + 2, 8), _MOST_WIDTH))
    for row, value in enumerate(values.to_list(), start=2):
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            continue
        if isinstance(value, (bool, np.bool_)):
            sheet.write_boolean(row, at, bool(value))
        elif isinstance(value, (int, float, np.integer, np.floating)) and np.isfinite(value):
            sheet.write_number(row, at, float(value), formats.get(column.kind))
        else:
            sheet.write_string(row, at, str(value)[:_MOST_CELL])
