"""The pages with the map: need, provision and access, and the one to sketch on and read who would be reached."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from hjp_geo.desert import DESERT_RULES
from hjp_geo.errors import HjpError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import EXPORTS, caveats, export
from hjp_geo.gaps import thresholds
from hjp_geo.maps import CLASSINGS, MOST_POLYGONS, read_limits
from hjp_geo.plan import TOPICS, Answer, Plan
from hjp_geo.prevalence import cases_in_words
from hjp_geo.screens import ask, catchments, keeping, need_panel, need_view, provision_view, sketch
from hjp_geo.screens.closing_sites import CLOSED_SITES
from hjp_geo.screens.going_on import link_to
from hjp_geo.screens.kept import answered, kept_for
from hjp_geo.screens.level_view import LevelView, area_choice, level_table, map_areas, pick_place
from hjp_geo.screens.paint import Overlap, cases_behind, overlap_words, shown_values
from hjp_geo.screens.printing import printed_table
from hjp_geo.screens.state import (
    drawings,
    drawings_revision,
    evidence,
    plan_to_address,
    start_plan,
    stop_with,
)
from hjp_geo.screens.style import apply_style
from hjp_geo.sketchmap import MapData, Point, PointLayer, sketch_map

__all__ = ["need_page", "page", "provision_page"]

Tools: TypeAlias = Sequence[Literal["point_radius", "polygon", "travel_time"]]
_TOOLS: Tools = ("point_radius", "polygon", "travel_time")

_MOST_ROWS = 2_500
"""Of a list or a table on the page: more would make every change slow."""
_ABOUT = {".csv": "text/csv", ".gpkg": "application/geopackage+sqlite3"}


def page() -> None:
    """Draw the page to sketch on."""
    known = _begun("Where is free legal advice needed, and out of reach?")
    asked, shown = ask.plan(known, start_plan("map", known, ask.usual_plan(known)))
    plan_to_address(asked)
    keeping.take_in("map", asked, known)
    found = _answer(asked, known)
    _headline(found)
    found = need_panel.how_sure(found, known)
    with st.container(key="map-and-panel"):
        left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        selected, larger = _map(found, known, shown)
        if isinstance(shown, Overlap):
            need_panel.overlap_panel(found, known, shown)
        _explain(found, known, selected)
    with right:
        sketch.panel(found, known)
    _below(found, known, shown, larger)


def need_page() -> None:
    """Draw the page of need: where it is greatest, what it is made of, how sure that is."""
    known = _begun("Where is need greatest?")
    asked, shown = ask.need_plan(known, start_plan("need", known, ask.usual_plan(known)))
    plan_to_address(asked)
    found = need_panel.how_sure(_answer(asked, known), known)
    with st.container(key="map-and-panel"):
        left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        selected, larger = _map(found, known, shown, tools=())
        if isinstance(shown, Overlap):
            need_panel.overlap_panel(found, known, shown)
        _explain(found, known, selected)
    with right:
        need_view.panel(found, known)
    _below(found, known, shown, larger)
    link_to("3 Provision", "where advice is, and who can reach it")


def provision_page() -> None:
    """Draw the page of provision and access: where advice is, how far it is, by district and across its border."""
    known = _begun("Where is advice, and who can reach it?")
    asked, shown = ask.provision_plan(known, start_plan("provision", known, ask.usual_plan(known)))
    plan_to_address(asked)
    found = _answer(asked, known)
    with st.container(key="map-and-panel"):
        left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        selected, larger = _map(found, known, shown, tools=())
        if isinstance(shown, Overlap):
            need_panel.overlap_panel(found, known, shown)
        _explain(found, known, selected)
    with right:
        provision_view.panel(found, known)
    _below(found, known, shown, larger)
    link_to("4 Gaps", "where need is great and advice out of reach")


def _begun(title: str) -> Evidence:
    """The evidence, after the title and the warning that belong on top of each of these pages."""
    known = evidence()
    apply_style()
    st.title(title)
    if known.made_up:
        st.warning(
            "**Made-up data.** This is an invented Integrated Care System, to try the tool on. "
            "No figure here is about a real place."
        )
    return known


def _answer(plan: Plan, known: Evidence) -> Answer:
    try:
        return answered(plan, known)
    except HjpError as error:
        stop_with(str(error))


def _headline(found: Answer) -> None:
    totals, topic = found.totals, TOPICS[found.plan.topic].lower()
    if not found.known:
        st.info(
            f"**No verdict for {topic}.** No loaded list says where {topic} advice of this kind is given in person. "
            "That is a gap in the data, not proof of a gap in the service. Choose legal aid, or count what Citizens "
            "Advice offices are assumed to give, in the panel on the left; or bring your own list of providers."
        )
        return
    share = f"**{totals.people_flagged:,.0f} people** ({totals.share_of_people_pct:.1f} %)"
    areas = f"**{totals.areas_flagged:,} of {totals.areas:,} areas**"
    usual = found.plan.desert == "need_and_access_quintile" and found.plan.worst_share == Plan.worst_share
    why = (
        f"that are {topic} advice deserts: among the worst fifth for need and the worst fifth for access."
        if usual
        else f"that the rule “{DESERT_RULES[found.plan.desert].label}” calls {topic} advice deserts."
    )
    st.markdown(
        f"In **{sketch.escaped(found.place.name)}**, {share} live in {areas} {why} "
        f"Thresholds: {sketch.escaped(thresholds(found.plan))}. "
        "Open lists under-count outreach, so a desert may also be a gap in the list: see page 4, “Gaps”."
    )
    if found.other_totals is not None:
        other, way = found.other_totals, "Without" if found.plan.remote == "count" else "With"
        st.markdown(f"{way} phone and online advice: **{other.people_flagged:,.0f} people**.")


def _map(
    found: Answer, known: Evidence, shown: str | Overlap, tools: Tools = _TOOLS
) -> tuple[str | None, LevelView | None]:
    """The map itself; what the user has drawn goes into the session.

    Returned are the area selected, and the figures of the larger areas on screen: None for neighbourhoods.
    """
    beside = st.columns([0.6, 0.4], vertical_alignment="bottom")
    with beside[0]:
        choice = area_choice(known, found.place.code, shown)
    with beside[1]:
        classing = ("quantiles", ()) if isinstance(shown, Overlap) else _classing()
    with st.spinner("Preparing the map of this place …"):
        areas = map_areas(found, known, shown, choice, classing)
    state = sketch_map(
        MapData(
            geometry=areas.geometry,
            paint=areas.paint,
            coarser=areas.coarser,
            points=_points(found, known),
            drawings=drawings(),
            tools=tools,
            drawings_revision=drawings_revision(),
            selected=st.session_state.get("chosen_area"),
            selected_revision=int(st.session_state.get("chosen_revision", 0)),
            catchments=catchments.outlines(known),
            label=f"Map of {found.place.name}",
            attribution=" ".join(known.attribution(["area_boundaries"])),
            height=560,
            keeping=keeping.keeping(),
        ),
        key="map",
        on_change=pick_place,
    )
    if areas.views:
        st.caption("A system or district clicked (or under the cross, with Enter) becomes the place.")
    st.caption("All credits stand under “Notes, rules and credits” below, and in every file.")
    st.session_state["drawings"] = list(state.drawings)
    return state.selected, areas.view(state.level)


def _classing() -> tuple[str, tuple[float, ...]]:
    """How the reader wants values put into classes."""
    names = {name: label for name, (label, _) in CLASSINGS.items()} | {"fixed": "My own limits"}
    with st.popover("Classes of the map"):
        method = st.radio("Values in each class", list(names), format_func=names.__getitem__, key="classing")
        if method != "fixed":
            return method, ()
        text = st.text_input("Limits between classes, rising, with commas", "10, 20, 30, 40", key="class-limits")
        try:
            return method, read_limits(text)
        except PlanError as error:
            st.error(sketch.escaped(str(error)))
            return "quantiles", ()


def _points(found: Answer, known: Evidence) -> tuple[PointLayer, ...]:
    chosen = ask.points(found.place.code, crowded=len(found.areas) > MOST_POLYGONS)
    closed = tuple(st.session_state.get(CLOSED_SITES, ()))
    layers = [kept_for(found, ("points", name, closed), partial(_POINTS[name], found, known)) for name in chosen]
    return tuple(layer for some in layers for layer in some)


def _advice_points(found: Answer, _known: Evidence) -> list[PointLayer]:
    """The counted sites of the place; those whose entry is old are greyed, for they may be gone."""
    label = f"Advice sites: {TOPICS[found.plan.topic].lower()}"
    sites = found.sites[found.sites["in_place"]]
    closed = sites.index.isin(st.session_state.get(CLOSED_SITES, ()))
    shut, sites = sites[closed], sites[~closed]
    old = sites["stale"].fillna(value=False).astype(bool)
    layers = [PointLayer("advice", label, _named(sites[~old], "advice"), symbol="diamond", colour="#111827")]
    if old.any():
        greyed = _named(sites[old], "advice")
        layers.append(PointLayer("old", f"{label}, old entry", greyed, symbol="diamond", colour="#9ca3af"))
    if len(shut):
        layers.append(PointLayer("closed", "Closed in this scenario", _named(shut, "closed"), symbol="triangle"))
    return layers


def _health_points(found: Answer, known: Evidence) -> list[PointLayer]:
    areas = known.health_site_areas
    here = known.health_sites.loc[areas.index[areas.isin(found.areas.index)]]
    return [PointLayer("health", "GP practices", _named(here, "GP practice"), symbol="circle", colour="#0f766e")]


_POINTS = {ask.ADVICE_SITES: _advice_points, ask.HEALTH_SITES: _health_points}


def _named(sites: pd.DataFrame, kind: str) -> list[Point]:
    rows = sites[["longitude", "latitude", "site_name"]].itertuples(index=False)
    return [Point(float(longitude), float(latitude), str(name), kind) for longitude, latitude, name in rows]


def _explain(found: Answer, known: Evidence, selected: str | None) -> None:
    """Why an area is flagged: the one clicked on the map, or one chosen from the list by keyboard."""
    codes = _choices(found, selected)
    say = kept_for(found, "spoken", lambda: _spoken(found.areas)).__getitem__

    place = codes.index(selected) if selected in codes else None
    key = f"why-{found.place.code}-{selected}"
    chosen = st.selectbox(
        "Ask about an area (click it on the map, or choose it here; deserts come first)",
        codes,
        index=place,
        format_func=say,
        key=key,
        on_change=_show_on_map,
        args=(key,),
        placeholder="Choose an area",
    )
    if chosen:
        why = f"{found.why(chosen)} {need_panel.certainty_sentence(found, chosen)}".strip()
        st.markdown(f"**{sketch.escaped(say(chosen))}.** {sketch.escaped(why)}")
        need_panel.contributions(found, known, chosen)


def _spoken(areas: pd.DataFrame) -> dict[str, str]:
    names, marks = areas["area_name"].to_dict(), areas["desert"].fillna(value=False).to_dict()
    return {str(code): f"{name} ({code})" + (" — desert" if marks[code] else "") for code, name in names.items()}


def _show_on_map(key: str) -> None:
    """Mark the area chosen from the list on the map too."""
    st.session_state["chosen_area"] = st.session_state[key]
    st.session_state["chosen_revision"] = int(st.session_state.get("chosen_revision", 0)) + 1


def _choices(found: Answer, selected: str | None) -> list[str]:
    """The areas to choose from, deserts first, then by need; in a large place the first of them and the one clicked."""
    ordered = kept_for(found, "worst first", lambda: _worst_first(found.areas))
    chosen = list(ordered[:_MOST_ROWS])
    return chosen if selected in chosen or selected not in ordered else [str(selected), *chosen]


def _worst_first(areas: pd.DataFrame) -> pd.Index[str]:
    return areas.sort_values(["desert", "need"], ascending=False, na_position="last").index


def _below(found: Answer, known: Evidence, shown: str | Overlap, larger: LevelView | None) -> None:
    table, notes = st.tabs(["Table and downloads", "Notes, rules and credits"])
    with table:
        if larger is None:
            _table(found, known, shown)
        else:
            level_table(found, known, larger)
        _downloads(found, known)
    with notes:
        st.markdown(
            "\n".join(f"- {sketch.escaped(line)}" for line in kept_for(found, "caveats", lambda: caveats(found, known)))
        )
        st.markdown("**Credits**")
        st.markdown("\n".join(f"- {sketch.escaped(line)}" for line in found.attribution))
        st.caption(sketch.escaped(f"Warehouse built {known.built}; build {known.build_id}."))


def _table(found: Answer, known: Evidence, shown: str | Overlap) -> None:
    columns = [name for name in _COLUMN_LABELS if name in found.areas.columns]
    if (found.areas["need_data_share"] >= 1 - 1e-9).all():
        columns.remove("need_data_share")
    table = kept_for(found, "table", lambda: found.areas[columns].sort_values("need_rank"))
    labels = {name: st.column_config.Column(label) for name, label in _COLUMN_LABELS.items()}
    labels |= {name: st.column_config.NumberColumn(_COLUMN_LABELS[name], format="%.1f") for name in _DECIMAL_COLUMNS}
    labels |= {name: st.column_config.NumberColumn(_COLUMN_LABELS[name], format="%.0f") for name in _RANK_COLUMNS}
    labels |= {name: st.column_config.NumberColumn(_COLUMN_LABELS[name], format="percent") for name in _SHARE_COLUMNS}
    labels["access"] = st.column_config.NumberColumn(found.access_unit.capitalize(), format="%.1f")
    labels["people_in_need"] = st.column_config.NumberColumn(known.label(found.plan.demand), format="%.1f")
    shown_rows, labels["shown"] = kept_for(
        found, ("shown", shown), lambda: _with_shown(table.head(_MOST_ROWS), found, known, shown)
    )
    st.dataframe(shown_rows, height=320, column_config=labels, lazy=True)
    printed = {name: _COLUMN_LABELS[name] for name in _PRINTED_COLUMNS if name in shown_rows.columns}
    printed |= {"shown": str(labels["shown"].get("label"))}
    printed_table(shown_rows, printed, rest="All are in the files to download.")
    if len(table) > _MOST_ROWS:
        st.caption(f"The {_MOST_ROWS:,} areas of greatest need; all {len(table):,} are in the files.")


def _downloads(found: Answer, known: Evidence) -> None:
    for column, (suffix, kind) in zip(st.columns(4), _ABOUT.items(), strict=False):
        column.download_button(
            f"Download {EXPORTS[suffix].label}",
            data=partial(_file_bytes, found, known, suffix),
            file_name=f"hjp-geo-{found.place.file_name}-{found.plan.topic}{suffix}",
            mime=kind,
            on_click="ignore",
            key=f"download-{suffix}",
        )
    st.caption("Each file carries the rule, the settings, the dates and the credits. Quote them with the figures.")


def _with_shown(
    table: pd.DataFrame, found: Answer, known: Evidence, shown: str | Overlap
) -> tuple[pd.DataFrame, ColumnConfig]:
    """The table with what the map shows, and what that column is called.

    Beside a prevalence stand the modelled cases behind it and their range in words; "few" where they are.
    """
    if isinstance(shown, Overlap):
        words = overlap_words(found, known, shown)
        label = f"Overlap: {known.label(shown.first)} / {known.label(shown.second)}"
        return table.assign(shown=words), st.column_config.Column(label)
    values, title, unit = shown_values(found, known, shown)
    table = table.assign(shown=values)
    behind = cases_behind(found, known, shown)
    if behind is not None:
        rows = behind.loc[table.index, ["cases", "low", "high"]].itertuples(index=False, name=None)
        table = table.assign(cases=[cases_in_words(*row) for row in rows])
    return table, st.column_config.NumberColumn(f"{title} ({unit})", format="%.2f")


_COLUMN_LABELS = {
    "area_code": "Area",
    "area_name": "Name",
    "lad24_name": "District",
    "residents": "Residents",
    "people_in_need": "People in need",
    "need_rank": "Need, rank (1 is most)",
    "need_rank_lower": "Rank, from (draws)",
    "need_rank_upper": "Rank, to (draws)",
    "need_fifth": "Need, fifth",
    "need_data_share": "Need, share of data",
    "nearest_site": "Nearest site",
    "nearest_km": "km to it",
    "access": "Sites for 100,000 in need",
    "access_fifth": "Access, fifth (1 is least)",
    "desert": "Desert",
    "certainty": "How sure",
    "desert_probability": "Desert, share of draws",
    "reason": "Why",
    "cases": "On the register, modelled (range of the method)",
}
_PRINTED_COLUMNS = ("area_name", "lad24_name", "residents", "need_rank", "nearest_site", "nearest_km", "desert")
_DECIMAL_COLUMNS = ("nearest_km", "access")
_RANK_COLUMNS = ("need_rank", "need_rank_lower", "need_rank_upper")
_SHARE_COLUMNS = ("desert_probability", "need_data_share")


def _file_bytes(found: Answer, known: Evidence, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return export(found, known, Path(folder) / f"hjp-geo{suffix}").read_bytes()
