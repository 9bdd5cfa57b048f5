"""What a report is made of, before any format: sections of sentences, tables and figures.

A number is never typed into a sentence: it is a cell of a table of the data pack, and remembers which. That is what
lets a reader, or a test, follow it back to the file that its table was made from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.maps import MapContent

__all__ = [
    "BarChart",
    "Block",
    "Bullets",
    "Column",
    "DataTable",
    "Figure",
    "Kind",
    "Number",
    "Paragraph",
    "Report",
    "Section",
    "Sentence",
    "TableBlock",
    "in_words",
    "sheet_name",
]

Kind: TypeAlias = Literal["text", "count", "number", "percent", "share", "rank", "index", "yes_no"]
"""What a column holds. A percent is 0 to 100, a share 0 to 1; an index is printed with two decimals."""


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what it holds, and whether the document shows it beside the data pack."""

    label: str
    kind: Kind = "text"
    shown: bool = True
    meaning: str = ""
    """For the list of fields; the label where empty."""


@dataclass(frozen=True, eq=False)
class DataTable:
    """One table of the data pack: rows by key, typed columns, and the sources that it was made from."""

    key: str
    """``T1`` and so on, in the order in which the report comes to them."""
    name: str
    title: str
    frame: Table
    """Indexed by the key of the row, which is text; one column for each of ``columns``."""
    columns: Mapping[str, Column]
    sources: tuple[str, ...]
    note: str = ""
    made_by: str = ""
    """How the figures were worked out, in a sentence."""

    def at(self, row: str, column: str) -> Number:
        """One cell as a number of a sentence; it prints as the table prints it."""
        value = self.frame.at[row, column]
        text = in_words(value, self.columns[column].kind)
        return Number(text, self.key, str(row), column, None if _is_missing(value) else value)

    def value(self, row: str, column: str) -> float:
        """One cell as a plain number; NaN where it is missing."""
        value: Any = self.frame.at[row, column]
        return math.nan if _is_missing(value) else float(value)

    def text(self, row: str, column: str) -> str:
        """One cell as text."""
        return str(self.frame.at[row, column])

    def count(self) -> Number:
        """How many rows there are, as a number of a sentence."""
        return Number(f"{len(self.frame):,}", self.key, "", "rows", len(self.frame))


@dataclass(frozen=True)
class Number:
    """A figure as it is printed, and the cell of the data pack that it is."""

    text: str
    table: str
    row: str
    column: str
    value: Any = None


@dataclass(frozen=True)
class Sentence:
    """A sentence with its figures in place, and where each of them stands in the data pack."""

    text: str
    numbers: tuple[Number, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that its figures come from, each once."""
        return tuple(dict.fromkeys(number.table for number in self.numbers))


@dataclass(frozen=True)
class Paragraph:
    """Sentences that stand together. A ``note`` is something the reader must not miss."""

    sentences: tuple[Sentence, ...]
    style: Literal["plain", "note", "heading"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """Sentences one below the other."""

    items: tuple[Sentence, ...]


@dataclass(frozen=True)
class TableBlock:
    """A table of the data pack shown in the document: its first rows, and how many there are."""

    table: DataTable
    most_rows: int = 15


@dataclass(frozen=True, eq=False)
class BarChart:
    """One bar a row, a marker for what it is compared with, a line for the range."""

    labels: tuple[str, ...]
    values: tuple[float, ...]
    unit: str
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    beside: tuple[float, ...] = ()
    beside_label: str = ""
    range_label: str = ""
    family: str = "need"


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture, its words for who cannot see it, and the table behind it."""

    key: str
    title: str
    alt: str
    table: str
    """The key of the table that holds its figures."""
    drawing: MapContent | BarChart


Block: TypeAlias = Paragraph | Bullets | TableBlock | Figure


@dataclass(frozen=True)
class Section:
    """One part of the report under its heading."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """A gap analysis as data: every writer prints the same sections, tables and figures."""

    title: str
    place: str
    date: str
    made_up: bool
    summary: Section
    sections: tuple[Section, ...]
    tables: Mapping[str, DataTable]
    attribution: tuple[str, ...]
    run: Mapping[str, Any]
    """The run file: plan, sketches, releases, version, seed. It makes the same report again."""
    maps: tuple[MapContent, ...] = field(default=(), repr=False)
    """The layers of the standalone map."""

    @property
    def all_sections(self) -> tuple[Section, ...]:
        """The summary, then the others."""
        return (self.summary, *self.sections)

    @property
    def source_marks(self) -> dict[str, str]:
        """Source → its mark, S1 and so on, in the order of the table of sources."""
        used = sorted({name for table in self.tables.values() for name in table.sources})
        return {name: f"S{number}" for number, name in enumerate(used, start=1)}

    def made_from(self, table: DataTable) -> str:
        """The sources of a table by their marks; what has none is made from the plan alone."""
        return ", ".join(self.source_marks[name] for name in table.sources) or "the plan"


def sheet_name(table: DataTable) -> str:
    """What a table is called as a sheet or a file: short, and with no sign that a spreadsheet refuses."""
    return f"{table.key}_{table.name}"[:31]


def in_words(value: Any, kind: Kind) -> str:
    """A value as it is printed. A missing one says so: it is neither nought nor nothing."""
    if _is_missing(value):
        return "not known"
    if kind == "yes_no":
        return "yes" if value else "no"
    if kind in ("count", "rank"):
        return f"{float(value):,.0f}"
    if kind in ("percent", "share"):
        return f"{(100 if kind == 'share' else 1) * float(value):,.1f} %"
    if kind == "index":
        return f"{float(value):+.2f}"
    if kind == "number":
        return f"{float(value):,.0f}" if abs(float(value)) >= _WHOLE else _one_decimal(float(value))
    return str(value)


_SMALL, _WHOLE = 0.05, 1_000
"""Under the first two decimals would be nought; from the second on a decimal says nothing."""


def _one_decimal(value: float) -> str:
    """One decimal, two below 1; two significant digits where that would be nought."""
    if value == 0:
        return "0"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2f}" if abs(value) >= _SMALL else f"{value:.2g}"


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, (float, np.floating)) and math.isnan(value))
