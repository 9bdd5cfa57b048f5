"""`hjp-geo locate`, lists that users bring, and questions about a whole place, on ten areas in a row."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from tiny_warehouse import SOUTH, WEST

from hjp_geo import cli
from hjp_geo.cli.root import commands
from hjp_geo.errors import PlanError, SchemaError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting import (
    LOCATE_OBJECTIVES,
    Candidate,
    Search,
    curve_of_new_sites,
    listed_sites,
    suggest,
    suggestion_values,
    todays_sites_missed_least,
)

PLAN = Plan(cutoff_km=3)
HEADER = "site_id,site_name,easting,northing"


@pytest.fixture
def site_list(tmp_path: Path) -> Path:
    """Candidates in the middle of areas 2, 5 and 8; the name of the last is hostile."""
    rows = [("two", "Two", 2), ("five", "Five", 5), ("eight", "=HYPERLINK(0)", 8)]
    lines = [f"{code},{name},{WEST + 1000 * area + 500},{SOUTH + 500}" for code, name, area in rows]
    path = tmp_path / "sites.csv"
    path.write_text("\n".join([HEADER, *lines]), "utf-8")
    return path


@pytest.fixture
def run(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    def command(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["--cache", str(tiny_cache), "locate", "--cutoff-km", "3", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    return command


def test_says_where_and_how_sure_in_words(run, site_list):
    code, out, _ = run("--list", site_list, "--sites", 1, "--k-best", 2)
    assert code == 0
    assert "With 1 new site (=HYPERLINK(0)) 41 of 45 people in income deprivation (91.1 %) are within 3 km" in out
    assert "It is proven that, of 3 sites of your list, no other choice serves more." in out
    assert "Near-equal 2: Five; worse by 12.20 %." in out  # 36 of 41
    assert "Note: MADE-UP DATA" in out
    assert "Credit: Made up, in the layout of: Made-up rows (Nobody)." in out


def test_json_is_what_suggest_gives(run, site_list, tiny: Evidence):
    code, out, _ = run("--list", site_list, "--sites", 2, "--json")
    listed = listed_sites(pd.read_csv(site_list), tiny)
    expected = suggestion_values(suggest(PLAN, tiny, Search(candidates="listed", listed=listed, sites=2)))
    found = json.loads(out)
    for one in (found, expected):
        del one["objective"]["seconds"]
    assert code == 0
    assert found == json.loads(json.dumps(expected))
    assert found["figures"][0]["reached_then"] == 45


def test_the_csv_carries_its_credits_and_no_formula(run, site_list, tmp_path):
    code, out, _ = run("--list", site_list, "--sites", 1, "--out", tmp_path / "new.csv")
    assert (code, f"Written: {tmp_path / 'new.csv'}" in out) == (0, True)
    text = (tmp_path / "new.csv").read_text("utf-8-sig")
    assert "# Made up, in the layout of: Made-up rows (Nobody)." in text
    rows = pd.read_csv(tmp_path / "new.csv", comment="#", encoding="utf-8-sig")
    assert rows["site_name"].to_list() == ["'=HYPERLINK(0)"]
    assert rows["people_newly_reached"].to_list() == [35]
    assert not list(tmp_path.glob(".partial*"))


def test_the_geojson_holds_candidates_that_can_be_assessed_again(run, site_list, tmp_path):
    run("--list", site_list, "--sites", 1, "--out", tmp_path / "new.geojson")
    written = json.loads((tmp_path / "new.geojson").read_text("utf-8"))
    again = Candidate.from_feature(written["features"][0])
    assert (round(again.geometry.x), round(again.geometry.y)) == (WEST + 8500, SOUTH + 500)
    assert again.radius_km == 3
    assert written["attribution"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--objective", "best"], "objective is 'best'"),
        (["--sites", "9"], "only 1 GP practices"),
        (["--candidates", "libraries"], "holds no list of libraries"),
        (["--required", "nobody"], "nobody: not among"),
        (["--out", "new.xlsx"], "ends in '.xlsx'"),
        (["--list", "nowhere.csv"], "not a table that can be read"),
        (["--topic", "immigration", "--close", "1"], "nothing can be said of closing"),
        (["--close", "5"], "only 1 counted sites stand in"),
    ],
)
def test_a_mistake_is_one_line_and_code_1(run, arguments, said):
    code, _, err = run(*arguments)
    assert code == 1
    assert said in err
    assert err.count("\n") == 1


def test_a_budget_or_lscp_decides_the_number_of_sites(run, site_list):
    code, out, _ = run("--list", site_list, "--budget", 2, "--site-cost", 1, "--json")
    assert code == 0
    assert [site["site_id"] for site in json.loads(out)["sites"]] == ["eight", "five"]
    code, out, _ = run("--list", site_list, "--objective", "lscp", "--json")
    assert code == 0
    # the office reaches 0 … 3; 4 is reached by two and five, the rest by eight and five
    assert len(json.loads(out)["sites"]) == 2


def test_the_curve_starts_from_today_and_each_point_is_what_suggest_gives(tiny: Evidence, site_list, run):
    listed = listed_sites(pd.read_csv(site_list), tiny)
    search = Search(candidates="listed", listed=listed)
    curve = curve_of_new_sites(PLAN, tiny, search, range(9))
    assert curve.table.index.to_list() == [0, 1, 2, 3]  # there are three candidates
    assert curve.table["people_covered"].to_list() == [6, 41, 45, 45]
    assert curve.table["mean_cost"].iloc[0] == pytest.approx(285 / 45)
    for count in (1, 2):
        found = suggest(PLAN, tiny, Search(candidates="listed", listed=listed, sites=count))
        assert curve.table.loc[count, "chosen"] == tuple(found.chosen.index)
        assert curve.table.loc[count, "objective"] == found.solution.objective
    assert curve.knee == 1
    assert "After 1 new sites" not in curve.summary
    assert "After 1 new site each further one does clearly less; every point is proven." in curve.summary
    code, out, _ = run("--list", site_list, "--curve", 3)
    assert (code, curve.summary in out) == (0, True)
    assert json.loads(run("--list", site_list, "--curve", 3, "--json")[1])["points"][1]["chosen"] == ["eight"]


def test_which_site_of_today_would_be_missed_least(tmp_path, tiny: Evidence):
    # two offices: the one of area 0, and one more in area 9 for people who ask for both kinds of place
    found = todays_sites_missed_least(Plan(cutoff_km=3, outreach="count"), tiny, closures=1)
    # the office of area 0 reaches 0 + 1 + 2 + 3, the one of area 9 reaches 6 + 7 + 8 + 9
    assert (found.closed, found.people_lost) == (("debt-1",), 6)
    assert found.one_by_one.index.to_list() == ["debt-1", "debt-2"]
    west = todays_sites_missed_least(Plan(cutoff_km=3, outreach="count", place="E07990002"), tiny, closures=1, keep=[])
    assert west.closed == ("debt-2",)  # the only one that stands there; the office of area 0 stays whatever happens
    with pytest.raises(PlanError, match="is no counted site that stands in"):
        todays_sites_missed_least(PLAN, tiny, closures=1, keep=["debt-2"])


def test_sites_are_placed_by_postcode_or_by_degrees(tiny: Evidence):
    by_postcode = listed_sites(pd.DataFrame({"Site_Name": ["A", "B"], "Postcode": ["zy11aa", "XX9 9XX"]}), tiny)
    assert by_postcode["easting"].to_list()[0] == WEST + 4500
    assert math.isnan(by_postcode["easting"].to_list()[1])
    assert by_postcode["site_id"].to_list() == ["A", "B"]
    found = suggest(PLAN, tiny, Search(candidates="listed", listed=by_postcode, sites=1))
    assert found.chosen.index.to_list() == ["A"]
    assert "their place is not known: B." in " ".join(found.notes)
    degrees = pd.DataFrame({"site_id": ["A"], "latitude": ["52.6575"], "longitude": ["1.716"], "cost": ["3"]})
    placed = listed_sites(degrees, tiny)
    assert placed[["easting", "northing"]].round(-3).iloc[0].to_list() == [651_000, 313_000]
    assert placed["cost"].to_list() == [3]


def test_a_list_that_does_not_fit_says_why(tiny: Evidence):
    with pytest.raises(SchemaError, match=r"has site_id, colour; expected site_id or site_name, and easting"):
        listed_sites(pd.DataFrame({"site_id": ["A"], "colour": ["red"]}), tiny)
    with pytest.raises(SchemaError, match=r"easting holds 'west'; expected numbers"):
        listed_sites(pd.DataFrame({"site_id": ["A"], "easting": ["west"], "northing": ["1"]}), tiny)


def test_text_of_a_list_stays_on_one_line(tiny: Evidence):
    hostile = pd.DataFrame({"site_id": ["A"], "site_name": ["A\x1b[31m\nB"], "easting": [1.0], "northing": [2.0]})
    assert listed_sites(hostile, tiny)["site_name"].to_list() == ["A [31m B"]


DOCS = Path(__file__).parents[1] / "docs" / "siting.md"


def test_the_page_holds_the_card_of_every_objective_and_the_options_it_shows_exist():
    page = DOCS.read_text("utf-8")
    for name, card in LOCATE_OBJECTIVES.items():
        assert f"### `{name}`" in page
        assert all(part in page for part in card)
    shown = set(re.findall(r"(?<![-\w])--[a-z][a-z-]*", page))
    known = {option for parameter in commands.commands["locate"].params for option in parameter.opts}
    assert shown <= known
