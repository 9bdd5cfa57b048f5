"""Finding a release: each publisher's own index, asked in the way that publisher answers.

A discovery is a function from the session to what it found: candidates in order of preference. `data_sources/` names
one for each source; nothing here knows a dataset.
"""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from hjp_geo.errors import SourceError
from hjp_geo.found import ARCGIS_TRIES, Found, FoundFile, FoundLayer, ask_arcgis
from hjp_geo.upstream import Upstream

__all__ = [
    "Discovery",
    "Found",
    "FoundFile",
    "FoundLayer",
    "arcgis_layer",
    "fixed_file",
    "gov_uk_attachment",
    "gov_uk_newest",
    "known_files",
    "os_product",
]

ONS_SERVICES = "https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services"
_GOV_UK = "https://www.gov.uk"
_GOV_UK_ASSET = re.compile(r"""href=["'](https://assets\.publishing\.service\.gov\.uk/[^"']+)["']""")
_MOST_MOVES = 3
_ASKING = threading.Lock()


Discovery = Callable[[Upstream], Sequence[Found]]


def gov_uk_attachment(page: str, pattern: str) -> Discovery:
    """The attachment of a GOV.UK page whose file name matches, through the Content API.

    Chosen by file name, never by title or position; the release is the page's ``public_updated_at``. Where a page
    lists no attachment of that name, the links in its text are looked through; a page that moved is followed.
    """

    def discover(upstream: Upstream) -> Sequence[Found]:
        return _files_of_page(upstream, page, pattern)

    return discover


def gov_uk_newest(*, organisation: str, title: str, pattern: str, words: str) -> Discovery:
    """The same, of the newest page of an organisation whose title matches: for pages whose address changes each year.

    ``words`` are what GOV.UK's search is asked for; ``title`` is a pattern that the whole title must match.
    """

    def discover(upstream: Upstream) -> Sequence[Found]:
        answer = upstream.json(
            f"{_GOV_UK}/api/search.json",
            {
                "q": words,
                "count": "50",
                "order": "-public_timestamp",
                "fields": "title,link,public_timestamp",
                "filter_organisations": organisation,
            },
        )
        titles = [str(result.get("title", "")) for result in answer.get("results", [])]
        links = [str(result.get("link", "")) for result in answer.get("results", [])]
        found = [link for name, link in zip(titles, links, strict=True) if re.fullmatch(title, name)]
        if not found:
            raise SourceError(
                f"GOV.UK lists no page of {organisation} titled like {title} among {len(titles)} for '{words}'. "
                "It may be renamed: a newer hjp-geo may know its name, or download the file by hand (--from-file)."
            )
        return _files_of_page(upstream, found[0].strip("/"), pattern)

    return discover


def _files_of_page(upstream: Upstream, page: str, pattern: str) -> Sequence[Found]:
    item = _gov_uk_item(upstream, page)
    updated = str(item.get("public_updated_at") or "")[:10]
    details = item.get("details", {})
    attachments = details.get("attachments") or []
    found = [_attachment(one, updated) for one in attachments if _named(one, pattern)]
    linked = _linked_files(details)
    found += [
        FoundFile(updated, url, _last_part(url), found_by="a link in the page's text")
        for url in linked
        if not found and re.search(pattern, _last_part(url))
    ]
    if not found:
        names = ", ".join(filter(None, (*map(_file_name, attachments), *map(_last_part, linked)))) or "no files"
        raise SourceError(
            f"{_GOV_UK}/{page} lists no file named like {pattern}; it lists {names}. The page may have moved: "
            "a newer hjp-geo may know where to, or download the file by hand (--from-file)."
        )
    return found[:1]


def _gov_uk_item(upstream: Upstream, page: str) -> dict[str, Any]:
    """What GOV.UK knows of a page, wherever it moved to."""
    for _ in range(_MOST_MOVES):
        item = upstream.json(f"{_GOV_UK}/api/content/{page}")
        moved = item.get("redirects")
        if not moved or item.get("details", {}).get("attachments"):
            return item
        page = str(moved[0]["destination"]).removeprefix(_GOV_UK).strip("/")
    raise SourceError(f"{_GOV_UK}/{page}: the page has moved more than {_MOST_MOVES} times. Try again later.")


def _linked_files(details: Mapping[str, Any]) -> list[str]:
    """The addresses of files that stand only in the text of a page, as on old ones."""
    texts = [details.get("body"), *(details.get("documents") or [])]
    text = " ".join(one for one in texts if isinstance(one, str))
    return [html.unescape(url) for url in _GOV_UK_ASSET.findall(text)]


def _last_part(url: str) -> str:
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])


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
        names = [service["name"] for service in _listed_services(upstream)]
        matching = sorted((name for name in names if re.fullmatch(pattern, name)), key=_by_number)
        if not matching:
            raise SourceError(
                f"ONS Open Geography lists no service named like {pattern} among {len(names):,}. It may be renamed: "
                "a newer hjp-geo may know its name."
            )
        url = f"{ONS_SERVICES}/{matching[-1]}/FeatureServer/0"
        about = ask_arcgis(upstream, url, {"f": "json"})
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


def _listed_services(upstream: Upstream) -> list[dict[str, Any]]:
    """The list of all services, asked once a session: it is long, and fifteen sources look through it."""
    with _ASKING:
        if ONS_SERVICES not in upstream.lists:
            upstream.lists[ONS_SERVICES] = _services(upstream)
        return list(upstream.lists[ONS_SERVICES])


def _services(upstream: Upstream) -> list[dict[str, Any]]:
    for attempt in range(1, ARCGIS_TRIES + 1):  # sometimes the list is empty: never read that as "nothing"
        services = ask_arcgis(upstream, ONS_SERVICES, {"f": "json"}).get("services", [])
        if services:
            return list(services)
        upstream.wait(attempt)
    raise SourceError("ONS Open Geography answered three times with an empty list of services. Try again later.")


def _field(actual: Sequence[str], wanted: str, url: str) -> str:
    found = [name for name in actual if re.fullmatch(wanted, name)]
    if not found:
        raise SourceError(
            f"{url} has no field like {wanted}; it has {', '.join(actual)}. The publisher changed the layout: "
            "see docs/add-a-data-source.md#layout-changes."
        )
    return found[0]


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


def known_files(*releases: tuple[str, str] | tuple[str, str, int]) -> Discovery:
    """Files whose addresses cannot be guessed and whose index refuses programs, best first.

    Each is (release, address), and the number of rows of its table where that is known.
    """

    def discover(_upstream: Upstream) -> Sequence[Found]:
        return [
            FoundFile(release, url, _last_part(url), rows=next(iter(rows), None)) for release, url, *rows in releases
        ]

    return discover
