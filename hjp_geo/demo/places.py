"""The made-up larger areas, networks, health sites, libraries and mapped places, written as their publishers' files."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.demo.advice import HOSTILE_NAME
from hjp_geo.demo.land import Land, to_degrees
from hjp_geo.demo.layouts import as_csv, as_json, as_zip

__all__ = ["larger_areas", "network_files", "organisation_list", "venue_files"]

BOARDS_2026 = (
    ("E54990011", "QZA", "NHS Wexmere Integrated Care Board"),
    ("E54990012", "QZB", "NHS Outer Isle Integrated Care Board"),
)
"""In April 2026 the made-up board was divided along its two Sub-ICB locations."""
_REGION = ("E12990001", "Made-up Region")
_AREAS_AN_MSOA = 5
_AREAS_A_WARD = 7
_PRACTICES_A_NETWORK = 5
_ODS = "www.odsdatasearchandexport.nhs.uk/api/getReport"

_Layers = dict[str, tuple[Table, gpd.GeoSeries | None]]


def board_2026(land: Land) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """For each area which of the two boards of 2026 it is in."""
    return pd.factorize(land.areas["sicbl24_code"], sort=True)[0]


def larger_areas(land: Land) -> _Layers:
    """Boards of 2026, MSOAs, wards, regions and districts: what belongs to which, and outlines, as ArcGIS layers."""
    return {
        "LSOA21_SICBL26_ICB26_NHSER26_LAD26": (_boards_of_2026(land), None),
        "OA_LSOA_MSOA_EW_DEC_2021_LU_v3": (_output_areas(land), None),
        "LSOA21_WD24_LAD24_EW_LU": (_wards(land), None),
        "LAD24_RGN24_EN_LU": (_regions(land), None),
        "Local_Authority_Districts_May_2024_Boundaries__UK_BSC": _outlines(
            land, land.areas["lad24_code"], land.areas["lad24_name"], "LAD24"
        ),
        "Integrated_Care_Boards_April_2026_Boundaries_EN_BGC": _outlines(
            land, _of_2026(land, 0), _of_2026(land, 2), "ICB26"
        ),
    }


def _of_2026(land: Land, part: int) -> pd.Series[str]:
    return pd.Series([BOARDS_2026[n][part] for n in board_2026(land)], index=land.areas.index)


def _boards_of_2026(land: Land) -> Table:
    areas = land.areas
    return pd.DataFrame(
        {
            "LSOA21CD": areas["lsoa21_code"],
            "LSOA21NM": areas["lsoa21_name"],
            "SICBL26CD": areas["sicbl24_code"],
            "SICBL26CDH": areas["sicbl24_nhs_code"],
            "SICBL26NM": areas["sicbl24_name"],
            "ICB26CD": _of_2026(land, 0),
            "ICB26CDH": _of_2026(land, 1),
            "ICB26NM": _of_2026(land, 2),
            "NHSER26CD": "E40000099",
            "NHSER26CDH": "Y99",
            "NHSER26NM": "Made-up NHS Region",
            "LAD26CD": areas["lad24_code"],
            "LAD26NM": areas["lad24_name"],
        }
    )


def _groups(land: Land, size: int) -> pd.Series[int]:
    """Numbers of groups of that many areas, none across a district."""
    within = land.areas.groupby("lad24_code").cumcount() // size
    return pd.Series(pd.factorize(land.areas["lad24_code"] + within.astype("str"))[0], index=land.areas.index)


def _output_areas(land: Land) -> Table:
    """Two output areas in each LSOA."""
    number = _groups(land, _AREAS_AN_MSOA) + 1
    rows = pd.DataFrame(
        {
            "LSOA21CD": land.areas["lsoa21_code"],
            "MSOA21CD": "E0299" + number.astype("str").str.zfill(4),
            "MSOA21NM": land.areas["lsoa21_name"].str[:-1],
        }
    )
    both = pd.concat([rows, rows]).sort_values("LSOA21CD", ignore_index=True)
    both.insert(0, "OA21CD", "E0099" + pd.Series(range(1, len(both) + 1)).astype("str").str.zfill(4))
    return both


def _wards(land: Land) -> Table:
    number = _groups(land, _AREAS_A_WARD) + 1
    districts = land.areas["lad24_code"].copy()
    districts.iloc[0] = districts.iloc[-1]  # as one area of England is in another district by its ward
    return pd.DataFrame(
        {
            "LSOA21CD": land.areas["lsoa21_code"],
            "WD24CD": "E0599" + number.astype("str").str.zfill(4),
            "WD24NM": land.areas["lad24_name"] + " Ward " + number.astype("str"),
            "LAD24CD": districts,
        }
    )


def _regions(land: Land) -> Table:
    districts = land.areas[["lad24_code", "lad24_name"]].drop_duplicates()
    named = districts.set_axis(["LAD24CD", "LAD24NM"], axis=1)
    return named.assign(RGN24CD=_REGION[0], RGN24NM=_REGION[1])


def _outlines(land: Land, codes: pd.Series[str], names: pd.Series[str], level: str) -> tuple[Table, gpd.GeoSeries]:
    shapes = gpd.GeoDataFrame(
        {"code": codes, "name": names}, geometry=land.shapes.to_numpy(), crs=BRITISH_NATIONAL_GRID
    )
    whole = shapes.dissolve("code").reset_index()
    attributes = whole[["code", "name"]].set_axis([f"{level}CD", f"{level}NM"], axis=1)
    return pd.DataFrame(attributes), whole.geometry.to_crs(WGS84)


def network_files(land: Land, practices: Table) -> tuple[dict[str, bytes], int]:
    """The mapping of practices to networks and boards of 2026, one practice in no network, and its rows."""
    places, doors = land.areas[["easting", "northing"]].to_numpy(), practices[["easting", "northing"]].to_numpy()
    nearest = np.hypot(*(doors[:, None] - places).transpose(2, 0, 1)).argmin(axis=1)
    areas = land.areas.iloc[nearest].reset_index(drop=True)
    board = board_2026(land)[nearest]
    within = pd.Series(range(len(practices))).groupby(board).cumcount() // _PRACTICES_A_NETWORK + 1
    code = pd.Series([f"U99{one}{number:02d}" for one, number in zip(board, within, strict=True)])
    name = pd.Series([f"{areas['lad24_name'].iloc[n].upper()} PCN {number}" for n, number in enumerate(within)])
    code.iloc[-1], name.iloc[-1] = "U", "UNALLOCATED"
    table = pd.DataFrame(
        {
            "PUBLICATION": "GP_PRAC_PAT_LIST",
            "EXTRACT_DATE": "01Jul2026",
            "PRACTICE_CODE": practices["practice_code"],
            "PRACTICE_NAME": practices["practice_name"],
            "PRACTICE_POSTCODE": practices["postcode"],
            "PCN_CODE": code,
            "PCN_NAME": name.groupby(code).transform("first"),
            "ONS_SUB_ICB_LOCATION_CODE": areas["sicbl24_code"],
            "SUB_ICB_LOCATION_CODE": areas["sicbl24_nhs_code"],
            "SUB_ICB_LOCATION_NAME": areas["sicbl24_name"],
            "ONS_ICB_CODE": [BOARDS_2026[n][0] for n in board],
            "ICB_CODE": [BOARDS_2026[n][1] for n in board],
            "ICB_NAME": [BOARDS_2026[n][2] for n in board],
            "ONS_COMM_REGION_CODE": "E40000099",
            "COMM_REGION_CODE": "Y99",
            "COMM_REGION_NAME": "Made-up NHS Region",
            "SUPPLIER_NAME": "MADE UP",
        }
    )
    body = as_zip({"gp-reg-pat-prac-map.csv": as_csv(table, newline="\r\n")})
    return {"files.digital.nhs.uk/98/8142DB/gp-reg-pat-prac-map.zip": body}, len(table)


_TRUST_SITES = (
    # name, town, open
    ("WEXMERE GENERAL HOSPITAL", "Wexmere", True),
    ("WEXMERE MATERNITY UNIT", "Wexmere", True),
    ("DUNLIN HOUSE MENTAL HEALTH UNIT", "Wexmere", True),
    ("QUILLMOUTH COMMUNITY HOSPITAL", "Quillmouth", True),
    ("BRACKHAVEN COTTAGE HOSPITAL", "Brackhaven", True),
    ("OXMARROW AMBULANCE STATION", "Oxmarrow", True),
    ("OLD WEXMERE INFIRMARY", "Wexmere", False),
)
_LIBRARIES = (
    # name, town, type, operation, co-located with health, other text
    ("Wexmere Central", "Wexmere", "Static Library", "LA", "", "Citizens Advice, Registration Service"),
    ("Harbour Road", "Wexmere", "Static library", "c", "", ""),
    ("Brackhaven", "Brackhaven", "Static Library", "LA", "X", "Health centre"),
    ("Quillmouth", "Quillmouth", "Static Library", "CR", "", "Gym"),
    ("Harvenby", "Harvenby", "Static Library", "Closed", "", ""),
    ("The Isle Mobile", "Wexmere", "Mobile Library", "LA", "", ""),
    ("HMP Oxmarrow", "Oxmarrow", "Prison Library", "LA", "", "Prison"),
)
_MAPPED = (
    # kind of element, name, town, tags
    ("node", "Citizens Advice Wexmere", "Wexmere", {"office": "citizens_advice", "opening_hours": "Mo-Th 09:30-15:30"}),
    ("way", "Isle Law Centre", "Quillmouth", {"office": "lawyer", "website": "https://law.example"}),
    ("node", "Brackhaven Welfare Rights", "Brackhaven", {"amenity": "social_facility", "addr:postcode": "zy1 1aa"}),
    ("node", HOSTILE_NAME, "Wexmere", {"amenity": "advice"}),
    ("node", "Old Advice Centre", "Wexmere", {"disused:amenity": "advice"}),
    ("node", "Citizens Advice Shop", "Wexmere", {"shop": "charity", "office": "citizens_advice"}),
)


def venue_files(
    rng: np.random.Generator, postcodes: Table, practices: Table
) -> tuple[dict[str, bytes], dict[str, int]]:
    """Trust sites, branches, pharmacies, libraries and mapped places; and how many rows each must have."""
    live = postcodes[postcodes["quality"] < 90]
    sites = [(name, _near(rng, live, town), opened) for name, town, opened in _TRUST_SITES]
    chemists = live.iloc[rng.choice(len(live), len(practices), replace=False)]
    branches = practices.iloc[::6]
    by_branch = live.iloc[rng.choice(len(live), len(branches), replace=False)]
    libraries = _library_rows(rng, live)
    lists = {
        "ets": organisation_list(
            [f"RZZ{n:02d}" for n in range(len(sites))],
            [name for name, _, _ in sites],
            [postcode for _, postcode, _ in sites],
            parents=["RZZ"] * len(sites),
            closed=["" if opened else "20190331" for _, _, opened in sites],
        ),
        "ebranchs": organisation_list(
            [f"{code}001" for code in branches["practice_code"]],
            [f"{name} (BRANCH)" for name in branches["practice_name"]],
            list(by_branch["postcode"]),
            parents=list(branches["practice_code"]),
            closed=[""] * len(branches),
        ),
        "edispensary": organisation_list(
            [f"FZ{n:03d}" for n in range(len(chemists))],
            [f"MADE-UP PHARMACY {n + 1}" for n in range(len(chemists))],
            list(chemists["postcode"]),
            parents=[""] * len(chemists),
            closed=[""] * len(chemists),
            status="A",
        ),
    }
    mapped, kept = _mapped(rng, live)
    files = {f"{_ODS}@report={name}": as_csv(rows, header=False, newline="\r\n") for name, rows in lists.items()}
    files["raw.githubusercontent.com/LibrariesHacked/librarydata-db/main/data/libraries_england_2023.csv"] = as_csv(
        libraries
    )
    files["overpass-api.de/api/interpreter"] = mapped
    return files, {
        "nhs_trust_sites": len(sites),
        "gp_branches": len(branches),
        "pharmacies": len(chemists),
        "libraries": len(libraries),
        "osm_advice": kept,
    }


def organisation_list(
    codes: list[str],
    names: list[str],
    postcodes: list[str],
    *,
    parents: list[str],
    closed: list[str],
    status: str = "",
) -> Table:
    """Organisations as the Organisation Data Service lists them, 27 columns without a header."""
    table = pd.DataFrame("", index=range(len(codes)), columns=range(27))
    table[0], table[1], table[2], table[3], table[9] = codes, names, "Y99", "QZZ", postcodes
    table[4], table[6], table[10] = "4 Made-up Avenue", "ISLE OF WEXMERE", "19740401"
    table[11], table[12], table[14], table[17] = closed, status, parents, "01632 960001"
    return table


def _library_rows(rng: np.random.Generator, postcodes: Table) -> Table:
    rows = [
        {
            "reporting": "Isle of Wexmere",
            "name": name,
            "address1": "5 Made-up Square",
            "address2": town,
            "address3": "",
            "authority": "Isle of Wexmere",
            "postcode": _near(rng, postcodes, town),
            "uprn": "",
            "type": kind,
            "operation_22": operation,
            "operation_23": operation,
            "closed": "2017" if operation == "Closed" else "",
            "operating_organisation": "-",
            "co_located": "Yes" if health or other else "No",
            "co_located_civic": "",
            "co_located_community": "",
            "co_located_health": health,
            "co_located_other_text": other,
            "hours": "N/A Closed" if operation == "Closed" else "32.5",
        }
        for name, town, kind, operation, health, other in _LIBRARIES
    ]
    return pd.DataFrame(rows)


def _mapped(rng: np.random.Generator, postcodes: Table) -> tuple[bytes, int]:
    elements = []
    for number, (kind, name, town, tags) in enumerate(_MAPPED, 1):
        place = postcodes[postcodes["town"] == town].head(40).sample(1, random_state=int(rng.integers(2**31)))
        degrees = to_degrees(place["easting"].to_numpy(), place["northing"].to_numpy(), 6).iloc[0]
        at = {"lat": float(degrees["latitude"]), "lon": float(degrees["longitude"])}
        where = at if kind == "node" else {"center": at}
        elements.append({"type": kind, "id": 990_000 + number, **where, "tags": {"name": name, **tags}})
    copyright_line = "Made up, in the layout of OpenStreetMap"
    stamp = {"timestamp_osm_base": "2026-11-20T05:00:00Z", "copyright": copyright_line}
    left_out = sum("shop" in tags or "disused:amenity" in tags for *_, tags in _MAPPED)
    answer = {"version": 0.6, "generator": "made up", "osm3s": stamp, "elements": elements}
    return as_json(answer), len(elements) - left_out


def _near(rng: np.random.Generator, postcodes: Table, town: str) -> str:
    of_town = postcodes[postcodes["town"] == town].head(40)
    return str(of_town["postcode"].iloc[int(rng.integers(len(of_town)))])
