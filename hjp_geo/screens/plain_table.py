"""A table on a page: its columns in words, whole numbers plain, others to two places, percentages to one."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from hjp_geo.areas import Table
from hjp_geo.screens.printing import printed_table

__all__ = ["plain_table"]

_ROUNDED_FROM = 1_000
"""A column with larger numbers is shown without decimals."""


def plain_table(table: Table, columns: dict[str, str]) -> None:
    """A table with its columns in words: whole numbers plain, others to two places, percentages to one."""
    shown = table[list(columns)].copy()
    for name in shown.select_dtypes(include="number").columns:
        if shown[name].abs().max() >= _ROUNDED_FROM:
            shown[name] = shown[name].round()
    st.dataframe(shown, hide_index=True, column_config={name: _column(shown, name, columns[name]) for name in columns})
    printed_table(shown, columns)


def _column(table: Table, name: str, label: str) -> ColumnConfig:
    if not pd.api.types.is_numeric_dtype(table[name].dtype) or pd.api.types.is_bool_dtype(table[name].dtype):
        return st.column_config.Column(label)
    if name.endswith("_pct"):
        return st.column_config.NumberColumn(label, format="%.1f")
    values = table[name].dropna().astype("float64")
    whole = bool((values == values.round()).all())
    return st.column_config.NumberColumn(label, format="localized" if whole else "%.2f")
