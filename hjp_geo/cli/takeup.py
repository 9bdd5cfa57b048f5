"""The command that compares people helped with need: take-up."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import pandas as pd

from hjp_geo.cli.root import commands
from hjp_geo.errors import PlanError
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.takeup import (
    LEVELS,
    MOST_BYTES,
    TEMPLATE,
    Counts,
    CountsError,
    Journal,
    Question,
    TakeUp,
    place_counts,
    read_counts,
    summary,
    take_up,
    take_up_values,
    write_take_up,
    write_whole,
)

__all__: list[str] = []

_MOST_LISTED = 20


@commands.command(name="take-up")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--template", is_flag=True, help="Write a file to fill in (to --out, or print it) and stop.")
@click.option("--place", default=ENGLAND, show_default=True, help="Code or name of an ICB or district, or 'england'.")
@click.option("--demand", default=Question.demand, show_default=True, help="The people layer to compare with.")
@click.option("--level", default=Question.level, show_default=True, help=f"One of {', '.join(LEVELS)}.")
@click.option("--label", default="", help="Only the rows with this label.")
@click.option("--out", type=click.Path(path_type=Path), help="A file ending in .csv.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def take_up_command(
    cache: Path, /, file: Path | None, template: bool, out: Path | None, as_json: bool, label: str, **asked: Any
) -> None:
    """Where fewer people come than need predicts, from a CSV FILE of counts of people helped (code, count)."""
    if template:
        _write_template(out)
        return
    if file is None:
        raise PlanError("No FILE of counts is given. `hjp-geo take-up --template` writes one to fill in.")
    counts, evidence = _read(file), Evidence.load(cache)
    found = take_up(place_counts(counts, evidence, label), Question(**asked), evidence, Journal.in_cache(cache))
    if out:
        write_take_up(found, evidence, out)
    print(json.dumps(take_up_values(found)) if as_json else _text(found, out))


def _write_template(out: Path | None) -> None:
    if out is None:
        sys.stdout.write(TEMPLATE.replace("\r\n", "\n"))
    elif out.exists():
        raise PlanError(f"{out} is there already, and the template would replace it. Name another file.")
    else:
        print(f"Written: {write_whole(out, TEMPLATE.encode())}")


def _read(file: Path) -> Counts:
    """The counts of a file; where cells are at fault each is listed, before the one line that says it failed."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise PlanError(f"{file} is larger than {MOST_BYTES / 1e6:,.0f} MB. Is it the right file?")
        return read_counts(file.read_bytes())
    except OSError as error:
        raise PlanError(f"{file} cannot be read ({error.strerror or error}). Name a CSV file.") from error
    except CountsError as error:
        for one in error.errors:
            print(f"{file.name}, {one}", file=sys.stderr)
        raise


def _text(found: TakeUp, out: Path | None) -> str:
    """The answer in words: summary, the areas with the widest gap, notes, credits, and where it was written."""
    fewer = found.areas[found.areas["label"] == "fewer than expected"].sort_values("missing_out", ascending=False)
    listed = [_line(str(code), row) for code, row in fewer.head(_MOST_LISTED).iterrows()]
    if len(fewer) > _MOST_LISTED:
        listed.append(f"    … and {len(fewer) - _MOST_LISTED:,} more: --out x.csv writes them all.")
    notes = [f"Note: {line}" for line in found.notes]
    credits_ = [f"Credit: {line}" for line in found.attribution]
    return "\n".join([summary(found), *listed, *notes, *credits_, *([f"Written: {out}"] if out else [])])


def _line(code: str, row: pd.Series[Any]) -> str:
    came = f"{row['observed_text']} came, {row['expected']:,.0f} expected"
    return f"    {row['area_name']} ({code}): {came}; beyond the {row['beyond']} limit"
