"""The maps of a report: what they show, put together from the answer."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from hjp_geo.desert import DESERT_RULES
from hjp_geo.maps import MapContent, Points, Shades, fifths
from hjp_geo.maps.shades import NOT_KNOWN
from hjp_geo.report.desk import Desk
from hjp_geo.siting import resolved

__all__ = ["access_map", "area_map", "certainty_map", "layers_of_the_map", "sketch_outlines"]


def area_map(desk: Desk, values: pd.Series[float], shades: Shades, title: str, unit: str) -> MapContent:
    """A map of the place's areas in these shades: deserts outlined, counted advice sites and sketches on top."""
    found, evidence = desk.found, desk.evidence
    advice = found.sites[found.sites["in_place"]]
    return MapContent(
        title=title,
        unit=unit,
        shapes=gpd.GeoSeries(evidence.boundaries.loc[found.areas.index]),
        shades=shades,
        credit=" ".join(evidence.attribution(["area_boundaries", *_used(desk, title)])),
        names=found.areas["area_name"],
        values=values,
        marks=found.areas["desert"].fillna(value=False).to_numpy(dtype=bool),
        marks_label=f"advice desert: {DESERT_RULES[found.plan.desert].label.lower()}",
        points=(Points(f"{desk.topic} advice site, counted", advice),),
        districts=found.areas["lad24_code"],
        sketches=sketch_outlines(desk),
    )


def _used(desk: Desk, title: str) -> list[str]:
    """What a map is made from, for its credit: of need the layers that count, of access the lists of sites."""
    return [*desk.plan.weights, "sites"] if title.startswith("Need") else ["sites", "services", desk.plan.demand]


def access_map(desk: Desk) -> MapContent:
    """The map of access: darker is less."""
    values = desk.found.areas["access"]
    shades = fifths(values, "access", worse="low")
    return area_map(desk, values, shades, "Access to advice", desk.found.access_unit)


_SURE = {"clear": "#f9fafb", "possible": "#fde2c4", "fragile": "#fdae6b", "borderline": "#d94801", "robust": "#5f1d00"}
"""How sure a desert is → its colour, from clear of doubt that it is none to robust; lightness falls step by step."""


def certainty_map(desk: Desk) -> MapContent:
    """The map of how sure each verdict is: deserts robust, borderline, fragile; possible ones; clear of it."""
    labels = desk.found.areas["certainty"]
    order = {label: number for number, label in enumerate(_SURE)}
    classes = labels.map(order).astype("float64").fillna(NOT_KNOWN).to_numpy().astype(np.int16)
    words = tuple("no desert, whatever the weights" if label == "clear" else label for label in _SURE)
    shades = Shades(classes, tuple(_SURE.values()), words)
    return area_map(
        desk, labels.map(order).astype("float64"), shades, "How sure a desert is", "by draws of the weights"
    )


def layers_of_the_map(desk: Desk) -> tuple[MapContent, ...]:
    """What the standalone map can show: need, access, and each layer that counts."""
    found, evidence = desk.found, desk.evidence
    need = found.areas["need"]
    maps = [area_map(desk, need, fifths(need), "Need index", "score, high is more need")]
    if found.known:
        maps.append(access_map(desk))
    for name, weight in desk.plan.weights.items():
        if weight > 0:
            values = evidence.values.loc[found.areas.index, name]
            low_is_need = str(evidence.layers.loc[name, "polarity"]) == "low_is_need"
            shades = fifths(values, "need", worse="low" if low_is_need else "high")
            maps.append(area_map(desk, values, shades, evidence.label(name), evidence.unit(name)))
    return tuple(maps)


def sketch_outlines(desk: Desk) -> gpd.GeoSeries | None:
    """What has been sketched, by name, in the British National Grid."""
    if not desk.request.candidates:
        return None
    shapes = [
        one.geometry.buffer(one.radius_km * 1000, quad_segs=32) if one.radius_km is not None else one.outline
        for one in (resolved(each, desk.evidence) for each in desk.request.candidates)
    ]
    return gpd.GeoSeries(np.array(shapes, dtype=object), index=[one.name for one in desk.request.candidates])
