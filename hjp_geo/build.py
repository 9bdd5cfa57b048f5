"""The build: sources held in the cache → tables → derived tables → layers, into one new warehouse.

Nothing is seen until all of it is there and has passed its checks; the last warehouse stays in use until then.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from hjp_geo import __version__
from hjp_geo.areas import Table
from hjp_geo.errors import SchemaError, WarehouseError
from hjp_geo.layer import Derived, Layer, Note, compute_layer, compute_table
from hjp_geo.quality import Check, Finding, age_finding, check_ranges, findings_table, run_check
from hjp_geo.registry import discover
from hjp_geo.source import Release, Source, read_release, releases
from hjp_geo.store import Builder, Warehouse, building, warehouse_path

__all__ = ["BuildReport", "build", "previous_folder"]

Step = Callable[[str], None]
"""Called with the name of each thing as work on it begins."""


@dataclass(frozen=True)
class BuildReport:
    """What a build made: rows by table, notes by table, and how long it took."""

    path: Path
    rows: Mapping[str, int]
    notes: tuple[tuple[str, Note], ...]
    seconds: float
    quality: Table
    """The data-quality report, as `hjp_geo.quality.findings_table` gives it; the warehouse keeps it as ``_quality``."""


@dataclass
class _Work:
    """The tables made so far, and what is still to be written about them.

    A table is in memory only until the last that reads it is done: the warehouse has it. What its checks found is kept.
    """

    builder: Builder
    last: Callable[[str], Table | None]
    readers: dict[str, Derived | Layer | Check]
    """What is still to be computed, by name."""
    tables: dict[str, Table] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, Note]] = field(default_factory=list)
    ranges: dict[str, list[Finding]] = field(default_factory=dict)
    checked: dict[str, list[Finding]] = field(default_factory=dict)
    lacking: dict[str, tuple[Derived | Layer, list[str]]] = field(default_factory=dict)

    def keep(self, name: str, table: Table, units: Mapping[str, str] | None = None) -> None:
        """Write a table, hold it to its ranges and to the checks that waited for it."""
        self.notes += [(name, one) for one in table.attrs.pop("notes", [])]
        self.builder.write(name, table)
        self.rows[name] = len(table)
        self.ranges[name] = list(check_ranges(name, table, units))
        self.tables[name] = table
        self.check(lambda one: name in one.inputs and self.tables.keys() >= set(one.inputs))

    def check(self, chosen: Callable[[Check], bool]) -> None:
        """Run the chosen ones of the checks that were not run yet."""
        for one in [one for one in self.readers.values() if isinstance(one, Check) and chosen(one)]:
            self.checked[one.name] = run_check(one, self.tables, self.last)
            self.done(one)

    def has(self, one: Derived | Layer) -> bool:
        """Whether all that it cannot do without is there; where not, an optional source is lacking: remembered."""
        optional = one.optional if isinstance(one, Derived) else frozenset[str]()
        lacking = [name for name in one.inputs if name not in self.rows and name not in optional]
        if lacking:
            self.lacking[one.name] = (one, lacking)
            self.done(one)
        return not lacking

    def done(self, one: Derived | Layer | Check) -> None:
        """Nothing is to be read for it any more: let go what nobody else will read."""
        del self.readers[one.name]
        wanted = {"areas", *(name for other in self.readers.values() for name in other.inputs)}
        for name in self.tables.keys() - wanted:
            del self.tables[name]


def build(cache: Path, step: Step = lambda _name: None) -> BuildReport:
    """Build the warehouse of a cache folder from the releases held there and put it in place of the last one.

    Raises `WarehouseError` where a source that a layer needs has not been fetched, `SchemaError` where a file or a
    table is not what it declares; the last warehouse then stays in use.
    """
    started = time.perf_counter()
    sources, held = discover("data_sources", Source), releases(cache)
    tables, layers, checks = discover("layers", Derived), discover("layers", Layer), discover("layers", Check)
    readers: list[Derived | Layer] = [*tables.values(), *layers.values()]
    _demand_known(readers, {*sources, *tables})
    read = {name for one in readers for name in one.inputs}
    needed = [name for name, one in sources.items() if name in read and not one.optional]
    _demand(needed, held, cache)
    with building(cache) as builder:
        work = _Work(builder, _last_build(cache, held), {**tables, **layers, **checks})
        for name in [name for name in sources if name in held]:
            step(name)
            work.keep(name, _read(sources[name], held[name], cache))
        for one in _in_order(tables):
            if work.has(one):
                step(one.name)
                work.keep(one.name, compute_table(one, work.tables))
                work.done(one)
        step("layers")
        layers = {name: one for name, one in layers.items() if work.has(one)}
        _write_layers(work, layers)
        _write_not_loaded(work)
        _write_records(work, sources, held)
        inputs = [{"table_name": one.name, "inputs": json.dumps(one.inputs)} for one in tables.values()]
        builder.write("_tables", pd.DataFrame(inputs))
        step("data quality")
        work.check(lambda _one: True)  # those whose optional tables are not there
        quality = findings_table(_findings(work, sources, held, checks))
        builder.write("_quality", quality)
        _keep_last(cache, held)
    return BuildReport(warehouse_path(cache), work.rows, tuple(work.notes), time.perf_counter() - started, quality)


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
    values = {}
    for name, one in layers.items():
        values[name] = compute_layer(one, work.tables, areas)
        work.done(one)
    table = pd.DataFrame(values, index=areas).rename_axis("area_code").reset_index()
    work.keep("layer_values", table, {name: one.unit for name, one in layers.items()})
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


def _write_not_loaded(work: _Work) -> None:
    """The tables and layers that this warehouse cannot have, and the optional sources that would bring them."""

    def sources_of(name: str) -> list[str]:
        return sorted({s for n in work.lacking[name][1] for s in sources_of(n)}) if name in work.lacking else [name]

    rows = [
        {
            "name": name,
            "kind": "layer" if isinstance(one, Layer) else "table",
            "label": one.label if isinstance(one, Layer) else name,
            "sources": ", ".join(sources_of(name)),
        }
        for name, (one, _) in work.lacking.items()
    ]
    work.notes += [
        ("layer_values", Note(f"layer not loaded: {row['label']} (fetch {row['sources']})", 1))
        for row in rows
        if row["kind"] == "layer"
    ]
    work.builder.write("_not_loaded", pd.DataFrame(rows, columns=["name", "kind", "label", "sources"]))


def _findings(
    work: _Work, sources: Mapping[str, Source], held: Mapping[str, Release], checks: Collection[str]
) -> Iterator[Finding]:
    """What was read, what is old, what is outside its range, and what the declared checks found."""
    today = dt.datetime.now(dt.UTC).date()
    for name, rows in work.rows.items():
        if name in sources:
            known = None if held[name].made_up else sources[name].expected_rows
            of = np.nan if known is None else known
            yield Finding("read", name, f"rows of release {held[name].release}", rows, of)
            if old := age_finding(name, held[name].release, today):
                yield old
        yield from work.ranges[name]
    for name in checks:
        yield from work.checked[name]


def previous_folder(cache: Path) -> Path:
    """Where the warehouse stands that was in use before the last change of a release, if there was one."""
    return cache / "previous"


def _keep_last(cache: Path, held: Mapping[str, Release]) -> None:
    """Keep the warehouse that is about to be replaced, where it was made from other files: to say what changed.

    It is linked, not copied; where the file system has no links there is nothing to compare with.
    """
    try:
        last = Warehouse.open(cache).table("_sources")
    except WarehouseError:
        return
    if dict(zip(last["source"], last["sha256"], strict=True)) == {name: one.sha256 for name, one in held.items()}:
        return
    kept = warehouse_path(previous_folder(cache))
    beside = kept.with_name(f".building-{uuid.uuid4().hex[:8]}")
    with suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        beside.hardlink_to(warehouse_path(cache))
        beside.replace(kept)
    beside.unlink(missing_ok=True)


def _last_build(cache: Path, held: Mapping[str, Release]) -> Callable[[str], Table | None]:
    """The tables of the last warehouse, by name: None where there is none, or it was made from the same file."""
    try:
        warehouse = Warehouse.open(cache)
        hashes = warehouse.table("_sources").set_index("source")["sha256"]
    except WarehouseError:  # there is none, or none of this layout: nothing to compare with
        return lambda _name: None

    def table(name: str) -> Table | None:
        same = name in held and hashes.get(name) == held[name].sha256
        return None if same or name not in hashes.index else warehouse.table(name)

    return table


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
            "file": release.file,
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
