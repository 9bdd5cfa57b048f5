"""Ten figures of the document, followed back to the publishers' files: document → data pack → source, by its hash.

The figures are worked out anew here from the files themselves, without the engine.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import docx
import numpy as np
import openpyxl
import pandas as pd
import pytest

from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.record import releases
from hjp_geo.report import Request, compose, write_report

KM = 10.0


@pytest.fixture(scope="module")
def evidence(made_up_cache: Path) -> Evidence:
    return Evidence.load(made_up_cache)


@pytest.fixture(scope="module")
def place(evidence: Evidence) -> str:
    """The made-up deprived town by the sea."""
    return evidence.place("Brackhaven").code


@pytest.fixture(scope="module")
def pack(evidence: Evidence, place: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traced") / "pack"
    plan = Plan(place=place, weights={"income_deprivation": 1.0}, cutoff_km=KM)
    return write_report(*compose(Request(plan, date="2026-11-24"), evidence), evidence, folder)


@pytest.fixture(scope="module")
def indices(made_up_cache: Path) -> pd.DataFrame:
    """The file of the Indices of Deprivation as it was published, by LSOA."""
    held = releases(made_up_cache)["iod25"]
    table = pd.read_csv(made_up_cache / "raw" / held.file)
    return table.set_index(next(name for name in table.columns if name.startswith("LSOA code")))


def column(table: pd.DataFrame, start: str) -> pd.Series:  # type: ignore[type-arg]
    return table[next(name for name in table.columns if name.lower().startswith(start.lower()))]


def figures(pack: Path) -> dict[str, pd.Series]:  # type: ignore[type-arg]
    """The numbers that the text prints, by table, row and column."""
    numbers = pd.read_csv(pack / "numbers.csv", dtype="str", keep_default_na=False)
    return {f"{row.table}/{row.row}/{row.column}": numbers.loc[row.Index] for row in numbers.itertuples()}


def cell(pack: Path, one: pd.Series) -> object:  # type: ignore[type-arg]
    """The cell of the workbook that a figure says it is."""
    book = openpyxl.load_workbook(pack / "tables.xlsx", read_only=True)
    sheet = book[next(name for name in book.sheetnames if name.split("_")[0] == one["table"])]
    rows = list(sheet.iter_rows(values_only=True))
    at = rows[1].index(one["column"])
    return next(row[at] for row in rows[2:] if row[0] == one["row"])


def test_ten_figures_of_the_document_are_those_of_the_publishers_files(
    pack: Path, place: str, evidence: Evidence, indices: pd.DataFrame
):
    here = evidence.areas_of(place)
    people = column(indices, "Total population: mid 2022")
    rate = column(indices, "Income Score (rate)")
    in_need = (people * rate).loc[here]
    points = evidence.areas[["easting", "northing"]].to_numpy(dtype=float)
    offices = evidence.services[
        (evidence.services["topic"] == "debt")
        & (evidence.services["assistance"] == "general_advice")
        & (evidence.services["evidence"] == "listed")
        & (evidence.services["channel"] == "in_person")
    ]["site_id"]
    sites = evidence.sites[evidence.sites.index.isin(offices) & evidence.sites["grade"].ne("X")].dropna(
        subset="easting"
    )
    ways = np.hypot(*(points[:, None, :] - sites[["easting", "northing"]].to_numpy(dtype=float)).transpose(2, 0, 1))
    of_place = evidence.areas.index.isin(here)
    areas = pd.read_csv(pack / "tables" / "T2_areas.csv", comment="#", encoding="utf-8-sig").set_index("row")
    deserts = areas["desert"].astype(str).str.lower().isin(["true", "1"])
    robust = areas["certainty"].eq("robust")
    everywhere = 100 * float((people * rate).sum() / people.sum())
    worked_out = {
        "T1/residents/value": people.loc[here].sum(),
        "T1/areas/value": len(here),
        "T1/people_in_need/value": in_need.sum(),
        "T1/sites_in_reach/value": (ways[of_place] <= KM * 1000).any(axis=0).sum(),
        "T1/desert_people/value": people.loc[here][deserts.loc[here]].sum(),
        "T1/desert_areas/value": deserts.sum(),
        "T4/income_deprivation/here": 100 * in_need.sum() / people.loc[here].sum(),
        "T4/income_deprivation/everywhere": everywhere,
        "certainty/robust/people": people.loc[here][robust.loc[here]].sum(),
        "groups/residents/share": 100 * people.loc[here][deserts.loc[here]].sum() / people.loc[here].sum(),
    }
    printed = figures(pack)
    text = " ".join(one.text for one in docx.Document(str(pack / "report.docx")).paragraphs)
    assert len(worked_out) == 10
    for key, expected in worked_out.items():
        where = key if key.startswith("T") else _by_name(pack, key)
        one = printed[where]
        assert one["printed"] in text, key
        assert cell(pack, one) == pytest.approx(expected, rel=1e-6), key
        assert float(one["value"]) == pytest.approx(expected, rel=1e-6), key
        assert "iod25" in one["sources"] or "debt_advice" in one["sources"], key


def _by_name(pack: Path, key: str) -> str:
    name, rest = key.split("/", 1)
    return f"{next(one.name.split('_')[0] for one in (pack / 'tables').glob(f'T*_{name}.csv'))}/{rest}"


def test_each_source_of_a_figure_is_a_file_whose_hash_the_run_file_holds(pack: Path, made_up_cache: Path):
    run = json.loads((pack / "plan.json").read_text("utf-8"))
    held = releases(made_up_cache)
    named = {name for one in figures(pack).values() for name in one["sources"].split("; ") if name}
    assert len(named) >= 5
    for name in named:
        file = made_up_cache / "raw" / held[name].file
        assert hashlib.sha256(file.read_bytes()).hexdigest() == held[name].sha256 == run["releases"][name]["sha256"]
