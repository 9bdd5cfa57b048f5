"""What only paper shows: tables as plain HTML, and below them the link, the date, the build and the credits."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Mapping
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence
from hjp_geo.screens.state import standing_evidence

__all__ = ["footer", "printed_table", "table_as_html"]

_TABLES = ("areas", "sites", "services", "health_sites", "area_boundaries")
"""What every answer rests on."""
_MOST_ROWS = 25
"""Of a printed table, unless told otherwise: each is sent to the browser with the page."""


def printed_table(table: Table, labels: Mapping[str, str], *, most_rows: int = _MOST_ROWS, rest: str = "") -> None:
    """The first rows of a table, on paper only, where the table of the screen could not be whole.

    Put it right after the table of the screen, which paper then leaves out. ``rest`` says where the other rows are.
    """
    st.html(f'<div class="hjp-on-paper">{table_as_html(table, labels, most_rows=most_rows, rest=rest)}</div>')


def table_as_html(table: Table, labels: Mapping[str, str], *, most_rows: int = _MOST_ROWS, rest: str = "") -> str:
    """The first rows of a table as HTML: every text escaped, a missing value is "no data", never an empty cell."""
    head = "".join(f'<th scope="col">{html.escape(label)}</th>' for label in labels.values())
    rows = table[list(labels)].head(most_rows).itertuples(index=False, name=None)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    more = (
        f"<p>The first {most_rows:,} of {len(table):,} rows. {html.escape(rest)}</p>" if len(table) > most_rows else ""
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def footer() -> None:
    """Below every page, on paper only: what it shows, and how to find it again. Nothing without a warehouse."""
    known = standing_evidence()
    if known is not None:
        st.html(f'<div class="hjp-on-paper"><footer>{_footer_lines(known)}</footer></div>')


def _footer_lines(known: Evidence) -> str:
    now = dt.datetime.now(tz=dt.UTC).astimezone()
    made_up = "<strong>Made-up data: no figure here is about a real place.</strong><br>" if known.made_up else ""
    build = f"Warehouse built {html.escape(known.built)}; build {html.escape(known.build_id)}."
    lines = " ".join(html.escape(line) for line in known.attribution(_asked_layers(known)))
    return f"{made_up}Printed {now.day} {now:%B %Y, %H:%M}. {build}<br>Link: {html.escape(_link())}<br>Credits: {lines}"


def _link() -> str:
    """The address of the view, as the address bar has it once the page has run."""
    base = (st.context.url or "").partition("?")[0]
    asked = urlencode(st.query_params.to_dict())
    return f"{base}?{asked}" if asked else base


def _asked_layers(known: Evidence) -> list[str]:
    """The layers and tables that the question rests on; every source where no question was asked yet."""
    plan = st.session_state.get("asked_plan")
    if plan is None:
        return list(known.sources.index)
    layers = [name for name in plan.weights if name in known.layers.index]
    return [*layers, plan.demand, *_TABLES]


def _cell(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "<td>no data</td>"
    if isinstance(value, bool | np.bool_):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, int | float):
        text = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1_000 else f"{value:,.2f}"
        return f'<td class="hjp-number">{text}</td>'
    return f"<td>{html.escape(str(value))}</td>"
