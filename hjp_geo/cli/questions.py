"""Commands that ask the warehouse: score a place, assess a site."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import pandas as pd
from pyproj import Transformer

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.cli.root import commands
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import EXPORTS, answer_values, assessment_values, caveats, export
from hjp_geo.layer import Layer
from hjp_geo.plan import TOPICS, Answer, Plan, answer
from hjp_geo.presets import PRESETS, preset, presets_page
from hjp_geo.prevalence import RANGE_IN_WORDS, cases_in_words
from hjp_geo.registry import discover
from hjp_geo.siting import Assessment, Candidate, assess
from hjp_geo.uncertainty import CERTAINTY, totals_by_certainty, with_uncertainty

__all__ = ["plan_from_options", "plan_options", "score_text"]

_COORDINATES = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*")


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that make up a plan; only those given are passed on, so that defaults live in `Plan` alone."""
    options = (
        click.option("--place", help="Code or name of an ICB or district, or 'england'."),
        click.option("--preset", "preset_name", metavar="NAME", help="A target population: see `hjp-geo presets`."),
        click.option("--weight", "weights", multiple=True, metavar="LAYER=W", help="A need layer and its weight."),
        click.option("--topic", help=f"One of {', '.join(TOPICS)}."),
        click.option("--assistance", help="general_advice or specialist_legal_aid."),
        click.option("--counting", help="listed, or listed_and_assumed."),
        click.option("--outreach", help="leave_out or count home-visit service areas."),
        click.option("--measure", help="A measure of access."),
        click.option("--cutoff-km", type=float, help="How far a site reaches, straight line."),
        click.option("--desert", help="A desert rule."),
        click.option("--frame", help="england or place: whose worst fifths."),
        click.option("--demand", help="The people layer that shares the sites."),
        click.option("--normalisation", help="The scale of the need layers, such as imd_exponential."),
        click.option("--aggregate", help="arithmetic, geometric or harmonic mean of the need layers."),
        click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="A plan saved as JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def plan_from_options(
    evidence: Evidence, plan_file: Path | None, weights: Sequence[str], preset_name: str | None, **given: Any
) -> Plan:
    """The plan that the options ask for, on top of the preset, on top of the plan in a file, if these are named."""
    begun = Plan.from_dict(_plan_from_file(plan_file) if plan_file else {})
    if preset_name is not None:
        begun = preset(preset_name).plan(evidence, begun)
    values = {name: value for name, value in given.items() if value is not None}
    if weights:
        values["weights"] = dict(map(_weight, weights))
    return Plan.from_dict({**begun.to_dict(), **values})


def _plan_from_file(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
        return dict(values.get("plan", values))
    except (OSError, ValueError, AttributeError) as error:
        raise PlanError(f"{path} is not a plan that can be read ({error}). Expected the JSON of a plan.") from error


def _weight(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError as error:
        raise PlanError(f"The weight '{text}' is not LAYER=NUMBER, such as income_deprivation=0.4.") from error


@commands.command()
@plan_options
@click.option("--out", type=click.Path(path_type=Path), help=f"A file ending in {', '.join(EXPORTS)}.")
@click.option("--uncertainty", is_flag=True, help="Draw the weights again and again: how sure is each verdict?")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def score(cache: Path, /, out: Path | None, uncertainty: bool, as_json: bool, **options: Any) -> None:
    """Score a place: need, access and deserts."""
    evidence = Evidence.load(cache)
    found = answer(plan_from_options(evidence, **options), evidence)
    if uncertainty:
        found = with_uncertainty(found, evidence)
    if out:
        export(found, evidence, out)
    if as_json:
        print(json.dumps(answer_values(found, evidence)))
    else:
        print(score_text(found, evidence, out))


def score_text(found: Answer, evidence: Evidence, out: Path | None) -> str:
    """An answer in words: headline, reasons, caveats, credits, and where it was written."""
    totals, plan = found.totals, found.plan
    sites = f"{int(found.sites['in_place'].sum()):,} sites for {TOPICS[plan.topic].lower()} within reach"
    lines = [f"{found.place.name}: {totals.areas:,} areas, {totals.people:,.0f} residents, {sites}."]
    if found.known:
        people = f"{totals.people_flagged:,.0f} people ({totals.share_of_people_pct:.1f} %)"
        lines.append(f"Desert ({plan.desert}): {totals.areas_flagged:,} areas, {people}.")
        reasons = found.reasons[found.reasons["areas"] > 0]
        lines += [
            f"    because {reason}: {row['areas']:,.0f} areas, {row['people']:,.0f} people"
            for reason, row in reasons.iterrows()
        ]
    lines += _certainty_lines(found)
    lines += [f"Note: {line}" for line in caveats(found, evidence)]
    lines += [f"Credit: {line}" for line in found.attribution]
    return "\n".join(lines + ([f"Written: {out}"] if out else []))


def _certainty_lines(found: Answer) -> list[str]:
    if "certainty" not in found.areas.columns or found.areas["certainty"].isna().all():
        return []
    return [
        f"    {label}: {row['areas']:,.0f} areas, {row['people']:,.0f} people ({CERTAINTY[str(label)]})"
        for label, row in totals_by_certainty(found).iterrows()
        if row["areas"] > 0
    ]


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--markdown", is_flag=True, help="The page docs/target-populations.md.")
def presets(as_json: bool, markdown: bool) -> None:
    """List the target populations that a plan can begin with."""
    if as_json:
        print(json.dumps({one.name: {**asdict(one), "topics": list(one.topics)} for one in PRESETS.values()}))
    elif markdown:
        print(presets_page({name: one.label for name, one in discover("layers", Layer).items()}), end="")
    else:
        print("\n".join(f"{one.name}: {one.question}" for one in PRESETS.values()))


@commands.command(name="assess")
@plan_options
@click.option("--at", "places", multiple=True, required=True, help='A postcode, or "latitude,longitude"; repeat.')
@click.option("--radius-km", type=float, default=3.0, show_default=True, help="How far the site would reach.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def assess_command(cache: Path, /, places: tuple[str, ...], radius_km: float, as_json: bool, **options: Any) -> None:
    """Who a site at a postcode or a point would reach."""
    evidence = Evidence.load(cache)
    plan = plan_from_options(evidence, **options)
    candidates = [Candidate.circle(*_point(text, evidence), radius_km, text.strip()) for text in places]
    assessed = assess(plan, candidates, evidence)
    print(json.dumps(assessment_values(assessed)) if as_json else _assessment_text(assessed))


def _point(text: str, evidence: Evidence) -> tuple[float, float]:
    if match := _COORDINATES.fullmatch(text):
        latitude, longitude = map(float, match.groups())
        to_grid = Transformer.from_crs(WGS84, BRITISH_NATIONAL_GRID, always_xy=True)
        return to_grid.transform(longitude, latitude)
    if point := evidence.postcode_point(text):
        return point
    raise PlanError(f"'{text}' is neither a postcode with a known place nor latitude,longitude such as 51.51,-0.12.")


def _assessment_text(assessed: Assessment) -> str:
    total = assessed.total
    newly = "not known" if pd.isna(total.newly_reached) else f"{total.newly_reached:,.0f}"
    lines = [
        f"{total.name}: {len(total.areas):,} areas, {total.people:,.0f} people, {total.people_in_need:,.0f} in need.",
        f"In areas of greatest need: {total.people_in_worst_fifth:,.0f} people. No provider reached before: {newly}.",
        f"Desert areas: {total.desert_areas:,} ({total.people_in_deserts:,.0f} people).",
        f"Inside: {len(total.advice_sites):,} advice sites, {len(total.health_sites):,} GP practices.",
        *(
            f"    {row['label']}: {cases_in_words(row['people'], row['people_low'], row['people_high'])} people"
            " (modelled)"
            for row in total.conditions.dropna(subset="people").to_dict("records")
        ),
        f"Range: {RANGE_IN_WORDS}",
        *(f"Note: {note}" for note in total.notes),
        f"Rule: {assessed.rule}",
        *(f"Credit: {line}" for line in assessed.attribution),
    ]
    return "\n".join(lines)
