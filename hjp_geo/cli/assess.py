"""The command that assesses sketched sites and catchments."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.cli.questions import plan_from_options, plan_options
from hjp_geo.cli.root import commands
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import assessment_values
from hjp_geo.journeys import MODES
from hjp_geo.prevalence import RANGE_IN_WORDS, cases_in_words
from hjp_geo.scenario import Scenario, Scenarios, figures_of
from hjp_geo.siting import (
    ASSUMPTIONS,
    DIMENSIONS,
    RULES,
    Assessment,
    Candidate,
    DesignCard,
    Feasibility,
    Offer,
    Partners,
    assess,
    deprivation_of,
    feasibility,
    partners,
    partners_found,
    point_of,
)

__all__ = ["rows"]


@commands.command(name="assess")
@plan_options
@click.option("--at", "places", multiple=True, help='A postcode, "latitude,longitude" or a grid reference; repeat.')
@click.option("--site", "site_ids", multiple=True, help="The code of a health site, such as A81001; repeat.")
@click.option("--area", "named", multiple=True, help="A district, sub-ICB location or ICB, by code or name; repeat.")
@click.option("--areas", "listed", multiple=True, help="LSOA codes separated by commas: one catchment; repeat.")
@click.option("--drawing", type=click.Path(path_type=Path), help="A GeoJSON file of sketches, or a saved scenario.")
@click.option("--radius-km", type=float, default=3.0, show_default=True, help="How far a site at a point would reach.")
@click.option("--minutes", type=float, help="Instead of a radius: how many minutes away a site would reach.")
@click.option("--mode", default="public_transport", show_default=True, help=f"For --minutes: {', '.join(MODES)}.")
@click.option("--speed-kmh", type=float, help="For --minutes: a speed of your own; then it is a circle.")
@click.option("--rule", default="centroid", show_default=True, help=f"Which areas belong: {', '.join(RULES)}.")
@click.option("--offer-topic", "topics", multiple=True, help="What it would advise on; repeat. Else the plan's topic.")
@click.option("--channel", help="in_person, outreach, phone or online.")
@click.option("--sessions", "sessions_per_week", type=float, help="Sessions a week at each site.")
@click.option("--hours", "adviser_hours_per_week", type=float, help="Adviser hours a week at each site.")
@click.option("--opens", help="The day it would open, YYYY-MM-DD.")
@click.option("--design", "choices", multiple=True, metavar="ELEMENT=CODE", help="A choice of the design card; repeat.")
@click.option("--assume", "assumed", multiple=True, metavar="NAME=NUMBER", help="Change an assumption; repeat.")
@click.option("--close", "closed", multiple=True, metavar="SITE_ID", help="A site of today to close; repeat.")
@click.option("--partners", "with_partners", is_flag=True, help="Also list possible partners of each.")
@click.option("--save", "save_as", metavar="NAME", help="Save the sketches as a scenario of this name.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def assess_command(cache: Path, /, as_json: bool, with_partners: bool, save_as: str | None, **given: Any) -> None:
    """Who sites and catchments would reach, what they would change, and who would still be missed."""
    evidence = Evidence.load(cache)
    asked = {name: given.pop(name) for name in _SKETCHING}
    plan = plan_from_options(evidence, **given)
    candidates = _candidates(asked, evidence)
    assumptions = ASSUMPTIONS.changed(dict(_number(text) for text in asked["assumed"]))
    found = assess(plan, candidates, evidence, rule=asked["rule"], assumptions=assumptions, closed=asked["closed"])
    near = [partners(plan, one, evidence) for one in candidates] if with_partners else []
    saved = _save(save_as, found, evidence, asked["rule"], cache) if save_as else ""
    print(json.dumps(_values(found, near, evidence)) if as_json else _text(found, near, evidence))
    if saved and not as_json:
        print(f"Saved: {saved}")


_SKETCHING = (
    *("places", "site_ids", "named", "listed", "drawing", "radius_km", "minutes", "mode", "speed_kmh", "rule"),
    *("topics", "channel", "sessions_per_week", "adviser_hours_per_week", "opens", "choices", "assumed", "closed"),
)
"""Options that say what is sketched; the others make the plan."""


def _candidates(asked: Mapping[str, Any], evidence: Evidence) -> list[Candidate]:
    offer = Offer.from_dict({name: asked[name] for name in _OFFERED if asked[name] is not None})
    design = _design(asked["choices"])
    return [
        one.offering(offer if offer != Offer() else None, None if design.is_empty else design)
        for one in _sketched(asked, evidence)
    ]


_OFFERED = ("topics", "channel", "sessions_per_week", "adviser_hours_per_week", "opens")


def _sketched(asked: Mapping[str, Any], evidence: Evidence) -> Iterator[Candidate]:
    for text in asked["places"]:
        yield _around(point_of(text, evidence), text.strip(), asked)
    for site_id in asked["site_ids"]:
        site = Candidate.health_site(site_id.strip().upper(), asked["radius_km"], evidence)
        point = (float(site.geometry.x), float(site.geometry.y))
        yield site if asked["minutes"] is None else _around(point, site.name, asked)
    for name in asked["named"]:
        yield Candidate.place(name, evidence)
    for codes in asked["listed"]:
        yield Candidate.areas_listed(codes.split(","), evidence)
    if asked["drawing"]:
        yield from (Candidate.from_feature(one) for one in _features(asked["drawing"]))


def _around(point: tuple[float, float], name: str, asked: Mapping[str, Any]) -> Candidate:
    if asked["minutes"] is None:
        return Candidate.circle(*point, asked["radius_km"], name)
    how = {"mode": asked["mode"], "speed_kmh": asked["speed_kmh"]}
    return Candidate.within_minutes(point, asked["minutes"], name=name, **how)


def _features(path: Path) -> list[Mapping[str, Any]]:
    try:
        values = json.loads(path.read_text("utf-8"))
        features = values["features"] if values["type"] == "FeatureCollection" else [values]
        return [dict(one) for one in features]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PlanError(f"{path} is not GeoJSON that can be read ({error}). Expected a FeatureCollection.") from error


def _design(choices: Sequence[str]) -> DesignCard:
    values: dict[str, Any] = {}
    for text in choices:
        name, _, code = (part.strip() for part in text.partition("="))
        if name in DIMENSIONS and DIMENSIONS[name].several:
            values.setdefault(name, []).append(code)
        else:
            values[name] = code
    return DesignCard.from_dict(values)


def _number(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError as error:
        raise PlanError(f"'{text[:60]}' is not NAME=NUMBER, such as hours_per_case=3.") from error


def _save(name: str, found: Assessment, evidence: Evidence, rule: str, cache: Path) -> str:
    features = [one.to_feature(f"sketch-{number}") for number, one in enumerate(found.candidates, 1)]
    begun = Scenario.begin(name, found.plan, evidence).with_features(features).with_closed(found.closed)
    chosen = begun.with_rule(rule).with_assumptions(found.assumptions)
    return Scenarios(cache).save(chosen.with_figures(figures_of(found))).key


# for programs -------------------------------------------------------------------------------------------------------


def _values(found: Assessment, near: Sequence[Partners], evidence: Evidence) -> dict[str, Any]:
    values = assessment_values(found)
    feasible = [_feasibility(found, number) for number in range(len(found.parts))]
    parts = [{**one, **_more(found, number)} for number, one in enumerate(values["parts"])]
    return {
        **values,
        "parts": [
            {**part, "feasibility": rows(one.table()), "in_words": one.sentence()}
            for part, one in zip(parts, feasible, strict=True)
        ],
        "deprivation": {str(name): _tidy(value) for name, value in deprivation_of(found.total, evidence).items()},
        "effects": rows(found.effects.summary),
        "effects_notes": list(found.effects.notes),
        "winners": len(found.effects.winners),
        "losers": len(found.effects.losers),
        "split": rows(found.split),
        "overlaps": found.overlaps.to_dict("records"),
        "still_missed": rows(found.still_missed.drop(columns="desert")),
        "by_decile": rows(found.total.by_decile),
        "by_rural_urban": rows(found.total.by_rural_urban),
        "assumptions": rows(found.assumptions.table()),
        "partners": [{"health": rows(one.health), "advice": rows(one.advice), "notes": one.notes} for one in near],
    }


def _more(found: Assessment, number: int) -> dict[str, Any]:
    part, candidate = found.parts[number], found.candidates[number]
    return {
        "people_shared_with_existing": _tidy(part.shared_with_existing),
        "people_in_areas_cut_by_the_line": part.people_cut,
        "target": rows(part.target),
        "offer": candidate.offer.to_dict(),
        "design": candidate.design.to_dict(),
        "contradictions": list(found.contradictions[number]),
    }


def _feasibility(found: Assessment, number: int) -> Feasibility:
    return feasibility(found.candidates[number].offer, found.parts[number].people_in_need, found.assumptions)


def rows(table: Table) -> list[dict[str, Any]]:
    """The rows of a table with its index, as plain values for JSON: missing is null."""
    found = table.reset_index().to_dict("records")
    return [{str(name): _tidy(value) for name, value in row.items()} for row in found]


def _tidy(value: Any) -> Any:
    """A value that JSON can hold: missing is null."""
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value


# for people ---------------------------------------------------------------------------------------------------------


def _text(found: Assessment, near: Sequence[Partners], evidence: Evidence) -> str:
    total = found.total
    lines = [
        f"{total.name}: {len(total.areas):,} areas, {total.people:,.0f} people, {total.people_in_need:,.0f} in need.",
        f"In areas of greatest need: {total.people_in_worst_fifth:,.0f} people.",
        f"No provider reached before: {_count(total.newly_reached)}.",
        f"Shared with a provider of today: {_count(total.shared_with_existing)}.",
        f"Desert areas: {total.desert_areas:,} ({total.people_in_deserts:,.0f} people).",
        f"Inside: {len(total.advice_sites):,} advice sites, {len(total.health_sites):,} GP practices.",
        *_condition_lines(total.conditions),
        *_class_lines("Deprivation decile", total.by_decile),
        *_class_lines("Rural-urban", total.by_rural_urban),
        *_deprivation_line(found, evidence),
        *_changed_lines(found),
        *_split_lines(found),
        *_part_lines(found),
        *(f"Partners of {one.name}: {partners_found(by)}" for one, by in zip(found.candidates, near, strict=False)),
        f"Range: {RANGE_IN_WORDS}",
        *(f"Note: {note}" for note in (*total.notes, *found.effects.notes)),
        *((f"Note: the line cuts areas of {total.people_cut:,.0f} people.",) if total.areas_cut else ()),
        f"Rule: {found.rule}",
        *(f"Credit: {line}" for line in found.attribution),
    ]
    return "\n".join(lines)


def _figure(row: Mapping[Any, Any], name: str) -> str:
    return f"{row[name]:,.0f}" if row["unit"] in ("people", "areas") else f"{row[name]:,.2f}"


def _count(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:,.0f}"


def _condition_lines(conditions: Table) -> list[str]:
    known = conditions.dropna(subset="people").to_dict("records")
    return [
        f"    {row['label']}: {cases_in_words(row['people'], row['people_low'], row['people_high'])} people (modelled)"
        for row in known
    ]


def _class_lines(what: str, table: Table) -> list[str]:
    if table.empty:
        return [f"{what}: not loaded."]
    return [f"{what}: " + "; ".join(f"{name}, {people:,.0f} people" for name, people in table["people"].items())]


def _deprivation_line(found: Assessment, evidence: Evidence) -> list[str]:
    values = deprivation_of(found.total, evidence)
    if values.empty:
        return []
    line = (
        f"Deprivation together: average score {values['average_score']:.1f}, extent {values['extent']:.2f}, "
        f"{100 * values['proportion_worst_10']:.0f} % of areas in the most deprived tenth (computed by hjp-geo)."
    )
    return [line]


def _changed_lines(found: Assessment) -> list[str]:
    known = found.effects.summary.dropna(subset="change").to_dict("records")
    lines = [f"    {row['label']}: {_figure(row, 'before')} → {_figure(row, 'after')} ({row['unit']})" for row in known]
    winners, losers = found.effects.winners, found.effects.losers
    head = f"Before → after in the place: access gets better in {len(winners):,} areas, worse in {len(losers):,}."
    return [head, *lines]


def _split_lines(found: Assessment) -> list[str]:
    becomes = found.split.to_dict("records")
    lines = [f"    {row['label']}: {_count(row['people_in_need'])} people in need" for row in becomes]
    missed = found.still_missed
    where = "; ".join(f"{row['area_name']} ({row['people_in_need']:,.0f})" for row in missed.head(5).to_dict("records"))
    still = f"Reached by nobody, now or then: {len(missed):,} areas" + (f", first {where}." if len(missed) else ".")
    return ["What becomes of the people in need of the place:", *lines, still]


def _part_lines(found: Assessment) -> Iterator[str]:
    for number, part in enumerate(found.parts):
        if found.candidates[number].offer.says_how_much:
            yield f"{part.name}: {_feasibility(found, number).sentence()}"
        for line in found.contradictions[number]:
            yield f"{part.name}, design: {line}"
    for row in found.overlaps.to_dict("records"):
        yield f"{row['first']} and {row['second']} overlap: {row['people']:,.0f} people are in both."
