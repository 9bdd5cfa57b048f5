"""Serves the test page with the map's assets and made-up geometry: `streamlit run sketchmap_server.py`."""

from __future__ import annotations

import sketchmap_grid as grid
import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hjp_geo.sketchmap import ASSETS_URL, STATIC


def polygons(request: Request) -> Response:
    return JSONResponse(grid.features(request.path_params["side"]))


def picture(request: Request) -> Response:
    return Response(grid.picture(request.path_params["side"]), media_type="image/png")


def names(request: Request) -> Response:
    return JSONResponse(grid.names(request.path_params["side"]))


def missing(request: Request) -> Response:
    return Response("not here", status_code=404)  # else Streamlit answers every unknown path with its own page


app = st.App(
    "sketchmap_app.py",
    routes=[
        Mount(ASSETS_URL, StaticFiles(directory=STATIC)),
        Route("/assets/geometry/{side:int}.geojson", polygons),
        Route("/assets/geometry/{side:int}.png", picture),
        Route("/assets/geometry/{side:int}.json", names),
        Route("/assets/geometry/{rest:path}", missing),
    ],
)
