"""Options: what has been sketched and what it would change, sites that a search suggests, feasibility, design cards."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import HjpError
from hjp_geo.maps import MOST_POLYGONS
from hjp_geo.report.desk import Desk, listed, paragraph, say, section
from hjp_geo.report.parts import Block, Bullets, Column, DataTable, Section, Sentence, TableBlock
from hjp_geo.siting import ASSUMPTIONS, Assessment, Reached, Search, Suggestion, feasibility, suggest

__all__ = ["design_cards", "feasible", "newly_in_words", "options", "suggested"]

_REACH_COLUMNS = {
    "name": Column("Option"),
    "people": Column("People reached", "count"),
    "people_in_need": Column("People in need", "count"),
    "worst_fifth": Column("In areas of most need", "count"),
    "newly_reached": Column("Not reached today", "count"),
    "in_deserts": Column("People in deserts", "count"),
    "advice_sites": Column("Advice sites inside", "count", shown=False),
    "health_sites": Column("Health sites inside", "count"),
    "people_cut": Column("In areas the line cuts", "count", shown=False),
}


def options(desk: Desk) -> Section | None:
    """Each sketched option and all together: who is reached, and access, deserts and equity before and after."""
    if (assessed := desk.assessed) is None:
        return None
    reach = _reach_table(desk, assessed)
    total = "total" if "total" in reach.frame.index else str(reach.frame.index[0])
    what = "All options together" if total == "total" else f"“{reach.text(total, 'name')}”"
    sentence = say(
        "{what} would reach {people} people, {need} of them in need.",
        what=what,
        people=reach.at(total, "people"),
        need=reach.at(total, "people_in_need"),
    )
    notes = tuple(Sentence(note) for note in dict.fromkeys((*assessed.total.notes, *assessed.effects.notes)))
    newly = newly_in_words(reach, total, desk.plan.cutoff_km)
    blocks: list[Block] = [*paragraph(sentence, newly), TableBlock(reach, 20), *_before_and_after(desk, assessed)]
    blocks += [*_becomes(desk, assessed), *_still_missed(desk, assessed)]
    blocks += [Bullets((Sentence(f"Rule: {assessed.rule}"), *notes))]
    title = f"Options: {desk.request.name}" if desk.request.name else "Options sketched"
    return section("options", title, blocks)


def _reach_table(desk: Desk, assessed: Assessment) -> DataTable:
    rows = {f"option_{number}": part for number, part in enumerate(assessed.parts, start=1)}
    if len(assessed.parts) > 1:
        rows["total"] = assessed.total
    frame = pd.DataFrame([_reached_row(part) for part in rows.values()], index=list(rows))
    used = ["areas", "sites", "services", "health_sites", desk.plan.demand, *desk.plan.weights]
    note = "People in more than one option are counted once in the total." if len(rows) > 1 else ""
    return desk.table("options", "Who each option would reach", frame, _REACH_COLUMNS, used, note=note)


def newly_in_words(reach: DataTable, row: str, cutoff_km: float) -> Sentence:
    """How many of the people reached have no counted site in reach today: all, some, none or not known."""
    newly = reach.value(row, "newly_reached")
    if math.isnan(newly):
        return Sentence("Who of them has a site in reach today is not known.")
    if newly == 0:
        return Sentence(f"All of them have a counted site within {cutoff_km:g} km today.")
    return say(
        "{newly} of them have no counted site within {km} km today.",
        newly=reach.at(row, "newly_reached"),
        km=f"{cutoff_km:g}",
    )


def _reached_row(part: Reached) -> dict[str, Any]:
    return {
        "name": part.name,
        "people": part.people,
        "people_in_need": part.people_in_need,
        "worst_fifth": part.people_in_worst_fifth,
        "newly_reached": part.newly_reached,
        "in_deserts": part.people_in_deserts,
        "advice_sites": float(len(part.advice_sites)),
        "health_sites": float(len(part.health_sites)),
        "people_cut": part.people_cut,
    }


def _before_and_after(desk: Desk, assessed: Assessment) -> list[Block]:
    summary = assessed.effects.summary
    frame = summary[["label", "unit", "before", "after", "change"]].copy()
    frame = frame[frame[["before", "after"]].notna().all(axis=1)]
    if frame.empty:
        return []
    columns = {
        "label": Column("Measure"),
        "unit": Column("Unit"),
        "before": Column("Today", "number"),
        "after": Column("With the options", "number"),
        "change": Column("Change", "number"),
    }
    used = ["areas", "sites", "services", desk.plan.demand, *desk.plan.weights]
    note = "Worked out on one frame; what counts as worst access is today's limit in both."
    table = desk.table("before_after", "Before and after", frame, columns, used, note=note)
    gains = _gains(desk, assessed)
    worse = gains.value("worse", "areas")
    sentence = say(
        "Access would get better in {better} areas of the place"
        + ("; in {worse} it would get worse, because sites are shared." if worse else "; in none would it get worse."),
        better=gains.at("better", "areas"),
        worse=gains.at("worse", "areas") if worse else "",
    )
    return [*paragraph(sentence), TableBlock(table, 20)]


def _gains(desk: Desk, assessed: Assessment) -> DataTable:
    effects = assessed.effects
    groups = {"better": effects.winners, "worse": effects.losers}
    frame = pd.DataFrame(
        {
            "what": [f"Access gets {name}" for name in groups],
            "areas": [float(len(rows)) for rows in groups.values()],
            "people": [float(rows["residents"].sum()) for rows in groups.values()],
        },
        index=list(groups),
    )
    columns = {"what": Column("What"), "areas": Column("Areas", "count"), "people": Column("Residents", "count")}
    used = ["areas", "sites", "services", desk.plan.demand]
    return desk.table("gains", "Areas that gain and areas that lose", frame, columns, used)


def _becomes(desk: Desk, assessed: Assessment) -> list[Block]:
    split = assessed.split[assessed.split["people_in_need"] > 0]
    if split.empty:
        return []
    columns = {
        "label": Column("What becomes of people in need"),
        "people_in_need": Column("People", "count"),
        "cases_a_year": Column("Cases a year they may bring", "count"),
    }
    title = "People in need of the place, by what becomes of them"
    table = desk.table("becomes", title, split, columns, ["areas", "sites", "services", desk.plan.demand])
    return [TableBlock(table)]


def _still_missed(desk: Desk, assessed: Assessment) -> list[Block]:
    missed = assessed.still_missed[assessed.still_missed["people_in_need"].fillna(0) > 0]
    if missed.empty:
        return []
    columns = {
        "area_name": Column("Area"),
        "lad24_name": Column("District"),
        "residents": Column("Residents", "count"),
        "people_in_need": Column("People in need", "count"),
    }
    title = "Areas that neither an option nor a site of today reaches"
    table = desk.table("still_missed", title, missed, columns, ["areas", "sites", "services", desk.plan.demand])
    return [TableBlock(table, 8)]


# suggested sites -----------------------------------------------------------------------------------------------------


def suggested(desk: Desk) -> Section | None:
    """Where new sites among the surgeries of the place would do most, how sure that is, and what it gives up."""
    if not desk.found.known or len(desk.found.areas) > MOST_POLYGONS:  # all of England takes minutes
        return None
    try:
        found = suggest(desk.plan, desk.evidence, Search(sites=min(3, max(1, _health_sites(desk)))))
    except HjpError:  # nothing to choose from, or nobody to serve: then there is nothing to suggest
        return None
    if found.chosen.empty:
        return None
    return section("suggested", "Sites that a search suggests", _suggestion_blocks(desk, found))


def _health_sites(desk: Desk) -> int:
    return int(desk.evidence.health_site_areas.isin(desk.found.areas.index).sum())


def _suggestion_blocks(desk: Desk, found: Suggestion) -> list[Block]:
    columns = {
        "site_name": Column("Site"),
        "people_nearest": Column("People in need it is nearest to", "count"),
        "people_newly_reached": Column("of them none in reach today", "count"),
    }
    used = ["health_sites", "areas", "sites", "services", desk.plan.demand]
    table = desk.table("suggested", "New sites that would reach most people in need", found.chosen, columns, used)
    outcome = _outcome_table(desk, found, used)
    names = listed([str(name) for name in found.chosen["site_name"]])
    first = say(
        "With sites at {names}, {then} people in need would have a site within {km} km; today {today} do.",
        names=names,
        then=outcome.at("reached_then", "value"),
        today=outcome.at("reached_today", "value"),
        km=f"{found.cutoff_km:g}",
    )
    gap = found.solution.gap
    sure = (
        "It is proven that no other choice of as many of the surgeries serves more."
        if gap == 0
        else f"Another choice could serve at most {100 * gap:.1f} % more."
    )
    lines = [Sentence(sure), Sentence(f"What this goal gives up: {found.card.gives_up}")]
    notes = Bullets(tuple(Sentence(note) for note in found.notes))
    return [*paragraph(first, *lines), TableBlock(table), TableBlock(outcome), notes]


def _outcome_table(desk: Desk, found: Suggestion, used: list[str]) -> DataTable:
    sums = found.outcome.all
    rows = {
        "people": ("People in need of the place", sums["people"], "people"),
        "reached_today": ("With a site in reach today", sums["reached_today"], "people"),
        "reached_then": ("With a site in reach then", sums["reached_then"], "people"),
        "mean_km_today": ("Mean way to the nearest site today", sums["mean_km_today"], "km"),
        "mean_km_then": ("Mean way to the nearest site then", sums["mean_km_then"], "km"),
    }
    frame = pd.DataFrame(rows.values(), columns=["label", "value", "unit"], index=list(rows))
    frame["value"] = frame["value"].where(frame["unit"] != "people", frame["value"].round(0))
    columns = {"label": Column("Figure"), "value": Column("Value", "number"), "unit": Column("Unit")}
    return desk.table("suggested_outcome", "What the suggested sites would do", frame, columns, used)


# feasibility and design ----------------------------------------------------------------------------------------------


def feasible(desk: Desk) -> Section | None:
    """Cases and money of each option that says its hours, each as a range with its source."""
    if (assessed := desk.assessed) is None:
        return None
    pairs = zip(assessed.candidates, assessed.parts, strict=True)
    tables = [
        feasibility(one.offer, part.people_in_need, assessed.assumptions).table().assign(option=one.name)
        for one, part in pairs
        if one.offer.says_how_much
    ]
    if not tables:
        return None
    rows = pd.concat(tables)
    rows.index = [f"{row}/{option}" for row, option in zip(rows.index, rows["option"], strict=True)]
    columns = {
        "option": Column("Option"),
        "label": Column("Figure"),
        "low": Column("Low", "count"),
        "likely": Column("Likely", "count"),
        "high": Column("High", "count"),
        "unit": Column("Unit"),
    }
    table = desk.table("feasibility", "What the hours of each option allow", rows, columns, [desk.plan.demand])
    said = [_cases(table, one.name) for one in assessed.candidates if one.offer.says_how_much]
    blocks: list[Block] = [*paragraph(*said), TableBlock(table, 30), TableBlock(_assumptions(desk, assessed), 20)]
    return section("feasibility", "Feasibility, and the range of money", blocks)


def _cases(table: DataTable, option: str) -> Sentence:
    """What an option could do in a year, as a range that makes no promise."""
    cells = {
        f"{figure}_{end}": table.at(f"{figure}/{option}", end)
        for figure in ("cases", "expected", "income_gained")
        for end in ("low", "likely", "high")
    }
    return say(
        "{option}: about {cases_likely} cases a year ({cases_low} to {cases_high}) of some {expected_likely} "
        "({expected_low} to {expected_high}) that people in need there may bring, if the assumptions hold. At what "
        "services elsewhere reported, its clients would gain £{income_gained_low} to £{income_gained_high} a year: a "
        "range, not a promise.",
        option=option,
        **cells,
    )


def _assumptions(desk: Desk, assessed: Assessment) -> DataTable:
    frame: Table = getattr(assessed, "assumptions", ASSUMPTIONS).table()
    columns = {
        "label": Column("Assumption"),
        "low": Column("Low", "number"),
        "likely": Column("Likely", "number"),
        "high": Column("High", "number"),
        "unit": Column("Unit"),
        "source": Column("Source"),
    }
    return desk.table("assumptions", "What feasibility rests on", frame, columns, [])


def design_cards(desk: Desk) -> Section | None:
    """The design card of each option that has one: an element a row, an option a column."""
    cards = [one for one in desk.request.candidates if not one.design.is_empty]
    if not cards:
        return None
    elements = [label for label, _ in cards[0].design.in_words()]
    frame = pd.DataFrame({"element": elements}, index=elements)
    columns = {"element": Column("Element")}
    for number, one in enumerate(cards, start=1):
        frame[f"option_{number}"] = [words for _, words in one.design.in_words()]
        columns[f"option_{number}"] = Column(one.name)
    table = desk.table("design", "Design of each option", frame, columns, [])
    return section("design", "Design card", [TableBlock(table, 20)])
