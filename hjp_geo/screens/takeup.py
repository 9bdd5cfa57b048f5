"""The take-up page: bring counts of people helped, see where fewer come than need predicts."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.errors import HjpError
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.maps import place_geometry
from hjp_geo.screens.sketch import escaped
from hjp_geo.screens.state import MAPS_URL, cache_folder, drawings, evidence, maps_folder, stop_with
from hjp_geo.siting import Candidate, resolved
from hjp_geo.sketchmap import NO_DATA, Geometry, HoverColumn, MapData, Paint, sketch_map
from hjp_geo.takeup import (
    AREA,
    FIELDS,
    LEVEL_NAMES,
    LEVELS,
    MOST_BYTES,
    TEMPLATE,
    Counts,
    CountsError,
    Journal,
    PlacedCounts,
    Question,
    TakeUp,
    funnel_limits,
    place_counts,
    read_counts,
    summary,
    take_up,
    take_up_csv,
)

__all__ = ["CLASSES", "page"]

CLASSES = (
    ("fewer than expected", "99.8 %", "#6b1d00", "Fewer than expected, beyond the 99.8 % limit"),
    ("fewer than expected", "95 %", "#d95f0e", "Fewer than expected, beyond the 95 % limit"),
    ("more than expected", "", "#80a8cc", "More than expected"),
    ("too few to say", "", "#cfcfcf", "Too few to say"),
    ("as expected", "", "#f7f5ee", "As expected"),
)
"""Label, limit (any where empty), colour and words of each class of the map, from dark to light in grey too."""

_MOST_ROWS = 2_500
_INTRO = (
    "Bring counts of the people you helped, by LSOA, postcode or district. The page says where fewer came than need "
    "predicts. Your file stays in this browser session: it is never written to the server's disk. Counts of 1 to 7 are "
    "hidden and others rounded to 5 before anything is shown."
)


def page() -> None:
    """Draw the take-up page."""
    known = evidence()
    st.title("Who is missing out?")
    st.markdown(_INTRO)
    if known.made_up:
        st.warning("**Made-up data.** No figure here is about a real place.")
    counts = _upload()
    if counts is None:
        return
    label = st.sidebar.selectbox("Only the rows of", counts.labels, key="take-up-label") if counts.labels[1:] else ""
    try:
        placed = _placed(counts, known, label)
        found = take_up(placed, _ask(known, placed), known, Journal.in_cache(cache_folder()))
    except HjpError as error:
        stop_with(str(error))
    _show(found, known)


def _placed(counts: Counts, known: Evidence, label: str) -> PlacedCounts:
    """The counts by area, worked out once for a file, a label and a build, and kept in the session."""
    asked = (st.session_state["take-up-file-read"], label, known.build_id)
    if st.session_state.get("take-up-asked") != asked:
        st.session_state["take-up-placed"] = place_counts(counts, known, label)
        st.session_state["take-up-asked"] = asked
    placed: PlacedCounts = st.session_state["take-up-placed"]
    return placed


def _upload() -> Counts | None:
    left, right = st.columns([0.75, 0.25], vertical_alignment="bottom")
    uploaded = left.file_uploader(
        "Counts of people helped (CSV with the columns code and count)",
        type="csv",
        key="take-up-file",
        max_upload_size=20,
    )
    right.download_button("Download a template", TEMPLATE, "take-up-template.csv", "text/csv", on_click="ignore")
    if uploaded is None:
        return None
    if uploaded.size > MOST_BYTES:
        stop_with(f"The file is larger than {MOST_BYTES / 1e6:,.0f} MB. Is it the right file?")
    if st.session_state.get("take-up-file-read") != uploaded.file_id:
        try:
            st.session_state["take-up-counts"] = read_counts(uploaded.getvalue())
        except CountsError as error:
            _refuse(error)
        st.session_state["take-up-file-read"] = uploaded.file_id
    counts: Counts = st.session_state["take-up-counts"]
    return counts


def _refuse(error: CountsError) -> NoReturn:
    """Every cell at fault in a table, and nothing taken."""
    if not error.errors:
        stop_with(str(error))
    rows = [{"Row": one.row, "Column": one.column, "Found": one.value, "Rule": one.rule} for one in error.errors]
    st.error(f"{len(rows):,} cells cannot be taken, so nothing was. Mend them and bring the file again.")
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.stop()


def _ask(known: Evidence, placed: PlacedCounts) -> Question:
    """The widgets: place, need population, level, and what is sketched."""
    with st.sidebar:
        places = list(known.places)
        usual = _usual_place(known, placed)
        place = st.selectbox(
            "Place that the counts cover",
            places,
            index=places.index(usual),
            format_func=lambda code: known.places[code].name,
            key=f"take-up-place-{usual}",
            help="Areas are compared with the average of this place. Choose the area that your service is for.",
        )
        people = known.layer_names("people")
        demand = st.selectbox(
            "Need population",
            people,
            index=people.index(Question.demand) if Question.demand in people else 0,
            format_func=known.label,
            key="take-up-demand",
        )
        st.caption(escaped(known.caveat(demand)))
        level = st.selectbox("Compare", list(LEVELS), format_func=LEVEL_NAMES.__getitem__, key="take-up-level")
        sketch = _sketch(known) if level == "lsoa" else ()
    return Question(place, demand, level, sketch)


def _usual_place(known: Evidence, placed: PlacedCounts) -> str:
    """The Integrated Care Board that most of the counted people are in."""
    codes = pd.Series(known.areas.index) if placed.level == AREA else known.areas[placed.level].reset_index(drop=True)
    system = known.areas["icb24_code"].set_axis(codes)
    people = placed.counts.groupby(system[~system.index.duplicated()].reindex(placed.counts.index)).sum()
    return str(people.idxmax()) if people.max() > 0 else ENGLAND


def _sketch(known: Evidence) -> tuple[str, ...]:
    """The areas of what is sketched on the map page, if the user asks for them alone."""
    drawn = drawings()
    if not drawn or not st.checkbox("Only what I have sketched on the map page", key="take-up-sketch"):
        return ()
    try:
        candidates = [resolved(Candidate.from_feature(one), known) for one in drawn]
    except HjpError as error:
        stop_with(str(error))
    centres = known.areas[["easting", "northing"]].to_numpy(dtype=np.float64)
    held = np.any(
        [known.areas.index.isin(one.codes) if one.minutes is not None else one.holds(centres) for one in candidates],
        axis=0,
    )
    if not held.any():
        stop_with("No area's centre lies inside the sketch. Draw a larger one on the map page.")
    return tuple(known.areas.index[held])


def _show(found: TakeUp, known: Evidence) -> None:
    st.markdown(f"**{escaped(summary(found))}**")
    st.info(found.notes[1] if known.made_up else found.notes[0])
    _map(found, known)
    _download(found, known)
    table, funnel, notes = st.tabs(["Table", "Funnel plot", "Notes, rules and credits"])
    with table:
        _table(found)
    with funnel:
        _funnel(found)
    with notes:
        st.markdown("\n".join(f"- {escaped(line)}" for line in found.notes))
        st.markdown("**Credits**")
        st.markdown("\n".join(f"- {escaped(line)}" for line in found.attribution))


def _map(found: TakeUp, known: Evidence) -> None:
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
            paint=_paint(found, known, pd.Index(files.codes)),
            tools=(),
            label=f"Map of people helped against need in {found.place.name}",
            attribution=" ".join(known.attribution(["area_boundaries"])),
            height=520,
        ),
        key="take-up-map",
    )


def _paint(found: TakeUp, known: Evidence, codes: pd.Index[str]) -> Paint:
    """Each small area in the colour of the area of the table that it is part of."""
    column = LEVELS[found.question.level]
    part_of = pd.Series(codes, index=codes) if found.question.level == "lsoa" else known.areas.loc[codes, column]
    rows = found.areas.reindex(part_of)
    classes = np.full(len(codes), NO_DATA, dtype=np.uint8)
    for position, (label, beyond, _colour, _words) in enumerate(CLASSES):
        chosen = (rows["label"] == label) & (True if not beyond else rows["beyond"] == beyond)
        classes[chosen.to_numpy(dtype=bool)] = position
    return Paint(
        title=f"People helped against need, by {LEVEL_NAMES[found.question.level]}",
        unit="" if found.question.level == "lsoa" else "the key counts the small areas in them",
        classes=classes,
        palette=tuple(colour for _label, _beyond, colour, _words in CLASSES),
        labels=tuple(words for _label, _beyond, _colour, words in CLASSES),
        no_data_label="No figure for need, or not in the sketch",
        hover=(
            HoverColumn("People helped, rounded (no data: hidden)", _numbers(rows["observed"]), decimals=0),
            HoverColumn("Expected from need", _numbers(rows["expected"]), decimals=1),
            HoverColumn("Observed ÷ expected", _numbers(rows["ratio"]), decimals=2),
        ),
    )


def _numbers(values: pd.Series[float]) -> npt.NDArray[np.float64]:
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


_SHOWN = {
    "area_name": "Name",
    "people_in_need": "People in need",
    "observed_text": "People helped",
    "expected": "Expected",
    "ratio": "Observed ÷ expected",
    "ratio_lower_ci": "95 % from",
    "ratio_upper_ci": "to",
    "label": "Label",
    "beyond": "Beyond the limit of",
    "missing_out": "Missing out, about",
}


def _table(found: TakeUp) -> None:
    table = found.areas[list(_SHOWN)].sort_values("missing_out", ascending=False, na_position="last")
    columns = {name: st.column_config.Column(label, help=FIELDS[name]) for name, label in _SHOWN.items()}
    decimals = {
        "people_in_need": 0,
        "expected": 1,
        "ratio": 2,
        "ratio_lower_ci": 2,
        "ratio_upper_ci": 2,
        "missing_out": 0,
    }
    for name, places in decimals.items():
        columns[name] = st.column_config.NumberColumn(_SHOWN[name], format=f"%.{places}f", help=FIELDS[name])
    st.dataframe(table.head(_MOST_ROWS), height=360, column_config=columns)
    if len(table) > _MOST_ROWS:
        st.caption(f"The first {_MOST_ROWS:,} areas; all {len(table):,} are in the file.")


def _download(found: TakeUp, known: Evidence) -> None:
    st.download_button(
        "Download table (CSV)",
        data=lambda: take_up_csv(found, known),
        file_name=f"hjp-geo-take-up-{found.place.file_name}-{found.question.level}.csv",
        mime="text/csv",
        on_click="ignore",
        key="take-up-download",
    )


def _funnel(found: TakeUp) -> None:
    """Each area's ratio against its expected count, between the limits that chance alone would keep it in."""
    points = found.areas[found.areas["ratio"].notna()]
    if points.empty:
        st.info("No area has a count that may be shown, so there is nothing to plot. Choose larger areas.")
        return
    told = _funnel_text(found, points)
    st.vega_lite_chart(_funnel_spec(points), width="stretch", alt=told)
    st.caption(told)


def _funnel_text(found: TakeUp, points: Table) -> str:
    """The plot in words."""
    counts = points["label"].value_counts()
    said = ", ".join(f"{count:,} {label}" for label, count in counts.items())
    hidden = len(found.areas) - len(points)
    return (
        f"Funnel plot of {len(points):,} areas: observed ÷ expected, from {points['ratio'].min():.2f} to "
        f"{points['ratio'].max():.2f}, against the expected count, from {points['expected'].min():,.1f} to "
        f"{points['expected'].max():,.1f}. Between the lines areas differ no more than by chance (dashed 95 %, dotted "
        f"99.8 %). {said}. {hidden:,} areas whose count is hidden, or with too few in need, are not plotted. The table "
        "holds the figures."
    )


def _funnel_spec(points: Table) -> dict[str, Any]:
    low, high = max(float(points["expected"].min()) * 0.9, 0.5), float(points["expected"].max()) * 1.1
    lines = _limit_lines(np.geomspace(low, max(high, low * 1.5), 80))
    x = {
        "field": "expected",
        "type": "quantitative",
        "title": "Expected from need",
        "scale": {"type": "log", "nice": False},
    }
    y = {"field": "ratio", "type": "quantitative", "title": "Observed ÷ expected", "scale": {"zero": False}}
    columns = ["area_name", "observed_text", "expected", "ratio", "label"]
    colours = {label: colour for label, _beyond, colour, _words in reversed(CLASSES)}
    seen = {**colours, "fewer than expected": "#b03a00", "more than expected": "#2b6ca3", "as expected": "#6b6b6b"}
    labels = {"domain": list(seen), "range": list(seen.values())}
    shapes = {"domain": list(seen), "range": ["circle", "cross", "triangle-up", "triangle-down"][: len(seen)]}
    tooltip = [{"field": name, "title": _SHOWN[name]} for name in columns]
    marks = {
        "color": {"field": "label", "type": "nominal", "title": "", "scale": labels},
        "shape": {"field": "label", "type": "nominal", "title": "", "scale": shapes},
    }
    return {
        "height": 380,
        "layer": [
            _line_layer(lines, x, y, "95 %", [6, 4]),
            _line_layer(lines, x, y, "99.8 %", [2, 3]),
            {
                "data": {"values": points[columns].to_dict("records")},
                "mark": {"type": "point", "filled": True, "size": 55, "opacity": 0.85},
                "encoding": {"x": x, "y": y, "tooltip": tooltip, **marks},
            },
        ],
    }


def _limit_lines(expected: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    """Both limits at both levels along the plot, as ratios."""
    grid = pd.Series(expected)
    lines: list[dict[str, Any]] = []
    for level, confidence in (("95 %", 0.95), ("99.8 %", 0.998)):
        for side, limit in zip(("lower", "upper"), funnel_limits(grid, confidence), strict=True):
            ratios = (limit / grid).tolist()
            pairs = zip(grid.tolist(), ratios, strict=True)
            lines += [{"expected": at, "ratio": ratio, "line": level, "side": side} for at, ratio in pairs]
    return lines


def _line_layer(
    lines: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any], level: str, dash: list[int]
) -> dict[str, Any]:
    return {
        "data": {"values": [one for one in lines if one["line"] == level]},
        "mark": {"type": "line", "color": "#444444", "strokeDash": dash, "strokeWidth": 1.2},
        "encoding": {"x": x, "y": y, "detail": {"field": "side"}},
    }
