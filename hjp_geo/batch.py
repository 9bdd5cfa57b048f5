"""Many reports at once: one for each place of a kind within a larger one, several at a time.

Each process reads the warehouse once and then writes report after report. A place that fails says why and stops none
of the others.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from hjp_geo.errors import HjpError, PlanError
from hjp_geo.evidence import Evidence, Place
from hjp_geo.report import Request, check_out, compose, write_report

__all__ = ["LEVELS", "Written", "places_within", "write_batch"]

LEVELS = {"icb": "icb24_code", "sub-icb": "sicbl24_code", "district": "lad24_code"}
"""The kinds of place that a batch may go through, and the column of areas that holds their codes."""
_MOST_JOBS = 4


@dataclass(frozen=True)
class Written:
    """What became of one place: its file, or why there is none."""

    place: Place
    path: Path | None
    error: str = ""
    exit_code: int = 0


def places_within(evidence: Evidence, within: str, level: str) -> list[Place]:
    """The places of a kind that have areas in a larger one, in the order of their names.

    `PlanError` for an unknown place or kind. A district that lies only partly in the larger place is reported whole.
    """
    if level not in LEVELS:
        raise PlanError(f"'{level}' is no kind of place; there are {', '.join(LEVELS)}.")
    codes = evidence.areas.loc[evidence.areas_of(evidence.place(within).code), LEVELS[level]].unique()
    return sorted((evidence.places[str(code)] for code in codes), key=lambda one: (one.name, one.code))


def write_batch(
    cache: Path,
    request: Request,
    places: Sequence[Place],
    folder: Path,
    suffix: str,
    jobs: int | None = None,
) -> Iterator[Written]:
    """Write a report for each place into a folder, several at a time, and yield each as it is done.

    ``suffix`` is one of the endings of `write_report`, or empty for a folder a place. `PlanError` where nothing could
    be written there.
    """
    if not folder.is_dir():
        raise PlanError(f"There is no folder {folder} to write reports into. Make it first.")
    tasks = [(request, place, folder / file_name(place, suffix)) for place in places]
    for _, _, path in tasks:
        check_out(path)
    count = min(jobs or min(os.cpu_count() or 1, _MOST_JOBS), len(tasks)) or 1
    # a fresh process, not a copy of this one: the libraries for maps and databases have threads of their own
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=fresh, initializer=_begin, initargs=(cache,)) as pool:
        waiting = [pool.submit(_write_one, *task) for task in tasks]
        for done in as_completed(waiting):
            yield done.result()


def file_name(place: Place, suffix: str) -> str:
    """What a place's report is called: its code, and its name as far as every disk takes it."""
    words = re.sub(r"[^a-z0-9]+", "-", place.name.lower()).strip("-")[:60]
    return f"{place.file_name}-{words}{suffix}"


_held: dict[str, Evidence] = {}
"""The warehouse of this process."""


def _begin(cache: Path) -> None:
    _held["evidence"] = Evidence.load(cache)


def _write_one(request: Request, place: Place, path: Path) -> Written:
    evidence = _held["evidence"]
    try:
        report, found = compose(replace(request, plan=replace(request.plan, place=place.code)), evidence)
        return Written(place, write_report(report, found, evidence, path))
    except HjpError as error:
        return Written(place, None, str(error), error.exit_code)
