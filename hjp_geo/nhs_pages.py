"""Releases of NHS England: their publication pages, the national catalogue, and the addresses that this version knows.

The addresses of the files cannot be guessed, and the pages refuse most programs. Each index is asked once, honestly; a
refusal is not defeated: the next index is taken, and the release says which one led to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from hjp_geo.discovery import Discovery
from hjp_geo.errors import SourceError
from hjp_geo.found import Found, FoundFile
from hjp_geo.upstream import Upstream

__all__ = ["nhs_publication"]

_SERIES = "https://digital.nhs.uk/data-and-information/publications/statistical"
_CATALOGUE = "https://www.data.gov.uk/api/action/package_search"
_FILES_HOST = "files.digital.nhs.uk"
_MOST_PAGES = 6
_MOST_PAGE_CHARACTERS = 4_000_000

Known = tuple[str, str] | tuple[str, str, int]
"""A release that this version was made with: which it is, its address and, where counted, the rows of its table."""


def nhs_publication(series: str, pattern: str, known: Sequence[Known]) -> Discovery:
    """The file of an NHS England series whose name matches, newest publication first, then those that are known.

    ``series`` is the last part of the address of the series page. The page is asked first; where it refuses, the
    catalogue of data.gov.uk; the shipped list of known addresses stands behind both. `SourceError` is raised only where
    all three have nothing.
    """

    def discover(upstream: Upstream) -> Sequence[Found]:
        listed: list[FoundFile] = []
        for index in (_on_the_pages, _in_the_catalogue):
            try:
                listed = index(upstream, series, pattern)
            except SourceError:  # refused or away: what follows says less, and says so
                continue
            if listed:
                break
        return _with_known(listed, known)

    return discover


def _with_known(listed: Sequence[FoundFile], known: Sequence[Known]) -> list[FoundFile]:
    """What an index lists, then what is known; what is both goes by the name that is known."""
    shipped = {
        url: FoundFile(
            release, url, _last_part(url), rows=next(iter(rows), None), found_by="the list of known releases"
        )
        for release, url, *rows in known
    }
    found = []
    for one in listed:
        same = shipped.pop(one.url, None)
        release, rows = (same.release, same.rows) if same else (one.release, None)
        found.append(FoundFile(release, one.url, one.filename, rows=rows, found_by=one.found_by, newer=one.newer))
    return [*found, *shipped.values()]


def _on_the_pages(upstream: Upstream, series: str, pattern: str) -> list[FoundFile]:
    """The file on the newest publication page that has one; what is newer than that page is remembered."""
    address = f"{_SERIES}/{series}"
    publications = [
        (urljoin(address, link), title)
        for link, title in _links(upstream.page(address))
        if urlsplit(urljoin(address, link)).path.startswith(f"{urlsplit(address).path}/")
    ]
    passed: list[str] = []
    for page, title in publications[:_MOST_PAGES]:
        for link, _ in _links(upstream.page(page)):
            url = urljoin(page, link)
            if urlsplit(url).hostname == _FILES_HOST and re.search(pattern, _last_part(url)):
                newer = ", ".join(passed)
                return [FoundFile(title, url, _last_part(url), found_by="its publication page", newer=newer)]
        passed.append(title)
    return []


def _in_the_catalogue(upstream: Upstream, series: str, pattern: str) -> list[FoundFile]:
    """The files of the series in the catalogue of data.gov.uk, the latest first."""
    answer = upstream.json(_CATALOGUE, {"q": series.replace("-", " "), "rows": "20"})
    packages = (answer.get("result") or {}).get("results") or []
    resources = [resource for package in packages for resource in package.get("resources") or []]
    found = [
        FoundFile(str(one.get("name") or ""), str(one["url"]), _last_part(one["url"]), found_by="data.gov.uk")
        for one in resources
        if urlsplit(str(one.get("url"))).hostname == _FILES_HOST and re.search(pattern, _last_part(one["url"]))
    ]
    return found[:1]


class _Links(HTMLParser):
    """The links of a page in order: address and text. Reads the page once, however it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        link = dict(attrs).get("href")
        if tag == "a" and link:
            self.found.append((link, []))
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1][1].append(data)


def _links(page: str) -> list[tuple[str, str]]:
    parser = _Links()
    parser.feed(page[:_MOST_PAGE_CHARACTERS])
    return [(link, " ".join(" ".join(words).split())) for link, words in parser.found]


def _last_part(url: str) -> str:
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])
