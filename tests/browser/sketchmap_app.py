"""A page with nothing but the map, the controls a test needs, and what Python knows, as text."""

from __future__ import annotations

import json

import numpy as np
import sketchmap_grid as grid
import streamlit as st

from hjp_geo.sketchmap import NO_DATA, Geometry, HoverColumn, MapData, Paint, Point, PointLayer, sketch_map

st.set_page_config(page_title="Sketching map test", layout="wide")

PURPLES = ("#f2f0f7", "#cbc9e2", "#9e9ac8", "#756bb1", "#54278f")
TEALS = ("#edf8fb", "#b2e2e2", "#66c2a4", "#2ca25f", "#006d2c")
LABELS = ("Lowest fifth", "Second fifth", "Middle fifth", "Fourth fifth", "Highest fifth")


def paint(layer: str, count: int) -> Paint:
    position = np.arange(count)
    side = int(count**0.5)
    x, y = position % side / side, position // side / side
    wave = np.sin(4 * x) + np.cos(5 * y) if layer == "Need" else np.sin(7 * x * y) + x
    rank = np.argsort(np.argsort(wave))
    classes = (rank * 5 // count).astype(np.uint8)
    values = np.where(position % 61 == 7, np.nan, 100 * rank / count)
    classes[np.isnan(values)] = NO_DATA
    return Paint(
        title=f"{layer} (made up)",
        unit="% of residents",
        classes=classes,
        palette=PURPLES if layer == "Need" else TEALS,
        labels=LABELS,
        marks=(classes == 4) & (y > 0.6) if layer == "Need" else None,
        marks_label="Advice desert: need high, access low",
        hover=(HoverColumn("Value", values, unit="%"),),
    )


def geometry(kind: str, side: int) -> Geometry:
    base = f"/assets/geometry/{side}"
    if kind == "Picture":
        return Geometry("raster", f"{base}.png", f"raster-{side}", grid.BOUNDS, codes_url=f"{base}.json")
    url = "/assets/geometry/none.geojson" if kind == "Missing" else f"{base}.geojson"
    return Geometry("polygons", url, f"{kind}-{side}", grid.BOUNDS)


def sites(side: int) -> list[PointLayer]:
    surgeries = [Point(*grid.centre(i, side), f"Surgery {i}", "GP practice") for i in range(23, side**2, 37)]
    hostile = Point(*grid.centre(side + 1, side), grid.HOSTILE, "Library")
    return [
        PointLayer("gp", "GP practices", surgeries, symbol="circle", colour="#1e3a5f"),
        PointLayer("advice", "Advice services", [hostile], symbol="diamond", colour="#b45309"),
    ]


side = int(st.query_params.get("side", 20))
state = st.session_state.setdefault("test", {"drawings": [], "revision": 0, "selected": None, "selected_revision": 0})

left, middle, right = st.columns(3)
layer = left.radio("Layer", ["Need", "Access"], horizontal=True)
kind = middle.radio("Geometry", ["Polygons", "Other polygons", "Picture", "Missing"], horizontal=True)
shown = right.toggle("Show the map", value=True)

if shown:
    if left.button("Add a circle from the form"):
        longitude, latitude = grid.centre(3 * side + 3, side)
        state["drawings"] = [
            *state["drawings"],
            {
                "type": "Feature",
                "properties": {"id": "from-form", "name": grid.HOSTILE, "status": "existing", "radius_m": 2500.0},
                "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
            },
        ]
        state["revision"] += 1
    if middle.button("Choose area 5 from the table"):
        state["selected"] = grid.code(5)
        state["selected_revision"] += 1
    answer = sketch_map(
        MapData(
            geometry=geometry(kind, side + (1 if kind == "Other polygons" else 0)),
            paint=paint(layer, (side + (1 if kind == "Other polygons" else 0)) ** 2),
            points=sites(side),
            drawings=state["drawings"],
            drawings_revision=state["revision"],
            selected=state["selected"],
            selected_revision=state["selected_revision"],
            label=f"{layer} in a made-up district",
            attribution="Made-up boundaries. No rights reserved.",
        ),
        key="map",
    )
    state["drawings"] = list(answer.drawings)
    state["selected"] = answer.selected

summary = [
    {
        "name": d["properties"]["name"],
        "type": d["geometry"]["type"],
        "radius": d["properties"].get("radius_m"),
        "places": d["geometry"]["coordinates"],
    }
    for d in state["drawings"]
]
st.text(f"selected={state['selected']}")
st.text(f"drawings={json.dumps(summary)}")
st.text(f"layer={layer}")
