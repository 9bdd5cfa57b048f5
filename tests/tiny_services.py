"""The ten areas in a row with other advice sites: each a point on the row, with services as a test writes them down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from tiny_warehouse import SOUTH, WEST

from hjp_geo.evidence import Evidence


def service(site: str, km: float | None, **said: Any) -> dict[str, Any]:
    """A service of one site: at so many km east of the middle of area 0, or nowhere (phone, online)."""
    usual = {"topic": "debt", "assistance": "general_advice", "channel": "in_person", "evidence": "listed"}
    return {"site_id": site, "km": km, "grade": "C", **usual, **said}


def with_services(tiny: Evidence, rows: Sequence[dict[str, Any]]) -> Evidence:
    """The evidence with these services, and their sites, in place of its own."""
    table = pd.DataFrame(rows)
    for name in ("hours_per_week", "sessions_per_month", "hours_per_session"):
        table[name] = table[name].astype("float64") if name in table else np.nan
    table["served_areas"] = (
        table["served_areas"].astype("str") if "served_areas" in table else pd.array([None] * len(table), dtype="str")
    )
    first = table.drop_duplicates("site_id").set_index("site_id")
    easting = WEST + 500 + 1000 * first["km"].astype("float64")
    sites = pd.DataFrame(
        {
            "site_name": "Site " + first.index.astype("str"),
            "list": "made_up",
            "postcode": pd.array([None] * len(first), dtype="str"),
            "easting": easting,
            "northing": (SOUTH + 500.0 + 0 * easting),
            "longitude": -2.0,
            "latitude": 52.6,
            "location_quality": "address",
            "grade": first["grade"],
            "grade_reason": "made up",
            "in_england": True,
            "as_of": "",
        },
        index=first.index,
    ).sort_index()
    return replace(tiny, sites=sites, services=table.drop(columns=["km", "grade"]))
