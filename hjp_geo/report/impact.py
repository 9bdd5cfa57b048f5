"""Forms that others ask for, filled in as far as the data go: an EHIA section, and the Assess stage of HEAT.

The Equality and Health Inequalities Impact Assessment asks of each protected characteristic and each group that has
worse health; the Health Equity Assessment Tool (OHID) asks, in its second stage, how need is distributed and what
drives it. What open data cannot say is left for the reader to fill in, and says so: an empty cell is not "no impact".
"""

from __future__ import annotations

import pandas as pd

from hjp_geo.prevalence import cases_in_words
from hjp_geo.report.desk import Desk, paragraph, say, section
from hjp_geo.report.missed import groups_table
from hjp_geo.report.needs import condition_names
from hjp_geo.report.parts import Block, Bullets, Column, DataTable, Paragraph, Section, Sentence, TableBlock

__all__ = ["heat", "impact_assessment"]

_ASK = "Not in the data loaded. Ask the partners, and look in their own records."
_GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("age", "Age", ("aged",)),
    ("disability", "Disability", ("disab", "learning")),
    ("gender_reassignment", "Gender reassignment", ()),
    ("marriage", "Marriage and civil partnership", ()),
    ("pregnancy", "Pregnancy and maternity", ("matern", "pregnan", "births")),
    ("race", "Race", ("ethnic", "black_", "asian_")),
    ("religion", "Religion or belief", ("religio",)),
    ("sex", "Sex", ("female", "women")),
    ("orientation", "Sexual orientation", ("orientation", "_lgb")),
    ("deprived", "People in deprived areas or on low income", ("income_deprivation", "employment_deprivation")),
    ("carers", "Unpaid carers", ("carer", "unpaid_care")),
    ("homeless", "People who are homeless", ("homeless",)),
    ("language", "People with little English", ("english", "language")),
    ("no_car", "People without a car", ("no_car", "without_a_car")),
    ("offline", "People who are not online", ("offline", "digital")),
)
"""The nine protected characteristics, then groups of health inclusion; and what a layer about them is called."""


def impact_assessment(desk: Desk) -> Section | None:
    """One row a protected characteristic or group: what the data say of it here, or that they say nothing."""
    table = _impact_table(desk)
    silent = list(table.frame.loc[table.frame["evidence"] == _ASK, "group"])
    lines = [
        Sentence(
            "Pre-filled from the data of this report for an Equality and Health Inequalities Impact Assessment. It "
            "says who lives where advice is out of reach; whether a service would reach them alike is for its design."
        ),
        Sentence(f"The data loaded say nothing of: {'; '.join(silent).lower()}. That is no finding of no impact.")
        if silent
        else None,
    ]
    title = "Equality and Health Inequalities Impact Assessment (pre-filled)"
    return section("ehia", title, [*paragraph(*lines), TableBlock(table, 30)])


def _impact_table(desk: Desk) -> DataTable:
    held = groups_table(desk).frame if desk.found.totals.people_flagged > 0 else None
    rows = {key: (label, _evidence(desk, held, words), "") for key, label, words in _GROUPS}
    frame = pd.DataFrame(rows.values(), columns=["group", "evidence", "action"], index=list(rows))
    columns = {
        "group": Column("Characteristic or group"),
        "evidence": Column("What the data say"),
        "action": Column("Impact, and what you will do (to fill in)"),
    }
    used = desk.evidence.layer_names("people")
    return desk.table("ehia", "Groups and what the data say of them", frame, columns, used)


def _evidence(desk: Desk, held: pd.DataFrame | None, words: tuple[str, ...]) -> str:
    """The figures of the layers about a group, in a cell."""
    names = [
        name
        for name in desk.evidence.layer_names("people")
        if any(word in name for word in words) and name != "residents"
    ]
    if not names:
        return _ASK
    parts = []
    for name in names:
        total = desk.evidence.values.loc[desk.found.areas.index, name].sum(min_count=1)
        if pd.isna(total):
            continue
        say_it = cases_in_words if name in condition_names(desk) else "{:,.0f}".format
        inside = held["inside"].get(name) if held is not None else None
        there = f", {say_it(inside)} of them in deserts" if inside is not None and pd.notna(inside) else ""
        parts.append(f"{desk.evidence.label(name)}: {say_it(total)} here{there}")
    return ". ".join(parts) + "." if parts else _ASK


def heat(desk: Desk) -> Section | None:
    """The second stage of the Health Equity Assessment Tool: distribution, and what may drive it."""
    headline = desk.named("headline")
    compared = next((one for one in desk.tables.values() if one.name == "needs"), None)
    distribution = []
    if compared is not None and not desk.is_everywhere:
        first = str(compared.frame.index[0])
        distribution.append(
            say(
                "Need: {label} is {here} here and {there} in {everywhere}.",
                label=str(compared.frame.at[first, "layer"]).lower(),
                here=compared.at(first, "here"),
                there=compared.at(first, "everywhere"),
                everywhere=desk.everywhere,
            )
        )
    if desk.found.known:
        distribution.append(
            say(
                "Access: {people} people live in {areas} areas of high need where {topic} advice is out of reach.",
                people=headline.at("desert_people", "value"),
                areas=headline.at("desert_areas", "value"),
                topic=desk.topic,
            )
        )
    groups = next((one for one in desk.tables.values() if one.name == "groups"), None)
    if groups is not None:
        over = groups.frame["against_all"].drop("residents").dropna().sort_values(ascending=False)
        distribution += [
            say(
                "{group}: {share} of them live in deserts, against {all} of all residents.",
                group=str(groups.frame.at[name, "group"]),
                share=groups.at(str(name), "share"),
                all=groups.at("residents", "share"),
            )
            for name in over.index[:3]
        ]
    drivers = _drivers(desk)
    blocks: list[Block] = [
        *paragraph(
            Sentence("Stage 2, Assess, of the Health Equity Assessment Tool (HEAT), filled in from this report.")
        ),
        *_asked("Who is affected, and how is it distributed?", distribution),
        *_asked("What may drive it, as far as these data show?", drivers),
        *_asked("What is not known, and must be found out?", _unknown(desk)),
    ]
    return section("heat", "HEAT: the Assess stage", blocks)


def _asked(question: str, lines: list[Sentence]) -> list[Block]:
    if not lines:
        return []
    return [Paragraph((Sentence(question),), "heading"), Bullets(tuple(lines))]


def _drivers(desk: Desk) -> list[Sentence]:
    reasons = next((one for one in desk.tables.values() if one.name == "reasons"), None)
    lines = []
    if reasons is not None:
        lines = [
            say("{people} people because {why}.", people=reasons.at(str(one), "people"), why=str(row["why"]))
            for one, row in reasons.frame.iterrows()
            if one != "no_data"
        ]
    lines.append(Sentence("The data show where, not why: cost, trust, language and waiting times are not in them."))
    return lines


def _unknown(desk: Desk) -> list[Sentence]:
    lines = ["Outreach that no open list holds, opening hours and waiting times of the sites that count."]
    if condition_names(desk):
        lines.append("People with a condition who are not on a practice register.")
    lines.append("Who among the people of an area has a legal problem, and who is already helped.")
    return [Sentence(line) for line in lines]
