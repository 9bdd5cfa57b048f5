"""An answer or a scenario as one file, in every format there is: those of `export`, and those that need maps."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hjp_geo.areas import BRITISH_NATIONAL_GRID
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import (
    EXPORTS,
    answer_values,
    assessment_values,
    caveats,
    export,
    fields,
    shareable,
    with_apostrophes,
)
from hjp_geo.plan import Answer, answer
from hjp_geo.report.desk import Desk, Request
from hjp_geo.report.parts import Column, Kind
from hjp_geo.report.pictures import layers_of_the_map, sketch_outlines
from hjp_geo.siting import ASSUMPTIONS, Assessment, Span, assess
from hjp_geo.uncertainty import with_uncertainty

__all__ = ["ANSWER_FORMATS", "assessed", "export_answer"]


def assessed(request: Request, evidence: Evidence) -> Assessment | None:
    """What the sketches of a request would do; None where there are none."""
    if not request.candidates:
        return None
    changed = {name: Span(*map(float, values)) for name, values in request.assumptions.items()}
    assumptions = ASSUMPTIONS.changed(changed)
    return assess(
        request.plan,
        request.candidates,
        evidence,
        rule=request.rule,
        assumptions=assumptions,
        closed=request.closed,
    )


def export_answer(request: Request, evidence: Evidence, path: Path) -> Path:
    """Write an answer, with its sketches where the format takes them, whole or not at all.

    `PlanError` for an ending that is not among `ANSWER_FORMATS`, or a folder that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in ANSWER_FORMATS:
        raise PlanError(f"'{path.name}' ends in '{path.suffix}', expected one of {', '.join(ANSWER_FORMATS)}.")
    if not path.parent.is_dir():
        raise PlanError(f"There is no folder {path.parent} to write {path.name} into. Make it first.")
    found = shareable(with_uncertainty(answer(request.plan, evidence), evidence), evidence)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".partial-") as folder:
            beside = Path(folder) / path.name
            _WRITERS.get(suffix, _plain)(Desk(request, evidence, found), beside)
            beside.replace(path)
    except OSError as error:
        raise PlanError(f"{path} cannot be written ({error.strerror or error}). Nothing was changed.") from error
    return path


def _plain(desk: Desk, path: Path) -> None:
    export(desk.found, desk.evidence, path)


def _styled(desk: Desk, path: Path) -> None:
    from hjp_geo.report.layers_file import write_styled_layers

    write_styled_layers(desk.found, desk.evidence, path, desk.request.date, sketch_outlines(desk))


def _values(desk: Desk, path: Path) -> None:
    values = answer_values(desk.found, desk.evidence)
    if (reached := assessed(desk.request, desk.evidence)) is not None:
        values["assessment"] = assessment_values(reached)
    path.write_text(json.dumps(values, ensure_ascii=False, indent=1), "utf-8")


def _parquet(desk: Desk, path: Path) -> None:
    areas = desk.found.areas
    shapes = desk.evidence.boundaries.loc[areas.index].to_numpy()
    table = gpd.GeoDataFrame(with_apostrophes(areas.reset_index()), geometry=shapes, crs=BRITISH_NATIONAL_GRID)
    table.to_parquet(path, index=False)


def _map(desk: Desk, path: Path) -> None:
    from hjp_geo.maps.standalone import standalone_map  # its library takes a while to load

    title = f"Where free {desk.topic} advice is needed and out of reach: {desk.place}"
    notes = [line for line in caveats(desk.found, desk.evidence) if "MADE-UP" in line or "under-count" in line]
    standalone_map(layers_of_the_map(desk), title, notes, path)


def _workbook(desk: Desk, path: Path) -> None:
    from hjp_geo.report.workbook import book_of  # its library takes a while to load

    found, evidence = desk.found, desk.evidence
    notes = [("Note", line) for line in caveats(found, evidence)]
    notes += [("Credit", line) for line in found.attribution] + [("Plan", found.plan.to_json())]
    meanings = fields(found, evidence)
    described = pd.DataFrame(meanings.items(), columns=["field", "meaning"])
    columns = {name: Column(meanings.get(name, name), _kind(found, name)) for name in found.areas.columns}
    sources = evidence.sources.reset_index().astype({"made_up": "str"})
    of_sources = {name: Column(name.replace("_", " ")) for name in sources.columns}
    sheets = [("Areas", found.areas, columns), ("Sources", sources, of_sources)]
    book_of(notes, described, sheets, path, desk.request.date)


def _kind(found: Answer, name: str) -> Kind:
    kind = found.areas[name].dtype.kind
    return "number" if kind == "f" else "count" if kind in "iu" else "yes_no" if kind == "b" else "text"


_WRITERS: dict[str, Callable[[Desk, Path], None]] = {
    ".gpkg": _styled,
    ".json": _values,
    ".parquet": _parquet,
    ".html": _map,
    ".xlsx": _workbook,
}
ANSWER_FORMATS: dict[str, str] = {
    **{suffix: one.label for suffix, one in EXPORTS.items()},
    ".parquet": "Areas (GeoParquet)",
    ".html": "Map that opens with no internet (HTML)",
    ".xlsx": "Workbook (Excel)",
}
"""The formats of `export_answer`, by file ending, and what each is."""
