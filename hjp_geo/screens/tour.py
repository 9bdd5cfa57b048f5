"""The first visit: five steps from a place to a report, each beside the real control; closed once, it stays closed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, answer
from hjp_geo.presets import PRESETS
from hjp_geo.screens import ask, need_panel
from hjp_geo.screens.paint import ACCESS, NEED
from hjp_geo.screens.state import drawings, replace_drawings, standing_evidence
from hjp_geo.screens.text import escaped
from hjp_geo.siting import Candidate
from hjp_geo.sketchmap import Drawing

__all__ = ["SAMPLE_SITE", "STEPS", "Step", "show"]

_STEP, _COOKIE, _ADDRESS = "tour-step", "hjp_geo_tour", "tour"
_CLOSED = "off"
_COOKIE_SECONDS = 365 * 24 * 60 * 60
_SAMPLE_KM = 3.0
SAMPLE_SITE = "Sample site"
"""What the site of the tour is called, so that nobody takes it for a proposal."""


@dataclass(frozen=True)
class Step:
    """One step: what to do, on which page, at which controls, and how the tour does it for the user."""

    title: str
    text: str
    pages: tuple[str, ...]
    """The addresses of the pages where it can be done, the best first; "" is the page the app opens with."""
    controls: tuple[str, ...]
    """CSS selectors of the controls that are outlined while the step stands."""
    does: tuple[str, Callable[[Evidence, Plan], str]] | None = None
    """The button that does it for the user; it answers with what was done, in words."""


def show(pages: Sequence[st.Page], at: st.Page) -> None:
    """The step that stands, above the page ``at``; or, in the panel on the left, the button that starts the tour."""
    known = standing_evidence()
    if known is None:
        return
    if _STEP not in st.session_state:
        st.session_state[_STEP] = _first_step(at)
    step = st.session_state[_STEP]
    if step is None:
        st.sidebar.button("Take the tour", key="tour-start", type="tertiary", on_click=_go, args=(0,))
    else:
        _bar(int(step), known, {one.url_path: one for one in pages}, at)
    _remember(step)


def _first_step(at: st.Page) -> int | None:
    """Where a session begins: as the link or the browser says; a plain first visit begins the tour."""
    said = st.query_params.get(_ADDRESS) or st.context.cookies.get(_COOKIE)
    if said is not None:
        return min(int(said), len(STEPS)) - 1 if said.isdecimal() and int(said) >= 1 else None
    # whoever opens a colleague's link, or one page, wants to see that and not to be shown round
    from_a_link = {"scenario", *(one.name for one in fields(Plan))} & set(st.query_params)
    return None if from_a_link or at.url_path else 0


def _go(step: int | None) -> None:
    st.session_state[_STEP] = step
    st.session_state.pop("tour-done", None)


def _bar(number: int, known: Evidence, pages: dict[str, st.Page], at: st.Page) -> None:
    step = STEPS[number]
    with st.container(key="tour", border=True, gap="small"):
        st.html(f"<style>{', '.join(step.controls)} {_OUTLINE}</style>")
        st.markdown(f"## Tour, step {number + 1} of {len(STEPS)}: {step.title}")
        done = st.session_state.get("tour-done")
        st.markdown(f"{step.text} **{escaped(done)}**" if done else step.text)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _offer(step, known, pages, at)
            if number:
                st.button("Back", key="tour-back", on_click=_go, args=(number - 1,))
            if number + 1 < len(STEPS):
                st.button("Next step", key="tour-next", on_click=_go, args=(number + 1,))
            label = "Close the tour" if number + 1 < len(STEPS) else "Finish the tour"
            st.button(label, key="tour-close", type="tertiary", on_click=_go, args=(None,))


def _offer(step: Step, known: Evidence, pages: dict[str, st.Page], at: st.Page) -> None:
    """What the step can do for the user, or the way to the page where it can."""
    meant = [pages[path] for path in step.pages if path in pages]
    if step.does is None:
        for page in meant:
            if page.url_path != at.url_path:
                st.page_link(page, label=f"Open “{page.title}”")
    elif meant and at.url_path != meant[0].url_path:
        st.page_link(meant[0], label=f"Open “{meant[0].title}”")
    else:
        label, _ = step.does
        st.button(label, key="tour-do", type="primary", on_click=_do, args=(step, known))


def _do(step: Step, known: Evidence) -> None:
    if step.does is None:
        return
    try:
        said = step.does[1](known, st.session_state.get("asked_plan") or ask.usual_plan(known))
    except HjpError as error:
        said = f"That could not be done. {error}"
    st.session_state["tour-done"] = said


def _remember(step: int | None) -> None:
    """Keep the step in a cookie of this browser, so that a reload goes on and a closed tour stays closed."""
    said = _CLOSED if step is None else str(step + 1)
    if st.session_state.get("tour-remembered", st.context.cookies.get(_COOKIE)) == said:
        return
    st.session_state["tour-remembered"] = said
    cookie = f"{_COOKIE}={said}; path=/; max-age={_COOKIE_SECONDS}; SameSite=Lax"
    with st.sidebar:
        st.html(f"<script>document.cookie = '{cookie}'</script>", unsafe_allow_javascript=True)


# what each step does ------------------------------------------------------------------------------------------------


def _choose_people(known: Evidence, plan: Plan) -> str:
    usable = need_panel.usable_presets(known, plan)
    if not usable:
        return "No preset fits the layers that are loaded: choose layers and weights on the page of need instead."
    if plan.preset in usable:
        return f"{PRESETS[plan.preset].label} is chosen already."
    need_panel.choose_preset(usable[0], known, plan)
    st.session_state["people-preset"] = usable[0]
    return f"Chosen: {PRESETS[usable[0]].label.lower()}."


def _show_need(_known: Evidence, _plan: Plan) -> str:
    st.session_state["shown"] = NEED
    return "The map shows the need index."


def _show_access(known: Evidence, plan: Plan) -> str:
    """Colour by access, and ask about the desert with the most need."""
    st.session_state["shown"] = ACCESS
    worst = _worst_area(known, plan)
    if worst is None:
        return "The map shows access. No area here is a desert by this rule."
    st.session_state["chosen_area"] = worst
    st.session_state["chosen_revision"] = int(st.session_state.get("chosen_revision", 0)) + 1
    name = known.areas["area_name"].to_dict()[worst]
    return f"The map shows access, and {name}, the desert of most need, is chosen."


def _add_sample_site(known: Evidence, plan: Plan) -> str:
    """A circle at the health site nearest to the desert with the most need, once."""
    if any(_name(one) == SAMPLE_SITE for one in drawings()):
        return "The sample site is on the map already."
    code = _worst_area(known, plan) or str(known.areas_of(plan.place)[0])
    area: Any = known.areas.loc[code]
    place, where = area, "the middle of"
    sites = known.health_sites.dropna(subset=["easting", "northing"])
    if len(sites):
        away = (sites["easting"] - area["easting"]) ** 2 + (sites["northing"] - area["northing"]) ** 2
        place = sites.iloc[int(away.to_numpy().argmin())]
        where = f"{place['site_name']}, near"
    site = Candidate.circle(float(place["easting"]), float(place["northing"]), _SAMPLE_KM, SAMPLE_SITE)
    replace_drawings([*drawings(), site.to_feature(secrets.token_hex(6))])
    return f"Added, {_SAMPLE_KM:g} km around {where} {area['area_name']}."


def _worst_area(known: Evidence, plan: Plan) -> str | None:
    """The desert with the most need; None where nothing is flagged."""
    areas = answer(plan, known).areas
    flagged = areas[areas["desert"].fillna(value=False).astype(bool)]["need"].dropna()
    return None if flagged.empty else str(flagged.astype("float64").idxmax())


def _name(drawing: Drawing) -> str:
    return str(drawing.get("properties", {}).get("name"))


_OUTLINE = "{ outline: 3px solid #1d4ed8; outline-offset: 4px; border-radius: 6px; }"

STEPS = (
    Step(
        "choose a place and people",
        "**Place** says where, and **Target population** says for whom: it fills the layers and weights that "
        "need is made of. Every page takes both up; the pages stand in the panel on the left (» at the top opens it).",
        ("",),
        (".st-key-people-preset", '[class*="st-key-people-place"]'),
        ("Choose people for me", _choose_people),
    ),
    Step(
        "read need",
        "Darker areas need more; white with lines is no data. Point at an area, or move the map with the arrow keys, "
        "to read its figures. Every figure is also in the table below the map.",
        ("need", "map", ""),
        (".st-key-shown", ".st-key-need-layers"),
        ("Show need on the map", _show_need),
    ),
    Step(
        "see who cannot reach advice",
        "Hatched areas are deserts: much need, little advice in reach. Click one, or choose it under “Ask about an "
        "area”, to read why. A desert may also be a gap in the lists.",
        ("map", ""),
        (".st-key-shown", '[class*="st-key-why-"]'),
        ("Show access, and ask about one desert", _show_access),
    ),
    Step(
        "sketch a site",
        "Draw a circle or an area on the map, or add one by postcode or grid reference under “Sketch a site”. At once "
        "you read whom it would reach.",
        ("map", ""),
        ('[data-testid="stForm"]:has([aria-label^="Postcode, or"])',),
        ("Add a sample site", _add_sample_site),
    ),
    Step(
        "compare and report",
        "What you sketch is saved by itself: duplicate it under “Scenarios”, change the copy, and compare the two. "
        "The report says it all in words, with its sources. The link in the address bar shows a colleague the same.",
        ("compare", "report"),
        ('[data-testid="stSidebarNavLink"][href$="/compare"]', '[data-testid="stSidebarNavLink"][href$="/report"]'),
    ),
)
"""The steps in their order."""
