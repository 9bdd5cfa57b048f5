"""Systems, districts or neighbourhoods on the map: the choice, what each area looks like, and its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.desert import DESERT_RULES
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.levels import LEAST_KNOWN, LEVELS, Level, by_level, layer_by_level, levels_of
from hjp_geo.maps import MOST_POLYGONS, NOT_KNOWN, PlaceGeometry, classed, level_geometry, place_geometry
from hjp_geo.plan import Answer
from hjp_geo.screens.kept import kept_for
from hjp_geo.screens.paint import ACCESS, NEED, Overlap, low_is_worse, paint, shades_of, shown_values
from hjp_geo.screens.state import MAPS_URL, evidence, maps_folder
from hjp_geo.sketchmap import NO_DATA, Coarser, Geometry, HoverColumn, Paint

__all__ = ["LevelView", "MapAreas", "area_choice", "geometry_of", "level_table", "map_areas", "pick_place"]

AUTOMATIC, NEIGHBOURHOODS = "automatic", "neighbourhoods"
_BELOW_ZOOM = {"icb24": 7.0, "lad24": 8.5}
"""In the automatic view: which larger areas are shown, and below which zoom of the map."""
MARKED_PCT = 10.0
"""A larger area is hatched where at least so many of its residents live in deserts (ours)."""


@dataclass(frozen=True)
class LevelView:
    """What the map shows of one level: a figure for each larger area, how it came about, and the answer's table."""

    level: Level
    table: Table
    values: Table
    """``value`` and ``share`` of the people it speaks of."""
    title: str
    unit: str


@dataclass(frozen=True)
class MapAreas:
    """The areas that the map is given: its own, and those shown while it is zoomed out."""

    geometry: Geometry
    paint: Paint
    coarser: tuple[Coarser, ...] = ()
    views: Mapping[str, LevelView] = field(default_factory=dict)
    """By level: the figures of the larger areas among them."""
    fixed: str | None = None
    """The level of the map's own areas; None where they are neighbourhoods."""

    def view(self, zoomed_to: str | None) -> LevelView | None:
        """The figures of the areas on screen, where the browser says which of the coarser it shows; None for
        neighbourhoods."""
        level = self.fixed or zoomed_to
        return None if level is None else self.views[level]


def area_choice(known: Evidence, place: str, what: str | Overlap) -> str:
    """Which areas to show: ``automatic``, a level, or ``neighbourhoods``. The choice stays in the address."""
    if isinstance(what, Overlap):
        st.caption("Two layers at once are shown by neighbourhood: thirds of a mean would say nothing of the overlap.")
        return NEIGHBOURHOODS
    levels = levels_of(known, place)
    if not levels:
        st.query_params.pop("level", None)
        return NEIGHBOURHOODS
    names = {AUTOMATIC: "Automatic, by zoom"} | {level.name: level.label for level in levels}
    names |= {NEIGHBOURHOODS: "Neighbourhoods (LSOA)"}
    # not a default: picking a place on the map sets this widget too; set in every run, or another page would forget it
    now = st.session_state.get("level")
    asked = now if now in names else st.query_params.get("level", AUTOMATIC)
    st.session_state["level"] = asked if asked in names else AUTOMATIC
    chosen: str = st.selectbox("Show areas as", list(names), format_func=names.__getitem__, key="level")
    if chosen == AUTOMATIC:
        st.query_params.pop("level", None)
    elif st.query_params.get("level") != chosen:
        st.query_params["level"] = chosen
    return chosen


def pick_place() -> None:
    """A system or district was chosen on the map: it becomes the place, and its neighbourhoods are shown."""
    said = (st.session_state["map"] or {}).get("selected") or {}
    known, code = evidence(), said.get("code")
    is_latest = said.get("revision") == int(st.session_state.get("chosen_revision", 0))
    if not is_latest or code not in known.places or code in known.areas.index:
        return
    st.session_state["place"] = code
    st.session_state["level"] = AUTOMATIC
    st.session_state["chosen_area"] = None
    st.session_state["chosen_revision"] = int(said["revision"]) + 1


def map_areas(
    found: Answer, known: Evidence, what: str | Overlap, choice: str, classing: tuple[str, tuple[float, ...]]
) -> MapAreas:
    """What the map shows for a choice of `area_choice`, with the geometry made where it is not there yet."""
    place = found.place.code
    if choice in LEVELS and not isinstance(what, Overlap):
        view = _view(found, known, what, choice)
        drawn = _paint(found, known, what, view, classing)
        return MapAreas(geometry_of(_level_files(known, place, choice)), drawn, (), {choice: view}, choice)
    files = place_geometry(known, place, maps_folder())
    own = kept_for(found, ("paint", what, classing), lambda: paint(found, known, what, *classing))
    is_large = place == ENGLAND or len(found.areas) > MOST_POLYGONS
    if choice != AUTOMATIC or isinstance(what, Overlap) or not is_large:
        return MapAreas(geometry_of(files), own)
    offered = [level.name for level in levels_of(known, place) if level.name in _BELOW_ZOOM]
    views = {
        level: kept_for(found, ("view", what, level), partial(_view, found, known, what, level)) for level in offered
    }
    coarser = [
        Coarser(
            level,
            _BELOW_ZOOM[level],
            geometry_of(_level_files(known, place, level)),
            kept_for(found, ("paint", what, level, classing), partial(_paint, found, known, what, view, classing)),
        )
        for level, view in views.items()
    ]
    return MapAreas(geometry_of(files), own, tuple(coarser), views)


def geometry_of(files: PlaceGeometry) -> Geometry:
    """Where the browser fetches a geometry."""
    return Geometry(
        kind="polygons" if files.kind == "polygons" else "raster",
        url=f"{MAPS_URL}/{files.file}",
        codes_url=f"{MAPS_URL}/{files.codes_file}" if files.codes_file else None,
        revision=files.revision,
        bounds=files.bounds,
    )


def _level_files(known: Evidence, place: str, level: str) -> PlaceGeometry:
    return level_geometry(known, place, level, maps_folder())


def _view(found: Answer, known: Evidence, what: str, level: str) -> LevelView:
    """The figures of a level for what the map is coloured by."""
    table = by_level(found, known, level)
    _, title, unit = shown_values(found, known, what)
    if what in (NEED, ACCESS):
        values = table[[what, f"{what}_share"]].set_axis(["value", "share"], axis="columns")
        how = "mean over people in need" if what == ACCESS else "mean over residents"
    else:
        values = layer_by_level(found, known, level, what)
        how = "sum" if str(known.layers.loc[what, "role"]) == "people" else "mean over residents"
    return LevelView(LEVELS[level], table, values, title, f"{unit}; {how}")


def _paint(
    found: Answer, known: Evidence, what: str, view: LevelView, classing: tuple[str, tuple[float, ...]]
) -> Paint:
    """The map of one level: its areas in classes, hatched where many live in deserts, and what each says of itself."""
    table, value = view.table, view.values["value"]
    classes, labels = classed(value, *classing)
    shades = shades_of(known, what)[: len(labels)]
    return Paint(
        title=view.title,
        unit=view.unit,
        classes=np.where(classes == NOT_KNOWN, NO_DATA, classes).astype(np.uint8),
        palette=shades[:: -1 if low_is_worse(known, what) else 1],
        labels=labels,
        no_data_label=f"No data, or for under {LEAST_KNOWN:.0%} of the people",
        marks=(table["flagged_pct"] >= MARKED_PCT).to_numpy(dtype=bool),
        marks_label=f"{MARKED_PCT:g} % of residents or more in deserts: {_rule(found)}",
        counted=(view.level.one, view.level.many),
        hover=(
            HoverColumn(view.title, value.to_numpy(dtype="float64"), view.unit),
            HoverColumn(
                "Speaks of so many of the people", view.values["share"].to_numpy(dtype="float64") * 100, "%", 0
            ),
            HoverColumn("Residents", table["residents"].to_numpy(dtype="float64"), decimals=0),
            HoverColumn("Residents in deserts", _judged(table, "people_flagged"), decimals=0),
            HoverColumn("Share of residents in deserts", table["flagged_pct"].to_numpy(dtype="float64"), "%"),
            HoverColumn("Neighbourhoods", table["areas"].to_numpy(dtype="float64"), decimals=0),
        ),
    )


def _rule(found: Answer) -> str:
    return DESERT_RULES[found.plan.desert].label.lower()


def _judged(table: Table, column: str) -> np.ndarray:
    """A count of deserts, not known where too few have a verdict: nobody flagged would be a claim."""
    return table[column].astype("float64").where(table["flagged_pct"].notna()).to_numpy(dtype="float64")


def level_table(found: Answer, known: Evidence, view: LevelView) -> None:
    """The figures of every larger area of the map, worst first."""
    table = view.table.assign(
        shown=view.values["value"],
        shown_share=view.values["share"],
        people_flagged=_judged(view.table, "people_flagged"),
    )
    table = table.sort_values("flagged_pct", ascending=False, na_position="last")
    labels = {name: st.column_config.Column(label) for name, label in _LABELS.items()}
    labels |= {
        name: st.column_config.NumberColumn(_LABELS.get(name), format=format_)
        for name, format_ in {"residents": "localized", "need": "%.1f", "flagged_pct": "%.1f"}.items()
    }
    labels["people_flagged"] = st.column_config.NumberColumn(_LABELS["people_flagged"], format="%.0f")
    labels["people_in_need"] = st.column_config.NumberColumn(f"{known.label(found.plan.demand)}, sum", format="%.0f")
    labels["access"] = st.column_config.NumberColumn(
        f"{found.access_unit.capitalize()}, mean over people in need", format="%.1f"
    )
    labels["shown"] = st.column_config.NumberColumn(f"{view.title} ({view.unit})", format="%.2f")
    labels["shown_share"] = st.column_config.NumberColumn("Of so many of the people", format="percent")
    columns = ["area_name", *(name for name in labels if name != "area_name")]
    st.dataframe(table.rename_axis(view.level.one.capitalize())[columns], height=320, column_config=labels)
    st.caption(_how(found, known, view))


def _how(found: Answer, known: Evidence, view: LevelView) -> str:
    codes = known.areas.loc[found.areas.index, f"{view.level.name}_code"]
    nowhere = int(codes.isna().sum())
    lost = f" {nowhere:,} neighbourhoods belong to none of these {view.level.many} and are left out." if nowhere else ""
    return (
        f"{len(view.table):,} {view.level.many}, put together from neighbourhoods: counts are sums; need and rates are "
        f"means over residents, access over people in need. A figure is missing where under {LEAST_KNOWN:.0%} of the "
        "people have data; a sum of fewer than all is an under-count. The files hold every neighbourhood." + lost
    )


_LABELS = {
    "area_name": "Name",
    "areas": "Neighbourhoods",
    "residents": "Residents",
    "people_in_need": "People in need",
    "need": "Need index, mean over residents",
    "access": "Access",
    "areas_flagged": "Deserts",
    "people_flagged": "Residents in deserts",
    "flagged_pct": "% of residents in deserts",
}
