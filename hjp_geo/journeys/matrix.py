"""Journeys that the user brings: a long table of minutes or seconds, as R5, OpenTripPlanner and others write it.

The file is read in pieces and only what can be used is kept, so that a national matrix fits in memory. A number that
stands for "no route" is never taken for a time.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from hjp_geo.errors import PlanError
from hjp_geo.journeys.shape import MODES, Journeys, check_cutoff, check_mode, cost_table, digest, no_snapping

__all__ = ["MatrixError", "TimeUnit", "matrix_journeys"]

TimeUnit: TypeAlias = Literal["minutes", "seconds", "hours"]
_Floats: TypeAlias = NDArray[np.float64]
_Positions: TypeAlias = NDArray[np.int64]

_TO_MINUTES = {"minutes": 1.0, "seconds": 1.0 / 60.0, "hours": 60.0}
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "area_code": (
        "area_code", "area", "from_id", "from", "fromid", "origin", "origin_id", "origin_code", "start", "source",
        "lsoa", "lsoa_code", "lsoa21cd", "lsoa21_code", "lsoa21", "o",
    ),
    "site_id": ("site_id", "site", "to_id", "to", "toid", "destination", "destination_id", "dest", "dest_id", "end",
                "target", "d"),
    "time": (
        "minutes", "seconds", "hours", "time", "travel_time", "traveltime", "duration", "travel_time_p50", "median",
        "travel_time_minutes", "travel_time_seconds", "time_minutes", "time_seconds", "duration_minutes",
        "duration_seconds", "mins", "secs", "duration_s", "time_s", "time_min", "travel_time_min", "travel_time_s",
    ),
}  # fmt: skip
_UNIT_IN_NAME = {
    "minutes": re.compile(r"(^|_)min(ute)?s?$"),
    "seconds": re.compile(r"(^|_)s(ec(ond)?s?)?$"),
    "hours": re.compile(r"(^|_)h(ou)?rs?$"),
}
_STAND_INS: dict[str, tuple[float, ...]] = {
    "minutes": (999.0, 9999.0),
    "hours": (99.0, 999.0, 9999.0),
    "seconds": (),
}
"""By unit: numbers that mean 'no route'. 9,999 seconds are 2 h 47 min and may be a time: not here."""
_LARGE = (99_999.0, 999_999.0, 9_999_999.0, 65_535.0, 32_767.0, 2_147_483_647.0, 4_294_967_295.0)
_WORDS = ("", "na", "n/a", "nan", "null", "none", "inf", "infinity", "-", "unreachable")
_MOST_ERRORS = 20
_MOST_PAIRS = 40_000_000
_BLOCK_BYTES = 8 << 20


class MatrixError(PlanError):
    """A matrix cannot be used as it is. ``errors`` names row, column, what was found and what was expected."""

    def __init__(self, message: str, errors: Collection[str] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


@dataclass
class _Found:
    """What a file held, so far."""

    rows: list[NDArray[np.int32]] = field(default_factory=list)
    columns: list[NDArray[np.int32]] = field(default_factory=list)
    minutes: list[_Floats] = field(default_factory=list)
    seen: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    """One bit for each pair of a known area and a known site."""
    longest: float = 0.0
    """The longest time in the file, in its own unit."""
    errors: list[str] = field(default_factory=list)
    more_errors: int = 0
    kept: int = 0
    read: int = 0
    unreachable: int = 0
    too_long: int = 0
    unknown_rows: int = 0
    unknown: dict[str, dict[str, None]] = field(default_factory=lambda: {"area_code": {}, "site_id": {}})

    def say(self, line: int, column: str, what: str) -> None:
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(f"row {line:,}, {column}: {what}")
        else:
            self.more_errors += 1


@dataclass(frozen=True)
class _Ask:
    """What the caller wants of a matrix."""

    areas: pd.Index[str]
    sites: pd.Index[str]
    unit: str
    cutoff_minutes: float | None
    stand_ins: tuple[float, ...]


def matrix_journeys(
    path: Path,
    areas: pd.Index[str],
    sites: pd.Index[str],
    *,
    unit: TimeUnit,
    mode: str = "public_transport",
    cutoff_minutes: float | None = None,
    unreachable: Collection[float] = (),
) -> Journeys:
    """The journeys of a CSV or Parquet file with one row a pair: area, site and time, under any usual heading.

    Parameters
    ----------
    areas, sites
        The codes that count. Rows of other codes are left out and counted in the notes.
    unit
        Of the times. It is asked, not guessed; a heading that says otherwise is an error.
    cutoff_minutes
        Journeys that take longer are left out (those that take exactly this are not).
    unreachable
        Further numbers that mean "no route". Blank, NA, infinite, -1, 999 and 9999 minutes and the largest whole
        numbers of a computer always do. In seconds, 9999 counts as unreachable too unless times above it exist.

    Raises MatrixError for a heading that is not understood, times that are no times, the same pair twice, or a file in
    which no pair is known. Nothing of a file with an error is used.
    """
    check_mode(mode)
    if unit not in get_args(TimeUnit):
        raise PlanError(
            f"unit is '{unit}'; expected one of {', '.join(get_args(TimeUnit))}. Ask whoever made the file."
        )
    if cutoff_minutes is not None:
        check_cutoff(cutoff_minutes)
    stand_ins = (-1.0, *_STAND_INS[unit], *_LARGE, *(float(number) for number in unreachable))
    ask = _Ask(areas.sort_values(), sites.sort_values(), unit, cutoff_minutes, stand_ins)
    path = Path(path)
    found = _Found()
    for batch in _batches(path, unit):
        _take(batch, ask, found)
    return _journeys(path, found, ask, mode)


def _journeys(path: Path, found: _Found, ask: _Ask, mode: str) -> Journeys:
    _refuse(path, found)
    rows, columns = (np.concatenate(parts) for parts in (found.rows, found.columns))
    minutes, suspects = _without_seconds_stand_in(np.concatenate(found.minutes), ask, found)
    usable = ~np.isnan(minutes)
    sha = _sha256(path)
    return Journeys(
        costs=cost_table(ask.areas, ask.sites, (rows[usable], columns[usable], minutes[usable])),
        mode=mode,
        how=f"Times {MODES[mode]} from the file {path.name} (SHA-256 {sha[:12]}…), brought by the user, in {ask.unit}.",
        made_from=digest(sha, ask.areas, ask.sites, ask.unit, ask.cutoff_minutes, sorted(set(ask.stand_ins)), mode),
        snapped=no_snapping(),
        cutoff_minutes=ask.cutoff_minutes,
        notes=_notes(found, ask, suspects, int(usable.sum()), len(np.unique(rows[usable]))),
    )


def _refuse(path: Path, found: _Found) -> None:
    if found.errors:
        count = len(found.errors) + found.more_errors
        raise MatrixError(
            f"{path.name}: {count:,} errors, and nothing of it was used. The first: {found.errors[0]}", found.errors
        )
    if found.read == 0:
        raise MatrixError(f"{path.name}: no rows after the heading. Is it the right file?")
    if found.unknown_rows == found.read:
        raise MatrixError(
            f"{path.name}: none of its {found.read:,} rows is between a known area and a known site. "
            f"{_unknown_words(found)} Check the vintage of the area codes, and that origins are areas."
        )


def _notes(found: _Found, ask: _Ask, suspects: int, kept: int, areas: int) -> tuple[str, ...]:
    said = [f"{found.read:,} rows read, {kept:,} journeys kept."]
    if found.unreachable:
        said.append(
            f"{found.unreachable:,} rows say that there is no route (blank, infinite or a number such as 9999)."
        )
    if suspects:
        said.append(f"{suspects:,} rows of exactly 9999 seconds were taken as no route: nothing in the file is longer.")
    if found.too_long and ask.cutoff_minutes is not None:
        said.append(f"{found.too_long:,} journeys take more than {ask.cutoff_minutes:g} minutes and were left out.")
    if found.unknown_rows:
        said.append(f"{found.unknown_rows:,} rows were left out. {_unknown_words(found)}")
    if areas < len(ask.areas):
        said.append(f"{len(ask.areas) - areas:,} of {len(ask.areas):,} areas have no journey in the file.")
    return tuple(said)


def _unknown_words(found: _Found) -> str:
    words = []
    for column, codes in found.unknown.items():
        if codes:
            examples = ", ".join(list(codes)[:5])
            more = "or more " if len(codes) >= _MOST_UNKNOWN else ""
            words.append(f"{len(codes):,} {more}unknown {column}: {examples}.")
    return " ".join(words)


_MOST_UNKNOWN = 100_000


# one piece of the file ------------------------------------------------------------------------------------------------


def _take(batch: pd.DataFrame, ask: _Ask, found: _Found) -> None:
    """Add what a piece of the file holds to what was found."""
    lines = found.read + 2 + np.arange(len(batch))
    found.read += len(batch)
    rows = _known(batch["area_code"], ask.areas, "area_code", found)
    columns = _known(batch["site_id"], ask.sites, "site_id", found)
    known = (rows >= 0) & (columns >= 0)
    found.unknown_rows += int((~known).sum())
    rows, columns, lines = rows[known], columns[known], lines[known]
    _note_repeats(rows, columns, lines, ask, found)
    times = _times(batch["time"][known], lines, found)
    times[np.isin(times, ask.stand_ins)] = np.nan
    for at in np.flatnonzero(times < 0):
        found.say(int(lines[at]), "time", f"{times[at]:g} is below 0; expected 0 or more, or -1 for no route.")
    no_route = np.isnan(times)
    found.unreachable += int(no_route.sum())
    found.longest = max(found.longest, float(np.max(times, initial=0.0, where=~no_route)))
    _keep(rows, columns, np.round(times * _TO_MINUTES[ask.unit], 9), ask, found)


def _keep(rows: _Positions, columns: _Positions, minutes: _Floats, ask: _Ask, found: _Found) -> None:
    """Keep the journeys that can be made within the cutoff."""
    limit = np.inf if ask.cutoff_minutes is None else ask.cutoff_minutes
    kept = minutes <= limit
    found.too_long += int((minutes > limit).sum())
    found.rows.append(rows[kept].astype(np.int32))
    found.columns.append(columns[kept].astype(np.int32))
    found.minutes.append(minutes[kept])
    found.kept += int(kept.sum())
    if found.kept > _MOST_PAIRS:
        raise MatrixError(
            f"More than {_MOST_PAIRS:,} journeys: more than this machine should hold. Give cutoff_minutes, such as 90."
        )


def _note_repeats(rows: _Positions, columns: _Positions, lines: _Positions, ask: _Ask, found: _Found) -> None:
    """Say which pairs were given before, in this piece of the file or in an earlier one."""
    if not len(found.seen):
        found.seen = np.zeros(len(ask.areas) * len(ask.sites) // 8 + 1, dtype=np.uint8)
    pair = rows * len(ask.sites) + columns
    order = np.argsort(pair, kind="stable")
    repeated = np.zeros(len(pair), dtype=np.bool_)
    repeated[order[1:]] = np.diff(pair[order]) == 0
    bit = np.left_shift(np.uint8(1), (pair & 7).astype(np.uint8))
    repeated |= (found.seen[pair >> 3] & bit) > 0
    np.bitwise_or.at(found.seen, pair >> 3, bit)
    where = np.flatnonzero(repeated)
    for at in where[: _MOST_ERRORS + 1]:
        found.say(
            int(lines[at]),
            "area and site",
            f"{ask.areas[rows[at]]} to {ask.sites[columns[at]]} was given before. Expected one row a pair: keep one "
            f"departure time and one percentile.",
        )
    found.more_errors += max(0, len(where) - _MOST_ERRORS - 1)


def _known(codes: pd.Series[str], known: pd.Index[str], column: str, found: _Found) -> NDArray[np.int64]:
    """The position of each code among the known ones, -1 where it is none; the unknown are remembered."""
    numbers, distinct = pd.factorize(codes, use_na_sentinel=False)
    names = pd.Index(distinct).astype("str").str.strip()
    places = known.get_indexer(names)
    unknown = found.unknown[column]
    if len(unknown) < _MOST_UNKNOWN:
        strange = names[places < 0].fillna("")
        unknown.update(dict.fromkeys(f"{name:.40}" for name in strange.where(strange != "", "(blank)")))
    return places[numbers].astype(np.int64)


def _times(column: pd.Series[str], lines: _Positions, found: _Found) -> _Floats:
    """The times as numbers, missing where they say that there is no route."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    else:
        text = column.astype("str").str.strip()
        blank = (text.isna() | text.str.casefold().isin(_WORDS)).to_numpy(dtype=np.bool_)
        numbers = pd.to_numeric(text.where(~blank), errors="coerce")
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        wrong = np.flatnonzero(~blank & np.isnan(values))
        for at in wrong[: _MOST_ERRORS + 1]:
            what = f"'{text.iloc[at]:.40}' is no number. Expected a time such as 23.5, or nothing for no route."
            found.say(int(lines[at]), "time", what)
        found.more_errors += max(0, len(wrong) - _MOST_ERRORS - 1)
    values[np.isinf(values)] = np.nan
    return values


def _without_seconds_stand_in(minutes: _Floats, ask: _Ask, found: _Found) -> tuple[_Floats, int]:
    """9999 seconds may be a time; where nothing in the file is longer it stands for 'no route'."""
    if ask.unit != "seconds" or found.longest != _STAND_IN_SECONDS:
        return minutes, 0
    at = minutes == np.round(_STAND_IN_SECONDS * _TO_MINUTES["seconds"], 9)
    return np.where(at, np.nan, minutes), int(at.sum())


_STAND_IN_SECONDS = 9999.0


# reading --------------------------------------------------------------------------------------------------------------


def _batches(path: Path, unit: str) -> Iterator[pd.DataFrame]:
    """The file in pieces, with the columns area_code, site_id and time."""
    if not path.is_file():
        raise MatrixError(f"{path} is not there. Name a CSV or Parquet file.")
    parquet = path.suffix.casefold() in (".parquet", ".pq")
    try:
        yield from _parquet_batches(path, unit) if parquet else _csv_batches(path, unit)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise MatrixError(f"{path.name} cannot be read as {'Parquet' if parquet else 'CSV'}: {first:.200}") from error
    except OSError as error:
        raise MatrixError(f"{path.name} cannot be read: {error}") from error


def _parquet_batches(path: Path, unit: str) -> Iterator[pd.DataFrame]:
    file = pa_parquet.ParquetFile(path)
    names = _columns_of(path, list(file.schema_arrow.names), unit)
    for batch in file.iter_batches(batch_size=1_000_000, columns=list(names)):
        yield batch.to_pandas().rename(columns=names)


def _csv_batches(path: Path, unit: str) -> Iterator[pd.DataFrame]:
    header, delimiter, encoding = _heading(path)
    names = _columns_of(path, header, unit)
    stream = pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(block_size=_BLOCK_BYTES, encoding=encoding),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter),
        convert_options=pa_csv.ConvertOptions(
            include_columns=list(names), column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    with stream:
        for batch in stream:
            yield batch.to_pandas().rename(columns=names)


def _heading(path: Path) -> tuple[list[str], str, str]:
    """The names in the first line, what stands between them, and how the file is written."""
    with path.open("rb") as file:
        first = file.readline(1 << 16)
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise MatrixError(f"{path.name} is written in UTF-16. Save it as CSV UTF-8.")
    try:
        text, encoding = first.decode("utf-8-sig"), "utf8"
    except UnicodeDecodeError:
        text, encoding = first.decode("cp1252", errors="replace"), "cp1252"
    delimiter = max(",;\t|", key=text.count)
    header = next(csv.reader([text], delimiter=delimiter), [])
    if not header:
        raise MatrixError(f"{path.name} is empty. Expected a heading and a row a pair.")
    return header, delimiter, encoding


def _columns_of(path: Path, header: list[str], unit: str) -> dict[str, str]:
    """Heading → our name, for the three columns that are used."""
    tidy = {name: re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") for name in header}
    chosen: dict[str, str] = {}
    for ours, synonyms in _SYNONYMS.items():
        matching = [name for name in header if tidy[name] in synonyms]
        if len(matching) != 1:
            found = ", ".join(f"{name:.40}" for name in header[:12]) or "(nothing)"
            problem = f"no column for {ours}" if not matching else f"several columns for {ours}: {', '.join(matching)}"
            raise MatrixError(
                f"{path.name}: {problem}. Found the headings {found}. Expected one each of area_code (or from_id, "
                f"origin), site_id (or to_id, destination) and minutes (or travel_time, travel_time_p50, duration)."
            )
        chosen[matching[0]] = ours
    _refuse_other_unit(path, next(name for name, ours in chosen.items() if ours == "time"), unit, tidy)
    return chosen


def _refuse_other_unit(path: Path, name: str, unit: str, tidy: dict[str, str]) -> None:
    for said, pattern in _UNIT_IN_NAME.items():
        if said != unit and pattern.search(tidy[name]):
            raise MatrixError(f"{path.name}: the column {name} says {said}, but the unit given is {unit}. Which is it?")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
