"""Changing a sketch without a mouse: its name, how far it reaches, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.journeys import MODES
from hjp_geo.screens.text import escaped
from hjp_geo.siting import Candidate, point_of
from hjp_geo.sketchmap import Drawing

__all__ = ["change_form", "changed"]

_LONGEST_NAME = 120


def change_form(drawing: Drawing, known: Evidence, put: Callable[[Drawing], None]) -> None:
    """The form of one sketch; `put` takes the sketch as it was changed."""
    properties, key = drawing["properties"], str(drawing["properties"].get("id"))
    with st.form(f"change-{key}", border=False):
        wanted: dict[str, Any] = {
            "name": st.text_input(
                "Its name", str(properties.get("name", "")), max_chars=_LONGEST_NAME, key=f"name-{key}"
            )
        }
        wanted |= _reach(properties, key)
        where = ""
        if drawing["geometry"]["type"] == "Point":
            where = st.text_input("Move it to (postcode or point; blank: it stays)", key=f"move-{key}")
        if not st.form_submit_button("Change it", width="stretch"):
            return
    try:
        new = changed(drawing, wanted, where, known)
    except HjpError as error:
        st.warning(escaped(str(error)))
        return
    put(new)


def _reach(properties: dict[str, Any], key: str) -> dict[str, Any]:
    left, right = st.columns(2)
    if "minutes" in properties:
        modes = list(MODES)
        mode = str(properties.get("mode"))
        return {
            "minutes": left.number_input(
                "Minutes to it", 1.0, 120.0, _within(properties["minutes"], 1.0, 120.0), 5.0, key=f"minutes-{key}"
            ),
            "mode": right.selectbox(
                "Travelling",
                modes,
                index=modes.index(mode) if mode in modes else 0,
                format_func=MODES.__getitem__,
                key=f"mode-{key}",
            ),
        }
    if "radius_m" in properties:
        km = _within(properties["radius_m"], 100.0, 50_000.0) / 1000
        return {"radius_m": 1000 * left.number_input("Its radius in km", 0.1, 50.0, km, 0.5, key=f"radius-{key}")}
    return {}


def _within(value: Any, least: float, most: float) -> float:
    """A number that a form can begin with, whatever a file says."""
    try:
        return min(max(float(value), least), most)
    except (TypeError, ValueError):
        return least


def changed(drawing: Drawing, wanted: dict[str, Any], where: str, known: Evidence) -> Drawing:
    """The drawing with another name, reach and, if said, place; an existing one becomes edited.

    What was drawn in one way and changed in another comes to the same: `Candidate.from_feature` reads both.
    `PlanError` for a place or a reach that makes no sense.
    """
    properties = {**drawing["properties"], **wanted, "name": wanted["name"].strip() or drawing["properties"]["name"]}
    geometry = drawing["geometry"]
    if where.strip():
        moved = Candidate.circle(*point_of(where, known), 1.0).to_feature("")
        geometry = moved["geometry"]
        for stale in ("grid", "stands_for", "at_site", "origin", "notes"):
            properties.pop(stale, None)
    if properties.get("status") == "existing" and (geometry, properties) != (
        drawing["geometry"],
        drawing["properties"],
    ):
        properties["status"] = "edited"
    new = {**drawing, "geometry": geometry, "properties": properties}
    Candidate.from_feature(new)
    return new
