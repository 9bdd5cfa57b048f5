"""The commands that keep journeys: over roads, or from a matrix that the user brings."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click
import pandas as pd

from hjp_geo.cli.root import commands
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.journeys import (
    MODES,
    Journeys,
    MatrixError,
    TimeUnit,
    list_journeys,
    load_journeys,
    matrix_journeys,
    network_journeys,
    remove_journeys,
    save_journeys,
)

__all__: list[str] = []

_NOT_A_SITE = "X"
_LONGEST = 30.0


@commands.group()
def journeys() -> None:
    """Minutes from areas to sites: over roads, or from your own matrix. The straight line needs none of it."""


@journeys.command(name="build")
@click.option("--network", required=True, type=click.Path(path_type=Path), help="An OpenStreetMap extract (.osm.pbf).")
@click.option("--mode", required=True, type=click.Choice(["walk", "drive"]))
@click.option("--minutes", type=float, default=_LONGEST, show_default=True, help="The longest journey to keep.")
@click.option("--place", default=ENGLAND, show_default=True, help="Only from the areas of this place.")
@click.pass_obj
def build_command(cache: Path, /, network: Path, mode: str, minutes: float, place: str) -> None:
    """Work out journeys over the roads of an OpenStreetMap extract, once, and keep them."""
    evidence = Evidence.load(cache)
    areas, sites = _areas(evidence, place), _sites(evidence)
    say = partial(print, flush=True)
    made = network_journeys(network, areas, sites, mode=mode, cutoff_minutes=minutes, cache=cache, say=say)
    print(_text(save_journeys(made, cache), made))


@journeys.command(name="add")
@click.argument("matrix", type=click.Path(path_type=Path))
@click.option("--unit", required=True, type=click.Choice(get_args(TimeUnit)), help="What the times are in.")
@click.option("--mode", default="public_transport", show_default=True, type=click.Choice(list(MODES)))
@click.option("--minutes", type=float, help="Leave out longer journeys.")
@click.option("--unreachable", type=float, multiple=True, help="A further number that means 'no route'. Repeatable.")
@click.pass_obj
def add_command(cache: Path, /, matrix: Path, unit: TimeUnit, mode: str, minutes: float | None, **more: Any) -> None:
    """Keep the journeys of a MATRIX (CSV or Parquet): one row a pair, with area code, site and time."""
    evidence = Evidence.load(cache)
    areas, sites = _areas(evidence, ENGLAND), _sites(evidence)
    try:
        made = matrix_journeys(
            matrix,
            areas.index,
            sites.index,
            unit=unit,
            mode=mode,
            cutoff_minutes=minutes,
            unreachable=more["unreachable"],
        )
    except MatrixError as error:
        for one in error.errors:
            print(f"{matrix.name}, {one}", file=sys.stderr)
        raise
    print(_text(save_journeys(made, cache), made))


@journeys.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_command(cache: Path, /, as_json: bool) -> None:
    """What journeys are kept, and what made them."""
    kept = list_journeys(cache)
    if as_json:
        rows = kept.astype(object).where(kept.notna(), None).reset_index()
        print(json.dumps(rows.to_dict("records")))
    elif kept.empty:
        print("No journeys are kept. Access goes by the straight line, which needs none.")
    else:
        for name in kept.index:
            print(_text(str(name), load_journeys(cache, str(name))))


@journeys.command(name="remove")
@click.argument("name")
@click.pass_obj
def remove_command(cache: Path, /, name: str) -> None:
    """Remove the kept journeys of this NAME (or of the only name that begins so)."""
    print(f"Removed: {remove_journeys(cache, name)}")


def _areas(evidence: Evidence, place: str) -> pd.DataFrame:
    """The areas of a place that have a centre; the others are said."""
    areas = evidence.areas.loc[evidence.areas_of(evidence.place(place).code)]
    placed = areas["easting"].notna()
    if not placed.all():
        print(f"{int((~placed).sum()):,} areas have no centre and are left out.")
    return areas[placed]


def _sites(evidence: Evidence) -> pd.DataFrame:
    """Every placed advice site and health site, by code."""
    advice = evidence.sites[evidence.sites["grade"] != _NOT_A_SITE]
    both = pd.concat([one[["easting", "northing"]] for one in (advice, evidence.health_sites)])
    return both[both["easting"].notna() & ~both.index.duplicated()].sort_index()


def _text(name: str, made: Journeys) -> str:
    limit = "" if made.cutoff_minutes is None else f" of at most {made.cutoff_minutes:g} minutes"
    lines = [f"{name}: {len(made.costs):,} journeys {MODES[made.mode]}{limit}", f"    {made.how}"]
    return "\n".join([*lines, *(f"    {note}" for note in made.notes)])
