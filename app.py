"""The Streamlit entry: navigation and nothing else; the pages live in `hjp_geo.screens`."""

import streamlit as st

from hjp_geo.screens.navigation import navigate

st.set_page_config(page_title="hjp-geo", layout="wide", initial_sidebar_state="auto")
navigate()
