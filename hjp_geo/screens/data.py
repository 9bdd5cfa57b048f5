"""The data page: where every figure comes from, how far it can be trusted, what changed, and the user's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.build import previous_folder
from hjp_geo.compare import Flips, TableDiff, compare_warehouses, declared_keys, diff_lines, flips
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, answer
from hjp_geo.quality import KINDS
from hjp_geo.screens import ask, own
from hjp_geo.screens.sketch import escaped
from hjp_geo.screens.state import cache_folder, evidence
from hjp_geo.screens.style import apply_style
from hjp_geo.screens.working import Progress, forget, worked
from hjp_geo.store import Warehouse, warehouse_path
from hjp_geo.trace import OF_AN_ANSWER, Trace, trace_answer, trace_lines

__all__ = ["page"]

_SOURCES = {
    "title": "Dataset",
    "publisher": "Publisher",
    "release": "Release",
    "retrieved": "Retrieved",
    "rows": "Rows",
    "licence": "Licence",
    "made_up": "Made up",
    "warnings": "Notes",
    "attribution": "Credit",
    "url": "Address",
    "sha256": "SHA-256",
    "source": "Name here",
}
_FINDINGS = {
    "kind": "Kind",
    "table_name": "Table",
    "what": "What",
    "rows": "Rows",
    "of_rows": "Of",
    "people": "People concerned",
    "examples": "Such as",
}
_MOST_AREAS = 2_500


def page() -> None:
    """Draw the data page."""
    known = evidence()
    apply_style()
    st.title("Data, trust and credits")
    if known.made_up:
        st.warning("**Made-up data.** The sources that are marked so are invented, in the publisher's own layout.")
    st.caption(f"Warehouse built {escaped(known.built)}; build {known.build_id}.")
    own.in_play(known)
    names = ("Sources", "Data quality", "Your own data", "Duplicates", "Trace a number", "What changed", "Layers")
    sources, quality, mine, duplicates, traced, changed, layers = st.tabs(names)
    with sources:
        _sources(known)
    with quality:
        _quality(known)
    with mine:
        own.panel(known)
    with duplicates:
        own.duplicates(known)
    with traced:
        _trace(known)
    with changed:
        _changed(known)
    with layers:
        described = known.layers[["label", "unit", "role", "polarity", "caveat", "areas_missing"]]
        st.dataframe(described.reset_index(), hide_index=True)


def _sources(known: Evidence) -> None:
    table = known.sources.reset_index()
    st.dataframe(table[list(_SOURCES)], hide_index=True, column_config=dict(_SOURCES))
    st.subheader("Credits")
    st.markdown("As the licences require them in every copy:")
    st.markdown("\n".join(f"- {escaped(line)}" for line in known.attribution(list(known.sources.index))))


def _quality(known: Evidence) -> None:
    table = known.quality
    if table.empty:
        st.info("This warehouse was built without a data-quality report. Run `hjp-geo build` to get one.")
    else:
        look = int(table["look"].sum())
        st.markdown(
            f"**{look:,} of {len(table):,} checks found something to look at.** A finding changes no number: it says "
            "what does not join, what looks wrong and what is old, and how many rows and people it touches."
        )
        everything = st.toggle("Show also the checks that found nothing", key="quality-all")
        rows = table if everything else table[table["look"]]
        shown = rows.assign(kind=rows["kind"].map(dict(KINDS)))[list(_FINDINGS)]
        labels: dict[str, Any] = {**_FINDINGS}
        for name in ("rows", "of_rows", "people"):
            labels[name] = st.column_config.NumberColumn(_FINDINGS[name], format="localized")
        st.dataframe(shown, hide_index=True, column_config=labels)
    st.markdown("**What each table left out, or says of itself**")
    st.dataframe(known.notes, hide_index=True, height=420, column_config=_notes())


def _notes() -> dict[str, Any]:
    return {
        "table_name": "Table",
        "note": "What",
        "amount": st.column_config.NumberColumn("How many", format="localized"),
    }


def _trace(known: Evidence) -> None:
    st.markdown("Any number back to its file: choose an area and what to trace.")
    left, right = st.columns(2)
    plan = ask.usual_plan(known)
    areas = list(known.areas_of(plan.place)[:_MOST_AREAS])
    names = known.areas["area_name"].to_dict()
    typed = (
        left.text_input("Code of an area (or choose one of the first place below)", key="trace-code").strip().upper()
    )
    chosen = left.selectbox("Area", areas, format_func=lambda code: f"{names[code]} ({code})", key="trace-area")
    labels = {name: label for name, (label, _unit) in OF_AN_ANSWER.items()}
    shown = known.layers[known.layers["role"] != "range"]
    labels |= {str(name): f"{label} ({name})" for name, label in shown["label"].items()}
    layer = right.selectbox(
        "Number", list(labels), format_func=labels.__getitem__, index=len(OF_AN_ANSWER), key="trace-layer"
    )
    if not right.button("Trace it", key="trace-go"):
        return
    try:
        found = trace_answer(known, answer(ask.usual_plan(known), known), typed or chosen, layer)
    except HjpError as error:
        st.error(escaped(str(error)))
        return
    _show_trace(found)


def _show_trace(found: Trace) -> None:
    lines = trace_lines(found)
    st.markdown(f"**{escaped(lines[0])}**")
    # a line that is set in belongs to the one above it
    st.markdown("\n".join(f"{'    ' if line.startswith(' ') else ''}- {escaped(line.strip())}" for line in lines[1:]))
    for table in found.tables:
        if table.rows:
            st.caption(escaped(f"{table.name}: {len(table.rows):,} of {table.row_count:,} rows for this area"))
            st.dataframe(pd.DataFrame(list(table.rows)), hide_index=True)


def _changed(known: Evidence) -> None:
    folder = previous_folder(cache_folder())
    if not warehouse_path(folder).is_file():
        st.info(
            "Nothing to compare with yet: the warehouse before a change of releases is kept from the next build on. "
            "`hjp-geo diff A B` compares any two cache folders, `hjp-geo diff --source NAME A B` two releases."
        )
        return
    st.markdown("What the last change of releases changed: rows, and areas whose need decile or desert verdict flips.")
    if not st.button("Compare with the warehouse before", key="changed-go"):
        return
    try:
        forget("changed")
        plan, cache = ask.usual_plan(known), cache_folder()
        found = worked(
            "changed", known.build_id, lambda report: _compared(folder, cache, known, plan, report), "Reading"
        )
    except HjpError as error:
        st.error(escaped(str(error)))
        return
    if found is not None:
        _show_changed(*found)


def _compared(
    folder: Path, cache: Path, known: Evidence, plan: Plan, report: Progress
) -> tuple[list[TableDiff], Flips]:
    """What the warehouse of a folder has otherwise, and whose verdict flips."""
    report(0.1, "Comparing the tables")
    diffs = list(compare_warehouses(Warehouse.open(folder), known.warehouse, declared_keys()))
    report(0.6, "Reading the warehouse before")
    before = Evidence.load(folder, own_from=cache)
    report(0.8, "Comparing the verdicts")
    return diffs, flips(answer(plan, before).framed, answer(plan, known).framed)


def _show_changed(diffs: list[TableDiff], turned: Flips) -> None:
    rows = [
        {
            "Table": one.name,
            "Rows before": one.before_rows,
            "Rows after": one.after_rows,
            "Added": len(one.added),
            "Gone": len(one.gone),
            "Changed": one.changed_rows,
            "Examples": " · ".join(line.strip() for line in diff_lines(one)[1:4]),
        }
        for one in diffs
        if not one.same
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    for what, table in (("need decile", turned.decile), ("desert verdict", turned.desert)):
        people = float(table["residents"].sum())
        st.markdown(f"**Another {what}**, by the plan of a first visit: {len(table):,} areas, {people:,.0f} people.")
        if len(table):
            st.dataframe(_flip_rows(table), column_config={"area_name": "Name", "before": "Before", "after": "After"})


def _flip_rows(table: Table) -> Table:
    return table.head(_MOST_AREAS).assign(before=table["before"].astype("str"), after=table["after"].astype("str"))
