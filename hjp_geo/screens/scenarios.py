"""Scenarios on the page: saved while one draws, opened from the list or a link, and compared side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.maps import place_geometry
from hjp_geo.plan import Plan
from hjp_geo.scenario import Comparison, ConflictError, Saved, Scenario, Scenarios, compare
from hjp_geo.screens.state import (
    MAPS_URL,
    cache_folder,
    drawings,
    drawings_revision,
    evidence,
    maps_folder,
    plan_to_address,
    replace_drawings,
    stop_with,
)
from hjp_geo.screens.style import apply_style
from hjp_geo.screens.text import escaped
from hjp_geo.siting import Assumptions
from hjp_geo.sketchmap import NO_DATA, Geometry, HoverColumn, MapData, Paint, sketch_map

__all__ = ["accepted", "bar", "opened", "page", "saved_while_drawing"]

_ADDRESS = "scenario"
_MOST_ROWS = 300
_ROW_PX = 35


def store() -> Scenarios:
    """The scenarios of the cache folder in use."""
    return Scenarios(cache_folder())


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
    replace_drawings([_existing(one) for one in scenario.features])
    st.rerun()


def _existing(feature: Mapping[str, Any]) -> dict[str, Any]:
    """A kept sketch as the map draws what was there before: changed, it becomes edited."""
    return {**feature, "properties": {**feature["properties"], "status": "existing"}}


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
        _go_to(_tried(lambda: store().save_copy(st.session_state["mine"])))
    if right.button("Open theirs", width="stretch"):
        _go_to(_tried(lambda: store().load(st.session_state["mine"].key)))


def _open_scenario(scenario: Scenario) -> None:
    st.caption(
        f"Saved by itself at {scenario.saved[11:19]} UTC, revision {scenario.revision}. The link opens it again."
    )
    with st.form("scenario-name", border=False):
        name = st.text_input("Name of the scenario", scenario.name, max_chars=120)
        if st.form_submit_button("Rename", width="stretch") and name.strip():
            _keep(_tried(lambda: store().save(scenario.renamed(name))))
    first, second, third = st.columns(3)
    if first.button("Duplicate", width="stretch"):
        _go_to(_tried(lambda: store().save_copy(replace(scenario, key=""))))
    if second.button("New", width="stretch", help="Close this one and begin with an empty map."):
        _leave()
    if third.button("Delete", width="stretch", help="It goes to the bin folder, from where it can be imported."):
        _tried(lambda: store().delete(scenario.key))
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
    rows = {row.key: row for row in store().list() if not row.trouble}
    if not rows:
        st.caption("None saved yet: the first sketch begins a draft that is saved by itself.")
        return
    chosen = st.selectbox(
        "Saved scenarios",
        list(rows),
        index=None,
        format_func=lambda key: _line(rows[key], known),
        placeholder="Choose one to open",
        key="scenario-to-open",
    )
    if chosen and (scenario is None or chosen != scenario.key) and st.button("Open", width="stretch"):
        _go_to(_tried(lambda: store().load(chosen)))


def _line(row: Saved, known: Evidence) -> str:
    place = known.places[row.place].name if row.place in known.places else row.place
    return f"{row.name} · {place} · {row.sketches} sketches · {row.saved[:16].replace('T', ' ')}"


def _take_in() -> None:
    file = st.file_uploader("Import a scenario file", type=["geojson", "json"], key="scenario-file")
    if file is not None and st.button("Import", width="stretch"):
        _go_to(_tried(lambda: store().import_bytes(file.getvalue(), file.name)))


def _tried(do: Callable[[], Any]) -> Any:
    try:
        return do()
    except HjpError as error:
        st.warning(escaped(str(error)))
        return None


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


# compare ------------------------------------------------------------------------------------------------------------


def page() -> None:
    """Draw the page that compares two scenarios."""
    known = evidence()
    apply_style()
    st.title("Compare two scenarios")
    if known.made_up:
        st.warning("**Made-up data.** No figure here is about a real place.")
    rows = {row.key: row for row in store().list() if not row.trouble}
    if len(rows) < 2:
        st.info(
            "Two saved scenarios are needed. Sketch sites on the map: each scenario is saved by itself. "
            "“Duplicate” there makes a second one to change."
        )
        return
    first, second = _two(rows, known)
    try:
        with st.spinner("Working both out …"):
            found = compare(store().load(first), store().load(second), known)
    except HjpError as error:
        stop_with(str(error))
    _compared(found, known)


def _two(rows: dict[str, Saved], known: Evidence) -> tuple[str, str]:
    keys = list(rows)
    wanted = [st.query_params.get(name, "") for name in ("a", "b")]
    left, right = st.columns(2)
    chosen = [
        column.selectbox(
            label,
            keys,
            index=keys.index(want) if want in keys else usual,
            format_func=lambda key: _line(rows[key], known),
            key=f"compare-{name}",
        )
        for column, label, name, want, usual in (
            (left, "Scenario a", "a", wanted[0], 1),
            (right, "Scenario b", "b", wanted[1], 0),
        )
    ]
    st.query_params.from_dict({"a": chosen[0], "b": chosen[1]})
    return chosen[0], chosen[1]


def _compared(found: Comparison, known: Evidence) -> None:
    for line in found.warnings:
        st.warning(escaped(line))
    st.subheader("Totals")
    totals = found.totals
    table = pd.DataFrame({"Figure": totals["label"].to_list()})
    for column, name in (("a", f"a: {found.a.name}"), ("b", f"b: {found.b.name}"), ("difference", "b − a")):
        table[name] = [_figure(*one) for one in zip(totals[column], totals["unit"], strict=True)]
    table["Unit"] = totals["unit"].to_list()
    st.dataframe(table, hide_index=True, height=_ROW_PX * (len(table) + 1) + 3)
    _difference_map(found, known)
    left, right = st.columns(2)
    with left:
        _side("Better access in b", found.winners)
    with right:
        _side("Better access in a", found.losers)
    st.download_button(
        "Download the areas (CSV)",
        data=lambda: _csv(found),
        file_name="hjp-geo-comparison.csv",
        mime="text/csv",
        on_click="ignore",
    )
    st.caption("Access is in the unit of the plans; it is worked out on the data loaded now for both.")
    st.markdown("**Credits**")
    st.markdown("\n".join(f"- {escaped(line)}" for line in found.attribution))


def _figure(value: float, unit: str) -> str:
    if np.isnan(value):
        return "not known"
    return f"{value:,.0f}" if unit in ("people", "areas", "sketches", "people in need") else f"{value:,.2f}"


def _side(title: str, table: pd.DataFrame) -> None:
    st.subheader(title)
    st.caption(f"{len(table):,} areas, {table['residents'].sum():,.0f} people")
    names = {"area_name": "Area", "lad24_name": "District", "people_in_need": "In need", "difference": "b − a"}
    st.dataframe(table[list(names)].head(_MOST_ROWS).rename(columns=names).round(1), height=300)


def _csv(found: Comparison) -> bytes:
    lines = [f"# a: {found.a.name}", f"# b: {found.b.name}", *(f"# {line}" for line in found.warnings)]
    lines += [f"# {line}" for line in found.attribution]
    return ("\n".join(line.replace("\n", " ") for line in lines) + "\n" + found.areas.to_csv()).encode()


_SHADES = ("#b35806", "#f1a340", "#f7f7f7", "#998ec3", "#542788")
_LABELS = ("much worse in b", "worse in b", "no difference", "better in b", "much better in b")


def _difference_map(found: Comparison, known: Evidence) -> None:
    if found.areas["difference"].isna().all():
        return
    st.subheader("Where access differs")
    place = found.b.plan.place
    with st.spinner("Preparing the map of this place …"):
        files = place_geometry(known, place, maps_folder())
    areas = found.areas.reindex(known.areas_of(known.place(place).code))
    sketch_map(
        MapData(
            geometry=Geometry(
                kind="polygons" if files.kind == "polygons" else "raster",
                url=f"{MAPS_URL}/{files.file}",
                codes_url=f"{MAPS_URL}/{files.codes_file}" if files.codes_file else None,
                revision=files.revision,
                bounds=files.bounds,
            ),
            paint=_paint(areas),
            drawings=[*_marked(found.a, "removed"), *_marked(found.b, "new")],
            drawings_revision=f"{found.a.key}.{found.a.revision}-{found.b.key}.{found.b.revision}",
            tools=(),
            label="Map of the difference in access: b less a",
            attribution=" ".join(known.attribution(["area_boundaries"])),
            height=480,
        ),
        key="compare-map",
    )
    st.caption("Sketches of a are drawn as removed, those of b as new. The same figures stand in the tables below.")


def _paint(areas: pd.DataFrame) -> Paint:
    difference = areas["difference"].to_numpy(dtype=np.float64)
    some = np.abs(difference[np.isfinite(difference) & (difference != 0)])
    edge = float(np.median(some)) if len(some) else 1.0
    classes = np.full(len(difference), NO_DATA, dtype=np.uint8)
    known = np.isfinite(difference)
    classes[known] = np.searchsorted([-edge, -1e-9, 1e-9, edge], difference[known], side="right")
    return Paint(
        title="Access, b less a",
        unit="in the unit of the plans",
        classes=classes,
        palette=_SHADES,
        labels=_LABELS,
        hover=(
            HoverColumn("b less a", difference, decimals=1),
            HoverColumn("Access in a", areas["access_a"].to_numpy(dtype=np.float64), decimals=1),
            HoverColumn("Access in b", areas["access_b"].to_numpy(dtype=np.float64), decimals=1),
        ),
    )


def _marked(scenario: Scenario, status: str) -> list[dict[str, Any]]:
    """The sketches of a scenario as the map draws them, each with its own id and look."""
    return [
        {**one, "properties": {**one["properties"], "id": f"{status}-{one['properties']['id']}", "status": status}}
        for one in scenario.features
    ]
