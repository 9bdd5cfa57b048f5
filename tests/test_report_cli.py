"""The commands report, export and batch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hjp_geo.batch import file_name, places_within
from hjp_geo.cli import main
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence, Place
from hjp_geo.scenario import Scenario, Scenarios
from hjp_geo.siting import Candidate


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(one) for one in arguments])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_a_report_is_written_and_its_first_page_said(
    tiny_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "gap.html"
    where = ("report", "--place", "Row ICB", "--cutoff-km", 3, "--frame", "place", "--out", out)
    code, said, _ = run(capsys, "--cache", tiny_cache, *where)
    assert code == 0
    assert "200 people (20.0 %) live in 2 areas" in said
    assert f"Written: {out}" in said
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_report_is_made_again_from_its_run_file(tiny_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    drawing = tmp_path / "sketch.geojson"
    drawing.write_text(json.dumps(Candidate.circle(408_500, 300_500, 1.2, "Hub").to_feature("a")))
    common = ("--date", "2026-11-24", "--out")
    first = ("report", "--place", "West Row", "--cutoff-km", 3, "--sketch", drawing, *common, tmp_path / "first")
    assert run(capsys, "--cache", tiny_cache, *first)[0] == 0
    again = ("report", "--from", tmp_path / "first" / "plan.json", *common, tmp_path / "again")
    assert run(capsys, "--cache", tiny_cache, *again)[0] == 0
    files = sorted(one.relative_to(tmp_path / "first") for one in (tmp_path / "first").rglob("*") if one.is_file())
    assert len(files) > 20
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_a_saved_scenario_brings_its_plan_sketches_and_name(
    tiny: Evidence, tmp_path: Path, tiny_cache: Path, capsys: pytest.CaptureFixture[str]
):
    from hjp_geo.plan import Plan

    feature = Candidate.circle(408_500, 300_500, 1.2, "Hub").to_feature("a")
    begun = Scenario.begin("Two days a week", Plan(place="Row ICB", cutoff_km=3), tiny).with_features([feature])
    saved = Scenarios(tmp_path).save(begun)
    file = tmp_path / "scenario.geojson"
    file.write_text(json.dumps(saved.to_dict()))
    out = tmp_path / "gap.html"
    assert run(capsys, "--cache", tiny_cache, "report", "--scenario", file, "--out", out)[0] == 0
    assert "Options: Two days a week" in out.read_text("utf-8")
    refused = ("report", "--scenario", file, "--topic", "debt", "--out", out)
    code, _, error = run(capsys, "--cache", tiny_cache, *refused)
    assert code == 1
    assert "A scenario has its own plan: leave out --topic" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "--out", "gap.pdf"), "ends in '.pdf'"),
        (("report", "--place", "Nowhere", "--out", "gap.html"), "No place 'Nowhere'"),
        (("report", "--date", "24/11/2026", "--out", "gap.html"), "expected YYYY-MM-DD"),
        (("report", "--from", "none.json", "--out", "gap.html"), "not a plan that can be read"),
        (("export", "--out", "x.doc"), "expected one of .csv"),
        (("batch", "--each", "county", "--out", "all"), "no kind of place"),
        (("batch", "--format", "pdf", "--out", "all"), "no format"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tiny_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
):
    monkeypatch.chdir(tmp_path)
    code, _, error = run(capsys, "--cache", tiny_cache, *arguments)
    assert code == 1
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_an_answer_is_exported(tiny_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "areas.parquet"
    assert run(capsys, "--cache", tiny_cache, "export", "--place", "West Row", "--out", out)[0] == 0
    assert out.stat().st_size > 500


def test_a_batch_writes_a_report_for_each_district_in_processes_of_their_own(
    tiny_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    # a page tested earlier in this process leaves its script as the main module, which a new process would run again
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    wanted = ("batch", "--within", "Row ICB", "--each", "district", "--cutoff-km", 3, "--format", "html", "--jobs", 2)
    code, said, _ = run(capsys, "--cache", tiny_cache, *wanted, "--out", tmp_path / "all")
    assert code == 0
    assert sorted(one.name for one in (tmp_path / "all").iterdir()) == [
        "E07990001-west-row.html",
        "E07990002-east-row.html",
    ]
    assert "2 of 2" in said


def test_places_of_a_batch_come_by_name(tiny: Evidence):
    assert [one.name for one in places_within(tiny, "Row ICB", "district")] == ["East Row", "West Row"]
    assert [one.code for one in places_within(tiny, "england", "icb")] == ["E54990001"]
    with pytest.raises(PlanError, match="no kind of place"):
        places_within(tiny, "england", "ward")


def test_a_file_name_takes_no_sign_that_a_disk_refuses():
    assert file_name(Place("E07000001", "St. Ann's / <b>\\..", "District"), ".docx") == "E07000001-st-ann-s-b.docx"
