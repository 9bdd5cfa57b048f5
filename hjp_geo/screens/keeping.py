"""Nothing drawn is lost: it is saved before anything is worked out, and what the browser kept is taken in again."""

from __future__ import annotations

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario import Scenario
from hjp_geo.screens import scenarios
from hjp_geo.screens.state import drawings, drawings_revision, session_token
from hjp_geo.screens.text import escaped
from hjp_geo.sketchmap import Drawing, Keeping, drawn

__all__ = ["keeping", "take_in"]

_SEEN = "restored-seen"


def take_in(key: str, plan: Plan, known: Evidence) -> None:
    """Save what the browser says is drawn on the map of that key, before anything else is done with it."""
    scenario = scenarios.opened(known)
    told = drawn(key, drawings_revision())
    if told is not None:
        features, base = told
        st.session_state["drawings"] = features
        if base is not None and st.session_state.get(_SEEN) != (drawings_revision(), base):
            st.session_state[_SEEN] = (drawings_revision(), base)
            _brought_back(features, base, plan, scenario)
    scenarios.saved_while_drawing(plan, known)


def keeping() -> Keeping:
    """What of the drawings is saved, for the browser, which keeps the rest."""
    scenario: Scenario | None = st.session_state.get("scenario")
    if scenario is None or not scenario.key:
        return Keeping(session_token())
    is_saved = [one["properties"].get("id") for one in scenario.features] == [
        one.get("properties", {}).get("id") for one in drawings()
    ] and all(_same(a, b) for a, b in zip(scenario.features, drawings(), strict=True))
    return Keeping(session_token(), _base(scenario), is_saved)


_TOLD = ("name", "radius_m", "minutes", "mode")


def _same(saved: Drawing, shown: Drawing) -> bool:
    then, now = saved["properties"], shown["properties"]
    return saved["geometry"] == shown["geometry"] and all(then.get(name) == now.get(name) for name in _TOLD)


def _base(scenario: Scenario | None) -> str:
    return f"{scenario.key}@{scenario.revision}" if scenario is not None and scenario.key else ""


def _brought_back(features: list[Drawing], base: str, plan: Plan, scenario: Scenario | None) -> None:
    """Drawn while nobody listened: on top of what is saved, or beside it where that has changed since."""
    if scenario is None or base == _base(scenario):
        st.toast("What you drew before the connection was lost is back on the map, and saved.")
        return
    try:
        scenarios.go_on_with_a_copy(
            scenario.with_plan(plan).with_features(features),
            f"“{scenario.name}” was saved elsewhere while the connection was lost.",
        )
    except HjpError as error:
        st.warning(f"Not saved. {escaped(str(error))}")
