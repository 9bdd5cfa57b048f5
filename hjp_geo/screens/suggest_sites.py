"""Suggest sites: the existing places that would do most, with proof, ready to be put on the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan
from hjp_geo.screens.text import escaped
from hjp_geo.screens.working import forget, worked
from hjp_geo.siting import Candidate, Search, Suggestion, TradeOff, curve_of_new_sites, suggest

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
_MOST_POINTS = 8
_CURVE = {
    "people_covered": "People covered",
    "covered_share": "Share of them",
    "mean_cost": "Mean km",
    "equal_cost": "Km that would be as good for all (Kolm–Pollak)",
    "gap": "Could be better by",
}


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
        if suggestion.search.objective != "lscp":
            _curve(found, known, suggestion.search, add)


def _curve(found: Answer, known: Evidence, search: Search, add: Callable[[list[Candidate]], None]) -> None:
    """How many sites are enough: each point of the curve can be put on the map, and so becomes a scenario."""
    st.markdown("**How many are enough?**")
    if st.button("Show what each number of sites would do", width="stretch"):
        st.session_state["site-curve"] = (found.plan, search, _curve_found(found, known, search))
    kept: tuple[Plan, Search, TradeOff | None] | None = st.session_state.get("site-curve")
    if kept is None or kept[:2] != (found.plan, search) or kept[2] is None:
        return
    curve = kept[2]
    st.markdown(escaped(curve.summary))
    table = curve.table[list(_CURVE)].rename(columns=_CURVE).rename_axis("New sites")
    st.line_chart(table[["People covered"]], x_label="New sites", y_label="People in need within reach")
    st.dataframe(table.round(2))
    points = [int(count) for count in curve.table.index if count > 0]
    count = st.selectbox("Which point", points, index=points.index(curve.knee) if curve.knee in points else 0)
    if st.button("Put this point on the map", width="stretch"):
        chosen = _found(found, known, replace(search, sites=count))
        add(list(chosen.candidates) if chosen else [])


def _curve_found(found: Answer, known: Evidence, search: Search) -> TradeOff | None:
    try:
        forget("site-curve")  # a button asks for it: it is done anew
        make = partial(curve_of_new_sites, found.plan, known, search, range(_MOST_POINTS + 1))
        asked = (found.plan.to_json(), search)
        return worked("site-curve", asked, lambda _report: make(), "Working out each number of sites")
    except HjpError as error:
        st.warning(escaped(str(error)))
        return None


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
        forget("suggest")
        asked = (found.plan.to_json(), search)
        return worked(
            "suggest", asked, lambda _report: suggest(found.plan, known, search), "Looking for the best sites"
        )
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
