"""`hjp-geo assess` and `hjp-geo scenario`: what they take, what they print, and how they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from tiny_warehouse import CODES, write_tiny_warehouse

from hjp_geo.cli import main
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting import Candidate, partners


class Ran(NamedTuple):
    code: int
    out: str
    error: str

    @property
    def values(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_warehouse(tmp_path_factory.mktemp("commands"))


@pytest.fixture
def run(cache: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["--cache", str(cache), *arguments])
        printed = capsys.readouterr()
        return Ran(int(left.value.code or 0), printed.out, printed.err)

    return running


@pytest.mark.parametrize(
    ("given", "people"),
    [
        (["--at", "ZY1 1AA", "--radius-km", "1"], 300),
        (["--at", "SK 045 005", "--radius-km", "1.2"], 300),
        (["--site", "z99001", "--radius-km", "1"], 300),
        (["--area", "East Row"], 500),
        (["--areas", f"{CODES[0]},{CODES[9]}"], 200),
        (["--at", "ZY1 1AA", "--minutes", "6", "--speed-kmh", "13"], 300),  # 13 km/h for a tenth of an hour ÷ 1.3
        (["--area", "East Row", "--area", "West Row"], 1000),
    ],
)
def test_every_way_to_choose_a_candidate(run: Run, given: list[str], people: int):
    ran = run("assess", *given, "--json")
    assert ran.code == 0, ran.error
    assert ran.values["total"]["people"] == people


def test_json_holds_the_whole_assessment(run: Run):
    values = run("assess", "--at", "ZY1 1AA", "--sessions", "2", "--cutoff-km", "3", "--partners", "--json").values
    part = values["parts"][0]
    assert part["offer"] == {"channel": "in_person", "assistance": "general_advice", "sessions_per_week": 2.0}
    assert {row["figure"]: row["likely"] for row in part["feasibility"]}["cases"] == 69
    assert {row["measure"] for row in values["effects"]} >= {"desert_areas", "slope_index"}
    assert sum(row["people_in_need"] for row in values["split"]) == pytest.approx(45)
    assert values["partners"][0]["health"][0]["site_name"] == "THE ROW SURGERY"
    assert values["assumptions"][0]["source"]


def test_assumptions_are_changed_and_said(run: Run):
    ran = run("assess", "--at", "ZY1 1AA", "--hours", "10", "--assume", "hours_per_case=2", "--json")
    by_name = {row["assumption"]: row for row in ran.values["assumptions"]}
    assert by_name["hours_per_case"]["source"] == "the reader's own"
    assert {row["figure"]: row["likely"] for row in ran.values["parts"][0]["feasibility"]}["cases"] == 230


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "Nothing is sketched"),
        (["--areas", "E01000001"], "not areas here"),
        (["--site", "A1"], "No health site 'A1'"),
        (["--area", "Atlantis"], "No place 'Atlantis'"),
        (["--at", "ZY1 1AA", "--rule", "oa"], "expected one of centroid, area_share"),
        (["--at", "ZY1 1AA", "--design", "colour=red"], "no 'colour'"),
        (["--at", "ZY1 1AA", "--design", "joint_working=daily"], "no choice 'daily'"),
        (["--at", "ZY1 1AA", "--assume", "luck=7"], "No assumption 'luck'"),
        (["--at", "ZY1 1AA", "--assume", "weeks_per_year=many"], "is not NAME=NUMBER"),
        (["--at", "ZY1 1AA", "--sessions", "-1"], "expected 0 to 200"),
        (["--at", "ZY1 1AA", "--opens", "1/9/2026"], "expected YYYY-MM-DD"),
        (["--at", "ZY1 1AA", "--channel", "pigeon"], "expected one of in_person"),
        (["--at", "ZY1 1AA", "--minutes", "20", "--mode", "broom"], "no mode 'broom'"),
        (["--drawing", "nowhere.geojson"], "is not GeoJSON that can be read"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_1(run: Run, given: list[str], said: str):
    ran = run("assess", *given)
    assert ran.code == 1
    assert said in ran.error
    assert len(ran.error.splitlines()) == 1


def test_save_list_show_compare_export_import_delete(run: Run, tmp_path: Path):
    for name, area in (("West plan", "West Row"), ("East plan", "East Row")):
        saved = run("assess", "--area", area, "--cutoff-km", "3", "--save", name)
        assert "Saved: " in saved.out
    assert {row["name"] for row in json.loads(run("scenario", "list", "--json").out)} == {"West plan", "East plan"}
    shown = run("scenario", "show", "west plan").out
    assert "West Row: 5 areas by name" in shown
    assert "Made with the data and version that are here." in shown
    assert "Sketch added: West Row" in run("scenario", "show", "West plan", "--journal").out
    values = run("scenario", "compare", "West plan", "East plan", "--json").values
    difference = {row["figure"]: row["difference"] for row in values["totals"]}
    assert difference["reached_in_need"] == 35 - 10
    assert "Access better in b" in run("scenario", "compare", "West plan", "East plan").out
    file = tmp_path / "west.geojson"
    assert run("scenario", "export", "West plan", str(file)).code == 0
    assert run("assess", "--drawing", str(file), "--json").values["total"]["people"] == 500
    assert run("scenario", "delete", "West plan").code == 0
    assert run("scenario", "show", "West plan").code == 1
    assert "West plan" in run("scenario", "import", str(file)).out


def test_a_file_that_is_no_scenario_is_refused(run: Run, tmp_path: Path):
    file = tmp_path / "x.geojson"
    file.write_text("{}")
    ran = run("scenario", "import", str(file))
    assert ran.code == 1
    assert "not a scenario of hjp-geo" in ran.error


def test_partners_have_registers_and_contacts_where_these_are_loaded(made_up_cache: Path):
    known = Evidence.load(made_up_cache)
    plan = Plan(weights={"income_deprivation": 1, "cancer_prevalence": 1})
    site = str(known.health_site_areas.index[0])
    found = partners(plan, Candidate.health_site(site, 5, known), known)
    practices = found.health[found.health["kind"] == "gp_practice"]
    registers = known.warehouse.table("practice_registers")
    own = registers[(registers["practice_code"] == site) & (registers["layer"] == "cancer_prevalence")].iloc[0]
    assert practices.loc[site, "register"] == own["register"]
    assert practices.loc[site, "register_pct"] == pytest.approx(100 * own["register"] / own["list_size"])
    assert practices["register"].dropna().is_monotonic_decreasing
    contacts = known.warehouse.table("site_contacts").set_index("site_id")
    assert set(known.sites.index) <= set(contacts.index)
    assert any("A patient on two registers" in note for note in found.notes)
    pd.testing.assert_series_equal(found.advice["km"], found.advice["km"].sort_values())
