"""The question panel: place, need, advice, distance. Widgets in, `Plan` out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from hjp_geo.desert import DESERT_RULES, PARTS
from hjp_geo.errors import HjpError
from hjp_geo.evidence import ENGLAND, NETWORK, Evidence, Place
from hjp_geo.journeys import list_journeys
from hjp_geo.plan import DECAYS, ESTIMATED, MOST_MINUTES, STRAIGHT_LINE, TOPICS, Plan
from hjp_geo.screens import need_panel
from hjp_geo.screens.paint import ACCESS, NEED, OVERLAP, Overlap
from hjp_geo.screens.state import cache_folder, stop_with
from hjp_geo.screens.text import escaped, escaped_label

__all__ = [
    "ADVICE_SITES",
    "HEALTH_SITES",
    "need_plan",
    "place_label",
    "place_options",
    "plan",
    "points",
    "provision_plan",
    "question",
    "usual_plan",
]

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
    shown: list[str | Overlap] = []
    # sketches and catchments are measured in straight lines, and so is everything beside them
    asked = _panel(known, replace(start, journeys=STRAIGHT_LINE), lambda: shown.append(_colour(known, start)))
    return asked, shown[0]


def question(known: Evidence, start: Plan) -> Plan:
    """The plan that the panel asks for, on a page whose map has one colouring only."""
    return _panel(known, start, lambda: None, _journeys)


def need_plan(known: Evidence, start: Plan) -> tuple[Plan, str | Overlap]:
    """The plan with another place and need, and which values to colour the map by; the rest as it was."""
    with st.sidebar:
        preset, slot = need_panel.preset_choice(known, start)
        values: dict[str, Any] = {"preset": preset, "place": _place(known, start)}
        shown = _colour(known, start)
        values["weights"] = _weights(known, start)
        need_panel.shared_panel(known, values["weights"], values["place"], start.frame)
        values |= need_panel.scoring(known, start)
    asked = _checked(start, values)
    need_panel.about_preset(slot, known, asked)
    return asked, shown


def provision_plan(known: Evidence, start: Plan) -> tuple[Plan, str | Overlap]:
    """The plan with another place, advice, distance and supply, and which values to colour the map by."""
    with st.sidebar:
        values: dict[str, Any] = {"place": _place(known, start)}
        shown = _colour(known, start, ACCESS)
        values |= _advice(start)
        values |= _rules(start)
        values |= _journeys(start)
        values |= _supply(start)
    return _checked(start, values), shown


def _checked(start: Plan, values: dict[str, Any]) -> Plan:
    try:
        return Plan.from_dict({**start.to_dict(), **values})
    except HjpError as error:
        stop_with(str(error))


def _panel(
    known: Evidence,
    start: Plan,
    after_place: Callable[[], None],
    journeys: Callable[[Plan], dict[str, Any]] = lambda _start: {},
) -> Plan:
    with st.sidebar:
        preset, slot = need_panel.preset_choice(known, start)
        values: dict[str, Any] = {"preset": preset, "place": _place(known, start)}
        after_place()
        values |= _advice(start)
        values["weights"] = _weights(known, start)
        need_panel.shared_panel(known, values["weights"], values["place"], st.session_state.get("frame", start.frame))
        values |= need_panel.scoring(known, start)
        values |= _rules(start)
        values |= journeys(start)
        values |= _supply(start)
    asked = _checked(start, values)
    need_panel.about_preset(slot, known, asked)
    return asked


def place_options(known: Evidence, code: str) -> dict[str, Place]:
    """The places to choose from beside one, by code: an own area where it is one, and networks only beside a network.

    The page of places offers them all.
    """
    now = known.place(code)
    others = {one: place for one, place in known.places.items() if place.kind != NETWORK or now.kind == NETWORK}
    return {**others, now.code: now}


def place_label(place: Place) -> str:
    """A place in a list: its name and, where it is not everything, its kind."""
    return place.name if place.code == ENGLAND else f"{place.name} · {place.kind}"


def _place(known: Evidence, start: Plan) -> str:
    try:
        wanted = known.place(start.place).code
    except HjpError as error:
        wanted = usual_plan(known).place
        st.warning(escaped(f"{error} Showing {known.places[wanted].name} instead."))
    places = place_options(known, wanted)
    # not a default: picking a place on the map sets this widget too; set in every run, or another page would forget it
    now = st.session_state.get("place")
    st.session_state["place"] = now if now in places else wanted
    return st.selectbox(
        "Place",
        list(places),
        format_func=lambda code: place_label(places[code]),
        key="place",
        help="Primary care networks and own areas: see the page Place and people.",
    )


def _colour(known: Evidence, start: Plan, usual: str = NEED) -> str | Overlap:
    names = {NEED: "Need index (your weights)", ACCESS: "Access to advice", OVERLAP: "Overlap of two layers"}
    names |= {name: known.label(name) for role in ("need", "people", "context") for name in known.layer_names(role)}
    first = list(names).index(usual)
    shown = st.selectbox("Colour the map by", list(names), index=first, format_func=names.__getitem__, key="shown")
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
        f"Weight: {escaped_label(known.label(name))} ({need_panel.direction(known, name)})",
        0.0,
        float(_MOST_WEIGHT),
        step=0.5,
        key=key,
        help=escaped(f"{known.unit(name)}. {known.caveat(name)}"),
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
        decay = st.selectbox(
            "Further away counts less",
            list(DECAYS),
            index=list(DECAYS).index(start.decay),
            format_func=lambda name: DECAYS[name][0],
            key="decay",
        )
        desert = st.selectbox(
            "Desert rule",
            list(DESERT_RULES),
            index=list(DESERT_RULES).index(start.desert),
            format_func=lambda name: DESERT_RULES[name].label,
            key="desert",
        )
        st.caption(DESERT_RULES[desert].description)
        thresholds = _thresholds(desert, start)
        frame = st.radio(
            "Worst fifths of",
            list(_FRAMES),
            index=list(_FRAMES).index(start.frame),
            format_func=_FRAMES.__getitem__,
            key="frame",
        )
    return {"cutoff_km": cutoff, "decay": decay, "desert": desert, "frame": frame, **thresholds}


def _journeys(start: Plan) -> dict[str, Any]:
    """How people get there: a straight line, estimated minutes, or journeys that were kept."""
    kept = list(list_journeys(cache_folder()).index)
    names = {STRAIGHT_LINE: "a straight line, km", **ESTIMATED, **{name: f"kept journeys {name}" for name in kept}}
    with st.expander("Journeys"):
        way = st.selectbox(
            "How far is measured by",
            list(names),
            index=list(names).index(start.journeys) if start.journeys in names else 0,
            format_func=names.__getitem__,
            key="journeys",
            help="Estimates take a detour and a speed; `hjp-geo journeys` makes and keeps better ones.",
        )
        if way == STRAIGHT_LINE:
            return {"journeys": way}
        minutes = st.slider(
            "A site reaches, minutes", 5.0, MOST_MINUTES, max(start.cutoff_minutes, 5.0), 5.0, key="cutoff-minutes"
        )
    return {"journeys": way, "cutoff_minutes": minutes}


_SHARES = {
    "worst_share": "The worst share of areas, %",
    "bottom_share": "The bottom share of districts, %",
    "significance": "Share of clusters that may be false, %",
}


def _thresholds(desert: str, start: Plan) -> dict[str, Any]:
    """The settings of one desert rule: a slider for each of its shares, or the text of an own rule."""
    values: dict[str, Any] = {}
    for name in DESERT_RULES[desert].parameters:
        if name in _SHARES:
            now = min(max(round(100 * getattr(start, name)), 1), 50)
            values[name] = st.slider(_SHARES[name], 1, 50, now, key=name.replace("_", "-")) / 100
    if desert == "own_rule":
        parts = "; ".join(f"{name}: {meaning}" for name, (meaning, _) in PARTS.items())
        text = st.text_input(
            "Your own rule",
            start.own_rule or "need_fifth = 1 and nearest > 8",
            key="own-rule",
            help=f"Comparisons joined by and, or, not and brackets. {parts}.",
        )
        values["own_rule"] = text
    return values


_SUPPLY = {"sites": "sites, one each", "hours": "hours of advice a week"}


def _supply(start: Plan) -> dict[str, Any]:
    """What supply is counted in, what is assumed of it, and whether phone and online advice counts."""
    with st.expander("What supply is counted in"):
        unit = st.radio(
            "Count supply in",
            list(_SUPPLY),
            index=list(_SUPPLY).index(start.supply),
            format_func=_SUPPLY.__getitem__,
            key="supply",
            help="No open list publishes hours. Bring your own providers to know more than the assumption.",
        )
        values: dict[str, Any] = {"supply": unit}
        if unit == "hours":
            values["assumed_hours"] = st.number_input(
                "Hours a week of an office whose hours nobody recorded",
                *(0.5, 200.0, min(max(start.assumed_hours, 0.5), 200.0), 0.5),
                key="assumed-hours",
            )
            values["assumed_outreach_hours"] = st.number_input(
                "The same for an outreach point",
                *(0.5, 200.0, min(max(start.assumed_outreach_hours, 0.5), 200.0), 0.5),
                key="assumed-outreach-hours",
            )
        counted = st.checkbox(
            "Count phone and online advice in the headline",
            value=start.remote == "count",
            key="remote",
            help="The other headline, without it or with it, is always shown too where such advice is loaded.",
        )
    return {**values, "remote": "count" if counted else "leave_out"}
