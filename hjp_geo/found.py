"""What a discovery finds: an edition that can be had, as one file or as the rows of one layer, and how it comes.

HTTP 200 is not success: what comes is checked for its kind, its size and its count before it is a file.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from hjp_geo.errors import SourceError
from hjp_geo.upstream import READ_SECONDS, Progress, Upstream, quiet, shown

__all__ = ["ARCGIS_TRIES", "Found", "FoundFile", "FoundLayer", "ask_arcgis", "check_first_bytes"]

ARCGIS_TRIES = 3
_PAGE_ROWS = 2000
_ARCGIS_RETRY = {429, 500, 502, 503, 504}
_TOKEN = {498, 499}
_SUM_BYTES = 16
_CHANGED = "The service or its fields have changed: a newer hjp-geo may know them, or see docs/add-a-data-source.md."
_CLOSED = "The publisher asks for a token where the data were open: most likely for a while. Try again later."


@dataclass(frozen=True)
class FoundFile:
    """One published file: where it is, and which release it is."""

    release: str
    url: str
    filename: str
    announced_bytes: int | None = None
    rows: int | None = None
    """How many rows its table is known to have."""
    sha256: str = ""
    """Its hash, where that is known before it comes."""
    found_by: str = ""
    """What led to it, where there is more than one way."""
    newer: str = ""
    """What the index lists that is newer, but is not read by this version."""
    read_seconds: float = READ_SECONDS
    """How long its publisher may say nothing: more for one that works out its answer first."""
    by_hand: bool = field(default=False, init=False)

    @property
    def query(self) -> Mapping[str, str]:
        """What is asked beside the address: nothing."""
        return {}

    def state(self, upstream: Upstream, known: Mapping[str, str]) -> str:
        """Whether the publisher still has what is known: "current", "changed", or "not said". The body is not read.

        Raises `SourceError` where the file cannot be had.
        """
        with upstream.get(self.url, headers=_conditions(known)) as response:
            if response.status_code == HTTPStatus.NOT_MODIFIED and known:
                return "current"
            self._expect_file(response.status_code)
            if "text/html" in response.headers.get("Content-Type", "").casefold():
                raise SourceError(
                    f"{shown(self.url)} answered with a web page, not with {self.filename}. Try again later."
                )
            now = _validators(response.headers)
        shared = [key for key in now if key in known]
        if not shared:
            return "not said"
        return "current" if all(now[key] == known[key] for key in shared) else "changed"

    def transfer(
        self, upstream: Upstream, to: Path, known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Write the file; its validators, or None where the publisher says it has not changed since ``known``.

        ``known`` holds the validators (``etag``, ``last_modified``) of the copy already held, if any. Raises
        `SourceError` on any answer but the file itself.
        """
        response = upstream.download(self.url, to, _conditions(known), progress, self.read_seconds)
        if response.status_code == HTTPStatus.NOT_MODIFIED and known:
            return None
        self._expect_file(response.status_code)
        check_first_bytes(to, self.filename, response.headers.get("Content-Type", ""), shown(self.url))
        size = to.stat().st_size
        if self.announced_bytes is not None and size != self.announced_bytes:
            raise SourceError(
                f"{shown(self.url)}: {size:,} bytes came, its index announced {self.announced_bytes:,}. "
                "Try again later."
            )
        if response.status_code == HTTPStatus.OK:  # the sum is that of what was sent
            _check_sum(to, response.headers.get("Content-MD5", ""), shown(self.url))
        return _validators(response.headers)

    def _expect_file(self, status: int) -> None:
        if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            raise SourceError(f"{shown(self.url)} answered {status}, expected the file. {_advice(status)}")


@dataclass(frozen=True)
class FoundLayer:
    """One ArcGIS feature layer, read page by page into a file of one GeoJSON feature a line."""

    release: str
    url: str
    filename: str
    where: str
    fields: Sequence[str]
    order_by: str
    with_geometry: bool = field(kw_only=True)
    edited: str = ""
    """When the publisher last edited the data, as its metadata say; empty where they do not."""
    rows: int | None = None
    sha256: str = ""
    found_by: str = ""
    newer: str = ""
    by_hand: bool = field(default=False, init=False)

    @property
    def query(self) -> Mapping[str, str]:
        """What is asked beside the address: with it the same rows can be asked for again."""
        return {
            "filename": self.filename,
            "where": self.where,
            "fields": ",".join(self.fields),
            "order_by": self.order_by,
            "geometry": "wgs84" if self.with_geometry else "none",
        }

    @classmethod
    def again(cls, release: str, url: str, query: Mapping[str, str], sha256: str) -> FoundLayer:
        """The layer as it was asked for once."""
        return cls(
            release,
            url,
            query["filename"],
            query["where"],
            query["fields"].split(","),
            query["order_by"],
            with_geometry=query["geometry"] == "wgs84",
            sha256=sha256,
        )

    def state(self, upstream: Upstream, known: Mapping[str, str]) -> str:
        """Whether the publisher still has what is known: "current", "changed", or "not said". No rows are read."""
        validators = self._validators(self._count(upstream))
        if validators == known:
            return "current" if self.edited else "not said"
        return "changed"

    def transfer(
        self, upstream: Upstream, to: Path, known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Write every feature; its validators, or None where date of edit and row count are those already held.

        Raises `SourceError` where the pages do not add up to the publisher's own count, or repeat a row.
        """
        total = self._count(upstream)
        validators = self._validators(total)
        # without a date of edit nothing tells that the rows are the same; reading a folder again costs nothing
        if self.edited and known == validators and not upstream.is_folder:
            return None
        seen: set[str] = set()
        with to.open("w", encoding="utf-8") as file:
            for page in self._pages(upstream, total):
                for feature in page:
                    seen.add(str(feature["properties"][self.order_by]))
                    file.write(json.dumps(feature, separators=(",", ":"), ensure_ascii=False) + "\n")
                progress(len(seen), total, "rows")
        if len(seen) != total:
            raise SourceError(
                f"{self.url}: {len(seen):,} different rows came, the publisher counts {total:,}. Try again later."
            )
        return validators

    def _validators(self, total: int) -> dict[str, str]:
        return {"rows_counted": str(total), "edited": self.edited, "asked": self._asked()}

    def _asked(self) -> str:
        """What was asked of the layer: an answer to another question, as an older version asked it, is another file."""
        return f"{','.join(self.fields)} where {self.where}" + (" with geometry" if self.with_geometry else "")

    def _count(self, upstream: Upstream) -> int:
        answer = ask_arcgis(
            upstream, f"{self.url}/query", {"where": self.where, "returnCountOnly": "true", "f": "json"}
        )
        if not isinstance(answer.get("count"), int):
            raise SourceError(f"{self.url} answered without a count of its rows. The publisher changed its service.")
        return int(answer["count"])

    def _pages(self, upstream: Upstream, total: int) -> Iterator[list[dict[str, Any]]]:
        done = 0
        while done < total:
            page = self._page(upstream, done)
            if not page:
                return
            done += len(page)
            yield page

    def _page(self, upstream: Upstream, offset: int) -> list[dict[str, Any]]:
        parameters = {
            "where": self.where,
            "outFields": ",".join(self.fields),
            "returnGeometry": str(self.with_geometry).lower(),
            "outSR": "4326",
            "f": "geojson",
            "orderByFields": self.order_by,
            "resultOffset": str(offset),
            "resultRecordCount": str(_PAGE_ROWS),
        }
        answer = ask_arcgis(upstream, f"{self.url}/query", parameters)
        features = answer.get("features")
        if not isinstance(features, list) or not all(self.order_by in (f.get("properties") or {}) for f in features):
            raise SourceError(
                f"{self.url}: a page came whose features have no {self.order_by}. The publisher changed its service."
            )
        return features


class Found(Protocol):
    """An edition that can be had: which it is, what is known of it before it comes, and how it comes."""

    @property
    def release(self) -> str:
        """Which edition, as its publisher calls it."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def filename(self) -> str:
        """What its file is called."""

    @property
    def rows(self) -> int | None:
        """How many rows its table is known to have."""

    @property
    def sha256(self) -> str:
        """Its hash where known, else empty."""

    @property
    def found_by(self) -> str:
        """What led to it, where there is more than one way."""

    @property
    def newer(self) -> str:
        """What the index lists that is newer, but is not read by this version."""

    @property
    def query(self) -> Mapping[str, str]:
        """What is asked beside the address."""

    @property
    def by_hand(self) -> bool:
        """Whether it is a file that the user gives."""

    def transfer(
        self, upstream: Upstream, to: Path, known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Write the file; its validators, or None where it has not changed since ``known``."""

    def state(self, upstream: Upstream, known: Mapping[str, str]) -> str:
        """Whether it is still what is known: "current", "changed" or "not said"; nothing is downloaded."""


def ask_arcgis(upstream: Upstream, url: str, params: Mapping[str, str]) -> dict[str, Any]:
    """One answer of an ArcGIS service, whose errors come as HTTP 200."""
    for attempt in range(1, ARCGIS_TRIES + 1):
        answer = upstream.json(url, params)
        error = answer.get("error")
        if not error:
            return answer
        code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else ("", error)
        if code not in _ARCGIS_RETRY or attempt == ARCGIS_TRIES:
            what = _CLOSED if code in _TOKEN else "Try again later." if code in _ARCGIS_RETRY else _CHANGED
            raise SourceError(f"{url} answered with error {code}: {str(message).rstrip('. ')}. {what}")
        upstream.wait(attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


def check_first_bytes(path: Path, filename: str, content_type: str, origin: str) -> None:
    """Refuse a page that stands in for a file: HTTP 200 is not success. `SourceError` says what came instead."""
    with path.open("rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<!doctype", b"<html")) or "text/html" in content_type.casefold():
        raise SourceError(
            f"{origin} answered with a web page, not with {filename}: a challenge or error page. Try again later, "
            "or download it by hand."
        )
    if filename.endswith((".zip", ".xlsx")) and not head.startswith(b"pk\x03\x04"):
        raise SourceError(
            f"{origin} is not the zip file that {filename} should be; it begins with {head[:12]!r}. Try again later."
        )
    if not head:
        raise SourceError(f"{origin} is empty; expected {filename}. Try again later.")


def _check_sum(path: Path, announced: str, origin: str) -> None:
    """Hold a whole file to the sum that some hosts send with it (Azure does); `SourceError` where it differs."""
    try:
        expected = base64.b64decode(announced, validate=True)
    except ValueError:
        return
    if len(expected) != _SUM_BYTES:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
    if found != expected:
        raise SourceError(
            f"{origin}: the sum of the bytes that came is {found.hex()}, its host announced {expected.hex()}. "
            "The file was damaged on its way. Try again later."
        )


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    names = (("etag", "ETag"), ("last_modified", "Last-Modified"))
    return {key: headers[name] for key, name in names if name in headers}


def _conditions(known: Mapping[str, str]) -> dict[str, str]:
    pairs = (("etag", "If-None-Match"), ("last_modified", "If-Modified-Since"))
    return {header: known[key] for key, header in pairs if key in known}


def _advice(status: int) -> str:
    return {
        403: "The publisher refuses programs: download it by hand and give it with --from-file (docs/run-offline.md).",
        404: "The file has moved. A newer hjp-geo may know where to; or download it by hand (--from-file).",
        410: "The publisher has withdrawn it. A newer hjp-geo may know what took its place; or download that by hand "
        "(--from-file).",
    }.get(status, "Try again later.")
