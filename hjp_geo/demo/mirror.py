"""The made-up Integrated Care System as a folder of publishers' files, and the one function that writes it."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import tomlkit

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.demo.advice import make_debt_advice, make_legal_aid, make_postcodes
from hjp_geo.demo.deprivation import file_7_of_2019, file_7_of_2025
from hjp_geo.demo.homes import census_files, fuel_poverty_files
from hjp_geo.demo.land import Land, make_land
from hjp_geo.demo.layouts import TITLE, as_csv, as_json, as_workbook, as_zip, gov_uk_page, layer_answers
from hjp_geo.demo.people import Registers, make_indices, make_people, make_practices, make_registers
from hjp_geo.demo.places import BOARDS_2026, larger_areas, network_files, venue_files
from hjp_geo.errors import PlanError

__all__ = ["write_mirror"]

EDITION = 5
"""Of the generator: a folder of another edition is written again."""
SEED = 20261124

_NHS = "files.digital.nhs.uk"
_BGC = "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC_V5"
_LOOKUP_24 = "LSOA21_SICBL24_ICB24_CAL24_LAD24_EN_LU"
_SPLIT, _MERGED = 4, 3
"""How many areas of 2011 were split into two, and how many of 2021 were merged from two."""


def write_mirror(folder: Path, *, seed: int = SEED, areas: int = 600) -> None:
    """Fill a folder laid out as HOST/PATH with every file that the sources ask for, all of it made up.

    A folder that already holds the same system is left as it is; another one is replaced when the new one is whole.
    The same seed and number of areas give the same bytes. `PlanError` where the folder holds anything else: whatever
    it is, it is not ours to replace.
    """
    wanted = {"edition": EDITION, "seed": seed, "areas": areas}
    held = _held(folder)
    if held == wanted:
        return
    if not held and folder.exists() and any(folder.iterdir()):
        raise PlanError(f"{folder} holds something else than a made-up system. Name an empty or a new folder.")
    beside = folder.with_name(f".writing-{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    files, totals = _files(seed, areas)
    for name, body in files.items():
        path = beside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    about = {"title": TITLE, "made_up": True, "made_with": wanted, "expected_rows": totals}
    (beside / "mirror.toml").write_text(tomlkit.dumps(about), "utf-8")
    _swap(beside, folder)


def _held(folder: Path) -> dict[str, int]:
    path = folder / "mirror.toml"
    if not path.is_file():
        return {}
    made: dict[str, int] = tomllib.loads(path.read_text("utf-8")).get("made_with", {})
    return made


def _swap(beside: Path, folder: Path) -> None:
    old = folder.with_name(f".old-{folder.name}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    beside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _files(seed: int, areas: int) -> tuple[dict[str, bytes], dict[str, int]]:
    """Every file by its place in the folder, and the rows each source must then have."""
    rng = np.random.default_rng(seed)
    land = make_land(rng, areas)
    people = make_people(rng, land)
    indices = make_indices(rng, land, people)
    postcodes = make_postcodes(land)
    practices = make_practices(rng, land, postcodes[postcodes["quality"] < 90])
    registers = make_registers(rng, land, people, practices)
    lookup = _lsoa11(land)
    legal_aid, debt = make_legal_aid(rng, postcodes), make_debt_advice(rng, postcodes)
    registrations = _registrations(registers, land, lookup, practices)
    practice_rows = _practice_rows(practices)
    files = {
        **_deprivation(land, people, indices),
        **census_files(rng, land, people),
        **_geography(land, lookup),
        **_nhs(registers, registrations, practice_rows),
        **_postcode_files(postcodes),
        **_legal_aid_files(legal_aid),
        **_debt_files(debt),
    }
    before, areas_2011 = _deprivation_before(rng, land, people, indices, lookup)
    networks, mapped_practices = network_files(land, practices)
    venues, venue_rows = venue_files(rng, postcodes, practices)
    files |= before | networks | venues | fuel_poverty_files(rng, land, people)
    districts = land.areas["lad24_code"].nunique()
    totals = {
        **dict.fromkeys(_AREA_SOURCES, len(land.areas)),
        **dict.fromkeys(("lad24_boundaries", "lad24_region24_lookup"), districts),
        **venue_rows,
        "icb26_boundaries": len(BOARDS_2026),
        "iod19": areas_2011,
        "gp_practice_map": mapped_practices,
        "lsoa11_lsoa21_lookup": len(lookup),
        "icb23_boundaries": 1,
        "qof_prevalence": len(registers.prevalence),
        "gp_registrations": len(registrations),
        "gp_practices": len(practice_rows),
        "postcodes": len(postcodes),
        "legal_aid_offices": len(legal_aid),
        "debt_advice_organisations": len(debt),
    }
    return files, totals


_AREA_SOURCES = (
    "census21_cars",
    "census21_disability",
    "census21_ethnicity",
    "census21_household_deprivation",
    "census21_tenure",
    "iod25",
    "lsoa21_boundaries",
    "lsoa21_centroids",
    "lsoa21_icb24_lookup",
    "lsoa21_icb26_lookup",
    "lsoa21_msoa21_lookup",
    "lsoa21_rural_urban",
    "lsoa21_ward24_lookup",
    "sub_regional_fuel_poverty",
)


# deprivation --------------------------------------------------------------------------------------------------------


def _deprivation(land: Land, people: Table, indices: Table) -> dict[str, bytes]:
    page = "www.gov.uk/api/content/government/statistics/english-indices-of-deprivation-2025"
    name = "File_7_IoD2025_All_Ranks_Scores_Deciles_Population_Denominators.csv"
    body = as_csv(file_7_of_2025(land, people, indices), encoding="utf-8-sig", newline="\r\n")
    return gov_uk_page(page, "made0000000000000000iod7", name, body, "2025-11-19T09:20:39+00:00")


def _deprivation_before(
    rng: np.random.Generator, land: Land, people: Table, indices: Table, lookup: Table
) -> tuple[dict[str, bytes], int]:
    """The indices of 2019, on the areas of 2011, and how many of them there are."""
    page = "www.gov.uk/api/content/government/statistics/english-indices-of-deprivation-2019"
    name = "File_7_-_All_IoD2019_Scores__Ranks__Deciles_and_Population_Denominators_3.csv"
    table = file_7_of_2019(rng, land, people, indices, lookup)
    body = as_csv(table, newline="\r\n")
    return gov_uk_page(page, "made0000000000000000iod4", name, body, "2019-09-26T09:30:00+00:00"), len(table)


# geography ----------------------------------------------------------------------------------------------------------


def _geography(land: Land, lookup: Table) -> dict[str, bytes]:
    codes = land.areas[["lsoa21_code"]].set_axis(["LSOA21CD"], axis=1)
    named = codes.assign(LSOA21NM=land.areas["lsoa21_name"])
    degrees = land.shapes.to_crs(WGS84)
    centres = _points(land.areas["easting"], land.areas["northing"])
    icb = pd.DataFrame({"ICB23CD": ["E54990001"], "ICB23NM": [land.areas["icb24_name"].iloc[0]]})
    outline = gpd.GeoSeries([land.shapes.union_all()], crs=BRITISH_NATIONAL_GRID).to_crs(WGS84)
    layers = {
        _BGC: (named, degrees.to_numpy()),
        "LSOA_PopCentroids_EW_2021_V4": (codes, centres.to_numpy()),
        "Integrated_Care_Boards_April_2023_EN_BGC": (icb, outline.to_numpy()),
        _LOOKUP_24: (_icb_lookup(land), None),
        "LSOA11_LSOA21_LAD22_EW_LU_v5": (lookup, None),
        "LSOA21_RUC21_EW_LU": (_rural_urban(land), None),
        **{name: (table, None if s is None else s.to_numpy()) for name, (table, s) in larger_areas(land).items()},
    }
    services = [{"name": name, "type": "FeatureServer"} for name in layers]
    listing = "services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/index.json"
    files = {listing: as_json({"currentVersion": 12, "services": services})}
    for name, (attributes, shapes) in layers.items():
        files |= layer_answers(name, attributes, shapes)
    return files


def _points(eastings: pd.Series[float], northings: pd.Series[float]) -> gpd.GeoSeries:
    return gpd.GeoSeries(gpd.points_from_xy(eastings, northings), crs=BRITISH_NATIONAL_GRID).to_crs(WGS84)


def _icb_lookup(land: Land) -> Table:
    renamed = {
        "lsoa21_code": "LSOA21CD",
        "lsoa21_name": "LSOA21NM",
        "sicbl24_code": "SICBL24CD",
        "sicbl24_nhs_code": "SICBL24CDH",
        "sicbl24_name": "SICBL24NM",
        "icb24_code": "ICB24CD",
        "icb24_nhs_code": "ICB24CDH",
        "icb24_name": "ICB24NM",
        "lad24_code": "LAD24CD",
        "lad24_name": "LAD24NM",
    }
    lookup: Table = land.areas[list(renamed)].rename(columns=renamed)
    return lookup


def _rural_urban(land: Land) -> Table:
    urban = land.areas["is_urban"]
    return pd.DataFrame(
        {
            "LSOA21CD": land.areas["lsoa21_code"],
            "RUC21CD": np.where(urban, "UN1", "RSN1"),
            "RUC21NM": np.where(urban, "Urban: Nearer to a major town or city", "Smaller rural"),
            "Urban_rural_flag": np.where(urban, "Urban", "Rural"),
        }
    )


def _lsoa11(land: Land) -> Table:
    """The exact-fit lookup: most areas unchanged, some split in two since 2011, some merged from two."""
    codes = land.areas["lsoa21_code"]
    old, change = codes.to_numpy(dtype=object).copy(), np.full(len(codes), "U", dtype=object)
    step = len(codes) // (_SPLIT + _MERGED + 1)
    for n in range(_SPLIT):
        pair = [step * (n + 1), step * (n + 1) + 1]
        old[pair], change[pair] = f"E01980{n + 1:03d}", "S"
    merged = [step * (_SPLIT + n + 1) for n in range(_MERGED)]
    old[merged], change[merged] = [f"E01981{n + 1:03d}" for n in range(_MERGED)], "M"
    first = pd.DataFrame({"LSOA11CD": old, "LSOA21CD": codes, "CHGIND": change})
    second = pd.DataFrame(
        {"LSOA11CD": [f"E01982{n + 1:03d}" for n in range(_MERGED)], "LSOA21CD": codes.iloc[merged], "CHGIND": "M"}
    )
    return pd.concat([first, second], ignore_index=True).sort_values(["LSOA11CD", "LSOA21CD"], ignore_index=True)


# the NHS ------------------------------------------------------------------------------------------------------------


def _registrations(registers: Registers, land: Land, lookup: Table, practices: Table) -> Table:
    """Patients by practice and area of 2011, with the codes that are no areas; the newest practice is not in it yet."""
    pairs = lookup.merge(land.areas.reset_index()[["index", "lsoa21_code"]], left_on="LSOA21CD", right_on="lsoa21_code")
    parents = pairs.groupby("index")["LSOA11CD"].transform("size")
    rows = registers.registrations.merge(pairs.assign(parents=parents), left_on="area", right_on="index")
    rows["patients"] = np.ceil(rows["patients"] / rows["parents"]).astype("int64")
    placed = rows.groupby(["practice_code", "LSOA11CD"], as_index=False)["patients"].sum()
    codes = practices["practice_code"]
    odd = pd.DataFrame(
        {
            "practice_code": codes.iloc[[0, 0, 1, 2]].to_list(),
            "LSOA11CD": ["NO2011", "W01999001", "EMPTY", "CLOSED"],
            "patients": [12, 7, 3, 1],
        }
    )
    both = pd.concat([placed[placed["practice_code"] != codes.iloc[-1]], odd], ignore_index=True)
    ordered: Table = both.sort_values(["practice_code", "LSOA11CD"], ignore_index=True)
    return ordered


def _practice_rows(practices: Table) -> Table:
    """The practices as the Organisation Data Service lists them, without a header; one more has closed."""
    closed = practices.tail(1).assign(practice_code="Z99900", practice_name="THE CLOSED SURGERY")
    rows = pd.concat([practices, closed], ignore_index=True)
    table = pd.DataFrame("", index=rows.index, columns=range(27))
    table[0], table[1], table[2], table[3] = rows["practice_code"], rows["practice_name"], "Y99", "QZZ"
    table[4], table[6], table[9] = "1 Made-up Street", rows["town"].str.upper(), rows["postcode"]
    table[10], table[12], table[13], table[14], table[25] = "19740401", "A", "B", "Z9W1A", "4"
    last = rows.index[-1]
    table.loc[last, [11, 12]] = ["20240331", "C"]
    return table


def _nhs(registers: Registers, registrations: Table, practice_rows: Table) -> dict[str, bytes]:
    prevalence = registers.prevalence.assign(register=registers.prevalence["register"].map("{:.1f}".format))
    prevalence.loc[prevalence.index[5], "register"] = ""  # one register is suppressed
    order = ["practice_code", "condition", "register", "age_band", "list_size"]
    header = ["PRACTICE_CODE", "GROUP_CODE", "REGISTER", "PATIENT_LIST_TYPE", "PRACTICE_LIST_SIZE"]
    lists = pd.DataFrame(
        {
            "PUBLICATION": "GP_PRAC_PAT_LIST",
            "EXTRACT_DATE": "01Jul2022",
            "PRACTICE_CODE": registrations["practice_code"],
            "PRACTICE_NAME": "MADE UP",
            "LSOA_CODE": registrations["LSOA11CD"],
            "SEX": "ALL",
            "NUMBER_OF_PATIENTS": registrations["patients"],
        }
    )
    lsoa_zip = "gp-reg-pat-prac-lsoa-male-female-July-2022.zip"
    return {
        f"{_NHS}/95/4708D7/QOF2425.zip": as_zip({"PREVALENCE_2425.csv": as_csv(prevalence[order], header=header)}),
        f"{_NHS}/0E/59E17A/{lsoa_zip}": as_zip({"gp-reg-pat-prac-lsoa-all.csv": as_csv(lists)}),
        "www.odsdatasearchandexport.nhs.uk/api/getReport": as_csv(practice_rows, header=False, newline="\r\n"),
    }


# postcodes and providers --------------------------------------------------------------------------------------------


def _postcode_files(postcodes: Table) -> dict[str, bytes]:
    table = pd.DataFrame("", index=postcodes.index, columns=range(10))
    table[0], table[1] = postcodes["postcode"], postcodes["quality"]
    table[2], table[3] = postcodes["easting"].astype("int64"), postcodes["northing"].astype("int64")
    table[4], table[8] = "E92000001", "E07990001"
    about = "api.os.uk/downloads/v1/products/CodePointOpen"
    return {
        f"{about}/index.json": as_json({"id": "CodePointOpen", "name": "Code-Point Open", "version": "2026-11"}),
        f"{about}/downloads": as_zip({"Data/CSV/zy.csv": as_csv(table, header=False)}),
    }


_LEGAL_AID_HEADER = (
    "Provider Name",
    "Address Line 1",
    "Address Line 2",
    "Address Line 3",
    "City",
    "County",
    "Postcode",
    "Telephone Number",
)
_CONTRACTS = (
    "Crime",
    "Prison Law",
    "Claims Against Public Authorities",
    "Clinical Negligence",
    "Community Care",
    "Debt",
    "Discrimination",
    "Education",
    "Mediation",
    "Housing",
    "Housing Loss Prevention Advice Service",
    "Immigration Asylum",
    "Family",
    "Mental Health",
    "Modern Slavery",
    "Public Law",
    "Welfare Benefits",
)


def _legal_aid_files(offices: list[tuple[str, str, str, tuple[str, ...]]]) -> dict[str, bytes]:
    title = ("", "Directory of Legal Aid Providers (made up)")
    rows: list[Iterable[str]] = [title, ("", "Date Refreshed: 18/03/2026"), (), (), ()]
    rows.append(("", *_LEGAL_AID_HEADER, *_CONTRACTS))
    for name, town, postcode, contracts in offices:
        flags = ["Yes" if contract in contracts else "" for contract in _CONTRACTS]
        place = ["2 Made-up Row", "(Blank)", "", town, "Isle of Wexmere", postcode, "01632 960000"]
        rows.append(("", name, *place, *flags))
    about = [("", "About the data"), ("", "Every row is invented.")]
    body = as_workbook({"Summary": [list(row) for row in rows], "About the data": about})
    page = "www.gov.uk/api/content/government/publications/directory-of-legal-aid-providers"
    return gov_uk_page(page, "made00000000000000000laa", "Made_up_directory.xlsx", body, "2026-04-10T08:53:42+00:00")


_DEBT_HEADER = [
    "id",
    "name",
    "address_street_address",
    "address_locality",
    "address_region",
    "address_postcode",
    "lat",
    "lng",
    "email_address",
    "website_address",
    "minicom",
    "notes",
    "provides_face_to_face",
    "provides_telephone",
    "provides_web",
    "created_at",
    "updated_at",
    "telephone_en",
    "telephone_cy",
    "region_england",
    "region_northern_ireland",
    "region_scotland",
    "region_wales",
    "website_address_text",
    "notes_cy",
    "debt_advice_locator_organisation_standard_id",
    "display_in_accredited_list",
    "standard_ids",
]


def _debt_files(debt: Table) -> dict[str, bytes]:
    table = pd.DataFrame("", index=debt.index, columns=_DEBT_HEADER)
    table["id"] = np.where(debt.index < 10, (debt.index + 1).astype("str"), "")
    table["name"], table["standard_ids"], table["address_postcode"] = (
        debt["name"],
        debt["standard_ids"],
        debt["postcode"],
    )
    table["address_street_address"], table["address_locality"] = "3 Made-up Lane", debt["town"]
    table["lat"], table["lng"] = debt["lat"].map("{:.6f}".format), debt["lng"].map("{:.6f}".format)
    table["provides_face_to_face"] = np.where(debt["face_to_face"], "TRUE", "FALSE")
    table["provides_telephone"] = np.where(debt["telephone"], "TRUE", "FALSE")
    table["provides_web"], table["region_england"] = "FALSE", "TRUE"
    table["notes"] = "Made up."
    path = "raw.githubusercontent.com/moneyadviceservice/maps-apps/main/apps/debt-advice-locator/utils/getOrgData"
    return {f"{path}/scripts/organisations.csv": as_csv(table, encoding="cp1252")}
