"""The web server: the Streamlit app, and the files that the map fetches once and keeps (304 when unchanged)."""

from contextlib import suppress
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import hjp_geo
from hjp_geo.maps import part_geometry
from hjp_geo.screens.state import MAPS_URL, maps_folder, standing_evidence
from hjp_geo.sketchmap import ASSETS_URL, STATIC

_PACKAGE = Path(hjp_geo.__file__).parent
_SCRIPTS = (_PACKAGE.parent / "app.py", _PACKAGE / "_app.py")
"""The entry in a source checkout, and in a wheel."""


class MapFiles(StaticFiles):
    """The geometry of maps: what a page has prepared, and the close borders of a district when first asked for."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; 404 where no page has prepared it and it is no part of this build."""
        with suppress(OSError):  # a folder that is not there yet has no files: 404, not an error of the server
            maps_folder().mkdir(parents=True, exist_ok=True)
        file = Path(path).as_posix()
        if "/close/" in file and not (maps_folder() / file).is_file():
            await run_in_threadpool(_make_part, file)
        return await super().get_response(path, scope)


def _make_part(path: str) -> None:
    known = standing_evidence()
    if known is not None:
        part_geometry(known, path, maps_folder())


app = st.App(
    next(script for script in _SCRIPTS if script.is_file()),
    routes=[
        Mount(ASSETS_URL, StaticFiles(directory=STATIC, check_dir=False)),
        Mount(MAPS_URL, MapFiles(directory=maps_folder(), check_dir=False)),
    ],
)
