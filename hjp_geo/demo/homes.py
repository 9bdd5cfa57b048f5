"""How the made-up people live: Census 2021 tables and fuel poverty, written as their publishers' files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.demo.land import Land, Numbers
from hjp_geo.demo.layouts import as_csv, as_json, as_workbook, as_zip, gov_uk_page

__all__ = ["census_files", "fuel_poverty_files"]

PEOPLE_A_HOUSEHOLD = 2.35

_Counts = npt.NDArray[np.int64]


def census_files(rng: np.random.Generator, land: Land, people: Table) -> dict[str, bytes]:
    """Disability, tenure, ethnic group, household deprivation and cars, as the bulk files of Nomis."""
    residents = people["population"].to_numpy(dtype=np.int64)
    households = np.round(residents / PEOPLE_A_HOUSEHOLD).astype(np.int64)
    files: dict[str, bytes] = {}
    for table, topic, counts in (
        ("ts038", "Disability", _disability(rng, people, residents)),
        ("ts054", "Tenure of household", _tenure(rng, land, people, households)),
        ("ts021", "Ethnic group", _ethnicity(rng, land, residents)),
        ("ts011", "Household deprivation", _dimensions(rng, people, households)),
        ("ts045", "Number of cars or vans", _cars(rng, land, people, households)),
    ):
        suffix = "; measures: Value" if table == "ts011" else ""  # some of the published files have it
        rows = pd.DataFrame(
            {"date": 2021, "geography": land.areas["lsoa21_name"], "geography code": land.areas["lsoa21_code"]}
            | {f"{topic}: {name}{suffix}": values for name, values in counts.items()}
        )
        body = as_zip({f"census2021-{table}-lsoa.csv": as_csv(rows)})
        files[f"www.nomisweb.co.uk/output/census/2021/census2021-{table}.zip"] = body
    return files


def _disability(rng: np.random.Generator, people: Table, residents: _Counts) -> dict[str, _Counts]:
    """More where people are older or poorer."""
    share = 0.175 + 0.03 * people["hardship"] + 0.25 * (people["share_60_over"] - 0.24)
    disabled = rng.binomial(residents, share.clip(0.03, 0.5))
    return {
        "Total: All usual residents": residents,
        "Disabled under the Equality Act": disabled,
        "Not disabled under the Equality Act": residents - disabled,
    }


def _tenure(rng: np.random.Generator, land: Land, people: Table, households: _Counts) -> dict[str, _Counts]:
    hardship, urban = _hardship_and_town(land, people)
    parts = _divided(
        rng,
        households,
        {
            "Social rented": 0.16 * np.exp(0.75 * hardship),
            "Private rented": 0.15 * np.exp(0.35 * hardship + 0.5 * urban),
            "Shared ownership": np.full(len(households), 0.01),
            "Lives rent free": np.full(len(households), 0.001),
        },
        rest="Owned",
    )
    return {"Total: All households": households, "Owned": parts.pop("Owned"), **parts}


def _ethnicity(rng: np.random.Generator, land: Land, residents: _Counts) -> dict[str, _Counts]:
    near_city = np.exp(-((land.areas["to_city_m"].to_numpy() / 4_000) ** 2))
    parts = _divided(
        rng,
        residents,
        {
            "Asian, Asian British or Asian Welsh": 0.02 + 0.20 * near_city,
            "Black, Black British, Black Welsh, Caribbean or African": 0.01 + 0.09 * near_city,
            "Mixed or Multiple ethnic groups": 0.015 + 0.03 * near_city,
            "Other ethnic group": 0.005 + 0.02 * near_city,
        },
        rest="White",
    )
    british = rng.binomial(parts["White"], 0.94 - 0.12 * near_city)
    return {
        "Total: All usual residents": residents,
        **parts,
        "White: English, Welsh, Scottish, Northern Irish or British": british,
    }


def _dimensions(rng: np.random.Generator, people: Table, households: _Counts) -> dict[str, _Counts]:
    hardship = people["hardship"].to_numpy()
    parts = _divided(
        rng,
        households,
        {
            "Household is deprived in one dimension": 0.33 * np.exp(0.06 * hardship),
            "Household is deprived in two dimensions": 0.14 * np.exp(0.35 * hardship),
            "Household is deprived in three dimensions": 0.035 * np.exp(0.6 * hardship),
            "Household is deprived in four dimensions": 0.002 * np.exp(0.8 * hardship),
        },
        rest="Household is not deprived in any dimension",
    )
    return {"Total: All households": households, **parts}


def _cars(rng: np.random.Generator, land: Land, people: Table, households: _Counts) -> dict[str, _Counts]:
    hardship, urban = _hardship_and_town(land, people)
    parts = _divided(
        rng,
        households,
        {
            "No cars or vans in household": 0.13 * np.exp(0.5 * hardship + 0.7 * urban),
            "2 cars or vans in household": 0.27 * np.exp(-0.3 * hardship - 0.2 * urban),
            "3 or more cars or vans in household": 0.09 * np.exp(-0.3 * hardship - 0.4 * urban),
        },
        rest="1 car or van in household",
    )
    return {"Total: All households": households, **parts}


def _hardship_and_town(land: Land, people: Table) -> tuple[Numbers, Numbers]:
    return people["hardship"].to_numpy(), land.areas["is_urban"].to_numpy(dtype=np.float64)


def _divided(rng: np.random.Generator, totals: _Counts, shares: dict[str, Numbers], *, rest: str) -> dict[str, _Counts]:
    """Each total divided at random by the shares; what they leave goes to ``rest``, at least a twentieth."""
    parts = np.column_stack(list(shares.values()))
    parts *= np.minimum(1, 0.95 / parts.sum(axis=1, keepdims=True))
    counts = rng.multinomial(totals, np.column_stack([parts, 1 - parts.sum(axis=1)]))
    return dict(zip([*shares, rest], counts.T.astype(np.int64), strict=True))


def fuel_poverty_files(rng: np.random.Generator, land: Land, people: Table) -> dict[str, bytes]:
    """The page, found by searching, and its workbook: figures with blanks around them, one of them withheld."""
    hardship, urban = _hardship_and_town(land, people)
    households = np.round(people["population"].to_numpy() / PEOPLE_A_HOUSEHOLD).astype(np.int64)
    poor = rng.binomial(households, np.clip(0.125 * np.exp(0.4 * hardship - 0.15 * urban), 0.02, 0.7))
    share = [f"{value:.1f}" for value in 100 * poor / households]
    title = "Sub-regional fuel poverty data 2026 (2024 data)"
    header = (
        "LSOA Code",
        "LSOA Name",
        "Local Authority Code",
        "Local Authority Name",
        "Region",
        "Number of households",
        "Number of households in fuel poverty",
        "Proportion of households fuel poor (%)",
    )
    columns = ["lsoa21_code", "lsoa21_name", "lad24_code", "lad24_name"]
    areas = land.areas[columns].itertuples(index=False)
    rows = [
        [*area, "Made-up Region", f" {all_of_them} ", f" {some} ", part]
        for area, all_of_them, some, part in zip(areas, households, poor, share, strict=True)
    ]
    rows[7][-2:] = ["[c]", "[c]"]
    body = as_workbook(
        {
            "Contents": [["Made-up fuel poverty"], ["Table 4", "by LSOA"]],
            "Table 4": [["Table 4. Fuel poverty by LSOA (made up)"], ["Every figure is invented."], header, *rows],
        }
    )
    link = "/government/statistics/sub-regional-fuel-poverty-data-2026-2024-data"
    found = {"title": title, "link": link, "public_timestamp": "2026-05-14T09:30:00.000+01:00"}
    older = {**found, "title": "Sub-regional fuel poverty: guidance", "link": "/government/publications/guidance"}
    name = "fuel-poverty-sub-regional-2026-2024-data-tables.xlsx"
    return {
        "www.gov.uk/api/search.json": as_json({"results": [older, found], "total": 2, "start": 0}),
        **gov_uk_page(
            f"www.gov.uk/api/content{link}", "made0000000000000000fuel", name, body, "2026-05-14T09:30:00+01:00"
        ),
    }
