"""Advice places that volunteers have mapped (OpenStreetMap, through the Overpass API).

Under the Open Database Licence: its table is never merged into one of the Open Government Licence, and it is credited
wherever it is shown. Completeness is uneven: that nothing is mapped means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import Found, FoundFile
from hjp_geo.errors import SchemaError, SourceError
from hjp_geo.layer import note
from hjp_geo.source import source
from hjp_geo.upstream import Progress, Upstream, quiet

ODBL = "Open Database Licence v1.0"
_QUERY = """[out:json][timeout:180][maxsize:536870912];
area["ISO3166-2"="GB-ENG"][admin_level=4]->.e;
(
nwr["brand:wikidata"="Q5122657"](area.e);
nwr["office"="citizens_advice"](area.e);
nwr["amenity"="advice"](area.e);
nwr["name"~"citizens.?'?s? advice|law cent(re|er)|advice (centre|bureau)|welfare rights|(money|debt) advice",i]
["amenity"~"^(social_facility|community_centre|information|social_centre)$"](area.e);
nwr["name"~"citizens.?'?s? advice|law centre|advice (centre|bureau)|welfare rights",i]["office"](area.e);
nwr["social_facility"="outreach"]["name"~"advice",i](area.e);
);
out center tags;"""
_THINKS_SECONDS = 200.0  # the question allows the server 180
_OVERPASS = "https://overpass-api.de/api/interpreter"
_GONE = ("disused:", "abandoned:", "was:", "demolished:", "removed:")
_KINDS = ("amenity", "office", "social_facility")


@dataclass(frozen=True)
class FoundPlaces(FoundFile):
    """What Overpass answers to one question. The question goes with the address, and is left out of messages."""

    @property
    def query(self) -> Mapping[str, str]:
        """What is asked beside the address."""
        return {"data": _QUERY}

    def state(self, _upstream: Upstream, _known: Mapping[str, str]) -> str:
        """Whether the map has changed is not asked: the question costs as much as the answer."""
        return "not said"

    def transfer(
        self, upstream: Upstream, to: Path, known: Mapping[str, str], progress: Progress = quiet
    ) -> dict[str, str] | None:
        """Write the answer; `SourceError` where Overpass does not give one."""
        asked = FoundFile(
            self.release, f"{self.url}?{urlencode(self.query)}", self.filename, read_seconds=self.read_seconds
        )
        try:
            return asked.transfer(upstream, to, known, progress)
        except SourceError as error:
            raise SourceError(str(error).replace(asked.url, self.url)) from error


def _ask_overpass(_upstream: Upstream) -> Sequence[Found]:
    return [FoundPlaces("current", _OVERPASS, "overpass.json", read_seconds=_THINKS_SECONDS)]


@source(
    title="Advice places in OpenStreetMap",
    publisher="OpenStreetMap contributors",
    licence=ODBL,
    attribution="© OpenStreetMap contributors (ODbL).",
    key="osm_id",
    columns={
        "osm_id": "kind and number of the element",
        "name": "as mapped; empty where it has none",
        "operator": "as mapped; empty where not said",
        "kind": "the tags that say what it is",
        "network": "citizens_advice, law_centre, or other",
        "longitude": "degrees, WGS84; of the middle where it is an outline",
        "latitude": "the same",
        "postcode": "tidied; missing where not mapped or not one",
        "phone": "as mapped; empty where not said",
        "website": "as mapped; empty where not said",
        "opening_hours": "as mapped, in OpenStreetMap's own notation",
        "as_of": "when the database was read, YYYY-MM-DD",
    },
    ranges={"longitude": (-180, 180), "latitude": (-90, 90)},
    discover=_ask_overpass,
    least_rows=100,
    optional=True,
)
def osm_advice(path: Path) -> Table:
    """One place a row that volunteers mapped as a place of advice in England. Topics are not mapped: unknown.

    Charity shops, and what is tagged as gone, are left out and counted. Raises `SourceError` where Overpass ran out of
    time or memory: it then sends what it had, with status 200.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    answer = _answer(path)
    elements = [one for one in answer["elements"] if _place(one) is not None]
    gone = [one for one in elements if any(key.startswith(_GONE) for key in _tags(one))]
    shops = [one for one in elements if _tags(one).get("shop") == "charity"]
    kept = [one for one in elements if one not in gone and one not in shops]
    as_of = str(answer.get("osm3s", {}).get("timestamp_osm_base", ""))[:10]
    table = pd.DataFrame([_row(one, as_of) for one in kept], columns=list(osm_advice.columns))
    table["postcode"] = tidy_postcodes(table["postcode"])
    table = table.sort_values("osm_id", ignore_index=True)
    note(table, "elements without a place: left out", len(answer["elements"]) - len(elements))
    note(table, "elements tagged as gone: left out", len(gone))
    note(table, "charity shops: left out", len(shops))
    return table


def _answer(path: Path) -> dict[str, Any]:
    try:
        answer = json.loads(path.read_bytes())
    except ValueError as error:
        raise SchemaError(f"osm_advice: {path.name} is not JSON ({error}). Fetch it again.") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        raise SchemaError(f"osm_advice: {path.name} has no list of elements. Overpass changed its answers.")
    if remark := answer.get("remark"):
        raise SourceError(f"osm_advice: Overpass gave up ({remark}), and sent only a part. Try again later.")
    return answer


def _tags(element: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in element.get("tags", {}).items()}


def _place(element: dict[str, Any]) -> tuple[float, float] | None:
    at = element.get("center", element)
    return (float(at["lon"]), float(at["lat"])) if "lon" in at and "lat" in at else None


def _row(element: dict[str, Any], as_of: str) -> tuple[Any, ...]:
    tags = _tags(element)
    name = tags.get("name", "")
    words = f"{name} {tags.get('brand', '')} {tags.get('office', '')}".casefold().replace("_", " ")
    network = "citizens_advice" if "citizens" in words and "advice" in words else "other"
    return (
        f"{element['type']}/{element['id']}",
        name,
        tags.get("operator", ""),
        "; ".join(f"{key}={tags[key]}" for key in _KINDS if key in tags),
        "law_centre" if "law centre" in words else network,
        *(_place(element) or (None, None)),
        tags.get("addr:postcode", ""),
        tags.get("phone", tags.get("contact:phone", "")),
        tags.get("website", tags.get("contact:website", "")),
        tags.get("opening_hours", ""),
        as_of,
    )
