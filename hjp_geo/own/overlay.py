"""The user's own data laid over what a build wrote: sites, services, layers and their sources, nothing rebuilt.

A pure function of the build and of what was accepted: taking a set away gives back exactly what was there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Transformer

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.own.grades import OLD_MONTHS, aged, agreed, grade_of, months_since
from hjp_geo.own.hygiene import applied
from hjp_geo.own.providers import ProviderRow, hours_a_week
from hjp_geo.own.schema import UNKNOWN
from hjp_geo.own.shelf import Decision, OwnData, OwnLayer, ProviderSet

__all__ = ["EVIDENCE", "SERVICE_COLUMNS", "Laid", "lay_over"]

EVIDENCE = "own"
"""What ``services.evidence`` says of a topic that the user states; ``assumed`` where the file only assumes it."""
SERVICE_COLUMNS = {
    "provider_name": "who runs it",
    "hours_per_week": "advice hours of the site and channel, whatever the topic; missing where nobody gives them",
    "access": "drop_in, appointment, referral_only, or missing",
    "eligible_groups": "whom it serves, by ;",
    "served_areas": "england, or codes by ;",
    "licence": "own, OGL, permission, internal, or missing",
}
"""Columns that services have beside those of the build while a list of the user is in play; missing for other lists."""


@dataclass(frozen=True, eq=False)
class Laid:
    """The tables of the evidence with the user's own data in them."""

    sites: Table
    services: Table
    values: Table
    layers: Table
    sources: Table
    inputs: Mapping[str, list[str]]
    """Table or layer → sources that the user's data add to it."""
    lost: tuple[Decision, ...]
    """Decisions whose sites are not there any more, or have other names: not applied."""


def lay_over(
    own: OwnData, sites: Table, services: Table, values: Table, layers: Table, sources: Table, day: dt.date
) -> Laid:
    """Lay accepted data over the tables of a build; grades are as of a day (that of the build, or of the last list)."""
    day = max([day, *(dt.date.fromisoformat(one.accepted[:10]) for one in own.providers)])
    sites = aged(sites, day)
    for one in own.providers:
        sites, services = _with_providers(one, sites, services, day)
    into, lost = applied(own.decisions, sites)
    sites, services = _merged(into, sites, services)
    inputs: dict[str, list[str]] = {}
    if own.providers:
        names = [one.source_name for one in own.providers]
        inputs = {"sites": names, "services": names}
        sources = _with_sources(sources, [_provider_source(one) for one in own.providers])
    for layer in own.layers:
        values = values.assign(**{layer.layer_name: _values(layer, values.index)})
        layers = _with_layer(layers, layer, int(values[layer.layer_name].isna().sum()))
    sources = _with_sources(sources, [_layer_source(one) for one in own.layers])
    return Laid(sites, services, values, layers, sources, inputs, tuple(lost))


# providers ----------------------------------------------------------------------------------------------------------


def _with_providers(one: ProviderSet, sites: Table, services: Table, day: dt.date) -> tuple[Table, Table]:
    ids = [_site_id(one.name, row) for row in one.rows]
    new_sites = _site_table(one, ids, day)
    new_services = _service_table(one, ids)
    return _stacked(sites, new_sites), _stacked(services, new_services).reset_index(drop=True)


def _site_id(name: str, row: ProviderRow) -> str:
    """One id for one place of one provider, whatever its channels, and the same when its row is edited otherwise."""
    place = row.get("postcode") or f"{row.get('latitude')},{row.get('longitude')}"
    who = "\n".join((name, row.get("site_name").casefold(), row.get("provider_name").casefold(), place))
    return f"own-{hashlib.sha256(who.encode()).hexdigest()[:10]}"


def _site_table(one: ProviderSet, ids: list[str], day: dt.date) -> Table:
    grades = [grade_of(row, day) for row in one.rows]
    table = pd.DataFrame(
        {
            "site_name": [row.get("site_name") for row in one.rows],
            "list": one.source_name,
            "postcode": [row.get("postcode") or None for row in one.rows],
            "easting": np.array([row.easting for row in one.rows], dtype="float64"),
            "northing": np.array([row.northing for row in one.rows], dtype="float64"),
            "location_quality": [row.location_quality for row in one.rows],
            "grade": [grade for grade, _ in grades],
            "grade_reason": [reason for _, reason in grades],
            "in_england": [row.in_england for row in one.rows],
            "as_of": [row.get("checked_on") for row in one.rows],
            "stale": [_is_stale(row, day) for row in one.rows],
        },
        index=pd.Index(ids, name="site_id"),
    ).sort_values("grade", kind="stable")
    first = table[~table.index.duplicated()].sort_index()  # several channels of one site: the best grade
    longitude, latitude = _degrees(first["easting"].to_numpy(), first["northing"].to_numpy())
    return first.assign(longitude=longitude, latitude=latitude)


def _is_stale(row: ProviderRow, day: dt.date) -> bool:
    checked = row.get("checked_on")
    return bool(checked) and months_since(dt.date.fromisoformat(checked), day) > OLD_MONTHS


def _degrees(
    easting: npt.NDArray[np.float64], northing: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    to_degrees = Transformer.from_crs(BRITISH_NATIONAL_GRID, WGS84, always_xy=True)
    longitude, latitude = to_degrees.transform(easting, northing)
    placed = np.isfinite(easting) & np.isfinite(northing)
    return np.where(placed, np.round(longitude, 6), np.nan), np.where(placed, np.round(latitude, 6), np.nan)


def _service_table(one: ProviderSet, ids: list[str]) -> Table:
    rows = [
        {
            "site_id": code,
            "topic": topic,
            "assistance": "general_advice",
            "channel": row.get("channel"),
            "evidence": "assumed" if row.get("topics_basis") == "assumed" else EVIDENCE,
            "provider_name": row.get("provider_name"),
            "hours_per_week": hours_a_week(row.cells),
            **{name: row.get(name) or None for name in ("access", "eligible_groups", "served_areas", "licence")},
        }
        for code, row in zip(ids, one.rows, strict=True)
        for topic in row.get("topics").split(";")
        if topic != UNKNOWN  # it counts as supply in no topic
    ]
    columns = ["site_id", "topic", "assistance", "channel", "evidence", *SERVICE_COLUMNS]
    return pd.DataFrame(rows, columns=columns).astype({"hours_per_week": "float64"})


def _stacked(base: Table, new: Table) -> Table:
    """Rows of both, with the columns of both: missing where one has not the column, False where it is a yes or no."""
    columns = [*base.columns, *(column for column in new.columns if column not in base.columns)]
    for column in base.columns:
        if column not in new.columns and base[column].dtype == bool:
            new = new.assign(**{column: False})
    kinds = {column: _kind(base, new, column) for column in columns}
    both = [part.reindex(columns=columns).astype(kinds) for part in (base, new) if len(part)]
    return pd.concat(both) if both else base.reindex(columns=columns)


def _kind(base: Table, new: Table, column: str) -> str:
    """The kind of a stacked column: that of the build where it has it."""
    kind = (base if column in base.columns and len(base) else new)[column].dtype
    return "float64" if kind.kind in "fiu" else "bool" if kind.kind == "b" else "str"


# merging ------------------------------------------------------------------------------------------------------------


def _merged(into: Mapping[str, str], sites: Table, services: Table) -> tuple[Table, Table]:
    """Accepted duplicates counted once: topics united, the other one graded X, the kept one graded better."""
    names = sites["site_name"].to_dict()
    members: dict[str, set[str]] = {keep: {str(sites.loc[keep, "list"])} for keep in into.values()}
    for drop, keep in into.items():
        members[keep].add(str(sites.loc[drop, "list"]))
    sites = agreed(sites, pd.Series({keep: len(lists) for keep, lists in members.items()}, dtype="int64"))
    if not into:
        return sites, services
    dropped = sites.index.isin(list(into))
    reasons = pd.Series(sites.index, sites.index).map(
        {drop: f"counted with {names[keep]}" for drop, keep in into.items()}
    )
    sites = sites.assign(
        grade=sites["grade"].mask(dropped, "X"), grade_reason=sites["grade_reason"].where(~dropped, reasons)
    )
    moved = services.assign(site_id=services["site_id"].replace(dict(into)))
    order = moved["evidence"].map({EVIDENCE: 0, "listed": 1}).fillna(2)
    ranked = moved.assign(order=order).sort_values("order", kind="stable")
    once = ranked.drop_duplicates(["site_id", "topic", "assistance", "channel"]).sort_index()
    return sites, once.drop(columns="order").reset_index(drop=True)


# sources and layers -------------------------------------------------------------------------------------------------


def _provider_source(one: ProviderSet) -> dict[str, object]:
    licences = sorted({row.get("licence") for row in one.rows} - {""})
    credits_ = list(dict.fromkeys(row.get("source") for row in one.rows if row.get("source")))
    more = f" and {len(credits_) - 3:,} more" if len(credits_) > 3 else ""
    said = f" Sources given: {'; '.join(credits_[:3])}{more}." if credits_ else ""
    return {
        **_own_source(one, len(one.rows)),
        "source": one.source_name,
        "title": f"Providers brought by the user: {one.name}",
        "licence": ", ".join(licences) or "not stated",
        "attribution": f"User's own list “{one.name}”, {len(one.rows):,} rows, accepted {one.accepted[:10]}.{said}",
    }


def _layer_source(one: OwnLayer) -> dict[str, object]:
    return {
        **_own_source(one, len(one.values)),
        "source": one.source_name,
        "title": f"Values of areas brought by the user: {one.label}",
        "licence": "not stated",
        "attribution": f"User's own data “{one.label}”: {one.source} (accepted {one.accepted[:10]}).",
    }


def _own_source(one: ProviderSet | OwnLayer, rows: int) -> dict[str, object]:
    return {
        "publisher": "the user",
        "release": one.accepted[:10],
        "url": f"file: {one.filename}",
        "file": one.filename,
        "sha256": one.sha256,
        "rows": rows,
        "retrieved": one.accepted,
        "made_up": False,
        "warnings": "",
    }


def _with_sources(sources: Table, new: list[dict[str, object]]) -> Table:
    if not new:
        return sources
    rows = pd.DataFrame(new).set_index("source").reindex(columns=sources.columns)
    filled = {c: 0 for c in sources.columns if sources[c].dtype.kind in "iuf"}
    return pd.concat([sources, rows.fillna(filled).astype(sources.dtypes.to_dict())]).rename_axis("source")


def _values(layer: OwnLayer, areas: pd.Index[str]) -> pd.Series[float]:
    return pd.Series(layer.values, dtype="float64").reindex(areas)


def _with_layer(layers: Table, one: OwnLayer, missing: int) -> Table:
    row = {
        "label": one.label,
        "unit": one.unit,
        "role": one.role,
        "polarity": one.polarity,
        "caveat": " ".join(("Your own data, as brought.", *one.notes)),
        "group_label": "Your data",
        "inputs": json.dumps([one.source_name]),
        "description": f"{one.source}. The file was by {one.level}.",
        "areas_missing": missing,
    }
    new = pd.DataFrame([row], index=pd.Index([one.layer_name], name="layer")).reindex(columns=layers.columns)
    return pd.concat([layers, new.astype(layers.dtypes.to_dict())])
