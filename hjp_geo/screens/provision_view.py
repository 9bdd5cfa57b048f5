"""Beside the map of access: which sites count, how far they are, and the two ways to count them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.gaps import AGREEMENTS, BothCounts, both_counts
from hjp_geo.plan import TOPICS, Answer
from hjp_geo.screens.plain_table import plain_table
from hjp_geo.screens.text import escaped

__all__ = ["panel"]

_MOST_ROWS = 500
_PEOPLE = {"areas": "Areas", "people": "People", "share_of_people_pct": "% of people"}
_SITES = {
    "site_name": "Site",
    "list": "List",
    "grade": "Grade",
    "location_quality": "Placed by",
    "old": "Entry",
    "postcode": "Postcode",
}


def panel(found: Answer, known: Evidence) -> None:
    """Draw the panel: how far advice is, both counts, the sites."""
    topic = TOPICS[found.plan.topic].lower()
    if not found.known:
        st.info(
            f"**Nobody can say.** No loaded list says where {topic} advice of this kind is given in person. That is a "
            "gap in the data, not proof of a gap in the service. Choose legal aid, or count what Citizens Advice "
            "offices are assumed to give, in the panel on the left; or bring your own list on the page Data."
        )
        return
    _how_far(found)
    _both(found, known)
    _sites(found)
    for note in found.supply_notes:
        st.caption(escaped(note))


def _how_far(found: Answer) -> None:
    rows, plan = found.areas, found.plan
    none = rows["sites_in_reach"].eq(0)
    unknown = int(rows["sites_in_reach"].isna().sum())
    people = rows["residents"].astype("float64")
    reached = rows["nearest_km"].notna() & people.notna()
    middle = _weighted_middle(rows.loc[reached, "nearest_km"], people[reached])
    st.markdown(
        f"**{people[none].sum():,.0f} people** ({100 * people[none].sum() / people.sum():.1f} %) have no counted "
        f"{TOPICS[plan.topic].lower()} site within {plan.cutoff:g} {plan.cost_unit}. "
        + ("" if np.isnan(middle) else f"Half of all people live within {middle:.1f} km of one, in a straight line.")
    )
    if unknown:
        st.caption(f"Areas for which nobody can say what there is: {unknown:,}. They are not counted as without.")
    if found.other_totals is None:
        st.caption("No phone or online advice is loaded: this is advice that people travel to.")


def _weighted_middle(km: pd.Series[float], people: pd.Series[float]) -> float:
    """The distance that half of the people are within; missing where nobody is."""
    if not people.sum():
        return float("nan")
    ordered = km.sort_values()
    within = people.loc[ordered.index].cumsum().to_numpy()
    return float(ordered.iloc[int(np.searchsorted(within, people.sum() / 2))])


def _both(found: Answer, known: Evidence) -> None:
    try:
        counts: BothCounts = both_counts(found.plan, known)
    except HjpError as error:
        st.info(escaped(str(error)))
        return
    st.markdown("**Counted in the district, as the Law Society does**")
    plain_table(counts.by_district.reset_index(), {"kind": "Sites in the district", **_PEOPLE})
    st.markdown("**Counted in reach, across its border**")
    plain_table(
        counts.by_reach.reset_index(),
        {"kind": f"Sites within {found.plan.cutoff:g} {found.plan.cost_unit}", **_PEOPLE},
    )
    table = counts.agreement.reset_index()
    table["meaning"] = table["kind"].map(AGREEMENTS)
    st.markdown(f"The two disagree in **{counts.areas_in_disagreement:,} areas**.")
    plain_table(table, {"meaning": "What the two say", **_PEOPLE})


def _sites(found: Answer) -> None:
    near = found.sites[found.sites["in_place"]]
    st.markdown(f"**Counted sites within {found.plan.cutoff:g} {found.plan.cost_unit} of the place: {len(near):,}**")
    if near.empty:
        st.caption("None. Open lists under-count outreach, so this may be a gap in the list.")
        return
    table = _named(near)
    plain_table(table.head(_MOST_ROWS), {name: label for name, label in _SITES.items() if name in table.columns})
    if len(table) > _MOST_ROWS:
        st.caption(f"The first {_MOST_ROWS:,} of {len(table):,}; all are in the map layers (GeoPackage).")
    st.caption("Grade: how well the list is kept, from A to D. An old entry may be gone.")


def _named(sites: Table) -> Table:
    rows = sites.reset_index().sort_values("site_name")
    if "stale" in rows.columns:
        rows["old"] = np.where(rows["stale"].fillna(value=False).astype(bool), "old", "")
    return rows
