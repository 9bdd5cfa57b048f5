"""Plan → Report: the sections in the order of the guide, each left out where it has nothing to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hjp_geo import __version__
from hjp_geo.evidence import Evidence
from hjp_geo.export import shareable
from hjp_geo.maps import fifths
from hjp_geo.plan import Answer, answer
from hjp_geo.report.answers import assessed
from hjp_geo.report.deserts import deserts
from hjp_geo.report.desk import Desk, Request, paragraph, say
from hjp_geo.report.impact import heat, impact_assessment
from hjp_geo.report.limits import changes, limits, methods, releases_of, sources
from hjp_geo.report.missed import missed
from hjp_geo.report.needs import needs
from hjp_geo.report.options import design_cards, feasible, newly_in_words, options, suggested
from hjp_geo.report.partners import partners
from hjp_geo.report.parts import Block, Bullets, Figure, Report, Section, Sentence
from hjp_geo.report.pictures import access_map, area_map, layers_of_the_map
from hjp_geo.report.question import areas_table, headline_table, question
from hjp_geo.report.supply import supply
from hjp_geo.uncertainty import Doubt, with_uncertainty

__all__ = ["Progress", "compose"]

Progress = Callable[[float, str], None]
"""Called with the share of the work that is done, 0 to 1, and what comes next."""

_SECTIONS: tuple[tuple[str, Callable[[Desk], Section | None]], ...] = (
    ("needs here", needs),
    ("what exists", supply),
    ("gaps", deserts),
    ("who is missed", missed),
    ("options", options),
    ("suggested sites", suggested),
    ("partners", partners),
    ("feasibility", feasible),
    ("design", design_cards),
    ("impact assessment", impact_assessment),
    ("HEAT", heat),
    ("limits", limits),
    ("methods", methods),
    ("what changed", changes),
    ("sources", sources),
)


def _quiet(_share: float, _what: str) -> None:
    return None


def compose(request: Request, evidence: Evidence, progress: Progress = _quiet) -> tuple[Report, Answer]:
    """The gap analysis of a request as data, for any writer, and the answer that its files hold.

    The same request on the same warehouse gives the same report. Raises `PlanError` where the plan does not fit the
    warehouse, `GeographyError` where a sketch lies outside it.
    """
    progress(0.0, "need and access")
    plan = replace(request.plan, place=evidence.place(request.plan.place).code)  # a code, so that a run is the same
    found = with_uncertainty(answer(plan, evidence), evidence, Doubt())
    desk = Desk(replace(request, plan=plan), evidence, shareable(found, evidence))
    if request.candidates:
        progress(0.1, "sketched options")
        desk.assessed = assessed(desk.request, evidence)
    headline = headline_table(desk)
    areas_table(desk)
    front = _front_map(desk)
    made = [question(desk, headline)]
    for number, (name, write) in enumerate(_SECTIONS):
        progress(0.15 + 0.8 * number / len(_SECTIONS), name)
        made.append(write(desk))
    progress(0.95, "one page")
    report = Report(
        title=f"Where free {desk.topic} advice is needed and out of reach: {desk.place}",
        place=desk.place,
        date=request.date,
        made_up=evidence.made_up,
        summary=_one_page(desk, front),
        sections=tuple(one for one in made if one is not None),
        tables=dict(desk.tables),
        attribution=tuple(evidence.attribution(sorted({s for t in desk.tables.values() for s in t.sources}))),
        run=_run_file(desk),
        maps=layers_of_the_map(desk),
    )
    return report, desk.found


def _front_map(desk: Desk) -> Figure:
    """The one map of the first page: access and deserts, or need where no list says what access there is."""
    table = desk.named("areas")
    if not desk.found.known:
        need = desk.found.areas["need"]
        words = f"Map of {desk.place}: need by area in fifths, darker is more need. Access is not known."
        drawing = area_map(desk, need, fifths(need), "Need index", "score, high is more need")
        return desk.figure(f"Need in {desk.place}; access is not known", words, table, drawing)
    words = (
        f"Map of {desk.place}: access to {desk.topic} advice by area in fifths, darker is less. "
        f"{desk.found.totals.areas_flagged:,} deserts have a heavy outline; diamonds are the sites that count."
    )
    return desk.figure(f"Access to {desk.topic} advice, and deserts", words, table, access_map(desk))


def _one_page(desk: Desk, front: Figure) -> Section:
    """The first page: the answer in a few sentences, and one map."""
    headline = desk.named("headline")
    lines = [
        say(
            "{place} has {residents} residents; {need} of them are counted as in need.",
            place=desk.place,
            residents=headline.at("residents", "value"),
            need=headline.at("people_in_need", "value"),
        )
    ]
    if desk.found.known:
        share = desk.named("other_counts")
        lines.append(
            say(
                "{people} people ({share}) live in {areas} areas that are {topic} advice deserts.",
                people=headline.at("desert_people", "value"),
                share=share.at("this_report", "share"),
                areas=headline.at("desert_areas", "value"),
                topic=desk.topic,
            )
        )
        lines += [*_sure(desk), *_list_line(desk)]
    else:
        lines.append(Sentence(f"No loaded list covers {desk.topic}: there is no verdict, and no data is not no need."))
    lines += _option_line(desk)
    lines.append(Sentence("Open lists miss most outreach. Check each gap with local partners before you act on it."))
    blocks: list[Block] = [Bullets(tuple(lines)), front]
    if desk.evidence.made_up:
        warning = Sentence("MADE-UP DATA: an invented Integrated Care System. No figure here is about a real place.")
        blocks[:0] = [replace(paragraph(warning)[0], style="note")]
    return Section("summary", "In one page", tuple(blocks))


def _sure(desk: Desk) -> list[Sentence]:
    table = next((one for one in desk.tables.values() if one.name == "certainty"), None)
    if table is None:
        return []
    return [
        say(
            "{robust} of these people live in areas that stay deserts in nine of ten draws of the weights.",
            robust=table.at("robust", "people"),
        )
    ]


def _list_line(desk: Desk) -> list[Sentence]:
    """How many of the people in deserts may live in a gap of the list rather than of the service."""
    if not desk.has("list_gap"):
        return []
    return [
        say(
            "If outreach that no list shows is where one would expect it, {stay} people would still live in a desert.",
            stay=desk.named("list_gap").at("service gap", "people"),
        )
    ]


def _option_line(desk: Desk) -> list[Sentence]:
    if not desk.has("options"):
        return []
    table = desk.named("options")
    row = "total" if "total" in table.frame.index else str(table.frame.index[0])
    reach = say(
        "The options sketched would reach {people} people, {need} of them in need.",
        people=table.at(row, "people"),
        need=table.at(row, "people_in_need"),
    )
    return [reach, newly_in_words(table, row, desk.plan.cutoff_km)]


def _run_file(desk: Desk) -> dict[str, object]:
    """What makes the same report again: plan, sketches, releases, version, seed."""
    features = [one.to_feature(f"option-{number}") for number, one in enumerate(desk.request.candidates, start=1)]
    drawn = desk.found.run.get("uncertainty", {})
    return {
        "hjp_geo": __version__,
        "plan": desk.plan.to_dict(),
        "name": desk.request.name,
        "rule": desk.request.rule,
        "closed": list(desk.request.closed),
        "assumptions": {name: list(values) for name, values in desk.request.assumptions.items()},
        "sketch": {"type": "FeatureCollection", "features": features},
        "seed": drawn.get("seed"),
        "draws": drawn.get("draws"),
        "build": desk.found.run["build"],
        "built": desk.found.run["built"],
        "made_up": desk.found.run["made_up"],
        "releases": releases_of(desk),
    }
