"""Where to go next: links from page to page that carry the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

__all__ = ["keep_pages", "link_to"]

_PAGES = "pages_of_the_app"


def keep_pages(pages: Sequence[Any]) -> None:
    """Remember the pages of the app, by title, for `link_to`."""
    st.session_state[_PAGES] = {page.title: page for page in pages}


def link_to(beginning: str, why: str) -> None:
    """A link to the page whose title begins so, with the address as it stands; nothing where there is no such page."""
    for title, page in st.session_state.get(_PAGES, {}).items():
        if title.startswith(beginning):  # the first of them: a step may have two pages
            st.page_link(page, label=f"**{title}**: {why}", query_params=st.query_params.to_dict())
            return
