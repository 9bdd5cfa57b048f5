"""The question panel: place, need, advice, distance. Widgets in, `Plan` out."""

from __future__ import annotations

from typing import Any

import streamlit as st

from hjp_geo.desert import DESERT_RULES
from hjp_geo.errors import HjpError
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.plan import TOPICS, Plan
from hjp_geo.screens import need_panel
from hjp_geo.screens.paint import ACCESS, NEED, OVERLAP, Overlap
from hjp_geo.screens.state import stop_with

__all__ = ["ADVICE_SITES", "HEALTH_SITES", "plan", "points", "usual_plan"]

ADVICE_SITES, HEALTH_SITES = "Advice sites", "GP practices"

_ASSISTANCE = {"general_advice": "General advice", "specialist_legal_aid": "Legal aid (specialist)"}
_COUNTING = {"listed": "Only what the lists say", "listed_and_assumed": "Also what Citizens Advice is assumed to give"}
_FRAMES = {"england": "all areas loaded", "place": "this place"}
_MOST_WEIGHT = 10


def usual_plan(known: Evidence) -> Plan:
    """The plan of a first visit: the first Integrated Care Board, hardship and cancer weighed alike."""
    systems = [one.code for one in known.places.values() if one.kind == "Integrated Care Board"]
    weights = {name: 1.0 for name in ("income_deprivation", "cancer_prevalence") if name in known.layers.index}
    return Plan(place=systems[0] if systems else ENGLAND, weights=weights or {known.layer_names("need")[0]: 1.0})


def plan(known: Evidence, start: Plan) -> tuple[Plan, str | Overlap]:
    """The plan that the panel asks for, and which values to colour the map by."""
    with st.sidebar:
        preset, slot = need_panel.preset_choice(known, start)
        values: dict[str, Any] = {"preset": preset, "place": _place(known, start)}
        shown = _colour(known, start)
        values |= _advice(start)
        values["weights"] = _weights(known, start)
        need_panel.shared_panel(known, values["weights"], values["place"], st.session_state.get("frame", start.frame))
        values |= need_panel.scoring(known, start)
        values |= _rules(start)
    try:
        asked = Plan.from_dict({**start.to_dict(), **values})
    except HjpError as error:
        stop_with(str(error))
    need_panel.about_preset(slot, known, asked)
    return asked, shown


def _place(known: Evidence, start: Plan) -> str:
    places = known.places
    try:
        wanted = known.place(start.place).code
    except HjpError as error:
        wanted = usual_plan(known).place
        st.warning(f"{error} Showing {places[wanted].name} instead.")
    return st.selectbox(
        "Place",
        list(places),
        index=list(places).index(wanted),
        format_func=lambda code: f"{places[code].name}" + ("" if code == ENGLAND else f" · {places[code].kind}"),
        key="place",
    )


def _colour(known: Evidence, start: Plan) -> str | Overlap:
    names = {NEED: "Need index (your weights)", ACCESS: "Access to advice", OVERLAP: "Overlap of two layers"}
    names |= {name: known.label(name) for role in ("need", "people", "context") for name in known.layer_names(role)}
    shown = st.selectbox("Colour the map by", list(names), format_func=names.__getitem__, key="shown")
    return need_panel.overlap_choice(known, start) if shown == OVERLAP else shown


def points(place: str, *, crowded: bool) -> list[str]:
    """Which sites to show as points; in a large place the practices would hide the map, so they start unticked."""
    with st.sidebar:
        return st.multiselect(
            "Show on the map",
            [ADVICE_SITES, HEALTH_SITES],
            default=[ADVICE_SITES] if crowded else [ADVICE_SITES, HEALTH_SITES],
            key=f"points-{place}",
            placeholder="No sites",
        )


def _advice(start: Plan) -> dict[str, Any]:
    topic = st.selectbox(
        "Advice topic", list(TOPICS), index=list(TOPICS).index(start.topic), format_func=TOPICS.__getitem__, key="topic"
    )
    assistance = st.radio(
        "Which advice",
        list(_ASSISTANCE),
        index=list(_ASSISTANCE).index(start.assistance),
        format_func=_ASSISTANCE.__getitem__,
        key="assistance",
        help="Legal aid has a narrow scope and never stands in for general advice.",
    )
    counting = st.radio(
        "What counts",
        list(_COUNTING),
        index=list(_COUNTING).index(start.counting),
        format_func=_COUNTING.__getitem__,
        key="counting",
        help="The open list proves debt advice only. Main offices usually advise on benefits, housing and work too: "
        "that is an assumption, and every export says so.",
    )
    visits = st.checkbox(
        "Count home-visit service areas as places",
        value=start.outreach == "count",
        key="outreach",
        help="The list places them only roughly; they are left out of distances unless you count them.",
    )
    return {
        "topic": topic,
        "assistance": assistance,
        "counting": counting,
        "outreach": "count" if visits else "leave_out",
    }


def _weights(known: Evidence, start: Plan) -> dict[str, float]:
    names = known.layer_names("need")
    begun = [name for name, weight in start.weights.items() if weight > 0 and name in names]
    st.session_state.setdefault("need-layers", begun)  # not a default: a preset sets these widgets too
    chosen = st.multiselect(
        "Need is made of", names, format_func=known.label, key="need-layers", placeholder="Choose layers"
    )
    if not chosen:
        stop_with("Choose at least one layer for the need index, in the panel on the left.")
    weights = {name: _weight(known, name, start) for name in chosen}
    if not any(weights.values()):
        stop_with("Every weight is 0. Give at least one layer a weight above 0, in the panel on the left.")
    return weights


def _weight(known: Evidence, name: str, start: Plan) -> float:
    key = f"weight-{name}"
    st.session_state.setdefault(key, min(float(start.weights.get(name, 1.0)), float(_MOST_WEIGHT)))
    return st.slider(
        f"Weight: {known.label(name)} :gray-badge[{need_panel.direction(known, name)}]",
        0.0,
        float(_MOST_WEIGHT),
        step=0.5,
        key=key,
        help=f"{known.unit(name)}. {known.caveat(name)}",
    )


def _rules(start: Plan) -> dict[str, Any]:
    with st.expander("Distance and desert rule"):
        cutoff = st.slider(
            "A site reaches, km (straight line)",
            1.0,
            30.0,
            min(max(start.cutoff_km, 1.0), 30.0),
            0.5,
            key="cutoff",
            help="No source gives an accepted distance for England: it is your choice, and shown with the answer.",
        )
        desert = st.selectbox(
            "Desert rule",
            list(DESERT_RULES),
            index=list(DESERT_RULES).index(start.desert),
            format_func=lambda name: DESERT_RULES[name].label,
            key="desert",
        )
        st.caption(DESERT_RULES[desert].description)
        frame = st.radio(
            "Worst fifths of",
            list(_FRAMES),
            index=list(_FRAMES).index(start.frame),
            format_func=_FRAMES.__getitem__,
            key="frame",
        )
    return {"cutoff_km": cutoff, "desert": desert, "frame": frame}
