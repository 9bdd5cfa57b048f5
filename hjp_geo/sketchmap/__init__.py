"""The sketching map: a Streamlit component that draws areas and sites, and lets people draw on top.

The browser half is ``frontend/`` (TypeScript, built into ``static/``). Streamlit carries values only: boundaries are
fetched once by URL, and a change of layer sends one byte per area. The map is never rebuilt by a rerun.

The server must offer :data:`STATIC` under :data:`ASSETS_URL`; nothing is loaded from anywhere else::

    st.App("app.py", routes=[Mount(ASSETS_URL, StaticFiles(directory=STATIC))])

**What is sent** is :class:`MapData` as JSON. Its parts are compared by revision, so an unchanged part costs nothing:

* ``geometry``: a GeoJSON FeatureCollection in WGS84 whose features carry ``code`` and ``name``, or a PNG whose red,
  green and blue bytes spell the area's position plus one (0 where there is none), in Web Mercator, with a JSON file
  ``{"codes": […], "names": […]}``. **The order of the areas there is the order of every array here.** Either JSON may
  have ``close``: from which zoom to fetch finer borders, and in which files, each with its bounds; a file not in view
  is never asked for.
* ``coarser``: larger areas with a geometry and paint of their own, shown instead while the map is zoomed out.
* ``paint``: classes (one byte per area, 255 is "no data"), marks (one bit per area, hatched), hover values (float32).
* ``points``: sites as rows of longitude, latitude, name, kind, sent along or fetched by URL.
* ``drawings``: GeoJSON features. A Point with ``radius_m`` is a circle, one with ``minutes`` and ``mode`` (walk,
  public_transport, drive) a travel-time catchment; a Polygon or MultiPolygon is an area. Each has ``id``, ``name`` and,
  if wanted, ``status`` (existing, new, edited, removed), which sets its look: an existing one that the user changes
  becomes edited. Other properties, and shapes the map cannot show, come back as they went.
* ``catchments``: for each travel-time catchment among the drawings its label and the outline of the areas it reaches.
  What it reaches is Python's to say: the browser shows an outline only while it speaks of the drawing as it stands.

**What comes back** is ``{"drawings": {"revision", "features"}, "selected": {"revision", "code"}, "level": {"revision",
"name"}}``; the revision of the level is that of the geometry. The revision says
which of Python's versions the user's change was made on. To replace what is on the map while it is shown (a form
added a circle, a table chose an area), send the new value with another revision: then the new value wins, on the
screen and in what :func:`sketch_map` returns, and what the browser said about the older revision is ignored.

For tests, the page carries ``window.__hjpMap``: ``painted`` (revision of the last repaint), ``title``, ``paintedAt``,
``paintMs``, ``mounts``, ``removals``.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.sketchmap._basemap import BasemapError, host_basemap
from hjp_geo.sketchmap._data import (
    NO_DATA,
    Basemap,
    CatchmentOutline,
    Coarser,
    Drawing,
    Geometry,
    HoverColumn,
    Keeping,
    MapData,
    MapState,
    Paint,
    Point,
    PointLayer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ASSETS_URL",
    "NO_DATA",
    "STATIC",
    "Basemap",
    "BasemapError",
    "CatchmentOutline",
    "Coarser",
    "Drawing",
    "Geometry",
    "HoverColumn",
    "Keeping",
    "MapData",
    "MapState",
    "NotBuiltError",
    "Paint",
    "Point",
    "PointLayer",
    "assets_are_built",
    "drawn",
    "host_basemap",
    "sketch_map",
]

STATIC = Path(__file__).parent / "static"
"""The built browser half: sketchmap.js, sketchmap.css and LICENCES.txt (made by ``npm run build`` in frontend/)."""
ASSETS_URL = "/assets/sketchmap"
"""Where the server must offer :data:`STATIC`."""

_NAME = "hjp_geo.sketchmap"
_HTML = """
<link rel="stylesheet" href="{url}/sketchmap.css?{version}">
<div class="hjp-sketchmap" style="visibility:hidden"></div>
"""
# Streamlit runs this from a blob, so the import needs a whole address. Cleaning up is left to destroy(), which first
# looks whether the map is still on the page: Streamlit may call an older run's clean-up after a newer run has drawn.
_JS = """
let loading;
function explain(component, error) {{
  const box = component.parentElement.querySelector(".hjp-sketchmap");
  box.style.visibility = "visible";
  box.setAttribute("role", "alert");
  box.textContent = "The map could not start, because its program did not load (" + error.message +
    "). Everything else on this page still works. Reload the page to try again.";
}}
export default function (component) {{
  loading ??= import(location.origin + "{url}/sketchmap.js?{version}");
  loading.then((map) => map.render(component), (error) => explain(component, error));
  return () => loading.then((map) => map.destroy(component), () => undefined);
}}
"""


class NotBuiltError(HjpError, FileNotFoundError):
    """The browser half of the map has not been built."""


def assets_are_built() -> bool:
    """Whether the browser half is in place (a source checkout has to build it once)."""
    return all((STATIC / name).is_file() for name in ("sketchmap.js", "sketchmap.css"))


def sketch_map(data: MapData, *, key: str, on_change: Callable[[], None] | None = None) -> MapState:
    """What the user has drawn and selected on the map drawn from `data`.

    `key` names this map for the whole session; the map lives as long as the key and the page do. `on_change` runs
    before the rerun that a drawing or a selection causes. Raises NotBuiltError if the browser half is not built.
    """
    data = _with_basemap(data)
    known = _read_state(st.session_state.get(key), data)
    _component()(
        key=key,
        data=data.payload(drawings=known.drawings, selected=known.selected, level=known.level),
        on_drawings_change=on_change or _nothing,
        on_selected_change=on_change or _nothing,
        on_level_change=_nothing,
    )
    return known


def drawn(key: str, revision: int | str) -> tuple[list[Drawing], str | None] | None:
    """What the browser says is drawn on version `revision` of the drawings of map `key`; None where it says nothing.

    For a page that must save it before it draws. The second part is None, or what saved scenario the drawings were
    made on, where the browser had kept them through a breakdown and brings them back.
    """
    raw = st.session_state.get(key)
    told = (raw.get("drawings") if isinstance(raw, dict) else None) or {}
    if told.get("revision") != revision:
        return None
    return list(told["features"]), told.get("restored_from")


def _with_basemap(data: MapData) -> MapData:
    """The same on the background map that the host has set; a setting that cannot be used is said, and left."""
    if data.basemap is not None:
        return data
    try:
        return replace(data, basemap=host_basemap())
    except BasemapError as error:
        st.warning(str(error))
        return data


def _read_state(raw: Any, data: MapData) -> MapState:
    """The user's latest word where it was about this revision, else Python's own."""
    raw = raw if isinstance(raw, dict) else {}
    drawings = raw.get("drawings") or {}
    selected = raw.get("selected") or {}
    level = raw.get("level") or {}
    is_level_here = level.get("revision") == data.geometry.revision and level.get("name") in _levels(data)
    is_drawn_here = drawings.get("revision") == data.drawings_revision
    is_selected_here = selected.get("revision") == data.selected_revision
    return MapState(
        drawings=tuple(drawings["features"]) if is_drawn_here else tuple(data.drawings),
        selected=selected["code"] if is_selected_here else data.selected,
        level=level["name"] if is_level_here else data.first_level,
    )


def _levels(data: MapData) -> list[str | None]:
    return [None, *(each.name for each in data.coarser)]


def _nothing() -> None:
    """A state is only reported when it has a callback."""


@functools.cache
def _component() -> Callable[..., Any]:
    """The component, registered on first use: once per process, as Streamlit asks."""
    if not assets_are_built():
        raise NotBuiltError(
            f"The sketching map is not built: no sketchmap.js and sketchmap.css in {STATIC}. "
            "In a source checkout run 'npm ci && npm run build' in frontend/."
        )
    digest = hashlib.blake2b(digest_size=8)
    for name in ("sketchmap.js", "sketchmap.css"):
        digest.update((STATIC / name).read_bytes())
    words = {"url": ASSETS_URL, "version": digest.hexdigest()}
    renderer: Callable[..., Any] = st.components.v2.component(_NAME, html=_HTML.format(**words), js=_JS.format(**words))
    return renderer
