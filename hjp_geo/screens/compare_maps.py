"""Two scenarios as maps: side by side or under a slider, moved together; or one map of what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from hjp_geo.areas import AreaValues, Table
from hjp_geo.evidence import Evidence
from hjp_geo.maps import DIVERGING, NOT_KNOWN, WORSE_IS_DARKER, PlaceGeometry, classed, place_geometry
from hjp_geo.scenario import Comparison
from hjp_geo.screens.state import MAPS_URL, maps_folder
from hjp_geo.screens.text import escaped
from hjp_geo.sketchmap import NO_DATA, Geometry, HoverColumn, MapData, Paint, Point, PointLayer, sketch_map

__all__ = ["SHOWN", "VIEWS", "Shown", "draw"]

_Classes = npt.NDArray[np.uint8]
_HEIGHT = 460

VIEWS: Mapping[str, str] = {"pair": "Side by side", "swipe": "Under a slider", "difference": "Difference"}
"""How the two are drawn."""


@dataclass(frozen=True)
class Shown:
    """Something that both maps can be coloured by."""

    label: str
    columns: tuple[str, str] | None
    """The columns of a and of b; None for who is reached."""
    better: str
    decimals: int = 1


SHOWN: Mapping[str, Shown] = {
    "access": Shown("Access to advice", ("access_a", "access_b"), "high"),
    "nearest": Shown("Distance to the nearest site", ("nearest_km_a", "nearest_km_b"), "low"),
    "reach": Shown("Who is reached", None, "high"),
}
"""What the maps can be coloured by."""

_REACH = ("#f7f7f7", "#b2abd2", "#542788")
_REACH_LABELS = ("Neither", "A counted site of today only", "A sketch")
_REACH_APART = ("#b35806", "#d9d9d9", "#f7f7f7", "#542788")
_REACH_APART_LABELS = ("A sketch of a only", "Sketches of both", "No sketch of either", "A sketch of b only")
_SAME = 1e-9


def draw(found: Comparison, known: Evidence, view: str, shown: Shown) -> None:
    """Draw the two scenarios in one of `VIEWS`, coloured by one of `SHOWN`."""
    if view == "difference":
        _difference(found, known, shown)
    elif view == "swipe" and found.a.plan.place == found.b.plan.place:
        _swipe(found, known, shown)
    else:
        if view == "swipe":
            st.info("The two ask about different places, so one cannot lie over the other: they stand side by side.")
        _pair(found, known, shown)


# the two ------------------------------------------------------------------------------------------------------------


def _pair(found: Comparison, known: Evidence, shown: Shown) -> None:
    together = found.a.plan.place == found.b.plan.place
    group = f"compare-{found.a.plan.place}" if together else None
    for letter, column in zip("ab", st.columns(2), strict=True):
        scenario = found.a if letter == "a" else found.b
        with column:
            st.markdown(f"**{letter}: {escaped(scenario.name)}**")
            _one(found, known, shown, letter, view_group=group)
    st.caption(
        "The two maps move together: by mouse, by finger, and by the arrow, plus and minus keys."
        if together
        else "The two ask about different places, so each map moves by itself. Colours mean the same on both."
    )


def _swipe(found: Comparison, known: Evidence, shown: Shown) -> None:
    st.markdown(f"Left of the line **a: {escaped(found.a.name)}**, right of it **b: {escaped(found.b.name)}**")
    st.html(_ONE_OVER_THE_OTHER)
    group = f"compare-{found.a.plan.place}"
    with st.container(key="compare-swipe"):
        _one(found, known, shown, "a", view_group=group)
        _one(found, known, shown, "b", view_group=group, swipe_label="Line between the map of a and the map of b")
    st.caption("Drag the handle, or focus it and press the left and right arrow keys. Counts in the legend are of b.")


_ONE_OVER_THE_OTHER = """<style>
.st-key-compare-swipe { display: grid; grid-template-columns: minmax(0, 1fr); }
.st-key-compare-swipe > * { grid-area: 1 / 1; width: 100%; }
</style>"""


def _one(found: Comparison, known: Evidence, shown: Shown, letter: str, **more: Any) -> None:
    scenario = found.a if letter == "a" else found.b
    files = _files(known, scenario.plan.place)
    areas = found.areas.reindex(list(files.codes))
    sketch_map(
        _map_data(
            files,
            known,
            paint=_side_paint(found, areas, shown, letter),
            drawings=[_marked(one, letter) for one in scenario.features],
            drawings_revision=f"{scenario.key}.{scenario.revision}",
            points=_closed(known, scenario.closed, f"Closed in {letter}"),
            label=f"Map of scenario {letter}: {scenario.name}. {shown.label}",
            **more,
        ),
        key=f"compare-{letter}-{'over' if 'swipe_label' in more else 'map'}",
    )


def _side_paint(found: Comparison, areas: Table, shown: Shown, letter: str) -> Paint:
    if shown.columns is None:
        classes, palette, labels = _reach(areas, letter)
    else:
        classes, palette, labels = _valued(found.areas, areas.index, shown, letter)
    hover = _hover(areas, shown)
    return Paint(
        title=f"{shown.label}: {letter}",
        unit=_unit(found, shown),
        classes=classes,
        palette=palette,
        labels=labels,
        marks=_flag(areas[f"desert_{letter}"]),
        marks_label=f"Desert in {letter}",
        hover=hover,
    )


def _valued(
    areas: Table, wanted: pd.Index[str], shown: Shown, letter: str
) -> tuple[_Classes, tuple[str, ...], tuple[str, ...]]:
    """Classes that mean the same on both maps: fifths of the values of a and b together."""
    first, second = shown.columns or ("", "")
    found, labels = classed(pd.concat([areas[first].astype("float64"), areas[second].astype("float64")]))
    half = found[: len(areas)] if letter == "a" else found[len(areas) :]
    darker = WORSE_IS_DARKER["access"][-len(labels) :] if labels else ()
    palette = darker[::-1] if shown.better == "high" else darker
    classes = pd.Series(np.where(half == NOT_KNOWN, NO_DATA, half), index=areas.index)
    return np.asarray(classes.reindex(wanted, fill_value=NO_DATA), dtype=np.uint8), palette, labels


def _reach(areas: Table, letter: str) -> tuple[_Classes, tuple[str, ...], tuple[str, ...]]:
    sketched, sites = _flag(areas[f"reached_{letter}"]), areas["sites_today"].to_numpy(dtype=np.float64)
    classes = np.select([sketched, sites > 0, sites == 0], [2, 1, 0], default=NO_DATA)
    return classes.astype(np.uint8), _REACH, _REACH_LABELS


# the difference -----------------------------------------------------------------------------------------------------


def _difference(found: Comparison, known: Evidence, shown: Shown) -> None:
    difference = _apart(found, shown)
    if shown.columns is not None and difference.isna().all():
        st.info(
            f"{shown.label} is not subtracted: it is not known in one of the two, or means something else in each. "
            "What differs stands above. “Side by side” shows both."
        )
        return
    files = _files(known, found.b.plan.place)
    areas = found.areas.reindex(list(files.codes))
    classes, palette, labels = (
        _reach_apart(areas) if shown.columns is None else _diverging(difference.reindex(areas.index), shown)
    )
    sketches = [_marked(one, "a", "existing") for one in found.a.features]
    sketch_map(
        _map_data(
            files,
            known,
            paint=Paint(
                title=f"{shown.label}: b against a",
                unit=_unit(found, shown),
                classes=classes,
                palette=palette,
                labels=labels,
                marks=_only_one_desert(areas),
                marks_label="Desert in one of the two only",
                hover=_hover(areas, shown),
            ),
            drawings=[*sketches, *(_marked(one, "b", "new") for one in found.b.features)],
            drawings_revision=f"{found.a.key}.{found.a.revision}-{found.b.key}.{found.b.revision}",
            points=[
                *_closed(known, found.a.closed, "Closed in a", colour="#1f2937"),
                *_closed(known, found.b.closed, "Closed in b"),
            ],
            label=f"Map of the difference between scenario a, {found.a.name}, and b, {found.b.name}. {shown.label}",
            view_group=f"compare-{found.b.plan.place}",
        ),
        key="compare-difference",
    )
    st.caption("Sketches of a are black and named “a:”, those of b are dark red and named “b:”.")


def _apart(found: Comparison, shown: Shown) -> AreaValues:
    """b less a; missing where either is not known or they do not mean the same."""
    if shown.columns == ("access_a", "access_b"):
        return found.areas["difference"].astype("float64")
    first, second = shown.columns or ("reached_a", "reached_b")
    return found.areas[second].astype("float64") - found.areas[first].astype("float64")


def _diverging(difference: AreaValues, shown: Shown) -> tuple[_Classes, tuple[str, ...], tuple[str, ...]]:
    """Orange where a is better, purple where b is; the deeper shade beyond the median of what differs."""
    values = difference.to_numpy(dtype=np.float64) * (1 if shown.better == "high" else -1)
    some = np.abs(values[np.isfinite(values) & (np.abs(values) > _SAME)])
    edge = float(np.median(some)) if len(some) else 1.0
    classes = np.full(len(values), NO_DATA, dtype=np.uint8)
    known = np.isfinite(values)
    classes[known] = np.searchsorted([-edge, -_SAME, _SAME, edge], values[known], side="right")
    near = f"{edge:,.{shown.decimals}f}"
    labels = (
        f"better in a, by {near} or more",
        f"better in a, by less than {near}",
        "no difference",
        f"better in b, by less than {near}",
        f"better in b, by {near} or more",
    )
    return classes, DIVERGING, labels  # orange is better in a, purple in b


def _reach_apart(areas: Table) -> tuple[_Classes, tuple[str, ...], tuple[str, ...]]:
    one, other = _flag(areas["reached_a"]), _flag(areas["reached_b"])
    classes = np.select([one & ~other, one & other, other], [0, 1, 3], default=2).astype(np.uint8)
    classes[areas["area_name"].isna().to_numpy()] = NO_DATA
    return classes, _REACH_APART, _REACH_APART_LABELS


def _only_one_desert(areas: Table) -> npt.NDArray[np.bool_]:
    known = (areas["desert_a"].notna() & areas["desert_b"].notna()).to_numpy()
    differ: npt.NDArray[np.bool_] = known & (_flag(areas["desert_a"]) != _flag(areas["desert_b"]))
    return differ


# what every map has -------------------------------------------------------------------------------------------------


def _files(known: Evidence, place: str) -> PlaceGeometry:
    with st.spinner("Preparing the map of this place …"):
        return place_geometry(known, known.place(place).code, maps_folder())


def _map_data(files: PlaceGeometry, known: Evidence, **rest: Any) -> MapData:
    geometry = Geometry(
        kind="polygons" if files.kind == "polygons" else "raster",
        url=f"{MAPS_URL}/{files.file}",
        codes_url=f"{MAPS_URL}/{files.codes_file}" if files.codes_file else None,
        revision=files.revision,
        bounds=files.bounds,
    )
    over = "swipe_label" in rest  # the map beneath has given the credit already
    credit = "" if over else " ".join(known.attribution(["area_boundaries"]))
    return MapData(geometry=geometry, tools=(), attribution=credit, height=_HEIGHT, **rest)


def _closed(known: Evidence, codes: tuple[str, ...], label: str, colour: str = "#9d174d") -> list[PointLayer]:
    """The sites of today that a scenario closes, where there are any."""
    sites = known.sites.loc[known.sites.index.isin(codes), ["longitude", "latitude", "site_name"]].dropna()
    if sites.empty:
        return []
    rows = sites.itertuples(index=False, name=None)
    points = [Point(float(longitude), float(latitude), str(name), "closed") for longitude, latitude, name in rows]
    return [PointLayer(label, label, points, symbol="triangle", colour=colour)]


def _hover(areas: Table, shown: Shown) -> tuple[HoverColumn, ...]:
    pairs = [SHOWN["access"], SHOWN["nearest"]] if shown.columns is None else [shown]
    return tuple(
        HoverColumn(f"{one.label}, {letter}", areas[column].to_numpy(dtype=np.float64), decimals=one.decimals)
        for one in pairs
        for letter, column in zip("ab", one.columns or (), strict=True)
    )


def _unit(found: Comparison, shown: Shown) -> str:
    if shown is SHOWN["access"]:
        return str(found.totals.loc["mean_access", "unit"])
    return "km, straight line" if shown is SHOWN["nearest"] else ""


def _flag(values: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """True where true; not known is not true."""
    return np.asarray(values.astype("boolean").fillna(value=False).to_numpy(dtype=bool))


def _marked(feature: Mapping[str, Any], letter: str, status: str = "new") -> dict[str, Any]:
    """A sketch as the maps draw it: an id and a look of its own, named after its scenario where both are drawn."""
    about = dict(feature["properties"])
    name = str(about.get("name", "Sketch"))
    about |= {"id": f"{letter}-{about['id']}", "status": status}
    about["name"] = f"{letter}: {name}"
    return {**feature, "properties": about}
