"""A plan in minutes: estimated on foot and by car, or kept from a matrix; unreachable and not known stay apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_services import service, with_services
from tiny_warehouse import CODES, write_tiny_warehouse

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats
from hjp_geo.gaps import Outreach, both_counts, list_or_service_gap, sensitivity, thresholds
from hjp_geo.journeys import matrix_journeys, save_journeys
from hjp_geo.plan import Plan, answer
from hjp_geo.uncertainty import Redraw, redraw_flags

# on foot, class not known: 1.4 times the straight line at 4.8 km/h, so 17.5 minutes a km; never under 0.25 km
WALK = Plan(journeys="walk", cutoff_minutes=35)


def test_a_site_reaches_so_many_minutes_inclusive(tiny: Evidence):
    # the office stands in area 0: 4.375 minutes there, then 17.5, 35.0 (in), 52.5 (out)
    found = answer(WALK, tiny)
    assert found.areas["sites_in_reach"].to_list() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert found.areas["nearest_minutes"].to_list()[:4] == [4.375, 17.5, 35.0, 52.5]
    assert found.areas["nearest_km"].to_list()[:4] == [0, 1, 2, 3]
    assert found.sites["in_place"].to_list() == [True]


def test_supply_is_shared_by_minutes(tiny: Evidence):
    # thirds of 35 minutes: 11.67, 23.33, 35: weights 1 (4.4), .68 (17.5), .22 (35); in need 0, 1, 2: .68 + .44 = 1.12
    access = answer(WALK, tiny).areas["access"]
    np.testing.assert_allclose(access.iloc[:4], np.array([1, 0.68, 0.22, 0]) / 1.12 * 100_000)


def test_reasons_and_caveats_are_in_minutes(tiny: Evidence):
    found = answer(Plan(journeys="walk", cutoff_minutes=35, desert="beyond_distance"), tiny)
    assert "The nearest site is 52.5 minutes away, beyond the limit of 35 minutes." in found.why(CODES[3])
    assert "3.0 km, 52 minutes" in found.why(CODES[3])
    assert any("Estimated from the straight line on foot" in line for line in caveats(found, tiny))
    assert "straight line on foot" in found.run["journeys"]
    assert thresholds(found.plan) == "a site reaches 35 minutes (on foot, estimated)"
    assert answer(Plan(), tiny).run["journeys"].startswith("Distances are straight lines")


def test_a_car_goes_further(tiny: Evidence):
    # by car: 1.4 at 30 km/h is 2.8 minutes a km, so 9 km take 25.2
    assert answer(Plan(journeys="drive", cutoff_minutes=25.2), tiny).areas["sites_in_reach"].to_list() == [1] * 10
    assert answer(Plan(journeys="drive", cutoff_minutes=25.1), tiny).areas["sites_in_reach"].iloc[9] == 0


def test_thresholds_and_outreach_are_moved_in_minutes(tiny: Evidence):
    plan = Plan(journeys="walk", cutoff_minutes=35, desert="beyond_distance")
    table = sensitivity(plan, tiny)
    assert set(table["setting"]) == {"cutoff_minutes"}
    assert table.set_index("value")["areas_flagged"].to_dict()[52.5] == 6  # areas 0 to 3 are within
    # a point in the practice of area 2 and in the middle of area 9: 35 minutes are 2 km, so 5 and 6 stay beyond
    gap = list_or_service_gap(plan, tiny, Outreach(points_per_district=1))
    assert gap.totals.loc["service gap", "areas"] == 2


def test_areas_served_hold_in_minutes(tiny: Evidence):
    choosy = with_services(tiny, [service("a", 4, served_areas="E07990002")])
    counts = both_counts(WALK, choosy)
    assert counts.areas["sites_in_reach"].to_list() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert (counts.areas["access"].iloc[:5] == 0).all()
    assert counts.areas["access"].iloc[5] > 0


@pytest.mark.parametrize(
    ("rule", "own"),
    [("need_and_access_quintile", None), ("beyond_distance", None), ("own_rule", "nearest > 60 and need_fifth < 3")],
)
def test_flags_drawn_again_where_nothing_moves_are_the_plans_own(tiny: Evidence, rule: str, own: str | None):
    plan = Plan(journeys="walk", cutoff_minutes=35, desert=rule, own_rule=own)
    still = Redraw(draws=2, weight_spread=0, threshold_spread=0, journey_spread=0, grades=())
    expected = answer(plan, tiny).framed["desert"].astype(float).to_list()
    assert redraw_flags(plan, tiny, still)["desert_probability"].to_list() == expected


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"journeys": "../etc"}, "expected straight_line, walk, drive, or a name kept"),
        ({"cutoff_minutes": 0}, "cutoff_minutes is 0"),
        ({"cutoff_minutes": 999}, "at most 120"),
    ],
)
def test_what_is_no_journey_is_refused(settings: dict[str, object], said: str):
    with pytest.raises(PlanError, match=said):
        Plan(**settings)  # type: ignore[arg-type]


class TestKept:
    """Public transport from a matrix: area 0 in 5 minutes, 1 in 40, 2 to another site only; nothing of the others."""

    @pytest.fixture
    def known(self, tmp_path: Path) -> tuple[Evidence, str]:
        evidence = Evidence.load(write_tiny_warehouse(tmp_path))
        matrix = tmp_path / "matrix.csv"
        matrix.write_text(
            f"area_code,site_id,minutes\n{CODES[0]},debt-1,5\n{CODES[1]},debt-1,40\n{CODES[2]},debt-2,9\n", "utf-8"
        )
        areas, sites = evidence.areas.index, evidence.sites.index
        made = matrix_journeys(matrix, areas, sites, unit="minutes", mode="public_transport")
        return evidence, save_journeys(made, tmp_path)

    def test_minutes_are_those_of_the_matrix(self, known: tuple[Evidence, str]):
        evidence, name = known
        found = answer(Plan(journeys=name, cutoff_minutes=30), evidence)
        assert found.areas["sites_in_reach"].to_list()[:3] == [1, 0, 0]
        assert found.areas["nearest_minutes"].to_list()[:2] == [5, 40]
        assert any("Of 1 counted sites the kept journeys reach 1" in note for note in found.supply_notes)

    def test_no_way_is_beyond_any_limit_and_not_known_has_no_verdict(self, known: tuple[Evidence, str]):
        evidence, name = known
        for rule in ("beyond_distance", "need_and_access_quintile"):
            plan = Plan(journeys=name, cutoff_minutes=30, desert=rule, worst_share=0.5)
            areas = answer(plan, evidence).areas
            assert areas["desert"].isna().to_list() == [False] * 3 + [True] * 7
            assert areas["reason"].to_list()[3:] == ["no_data"] * 7
            assert bool(areas["desert"].iloc[2]) == (rule == "beyond_distance")
        assert areas["access"].isna().to_list() == [False] * 3 + [True] * 7

    def test_a_new_site_has_no_way_in_a_matrix(self, known: tuple[Evidence, str]):
        evidence, name = known
        with pytest.raises(PlanError, match="know no way to a new site"):
            list_or_service_gap(Plan(journeys=name), evidence)

    def test_a_name_that_nobody_kept_says_what_there_is(self, known: tuple[Evidence, str]):
        with pytest.raises(PlanError, match="expected straight_line, walk, drive, or the name of kept journeys"):
            answer(Plan(journeys="lost-and-gone"), known[0])
