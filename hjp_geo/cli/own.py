"""Commands for the user's own data: providers, values of areas, and sites that look like one."""

from __future__ import annotations

import datetime as dt
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hjp_geo.cli.root import commands
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.own.areas import AREA_TEMPLATE, AreaQuestion, CheckedAreas, check_areas
from hjp_geo.own.hygiene import likely_ones, look_alikes
from hjp_geo.own.problems import OwnFileError, Problem
from hjp_geo.own.providers import CheckedProviders, check_providers, providers_csv
from hjp_geo.own.schema import template
from hjp_geo.own.sheet import MOST_BYTES
from hjp_geo.own.shelf import (
    Decision,
    OwnLayer,
    ProviderSet,
    add_decision,
    add_decisions,
    keep_layer,
    keep_providers,
    read_own,
    remove_decision,
    remove_own,
    slug,
    take_back,
)
from hjp_geo.store import Warehouse

__all__: list[str] = []

_MOST_LISTED = 60


@commands.group()
def own() -> None:
    """Your own data: providers that no open list holds, and values of areas."""


@own.command(name="template")
@click.option("--areas", is_flag=True, help="For values of areas, not providers.")
@click.option("--out", type=click.Path(path_type=Path), help="A new file; printed without it.")
def template_command(areas: bool, out: Path | None) -> None:
    """Write a file to fill in."""
    _write(AREA_TEMPLATE if areas else template(), out)


@own.command(name="check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--delimiter", help="Where it is not a comma.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def check_command(cache: Path, file: Path, delimiter: str | None, as_json: bool) -> int:
    """Check a list of providers (CSV or .xlsx) without loading it."""
    checked = _checked(cache, file, delimiter)
    if as_json:
        problems = [asdict(one) for one in checked.problems]
        counts = {"rows": len(checked.rows), "errors": checked.errors, "warnings": checked.warnings}
        print(json.dumps({"file": file.name, "sha256": checked.sha256, **counts, "problems": problems}, indent=1))
    else:
        _say(file, checked.problems)
        print(f"{len(checked.rows):,} rows can be taken; {checked.errors:,} errors, {checked.warnings:,} warnings.")
    return 1 if checked.errors else 0


@own.command(name="add")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it; a list of the same name is replaced. The file's name without it.")
@click.option("--delimiter", help="Where it is not a comma.")
@click.option("--skip-bad-rows", is_flag=True, help="Take the good rows; write the bad ones beside FILE, with reasons.")
@click.pass_obj
def add_command(cache: Path, file: Path, name: str | None, delimiter: str | None, skip_bad_rows: bool) -> None:
    """Take a list of providers: all of it, or nothing where a row is wrong."""
    checked = _checked(cache, file, delimiter)
    _say(file, checked.problems)
    rows = checked.accepted(skip_bad_rows=skip_bad_rows)
    kept = keep_providers(cache, name or file.name, file.name, checked.sha256, rows)
    if checked.bad:
        _write(checked.rejected_csv(), _rejected(file))
    print(
        f"Taken: {len(rows):,} rows as “{kept.name}”, in use from now on. `hjp-geo own remove {kept.name}` undoes it."
    )
    _say_look_alikes(cache, kept.source_name)


def _rejected(file: Path) -> Path:
    """A new file beside the user's: what is there already is never replaced."""
    names = (f"{file.stem}.rejected{f'-{number}' if number else ''}.csv" for number in range(1000))
    return next(path for name in names if not (path := file.with_name(name)).exists())


def _say_look_alikes(cache: Path, list_name: str) -> None:
    evidence = Evidence.load(cache)
    pairs = look_alikes(evidence.sites, evidence.own.decisions)
    mine = pairs[(pairs["keep_list"] == list_name) & (pairs["kind"] != "neighbours") & (pairs["verdict"] == "")]
    for row in mine.head(10).to_dict("records"):
        print(f"    looks like one: {row['keep_name']} and {row['drop_name']} ({row['drop_list']})")
    if len(mine):
        print(f"{len(mine):,} of your sites look like one in another list: `hjp-geo hygiene` shows and settles them.")


@own.command(name="add-areas")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--label", required=True, help="What the layer is called.")
@click.option("--unit", required=True, help="Such as '% of households', or people.")
@click.option("--source", required=True, help="Whose figures they are: the credit line.")
@click.option("--kind", type=click.Choice(["count", "rate"]), default="rate", show_default=True)
@click.option("--polarity", default="high_is_need", show_default=True, help="high_is_need, low_is_need or none.")
@click.option("--check", "only_check", is_flag=True, help="Say what is wrong, and load nothing.")
@click.pass_obj
def add_areas_command(cache: Path, /, file: Path, only_check: bool, **asked: Any) -> None:
    """Take values of areas (LSOA, MSOA, ward, district, ICB or postcode) as a layer."""
    checked: CheckedAreas = check_areas(_bytes(file), file.name, AreaQuestion(**asked), Warehouse.open(cache))
    _say(file, checked.problems)
    layer = checked.accepted()
    for note in layer.notes:
        print(f"note: {note}")
    if only_check:
        print(f"{len(layer.values):,} areas would have a value, from a file by {layer.level}. Nothing was loaded.")
        return
    kept = keep_layer(cache, layer)
    print(f"Taken: {len(kept.values):,} areas as the layer {kept.layer_name}, from a file by {kept.level}.")


@own.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_command(cache: Path, as_json: bool) -> None:
    """What of your own is in play."""
    kept = read_own(cache)
    rows = [_listed(one, "providers", len(one.rows)) for one in kept.providers]
    rows += [_listed(one, "layer", len(one.values)) for one in kept.layers]
    if as_json:
        print(json.dumps({"own": rows, "decisions": [asdict(one) for one in kept.decisions]}, indent=1))
        return
    for row in rows:
        print(f"{row['name']}: {row['kind']}, {row['rows']:,} rows, from {row['file']}, accepted {row['accepted']}")
    decided = f"{len(kept.decisions):,} decisions about duplicates."
    print(decided if rows or kept.decisions else "Nothing of your own is in play.")


def _listed(one: ProviderSet | OwnLayer, kind: str, rows: int) -> dict[str, Any]:
    came_from = {"file": one.filename, "sha256": one.sha256, "accepted": one.accepted}
    return {"name": one.name, "kind": kind, "rows": rows, **came_from}


@own.command(name="remove")
@click.argument("name")
@click.pass_obj
def remove_command(cache: Path, name: str) -> None:
    """Remove a list or a layer, and all that it did."""
    print(f"Removed: {remove_own(cache, name)}. What was there without it is in use again.")


@own.command(name="export")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="A new file; printed without it.")
@click.pass_obj
def export_command(cache: Path, name: str, out: Path | None) -> None:
    """Write a list of providers in the layout that is taken: edit it and add it again."""
    for one in read_own(cache).providers:
        if one.name == slug(name):
            _write(providers_csv([row.cells for row in one.rows]), out)
            return
    names = ", ".join(one.name for one in read_own(cache).providers) or "none"
    raise PlanError(f"There is no list of providers called '{name[:60]}'. There are: {names}.")


@commands.command()
@click.option("--same", nargs=2, metavar="KEEP DROP", help="Count the second with the first.")
@click.option("--apart", nargs=2, metavar="A B", help="They are two: do not ask again.")
@click.option("--undo", nargs=2, metavar="A B", help="Take back what was decided about two.")
@click.option("--likely", is_flag=True, help="List only the likely ones that nothing was decided about.")
@click.option("--accept-likely", type=int, metavar="N", help="Count once all of these; N is how many --likely listed.")
@click.option("--undo-accepted", metavar="ACTION", help="Take back all that one --accept-likely decided.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def hygiene(cache: Path, /, likely: bool, as_json: bool, **decided: Any) -> None:
    """Sites of different lists that look like one, and what is decided about them."""
    _settle(cache, **decided)
    evidence = Evidence.load(cache)
    pairs = look_alikes(evidence.sites, evidence.own.decisions)
    if likely:
        pairs = pairs[(pairs["kind"] == "likely") & (pairs["verdict"] == "")]
    if as_json:
        print(json.dumps(json.loads(pairs.to_json(orient="records")), indent=1))
        return
    shown = pairs[pairs["kind"] != "neighbours"]
    for row in (shown if likely else shown.head(_MOST_LISTED)).to_dict("records"):
        verdict = f" [{row['verdict']}]" if row["verdict"] else ""
        how = f"{row['metres']:,.0f} m, {row['kind']}{verdict}"
        print(f"{row['keep']} {row['drop']}  {row['keep_name']} = {row['drop_name']}, {how}")
    if likely:
        print(f"{len(shown):,} likely pairs. To count each once: hjp-geo hygiene --accept-likely {len(shown)}")
        return
    print(
        f"{len(shown):,} pairs look like one; {len(pairs) - len(shown):,} are neighbours under one roof, left as two."
    )


def _settle(
    cache: Path,
    same: tuple[str, str] | None,
    apart: tuple[str, str] | None,
    undo: tuple[str, str] | None,
    accept_likely: int | None,
    undo_accepted: str | None,
) -> None:
    """Do what was decided: what is taken back first."""
    if undo_accepted is not None:
        print(f"Taken back: {take_back(cache, undo_accepted):,} decisions.")
    if undo:
        remove_decision(cache, *undo)
    if same:
        _decide(cache, same, "same")
    if apart:
        _decide(cache, apart, "apart")
    if accept_likely is not None:
        _accept_likely(cache, accept_likely)


def _accept_likely(cache: Path, looked_at: int) -> None:
    """Count once all likely pairs, if they are as many as the user looked at."""
    evidence = Evidence.load(cache)
    found = likely_ones(look_alikes(evidence.sites, evidence.own.decisions))
    if len(found) != looked_at or not found:
        raise PlanError(
            f"{len(found):,} likely pairs are undecided, not {looked_at:,}: nothing was decided. "
            "Look at them with `hjp-geo hygiene --likely`."
        )
    together = add_decisions(cache, found)
    print(f"{len(found):,} pairs are counted once each. To take it back: hjp-geo hygiene --undo-accepted {together}")


def _decide(cache: Path, pair: tuple[str, str], verdict: str) -> None:
    sites = Evidence.load(cache).sites
    if unknown := [code for code in pair if code not in sites.index]:
        raise PlanError(f"There is no site {unknown[0][:60]}. `hjp-geo hygiene` lists the pairs.")
    names = [str(sites.loc[code, "site_name"]) for code in pair]
    add_decision(cache, Decision(pair[0], pair[1], names[0], names[1], verdict, ""))


def _checked(cache: Path, file: Path, delimiter: str | None) -> CheckedProviders:
    today = dt.datetime.now(dt.UTC).date()
    return check_providers(_bytes(file), file.name, Warehouse.open(cache), today, delimiter=delimiter)


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise OwnFileError(f"{file} is larger than {MOST_BYTES / 1e6:,.0f} MB. Is it the right file?")
        return file.read_bytes()
    except OSError as error:
        raise PlanError(f"{file} cannot be read ({error.strerror or error}). Name a CSV or .xlsx file.") from error


def _say(file: Path, problems: tuple[Problem, ...]) -> None:
    for one in problems:
        print(f"{file.name}, {one.level}, {one}", file=sys.stderr)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text.replace("\r\n", "\n"))
        return
    try:
        with out.open("x", encoding="utf-8-sig", newline="") as file:
            file.write(text)
    except FileExistsError as error:
        raise PlanError(f"{out} is there already, and would be replaced. Name another file.") from error
    except OSError as error:
        raise PlanError(f"{out} cannot be written ({error.strerror or error}).") from error
    print(f"Written: {out}")
