"""Commands for saved scenarios: list, show, compare, make again from the journal, rename, copy, import, export."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hjp_geo.areas import Table
from hjp_geo.cli.assess import rows
from hjp_geo.cli.root import commands
from hjp_geo.evidence import Evidence
from hjp_geo.journeys import MODES
from hjp_geo.scenario import Comparison, Rerun, Scenario, Scenarios, clashes, compare, rerun
from hjp_geo.siting import Candidate, closed_names

__all__: list[str] = []

_MOST = 10


@commands.group()
def scenario() -> None:
    """Saved scenarios: sketches, the plan they were made under, and a journal of every choice."""


@scenario.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_command(cache: Path, /, as_json: bool) -> None:
    """List the scenarios of the cache folder, last saved first."""
    saved = Scenarios(cache).list()
    if as_json:
        print(json.dumps([asdict(row) for row in saved]))
        return
    for row in saved:
        what = f"cannot be read: {row.trouble}" if row.trouble else f"{row.sketches} sketches in {row.place}"
        print(f"{row.key}: “{row.name}”, {what}" + (f", saved {row.saved[:16]}" if row.saved else ""))
    if not saved:
        print("No scenario yet. `hjp-geo assess … --save NAME` makes one, and so does the map.")


@scenario.command()
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="For programs: the scenario as GeoJSON.")
@click.option("--journal", is_flag=True, help="Every choice, in order.")
@click.pass_obj
def show(cache: Path, /, key: str, as_json: bool, journal: bool) -> None:
    """Show a scenario by KEY or name: its sketches, and what differs from the data loaded now."""
    found = Scenarios(cache).load(key)
    if as_json:
        print(json.dumps(found.to_dict()))
    elif journal:
        print("\n".join(entry.in_words() for entry in found.journal))
    else:
        print(_shown(found, Evidence.load(cache)))


def _shown(found: Scenario, evidence: Evidence) -> str:
    plan = found.plan
    lines = [
        f"“{found.name}” ({found.key}), revision {found.revision}, saved {found.saved}",
        f"Place {plan.place}, topic {plan.topic}, rule {found.rule}",
        *(f"Note: {line}" for line in ([found.note] if found.note else [])),
        *(f"    {one.name}" + _what(one) for one in found.candidates),
    ]
    lines += [f"    closes {name}" for name in closed_names(evidence, found.closed)]
    differences = found.differences(evidence)
    lines += [f"Differs: {line}" for line in differences] or ["Made with the data and version that are here."]
    return "\n".join(lines)


def _what(one: Candidate) -> str:
    if one.minutes is not None:
        return f": {one.minutes:g} minutes {MODES[one.mode]}"
    if one.radius_km is not None:
        return f": {one.radius_km:g} km around a point"
    return f": {len(one.codes):,} areas by name" if one.codes else ": a drawn area"


@scenario.command(name="compare")
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def compare_command(cache: Path, /, first: str, second: str, as_json: bool) -> None:
    """Compare the scenarios FIRST and SECOND on the data loaded now."""
    saved, evidence = Scenarios(cache), Evidence.load(cache)
    one, other = saved.load(first), saved.load(second)
    told = clashes(one, other, evidence)
    if not as_json:
        print("\n".join(_clashes(told)))  # before anything is worked out
    found = compare(one, other, evidence)
    print(json.dumps({**_values(found), "clashes": told.to_dict("records")}) if as_json else _compared(found))


def _clashes(told: Table) -> list[str]:
    if told.empty:
        return ["Both were made with the data and version that are here, and ask the same question."]
    rows = told.to_dict("records")
    return [
        f"Differs in {row['kind']}, {row['field']}: a {row['a']}; b {row['b']}"
        + (f"; here {row['here']}" if row["here"] else "")
        + f". {row['effect']}"
        for row in rows
    ]


def _compared(found: Comparison) -> str:
    lines = [f"Warning: {line}" for line in found.warnings]
    lines.append(f"a = “{found.a.name}”, b = “{found.b.name}”")
    for row in found.totals.to_dict("records"):
        numbers = (_number(row[name], str(row["unit"])) for name in ("a", "b", "difference"))
        one, other, difference = numbers
        lines.append(f"    {row['label']}: {one} | {other} | difference {difference} ({row['unit']})")
    for what, table in (("better", found.winners), ("worse", found.losers)):
        names = "; ".join(table["area_name"].astype("str").head(_MOST))
        lines.append(f"Access {what} in b: {len(table):,} areas" + (f": {names}" if names else ""))
    return "\n".join([*lines, *(f"Credit: {line}" for line in found.attribution)])


def _number(value: float, unit: str) -> str:
    if math.isnan(value):
        return "not known"
    return f"{value:,.0f}" if unit in ("people", "areas", "sketches", "sites", "people in need") else f"{value:,.2f}"


def _values(found: Comparison) -> dict[str, Any]:
    return {
        "a": {"key": found.a.key, "name": found.a.name},
        "b": {"key": found.b.key, "name": found.b.name},
        "warnings": list(found.warnings),
        "totals": rows(found.totals),
        "areas": rows(found.areas),
        "attribution": list(found.attribution),
        "run": dict(found.run),
    }


@scenario.command(name="rerun")
@click.argument("key")
@click.option("--save-as", metavar="NAME", help="Also save what came out as a scenario of this name.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def rerun_command(cache: Path, /, key: str, save_as: str | None, as_json: bool) -> None:
    """Make the scenario KEY again from its journal, and say whether the same figures come out."""
    saved, evidence = Scenarios(cache), Evidence.load(cache)
    found = rerun(saved.load(key), evidence)
    print(json.dumps(_rerun_values(found)) if as_json else _rerun_told(found))
    if save_as:
        made = saved.save_copy(found.scenario, save_as)
        if not as_json:
            print(f"Saved: {made.key}")


def _rerun_told(found: Rerun) -> str:
    lines = [*(f"Differs: {line}" for line in found.warnings), found.sentence(), *found.state]
    for row in found.figures.to_dict("records"):
        then, now = (_number(row[name], str(row["unit"])) for name in ("then", "now"))
        kept = f"{then} kept | " if found.kept else ""
        lines.append(
            f"    {row['label']}: {kept}{now} now" + ("  <- differs" if found.kept and not row["same"] else "")
        )
    return "\n".join(lines)


def _rerun_values(found: Rerun) -> dict[str, Any]:
    return {
        "is_same": found.is_same,
        "choices": found.choices,
        "warnings": list(found.warnings),
        "state": list(found.state),
        "figures_kept": found.kept,
        "figures": rows(found.figures),
        "scenario": found.scenario.to_dict(),
    }


@scenario.command()
@click.argument("key")
@click.argument("name")
@click.pass_obj
def rename(cache: Path, /, key: str, name: str) -> None:
    """Give the scenario KEY another NAME; its key stays."""
    saved = Scenarios(cache)
    renamed = saved.rename(saved.key_of(key), name)
    print(f"{renamed.key}: “{renamed.name}”")


@scenario.command()
@click.argument("key")
@click.argument("name", required=False)
@click.pass_obj
def duplicate(cache: Path, /, key: str, name: str | None) -> None:
    """Save a copy of the scenario KEY, under a NAME if one is given."""
    copy = Scenarios(cache).duplicate(key, name)
    print(f"{copy.key}: “{copy.name}”")


@scenario.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_command(cache: Path, /, file: Path) -> None:
    """Take in a scenario from a FILE, as a new one."""
    saved = Scenarios(cache).import_file(file)
    print(f"{saved.key}: “{saved.name}”")


@scenario.command(name="export")
@click.argument("key")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def export_command(cache: Path, /, key: str, file: Path) -> None:
    """Write the scenario KEY to a FILE, to give to somebody else."""
    print(f"Written: {Scenarios(cache).export(key, file)}")


@scenario.command()
@click.argument("key")
@click.pass_obj
def delete(cache: Path, /, key: str) -> None:
    """Move the scenario KEY to the bin, from where it can be imported again."""
    print(f"Moved to {Scenarios(cache).delete(key)}")
