"""The Compare page: choose two scenarios, read what differs in how they were made, then see them side by side."""

from __future__ import annotations

import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.scenario import OTHER_FIGURES, Comparison, Saved, Scenario, clashes, compare
from hjp_geo.screens import compare_maps, compare_tables
from hjp_geo.screens.scenario_shelf import line, readable, store
from hjp_geo.screens.state import evidence, stop_with
from hjp_geo.screens.style import apply_style
from hjp_geo.screens.text import escaped

__all__ = ["page"]

_TODAY = "today"
_LETTERS = ("a", "b")


def page() -> None:
    """Draw the page that compares two scenarios."""
    known = evidence()
    apply_style()
    st.title("Compare two scenarios")
    if known.made_up:
        st.warning("**Made-up data.** No figure here is about a real place.")
    rows = readable()
    if not rows:
        st.info(
            "No scenario is saved yet. Sketch sites on the map: each scenario is saved by itself, and “Duplicate” "
            "there makes a second one to change. One can also be compared with today."
        )
        return
    chosen = _two(rows, known)
    try:
        a, b = _loaded(*chosen, known)
        told = clashes(a, b, known)
    except HjpError as error:
        stop_with(str(error))
    if not _told(a, b, told, known):
        return
    _compared(_worked_out(a, b, known), told, known)


def _two(rows: dict[str, Saved], known: Evidence) -> tuple[str, str]:
    keys = [*rows, _TODAY]
    usual = {"a": keys[1], "b": keys[0]}
    chosen = {}
    for letter, column in zip(_LETTERS, st.columns(2), strict=True):
        wanted = st.query_params.get(letter, "")
        chosen[letter] = column.selectbox(
            f"Scenario {letter}",
            keys,
            index=keys.index(wanted if wanted in keys else usual[letter]),
            format_func=lambda key: "Today: nothing sketched" if key == _TODAY else line(rows[key], known),
            key=f"compare-{letter}",
        )
    st.query_params.update(chosen)
    return chosen["a"], chosen["b"]


def _loaded(first: str, second: str, known: Evidence) -> tuple[Scenario, Scenario]:
    """The two; today asks the question of the other one."""
    found = {key: store().load(key) for key in (first, second) if key != _TODAY}
    if not found:
        stop_with("Today compared with today shows nothing: choose a scenario in one of the two lists.")
    today = Scenario.begin("Today", next(iter(found.values())).plan, known)
    return found.get(first, today), found.get(second, today)


# what differs, first ------------------------------------------------------------------------------------------------


def _told(a: Scenario, b: Scenario, told: Table, known: Evidence) -> bool:
    """Whether figures may be worked out: where the saved ones were of other data or versions, the reader is asked."""
    for one in (a, b):
        for warning in one.warnings:
            st.warning(f"“{escaped(one.name)}”: {escaped(warning)}")
    if told.empty:
        st.caption("Both were made with the data and version that are here, and ask the same question.")
        return True
    other = bool(told["kind"].isin(OTHER_FIGURES).any())
    pair = f"{a.key}.{a.revision} {b.key}.{b.revision} {known.build_id}"
    accepted = not other or st.session_state.get("compare-accepted") == pair
    kinds = ", ".join(_KINDS[kind] for kind in told["kind"].unique())
    if not accepted:
        st.warning(f"**The two clash in {kinds}.** Nothing is worked out yet. This is what differs:")
        compare_tables.clash_table(told)
        if st.button("Work both out with what is loaded here"):
            st.session_state["compare-accepted"] = pair
            st.rerun()
        return False
    st.warning(f"**The two differ in {kinds}**, not in their sketches alone.")
    with st.expander(f"What differs: {len(told):,} field{'' if len(told) == 1 else 's'}"):
        compare_tables.clash_table(told)
    return True


_KINDS = {
    "version": "the version of hjp-geo",
    "data": "the data they were made with",
    "question": "the question they ask",
    "rule": "the rule of areas",
    "assumption": "their assumptions",
}


def _worked_out(a: Scenario, b: Scenario, known: Evidence) -> Comparison:
    """The comparison; kept in the session, so that another view of it costs nothing."""
    which = (a.key, a.revision, b.key, b.revision, known.build_id, a.plan, b.plan)
    kept: tuple[object, Comparison] | None = st.session_state.get("compared")
    if kept is not None and kept[0] == which:
        return kept[1]
    try:
        with st.spinner("Working both out …"):
            found = compare(a, b, known)
    except HjpError as error:
        stop_with(str(error))
    st.session_state["compared"] = (which, found)
    return found


# the comparison -----------------------------------------------------------------------------------------------------


def _compared(found: Comparison, told: Table, known: Evidence) -> None:
    view, shown = _chosen_view()
    compare_maps.draw(found, known, view, compare_maps.SHOWN[shown])
    st.subheader("Totals")
    compare_tables.totals(found)
    st.caption("The place of the scenarios as a whole; people reached may live over its border.")
    st.subheader("Who wins and who loses, from a to b")
    compare_tables.winners_and_losers(found)
    st.subheader("The maps as a table")
    compare_tables.areas(found)
    st.download_button(
        "Download the areas (CSV)",
        data=lambda: compare_tables.csv_of(found, told),
        file_name="hjp-geo-comparison.csv",
        mime="text/csv",
        on_click="ignore",
    )
    unit = str(found.totals.loc["mean_access", "unit"])
    st.caption(f"Access is in {unit}, worked out on the data loaded now for both.")
    st.markdown("**Credits**")
    st.markdown("\n".join(f"- {escaped(credit)}" for credit in found.attribution))


def _chosen_view() -> tuple[str, str]:
    """How the two are drawn and what colours them; both go into the link."""
    left, right = st.columns(2)
    chosen = {}
    for name, column, label, options in (
        ("view", left, "Maps", dict(compare_maps.VIEWS)),
        ("show", right, "Colour the maps by", {key: one.label for key, one in compare_maps.SHOWN.items()}),
    ):
        wanted = st.query_params.get(name, "")
        chosen[name] = column.radio(
            label,
            list(options),
            index=list(options).index(wanted) if wanted in options else 0,
            format_func=options.__getitem__,
            horizontal=True,
            key=f"compare-{name}",
        )
    st.query_params.update(chosen)
    return chosen["view"], chosen["show"]
