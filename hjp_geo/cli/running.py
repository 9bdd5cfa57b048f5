"""Commands that run things: the map, the made-up system, the check of an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click

from hjp_geo.build import build
from hjp_geo.cli.data import fetch_all, say_built, step
from hjp_geo.cli.questions import score_text
from hjp_geo.cli.root import commands
from hjp_geo.errors import HjpError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import export
from hjp_geo.plan import Plan, answer
from hjp_geo.selfcheck import self_check
from hjp_geo.store import spatial_version, warehouse_path

_SERVER = Path(__file__).parents[1] / "screens" / "server.py"
_FRONT_END = Path(__file__).parents[1] / "sketchmap" / "static" / "sketchmap.js"


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
    if os.name == "posix":  # become the server, so that whoever stops this process stops it
        os.execve(command[0], command, environment)  # noqa: S606 - our own command, without a shell
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
    if failures := fetch_all(home, (), str(mirror)):
        return max(error.exit_code for error in failures)
    say_built(build(home, step))
    _demo_outputs(home)
    return 0 if no_serve else _serve(home, port, "127.0.0.1")


def _demo_outputs(home: Path) -> None:
    evidence = Evidence.load(home)
    plan = Plan(weights={"income_deprivation": 0.5, "cancer_prevalence": 0.5})
    found = answer(plan, evidence)
    print(score_text(found, evidence, None))
    for suffix in (".csv", ".gpkg"):
        print(f"Written: {export(found, evidence, home / f'made-up-ics{suffix}')}")


@commands.command("self-check")
@click.option("--json", "as_json", is_flag=True, help="The cases as JSON.")
@click.pass_obj
def self_check_command(cache: Path, as_json: bool) -> int:
    """Run the published cases on this installation and on the data that are loaded."""
    checked = self_check(Evidence.load(cache) if warehouse_path(cache).is_file() else None)
    if as_json:
        print(checked.to_json(orient="records", indent=1))
    else:
        for row in checked.itertuples():
            print(f"{'pass' if row.passed else 'FAIL'}  {row.subject}: {row.what} ({row.source})")
            if not row.passed:
                print(f"      expected {row.expected}; found {row.found}")
        print(f"{checked['passed'].sum()} of {len(checked)} passed.")
    return 0 if checked["passed"].all() else 3


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
    return spatial_version()


def _check_front_end(_cache: Path) -> str:
    if not _FRONT_END.is_file():
        raise PlanError("the map's front end is not built. Run `python frontend/build.py`.")
    return "built"


def _check_basemap(_cache: Path) -> str:
    from hjp_geo.sketchmap import host_basemap  # here, for it brings Streamlit, which takes a second to load

    basemap = host_basemap()
    return f"{basemap.url} ({basemap.attribution})" if basemap else "none set"


def _check_warehouse(cache: Path) -> str:
    evidence = Evidence.load(cache)
    return f"built {evidence.built}: {len(evidence.areas):,} areas, {len(evidence.layers):,} layers"


_CHECKS: dict[str, Callable[[Path], str]] = {
    "spatial extension": _check_spatial,
    "front end": _check_front_end,
    "background map": _check_basemap,
    "warehouse": _check_warehouse,
}
