"""The data page: where every figure comes from, and what was left out."""

from __future__ import annotations

import streamlit as st

from hjp_geo.screens.sketch import escaped
from hjp_geo.screens.state import evidence
from hjp_geo.screens.style import apply_style

__all__ = ["page"]


def page() -> None:
    """Draw the data page."""
    known = evidence()
    apply_style()
    st.title("Data and credits")
    if known.made_up:
        st.warning("**Made-up data.** Every source below is invented, in the publisher's own layout.")
    st.caption(f"Warehouse built {known.built}; build {known.build_id}.")
    columns = ["title", "publisher", "release", "rows", "retrieved", "licence", "sha256", "url", "warnings"]
    st.dataframe(known.sources[columns].reset_index(), hide_index=True)
    st.subheader("What each table left out, and how much")
    st.dataframe(known.notes, hide_index=True, height=420)
    st.subheader("Layers")
    described = known.layers[["label", "unit", "role", "polarity", "caveat", "areas_missing"]]
    st.dataframe(described.reset_index(), hide_index=True)
    st.subheader("Credits")
    st.markdown("\n".join(f"- {escaped(line)}" for line in known.attribution(list(known.sources.index))))
