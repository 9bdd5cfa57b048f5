"""How every page looks: room for the map, and grey text dark enough to read (WCAG 2.2 AA)."""

from __future__ import annotations

import streamlit as st

__all__ = ["apply_style"]

_STYLE = """<style>
.stMainBlockContainer { padding-top: 3rem; padding-bottom: 3rem; }
[data-testid="stCaptionContainer"] p, [data-testid="stCaptionContainer"] { color: #4b5563; opacity: 1; }
button[aria-label="Clear all"], button[aria-label="Clear value"] { min-width: 24px; min-height: 24px; }
</style>"""


def apply_style() -> None:
    """Put the style on the page; once for each run of a page."""
    st.html(_STYLE)
