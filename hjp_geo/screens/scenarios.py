"""Scenarios on the page: saved while one draws, opened from the list or a link, made again from their journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario import (
    DRAFT,
    DRAFT_DAYS,
    ConflictError,
    Figures,
    Scenario,
    figures_of,
    figures_side_by_side,
    rerun,
)
from hjp_geo.screens.closing_sites import CLOSED_SITES
from hjp_geo.screens.compare_page import page
from hjp_geo.screens.scenario_shelf import line, readable, store, tried
from hjp_geo.screens.state import drawings, drawings_revision, plan_to_address, replace_drawings, session_token
from hjp_geo.screens.text import escaped
from hjp_geo.siting import Assessment, Assumptions

__all__ = ["accepted", "bar", "figures_found", "go_on_with_a_copy", "opened", "page", "saved_while_drawing"]

_ADDRESS = "scenario"


def opened(known: Evidence) -> Scenario | None:
    """The scenario that is open: of this session, or of the address, whose sketches then go on the map."""
    key = st.query_params.get(_ADDRESS)
    held: Scenario | None = st.session_state.get("scenario")
    if held is not None and (key is None or held.key == key):
        return held
    if key is not None:
        try:
            scenario = store().load(key)
            if st.session_state.get("opened") != key and scenario.plan != st.session_state.get("asked_plan"):
                _go_to(scenario)  # the scenario asks its own question, whatever else the link says
            _put_on_the_map(scenario, known)
        except HjpError as error:
            st.warning(f"The scenario of this link cannot be opened. {escaped(str(error))}")
            del st.query_params[_ADDRESS]
    return None


def _put_on_the_map(scenario: Scenario, known: Evidence) -> NoReturn:
    st.session_state["scenario"] = scenario
    st.session_state["accepted"] = not scenario.differences(known)
    replace_drawings([_existing(one) for one in scenario.features])
    st.rerun()


def _existing(feature: Mapping[str, Any]) -> dict[str, Any]:
    """A kept sketch as the map draws what was there before: changed, it becomes edited."""
    return {**feature, "properties": {**feature["properties"], "status": "existing"}}


def accepted(scenario: Scenario | None, known: Evidence) -> bool:
    """Whether figures may be worked out: where a scenario was made with other data, the reader is told and asked."""
    if scenario is None or st.session_state.get("accepted", True):
        return True
    st.warning("**This scenario was made with other data or another version.**")
    st.markdown("\n".join(f"- {escaped(line)}" for line in scenario.differences(known)))
    if st.button("Work it out with what is loaded here", width="stretch"):
        st.session_state["figures_then"] = scenario.figures
        st.session_state["scenario"] = scenario.made_with(known)
        st.session_state["accepted"] = True
        st.rerun()
    return False


def saved_while_drawing(
    plan: Plan,
    known: Evidence,
    *,
    assumptions: Assumptions | None = None,
    rule: str | None = None,
    closed: tuple[str, ...] | None = None,
) -> None:
    """Save what is drawn: into the open scenario, or into a draft that the first sketch begins.

    What is None stays as the scenario has it.
    """
    scenario: Scenario | None = st.session_state.get("scenario")
    drawn = drawings()
    if (scenario is None and not drawn and not closed) or not st.session_state.get("accepted", True):
        return
    try:
        base = scenario or Scenario.begin(f"{DRAFT}{known.place(plan.place).name}", plan, known)
        now = base.with_plan(plan).with_features(drawn)
        now = now.with_closed(closed) if closed is not None else now
        now = now.with_assumptions(assumptions) if assumptions is not None else now
        now = now.with_rule(rule) if rule is not None else now
    except HjpError as error:
        st.warning(f"Not saved. {escaped(str(error))}")
        return
    if now is not base and (now.journal != base.journal or not base.key):
        _save(now)


def _save(now: Scenario) -> bool:
    """Save it, and say whether it is. Another's work is never written over, nor this lost: it becomes a copy."""
    try:
        if not now.key:
            store().tidy_drafts()
        saved = store().save(now)
        st.session_state["scenario"] = saved
        st.query_params[_ADDRESS] = saved.key
    except ConflictError as error:
        go_on_with_a_copy(now, str(error))
    except HjpError as error:
        st.warning(f"Not saved. {escaped(str(error))}")
        return False
    return True


def go_on_with_a_copy(mine: Scenario, why: str) -> None:
    """Somebody else has saved the scenario meanwhile: both stay, and this tab goes on with a copy of its own."""
    copy = store().save_copy(mine, f"{mine.name[:100]} (copy)")
    st.session_state.update(scenario=copy, conflict=f"{why} Yours goes on as “{copy.name}”.", theirs=mine.key)
    st.query_params[_ADDRESS] = copy.key


def figures_found(assessed: Assessment) -> None:
    """Keep with the scenario what it came to, so that a later run can say whether it still finds the same."""
    scenario: Scenario | None = st.session_state.get("scenario")
    if scenario is None:
        return
    figures = figures_of(assessed)
    then: Figures = st.session_state.get("figures_then") or {}
    if then:
        _tell_changes(figures_side_by_side(then, figures))
    if dict(scenario.figures) != figures:
        st.session_state["scenario"] = scenario.with_figures(figures)
        tried(lambda: store().keep_figures(st.session_state["scenario"]))


def _tell_changes(table: Table) -> None:
    """How the figures kept with an opened scenario differ from those found here."""
    changed = table[~table["same"]]
    rows = zip(changed["label"], changed["then"], changed["now"], strict=True)
    lines = [f"- {label}: {_number(then)} then, {_number(now)} now" for label, then, now in rows]
    if lines:
        st.info("**Other figures than when it was saved:**\n\n" + "\n".join(lines))
    else:
        st.caption("All figures are those it was saved with.")


def _number(value: float) -> str:
    return "not known" if np.isnan(value) else f"{value:,.1f}".removesuffix(".0")


def bar(known: Evidence) -> None:
    """The name of the scenario that is open, and what can be done with it."""
    scenario: Scenario | None = st.session_state.get("scenario")
    if conflict := st.session_state.get("conflict"):
        _conflict(str(conflict))
    elif scenario is not None:
        _newer_elsewhere(scenario)
    title = f"Scenario: {escaped(scenario.name)}" if scenario else "Scenarios"
    with st.expander(title):
        if scenario is not None:
            _open_scenario(scenario, known)
        _choose(scenario, known)
        _take_in()


def _conflict(message: str) -> None:
    st.error(f"**Two people are at this scenario.** {escaped(message)} What you draw meanwhile is kept with yours.")
    left, right = st.columns(2)
    if left.button("Go on with my copy", width="stretch"):
        st.session_state.pop("conflict")
        st.rerun()
    if right.button("Open theirs", width="stretch"):
        _go_to(tried(lambda: store().load(st.session_state["theirs"])))


def _newer_elsewhere(scenario: Scenario) -> None:
    """Told before anything is changed here: somebody else has gone on with it."""
    there = tried(lambda: store().newer(scenario))
    if there is None:
        return
    st.info(
        f"“{escaped(there.name)}” was saved elsewhere at {escaped(there.saved[11:19])} UTC (revision {there.revision}; "
        f"here is {scenario.revision}). What you change here will be kept apart from it."
    )
    if st.button("Open the newer one", width="stretch"):
        _go_to(there)


def _open_scenario(scenario: Scenario, known: Evidence) -> None:
    st.caption(
        f"Saved by itself at {scenario.saved[11:19]} UTC, revision {scenario.revision}. The link opens it again."
    )
    if scenario.name.startswith(DRAFT):
        st.caption(f"Give it a name to keep it: a draft goes to the bin {DRAFT_DAYS} days after its last change.")
    with st.form("scenario-name", border=False):
        name = st.text_input("Name of the scenario", scenario.name, max_chars=120)
        if st.form_submit_button("Rename", width="stretch") and name.strip() and _save(scenario.renamed(name)):
            st.rerun()
    first, second, third = st.columns(3)
    if first.button("Duplicate", width="stretch"):
        _go_to(tried(lambda: store().save_copy(replace(scenario, key=""))))
    if second.button("New", width="stretch", help="Close this one and begin with an empty map."):
        _leave()
    if third.button("Delete", width="stretch", help="It goes to the bin folder, from where it can be imported."):
        tried(lambda: store().delete(scenario.key))
        _leave()
    st.download_button(
        "Download the scenario",
        data=json.dumps(scenario.to_dict(), ensure_ascii=False, indent=1),
        file_name=f"{scenario.key or 'scenario'}.geojson",
        mime="application/geo+json",
        width="stretch",
    )
    _journal(scenario, known)


def _journal(scenario: Scenario, known: Evidence) -> None:
    """Every choice, last first; and the same choices made again."""
    st.markdown("**Journal of every choice**")
    lines = [entry.in_words() for entry in scenario.journal]
    st.dataframe(pd.DataFrame({"Choice": lines[::-1]}), hide_index=True, height=180)
    if not st.button("Run the journal again", width="stretch", help="Makes every choice again, one by one."):
        return
    with st.spinner("Making every choice again …"):
        found = tried(lambda: rerun(scenario, known))
    if found is None:
        return
    (st.success if found.is_same else st.warning)(found.sentence())
    for line_of in (*found.warnings, *found.state):
        st.markdown(f"- {escaped(line_of)}")
    table = found.figures[["label", "then", "now"]]
    names = {"label": "Figure", "then": "Kept with it", "now": "Now"}
    table = table if found.kept else table.drop(columns="then")
    st.dataframe(table.rename(columns=names).round(1), hide_index=True)


def _choose(scenario: Scenario | None, known: Evidence) -> None:
    rows = readable()
    if not rows:
        st.caption("None saved yet: the first sketch begins a draft that is saved by itself.")
        return
    chosen = st.selectbox(
        "Saved scenarios",
        list(rows),
        index=None,
        format_func=lambda key: line(rows[key], known),
        placeholder="Choose one to open",
        key="scenario-to-open",
    )
    if chosen and (scenario is None or chosen != scenario.key) and st.button("Open", width="stretch"):
        _go_to(tried(lambda: store().load(chosen)))


def _take_in() -> None:
    file = st.file_uploader("Import a scenario file", type=["geojson", "json"], key="scenario-file")
    if file is not None and st.button("Import", width="stretch"):
        _go_to(tried(lambda: store().import_bytes(file.getvalue(), file.name)))


def _go_to(scenario: Scenario | None) -> None:
    """Open a scenario as its link would: the session begins anew, so that every widget shows its plan."""
    if scenario is None:
        return
    _begin_anew()
    st.session_state["opened"] = scenario.key
    st.query_params.from_dict({_ADDRESS: scenario.key})
    plan_to_address(scenario.plan)
    st.rerun()


def _leave() -> None:
    """Close the scenario and empty the map; the question stays."""
    for name in ("scenario", "conflict", "theirs", "accepted", "figures_then", CLOSED_SITES):
        st.session_state.pop(name, None)
    st.query_params.pop(_ADDRESS, None)
    replace_drawings([])
    st.rerun()


def _begin_anew() -> None:
    revision, token = drawings_revision(), session_token()
    st.session_state.clear()
    st.session_state["session_token"] = token
    st.session_state["drawings_revision"] = revision + 1  # what the browser still holds is of an older one
