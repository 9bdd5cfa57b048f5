"""Gaps that survive scrutiny: two counts side by side, thresholds that move, lists that may be incomplete."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_services import service, with_services
from tiny_warehouse import CODES

from hjp_geo import cli
from hjp_geo.desert import DESERT_RULES
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.gaps import (
    Outreach,
    assumed_points,
    both_counts,
    law_society_table,
    list_or_service_gap,
    rules_table,
    sensitivity,
)
from hjp_geo.plan import Plan, answer

# two counts ----------------------------------------------------------------------------------------------------------


def test_the_two_counts_side_by_side(tiny: Evidence):
    # the office stands in area 0, so West Row (0 to 4) has one and East Row none. With a cutoff of 3 km areas 4 to 9
    # reach nothing and tie as the worst for access: area 4 is missed by the district, areas 5 to 9 by both.
    counts = both_counts(Plan(cutoff_km=3), tiny)
    assert counts.areas["agreement"].to_list() == ["neither"] * 4 + ["access only"] + ["both"] * 5
    assert counts.by_district["people"].to_list() == [500, 500, 0]
    assert counts.by_reach["people"].to_list() == [600, 400, 0]
    assert counts.agreement.loc["access only"].to_list() == [1, 100, 10]
    assert counts.areas_in_disagreement == 1
    assert counts.districts["lad24_name"].to_list() == ["West Row"]
    assert counts.districts["people_in_disagreement"].to_list() == [100]


def test_areas_served_from_next_door_are_no_deserts_of_access(tiny: Evidence):
    # cutoff 5 km: area 5 is exactly 5 km from the office over its border
    counts = both_counts(Plan(cutoff_km=5), tiny)
    assert counts.areas.loc[CODES[5], "agreement"] == "district only"
    assert counts.areas["agreement"].to_list()[6:] == ["both"] * 4


def test_no_list_means_no_counts(tiny: Evidence):
    counts = both_counts(Plan(topic="immigration"), tiny)
    assert counts.areas[["by_district", "by_access", "agreement"]].isna().all(axis=None)
    assert counts.by_district["people"].sum() == 0
    assert counts.by_district["share_of_people_pct"].isna().all()


@st.composite
def random_services(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw(st.integers(1, 6))):
        channel = draw(st.sampled_from(["in_person", "in_person", "outreach", "phone"]))
        rows.append(
            service(
                f"s{number}",
                None if channel == "phone" else draw(st.sampled_from([-2, 0, 1, 3.5, 4, 4.5, 6, 9, 30])),
                channel=channel,
                evidence=draw(st.sampled_from(["listed", "own"])),
                hours_per_week=draw(st.sampled_from([float("nan"), 0.0, 5.0])),
                served_areas=draw(st.sampled_from(["england", "E07990001", "E07990002"])),
            )
        )
    return rows


def dense(rows: list[dict[str, Any]], cutoff: float, remote: str) -> dict[str, list[Any]]:
    """Counts and reasons once more, in plain loops over all pairs: the second implementation."""
    people, homes = np.arange(10.0), np.arange(10.0)
    district = ["E07990001"] * 5 + ["E07990002"] * 5
    counted = [
        r for r in rows if r["channel"] == "in_person" or (r["channel"] == "outreach" and r["evidence"] == "own")
    ]
    phones = [r for r in rows if r["channel"] == "phone"]
    standing = [
        None if not -0.5 <= r["km"] <= 9.5 else district[min(max(int(np.ceil(r["km"] - 0.5)), 0), 9)] for r in counted
    ]

    def takes(row: dict[str, Any], area: int) -> bool:
        return row["served_areas"] in ("england", district[area])

    def weight(row: dict[str, Any], area: int) -> float:
        km = abs(row["km"] - homes[area])
        return (
            0.0
            if not takes(row, area)
            else 1.0
            if km <= cutoff / 3
            else 0.68
            if km <= 2 * cutoff / 3
            else 0.22
            if km <= cutoff
            else 0.0
        )

    found: dict[str, list[Any]] = {"district": [], "reach": [], "access": [], "reason": []}
    for area in range(10):
        near = [r for r in counted if abs(r["km"] - homes[area]) <= cutoff]
        is_open = [r for r in near if r["hours_per_week"] != 0]
        eligible = [r for r in is_open if takes(r, area)]
        serving = [r for r in phones if takes(r, area)]
        access = 0.0
        for r in counted:
            shared = sum(people[k] * weight(r, k) for k in range(10))
            if r["hours_per_week"] != 0 and shared > 0:
                access += weight(r, area) / shared
        if remote == "count":
            for r in serving:
                users = sum(people[k] for k in range(10) if takes(r, k))
                access += (r["hours_per_week"] != 0) / users if users else 0.0
        only_remote = remote == "count" and not eligible and bool(serving)
        sites = len(counted) + (len(serving) if remote == "count" else 0)
        reason = (
            "no_provider" if sites == 0
            else "too_far" if not near and not only_remote
            else "not_open" if not is_open and not only_remote
            else "not_eligible" if not eligible and not only_remote
            else "full"
        )  # fmt: skip
        found["district"].append(sum(d == district[area] for d in standing))
        found["reach"].append(len(near))
        found["access"].append(access * 100_000)
        found["reason"].append(reason)
    return found


def covered(rows: list[dict[str, Any]]) -> list[bool]:
    """Of which areas a list speaks: a published one of all; own rows of where they stand and what they name."""
    if any(row["evidence"] == "listed" for row in rows):
        return [True] * 10
    spoken = {row["served_areas"] for row in rows}
    standing = [row["km"] for row in rows if row["km"] is not None and -0.5 <= row["km"] <= 9.5]
    spoken |= {"E07990001" if km <= 4.5 else "E07990002" for km in standing}
    return ["E07990001" in spoken] * 5 + ["E07990002" in spoken] * 5


@settings(max_examples=25, deadline=None)
@given(random_services(), st.sampled_from([2.0, 3.0, 7.3]), st.sampled_from(["leave_out", "count"]))
def test_counts_and_reasons_equal_a_second_implementation(
    tiny: Evidence, rows: list[dict[str, Any]], cutoff: float, remote: str
):
    known = with_services(tiny, rows)
    plan = Plan(cutoff_km=cutoff, remote=remote, desert="beyond_distance")
    expected, counts = dense(rows, cutoff, remote), both_counts(plan, known)
    spoken_of = covered(rows)
    for column, name in {"sites_in_district": "district", "sites_in_reach": "reach", "access": "access"}.items():
        there = np.where(spoken_of, np.array(expected[name], dtype=float), np.nan)
        np.testing.assert_allclose(counts.areas[column], there, rtol=1e-9, atol=1e-6)
    assert (counts.areas["by_district"].notna() == spoken_of).all()
    if not all(spoken_of):  # worst shares are then of fewer areas
        return
    assert (counts.areas["by_district"] == (np.array(expected["district"]) == 0)).all()
    ordered = sorted(np.round(expected["access"], 6))
    assert (counts.areas["by_access"] == (np.round(expected["access"], 6) <= ordered[1])).all()
    for rule in ("no_provider_in_district", "beyond_distance"):
        found = answer(replace(plan, desert=rule), known)
        flagged = found.areas["desert"].to_numpy(dtype=bool)
        assert found.areas["reason"].fillna("").to_list() == [
            reason if flag else "" for reason, flag in zip(expected["reason"], flagged, strict=True)
        ]
        assert found.reasons["people"].sum() == found.totals.people_flagged


def test_legal_aid_by_topic_in_the_form_of_the_law_society(tiny: Evidence):
    # two housing offices in area 0 and one for education in area 9
    rows = [
        service("a", 0, topic="housing", assistance="specialist_legal_aid"),
        service("b", 0, topic="housing", assistance="specialist_legal_aid"),
        service("c", 9, topic="education", assistance="specialist_legal_aid"),
    ]
    table = law_society_table(Plan(cutoff_km=3), with_services(tiny, rows))
    housing = table.loc["housing"]
    assert housing[["offices", "districts_none", "districts_one", "districts_more"]].to_list() == [2, 1, 0, 1]
    assert housing[["people_none", "people_one", "people_more"]].to_list() == [500, 0, 500]
    assert housing[["reach_none_pct", "access_desert_pct"]].to_list() == [60, 60]
    assert housing[["areas_district_only", "areas_access_only", "areas_disagree"]].to_list() == [0, 1, 1]
    assert table.loc["education", "people_one"] == 500
    assert table.loc["debt"].isna().all()  # no list covers it: no figure, not none
    with pytest.raises(PlanError, match="No legal aid offices are loaded"):
        law_society_table(Plan(), tiny)


# rules and thresholds ------------------------------------------------------------------------------------------------


def test_rules_side_by_side_with_their_thresholds(tiny: Evidence):
    table = rules_table(Plan(cutoff_km=3, own_rule="need_fifth = 1"), tiny)
    assert set(table.index) == set(DESERT_RULES) - {"low_access_cluster"}
    assert table.loc["need_and_access_quintile", "people_flagged"] == 200
    assert table.loc["no_provider_in_district", "people_flagged"] == 500
    assert table.loc["beyond_distance", "people_flagged"] == 600
    assert table.loc["own_rule", "people_flagged"] == 200
    assert table.loc["need_and_access_quintile", "thresholds"] == "a site reaches 3 km, worst 20% of areas"
    assert "own_rule" not in rules_table(Plan(), tiny).index
    with pytest.raises(PlanError, match="no desert rule called 'far'"):
        rules_table(Plan(), tiny, ["far"])


@pytest.mark.parametrize("rule", sorted(DESERT_RULES))
def test_the_strip_holds_todays_figure(tiny: Evidence, rule: str):
    plan = Plan(cutoff_km=3, desert=rule, own_rule="nearest > 4 and need_fifth = 1")
    table, found = sensitivity(plan, tiny), answer(plan, tiny)
    now = table[table["is_now"]]
    assert len(now) >= 1
    assert (now["people_flagged"] == found.totals.people_flagged).all()
    assert (now["areas_flagged"] == found.totals.areas_flagged).all()


def test_a_nearer_limit_leaves_more_beyond_it(tiny: Evidence):
    # cutoffs 2, 3, 3.6, 4, 4.4, 5, 6 km: areas from 3, 4, 4, 5, 5, 6, 7 on are beyond
    table = sensitivity(Plan(cutoff_km=4, desert="beyond_distance"), tiny)
    assert table["value"].to_list() == [2, 3, 3.6, 4, 4.4, 5, 6]
    assert table["areas_flagged"].to_list() == [7, 6, 6, 5, 5, 4, 3]


def test_each_number_of_an_own_rule_is_moved_but_no_fifth(tiny: Evidence):
    table = sensitivity(Plan(desert="own_rule", own_rule="need_fifth = 1 and nearest > 8"), tiny)
    assert set(table["setting"]) == {"cutoff_km", "own_rule: nearest >"}
    own = table[table["setting"] == "own_rule: nearest >"].set_index("value")
    assert own["areas_flagged"].to_dict() == {4: 2, 6: 2, 7.2: 2, 8: 1, 8.8: 1, 10: 0, 12: 0}


# list gap or service gap ----------------------------------------------------------------------------------------------


def test_what_outreach_would_undo_may_be_a_gap_in_the_list(tiny: Evidence):
    # one point a district: West Row's in its practice (area 2), East Row's, which has none, in the middle of its area
    # with most people in need (9). Limit 2 km: today areas 3 to 9 are beyond; then 5 (3 km from 2) and 6 (3 from 9)
    plan = Plan(cutoff_km=2, desert="beyond_distance")
    found = list_or_service_gap(plan, tiny, Outreach(points_per_district=1))
    assert found.points["easting"].to_list() == [402_500, 409_500]
    assert found.areas["gap"].to_list() == [
        *["no desert"] * 3, *["list gap possible"] * 2, *["service gap"] * 2, *["list gap possible"] * 3,
    ]  # fmt: skip
    assert found.totals["people"].to_list() == [200, 500, 300]
    assert found.today.people_flagged == 700
    assert found.with_outreach.people_flagged == 200
    assert found.words.startswith("Assumed, not known: 1 outreach points in every district")


def test_deserts_of_need_and_access_are_judged_by_todays_line(tiny: Evidence):
    # today's worst access is 0; with a point at area 9 areas 8 and 9 have some, so neither stays a desert, although
    # two of ten areas are always the worst fifth
    found = list_or_service_gap(Plan(cutoff_km=3), tiny, Outreach(points_per_district=1))
    assert found.totals.loc["list gap possible", "areas"] == 2
    assert found.with_outreach.people_flagged == 0


def test_two_practices_in_one_building_are_one_host(tiny: Evidence):
    twice = replace(tiny, health_sites=pd.concat([tiny.health_sites, tiny.health_sites.set_axis(["Z99002"])]))
    points = assumed_points(Plan(), twice, Outreach(points_per_district=2))
    assert not points.duplicated(["easting", "northing"]).any()
    assert len(points) == 4


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(topic="housing", assistance="specialist_legal_aid"), "matter of general advice"),
        (Plan(topic="immigration"), "No loaded list covers"),
        (Plan(desert="low_access_cluster"), "no line to hold"),
    ],
)
def test_where_it_cannot_be_asked_it_says_so(tiny: Evidence, plan: Plan, said: str):
    with pytest.raises(PlanError, match=said):
        list_or_service_gap(plan, tiny)


def test_an_assumption_that_assumes_nothing_is_refused(tiny: Evidence):
    with pytest.raises(PlanError, match="expected at least 1"):
        assumed_points(Plan(), tiny, Outreach(points_per_district=0))


# command line ---------------------------------------------------------------------------------------------------------


def run(cache: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["--cache", str(cache), "deserts", *arguments])
    return int(left.value.code or 0)


def test_the_command_puts_everything_side_by_side(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    assert run(tiny_cache, "--cutoff-km", "3") == 0
    out = capsys.readouterr().out
    assert "2 areas, 200 people (20.0 %)" in out
    for heading in ("reasons", "rules", "agreement", "sensitivity", "list gap or service gap"):
        assert f"\n{heading}\n" in out
    assert "Assumed, not known: 9 outreach points" in out
    assert "The two counts disagree in 1 areas." in out


@pytest.mark.parametrize(
    "which", ["reasons", "rules", "both-counts", "sensitivity", "list-gap", "probability", "equity"]
)
def test_every_table_is_there_for_programs(tiny_cache: Path, capsys: pytest.CaptureFixture[str], which: str):
    assert run(tiny_cache, "--cutoff-km", "3", "--table", which, "--draws", "10", "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["rule"]["name"] == "need_and_access_quintile"
    assert values["tables"]
    assert values["attribution"]


def test_a_table_that_cannot_be_made_says_why(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    assert run(tiny_cache, "--table", "law-society") == 1
    assert "No legal aid offices are loaded" in capsys.readouterr().err


def test_a_topic_without_a_list_has_no_deserts(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    assert run(tiny_cache, "--topic", "immigration") == 0
    assert "no verdict, and no data is not a desert" in capsys.readouterr().out


# England -------------------------------------------------------------------------------------------------------------


@pytest.mark.replica
def test_england_by_legal_aid_offices_in_the_local_authority(england_cache: Path):
    # directory of March 2026, all 296 districts; housing: the Law Society had 43.6 % with none in October 2023
    table = law_society_table(Plan(), Evidence.load(england_cache))
    people = table[["people_none", "people_one", "people_more"]].sum(axis=1)
    assert (people.drop("employment").round() == 57_112_129).all()
    assert table.loc["employment"].isna().all()
    housing = table.loc["housing"]
    assert housing["offices"] == 334
    assert housing["people_none_pct"] == pytest.approx(43.24, abs=0.01)
    assert housing["people_more_pct"] == pytest.approx(35.23, abs=0.01)
    none = {"welfare_benefits": 215, "debt": 174, "housing": 174, "education": 281, "community_care": 237}
    assert table["districts_none"].drop("employment").to_dict() == {**none, "immigration": 224}
    assert housing["areas_disagree"] == 5_906
