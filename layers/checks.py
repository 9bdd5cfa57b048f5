"""Checks: what does not join, and what looks wrong, in the tables of a build.

A finding changes nothing: it says what to look at, how many rows and people it touches, and gives examples.
"""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table, at_postcodes
from hjp_geo.quality import Finding, check, unmatched

_TENFOLD = 10
_FAR_KM = 10
_FEWEST_EXPECTED = 20
"""Patients that a practice of its size would have on a register by the average: below, 0 or a jump is no wonder."""
_SHOWN = 5


@check
def areas_join(
    lsoa21_icb24_lookup: Table, lsoa21_boundaries: Table, lsoa21_centroids: Table, iod25: Table
) -> Iterator[Finding]:
    """Every area has a boundary, a centre and its deprivation, and none of them has a stranger."""
    codes, people = lsoa21_icb24_lookup["lsoa21_code"], iod25.set_index("lsoa21_code")["population"]
    for name, table in (
        ("lsoa21_boundaries", lsoa21_boundaries),
        ("lsoa21_centroids", lsoa21_centroids),
        ("iod25", iod25),
    ):
        missing = codes.map(people).astype("float64")
        yield unmatched(name, "areas of the lookup that it does not have", codes, table["lsoa21_code"], missing)
        yield unmatched(name, "its areas that the lookup does not have", table["lsoa21_code"], codes)


@check
def practices_join(qof_prevalence: Table, gp_practices: Table, gp_registrations: Table) -> Iterator[Finding]:
    """Practices with registers, with registrations and in the register of organisations, each way."""
    registers = qof_prevalence[["practice_code", "list_size"]].groupby("practice_code")["list_size"].max().reset_index()
    patients = gp_registrations.groupby("practice_code")["patients"].sum().reset_index()
    listed = gp_practices["practice_code"]
    open_ones = gp_practices.loc[(gp_practices["status"] == "active") & gp_practices["is_gp_practice"], "practice_code"]
    with_registers, with_patients = registers["practice_code"], patients["practice_code"]
    sizes, people = registers["list_size"], patients["patients"].astype("float64")
    yield unmatched("qof_prevalence", "practices with registers that ODS does not list", with_registers, listed, sizes)
    yield unmatched(
        "qof_prevalence", "practices with registers but no registrations", with_registers, with_patients, sizes
    )
    yield unmatched(
        "gp_registrations", "practices with registrations that ODS does not list", with_patients, listed, people
    )
    yield unmatched(
        "gp_registrations", "practices with registrations but no registers", with_patients, with_registers, people
    )
    yield unmatched("gp_practices", "open GP practices without registers", open_ones, with_registers)
    yield unmatched("gp_practices", "open GP practices without registrations", open_ones, with_patients)


@check
def homes_join(gp_registrations: Table, lsoa11_lsoa21_lookup: Table) -> Iterator[Finding]:
    """Areas where patients live that are no English LSOA of either vintage: Wales, Scotland, closed, empty, unknown."""
    codes = gp_registrations["lsoa_code"].astype("str")
    people = gp_registrations["patients"].astype("float64")
    known = pd.concat([lsoa11_lsoa21_lookup["lsoa11_code"], lsoa11_lsoa21_lookup["lsoa21_code"]])
    english = codes.str.match(r"E01\d{6}$")
    abroad = codes.str.match(r"[WSN]\d{8}$|95")
    for what, chosen in (
        ("English areas where patients live that are of no known vintage", english),
        ("areas outside England where patients live (not in these areas)", abroad),
        ("other codes in place of an area, such as closed or empty (spread like the others)", ~english & ~abroad),
    ):
        yield unmatched("gp_registrations", what, codes[chosen], known, people[chosen])


@check
def postcodes_join(sites: Table, health_sites: Table, postcodes: Table) -> Iterator[Finding]:
    """Postcodes of sites that the list of live postcodes does not know: ended, mistyped, or in Northern Ireland."""
    for name, rows in (("sites", sites), ("health_sites", health_sites)):
        what = "postcodes that the list of live postcodes does not know"
        yield unmatched(name, what, rows["postcode"], postcodes["postcode"])


@check
def registers_look_right(qof_prevalence: Table) -> Iterator[Finding]:
    """Registers above their list, ten times the average, and empty where some patients would be expected."""
    table = qof_prevalence[qof_prevalence["list_size"] > 0]
    name, size = "qof_prevalence", table["list_size"]
    yield _practices(name, "registers above their list", table[table["register"] > size])
    totals = table.groupby("condition")[["register", "list_size"]].transform("sum")
    expected = totals["register"] / totals["list_size"] * size
    large = table["register"] >= _FEWEST_EXPECTED
    tenfold = large & (table["register"] > _TENFOLD * expected) & (expected < size / _TENFOLD)
    yield _practices(
        name, "registers over ten times what the practice's list would have by the average", table[tenfold]
    )
    none = (table["register"] == 0) & (expected >= _FEWEST_EXPECTED)
    yield _practices(name, f"registers of 0 where the average gives {_FEWEST_EXPECTED} patients or more", table[none])


@check
def registers_did_not_jump(qof_prevalence: Table, last_qof_prevalence: Table | None = None) -> Iterator[Finding]:
    """Registers and lists ten times larger or smaller than in the release before."""
    if last_qof_prevalence is None:
        return
    key = ["practice_code", "condition"]
    both = qof_prevalence.merge(last_qof_prevalence, on=key, suffixes=("", "_before"))
    for column in ("register", "list_size"):
        now, before = both[column], both[f"{column}_before"]
        jumped = (pd.concat([now, before], axis=1).max(axis=1) >= _FEWEST_EXPECTED) & (
            (now > _TENFOLD * before) | (before > _TENFOLD * now)
        )
        what = f"{column} ten times larger or smaller than in the release before"
        yield _practices("qof_prevalence", what, both[jumped])


@check
def lists_agree(qof_prevalence: Table, gp_registrations: Table) -> Iterator[Finding]:
    """Lists of the registers against registrations: one practice, two counts, over twice or under half."""
    whole = qof_prevalence[qof_prevalence["age_band"] == "TOTAL"].groupby("practice_code")["list_size"].max()
    registered = gp_registrations.groupby("practice_code")["patients"].sum()
    both = pd.concat([whole, registered], axis=1, join="inner").reset_index()
    apart = (both["list_size"] > 2 * both["patients"]) | (both["patients"] > 2 * both["list_size"])
    yield _practices(
        "qof_prevalence", "practices whose list is over twice, or under half, their registrations", both[apart]
    )


@check
def points_are_near_their_postcodes(debt_advice_organisations: Table, postcodes: Table) -> Iterator[Finding]:
    """Points of the debt-advice list far from their own postcode. They are placed by the postcode from 1 km on."""
    rows = at_postcodes(debt_advice_organisations, postcodes).dropna(subset="easting", ignore_index=True)
    own = gpd.GeoSeries(gpd.points_from_xy(rows["longitude"], rows["latitude"]), crs=WGS84).to_crs(
        BRITISH_NATIONAL_GRID
    )
    km = np.hypot(own.x - rows["easting"], own.y - rows["northing"]) / 1000
    for least, most in ((1, _FAR_KM), (_FAR_KM, np.inf)):
        far = np.isfinite(km) & (km >= least) & (km < most)
        what = f"points {least} km or more from their own postcode" + (f", under {most:g}" if np.isfinite(most) else "")
        named = [f"{name} ({apart:.1f} km)" for name, apart in zip(rows["name"][far], km[far], strict=True)]
        yield Finding(
            "looks_wrong", "debt_advice_organisations", what, int(far.sum()), len(rows), examples=tuple(named[:_SHOWN])
        )


def _practices(table: str, what: str, rows: Table) -> Finding:
    """A finding over rows of practices: how many, the patients of the practices, and some of them."""
    first = rows.drop_duplicates("practice_code")
    names = rows["practice_code"].astype("str")
    if "condition" in rows.columns:
        names = names + " " + rows["condition"].astype("str")
    people = float(first["list_size"].sum()) if len(first) else np.nan
    return Finding("looks_wrong", table, what, len(rows), people=people, examples=tuple(names.head(_SHOWN)))
