"""Two scenarios as tables: what differs in how they were made, totals, who wins and who loses, and every area."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.scenario import Comparison

__all__ = ["areas", "clash_table", "csv_of", "totals", "winners_and_losers"]

_MOST_ROWS = 2_500
_ROW_PX = 35
_WHOLE = ("people", "areas", "sketches", "sites", "people in need")
_SAME = 1e-9


def clash_table(clashes: Table) -> None:
    """What differs beside the sketches, field by field."""
    names = {"kind": "What", "field": "Field", "a": "a", "b": "b", "here": "Loaded here", "effect": "So"}
    shown = clashes[list(names)].rename(columns=names)
    st.dataframe(shown, hide_index=True, height=_high(len(shown)), width="stretch")


def totals(found: Comparison) -> None:
    """The totals of both, their difference, and in which of them each is better."""
    rows = found.totals
    table = pd.DataFrame({"Figure": rows["label"].to_list()})
    for column, name in (("a", f"a: {found.a.name}"), ("b", f"b: {found.b.name}"), ("difference", "b − a")):
        table[name] = [_figure(*one) for one in zip(rows[column], rows["unit"], strict=True)]
    table["Better in"] = [_better(*one) for one in zip(rows["difference"], rows["better"], strict=True)]
    table["Unit"] = rows["unit"].to_list()
    st.dataframe(table, hide_index=True, height=_high(len(table)), width="stretch")


def _figure(value: float, unit: str) -> str:
    if np.isnan(value):
        return "not known"
    return f"{value:,.0f}" if unit in _WHOLE else f"{value:,.2f}"


def _better(difference: float, better: str) -> str:
    if np.isnan(difference) or not better:
        return ""
    if abs(difference) <= _SAME:
        return "the same"
    return "b" if (difference > 0) == (better == "high") else "a"


def winners_and_losers(found: Comparison) -> None:
    """The areas and people that gain or lose access or reach, from a to b."""
    access = {"difference": "b − a", "access_a": "Access in a", "access_b": "Access in b"}
    reach = {"nearest_km_a": "Nearest in a, km", "nearest_km_b": "Nearest in b, km"}
    left, right = st.columns(2)
    with left:
        _side("Gain access", "Better access in b than in a.", found.winners, access)
        _side("Gain reach", "A sketch of b reaches them, none of a does.", found.newly_reached, reach)
    with right:
        _side("Lose access", "Worse access in b than in a.", found.losers, access)
        _side("Lose reach", "A sketch of a reaches them, none of b does.", found.no_longer_reached, reach)


def _side(title: str, words: str, table: Table, more: dict[str, str]) -> None:
    st.markdown(f"#### {title}")
    if table.empty:
        st.caption(f"{words} Nobody.")
        return
    people, need = table["residents"].sum(), table["people_in_need"].sum()
    st.caption(f"{words} {len(table):,} areas, {people:,.0f} people, {need:,.0f} of them in need.")
    names = {"area_name": "Area", "lad24_name": "District", "residents": "People", "people_in_need": "In need", **more}
    _areas_table(table, names, height=min(300, _high(len(table))))


def areas(found: Comparison) -> None:
    """Every area of the maps with the figures that they are coloured by."""
    names = {
        "area_name": "Area",
        "lad24_name": "District",
        "residents": "People",
        "people_in_need": "In need",
        "access_a": "Access in a",
        "access_b": "Access in b",
        "difference": "b − a",
        "nearest_km_a": "Nearest in a, km",
        "nearest_km_b": "Nearest in b, km",
        "reached_a": "Reached in a",
        "reached_b": "Reached in b",
        "desert_a": "Desert in a",
        "desert_b": "Desert in b",
    }
    table = found.areas.sort_values("people_in_need", ascending=False, kind="stable")
    _areas_table(table, names, height=320)
    if len(table) > _MOST_ROWS:
        st.caption(f"The {_MOST_ROWS:,} areas with most people in need; all {len(table):,} are in the file.")


def _areas_table(table: Table, names: dict[str, str], height: int) -> None:
    shown = table[list(names)].head(_MOST_ROWS).rename(columns=names)
    shown[["People", "In need"]] = shown[["People", "In need"]].astype("float64").round()
    whole = {name: st.column_config.NumberColumn(name, format="localized") for name in ("People", "In need")}
    st.dataframe(shown.round(1).rename_axis("Code"), height=height, width="stretch", column_config=whole)


def csv_of(found: Comparison, clashes: Table) -> bytes:
    """Every area as CSV, with what differs, the warnings and the credits in lines before it."""
    differs = (f"{row.kind}, {row.field}: a {row.a}; b {row.b}" for row in clashes.itertuples(index=False))
    before: Sequence[str] = [
        f"a: {found.a.name}",
        f"b: {found.b.name}",
        *(f"differs: {one}" for one in differs),
        *found.warnings,
        *found.attribution,
    ]
    lines = [f"# {' '.join(line.split())}" for line in before]
    return ("\n".join(lines) + "\n" + found.areas.to_csv()).encode()


def _high(rows: int) -> int:
    return _ROW_PX * (rows + 1) + 3
