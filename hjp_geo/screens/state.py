"""What the pages share: the evidence of the warehouse in use, the plan in the address bar, the user's drawings."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

from hjp_geo.errors import HjpError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.own.shelf import own_stamp
from hjp_geo.plan import Plan
from hjp_geo.screens.text import escaped
from hjp_geo.sketchmap import Drawing
from hjp_geo.store import warehouse_path

__all__ = [
    "MAPS_URL",
    "cache_folder",
    "drawings",
    "drawings_revision",
    "evidence",
    "maps_folder",
    "plan_from_address",
    "plan_to_address",
    "replace_drawings",
    "session_token",
    "standing_evidence",
    "start_plan",
    "stop_with",
]

MAPS_URL = "/assets/maps"


def cache_folder() -> Path:
    """The folder of the warehouse, as the command line set it."""
    return Path(os.environ.get("HJP_GEO_CACHE", "cache")).resolve()


def maps_folder() -> Path:
    """Where the geometry for browsers is kept."""
    return cache_folder() / "maps"


def evidence() -> Evidence:
    """The evidence of the warehouse that stands now; a page that cannot have it says why and stops."""
    try:
        with st.spinner("Reading the warehouse …"):
            return _standing()
    except FileNotFoundError:
        st.error("There is no warehouse yet. Run `hjp-geo fetch` and `hjp-geo build`, or `hjp-geo demo`.")
        st.stop()
    except HjpError as error:
        stop_with(str(error))


def standing_evidence() -> Evidence | None:
    """The same where a page or the web server can do without: None where there is no warehouse; says nothing."""
    try:
        return _standing()
    except (FileNotFoundError, HjpError):
        return None


def _standing() -> Evidence:
    path = warehouse_path(cache_folder())
    stamp = path.stat()
    return _load(str(path.parent), stamp.st_mtime_ns, stamp.st_ino, own_stamp(path.parent))


@st.cache_resource(max_entries=2, show_spinner=False)
def _load(cache: str, modified: int, inode: int, own: tuple[tuple[str, int, int], ...]) -> Evidence:
    """The evidence; read again when the warehouse or the user's own data are others."""
    del modified, inode, own  # Streamlit looks at them, and would not if their names began with _
    return Evidence.load(Path(cache))


def stop_with(message: str) -> NoReturn:
    """Say what is wrong in one line and end the page there."""
    st.error(escaped(message))
    st.stop()


def plan_from_address(base: Plan) -> Plan:
    """The plan that the address bar asks for; `base` for what it does not say. A bad address says so and is left."""
    values: dict[str, Any] = {
        one.name: st.query_params[one.name] for one in fields(Plan) if one.name in st.query_params
    }
    try:
        if "weights" in values:
            values["weights"] = _read_weights(values["weights"])
        return Plan.from_dict({**base.to_dict(), **values})
    except (HjpError, ValueError) as error:
        st.warning(f"The address asks for something that cannot be shown, so the usual view is. {escaped(str(error))}")
        return base


def plan_to_address(plan: Plan) -> None:
    """Put the plan into the address bar, so that the link shows the same view."""
    values: Mapping[str, Any] = plan.to_dict()
    weights = ",".join(f"{name}:{weight:g}" for name, weight in plan.weights.items() if weight > 0)
    there = {name: value for name, value in values.items() if value is not None}
    wanted = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in there.items()}
    wanted["weights"] = weights
    for kept in ("scenario", "level"):  # which scenario is open, and what areas are shown, stay in the link
        if kept in st.query_params:
            wanted[kept] = st.query_params[kept]
    st.session_state["asked_plan"] = plan
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def start_plan(page: str, known: Evidence, usual: Plan) -> Plan:
    """What the widgets of a page begin with: the address as it was when the app was opened, or the last page's plan."""
    if st.session_state.get("start_build") != known.build_id:
        st.session_state["start_plan"] = plan_from_address(usual)
        st.session_state["start_build"] = known.build_id
    elif st.session_state.get("plan_page") != page:
        # a link opened on this page says more than the plan of the page before
        st.session_state["start_plan"] = plan_from_address(st.session_state.get("asked_plan", usual))
    st.session_state["plan_page"] = page
    start: Plan = st.session_state["start_plan"]
    return start


def _read_weights(text: str) -> dict[str, float]:
    pairs = [part.partition(":") for part in text.split(",") if part]
    try:
        return {name: float(number) for name, _, number in pairs}
    except ValueError as error:
        raise PlanError(f"The weights '{text[:80]}' are not layer:number, separated by commas.") from error


def drawings() -> list[Drawing]:
    """What the user has drawn, as last known."""
    kept: list[Drawing] = st.session_state.setdefault("drawings", [])
    return kept


def drawings_revision() -> int:
    """Which of our own versions of the drawings is on the map."""
    # no two sessions begin alike: what a browser says of a session that is gone is not taken for this one
    return int(st.session_state.setdefault("drawings_revision", secrets.randbelow(1 << 40)))


def session_token() -> str:
    """A name of this session of the server: another one after it has started anew."""
    return str(st.session_state.setdefault("session_token", secrets.token_hex(8)))


def replace_drawings(new: list[Drawing]) -> None:
    """Put other drawings on the map: something was added or removed beside it."""
    st.session_state["drawings"] = new
    st.session_state["drawings_revision"] = drawings_revision() + 1
