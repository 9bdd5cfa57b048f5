"""Fetching many sources: several publishers at once, exactly as a lock says, from files given by hand, or only looking.

Each source has its thread; that each host is asked one thing at a time is kept by `Upstream`, that one table at a time
is read by `source`.
"""

from __future__ import annotations

import datetime as dt
import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from hjp_geo.errors import HjpError, PlanError, SourceError
from hjp_geo.found import Found, FoundFile, FoundLayer, check_first_bytes
from hjp_geo.record import Release, record, releases
from hjp_geo.source import Source, fetch, fetch_found, held_whole, is_whole, known_to, read_checked, understood
from hjp_geo.upstream import Progress, Upstream, quiet

__all__ = ["GivenFile", "How", "Outcome", "Standing", "check_many", "fetch_many", "given", "locked_to"]

How = Callable[[Source, Path, Upstream, Progress], Release]
"""A way to bring one source into a cache folder: `fetch`, `locked_to` or `given`."""
Watch = Callable[[str, int, int | None, str], None]
"""Called with (source, done, total or None, unit) while sources come."""
_PATIENCE_SECONDS = 5.0
_UNCHANGED = ("source", "release", "url", "sha256", "made_up", "by_hand")

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """How the fetch of one source ended: with a release, or with what stood in its way."""

    source: Source
    state: Literal["fetched", "unchanged", "failed"]
    release: Release | None = None
    error: HjpError | None = None


@dataclass(frozen=True)
class Standing:
    """How what is held of a source stands to what its publisher has."""

    source: str
    state: Literal["current", "newer", "changed", "not held", "not said", "not known"]
    held: str
    latest: str
    url: str
    said: str = ""
    """What stood in the way of a better answer, or what this version does not read yet."""


@dataclass(frozen=True)
class GivenFile:
    """A file that the user downloaded, and where it claims to come from."""

    path: Path
    release: str
    url: str
    rows: int | None = None
    sha256: str = ""
    found_by: str = "given by hand"
    newer: str = ""
    by_hand: bool = field(default=True, init=False)

    @property
    def filename(self) -> str:
        """Its name as the user has it."""
        return self.path.name

    @property
    def query(self) -> Mapping[str, str]:
        """Nothing is asked."""
        return {}

    def transfer(
        self, _upstream: Upstream, to: Path, _known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Copy the file; there are no validators."""
        shutil.copyfile(self.path, to)
        size = to.stat().st_size
        progress(size, size, "bytes")
        check_first_bytes(to, self.filename, "", str(self.path))
        return {}

    def state(self, _upstream: Upstream, _known: Mapping[str, str]) -> str:
        """A file at hand does not change."""
        return "current"


def fetch_many(
    sources: Sequence[Source],
    cache: Path,
    upstream: Upstream,
    watch: Watch = lambda *_report: None,
    ways: Mapping[str, How] | None = None,
) -> Iterator[Outcome]:
    """Bring sources into the cache folder, several publishers at once; how each ended, as it ends.

    ``ways`` names sources that come in another way than by `fetch`. A failure leaves every other source alone. Leaving
    the loop early stops what is under way.
    """
    before = releases(cache)

    def one_by_one(one: Source) -> Release:
        way = (ways or {}).get(one.name, fetch)
        return way(one, cache, upstream, lambda done, total, unit: watch(one.name, done, total, unit))

    for one, ended in _each(sources, one_by_one, upstream):
        if isinstance(ended, HjpError):
            yield Outcome(one, "failed", error=_with_what_stands(ended, before.get(one.name)))
        else:
            same = one.name in before and _marks(before[one.name]) == _marks(ended)
            yield Outcome(one, "unchanged" if same else "fetched", release=ended)


def _with_what_stands(error: HjpError, held: Release | None) -> HjpError:
    """The failure, and what is in use all the same."""
    if held is None or "still in use" in str(error):
        return error
    told = type(error)(f"{error} Still in use: {held.release}, fetched on {held.retrieved[:10]}.")
    told.__cause__ = error
    return told


def check_many(sources: Sequence[Source], cache: Path, upstream: Upstream) -> Iterator[Standing]:
    """How what is held stands to what the publishers have; indexes are asked, nothing is downloaded."""
    held = releases(cache)
    for one, ended in _each(sources, lambda one: _check(one, held.get(one.name), cache, upstream), upstream):
        if isinstance(ended, HjpError):
            yield Standing(one.name, "not known", _label(held.get(one.name)), "", "", str(ended))
        else:
            yield ended


def locked_to(lock: Mapping[str, Release]) -> How:
    """The way that brings exactly the bytes that a lock records, from the address it records, or refuses."""

    def bring(one: Source, cache: Path, upstream: Upstream, progress: Progress) -> Release:
        wanted = lock[one.name]
        held = releases(cache).get(one.name)
        if held is not None and held.sha256 == wanted.sha256 and is_whole(held, cache):
            return held
        if is_whole(wanted, cache):  # it was in use before: what was once published is kept
            totals = {one.name: wanted.rows} if wanted.made_up else {}
            read_checked(one, cache / "raw" / wanted.file, totals)
            record(cache, wanted)
            return wanted
        if upstream.is_offline:
            return held_whole(one, cache) if held == wanted else _refuse_offline(one, wanted)
        return fetch_found(one, [_again(one, wanted, upstream)], cache, upstream, progress)

    return bring


def given(path: Path, *, url: str = "", release: str = "", sha256: str = "") -> How:
    """The way that takes a file the user downloaded, with every check that a download would meet.

    ``url`` is where it claims to come from, ``release`` which edition it is; where its name is that of a release this
    version knows, both are known. ``sha256`` is what it must be, if anything says so. Raises `PlanError` where there
    is no such file.
    """
    if not path.is_file():
        raise PlanError(f"There is no file {path} to take. Give --from-file SOURCE=PATH.")

    def bring(one: Source, cache: Path, upstream: Upstream, progress: Progress) -> Release:
        known = _known_by_name(one, path.name)
        found = GivenFile(
            path=path,
            release=release or (known.release if known else _dated(path)),
            url=url or (known.url if known else ""),
            rows=known.rows if known else None,
            sha256=sha256,
        )
        return fetch_found(one, [found], cache, upstream, progress)

    return bring


def _each(
    sources: Sequence[Source], work: Callable[[Source], T], upstream: Upstream
) -> Iterator[tuple[Source, T | HjpError]]:
    """The work of each source in a thread of its own; what it gave, or the failure it explained, as it ends."""
    ended: queue.SimpleQueue[tuple[Source, T | BaseException]] = queue.SimpleQueue()

    def run(one: Source) -> None:
        try:
            ended.put((one, work(one)))
        except BaseException as error:  # noqa: BLE001 - it is raised again where the thread was started
            ended.put((one, error))

    threads = [threading.Thread(target=run, args=(one,), name=one.name, daemon=True) for one in sources]
    left = len(threads)
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            one, result = ended.get()
            left -= 1
            if isinstance(result, BaseException) and not isinstance(result, HjpError):
                raise result
            yield one, result
    finally:
        if left:
            upstream.stop()
            for thread in threads:
                thread.join(_PATIENCE_SECONDS)


def _check(one: Source, held: Release | None, cache: Path, upstream: Upstream) -> Standing:
    with understood(one.name):
        candidates = one.discover(upstream)
        problems: list[str] = []
        for found in candidates:
            try:
                state = found.state(upstream, known_to(held, found, cache))
            except SourceError as error:
                problems.append(str(error))
                if held is not None and held.release == found.release:
                    break
                continue
            return _standing(one, held, found, state, problems)
    return Standing(one.name, "not known", _label(held), "", "", " ".join(problems))


def _standing(one: Source, held: Release | None, found: Found, state: str, problems: Sequence[str]) -> Standing:
    said = " ".join([*problems, *([f"Not read by this version: {found.newer}."] if found.newer else [])])
    if held is None:
        word: Literal["current", "newer", "changed", "not held", "not said", "not known"] = "not held"
    elif (held.release, held.url) != (found.release, found.url):
        word = "newer"
    else:
        word = "current" if state == "current" else "changed" if state == "changed" else "not said"
    return Standing(one.name, word, _label(held), found.release, found.url, said)


def _again(one: Source, wanted: Release, upstream: Upstream) -> Found:
    """What a release was, to be had again."""
    if "order_by" in wanted.query:
        return FoundLayer.again(wanted.release, wanted.url, wanted.query, wanted.sha256)
    if not wanted.url:
        raise SourceError(
            f"{one.name}: the lock has a file given by hand that says not where it is from. Give it with "
            f"--from-file {one.name}=PATH; its SHA-256 is {wanted.sha256}."
        )
    if not wanted.query and not _is_layer(wanted.url):
        name = Path(wanted.file).name.removeprefix(f"{wanted.sha256[:12]}-")
        return FoundFile(wanted.release, wanted.url, name, sha256=wanted.sha256)
    with understood(one.name):  # recorded by an older version, or in a way of its own: ask the index how it is asked
        for found in one.discover(upstream):
            if found.url == wanted.url:
                declared: Any = found  # every kind of found thing is a dataclass
                again: Found = replace(declared, sha256=wanted.sha256)
                return again
    raise SourceError(
        f"{one.name}: {wanted.url} cannot be asked again as it was, because its publisher has moved on. Copy "
        f"raw/{wanted.file} from where the lock was made, or fetch without --locked."
    )


def _is_layer(url: str) -> bool:
    return "/FeatureServer/" in url


def _refuse_offline(one: Source, wanted: Release) -> Release:
    raise SourceError(
        f"{one.name}: {wanted.file} is not here, and the network is not used (--offline). Copy it into raw/ from where "
        "the lock was made."
    )


def _known_by_name(one: Source, filename: str) -> Found | None:
    """The release that this version knows under a file name, without asking anybody."""
    try:
        candidates = one.discover(Upstream(network="offline"))
    except HjpError:
        return None  # only the publisher's own index tells
    return next((found for found in candidates if found.filename.casefold() == filename.casefold()), None)


def _dated(path: Path) -> str:
    changed = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()
    return f"given by hand, file of {changed.isoformat()}"


def _label(release: Release | None) -> str:
    return release.release if release else ""


def _marks(release: Release) -> tuple[object, ...]:
    return tuple(getattr(release, name) for name in _UNCHANGED)
