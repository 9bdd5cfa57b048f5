"""The data pack: typed, safe to open, styled, the same bytes twice."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from tiny_warehouse import CODES, HOSTILE

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.report import ANSWER_FORMATS, Request, compose, export_answer, write_report
from hjp_geo.siting import Candidate

DATE = "2026-11-24"
OPTION = Candidate.circle(408_500, 300_500, 1.2, HOSTILE)


@pytest.fixture(scope="module")
def pack(tiny: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack of the western half, with an option whose name is hostile."""
    folder = tmp_path_factory.mktemp("pack") / "pack"
    request = Request(Plan(place="West Row", cutoff_km=3, frame="place"), (OPTION,), date=DATE)
    return write_report(*compose(request, tiny), tiny, folder)


@pytest.fixture(scope="module")
def book(pack: Path) -> Any:
    return openpyxl.load_workbook(pack / "tables.xlsx")


def test_every_file_is_there_and_the_readme_names_it(pack: Path):
    readme = (pack / "README.md").read_text("utf-8")
    top = {one.name for one in pack.iterdir()}
    assert {"report.docx", "report.html", "board.pptx", "tables.xlsx", "tables", "numbers.csv", "layers.gpkg"} < top
    assert {"areas.parquet", "areas.geojson", "options.geojson", "map.html", "plan.json", "README.md"} < top
    assert all(f"`{name}" in readme for name in top - {"README.md"})
    assert "MADE-UP DATA" in readme
    assert "`need_rank`: rank of need" in readme
    assert "<img" not in readme.replace("\\<img", "")


def test_numbers_are_numbers_and_no_cell_is_a_formula(book: Any):
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    sheet = next(one for one in book if one.title.endswith("_areas"))
    head = [cell.value for cell in sheet[2]]
    row = [cell.value for cell in sheet[3]]
    assert row[head.index("area_code")] == CODES[0]
    assert row[head.index("residents")] == 100
    assert isinstance(row[head.index("need")], float)
    assert row[head.index("nearest_site")] == HOSTILE  # text, and stays as it is: its cell is typed


def test_what_is_not_known_is_an_empty_cell_and_the_notes_say_so(tiny: Evidence, tmp_path: Path):
    request = Request(Plan(place="West Row", topic="immigration"), date=DATE)
    path = write_report(*compose(request, tiny), tiny, tmp_path / "gap.xlsx")
    book = openpyxl.load_workbook(path)
    notes = {row[0].value: row[1].value for row in book["Read me"].iter_rows()}
    assert "not known" in notes["Empty cells"]
    sheet = book["T1_headline"]
    values = {row[0].value: row[2].value for row in sheet.iter_rows(min_row=3)}
    assert values["desert_people"] is None
    assert values["residents"] == 500


def test_a_csv_gives_no_spreadsheet_a_formula(pack: Path):
    for path in [*(pack / "tables").iterdir(), pack / "numbers.csv"]:
        lines = (line for line in path.read_text("utf-8-sig").splitlines(keepends=True) if not line.startswith("# "))
        for row in csv.reader(lines):
            assert not any(cell.startswith(("=", "+", "@")) for cell in row), path.name
            for cell in row:
                assert not cell.startswith("-") or float(cell) <= 0, path.name


def test_the_geopackage_opens_with_a_style_for_each_layer(pack: Path):
    path = pack / "layers.gpkg"
    layers = {name for name, _ in pyogrio.list_layers(path)}
    assert {"areas", "advice_sites", "health_sites", "options", "layer_styles"} <= layers
    styles = pyogrio.read_dataframe(path, layer="layer_styles").set_index("f_table_name")
    assert set(styles.index) == {"areas", "advice_sites", "health_sites", "options"}
    assert styles["useAsDefault"].all()
    for text in styles["styleQML"]:
        assert text.startswith("<!DOCTYPE qgis")
        assert "<renderer-v2" in text
    assert "no data" in styles.loc["areas", "styleQML"]
    assert pyogrio.read_dataframe(path, layer="areas").crs.to_epsg() == 27700
    assert list(pyogrio.read_dataframe(path, layer="options")["name"]) == ["'" + HOSTILE]


def test_geoparquet_and_geojson_hold_the_same_areas(pack: Path):
    parquet = gpd.read_parquet(pack / "areas.parquet")
    assert parquet.crs.to_epsg() == 27700
    features = json.loads((pack / "areas.geojson").read_text("utf-8"))["features"]
    assert list(parquet["area_code"]) == [one["properties"]["area_code"] for one in features] == CODES[:5]
    assert parquet["desert"].isna().sum() == 0


def test_the_run_file_holds_the_plan_the_releases_the_version_and_the_seed(pack: Path):
    run = json.loads((pack / "plan.json").read_text("utf-8"))
    assert run["plan"]["cutoff_km"] == 3
    assert run["releases"]["made_up"]["sha256"] == "0" * 64
    assert run["seed"] == 42
    assert run["sketch"]["features"][0]["properties"]["name"] == HOSTILE
    assert run["hjp_geo"]


def test_a_figure_of_the_text_is_found_in_its_csv(pack: Path):
    numbers = pd.read_csv(pack / "numbers.csv", dtype="str", keep_default_na=False)
    one = numbers[(numbers["row"] == "residents") & (numbers["table"] == "T1")].iloc[0]
    table = pd.read_csv(pack / "tables" / one["file"], comment="#", encoding="utf-8-sig").set_index("row")
    assert table.loc["residents", one["column"]] == float(one["value"]) == 500
    assert one["printed"] == "500"


def test_the_zip_holds_the_same_files_without_the_clock(pack: Path, tiny: Evidence, tmp_path: Path):
    request = Request(Plan(place="West Row", cutoff_km=3, frame="place"), (OPTION,), date=DATE)
    path = write_report(*compose(request, tiny), tiny, tmp_path / "pack.zip")
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as held:
        assert {one.date_time for one in held.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        files = {one: held.read(one) for one in held.namelist()}
    assert files == {one.relative_to(pack).as_posix(): one.read_bytes() for one in pack.rglob("*") if one.is_file()}


@pytest.mark.parametrize("suffix", ANSWER_FORMATS)
def test_an_answer_is_written_in_every_format(tiny: Evidence, tmp_path: Path, suffix: str):
    request = Request(Plan(place="West Row", cutoff_km=3), (OPTION,), date=DATE)
    path = export_answer(request, tiny, tmp_path / f"out{suffix}")
    assert path.stat().st_size > 500
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    if suffix == ".json":
        assert json.loads(path.read_text("utf-8"))["assessment"]["total"]["people"] == 300
    if suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        assert book["Areas"]["B3"].value == "Row 0"


def test_an_ending_that_is_no_format_is_said(tiny: Evidence, tmp_path: Path):
    with pytest.raises(PlanError, match=r"expected one of \.csv"):
        export_answer(Request(Plan(), date=DATE), tiny, tmp_path / "out.doc")
