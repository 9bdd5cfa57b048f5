"""The saved scenarios as the pages list and fetch them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.scenario import Saved, Scenarios
from hjp_geo.screens.state import cache_folder
from hjp_geo.screens.text import escaped

__all__ = ["line", "readable", "store", "tried"]

_T = TypeVar("_T")


def store() -> Scenarios:
    """The scenarios of the cache folder in use."""
    return Scenarios(cache_folder())


def readable() -> dict[str, Saved]:
    """The scenarios that can be read, by key, last saved first."""
    return {row.key: row for row in store().list() if not row.trouble}


def line(row: Saved, known: Evidence) -> str:
    """One scenario of the list, in words."""
    place = known.places[row.place].name if row.place in known.places else row.place
    sketches = f"{row.sketches} sketch{'' if row.sketches == 1 else 'es'}"
    return f"{row.name} · {place} · {sketches} · {row.saved[:16].replace('T', ' ')}"


def tried(do: Callable[[], _T]) -> _T | None:
    """What came of it; where it fails for a reason that can be told, that is said and nothing came of it."""
    try:
        return do()
    except HjpError as error:
        st.warning(escaped(str(error)))
        return None
