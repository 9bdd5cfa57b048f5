"""The need panel: target populations, how need is scored, what counts twice, how sure it is, where layers overlap."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hjp_geo.composite import AGGREGATIONS, NORMALISATIONS, points_of
from hjp_geo.errors import HjpError
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.overlap import (
    ECOLOGICAL_WARNING,
    bivariate,
    double_counting,
    joint_estimate,
    joint_pair,
    shared_information,
)
from hjp_geo.plan import TOPICS, Answer, Plan
from hjp_geo.presets import PRESETS, Preset
from hjp_geo.screens.kept import kept_for
from hjp_geo.screens.paint import OVERLAP_PALETTE, THIRDS, Overlap
from hjp_geo.screens.sketch import escaped
from hjp_geo.screens.state import stop_with
from hjp_geo.screens.working import worked
from hjp_geo.uncertainty import CERTAINTY, totals_by_certainty, uncertainty_caveats, with_uncertainty

__all__ = [
    "about_preset",
    "certainty_sentence",
    "choose_preset",
    "contributions",
    "direction",
    "how_sure",
    "overlap_choice",
    "overlap_panel",
    "preset_choice",
    "scoring",
    "shared_panel",
    "usable_presets",
]

_OWN = ""
"""The option of no preset."""
_DIRECTIONS = {"high_is_need": "high is need", "low_is_need": "low is need"}


# target populations -------------------------------------------------------------------------------------------------


def preset_choice(known: Evidence, start: Plan) -> tuple[str | None, DeltaGenerator]:
    """The preset chosen, or None, and the place under it where `about_preset` speaks once the plan is known."""
    usable = [_OWN, *usable_presets(known, start)]
    st.session_state.setdefault("preset", start.preset if start.preset in usable else _OWN)
    name = st.selectbox(
        "Target population",
        usable,
        format_func=lambda one: PRESETS[one].label if one else "Your own weights",
        key="preset",
        on_change=_fill,
        args=(known, start),
        help="Fills the need layers, their weights and the people in need. Everything can be edited afterwards.",
    )
    return name or None, st.container()


def usable_presets(known: Evidence, start: Plan) -> list[str]:
    """The presets whose layers are loaded."""
    return [name for name, one in PRESETS.items() if _fits(one, known, start)]


def choose_preset(name: str, known: Evidence, start: Plan) -> None:
    """Choose a preset for the user, as if chosen from the list; to be called before the panel is drawn."""
    st.session_state["preset"] = name
    _fill(known, start)


def _fits(one: Preset, known: Evidence, start: Plan) -> bool:
    try:
        one.plan(known, start)
    except HjpError:
        return False
    return True


def _fill(known: Evidence, start: Plan) -> None:
    """Set the widgets to what the preset just chosen fills."""
    name = st.session_state["preset"]
    if not name:
        return
    filled = PRESETS[name].plan(known, start)
    st.session_state["need-layers"] = list(filled.weights)
    st.session_state["demand"] = filled.demand
    for layer, weight in filled.weights.items():
        st.session_state[f"weight-{layer}"] = weight


def about_preset(slot: DeltaGenerator, known: Evidence, asked: Plan) -> None:
    """The preset's question and limits, and whether the plan still is what it filled."""
    if asked.preset not in PRESETS:
        return
    one = PRESETS[str(asked.preset)]
    edited = " **Edited**: weights or people are no longer the preset's." if one.is_edited(known, asked) else ""
    slot.caption(f"{escaped(one.question)}{edited}")
    with slot.expander("What open data can and cannot say"):
        st.markdown(f"**Can say.** {escaped(one.can_say)}\n\n**Cannot say.** {escaped(one.cannot_say)}")
        topics = ", ".join(TOPICS[topic].lower() for topic in one.topics)
        lines = [*one.caveats, *(f"Missing: {line}" for line in one.missing(known)), f"Look first at: {topics}."]
        st.markdown("\n".join(f"- {escaped(line)}" for line in lines))


# how need is scored -------------------------------------------------------------------------------------------------


def direction(known: Evidence, layer: str) -> str:
    """Which way need lies in a layer, in words."""
    return _DIRECTIONS.get(str(known.layers.loc[layer, "polarity"]), "no direction")


def scoring(known: Evidence, start: Plan) -> dict[str, Any]:
    """Who counts as in need, the scale of the layers, and how they are added up."""
    people = known.layer_names("people")
    st.session_state.setdefault("demand", start.demand if start.demand in people else people[0])
    with st.expander("How need is scored"):
        demand = st.selectbox(
            "People in need are",
            people,
            format_func=known.label,
            key="demand",
            help="They share the sites, and every “people in need” counts them.",
        )
        chosen = {"demand": demand}
        for name, label, options in (
            ("normalisation", "Scale of the layers", NORMALISATIONS),
            ("aggregate", "Adding up", AGGREGATIONS),
        ):
            chosen[name] = st.selectbox(
                label,
                list(options),
                index=list(options).index(getattr(start, name)),
                format_func=options.__getitem__,
                key=name,
            )
    return chosen


def shared_panel(known: Evidence, weights: dict[str, float], place: str, frame: str) -> None:
    """Which of the chosen layers say the same thing; nothing where there is only one."""
    names = [name for name, weight in weights.items() if weight > 0]
    if len(names) < 2:
        return
    where = ENGLAND if frame == "england" else place
    shared = kept_for(known, ("shared", where, *names), lambda: shared_information(known, names, known.areas_of(where)))
    for line in double_counting(shared):
        st.warning(escaped(line), icon=":material/filter_2:")
    with st.expander("Do these layers say the same?"):
        table = pd.DataFrame(
            {
                "Layer": shared["layer_a"].map(known.label),
                "and": shared["layer_b"].map(known.label),
                "Alike": shared["spearman"].round(2),
            }
        )
        st.dataframe(table, hide_index=True)
        st.caption("Alike: rank correlation, 1 is the same order, 0 none. Above 0.9 two layers are about one.")


def contributions(found: Answer, known: Evidence, code: str) -> None:
    """What each layer gives to the score of one area, as bars; the points add up to the score."""
    row: Any = found.areas.loc[code]
    points = points_of(row)
    if pd.isna(row["need"]):
        return
    if points.empty:
        st.caption(f"Need score {row['need']:.1f}. A {found.plan.aggregate} mean has no points that add up to it.")
        return
    table = pd.DataFrame(
        {
            "Layer": [known.label(str(name)) for name in points.index],
            "Points": points.to_numpy(),
            "Value": [_value(row[name], known.unit(str(name))) for name in points.index],
            "Direction": [direction(known, str(name)) for name in points.index],
        }
    ).sort_values("Points", ascending=False, na_position="last")
    most = max(float(points.abs().max()), 1e-9)
    bar = st.column_config.ProgressColumn("Points", format="%.1f", min_value=min(0.0, points.min()), max_value=most)
    st.dataframe(table, hide_index=True, column_config={"Points": bar})
    st.caption(f"The points add up to the need score, {row['need']:.1f}.")


def _value(value: float, unit: str) -> str:
    short = unit.partition(",")[0]
    return "no data" if pd.isna(value) else f"{value:,.1f} {short}" if abs(value) < 1000 else f"{value:,.0f} {short}"


# how sure ------------------------------------------------------------------------------------------------------------


def how_sure(found: Answer, known: Evidence) -> Answer:
    """The answer, with how sure each verdict is where the reader asks for it."""
    wanted = st.toggle(
        "How sure is this?",
        key="how-sure",
        help="Draws the weights a thousand times, each within a quarter of what you set, and ranks the areas anew.",
    )
    if not wanted:
        return found
    try:
        asked = (found.plan.to_json(), known.build_id, id(known))
        words = "Drawing the weights a thousand times"
        make = partial(with_uncertainty, found, known)
        drawn = worked("how-sure", asked, lambda _report: kept_for(found, "drawn", make), words)
    except HjpError as error:
        stop_with(str(error))
    if drawn is None:
        return found
    if drawn.areas["certainty"].notna().any():
        st.markdown(_in_words(totals_by_certainty(drawn)))
    for line in uncertainty_caveats(drawn):
        st.caption(escaped(line))
    return drawn


def _in_words(totals: pd.DataFrame) -> str:
    areas = totals["areas"].to_dict()
    parts = [f"**{areas[name]:,} {name}** ({CERTAINTY[name]})" for name in ("robust", "borderline", "fragile")]
    more = f"{areas['possible']:,} more areas are possible deserts ({CERTAINTY['possible']})."
    return f"Of the deserts, {', '.join(parts)}. {more}"


def certainty_sentence(found: Answer, code: str) -> str:
    """How sure the verdict on one area is, in words; empty where nothing was drawn or it has no rank."""
    if "certainty" not in found.areas.columns:
        return ""
    row: Any = found.areas.loc[code]
    if pd.isna(row["need_rank"]):
        return ""
    ranks = f"Rank of need {row['need_rank']:,.0f}; {row['need_rank_lower']:,.0f} to {row['need_rank_upper']:,.0f} "
    ranks += "in nine of ten draws."
    if pd.isna(row["certainty"]):
        return ranks
    label = str(row["certainty"])
    return f"{ranks} Desert in {100 * row['desert_probability']:.0f} % of the draws: {label} ({CERTAINTY[label]})."


# two layers ----------------------------------------------------------------------------------------------------------


def overlap_choice(known: Evidence, start: Plan) -> Overlap:
    """The two layers whose overlap colours the map; at first the two that weigh most."""
    names = [name for role in ("need", "people") for name in known.layer_names(role)]
    heavy = sorted((name for name in start.weights if name in names), key=lambda name: -start.weights[name])
    first, second = [*heavy, *(name for name in names if name not in heavy)][:2]
    pair = [
        st.selectbox(label, names, index=names.index(name), format_func=known.label, key=key)
        for label, name, key in (
            ("First layer", first, "overlap-first"),
            ("Second layer", second, "overlap-second"),
        )
    ]
    if pair[0] == pair[1]:
        stop_with("Choose two different layers for the overlap, in the panel on the left.")
    return Overlap(*pair)


def overlap_panel(found: Answer, known: Evidence, shown: Overlap) -> None:
    """The legend of the overlap map as a square, how many people may have both, and what that does not say."""
    classes = bivariate(known, found.framed.index, shown.first, shown.second).loc[found.areas.index]
    st.html(_square(classes.value_counts(), known.label(shown.first), known.label(shown.second)))
    st.caption(_joint_sentence(found, known, shown))
    st.caption(f"**{ECOLOGICAL_WARNING}**")


def _square(counts: pd.Series[int], first: str, second: str) -> str:
    """A table of three by three: rows are thirds of the first layer, columns of the second, most need top right."""
    head = "".join(f"<th scope='col'>{third}</th>" for third in THIRDS)
    rows = "".join(
        f"<tr><th scope='row'>{THIRDS[a]}</th>" + "".join(_cell(3 * a + b, counts) for b in range(3)) + "</tr>"
        for a in (2, 1, 0)
    )
    return (
        "<style>.hjp-square td,.hjp-square th{padding:.3rem .7rem;text-align:center;font-weight:400;font-size:.85rem}"
        "</style><table class='hjp-square'><caption style='text-align:left;font-size:.85rem'>Areas by third of need: "
        f"rows {escape(first)}, columns {escape(second)}</caption><thead><tr><td></td>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _cell(number: int, counts: pd.Series[int]) -> str:
    ink = "#ffffff" if number in _DARK else "#111827"
    return f"<td style='background:{OVERLAP_PALETTE[number]};color:{ink}'>{int(counts.get(number, 0)):,}</td>"


_DARK = (2, 5, 7, 8)
"""Classes of the overlap palette on which white text reads better."""


def _joint_sentence(found: Answer, known: Evidence, shown: Overlap) -> str:
    pair = joint_pair(known, shown.first, shown.second)
    if pair is None:
        return "People with both cannot be estimated: that takes a condition and a share of residents."
    joint = joint_estimate(known, found.areas.index, *pair)
    total, left_out = joint.sum(), int(joint["expected"].isna().sum())
    people, share = (escaped(known.label(name)) for name in pair)
    without = f" Areas without an estimate, left out: {left_out:,}." if left_out else ""
    return (
        f"{people}, and {share.lower()}: about **{total['expected']:,.0f} people** in "
        f"{escaped(found.place.name)}, if the two were independent within each area. The totals alone allow anything "
        f"from {total['lower']:,.0f} to {total['upper']:,.0f}.{without}"
    )
