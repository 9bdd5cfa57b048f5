"""A take-up answer as a table and as JSON, to take away: each carries its question, notes, caveats and credits."""

from __future__ import annotations

import csv
import json
import os
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import with_apostrophes
from hjp_geo.takeup.model import LEVEL_NAMES, TakeUp, summary

__all__ = ["FIELDS", "take_up_csv", "take_up_values", "write_take_up"]

FIELDS = {
    "area_code": "code of the area",
    "area_name": "its name",
    "lad24_name": "local authority district of 2024",
    "residents": "people, mid-2022",
    "people_in_need": "people of the need layer",
    "observed": "people helped, rounded to 5; blank where hidden or not known",
    "observed_text": "the same in words: the rounded count, '1 to 7', 'hidden' (to protect another) or 'not known'",
    "expected": "people who would have come had take-up followed need",
    "ratio": "observed / expected; blank where hidden, or with fewer than 30 people in need",
    "ratio_lower_ci": "its lower 95 % limit (Byar from 10, exact Poisson below)",
    "ratio_upper_ci": "its upper 95 % limit",
    "helped_per_1000": "people helped for 1,000 people in need; blank as the ratio",
    "limit_95_lower": "funnel: the count below which chance alone takes 1 in 40; 0 where no count is that rare",
    "limit_95_upper": "funnel: the count above which chance alone takes 1 in 40",
    "limit_998_lower": "funnel: the same for 1 in 1,000, below",
    "limit_998_upper": "funnel: the same for 1 in 1,000, above",
    "label": "fewer than expected, as expected, more than expected, too few to say; blank where need is not known",
    "beyond": "the widest funnel limit that the count is outside",
    "missing_out": "expected - observed (4 for '1 to 7') where fewer than expected, else 0; blank: not known",
}


def take_up_csv(found: TakeUp, evidence: Evidence) -> bytes:
    """The CSV: notes and credits in lines that begin with ``#``, then one header and one row an area."""
    title = (
        f"hjp-geo: people helped against need in {found.place.name}, by {LEVEL_NAMES[found.question.level]}; need is "
        f"{evidence.label(found.question.demand)} ({evidence.unit(found.question.demand)}). "
        f"Warehouse built {evidence.built}, build {evidence.build_id}."
    )
    table = with_apostrophes(found.areas.reset_index())
    lines = [title, summary(found), *found.notes, *found.attribution]
    lines += [f"{name}: {FIELDS[name]}" for name in table.columns]
    lines.append(f"run: {json.dumps(found.run, sort_keys=True)}")
    # text is quoted, so that a reader told of the # lines never takes a # within a name for one
    body = table.to_csv(index=False, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    head = "".join(f"# {' '.join(line.split())}\r\n" for line in lines)
    return (head + body).encode("utf-8-sig")


def write_take_up(found: TakeUp, evidence: Evidence, path: Path) -> Path:
    """Write the CSV, whole or not at all; `PlanError` for another ending, or a folder that cannot be written."""
    if path.suffix.lower() != ".csv":
        raise PlanError(f"'{path.name}' ends in '{path.suffix}', expected .csv.")
    return write_whole(path, take_up_csv(found, evidence))


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file beside its place and move it there; `PlanError` where that cannot be done."""
    partial = path.with_name(f".partial-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise PlanError(f"{path} cannot be written ({error.strerror or error}). Nothing was changed.") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def take_up_values(found: TakeUp) -> dict[str, Any]:
    """An answer as plain values for JSON: summary, totals, areas, what was left out, notes, credits, run."""
    return {
        "place": {"code": found.place.code, "name": found.place.name},
        "summary": summary(found),
        "totals": json.loads(_json(asdict(found.totals))),
        "areas": json.loads(found.areas.reset_index().to_json(orient="records")),
        "left_out": json.loads(found.left_out.to_json(orient="records")),
        "notes": list(found.notes),
        "attribution": list(found.attribution),
        "run": dict(found.run),
    }


def _json(values: dict[str, Any]) -> str:
    return json.dumps({name: None if value != value else value for name, value in values.items()})
