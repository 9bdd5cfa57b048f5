"""The page that puts deserts to the test: why, by which rule, how sure, and is it the list or the service."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.desert import DESERT_RULES
from hjp_geo.equity import Equity, access_line, equity
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats
from hjp_geo.gaps import (
    AGREEMENTS,
    GAPS,
    SETTINGS,
    ListGap,
    Outreach,
    both_counts,
    list_or_service_gap,
    rules_table,
    sensitivity,
    thresholds,
)
from hjp_geo.maps import place_geometry
from hjp_geo.plan import TOPICS, Answer
from hjp_geo.screens import ask, law_society
from hjp_geo.screens.plain_table import plain_table
from hjp_geo.screens.sketch import escaped
from hjp_geo.screens.state import MAPS_URL, evidence, maps_folder, plan_to_address, start_plan, stop_with
from hjp_geo.screens.style import apply_style
from hjp_geo.screens.working import answered, worked
from hjp_geo.sketchmap import NO_DATA, Geometry, HoverColumn, MapData, Paint, sketch_map
from hjp_geo.uncertainty import CERTAINTY, totals_by_certainty, with_flag_probability

__all__ = ["GAP_COLOURS", "page"]

GAP_COLOURS = {"service gap": "#7f0000", "list gap possible": "#fc8d59", "no desert": "#f3f0e8"}
"""From dark to light, in grey too."""
_FLAGGED, _NOT_FLAGGED = ("#b30000", "a desert by the rule"), ("#f3f0e8", "no desert by the rule")
_PEOPLE, _SHARE = "People", "% of people"
_MOST_ROWS = 500


def page() -> None:
    """Draw the page."""
    known = evidence()
    apply_style()
    st.title("Deserts, put to the test")
    if known.made_up:
        st.warning("**Made-up data.** No figure here is about a real place.")
    asked = ask.question(known, start_plan("gaps", known, ask.usual_plan(known)))
    plan_to_address(asked)
    found = answered(asked, known)
    _headline(found)
    if found.known:
        found = _how_sure(found, known)
        gap = _list_gap(found, known)
        _map(found, known, gap)
        _reasons(found)
        _thresholds(found, known)
        _rules(found, known)
        _both(found, known)
        _equity(found, known)
    law_society.panel(found, known)
    _notes(found, known)


def _tried(make: Any, *asked: Any) -> Any:
    """What a function makes of the plan; where it cannot, the page says why and stops."""
    try:
        return make(*asked)
    except HjpError as error:
        stop_with(str(error))


def _headline(found: Answer) -> None:
    totals, topic = found.totals, TOPICS[found.plan.topic].lower()
    if not found.known:
        st.info(
            f"**No verdict for {topic}.** No loaded list says where {topic} advice of this kind is given. No data is "
            "not a desert. Choose another topic, or legal aid, in the panel on the left."
        )
        return
    st.markdown(
        f"**{escaped(found.place.name)}, {topic}.** By the rule “{DESERT_RULES[found.plan.desert].label}” "
        f"({escaped(thresholds(found.plan))}) **{totals.people_flagged:,.0f} people** "
        f"({totals.share_of_people_pct:.1f} %) live in **{totals.areas_flagged:,} of {totals.areas:,} areas** that are "
        "deserts. This page asks whether that stands."
    )
    other = found.other_totals
    if other is None:
        st.caption("No phone or online advice is loaded, so that the figure is the same with and without it.")
    else:
        way = "Without" if found.plan.remote == "count" else "With"
        st.markdown(f"{way} phone and online advice: **{other.people_flagged:,.0f} people**.")


# how sure -----------------------------------------------------------------------------------------------------------


def _how_sure(found: Answer, known: Evidence) -> Answer:
    st.subheader("How sure is each flag?")
    drawn = st.toggle(
        "Draw the flags again",
        key="flags-again",
        help="200 times with other weights, thresholds and journeys, and without the sites that may not exist.",
    )
    if not drawn:
        st.caption("Not drawn yet: each verdict rests on one choice of weights, thresholds and sites.")
        return found
    try:
        asked = (found.plan.to_json(), known.build_id)
        words = "Drawing the flags 200 times"
        again = worked("flags", asked, lambda _report: with_flag_probability(found, known), words)
    except HjpError as error:
        st.info(escaped(str(error)))
        return found
    if again is None:
        return found
    said = again.run["flags_redrawn"]
    st.markdown(
        f"In nine of ten draws between **{said['people_flagged_p05']:,.0f}** and "
        f"**{said['people_flagged_p95']:,.0f} people** live in a desert."
    )
    totals = totals_by_certainty(again).reset_index()
    totals["meaning"] = totals["certainty"].map(CERTAINTY)
    plain_table(totals, {"certainty": "How sure", "areas": "Areas", "people": _PEOPLE, "meaning": "Meaning"})
    st.caption(escaped(said["words"]))
    return again


# list gap or service gap --------------------------------------------------------------------------------------------


def _list_gap(found: Answer, known: Evidence) -> ListGap | None:
    st.subheader("A gap in the service, or in the list?")
    left, right = st.columns(2)
    points = left.slider(
        "Outreach points assumed in every district",
        *(1, 20, Outreach.points_per_district),
        key="assumed-points",
        help="Citizens Advice had about 2,700 community points for 292 members in 2017; no open list shows them.",
    )
    worth = right.slider(
        "What a point gives, as a share of an office",
        *(0.05, 1.0, Outreach.worth, 0.05),
        key="assumed-worth",
        help="One day in five is 0.2. Where supply is counted in hours, the hours of an outreach point are taken.",
    )
    try:
        assumed = Outreach(int(points), float(worth))
        asked = (found.plan.to_json(), known.build_id, assumed)
        make = partial(list_or_service_gap, found.plan, known, assumed)
        gap = worked("list-gap", asked, lambda _report: make(), "Assuming outreach")
    except HjpError as error:
        st.info(escaped(str(error)))
        return None
    if gap is None:
        return None
    people = gap.totals["people"]
    st.markdown(
        f"**{people['service gap']:,.0f} people** live in deserts that stay even then. For "
        f"**{people['list gap possible']:,.0f} people** nobody can tell from these lists: the gap may be one of the "
        "list, not of the service. Ask the providers, and bring their sites."
    )
    table = gap.totals.reset_index()
    table["meaning"] = table["gap"].map(GAPS)
    plain_table(table, {"gap": "What it is", "areas": "Areas", "people": _PEOPLE, "meaning": "Meaning"})
    st.caption(escaped(gap.words))
    return gap


def _map(found: Answer, known: Evidence, gap: ListGap | None) -> None:
    with st.spinner("Preparing the map of this place …"):
        files = place_geometry(known, found.place.code, maps_folder())
    sketch_map(
        MapData(
            geometry=Geometry(
                kind="polygons" if files.kind == "polygons" else "raster",
                url=f"{MAPS_URL}/{files.file}",
                codes_url=f"{MAPS_URL}/{files.codes_file}" if files.codes_file else None,
                revision=files.revision,
                bounds=files.bounds,
            ),
            paint=_paint(found, gap),
            tools=(),
            label=f"Map of deserts put to the test in {found.place.name}",
            attribution=" ".join(known.attribution(["area_boundaries"])),
            height=520,
        ),
        key="gaps-map",
    )
    st.markdown("**The map as a table:** the deserts with most people first")
    _areas_table(found, gap)


def _paint(found: Answer, gap: ListGap | None) -> Paint:
    """What each area is called; hatched where the flag is robust or borderline, dotted where it is fragile."""
    rows = found.areas
    flagged = rows["desert"].to_numpy(dtype=bool, na_value=False)
    fragile = np.zeros(len(rows), dtype=bool)
    if "certainty" in rows.columns:
        fragile = flagged & (rows["certainty"] == "fragile").to_numpy(dtype=bool)
    classes, palette, labels = _classes(found, gap)
    return Paint(
        title="Gap in the service, or in the list" if gap is not None else DESERT_RULES[found.plan.desert].label,
        classes=classes,
        palette=palette,
        labels=labels,
        no_data_label="No verdict",
        marks=flagged & ~fragile,
        marks_label="Desert",
        faint=fragile,
        faint_label="Desert, but in fewer than half of the draws",
        hover=_hover(rows),
    )


def _classes(found: Answer, gap: ListGap | None) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
    classes = np.full(len(found.areas), NO_DATA, dtype=np.uint8)
    if gap is None:
        known = found.areas["desert"].notna().to_numpy()
        classes[known] = np.where(found.areas["desert"].to_numpy(dtype=bool, na_value=False)[known], 0, 1)
        return classes, (_FLAGGED[0], _NOT_FLAGGED[0]), (_FLAGGED[1], _NOT_FLAGGED[1])
    for number, name in enumerate(GAP_COLOURS):
        classes[(gap.areas["gap"] == name).to_numpy(dtype=bool)] = number
    return classes, tuple(GAP_COLOURS.values()), tuple(f"{name}: {GAPS[name]}" for name in GAP_COLOURS)


def _hover(rows: Table) -> tuple[HoverColumn, ...]:
    columns = [
        HoverColumn("Need, fifth (1 is most)", _numbers(rows["need_fifth"]), decimals=0),
        HoverColumn("Access, fifth (1 is least)", _numbers(rows["access_fifth"]), decimals=0),
        HoverColumn("Nearest site", _numbers(rows["nearest_km"]), "km", decimals=1),
    ]
    if "desert_probability" in rows.columns:
        columns.append(HoverColumn("Desert in so many draws", _numbers(rows["desert_probability"] * 100), "%"))
    return tuple(columns)


def _numbers(values: pd.Series[float]) -> Any:
    return np.asarray(values.astype("Float64").to_numpy(dtype="float64", na_value=np.nan))


def _areas_table(found: Answer, gap: ListGap | None) -> None:
    rows = found.areas[found.areas["desert"].fillna(value=False).astype(bool)]
    if rows.empty:
        st.caption("No area is flagged.")
        return
    rows = rows.assign(gap=gap.areas["gap"] if gap is not None else "not asked")
    rows = rows.sort_values("residents", ascending=False).reset_index()
    names = {
        "area_code": "Area",
        "area_name": "Name",
        "lad24_name": "District",
        "residents": "Residents",
        "reason": "Why",
        "gap": "Service or list",
        "certainty": "How sure",
        "desert_probability": "Share of draws",
        "nearest_km": "Nearest, km",
        "access": found.access_unit.capitalize(),
    }
    plain_table(rows.head(_MOST_ROWS), {name: label for name, label in names.items() if name in rows.columns})
    if len(rows) > _MOST_ROWS:
        st.caption(f"The first {_MOST_ROWS:,} of {len(rows):,} deserts; all are in the files of the map page.")


# why, thresholds, rules ---------------------------------------------------------------------------------------------


def _reasons(found: Answer) -> None:
    st.subheader("Why are they deserts?")
    table = found.reasons.reset_index()
    table["reason"] = table["reason"].map(_REASONS)
    plain_table(table, {"reason": "Why", "areas": "Areas", "people": _PEOPLE, "share_of_people_pct": _SHARE})
    without = found.totals.areas_without_verdict
    st.caption(
        f"The first reason that applies counts, and they add up to everybody flagged. No verdict, for want of data: "
        f"{without:,} areas; these are no deserts."
    )


_REASONS = {
    "no_data": "hours not known",
    "no_provider": "no provider of the topic",
    "too_far": "too far",
    "not_open": "in reach, but not open",
    "not_eligible": "open, but not for people from here",
    "online_only": "phone or online only, and few can use it",
    "full": "in reach, but shared among too many",
}


def _thresholds(found: Answer, known: Evidence) -> None:
    st.subheader("What if the threshold were another?")
    asked = (found.plan.to_json(), known.build_id)
    make = partial(sensitivity, found.plan, known)
    table = _tried(worked, "thresholds", asked, lambda _report: make(), "Moving each threshold")
    if table is None:
        return
    for setting, rows in table.groupby("setting", sort=False):
        told = _strip_words(str(setting), rows)
        st.vega_lite_chart(_strip(rows), width="stretch", alt=told)
        st.caption(escaped(told))
    table = table.assign(is_now=np.where(table["is_now"], "as asked", ""))
    columns = {
        "meaning": "Threshold",
        "value": "Value",
        "is_now": "Your setting",
        "areas_flagged": "Areas",
        "people_flagged": _PEOPLE,
        "share_of_people_pct": _SHARE,
    }
    plain_table(table, columns)


def _strip_words(setting: str, rows: Table) -> str:
    low, high = rows.iloc[0], rows.iloc[-1]
    what = SETTINGS.get(setting, setting.replace("own_rule: ", "your own rule, "))
    return (
        f"{what[:1].upper()}{what[1:]}: from {low['value']:g} to {high['value']:g} the people flagged go from "
        f"{low['people_flagged']:,.0f} to {high['people_flagged']:,.0f}."
    )


def _strip(rows: Table) -> dict[str, Any]:
    values = rows.assign(now=np.where(rows["is_now"], "as asked", "moved"))[["value", "people_flagged", "now"]]
    return {
        "height": 110,
        "data": {"values": values.to_dict("records")},
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {"field": "value", "type": "ordinal", "title": None, "axis": {"labelAngle": 0}},
            "y": {"field": "people_flagged", "type": "quantitative", "title": "people"},
            "color": {
                "field": "now",
                "type": "nominal",
                "scale": {"domain": ["as asked", "moved"], "range": ["#7f0000", "#9ca3af"]},
                "legend": {"title": None, "orient": "right"},
            },
        },
    }


def _rules(found: Answer, known: Evidence) -> None:
    st.subheader("What do other rules say?")
    table = _tried(rules_table, found.plan, known).reset_index(drop=True)
    columns = {
        "label": "Rule",
        "thresholds": "Thresholds",
        "areas_flagged": "Areas",
        "people_flagged": _PEOPLE,
        "share_of_people_pct": _SHARE,
        "areas_without_verdict": "Areas without verdict",
    }
    plain_table(table, columns)
    st.caption("The rule of clusters takes some seconds: choose it in the panel on the left.")


# two counts, equity -------------------------------------------------------------------------------------------------


def _both(found: Answer, known: Evidence) -> None:
    st.subheader("Counted by district, and across its border")
    counts = _tried(both_counts, found.plan, known)
    st.markdown(
        f"Counting offices in the local authority, as the Law Society does, and counting access across its border "
        f"disagree in **{counts.areas_in_disagreement:,} areas**."
    )
    table = counts.agreement.reset_index()
    table["meaning"] = table["kind"].map(AGREEMENTS)
    plain_table(
        table, {"meaning": "What the two say", "areas": "Areas", "people": _PEOPLE, "share_of_people_pct": _SHARE}
    )
    left, right = st.columns(2)
    columns = {"areas": "Areas", "people": _PEOPLE, "share_of_people_pct": _SHARE}
    with left:
        plain_table(counts.by_district.reset_index(), {"kind": "Sites in the district", **columns})
    with right:
        plain_table(
            counts.by_reach.reset_index(),
            {"kind": f"Sites within {found.plan.cutoff:g} {found.plan.cost_unit}", **columns},
        )
    if not counts.districts.empty:
        st.markdown("**Districts where they disagree**, in people")
        names = {"lad24_name": "District", "sites_in_district": "Sites", **{name: name for name in AGREEMENTS}}
        plain_table(counts.districts.head(_MOST_ROWS), names)


def _equity(found: Answer, known: Evidence) -> None:
    st.subheader("Who has the access?")
    try:
        usual = access_line(found)
        line = st.number_input(
            f"Access line: below so many {found.access_unit} is access poverty",
            min_value=0.0,
            value=None,
            placeholder=f"half of the middle: {usual:.2f}",
            key=f"access-line-{found.plan.topic}-{found.plan.supply}",
        )
        spread = equity(found, known, line)
    except HjpError as error:
        st.info(escaped(str(error)))
        return
    st.markdown(
        f"**{spread.poverty['share_pct']:.1f} %** of people live below {spread.line:.2f} {spread.unit} "
        f"({spread.line_words}); the mean shortfall of everybody is **{spread.poverty['depth_pct']:.1f} %** of it."
    )
    _slopes(spread)
    if not spread.by_decile.empty:
        told = _decile_words(spread)
        st.vega_lite_chart(_decile_chart(spread), width="stretch", alt=told)
        st.caption(told)
    for name, rows in (
        ("Tenth of deprivation (1 is most deprived)", spread.by_decile),
        ("Town and country", spread.by_rural_urban),
        ("People with a condition (modelled)", spread.by_condition),
    ):
        if not rows.empty:
            table = rows.reset_index(names=name)
            plain_table(table, {name: name, **_EQUITY, "access": spread.unit.capitalize()})
    st.caption(" ".join(spread.notes))


_EQUITY = {
    "people": _PEOPLE,
    "access": "Access",
    "below_line_pct": "% below the line",
    "shortfall_pct": "Depth, % of the line",
    "in_deserts_pct": "% in deserts",
    "nearest_km": "Nearest, km",
}


def _slopes(spread: Equity) -> None:
    if np.isnan(spread.sii):
        st.caption("No slope across deprivation: not all ten tenths have people in this place.")
        return
    who = "least" if spread.sii > 0 else "most"
    st.markdown(
        f"From the most deprived person to the least, access changes by **{spread.sii:+.2f}** {spread.unit} (slope "
        f"index; concentration index {spread.concentration:+.3f}): the {who} deprived have more. It is access for each "
        "person in need, so that places with many in need have less of the same."
    )


def _decile_words(spread: Equity) -> str:
    rows = spread.by_decile
    first, last = rows.iloc[0], rows.iloc[-1]
    return (
        f"Access by tenth of deprivation, {spread.unit}: {first['access']:.2f} in tenth {rows.index[0]}, "
        f"{last['access']:.2f} in tenth {rows.index[-1]}."
    )


def _decile_chart(spread: Equity) -> dict[str, Any]:
    rows = spread.by_decile.reset_index().astype("float64")
    return {
        "height": 160,
        "data": {"values": rows[["decile", "access"]].dropna().to_dict("records")},
        "mark": {"type": "bar", "color": "#2b8cbe", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {
                "field": "decile",
                "type": "ordinal",
                "title": "tenth of deprivation, 1 is most deprived",
                "axis": {"labelAngle": 0},
            },
            "y": {"field": "access", "type": "quantitative", "title": "access"},
        },
    }


def _notes(found: Answer, known: Evidence) -> None:
    with st.expander("Notes and credits"):
        st.markdown("\n".join(f"- {escaped(line)}" for line in caveats(found, known)))
        st.markdown("\n".join(f"- {escaped(line)}" for line in found.attribution))
