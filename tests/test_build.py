"""A build makes every table from what is held, or nothing: then the last warehouse goes on answering.

The sources of these tests are made up: ``homes`` (area, people) and, optional, ``extras``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from publisher import Answer, Publisher

from hjp_geo import build as build_module
from hjp_geo.areas import AreaValues, Table
from hjp_geo.build import BuildReport, build, previous_folder
from hjp_geo.discovery import fixed_file
from hjp_geo.errors import SchemaError, WarehouseError
from hjp_geo.layer import Derived, Layer, derived, layer, note
from hjp_geo.quality import Check, Finding, check
from hjp_geo.source import Source, fetch, releases, source
from hjp_geo.store import Warehouse
from hjp_geo.upstream import Upstream

HOMES = b"area_code,people\nE01000001,10\nE01000002,0\nE01000003,\n"


def declare(name: str, *, optional: bool = False) -> Source:
    def read(path: Path) -> Table:
        """Who lives where."""
        return pd.read_csv(path)

    declared = source(
        title="Homes",
        publisher="Nobody",
        licence="none",
        attribution="Made up.",
        key="area_code",
        columns={"area_code": "a code", "people": "a number"},
        discover=fixed_file(f"https://files.example/{name}.csv", release="1", filename=f"{name}.csv"),
        optional=optional,
    )
    return replace(declared(read), name=name)


@derived(key="area_code", columns={"area_code": "a code"})
def areas(homes: Table, extras: Table | None = None) -> Table:
    """The areas of the homes."""
    table = homes[["area_code"]].copy()
    note(table, "areas with extras", 0 if extras is None else len(extras))
    return table


@derived(key="area_code", columns={"area_code": "a code", "double": "twice the people"})
def doubles(areas: Table, homes: Table) -> Table:
    """Twice the people."""
    return areas.merge(homes).assign(double=lambda rows: rows["people"] * 2)[["area_code", "double"]]


def made_layer(function: Callable[..., AreaValues], name: str = "people_twice") -> Layer:
    return layer(label="Twice", unit="people", role="people", polarity="none", group="Made up", name=name)(function)


@made_layer
def people_twice(doubles: Table) -> AreaValues:
    """Twice the people."""
    return doubles.set_index("area_code")["double"]


@dataclass
class Project:
    """What the folders declare, and the cache that is built from it."""

    cache: Path
    declared: dict[type, dict[str, Any]]

    def build(self) -> BuildReport:
        return build(self.cache)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.open(self.cache)

    def table(self, name: str) -> list[dict[str, Any]]:
        return self.warehouse.table(name).to_dict("records")


@pytest.fixture
def project(publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Homes fetched, extras not; two derived tables, one layer."""
    sources = {"extras": declare("extras", optional=True), "homes": declare("homes")}
    declared: dict[type, dict[str, Any]] = {
        Source: sources,
        Derived: {"doubles": doubles, "areas": areas},  # the first reads the second
        Layer: {"people_twice": people_twice},
        Check: {},
    }
    monkeypatch.setattr(build_module, "discover", lambda _folder, kind: declared[kind])
    publisher.says("files.example/homes.csv", Answer(HOMES))
    fetch(sources["homes"], tmp_path, Upstream(publisher.base, pause_seconds=0))
    return Project(tmp_path, declared)


def test_every_table_and_layer_is_there_with_its_records(project: Project):
    report = project.build()
    assert report.rows == {"homes": 3, "areas": 3, "doubles": 3, "layer_values": 3}
    assert report.path == project.cache / "hjp.duckdb"
    values = project.warehouse.table("layer_values").set_index("area_code")["people_twice"]
    np.testing.assert_array_equal(values, [20, 0, np.nan])  # 0 is 0, and missing is missing
    (described,) = project.table("_layers")
    assert (described["label"], described["inputs"], described["areas_missing"]) == ("Twice", '["doubles"]', 1)
    (credited,) = project.table("_sources")
    held = releases(project.cache)["homes"]
    assert (credited["source"], credited["attribution"], credited["sha256"]) == ("homes", "Made up.", held.sha256)
    assert {row["table_name"] for row in project.table("_tables")} == {"areas", "doubles"}


def test_what_a_table_says_of_itself_is_kept(project: Project):
    assert [(name, one.text, one.count) for name, one in project.build().notes] == [("areas", "areas with extras", 0)]
    assert project.table("_notes") == [{"table_name": "areas", "note": "areas with extras", "amount": 0}]


def test_every_step_is_told(project: Project):
    said: list[str] = []
    build(project.cache, said.append)
    assert said == ["homes", "areas", "doubles", "layers", "data quality"]


def test_a_source_not_fetched_is_named_with_the_command_that_fetches_it(project: Project, tmp_path: Path):
    empty = Project(tmp_path / "empty", project.declared)
    with pytest.raises(
        WarehouseError, match=r"Not fetched into .*empty: homes\. Run `hjp-geo fetch homes` first"
    ) as failed:
        empty.build()
    assert failed.value.exit_code == 1  # the user's to do
    assert not (tmp_path / "empty" / "hjp.duckdb").exists()


def test_an_optional_source_is_used_when_it_is_there(project: Project, publisher: Publisher):
    publisher.says("files.example/extras.csv", Answer(HOMES))
    fetch(project.declared[Source]["extras"], project.cache, Upstream(publisher.base, pause_seconds=0))
    assert project.build().rows["extras"] == 3
    assert project.table("_notes")[0]["amount"] == 3


def test_what_was_held_for_a_source_that_is_no_more_is_left_alone(project: Project, publisher: Publisher):
    publisher.says("files.example/old.csv", Answer(HOMES))
    fetch(declare("old"), project.cache, Upstream(publisher.base, pause_seconds=0))
    assert "old" not in project.build().rows


def change_held_file(project: Project) -> None:
    (project.cache / "raw" / releases(project.cache)["homes"].file).write_bytes(HOMES + b"E01000004,1\n")


def remove_held_file(project: Project) -> None:
    (project.cache / "raw" / releases(project.cache)["homes"].file).unlink()


def add_layer(function: Callable[..., AreaValues]) -> Callable[[Project], None]:
    def add(project: Project) -> None:
        project.declared[Layer]["other"] = made_layer(function, "other")

    return add


def infinite(homes: Table) -> AreaValues:
    return homes.set_index("area_code")["people"] / 0.0


def of_strangers(homes: Table) -> AreaValues:
    return pd.Series([1.0], index=["E01999999"])


def twice_an_area(homes: Table) -> AreaValues:
    return pd.Series([1.0, 2.0], index=["E01000001", "E01000001"])


def misspelt(hoomes: Table) -> AreaValues:
    return hoomes["people"]


@derived(key="area_code", columns={"area_code": "a code"})
def circle(other_circle: Table) -> Table:
    """Reads what reads it."""
    return other_circle


@derived(key="area_code", columns={"area_code": "a code"})
def other_circle(circle: Table) -> Table:
    """Reads what reads it."""
    return circle


@derived(key="area_code", columns={"area_code": "a code"})
def undeclared(homes: Table) -> Table:
    """Gives more than it declares."""
    return homes


@derived(key="area_code", columns={"area_code": "a code", "people": "a number"})
def repeated(homes: Table) -> Table:
    """Gives each area twice."""
    return pd.concat([homes, homes])


def add_tables(*tables: Derived) -> Callable[[Project], None]:
    def add(project: Project) -> None:
        project.declared[Derived].update({one.name: one for one in tables})

    return add


FAILURES: Mapping[str, tuple[Callable[[Project], None], str]] = {
    "changed file": (
        change_held_file,
        r"homes: .*homes\.csv has changed since it was fetched\. Run `hjp-geo fetch homes`",
    ),
    "no file": (remove_held_file, r"homes: .*homes\.csv is gone"),
    "infinite": (add_layer(infinite), "layer other: a value is infinite"),
    "strangers": (add_layer(of_strangers), "layer other: 1 codes are not areas here, such as E01999999"),
    "repeated area": (add_layer(twice_an_area), "layer other: an area has two values"),
    "misspelt": (
        add_layer(misspelt),
        "other reads 'hoomes', which is neither a source .* areas, doubles, extras, homes",
    ),
    "circle": (add_tables(circle, other_circle), "in a circle: circle → other_circle → circle"),
    "undeclared": (add_tables(undeclared), r"undeclared: has columns \['area_code', 'people'\], declared are"),
    "repeated key": (add_tables(repeated), "repeated: repeats 3 keys"),
}


@pytest.mark.parametrize(("break_it", "said"), FAILURES.values(), ids=FAILURES.keys())
def test_a_build_that_fails_says_why_and_leaves_the_last_warehouse(
    project: Project, break_it: Callable[[Project], None], said: str
):
    project.build()
    before = project.warehouse.build_id
    break_it(project)
    with pytest.raises((SchemaError, WarehouseError), match=said):
        project.build()
    assert project.warehouse.build_id == before
    assert list(project.cache.glob(".building-*")) == []


def test_the_report_is_kept_with_the_warehouse(project: Project):
    report = project.build()
    kept = project.table("_quality")
    assert [row["what"] for row in kept] == report.quality["what"].tolist()
    assert (kept[0]["kind"], kept[0]["what"], kept[0]["rows"]) == ("read", "rows of release 1", 3)


def test_a_check_sees_the_tables_and_those_of_the_last_build(project: Project, publisher: Publisher):
    @check
    def grew(homes: Table, last_homes: Table | None = None) -> list[Finding]:
        """How many homes came."""
        return [] if last_homes is None else [Finding("looks_wrong", "homes", "came", len(homes) - len(last_homes))]

    project.declared[Check]["grew"] = grew
    assert "came" not in set(project.build().quality["what"])
    assert "came" not in set(project.build().quality["what"])  # built again from the same file: nothing came
    publisher.says("files.example/homes.csv", Answer(HOMES + b"E01000004,7\n"))
    fetch(project.declared[Source]["homes"], project.cache, Upstream(publisher.base, pause_seconds=0))
    quality = project.build().quality.set_index("what")
    assert quality.loc["came", "rows"] == 1


def test_the_warehouse_before_a_change_of_release_is_kept(project: Project, publisher: Publisher):
    project.build()
    project.build()
    first = project.warehouse.build_id
    previous = previous_folder(project.cache)
    assert not (previous / "hjp.duckdb").exists()  # nothing changed yet
    publisher.says("files.example/homes.csv", Answer(HOMES + b"E01000004,7\n"))
    fetch(project.declared[Source]["homes"], project.cache, Upstream(publisher.base, pause_seconds=0))
    project.build()
    assert Warehouse.open(previous).build_id == first
    project.build()
    assert Warehouse.open(previous).build_id == first  # still the one to compare with


def test_a_range_that_a_table_declares_is_kept_to(project: Project):
    project.build()
    homes = project.declared[Source]["homes"]
    project.declared[Source]["homes"] = replace(homes, ranges={"people": (0, 5)})
    with pytest.raises(SchemaError, match=r"homes: people holds 10 \(1 rows are outside\), declared is 0 to 5"):
        project.build()
    assert project.table("homes")[0]["people"] == 10
