"""An answer as files that people take away: each carries its question, its dates, its caveats and its credits.

A file is written beside its place and moved there when it is whole. Text from data is never a formula: a cell that
begins like one gets a leading apostrophe.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.composite import score_range
from hjp_geo.desert import DESERT_RULES
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.overlap import double_counting, shared_information
from hjp_geo.plan import EXTRA_FIELDS, TOPICS, Answer
from hjp_geo.presets import preset_caveats
from hjp_geo.siting import Assessment, Reached
from hjp_geo.uncertainty import UNCERTAINTY_FIELDS, uncertainty_caveats

__all__ = [
    "EXPORTS",
    "INTERNAL",
    "Export",
    "assessment_values",
    "caveats",
    "export",
    "fields",
    "shareable",
    "with_apostrophes",
]

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
INTERNAL = "a site on an internal list"
"""What stands for a site that a user's list marks as internal."""
_WHERE = ("easting", "northing", "longitude", "latitude")


@dataclass(frozen=True)
class Export:
    """One file format: its ending, what it is for, and how it is written."""

    suffix: str
    label: str
    write: Callable[[Answer, Evidence, Path], None]


def export(found: Answer, evidence: Evidence, path: Path) -> Path:
    """Write an answer to a file, whole or not at all; the format is that of the file's ending.

    Sites that a user's list marks as internal count in every figure, but are not named: see `shareable`.
    Raises `PlanError` for an ending that is not among `EXPORTS`, or a folder that is not there or cannot be written.
    """
    if path.suffix.lower() not in EXPORTS:
        raise PlanError(f"'{path.name}' ends in '{path.suffix}', expected one of {', '.join(EXPORTS)}.")
    if not path.parent.is_dir():
        raise PlanError(f"There is no folder {path.parent} to write {path.name} into. Make it first.")
    try:
        with _beside(path) as partial:
            EXPORTS[path.suffix.lower()].write(shareable(found, evidence), evidence, partial)
            partial.replace(path)
    except OSError as error:
        raise PlanError(f"{path} cannot be written ({error.strerror or error}). Nothing was changed.") from error
    return path


def shareable(found: Answer, evidence: Evidence) -> Answer:
    """The answer without the names and places of sites that a user's list marks as internal.

    They count in every figure as before; in the tables they are called `INTERNAL`.
    """
    if "licence" not in evidence.services.columns:
        return found
    services = evidence.services
    secret = set(services.loc[services["licence"] == "internal", "site_id"])
    if not secret:
        return found
    sites = found.sites
    hidden = sites.index.isin(secret)
    names = set(sites.loc[hidden, "site_name"])
    blank = {name: pd.NA for name in ("postcode", "grade_reason") if name in sites.columns}
    masked = sites.assign(
        site_name=sites["site_name"].mask(hidden, INTERNAL),
        **{name: sites[name].mask(hidden, None) for name in blank},
        **{name: sites[name].mask(hidden) for name in _WHERE if name in sites.columns},
    )
    areas, framed = (
        table.assign(nearest_site=table["nearest_site"].mask(table["nearest_site"].isin(names), INTERNAL))
        for table in (found.areas, found.framed)
    )
    masked.index = pd.Index(
        [
            f"internal-{number}" if mask else code
            for number, (code, mask) in enumerate(zip(sites.index, hidden, strict=True), 1)
        ],
        name=sites.index.name,
    )
    return replace(found, sites=masked, areas=areas, framed=framed)


def caveats(found: Answer, evidence: Evidence) -> list[str]:
    """What a reader must be told with any figure of this answer, in plain words."""
    plan = found.plan
    lines = [
        f"Desert rule: {DESERT_RULES[plan.desert].label} ({plan.desert}). The rule and its limit are choices.",
        f"Worst fifths are those of {'all areas loaded' if plan.frame == 'england' else found.place.name}.",
        _way(found),
        "Open lists under-count outreach, above all advice inside health services: a desert may be a gap in the list.",
        *_supply_caveats(found),
        "Condition figures are modelled from practice registers; they are estimates of recorded diagnoses.",
        "Deprivation describes areas, not people: not everyone in a deprived area is deprived.",
    ]
    if evidence.made_up:
        lines.insert(0, "MADE-UP DATA: an invented Integrated Care System. No figure here is about a real place.")
    if not found.known:
        topic = TOPICS[plan.topic].lower()
        lines.insert(
            0, f"No loaded list covers {topic} ({plan.assistance}): there is no verdict, and no data is not need."
        )
    if plan.counting == "listed_and_assumed":
        lines.append("Assumed, not listed: Citizens Advice main offices give general advice on this topic.")
    if plan.assistance == "specialist_legal_aid":
        lines.append("Legal aid is specialist supply with a narrow scope; it does not stand in for general advice.")
    return [*lines, *_need_caveats(found, evidence), *uncertainty_caveats(found)]


def _way(found: Answer) -> str:
    """What the distances or minutes are, and how far a site reaches."""
    plan = found.plan
    if plan.cost_unit == "km":
        return f"Distances are straight lines from population-weighted centres; a site reaches {plan.cutoff_km:g} km."
    return f"{found.run['journeys'].rstrip('.')}. A site reaches {plan.cutoff_minutes:g} minutes."


def _supply_caveats(found: Answer) -> list[str]:
    """What access counts, and what is assumed of it."""
    if found.plan.supply == "hours":
        return list(found.supply_notes)
    return ["How many hours a site is open is not published: access counts sites, not hours.", *found.supply_notes]


def _need_caveats(found: Answer, evidence: Evidence) -> list[str]:
    """What to say of the need index: its population, what counts twice, how it is made, where data are missing."""
    plan, weighted = found.plan, [name for name, weight in found.plan.weights.items() if weight > 0]
    lines = preset_caveats(plan, evidence)
    lines += [
        f"Counted twice: {line}" for line in double_counting(shared_information(evidence, weighted, found.framed.index))
    ]
    if (plan.normalisation, plan.aggregate) != ("imd_exponential", "arithmetic"):
        lines.append(f"Need score: scale {plan.normalisation}, {plan.aggregate} mean.")
    lines += [f"Before it was scaled, {evidence.label(name)}: {what}." for name, what in found.treatments.items()]
    if gaps := int((found.areas["need_data_share"] < 1 - 1e-9).sum()):
        lines.append(
            f"Areas that lack data for some of the need layers: {gaps:,}. Their score rests on the others "
            "(need_data_share), and is missing where those carry less than two thirds of the weight."
        )
    return lines


def fields(found: Answer, evidence: Evidence) -> dict[str, str]:
    """What each column of the areas table is, with its unit."""
    layers = {
        name: f"{evidence.label(name)} ({evidence.unit(name)})"
        for name in found.areas.columns
        if name in evidence.layers.index
    }
    points = {
        column: f"points of the need score from: {evidence.label(column.removeprefix('points_'))}"
        for column in found.areas.columns
        if column.startswith("points_")
    }
    return {
        "area_code": "LSOA 2021 code",
        **_FIXED_FIELDS,
        "access": f"{found.access_unit}; blank where no list covers the topic",
        **{column: meaning for column, meaning in EXTRA_FIELDS.items() if column in found.areas.columns},
        **{column: meaning for column, meaning in UNCERTAINTY_FIELDS.items() if column in found.areas.columns},
        "need": f"need score, {score_range(found.plan.recipe)}, high is more need",
        "people_in_need": f"{evidence.label(found.plan.demand)} (people)",
        **layers,
        **points,
    }


_FIXED_FIELDS = {
    "area_name": "LSOA 2021 name",
    "lad24_code": "local authority district of 2024",
    "lad24_name": "its name",
    "icb24_code": "Integrated Care Board of 2024",
    "icb24_name": "its name",
    "residents": "people, mid-2022",
    "need_rank": "rank of need in the frame, 1 is most",
    "need_fifth": "fifth of need in the frame, 1 is most",
    "need_data_share": "share of the weight for which the area has data, 0 to 1",
    "nearest_site": "nearest counted advice site of the topic",
    "nearest_km": "straight-line kilometres to it",
    "sites_in_reach": "counted sites of the topic within the cutoff",
    "access_fifth": "fifth of access in the frame, 1 is least",
    "desert": "whether the rule flags the area; blank where there is no verdict",
    "reason": "why it is flagged, or no_data",
    "figure": "the figure that decided the reason",
}


def assessment_values(assessed: Assessment) -> dict[str, Any]:
    """An assessment as plain values for JSON: each part and the total, rule, plan, credits."""
    return {
        "total": _reached_values(assessed.total),
        "parts": [_reached_values(part) for part in assessed.parts],
        "rule": assessed.rule,
        "attribution": list(assessed.attribution),
        "run": dict(assessed.run),
    }


def _reached_values(reached: Reached) -> dict[str, Any]:
    return {
        "name": reached.name,
        "areas": list(reached.areas),
        "people": _number(reached.people),
        "people_in_need": _number(reached.people_in_need),
        "people_in_worst_fifth_of_need": _number(reached.people_in_worst_fifth),
        "people_no_provider_reached_before": _number(reached.newly_reached),
        "desert_areas": reached.desert_areas,
        "people_in_deserts": _number(reached.people_in_deserts),
        "areas_without_verdict": reached.areas_without_verdict,
        "conditions": {
            layer: {
                "label": row["label"],
                "people_modelled": _number(row["people"]),
                "people_low": _number(row["people_low"]),
                "people_high": _number(row["people_high"]),
                "areas_missing": row["areas_missing"],
            }
            for layer, row in reached.conditions.to_dict("index").items()
        },
        "advice_sites": _named(reached.advice_sites),
        "health_sites": _named(reached.health_sites),
        "notes": list(reached.notes),
    }


def _named(sites: Table) -> list[dict[str, str]]:
    return [{"id": str(code), "name": str(name)} for code, name in sites["site_name"].items()]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 1)


def with_apostrophes(table: Table) -> Table:
    """The table with a leading apostrophe on every text cell that a spreadsheet would take for a formula."""
    safe = table.copy()
    for column in safe.select_dtypes(include=["str", "object"]).columns:
        text = safe[column].astype("str")
        risky = safe[column].notna() & text.str.startswith(_FORMULA_SIGNS)
        safe[column] = safe[column].mask(risky, "'" + text)
    return safe


def _write_csv(found: Answer, evidence: Evidence, path: Path) -> None:
    """Notes and credits in lines that begin with ``#``, then one header and one row an area."""
    lines = [_title(found, evidence), *caveats(found, evidence), *found.attribution, *_release_lines(evidence)]
    lines += [f"{name}: {meaning}" for name, meaning in fields(found, evidence).items()]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(f"# {' '.join(line.split())}\r\n" for line in [*lines, f"plan: {found.plan.to_json()}"])
        table = with_apostrophes(found.areas.reset_index())
        # text is quoted, so that a reader told of the # lines never takes a # within a name for one
        table.to_csv(file, index=False, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)


def _write_geopackage(found: Answer, evidence: Evidence, path: Path) -> None:
    """Areas, advice sites and health sites as layers; notes, fields, credits and releases as tables beside them."""
    codes = found.areas.index
    areas = gpd.GeoDataFrame(found.areas.reset_index(), geometry=evidence.boundaries.loc[codes].to_numpy())
    health = _within(evidence.health_sites, areas)
    for name, layer in (
        ("areas", areas.set_crs(BRITISH_NATIONAL_GRID)),
        ("advice_sites", _points(found.sites[found.sites["in_place"]])),
        ("health_sites", _points(health)),
        ("about", pd.DataFrame({"note": [_title(found, evidence), *caveats(found, evidence), *found.attribution]})),
        ("fields", pd.DataFrame(fields(found, evidence).items(), columns=["field", "meaning"])),
        ("sources", evidence.sources.reset_index()),
        ("plan", _settings(found)),
    ):
        pyogrio.write_dataframe(with_apostrophes(layer), path, layer=name, driver="GPKG")


def _settings(found: Answer) -> Table:
    rows = [(name, json.dumps(value)) for name, value in found.plan.to_dict().items()]
    return pd.DataFrame(rows, columns=["setting", "value"])


def _write_geojson(found: Answer, evidence: Evidence, path: Path) -> None:
    """Areas in WGS84 with the credits at the top level."""
    codes = found.areas.index
    areas = gpd.GeoDataFrame(found.areas.reset_index(), geometry=evidence.boundaries.loc[codes].to_numpy())
    body = json.loads(areas.set_crs(BRITISH_NATIONAL_GRID).to_crs(WGS84).to_json(drop_id=True))
    about = {
        "title": _title(found, evidence),
        "notes": caveats(found, evidence),
        "attribution": list(found.attribution),
    }
    path.write_text(json.dumps({**body, "about": about, "run": dict(found.run)}, ensure_ascii=False), "utf-8")


def _write_json(found: Answer, evidence: Evidence, path: Path) -> None:
    """Totals and one object an area, for programs."""
    path.write_text(json.dumps(answer_values(found, evidence), ensure_ascii=False, indent=1), "utf-8")


def answer_values(found: Answer, evidence: Evidence) -> dict[str, Any]:
    """An answer as plain values for JSON: totals, reasons, areas, notes, credits, run."""
    return {
        "place": {"code": found.place.code, "name": found.place.name},
        "totals": {**found.totals.__dict__, "share_of_people_pct": _number(found.totals.share_of_people_pct)},
        "other_totals": _other_totals(found),
        "reasons": json.loads(found.reasons.reset_index().to_json(orient="records")),
        "areas": json.loads(found.areas.reset_index().to_json(orient="records")),
        "notes": caveats(found, evidence),
        "attribution": list(found.attribution),
        "run": dict(found.run),
    }


def _other_totals(found: Answer) -> dict[str, Any] | None:
    """The headline with phone and online advice where it is without, and the reverse; null where none is loaded."""
    other = found.other_totals
    return None if other is None else {**other.__dict__, "share_of_people_pct": _number(other.share_of_people_pct)}


def _title(found: Answer, evidence: Evidence) -> str:
    return (
        f"hjp-geo: need for and access to {TOPICS[found.plan.topic].lower()} advice in {found.place.name}. "
        f"Warehouse built {evidence.built}, build {evidence.build_id}."
    )


def _release_lines(evidence: Evidence) -> Iterator[str]:
    for name, row in evidence.sources.iterrows():
        release = f"release {row['release']}, retrieved {row['retrieved']}, sha256 {row['sha256']}"
        yield f"source {name}: {row['title']}, {release}"


def _points(sites: Table) -> gpd.GeoDataFrame:
    placed = sites[sites["easting"].notna()].reset_index()
    shapes = gpd.points_from_xy(placed["easting"], placed["northing"], crs=BRITISH_NATIONAL_GRID)
    return gpd.GeoDataFrame(placed, geometry=shapes)


def _within(sites: Table, areas: gpd.GeoDataFrame) -> Table:
    points = _points(sites)
    inside = gpd.sjoin(points, areas.set_crs(BRITISH_NATIONAL_GRID)[["geometry"]], predicate="intersects")
    return sites.loc[sites.index.isin(inside["site_id"])]


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".partial-", suffix=path.suffix)
    os.close(handle)
    Path(name).unlink()
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


EXPORTS: Mapping[str, Export] = {
    one.suffix: one
    for one in (
        Export(".csv", "Table (CSV)", _write_csv),
        Export(".gpkg", "Map layers (GeoPackage)", _write_geopackage),
        Export(".geojson", "Areas (GeoJSON)", _write_geojson),
        Export(".json", "Everything, for programs (JSON)", _write_json),
    )
}
"""The formats of `export`, by file ending."""
