"""Layers: one value per area with its meaning, and the derived tables they share.

`@layer` declares a value per area; `@derived` a table joined from several sources. A function names what it reads by
its parameters: each is the name of a source or of a derived table.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import SchemaError
from hjp_geo.source import demand_ranges

__all__ = ["Derived", "Layer", "Note", "compute_layer", "compute_table", "derived", "layer", "note"]

Polarity = Literal["high_is_need", "low_is_need", "none"]
Role = Literal["need", "people", "context", "range"]
"""What a layer is for. A "range" layer is the low or high end of another: it is never offered by itself."""


@dataclass(frozen=True)
class Layer:
    """One value per area: what it is, in what unit, and which way need lies."""

    name: str
    label: str
    unit: str
    role: Role
    polarity: Polarity
    inputs: tuple[str, ...]
    function: Callable[..., AreaValues] = field(repr=False)
    doc: str = field(repr=False)
    caveat: str = ""
    group: str = ""


@dataclass(frozen=True)
class Derived:
    """A table joined from sources, that layers and the engine read."""

    name: str
    inputs: tuple[str, ...]
    key: tuple[str, ...]
    columns: Mapping[str, str]
    function: Callable[..., Table] = field(repr=False)
    doc: str = field(repr=False)
    optional: frozenset[str] = frozenset()
    """Inputs that may be absent: the parameters with a default."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Column → the least and the most that it may hold."""


@dataclass(frozen=True)
class Note:
    """Something a reader of a table must know: what was left out, or looks wrong, and how much of it."""

    text: str
    count: float


def layer(
    *,
    label: str,
    unit: str,
    role: Role,
    polarity: Polarity,
    caveat: str = "",
    group: str = "",
    name: str | None = None,
) -> Callable[[Callable[..., AreaValues]], Layer]:
    """Declare one value per area; the function's parameters name the tables it reads."""

    def declare(function: Callable[..., AreaValues]) -> Layer:
        return Layer(
            name=name or function.__name__,
            label=label,
            unit=unit,
            role=role,
            polarity=polarity,
            inputs=tuple(inspect.signature(function).parameters),
            function=function,
            doc=inspect.getdoc(function) or "",
            caveat=caveat,
            group=group,
        )

    return declare


def derived(
    *, key: str | tuple[str, ...], columns: Mapping[str, str], ranges: Mapping[str, tuple[float, float]] | None = None
) -> Callable[[Callable[..., Table]], Derived]:
    """Declare a table joined from others; the function's parameters name the tables it reads.

    A parameter with a default names a table that may be absent; the default then stands in for it. ``ranges`` gives the
    least and the most that a column may hold: a build whose table is outside them stops.
    """

    def declare(function: Callable[..., Table]) -> Derived:
        keys = (key,) if isinstance(key, str) else key
        parameters = inspect.signature(function).parameters
        optional = frozenset(name for name, one in parameters.items() if one.default is not one.empty)
        doc = inspect.getdoc(function) or ""
        return Derived(function.__name__, tuple(parameters), keys, columns, function, doc, optional, ranges or {})

    return declare


def note(table: Table, text: str, count: float) -> None:
    """Attach to a table what was left out of it, or looks wrong in it; the build keeps it with the warehouse."""
    table.attrs.setdefault("notes", []).append(Note(text, float(count)))


def compute_table(one: Derived, tables: Mapping[str, Table]) -> Table:
    """The derived table, held to its declared columns and key; `SchemaError` where it is not what was declared."""
    there = {name: tables[name] for name in one.inputs if name in tables or name not in one.optional}
    return _checked_table(one, one.function(**there))


def compute_layer(one: Layer, tables: Mapping[str, Table], areas: pd.Index[str]) -> AreaValues:
    """The layer's value for each of ``areas``, in their order; missing for an area the layer does not know.

    Raises `SchemaError` for codes that are not areas, a repeated area or an infinite value.
    """
    return _checked_values(one, one.function(**{name: tables[name] for name in one.inputs}), areas)


def _checked_table(one: Derived, table: Table) -> Table:
    if list(table.columns) != list(one.columns):
        raise SchemaError(f"{one.name}: has columns {list(table.columns)}, declared are {list(one.columns)}.")
    if repeated := int(table.duplicated(list(one.key)).sum()):
        raise SchemaError(f"{one.name}: repeats {repeated:,} keys ({', '.join(one.key)}).")
    demand_ranges(one.name, table, one.ranges)
    return table


def _checked_values(one: Layer, values: AreaValues, areas: pd.Index[str]) -> AreaValues:
    if not values.index.is_unique:
        raise SchemaError(f"layer {one.name}: an area has two values.")
    if strangers := values.index.difference(areas).tolist():
        raise SchemaError(f"layer {one.name}: {len(strangers):,} codes are not areas here, such as {strangers[0]}.")
    aligned = values.reindex(areas).astype("float64").rename(one.name)
    if np.isinf(aligned).any():
        raise SchemaError(f"layer {one.name}: a value is infinite; a missing one must be NaN.")
    return aligned
