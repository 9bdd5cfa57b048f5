"""The sketch panel: add a site by mouse or by postcode, and read at once who it would reach."""

from __future__ import annotations

import math
import re
import secrets

import pandas as pd
import streamlit as st
from pyproj import Transformer

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import TOPICS, Answer
from hjp_geo.prevalence import RANGE_IN_WORDS, cases_in_words
from hjp_geo.screens.state import drawings, replace_drawings
from hjp_geo.siting import Assessment, Candidate, Reached, assess
from hjp_geo.sketchmap import Drawing

__all__ = ["escaped", "panel"]

_COORDINATES = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>])")


def escaped(text: str) -> str:
    """Text from data as plain text: neither markup nor Markdown in it has any effect."""
    return _MARKDOWN.sub(r"\\\1", text)


def panel(found: Answer, known: Evidence) -> None:
    """Who the sketches would reach, and the ways to add and remove one without a mouse."""
    st.subheader("Sketch a site")
    _form(known)
    drawn = drawings()
    if not drawn:
        st.caption(
            "Draw a point with a radius or a polygon on the map, or add one here by postcode. "
            "The figures appear at once."
        )
        return
    _list(drawn)
    try:
        assessed = assess(found.plan, [Candidate.from_feature(one) for one in drawn], known)
    except HjpError as error:
        st.warning(str(error))
        return
    _figures(assessed, found, known)


def _form(known: Evidence) -> None:
    with st.form("add-site", clear_on_submit=True, border=False):
        where = st.text_input("Postcode, or latitude, longitude")
        left, right = st.columns(2, vertical_alignment="bottom")
        radius = left.number_input("Radius, km", 0.1, 50.0, 3.0, 0.5)
        if right.form_submit_button("Add site", width="stretch"):
            _add(where, float(radius), known)


def _add(where: str, radius_km: float, known: Evidence) -> None:
    point = _longitude_latitude(where, known)
    if point is None:
        st.warning("That is neither a postcode in the list nor a latitude and longitude such as 51.51, -0.12.")
        return
    site: Drawing = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(point)},
        "properties": {"id": secrets.token_hex(6), "name": where.strip()[:60], "radius_m": radius_km * 1000},
    }
    replace_drawings([*drawings(), site])
    st.rerun()


def _longitude_latitude(text: str, known: Evidence) -> tuple[float, float] | None:
    if match := _COORDINATES.fullmatch(text):
        latitude, longitude = map(float, match.groups())
        return longitude, latitude
    grid = known.postcode_point(text)
    if grid is None:
        return None
    longitude, latitude = Transformer.from_crs(BRITISH_NATIONAL_GRID, WGS84, always_xy=True).transform(*grid)
    return float(longitude), float(latitude)


def _list(drawn: list[Drawing]) -> None:
    for number, one in enumerate(drawn):
        properties = one.get("properties", {})
        name = str(properties.get("name") or f"Sketch {number + 1}")
        radius = properties.get("radius_m")
        what = f"{float(radius) / 1000:.1f} km around a point" if radius else "polygon"
        left, right = st.columns([0.75, 0.25], vertical_alignment="center")
        left.markdown(f"**{escaped(name)}** · {what}")
        right.button(
            "Remove",
            key=f"remove-{properties.get('id', number)}",
            help=f"Remove {name}",
            width="stretch",
            on_click=replace_drawings,
            args=([other for other in drawn if other is not one],),
        )


def _figures(assessed: Assessment, found: Answer, known: Evidence) -> None:
    total, topic = assessed.total, TOPICS[found.plan.topic].lower()
    first, second = st.columns(2)
    first.metric("People", f"{total.people:,.0f}", help="Residents, mid-2022, of the areas reached.")
    second.metric("People in need", f"{total.people_in_need:,.0f}", help=_need_help(known, found.plan.demand))
    first.metric(
        "Not reached before",
        "not known" if math.isnan(total.newly_reached) else f"{total.newly_reached:,.0f}",
        help=f"Residents with no counted {topic} site within {found.plan.cutoff_km:g} km today, in a straight line.",
    )
    second.metric(
        "Desert areas", f"{total.desert_areas:,}", help=f"{total.people_in_deserts:,.0f} people live in them."
    )
    first.metric("Advice sites inside", f"{len(total.advice_sites):,}", help=_names(total.advice_sites))
    second.metric("GP practices inside", f"{len(total.health_sites):,}", help=_names(total.health_sites))
    if total.areas_without_verdict:
        without = f"{total.areas_without_verdict:,} of {len(total.areas):,} areas have no verdict"
        st.caption(f"{without}: no data, which is not the same as no need.")
    st.markdown("**People on practice registers** (modelled estimates)")
    st.dataframe(_condition_table(total), hide_index=True, height=250)
    st.caption(RANGE_IN_WORDS)
    _sites_inside(total)
    if len(assessed.parts) > 1:
        st.markdown("**Each sketch** (people in more than one are counted once in the total)")
        st.dataframe(_parts_table(assessed), hide_index=True)
    for note in total.notes:
        st.caption(note)
    st.caption(assessed.rule)


def _need_help(known: Evidence, demand: str) -> str:
    return f"{known.label(demand)}. {known.caveat(demand)} An estimate for whole areas.".replace("  ", " ")


def _condition_table(total: Reached) -> pd.DataFrame:
    known = total.conditions.dropna(subset="people").sort_values("people", ascending=False)
    numbers = zip(known["people"], known["people_low"], known["people_high"], strict=True)
    words = [cases_in_words(*one).removeprefix("about ") for one in numbers]
    return pd.DataFrame({"Condition": known["label"].to_list(), "People, about": words})


def _parts_table(assessed: Assessment) -> pd.DataFrame:
    rows = [
        {
            "Sketch": part.name,
            "People": round(part.people),
            "In need": round(part.people_in_need),
            "Desert areas": part.desert_areas,
            "Advice sites": len(part.advice_sites),
            "GP practices": len(part.health_sites),
        }
        for part in assessed.parts
    ]
    return pd.DataFrame(rows)


def _sites_inside(total: Reached) -> None:
    if len(total.advice_sites) or len(total.health_sites):
        with st.expander("Advice sites and GP practices inside"):
            both = pd.concat([total.advice_sites.assign(kind="advice"), total.health_sites])
            st.dataframe(both[["site_name", "kind", "postcode"]], hide_index=True)


def _names(sites: pd.DataFrame) -> str | None:
    names = [escaped(str(name)) for name in sites["site_name"].head(10)]
    return "; ".join(names) + (" …" if len(sites) > len(names) else "") if names else None
