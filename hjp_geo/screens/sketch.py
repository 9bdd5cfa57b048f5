"""The sketch panel: add a site by mouse or keyboard, and read at once who it would reach and what would change."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import streamlit as st

from hjp_geo.errors import HjpError, PlanError
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.journeys import MODES
from hjp_geo.plan import Answer
from hjp_geo.scenario import Scenario
from hjp_geo.screens import assessed, closing_sites, scenarios, suggest_sites
from hjp_geo.screens.catchments import is_catchment
from hjp_geo.screens.change_sketch import change_form
from hjp_geo.screens.design_card import offer_and_design
from hjp_geo.screens.kept import kept_for
from hjp_geo.screens.state import drawings, replace_drawings
from hjp_geo.screens.text import escaped
from hjp_geo.siting import RULES, Candidate, assess, catchment_of, point_of, short_label
from hjp_geo.sketchmap import Drawing

__all__ = ["escaped", "panel"]

_RULES = {"centroid": "By where people's centre lies", "area_share": "By share of ground (planning only)"}


def panel(found: Answer, known: Evidence) -> None:
    """Who the sketches would reach, the ways to add and change one without a mouse, and the scenario they are in."""
    scenario = scenarios.opened(known)
    st.subheader("Sketch a site")
    _form(known)
    _other_ways(found, known)
    suggest_sites.panel(found, known, _add)
    if not scenarios.accepted(scenario, known):
        return
    closed = closing_sites.chosen(found, known, scenario)
    if drawings():
        _drawn(found, known, scenario, closed)
        return
    st.caption(
        "Draw a point with a radius, a travel-time catchment or a polygon on the map, or add one here by postcode. "
        "The figures appear at once."
    )
    scenarios.saved_while_drawing(found.plan, known, closed=closed)
    scenarios.bar(known)
    if closed:
        closing_sites.on_their_own(found, known, closed)


def _drawn(found: Answer, known: Evidence, scenario: Scenario | None, closed: tuple[str, ...]) -> None:
    """The sketches, their settings, and all that is told of them. What is drawn is saved before it is worked out."""
    drawn = drawings()
    _list(drawn, known)
    first = st.container()  # the figures stand above the settings that they depend on
    with st.expander("Which areas belong to a sketch"):
        rule = _rule(scenario)
    _change(drawn, known)
    assumptions = assessed.assumptions_chosen(scenario.assumptions if scenario else None)
    scenarios.saved_while_drawing(found.plan, known, assumptions=assumptions, rule=rule, closed=closed)
    scenarios.bar(known)
    try:
        candidates = [Candidate.from_feature(one) for one in drawn]
        figures = assess(found.plan, candidates, known, rule=rule, assumptions=assumptions, closed=closed)
    except HjpError as error:
        first.warning(escaped(str(error)))
        return
    with first:
        assessed.headline(figures, found, known)
        scenarios.figures_found(figures)
    _offers(drawn, candidates)
    assessed.tables(figures, known)


# adding -------------------------------------------------------------------------------------------------------------


def _form(known: Evidence) -> None:
    with st.form("add-site", clear_on_submit=True, border=False):
        where = st.text_input("Postcode, or latitude, longitude, or grid reference")
        left, right = st.columns(2, vertical_alignment="bottom")
        radius = left.number_input("Radius, km", 0.1, 50.0, 3.0, 0.5)
        if right.form_submit_button("Add site", width="stretch"):
            _add_or_say(lambda: [Candidate.circle(*_point(where, known), float(radius), where.strip()[:60])])


def _point(where: str, known: Evidence) -> tuple[float, float]:
    try:
        return point_of(where, known)
    except HjpError as error:
        raise PlanError(
            "That is neither a postcode in the list nor a latitude and longitude such as 51.51, -0.12, "
            "nor a grid reference such as TQ 299 827."
        ) from error


def _other_ways(found: Answer, known: Evidence) -> None:
    with st.expander("Other ways to add: a named site, minutes, a district, a list of areas"):
        _by_health_site(found, known)
        _by_minutes(known)
        _by_name(found, known)
        _by_list(known)


def _by_health_site(found: Answer, known: Evidence) -> None:
    names = kept_for(known, ("practices", found.place.code), lambda: _practices(found, known))
    with st.form("add-health-site", border=False, clear_on_submit=True):
        chosen = st.selectbox(
            "A GP practice of the place",
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder="Type a name or a code",
            key=f"health-site-{found.place.code}",
        )
        radius = st.number_input("Its radius, km", 0.1, 50.0, 3.0, 0.5)
        if st.form_submit_button("Add this practice", width="stretch") and chosen:
            _add_or_say(lambda: [Candidate.health_site(str(chosen), float(radius), known)])


def _practices(found: Answer, known: Evidence) -> dict[str, str]:
    areas = known.health_site_areas
    here = known.health_sites.loc[areas.index[areas.isin(found.areas.index)]].sort_values("site_name")
    return {str(code): f"{name} ({code})" for code, name in here["site_name"].items()}


def _by_minutes(known: Evidence) -> None:
    with st.form("add-minutes", border=False, clear_on_submit=True):
        where = st.text_input("Place for a travel-time catchment (postcode or point)")
        left, right = st.columns(2)
        minutes = left.number_input("Minutes", 1.0, 120.0, 20.0, 5.0)
        mode = right.selectbox("How", list(MODES), index=2, format_func=MODES.__getitem__)
        st.caption(
            "The areas that are so near by kept journeys, where they go there; else by an estimate for each area. "
            "The figures say which."
        )
        if st.form_submit_button("Add catchment", width="stretch"):
            _add_or_say(
                lambda: [Candidate.within_minutes(_point(where, known), minutes, mode=mode, name=where.strip())]
            )


def _by_name(found: Answer, known: Evidence) -> None:
    places = {code: one for code, one in known.places.items() if code != ENGLAND}
    with st.form("add-place", border=False, clear_on_submit=True):
        chosen = st.selectbox(
            "A district or board by its name (its published list of areas)",
            list(places),
            index=None,
            format_func=lambda code: f"{places[code].name} · {places[code].kind}",
            placeholder="Type a name",
            key=f"place-to-add-{found.place.code}",
        )
        if st.form_submit_button("Add it whole", width="stretch") and chosen:
            _add_or_say(lambda: [Candidate.place(str(chosen), known)])


def _by_list(known: Evidence) -> None:
    with st.form("add-list", border=False, clear_on_submit=True):
        codes = st.text_area("LSOA codes, one a line or separated by commas", height=80)
        name = st.text_input("What to call them", "Listed areas", max_chars=120)
        if st.form_submit_button("Add these areas", width="stretch"):
            _add_or_say(
                lambda: [Candidate.areas_listed(re.split(r"[\s,;]+", codes), known, name=name or "Listed areas")]
            )


def _add_or_say(make: Callable[[], list[Candidate]]) -> None:
    try:
        made = make()
    except HjpError as error:
        st.warning(escaped(str(error)))
        return
    _add(made)


def _add(candidates: list[Candidate]) -> None:
    """Put candidates on the map."""
    replace_drawings([*drawings(), *(one.to_feature(secrets.token_hex(6)) for one in candidates)])
    st.rerun()


# the list -----------------------------------------------------------------------------------------------------------


def _list(drawn: list[Drawing], known: Evidence) -> None:
    for number, one in enumerate(drawn):
        properties = one.get("properties", {})
        name = str(properties.get("name") or f"Sketch {number + 1}")
        left, right = st.columns([0.75, 0.25], vertical_alignment="center")
        left.markdown(f"**{escaped(name)}** · {_what(one, known)}")
        right.button(
            "Remove",
            key=f"remove-{properties.get('id', number)}",
            help=f"Remove {escaped(name)}",
            width="stretch",
            on_click=replace_drawings,
            args=([other for other in drawn if other is not one],),
        )
    _listed_areas(drawn, known)


def _what(drawing: Drawing, known: Evidence) -> str:
    properties = drawing.get("properties", {})
    if is_catchment(drawing):
        return _catchment_in_words(drawing, known)
    if codes := properties.get("codes"):
        return f"{len(codes):,} areas by name"
    radius = properties.get("radius_m")
    return f"{float(radius) / 1000:.1f} km around a point" if radius else "polygon"


def _catchment_in_words(drawing: Drawing, known: Evidence) -> str:
    try:
        candidate = Candidate.from_feature(drawing)
        found = catchment_of(candidate, known)
    except HjpError as error:
        return escaped(str(error))
    return escaped(f"{short_label(candidate, found)}: {len(found.codes):,} areas")


def _listed_areas(drawn: list[Drawing], known: Evidence) -> None:
    """A table of the areas of each list, to add to and take from."""
    for one in drawn:
        properties = one.get("properties", {})
        codes, origin = properties.get("codes"), properties.get("origin") or {}
        if not codes or "place" in origin or len(codes) > _MOST_LISTED:
            continue
        with st.expander(f"Areas of {escaped(str(properties.get('name', 'the list')))}: add or remove rows"):
            edited = st.data_editor(
                [{"Area": code} for code in codes], num_rows="dynamic", key=f"codes-{properties['id']}", hide_index=True
            )
            wanted = [str(row.get("Area") or "").strip() for row in edited]
            changed = sorted({code.upper() for code in wanted if code})
            if changed != sorted(codes) and st.button(
                "Use these areas", key=f"use-{properties['id']}", width="stretch"
            ):
                _relist(drawn, one, changed, known)


_MOST_LISTED = 300


def _relist(drawn: list[Drawing], one: Drawing, codes: list[str], known: Evidence) -> None:
    properties = one["properties"]
    try:
        made = Candidate.areas_listed(codes, known, name=str(properties["name"]))
    except HjpError as error:
        st.warning(escaped(str(error)))
        return
    kept = Candidate.from_feature(one)
    feature = made.offering(kept.offer, kept.design).to_feature(str(properties["id"]))
    replace_drawings([feature if other is one else other for other in drawn])
    st.rerun()


def _rule(scenario: Scenario | None) -> str:
    codes = list(RULES)
    return str(
        st.radio(
            "Which areas belong to a sketch",
            codes,
            index=codes.index(scenario.rule) if scenario else 0,
            format_func=lambda code: _RULES.get(code, code),
            key="rule-of-areas",
            help=" ".join(RULES.values()),
        )
    )


def _change(drawn: list[Drawing], known: Evidence) -> None:
    """Another name, reach or place for one of the sketches."""
    names = {str(number): str(one["properties"].get("name", "")) for number, one in enumerate(drawn)}
    with st.expander("Change a sketch: its name, reach or place"):
        chosen = st.selectbox("Which sketch", list(names), format_func=names.__getitem__, key="change-of")
        number = min(int(chosen or 0), len(drawn) - 1)
        change_form(drawn[number], known, lambda new: _put(drawn, number, new))


def _offers(drawn: list[Drawing], candidates: list[Candidate]) -> None:
    """The offer and design card of one of the sketches."""
    names = {str(number): one.name for number, one in enumerate(candidates)}
    with st.expander("Offer and design card"):
        chosen = st.selectbox("Of the sketch", list(names), format_func=names.__getitem__, key="offer-of")
        number = min(int(chosen or 0), len(drawn) - 1)
        offer_and_design(drawn[number], candidates[number], lambda new: _put(drawn, number, new))


def _put(drawn: list[Drawing], number: int, new: Drawing) -> None:
    replace_drawings([new if place == number else one for place, one in enumerate(drawn)])
    st.rerun()
