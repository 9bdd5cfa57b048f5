"""`hjp-geo scenario`: made again from the journal, copied, renamed, and compared with what differs said first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_warehouse import write_tiny_warehouse

from hjp_geo.cli import main
from hjp_geo.scenario import Scenarios

Run = Callable[..., str]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_warehouse(tmp_path_factory.mktemp("scenario-commands"))


@pytest.fixture
def run(cache: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that must succeed; what it printed."""

    def running(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["--cache", str(cache), *arguments])
        printed = capsys.readouterr()
        assert not left.value.code, printed.err
        return printed.out

    return running


@pytest.fixture
def saved(run: Run, cache: Path) -> Scenarios:
    found = Scenarios(cache)
    for row in found.list():
        found.delete(row.key)
    run("assess", "--area", "West Row", "--cutoff-km", "3", "--save", "West plan")
    return found


def test_the_journal_is_made_again_and_the_figures_are_those_kept(run: Run, saved: Scenarios):
    told = run("scenario", "rerun", "West plan")
    assert "The same sketches and settings came out. All figures are those kept with it." in told
    assert "People reached: 500 kept | 500 now\n" in told
    values = json.loads(run("scenario", "rerun", "West plan", "--json", "--save-as", "Again"))
    assert values["is_same"] is True
    assert saved.load("Again").features == saved.load("West plan").features
    assert json.loads(run("scenario", "rerun", "Again", "--json"))["is_same"] is True


def test_a_figure_that_differs_is_pointed_at(run: Run, saved: Scenarios):
    path = next(saved.folder.glob("*.geojson"))
    values = json.loads(path.read_text("utf-8"))
    values["hjp_geo_scenario"]["figures"]["people"] = 400
    values["hjp_geo_scenario"]["run"]["hjp_geo"] = "0.0.1"
    path.write_text(json.dumps(values), "utf-8")
    told = run("scenario", "rerun", "West plan")
    assert told.startswith("Differs: Made with hjp-geo 0.0.1; this is ")
    assert "1 of 7 figures differ" in told
    assert "People reached: 400 kept | 500 now  <- differs" in told


def test_a_copy_and_another_name(run: Run, saved: Scenarios):
    assert "“West plan (copy)”" in run("scenario", "duplicate", "West plan")
    assert "“Second”" in run("scenario", "duplicate", "West plan", "Second")
    run("scenario", "rename", "Second", "Third")
    assert sorted(row.name for row in saved.list()) == ["Third", "West plan", "West plan (copy)"]


def test_compare_says_first_what_differs_field_by_field(run: Run, saved: Scenarios):
    run("assess", "--area", "East Row", "--cutoff-km", "5", "--save", "East plan")
    lines = run("scenario", "compare", "West plan", "East plan").splitlines()
    assert lines[0] == ("Differs in question, cutoff_km: a 3.0; b 5.0. Not every difference comes from the sketches.")
    values = json.loads(run("scenario", "compare", "West plan", "East plan", "--json"))
    assert [row["field"] for row in values["clashes"]] == ["cutoff_km"]
