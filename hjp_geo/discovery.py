"""Finding a release: each publisher's own index, asked in the way that publisher answers.

A discovery is a function from the session to what it found: candidates in order of preference. `data_sources/` names
one for each source; nothing here knows a dataset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from hjp_geo.errors import SourceError
from hjp_geo.upstream import Progress, Upstream, quiet

__all__ = [
    "Discovery",
    "Found",
    "FoundFile",
    "FoundLayer",
    "arcgis_layer",
    "fixed_file",
    "gov_uk_attachment",
    "known_files",
    "os_product",
]

ONS_SERVICES = "https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services"
_GOV_UK = "https://www.gov.uk"
_PAGE_ROWS = 2000
_ARCGIS_RETRY = {429, 500, 502, 503, 504}
_ARCGIS_TRIES = 3


@dataclass(frozen=True)
class FoundFile:
    """One published file: where it is, and which release it is."""

    release: str
    url: str
    filename: str
    announced_bytes: int | None = None

    def transfer(
        self, upstream: Upstream, to: Path, known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Write the file; its validators, or None where the publisher says it has not changed since ``known``.

        ``known`` holds the validators (``etag``, ``last_modified``) of the copy already held, if any. Raises
        `SourceError` on any answer but the file itself.
        """
        response = upstream.download(self.url, to, headers=_conditions(known), progress=progress)
        if response.status_code == HTTPStatus.NOT_MODIFIED and known:
            return None
        if response.status_code != HTTPStatus.OK:
            raise SourceError(
                f"{self.url} answered {response.status_code}, expected the file. {_advice(response.status_code)}"
            )
        check_first_bytes(to, self.filename, response.headers.get("Content-Type", ""), self.url)
        size = to.stat().st_size
        if self.announced_bytes is not None and size != self.announced_bytes:
            raise SourceError(
                f"{self.url}: {size:,} bytes came, its index announced {self.announced_bytes:,}. Try again later."
            )
        return {
            key: response.headers[name]
            for key, name in (("etag", "ETag"), ("last_modified", "Last-Modified"))
            if name in response.headers
        }


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

    def transfer(
        self, upstream: Upstream, to: Path, known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Write every feature; its validators, or None where date of edit and row count are those already held.

        Raises `SourceError` where the pages do not add up to the publisher's own count, or repeat a row.
        """
        total = self._count(upstream)
        validators = {"rows_counted": str(total), "edited": self.edited, "asked": self._asked()}
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

    def _asked(self) -> str:
        """What was asked of the layer: an answer to another question, as an older version asked it, is another file."""
        return f"{','.join(self.fields)} where {self.where}" + (" with geometry" if self.with_geometry else "")

    def _count(self, upstream: Upstream) -> int:
        answer = _arcgis(upstream, f"{self.url}/query", {"where": self.where, "returnCountOnly": "true", "f": "json"})
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
        answer = _arcgis(upstream, f"{self.url}/query", parameters)
        features = answer.get("features")
        if not isinstance(features, list) or not all(self.order_by in (f.get("properties") or {}) for f in features):
            raise SourceError(
                f"{self.url}: a page came whose features have no {self.order_by}. The publisher changed its service."
            )
        return features


Found = FoundFile | FoundLayer
Discovery = Callable[[Upstream], Sequence[Found]]


def gov_uk_attachment(page: str, pattern: str) -> Discovery:
    """The attachment of a GOV.UK page whose file name matches, through the Content API.

    Chosen by file name, never by title or position; the release is the page's ``public_updated_at``.
    """

    def discover(upstream: Upstream) -> Sequence[Found]:
        item = upstream.json(f"{_GOV_UK}/api/content/{page}")
        attachments = item.get("details", {}).get("attachments", [])
        found = [_attachment(a, str(item.get("public_updated_at", ""))[:10]) for a in attachments if _named(a, pattern)]
        if not found:
            names = ", ".join(filter(None, map(_file_name, attachments))) or "no files"
            raise SourceError(
                f"{_GOV_UK}/{page} lists no file named like {pattern}; it lists {names}. The page may have moved."
            )
        return found[:1]

    return discover


def _attachment(attachment: Mapping[str, Any], updated: str) -> FoundFile:
    return FoundFile(updated, attachment["url"], _file_name(attachment), attachment.get("file_size"))


def _named(attachment: Mapping[str, Any], pattern: str) -> bool:
    return (
        attachment.get("attachment_type", "file") == "file" and re.search(pattern, _file_name(attachment)) is not None
    )


def _file_name(attachment: Mapping[str, Any]) -> str:
    return str(attachment.get("filename") or attachment.get("url", "").rsplit("/", 1)[-1])


def arcgis_layer(
    pattern: str, *, fields: Sequence[str], order_by: str, where: str = "1=1", geometry: str = "none"
) -> Discovery:
    """The newest ONS feature service whose name matches, layer 0, with the named fields (patterns allowed).

    Names carry vintages and drift in their suffixes, so the greatest matching name is taken; field patterns are
    resolved from the layer's own metadata. ``geometry`` is "none", or "wgs84" to have it with every row.
    """

    def discover(upstream: Upstream) -> Sequence[Found]:
        names = [service["name"] for service in _services(upstream)]
        matching = sorted((name for name in names if re.fullmatch(pattern, name)), key=_by_number)
        if not matching:
            raise SourceError(
                f"ONS Open Geography lists no service named like {pattern} among {len(names):,}. It may be renamed."
            )
        url = f"{ONS_SERVICES}/{matching[-1]}/FeatureServer/0"
        about = _arcgis(upstream, url, {"f": "json"})
        actual = [str(f["name"]) for f in about.get("fields") or []]
        chosen = [_field(actual, wanted, url) for wanted in fields]
        ordering = _field(actual, order_by, url)
        return [
            FoundLayer(
                matching[-1],
                url,
                f"{matching[-1]}.geojsonl",
                where,
                chosen,
                ordering,
                with_geometry=geometry == "wgs84",
                edited=str((about.get("editingInfo") or {}).get("lastEditDate", "")),
            )
        ]

    return discover


def _by_number(name: str) -> list[tuple[str, int]]:
    """A key that puts V10 after V5."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name)]


def _services(upstream: Upstream) -> list[dict[str, Any]]:
    for attempt in range(1, _ARCGIS_TRIES + 1):  # sometimes the list is empty: never read that as "nothing"
        services = _arcgis(upstream, ONS_SERVICES, {"f": "json"}).get("services", [])
        if services:
            return list(services)
        upstream.wait(attempt)
    raise SourceError("ONS Open Geography answered three times with an empty list of services. Try again later.")


def _field(actual: Sequence[str], wanted: str, url: str) -> str:
    found = [name for name in actual if re.fullmatch(wanted, name)]
    if not found:
        raise SourceError(
            f"{url} has no field like {wanted}; it has {', '.join(actual)}. The publisher changed the layout."
        )
    return found[0]


def _arcgis(upstream: Upstream, url: str, params: Mapping[str, str]) -> dict[str, Any]:
    """One answer of an ArcGIS service, whose errors come as HTTP 200."""
    for attempt in range(1, _ARCGIS_TRIES + 1):
        answer = upstream.json(url, params)
        error = answer.get("error")
        if not error:
            return answer
        code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else ("", error)
        if code not in _ARCGIS_RETRY or attempt == _ARCGIS_TRIES:
            raise SourceError(f"{url} answered with error {code}: {message}. Try again later.")
        upstream.wait(attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


def fixed_file(url: str, *, release: str, filename: str) -> Discovery:
    """A file that always stands at one address; ``release`` says which edition that is ("current")."""

    def discover(_upstream: Upstream) -> Sequence[Found]:
        return [FoundFile(release, url, filename)]

    return discover


def os_product(product: str, form: str) -> Discovery:
    """The current release of an Ordnance Survey open product for Great Britain, through the OS Downloads API."""
    about = f"https://api.os.uk/downloads/v1/products/{product}"

    def discover(upstream: Upstream) -> Sequence[Found]:
        release = str(upstream.json(about).get("version", "current"))
        url = f"{about}/downloads?area=GB&format={form}&redirect"
        return [FoundFile(release, url, f"{product}-{release}.zip")]

    return discover


def known_files(*releases: tuple[str, str]) -> Discovery:
    """Files whose addresses cannot be guessed and whose index refuses programs: (release, address), best first."""

    def discover(_upstream: Upstream) -> Sequence[Found]:
        return [FoundFile(release, url, url.rsplit("/", 1)[-1].replace("%20", " ")) for release, url in releases]

    return discover


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


def _conditions(known: Mapping[str, str]) -> dict[str, str]:
    pairs = (("etag", "If-None-Match"), ("last_modified", "If-Modified-Since"))
    return {header: known[key] for key, header in pairs if key in known}


def _advice(status: int) -> str:
    return {
        403: "The publisher refuses programs: download the file by hand into a folder mirror (docs/run-offline.md).",
        404: "The file has moved.",
        410: "The publisher has withdrawn it.",
    }.get(status, "Try again later.")
