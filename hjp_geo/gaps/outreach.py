"""List gap or service gap: what is left of the deserts if outreach that no list shows is assumed to be there.

Open lists hold main offices. In 2017 Citizens Advice worked from about 2,700 community points (surgeries, libraries,
courts) run by 292 members, about nine each; none of them is in an open list. This asks what would follow if every
district had so many, in its surgeries. It is an assumption to test a map by, never a statement that they exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.desert import DesertTotals
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan, answer, what_if

__all__ = ["GAPS", "ListGap", "Outreach", "assumed_points", "list_or_service_gap"]

GAPS = {
    "service gap": "a desert even if outreach that no list shows is there",
    "list gap possible": "a desert by the lists, but none if that outreach is there",
    "no desert": "no desert by the lists",
}
"""What an area is called: a map from open lists alone cannot tell the first from the second."""
_DISTRICT_RULES = ("no_provider_in_district", "one_or_none_in_district")
_UNTOLD = ("low_access_cluster",)


@dataclass(frozen=True)
class Outreach:
    """The outreach that is assumed: a stated guess that the reader can change."""

    points_per_district: int = 9
    """Points in each district: 2,700 community points of 292 members in 2017, about nine a member."""
    worth: float = 0.2
    """What a point gives as a share of an office, where supply is counted in sites: one day in five."""

    def words(self, plan: Plan) -> str:
        """The assumption in a sentence."""
        worth = (
            f"{plan.assumed_outreach_hours:g} hours a week each"
            if plan.supply == "hours"
            else f"each worth {self.worth:g} of an office"
        )
        return (
            f"Assumed, not known: {self.points_per_district} outreach points in every district, in its GP practices "
            f"with most patients, {worth}. About nine is what 292 Citizens Advice members had in 2017 (2,700 points)."
        )


@dataclass(frozen=True, eq=False)
class ListGap:
    """What is left of the deserts of a place if outreach of unknown sites is assumed."""

    areas: Table
    """By ``area_code``: ``residents, desert, desert_with_outreach`` (nullable) and ``gap``, one of `GAPS`; missing
    where there is no verdict."""
    totals: Table
    """Areas and people of each of `GAPS`."""
    today: DesertTotals
    with_outreach: DesertTotals
    points: Table
    """The points that were assumed, by ``site_id``."""
    words: str
    """The assumption in a sentence: print it beside every figure."""


def list_or_service_gap(plan: Plan, evidence: Evidence, assumed: Outreach | None = None) -> ListGap:
    """Which deserts stay if outreach that no list shows is assumed, and which may be a gap in the list only.

    Judged by today's lines, so that more advice never makes a desert. `PlanError` where it cannot be asked: for legal
    aid (its directory lists its outreach), for a topic that no list covers, and for the rule of clusters, which has no
    line to hold.
    """
    assumed = assumed or Outreach()
    found = answer(plan, evidence)
    _check_asked(plan, found)
    points = assumed_points(plan, evidence, assumed)
    then = what_if(plan, evidence, points)
    table = found.areas[["area_name", "lad24_name", "residents", "desert"]].assign(
        desert_with_outreach=then.areas["desert"]
    )
    table["gap"] = _gaps(table)
    people = table["residents"].astype("float64").groupby(table["gap"])
    totals = pd.DataFrame({"areas": people.size(), "people": people.sum()}).reindex(list(GAPS), fill_value=0)
    return ListGap(table, totals.rename_axis("gap"), found.totals, then.totals, points, assumed.words(plan))


def _check_asked(plan: Plan, found: Answer) -> None:
    if plan.assistance != "general_advice":
        raise PlanError("Unlisted outreach is a matter of general advice: the legal aid directory lists its own.")
    if not found.known:
        raise PlanError("No loaded list covers this topic: there is no desert of which to ask whether it is one.")
    if plan.desert in _UNTOLD:
        raise PlanError(
            f"The rule {plan.desert} compares areas with each other and has no line to hold; choose another."
        )


def _gaps(table: Table) -> pd.Series[str]:
    flag, then = (table[name].to_numpy(dtype=bool, na_value=False) for name in ("desert", "desert_with_outreach"))
    words = np.select([flag & then, flag], ["service gap", "list gap possible"], "no desert")
    known = table["desert"].notna() & table["desert_with_outreach"].notna()
    return pd.Series(words, index=table.index, dtype="str").where(known)


def assumed_points(plan: Plan, evidence: Evidence, assumed: Outreach) -> Table:
    """The assumed points, by ``site_id``: in the district's GP practices with most patients.

    Columns ``site_name, easting, northing, supply``. A district with fewer practices than points has the rest in the
    middle of its areas with most people in need.
    """
    if not (assumed.points_per_district >= 1 and 0 < assumed.worth <= 1):
        raise PlanError(
            f"{assumed.points_per_district} points a district, each worth {assumed.worth:g}: expected at least 1 "
            "point, worth more than 0 and at most 1."
        )
    hosts = pd.concat([_practices(evidence), _middles(plan, evidence)])
    hosts = hosts.drop_duplicates(["easting", "northing"])  # two practices in one building are one host
    chosen = hosts.groupby("district", sort=True).head(assumed.points_per_district).sort_values(["district", "order"])
    number = chosen.groupby("district").cumcount() + 1
    supply = plan.assumed_outreach_hours if plan.supply == "hours" else assumed.worth
    return pd.DataFrame(
        {
            "site_name": "Assumed outreach at " + chosen["name"].astype("str"),
            "easting": chosen["easting"].to_numpy(),
            "northing": chosen["northing"].to_numpy(),
            "supply": supply,
        }
    ).set_axis(pd.Index("assumed-" + chosen["district"].astype("str") + "-" + number.astype("str"), name="site_id"))


def _practices(evidence: Evidence) -> Table:
    """The placed practices, by district, those with most patients first; one that publishes none comes last."""
    areas = evidence.health_site_areas.dropna()
    rows = evidence.health_sites.loc[areas.index].assign(district=areas.map(evidence.areas["lad24_code"]).to_numpy())
    rows = rows.sort_values("patients", ascending=False, na_position="last", kind="stable")
    return _hosts(rows, rows["site_name"], order=0)


def _middles(plan: Plan, evidence: Evidence) -> Table:
    placed = evidence.areas[evidence.areas["easting"].notna()]
    rows = placed.assign(district=placed["lad24_code"], in_need=evidence.values[plan.demand])
    rows = rows.sort_values("in_need", ascending=False, na_position="last", kind="stable")
    return _hosts(rows, rows["area_name"], order=1)


def _hosts(rows: Table, names: pd.Series[Any], order: int) -> Table:
    columns = {name: rows[name].to_numpy() for name in ("district", "easting", "northing")}
    return pd.DataFrame({**columns, "name": names.to_numpy(), "order": order})
