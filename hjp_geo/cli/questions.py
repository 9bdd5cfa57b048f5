"""Commands that ask the warehouse: score a place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hjp_geo.cli.root import commands
from hjp_geo.desert import DESERT_RULES
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import EXPORTS, answer_values, caveats, export
from hjp_geo.layer import Layer
from hjp_geo.plan import DECAYS, TOPICS, Answer, Plan, answer
from hjp_geo.presets import PRESETS, preset, presets_page
from hjp_geo.registry import discover
from hjp_geo.uncertainty import CERTAINTY, totals_by_certainty, with_uncertainty

__all__ = ["plan_from_options", "plan_options", "remote_sentence", "score_text"]


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
        click.option("--remote", help="leave_out or count phone and online advice."),
        click.option("--remote-worth", type=float, help="What a remote hour is worth of one in person, 0 to 1."),
        click.option("--supply", help="Count supply in sites, or in hours a week."),
        click.option("--assumed-hours", type=float, help="Hours a week of an office whose hours nobody recorded."),
        click.option("--assumed-outreach-hours", type=float, help="The same for an outreach point."),
        click.option("--measure", help="A measure of access."),
        click.option("--decay", help=f"How a site counts for less further away: {', '.join(DECAYS)}."),
        click.option("--cutoff-km", type=float, help="How far a site reaches, straight line."),
        click.option("--journeys", help="straight_line (km), walk or drive (minutes, estimated), or kept journeys."),
        click.option("--cutoff-minutes", type=float, help="How far a site reaches where journeys are in minutes."),
        click.option("--desert", help=f"A desert rule: {', '.join(DESERT_RULES)}."),
        click.option("--worst-share", type=float, help="The share of areas that is the worst: 0.2 is a fifth."),
        click.option("--bottom-share", type=float, help="The share of districts that is the bottom."),
        click.option("--significance", type=float, help="The share of clusters that may be false."),
        click.option("--own-rule", help='For --desert own_rule, such as "need_fifth = 1 and nearest > 8".'),
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
        lines += [remote_sentence(found)] if found.other_totals else []
    lines += _certainty_lines(found)
    lines += [f"Note: {line}" for line in caveats(found, evidence)]
    lines += [f"Credit: {line}" for line in found.attribution]
    return "\n".join(lines + ([f"Written: {out}"] if out else []))


def remote_sentence(found: Answer) -> str:
    """The headline the other way round: with phone and online advice, or without it."""
    other = found.other_totals
    assert other is not None
    way = "Without" if found.plan.remote == "count" else "With"
    people = f"{other.people_flagged:,.0f} people ({other.share_of_people_pct:.1f} %)"
    return f"{way} phone and online advice: {other.areas_flagged:,} areas, {people}."


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
