"""Scenarios: what was chosen is kept, can be re-run, and is never lost to another tab, another version, a bad file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_warehouse import HOSTILE, SOUTH, WEST

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.scenario import (
    DRAFT,
    ConflictError,
    Entry,
    Scenario,
    Scenarios,
    Version,
    clashes,
    compare,
    figures_of,
    replay,
    rerun,
)
from hjp_geo.siting import ASSUMPTIONS, Candidate, DesignCard, Offer

PLAN = Plan(cutoff_km=3)


def site(area: float, radius_km: float = 1, name: str = "Site", offer: Offer | None = None) -> Candidate:
    circle = Candidate.circle(WEST + 1000 * area + 500, SOUTH + 500, radius_km, name)
    return circle.offering(offer, DesignCard(healthcare_setting="gp_practice"))


def sketch(area: float, feature_id: str, **about: Any) -> dict[str, Any]:
    return site(area, **about).to_feature(feature_id)


@pytest.fixture
def begun(tiny: Evidence) -> Scenario:
    return Scenario.begin("Two sites", PLAN, tiny).with_features([sketch(5, "one"), sketch(8, "two")])


@pytest.fixture
def scenarios(tmp_path: Path) -> Scenarios:
    return Scenarios(tmp_path)


def test_what_is_saved_is_what_is_loaded(begun: Scenario, scenarios: Scenarios, tiny: Evidence):
    saved = scenarios.save(begun.with_assumptions(ASSUMPTIONS.changed({"hours_per_case": 3.0})))
    loaded = scenarios.load(saved.key)
    assert loaded.to_dict() == saved.to_dict()
    assert (loaded.revision, loaded.version) == (1, Version.of(tiny))
    assert loaded.assumptions["hours_per_case"].span == (3, 3, 3)
    assert loaded.assess(tiny).total.people == begun.assess(tiny).total.people


def test_a_candidate_comes_back_to_the_last_digit():
    whole = site(5.123456789, 1.23456, "Exact", Offer(("debt",), "outreach", sessions_per_week=2, opens="2027-01-04"))
    read = Candidate.from_feature(json.loads(json.dumps(whole.to_feature("x"))))
    assert read == whole


def test_a_named_area_comes_back_as_its_list_until_somebody_edits_its_line(tiny: Evidence):
    written = Candidate.place("West Row", tiny).to_feature("x")
    assert Candidate.from_feature(written).codes == Candidate.place("West Row", tiny).codes
    ring = written["geometry"]["coordinates"][0]
    moved = {**written, "geometry": {"type": "Polygon", "coordinates": [[*ring[:-2], ring[0]]]}}
    edited = Candidate.from_feature(moved)
    assert edited.codes == ()
    assert "the line counts now" in edited.notes[0]


def test_the_file_is_geojson_that_people_and_programs_can_read(begun: Scenario, scenarios: Scenarios):
    saved = scenarios.save(begun)
    text = (scenarios.folder / f"{saved.key}.geojson").read_text("utf-8")
    read = json.loads(text)
    assert read["type"] == "FeatureCollection"
    assert read["features"][0]["properties"]["name"] == "Site"
    assert read["hjp_geo_scenario"]["plan"]["topic"] == "debt"
    assert len(text.splitlines()) > 20


def test_a_second_tab_is_told_and_nothing_is_lost(begun: Scenario, scenarios: Scenarios):
    first = scenarios.save(begun)
    second = scenarios.load(first.key)
    first = scenarios.save(first.with_note("mine"))
    with pytest.raises(ConflictError, match="saved elsewhere"):
        scenarios.save(second.with_note("theirs"))
    assert scenarios.load(first.key).note == "mine"
    copy = scenarios.save_copy(second.with_note("theirs"))
    assert copy.key != first.key
    assert scenarios.load(copy.key).note == "theirs"


def test_a_scenario_deleted_elsewhere_can_be_kept_as_a_copy(begun: Scenario, scenarios: Scenarios):
    saved = scenarios.save(begun)
    where = scenarios.delete(saved.key)
    assert scenarios.list() == ()
    with pytest.raises(ConflictError, match="deleted"):
        scenarios.save(saved)
    assert scenarios.import_file(where).features == saved.features


def test_rename_duplicate_and_list(begun: Scenario, scenarios: Scenarios):
    saved = scenarios.save(begun)
    scenarios.rename(saved.key, "Better name")
    copy = scenarios.duplicate(saved.key, "Another")
    assert {row.name: row.sketches for row in scenarios.list()} == {"Better name": 2, "Another": 2}
    assert scenarios.load("better NAME").key == saved.key
    assert copy.key.startswith("another-")


def test_two_of_one_name_are_told_apart_by_key(begun: Scenario, scenarios: Scenarios):
    for _ in range(2):
        scenarios.save_copy(begun, "Same")
    with pytest.raises(PlanError, match="2 scenarios are called 'Same'"):
        scenarios.load("Same")


@pytest.mark.parametrize("name", [HOSTILE, "../../etc/passwd", "CON", "a\x00b\nc", "x" * 500, "名前", "."])
def test_a_hostile_name_stays_a_name(begun: Scenario, scenarios: Scenarios, name: str):
    saved = scenarios.save_copy(begun, name)
    assert [path.parent for path in scenarios.folder.glob("*.geojson")] == [scenarios.folder]
    assert scenarios.load(saved.key).name == saved.name
    assert saved.name.isprintable()
    assert len(saved.name) <= 120


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/b", "..", "", "UPPER", "a\x00"])
def test_no_key_leads_out_of_the_folder(scenarios: Scenarios, tmp_path: Path, key: str):
    (tmp_path / "outside.geojson").write_text("{}")
    with pytest.raises(PlanError):
        scenarios.load(key)
    with pytest.raises(PlanError):
        scenarios.delete(key)
    assert (tmp_path / "outside.geojson").exists()


def test_a_link_out_of_the_folder_is_not_opened(scenarios: Scenarios, tmp_path: Path):
    (tmp_path / "secret").write_text("{}")
    scenarios.folder.mkdir()
    (scenarios.folder / "link.geojson").symlink_to(tmp_path / "secret")
    with pytest.raises(PlanError, match="link to somewhere else"):
        scenarios.load("link")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 5000,
        '{"type": "FeatureCollection", "features": []}',
        '{"hjp_geo_scenario": {"format": 9, "name": "x", "plan": {}}, "features": []}',
        '{"hjp_geo_scenario": {"format": 1, "name": "x", "plan": {"topic": "magic"}}, "features": []}',
        '{"hjp_geo_scenario": {"format": 1, "name": "", "plan": {}}, "features": []}',
        '{"hjp_geo_scenario": {"format": 1, "name": "x", "plan": {}}, "features": [1]}',
        '{"hjp_geo_scenario": {"format": 1, "name": "x", "plan": {}, "assumptions": {"y": [1, 2, 3]}}, "features": []}',
    ],
)
def test_what_is_no_scenario_is_refused_with_words(scenarios: Scenarios, text: str):
    with pytest.raises(PlanError):
        scenarios.import_bytes(text.encode())


def test_a_damaged_file_is_listed_and_hides_no_other(begun: Scenario, scenarios: Scenarios):
    scenarios.save(begun)
    (scenarios.folder / "damaged.geojson").write_text("{")
    rows = {row.key: row for row in scenarios.list()}
    assert "not JSON" in rows["damaged"].trouble
    assert len(rows) == 2


def test_a_later_versions_settings_are_left_out_and_told(begun: Scenario, scenarios: Scenarios, tiny: Evidence):
    values = begun.to_dict()
    values["hjp_geo_scenario"]["plan"]["warp"] = 9
    values["hjp_geo_scenario"]["run"]["hjp_geo"] = "99.0"
    read = scenarios.import_bytes(json.dumps(values).encode())
    told = " ".join(Scenario.from_dict(values).differences(tiny))
    assert "warp" in told
    assert "hjp-geo 99.0" in told
    assert read.plan == begun.plan


def test_other_data_are_said_before_anything_is_computed(begun: Scenario, tiny: Evidence):
    assert begun.differences(tiny) == ()
    other = replace(begun.version, releases={"made_up": {"release": "0", "sha256": "f" * 64}, "gone": {}})
    told = replace(begun, version=other).differences(tiny)
    assert "Source gone was loaded then and is not now." in told
    assert any("release 0 then, 1 now" in line for line in told)
    assert replace(begun, version=other).made_with(tiny).differences(tiny) == ()


def test_another_build_of_the_same_files_is_no_difference(begun: Scenario, tiny: Evidence):
    assert replace(begun, version=replace(begun.version, build="other")).differences(tiny) == ()


def test_the_journal_can_be_read(begun: Scenario):
    changed = begun.with_plan(replace(PLAN, topic="housing")).with_features(begun.features[:1]).renamed("New")
    words = [entry.in_words().split("  ", 1)[1] for entry in changed.journal]
    assert words == [
        "Begun: Two sites",
        "Sketch added: Site",
        "Sketch added: Site",
        'Question changed: topic = "housing"',
        "Sketch removed: two",
        "Named: New",
    ]


def test_dragging_a_sketch_is_one_entry_of_the_journal(begun: Scenario):
    dragged = begun
    for step in range(20):
        dragged = dragged.with_features([sketch(5 + step / 100, "one"), begun.features[1]])
    assert len(dragged.journal) <= len(begun.journal) + 1
    assert replay(dragged.journal).features == dragged.features


@given(moves=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.sampled_from(["put", "take", "topic"]))))
def test_the_journal_leads_to_the_same_scenario(tiny: Evidence, moves: list[tuple[str, int, str]]):
    found = Scenario.begin("Any", PLAN, tiny)
    for name, area, move in moves:
        others = [one for one in found.features if one["properties"]["id"] != name]
        if move == "topic":
            found = found.with_plan(replace(found.plan, topic=["debt", "housing"][area % 2]))
        else:
            found = found.with_features([*others, sketch(area, name)] if move == "put" else others)
    again = replay([Entry(**one.to_dict()) for one in found.journal])
    by_id = [sorted(one.features, key=lambda feature: feature["properties"]["id"]) for one in (again, found)]
    assert by_id[0] == by_id[1]
    assert again.plan == found.plan


def test_two_sketches_of_one_id_are_refused(begun: Scenario):
    with pytest.raises(PlanError, match="same id"):
        begun.with_features([sketch(1, "one"), sketch(2, "one")])


def test_a_folder_that_cannot_be_written_says_so(begun: Scenario, tmp_path: Path):
    (tmp_path / "scenarios").write_text("in the way")
    with pytest.raises(PlanError, match="cannot be made"):
        Scenarios(tmp_path).save(begun)


def test_the_journal_made_again_gives_the_same_scenario_and_the_same_figures(begun: Scenario, tiny: Evidence):
    worked_out = begun.with_figures(figures_of(begun.assess(tiny)))
    found = rerun(worked_out, tiny)
    assert found.is_same
    assert found.state == found.warnings == ()
    assert found.scenario.features == begun.features
    assert "All figures are those kept with it" in found.sentence()
    # areas 4 to 6 around area 5, and 7 to 9 around area 8: six areas of 100 residents
    assert found.figures.loc["people", ["then", "now"]].to_list() == [600, 600]


def test_figures_that_differ_are_said_one_by_one(begun: Scenario, tiny: Evidence):
    kept = {**figures_of(begun.assess(tiny)), "people": 599.0}
    found = rerun(begun.with_figures(kept), tiny)
    assert not found.is_same
    assert found.figures.index[~found.figures["same"]].to_list() == ["people"]
    assert "1 of 7 figures differ" in found.sentence()


def test_a_sketch_that_the_journal_knows_nothing_of_is_said(begun: Scenario, tiny: Evidence):
    slipped_in = replace(begun, features=(*begun.features, sketch(2, "three", name="Slipped in")))
    found = rerun(slipped_in, tiny)
    assert found.state == ("Sketch “Slipped in” is not in the journal.",)
    assert "nothing to hold these against" in found.sentence()


def test_a_damaged_journal_is_refused(begun: Scenario, tiny: Evidence):
    with pytest.raises(PlanError, match="begins with the entry"):
        rerun(replace(begun, journal=begun.journal[1:]), tiny)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.with_plan(replace(PLAN, topic="housing")),
        lambda one: one.with_features(one.features[:1]),
        lambda one: one.with_rule("area_share"),
        lambda one: one.with_assumptions(ASSUMPTIONS.changed({"hours_per_case": 3.0})),
    ],
)
def test_a_choice_that_changes_figures_forgets_those_kept(begun: Scenario, change: Callable[[Scenario], Scenario]):
    known = begun.with_figures({"people": 600.0})
    assert known.renamed("Other").with_note("why").figures == {"people": 600.0}
    assert change(known).figures == {}


def test_figures_are_kept_beside_a_scenario_without_counting_as_a_choice(begun: Scenario, scenarios: Scenarios):
    mine = scenarios.save(begun)
    theirs = scenarios.load(mine.key)
    scenarios.keep_figures(mine.with_figures({"people": 600.0, "mean_access_after": None}))
    assert scenarios.load(mine.key).figures == {"people": 600.0, "mean_access_after": None}
    saved = scenarios.save(theirs.with_note("no clash"))  # the revision has not moved
    scenarios.keep_figures(mine.with_figures({"people": 1.0}))  # but now it has: these are of another state
    assert scenarios.load(mine.key).to_dict() == saved.to_dict()


def test_what_another_has_saved_since_is_found(begun: Scenario, scenarios: Scenarios):
    mine = scenarios.save(begun)
    assert scenarios.newer(mine) is None
    scenarios.save(scenarios.load(mine.key).with_note("theirs"))
    newer = scenarios.newer(mine)
    assert newer is not None
    assert newer.note == "theirs"
    scenarios.delete(mine.key)
    assert scenarios.newer(mine) is None


def test_taking_a_scenario_over_to_other_data_is_a_choice_of_the_journal(begun: Scenario, tiny: Evidence):
    old = replace(begun, version=replace(begun.version, hjp_geo="0.0.1"))
    taken = old.made_with(tiny)
    assert taken.journal[-1].what == "data"
    assert begun.made_with(tiny).journal == begun.journal
    assert rerun(taken, tiny).state == ()


# comparing ----------------------------------------------------------------------------------------------------------


def test_against_today_a_site_shows_its_winners(tiny: Evidence):
    # today one office reaches areas 0 to 3; b adds a site in area 8 that reaches 7, 8, 9 (7+8+9 in need)
    nothing = Scenario.begin("Today", PLAN, tiny)
    one = Scenario.begin("East", PLAN, tiny).with_features([sketch(8, "x")])
    found = compare(nothing, one, tiny)
    assert found.winners.index.to_list() == ["E01990007", "E01990008", "E01990009"]
    assert found.losers.empty
    # one site for 24 people in need, everyone in the first third of the cutoff: 100,000 / 24 each
    assert found.areas.loc["E01990008", "difference"] == pytest.approx(100_000 / 24)
    assert found.totals.loc["desert_areas", ["a", "b", "difference"]].to_list() == [2, 0, -2]
    assert found.totals.loc["reached", "b"] == 300
    assert found.warnings == ()


def test_who_loses_is_listed_too(tiny: Evidence):
    here = Scenario.begin("Here", PLAN, tiny).with_features([sketch(8, "x")])
    there = Scenario.begin("There", PLAN, tiny).with_features([sketch(5, "x")])
    found = compare(here, there, tiny)
    assert set(found.losers.index) == {"E01990007", "E01990008", "E01990009"}
    assert set(found.winners.index) == {"E01990004", "E01990005", "E01990006"}
    assert found.areas["difference"].sub(-compare(there, here, tiny).areas["difference"]).abs().max() == 0


def test_questions_that_differ_are_warned_of_and_access_is_not_subtracted(tiny: Evidence):
    one = Scenario.begin("One", PLAN, tiny)
    other = Scenario.begin("Other", replace(PLAN, demand="residents"), tiny)
    found = compare(one, other, tiny)
    assert found.areas["difference"].isna().all()
    assert any("differ in demand" in line for line in found.warnings)
    assert any("not subtracted" in line for line in found.warnings)


def test_what_differs_is_listed_field_by_field(tiny: Evidence):
    one = Scenario.begin("One", PLAN, tiny)
    assert clashes(one, one, tiny).empty
    other = Scenario.begin("Other", replace(PLAN, cutoff_km=5, demand="residents"), tiny)
    other = other.with_rule("area_share").with_assumptions(ASSUMPTIONS.changed({"hours_per_case": 3.0}))
    releases = {name: {**about, "sha256": "f" * 64} for name, about in one.version.releases.items()}
    other = replace(other, version=replace(one.version, hjp_geo="0.0.1", releases=releases))
    told = clashes(one, other, tiny).set_index("field")
    assert told.loc["hjp-geo", ["kind", "b"]].to_list() == ["version", "0.0.1"]
    assert told.loc["made_up", "kind"] == "data"
    assert "(file ffffffff)" in told.loc["made_up", "b"]
    assert told.loc["cutoff_km", ["a", "b", "here"]].to_list() == ["3.0", "5.0", ""]
    assert "not subtracted" in told.loc["demand", "effect"]
    assert "not subtracted" not in told.loc["cutoff_km", "effect"]
    assert set(told["kind"]) == {"version", "data", "question", "rule", "assumption"}


def test_two_made_with_the_same_older_data_still_clash_with_what_is_here(tiny: Evidence):
    one = Scenario.begin("One", PLAN, tiny)
    old = replace(one, version=replace(one.version, hjp_geo="0.0.1"))
    assert clashes(old, old, tiny)["kind"].to_list() == ["version"]


def test_who_gains_and_who_loses_reach_is_told_apart(tiny: Evidence):
    here = Scenario.begin("Here", PLAN, tiny).with_features([sketch(6, "x")])  # areas 5, 6, 7
    there = Scenario.begin("There", PLAN, tiny).with_features([sketch(8, "x")])  # areas 7, 8, 9
    found = compare(here, there, tiny)
    assert found.newly_reached.index.to_list() == ["E01990009", "E01990008"]
    assert found.no_longer_reached.index.to_list() == ["E01990006", "E01990005"]
    assert found.areas.loc["E01990008", ["nearest_km_a", "nearest_km_b"]].to_list() == [8, 0]


def test_versions_that_clash_are_warned_of(tiny: Evidence):
    one = Scenario.begin("One", PLAN, tiny)
    old = replace(one, name="Old", version=replace(one.version, hjp_geo="0.0.1"))
    warnings = compare(one, old, tiny).warnings
    assert any(line.startswith("“Old”: Made with hjp-geo 0.0.1") for line in warnings)
    assert any("different data or versions" in line for line in warnings)


def test_only_an_old_draft_that_nobody_claimed_goes_to_the_bin(tiny: Evidence, scenarios: Scenarios):
    begun = Scenario.begin(f"{DRAFT}West", PLAN, tiny).with_features([sketch(5, "one")])
    old, named, noted = scenarios.save(begun), scenarios.save(begun), scenarios.save(begun)
    scenarios.rename(named.key, f"{DRAFT}of ours")
    scenarios.save(noted.with_note("for the board"))
    assert scenarios.tidy_drafts(days=1) == ()  # saved just now
    assert scenarios.tidy_drafts(days=-1) == (old.key,)
    assert {row.key for row in scenarios.list()} == {named.key, noted.key}
    assert [path.name[: len(old.key)] for path in (scenarios.folder / "bin").iterdir()] == [old.key]
