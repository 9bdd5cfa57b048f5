"""Data quality: what a build read, what does not join, what looks wrong, what is old. Kept with the warehouse.

Two kinds of check. Every column is held to what its name says (a share is 0 to 1, a code has its shape, an easting is
in Britain); and ``layers/`` declares checks with `@check`, functions that name the tables they read and give findings.
A finding never changes a number: it says what a person should look at, and what it touches.
"""

from __future__ import annotations

import calendar
import datetime as dt
import inspect
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from hjp_geo.areas import Table

__all__ = [
    "KINDS",
    "LAST",
    "Check",
    "Finding",
    "age_finding",
    "check",
    "check_ranges",
    "findings_table",
    "months_between",
    "quality_lines",
    "release_date",
    "run_check",
    "unmatched",
]

Kind = Literal["read", "does_not_join", "looks_wrong", "out_of_date"]
KINDS: Mapping[str, str] = {
    "read": "Read",
    "does_not_join": "Does not join",
    "looks_wrong": "Looks wrong",
    "out_of_date": "Out of date, or undated",
}
"""The kinds of finding, in the order of the report."""

LAST = "last_"
"""Before the name of a table: that table as the last build had it. None where it is the same, or there is none."""

_MOST_EXAMPLES = 5
_OLD_MONTHS, _AGEING_MONTHS = 36, 18
_MONTHS = tuple(calendar.month_name[number].casefold() for number in range(1, 13))


@dataclass(frozen=True)
class Finding:
    """One line of the report: of ``of`` rows of a table, ``rows`` are what ``what`` says; ``people`` they stand for."""

    kind: Kind
    table: str
    what: str
    rows: float
    of: float = np.nan
    people: float = np.nan
    examples: tuple[str, ...] = ()

    @property
    def look(self) -> bool:
        """Whether a person should look at it."""
        return self.kind != "read" and self.rows > 0


@dataclass(frozen=True)
class Check:
    """A declared check: the tables it reads, and the function that gives its findings."""

    name: str
    inputs: tuple[str, ...]
    optional: frozenset[str]
    function: Callable[..., Iterable[Finding]] = field(repr=False)
    doc: str = field(repr=False, default="")


def check(function: Callable[..., Iterable[Finding]]) -> Check:
    """Declare a check; the function's parameters name the tables it reads.

    A parameter with a default may be absent. One that begins with ``last_`` is the table of the last build.
    """
    parameters = inspect.signature(function).parameters
    optional = frozenset(name for name, one in parameters.items() if one.default is not one.empty)
    return Check(function.__name__, tuple(parameters), optional, function, inspect.getdoc(function) or "")


def run_check(
    one: Check, tables: Mapping[str, Table], last: Callable[[str], Table | None] = lambda _name: None
) -> list[Finding]:
    """The findings of a check; none where a table that it needs is not there."""
    given = {name: tables[name] for name in one.inputs if name in tables}
    for name in one.inputs:
        if name.startswith(LAST) and (before := last(name.removeprefix(LAST))) is not None:
            given[name] = before
    if any(name not in given and name not in one.optional for name in one.inputs):
        return []
    return list(one.function(**given))


def unmatched(
    table: str,
    what: str,
    left: pd.Series[str],
    right: pd.Series[str],
    people: pd.Series[float] | None = None,
) -> Finding:
    """The different codes of ``left`` that ``right`` does not have; missing codes are left aside.

    ``people`` (aligned with ``left``) adds up those of the rows concerned.
    """
    known = right[right.isin(left.dropna().unique())].unique()  # a few against many is fast, many against few is not
    stranger = left.notna() & ~left.isin(known)
    codes = left[stranger].drop_duplicates().sort_values()
    touched = np.nan if people is None else float(people[stranger].sum())
    return Finding(
        "does_not_join", table, what, len(codes), left.nunique(), touched, tuple(map(str, codes[:_MOST_EXAMPLES]))
    )


# ranges -------------------------------------------------------------------------------------------------------------

_NUMBERS: tuple[tuple[str, float, float, str], ...] = (
    (r"(.+_)?easting", 0, 700_000, "metres of the British National Grid"),
    (r"(.+_)?northing", 0, 1_300_000, "metres of the British National Grid"),
    (r"(.+_)?latitude", 49, 61, "degrees in the United Kingdom"),
    (r"(.+_)?longitude", -9, 2.1, "degrees in the United Kingdom"),
    (r".+_(rate|share)|share_.+", 0, 1, "a share, 0 to 1"),
    (r".+_pct", 0, 100, "per cent, 0 to 100"),
    (r".+_decile", 1, 10, "a decile, 1 to 10"),
    (r"(.+_)?(patients|register|list_size|population|residents|registered|households|count)", 0, np.inf, "0 or more"),
)
_UNITS: tuple[tuple[str, float, float, str], ...] = (
    (r"%.*", 0, 100, "per cent, 0 to 100"),
    (r"decile.*", 1, 10, "a decile, 1 to 10"),
    (r"people.*", 0, np.inf, "0 or more"),
)
_RANK_NAME, _RANK_UNIT = r".+_rank", r"rank.*"
_CODES: Mapping[str, str] = {
    r"lsoa\d\d_code": r"[EW]01\d{6}",
    r"msoa\d\d_code": r"[EW]02\d{6}",
    r"icb\d\d_code": r"E54\d{6}",
    r"sicbl\d\d_code": r"E38\d{6}",
    r"lad\d\d_code": r"(E0[6-9]|W06)\d{6}",
}


def check_ranges(name: str, table: Table, units: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Hold each column to what its name (or its unit, for layers) says; a finding for each that holds strangers.

    Missing values are no strangers: a table's notes and a layer's count of missing areas tell of them.
    """
    for column in table.columns:
        if column == "geometry":
            continue
        values, unit = table[column], (units or {}).get(str(column), "")
        allowed = _allowed(str(column), unit, len(table))
        if allowed and pd.api.types.is_numeric_dtype(values):
            low, high, meaning = allowed
            outside = values.notna() & ((values < low) | (values > high))
            yield from _strangers(name, str(column), values[outside], len(values), meaning)
        elif shape := _matching(_CODES, str(column)):
            text = values.astype("str")
            wrong = values.notna() & ~text.str.fullmatch(shape)
            yield from _strangers(name, str(column), values[wrong], len(values), f"a code such as {shape}")


def _allowed(column: str, unit: str, rows: int) -> tuple[float, float, str] | None:
    if re.fullmatch(_RANK_NAME, column) or (unit and re.fullmatch(_RANK_UNIT, unit)):
        return 1, rows, f"a rank, 1 to {rows:,}"
    for pattern, low, high, meaning in _NUMBERS:
        if re.fullmatch(pattern, column):
            return low, high, meaning
    for pattern, low, high, meaning in _UNITS if unit else ():
        if re.fullmatch(pattern, unit):
            return low, high, meaning
    return None


def _matching(patterns: Mapping[str, str], column: str) -> str | None:
    return next((shape for pattern, shape in patterns.items() if re.fullmatch(pattern, column)), None)


def _strangers(name: str, column: str, found: pd.Series[float], rows: int, meaning: str) -> Iterator[Finding]:
    if len(found):
        examples = tuple(f"{value:g}" if isinstance(value, float) else str(value)[:40] for value in found.head(5))
        yield Finding("looks_wrong", name, f"{column} is not {meaning}", len(found), rows, examples=examples)


# age ----------------------------------------------------------------------------------------------------------------


def release_date(text: str) -> dt.date | None:
    """The end of the period that a release's name states; None where it states none.

    >>> release_date("2024-25"), release_date("2025-11"), release_date("July 2022"), release_date("current")
    (datetime.date(2025, 3, 31), datetime.date(2025, 11, 1), datetime.date(2022, 7, 1), None)
    """
    if match := re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", text.strip()):
        year, second, day = int(match[1]), int(match[2]), int(match[3] or 1)
        if match[3] is None and second == (year + 1) % 100:
            return dt.date(year + 1, 3, 31)
        return _date(year, second, day)
    if (match := re.fullmatch(r"([A-Za-z]+) (\d{4})", text.strip())) and match[1].casefold() in _MONTHS:
        return _date(int(match[2]), _MONTHS.index(match[1].casefold()) + 1, 1)
    return None


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def months_between(earlier: dt.date, later: dt.date) -> int:
    """Whole months from one day to another; below 0 where the first is the later one."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months - (later.day < earlier.day)


def age_finding(name: str, release: str, today: dt.date) -> Finding | None:
    """What to say of a source's age: over three years is old, over 18 months ageing; nothing where it has no date."""
    date = release_date(release)
    months = None if date is None else months_between(date, today)
    if months is None or months <= _AGEING_MONTHS:
        return None
    word = "old" if months > _OLD_MONTHS else "ageing"
    return Finding("out_of_date", name, f"{word}: its release {release} is {months} months old", 1, 1)


# the report ---------------------------------------------------------------------------------------------------------


def findings_table(findings: Iterable[Finding]) -> Table:
    """Findings as rows, in the order of the report: kind, table_name, what, rows, of_rows, people, examples, look."""
    order = list(KINDS)
    ordered = sorted(findings, key=lambda one: (order.index(one.kind), not one.look, one.table))
    rows = [
        {
            "kind": one.kind,
            "table_name": one.table,
            "what": one.what,
            "rows": float(one.rows),
            "of_rows": float(one.of),
            "people": float(one.people),
            "examples": "; ".join(one.examples),
            "look": one.look,
        }
        for one in ordered
    ]
    columns = ["kind", "table_name", "what", "rows", "of_rows", "people", "examples", "look"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"rows": "float64", "of_rows": "float64", "people": "float64", "look": "bool"}
    )


def quality_lines(table: Table, *, only: Literal["look", "all"] = "look") -> list[str]:
    """The report in words: one line a finding under its kind; ``look`` leaves out what is as it should be."""
    lines = []
    for kind, title in KINDS.items():
        rows = table[(table["kind"] == kind) & (table["look"] | (only == "all"))]
        if not rows.empty:
            lines += [f"{title}:", *(f"    {_line(row)}" for row in rows.to_dict("records"))]
    if not table["look"].any():
        lines.append("Every check passed.")
    return lines


def _line(row: Mapping[Hashable, Any]) -> str:
    counted = f"{row['rows']:,.0f}" + (f" of {row['of_rows']:,.0f}" if pd.notna(row["of_rows"]) else "")
    people = f", {row['people']:,.0f} people" if pd.notna(row["people"]) else ""
    examples = f" (such as {row['examples']})" if row["examples"] and row["look"] else ""
    return f"{row['table_name']}: {row['what']}: {counted}{people}{examples}"
