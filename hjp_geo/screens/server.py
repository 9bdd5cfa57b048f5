"""The web server: the Streamlit app, and the files that the map fetches once and keeps (304 when unchanged)."""

import os
from pathlib import Path

import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

import hjp_geo
from hjp_geo.screens.state import MAPS_URL, maps_folder
from hjp_geo.sketchmap import ASSETS_URL, STATIC

_SCRIPT = Path(os.environ.get("HJP_GEO_APP", Path(hjp_geo.__file__).parents[1] / "app.py"))

app = st.App(
    _SCRIPT,
    routes=[
        Mount(ASSETS_URL, StaticFiles(directory=STATIC, check_dir=False)),
        Mount(MAPS_URL, StaticFiles(directory=maps_folder(), check_dir=False)),
    ],
)
