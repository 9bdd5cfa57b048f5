"""Legal aid by topic, as the Law Society counts it: a part of the page of gaps."""

from __future__ import annotations

from functools import partial

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.gaps import law_society_table
from hjp_geo.plan import TOPICS, Answer, Plan
from hjp_geo.screens.plain_table import plain_table
from hjp_geo.screens.text import escaped
from hjp_geo.screens.working import worked

__all__ = ["panel"]


def panel(found: Answer, known: Evidence) -> None:
    """Draw the table of every topic, where the reader asks for it."""
    st.subheader("Legal aid by topic, as the Law Society counts")
    if st.toggle("Count every topic", key="law-society", help="Takes some seconds for England."):
        try:
            plan = Plan(place=found.plan.place, cutoff_km=found.plan.cutoff_km)
            asked = (plan.to_json(), known.build_id)
            make = partial(law_society_table, plan, known)
            table = worked("law-society-table", asked, lambda _report: make(), "Counting every topic")
        except HjpError as error:
            st.info(escaped(str(error)))
            return
        if table is None:
            return
        table = table.reset_index()
        table["topic"] = table["topic"].map(TOPICS)
        columns = {
            "topic": "Topic",
            "offices": "Offices",
            "people_none_pct": "% of people: no office in the district",
            "people_one_pct": "one",
            "people_more_pct": "two or more",
            "reach_none_pct": f"% none within {found.plan.cutoff_km:g} km",
            "access_desert_pct": "% in the worst fifth of access",
            "areas_disagree": "Areas where the counts disagree",
        }
        plain_table(table, columns)
        st.caption(
            "Blank: no list covers it. A topic takes in every category of the directory that touches it, so that "
            "welfare benefits holds early legal advice in housing too. Legal aid never stands in for general advice."
        )
