"""Files that people take away: whole, credited, safe to open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from tiny_warehouse import CODES, HOSTILE

from hjp_geo import export as module
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import EXPORTS, INTERNAL, assessment_values, export, fields
from hjp_geo.plan import Answer, Plan, answer
from hjp_geo.siting import Candidate, assess


@pytest.fixture(scope="module")
def found(tiny: Evidence) -> Answer:
    return answer(Plan(place="West Row", cutoff_km=3), tiny)


@pytest.mark.parametrize("suffix", EXPORTS)
def test_every_format_carries_the_credits_and_says_that_data_are_made_up(
    found: Answer, tiny: Evidence, tmp_path: Path, suffix: str
):
    path = export(found, tiny, tmp_path / f"out{suffix}")
    if suffix == ".gpkg":
        text = " ".join(pyogrio.read_dataframe(path, layer="about")["note"])
    else:
        text = path.read_text("utf-8-sig")
    assert "Made up, in the layout of: Made-up rows (Nobody)." in text
    assert "MADE-UP DATA" in text
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]  # nothing partial is left behind


def test_a_csv_reads_back_as_the_areas(found: Answer, tiny: Evidence, tmp_path: Path):
    path = export(found, tiny, tmp_path / "out.csv")
    table = pd.read_csv(path, comment="#", encoding="utf-8-sig").set_index("area_code")
    assert table.index.to_list() == CODES[:5]
    pd.testing.assert_series_equal(table["need"], found.areas["need"], check_dtype=False)


def test_text_that_looks_like_a_formula_gets_an_apostrophe(found: Answer, tiny: Evidence, tmp_path: Path):
    table = pd.read_csv(export(found, tiny, tmp_path / "out.csv"), comment="#", encoding="utf-8-sig")
    assert table["nearest_site"].iloc[0] == "'" + HOSTILE


def test_every_column_of_the_table_is_explained(found: Answer, tiny: Evidence):
    assert set(found.areas.reset_index().columns) == set(fields(found, tiny))


def test_a_geopackage_opens_with_its_layers_in_the_national_grid(found: Answer, tiny: Evidence, tmp_path: Path):
    path = export(found, tiny, tmp_path / "out.gpkg")
    layers = {name for name, _ in pyogrio.list_layers(path)}
    assert layers == {"areas", "advice_sites", "health_sites", "about", "fields", "sources", "plan"}
    areas = pyogrio.read_dataframe(path, layer="areas")
    assert areas.crs.to_epsg() == 27700
    assert areas.geometry.area.to_list() == [1e6] * 5
    assert pyogrio.read_dataframe(path, layer="advice_sites")["site_name"].to_list() == ["'" + HOSTILE]
    assert pyogrio.read_dataframe(path, layer="health_sites")["site_id"].to_list() == ["Z99001"]


def test_no_verdict_is_blank_not_false(tiny: Evidence, tmp_path: Path):
    found = answer(Plan(topic="immigration"), tiny)
    table = pd.read_csv(export(found, tiny, tmp_path / "out.csv"), comment="#", encoding="utf-8-sig")
    assert table["desert"].isna().all()
    assert table["access"].isna().all()
    values = json.loads(export(found, tiny, tmp_path / "out.json").read_text("utf-8"))
    assert {area["desert"] for area in values["areas"]} == {None}


def test_geojson_is_in_degrees_with_the_credits_at_the_top(found: Answer, tiny: Evidence, tmp_path: Path):
    body = json.loads(export(found, tiny, tmp_path / "out.geojson").read_text("utf-8"))
    longitude, latitude = body["features"][0]["geometry"]["coordinates"][0][0]
    assert -3 < longitude < -1
    assert 52 < latitude < 53
    assert body["about"]["attribution"] == ["Made up, in the layout of: Made-up rows (Nobody)."]


def test_an_unknown_ending_and_a_missing_folder_are_said(found: Answer, tiny: Evidence, tmp_path: Path):
    with pytest.raises(PlanError, match=r"ends in '.pdf', expected one of .csv"):
        export(found, tiny, tmp_path / "out.pdf")
    with pytest.raises(PlanError, match="no folder"):
        export(found, tiny, tmp_path / "nowhere" / "out.csv")


def test_a_failure_leaves_the_old_file(found: Answer, tiny: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(module.EXPORTS, ".csv", module.Export(".csv", "fails", fail))
    with pytest.raises(PlanError, match="No space left"):
        export(found, tiny, path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_an_assessment_as_values_keeps_not_known_apart_from_none(tiny: Evidence):
    candidate = Candidate.circle(404_500, 300_500, 1)
    values = assessment_values(assess(Plan(topic="immigration"), [candidate], tiny))
    assert values["total"]["people_no_provider_reached_before"] is None
    assert values["total"]["people"] == 300
    json.dumps(values)


def test_sites_of_an_internal_list_count_but_are_not_named_in_files(tiny: Evidence, tmp_path: Path):
    secret = replace(tiny, services=tiny.services.assign(licence="internal"))
    found = answer(Plan(), secret)
    text = export(found, secret, tmp_path / "gap.geojson").read_text("utf-8")
    assert not [name for name in found.sites["site_name"] if name in text]
    assert INTERNAL in export(found, secret, tmp_path / "gap.csv").read_text("utf-8")
