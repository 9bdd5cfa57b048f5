"""The run file read back: the plan, the sketches and the releases of an earlier report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hjp_geo.errors import PlanError
from hjp_geo.plan import Plan
from hjp_geo.report.desk import Request
from hjp_geo.siting import Candidate

__all__ = ["read_run", "read_sketch"]

_MOST_BYTES = 20_000_000


def read_run(path: Path) -> Request:
    """The request of an earlier report, from the ``plan.json`` of its data pack.

    Its releases go with it, so that the new report says what has changed. `PlanError` where it is no run file.
    """
    values = _read(path)
    plan = values.get("plan", values)
    if not isinstance(plan, dict):
        raise PlanError(f"{path} is no run file: its plan is not a set of settings.")
    sketch = values.get("sketch") or {}
    releases = values.get("releases") or {}
    if not isinstance(releases, dict):
        raise PlanError(f"{path} is no run file: its releases are not listed by source.")
    return Request(
        plan=Plan.from_dict(plan),
        candidates=_candidates(sketch, path) if sketch else (),
        name=str(values.get("name") or "")[:120],
        rule=str(values.get("rule") or "centroid"),
        closed=tuple(str(one)[:64] for one in values.get("closed") or ()),
        assumptions=values.get("assumptions") or {},
        earlier=releases,
    )


def read_sketch(path: Path) -> tuple[Candidate, ...]:
    """The candidates of a GeoJSON file of drawings: points with ``radius_m``, or polygons."""
    found = _candidates(_read(path), path)
    if not found:
        raise PlanError(f"{path} holds no drawing. Expected a GeoJSON FeatureCollection of points or polygons.")
    return found


def _candidates(values: dict[str, Any], path: Path) -> tuple[Candidate, ...]:
    features = values.get("features", [values] if values.get("type") == "Feature" else None)
    if not isinstance(features, list):
        raise PlanError(f"{path} holds no drawing. Expected a GeoJSON FeatureCollection of points or polygons.")
    return tuple(Candidate.from_feature(one) for one in features if isinstance(one, dict))


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise PlanError(f"{path} is larger than {_MOST_BYTES / 1e6:.0f} MB. Is it the right file?")
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{path} cannot be read ({error}). Expected a JSON file.") from error
    if not isinstance(values, dict):
        raise PlanError(f"{path} is not what was expected: an object in JSON.")
    return values
