"""The page most people would write: st_folium with a choropleth, drawing tools, and who is inside what was drawn.

Run by ``benchmarks/map_peer.py`` with streamlit in an environment that has streamlit-folium. It reads the same
simplified boundaries and the same values as our own map, from a GeoJSON file and a CSV file.
"""

import json
import os
from pathlib import Path

import branca.colormap
import folium
import pandas as pd
import shapely
import streamlit as st
from folium.plugins import Draw
from streamlit_folium import st_folium

st.set_page_config(layout="wide")


@st.cache_resource
def read() -> tuple[dict, pd.DataFrame, shapely.STRtree]:
    areas = json.loads(Path(os.environ["PEER_AREAS"]).read_text("utf-8"))
    values = pd.read_csv(os.environ["PEER_VALUES"], index_col=0)
    centres = shapely.centroid(shapely.from_geojson([json.dumps(one["geometry"]) for one in areas["features"]]))
    return areas, values, shapely.STRtree(centres)


areas, values, centres = read()
layer = st.radio("Layer", list(values.columns), horizontal=True)
column = values[layer]
colour = branca.colormap.linear.YlOrRd_05.scale(column.min(), column.max())
west, south, east, north = shapely.total_bounds(centres.geometries)
drawn_on = folium.Map(location=[(south + north) / 2, (west + east) / 2], zoom_start=9, tiles=None, prefer_canvas=True)
folium.GeoJson(
    areas,
    style_function=lambda one: {
        "fillColor": colour(column[one["properties"]["code"]]) if one["properties"]["code"] in column.index else "#ccc",
        "color": "#555",
        "weight": 0.5,
        "fillOpacity": 0.8,
    },
).add_to(drawn_on)
Draw().add_to(drawn_on)
answer = st_folium(drawn_on, height=600, use_container_width=True, returned_objects=["all_drawings"], key="map")
inside = 0
for drawing in answer["all_drawings"] or []:
    inside += len(centres.query(shapely.from_geojson(json.dumps(drawing["geometry"])).buffer(0.05), "intersects"))
st.text(f"layer={layer} inside={inside}")
