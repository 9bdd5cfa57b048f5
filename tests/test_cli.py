"""The command line: one clear line on failure, the right exit code, nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_warehouse import CODES

from hjp_geo import cli


class Ran:
    """What a command left: its exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    def command(*arguments: str, cache: Path = tiny_cache) -> Ran:
        with pytest.raises(SystemExit) as left:
            cli.main(["--cache", str(cache), *arguments])
        captured = capsys.readouterr()
        return Ran(int(left.value.code or 0), captured.out, captured.err)

    return command


def failed(ran: Ran, code: int, said: str) -> None:
    assert ran.code == code
    assert said in ran.err
    assert ran.err.count("\n") == 1, ran.err  # one line
    assert "Traceback" not in ran.err


def test_score_prints_the_headline_with_its_rule_and_credits(run):
    ran = run("score", "--place", "Row ICB", "--cutoff-km", "3")
    assert ran.code == 0
    assert "Desert (need_and_access_quintile): 2 areas, 200 people (20.0 %)." in ran.out
    assert "Note: MADE-UP DATA" in ran.out
    assert "Credit: Made up, in the layout of: Made-up rows (Nobody)." in ran.out


def test_score_as_json_is_the_answer(run):
    values = json.loads(
        run("score", "--json", "--weight", "income_deprivation=1", "--weight", "cancer_prevalence=0").out
    )
    assert values["run"]["plan"]["weights"] == {"cancer_prevalence": 0.0, "income_deprivation": 1.0}
    assert [area["area_code"] for area in values["areas"]] == CODES


def test_score_writes_the_file_asked_for(run, tmp_path: Path):
    ran = run("score", "--out", str(tmp_path / "row.csv"))
    assert f"Written: {tmp_path / 'row.csv'}" in ran.out
    assert (tmp_path / "row.csv").is_file()


def test_a_saved_plan_can_be_run_again(run, tmp_path: Path):
    first = run("score", "--json", "--cutoff-km", "3")
    (tmp_path / "plan.json").write_text(json.dumps(json.loads(first.out)["run"]))
    again = run("score", "--json", "--plan", str(tmp_path / "plan.json"))
    assert again.out == first.out


@pytest.mark.parametrize("where", ["ZY1 1AA", "zy11aa", "52.5974,-1.9343"])
def test_assess_takes_a_postcode_or_latitude_and_longitude(run, where: str):
    # the postcode stands in the middle of area 4, and so (within metres) does the point
    values = json.loads(run("assess", "--at", where, "--radius-km", "1.2", "--json").out)
    assert values["total"]["people"] == 300


def test_assess_in_words(run):
    out = run("assess", "--at", "ZY1 1AA", "--radius-km", "1").out
    assert "3 areas, 300 people, 12 in need" in out
    assert "Cancer: few (under 10) people (modelled)" in out


def test_an_unknown_place_is_the_users_to_mend(run):
    failed(run("score", "--place", "Atlantis"), 1, "No place 'Atlantis'")


def test_a_negative_weight_is_the_users_to_mend(run):
    failed(run("score", "--weight", "income_deprivation=-1"), 1, "weight of income_deprivation is -1")


def test_a_weight_that_is_no_number_is_the_users_to_mend(run):
    failed(run("score", "--weight", "income_deprivation"), 1, "is not LAYER=NUMBER")


def test_an_unknown_postcode_is_the_users_to_mend(run):
    failed(run("assess", "--at", "QQ9 9QQ"), 1, "neither a postcode with a known place nor latitude,longitude")


def test_an_unknown_option_is_the_users_to_mend(run):
    failed(run("score", "--colour", "red"), 1, "No such option")


def test_a_plan_file_that_is_none_is_the_users_to_mend(run, tmp_path: Path):
    (tmp_path / "plan.json").write_text("not a plan")
    failed(run("score", "--plan", str(tmp_path / "plan.json")), 1, "is not a plan that can be read")


@pytest.mark.parametrize("command", [["score"], ["assess", "--at", "ZY1 1AA"], ["serve"]])
def test_a_missing_warehouse_says_what_to_run(run, tmp_path: Path, command: list[str]):
    failed(run(*command, cache=tmp_path), 1, "Run `hjp-geo fetch` and then `hjp-geo build`")


def test_a_damaged_warehouse_says_so(run, tmp_path: Path):
    (tmp_path / "hjp.duckdb").write_bytes(b"nonsense" * 100)
    failed(run("score", cache=tmp_path), 1, "is not a warehouse that can be read")


def test_a_mirror_that_is_down_is_the_networks_fault_and_loses_nothing(run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("hjp_geo.upstream.TRIES", 1)
    ran = run("fetch", "iod25", "--mirror", "http://127.0.0.1:9", cache=tmp_path)
    assert ran.code == 2
    assert "No answer from www.gov.uk (through the mirror http://127.0.0.1:9)" in ran.err
    assert "Traceback" not in ran.err
    assert not list(tmp_path.rglob("*.partial*"))


def test_an_unknown_source_lists_those_there_are(run, tmp_path: Path):
    failed(
        run("fetch", "astrology", cache=tmp_path),
        1,
        "No source called astrology. There are census21_cars, census21_disability, ",
    )


def test_status_before_anything_is_fetched(run, tmp_path: Path):
    ran = run("status", cache=tmp_path)
    assert ran.code == 0
    assert "iod25: English Indices of Deprivation 2025" in ran.out
    assert "not fetched" in ran.out


def test_build_before_anything_is_fetched_names_what_is_missing(run, tmp_path: Path):
    failed(run("build", cache=tmp_path), 1, "Not fetched into")


def test_our_own_fault_is_one_line_with_exit_code_three(run, monkeypatch):
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("hjp_geo.cli.questions.answer", broken)
    failed(run("score"), 3, "This is our fault (ZeroDivisionError: division by zero)")


def test_python_dash_m_is_the_same_command(tiny_cache: Path):
    command = [sys.executable, "-m", "hjp_geo", "--cache", str(tiny_cache), "score", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["place"]["code"] == "england"
