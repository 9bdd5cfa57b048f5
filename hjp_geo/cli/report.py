"""Commands that write what people take away: report, export, batch."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hjp_geo.batch import LEVELS, Written, places_within, write_batch
from hjp_geo.cli.questions import plan_from_options, plan_options
from hjp_geo.cli.root import commands
from hjp_geo.errors import PlanError
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.report import (
    ANSWER_FORMATS,
    REPORT_FORMATS,
    Request,
    check_out,
    compose,
    export_answer,
    read_run,
    read_sketch,
    write_report,
)
from hjp_geo.scenario import Scenario, Scenarios

__all__: list[str] = []

_PATH = click.Path(path_type=Path)


def _request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The plan's options, and what else a report may be made from."""
    options = (
        click.option("--scenario", metavar="KEY|FILE", help="A saved scenario: its plan, sketches and assumptions."),
        click.option("--sketch", type=_PATH, help="A GeoJSON file of sketched sites and areas."),
        click.option("--from", "run_file", type=_PATH, help="The plan.json of an earlier report: make it again."),
        click.option("--date", help="The day the report is dated, YYYY-MM-DD; today unless given."),
    )
    for option in reversed(options):
        command = option(command)
    return plan_options(command)


@commands.command()
@_request_options
@click.option("--out", type=_PATH, required=True, help=f"{', '.join(REPORT_FORMATS)}, or a folder for all of it.")
@click.option("--json", "as_json", is_flag=True, help="For programs: what was written, and the run.")
@click.pass_obj
def report(cache: Path, /, out: Path, as_json: bool, **options: Any) -> None:
    """Write the gap analysis of a place: Word, web page, slides, workbook or the whole data pack."""
    check_out(out)
    started = time.perf_counter()
    evidence = Evidence.load(cache)
    request = _request(cache, evidence, **options)
    with _ProgressLine() as line:
        made, found = compose(request, evidence, lambda share, what: line(0.7 * share, what))
        line(0.75, f"writing {out.name}")
        write_report(made, found, evidence, out)
    seconds = time.perf_counter() - started
    if as_json:
        print(json.dumps({"written": str(out), "seconds": round(seconds, 1), "run": dict(made.run)}))
        return
    for one in made.summary.blocks:
        for sentence in getattr(one, "items", ()):
            print(sentence.text)
    print(f"Written: {out} in {seconds:.1f} s.")


@commands.command(name="export")
@_request_options
@click.option("--out", type=_PATH, required=True, help=f"A file ending in {', '.join(ANSWER_FORMATS)}.")
@click.pass_obj
def export_command(cache: Path, /, out: Path, **options: Any) -> None:
    """Write the answer to a plan, or a scenario, as a file: table, map layers, map or values for programs."""
    evidence = Evidence.load(cache)
    request = _request(cache, evidence, **options)
    print(f"Written: {export_answer(request, evidence, out)}")


@commands.command()
@_request_options
@click.option("--within", default=ENGLAND, show_default=True, help="The larger place, by code or name.")
@click.option("--each", "level", default="icb", show_default=True, help=f"One report for each {', '.join(LEVELS)}.")
@click.option("--format", "kind", default="docx", show_default=True, help="docx, html, pptx, xlsx, zip or folder.")
@click.option("--out", type=_PATH, required=True, help="The folder that the reports go into.")
@click.option("--jobs", type=click.IntRange(1, 32), help="How many at a time.")
@click.pass_obj
def batch(cache: Path, /, within: str, level: str, kind: str, out: Path, jobs: int | None, **options: Any) -> int:
    """Write one report for each place of a kind: each district of an ICB, or each ICB of England."""
    suffix = "" if kind == "folder" else f".{kind.lstrip('.')}"
    if suffix and suffix not in REPORT_FORMATS:
        raise PlanError(f"'{kind}' is no format; there are {', '.join(one[1:] for one in REPORT_FORMATS)} and folder.")
    evidence = Evidence.load(cache)
    request = _request(cache, evidence, **options)
    places = places_within(evidence, within, level)
    out.mkdir(parents=True, exist_ok=True)
    worst = 0
    for number, one in enumerate(write_batch(cache, request, places, out, suffix, jobs), start=1):
        _say_written(one, number, len(places))
        worst = max(worst, one.exit_code)
    return worst


def _say_written(one: Written, number: int, of: int) -> None:
    said = f"{number:>3} of {of}  {one.place.name}"
    if one.path is None:
        print(f"{said}: not written. {one.error}", file=sys.stderr)
    else:
        print(f"{said}: {one.path}", flush=True)


def _request(
    cache: Path,
    evidence: Evidence,
    scenario: str | None,
    sketch: Path | None,
    run_file: Path | None,
    date: str | None,
    **options: Any,
) -> Request:
    """What is asked for: an earlier run, a scenario, or the plan of the options; with sketches on top."""
    if scenario and run_file:
        raise PlanError("Give --scenario or --from, not both: each has a plan of its own.")
    if run_file:
        plan = plan_from_options(evidence, **{**options, "plan_file": options["plan_file"] or run_file})
        request = replace(read_run(run_file), plan=plan)
    elif scenario:
        if given := [name for name, value in options.items() if value]:
            raise PlanError(
                f"A scenario has its own plan: leave out --{given[0].replace('_', '-')}, or open the scenario on the "
                "map and change it there."
            )
        request = _of_scenario(_scenario(cache, scenario))
    else:
        request = Request(plan_from_options(evidence, **options))
    if sketch:
        request = replace(request, candidates=(*request.candidates, *read_sketch(sketch)))
    return replace(request, date=_day(date) if date else request.date)


def _scenario(cache: Path, text: str) -> Scenario:
    """A scenario of the cache folder by its key or name, or one in a file."""
    path = Path(text)
    if path.suffix and path.is_file():
        try:
            return Scenario.from_dict(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise PlanError(f"{path} is no scenario that can be read ({error}).") from error
    return Scenarios(cache).load(text)


def _of_scenario(found: Scenario) -> Request:
    return Request(
        found.plan,
        found.candidates,
        found.name,
        found.rule,
        found.closed,
        assumptions=found.assumptions.changes(),
        earlier=found.version.releases,
    )


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise PlanError(f"--date is '{text[:20]}', expected YYYY-MM-DD such as 2026-11-24.") from error


class _ProgressLine:
    """One line on a terminal that says how far the report is; nothing elsewhere."""

    def __enter__(self) -> Callable[[float, str], None]:
        return self._report if sys.stderr.isatty() else lambda _share, _what: None

    def __exit__(self, *_exception: object) -> None:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _report(self, share: float, what: str) -> None:
        print(f"\r\033[K{100 * share:.0f} %  {what} …", end="", file=sys.stderr, flush=True)
