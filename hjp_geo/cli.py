"""The ``hjp-geo`` command. Exit codes: 0 done, 1 the user's input, 2 the publisher's or the network's fault, 3 ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd
from pyproj import Transformer

from hjp_geo import __version__
from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.build import BuildReport, build
from hjp_geo.errors import HjpError, PlanError, SchemaError, SourceError
from hjp_geo.evidence import Evidence
from hjp_geo.export import EXPORTS, answer_values, assessment_values, caveats, export
from hjp_geo.plan import TOPICS, Answer, Plan, answer
from hjp_geo.registry import discover
from hjp_geo.siting import Assessment, Candidate, assess
from hjp_geo.source import Release, Source, fetch, in_order, releases
from hjp_geo.upstream import Upstream

__all__ = ["main"]

_COORDINATES = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*")
_SERVER = Path(__file__).parent / "screens" / "server.py"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code; a failure is one line on standard error, never a traceback."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = commands.main(args=arguments, prog_name="hjp-geo", standalone_mode=False)
    except HjpError as error:
        return _fail(str(error), error.exit_code)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} See `hjp-geo --help`.", 1)
    except (click.Abort, KeyboardInterrupt):
        return _fail("Stopped. What was there before is still in use.", 130)
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - the last door: whatever it is, the user gets one line
        if os.environ.get("HJP_GEO_DEBUG"):
            traceback.print_exc()
        kind = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no detail'}"
        return _fail(f"This is our fault ({kind}). Run it again with HJP_GEO_DEBUG=1 and send us what it prints.", 3)
    return int(code or 0)


def _fail(message: str, code: int) -> int:
    print(f"hjp-geo: {message}", file=sys.stderr)
    return code


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hjp-geo")
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="HJP_GEO_CACHE",
    default=Path("cache"),
    show_default=True,
    help="The folder of downloads and the warehouse (or set HJP_GEO_CACHE).",
)
@click.pass_context
def commands(context: click.Context, cache: Path) -> None:
    """Where people need free legal advice, where they cannot get it, and where a partnership should go."""
    context.obj = cache


# data ---------------------------------------------------------------------------------------------------------------


@commands.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[SOURCE]…")
@click.option("--mirror", envvar="HJP_GEO_MIRROR", help="A base address or folder in place of the publishers.")
@click.pass_obj
def fetch_command(cache: Path, names: tuple[str, ...], mirror: str | None) -> int:
    """Download the sources (all, or those named), check them and record them."""
    failures = _fetch_all(cache, names, mirror or None)
    if failures:
        good = f"{len(failures)} could not be fetched; the releases held before are still in use."
        print(f"hjp-geo: {good}", file=sys.stderr)
    return max((error.exit_code for error in failures), default=0)


def _fetch_all(cache: Path, names: Sequence[str], mirror: str | None) -> list[HjpError]:
    sources = in_order(discover("data_sources", Source), names)
    upstream, failures = Upstream(mirror), list[HjpError]()
    cache.mkdir(parents=True, exist_ok=True)
    for one in sources:
        before = releases(cache).get(one.name)
        try:
            with _ProgressLine(one.name) as progress:
                release = fetch(one, cache, upstream, progress)
        except (SourceError, SchemaError) as error:
            failures.append(error)
            print(f"hjp-geo: {error}", file=sys.stderr)
        else:
            _say_fetched(release, "unchanged" if release == before else "fetched")
    return failures


def _say_fetched(release: Release, state: str) -> None:
    print(
        f"{release.source:<28} {state:<10} {release.rows:>10,} rows  {release.bytes / 1e6:>7.1f} MB  {release.release}"
    )
    for warning in release.warnings:
        print(f"{'':<28} note: {warning}")


class _ProgressLine:
    """One line on a terminal that says how far a transfer is; nothing elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Callable[[int, int | None, str], None]:
        return self._report

    def __exit__(self, *_exception: object) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _report(self, done: int, total: int | None, unit: str) -> None:
        if self._shown:
            amount, whole = (done / 1e6, (total or 0) / 1e6) if unit == "bytes" else (done, total or 0)
            unit = "MB" if unit == "bytes" else unit
            of = f" of {whole:,.0f}" if total else ""
            print(f"\r\033[K{self._name}: {amount:,.0f}{of} {unit}", end="", file=sys.stderr, flush=True)


@commands.command(name="build")
@click.pass_obj
def build_command(cache: Path) -> None:
    """Build the warehouse from what has been fetched and put it in place of the last one."""
    _say_built(build(cache, _step))


def _step(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[Kbuilding {name} …", end="", file=sys.stderr, flush=True)


def _say_built(report: BuildReport) -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    for name, rows in report.rows.items():
        print(f"{name:<28} {rows:>10,} rows")
        for table, note in report.notes:
            if table == name:
                print(f"{'':<28} {note.count:>10,.0f} {note.text}")
    print(f"Built {report.path} in {report.seconds:.1f} s.")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def status(cache: Path, as_json: bool) -> None:
    """What is held: each source's publisher, release, rows, hash, licence and date, and the warehouse."""
    sources, held = discover("data_sources", Source), releases(cache)
    try:
        built: str | None = Evidence.load(cache).built
    except HjpError:
        built = None
    rows = [_status_row(one, held.get(one.name)) for one in sources.values()]
    if as_json:
        print(json.dumps({"cache": str(cache), "built": built, "sources": rows}, indent=1))
        return
    for row in rows:
        print(f"{row['source']}: {row['title']}")
        print(f"    publisher {row['publisher']} · licence {row['licence']}")
        if row["release"] is None:
            print("    not fetched")
            continue
        print(f"    release {row['release']} · retrieved {row['retrieved']}")
        print(f"    {row['rows']:,} rows · {row['bytes']:,} bytes")
        print(f"    sha256 {row['sha256']} · {row['url']}" + (" · MADE UP" if row["made_up"] else ""))
        print("".join(f"    note: {warning}\n" for warning in row["warnings"]), end="")
    print(f"Warehouse: {f'built {built}' if built else 'none yet (`hjp-geo build`)'}")


def _status_row(one: Source, release: Release | None) -> dict[str, Any]:
    held = {
        name: getattr(release, name, None)
        for name in ("release", "rows", "bytes", "sha256", "url", "retrieved", "made_up")
    }
    described = {"source": one.name, "title": one.title, "publisher": one.publisher, "licence": one.licence}
    warnings = list(release.warnings) if release else []
    return {**described, "attribution": one.attribution, **held, "warnings": warnings}


# questions ----------------------------------------------------------------------------------------------------------


def _plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that make up a plan; only those given are passed on, so that defaults live in `Plan` alone."""
    options = (
        click.option("--place", help="Code or name of an ICB or district, or 'england'."),
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
        click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="A plan saved as JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _plan(plan_file: Path | None, weights: Sequence[str], **given: Any) -> Plan:
    values = _plan_from_file(plan_file) if plan_file else {}
    values |= {name: value for name, value in given.items() if value is not None}
    if weights:
        values["weights"] = dict(map(_weight, weights))
    return Plan.from_dict(values)


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
@_plan_options
@click.option("--out", type=click.Path(path_type=Path), help=f"A file ending in {', '.join(EXPORTS)}.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def score(cache: Path, /, out: Path | None, as_json: bool, **options: Any) -> None:
    """Score a place: need, access and deserts."""
    plan = _plan(**options)
    evidence = Evidence.load(cache)
    found = answer(plan, evidence)
    if out:
        export(found, evidence, out)
    if as_json:
        print(json.dumps(answer_values(found, evidence)))
    else:
        print(_score_text(found, evidence, out))


def _score_text(found: Answer, evidence: Evidence, out: Path | None) -> str:
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
    lines += [f"Note: {line}" for line in caveats(found, evidence)]
    lines += [f"Credit: {line}" for line in found.attribution]
    return "\n".join(lines + ([f"Written: {out}"] if out else []))


@commands.command(name="assess")
@_plan_options
@click.option("--at", "places", multiple=True, required=True, help='A postcode, or "latitude,longitude"; repeat.')
@click.option("--radius-km", type=float, default=3.0, show_default=True, help="How far the site would reach.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def assess_command(cache: Path, /, places: tuple[str, ...], radius_km: float, as_json: bool, **options: Any) -> None:
    """Who a site at a postcode or a point would reach."""
    plan = _plan(**options)
    evidence = Evidence.load(cache)
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
            f"    {row['label']}: about {row['people']:,.0f} people (modelled)"
            for _, row in total.conditions.iterrows()
            if not pd.isna(row["people"])
        ),
        *(f"Note: {note}" for note in total.notes),
        f"Rule: {assessed.rule}",
        *(f"Credit: {line}" for line in assessed.attribution),
    ]
    return "\n".join(lines)


# running ------------------------------------------------------------------------------------------------------------


@commands.command()
@click.option("--port", type=int, default=8501, show_default=True)
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.pass_obj
def serve(cache: Path, port: int, address: str) -> int:
    """Serve the map in a browser."""
    Evidence.load(cache)  # a missing or damaged warehouse is said here, not on a page
    return _serve(cache, port, address)


def _serve(cache: Path, port: int, address: str) -> int:
    environment = {**os.environ, "HJP_GEO_CACHE": str(cache.resolve())}
    settings = {
        "server.port": port,
        "server.address": address,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "server.fileWatcherType": "none",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "theme.base": "light",
        "theme.primaryColor": "#1d4f91",
        "theme.baseFontSize": 15,
        "theme.metricValueFontSize": "24px",
        "theme.headingFontSizes": '["26px","20px","17px","15px","15px","15px"]',
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    print(f"Serving on http://{address}:{port} — stop with Ctrl+C.", flush=True)
    command = [sys.executable, "-m", "streamlit", "run", str(_SERVER), *flags]
    try:
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own command
    except KeyboardInterrupt:
        return 0


@commands.command()
@click.option("--no-serve", is_flag=True, help="Stop once the outputs are written.")
@click.option("--port", type=int, default=8501, show_default=True)
@click.pass_obj
def demo(cache: Path, no_serve: bool, port: int) -> int:
    """See it all on a made-up Integrated Care System: fetch, build, score, serve."""
    from hjp_geo.demo import write_mirror

    home = cache / "demo"
    mirror = home / "mirror"
    print("Writing a made-up Integrated Care System as publishers' files …", flush=True)
    write_mirror(mirror)
    if failures := _fetch_all(home, (), str(mirror)):
        return max(error.exit_code for error in failures)
    _say_built(build(home, _step))
    _demo_outputs(home)
    return 0 if no_serve else _serve(home, port, "127.0.0.1")


def _demo_outputs(home: Path) -> None:
    evidence = Evidence.load(home)
    plan = Plan(weights={"income_deprivation": 0.5, "cancer_prevalence": 0.5})
    found = answer(plan, evidence)
    print(_score_text(found, evidence, None))
    for suffix in (".csv", ".gpkg"):
        print(f"Written: {export(found, evidence, home / f'made-up-ics{suffix}')}")


@commands.command()
@click.pass_obj
def doctor(cache: Path) -> int:
    """Check this installation: packages, the spatial extension, the map's front end, the data."""
    problems = 0
    for name, check in _CHECKS.items():
        try:
            said = check(cache)
        except HjpError as error:
            problems += 1
            said = f"NO: {error}"
        print(f"{name:<20} {said}")
    return 1 if problems else 0


def _check_spatial(_cache: Path) -> str:
    from hjp_geo.store import spatial_version

    return spatial_version()


def _check_front_end(_cache: Path) -> str:
    if not (Path(__file__).parent / "sketchmap" / "static" / "sketchmap.js").is_file():
        raise PlanError("the map's front end is not built. Run `python frontend/build.py`.")
    return "built"


def _check_warehouse(cache: Path) -> str:
    evidence = Evidence.load(cache)
    return f"built {evidence.built}: {len(evidence.areas):,} areas, {len(evidence.layers):,} layers"


_CHECKS: dict[str, Callable[[Path], str]] = {
    "spatial extension": _check_spatial,
    "front end": _check_front_end,
    "warehouse": _check_warehouse,
}


if __name__ == "__main__":
    main()
