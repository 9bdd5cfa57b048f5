"""The warehouse: one DuckDB file, ``hjp.duckdb`` in the cache folder. The only module that opens DuckDB.

A build writes a new file beside the old one and puts it in its place when it is whole, so that readers always find a
complete warehouse, and a crash leaves the last good one. Readers open it for the length of one query.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import geopandas as gpd
import pyarrow as pa

from hjp_geo.areas import BRITISH_NATIONAL_GRID, Table
from hjp_geo.errors import PlanError, WarehouseError
from hjp_geo.locking import alive, left_behind, locked

__all__ = ["LAYOUT", "Builder", "Warehouse", "building", "spatial_version", "warehouse_path"]

LAYOUT = "1"
"""The layout of the warehouse this version reads; another one must be built again."""


_LEFT_SECONDS = 24 * 3600
_OURS: set[str] = set()
"""What this process is building: some file systems give a lock again to the process that has it."""


def warehouse_path(cache: Path) -> Path:
    """Where the warehouse of a cache folder stands, whether or not it has been built."""
    return cache / "hjp.duckdb"


@dataclass(frozen=True)
class Warehouse:
    """A built warehouse, read-only. Every call sees a whole file, even while another build replaces it."""

    path: Path
    build_id: str

    @classmethod
    def open(cls, cache: Path) -> Warehouse:
        """The warehouse of a cache folder; `WarehouseError` where it is missing, damaged or of another layout."""
        path = warehouse_path(cache)
        with suppress(OSError, PlanError):  # a folder that cannot be written to can be read
            _sweep(cache)
        if not path.is_file():
            raise WarehouseError(
                f"No warehouse at {path}. Run `hjp-geo fetch` and then `hjp-geo build`, "
                "or `hjp-geo demo` for the made-up Integrated Care System."
            )
        try:
            with _reading(path) as connection:
                layout, build_id = connection.execute("SELECT layout, build_id FROM _build").fetchone() or ("", "")
        except duckdb.Error as error:
            raise WarehouseError(
                f"{path} is not a warehouse that can be read ({_first_line(error)}). Run `hjp-geo build` again."
            ) from error
        if layout != LAYOUT:
            raise WarehouseError(f"{path} has layout {layout}, expected {LAYOUT}. Run `hjp-geo build` again.")
        return cls(path, build_id)

    def table(self, name: str) -> Table:
        """A whole table; one with a ``geometry`` column comes as a GeoDataFrame in the British National Grid."""
        columns = self.columns(name)
        chosen = ", ".join("ST_AsWKB(geometry) AS geometry" if c == "geometry" else _quoted(c) for c in columns)
        table = self.query(f"SELECT {chosen} FROM {_quoted(name)}")  # noqa: S608 - names are quoted identifiers
        if "geometry" in columns:
            shapes = gpd.GeoSeries.from_wkb(table["geometry"].map(bytes), crs=BRITISH_NATIONAL_GRID)
            shaped: Table = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes)
            return shaped
        return table

    def columns(self, name: str) -> list[str]:
        """The columns of a table; `WarehouseError` where there is no such table."""
        found = self.query(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [name]
        )
        if found.empty:
            raise WarehouseError(f"{self.path} has no table '{name}'. Run `hjp-geo build` again.")
        return [str(column) for column in found["column_name"]]

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """The rows of one SELECT with its values bound; an error carries the whole SQL."""
        try:
            with _reading(self.path) as connection:
                return _frame(connection.execute(sql, list(values)))
        except duckdb.Error as error:
            raise WarehouseError(f"{self.path} cannot answer ({_first_line(error)}): {sql}") from error


class Builder:
    """A warehouse being built: tables go in, and nothing is seen until it is whole."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def write(self, name: str, table: Table) -> None:
        """Add a table. Geometry is kept as GEOMETRY in the British National Grid."""
        shapes = isinstance(table, gpd.GeoDataFrame)
        incoming = pa.Table.from_pandas(_with_wkb(table) if shapes else table, preserve_index=False)
        geometry = (
            f" REPLACE (ST_SetCRS(ST_GeomFromWKB(geometry), '{BRITISH_NATIONAL_GRID}') AS geometry)" if shapes else ""
        )
        self._connection.register("incoming", incoming)
        self._connection.execute(f"CREATE TABLE {_quoted(name)} AS SELECT *{geometry} FROM incoming")  # noqa: S608
        self._connection.unregister("incoming")

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """The rows of one SELECT over what has been written so far."""
        return _frame(self._connection.execute(sql, list(values)))


@contextmanager
def building(cache: Path) -> Iterator[Builder]:
    """A new warehouse beside the old one, put in its place at the end if nothing went wrong."""
    final = warehouse_path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    with _beside(cache) as beside:
        try:
            with _connect(beside) as connection:
                _load_spatial(connection)
                builder = Builder(connection)
                yield builder
                build = [LAYOUT, uuid.uuid4().hex]
                connection.execute("CREATE TABLE _build AS SELECT ? AS layout, ? AS build_id", build)
                connection.execute("CHECKPOINT")
            beside.replace(final)
        except duckdb.Error as error:
            raise WarehouseError(
                f"The warehouse could not be written beside {final} ({_first_line(error)}). "
                "The last one is still in use."
            ) from error


@contextmanager
def _beside(cache: Path) -> Iterator[Path]:
    """Where a warehouse grows. Its files go with the block or, where its process is killed, with the next `_sweep`."""
    _sweep(cache)
    name = f"building-{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with ExitStack() as until_the_end:
        _OURS.add(name)
        with locked(cache, "building"):  # so that nobody sweeps before the mark is held
            until_the_end.enter_context(alive(cache / "locks" / f"{name}.lock"))
        try:
            yield cache / f".{name}.duckdb"
        finally:
            _remove(cache.glob(f".{name}*"))
            _OURS.discard(name)


def _sweep(cache: Path) -> None:
    """Remove what builds of this machine left that were killed, and what others left over a day ago."""
    ours = (cache / "locks").glob(f"building-{_machine()}-*.lock")
    marks = [mark for mark in ours if mark.stem not in _OURS]
    if marks:
        with locked(cache, "building"):
            for mark in filter(left_behind, marks):
                _remove([*cache.glob(f".{mark.stem}*"), mark])
    now = time.time()
    _remove(left for left in cache.glob(".building-*") if now - _changed(left, now) > _LEFT_SECONDS)


def _machine() -> str:
    """Which machine, or container, this is: the locks of another one may not be seen here."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _changed(path: Path, otherwise: float) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it has just gone
        return otherwise


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(PermissionError):  # Windows: it is open in another program; the next sweep takes it
                path.unlink(missing_ok=True)


def spatial_version() -> str:
    """The version of DuckDB and of its spatial extension, loaded; `WarehouseError` says what is missing."""
    with duckdb.connect(":memory:") as connection:
        _load_spatial(connection)
        row = connection.execute(
            "SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'spatial' AND loaded"
        ).fetchone()
    return f"DuckDB {duckdb.__version__}, spatial {row[0] if row else 'unknown'}"


@contextmanager
def _reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with _connect(path, read_only=True) as connection:
        yield connection


def _connect(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    settings: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    return duckdb.connect(str(path), read_only=read_only, config=settings)


def _load_spatial(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the spatial extension from its installed wheel: no extension server, nothing written to the home folder."""
    package = importlib.util.find_spec("duckdb_extension_spatial")
    if package is None or not package.submodule_search_locations:
        raise WarehouseError(
            "The package duckdb-extension-spatial is not installed. Run `make run`, or pip install it."
        )
    root = Path(package.submodule_search_locations[0])
    extension = root / "extensions" / f"v{duckdb.__version__}" / "spatial.duckdb_extension"
    if not extension.is_file():
        raise WarehouseError(
            f"duckdb {duckdb.__version__} has no spatial extension of its own version at {extension.parent}. "
            "Install duckdb and duckdb-extension-spatial at the same version (requirements.lock does)."
        )
    connection.execute(f"LOAD '{extension.as_posix()}'")


def _frame(result: duckdb.DuckDBPyConnection) -> Table:
    frame: Table = result.to_arrow_table().to_pandas()
    return frame


def _with_wkb(shapes: gpd.GeoDataFrame) -> Table:
    return Table(shapes.drop(columns="geometry")).assign(geometry=shapes.geometry.to_wkb())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no detail"])[0]
