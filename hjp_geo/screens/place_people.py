"""The first page: which place, which people, which advice; and what is known of them, in plain words."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.errors import HjpError
from hjp_geo.evidence import ENGLAND, NETWORK, Evidence, Place
from hjp_geo.places import OWN_AREA, is_own_area, listed_areas, own_area
from hjp_geo.plan import TOPICS, Answer, Plan
from hjp_geo.presets import PRESETS, preset_caveats
from hjp_geo.profile import ALIKE, Profile, profile, profile_lines
from hjp_geo.screens import ask, need_panel
from hjp_geo.screens.going_on import link_to
from hjp_geo.screens.kept import kept_for
from hjp_geo.screens.plain_table import plain_table
from hjp_geo.screens.state import drawings, evidence, plan_to_address, start_plan, stop_with
from hjp_geo.screens.style import apply_style
from hjp_geo.screens.text import escaped
from hjp_geo.screens.working import answered, worked
from hjp_geo.siting import areas_inside, read_outlines

__all__ = ["page"]

_OWN_WEIGHTS = ""
_OWN_CODE = "own_area_made"
_MOST_BARS = 14
_NARROW = 0.01
_HERE, _THERE = "#7f0000", "#6b7280"


def page() -> None:
    """Draw the page."""
    known = evidence()
    apply_style()
    st.title("Place and people")
    if known.made_up:
        st.warning(
            "**Made-up data.** This is an invented Integrated Care System, to try the tool on. "
            "No figure here is about a real place."
        )
    st.markdown("Which place is it about, whom do you want to reach, and with which advice? Every page takes it up.")
    asked = _asked(known, start_plan("place", known, ask.usual_plan(known)))
    plan_to_address(asked)
    found, one = _profile(asked, known)
    _about_place(found.place, known)
    _figures(one)
    st.markdown("\n".join(f"- {escaped(line)}" for line in profile_lines(one, found)))
    _charts(one)
    _table(one)
    _not_known(one, found, known)
    _where_next()


def _asked(known: Evidence, start: Plan) -> Plan:
    left, middle, right = st.columns(3)
    with left:
        place = _place(known, start)
    with middle:
        name = _population(known, start)
    topic = right.selectbox(
        "Advice topic",
        list(TOPICS),
        index=list(TOPICS).index(start.topic),
        format_func=TOPICS.__getitem__,
        key="people-topic",
        help=_topics_help(name),
    )
    try:
        filled = PRESETS[name].plan(known, start) if name and name != start.preset else start
        return Plan.from_dict({**filled.to_dict(), "preset": name or None, "place": place, "topic": topic})
    except HjpError as error:
        stop_with(str(error))


# place ----------------------------------------------------------------------------------------------------------------


def _place(known: Evidence, start: Plan) -> str:
    """The kind of place, then the place; an own area is made here."""
    try:
        now = known.place(start.place)
    except HjpError as error:
        st.warning(escaped(f"{error} Showing the usual place instead."))
        now = known.place(ask.usual_plan(known).place)
    kinds = [*dict.fromkeys(one.kind for one in known.places.values()), OWN_AREA]
    everything = known.places[ENGLAND]
    kind = st.selectbox(
        "Kind of place",
        kinds,
        index=kinds.index(now.kind),
        format_func=lambda one: everything.name if one == everything.kind else one,
        key="people-kind",
    )
    if kind == everything.kind:
        return ENGLAND
    if kind == OWN_AREA:
        return _own_area(known, now)
    codes = [code for code, one in known.places.items() if one.kind == kind]
    return st.selectbox(
        "Place",
        codes,
        index=codes.index(now.code) if now.code in codes else 0,
        format_func=lambda code: known.places[code].name,
        key=f"people-place-{kind}",
    )


def _own_area(known: Evidence, now: Place) -> str:
    """The own area of the address, or the one made last; until there is one, the page ends with the form."""
    made: str | None = st.session_state.get(_OWN_CODE)
    if made is None and is_own_area(now.code):
        made = now.code
    with st.expander("Make another own area" if made else "Make an own area", expanded=made is None):
        way = st.radio("From", ["A list of areas", "An outline (GeoJSON)", "What is sketched"], key="own-area-way")
        with st.form("own-area", border=False):
            name = st.text_input("What to call it", "Own area", max_chars=60)
            given = _given(way)
            if st.form_submit_button("Use these areas", width="stretch"):
                made = _made(name, way, given, known) or made
    if made is None:
        st.info("List the small areas (LSOAs of 2021), or bring an outline. The link then carries the whole list.")
        st.stop()
    st.session_state[_OWN_CODE] = made
    return made


def _given(way: str) -> Any:
    if way == "A list of areas":
        return st.text_area("LSOA codes, with spaces, commas or new lines between", height=90, max_chars=400_000)
    if way == "An outline (GeoJSON)":
        st.caption("Polygons in WGS84. An area belongs if the centre of its population lies inside.")
        return st.file_uploader("GeoJSON file", type=["geojson", "json"], key="own-area-file")
    st.caption(f"Drawn on the map of page 5: {len(drawings()):,} sketches. Areas belong by the centre of their people.")
    return None


def _made(name: str, way: str, given: Any, known: Evidence) -> str | None:
    """The code of the own area asked for; None where it cannot be made, and the page says why."""
    try:
        place = known.place(own_area(name, _codes(way, given, known)).code)
    except HjpError as error:
        st.error(escaped(str(error)))
        return None
    st.session_state[_OWN_CODE] = place.code
    return place.code


def _codes(way: str, given: Any, known: Evidence) -> list[str]:
    if way == "A list of areas":
        return listed_areas(given) or str(given).split()
    if way == "An outline (GeoJSON)":
        return areas_inside(read_outlines(given.getvalue() if given is not None else b""), known)
    return areas_inside([dict(one) for one in drawings()], known)


def _about_place(place: Place, known: Evidence) -> None:
    """What the reader must know of a place that no official list defines."""
    if place.kind == OWN_AREA:
        st.caption(
            "Your own area: the link of this page carries its whole list of areas. Whoever opens it sees it too."
        )
    if place.kind != NETWORK:
        return
    of = known.membership(place.code)
    if of is None:
        return
    releases = known.sources["release"].astype("str").to_dict()
    dated = "; ".join(f"{escaped(one)} {escaped(releases[one])}" for one in known.sources_of(["area_pcn"]))
    st.info(
        "**Worked out, not official.** No list says which areas a primary care network has. An area is given to the "
        f"network with most of its registered patients. Of this network's {of.patients:,.0f} patients "
        f"**{100 * of.living_inside:.0f} %** live in its areas; of everybody registered in these areas "
        f"**{100 * of.share_of_area:.0f} %** are its patients. From: {dated}."
    )


# people and topic -----------------------------------------------------------------------------------------------------


def _population(known: Evidence, start: Plan) -> str:
    usable = [_OWN_WEIGHTS, *need_panel.usable_presets(known, start)]
    name = st.selectbox(
        "Target population",
        usable,
        index=usable.index(start.preset) if start.preset in usable else 0,
        format_func=lambda one: PRESETS[one].label if one else "Your own weights",
        key="people-preset",
        help="Fills the need layers, their weights and the people in need. Edit them on the page Need.",
    )
    if name:
        st.caption(escaped(PRESETS[name].question))
    return name


def _topics_help(name: str) -> str:
    if not name:
        return "The seven areas of social welfare law."
    return f"Look first at: {', '.join(TOPICS[topic].lower() for topic in PRESETS[name].topics)}."


# the summary ----------------------------------------------------------------------------------------------------------


def _profile(asked: Plan, known: Evidence) -> tuple[Answer, Profile]:
    """The answer and the figures of the place, worked out once for each question of a session."""
    found = answered(asked, known)
    key = (asked.to_json(), known.build_id, id(known))
    make = partial(profile, found, known)
    one = worked("profile", key, lambda _report: kept_for(found, "profile", make), "Looking up the place")
    if one is None:
        st.stop()
    return found, one


def _figures(one: Profile) -> None:
    st.subheader(escaped(one.place.name))
    tiles = st.columns(4)
    tiles[0].metric("Residents", f"{one.residents:,.0f}")
    for tile, layer in ((tiles[1], "people_in_income_deprivation"), (tiles[2], "cancer_prevalence")):
        if layer in one.figures.index:
            row: Any = one.figures.loc[layer]
            tile.metric(row["label"], "not known" if pd.isna(row["here"]) else f"{row['here']:.1f} %")
            tile.caption(_beside(one, row))
    if one.advice is None:
        tiles[3].metric("Counted advice sites", "not known")
        tiles[3].caption("No loaded list covers the topic.")
    else:
        tiles[3].metric("Counted advice sites", f"{one.advice.here:,}")
        tiles[3].caption(f"In all: {one.advice.everywhere:,}.")
    tiles[0].caption(f"In {one.areas:,} small areas.")


def _beside(one: Profile, row: Any) -> str:
    """The unit, and the same figure elsewhere."""
    places = {"region": one.region, "everywhere": None if one.is_everything else one.everywhere}
    known = [f"{name} {row[key]:.1f} %" for key, name in places.items() if name and not pd.isna(row[key])]
    return escaped(". ".join([f"{row['unit']}", *known]) + ".")


def _charts(one: Profile) -> None:
    left, right = st.columns(2, gap="large")
    if not one.tenths.empty:
        with left:
            st.markdown("**Residents by national tenth of deprivation**")
            told = _tenths_words(one)
            st.vega_lite_chart(_tenths_chart(one), width="stretch", alt=told)
            st.caption(escaped(told))
            with st.expander("The chart as a table"):
                names = {"tenth": "Tenth (1 is most deprived)", "residents": "Residents", **_columns(one)}
                plain_table(one.tenths.reset_index(), names)
    bars = _bars(one)
    if not bars.empty and not one.is_everything:
        with right:
            st.markdown(f"**Need here, {escaped(one.everywhere)} being 100**")
            first, last = bars.iloc[0], bars.iloc[-1]
            told = (
                f"Of the {len(bars):,} figures furthest from {one.everywhere}, {first['label']} is highest at "
                f"{first['index']:.0f} and {last['label']} lowest at {last['index']:.0f}."
            )
            st.vega_lite_chart(_bar_chart(bars), width="stretch", alt=told)
            st.caption(escaped(f"{told} All stand in the table below."))


def _columns(one: Profile) -> dict[str, str]:
    region = {"region": f"{one.region}, %"} if one.region else {}
    everywhere = {} if one.is_everything else {"everywhere": f"{one.everywhere.capitalize()}, %"}
    return {"here": "Here, %", **region, **everywhere}


def _tenths_words(one: Profile) -> str:
    first, last = one.tenths.iloc[0], one.tenths.iloc[-1]
    return (
        f"{first['here']:.1f} % of residents live in the most deprived tenth of England's areas, {last['here']:.1f} % "
        "in the least deprived tenth."
    )


def _tenths_chart(one: Profile) -> dict[str, Any]:
    shown = {"here": "here"} if one.is_everything else {"here": "here", "everywhere": one.everywhere}
    rows = one.tenths.reset_index().melt("tenth", list(shown), "where", "share").replace({"where": shown})
    return {
        "height": 220,
        "data": {"values": rows.dropna().to_dict("records")},
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {"field": "tenth", "type": "ordinal", "title": "1 is most deprived", "axis": {"labelAngle": 0}},
            "y": {"field": "share", "type": "quantitative", "title": "% of residents"},
            "xOffset": {"field": "where", "sort": list(shown.values())},
            "color": {
                "field": "where",
                "type": "nominal",
                "scale": {"domain": list(shown.values()), "range": [_HERE, _THERE]},
                "legend": {"title": None, "orient": "top"},
            },
        },
    }


def _bars(one: Profile) -> Table:
    """Need figures as an index, the furthest from 100 kept, the highest first."""
    rows = one.figures[one.figures["is_need"] & one.figures["here"].notna() & (one.figures["everywhere"] > 0)]
    rows = rows.assign(index=100 * rows["here"] / rows["everywhere"])
    far = (rows["index"] - 100).abs().sort_values(ascending=False, kind="stable").index[:_MOST_BARS]
    return rows.loc[far, ["label", "index"]].sort_values("index", ascending=False, kind="stable")


def _bar_chart(bars: Table) -> dict[str, Any]:
    return {
        "height": 20 * len(bars) + 20,
        "data": {"values": bars.assign(above=bars["index"] - 100).to_dict("records")},
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "y": {
                "field": "label",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"labelLimit": 220, "labelOverlap": False},
            },
            "x": {"field": "index", "type": "quantitative", "title": None, "scale": {"zero": True}},
            "color": {
                "condition": {"test": "datum.above > 0", "value": _HERE},
                "value": _THERE,
            },
        },
    }


def _table(one: Profile) -> None:
    st.subheader("Every figure")
    rows = one.figures.reset_index()
    rows["range"] = [_range(low, high) for low, high in rows[["low", "high"]].itertuples(index=False)]
    rows["side"] = rows["side"].map(_SIDES)
    region = {"region": one.region} if one.region else {}
    everywhere = {} if one.is_everything else {"everywhere": one.everywhere.capitalize()}
    side = {} if one.is_everything else {"side": f"Beside {one.everywhere}"}
    names = {"label": "Figure", "unit": "Unit", "here": "Here", "range": "Range", **region, **everywhere, **side}
    missing = {"missing": "Areas without it"} if rows["missing"].any() else {}
    rows[["here", "region", "everywhere"]] = rows[["here", "region", "everywhere"]].round(2)
    plain_table(rows, {**names, **missing, "group": "Kind", "sources": "Sources and releases"})
    if one.region:
        st.caption(escaped(f"{one.region}: the region of {100 * one.region_share:.0f} % of its residents."))
    st.caption(
        "Means of small areas, weighted by their residents. Range: of the method that models a register to areas; "
        f"blank where none is known. “About the same”: within {100 * ALIKE:.0f} % of the other figure, or its range "
        "holds the other."
    )


_SIDES = {"higher": "higher", "lower": "lower", "alike": "about the same", "not known": "not known"}


def _range(low: Any, high: Any) -> str:
    if pd.isna(low) or pd.isna(high):
        return ""
    return f"{low:.2f} to {high:.2f}" if high - low >= _NARROW else f"less than {_NARROW:g} wide"


def _not_known(one: Profile, found: Answer, known: Evidence) -> None:
    st.subheader("What this does not know")
    lines = [
        "Areas, not people: a place that is high on two figures need not hold anybody who is in both.",
        "Conditions are recorded diagnoses, modelled from practices to areas: who is not diagnosed is not counted.",
        "Figures are not adjusted for age: an older place has more of most conditions however well off it is.",
        "Income deprivation counts people in families with a low income by benefits and tax records, not by asking.",
        "Open lists of advice show offices. They under-count outreach, and say nothing of waiting or of quality.",
    ]
    if one.areas_without_residents:
        lines.append(f"Areas whose residents are not known, and that are in no mean: {one.areas_without_residents:,}.")
    lines += preset_caveats(found.plan, known)
    st.markdown("\n".join(f"- {escaped(line)}" for line in dict.fromkeys(lines)))
    with st.expander("Credits"):
        lines = known.attribution([*one.figures.index, "areas", "sites", "services"])
        st.markdown("\n".join(f"- {escaped(line)}" for line in lines))
        st.caption(f"Warehouse built {escaped(known.built)}; build {known.build_id}.")


def _where_next() -> None:
    st.subheader("Where next")
    link_to("2 Need", "where in the place it is greatest, and what it is made of")
    link_to("3 Provision", "where advice is, and who can reach it")
    link_to("4 Gaps", "where need is great and advice out of reach")
