"""Where the postcodes of a user's own rows are (postcodes.io, optional; it needs the network).

Not a source: nothing is kept as published, and only the postcodes a user gives are asked about. The list of live
postcodes (`postcodes`) comes first; this knows postcodes that have ended, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import pandas as pd

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table, tidy_postcodes
from hjp_geo.errors import SourceError
from hjp_geo.upstream import Upstream

__all__ = ["ATTRIBUTION", "geocode_postcodes"]

ATTRIBUTION = (
    "Contains OS data © Crown copyright and database right 2026. Contains Royal Mail data © Royal Mail copyright and "
    "database right 2026. Source: Office for National Statistics licensed under the Open Government Licence v.3.0."
)
"""The credit that places found this way need."""

_SERVICE = "https://api.postcodes.io"
_LIVE = f"{_SERVICE}/postcodes?filter=longitude,latitude,codes"
_ENDED = f"{_SERVICE}/terminated_postcodes"
_AT_ONCE = 100
_MOST = 2_000
_CHANGED = "The service changed: use the list of live postcodes instead (`hjp-geo fetch postcodes`)."
_COLUMNS = ["postcode", "status", "easting", "northing", "lsoa21_code", "ended"]


def geocode_postcodes(postcodes: Iterable[str], upstream: Upstream, lsoa21: Collection[str] = ()) -> Table:
    """Where each different postcode is: one row each, in order.

    Parameters
    ----------
    postcodes
        As users write them, in any case and spacing.
    upstream
        The session to ask with.
    lsoa21
        Every LSOA 2021 code. The service changed the vintage of one of its two fields in December 2025; where only
        that one is given, its code is used if it is one of these.

    Returns
    -------
    ``postcode`` (tidied; as given where it is no postcode), ``status`` (found, ended, no place, unknown or not a
    postcode), ``easting`` and ``northing`` (metres, British National Grid), ``lsoa21_code`` and ``ended`` (the year):
    each missing where not known. An ended postcode has its last place, but no area.

    Raises
    ------
    SourceError
        The service does not answer, answers with something else, or is asked for more than 2,000. It is asked for a
        hundred at a time, and then once for each that is not live.
    """
    given = pd.Series(list(postcodes), dtype="str").drop_duplicates()
    tidy = tidy_postcodes(given)
    wanted = tidy.fillna(given).drop_duplicates()
    if len(wanted) > _MOST:
        raise SourceError(
            f"{len(wanted):,} postcodes are more than the {_MOST:,} that postcodes.io is asked for at once. "
            "Use the list of live postcodes: `hjp-geo fetch postcodes`."
        )
    known = list(dict.fromkeys(tidy.dropna()))
    parts = [known[start : start + _AT_ONCE] for start in range(0, len(known), _AT_ONCE)]
    live = {code: place for part in parts for code, place in _live(part, upstream).items()}
    rows = [
        _row(code, live[code], upstream, lsoa21) if code in live else _nothing(code, "not a postcode")
        for code in wanted
    ]
    table = pd.DataFrame(rows, columns=[*_COLUMNS, "longitude", "latitude"])
    places = gpd.GeoSeries(gpd.points_from_xy(table["longitude"], table["latitude"]), crs=WGS84)
    grid, placed = places.to_crs(BRITISH_NATIONAL_GRID), table["longitude"].notna().to_numpy()
    table["easting"] = grid.x.round(0).where(placed)
    table["northing"] = grid.y.round(0).where(placed)
    return table[_COLUMNS]


def _live(postcodes: Sequence[str], upstream: Upstream) -> dict[str, dict[str, Any] | None]:
    """What is known of each of up to a hundred postcodes; None where it is not a live one."""
    status, answer = upstream.ask(_LIVE, {"postcodes": list(postcodes)})
    _expect(status, HTTPStatus.OK, f"{len(postcodes)} postcodes from {postcodes[0]}")
    results = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise SourceError(f"{_SERVICE} answered without results for {postcodes[0]} and others. {_CHANGED}")
    found = {str(one.get("query")): one.get("result") for one in results}
    if absent := [code for code in postcodes if code not in found]:
        raise SourceError(
            f"{_SERVICE} answered for {len(postcodes) - len(absent)} of {len(postcodes)} postcodes; {absent[0]} is "
            f"missing. {_CHANGED}"
        )
    if strange := [code for code in postcodes if not isinstance(found[code], dict | None)]:
        raise SourceError(f"{_SERVICE} answered with something else than a place for {strange[0]}. {_CHANGED}")
    return {code: found[code] for code in postcodes}


def _row(postcode: str, place: Mapping[str, Any] | None, upstream: Upstream, lsoa21: Collection[str]) -> dict[str, Any]:
    if place is None:
        return _ended(postcode, upstream)
    at = _degrees(place)
    row = _nothing(postcode, "found" if at["longitude"] is not None else "no place")
    return {**row, **at, "lsoa21_code": _area(place.get("codes") or {}, lsoa21)}


def _ended(postcode: str, upstream: Upstream) -> dict[str, Any]:
    """A postcode that is not live: ended, or never was one."""
    status, answer = upstream.ask(f"{_ENDED}/{quote(postcode)}")
    if status == HTTPStatus.NOT_FOUND:
        return _nothing(postcode, "unknown")
    _expect(status, HTTPStatus.OK, postcode)
    last = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(last, dict):
        raise SourceError(f"{_SERVICE} answered without a result for {postcode}. {_CHANGED}")
    return {**_nothing(postcode, "ended"), **_degrees(last), "ended": last.get("year_terminated")}


def _expect(status: int, expected: int, what: str) -> None:
    if status != expected:
        raise SourceError(
            f"{_SERVICE} answered {status} when asked about {what}, expected {expected}. Try again later, or use the "
            "list of live postcodes: `hjp-geo fetch postcodes`."
        )


def _area(codes: Mapping[str, Any], lsoa21: Collection[str]) -> str | None:
    """The LSOA 2021: by its own field, else by the field that was of 2011 once, if that code is one of 2021."""
    code = codes.get("lsoa21") or (codes.get("lsoa") if codes.get("lsoa") in lsoa21 else None)
    return str(code) if code else None


def _degrees(place: Mapping[str, Any]) -> dict[str, Any]:
    return {"longitude": place.get("longitude"), "latitude": place.get("latitude")}


def _nothing(postcode: str, status: str) -> dict[str, Any]:
    return {**dict.fromkeys([*_COLUMNS, "longitude", "latitude"]), "postcode": postcode, "status": status}
