"""Readers of how people live read made-up rows in their publishers' layout: Census 2021 tables and fuel poverty."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from published import lines, read, zipped
from publisher import Answer, Publisher, answer_json

from data_sources.census import (
    FoundCells,
    census21_cars,
    census21_ethnicity,
    census21_household_deprivation,
    census21_tenure,
)
from data_sources.fuel_poverty import sub_regional_fuel_poverty
from hjp_geo.demo.layouts import as_workbook
from hjp_geo.errors import SchemaError, SourceError
from hjp_geo.source import fetch
from hjp_geo.upstream import Upstream

# --- Census 2021 in bulk ---------------------------------------------------------------------------------------------

_TOPIC = "Number of cars or vans"
CARS = f"date,geography,geography code,{_TOPIC}: Total: All households,{_TOPIC}: No cars or vans in household"


def test_households_without_a_car_are_read_by_header_in_england_only(tmp_path: Path):
    path = zipped(
        tmp_path / "t.zip", "census2021-ts045-lsoa.csv", CARS, "2021,B,E01000002,9,0", "2021,W,W01000001,5,5",
        "2021,A,E01000001,700,210",
    )  # fmt: skip
    assert read(census21_cars, path).to_numpy().tolist() == [["E01000001", 700, 210], ["E01000002", 9, 0]]


def test_headers_may_say_what_is_measured(tmp_path: Path):
    names = ["Total: All households", "Household is not deprived in any dimension"]
    names += [f"Household is deprived in {n}" for n in ("one dimension", "two dimensions", "three dimensions")]
    names += ["Household is deprived in four dimensions"]
    header = ",".join(
        ["date", "geography", "geography code"] + [f"Household deprivation: {n}; measures: Value" for n in names]
    )
    path = zipped(tmp_path / "t.zip", "census2021-ts011-lsoa.csv", header, "2021,A,E01000001,100,50,30,15,4,1")
    assert read(census21_household_deprivation, path).iloc[0, 1:].to_list() == [100, 50, 30, 15, 4, 1]


@pytest.mark.parametrize("cell", ["", "*", "1.5", "-1"])
def test_a_cell_that_is_no_count_is_refused(tmp_path: Path, cell: str):
    path = zipped(
        tmp_path / "t.zip", "census2021-ts045-lsoa.csv", CARS, f"2021,A,E01000001,700,{cell}", "2021,B,E01000002,1,1"
    )
    with pytest.raises(SchemaError, match=r"census21_cars: t\.zip"):
        read(census21_cars, path)


@pytest.mark.parametrize(("one", "table"), [(census21_tenure, "ts054"), (census21_ethnicity, "ts021")])
def test_another_layout_is_named(tmp_path: Path, one, table: str):
    path = zipped(tmp_path / "t.zip", f"census2021-{table}-lsoa.csv", CARS, "2021,A,E01000001,1,1")
    with pytest.raises(
        SchemaError, match=rf"{one.name}: no column '.*: Total: All .*' in t\.zip; found date, geography"
    ):
        read(one, path)


# --- Census 2021 cell by cell ----------------------------------------------------------------------------------------

API = "www.nomisweb.co.uk/api/v01/dataset/NM_2063_1.data.csv"
HEADER = "GEOGRAPHY_CODE,C2021_CARS_5_NAME,OBS_VALUE,RECORD_COUNT"
CELLS = [
    ("E01000001", "Total: All households", 700),
    ("E01000001", "No cars or vans in household", 210),
    ("E01000002", "No cars or vans in household", 0),
    ("E01000002", "Total: All households", 9),
    ("E01000003", "Total: All households", 8),
]


def nomis(cells: list[tuple[str, str, int]], a_call: int, total: int | None = None):
    """What Nomis answers: from RecordOffset on, silently no more than so many, its own count in every row."""

    def answer(query) -> Answer:
        start = int(query["RecordOffset"])
        rows = cells[start : start + a_call]
        count = len(cells) if total is None else total
        return Answer("\n".join([HEADER, *(f'{a},"{b}",{c},{count}' for a, b, c in rows), ""]).encode())

    return answer


def cells() -> FoundCells:
    return FoundCells("2021", f"https://{API}", "cells.csv", "c2021_cars_5")


def test_every_cell_comes_although_each_call_is_cut_off(publisher: Publisher, tmp_path: Path):
    publisher.says(API, nomis(CELLS, a_call=2))
    assert cells().transfer(Upstream(publisher.base), tmp_path / "cells.csv", {}) == {}
    assert publisher.times_asked(API) == 3  # 2 + 2 + 1
    assert len(pd.read_csv(tmp_path / "cells.csv")) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["cells.csv"]
    assert publisher.asked[0].query["geography"] == "2092957699TYPE151"


def test_cells_read_as_the_bulk_file_does(publisher: Publisher, tmp_path: Path):
    publisher.says(API, nomis(CELLS[:4], a_call=25_000))
    cells().transfer(Upstream(publisher.base), tmp_path / "cells.csv", {})
    assert read(census21_cars, tmp_path / "cells.csv").to_numpy().tolist() == [
        ["E01000001", 700, 210],
        ["E01000002", 9, 0],
    ]


def test_an_area_that_lacks_a_cell_is_refused_not_zero(publisher: Publisher, tmp_path: Path):
    publisher.says(API, nomis(CELLS, a_call=25_000))  # E01000003 has no count of households without a car
    cells().transfer(Upstream(publisher.base), tmp_path / "cells.csv", {})
    with pytest.raises(SchemaError, match="a cell that is no count"):
        read(census21_cars, tmp_path / "cells.csv")


def test_a_repeated_page_is_refused(publisher: Publisher, tmp_path: Path):
    publisher.says(API, lambda _query: nomis(CELLS, a_call=3)({"RecordOffset": "0"}))
    with pytest.raises(SourceError, match=r"3 different cells came, Nomis counts 5"):
        cells().transfer(Upstream(publisher.base), tmp_path / "cells.csv", {})
    assert not (tmp_path / "cells.csv").exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"<!DOCTYPE html><html>No such dataset</html>"), "answered with a web page: Nomis does not know"),
        (Answer(b""), "from cell 0 on came nothing, expected GEOGRAPHY_CODE"),
        (Answer(b"GEOGRAPHY_CODE,OBS_VALUE\nE01000001,1\n"), "came GEOGRAPHY_CODE, OBS_VALUE, expected"),
        (Answer(b"no", 400), "answered 400, expected 200"),
    ],
)
def test_what_is_no_page_of_cells_is_said(publisher: Publisher, tmp_path: Path, answer: Answer, said: str):
    publisher.says(API, answer)
    with pytest.raises(SourceError, match=said):
        cells().transfer(Upstream(publisher.base), tmp_path / "cells.csv", {})


def test_the_bulk_file_comes_first_and_the_cells_where_it_is_gone(publisher: Publisher, tmp_path: Path, monkeypatch):
    publisher.says(API, nomis(CELLS[:4], a_call=25_000))
    monkeypatch.setattr(
        "hjp_geo.source._check_table", lambda *_args, **_kwargs: None
    )  # two areas are not all of England
    release = fetch(census21_cars, tmp_path, Upstream(publisher.base, pause_seconds=0))
    assert "census2021-ts045.zip answered 404" in release.warnings[0]
    assert release.rows == 2


# --- fuel poverty ----------------------------------------------------------------------------------------------------

FUEL = (
    "LSOA Code", "LSOA Name", "LA Code", "LA Name", "Region",
    "Number of households", "Number of households in fuel poverty", "Proportion of households fuel poor (%)",
)  # fmt: skip


def workbook(path: Path, *rows: tuple[str, ...], sheet: str = "Table 4", header: tuple[str, ...] = FUEL) -> Path:
    about = [["Table", "of something else"], ["Local authority", "households"]]
    path.write_bytes(as_workbook({"Contents": about, sheet: [["Title"], ["Note"], header, *rows, ["Footnote"]]}))
    return path


def test_fuel_poverty_comes_from_whichever_sheet_lists_areas_with_its_blanks(tmp_path: Path):
    rows = [
        ("E01000002", "B", "E0", "X", "R", " 1,710 ", " 59", "3.5"),
        ("E01000001", "A", "E0", "X", "R", "632", "0", "0"),
    ]
    table = read(sub_regional_fuel_poverty, workbook(tmp_path / "f.xlsx", *rows, sheet="Table 3"))
    assert table.to_numpy().tolist() == [["E01000001", 632, 0, 0], ["E01000002", 1710, 59, 3.5]]


@pytest.mark.parametrize("mark", ["[c]", "-", "", "*"])
def test_a_withheld_figure_is_missing_not_zero(tmp_path: Path, mark: str):
    path = workbook(tmp_path / "f.xlsx", ("E01000001", "A", "E0", "X", "R", "632", mark, mark))
    assert read(sub_regional_fuel_poverty, path).isna().sum().to_list() == [0, 0, 1, 1]


def test_a_figure_that_cannot_be_read_is_never_missing(tmp_path: Path):
    path = workbook(tmp_path / "f.xlsx", ("E01000001", "A", "E0", "X", "R", "632", "about 60", "9"))
    with pytest.raises(SchemaError, match=r"fuel_poor_households in f\.xlsx holds 'about 60', expected a number"):
        read(sub_regional_fuel_poverty, path)


def test_another_year_names_its_districts_otherwise(tmp_path: Path):
    header = tuple(name.replace("LA ", "Local Authority ") for name in FUEL)
    path = workbook(tmp_path / "f.xlsx", ("E01000001", "A", "E0", "X", "R", "632", "1", "0.2"), header=header)
    assert len(read(sub_regional_fuel_poverty, path)) == 1


def test_a_workbook_without_such_a_sheet_lists_its_sheets(tmp_path: Path):
    path = workbook(tmp_path / "f.xlsx", ("E01000001", "A"), header=("LSOA", "Households"))
    with pytest.raises(
        SchemaError, match=r"no sheet of f\.xlsx has columns like .* it has the sheets Contents, Table 4"
    ):
        read(sub_regional_fuel_poverty, path)


def test_what_is_no_workbook_is_said(tmp_path: Path):
    with pytest.raises(SchemaError, match=r"f\.xlsx is not a whole"):
        read(sub_regional_fuel_poverty, lines(tmp_path / "f.xlsx", "words"))


def test_the_newest_page_is_found_by_search_although_its_address_changes(publisher: Publisher):
    search = [
        {"title": "Sub-regional fuel poverty: guidance", "link": "/guidance"},
        {"title": "Sub-regional fuel poverty data 2026 (2024 data)", "link": "/government/statistics/new"},
        {"title": "Sub-regional fuel poverty data 2025 (2023 data)", "link": "/government/statistics/old"},
    ]
    publisher.says("www.gov.uk/api/search.json", answer_json({"results": search}))
    name = "fuel-poverty-sub-regional-2026-2024-data-tables.xlsx"
    url = f"https://assets.publishing.service.gov.uk/media/x/{name}"
    attachments = [{"attachment_type": "file", "filename": name, "url": url}]
    item = {"public_updated_at": "2026-05-14T09:30:00Z", "details": {"attachments": attachments}}
    publisher.says("www.gov.uk/api/content/government/statistics/new", answer_json(item))
    found = sub_regional_fuel_poverty.discover(Upstream(publisher.base))
    assert [(one.release, one.url) for one in found] == [("2026-05-14", url)]
