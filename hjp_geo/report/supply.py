"""What exists: who gives advice here, on what, by which channel, and how far each list is to be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.plan import TOPICS
from hjp_geo.report.desk import Desk, paragraph, say, section
from hjp_geo.report.parts import Block, Column, DataTable, Section, Sentence, TableBlock

__all__ = ["supply"]

_ASSISTANCE = {"general_advice": "General advice", "specialist_legal_aid": "Legal aid (specialist)"}
_CHANNELS = {"in_person": "In person", "outreach": "Home visits and outreach", "phone": "Phone", "online": "Online"}
_GRADES = {
    "A": "checked lately",
    "B": "one dated list",
    "C": "one undated list",
    "D": "an area or a doubtful place",
    "X": "closed, or no office: not counted",
}


def supply(desk: Desk) -> Section | None:
    """Providers in the place by topic, kind, channel and grade, and the sites that the answer counts."""
    here = _sites_here(desk)
    services = desk.evidence.services[desk.evidence.services["site_id"].isin(here.index)]
    by_topic = _by_topic(desk, services)
    counted = _counted_sites(desk)
    blocks: list[Block] = list(paragraph(*_in_words(desk, counted)))
    if not by_topic.frame.empty:
        blocks.append(TableBlock(by_topic, 30))
    blocks += [TableBlock(table, 10) for table in (_by_grade(desk, here), counted) if not table.frame.empty]
    return section("supply", "What exists", blocks)


def _sites_here(desk: Desk) -> Table:
    """Every listed advice site that stands in the place."""
    inside = desk.site_areas.index[desk.site_areas.isin(desk.found.areas.index)]
    return desk.evidence.sites.loc[inside]


def _in_words(desk: Desk, counted: DataTable) -> Sequence[Sentence]:
    headline = desk.named("headline")
    lines = [
        say(
            "{count} sites for {topic} advice count in this report because they are within {km} km of where people "
            "live; {inside} of them stand in the place, the others across its border.",
            count=headline.at("sites_in_reach", "value"),
            topic=desk.topic,
            km=f"{desk.plan.cutoff_km:g}",
            inside=headline.at("sites_here", "value"),
        )
        if len(counted.frame)
        else Sentence(f"No site for {desk.topic} advice that counts in this report is within reach of the place.")
    ]
    if not desk.found.known:
        lines.append(Sentence(f"No loaded list covers {desk.topic}: what exists is not known, which is not nothing."))
    lines.append(
        Sentence(
            "There is no complete list of free legal advice in England. Open lists hold main offices and miss most "
            "outreach, above all advice inside health services; they do not say how many hours or advisers there are."
        )
    )
    return lines


def _by_topic(desk: Desk, services: Table) -> DataTable:
    evidence = services.get("evidence", pd.Series("listed", index=services.index))
    counts = (
        services.assign(evidence=evidence)
        .groupby(["topic", "assistance", "channel", "evidence"], observed=True)["site_id"]
        .nunique()
        .reset_index(name="sites")
    )
    frame = pd.DataFrame(
        {
            "topic": counts["topic"].map(TOPICS).fillna(counts["topic"]),
            "assistance": counts["assistance"].map(_ASSISTANCE).fillna(counts["assistance"]),
            "channel": counts["channel"].map(_CHANNELS).fillna(counts["channel"]),
            "evidence": counts["evidence"],
            "sites": counts["sites"].astype("float64"),
        }
    )
    frame.index = ["/".join(map(str, row)) for row in counts.iloc[:, :4].itertuples(index=False)]
    columns = {
        "topic": Column("Topic"),
        "assistance": Column("Kind"),
        "channel": Column("Channel"),
        "evidence": Column("On what evidence"),
        "sites": Column("Sites in the place", "count"),
    }
    note = "One site may give advice on several topics. Assumed: Citizens Advice main offices give general advice."
    title = "Advice sites in the place, by topic"
    return desk.table("providers_by_topic", title, frame, columns, ["services", "sites"], note=note)


def _by_grade(desk: Desk, here: Table) -> DataTable:
    counts = here.groupby(["list", "grade"], observed=True).size()
    frame = pd.DataFrame(
        {
            "list": [str(one).replace("_", " ").capitalize() for one, _ in counts.index],
            "grade": [f"{grade}: {_GRADES.get(str(grade), 'see the methods')}" for _, grade in counts.index],
            "sites": counts.to_numpy(dtype="float64"),
        },
        index=[f"{one}/{grade}" for one, grade in counts.index],
    )
    columns = {
        "list": Column("List"),
        "grade": Column("Grade"),
        "sites": Column("Sites in the place", "count"),
    }
    return desk.table("grades", "How far each entry can be trusted", frame, columns, ["sites"])


def _counted_sites(desk: Desk) -> DataTable:
    counted = desk.found.sites[desk.found.sites["in_place"]]
    where = desk.site_areas.reindex(counted.index)
    frame = pd.DataFrame(
        {
            "site_name": counted["site_name"],
            "postcode": counted["postcode"],
            "district": where.map(desk.evidence.areas["lad24_name"]),
            "grade": counted["grade"],
            "stands_here": where.isin(desk.found.areas.index),
        }
    ).sort_values(["stands_here", "site_name"], ascending=[False, True], kind="stable")
    columns = {
        "site_name": Column("Site"),
        "postcode": Column("Postcode"),
        "district": Column("District"),
        "grade": Column("Grade"),
        "stands_here": Column("In the place", "yes_no"),
    }
    title = f"Sites for {desk.topic} advice that count"
    return desk.table("sites", title, frame, columns, ["sites", "services"])
