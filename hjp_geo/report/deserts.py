"""The gaps: which areas are advice deserts, why, how sure that is, and what the Law Society's count says beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from hjp_geo.desert import DESERT_RULES
from hjp_geo.errors import PlanError
from hjp_geo.gaps import GAPS, list_or_service_gap, sensitivity
from hjp_geo.plan import Answer, answer
from hjp_geo.report.desk import Desk, paragraph, say, section
from hjp_geo.report.parts import Block, Column, DataTable, Section, Sentence, TableBlock
from hjp_geo.report.pictures import certainty_map
from hjp_geo.uncertainty import CERTAINTY, totals_by_certainty

__all__ = ["deserts"]

_REASONS = {
    "no_data": "no data",
    "no_provider": "no provider is listed",
    "too_far": "the nearest site is too far",
    "not_open": "no site in reach has hours",
    "not_eligible": "no site in reach takes people from there",
    "online_only": "only phone or online advice",
    "full": "sites in reach are shared among too many",
}
_LAW_SOCIETY = ("no_provider_in_district", "one_or_none_in_district")


def deserts(desk: Desk) -> Section | None:
    """Deserts with reasons and certainty, by district, the other counts beside, and the worst areas."""
    if not desk.found.known:
        lines = paragraph(
            Sentence(
                f"No loaded list says where {desk.topic} advice of this kind is given. There is no verdict on any "
                "area: that is a gap in the data, not proof of a gap in the service."
            )
        )
        return section("gaps", "Gaps", lines)
    headline = desk.named("headline")
    districts = _districts(desk)
    blocks: list[Block] = [*paragraph(*_in_words(desk, districts))]
    if headline.frame.at["desert_areas", "value"]:
        blocks += [*_reasons(desk), *_certainty(desk)]
    blocks += [*_certainty_map(desk), TableBlock(districts, 25), *_other_counts(desk), *_list_or_service(desk)]
    blocks += [*_thresholds(desk), *_worst_areas(desk)]
    return section("gaps", "Gaps: where need is high and advice is out of reach", blocks)


def _in_words(desk: Desk, districts: DataTable) -> list[Sentence]:
    headline = desk.named("headline")
    rule = DESERT_RULES[desk.plan.desert]
    lines = [
        say(
            "{people} people live in {areas} areas that are {topic} advice deserts by the rule “{rule}”.",
            people=headline.at("desert_people", "value"),
            areas=headline.at("desert_areas", "value"),
            topic=desk.topic,
            rule=rule.label.lower(),
        )
    ]
    if len(districts.frame) > 1 and (flagged := districts.frame["desert_people"]).sum() > 0:
        most = str(flagged.idxmax())
        lines.append(
            say(
                "Most of them are in {district}: {people} people, {share} of its residents.",
                district=str(districts.frame.at[most, "district"]),
                people=districts.at(most, "desert_people"),
                share=districts.at(most, "desert_share"),
            )
        )
    if headline.frame.at["areas_without_verdict", "value"]:
        lines.append(say("{areas} areas have no verdict.", areas=headline.at("areas_without_verdict", "value")))
    lines.append(
        Sentence(
            "Open lists under-count outreach, so a desert here may be a gap in the list. Ask the local partners before "
            "you act on it."
        )
    )
    return lines


def _reasons(desk: Desk) -> list[Block]:
    reasons = desk.found.reasons
    frame = pd.DataFrame(
        {
            "why": [_REASONS.get(str(one), str(one)) for one in reasons.index],
            "areas": reasons["areas"].astype("float64"),
            "people": reasons["people"].astype("float64"),
        },
        index=reasons.index,
    )
    frame = frame[frame["areas"] > 0]
    columns = {"why": Column("Why"), "areas": Column("Areas", "count"), "people": Column("People", "count")}
    table = desk.table("reasons", "Why areas are flagged", frame, columns, ["areas", "sites", "services"])
    sentences = [
        say("{people} people because {why}.", people=table.at(str(one), "people"), why=str(frame.at[one, "why"]))
        for one in frame.sort_values("people", ascending=False).index
        if one != "no_data"
    ]
    return [*paragraph(*sentences), TableBlock(table)] if sentences else []


def _certainty(desk: Desk) -> list[Block]:
    if "certainty" not in desk.found.areas.columns or desk.found.areas["certainty"].isna().all():
        return []
    totals = totals_by_certainty(desk.found)
    frame = pd.DataFrame(
        {
            "label": totals.index,
            "meaning": [CERTAINTY[str(one)] for one in totals.index],
            "areas": totals["areas"].astype("float64"),
            "people": totals["people"].astype("float64"),
        },
        index=totals.index,
    )
    columns = {
        "label": Column("How sure"),
        "meaning": Column("Meaning"),
        "areas": Column("Areas", "count"),
        "people": Column("People", "count"),
    }
    table = desk.table("certainty", "How sure the verdicts are", frame, columns, [*desk.plan.weights, "sites", "areas"])
    drawn = desk.found.run["uncertainty"]
    sentence = say(
        "Of the deserts, {robust} areas stay deserts in nine of ten of {draws} draws of the weights; {possible} more "
        "areas are deserts in more than one of ten.",
        robust=table.at("robust", "areas"),
        possible=table.at("possible", "areas"),
        draws=f"{drawn['draws']:,}",
    )
    caution = Sentence("This is doubt about choices, not sampling error; the lists of sites are held as they are.")
    return [*paragraph(sentence, caution), TableBlock(table)]


def _certainty_map(desk: Desk) -> list[Block]:
    """Where the deserts are and how sure each is; left out where nothing was drawn."""
    if "certainty" not in desk.found.areas.columns or desk.found.areas["certainty"].isna().all():
        return []
    counts = desk.found.areas["certainty"].value_counts()
    words = (
        f"Map of {desk.place}: how sure each {desk.topic} desert is, darker is surer. "
        + ", ".join(f"{counts.get(label, 0):,} {label}" for label in ("robust", "borderline", "fragile", "possible"))
        + ". Diamonds are the sites that count."
    )
    title = f"How sure the {desk.topic} deserts are"
    return [desk.figure(title, words, desk.named("areas"), certainty_map(desk))]


def _districts(desk: Desk) -> DataTable:
    found = desk.found
    areas = found.areas.assign(
        flagged=found.areas["desert"].fillna(value=False).astype(bool), residents=found.areas["residents"].astype(float)
    )
    areas["people_flagged"] = areas["residents"].where(areas["flagged"], 0.0)
    groups = areas.groupby("lad24_code")
    stands = desk.site_areas.map(desk.evidence.areas["lad24_code"])
    counted = stands.reindex(found.sites.index).value_counts()
    frame = pd.DataFrame(
        {
            "district": desk.districts["lad24_name"],
            "residents": groups["residents"].sum(),
            "desert_areas": groups["flagged"].sum().astype("float64"),
            "desert_people": groups["people_flagged"].sum(),
            "sites": counted.reindex(desk.districts.index, fill_value=0).astype("float64"),
        }
    )
    frame = frame.sort_values(["desert_people", "district"], ascending=[False, True], kind="stable")
    frame["desert_share"] = 100 * frame["desert_people"] / frame["residents"].where(lambda people: people > 0)
    columns = {
        "district": Column("District"),
        "residents": Column(
            "Residents" if desk.level == "lad24_code" or desk.is_everywhere else "Residents here", "count"
        ),
        "desert_areas": Column("Desert areas", "count"),
        "desert_people": Column("People in them", "count"),
        "desert_share": Column("Share of residents", "percent"),
        "sites": Column("Counted sites in the district", "count"),
    }
    note = "A district that the place holds only a part of counts with that part; its sites are those of all of it."
    used = ["areas", "sites", "services", *desk.plan.weights]
    return desk.table("districts", "Deserts by district", frame, columns, used, note=note)


def _other_counts(desk: Desk) -> list[Block]:
    """The same question by the Law Society's counting of districts, and with what is assumed counted or not."""
    ours = [("this_report", "This report", desk.found)]
    rules = [
        (
            rule,
            f"Law Society: {DESERT_RULES[rule].label.lower()}",
            answer(replace(desk.plan, desert=rule), desk.evidence),
        )
        for rule in _LAW_SOCIETY
        if rule in DESERT_RULES and rule != desk.plan.desert
    ]
    other = "listed" if desk.plan.counting == "listed_and_assumed" else "listed_and_assumed"
    counted = answer(replace(desk.plan, counting=other), desk.evidence)  # type: ignore[arg-type]
    label = (
        "Our rule, counting only what lists say" if other == "listed" else "Our rule, with assumed sites counted too"
    )
    ways = [*ours, *rules]
    if counted.known and not counted.sites.index.equals(desk.found.sites.index):
        ways.append(("other_counting", label, counted))
    table = _ways_table(desk, ways)
    lines = [
        say(
            "By the Law Society's count, {people} people live in districts without any counted site, against {ours} in "
            "deserts by the rule of this report. The two ask different things: a district is not where people live.",
            people=table.at("no_provider_in_district", "people"),
            ours=table.at("this_report", "people"),
        )
        if "no_provider_in_district" in table.frame.index
        else None
    ]
    return [*paragraph(*lines), TableBlock(table)]


def _ways_table(desk: Desk, ways: list[tuple[str, str, Answer]]) -> DataTable:
    frame = pd.DataFrame(
        {
            "way": [label for _, label, _ in ways],
            "areas": [float(found.totals.areas_flagged) for _, _, found in ways],
            "people": [float(found.totals.people_flagged) for _, _, found in ways],
            "share": [float(found.totals.share_of_people_pct) for _, _, found in ways],
        },
        index=[key for key, _, _ in ways],
    )
    columns = {
        "way": Column("Way of counting"),
        "areas": Column("Areas", "count"),
        "people": Column("People", "count"),
        "share": Column("Share of people", "percent"),
    }
    note = (
        "The Law Society counts districts with no provider, and with one; its own figures use its own month and lists."
    )
    used = ["areas", "sites", "services", *desk.plan.weights]
    return desk.table("other_counts", "The same question counted otherwise", frame, columns, used, note=note)


def _list_or_service(desk: Desk) -> list[Block]:
    """What is left of the deserts if outreach that no list shows is assumed; left out where it cannot be asked."""
    if desk.found.totals.areas_flagged == 0:
        return []
    try:
        found = list_or_service_gap(desk.plan, desk.evidence)
    except PlanError:  # legal aid lists its own outreach; a rule of clusters has no line to hold
        return []
    frame = found.totals.astype("float64")
    frame.insert(0, "gap", [GAPS[str(one)] for one in frame.index])
    columns = {
        "gap": Column("What the area is"),
        "areas": Column("Areas", "count"),
        "people": Column("People", "count"),
    }
    used = ["areas", "sites", "services", "health_sites", *desk.plan.weights]
    table = desk.table("list_gap", "List gap or service gap", frame, columns, used, note=found.words)
    sentence = say(
        "If outreach that no list shows is there, {stay} of the people in deserts would still live in one; for {list} "
        "the desert may be a gap in the list.",
        stay=table.at("service gap", "people"),
        list=table.at("list gap possible", "people"),
    )
    return [*paragraph(sentence), TableBlock(table)]


def _thresholds(desk: Desk) -> list[Block]:
    """How the deserts change as each limit of the rule is made smaller and larger."""
    steps = sensitivity(desk.plan, desk.evidence)
    if len(steps) < 2:
        return []
    frame = pd.DataFrame(
        {
            "meaning": steps["meaning"],
            "value": steps["value"].astype("float64"),
            "now": steps["is_now"].astype(bool),
            "areas": steps["areas_flagged"].astype("float64"),
            "people": steps["people_flagged"].astype("float64"),
        }
    )
    frame.index = [f"{row.setting}={row.value:g}" for row in steps.itertuples()]
    columns = {
        "meaning": Column("Limit"),
        "value": Column("Set to", "number"),
        "now": Column("As in this report", "yes_no"),
        "areas": Column("Desert areas", "count"),
        "people": Column("People", "count"),
    }
    used = ["areas", "sites", "services", *desk.plan.weights]
    table = desk.table("thresholds", "The same rule with other limits", frame, columns, used)
    least, most = str(frame["people"].idxmin()), str(frame["people"].idxmax())
    sentence = say(
        "With other limits the same rule flags from {least} to {most} people.",
        least=table.at(least, "people"),
        most=table.at(most, "people"),
    )
    return [*paragraph(sentence), TableBlock(table)]


def _worst_areas(desk: Desk) -> list[Block]:
    flagged = desk.found.areas[desk.found.areas["desert"].fillna(value=False).astype(bool)]
    if flagged.empty:
        return []
    order = flagged.sort_values(["need_rank", "nearest_km"], ascending=[True, False], kind="stable").index
    frame = pd.DataFrame(
        {
            "area_name": flagged.loc[order, "area_name"],
            "district": flagged.loc[order, "lad24_name"],
            "residents": flagged.loc[order, "residents"].astype("float64"),
            "nearest_km": flagged.loc[order, "nearest_km"].astype("float64"),
            "sure": flagged.loc[order].get("certainty", pd.Series(np.nan, index=order)),
            "why": [_REASONS.get(str(one), str(one)) for one in flagged.loc[order, "reason"]],
        }
    )
    columns = {
        "area_name": Column("Area"),
        "district": Column("District"),
        "residents": Column("Residents", "count"),
        "nearest_km": Column("Nearest site, km", "number"),
        "sure": Column("How sure"),
        "why": Column("Why"),
    }
    used = ["areas", "sites", "services", *desk.plan.weights]
    table = desk.table("deserts", "The deserts, most need first", frame, columns, used)
    return [TableBlock(table, 12)]
