"""Two ways to count the same deserts: offices in the local authority, and access that crosses its border."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.desert import worst
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import TOPICS, Answer, Plan, access_of, answer

__all__ = ["AGREEMENTS", "COUNTS", "BothCounts", "both_counts", "law_society_table"]

COUNTS = ("none", "one", "two or more")
"""How many sites there are, in the classes of the Law Society."""

AGREEMENTS = {
    "both": "no site in the district, and among the worst for access",
    "district only": "no site in the district, but served from over its border",
    "access only": "a site in the district, but among the worst for access all the same",
    "neither": "a site in the district, and not among the worst for access",
}
"""What the two counts say of an area together."""


@dataclass(frozen=True, eq=False)
class BothCounts:
    """The two counts side by side, for the areas of a place."""

    plan: Plan
    areas: Table
    """By ``area_code``: ``residents, sites_in_district, sites_in_reach, access``; ``by_district`` (no site in the
    district), ``by_access`` (in the worst share of access of the frame), nullable, missing where no list covers the
    topic; and ``agreement``, one of `AGREEMENTS`, missing with them."""
    by_district: Table
    """Areas, people and share of people (%) by how many sites the district has: `COUNTS`."""
    by_reach: Table
    """The same by how many sites are within the cutoff, whosever district they stand in."""
    agreement: Table
    """Areas, people and share of people (%) by what the two say together: `AGREEMENTS`."""
    districts: Table
    """Districts where the two disagree: by ``lad24_code``, name, sites, people, and people in areas of each kind."""

    @property
    def areas_in_disagreement(self) -> int:
        """How many areas one count calls a desert and the other does not."""
        return int(self.agreement.loc[["district only", "access only"], "areas"].sum())


def both_counts(plan: Plan, evidence: Evidence) -> BothCounts:
    """Count deserts by offices in the local authority and by access across borders, and say where the two disagree.

    The first is how the Law Society counts; the second is the plan's own measure, cutoff and decay, the worst share of
    it (a fifth unless the plan says so; ties are all in). Shares are of the people of the place in areas where a list
    covers the topic; missing where there are none. `PlanError` as for `answer`.
    """
    found = answer(replace(plan, desert="no_provider_in_district"), evidence)
    return _side_by_side(found, access_of(plan, evidence).in_district)


def _by_access(found: Answer) -> pd.Series[bool]:
    """Which areas of the frame are in the worst share of access; missing where access is not known."""
    access = found.framed["access"]
    flags = worst(access, found.plan.worst_share).astype("boolean")
    reached_nothing = (found.framed["sites_in_reach"] == 0) & access.isna()  # a measure of cost has no value there
    return (flags | reached_nothing).mask(access.isna() & ~reached_nothing)


def _side_by_side(found: Answer, in_district: AreaValues) -> BothCounts:
    rows, by_access = found.areas, _by_access(found)
    sites = in_district.loc[rows.index]
    table = rows[["area_name", "lad24_code", "lad24_name", "residents", "sites_in_reach", "access"]].assign(
        sites_in_district=sites if found.known else sites * float("nan"),
        by_district=rows["desert"],
        by_access=by_access.loc[rows.index].mask(rows["desert"].isna()),
    )
    table["agreement"] = _agreement(table["by_district"], table["by_access"])
    return BothCounts(
        plan=found.plan,
        areas=table,
        by_district=_totals(table, _classes(table["sites_in_district"]), COUNTS),
        by_reach=_totals(table, _classes(table["sites_in_reach"]), COUNTS),
        agreement=_totals(table, table["agreement"], tuple(AGREEMENTS)),
        districts=_districts(table),
    )


def _agreement(by_district: pd.Series[bool], by_access: pd.Series[bool]) -> pd.Series[str]:
    number = (~by_district).astype("Int8") + 2 * (~by_access).astype("Int8")
    words = dict(zip((0, 2, 1, 3), AGREEMENTS, strict=True))  # both flag · district alone · access alone · neither
    return number.map(words).astype("str")


def _classes(counts: pd.Series[float]) -> pd.Series[str]:
    return counts.clip(upper=2).map(dict(enumerate(COUNTS))).astype("str")


def _totals(table: Table, kind: pd.Series[str], kinds: tuple[str, ...]) -> Table:
    """Areas and people of each kind; a kind that is not there is known to be none."""
    grouped = table["residents"].astype("float64").groupby(kind)
    found = pd.DataFrame({"areas": grouped.size(), "people": grouped.sum()}).reindex(list(kinds), fill_value=0)
    total = found["people"].sum()
    found["share_of_people_pct"] = found["people"] / total * 100 if total > 0 else float("nan")
    return found.rename_axis("kind")


def _districts(table: Table) -> Table:
    people = table.pivot_table(
        index=["lad24_code", "lad24_name"], columns="agreement", values="residents", aggfunc="sum", observed=True
    )
    people = people.reindex(columns=list(AGREEMENTS)).fillna(0.0)  # nobody lives in areas that are not there
    sites = table.groupby(["lad24_code", "lad24_name"])["sites_in_district"].first()
    found = people.assign(sites_in_district=sites).reset_index().set_index("lad24_code")
    disagree = found["district only"] + found["access only"]
    return (
        found[disagree > 0]
        .assign(people_in_disagreement=disagree)
        .sort_values(["people_in_disagreement", "lad24_name"], ascending=[False, True])
    )


def law_society_table(plan: Plan, evidence: Evidence) -> Table:
    """People by legal aid offices in their local authority, in the form of the Law Society, and by access, by topic.

    Indexed by ``topic``: ``offices`` (placed in the areas loaded), ``districts_none, districts_one, districts_more``;
    people and their share (%) in districts with none, one, two or more; ``reach_none_pct`` in areas with no office
    within the cutoff; ``access_desert_people`` and ``_pct`` in the worst share of the plan's measure; and in how many
    areas the two rules disagree: ``areas_district_only, areas_access_only, areas_disagree``. A topic that no list
    covers has no figures: missing, not none. Legal aid has a narrow scope and never stands in for general advice.
    """
    topics = [topic for topic in TOPICS if _covered(topic, evidence)]
    if not topics:
        raise PlanError("No legal aid offices are loaded, so there is nothing to count. Fetch legal_aid_offices.")
    rows = {topic: _row(both_counts(_legal_aid(plan, topic), evidence)) for topic in topics}
    return pd.DataFrame.from_dict(rows, orient="index").reindex(list(TOPICS)).rename_axis("topic")


def _covered(topic: str, evidence: Evidence) -> bool:
    services = evidence.services
    return bool(((services["topic"] == topic) & (services["assistance"] == "specialist_legal_aid")).any())


def _legal_aid(plan: Plan, topic: str) -> Plan:
    asked = {"topic": topic, "assistance": "specialist_legal_aid", "counting": "listed"}
    return Plan.from_dict({**plan.to_dict(), **asked})


def _row(counts: BothCounts) -> dict[str, float]:
    people = {kind: float(number) for kind, number in counts.by_district["people"].items()}
    share = {kind: float(number) for kind, number in counts.by_district["share_of_people_pct"].items()}
    flagged = counts.areas["by_access"].fillna(value=False).astype(bool)
    in_desert = float(counts.areas.loc[flagged, "residents"].sum())
    districts = counts.areas.groupby("lad24_code")["sites_in_district"].first()
    of_districts = _classes(districts).value_counts()
    areas = counts.agreement["areas"]
    return {
        "offices": float(districts.sum()),
        **{f"districts_{name}": float(of_districts.get(kind, 0)) for name, kind in _SHORT.items()},
        **{f"people_{name}": people[kind] for name, kind in _SHORT.items()},
        **{f"people_{name}_pct": share[kind] for name, kind in _SHORT.items()},
        "reach_none_pct": float(counts.by_reach["share_of_people_pct"].iloc[0]),
        "access_desert_people": in_desert,
        "access_desert_pct": in_desert / float(counts.areas["residents"].sum()) * 100,
        "areas_district_only": float(areas["district only"]),
        "areas_access_only": float(areas["access only"]),
        "areas_disagree": float(counts.areas_in_disagreement),
    }


_SHORT = {"none": "none", "one": "one", "more": "two or more"}
