"""Travel-time catchments: which areas they hold, worked out by hand on ten areas in a row, and what made them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_warehouse import CODES, HOSTILE, SOUTH, WEST, write_tiny_warehouse

from hjp_geo.errors import GeographyError, HjpError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.journeys import matrix_journeys, remove_journeys, save_journeys, straight_line_journeys
from hjp_geo.plan import Plan
from hjp_geo.scenario import Scenario
from hjp_geo.siting import Candidate, areas_within, assess, catchment_of, resolved, short_label

PLAN = Plan(cutoff_km=3)
MIDDLE = SOUTH + 500
SURGERY = (WEST + 2500.0, SOUTH + 500.0)  # Z99001 stands in the middle of area 2


def at(area: float, minutes: float, mode: str = "walk", name: str = "Site") -> Candidate:
    return Candidate.within_minutes((WEST + 1000 * area + 500, MIDDLE), minutes, mode=mode, name=name)


def table(*places: tuple[float, float]) -> pd.DataFrame:
    codes = pd.Index([f"a{n}" for n in range(len(places))], name="area_code")
    return pd.DataFrame(places, columns=["easting", "northing"], index=codes, dtype="float64")


# which areas --------------------------------------------------------------------------------------------------------


def test_a_walk_takes_the_areas_whose_centre_is_near_enough_by_road():
    # Urban: 1 km in a straight line is 1.3 km of way, 16.25 minutes at 4.8 km/h. Rural: 1.4 km, 17.5 minutes.
    areas = table((1000, 0), (1000, 0), (0, 1000), (2000, 0))
    classes = pd.Series(["urban", "rural", "urban", "urban"], index=areas.index)
    found = areas_within(areas, (0, 0), 16.25, mode="walk", rural_urban=classes)
    assert found.to_dict() == {"a0": 16.25, "a2": 16.25}  # exactly the limit is inside
    assert areas_within(areas, (0, 0), 17.5, mode="walk", rural_urban=classes).index.to_list() == ["a0", "a1", "a2"]


def test_so_a_catchment_is_no_circle():
    # By car a rural km takes 1.4 / 50 h = 1.68 minutes, an urban one 1.3 / 30 h = 2.6: 18.48 against 20.8 minutes
    areas = table((11_000, 0), (8_000, 0))
    classes = pd.Series(["rural", "urban"], index=areas.index)
    assert areas_within(areas, (0, 0), 20, mode="drive", rural_urban=classes).round(2).to_dict() == {"a0": 18.48}


def test_public_transport_is_fifteen_km_an_hour():
    areas = table((2500, 0))  # 2.5 km x 1.4 (class not known) / 15 km/h = 14 minutes
    assert areas_within(areas, (0, 0), 14, mode="public_transport").to_dict() == {"a0": 14.0}
    assert areas_within(areas, (0, 0), 13.9, mode="public_transport").empty


def test_an_area_that_is_nowhere_is_in_no_catchment():
    areas = table((0, 0), (np.nan, np.nan))
    assert areas_within(areas, (0, 0), 120, mode="drive").index.to_list() == ["a0"]


Place: TypeAlias = tuple[float, float]
Places: TypeAlias = list[Place]
coordinates = st.tuples(st.integers(0, 60_000), st.integers(0, 60_000))
places = st.lists(coordinates, min_size=1, max_size=12)
lengths = st.floats(0.5, 120, allow_nan=False)
modes = st.sampled_from(["walk", "public_transport", "drive"])


@settings(max_examples=50)
@given(places, coordinates, lengths, lengths, modes)
def test_more_minutes_never_lose_an_area(some: Places, point: Place, first: float, second: float, mode: str):
    areas, (less, more) = table(*some), sorted((first, second))
    few = areas_within(areas, point, less, mode=mode).index
    assert few.isin(areas_within(areas, point, more, mode=mode).index).all()


@settings(max_examples=50)
@given(places, coordinates, lengths, st.lists(st.booleans(), min_size=12, max_size=12))
def test_what_can_be_walked_can_be_driven(some: Places, point: Place, minutes: float, urban: list[bool]):
    areas = table(*some)
    classes = pd.Series(urban[: len(areas)], index=areas.index)
    walk, bus, drive = (
        areas_within(areas, point, minutes, mode=mode, rural_urban=classes).index
        for mode in ("walk", "public_transport", "drive")
    )
    assert walk.isin(bus).all()
    assert bus.isin(drive).all()


@settings(max_examples=50)
@given(places, coordinates, lengths, st.sampled_from(["walk", "drive"]))
def test_it_is_the_estimate_that_access_uses(some: Places, point: Place, minutes: float, mode: str):
    """A second way to the same number: the journeys of a plan in estimated minutes."""
    areas = table(*some)
    site = pd.DataFrame(
        [point], columns=["easting", "northing"], index=pd.Index(["s"], name="site_id"), dtype="float64"
    )
    other = straight_line_journeys(areas, site, cutoff_minutes=minutes, mode=mode).costs
    found = areas_within(areas, point, minutes, mode=mode)
    assert found.to_dict() == dict(zip(other["area_code"], other["minutes"], strict=True))


# on the warehouse ---------------------------------------------------------------------------------------------------


def test_the_figures_take_the_areas_of_the_catchment(tiny: Evidence):
    # No class is loaded: 1.4 x 1 km at 4.8 km/h is 17.5 minutes to the neighbours' centres, 35 to the next ones'
    for minutes, places in ((17.4, [4]), (17.5, [3, 4, 5]), (35, [2, 3, 4, 5, 6])):
        site = at(4, minutes)
        total = assess(PLAN, [site], tiny).total
        assert total.areas.to_list() == [CODES[n] for n in places]
        assert total.areas.to_list() == list(catchment_of(site, tiny).codes)
        assert (total.people, total.people_in_need) == (100 * len(places), sum(places))


def test_it_says_what_made_it(tiny: Evidence):
    site = at(4, 20)
    found = catchment_of(site, tiny)
    assert found.estimated
    assert found.how.startswith("20 minutes on foot. Estimated from the straight line on foot, not from roads")
    assert found.how in assess(PLAN, [site], tiny).total.notes
    assert short_label(site, found) == "20 min walk (estimated)"
    bus = at(4, 20, "public_transport")
    assert short_label(bus, catchment_of(bus, tiny)) == "20 min public transport (estimated)"


def test_its_ground_is_that_of_its_areas(tiny: Evidence):
    assert catchment_of(at(4, 20), tiny).ground.bounds == (WEST + 3000, SOUTH, WEST + 6000, SOUTH + 1000)


def test_the_sites_inside_are_those_in_its_areas(tiny: Evidence):
    assert assess(PLAN, [at(4, 35)], tiny).total.health_sites.index.to_list() == ["Z99001"]
    assert assess(PLAN, [at(4, 20)], tiny).total.health_sites.empty


def test_by_whichever_rule_whole_areas_count_and_none_is_cut(tiny: Evidence):
    for rule in ("centroid", "area_share"):
        total = assess(PLAN, [at(4, 20)], tiny, rule=rule).total
        assert (total.people, total.areas_cut) == (300, 0)


def test_distance_counts_from_its_point(tiny: Evidence):
    circle = Candidate.circle(WEST + 4500, MIDDLE, 1, "Circle")
    changes = [assess(PLAN, [one], tiny).effects.changes for one in (circle, at(4, 20))]
    pd.testing.assert_frame_equal(*changes)


def test_where_no_centre_is_in_reach_it_takes_the_area_it_stands_in(tiny: Evidence):
    site = Candidate.within_minutes((WEST + 4010, MIDDLE), 1, mode="walk")
    found = catchment_of(site, tiny)
    assert (found.codes, found.on_trust) == ((CODES[4],), True)
    assert "one area that it stands in" in " ".join(assess(PLAN, [site], tiny).total.notes)


def test_outside_every_area_is_refused_but_its_reach_may_come_from_outside(tiny: Evidence):
    with pytest.raises(GeographyError, match="outside every area"):
        catchment_of(Candidate.within_minutes((WEST - 9000, MIDDLE), 5, mode="walk"), tiny)
    near = Candidate.within_minutes((WEST - 500, MIDDLE), 17.5, mode="walk")
    assert catchment_of(near, tiny).codes == (CODES[0],)


@pytest.mark.parametrize(
    ("minutes", "mode", "words"),
    [
        (0, "walk", "0 minutes, expected above 0"),
        (121, "walk", "at most 120"),
        (float("nan"), "walk", "nan minutes"),
        (20, "broom", "no mode 'broom'; there are walk, drive, public_transport"),
    ],
)
def test_minutes_and_modes_that_make_no_sense_are_refused(minutes: float, mode: str, words: str):
    with pytest.raises(PlanError, match=words):
        at(4, minutes, mode)


# as a drawing -------------------------------------------------------------------------------------------------------


def test_a_drawn_point_with_minutes_is_the_same_catchment(tiny: Evidence):
    typed = at(4, 20, name=HOSTILE)
    drawn = typed.to_feature("x")
    by_mouse = {
        "type": "Feature",
        "geometry": drawn["geometry"],
        "properties": {"id": "y", "name": HOSTILE, "minutes": 20, "mode": "walk", "status": "new"},
    }
    both = [assess(PLAN, [Candidate.from_feature(one)], tiny).total for one in (drawn, by_mouse)]
    assert both[0].areas.equals(both[1].areas)
    assert both[0].people_in_need == both[1].people_in_need


def test_it_goes_through_a_file_and_back(tiny: Evidence):
    feature = at(4, 20, "drive", HOSTILE).to_feature("x")
    assert feature["geometry"]["type"] == "Point"
    assert {"minutes": 20.0, "mode": "drive"}.items() <= feature["properties"].items()
    assert "radius_m" not in feature["properties"]
    begun = Scenario.begin("One", PLAN, tiny).with_features([feature])
    back = Scenario.from_dict(json.loads(json.dumps(begun.to_dict())))
    assert back.candidates == (at(4, 20, "drive", HOSTILE),)
    assert resolved(back.candidates[0], tiny).to_feature("x") | {"properties": 0} == feature | {"properties": 0}


def test_how_a_map_shows_it_while_one_draws_is_no_part_of_what_is_kept(tiny: Evidence):
    feature = at(4, 20).to_feature("x")
    kept = Scenario.begin("One", PLAN, tiny).with_features([feature])
    shown = {**feature, "properties": {**feature["properties"], "status": "edited"}}
    assert kept.with_features([shown]).journal == kept.journal


def test_changing_its_minutes_in_the_file_changes_what_it_reaches(tiny: Evidence):
    feature = at(4, 20).to_feature("x")
    feature["properties"]["minutes"] = 35
    assert assess(PLAN, [Candidate.from_feature(feature)], tiny).total.people == 500


@pytest.mark.parametrize(
    "bad", [{"minutes": "soon", "mode": "walk"}, {"minutes": 20}, {"minutes": None, "mode": "walk"}]
)
def test_a_drawing_whose_minutes_cannot_be_read_says_so(bad: dict[str, object]):
    feature = {"geometry": {"type": "Point", "coordinates": [-2, 52.6]}, "properties": {"name": "Odd", **bad}}
    with pytest.raises(HjpError, match="Odd"):
        Candidate.from_feature(feature)


def test_a_point_without_any_reach_says_what_one_is():
    feature = {"geometry": {"type": "Point", "coordinates": [-2, 52.6]}, "properties": {"name": "Odd"}}
    with pytest.raises(GeographyError, match=r"needs a radius .*, or minutes and mode"):
        Candidate.from_feature(feature)


# kept journeys ------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_matrix(tmp_path: Path) -> Evidence:
    """The ten areas, and a bus matrix to the surgery: areas 0, 1 and 9 get there in 10, 20 and 30 minutes."""
    evidence = Evidence.load(write_tiny_warehouse(tmp_path))
    file = tmp_path / "bus.csv"
    file.write_text(
        f"area_code,site_id,minutes\n{CODES[0]},Z99001,10\n{CODES[1]},Z99001,20\n{CODES[9]},Z99001,30\n", "utf-8"
    )
    sites = pd.Index(["Z99001"], name="site_id")
    journeys = matrix_journeys(
        file, evidence.areas.index, sites, unit="minutes", mode="public_transport", cutoff_minutes=45
    )
    save_journeys(journeys, tmp_path)
    return evidence


def test_kept_journeys_make_the_catchment_of_a_site_that_they_go_to(with_matrix: Evidence):
    on_it = Candidate.within_minutes((SURGERY[0] + 3, SURGERY[1]), 20, mode="public_transport", name="Surgery")
    found = catchment_of(on_it, with_matrix)
    assert (found.codes, found.estimated) == ((CODES[0], CODES[1]), False)
    assert "THE ROW SURGERY (Z99001), by kept journeys" in found.how
    assert short_label(on_it, found) == "20 min public transport (kept journeys)"
    assert assess(PLAN, [on_it], with_matrix).total.areas.to_list() == CODES[:2]


def test_elsewhere_or_for_longer_than_they_know_it_is_the_estimate_and_says_why(with_matrix: Evidence):
    for site in (at(5, 20, "public_transport"), Candidate.within_minutes(SURGERY, 50, mode="public_transport")):
        found = catchment_of(site, with_matrix)
        assert found.estimated
        assert "The kept journeys public_transport-" in found.how
        assert "know no way" in found.how
    assert "kept journeys" not in catchment_of(at(2, 20, "walk"), with_matrix).how


def test_journeys_kept_or_removed_later_count_at_once(with_matrix: Evidence):
    site = Candidate.within_minutes(SURGERY, 20, mode="public_transport")
    assert not catchment_of(site, with_matrix).estimated
    cache = with_matrix.warehouse.path.parent
    remove_journeys(cache, "public_transport")
    assert catchment_of(site, with_matrix).estimated
