"""Scenarios on the page: saved while one draws, opened from the list or a link, made again from their journal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import NoReturn

import pandas as pd
import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario import ConflictError, Scenario
from hjp_geo.screens.compare_page import page
from hjp_geo.screens.scenario_shelf import line, readable, store, tried
from hjp_geo.screens.state import drawings, drawings_revision, plan_to_address, replace_drawings
from hjp_geo.screens.text import escaped
from hjp_geo.siting import Assumptions

__all__ = ["accepted", "bar", "opened", "page", "saved_while_drawing"]

_ADDRESS = "scenario"


def opened(known: Evidence) -> Scenario | None:
    """The scenario that is open: of this session, or of the address, whose sketches then go on the map."""
    key = st.query_params.get(_ADDRESS)
    held: Scenario | None = st.session_state.get("scenario")
    if held is not None and (key is None or held.key == key):
        return held
    if key is not None:
        try:
            _put_on_the_map(store().load(key), known)
        except HjpError as error:
            st.warning(f"The scenario of this link cannot be opened. {escaped(str(error))}")
            del st.query_params[_ADDRESS]
    return None


def _put_on_the_map(scenario: Scenario, known: Evidence) -> NoReturn:
    st.session_state["scenario"] = scenario
    st.session_state["accepted"] = not scenario.differences(known)
    replace_drawings([dict(one) for one in scenario.features])
    st.rerun()


def accepted(scenario: Scenario | None, known: Evidence) -> bool:
    """Whether figures may be worked out: where a scenario was made with other data, the reader is told and asked."""
    if scenario is None or st.session_state.get("accepted", True):
        return True
    st.warning("**This scenario was made with other data or another version.**")
    st.markdown("\n".join(f"- {escaped(line)}" for line in scenario.differences(known)))
    if st.button("Work it out with what is loaded here", width="stretch"):
        st.session_state["scenario"] = scenario.made_with(known)
        st.session_state["accepted"] = True
        st.rerun()
    return False


def saved_while_drawing(plan: Plan, known: Evidence, assumptions: Assumptions | None, rule: str | None) -> None:
    """Save what is drawn: into the open scenario, or into a draft that the first sketch begins."""
    scenario: Scenario | None = st.session_state.get("scenario")
    drawn = drawings()
    if (scenario is None and not drawn) or not st.session_state.get("accepted", True):
        return
    try:
        base = scenario or Scenario.begin(f"Draft: {known.place(plan.place).name}", plan, known)
        now = base.with_plan(plan).with_features(drawn)
        now = now.with_assumptions(assumptions) if assumptions is not None else now
        now = now.with_rule(rule) if rule is not None else now
        if now is not base and (now.journal != base.journal or not base.key):
            if st.session_state.get("conflict"):
                return
            now = store().save(now)
            st.session_state["scenario"] = now
            st.query_params[_ADDRESS] = now.key
    except ConflictError as error:
        st.session_state["conflict"] = str(error)
        st.session_state["mine"] = now
    except HjpError as error:
        st.warning(f"Not saved. {error}")


def bar(known: Evidence) -> None:
    """The name of the scenario that is open, and what can be done with it."""
    scenario: Scenario | None = st.session_state.get("scenario")
    if conflict := st.session_state.get("conflict"):
        _conflict(str(conflict))
    title = f"Scenario: {escaped(scenario.name)}" if scenario else "Scenarios"
    with st.expander(title):
        if scenario is not None:
            _open_scenario(scenario)
        _choose(scenario, known)
        _take_in()


def _conflict(message: str) -> None:
    st.error(f"**Two people are at this scenario.** {escaped(message)}")
    left, right = st.columns(2)
    if left.button("Keep mine as a copy", width="stretch"):
        _go_to(tried(lambda: store().save_copy(st.session_state["mine"])))
    if right.button("Open theirs", width="stretch"):
        _go_to(tried(lambda: store().load(st.session_state["mine"].key)))


def _open_scenario(scenario: Scenario) -> None:
    st.caption(
        f"Saved by itself at {scenario.saved[11:19]} UTC, revision {scenario.revision}. The link opens it again."
    )
    with st.form("scenario-name", border=False):
        name = st.text_input("Name of the scenario", scenario.name, max_chars=120)
        if st.form_submit_button("Rename", width="stretch") and name.strip():
            _keep(tried(lambda: store().save(scenario.renamed(name))))
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
    st.markdown("**Journal of every choice**")
    lines = [entry.in_words() for entry in scenario.journal]
    st.dataframe(pd.DataFrame({"Choice": lines[::-1]}), hide_index=True, height=180)


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


def _keep(saved: Scenario | None) -> None:
    if saved is not None:
        st.session_state["scenario"] = saved
        st.rerun()


def _go_to(scenario: Scenario | None) -> None:
    """Open a scenario as its link would: the session begins anew, so that every widget shows its plan."""
    if scenario is None:
        return
    _begin_anew()
    st.query_params.from_dict({_ADDRESS: scenario.key})
    plan_to_address(scenario.plan)
    st.rerun()


def _leave() -> None:
    """Close the scenario and empty the map; the question stays."""
    for name in ("scenario", "conflict", "mine", "accepted"):
        st.session_state.pop(name, None)
    st.query_params.pop(_ADDRESS, None)
    replace_drawings([])
    st.rerun()


def _begin_anew() -> None:
    revision = drawings_revision()
    st.session_state.clear()
    st.session_state["drawings_revision"] = revision + 1  # what the browser still holds is of an older one
