"""Commands that get data and say what is held: fetch, build, status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from hjp_geo.build import BuildReport, build
from hjp_geo.cli.root import commands
from hjp_geo.errors import HjpError, SchemaError, SourceError
from hjp_geo.evidence import Evidence
from hjp_geo.registry import discover
from hjp_geo.source import Release, Source, fetch, in_order, releases
from hjp_geo.upstream import Upstream

__all__ = ["fetch_all", "say_built", "step"]


@commands.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[SOURCE]…")
@click.option("--mirror", envvar="HJP_GEO_MIRROR", help="A base address or folder in place of the publishers.")
@click.pass_obj
def fetch_command(cache: Path, names: tuple[str, ...], mirror: str | None) -> int:
    """Download the sources (all, or those named), check them and record them."""
    failures = fetch_all(cache, names, mirror or None)
    if failures:
        good = f"{len(failures)} could not be fetched; the releases held before are still in use."
        print(f"hjp-geo: {good}", file=sys.stderr)
    return max((error.exit_code for error in failures), default=0)


def fetch_all(cache: Path, names: Sequence[str], mirror: str | None) -> list[HjpError]:
    """Fetch the named sources, or all; say how each went; the failures, which leave the others untouched."""
    sources = in_order(discover("data_sources", Source), names)
    upstream, failures = Upstream(mirror), list[HjpError]()
    cache.mkdir(parents=True, exist_ok=True)
    for one in sources:
        before = releases(cache).get(one.name)
        try:
            with _ProgressLine(one.name) as progress:
                release = fetch(one, cache, upstream, progress)
        except (SourceError, SchemaError) as error:
            if one.optional and one.name not in names:
                print(f"{one.name:<28} left out   (optional): {error}", file=sys.stderr)
            else:
                print(f"hjp-geo: {error}", file=sys.stderr)
                failures.append(error)
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
    say_built(build(cache, step))


def step(name: str) -> None:
    """Say on a terminal what the build is at."""
    if sys.stderr.isatty():
        print(f"\r\033[Kbuilding {name} …", end="", file=sys.stderr, flush=True)


def say_built(report: BuildReport) -> None:
    """Print what a build made, and what each table left out."""
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
            print("    not fetched (optional)" if row["optional"] else "    not fetched")
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
    return {
        **described,
        "attribution": one.attribution,
        "optional": one.optional,
        **held,
        "warnings": warnings,
    }
