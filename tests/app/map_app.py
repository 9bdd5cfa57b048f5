"""The page to sketch on, alone: a Streamlit script for the tests."""

from hjp_geo.screens import explore

explore.page()
