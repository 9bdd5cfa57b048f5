"""Supply: which services of the warehouse count for a plan, and how much each of them gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.access import SupplyAssumptions, supply
from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.plan.question import Plan

__all__ = ["Supply", "SupplyChoice", "remote_share", "supply_of"]

_OWN = "own"
"""The evidence of rows that users brought themselves."""
_TRAVELLED, _REMOTE = ("in_person", "outreach"), ("phone", "online")
_HOURS = ("hours_per_week", "sessions_per_month", "hours_per_session")
_WEEKS_A_MONTH = 12 / 52
_ABLE = "remote_advice_users"
"""The layer, where it is loaded, of the percentage of people who can use phone and online advice."""


@dataclass(frozen=True)
class SupplyChoice:
    """The part of a plan that chooses services and counts them."""

    topic: str
    assistance: str
    counting: str
    outreach: str
    unit: str
    assumed_hours: float
    assumed_outreach_hours: float

    @classmethod
    def of(cls, plan: Plan) -> SupplyChoice:
        """The choice of a plan."""
        hours = (plan.assumed_hours, plan.assumed_outreach_hours) if plan.supply == "hours" else (0.0, 0.0)
        return cls(plan.topic, plan.assistance, plan.counting, plan.outreach, plan.supply, *hours)


@dataclass(frozen=True, eq=False)
class Supply:
    """What counts as supply for a plan, in its unit: sites, or hours of advice a week."""

    sites: Table
    """The placed sites that people can travel to, indexed by ``site_id``."""
    amounts: SiteValues
    """How much each of them gives. 0 = known to be shut."""
    assumed: pd.Series[bool]
    """Which amounts rest on an assumption about hours. All False where supply is counted in sites."""
    served: dict[str, frozenset[str]]
    """Sites that take people from named areas only, and the codes of these."""
    remote: Table
    """Phone and online services: ``site_id, channel, amount, assumed, served_areas``."""
    known: bool
    """Whether any loaded list, or any row that users brought, covers the topic."""
    covered: pd.Series[bool]
    """By area: whether a list says what there is. Everywhere where a published list covers the topic; where only rows
    that users brought do, in the districts their sites stand in and the areas they name: elsewhere nobody knows."""
    own_rows: int
    """How many of the services counted were brought by users."""


@lru_cache(maxsize=64)
def supply_of(evidence: Evidence, choice: SupplyChoice) -> Supply:
    """The services that count for a choice, and how much each gives."""
    chosen = _chosen(evidence, choice)
    counted = chosen["channel"].eq("in_person") | (
        chosen["channel"].eq("outreach") & ((choice.outreach == "count") | chosen["evidence"].eq(_OWN))
    )
    sites = evidence.sites.loc[evidence.sites.index.isin(chosen.loc[counted, "site_id"])]
    sites = sites[(sites["grade"] != "X") & sites["easting"].notna()].sort_index()
    rows = chosen[counted & chosen["site_id"].isin(sites.index)]
    amounts, assumed = _travelled(rows, choice)
    usable = evidence.sites.index[evidence.sites["grade"] != "X"]
    remote = chosen[chosen["channel"].isin(_REMOTE) & chosen["site_id"].isin(usable)]
    return Supply(
        sites=sites,
        amounts=amounts.reindex(sites.index),
        assumed=assumed.reindex(sites.index).astype(bool),
        served=_served_by_site(rows),
        remote=_remote(remote, choice),
        known=not chosen.empty,
        covered=_covered(evidence, chosen),
        own_rows=int((counted | chosen["channel"].isin(_REMOTE))[chosen["evidence"].eq(_OWN)].sum()),
    )


def _chosen(evidence: Evidence, choice: SupplyChoice) -> Table:
    """The services of the topic and kind that the plan lets count, whatever their channel."""
    services = evidence.services
    chosen = services[(services["topic"] == choice.topic) & (services["assistance"] == choice.assistance)]
    counts = ("listed", _OWN) if choice.counting == "listed" else ("listed", "assumed", _OWN)
    chosen = chosen[chosen["evidence"].isin(counts)]
    nothing = pd.Series(np.nan, index=chosen.index, dtype="float64")
    absent: dict[str, Any] = {name: nothing for name in _HOURS if name not in chosen.columns}
    if "served_areas" not in chosen.columns:
        absent["served_areas"] = nothing.astype("str")
    return chosen.assign(**absent)


def _covered(evidence: Evidence, chosen: Table) -> pd.Series[bool]:
    index = evidence.areas.index
    if not chosen["evidence"].eq(_OWN).all():
        return pd.Series(data=True, index=index)
    named = frozenset[str]().union(*(_codes(text) for text in chosen["served_areas"]))
    placed = evidence.sites.loc[evidence.sites.index.isin(chosen["site_id"]), ["easting", "northing"]].dropna()
    districts = frozenset(evidence.districts_at(placed.to_numpy(dtype="float64"))) - {None}
    codes = named | {str(code) for code in districts}
    return members(evidence, codes) if codes else pd.Series(data=False, index=index)


def _travelled(rows: Table, choice: SupplyChoice) -> tuple[SiteValues, pd.Series[bool]]:
    """How much each site gives that people travel to, and whether that rests on an assumption.

    Counted in sites each gives 1, but one whose hours are known to be 0 gives none.
    """
    if choice.unit == "hours":
        # an outreach point of unknown hours: one session a week, as long as the plan says
        assumptions = SupplyAssumptions(
            in_person_hours=choice.assumed_hours,
            session_hours=choice.assumed_outreach_hours,
            sessions_per_month=1 / _WEEKS_A_MONTH,
        )
        found = supply(rows, assumptions, assistance=choice.assistance)
        return found.hours, found.assumed
    is_open = (_known_hours(rows) != 0).groupby(rows["site_id"]).any()
    return is_open.astype("float64"), pd.Series(data=False, index=is_open.index)


def _remote(rows: Table, choice: SupplyChoice) -> Table:
    """Phone and online services with how much each gives, and whether that rests on an assumption."""
    hours = _known_hours(rows)
    usual = rows["channel"].map({name: getattr(SupplyAssumptions(), f"{name}_hours") for name in _REMOTE})
    in_hours = choice.unit == "hours"
    return pd.DataFrame(
        {
            "site_id": rows["site_id"],
            "channel": rows["channel"],
            "amount": hours.fillna(usual).astype("float64") if in_hours else (hours != 0).astype("float64"),
            "assumed": hours.isna() & in_hours,
            "served_areas": rows["served_areas"],
        }
    )


def _known_hours(rows: Table) -> pd.Series[float]:
    """Hours a week as listed, or as sessions times their length; missing where neither is known."""
    sessions = rows["sessions_per_month"] * rows["hours_per_session"] * _WEEKS_A_MONTH
    return rows["hours_per_week"].astype("float64").fillna(sessions.astype("float64"))


def _served_by_site(rows: Table) -> dict[str, frozenset[str]]:
    """The areas that each site takes people from; sites that take all are not in it."""
    found: dict[str, frozenset[str]] = {}
    for site, rows_of_site in rows.groupby("site_id"):
        codes = [_codes(text) for text in rows_of_site["served_areas"]]
        if all(codes):
            found[str(site)] = frozenset().union(*codes)
    return found


def _codes(text: object) -> frozenset[str]:
    """The codes in a cell such as ``E07000170;E07000171``; empty for a blank, or for all of England."""
    if not isinstance(text, str):
        return frozenset()
    codes = frozenset(code.strip() for code in text.split(";") if code.strip())
    return frozenset() if any(code.casefold() == ENGLAND for code in codes) else codes


def members(evidence: Evidence, codes: frozenset[str]) -> pd.Series[bool]:
    """Which areas lie within any of the codes, of whatever level; all of them where there are none."""
    levels = [name for name in evidence.areas.columns if name.endswith("_code")]
    if not codes:
        return pd.Series(data=True, index=evidence.areas.index)
    inside = evidence.areas[levels].isin(codes).any(axis=1)
    return inside | evidence.areas.index.isin(codes)


def remote_share(evidence: Evidence, remote: Table, people: AreaValues) -> AreaValues:
    """Phone and online supply for each person in need, by area: m·Σ H/Σ P·m over the services that serve it.

    m is the share of people able to use such advice. 0 where no service serves the area; missing where the number of
    people in need is not known.
    """
    able = able_to_use_remote(evidence)
    m = pd.Series(1.0, index=people.index) if able is None else able
    share = pd.Series(0.0, index=people.index).where(people.notna())
    for amount, served in zip(remote["amount"], remote["served_areas"], strict=True):
        inside = members(evidence, _codes(served)) & m.notna()
        total = float((people * m)[inside].sum())
        if total > 0:
            share = share.add((m * amount / total).where(inside, 0.0))
    return share


def able_to_use_remote(evidence: Evidence) -> AreaValues | None:
    """The share of people able to use phone and online advice, 0 to 1; None where no such layer is loaded."""
    return evidence.values[_ABLE].astype("float64") / 100 if _ABLE in evidence.values else None
