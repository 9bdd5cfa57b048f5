"""The report page: write the gap analysis of the plan that stands, look at it, take it away."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import TOPICS, Answer, Plan
from hjp_geo.report import REPORT_FORMATS, Report, Request, compose, write_report
from hjp_geo.scenario import Scenario
from hjp_geo.screens import ask
from hjp_geo.screens.state import drawings, evidence, plan_to_address, start_plan, stop_with
from hjp_geo.screens.style import apply_style
from hjp_geo.screens.text import escaped
from hjp_geo.siting import Candidate

__all__ = ["page"]

_KINDS = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
_HELD = "held_report"


@dataclass(frozen=True, eq=False)
class _Held:
    """The report of this session, and what it was asked."""

    asked: tuple[str, ...]
    report: Report
    found: Answer


def page() -> None:
    """Draw the report page."""
    known = evidence()
    apply_style()
    st.title("Report")
    if known.made_up:
        st.warning("**Made-up data.** No figure of this report is about a real place, and every page says so.")
    st.markdown(
        "A gap analysis that you can edit, quote and defend: a Word document, a web page, slides, and the data behind "
        "every number."
    )
    plan = _plan(known)
    request = _request(plan)
    drawn = str([one.to_feature("") for one in request.candidates])
    asked = (plan.to_json(), drawn, request.name, request.rule, str(request.assumptions), known.build_id)
    if st.button("Write the report", type="primary"):
        _write(request, known, asked)
    held: _Held | None = st.session_state.get(_HELD)
    if held is None:
        st.caption("It takes under half a minute for an Integrated Care Board.")
        return
    if held.asked != asked:
        st.info("The question or the sketches have changed since this report was written. Write it again to renew it.")
    _downloads(held, known)
    _preview(held, known)


def _plan(known: Evidence) -> Plan:
    """The plan of the map, with the place chosen here."""
    start = start_plan("report", known, ask.usual_plan(known))
    try:
        code = known.place(start.place).code
    except HjpError as error:
        stop_with(str(error))
    places = ask.place_options(known, code)
    chosen = st.selectbox(
        "Place",
        list(places),
        index=list(places).index(code),
        format_func=lambda one: ask.place_label(places[one]),
        key="report-place",
    )
    plan = replace(start, place=chosen)
    plan_to_address(plan)
    layers = ", ".join(known.label(name) for name, weight in plan.weights.items() if weight > 0)
    st.caption(
        escaped(f"Advice: {TOPICS[plan.topic].lower()}. Need: {layers}. Up to {plan.cutoff_km:g} km. ")
        + "Change the question on the pages before."
    )
    return plan


def _request(plan: Plan) -> Request:
    drawn = drawings()
    if not drawn:
        st.caption("Nothing is sketched, so the report has no options to compare. Sketch sites on page 5 first.")
        return Request(plan)
    names = "; ".join(str(one.get("properties", {}).get("name") or "Sketch") for one in drawn)
    if not st.checkbox(f"With what is sketched on the map ({len(drawn):,})", value=True, help=escaped(names)):
        return Request(plan)
    saved: Scenario | None = st.session_state.get("scenario")
    try:
        request = Request(plan, tuple(Candidate.from_feature(one) for one in drawn))
    except HjpError as error:
        stop_with(str(error))
    if saved is None:
        return request
    changes = saved.assumptions.changes()
    return replace(request, name=saved.name, rule=saved.rule, closed=saved.closed, assumptions=changes)


def _write(request: Request, known: Evidence, asked: tuple[str, ...]) -> None:
    bar = st.progress(0.0, text="Beginning …")

    def progress(share: float, what: str) -> None:
        bar.progress(share, text=f"{what} …")

    try:
        report, found = compose(request, known, progress)
    except HjpError as error:
        bar.empty()
        stop_with(str(error))
    bar.empty()
    st.session_state[_HELD] = _Held(asked, report, found)


def _downloads(held: _Held, known: Evidence) -> None:
    st.subheader(escaped(held.report.title))
    name = f"gap-analysis-{held.found.place.file_name}-{held.report.date}"
    for column, (suffix, (label, _)) in zip(st.columns(len(REPORT_FORMATS)), REPORT_FORMATS.items(), strict=True):
        column.download_button(
            label,
            data=partial(_bytes, held, known, suffix),
            file_name=f"{name}{suffix}",
            mime=_KINDS[suffix],
            on_click="ignore",
            key=f"report{suffix}",
            width="stretch",
        )
    st.caption("The data pack holds all of these, the tables, the map layers and a map that opens with no internet.")


def _bytes(held: _Held, known: Evidence, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_report(held.report, held.found, known, Path(folder) / f"report{suffix}").read_bytes()


def _preview(held: _Held, known: Evidence) -> None:
    with st.spinner("Drawing the pictures …"):
        body = _bytes(held, known, ".html").decode("utf-8")
    st.iframe(body, height=900, tab_index=0, alt="The report as a web page")
