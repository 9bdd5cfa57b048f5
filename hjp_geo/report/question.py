"""The question and the target population: what the reader asked, in words and in a table."""

from __future__ import annotations

import pandas as pd

from hjp_geo.access import MEASURES
from hjp_geo.composite import AGGREGATIONS, NORMALISATIONS
from hjp_geo.desert import DESERT_RULES
from hjp_geo.plan import TOPICS
from hjp_geo.presets import PRESETS
from hjp_geo.report.desk import Desk, listed, paragraph, say, section
from hjp_geo.report.parts import Bullets, Column, DataTable, Section, Sentence, TableBlock

__all__ = ["areas_table", "headline_table", "question"]

_ASSISTANCE = {"general_advice": "general advice", "specialist_legal_aid": "specialist legal aid"}


def headline_table(desk: Desk) -> DataTable:
    """The figures that the first page and the question use: one row each."""
    found, totals = desk.found, desk.found.totals
    rows = {
        "areas": ("Areas (LSOA 2021)", float(totals.areas)),
        "residents": ("Residents", totals.people),
        "people_in_need": (desk.evidence.label(desk.plan.demand), _known_sum(found.areas["people_in_need"])),
        "sites_in_reach": ("Counted advice sites within the cutoff of the place", float(found.sites["in_place"].sum())),
        "sites_here": ("of them standing in the place", _sites_here(desk)),
        "desert_areas": ("Areas that are advice deserts", float(totals.areas_flagged) if found.known else None),
        "desert_people": ("People who live in them", totals.people_flagged if found.known else None),
        "areas_without_verdict": ("Areas without a verdict", float(totals.areas_without_verdict)),
    }
    frame = pd.DataFrame(
        {"what": [label for label, _ in rows.values()], "value": [value for _, value in rows.values()]},
        index=list(rows),
    ).astype({"value": "Float64"})
    return desk.table(
        "headline",
        "The place in a few figures",
        frame,
        {"what": Column("What"), "value": Column("Value", "count")},
        ["areas", "sites", "services", desk.plan.demand, *desk.plan.weights],
        made_by="Sums over the areas of the place.",
    )


def _sites_here(desk: Desk) -> float:
    counted = desk.found.sites.index[desk.found.sites["in_place"]]
    return float(desk.site_areas.reindex(counted).isin(desk.found.areas.index).sum())


def _known_sum(values: pd.Series[float]) -> float | None:
    total = values.sum(min_count=1)
    return None if pd.isna(total) else float(total)


def areas_table(desk: Desk) -> DataTable:
    """Every area of the place, one row each: what stands behind the maps."""
    found = desk.found
    columns = {
        "area_code": Column("Area"),
        "area_name": Column("Name"),
        "lad24_name": Column("District"),
        "residents": Column("Residents", "count"),
        "people_in_need": Column(desk.evidence.label(desk.plan.demand), "number"),
        "need": Column("Need score", "number"),
        "need_rank": Column("Rank of need (1 is most)", "rank"),
        "need_fifth": Column("Fifth of need (1 is most)", "rank"),
        "nearest_site": Column("Nearest counted site"),
        "nearest_km": Column("Kilometres to it", "number"),
        "access": Column(f"Access: {found.access_unit}", "number"),
        "access_fifth": Column("Fifth of access (1 is least)", "rank"),
        "desert": Column("Desert", "yes_no"),
        "desert_probability": Column("Desert in so many draws", "share"),
        "certainty": Column("How sure"),
        "reason": Column("Why"),
    }
    return desk.table(
        "areas",
        "Every area of the place",
        found.areas.assign(area_code=found.areas.index),
        {name: column for name, column in columns.items() if name in [*found.areas.columns, "area_code"]},
        [*desk.plan.weights, desk.plan.demand, "areas", "sites", "services", "area_boundaries"],
        made_by="One row an area. The map files of the data pack hold the same rows with every column.",
    )


def question(desk: Desk, headline: DataTable) -> Section | None:
    """What was asked: place, population, advice, distance, rule."""
    plan, evidence = desk.plan, desk.evidence
    layers = [evidence.label(name).lower() for name, weight in plan.weights.items() if weight > 0]
    asks = say(
        "This report asks where in {place} people need free {topic} advice ({kind}) and cannot reach it.",
        place=desk.place,
        topic=desk.topic,
        kind=_ASSISTANCE[plan.assistance],
    )
    who = say(
        "The place has {residents} residents in {areas} areas; {need} of them count as people in need ({layer}).",
        residents=headline.at("residents", "value"),
        areas=headline.at("areas", "value"),
        need=headline.at("people_in_need", "value"),
        layer=evidence.label(plan.demand).lower(),
    )
    index = say(
        "Need is an index of {layers}; access is {measure}, up to {km} km in a straight line.",
        layers=listed(layers),
        measure=MEASURES[plan.measure].label.lower(),
        km=f"{plan.cutoff_km:g}",
    )
    blocks = [*paragraph(asks, who, index), *_population(desk), TableBlock(_settings(desk), 40)]
    return section("question", "The question and the people it is about", blocks)


def _population(desk: Desk) -> list[Bullets]:
    """What the preset says that open data can and cannot tell of its population."""
    preset = PRESETS.get(desk.plan.preset or "")
    if preset is None:
        return []
    edited = " The weights or people were changed since." if preset.is_edited(desk.evidence, desk.plan) else ""
    lines = [
        f"Target population: {preset.label}. “{preset.question}”{edited}",
        f"What open data can say: {preset.can_say}",
        f"What they cannot say: {preset.cannot_say}",
        *(f"Missing here: {line}" for line in preset.missing(desk.evidence)),
    ]
    return [Bullets(tuple(Sentence(line) for line in lines))]


def _settings(desk: Desk) -> DataTable:
    plan, evidence = desk.plan, desk.evidence
    total = sum(plan.weights.values())
    weights = "; ".join(
        f"{evidence.label(name)} {100 * weight / total:.0f} %" for name, weight in plan.weights.items() if weight > 0
    )
    frame_words = desk.everywhere if plan.frame == "england" else desk.place
    rows = {
        "place": ("Place", f"{desk.place} ({desk.found.place.code})"),
        "weights": ("Need layers and their weights", weights),
        "scale": ("Scale of the index", f"{NORMALISATIONS[plan.normalisation]}; {AGGREGATIONS[plan.aggregate]}"),
        "demand": ("People in need", evidence.label(plan.demand)),
        "topic": ("Advice topic", f"{TOPICS[plan.topic]}, {_ASSISTANCE[plan.assistance]}"),
        "counting": ("Which services count", _counting(desk)),
        "measure": ("Measure of access", f"{MEASURES[plan.measure].label} ({plan.measure})"),
        "cutoff": ("How far a site reaches", f"{plan.cutoff_km:g} km, straight line"),
        "desert": ("Desert rule", DESERT_RULES[plan.desert].label),
        "frame": ("Worst fifths are those of", frame_words),
    }
    frame = pd.DataFrame(rows.values(), columns=["setting", "value"], index=list(rows))
    columns = {"setting": Column("Setting"), "value": Column("Value")}
    return desk.table("question", "The settings of this report", frame, columns, [], made_by="The plan.")


def _counting(desk: Desk) -> str:
    assumed = (
        "as listed" if desk.plan.counting == "listed" else "as listed, and what Citizens Advice is assumed to give"
    )
    visits = "left out" if desk.plan.outreach == "leave_out" else "counted"
    return f"{assumed}; home-visit areas {visits}"
