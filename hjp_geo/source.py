"""Sources: one published dataset each, fetched whole, hashed, checked, recorded, and read into a tidy table.

`@source` turns a reader (path in, table out) into a `Source`. `fetch` finds its release, writes the bytes beside the
old ones, reads and checks them, and only then moves them into place and records them: a failure leaves the last good
release in use. What is in use is recorded in the cache folder: see `record`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hjp_geo.areas import Table
from hjp_geo.discovery import Discovery, Found
from hjp_geo.errors import HjpError, PlanError, SchemaError, SourceError
from hjp_geo.locking import locked
from hjp_geo.record import Release, record, releases
from hjp_geo.upstream import Progress, Upstream, quiet, unfinished
from hjp_geo.zipped import check_workbook

__all__ = ["OGL3", "Release", "Source", "demand_ranges", "fetch", "fetch_found", "read_release", "releases", "source"]

OGL3 = "Open Government Licence v3.0"
_LEFT_SECONDS = 24 * 3600
_MOST_READ_BYTES = 600_000_000
_MOST_WORKBOOK_BYTES = 600_000_000
_MOST_SHEET_CELLS = 20_000_000
_USED_INSTEAD = "used "
_LATER = "Fetch it again later; if it stays so, see docs/add-a-data-source.md#layout-changes."
_UNSAID = (
    "other bytes came than are held, and nothing its publisher says tells that they changed: one of the two copies may "
    "be damaged. The next fetch asks for the whole again; `hjp-geo diff --source` shows the rows that differ."
)
_MOST_LOST, _MANY_ROWS = 0.1, 50
"""What a list may lose from one release to the next: a share of its rows, or fewer rows than that."""
_ONE_TABLE_AT_A_TIME = threading.Lock()  # however many files arrive at once: memory is that of the largest table


@dataclass(frozen=True)
class Source:
    """One published dataset: who publishes it, how to find it, how to read it, and what its table must hold."""

    name: str
    title: str
    publisher: str
    licence: str
    attribution: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    discover: Discovery
    read: Callable[[Path], Table]
    doc: str
    expected_rows: int | None = None
    least_rows: int = 1
    optional: bool = False
    """Whether everything can be built without it, only less well."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Column → the least and the most that it may hold. A file outside them is refused."""


def source(
    *,
    title: str,
    publisher: str,
    licence: str,
    attribution: str,
    key: str | tuple[str, ...],
    columns: Mapping[str, str],
    discover: Discovery,
    expected_rows: int | None = None,
    least_rows: int = 1,
    optional: bool = False,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Callable[[Callable[[Path], Table]], Source]:
    """Declare a published dataset; the decorated function reads its file into a tidy table.

    ``columns`` gives each column its meaning and unit; ``key`` names the columns that identify a row;
    ``expected_rows`` is the publisher's known total (None where it moves), ``least_rows`` the least that can be right.
    An ``optional`` source may be absent: tables read it by a parameter whose default stands in for it.
    """

    def declare(read: Callable[[Path], Table]) -> Source:
        keys = (key,) if isinstance(key, str) else key
        return Source(
            name=read.__name__,
            title=title,
            publisher=publisher,
            licence=licence,
            attribution=attribution,
            key=keys,
            columns=columns,
            discover=discover,
            read=read,
            doc=inspect.getdoc(read) or "",
            expected_rows=expected_rows,
            least_rows=least_rows,
            optional=optional,
            ranges=ranges or {},
        )

    return declare


def fetch(one: Source, cache: Path, upstream: Upstream, progress: Progress = quiet) -> Release:
    """Bring one source up to date in the cache folder and return the release now in use.

    Without the network it is the release held, if its file is whole. Raises `SourceError` or `SchemaError`; the
    release held before then stays in use.
    """
    if upstream.is_offline:
        return held_whole(one, cache)
    with understood(one.name):
        candidates = one.discover(upstream)
    return fetch_found(one, candidates, cache, upstream, progress)


def fetch_found(
    one: Source, candidates: Sequence[Found], cache: Path, upstream: Upstream, progress: Progress = quiet
) -> Release:
    """The same with the first of the candidates, best first, that can be had.

    Only one process at a time fetches a source into a cache folder; another one waits.
    """
    with locked(cache, one.name, waiting=lambda: progress(0, None, "waiting for another hjp-geo")):
        held = releases(cache).get(one.name)
        problems: list[str] = []
        for found in candidates:
            try:
                with understood(one.name):
                    release = _fetch_one(one, found, cache, upstream, held, progress)
            except SourceError as error:
                problems.append(str(error).removeprefix(f"{one.name}: "))
                if held is not None and held.release == found.release:
                    break  # what is held is better than any candidate after it
                continue
            if problems:
                said = f"{release.release}, because a better release could not be had: {' '.join(problems)}"
                release = replace(release, warnings=(*release.warnings, f"{_USED_INSTEAD}{said}"))
            record(cache, release)
            return release
    raise SourceError(f"{one.name}: " + " ".join(problems))


def held_whole(one: Source, cache: Path) -> Release:
    """The release in use, its file being here and whole; `SourceError` where it is not."""
    held = releases(cache).get(one.name)
    if held is None:
        raise SourceError(
            f"{one.name} has not been fetched into {cache}, and the network is not used (--offline). Fetch it where "
            "there is a network, or give a file with --from-file."
        )
    if not is_whole(held, cache):
        raise SourceError(
            f"{one.name}: {cache / 'raw' / held.file} is gone or has changed, and the network is not used (--offline). "
            f"Run `hjp-geo fetch {one.name}` where there is a network."
        )
    return held


def is_whole(release: Release, cache: Path) -> bool:
    """Whether the bytes of a release are here as they were published."""
    path = cache / "raw" / release.file
    return path.is_file() and sha256(path) == release.sha256


def read_release(one: Source, release: Release, cache: Path, expected: Mapping[str, int] | None = None) -> Table:
    """The checked table of a release that is held here.

    Raises `SchemaError` where the file is gone, has changed since it was fetched, or does not hold what the source
    declares. ``expected`` overrides known row totals (a made-up mirror has its own).
    """
    path = cache / "raw" / release.file
    if not is_whole(release, cache):
        state = "has changed since it was fetched" if path.is_file() else "is gone"
        raise SchemaError(f"{one.name}: {path} {state}. Run `hjp-geo fetch {one.name}` to get it again.")
    return read_checked(one, path, expected or {})


def read_checked(one: Source, path: Path, expected: Mapping[str, int]) -> Table:
    """Read a file and hold it to what the source declares; `SchemaError` names file, column and what to do."""
    _check_fits_into_memory(one, path)
    try:
        table = one.read(path)
    except HjpError as error:
        if str(error).startswith(f"{one.name}: "):
            raise
        raise type(error)(f"{one.name}: {error}") from error
    except UnicodeError as error:
        raise SchemaError(
            f"{one.name}: {path.name} has bytes that are no text ({error}). The file is damaged. {_LATER}"
        ) from error
    except Exception as error:
        detail = (str(error).splitlines() or ["no detail"])[0]
        raise SchemaError(
            f"{one.name}: {path.name} cannot be read ({type(error).__name__}: {detail}). "
            f"The file is damaged or the publisher changed the layout. {_LATER}"
        ) from error
    _check_table(one, table, path.name, expected.get(one.name, one.expected_rows), made_up=one.name in expected)
    demand_ranges(one.name, table, one.ranges)
    return table


def _check_fits_into_memory(one: Source, path: Path) -> None:
    """Refuse what no reader could read: a file, or a workbook, far larger than any that a publisher has."""
    size = path.stat().st_size
    if size > _MOST_READ_BYTES:
        raise SchemaError(
            f"{one.name}: {path.name} has {size:,} bytes, more than any file read here. Not the file expected."
        )
    if path.suffix.casefold() in (".xlsx", ".xlsm"):
        check_workbook(path, most_bytes=_MOST_WORKBOOK_BYTES, most_cells=_MOST_SHEET_CELLS)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_table(one: Source, table: Table, name: str, rows: int | None, *, made_up: bool) -> None:
    missing = [column for column in one.columns if column not in table.columns]
    extra = [column for column in table.columns if column not in one.columns]
    if missing or extra:
        raise SchemaError(
            f"{one.name}: the reader of {name} gave columns {list(table.columns)}, declared are {list(one.columns)}."
        )
    keys = table[list(one.key)]
    if (keys.isna() | (keys == "")).any(axis=None):
        raise SchemaError(
            f"{one.name}: {name} has rows without {' and '.join(one.key)}, expected them in every row. "
            f"The file is damaged or its layout changed. {_LATER}"
        )
    if repeated := int(keys.duplicated().sum()):
        raise SchemaError(
            f"{one.name}: {name} repeats {repeated:,} keys ({', '.join(one.key)}). "
            f"The file is damaged or its layout changed. {_LATER}"
        )
    if rows is not None and len(table) != rows:
        raise SchemaError(
            f"{one.name}: {name} has {len(table):,} rows, expected {rows:,}. "
            f"The file is cut short or its contents changed. {_LATER}"
        )
    if not made_up and len(table) < one.least_rows:
        raise SchemaError(
            f"{one.name}: {name} has {len(table):,} rows, expected at least {one.least_rows:,}. The file is cut short. "
            f"{_LATER}"
        )


def demand_ranges(name: str, table: Table, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Hold a table to the ranges it declares; `SchemaError` names column, value and range."""
    for column, (low, high) in ranges.items():
        values = table[column]
        outside = values[values.notna() & ((values < low) | (values > high))]
        if len(outside):
            raise SchemaError(
                f"{name}: {column} holds {outside.iloc[0]:g} ({len(outside):,} rows are outside), declared is "
                f"{low:g} to {high:g}. The file is damaged or the publisher changed the unit. {_LATER}"
            )


def _fetch_one(
    one: Source, found: Found, cache: Path, upstream: Upstream, held: Release | None, progress: Progress
) -> Release:
    raw = _folder(cache / "raw" / one.name)
    totals = upstream.manifest().get("expected_rows", {})
    with _partial(raw, found) as partial:
        validators = found.transfer(upstream, partial, known_to(held, found, cache), progress)
        if validators is None and held is not None:
            lasting = tuple(text for text in held.warnings if not text.startswith(_USED_INSTEAD))
            return replace(held, warnings=lasting)
        digest = sha256(partial)
        _check_hash(one, found, digest)
        size = partial.stat().st_size
        progress(0, None, "being checked")
        rows = _count_rows(one, found, partial, totals)
        believed = _believed(held, found, validators or {}, digest)
        unsaid = (_UNSAID,) if validators and not believed else ()
        if one.name not in totals:
            _demand_about_as_many(one, found, held, rows)
        final = raw / f"{digest[:12]}-{partial.name}"
        partial.replace(final)
    return Release(
        source=one.name,
        release=found.release,
        url=found.url,
        file=f"{one.name}/{final.name}",
        sha256=digest,
        bytes=size,
        rows=rows,
        retrieved=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        made_up=bool(upstream.manifest().get("made_up", False)),
        validators=believed,
        warnings=() if one.name in totals else (*_fewer_rows(held, rows), *unsaid),
        query=found.query,
        found_by=found.found_by,
        by_hand=found.by_hand,
    )


def _believed(held: Release | None, found: Found, validators: Mapping[str, str], digest: str) -> Mapping[str, str]:
    """The validators, but none where other bytes came under the same name without the publisher saying they changed.

    One of the two copies is damaged: without validators the next fetch asks for the whole file again.
    """
    same_name = held is not None and (held.url, held.release) == (found.url, found.release)
    if held is None or not same_name or held.sha256 == digest:
        return validators
    said_changed = bool(held.validators) and held.validators != validators
    return validators if said_changed else {}


def _check_hash(one: Source, found: Found, digest: str) -> None:
    if found.sha256 and digest != found.sha256:
        raise SourceError(
            f"{one.name}: {found.url or found.filename} gave a file with SHA-256 {digest}, expected {found.sha256}. "
            "It is another edition, or damaged: nothing was taken. Give the right file with --from-file, or fetch "
            "without --locked."
        )


def _count_rows(one: Source, found: Found, path: Path, totals: Mapping[str, int]) -> int:
    """How many rows the file has, once its table has passed every check."""
    with _ONE_TABLE_AT_A_TIME:
        rows = len(read_checked(one, path, totals))
    if found.rows is not None and one.name not in totals and rows != found.rows:
        raise SchemaError(
            f"{one.name}: {path.name} has {rows:,} rows, {found.release} is known to have {found.rows:,}. "
            f"The file is cut short or its contents changed. {_LATER}"
        )
    return rows


def _demand_about_as_many(one: Source, found: Found, held: Release | None, rows: int) -> None:
    """Refuse a list that lost a tenth of its rows since the last time, unless the user gives it or names its hash."""
    if held is None or held.made_up or found.by_hand or found.sha256:
        return
    if held.rows - rows >= _MANY_ROWS and rows < held.rows * (1 - _MOST_LOST):
        raise SchemaError(
            f"{one.name}: {found.filename} has {rows:,} rows, the release before it ({held.release}) has "
            f"{held.rows:,}: over a tenth are gone. It may be cut short. If its publisher says that the list did "
            f"shrink, download it and give it with --from-file {one.name}=PATH."
        )


def _fewer_rows(held: Release | None, rows: int) -> tuple[str, ...]:
    if held is None or held.made_up or rows >= held.rows:
        return ()
    return (f"has {held.rows - rows:,} fewer rows than the release before it ({held.release}: {held.rows:,} rows)",)


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(f"{path} cannot be made ({error}). Give a cache folder that can be written to.") from error
    return path


def known_to(held: Release | None, found: Found, cache: Path) -> Mapping[str, str]:
    """The validators worth sending: only those of the same address whose bytes are still here and whole."""
    if held is None or held.by_hand or (held.url, held.release) != (found.url, found.release):
        return {}
    if found.sha256 and found.sha256 != held.sha256:
        return {}
    return held.validators if is_whole(held, cache) else {}


@contextmanager
def understood(name: str) -> Iterator[None]:
    """Answers of a publisher that are not laid out as they were, and disks that do not take them, said as such."""
    try:
        yield
    except HjpError as error:
        if str(error).startswith(f"{name}: "):
            raise
        raise type(error)(f"{name}: {error}") from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{name}: the publisher's answer is not laid out as it was ({type(error).__name__}: {error}). "
            "What was fetched before is still in use."
        ) from error
    except OSError as error:
        raise PlanError(
            f"{name} could not be kept ({error}). Free some space, or give another cache folder."
        ) from error


@contextmanager
def _partial(folder: Path, found: Found) -> Iterator[Path]:
    """Where a file arrives: in a folder of its own, beside the final one, that is gone afterwards, whatever happens.

    It stays only where a transfer broke off that the next fetch can go on with.
    """
    asked = repr((found.url, *sorted(found.query.items())))
    beside = folder / f".partial-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
    for left in folder.glob(".partial-*"):  # of fetches that were killed, or never went on
        if left != beside and time.time() - left.stat().st_mtime > _LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    beside.mkdir(exist_ok=True)
    arriving = beside / _plain(found.filename)
    try:
        yield arriving
    finally:
        if not unfinished(arriving):
            shutil.rmtree(beside, ignore_errors=True)


def _plain(filename: str) -> str:
    """A publisher's file name as one that stays in its folder, whatever the publisher wrote."""
    return re.sub(r"[^\w .()&+-]", "_", filename).lstrip(".")[-120:] or "file"


def in_order(sources: Mapping[str, Source], names: Sequence[str]) -> list[Source]:
    """The named sources, or all of them; `PlanError` names an unknown one and lists those there are."""
    if unknown := [name for name in names if name not in sources]:
        raise PlanError(f"No source called {', '.join(unknown)}. There are {', '.join(sources)}.")
    return [sources[name] for name in (names or sources)]
