"""The Streamlit entry: navigation and nothing else; the pages live in `hjp_geo.screens`."""

import streamlit as st

from hjp_geo.screens import data, explore, takeup

st.set_page_config(page_title="hjp-geo", layout="wide", initial_sidebar_state="expanded")
st.navigation(
    [
        st.Page(explore.page, title="Map", url_path="map", default=True),
        st.Page(takeup.page, title="Who is missing out?", url_path="take-up"),
        st.Page(data.page, title="Data and credits", url_path="data"),
    ]
).run()
