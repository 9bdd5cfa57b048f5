"""Suggest sites: the existing places that would do most, with proof, ready to be put on the map."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer
from hjp_geo.screens.text import escaped
from hjp_geo.siting import Candidate, Search, Suggestion, suggest

__all__ = ["panel"]

_KINDS: dict[str, str] = {
    "gp_practices": "GP practices",
    "health_sites": "All health sites",
    "libraries": "Libraries",
}
_GOALS: dict[str, str] = {
    "mclp": "Most people within reach",
    "p_median": "Least distance for all together",
    "kolm_pollak": "Least distance, counting long ways more",
    "p_center": "The furthest person as near as can be",
    "lscp": "Everybody within reach, fewest sites",
}
"""What each objective is after, in few words; its card says the rest."""
_MOST_SITES = 20


def panel(found: Answer, known: Evidence, add: Callable[[list[Candidate]], None]) -> None:
    """What to look for, the answer in a board's words, and a button that puts the sites on the map."""
    with st.expander("Suggest sites"):
        search = _asked(found)
        if search is not None:
            st.session_state["suggested"] = _found(found, known, search)
        suggestion: Suggestion | None = st.session_state.get("suggested")
        if suggestion is None:
            return
        if suggestion.plan != found.plan:
            st.caption("The question has changed since: ask again.")
            return
        _told(suggestion, add)


def _asked(found: Answer) -> Search | None:
    with st.form("suggest-sites", border=False):
        objective = st.selectbox("What a good choice is", list(_GOALS), format_func=_GOALS.__getitem__)
        left, right = st.columns(2)
        sites = left.number_input("New sites", 1, _MOST_SITES, 3)
        kind = right.selectbox("Among", list(_KINDS), format_func=_KINDS.__getitem__)
        cutoff = st.number_input("Each reaches, km", 0.5, 50.0, float(min(found.plan.cutoff_km, 5.0)), 0.5)
        if not st.form_submit_button("Find the best", width="stretch"):
            return None
    wanted = None if objective == "lscp" else int(sites)
    values = {"objective": objective, "sites": wanted, "cutoff_km": float(cutoff), "candidates": kind, "k_best": 3}
    return Search.from_dict(values)


def _found(found: Answer, known: Evidence, search: Search) -> Suggestion | None:
    try:
        with st.spinner("Looking for the best sites …"):
            return suggest(found.plan, known, search)
    except HjpError as error:
        st.warning(escaped(str(error)))
        return None


def _told(suggestion: Suggestion, add: Callable[[list[Candidate]], None]) -> None:
    st.markdown(escaped(suggestion.summary))
    chosen = suggestion.chosen.drop(columns=["easting", "northing"], errors="ignore").round(0)
    st.dataframe(chosen.reset_index(), hide_index=True)
    if st.button("Put these on the map", width="stretch"):
        add(list(suggestion.candidates))
    if len(suggestion.alternatives) > 1:
        st.markdown("**The next best sets**")
        rows = suggestion.alternatives
        table = pd.DataFrame(
            {
                "Sites": ["; ".join(names) for names in rows["site_names"]],
                "Worse by": [f"{100 * share:.2f} %" for share in rows["worse_by"]],
            }
        )
        st.dataframe(table, hide_index=True)
    card = suggestion.card
    st.caption(escaped(f"{card.goal} {card.when_to_use} What it gives up: {card.gives_up}"))
    for note in suggestion.notes:
        st.caption(escaped(note))
