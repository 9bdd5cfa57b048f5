"""The made-up deprivation, written as the publisher's File 7 of 2025, and as that of 2019 on the areas of 2011."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.demo.land import Land
from hjp_geo.need import imd_transform

__all__ = ["file_7_of_2019", "file_7_of_2025"]

_STEMS = {
    "imd": "Index of Multiple Deprivation (IMD)",
    "income": "Income",
    "employment": "Employment",
    "education": "Education, Skills and Training",
    "health": "Health Deprivation and Disability",
    "crime": "Crime",
    "barriers": "Barriers to Housing and Services",
    "living": "Living Environment",
    "idaci": "Income Deprivation Affecting Children Index (IDACI)",
    "idaopi": "Income Deprivation Affecting Older People (IDAOPI)",
    "education_1": "Children and Young People Sub-domain",
    "education_2": "Adult Skills Sub-domain",
    "barriers_1": "Geographical Barriers Sub-domain",
    "barriers_2": "Wider Barriers Sub-domain",
    "living_1": "Indoors Sub-domain",
    "living_2": "Outdoors Sub-domain",
}
_RATES = {"income": 0.125, "employment": 0.11, "idaci": 0.17, "idaopi": 0.14}
"""Indices that are shares of people, and the usual share."""
_FROM_0_TO_100 = ("imd", "education", "barriers", "living")
"""Indices, with their sub-domains, whose scores are never below 0; those of health and crime lie around 0."""


def file_7_of_2025(land: Land, people: Table, indices: Table) -> Table:
    """One row an LSOA of 2021. One header is cut off, as in the published file."""
    columns: dict[str, Any] = {
        "LSOA code (2021)": land.areas["lsoa21_code"],
        "LSOA name (2021)": land.areas["lsoa21_name"],
        "Local Authority District code (2024)": land.areas["lad24_code"],
        "Local Authority District name (2024)": land.areas["lad24_name"],
        **_scores(indices),
        "Total population: mid 2022": people["population"],
        "Dependent Children aged 0-15: mid 2022": people["population_0_15"],
        "Older population aged 60 and over: mid 2022": people["population_60_over"],
        "Working age population 18-66 (for use with Employment Deprivation Domain): mid 2022": people[
            "population_18_66"
        ],
    }
    cut = f"{_STEMS['education_1']} Decile (where 1 is most deprived 10% of LSOAs)"
    return pd.DataFrame({name[:80] if name == cut else name: values for name, values in columns.items()})


def file_7_of_2019(rng: np.random.Generator, land: Land, people: Table, indices: Table, lookup: Table) -> Table:
    """One row an LSOA of 2011: much as in 2025, in another order here and there, and with fewer people."""
    row_of = pd.Series(land.areas.index, index=land.areas["lsoa21_code"])
    rows = lookup.assign(row=lookup["LSOA21CD"].map(row_of))
    first = rows.groupby("LSOA11CD")["row"].first()
    shares = (
        rows.groupby("LSOA11CD")["row"].size()
        / rows.groupby("LSOA21CD")["row"].transform("size").groupby(rows["LSOA11CD"]).mean()
    )
    before = indices.iloc[first].reset_index(drop=True) + rng.normal(0, 0.25, (len(first), indices.shape[1]))
    counts = people[["population", "population_0_15", "population_60_over", "population_18_66"]].iloc[first]
    less = (counts.mul(0.95 * shares.to_numpy(), axis=0)).round().astype("int64").reset_index(drop=True)
    places = land.areas.iloc[first].reset_index(drop=True)
    return pd.DataFrame(
        {
            "LSOA code (2011)": first.index,
            "LSOA name (2011)": places["lsoa21_name"],
            "Local Authority District code (2019)": places["lad24_code"],
            "Local Authority District name (2019)": places["lad24_name"],
            **_scores(before),
            "Total population: mid 2015 (excluding prisoners)": less["population"],
            "Dependent Children aged 0-15: mid 2015 (excluding prisoners)": less["population_0_15"],
            "Population aged 16-59: mid 2015 (excluding prisoners)": less["population"]
            - less["population_0_15"]
            - less["population_60_over"],
            "Older population aged 60 and over: mid 2015 (excluding prisoners)": less["population_60_over"],
            "Working age population 18-59/64: for use with Employment Deprivation Domain (excluding prisoners) ": less[
                "population_18_66"
            ],
        }
    )


def _scores(indices: Table) -> dict[str, Any]:
    """Score, rank and decile of each index, headed as published."""
    columns: dict[str, Any] = {}
    for name, stem in _STEMS.items():
        rank = indices[name].rank(method="first", ascending=False).astype("int64")
        rate = name in _RATES
        score = (_RATES.get(name, 0) * np.exp(0.55 * indices[name])).clip(0.004, 0.6) if rate else indices[name]
        if name.startswith(_FROM_0_TO_100):
            score = 0.9 * imd_transform(rank.astype("float64"), len(rank)) + 1
        columns[f"{stem} Score" + (" (rate)" if rate else "")] = score.round(3)
        columns[f"{stem} Rank (where 1 is most deprived)"] = rank
        columns[f"{stem} Decile (where 1 is most deprived 10% of LSOAs)"] = -(-10 * rank // len(rank))
    return columns
