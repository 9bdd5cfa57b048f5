"""The Streamlit entry: navigation and nothing else; the pages live in `hjp_geo.screens`."""

import streamlit as st

from hjp_geo.screens import data, explore, gaps, printing, report, scenarios, selfcheck, takeup, tour

st.set_page_config(page_title="hjp-geo", layout="wide", initial_sidebar_state="auto")
pages = [
    st.Page(explore.page, title="Map", url_path="map", default=True),
    st.Page(gaps.page, title="Deserts, tested", url_path="deserts"),
    st.Page(takeup.page, title="Who is missing out?", url_path="take-up"),
    st.Page(scenarios.page, title="Compare", url_path="compare"),
    st.Page(report.page, title="Report", url_path="report"),
    st.Page(data.page, title="Data and credits", url_path="data"),
    st.Page(selfcheck.page, title="Self-check", url_path="self-check"),
]
at = st.navigation(pages)
tour.show(pages, at)
at.run()
printing.footer()
