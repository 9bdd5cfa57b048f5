"""Accepted data are laid over a build: they count at once, say whose they are, and leave no trace when removed.

On the ten areas in a row: one debt advice office is in area 0, home visits in area 9. See `tiny_warehouse`.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from own_rows import LINE, OFFICE, TODAY, check, provider_file
from tiny_warehouse import HOSTILE

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.own import shelf
from hjp_geo.own.grades import aged, grade_of
from hjp_geo.own.hygiene import look_alikes, name_overlap
from hjp_geo.own.overlay import EVIDENCE
from hjp_geo.own.providers import ProviderRow
from hjp_geo.own.shelf import (
    Decision,
    add_decision,
    keep_providers,
    own_folder,
    own_stamp,
    read_own,
    remove_decision,
    remove_own,
    slug,
)


@pytest.fixture
def cache(tiny_cache: Path, tmp_path: Path) -> Path:
    """A copy of the ten areas that a test may add to."""
    shutil.copy(tiny_cache / "hjp.duckdb", tmp_path / "hjp.duckdb")
    return tmp_path


def add(cache: Path, *rows: str, name: str = "mine") -> None:
    checked = check(provider_file(*rows), cache)
    keep_providers(cache, name, f"{name}.csv", checked.sha256, checked.accepted())


def mine(evidence: Evidence) -> pd.DataFrame:
    return evidence.sites[evidence.sites["list"].str.startswith("own")]


def test_a_list_counts_as_soon_as_it_is_accepted(cache: Path):
    add(cache, OFFICE, LINE)
    evidence = Evidence.load(cache)
    office = mine(evidence)[mine(evidence)["site_name"] == "Town office"].iloc[0]
    assert (office["easting"], office["list"], office["in_england"]) == (404_500, "own_mine", True)
    assert office["longitude"] == pytest.approx(-1.935, abs=0.01)  # the place of the grid, not the made-up degrees
    offered = evidence.services[evidence.services["evidence"] == EVIDENCE]
    assert sorted(zip(offered["topic"], offered["channel"], strict=True)) == [
        ("debt", "in_person"),
        ("debt", "phone"),
        ("housing", "in_person"),
    ]
    assert offered["hours_per_week"].tolist() == [60, 60, 40]  # of the site and channel: a topic does not multiply them


def test_what_is_listed_stays_as_it_was_beside_it(cache: Path):
    before = Evidence.load(cache)
    add(cache, OFFICE)
    after = Evidence.load(cache)
    pd.testing.assert_frame_equal(after.sites.loc[before.sites.index], before.sites)
    listed = after.services[after.services["evidence"] != EVIDENCE]
    pd.testing.assert_frame_equal(listed[before.services.columns], before.services)
    assert listed["hours_per_week"].isna().all()  # not known is not 0


def test_own_data_are_named_in_build_dates_and_credits(cache: Path):
    plain = Evidence.load(cache)
    add(cache, OFFICE)
    evidence = Evidence.load(cache)
    assert evidence.build_id.startswith(f"{plain.build_id}-own-")
    assert evidence.built.endswith("with your own data: providers “mine” (1 rows)")
    credit = [line for line in evidence.attribution(["sites"]) if line.startswith("User's own list “mine”, 1 rows")]
    assert len(credit) == 1
    source = evidence.sources.loc["own_mine"]
    assert (source["publisher"], source["rows"], len(source["sha256"])) == ("the user", 1, 64)
    assert not bool(source["made_up"])
    assert "own_mine" in evidence.sources_of(["services"])


def test_removal_restores_exactly(cache: Path):
    before = Evidence.load(cache)
    add(cache, OFFICE, LINE)
    assert Evidence.load(cache).build_id != before.build_id
    assert remove_own(cache, "Mine") == "mine"
    after = Evidence.load(cache)
    assert (after.build_id, after.built) == (before.build_id, before.built)
    for name in ("sites", "services", "sources", "layers", "values"):
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))
    assert list(own_folder(cache).iterdir()) == []


def test_a_list_of_the_same_name_is_replaced_and_sites_keep_their_ids(cache: Path):
    add(cache, OFFICE)
    first = mine(Evidence.load(cache)).index
    add(cache, OFFICE.replace("60", "30"), LINE)
    second = Evidence.load(cache)
    assert first[0] in second.sites.index
    assert len(mine(second)) == 2
    assert len(read_own(cache).providers) == 1


def test_several_channels_of_a_site_are_one_site(cache: Path):
    add(cache, OFFICE, OFFICE.replace("in_person", "outreach"))
    evidence = Evidence.load(cache)
    assert len(mine(evidence)) == 1
    assert set(evidence.services[evidence.services["evidence"] == EVIDENCE]["channel"]) == {"in_person", "outreach"}


def test_unknown_topics_are_supply_in_no_topic(cache: Path):
    add(cache, OFFICE.replace("debt;housing", "unknown"))
    evidence = Evidence.load(cache)
    assert len(mine(evidence)) == 1
    assert not (evidence.services["evidence"] == EVIDENCE).any()


def test_there_is_nothing_to_remove_by_a_wrong_name(cache: Path):
    add(cache, OFFICE)
    with pytest.raises(PlanError, match=r"nothing of your own called 'yours'\. There are: mine"):
        remove_own(cache, "yours")


@pytest.mark.parametrize("content", ["", "{", '{"set": {}}', '{"set": {"rows": [1]}}', "[]"])
def test_a_damaged_file_of_own_data_is_named(cache: Path, content: str):
    own_folder(cache).mkdir()
    (own_folder(cache) / "providers-mine.json").write_text(content)
    with pytest.raises(PlanError, match=r"providers-mine\.json cannot be read .*Move it away"):
        Evidence.load(cache)


def test_a_write_that_fails_leaves_the_last_list(cache: Path, monkeypatch: pytest.MonkeyPatch):
    add(cache, OFFICE)
    stamp = own_stamp(cache)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf.Path, "write_text", full)
    with pytest.raises(PlanError, match=r"No space left on device\)\. Nothing was changed"):
        add(cache, LINE)
    assert own_stamp(cache) == stamp
    assert [path.name for path in own_folder(cache).iterdir()] == ["providers-mine.json"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "", "…", "CON", "x" * 500, "Ünïcödé 2026.csv"])
def test_a_name_never_leaves_its_folder(name: str):
    assert slug(name).replace("-", "").isalnum()
    assert len(slug(name)) <= 40


# grades -------------------------------------------------------------------------------------------------------------

FULL = {"site_name": "a", "topics": "debt", "channel": "in_person", "hours_per_week": "5", "address": "1 High Street"}


@pytest.mark.parametrize(
    ("cells", "grade"),
    [
        ({"checked_on": "2026-01-01"}, "A"),  # 10 months
        ({"checked_on": "2025-11-24"}, "A"),  # 12 months to the day
        ({"checked_on": "2025-11-23"}, "A"),  # 12 whole months
        ({"checked_on": "2025-10-23"}, "B"),  # 13
        ({"checked_on": "2026-01-01", "hours_per_week": ""}, "B"),
        ({"checked_on": "2026-01-01", "address": ""}, "B"),
        ({"checked_on": "2025-05-24"}, "B"),  # 18
        ({"checked_on": "2025-04-24"}, "C"),  # 19
        ({"checked_on": "2026-01-01", "topics": "unknown"}, "C"),
        ({}, "C"),
        ({"checked_on": "2023-10-24"}, "D"),  # 37
        ({"checked_on": "2026-01-01", "open_until": "2026-11-23"}, "X"),
        ({"checked_on": "2026-01-01", "open_until": "2026-11-24"}, "A"),  # its last day
        ({"checked_on": "2026-01-01", "open_from": "2026-12-01"}, "X"),
    ],
)
def test_the_grade_of_a_row_is_by_its_age_place_topics_and_hours(cells: dict[str, str], grade: str):
    merged = {name: value for name, value in {**FULL, **cells}.items() if value}
    row = ProviderRow(2, merged, 0.0, 0.0, "postcode")
    assert grade_of(row, TODAY)[0] == grade


def test_listed_sites_fall_with_the_age_of_their_list_and_undated_ones_do_not():
    sites = pd.DataFrame(
        {
            "grade": ["B", "B", "B", "C", "D", "X"],
            "grade_reason": "why",
            "as_of": ["2026-03-18", "2025-04-01", "2023-01-01", "", "2023-01-01", "2023-01-01"],
        }
    )
    found = aged(sites, dt.date(2026, 11, 24))
    assert found["grade"].tolist() == ["B", "C", "D", "C", "D", "X"]
    assert found["stale"].tolist() == [False, False, True, False, True, True]


# duplicates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("Citizens Advice Leeds", "The Leeds Citizens Advice Ltd", 1.0),
        ("Lawstop", "Citizens Advice Bristol", 0.0),
        ("Age UK Devon", "Devon Law Centre", 1 / 3),
        ("The Ltd", "Limited", 0.0),
    ],
)
def test_names_are_compared_by_the_words_that_tell(first: str, second: str, overlap: float):
    assert name_overlap(first, second) == pytest.approx(overlap)
    assert name_overlap(second, first) == pytest.approx(overlap)


def listed(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    names = ["site_id", "site_name", "list", "postcode", "easting"]
    table = pd.DataFrame(rows, columns=names).set_index("site_id")
    return table.assign(northing=0.0, location_quality="postcode", grade="C")


def test_pairs_are_likely_to_ask_about_or_neighbours():
    sites = listed(
        ("a1", "Citizens Advice Row", "a", "ZY1 1AA", 0.0),
        ("b1", "Row Citizens Advice", "b", "ZY1 1AA", 30.0),  # one postcode, one name
        ("b2", "Lawstop", "b", "ZY1 1AA", 0.0),  # one roof
        ("a2", "Hill Law Centre", "a", "ZY2 1AA", 9000.0),
        ("b3", "Hill Law Centre", "b", "ZY2 1AB", 9100.0),  # 100 m away
        ("b4", "Hill Law Centre", "b", "ZY2 1AC", 9151.0),  # 151 m away from a2: too far
        ("a3", "Citizens Advice Scarborough", "a", "ZY3 1AA", 50_000.0),
        ("b5", "Citizens Advice North Yorkshire", "b", "ZY3 1AA", 50_400.0),  # members change names by merger
    )
    found = look_alikes(sites).set_index(["keep", "drop"])["kind"].to_dict()
    assert found == {("a1", "b1"): "likely", ("a1", "b2"): "neighbours", ("a2", "b3"): "ask", ("a3", "b5"): "likely"}


def test_one_member_has_many_offices_so_a_name_alone_is_no_pair():
    sites = listed(
        ("a1", "Citizens Advice Row", "a", "ZY1 1AA", 0.0), ("b1", "Citizens Advice Row", "b", "ZY9 1AA", 9e4)
    )
    assert look_alikes(sites).empty


def decide(cache: Path, verdict: str) -> tuple[str, str]:
    add(cache, f"{HOSTILE},Advice Row,employment,in_person,ZY1 1AA,,60,2026-09-01".replace("#1", "#1"))
    pairs = look_alikes(Evidence.load(cache).sites)
    one = pairs.iloc[0]
    add_decision(cache, Decision(one["keep"], one["drop"], one["keep_name"], one["drop_name"], verdict, ""))
    return str(one["keep"]), str(one["drop"])


def test_an_accepted_duplicate_counts_once_with_the_topics_of_both(cache: Path):
    keep, drop = decide(cache, "same")
    evidence = Evidence.load(cache)
    assert keep.startswith("own-")  # the user's own row before a list
    assert drop == "debt-1"
    assert evidence.sites.loc[drop, "grade"] == "X"
    assert str(evidence.sites.loc[drop, "grade_reason"]).startswith("counted with ")
    topics = evidence.services[evidence.services["site_id"] == keep]
    assert set(topics["topic"]) == {"employment", "debt", "housing"}
    assert drop not in set(evidence.services["site_id"])
    assert evidence.sites.loc[keep, "lists"] == 2
    assert evidence.sites.loc[keep, "grade"] == "A"  # B, and two lists agree


def test_a_decision_can_be_taken_back(cache: Path):
    keep, drop = decide(cache, "same")
    remove_decision(cache, drop, keep)
    evidence = Evidence.load(cache)
    assert evidence.sites.loc[drop, "grade"] == "C"
    assert read_own(cache).decisions == ()
    with pytest.raises(PlanError, match="Nothing was decided"):
        remove_decision(cache, drop, keep)


def test_apart_is_remembered_and_changes_nothing(cache: Path):
    keep, drop = decide(cache, "apart")
    evidence = Evidence.load(cache)
    assert evidence.sites.loc[drop, "grade"] == "C"
    pairs = look_alikes(evidence.sites, evidence.own.decisions).set_index(["keep", "drop"])
    assert pairs.loc[(keep, drop), "verdict"] == "apart"


def test_a_decision_about_a_site_that_has_another_name_now_is_not_applied(cache: Path):
    decide(cache, "same")
    path = own_folder(cache) / "decisions.json"
    kept = json.loads(path.read_text())
    kept["decisions"][0]["drop_name"] = "Somebody else"
    path.write_text(json.dumps(kept))
    evidence = Evidence.load(cache)
    assert evidence.sites.loc["debt-1", "grade"] == "C"
    assert [one.drop_name for one in evidence.own_lost] == ["Somebody else"]
