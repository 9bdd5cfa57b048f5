"""The command that looks for the best sites: `hjp-geo locate`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.cli.questions import plan_from_options, plan_options
from hjp_geo.cli.root import commands
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import with_apostrophes
from hjp_geo.plan import Plan
from hjp_geo.siting import (
    LOCATE_OBJECTIVES,
    Closures,
    Search,
    Suggestion,
    TradeOff,
    closures_values,
    curve_of_new_sites,
    curve_values,
    read_site_list,
    suggest,
    suggestion_values,
    todays_sites_missed_least,
)

__all__ = ["search_from_options", "suggestion_text"]

_ENDINGS = (".geojson", ".csv")


def _search_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that make up a search; only those given are passed on, so that defaults live in `Search` alone."""
    options = (
        click.option("--objective", help=f"One of {', '.join(LOCATE_OBJECTIVES)}."),
        click.option("--sites", type=int, help="How many new sites."),
        click.option("--candidates", help="gp_practices, health_sites, libraries, or listed with --list."),
        click.option("--list", "list_file", type=click.Path(path_type=Path), help="A CSV of sites to choose from."),
        click.option("--need", help="Whom to serve: a people layer, or need_weighted."),
        click.option("--existing", help="keep today's sites, or ignore them."),
        click.option("--capacity", type=float, help="How many people each new site has room for."),
        click.option("--sharing", help="split, or single_source: whether an area may go to several sites."),
        click.option("--budget", type=float, help="Money for all new sites together, in place of --sites or with it."),
        click.option("--site-cost", type=float, help="What each new site costs."),
        click.option("--required", multiple=True, metavar="SITE", help="A candidate that opens in any case; repeat."),
        click.option("--forbidden", multiple=True, metavar="SITE", help="A candidate that does not; repeat."),
        click.option("--k-best", type=int, help="How many sets: the best and its near-equals."),
        click.option("--time-limit", "time_limit_s", type=float, help="Seconds to search for, at most."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def search_from_options(evidence: Evidence, list_file: Path | None, **given: Any) -> Search:
    """The search that the options ask for; a list of sites makes its own sites the candidates."""
    values = {name: value for name, value in given.items() if value not in (None, ())}
    if list_file is not None:
        values |= {"listed": read_site_list(list_file, evidence), "candidates": values.get("candidates", "listed")}
    if "sites" not in values and ("budget" in values or values.get("objective") == "lscp"):
        values["sites"] = None
    return Search(**values)


_SEARCH_NAMES = (
    "objective",
    "sites",
    "candidates",
    "need",
    "existing",
    "capacity",
    "sharing",
    "budget",
    "site_cost",
    "required",
    "forbidden",
    "k_best",
    "time_limit_s",
)


@commands.command(name="locate")
@plan_options
@_search_options
@click.option("--curve", type=int, metavar="N", help="What 0, 1, 2 … N new sites would do, and where the bend is.")
@click.option("--close", type=int, metavar="N", help="Instead: which N of today's sites would be missed least.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--out", type=click.Path(path_type=Path), help=f"The new sites, as a file ending in {', '.join(_ENDINGS)}."
)
@click.pass_obj
def locate_command(
    cache: Path,
    /,
    list_file: Path | None,
    curve: int | None,
    close: int | None,
    as_json: bool,
    out: Path | None,
    **options: Any,
) -> None:
    """Where new sites would do most, with proof; or which of today's would be missed least."""
    evidence = Evidence.load(cache)
    asked = {name: options.pop(name) for name in _SEARCH_NAMES}
    plan = plan_from_options(evidence, **options)
    _check_out(out)
    if close is not None:
        _close(plan, evidence, close, asked, as_json=as_json)
        return
    search = search_from_options(evidence, list_file, **asked)
    if curve is not None:
        found = curve_of_new_sites(plan, evidence, search, range(curve + 1))
        print(json.dumps(curve_values(found)) if as_json else _curve_text(found))
        return
    suggested = suggest(plan, evidence, search)
    if out is not None:
        _write(suggested, out)
    print(json.dumps(suggestion_values(suggested)) if as_json else suggestion_text(suggested, out))


def _close(plan: Plan, evidence: Evidence, close: int, asked: dict[str, Any], *, as_json: bool) -> None:
    values = {name: asked[name] for name in ("objective", "k_best", "time_limit_s") if asked[name] is not None}
    found = todays_sites_missed_least(plan, evidence, closures=close, keep=asked["required"], **values)
    print(json.dumps(closures_values(found)) if as_json else _closures_text(found, evidence))


def suggestion_text(found: Suggestion, out: Path | None = None) -> str:
    """A suggestion in words: the two sentences, the sites, who is reached by fifth, near-equals, caveats, credits."""
    lines = [
        f"{found.place.name}: {found.summary}",
        f"Objective {found.search.objective}: {found.card.goal} Gives up: {found.card.gives_up}",
        *(
            f"    {code}: {row['site_name']}, the nearest within reach of {row['people_nearest']:,.0f} people"
            for code, row in found.chosen.iterrows()
        ),
        _reached_line(found),
        *(_group_line(row) for row in _rows(found.figures)),
        *(
            f"Near-equal {rank}: {', '.join(row['site_names'])}; worse by {100 * row['worse_by']:.2f} %."
            for rank, row in found.alternatives.iloc[1:].iterrows()
        ),
        *(f"Note: {note}" for note in found.notes),
        *(f"Credit: {line}" for line in found.attribution),
    ]
    return "\n".join(lines + ([f"Written: {out}"] if out else []))


def _reached_line(found: Suggestion) -> str:
    it = found.reached
    return (
        f"Within {found.cutoff_km:g} km of the new sites, over the border too: {it.people:,.0f} residents in "
        f"{it.areas:,} areas, {it.people_in_need:,.0f} in need. No provider reached before: {_known(it.newly_reached)}."
    )


def _rows(table: Table) -> list[dict[str, Any]]:
    """The rows, with what they are indexed by."""
    return [{str(name): value for name, value in row.items()} for row in table.reset_index().to_dict("records")]


def _known(number: float) -> str:
    return "not known" if pd.isna(number) else f"{number:,.0f}"


def _group_line(row: Mapping[str, Any]) -> str:
    way = f"mean way {_km(row['mean_km_then'])} (today {_km(row['mean_km_today'])})"
    if pd.isna(row["people"]):
        return f"    {row['group']}: {way}"
    reached = f"{row['reached_then']:,.0f} of {row['people']:,.0f} within reach (today {_known(row['reached_today'])})"
    return f"    {row['group']}: {reached}, {row['no_room_then']:,.0f} without room, {way}"


def _km(number: float) -> str:
    return "not known" if pd.isna(number) else f"{number:.1f} km"


def _curve_text(found: TradeOff) -> str:
    lines = [found.summary, "new sites   people within reach   share   mean km   furthest km   gap"]
    lines += [
        f"{count:>9}   {row['people_covered']:>19,.0f}   {row['covered_share']:>5.1%}   {row['mean_cost']:>7.2f}   "
        f"{row['largest_cost']:>11.1f}   {row['gap']:.2%}"
        for count, row in found.table.iterrows()
    ]
    return "\n".join(lines)


def _closures_text(found: Closures, evidence: Evidence) -> str:
    names = evidence.sites["site_name"]
    closed = ", ".join(str(names[code]) for code in found.closed)
    sure = "proven" if found.solution.proven else f"another choice could be better by {found.solution.gap:.1%} at most"
    lines = [
        f"Missed least: {closed} ({sure}).",
        f"No site in reach any more: {found.people_lost:,.0f} people in need; further: {found.people_further:,.0f}.",
        "Closed alone, least missed first:",
    ]
    lines += [
        f"    {names[row['site_id']]}: {row['people_lost']:,.0f} people lost, {row['people_further']:,.0f} further"
        for row in _rows(found.one_by_one.head(10))
    ]
    return "\n".join(lines)


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix.lower() not in _ENDINGS:
        raise PlanError(f"'{out.name}' ends in '{out.suffix}', expected one of {', '.join(_ENDINGS)}.")
    if not out.parent.is_dir():
        raise PlanError(f"There is no folder {out.parent} to write {out.name} into. Make it first.")


def _write(found: Suggestion, out: Path) -> None:
    """The new sites, whole or not at all, with the sentences, notes and credits."""
    partial = out.with_name(f".partial-{out.name}")
    write = _write_geojson if out.suffix.lower() == ".geojson" else _write_csv
    try:
        write(found, partial)
        partial.replace(out)
    except OSError as error:
        raise PlanError(f"{out} cannot be written ({error.strerror or error}). Nothing was changed.") from error
    finally:
        partial.unlink(missing_ok=True)


def _write_geojson(found: Suggestion, path: Path) -> None:
    """Each new site as a point with its radius, which a scenario or `assess` can read again."""
    values = suggestion_values(found)
    features = [one.to_feature(str(row["site_id"])) for one, row in zip(found.candidates, values["sites"], strict=True)]
    for feature, row in zip(features, values["sites"], strict=True):
        feature["properties"] |= {name: row[name] for name in ("site_id", "people_nearest", "people_newly_reached")}
    about = {name: values[name] for name in ("summary", "objective", "notes", "attribution", "run")}
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": features, **about}, ensure_ascii=False), "utf-8"
    )


def _write_csv(found: Suggestion, path: Path) -> None:
    """Sentences, notes and credits in lines that begin with ``#``, then one row a site."""
    run = json.dumps(dict(found.run))
    lines = [found.summary, *found.notes, *found.attribution, f"gap {found.solution.gap:.6f}", f"run: {run}"]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(f"# {' '.join(line.split())}\r\n" for line in lines)
        table: Table = with_apostrophes(found.chosen.reset_index())
        table.to_csv(file, index=False, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
