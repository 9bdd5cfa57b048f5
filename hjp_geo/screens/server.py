"""The web server: the Streamlit app, and the files that the map fetches once and keeps (304 when unchanged)."""

from pathlib import Path

import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

import hjp_geo
from hjp_geo.screens.state import MAPS_URL, maps_folder
from hjp_geo.sketchmap import ASSETS_URL, STATIC

_PACKAGE = Path(hjp_geo.__file__).parent
_SCRIPTS = (_PACKAGE.parent / "app.py", _PACKAGE / "_app.py")
"""The entry in a source checkout, and in a wheel."""

app = st.App(
    next(script for script in _SCRIPTS if script.is_file()),
    routes=[
        Mount(ASSETS_URL, StaticFiles(directory=STATIC, check_dir=False)),
        Mount(MAPS_URL, StaticFiles(directory=maps_folder(), check_dir=False)),
    ],
)
