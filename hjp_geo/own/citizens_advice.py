"""The internal ``advice_locations`` layout of Citizens Advice, read by its header, as rows of our own layout.

The file does not say which topics a location advises on. Benefits, debt, housing and employment are what its offices
usually give: they come marked as assumed, and count only where a plan counts assumptions.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

from hjp_geo.own.problems import OwnFileError
from hjp_geo.own.sheet import Sheet

__all__ = ["as_records", "is_layout"]

_MARK = "salesforce_advice_location_id"
_NEEDED = (_MARK, "advice_location_name", "location_type_name", "postcode")
_CHANNELS = {"office": "in_person", "outreach": "outreach"}
_USUAL_TOPICS = "welfare_benefits;debt;housing;employment"
_DATES = (
    re.compile(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})\b"),
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\b"),
)


def is_layout(header: tuple[str, ...]) -> bool:
    """Whether a header is of this layout."""
    return _MARK in [name.strip().casefold() for name in header]


def as_records(sheet: Sheet, today: dt.date) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """The rows in our own layout, and notes on what was left out."""
    names = [name.strip().casefold() for name in sheet.header]
    if absent := [name for name in _NEEDED if name not in names]:
        raise OwnFileError(
            f"The file looks like advice_locations of Citizens Advice, but has no column {', '.join(absent)}."
        )
    rows = [(number, dict(zip(names, cells, strict=False))) for number, cells in sheet.rows]
    parents = {row.get(_MARK, ""): row.get("advice_location_name", "") for _, row in rows}
    kept, left_out = list[tuple[int, dict[str, str]]](), Counter[str]()
    for number, row in rows:
        why = _left_out(row, today)
        left_out[why] += bool(why)
        if not why:
            kept.append((number, _record(row, parents, today)))
    notes = [f"{count:,} rows were left out: {why}." for why, count in left_out.items() if why]
    notes.append("Topics are not in this layout: benefits, debt, housing and employment are assumed, and say so.")
    if not kept:
        raise OwnFileError(f"No row can be taken. {' '.join(notes[:-1])}")
    return kept, notes


def _left_out(row: dict[str, str], today: dt.date) -> str:
    kind = row.get("location_type_name", "").casefold()
    if not any(word in kind for word in _CHANNELS):
        return "neither an office nor outreach (a member is an organisation, not a place)"
    closed, reopened = _date(row.get("closed_from", "")), _date(row.get("reopened_from", ""))
    is_closed = row.get("is_location_closed", "").casefold() in ("true", "1", "yes", "t")
    open_again = reopened is not None and reopened <= today and (closed is None or reopened > closed)
    if not open_again and (is_closed or (closed is not None and closed <= today)):
        return "closed"
    if row.get("excluded_from_lss_front_end", "").casefold() in ("true", "1", "yes", "t"):
        return "marked as not to be shown to the public"
    return ""


def _record(row: dict[str, str], parents: dict[str, str], today: dt.date) -> dict[str, str]:
    kind = row.get("location_type_name", "").casefold()
    changed, closing = _date(row.get("last_modified_date", "")), _date(row.get("closed_from", ""))
    address = ", ".join(filter(None, (row.get(name, "") for name in ("street_name", "city", "county"))))
    record = {
        "site_name": row.get("advice_location_name", "")[:120],
        "provider_name": (parents.get(row.get("salesforce_parent_id", "")) or row.get("advice_location_name", ""))[
            :120
        ],
        "topics": _USUAL_TOPICS,
        "topics_basis": "assumed",
        "channel": next(channel for word, channel in _CHANNELS.items() if word in kind),
        "address": address[:250],
        "postcode": row.get("postcode", ""),
        "latitude": row.get("latitude", ""),
        "longitude": row.get("longitude", ""),
        "served_areas": row.get("local_authority_ons_code", ""),
        "access": "drop_in" if row.get("allows_drop_in_visits", "").casefold() in ("true", "1", "yes", "t") else "",
        "network": "citizens_advice",
        "open_until": closing.isoformat() if closing and closing > today else "",
        "checked_on": changed.isoformat() if changed and changed <= today else "",
        "source": "Citizens Advice, advice_locations",
        "licence": "internal",
    }
    return {name: value for name, value in record.items() if value}


def _date(text: str) -> dt.date | None:
    for pattern in _DATES:
        if match := pattern.match(text):
            try:
                return dt.date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                return None
    return None
