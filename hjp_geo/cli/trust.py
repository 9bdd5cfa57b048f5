"""Commands that say how far the data can be trusted: quality, trace, diff."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from hjp_geo.build import previous_folder
from hjp_geo.cli.questions import plan_from_options, plan_options
from hjp_geo.cli.root import commands
from hjp_geo.compare import (
    Flips,
    TableDiff,
    built_with,
    compare_tables,
    compare_warehouses,
    declared_keys,
    diff_lines,
    diff_values,
    flips,
    flips_lines,
    flips_values,
    release_file,
    release_table,
)
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import answer
from hjp_geo.quality import quality_lines
from hjp_geo.registry import discover
from hjp_geo.source import Source, in_order
from hjp_geo.store import Warehouse
from hjp_geo.trace import OF_AN_ANSWER, trace, trace_answer, trace_lines, trace_values

__all__: list[str] = []


@commands.command()
@click.option("--all", "everything", is_flag=True, help="Also what is as it should be.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def quality(cache: Path, everything: bool, as_json: bool) -> None:
    """What the last build read and left out, what does not join, what looks wrong, what is old."""
    warehouse = Warehouse.open(cache)
    table, notes = warehouse.table("_quality"), warehouse.table("_notes")
    if as_json:
        values = {
            "findings": json.loads(table.to_json(orient="records")),
            "notes": json.loads(notes.to_json(orient="records")),
        }
        print(json.dumps({"build": warehouse.build_id, **values}, indent=1))
        return
    print("\n".join(quality_lines(table, only="all" if everything else "look")))
    print("What each table left out, or says of itself:")
    for name, note, amount in notes.itertuples(index=False):
        print(f"    {name}: {note}: {amount:,.0f}")


@commands.command(name="trace")
@click.argument("area")
@click.argument("layer")
@plan_options
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def trace_command(cache: Path, /, area: str, layer: str, as_json: bool, **options: Any) -> None:
    """Where a number comes from: an AREA's value of a LAYER (or need, access, desert) back to its files."""
    evidence = Evidence.load(cache)
    if layer in OF_AN_ANSWER:
        found = trace_answer(evidence, answer(plan_from_options(evidence, **options), evidence), area, layer)
    else:
        found = trace(evidence, area, layer)
    print(json.dumps(trace_values(found), indent=1) if as_json else "\n".join(trace_lines(found)))


@commands.command(name="diff")
@click.argument("before", metavar="[A]", required=False)
@click.argument("after", metavar="[B]", required=False)
@click.option("--source", "name", metavar="SOURCE", help="Compare two releases of it: files, 'held', or their hashes.")
@click.option("--effects", is_flag=True, help="With --source: build with each of the two, and say which areas flip.")
@plan_options
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def diff_command(
    cache: Path,
    /,
    before: str | None,
    after: str | None,
    name: str | None,
    effects: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """What changed from A to B: two cache folders, or two releases of a source; and which areas flip.

    Without A and B: since the last build that was made from other releases.
    """
    if name is None:
        folders = Path(before or previous_folder(cache)), Path(after or cache)
        own_from = cache if before is None else None
        diffs, found = _warehouses(*folders, own_from, options)
    else:
        (source,) = in_order(discover("data_sources", Source), [name])
        paths = [release_file(cache, source, text or "held") for text in (before, after)]
        old_table, new_table = (release_table(source, path) for path in paths)
        diffs, found = [compare_tables(name, old_table, new_table, source.key)], None
        if effects:
            print("Building with each of the two …", file=sys.stderr, flush=True)
            with built_with(cache, source, paths[0]) as old, built_with(cache, source, paths[1]) as new:
                found = _flips(old, new, options)
    if as_json:
        values = {"tables": [diff_values(one) for one in diffs], "flips": flips_values(found) if found else None}
        print(json.dumps(values, indent=1))
        return
    changed = [one for one in diffs if not one.same]
    lines = [line for one in changed for line in diff_lines(one)]
    print("\n".join([*(lines or ["No row is another."]), *(flips_lines(found) if found else [])]))


def _warehouses(
    before: Path, after: Path, own_from: Path | None, options: dict[str, Any]
) -> tuple[list[TableDiff], Flips]:
    for folder in (before, after):
        if not folder.is_dir():
            nothing = "No build from other releases has been kept here" if own_from else f"{folder} is no folder"
            raise PlanError(f"{nothing}. Give two cache folders, or --source and two releases of it.")
    old, new = Warehouse.open(before), Warehouse.open(after)
    return list(compare_warehouses(old, new, declared_keys())), _flips(before, after, options, own_from)


def _flips(before: Path, after: Path, options: dict[str, Any], own_from: Path | None = None) -> Flips:
    """Which areas flip by one plan, each on its own evidence; own data count where they are in play."""
    framed = []
    for folder in (before, after):
        evidence = Evidence.load(folder, own_from=own_from)
        framed.append(answer(plan_from_options(evidence, **options), evidence).framed)
    return flips(*framed)
