"""Sources: one published dataset each, fetched whole, hashed, checked, recorded, and read into a tidy table.

`@source` turns a reader (path in, table out) into a `Source`. `fetch` finds its release, writes the bytes beside the
old ones, reads and checks them, and only then moves them into place and records them: a failure leaves the last good
release in use. The record of what is in use is ``releases.toml`` in the cache folder.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import tomlkit

from hjp_geo.areas import Table
from hjp_geo.discovery import Discovery, Found
from hjp_geo.errors import HjpError, PlanError, SchemaError, SourceError
from hjp_geo.upstream import Progress, Upstream, quiet

__all__ = ["OGL3", "Release", "Source", "fetch", "read_release", "releases", "source"]

OGL3 = "Open Government Licence v3.0"
_LEFT_SECONDS = 24 * 3600


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


@dataclass(frozen=True)
class Release:
    """One edition of a source as it is held here: where it came from, what it is, when it came."""

    source: str
    release: str
    url: str
    file: str
    sha256: str
    bytes: int
    rows: int
    retrieved: str
    made_up: bool = False
    validators: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


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
        )

    return declare


def releases(cache: Path) -> dict[str, Release]:
    """What is held in a cache folder, by source name; empty before the first fetch."""
    path = cache / "releases.toml"
    if not path.is_file():
        return {}
    try:
        entries = tomlkit.parse(path.read_text("utf-8")).unwrap()
        return {
            name: Release(**{**entry, "warnings": tuple(entry.get("warnings", ()))}) for name, entry in entries.items()
        }
    except (ValueError, TypeError) as error:
        raise SchemaError(f"{path} cannot be read ({error}). Delete it and run `hjp-geo fetch` again.") from error


def fetch(one: Source, cache: Path, upstream: Upstream, progress: Progress = quiet) -> Release:
    """Bring one source up to date in the cache folder and return the release now in use.

    Raises `SourceError` or `SchemaError`; the release held before then stays in use.
    """
    held = releases(cache).get(one.name)
    problems: list[str] = []
    with _understood(one):
        candidates = one.discover(upstream)
    for found in candidates:
        try:
            release = _fetch_found(one, found, cache, upstream, held, progress)
        except SourceError as error:
            problems.append(str(error))
            if held is not None and held.release == found.release:
                break  # what is held is better than any candidate after it
            continue
        if problems:
            release = _with_warning(
                release,
                f"used {release.release}, because a better release could not be had: {' '.join(problems)}",
            )
        _record(cache, release)
        return release
    raise SourceError(f"{one.name}: " + " ".join(problems))


def read_release(one: Source, release: Release, cache: Path, expected: Mapping[str, int] | None = None) -> Table:
    """The checked table of a release that is held here.

    Raises `SchemaError` where the file is gone, has changed since it was fetched, or does not hold what the source
    declares. ``expected`` overrides known row totals (a made-up mirror has its own).
    """
    path = cache / "raw" / release.file
    if not path.is_file() or sha256(path) != release.sha256:
        state = "has changed since it was fetched" if path.is_file() else "is gone"
        raise SchemaError(f"{one.name}: {path} {state}. Run `hjp-geo fetch {one.name}` to get it again.")
    return read_checked(one, path, expected or {})


def read_checked(one: Source, path: Path, expected: Mapping[str, int]) -> Table:
    """Read a file and hold it to what the source declares; `SchemaError` names file, column and what to do."""
    try:
        table = one.read(path)
    except HjpError:
        raise
    except Exception as error:
        detail = (str(error).splitlines() or ["no detail"])[0]
        raise SchemaError(
            f"{one.name}: {path.name} cannot be read ({type(error).__name__}: {detail}). "
            "The file is damaged or the publisher changed the layout."
        ) from error
    _check_table(one, table, path.name, expected.get(one.name, one.expected_rows), made_up=one.name in expected)
    return table


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
            f"{one.name}: {name} has rows without {' and '.join(one.key)}. The file is damaged or its layout changed."
        )
    if repeated := int(keys.duplicated().sum()):
        raise SchemaError(
            f"{one.name}: {name} repeats {repeated:,} keys ({', '.join(one.key)}). "
            "The file is damaged or its layout changed."
        )
    if rows is not None and len(table) != rows:
        raise SchemaError(
            f"{one.name}: {name} has {len(table):,} rows, expected {rows:,}. "
            "The file is cut short or its contents changed."
        )
    if not made_up and len(table) < one.least_rows:
        raise SchemaError(
            f"{one.name}: {name} has {len(table):,} rows, expected at least {one.least_rows:,}. The file is cut short."
        )


def _fetch_found(
    one: Source, found: Found, cache: Path, upstream: Upstream, held: Release | None, progress: Progress
) -> Release:
    raw = _folder(cache / "raw" / one.name)
    manifest = upstream.manifest()
    filename = _plain(found.filename)
    with _temporary(raw, filename) as partial:
        with _understood(one):
            validators = found.transfer(upstream, partial, _known(held, found, cache), progress)
        if validators is None and held is not None:
            return replace(held, warnings=())
        digest = sha256(partial)
        table = read_checked(one, partial, manifest.get("expected_rows", {}))
        final = raw / f"{digest[:12]}-{filename}"
        size = partial.stat().st_size
        partial.replace(final)
    return Release(
        source=one.name,
        release=found.release,
        url=found.url,
        file=f"{one.name}/{final.name}",
        sha256=digest,
        bytes=size,
        rows=len(table),
        retrieved=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        made_up=bool(manifest.get("made_up", False)),
        validators=validators or {},
    )


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(f"{path} cannot be made ({error}). Give a cache folder that can be written to.") from error
    return path


def _known(held: Release | None, found: Found, cache: Path) -> Mapping[str, str]:
    """The validators worth sending: only those of the same address whose bytes are still here and whole."""
    if held is None or held.url != found.url or held.release != found.release:
        return {}
    path = cache / "raw" / held.file
    return held.validators if path.is_file() and sha256(path) == held.sha256 else {}


@contextmanager
def _understood(one: Source) -> Iterator[None]:
    """Answers of a publisher that are not laid out as they were, said as such."""
    try:
        yield
    except HjpError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{one.name}: the publisher's answer is not laid out as it was ({type(error).__name__}: {error}). "
            "What was fetched before is still in use."
        ) from error
    except OSError as error:
        raise PlanError(
            f"{one.name} could not be kept ({error}). Free some space, or give another cache folder."
        ) from error


@contextmanager
def _temporary(folder: Path, filename: str) -> Iterator[Path]:
    """A path of that name in a folder of its own, beside the final one, that is gone afterwards, whatever happens."""
    for left in folder.glob(".partial-*"):  # of a fetch that was killed; a younger one may belong to another process
        if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-", ignore_cleanup_errors=True) as beside:
        yield Path(beside) / filename


def _plain(filename: str) -> str:
    """A publisher's file name as one that stays in its folder, whatever the publisher wrote."""
    return re.sub(r"[^\w .()&+-]", "_", filename).lstrip(".")[-120:] or "file"


def _with_warning(release: Release, text: str) -> Release:
    return replace(release, warnings=(text,))


def _record(cache: Path, release: Release) -> None:
    entries: dict[str, Any] = {name: _entry(held) for name, held in releases(cache).items()}
    entries[release.source] = _entry(release)
    text = "# The release of each source in use. Written by `hjp-geo fetch`.\n" + tomlkit.dumps(
        dict(sorted(entries.items()))
    )
    with _temporary(cache, "releases.toml") as partial:
        partial.write_text(text, "utf-8")
        partial.replace(cache / "releases.toml")


def _entry(release: Release) -> dict[str, Any]:
    return {**asdict(release), "warnings": list(release.warnings)}


def in_order(sources: Mapping[str, Source], names: Sequence[str]) -> list[Source]:
    """The named sources, or all of them; `PlanError` names an unknown one and lists those there are."""
    if unknown := [name for name in names if name not in sources]:
        raise PlanError(f"No source called {', '.join(unknown)}. There are {', '.join(sources)}.")
    return [sources[name] for name in (names or sources)]
