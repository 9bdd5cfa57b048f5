"""Commands that get data and say what is held: fetch, build, status."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from hjp_geo.build import BuildReport, build
from hjp_geo.cli.progress import Board
from hjp_geo.cli.root import commands
from hjp_geo.errors import HjpError, PlanError, SchemaError, SourceError
from hjp_geo.evidence import Evidence
from hjp_geo.fetching import How, check_many, fetch_many, given, locked_to
from hjp_geo.quality import quality_lines
from hjp_geo.record import Release, forget, read_record, releases
from hjp_geo.registry import discover
from hjp_geo.source import Source, in_order
from hjp_geo.upstream import Manners, Upstream, read_manners

__all__ = ["fetch_all", "say_built", "step"]


_FETCH_HELP = {
    "mirror": "A base address or folder in place of the publishers.",
    "lock": "Bring exactly the bytes that a record of releases names (default: the cache folder's own), or refuse.",
    "check": "Say what is newer; download nothing.",
    "offline": "Never use the network: only check that what is held is whole.",
    "file": "Take a file that you downloaded, with the same checks. May be given more than once.",
    "url": "Where the file of --from-file came from.",
    "release": "Which edition the file of --from-file is.",
    "agent": "How to name ourselves to a host (see also hosts.toml in docs/run-offline.md).",
}


@commands.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[SOURCE]…")
@click.option("--mirror", envvar="HJP_GEO_MIRROR", help=_FETCH_HELP["mirror"])
@click.option("--locked", "lock", is_flag=False, flag_value="", metavar="[FILE]", help=_FETCH_HELP["lock"])
@click.option("--check", is_flag=True, help=_FETCH_HELP["check"])
@click.option("--offline", is_flag=True, help=_FETCH_HELP["offline"])
@click.option("--from-file", "files", multiple=True, metavar="SOURCE=PATH", help=_FETCH_HELP["file"])
@click.option("--url", default="", help=_FETCH_HELP["url"])
@click.option("--release", default="", help=_FETCH_HELP["release"])
@click.option("--user-agent", "agents", multiple=True, metavar="HOST=TEXT", help=_FETCH_HELP["agent"])
@click.option("--json", "as_json", is_flag=True, help="With --check, for programs.")
@click.pass_obj
def fetch_command(cache: Path, /, names: tuple[str, ...], mirror: str | None, **options: Any) -> int:
    """Download the sources (all, or those named), check them and record them.

    Several publishers are asked at once, each one thing at a time. What has not changed is not sent again; a transfer
    that broke off goes on where it stopped.
    """
    sources = discover("data_sources", Source)
    names, lock = _lock_asked_for(cache, names, options["lock"], sources)
    files = _pairs(options["files"], "--from-file SOURCE=PATH")
    _check_options(files, lock, options)
    names = names or tuple(lock or files)
    asked = in_order(sources, [*names, *(name for name in files if name not in names)])
    upstream = Upstream(
        mirror or None,
        manners=_manners(cache, options["agents"]),
        network="offline" if options["offline"] else "online",
    )
    if options["check"]:
        return _check(cache, asked, upstream, as_json=options["as_json"])
    ways: dict[str, How] = dict.fromkeys(lock, locked_to(lock)) if lock else {}
    for name, path in files.items():
        wanted = lock[name].sha256 if lock and name in lock else ""
        ways[name] = given(Path(path), url=options["url"], release=options["release"], sha256=wanted)
    failures = _fetch(cache, asked, upstream, ways, names)
    _leave_out_unlocked(cache, lock, whole=bool(lock) and set(names) == set(lock or {}) and not failures)
    return _fetched(failures)


def fetch_all(cache: Path, names: Sequence[str], mirror: str | None) -> list[HjpError]:
    """Fetch the named sources, or all; say how each went; the failures, which leave the others untouched."""
    sources = in_order(discover("data_sources", Source), names)
    return _fetch(cache, sources, Upstream(mirror, manners=_manners(cache, ())), {}, names)


def _fetch(
    cache: Path, sources: Sequence[Source], upstream: Upstream, ways: Mapping[str, How], named: Sequence[str]
) -> list[HjpError]:
    failures = list[HjpError]()
    cache.mkdir(parents=True, exist_ok=True)
    with Board() as board:
        for ended in fetch_many(sources, cache, upstream, board.report, ways):
            one = ended.source
            board.over(one.name)
            if ended.release is not None:
                _say_fetched(ended.release, ended.state)
            elif one.optional and one.name not in named and isinstance(ended.error, (SourceError, SchemaError)):
                print(f"{one.name:<28} left out   (optional): {ended.error}", file=sys.stderr)
            elif ended.error is not None:
                print(f"hjp-geo: {ended.error}", file=sys.stderr)
                failures.append(ended.error)
    return failures


def _fetched(failures: Sequence[HjpError]) -> int:
    if failures:
        good = f"{len(failures)} could not be fetched; the releases held before are still in use."
        print(f"hjp-geo: {good}", file=sys.stderr)
    return max((error.exit_code for error in failures), default=0)


def _say_fetched(release: Release, state: str) -> None:
    print(
        f"{release.source:<28} {state:<10} {release.rows:>10,} rows  {release.bytes / 1e6:>7.1f} MB  {release.release}",
        flush=True,
    )
    for warning in release.warnings:
        print(f"{'':<28} note: {warning}", flush=True)


def _lock_asked_for(
    cache: Path, names: tuple[str, ...], file: str | None, sources: Mapping[str, Source]
) -> tuple[tuple[str, ...], dict[str, Release] | None]:
    """The sources named, and the lock to keep to, if one is to be kept to."""
    if file is None:
        return names, None
    if file in sources and not Path(file).is_file():  # `--locked SOURCE`: the name of a source, not of a file
        names, file = (file, *names), ""
    path = Path(file) if file else cache / "releases.toml"
    lock = read_record(path, "Give a releases.toml that `hjp-geo fetch` wrote.")
    if absent := [name for name in names if name not in lock]:
        raise PlanError(f"{path} records no release of {', '.join(absent)}; it has {', '.join(lock) or 'none'}.")
    if strange := [name for name in lock if name not in sources]:
        raise PlanError(f"{path} records {', '.join(strange)}, which this version of hjp-geo does not know.")
    return names, lock


def _check_options(files: Mapping[str, str], lock: Mapping[str, Release] | None, options: Mapping[str, Any]) -> None:
    if (options["url"] or options["release"]) and len(files) != 1:
        raise PlanError(f"--url and --release describe one file; {len(files)} are given with --from-file.")
    if options["check"] and (files or lock is not None or options["offline"]):
        raise PlanError("--check only asks the publishers: give it without --from-file, --locked or --offline.")
    if options["as_json"] and not options["check"]:
        raise PlanError("--json is for --check; what is held is told by `hjp-geo status --json`.")


def _leave_out_unlocked(cache: Path, lock: Mapping[str, Release] | None, *, whole: bool) -> None:
    """Where a whole lock was kept to, what it does not record is not in use either: else another build would come."""
    strange = [name for name in releases(cache) if name not in (lock or {})] if whole else []
    if strange:
        forget(cache, strange)
        print(f"No longer in use, because the lock has no release of it: {', '.join(strange)}. The files stay.")


def _pairs(texts: Sequence[str], expected: str) -> dict[str, str]:
    pairs = dict[str, str]()
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise PlanError(f"'{text}' is not {expected}.")
        pairs[name] = value
    return pairs


def _manners(cache: Path, agents: Sequence[str]) -> dict[str, Manners]:
    manners = read_manners(cache / "hosts.toml")
    for host, text in _pairs(agents, "--user-agent HOST=TEXT").items():
        manners[host] = replace(manners.get(host, Manners()), user_agent=text)
    return manners


def _check(cache: Path, sources: Sequence[Source], upstream: Upstream, *, as_json: bool) -> int:
    standings = sorted(check_many(sources, cache, upstream), key=lambda one: one.source)
    if as_json:
        print(json.dumps({"cache": str(cache), "sources": [asdict(one) for one in standings]}, indent=1))
    else:
        for one in standings:
            release = one.held if one.state in ("current", "not said", "not known") else f"{one.held} → {one.latest}"
            print(f"{one.source:<28} {_STATES[one.state]:<42} {release if one.held else one.latest}")
            if one.said:
                print(f"{'':<28} note: {one.said}")
    required = {one.name for one in sources if not one.optional}
    return SourceError.exit_code if any(s.state == "not known" and s.source in required for s in standings) else 0


_STATES = {
    "current": "up to date",
    "newer": "another release is published",
    "changed": "changed at the same address",
    "not held": "not fetched",
    "not said": "same release; changes cannot be told",
    "not known": "the publisher could not be asked",
}


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
    print("\n".join(["Data quality:", *quality_lines(report.quality)]))
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
        if row["by_hand"]:
            print("    given by hand: the address is where it claims to come from")
        elif row["found_by"]:
            print(f"    found by {row['found_by']}")
        print("".join(f"    note: {warning}\n" for warning in row["warnings"]), end="")
    print(f"Warehouse: {f'built {built}' if built else 'none yet (`hjp-geo build`)'}")


def _status_row(one: Source, release: Release | None) -> dict[str, Any]:
    held = {
        name: getattr(release, name, None)
        for name in ("release", "rows", "bytes", "sha256", "url", "retrieved", "made_up", "by_hand", "found_by")
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
