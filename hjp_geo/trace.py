"""Any number back to its file: value → layer → tables → file, release, hash, address, licence, date.

Works for every layer of the evidence, and for what a plan makes of them: need, access, desert.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError, WarehouseError
from hjp_geo.store import Warehouse

__all__ = [
    "OF_AN_ANSWER",
    "Trace",
    "TracedSource",
    "TracedTable",
    "trace",
    "trace_answer",
    "trace_lines",
    "trace_values",
]

_MOST_ROWS = 5
_MOST_CELLS = 12
_AREA_COLUMNS = ("area_code", "lsoa21_code", "lsoa_code", "lsoa11_code")

OF_AN_ANSWER: Mapping[str, tuple[str, str]] = {
    "need": ("Need score", "high is more need"),
    "need_rank": ("Rank of need", "1 is most need"),
    "access": ("Access to advice", "sites for 100,000 people in need"),
    "nearest_km": ("Distance to the nearest site", "km, straight line"),
    "sites_in_reach": ("Sites within the cutoff", "sites"),
    "desert": ("Advice desert", "yes or no, by the plan's rule"),
    "people_in_need": ("People in need", "people"),
}
"""What can be traced of an answer, beside layers: label and unit."""


class Known(Protocol):
    """The evidence, as far as it is needed here."""

    @property
    def warehouse(self) -> Warehouse: ...
    @property
    def areas(self) -> Table: ...
    @property
    def values(self) -> Table: ...
    @property
    def layers(self) -> Table: ...
    @property
    def sources(self) -> Table: ...
    @property
    def notes(self) -> Table: ...
    @property
    def build_id(self) -> str: ...
    @property
    def built(self) -> str: ...
    def sources_of(self, names: list[str]) -> list[str]: ...
    def inputs_of(self, name: str) -> list[str]: ...


class Answered(Protocol):
    """An answer, as far as it is needed here."""

    @property
    def areas(self) -> Table: ...
    @property
    def framed(self) -> Table: ...
    @property
    def plan(self) -> Any: ...


@dataclass(frozen=True)
class TracedTable:
    """A table that the number rests on: what it reads, and its rows for the area, where it has any."""

    name: str
    kind: str
    """source, table (joined from sources), or absent (an optional source that is not held)."""
    inputs: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    """At most five, those that hold the number first."""
    row_count: int
    """How many rows it has for the area; 0 where it is not by area."""


@dataclass(frozen=True)
class TracedSource:
    """A file that the number rests on."""

    source: str
    title: str
    publisher: str
    release: str
    retrieved: str
    file: str
    sha256: str
    bytes: int
    url: str
    licence: str
    attribution: str
    made_up: bool
    warnings: str


@dataclass(frozen=True)
class Trace:
    """One number and all that it rests on."""

    area_code: str
    area_name: str
    name: str
    label: str
    unit: str
    value: float | None
    """None: not known."""
    how: str
    """How it was worked out, and what a reader must know."""
    cells: tuple[str, ...]
    """Table, column and value of cells that hold the same figure (or a hundredth of it: a share of a per cent)."""
    tables: tuple[TracedTable, ...]
    sources: tuple[TracedSource, ...]
    notes: tuple[str, ...]
    """What the tables on the way left out."""
    build: str
    built: str


def trace(known: Known, area: str, layer: str) -> Trace:
    """Where the value of a layer in an area comes from. `PlanError` for an unknown area or layer."""
    _demand(known, area)
    if layer not in known.layers.index:
        names = ", ".join([*OF_AN_ANSWER, *sorted(known.layers.index[known.layers["role"] != "range"])])
        raise PlanError(f"No layer '{layer[:60]}'. There are: {names}.")
    row = known.layers.loc[layer]
    value = float(known.values[layer][area])
    how = " ".join(filter(None, (str(row["description"]), str(row["caveat"]))))
    return _trace(known, area, _Thing(layer, str(row["label"]), str(row["unit"]), value, how, known.inputs_of(layer)))


def trace_answer(known: Known, found: Answered, area: str, column: str) -> Trace:
    """The same for a figure that a plan makes: need, access, the nearest site, the verdict."""
    _demand(known, area)
    if column not in OF_AN_ANSWER:
        return trace(known, area, column)
    plan, (label, unit) = found.plan, OF_AN_ANSWER[column]
    framed = found.framed if area in found.framed.index else found.areas
    if area not in framed.index:
        raise PlanError(f"{area} is not among the areas of the plan's place. Give another place or area.")
    value: Any = framed[column][area]
    weights = {name: weight for name, weight in plan.weights.items() if weight > 0}
    need, access = list(weights), ["sites", "services", "areas", plan.demand]
    inputs = need if column.startswith("need") else access if column != "desert" else [*need, *access]
    inputs = [plan.demand] if column == "people_in_need" else inputs
    how = f"By the plan {plan.to_json()}."
    if column.startswith("need") or column == "desert":
        parts = (f"{name} {known.values.loc[area, name]:g} (weight {weight:g})" for name, weight in weights.items())
        how += f" Layers: {'; '.join(parts)}."
    number = math.nan if pd.isna(value) else float(value)
    return _trace(known, area, _Thing(column, label, unit, number, how, inputs))


@dataclass(frozen=True)
class _Thing:
    name: str
    label: str
    unit: str
    value: float
    how: str
    inputs: Sequence[str]


def _demand(known: Known, area: str) -> None:
    if area not in known.areas.index:
        raise PlanError(f"No area '{area[:40]}'. Give the code of an LSOA of 2021, such as {known.areas.index[0]}.")


def _trace(known: Known, area: str, thing: _Thing) -> Trace:
    names = _chain(known, thing.inputs)
    codes = _codes(known.warehouse, area)
    found = {name: _rows(known, name, codes) for name in names}
    tables = tuple(_traced_table(known, name, rows, thing.value) for name, rows in found.items())
    sources = known.sources.loc[known.sources_of([*thing.inputs])]
    notes = known.notes[known.notes["table_name"].isin(names)]
    said = (f"{name}: {note}: {amount:,.0f}" for name, note, amount in notes.itertuples(index=False, name=None))
    return Trace(
        area_code=area,
        area_name=str(known.areas.loc[area, "area_name"]),
        name=thing.name,
        label=thing.label,
        unit=thing.unit,
        value=None if math.isnan(thing.value) else thing.value,
        how=thing.how,
        cells=tuple(cell for name, rows in found.items() for cell in _same(name, rows, thing.value))[:_MOST_CELLS],
        tables=tables,
        sources=tuple(_traced_source(str(name), row) for name, row in sources.iterrows()),
        notes=tuple(said),
        build=known.build_id,
        built=known.built,
    )


def _chain(known: Known, inputs: Sequence[str]) -> list[str]:
    """Every table and source on the way, each once, nearest first; layers in between are passed through."""
    found: dict[str, None] = {}
    waiting = list(inputs)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += known.inputs_of(name)
    return [name for name in found if name not in known.layers.index or name in known.sources.index]


def _codes(warehouse: Warehouse, area: str) -> list[str]:
    """The area's code, and those that it had in 2011."""
    try:
        older = warehouse.query("SELECT lsoa11_code FROM lsoa11_lsoa21_lookup WHERE lsoa21_code = ?", [area])
    except WarehouseError:  # a warehouse without the lookup
        return [area]
    return list(dict.fromkeys([area, *map(str, older["lsoa11_code"])]))


def _rows(known: Known, name: str, codes: list[str]) -> Table:
    """The rows of a table for an area; none where it is not by area, or is no table of the warehouse."""
    try:
        columns = known.warehouse.columns(name)
    except WarehouseError:  # the user's own data are laid over, not in the warehouse
        return pd.DataFrame()
    by = next((column for column in _AREA_COLUMNS if column in columns), None)
    if by is None:
        return pd.DataFrame()
    shown = ", ".join(_quoted(column) for column in columns if column != "geometry")
    sql = f"SELECT {shown} FROM {_quoted(name)} WHERE {_quoted(by)} IN (SELECT unnest(?))"  # noqa: S608 - quoted names
    return known.warehouse.query(sql, [codes])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _holds(rows: Table, value: float) -> Table:
    """Which cells hold the value, or a hundredth of it."""
    numbers = rows.select_dtypes("number")
    cells = numbers.to_numpy(dtype="float64", na_value=np.nan)
    same = np.isclose(cells, value, rtol=1e-9) | np.isclose(cells, value / 100, rtol=1e-9)
    return pd.DataFrame(same, index=numbers.index, columns=numbers.columns)


def _same(name: str, rows: Table, value: float) -> list[str]:
    if rows.empty or math.isnan(value) or value == 0:
        return []
    holds = _holds(rows, value)
    cells = [(at, column) for column in holds.columns for at in holds.index[holds[column]]]
    return [f"{name}.{column} = {rows.loc[at, column]:g}" for at, column in cells]


def _traced_table(known: Known, name: str, rows: Table, value: float) -> TracedTable:
    ordered = rows
    if not rows.empty and not math.isnan(value):
        ordered = rows.loc[(~_holds(rows, value).any(axis=1)).sort_values(kind="stable").index]
    plain = ordered.head(_MOST_ROWS).astype(object).where(ordered.head(_MOST_ROWS).notna(), None)
    records = tuple({str(key): _plain(cell) for key, cell in row.items()} for row in plain.to_dict("records"))
    there = bool(known.inputs_of(name)) or name in known.sources.index
    kind = "absent" if not there else "source" if name in known.sources.index else "table"
    return TracedTable(name, kind, tuple(known.inputs_of(name)), records, len(rows))


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell


def _traced_source(name: str, row: pd.Series[Any]) -> TracedSource:
    texts = {
        field: str(row.get(field, ""))
        for field in (
            "title",
            "publisher",
            "release",
            "retrieved",
            "file",
            "sha256",
            "url",
            "licence",
            "attribution",
            "warnings",
        )
    }
    size = row.get("bytes", 0)
    return TracedSource(source=name, bytes=0 if pd.isna(size) else int(size), made_up=bool(row["made_up"]), **texts)


def trace_values(found: Trace) -> dict[str, Any]:
    """A trace as plain values for JSON."""
    return asdict(found)


_KINDS = {"source": "Source", "table": "Table", "absent": "Not held (optional)"}


def trace_lines(found: Trace) -> list[str]:
    """A trace in words, from the number down to the files."""
    value = "not known" if found.value is None else f"{found.value:,.6g}"
    lines = [
        f"{found.area_name} ({found.area_code}): {found.label} = {value} ({found.unit})",
        f"Layer: {found.name}. {found.how}",
        *(f"The same figure stands in {cell}" for cell in found.cells),
    ]
    for table in found.tables:
        reads = f", from {', '.join(table.inputs)}" if table.inputs else ""
        rows = f", {table.row_count:,} rows for this area" if table.row_count else ""
        lines.append(f"{_KINDS[table.kind]}: {table.name}{reads}{rows}")
    lines += [f"    note: {note}" for note in found.notes]
    for one in found.sources:
        made_up = " MADE UP." if one.made_up else ""
        lines += [
            f"File of {one.source}: {one.title} ({one.publisher}).{made_up}",
            f"    release {one.release}, retrieved {one.retrieved}, {one.bytes:,} bytes",
            f"    {one.file or 'file not recorded'}",
            f"    sha256 {one.sha256}",
            f"    {one.url}",
            f"    licence: {one.licence}. Credit: {one.attribution}",
            *([f"    note: {one.warnings}"] if one.warnings else []),
        ]
    return [*lines, f"Build {found.build}, {found.built}."]
