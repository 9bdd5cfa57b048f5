"""The user's own data on the page: bring, look at every error, accept, remove; and sites that look like one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.own.areas import AREA_TEMPLATE, AreaQuestion, check_areas
from hjp_geo.own.grades import MEANING
from hjp_geo.own.hygiene import likely_ones, look_alikes
from hjp_geo.own.problems import OwnFileError, Problem
from hjp_geo.own.providers import CheckedProviders, check_providers, providers_csv
from hjp_geo.own.schema import COLUMNS, template
from hjp_geo.own.sheet import MOST_BYTES
from hjp_geo.own.shelf import (
    Decision,
    OwnLayer,
    ProviderSet,
    add_decision,
    add_decisions,
    keep_layer,
    keep_providers,
    remove_decision,
    remove_own,
    take_back,
)
from hjp_geo.screens.sketch import escaped
from hjp_geo.screens.state import cache_folder

__all__ = ["duplicates", "in_play", "panel"]

_MOST_SHOWN = 500
_TYPES = ["csv", "xlsx", "txt"]
_MOST_MB = MOST_BYTES // 1_000_000
_PREVIEW = ("site_name", "provider_name", "channel", "topics", "postcode", "hours_per_week", "checked_on")
_POLARITIES = {
    "high_is_need": "High means more need",
    "low_is_need": "Low means more need",
    "none": "Neither: context only",
}
_KINDS = {"rate": "A rate, share or score (averaged)", "count": "A count of people or cases (divided and added up)"}
_PAIR_KINDS = {"likely": "Likely one", "ask": "Perhaps one", "neighbours": "Neighbours under one roof"}


def in_play(known: Evidence) -> None:
    """Say that own data are in play, where they are, and what could not be done with them."""
    if said := st.session_state.pop("own-said", None):
        st.error(escaped(said))
    if words := known.own.in_words():
        st.info(f"**Your own data are in play:** {escaped(words)}. Every figure, map and file rests on them too.")
    for one in known.own_lost:
        lost = f"{one.keep_name} and {one.drop_name}"
        st.warning(f"A decision about duplicates finds its sites no more and is not applied: {escaped(lost)}.")


def panel(known: Evidence) -> None:
    """Bring, look at, accept and remove lists of providers and values of areas."""
    st.markdown(
        "Open lists hold few of the places where advice is given. Bring what you know: a list of **providers**, or "
        "**values of areas** as a layer. A file is checked first, every error is named, and nothing counts until you "
        "accept it. Accepted data stay on this computer, in the cache folder; **they count for everybody who uses this "
        "server**, until they are removed. Bring no names of people."
    )
    _kept(known)
    providers, areas = st.tabs(("Providers", "Values of areas"))
    with providers:
        _providers(known)
    with areas:
        _areas(known)


def _kept(known: Evidence) -> None:
    for one in known.own.providers:
        _kept_row(one.name, f"providers, {len(one.rows):,} rows", one.filename, one.sha256, one.accepted, one)
    for layer in known.own.layers:
        what = f"layer “{layer.label}” ({layer.unit}), {len(layer.values):,} areas"
        _kept_row(layer.name, what, layer.filename, layer.sha256, layer.accepted, None)


def _kept_row(name: str, what: str, filename: str, digest: str, accepted: str, providers: ProviderSet | None) -> None:
    about, export, remove = st.columns([0.6, 0.2, 0.2], vertical_alignment="center")
    about.markdown(f"**{escaped(name)}**: {escaped(what)}, from {escaped(filename)}, accepted {escaped(accepted)}")
    about.caption(f"SHA-256 {digest}")
    if providers is not None:
        export.download_button(
            f"Download {name} to edit",
            providers_csv([row.cells for row in providers.rows]).encode("utf-8-sig"),
            file_name=f"{name}.csv",
            mime="text/csv",
            on_click="ignore",
            key=f"own-export-{name}",
        )
    remove.button(f"Remove {name}", key=f"own-remove-{name}", on_click=_remove, args=(name,))


def _remove(name: str) -> None:
    try:
        remove_own(cache_folder(), name)
    except HjpError as error:
        st.session_state["own-said"] = str(error)


def _providers(known: Evidence) -> None:
    st.download_button(
        "Download the template", template().encode("utf-8-sig"), "providers.csv", "text/csv", on_click="ignore"
    )
    with st.expander("What each column holds"):
        rows = [(one.name, "yes" if one.needed else "", one.meaning, ", ".join(one.words)) for one in COLUMNS.values()]
        st.dataframe(pd.DataFrame(rows, columns=["Column", "Needed", "What", "Words"]), hide_index=True)
    file = st.file_uploader(
        "A list of providers (CSV UTF-8, or .xlsx)", type=_TYPES, key="own-file", max_upload_size=_MOST_MB
    )
    if file is None:
        return
    try:
        with st.spinner("Checking the file …"):
            checked = _checked(known, file.getvalue(), file.name)
    except HjpError as error:
        st.error(escaped(str(error)))
        return
    _problems(checked.problems, checked.errors, checked.warnings)
    if checked.rows:
        st.markdown(f"**{len(checked.rows):,} rows can be taken.**")
        preview = [{name: row.get(name) for name in _PREVIEW} for row in checked.rows[:_MOST_SHOWN]]
        st.dataframe(pd.DataFrame(preview, columns=list(_PREVIEW)), hide_index=True, height=240)
    _accept(checked)


def _checked(known: Evidence, data: bytes, filename: str) -> CheckedProviders:
    if len(data) > MOST_BYTES:
        raise OwnFileError(f"The file is larger than {MOST_BYTES / 1e6:,.0f} MB. Is it the right file?")
    return check_providers(data, filename, known.warehouse, dt.datetime.now(dt.UTC).date())


def _problems(problems: Sequence[Problem], errors: int, warnings: int) -> None:
    if errors:
        st.error(f"**{errors:,} errors.** Nothing has been loaded. Put them right and bring the file again.")
    if warnings:
        st.warning(f"{warnings:,} warnings: taken, but look at them.")
    if problems:
        rows = [(one.level, one.row or None, one.column, one.value, one.rule) for one in problems]
        table = pd.DataFrame(rows, columns=["Kind", "Row", "Column", "Value", "What to do"])
        wide = {"What to do": st.column_config.Column(width="large")}
        st.dataframe(table, hide_index=True, height=min(38 * (len(table) + 1), 340), column_config=wide)
        with st.expander("The messages in full"):
            st.markdown("\n".join(f"- {escaped(f'{one.level}, {one}')}" for one in problems[:_MOST_SHOWN]))


def _accept(checked: CheckedProviders) -> None:
    name = st.text_input("What to call the list (one of the same name is replaced)", checked.filename, key="own-name")
    if not checked.errors:
        st.button("Accept the list", type="primary", key="own-accept", on_click=_keep, args=(checked, name))
    elif checked.rows:
        left, right = st.columns(2)
        left.button("Accept only the good rows", key="own-accept-good", on_click=_keep, args=(checked, name))
        right.download_button(
            "Download the rows with errors",
            checked.rejected_csv().encode("utf-8-sig"),
            "rejected.csv",
            "text/csv",
            on_click="ignore",
        )


def _keep(checked: CheckedProviders, name: str) -> None:
    try:
        keep_providers(cache_folder(), name, checked.filename, checked.sha256, checked.accepted(skip_bad_rows=True))
    except HjpError as error:
        st.session_state["own-said"] = str(error)


def _areas(known: Evidence) -> None:
    st.download_button(
        "Download the template",
        AREA_TEMPLATE.encode("utf-8-sig"),
        "areas.csv",
        "text/csv",
        on_click="ignore",
        key="area-template",
    )
    st.caption(
        "Two columns, code and value. Codes of LSOA (2011 or 2021), MSOA and wards where a lookup is loaded, "
        "districts, ICBs, or postcodes; one kind and one vintage in a file. A blank value is not known; "
        "an area without a row has no data: neither is 0."
    )
    label = st.text_input("What the layer is called", key="area-label", max_chars=120)
    unit = st.text_input("Unit, such as % of households", key="area-unit", max_chars=120)
    source = st.text_input("Whose figures they are (the credit line)", key="area-source", max_chars=120)
    kind = st.radio("Kind", list(_KINDS), format_func=_KINDS.__getitem__, key="area-kind")
    polarity = st.radio("Direction", list(_POLARITIES), format_func=_POLARITIES.__getitem__, key="area-polarity")
    file = st.file_uploader(
        "Values of areas (CSV UTF-8, or .xlsx)", type=_TYPES, key="area-file", max_upload_size=_MOST_MB
    )
    if file is None:
        return
    if not (label and unit and source):
        st.info(
            "Say what the layer is called, its unit and whose figures they are: a number without them means nothing."
        )
        return
    asked: dict[str, Any] = {"label": label, "unit": unit, "source": source, "kind": kind, "polarity": polarity}
    try:
        with st.spinner("Checking the file …"):
            checked = check_areas(file.getvalue(), file.name, AreaQuestion(**asked), known.warehouse)
    except HjpError as error:
        st.error(escaped(str(error)))
        return
    _problems(checked.problems, checked.errors, 0)
    if checked.layer is not None:
        layer = checked.layer
        st.markdown(
            f"**{len(layer.values):,} of {len(known.areas):,} areas would have a value**, from a file by {layer.level}."
        )
        st.markdown("\n".join(f"- {escaped(note)}" for note in layer.notes))
        st.button("Accept the layer", type="primary", key="area-accept", on_click=_keep_layer, args=(layer,))


def _keep_layer(layer: OwnLayer) -> None:
    try:
        keep_layer(cache_folder(), layer)
    except HjpError as error:
        st.session_state["own-said"] = str(error)


def duplicates(known: Evidence) -> None:
    """Sites of different lists that look like one, to be settled by a person; and what the grades mean."""
    pairs = look_alikes(known.sites, known.own.decisions)
    alike = pairs[pairs["kind"] != "neighbours"]
    st.markdown(
        f"**{len(alike):,} pairs of sites look like one**, by postcode and name; {len(pairs) - len(alike):,} more are "
        "neighbours under one roof, which stay two. Nothing is merged until you say so, and each decision can be taken "
        "back. What is merged counts once, with the topics of both."
    )
    st.dataframe(_pair_rows(pairs), hide_index=True, height=300)
    if alike.empty:
        return
    _all_likely(known, likely_ones(pairs))
    rows = alike.to_dict("records")
    number = st.selectbox("Settle a pair", range(len(rows)), format_func=lambda at: _pair_words(rows[at]), key="pair")
    row = rows[number or 0]
    same, apart, undo = st.columns(3)
    same.button("They are one: count once", key="pair-same", on_click=_decide, args=(row, "same"))
    apart.button("They are two: do not ask again", key="pair-apart", on_click=_decide, args=(row, "apart"))
    if row["verdict"]:
        undo.button("Take the decision back", key="pair-undo", on_click=_undo, args=(row["keep"], row["drop"]))
    st.markdown("**How sure it is that a site is there**")
    st.dataframe(_grade_rows(known), hide_index=True)


def _all_likely(known: Evidence, likely: Sequence[Decision]) -> None:
    """Accept every likely pair in one action, after a look at them; and take such an action back."""
    if likely:
        with st.expander(f"Accept all {len(likely):,} likely pairs at once"):
            st.markdown("One postcode and one name each, and nothing decided yet. Each would count once:")
            kept = [(one.keep_name, one.drop_name, one.keep, one.drop) for one in likely]
            names = ["Kept", "Counted with it", "Site kept", "Site counted with it"]
            st.dataframe(pd.DataFrame(kept, columns=names), hide_index=True, height=min(38 * (len(kept) + 1), 340))
            label = f"These {len(likely):,} are one each: count once"
            st.button(label, key="pair-all", on_click=_decide_all, args=(likely,))
    actions = Counter(one.together for one in known.own.decisions if one.together)
    when = {one.together: one.decided for one in known.own.decisions}
    for together, count in actions.items():
        label = f"Take back the {count:,} accepted together ({when[together]})"
        st.button(label, key=f"pair-all-undo-{together}", on_click=_undo_all, args=(together,))


def _pair_words(row: Mapping[Hashable, Any]) -> str:
    decided = f" — {row['verdict']}" if row["verdict"] else ""
    return f"{row['keep_name']} ({row['keep_list']}) = {row['drop_name']} ({row['drop_list']}){decided}"


def _pair_rows(pairs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "What": pairs["kind"].map(_PAIR_KINDS),
            "Kept": pairs["keep_name"],
            "in list": pairs["keep_list"],
            "Counted with it": pairs["drop_name"],
            "of list": pairs["drop_list"],
            "Postcode": pairs["postcode"],
            "Metres apart": pairs["metres"].round(),
            "Names alike, %": (pairs["overlap"] * 100).round(),
            "Decided": pairs["verdict"],
        }
    )


def _grade_rows(known: Evidence) -> pd.DataFrame:
    counts = known.sites.groupby(["grade", "list"]).size().unstack(fill_value=0)
    stale = known.sites.groupby("grade")["stale"].sum()
    rows = [
        {
            "Grade": grade,
            "Means": meaning,
            **{f"Sites of {name}": int(counts[name].get(grade, 0)) for name in counts.columns},
            "Stale": int(stale.get(grade, 0)),
        }
        for grade, meaning in MEANING.items()
    ]
    return pd.DataFrame(rows)


def _decide(row: Mapping[Hashable, Any], verdict: str) -> None:
    names = (str(row["keep"]), str(row["drop"]), str(row["keep_name"]), str(row["drop_name"]))
    try:
        add_decision(cache_folder(), Decision(*names, verdict, ""))
    except HjpError as error:
        st.session_state["own-said"] = str(error)


def _undo(keep: str, drop: str) -> None:
    try:
        remove_decision(cache_folder(), keep, drop)
    except HjpError as error:
        st.session_state["own-said"] = str(error)


def _decide_all(likely: Sequence[Decision]) -> None:
    try:
        add_decisions(cache_folder(), likely)
    except HjpError as error:
        st.session_state["own-said"] = str(error)


def _undo_all(together: str) -> None:
    try:
        take_back(cache_folder(), together)
    except HjpError as error:
        st.session_state["own-said"] = str(error)
