"""Where the postcodes of a user's own rows are (postcodes.io, optional; it needs the network).

Not a source: nothing is kept as published, and only the postcodes a user gives are asked about. The list of live
postcodes (`postcodes`) comes first; this knows postcodes that have ended, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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

_ASK = "https://api.postcodes.io/postcodes"
_MOST = 2_000
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
        The service does not answer, answers with something else, or is asked for more than 2,000.
    """
    given = pd.Series(list(postcodes), dtype="str").drop_duplicates()
    tidy = tidy_postcodes(given)
    wanted = tidy.fillna(given).drop_duplicates()
    if len(wanted) > _MOST:
        raise SourceError(
            f"{len(wanted):,} postcodes are more than the {_MOST:,} that postcodes.io is asked for at once. "
            "Use the list of live postcodes: `hjp-geo fetch postcodes`."
        )
    known = set(tidy.dropna())
    rows = [_row(code, upstream, lsoa21) if code in known else _nothing(code, "not a postcode") for code in wanted]
    table = pd.DataFrame(rows, columns=[*_COLUMNS, "longitude", "latitude"])
    places = gpd.GeoSeries(gpd.points_from_xy(table["longitude"], table["latitude"]), crs=WGS84)
    grid, placed = places.to_crs(BRITISH_NATIONAL_GRID), table["longitude"].notna().to_numpy()
    table["easting"] = grid.x.round(0).where(placed)
    table["northing"] = grid.y.round(0).where(placed)
    return table[_COLUMNS]


def _row(postcode: str, upstream: Upstream, lsoa21: Collection[str]) -> dict[str, Any]:
    status, answer = _ask(postcode, upstream)
    if status == HTTPStatus.NOT_FOUND:
        ended = answer.get("terminated")
        if not ended:
            return _nothing(postcode, "unknown")
        return {**_nothing(postcode, "ended"), **_degrees(ended), "ended": ended.get("year_terminated")}
    result = answer.get("result")
    if not isinstance(result, dict):
        raise SourceError(f"{_ASK} answered without a result for {postcode}. The service changed.")
    place = _degrees(result)
    found = "found" if place["longitude"] is not None else "no place"
    return {**_nothing(postcode, found), **place, "lsoa21_code": _area(result.get("codes") or {}, lsoa21)}


def _ask(postcode: str, upstream: Upstream) -> tuple[int, Mapping[str, Any]]:
    with upstream.get(f"{_ASK}/{quote(postcode)}") as response:
        if response.status_code not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise SourceError(f"{_ASK} answered {response.status_code} for {postcode}. Try again later.")
        try:
            answer = response.json()
        except ValueError as error:
            raise SourceError(f"{_ASK} answered with something else than JSON for {postcode}.") from error
    if not isinstance(answer, dict):
        raise SourceError(f"{_ASK} answered without a result for {postcode}. The service changed.")
    return response.status_code, answer


def _area(codes: Mapping[str, Any], lsoa21: Collection[str]) -> str | None:
    """The LSOA 2021: by its own field, else by the field that was of 2011 once, if that code is one of 2021."""
    code = codes.get("lsoa21") or (codes.get("lsoa") if codes.get("lsoa") in lsoa21 else None)
    return str(code) if code else None


def _degrees(place: Mapping[str, Any]) -> dict[str, Any]:
    return {"longitude": place.get("longitude"), "latitude": place.get("latitude")}


def _nothing(postcode: str, status: str) -> dict[str, Any]:
    return {**dict.fromkeys([*_COLUMNS, "longitude", "latitude"]), "postcode": postcode, "status": status}
