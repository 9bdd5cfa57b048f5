"""An assessment on the page: figures at once, and a table for everything that is told."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from hjp_geo.evidence import Evidence
from hjp_geo.plan import TOPICS, Answer
from hjp_geo.prevalence import RANGE_IN_WORDS, cases_in_words
from hjp_geo.screens.text import escaped
from hjp_geo.siting import (
    ASSUMPTIONS,
    Assessment,
    Assumptions,
    Candidate,
    Partners,
    Reached,
    Span,
    deprivation_of,
    feasibility,
    partners,
)

__all__ = ["assumptions_chosen", "headline", "tables"]

_MOST_ROWS = 300
_WHOLE = ("people", "areas", "people in need", "sketches")


def headline(assessed: Assessment, found: Answer, known: Evidence) -> None:
    """The figures that are read first, and what speaks against a design."""
    total = assessed.total
    _metrics(total, found, known)
    if total.areas_without_verdict:
        without = f"{total.areas_without_verdict:,} of {len(total.areas):,} areas have no verdict"
        st.caption(f"{without}: no data, which is not the same as no need.")
    _gently(assessed)


def tables(assessed: Assessment, known: Evidence) -> None:
    """Who is reached, what changes, who is still missed, what is feasible and with whom."""
    total = assessed.total
    if len(assessed.parts) > 1:
        st.markdown("**Each sketch** (people in more than one are counted once in the total)")
        st.dataframe(_parts_table(assessed), hide_index=True)
    _who(assessed, known)
    _before_and_after(assessed)
    _missed(assessed)
    _feasible(assessed)
    _partners(assessed, known)
    _sites_inside(total)
    for note in (*total.notes, *assessed.effects.notes):
        st.caption(escaped(note))
    st.caption(escaped(assessed.rule))


def _metrics(total: Reached, found: Answer, known: Evidence) -> None:
    topic = TOPICS[found.plan.topic].lower()
    first, second = st.columns(2)
    first.metric("People", f"{total.people:,.0f}", help="Residents, mid-2022, of the areas reached.")
    second.metric("People in need", f"{total.people_in_need:,.0f}", help=_need_help(known, found.plan.demand))
    first.metric(
        "Not reached before",
        _number(total.newly_reached),
        help=f"Residents with no counted {topic} site within {found.plan.cutoff_km:g} km today, in a straight line.",
    )
    second.metric(
        "Desert areas", f"{total.desert_areas:,}", help=f"{total.people_in_deserts:,.0f} people live in them."
    )
    first.metric("Advice sites inside", f"{len(total.advice_sites):,}", help=_names(total.advice_sites))
    second.metric("GP practices inside", f"{len(total.health_sites):,}", help=_names(total.health_sites))
    if len(total.advice_sites):
        st.caption(
            f"{len(total.advice_sites):,} counted {topic} sites stand inside already: is the need met there? "
            "How much they can take is not published."
        )
    if total.areas_cut:
        st.caption(f"The line cuts areas of {total.people_cut:,.0f} people: by so much the rule could be out.")


def _gently(assessed: Assessment) -> None:
    lines = [
        f"- **{escaped(one.name)}**: {escaped(line)}"
        for one, told in zip(assessed.candidates, assessed.contradictions, strict=True)
        for line in told
    ]
    if lines:
        st.info("**The design card and the data**\n\n" + "\n".join(lines))


# who ----------------------------------------------------------------------------------------------------------------


def _who(assessed: Assessment, known: Evidence) -> None:
    total = assessed.total
    with st.expander("Who is reached", expanded=True):
        if len(total.target):
            row = total.target.iloc[0]
            words = cases_in_words(row["people"], row["people_low"], row["people_high"])
            st.markdown(f"Target population, **{escaped(str(row['label']))}**: {words} people.")
        st.markdown("**People on practice registers** (modelled estimates)")
        st.dataframe(_condition_table(total), hide_index=True, height=250)
        st.caption(RANGE_IN_WORDS)
        _classes("By deprivation decile (1 is most deprived)", total.by_decile, "Decile")
        _classes("By rural-urban class", total.by_rural_urban, "Class")
        deprivation = deprivation_of(total, known)
        if len(deprivation):
            st.caption(
                f"Deprivation of these areas together, computed by hjp-geo: average score "
                f"{deprivation['average_score']:.1f}, extent {deprivation['extent']:.2f}, "
                f"{100 * deprivation['proportion_worst_10']:.0f} % of areas in the most deprived tenth."
            )


def _classes(title: str, table: pd.DataFrame, name: str) -> None:
    if table.empty:
        st.caption(f"{title}: not loaded.")
        return
    st.markdown(f"**{title}**")
    rows = {
        name: table.index.astype("str"),
        "People": table["people"].round(),
        "In need": table["people_in_need"].round(),
    }
    st.dataframe(pd.DataFrame({key: list(values) for key, values in rows.items()}), hide_index=True)


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
            "Not reached before": _number(part.newly_reached),
            "Desert areas": part.desert_areas,
            "Advice sites": len(part.advice_sites),
            "GP practices": len(part.health_sites),
        }
        for part in assessed.parts
    ]
    return pd.DataFrame(rows)


# before and after ---------------------------------------------------------------------------------------------------


def _before_and_after(assessed: Assessment) -> None:
    summary, effects = assessed.effects.summary, assessed.effects
    with st.expander("Before and after, in the place asked about"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Figure": summary["label"].to_list(),
                    "Today": [_in_unit(*one) for one in zip(summary["before"], summary["unit"], strict=True)],
                    "With the sketches": [
                        _in_unit(*one) for one in zip(summary["after"], summary["unit"], strict=True)
                    ],
                    "Unit": summary["unit"].to_list(),
                }
            ),
            hide_index=True,
        )
        st.caption("What counts as the worst access is today's limit in both, so that nobody's gain is another's loss.")
        _changed("Access gets better", effects.winners)
        _changed("Access gets worse", effects.losers)
        if len(assessed.overlaps):
            st.markdown("**Sketches that overlap**")
            st.dataframe(assessed.overlaps.round(0), hide_index=True)


def _changed(title: str, table: pd.DataFrame) -> None:
    people = f"{table['residents'].sum():,.0f} people"
    st.markdown(f"**{title}**: {len(table):,} areas, {people}" if len(table) else f"**{title}**: nowhere")
    if len(table):
        names = {
            "area_name": "Area",
            "lad24_name": "District",
            "people_in_need": "In need",
            "access_before": "Access today",
            "access_after": "Access then",
            "nearest_km_after": "Nearest then, km",
        }
        st.dataframe(table[list(names)].head(_MOST_ROWS).rename(columns=names).round(1), height=220)


def _missed(assessed: Assessment) -> None:
    with st.expander("Who is still not reached"):
        split = assessed.split
        st.dataframe(
            pd.DataFrame(
                {
                    "What becomes of people in need of the place": split["label"].to_list(),
                    "People in need": [_number(one) for one in split["people_in_need"]],
                    "Cases a year": [_number(one) for one in split["cases_a_year"]],
                }
            ),
            hide_index=True,
        )
        missed = assessed.still_missed
        st.markdown(f"**No sketch and no counted site reaches** {len(missed):,} areas of the place.")
        if len(missed):
            names = {
                "area_name": "Area",
                "lad24_name": "District",
                "residents": "Residents",
                "people_in_need": "In need",
            }
            st.dataframe(missed[list(names)].head(_MOST_ROWS).rename(columns=names).round(0), height=220)


# feasibility and partners -------------------------------------------------------------------------------------------


def assumptions_chosen(saved: Assumptions | None) -> Assumptions:
    """The assumptions as the reader has set them in the table, beginning with those saved."""
    begun = saved or ASSUMPTIONS
    with st.expander("Assumptions about hours, cases and money"):
        st.caption("Change any figure: results follow at once. Each is a range with its source, never a promise.")
        table = begun.table()
        edited = st.data_editor(
            table[["label", "low", "likely", "high", "unit", "source"]],
            column_config={
                "label": st.column_config.TextColumn("Assumption", disabled=True),
                "low": st.column_config.NumberColumn("Low", min_value=0.0),
                "likely": st.column_config.NumberColumn("Likely", min_value=0.0),
                "high": st.column_config.NumberColumn("High", min_value=0.0),
                "unit": st.column_config.TextColumn("Unit", disabled=True),
                "source": st.column_config.TextColumn("Source", disabled=True),
            },
            hide_index=True,
            key="assumptions",
        )
    spans = {str(name): tuple(map(float, row)) for name, row in edited[["low", "likely", "high"]].T.items()}
    try:
        return ASSUMPTIONS.changed({name: _ordered(span) for name, span in spans.items()})
    except ValueError as error:
        st.warning(escaped(str(error)))
        return begun


def _ordered(span: tuple[float, ...]) -> Span:
    """A reader changes one cell at a time: the others make room for it."""
    low, likely, high = span
    return Span(min(low, likely), likely, max(likely, high))


def _feasible(assessed: Assessment) -> None:
    with st.expander("What is feasible"):
        for candidate, part in zip(assessed.candidates, assessed.parts, strict=True):
            found = feasibility(candidate.offer, part.people_in_need, assessed.assumptions)
            st.markdown(f"**{escaped(candidate.name)}.** {escaped(found.sentence())}")
            if candidate.offer.says_how_much:
                table = found.table()
                table[["low", "likely", "high"]] = table[["low", "likely", "high"]].round(0)
                st.dataframe(table, hide_index=True)
        source = assessed.assumptions["income_gained_per_client"].source
        st.caption(escaped(f"Income gained: {source}. Others' results, for their own clients: no promise."))


def _partners(assessed: Assessment, known: Evidence) -> None:
    with st.expander("Possible partners"):
        names = {str(number): one.name for number, one in enumerate(assessed.candidates)}
        chosen = st.selectbox("Partners near", list(names), format_func=names.__getitem__, key="partners-of")
        found = _near(assessed, assessed.candidates[int(chosen or 0)], known)
        st.markdown(f"**Health services**, inside or within {found.within_km:g} km in a straight line")
        st.dataframe(found.health.round(1), hide_index=True, height=250)
        st.markdown("**Advice providers** of the topics, by distance, with their grade")
        st.dataframe(found.advice.round(1), hide_index=True, height=250)
        for note in found.notes:
            st.caption(escaped(note))
        st.caption("From public lists, which under-count outreach. " + escaped(" ".join(found.attribution)))


def _near(assessed: Assessment, candidate: Candidate, known: Evidence) -> Partners:
    return partners(assessed.plan, candidate, known)


def _sites_inside(total: Reached) -> None:
    if len(total.advice_sites) or len(total.health_sites):
        with st.expander("Advice sites and GP practices inside"):
            both = pd.concat([total.advice_sites.assign(kind="advice"), total.health_sites])
            st.dataframe(both[["site_name", "kind", "postcode"]], hide_index=True)


# words --------------------------------------------------------------------------------------------------------------


def _need_help(known: Evidence, demand: str) -> str:
    return f"{known.label(demand)}. {known.caveat(demand)} An estimate for whole areas.".replace("  ", " ")


def _names(sites: pd.DataFrame) -> str | None:
    names = [escaped(str(name)) for name in sites["site_name"].head(10)]
    return "; ".join(names) + (" …" if len(sites) > len(names) else "") if names else None


def _number(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:,.0f}"


def _in_unit(value: float, unit: str) -> str:
    if math.isnan(value):
        return "not known"
    return f"{value:,.0f}" if unit in _WHOLE else f"{value:,.2f}"
