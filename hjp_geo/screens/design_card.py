"""What a sketch would offer, and the eight choices of its design: forms that write into the sketch itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.plan import CHANNELS, TOPICS
from hjp_geo.screens.text import escaped
from hjp_geo.siting import DIMENSIONS, Candidate, DesignCard, Dimension, Offer
from hjp_geo.sketchmap import Drawing

__all__ = ["offer_and_design"]

_CHANNELS = {code: code.replace("_", " ").capitalize() for code in CHANNELS}
_LEVELS = {"general_advice": "General advice", "specialist_legal_aid": "Legal aid (specialist)"}


def offer_and_design(drawing: Drawing, candidate: Candidate, put: Callable[[Drawing], None]) -> None:
    """The form of one sketch; `put` takes the sketch with what was chosen."""
    key = str(drawing["properties"].get("id"))
    with st.form(f"design-{key}", border=False):
        st.markdown("**What it would offer**")
        offer = _offer(candidate.offer, key)
        st.markdown("**Design of the partnership**")
        design = {one.name: _choice(one, candidate.design, key) for one in DIMENSIONS.values()}
        if not st.form_submit_button("Keep these choices", width="stretch"):
            return
    try:
        chosen = {"offer": Offer.from_dict(offer).to_dict(), "design": DesignCard.from_dict(design).to_dict()}
    except HjpError as error:
        st.warning(escaped(str(error)))
        return
    put({**drawing, "properties": {**drawing["properties"], **chosen}})


def _offer(offer: Offer, key: str) -> dict[str, Any]:
    topics = st.multiselect(
        "Topics",
        list(TOPICS),
        default=list(offer.topics),
        format_func=TOPICS.__getitem__,
        key=f"topics-{key}",
        placeholder="As the question on the left",
    )
    left, right = st.columns(2)
    with left:
        channel = _one("How", _CHANNELS, offer.channel, f"channel-{key}")
        sessions = _amount("Sessions a week", offer.sessions_per_week, f"sessions-{key}", 200.0)
    with right:
        level = _one("Level", _LEVELS, offer.assistance, f"level-{key}")
        hours = _amount("Adviser hours a week", offer.adviser_hours_per_week, f"hours-{key}", 2_000.0)
    opens = st.date_input(
        "Would open on",
        value=dt.date.fromisoformat(offer.opens) if offer.opens else None,
        key=f"opens-{key}",
        format="YYYY-MM-DD",
    )
    return {
        "topics": topics,
        "channel": channel,
        "assistance": level,
        "sessions_per_week": sessions,
        "adviser_hours_per_week": hours,
        "opens": opens.isoformat() if isinstance(opens, dt.date) else "",
    }


def _one(label: str, words: dict[str, str], chosen: str, key: str) -> str:
    codes = list(words)
    return str(st.selectbox(label, codes, index=codes.index(chosen), format_func=words.__getitem__, key=key))


def _amount(label: str, value: float | None, key: str, most: float) -> float | None:
    """A number that may be left blank: nothing said is not 0."""
    return st.number_input(label, 0.0, most, value, 0.5, key=key, placeholder="not said", help="Blank: not decided.")


def _choice(one: Dimension, card: DesignCard, key: str) -> Any:
    chosen, codes = getattr(card, one.name), list(one.values)
    name = f"{one.name}-{key}"
    if one.several:
        codes = [code for code in codes if code != "unknown"]
        kept = [code for code in chosen if code in codes]
        return st.multiselect(
            one.label, codes, default=kept, format_func=one.values.__getitem__, key=name, placeholder="Not decided"
        )
    return st.selectbox(one.label, codes, index=codes.index(chosen), format_func=one.values.__getitem__, key=name)
