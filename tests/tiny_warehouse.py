"""Ten areas in a row, small enough to work every figure out by hand.

Area n (0 to 9) is a square kilometre from easting 400,000 + 1,000 n; its people live in the middle of it. Each has 100
residents, of whom n in income deprivation (area 0 none, area 9 nine). Districts: areas 0 to 4, and 5 to 9. One debt
advice office stands in the middle of area 0, one home-visit area in the middle of area 9, and one GP practice in the
middle of area 2.
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hjp_geo.store import building

WEST, SOUTH = 400_000, 300_000
CODES = [f"E0199000{n}" for n in range(10)]
HOSTILE = "=HYPERLINK(0) <img src=x onerror=alert(1)> *Advice* #1"


def write_tiny_warehouse(cache: Path) -> Path:
    """Write the warehouse into a cache folder and return the folder."""
    number = np.arange(10)
    areas = pd.DataFrame(
        {
            "area_code": CODES,
            "area_name": [f"Row {n}" for n in number],
            "sicbl24_code": "E38990001",
            "sicbl24_name": "Row sub-ICB",
            "icb24_code": "E54990001",
            "icb24_name": "Row ICB",
            "lad24_code": ["E07990001"] * 5 + ["E07990002"] * 5,
            "lad24_name": ["West Row"] * 5 + ["East Row"] * 5,
            "easting": WEST + 1000.0 * number + 500,
            "northing": SOUTH + 500.0,
            "residents": 100,
        }
    )
    boundaries = gpd.GeoDataFrame(
        {"area_code": CODES},
        geometry=[shapely.box(WEST + 1000 * n, SOUTH, WEST + 1000 * (n + 1), SOUTH + 1000) for n in number],
        crs="EPSG:27700",
    )
    values = pd.DataFrame(
        {
            "area_code": CODES,
            "income_deprivation": number.astype(float),
            "cancer_prevalence": number[::-1].astype(float),
            "residents": 100.0,
            "people_in_income_deprivation": number.astype(float),
            "people_with_cancer": [np.nan, *np.full(9, 2.5)],
            "people_with_cancer_low": [np.nan, *np.full(9, 2.0)],
            "people_with_cancer_high": [np.nan, *np.full(9, 4.0)],
        }
    )
    with building(cache) as builder:
        for name, table in {
            "areas": areas,
            "area_boundaries": boundaries,
            "layer_values": values,
            "sites": _sites(),
            "services": _services(),
            "health_sites": _health_sites(),
            "postcodes": pd.DataFrame(
                {"postcode": ["ZY1 1AA"], "easting": [WEST + 4500.0], "northing": [SOUTH + 500.0]}
            ),
            "_layers": _layers(),
            "_sources": _sources(),
            "_notes": pd.DataFrame({"table_name": ["sites"], "note": ["a note"], "amount": [1.0]}),
            "_tables": pd.DataFrame({"table_name": ["areas", "sites"], "inputs": [json.dumps(["made_up"])] * 2}),
            "_run": pd.DataFrame({"hjp_geo_version": ["0"], "built": ["2026-11-24T00:00:00+00:00"]}),
        }.items():
            builder.write(name, table)
    return cache


def _sites() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site_id": ["debt-1", "debt-2", "debt-3"],
            "site_name": [HOSTILE, "Home visits", "Closed office"],
            "list": "debt_advice",
            "postcode": ["ZY1 1AA", None, None],
            "easting": [WEST + 500.0, WEST + 9500.0, WEST + 5500.0],
            "northing": SOUTH + 500.0,
            "longitude": -2.0,
            "latitude": 52.6,
            "location_quality": ["address", "area", "address"],
            "grade": ["C", "D", "X"],
            "grade_reason": "made up",
            "in_england": True,
            "as_of": "",
        }
    )


def _services() -> pd.DataFrame:
    rows = [
        ("debt-1", "debt", "general_advice", "in_person", "listed"),
        ("debt-1", "housing", "general_advice", "in_person", "assumed"),
        ("debt-2", "debt", "general_advice", "outreach", "listed"),
        ("debt-3", "debt", "general_advice", "in_person", "listed"),
    ]
    return pd.DataFrame(rows, columns=["site_id", "topic", "assistance", "channel", "evidence"])


def _health_sites() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site_id": ["Z99001"],
            "site_name": ["THE ROW SURGERY"],
            "kind": ["gp_practice"],
            "postcode": ["ZY1 1AA"],
            "easting": [WEST + 2500.0],
            "northing": [SOUTH + 500.0],
            "longitude": [-2.0],
            "latitude": [52.6],
            "patients": [900.0],
        }
    )


def _layers() -> pd.DataFrame:
    rows = [
        ("income_deprivation", "Income deprivation", "% of residents", "need", "high_is_need", "Deprivation"),
        ("cancer_prevalence", "Cancer", "% of patients", "need", "high_is_need", "Conditions"),
        ("residents", "Residents", "people", "people", "none", "People"),
        ("people_in_income_deprivation", "People in income deprivation", "people", "people", "high_is_need", "People"),
        (
            "people_with_cancer",
            "Cancer: people on the register",
            "people",
            "people",
            "high_is_need",
            "People with a condition",
        ),
        *(
            (
                f"people_with_cancer_{end}",
                f"Cancer: people on the register, {end}est",
                "people",
                "range",
                "high_is_need",
                "People with a condition",
            )
            for end in ("low", "high")
        ),
    ]
    table = pd.DataFrame(rows, columns=["layer", "label", "unit", "role", "polarity", "group_label"])
    return table.assign(caveat="", inputs=json.dumps(["areas"]), description="", areas_missing=0)


def _sources() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["made_up"],
            "title": ["Made-up rows"],
            "publisher": ["Nobody"],
            "licence": ["none"],
            "attribution": ["Made up for the tests."],
            "release": ["1"],
            "url": ["https://example.org/"],
            "sha256": ["0" * 64],
            "bytes": [1],
            "rows": [10],
            "retrieved": ["2026-11-24T00:00:00+00:00"],
            "made_up": [True],
            "warnings": [""],
        }
    )
