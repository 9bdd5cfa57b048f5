"""The build: sources held in the cache → tables → derived tables → layers, into one new warehouse.

Nothing is seen until all of it is there and has passed its checks; the last warehouse stays in use until then.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from hjp_geo import __version__
from hjp_geo.areas import Table
from hjp_geo.errors import SchemaError, WarehouseError
from hjp_geo.layer import Derived, Layer, Note, compute_layer, compute_table
from hjp_geo.registry import discover
from hjp_geo.source import Release, Source, read_release, releases
from hjp_geo.store import Builder, building, warehouse_path

__all__ = ["BuildReport", "build"]

Step = Callable[[str], None]
"""Called with the name of each thing as work on it begins."""


@dataclass(frozen=True)
class BuildReport:
    """What a build made: rows by table, notes by table, and how long it took."""

    path: Path
    rows: Mapping[str, int]
    notes: tuple[tuple[str, Note], ...]
    seconds: float


@dataclass
class _Work:
    """The tables made so far, and what is still to be written about them."""

    cache: Path
    builder: Builder
    tables: dict[str, Table] = field(default_factory=dict)
    notes: list[tuple[str, Note]] = field(default_factory=list)

    def keep(self, name: str, table: Table) -> None:
        self.tables[name] = table
        self.notes += [(name, one) for one in table.attrs.pop("notes", [])]
        self.builder.write(name, table)


def build(cache: Path, step: Step = lambda _name: None) -> BuildReport:
    """Build the warehouse of a cache folder from the releases held there and put it in place of the last one.

    Raises `WarehouseError` where a source that a layer needs has not been fetched, `SchemaError` where a file or a
    table is not what it declares; the last warehouse then stays in use.
    """
    started = time.perf_counter()
    sources, held = discover("data_sources", Source), releases(cache)
    tables, layers = discover("layers", Derived), discover("layers", Layer)
    readers: list[Derived | Layer] = [*tables.values(), *layers.values()]
    _demand_known(readers, {*sources, *tables})
    read = {name for one in readers for name in one.inputs}
    needed = [name for name, one in sources.items() if name in read and not one.optional]
    _demand(needed, held, cache)
    with building(cache) as builder:
        work = _Work(cache, builder)
        for name in [name for name in sources if name in held]:
            step(name)
            work.keep(name, _read(sources[name], held[name], cache))
        for one in _in_order(tables):
            step(one.name)
            work.keep(one.name, compute_table(one, work.tables))
        step("layers")
        _write_layers(work, layers)
        _write_records(work, sources, held)
        inputs = [{"table_name": one.name, "inputs": json.dumps(one.inputs)} for one in tables.values()]
        builder.write("_tables", pd.DataFrame(inputs))
    rows = {name: len(table) for name, table in work.tables.items()}
    return BuildReport(warehouse_path(cache), rows, tuple(work.notes), time.perf_counter() - started)


def _demand_known(readers: Sequence[Derived | Layer], known: Collection[str]) -> None:
    for one in readers:
        if strangers := [name for name in one.inputs if name not in known]:
            raise SchemaError(
                f"{one.name} reads '{strangers[0]}', which is neither a source nor a derived table. "
                f"Rename its parameter: there are {', '.join(sorted(known))}."
            )


def _demand(needed: list[str], held: Mapping[str, Release], cache: Path) -> None:
    if absent := [name for name in needed if name not in held]:
        raise WarehouseError(
            f"Not fetched into {cache}: {', '.join(absent)}. Run `hjp-geo fetch {' '.join(absent)}` first; "
            "the last warehouse, if any, is still in use."
        )


def _read(source: Source, release: Release, cache: Path) -> Table:
    expected = {source.name: release.rows} if release.made_up else None
    return read_release(source, release, cache, expected)


def _in_order(tables: Mapping[str, Derived]) -> Iterator[Derived]:
    """Derived tables, each after those it reads."""
    done: set[str] = set()

    def visit(one: Derived, path: tuple[str, ...]) -> Iterator[Derived]:
        if one.name in path:
            raise WarehouseError(f"Derived tables read each other in a circle: {' → '.join((*path, one.name))}.")
        for name in one.inputs:
            if name in tables and name not in done:
                yield from visit(tables[name], (*path, one.name))
        if one.name not in done:
            done.add(one.name)
            yield one

    for one in tables.values():
        yield from visit(one, ())


def _write_layers(work: _Work, layers: Mapping[str, Layer]) -> None:
    areas = pd.Index(work.tables["areas"]["area_code"]).sort_values()
    values = {name: compute_layer(one, work.tables, areas) for name, one in layers.items()}
    table = pd.DataFrame(values, index=areas).rename_axis("area_code").reset_index()
    work.keep("layer_values", table)
    described = [
        {
            "layer": one.name,
            "label": one.label,
            "unit": one.unit,
            "role": one.role,
            "polarity": one.polarity,
            "caveat": one.caveat,
            "group_label": one.group,
            "inputs": json.dumps(one.inputs),
            "description": one.doc,
            "areas_missing": int(table[one.name].isna().sum()),
        }
        for one in layers.values()
    ]
    work.builder.write("_layers", pd.DataFrame(described))


def _write_records(work: _Work, sources: Mapping[str, Source], held: Mapping[str, Release]) -> None:
    records = [
        {
            "source": name,
            "title": sources[name].title,
            "publisher": sources[name].publisher,
            "licence": sources[name].licence,
            "attribution": sources[name].attribution,
            "release": release.release,
            "url": release.url,
            "sha256": release.sha256,
            "bytes": release.bytes,
            "rows": release.rows,
            "retrieved": release.retrieved,
            "made_up": release.made_up,
            "warnings": " ".join(release.warnings),
        }
        for name, release in held.items()
        if name in sources
    ]
    notes = [{"table_name": name, "note": one.text, "amount": one.count} for name, one in work.notes]
    built = {"hjp_geo_version": __version__, "built": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    work.builder.write("_sources", pd.DataFrame(records))
    work.builder.write("_notes", pd.DataFrame(notes, columns=["table_name", "note", "amount"]))
    work.builder.write("_run", pd.DataFrame([built]))
