"""The warehouse is always whole: it is built beside the last one, and a file that is none is said in words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo import store
from hjp_geo.errors import WarehouseError
from hjp_geo.store import Warehouse, building, spatial_version, warehouse_path


def built(cache: Path, *amounts: float) -> Path:
    """A warehouse of one table, ``amounts``."""
    with building(cache) as builder:
        builder.write("amounts", pd.DataFrame({"amount": amounts}))
    return cache


def amounts(cache: Path) -> list[float]:
    return Warehouse.open(cache).table("amounts")["amount"].to_list()


def files(cache: Path) -> list[str]:
    """What lies in a cache folder, and the marks of builds; the folder of locks stays."""
    marks = [path.name for path in (cache / "locks").glob("building-*")]
    return sorted([path.name for path in cache.iterdir() if path.name != "locks"] + marks)


def test_what_is_written_is_read(tmp_path: Path):
    assert amounts(built(tmp_path, 1, 2)) == [1, 2]
    assert files(tmp_path) == ["hjp.duckdb"]


def test_a_new_warehouse_takes_the_place_of_the_last(tmp_path: Path):
    first = Warehouse.open(built(tmp_path, 1)).build_id
    built(tmp_path, 2)
    assert amounts(tmp_path) == [2]
    assert Warehouse.open(tmp_path).build_id != first  # so that what was cached from the last one is not used


def test_a_failure_while_building_leaves_the_last_one_answering(tmp_path: Path):
    built(tmp_path, 1)

    def fail() -> None:
        with building(tmp_path) as builder:
            builder.write("amounts", pd.DataFrame({"amount": [2]}))
            assert amounts(tmp_path) == [1]  # and so it does meanwhile
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert amounts(tmp_path) == [1]
    assert files(tmp_path) == ["hjp.duckdb"]


def test_a_table_that_cannot_be_written_is_said_and_leaves_the_last_one(tmp_path: Path):
    built(tmp_path, 1)

    def repeat() -> None:
        with building(tmp_path) as builder:
            builder.write("amounts", pd.DataFrame({"amount": [2]}))
            builder.write("amounts", pd.DataFrame({"amount": [3]}))

    with pytest.raises(WarehouseError, match=r"could not be written .*already exists.* The last one is still in use"):
        repeat()
    assert amounts(tmp_path) == [1]
    assert files(tmp_path) == ["hjp.duckdb"]


def test_a_build_that_was_killed_is_swept_away_by_the_next(tmp_path: Path):
    # a younger file may belong to a build that is running, here or in another container
    for name, hours in {".building-1-a.duckdb": 30, ".building-1-a.duckdb.wal": 30, ".building-1-b.duckdb": 1}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - hours * 3600,) * 2)
    built(tmp_path, 1)
    assert files(tmp_path) == [".building-1-b.duckdb", "hjp.duckdb"]


BUILDING = """
import sys
from pathlib import Path
from hjp_geo.store import building
with building(Path(sys.argv[1])):
    print("building", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def build_elsewhere(cache: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is in the middle of a build; it is over, at the latest, with the block."""
    command = [sys.executable, "-c", BUILDING, str(cache)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "building\n"
        yield process
        process.kill()


@pytest.mark.parametrize("then", [built, amounts], ids=["the next build", "the next reader"])
def test_a_build_that_was_killed_a_moment_ago_is_swept_away(tmp_path: Path, then: Callable[[Path], object]):
    built(tmp_path, 1)
    with build_elsewhere(tmp_path) as process:
        then(tmp_path)
        # while its process lives, its file, the log of it and its mark stay
        left = [name for name in files(tmp_path) if str(process.pid) in name]
        assert [Path(name).suffix for name in left if not name.endswith(".wal")] == [".duckdb", ".lock"]
        process.kill()
        process.wait()
        then(tmp_path)
        assert files(tmp_path) == ["hjp.duckdb"]


def test_a_build_of_another_machine_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # its locks may not be seen here: only its age tells
    built(tmp_path, 1)
    with build_elsewhere(tmp_path) as process:
        process.kill()
        process.wait()
        with monkeypatch.context() as here:
            here.setattr("platform.node", lambda: "another")
            built(tmp_path, 2)
            assert len(files(tmp_path)) > 1
        assert amounts(tmp_path) == [2]
        assert files(tmp_path) == ["hjp.duckdb"]


def test_an_open_warehouse_goes_on_answering_while_another_is_built(tmp_path: Path):
    warehouse = Warehouse.open(built(tmp_path, 1))
    built(tmp_path, 2)
    assert warehouse.table("amounts")["amount"].to_list() == [2]


def test_without_a_warehouse_the_next_step_is_said(tmp_path: Path):
    with pytest.raises(WarehouseError, match=r"No warehouse at .*Run `hjp-geo fetch` and then `hjp-geo build`"):
        Warehouse.open(tmp_path)


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"\0" * 5000])
def test_a_file_that_is_no_warehouse_is_said_in_one_line(tmp_path: Path, content: bytes):
    warehouse_path(tmp_path).write_bytes(content)
    with pytest.raises(
        WarehouseError, match=r"is not a warehouse that can be read .*Run `hjp-geo build` again"
    ) as failed:
        Warehouse.open(tmp_path)
    assert "\n" not in str(failed.value)


def test_a_warehouse_that_was_cut_off_is_said(tmp_path: Path):
    path = warehouse_path(built(tmp_path, *range(5000)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WarehouseError, match="Run `hjp-geo build` again"):
        amounts(tmp_path)


def test_a_warehouse_of_another_layout_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "LAYOUT", "0")
    built(tmp_path, 1)
    monkeypatch.undo()
    with pytest.raises(WarehouseError, match=r"has layout 0, expected \d+\. Run `hjp-geo build` again"):
        Warehouse.open(tmp_path)


def test_a_warehouse_that_went_away_is_said(tmp_path: Path):
    warehouse = Warehouse.open(built(tmp_path, 1))
    warehouse_path(tmp_path).unlink()
    with pytest.raises(WarehouseError, match="cannot answer"):
        warehouse.table("amounts")


def test_an_unknown_table_is_said(tmp_path: Path):
    with pytest.raises(WarehouseError, match=r"has no table 'shoes'\. Run `hjp-geo build` again"):
        Warehouse.open(built(tmp_path, 1)).table("shoes")


def test_an_error_carries_its_sql(tmp_path: Path):
    with pytest.raises(WarehouseError, match=r"cannot answer .*: SELECT colour FROM amounts"):
        Warehouse.open(built(tmp_path, 1)).query("SELECT colour FROM amounts")


def test_readers_cannot_write(tmp_path: Path):
    with pytest.raises(WarehouseError, match="read-only"):
        Warehouse.open(built(tmp_path, 1)).query("DROP TABLE amounts")
    assert amounts(tmp_path) == [1]


NAMES = ["a'; DROP TABLE names; --", "b", 'a"b', "NULL", "' OR 1=1 --", "%"]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    cache = tmp_path_factory.mktemp("names")
    with building(cache) as builder:
        builder.write("names", pd.DataFrame({"name": NAMES}))
    return Warehouse.open(cache)


@given(value=st.sampled_from(NAMES) | st.text("ab'\";-% \\"))
@settings(max_examples=30)
def test_values_are_bound_never_read_as_sql(names: Warehouse, value: str):
    found = names.query("SELECT name FROM names WHERE name = ?", [value])["name"].to_list()
    assert found == [name for name in NAMES if name == value]


def test_a_table_and_its_columns_may_have_any_name(tmp_path: Path):
    with building(tmp_path) as builder:
        builder.write('odd "name"; --', pd.DataFrame({'a "b"': [1], "select": [2]}))
    table = Warehouse.open(tmp_path).table('odd "name"; --')
    assert table.to_dict("list") == {'a "b"': [1], "select": [2]}


def test_missing_stays_missing_and_zero_zero(tmp_path: Path):
    table = pd.DataFrame(
        {"count": [0.0, np.nan], "name": ["", None], "yes": [False, True], "kind": pd.Categorical(["a", None])}
    )
    with building(tmp_path) as builder:
        builder.write("kinds", table)
    read = Warehouse.open(tmp_path).table("kinds")
    assert read["count"].isna().to_list() == [False, True]
    assert read["count"][0] == 0
    assert read["name"].isna().to_list() == [False, True]
    assert read["name"][0] == ""
    assert read["yes"].to_list() == [False, True]
    assert read["kind"].isna().to_list() == [False, True]


def test_shapes_keep_their_place_and_their_grid(tmp_path: Path):
    shapes = gpd.GeoDataFrame(
        {"area_code": ["E01000001", "E01000002"], "amount": [1.5, np.nan]},
        geometry=[shapely.box(400_000.25, 300_000, 401_000, 301_000), shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])],
        crs="EPSG:27700",
    )
    with building(tmp_path) as builder:
        builder.write("shapes", shapes)
    read = Warehouse.open(tmp_path).table("shapes")
    assert isinstance(read, gpd.GeoDataFrame)
    assert read.crs == "EPSG:27700"
    assert shapely.equals_identical(read.geometry.to_numpy(), shapes.geometry.to_numpy()).all()
    assert read["area_code"].to_list() == shapes["area_code"].to_list()


def test_shapes_are_measured_in_sql_as_in_python(tmp_path: Path):
    # a square kilometre has 1,000,000 m²
    square = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(0, 0, 1000, 1000)], crs="EPSG:27700")
    with building(tmp_path) as builder:
        builder.write("squares", square)
        found = builder.query("SELECT ST_Area(geometry) AS area FROM squares WHERE n = ?", [1])
    assert found["area"].to_list() == [1_000_000]


def test_the_spatial_extension_is_that_of_duckdb():
    assert spatial_version().startswith("DuckDB 1.")
    assert "unknown" not in spatial_version()


def test_a_missing_spatial_extension_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(store.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(WarehouseError, match="duckdb-extension-spatial is not installed"), building(tmp_path):
        pass
    assert files(tmp_path) == []
