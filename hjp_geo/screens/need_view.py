"""Beside the map of need: what the index is made of here, and where in the place need is greatest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer
from hjp_geo.screens import need_panel
from hjp_geo.screens.plain_table import plain_table
from hjp_geo.screens.text import escaped

__all__ = ["panel"]

_MOST_ROWS = 15


def panel(found: Answer, known: Evidence) -> None:
    """Draw the panel: worst areas, districts, the layers."""
    st.markdown(f"**Need in {escaped(found.place.name)}**")
    _worst_fifth(found)
    st.markdown("**The areas of greatest need**")
    plain_table(
        found.areas.sort_values("need_rank").head(_MOST_ROWS).reset_index(),
        {
            "need_rank": "Rank",
            "area_name": "Name",
            "lad24_name": "District",
            "people_in_need": "People in need",
            "residents": "Residents",
        },
    )
    st.caption(_framed_words(found))
    if found.areas["lad24_code"].nunique() > 1:
        st.markdown("**Its districts**")
        plain_table(
            _districts(found),
            {
                "lad24_name": "District",
                "residents": "Residents",
                "people_in_need": "People in need",
                "worst_pct": "% of residents in the worst fifth",
            },
        )
    st.markdown("**What need is made of**")
    plain_table(
        _layers(found, known),
        {"label": "Layer", "share_pct": "Weight, %", "direction": "Direction", "missing": "Areas without it"},
    )
    for name in found.plan.weights:
        if known.caveat(name):
            st.caption(f"{escaped(known.label(name))}: {escaped(known.caveat(name))}")


def _worst_fifth(found: Answer) -> None:
    rows = found.areas
    worst = (rows["need_fifth"] == 1).fillna(value=False).astype(bool)
    residents = float(rows["residents"].sum())
    share = 100 * float(rows.loc[worst, "residents"].sum()) / residents if residents else np.nan
    st.markdown(
        f"**{rows.loc[worst, 'residents'].sum():,.0f} people** ({share:.1f} %) live in **{int(worst.sum()):,} of "
        f"{len(rows):,} areas** that are in the worst fifth for need. People in need there: "
        f"**{rows.loc[worst, 'people_in_need'].sum():,.0f}**, of {rows['people_in_need'].sum():,.0f} in the place."
    )
    if unknown := int(rows["need"].isna().sum()):
        st.caption(f"Areas without a need score, for want of data: {unknown:,}. They are in no fifth.")


def _framed_words(found: Answer) -> str:
    among = "of all areas loaded" if found.plan.frame == "england" else "of this place"
    return f"Ranks and fifths are {among}; 1 is the most need. The table below the map has every area."


def _districts(found: Answer) -> Table:
    rows = found.areas.assign(
        worst=found.areas["residents"].where((found.areas["need_fifth"] == 1).fillna(value=False), 0)
    )
    sums = rows.groupby("lad24_name")[["residents", "people_in_need", "worst"]].sum().reset_index()
    sums["worst_pct"] = 100 * sums["worst"] / sums["residents"].where(sums["residents"] > 0)
    return sums.sort_values("worst_pct", ascending=False)


def _layers(found: Answer, known: Evidence) -> Table:
    total = sum(found.plan.weights.values())
    rows = [
        {
            "label": known.label(name),
            "share_pct": 100 * weight / total,
            "direction": need_panel.direction(known, name),
            "missing": int(found.areas[name].isna().sum()),
        }
        for name, weight in found.plan.weights.items()
        if weight > 0
    ]
    return pd.DataFrame(rows)
