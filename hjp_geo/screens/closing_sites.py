"""Closing sites of today inside a scenario: which, and what that alone would change."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import TOPICS, Answer
from hjp_geo.scenario import Scenario
from hjp_geo.screens.text import escaped
from hjp_geo.siting import effects_of

__all__ = ["CLOSED_SITES", "chosen", "on_their_own"]

CLOSED_SITES = "closed-sites"
"""The sites chosen here, in the session."""
_MOST_OFFERED = 2_000


def chosen(found: Answer, known: Evidence, scenario: Scenario | None) -> tuple[str, ...]:
    """The codes of today's sites that the reader closes in this scenario."""
    if CLOSED_SITES not in st.session_state:
        st.session_state[CLOSED_SITES] = list(scenario.closed) if scenario else []
    kept: list[str] = st.session_state[CLOSED_SITES]
    here = found.sites.sort_values(["in_place", "site_name"], ascending=[False, True], kind="stable")
    if len(here) > _MOST_OFFERED:
        here = here.iloc[:0]
    names = {str(code): f"{name} ({code})" for code, name in here["site_name"].items()}
    names |= {code: _name(code, known) for code in kept if code not in names}
    with st.expander(f"Close sites of today ({len(kept)})" if kept else "Close sites of today"):
        if not names:
            st.caption("Choose a smaller place to close sites of it." if len(found.sites) else "No counted site here.")
            return tuple(kept)
        codes = st.multiselect(
            f"Counted {TOPICS[found.plan.topic].lower()} sites that this scenario removes",
            list(names),
            format_func=names.__getitem__,
            placeholder="Type a name",
            key=CLOSED_SITES,
        )
        st.caption("They count before and not after. Nothing is changed in the lists.")
    return tuple(sorted(codes))


def _name(code: str, known: Evidence) -> str:
    there = code in known.sites.index
    return f"{known.sites['site_name'][code]} ({code})" if there else f"{code} (not in the data)"


def on_their_own(found: Answer, known: Evidence, closed: Sequence[str]) -> None:
    """What closing them would change where nothing is sketched instead."""
    try:
        changed = effects_of(found.plan, known, closed).effects
    except HjpError as error:
        st.warning(escaped(str(error)))
        return
    st.markdown("**What closing them would change**, in the place asked about")
    summary = changed.summary
    columns = {"Figure": "label", "Today": "before", "Closed": "after", "Unit": "unit"}
    st.dataframe(pd.DataFrame({label: summary[name].to_list() for label, name in columns.items()}), hide_index=True)
    losers = changed.losers
    st.markdown(f"**Access gets worse** in {len(losers):,} areas, for {losers['residents'].sum():,.0f} people.")
    if len(losers):
        names = {"area_name": "Area", "people_in_need": "In need", "nearest_km_after": "Nearest then, km"}
        st.dataframe(losers[list(names)].head(300).rename(columns=names).round(1), height=220)
