"""How sure it is that a site is there: one meaning of the grade, whatever list a site is in.

A: named, with an address, topics and hours known, checked within 12 months; or two lists agree. B: within 18 months,
address and topics known. C: one list, 18 to 36 months old, or undated, or topics unknown. D: over 36 months, or its
coordinates 1 km or more from its postcode, or a service area rather than a place. X: closed, or counted with another
site; kept, never counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.own.providers import ProviderRow, hours_a_week
from hjp_geo.own.schema import PLACED, UNKNOWN

__all__ = ["MEANING", "aged", "agreed", "grade_of", "months_since"]

MEANING: Mapping[str, str] = {
    "A": "address, topics and hours known and checked within 12 months, or two lists agree",
    "B": "an official list or your own, within 18 months, with address and topics",
    "C": "one list, 18 to 36 months old, or undated, or topics unknown",
    "D": "over 36 months old, far from its own postcode, or an area rather than a place",
    "X": "closed, or the same as another: kept, never counted",
}
FRESH_MONTHS, GOOD_MONTHS, OLD_MONTHS = 12, 18, 36
_BETTER = {"C": "B", "B": "A"}


def grade_of(row: ProviderRow, day: dt.date) -> tuple[str, str]:
    """Grade and reason of a user's row as of a day."""
    start, end, checked = row.get("open_from"), row.get("open_until"), row.get("checked_on")
    if end and end < day.isoformat():
        return "X", f"closed since {end}"
    if start and start > day.isoformat():
        return "X", f"opens on {start}"
    if row.moved:
        return "D", "coordinates 1 km or more from the postcode"
    if not checked:
        return "C", "your list, without a date"
    months = months_since(dt.date.fromisoformat(checked), day)
    if months > OLD_MONTHS:
        return "D", f"checked {checked}, over {OLD_MONTHS} months ago"
    if months > GOOD_MONTHS or row.get("topics") == UNKNOWN or row.get("topics_basis") == "assumed":
        return "C", f"checked {checked}" if months > GOOD_MONTHS else "topics unknown or assumed"
    addressed = row.location_quality == "address" or bool(row.get("address")) or row.get("channel") not in PLACED
    if months <= FRESH_MONTHS and addressed and not np.isnan(hours_a_week(row.cells)):
        return "A", f"address, topics and hours known; checked {checked}"
    return "B", f"your list, checked {checked}"


def aged(sites: Table, day: dt.date) -> Table:
    """Listed sites with their grade lowered by the age of their list, and ``stale``: over 36 months old.

    An undated row is not stale: nobody knows. What is D or X stays so.
    """
    dates = pd.to_datetime(sites["as_of"].where(sites["as_of"] != ""), format="%Y-%m-%d", errors="coerce")
    months = (day.year - dates.dt.year) * 12 + day.month - dates.dt.month - (dates.dt.day > day.day)
    counted = sites["grade"].isin(["A", "B", "C"])
    old, ageing = counted & (months > OLD_MONTHS), counted & sites["grade"].isin(["A", "B"]) & (months > GOOD_MONTHS)
    grade = sites["grade"].mask(ageing, "C").mask(old, "D")
    reason = sites["grade_reason"].mask(ageing, "its list is over 18 months old")
    return sites.assign(
        grade=grade, grade_reason=reason.mask(old, "its list is over 36 months old"), stale=(months > OLD_MONTHS)
    )


def agreed(sites: Table, lists: pd.Series[int]) -> Table:
    """Sites with the grade one better where two lists or more agree on them; what is D or X stays so."""
    both = lists.reindex(sites.index).fillna(1).astype("int64")
    better = sites["grade"].map(_BETTER)
    raised = (both > 1) & better.notna()
    words = "in " + both.astype("str") + " lists; " + sites["grade_reason"].astype("str")
    return sites.assign(
        grade=sites["grade"].where(~raised, better),
        grade_reason=sites["grade_reason"].where(~raised, words),
        lists=both,
    )


def months_since(earlier: dt.date, later: dt.date) -> int:
    """Whole months from one day to another."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month - (later.day < earlier.day)
