"""Who could be partners: surgeries in and beside the deserts, and the advice providers nearest to the people there."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from hjp_geo.areas import Table
from hjp_geo.report.desk import Desk, paragraph, say, section
from hjp_geo.report.parts import Block, Column, DataTable, Section, TableBlock

__all__ = ["partners"]

_Floats = npt.NDArray[np.float64]

_NEAR_KM = 3.0
_MOST = 10


def partners(desk: Desk) -> Section | None:
    """Health sites by how many desert residents live within a few kilometres; providers by whom they are nearest to."""
    areas = desk.found.areas
    flagged = areas[areas["desert"].fillna(value=False).astype(bool)]
    if flagged.empty:
        return None
    hosts, providers = _hosts(desk, flagged), _providers(desk, flagged)
    blocks: list[Block] = []
    if not hosts.frame.empty:
        first = str(hosts.frame.index[0])
        blocks += paragraph(
            say(
                "{count} health sites have people of a desert within {km} km. {name} has the most: {people} people.",
                count=hosts.count(),
                km=f"{_NEAR_KM:g}",
                name=str(hosts.frame.at[first, "site_name"]),
                people=hosts.at(first, "people"),
            )
        )
        blocks.append(TableBlock(hosts, _MOST))
    if not providers.frame.empty:
        first = str(providers.frame.index[0])
        blocks += paragraph(
            say(
                "{name} is the nearest counted advice site to {people} people in deserts, more than any other.",
                name=str(providers.frame.at[first, "site_name"]),
                people=providers.at(first, "people"),
            )
        )
        blocks.append(TableBlock(providers, _MOST))
    return section("partners", "Potential partners", blocks)


def _hosts(desk: Desk, flagged: Table) -> DataTable:
    sites = desk.evidence.health_sites
    sites = sites[sites["easting"].notna()]
    people, areas = _desert_people_near(desk, sites, flagged)
    near = people > 0
    standing = desk.evidence.health_site_areas.reindex(sites.index).map(desk.evidence.areas["lad24_name"])
    frame = pd.DataFrame(
        {
            "site_name": sites["site_name"],
            "kind": sites["kind"].astype("str").str.replace("_", " ").str.replace("gp ", "GP "),
            "postcode": sites["postcode"],
            "district": standing,
            "patients": sites["patients"].astype("float64") if "patients" in sites else np.nan,
            "people": people,
            "areas": areas,
        }
    )[near].sort_values(["people", "site_name"], ascending=[False, True], kind="stable")
    columns = {
        "site_name": Column("Health site"),
        "kind": Column("Kind"),
        "postcode": Column("Postcode"),
        "district": Column("District"),
        "patients": Column("Patients", "count"),
        "people": Column(f"People of deserts within {_NEAR_KM:g} km", "count"),
        "areas": Column("Desert areas", "count", shown=False),
    }
    note = "Whether a site has a room, or already has advice in it, no open list says: ask."
    used = ["health_sites", "areas", "sites", "services", *desk.plan.weights]
    return desk.table("hosts", "Health sites near the deserts", frame, columns, used, note=note)


def _desert_people_near(desk: Desk, sites: Table, flagged: Table) -> tuple[_Floats, _Floats]:
    """Residents and number of desert areas whose centre is within `_NEAR_KM` of each site."""
    centres = desk.evidence.areas.loc[flagged.index, ["easting", "northing"]].dropna()
    residents = flagged.loc[centres.index, "residents"].to_numpy(dtype="float64")
    if centres.empty or sites.empty:
        return np.zeros(len(sites)), np.zeros(len(sites))
    tree = cKDTree(centres.to_numpy(dtype="float64"))
    within: Any = tree.query_ball_point(sites[["easting", "northing"]].to_numpy(dtype="float64"), _NEAR_KM * 1000)
    people = np.array([residents[list(held)].sum() for held in within])
    return people, np.array([float(len(held)) for held in within])


def _providers(desk: Desk, flagged: Table) -> DataTable:
    rows = flagged[flagged["nearest_site"].notna()]
    residents = rows["residents"].astype("float64")
    totals = pd.DataFrame(
        {
            "people": residents.groupby(rows["nearest_site"]).sum(),
            "areas": rows.groupby("nearest_site").size().astype("float64"),
            "km": (rows["nearest_km"].astype("float64") * residents).groupby(rows["nearest_site"]).sum(),
        }
    ).sort_values("people", ascending=False, kind="stable")
    totals["km"] = totals["km"] / totals["people"].where(totals["people"] > 0)
    frame = totals.assign(site_name=totals.index)
    frame.index = [f"provider {number}" for number in range(1, len(frame) + 1)]
    columns = {
        "site_name": Column("Advice site"),
        "people": Column("People in deserts it is nearest to", "count"),
        "areas": Column("Desert areas", "count"),
        "km": Column("Kilometres, mean", "number"),
    }
    used = ["sites", "services", "areas", *desk.plan.weights]
    return desk.table("nearest_providers", "Advice sites nearest to people in deserts", frame, columns, used)
