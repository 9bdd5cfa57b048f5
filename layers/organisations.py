"""The boards of April 2026 and the primary care networks: what areas and practices belong to.

Boards are areas; networks are not: an area belongs to several, by where its people are registered.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import GeographyError
from hjp_geo.layer import derived, note
from hjp_geo.vintages import crosswalk_lsoa11_to_lsoa21, vintage_of

_SURE_SHARE = 0.9
"""The least share of the patients of a group of areas, registered in one board, that makes the group one of its areas
(ours: of the nine districts in the one Sub-ICB location that ended, seven pass)."""

_BASIS = {
    "lookup": "the April 2026 lookup",
    "same": "their Sub-ICB location, which did not change",
    "patients": "where most of their patients are registered",
}


@derived(
    key="area_code",
    columns={
        "area_code": "LSOA 2021 code",
        "icb26_code": "Integrated Care Board of April 2026, one of 36; missing where not known",
        "icb26_name": "its name",
        "basis": "lookup, same (its Sub-ICB location did not change), patients (inferred) or missing",
    },
)
def board_membership(
    lsoa21_icb24_lookup: Table,
    gp_registrations: Table,
    lsoa11_lsoa21_lookup: Table,
    gp_practice_map: Table | None = None,
    lsoa21_icb26_lookup: Table | None = None,
) -> Table:
    """Which of the 36 boards of April 2026 each area belongs to, and how that is known.

    By the April 2026 lookup where that is loaded. Otherwise through the Sub-ICB location, whose code stays while its
    ground does, and where that ended, by district, where at least nine in ten patients are registered with one
    board's practices: an inference, counted in the notes. Without the mapping of practices none is known.

    Raises `GeographyError` where a code that both vintages have means different areas in them.
    """
    old = lsoa21_icb24_lookup.set_index("lsoa21_code")
    if lsoa21_icb26_lookup is not None:
        vintage_of(old.index, {"the lookup of April 2026": pd.Index(lsoa21_icb26_lookup["lsoa21_code"])})
        new = lsoa21_icb26_lookup.set_index("lsoa21_code")[["icb26_code", "icb26_name"]].reindex(old.index)
        table = new.assign(basis="lookup")
    elif gp_practice_map is not None:
        table = _inferred(old, gp_practice_map, _patients(gp_registrations, lsoa11_lsoa21_lookup))
    else:
        table = pd.DataFrame({"icb26_code": None, "icb26_name": None, "basis": None}, index=old.index, dtype="str")
    _demand_same_ground(old["icb24_code"], table["icb26_code"])
    result: Table = table.rename_axis("area_code").reset_index().sort_values("area_code", ignore_index=True)
    for basis, words in _BASIS.items():
        note(result, f"areas whose board of 2026 is known from {words}", (result["basis"] == basis).sum())
    note(result, "areas whose board of 2026 is not known: in no board of 2026", result["icb26_code"].isna().sum())
    return result


def _patients(registrations: Table, lookup: Table) -> Table:
    """Patients by practice and LSOA 2021, near enough to see which board a district is in: a split area counts once."""
    became = lookup.drop_duplicates("lsoa11_code").set_index("lsoa11_code")["lsoa21_code"]
    homes = registrations["lsoa_code"].map(became).fillna(registrations["lsoa_code"])
    return registrations[["practice_code", "patients"]].assign(lsoa21_code=homes)


def _inferred(old: Table, practices: Table, patients: Table) -> Table:
    boards = practices.drop_duplicates("icb26_code").set_index("icb26_code")["icb26_name"]
    board_of = practices.drop_duplicates("sicbl26_code").set_index("sicbl26_code")["icb26_code"]
    same = old["sicbl24_code"].map(board_of)
    ended = old[same.isna()]
    homes = patients[patients["lsoa21_code"].isin(ended.index)]
    rows = homes.assign(
        group=homes["lsoa21_code"].map(ended["sicbl24_code"] + ended["lad24_code"]),
        board=homes["practice_code"].map(practices.set_index("practice_code")["icb26_code"]),
    )
    by_board = rows.groupby(["group", "board"])["patients"].sum().unstack()
    share = by_board.div(by_board.sum(axis=1), axis=0)
    sure = share.idxmax(axis=1)[share.max(axis=1) >= _SURE_SHARE] if len(share) else pd.Series(dtype="str")
    code = same.fillna((old["sicbl24_code"] + old["lad24_code"]).map(sure))
    basis = np.select([same.notna(), code.notna()], ["same", "patients"], default="")
    table = pd.DataFrame({"icb26_code": code, "icb26_name": code.map(boards)}, index=old.index)
    return table.assign(basis=pd.Series(basis, index=old.index, dtype="str").where(code.notna()))


def _demand_same_ground(old: pd.Series[str], new: pd.Series[str]) -> None:
    """A board's code never means two things: so a place can be named by it, whichever vintage is meant."""
    both = set(old.dropna()) & set(new.dropna())
    known = new.notna()
    different = old[known & (old != new) & (old.isin(both) | new.isin(both))]
    if len(different):
        raise GeographyError(
            f"{len(different):,} areas, such as {different.index[0]}, make a board's code mean one thing in 2024 and "
            f"another in 2026 ({old[different.index[0]]}, {new[different.index[0]]}). "
            "The lookups are not of the vintages they say: fetch both again."
        )


@derived(
    key="practice_code",
    columns={
        "practice_code": "ODS code of the practice",
        "practice_name": "as published",
        "pcn_code": "primary care network; missing where the practice is in none",
        "pcn_name": "its name; missing likewise",
        "icb26_code": "Integrated Care Board of April 2026",
        "icb26_name": "its name",
    },
)
def practice_pcn(gp_practice_map: Table) -> Table:
    """One practice a row and the primary care network it is in, in July 2026."""
    columns = ["practice_code", "practice_name", "pcn_code", "pcn_name", "icb26_code", "icb26_name"]
    table = gp_practice_map[columns].copy()
    note(table, "practices in no primary care network", table["pcn_code"].isna().sum())
    boards = table.dropna(subset=["pcn_code"]).groupby("pcn_code")["icb26_code"].nunique()
    note(table, "primary care networks", len(boards))
    note(table, "primary care networks with practices in two boards", (boards > 1).sum())
    return table


@derived(
    key=("area_code", "pcn_code"),
    columns={
        "area_code": "LSOA 2021 code",
        "pcn_code": "primary care network",
        "pcn_name": "its name",
        "patients": "the area's patients registered with its practices; fractional where areas of 2011 were converted",
        "share": "their share of all the area's registered patients, 0 to 1",
    },
    ranges={"share": (0, 1)},
)
def area_pcn(gp_registrations: Table, practice_pcn: Table, lsoa11_lsoa21_lookup: Table, iod25: Table) -> Table:
    """The networks that the patients of each area are registered with: the weights to roll an area up to networks.

    A network's figure is the mean over its patients (`hjp_geo.vintages.roll_up_by_patients`). Shares of an area add
    up to 1 only where every practice of its patients is in a network.
    """
    placed = gp_registrations["lsoa_code"].str.fullmatch(r"E01\d{6}")
    homes = _on_lsoa21(gp_registrations[placed], lsoa11_lsoa21_lookup, iod25)
    everyone = homes.groupby("area_code")["patients"].sum()
    networks = practice_pcn.dropna(subset=["pcn_code"])
    members = homes.merge(networks[["practice_code", "pcn_code"]], on="practice_code")
    sums = members.groupby(["area_code", "pcn_code"], as_index=False)["patients"].sum()
    names = networks.drop_duplicates("pcn_code").set_index("pcn_code")["pcn_name"]
    table: Table = sums.assign(
        pcn_name=sums["pcn_code"].map(names), share=(sums["patients"] / sums["area_code"].map(everyone)).clip(upper=1)
    )[["area_code", "pcn_code", "pcn_name", "patients", "share"]]
    outside = gp_registrations[~placed]
    for pattern, words in (("W01", "Wales"), ("S01", "Scotland")):
        there = outside["lsoa_code"].str.startswith(pattern)
        note(table, f"patients who live in {words}: in no area here", outside.loc[there, "patients"].sum())
        outside = outside[~there]
    for code, people in outside.groupby("lsoa_code")["patients"].sum().items():
        note(table, f"patients whose home is given as {code}: in no area here", people)
    note(table, "patients of practices in no network, or not in the mapping", everyone.sum() - sums["patients"].sum())
    return table


def _on_lsoa21(registrations: Table, lookup: Table, iod25: Table) -> Table:
    """``practice_code, area_code, patients`` in LSOA 2021, whichever vintage the registrations are of."""
    vintages = {
        "LSOA 2021": pd.Index(lookup["lsoa21_code"].unique()),
        "LSOA 2011": pd.Index(lookup["lsoa11_code"].unique()),
    }
    if vintage_of(pd.Index(registrations["lsoa_code"]), vintages) == "LSOA 2021":
        homes: Table = registrations.rename(columns={"lsoa_code": "area_code"})
        return homes[["practice_code", "area_code", "patients"]]
    crosswalk = crosswalk_lsoa11_to_lsoa21(lookup, iod25.set_index("lsoa21_code")["population"])
    pairs = registrations.merge(crosswalk, left_on="lsoa_code", right_on="lsoa11_code")
    pairs = pairs.assign(patients=pairs["patients"] * pairs["share"]).rename(columns={"lsoa21_code": "area_code"})
    return pd.DataFrame(pairs.groupby(["practice_code", "area_code"])["patients"].sum()).reset_index()
