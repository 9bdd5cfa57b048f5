"""The pages in the order in which a service is planned, and links between them that carry the plan."""

from __future__ import annotations

import streamlit as st

from hjp_geo.screens import data, explore, gaps, place_people, printing, report, scenarios, selfcheck, takeup, tour
from hjp_geo.screens.going_on import keep_pages

__all__ = ["navigate"]


def navigate() -> None:
    """Draw the navigation and the page that is asked for."""
    pages = [
        st.Page(place_people.page, title="1 Place and people", url_path="place", default=True),
        st.Page(explore.need_page, title="2 Need", url_path="need"),
        st.Page(explore.provision_page, title="3 Provision and access", url_path="provision"),
        st.Page(gaps.page, title="4 Gaps: deserts, tested", url_path="deserts"),
        st.Page(takeup.page, title="4 Gaps: who is missing out?", url_path="take-up"),
        st.Page(explore.page, title="5 Sketch: the map", url_path="map"),
        st.Page(scenarios.page, title="6 Compare", url_path="compare"),
        st.Page(report.page, title="7 Report", url_path="report"),
        st.Page(data.page, title="8 Data and credits", url_path="data"),
        st.Page(selfcheck.page, title="8 Self-check", url_path="self-check"),
    ]
    keep_pages(pages)
    at = st.navigation(pages)
    tour.show(pages, at)
    at.run()
    printing.footer()
