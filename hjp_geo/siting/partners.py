"""Who could be partners: health services that care for the target population, and advice providers of the topics near.

From public lists only, with the grade of each entry. A list that is not loaded is named: no row is not no service.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import WarehouseError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import TOPICS, Plan
from hjp_geo.siting.candidate import Candidate

__all__ = ["Partners", "partners", "partners_found"]

_USUAL_KM = 5.0
_MOST = 30
_KINDS = {
    "hospital": "hospitals",
    "maternity": "maternity units",
    "mental_health": "mental health sites",
    "pharmacy": "pharmacies",
    "library": "libraries",
}
"""Kinds of building that a list of venues may hold, to say which of them are not loaded."""


@dataclass(frozen=True, eq=False)
class Partners:
    """Possible partners of one candidate, nearest or largest first, at most 30 of each kind."""

    health: Table
    """Indexed by site: site_name, kind, km, inside, patients, register (patients on the registers of the plan's
    conditions; a patient on two counts twice), register_pct, network, address, postcode, phone. Practices with the
    largest registers first, then other sites by distance."""
    advice: Table
    """Indexed by site: site_name, topics, assistance, channel, evidence, km, inside, grade, grade_reason, as_of,
    address, postcode, phone, website; nearest first."""
    within_km: float
    notes: tuple[str, ...]
    attribution: tuple[str, ...]


def partners(plan: Plan, candidate: Candidate, evidence: Evidence, *, within_km: float | None = None) -> Partners:
    """Possible partners inside the candidate or within so many km of its point (its own radius, at least 5 km).

    Straight line. Topics are those of the candidate's offer, of its design card, else of the plan.
    """
    reach = within_km if within_km is not None else max(candidate.radius_km or 0.0, _USUAL_KM)
    health, notes = _health(plan, candidate, evidence, reach)
    topics = candidate.offer.topics or tuple(one for one in candidate.design.legal_issues if one in TOPICS)
    advice = _advice(topics or (plan.topic,), candidate, evidence, reach)
    contacts = [] if _optional(evidence, "site_contacts") is not None else ["Contacts of advice sites: not loaded."]
    used = ["sites", "services", "health_sites", "venues", "practice_registers", "practice_pcn", "site_contacts"]
    return Partners(health, advice, reach, (*notes, *contacts), tuple(evidence.attribution(used)))


def partners_found(found: Partners) -> str:
    """How many there are, in a line."""
    practices = int((found.health["kind"] == "gp_practice").sum())
    return (
        f"{practices:,} GP practices, {len(found.health) - practices:,} other health sites or venues and "
        f"{len(found.advice):,} advice sites within {found.within_km:g} km or inside."
    )


@lru_cache(maxsize=32)
def _optional(evidence: Evidence, name: str) -> Table | None:
    """A table that a warehouse may lack."""
    try:
        return evidence.warehouse.table(name)
    except WarehouseError:
        return None


def _near(sites: Table, candidate: Candidate, within_km: float) -> Table:
    """The placed sites inside the candidate or near its point, with how far and whether inside."""
    points = sites[["easting", "northing"]].to_numpy(dtype=np.float64)
    km = np.sqrt(((points - candidate.anchor) ** 2).sum(axis=1)) / 1000
    inside = candidate.holds(points)
    near = inside | (km <= within_km)  # a site that is nowhere is neither
    found: Table = sites.assign(km=km, inside=inside).iloc[np.flatnonzero(near)]
    return found


# health -------------------------------------------------------------------------------------------------------------


def _health(plan: Plan, candidate: Candidate, evidence: Evidence, within_km: float) -> tuple[Table, list[str]]:
    known, notes = _health_sites(evidence)
    near = _near(known, candidate, within_km).copy()
    near["patients"] = evidence.health_sites["patients"].reindex(near.index)
    register, more = _registers(plan, evidence)
    near = near.join(register)
    networks = _optional(evidence, "practice_pcn")
    names = pd.Series(dtype="str") if networks is None else networks.set_index("practice_code")["pcn_name"]
    near["network"] = names.reindex(near.index)
    notes += more + (["Primary care networks: not loaded."] if networks is None else [])
    columns = [*_HEALTH_COLUMNS[:4], "patients", "register", "register_pct", "network", *_HEALTH_COLUMNS[4:]]
    order = ["practice", "register", "km"]
    ranked = near.assign(practice=near["kind"] != "gp_practice").sort_values(
        order, ascending=[True, False, True], na_position="last", kind="stable"
    )
    return ranked.groupby("practice", sort=True).head(_MOST)[columns], notes


_HEALTH_COLUMNS = ["site_name", "kind", "km", "inside", "address", "postcode", "phone"]


def _health_sites(evidence: Evidence) -> tuple[Table, list[str]]:
    """Every health site and venue of the warehouse, and what kinds are not loaded."""
    venues = _optional(evidence, "venues")
    if venues is None:
        sites = evidence.health_sites.assign(address="", phone="")
        return sites, [f"Not loaded: {', '.join(_KINDS.values())}. No row is not no service."]
    table = venues.set_index("site_id").rename(columns={"name": "site_name"})
    absent = [words for kind, words in _KINDS.items() if kind not in set(table["kind"])]
    return table, ([f"Not loaded: {', '.join(absent)}. No row is not no service."] if absent else [])


def _registers(plan: Plan, evidence: Evidence) -> tuple[Table, list[str]]:
    """Patients on the registers of the conditions that the plan weighs, by practice."""
    nothing = pd.DataFrame({"register": [], "register_pct": []}, index=pd.Index([], dtype="str"), dtype="float64")
    registers = _optional(evidence, "practice_registers")
    if registers is None:
        return nothing, ["Registers of practices: not loaded."]
    wanted = [name for name, weight in plan.weights.items() if weight > 0]
    rows = registers[registers["layer"].isin(wanted)]
    if rows.empty:
        return nothing, ["The plan weighs no condition, so practices are not ordered by a register."]
    sums = rows.groupby("practice_code")[["register", "list_size"]].sum(min_count=1)
    labels = " and ".join(evidence.label(name).lower() for name in wanted if name in set(rows["layer"]))
    lists = sums["list_size"].where(sums["list_size"] > 0)
    table = pd.DataFrame({"register": sums["register"], "register_pct": 100 * sums["register"] / lists})
    return table, [f"Registers: {labels}; recorded diagnoses. A patient on two registers counts twice."]


# advice -------------------------------------------------------------------------------------------------------------


def _advice(topics: tuple[str, ...], candidate: Candidate, evidence: Evidence, within_km: float) -> Table:
    services = evidence.services[evidence.services["topic"].isin(topics)]
    near = _near(evidence.sites[evidence.sites["grade"] != "X"], candidate, within_km)
    offered = services[services["site_id"].isin(near.index)].groupby("site_id").agg(_words_of)
    table = near.join(offered[["topic", "assistance", "channel", "evidence"]], how="inner")
    table = table.rename(columns={"topic": "topics"})
    contacts = _optional(evidence, "site_contacts")
    about: Any = None if contacts is None else contacts.set_index("site_id")
    for column in ("address", "phone", "website"):
        table[column] = "" if about is None else about[column].reindex(table.index).fillna("")  # none published
    return table.sort_values(["km", "site_name"], kind="stable")[_ADVICE_COLUMNS].head(_MOST)


_ADVICE_COLUMNS = [
    *("site_name", "topics", "assistance", "channel", "evidence", "km", "inside", "grade", "grade_reason", "as_of"),
    *("address", "postcode", "phone", "website"),
]


def _words_of(values: pd.Series[str]) -> str:
    return "; ".join(sorted({str(one).replace("_", " ") for one in values.dropna()}))
