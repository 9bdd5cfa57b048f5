"""Journeys: the straight line with its assumptions, whose journey it is, and what is kept on disk."""

from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hjp_geo import cli
from hjp_geo.access import Binary, Reach, enhanced_floating_catchment_area
from hjp_geo.errors import GeographyError, PlanError, SchemaError, WarehouseError
from hjp_geo.journeys import (
    Journeys,
    StraightLine,
    by_car_ownership,
    car_less_reach,
    list_journeys,
    load_journeys,
    nearest_journey,
    remove_journeys,
    save_journeys,
    straight_line_journeys,
    within_km,
)

NAN = math.nan


def places(**at: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(at, orient="index", columns=["easting", "northing"], dtype=float)


# a at the origin; s 2 km east of it, t 4 km, u 10 km
TOWN = places(a=(0, 0))
SITES = places(s=(2000, 0), t=(4000, 0), u=(10_000, 0))
IN_TOWN = pd.Series({"a": True})


def minutes_of(journeys: Journeys) -> dict[str, float]:
    return dict(zip(journeys.costs["site_id"].astype(str), journeys.costs["minutes"], strict=True))


# the straight line ----------------------------------------------------------------------------------------------------


def test_minutes_are_the_straight_line_times_the_detour_at_the_speed_of_the_mode() -> None:
    # on foot in town: 2 km × 1.3 = 2.6 km at 4.8 km/h = 32.5 minutes; by car at 30 km/h 5.2, 10.4 and 26 minutes
    walk = straight_line_journeys(TOWN, SITES, cutoff_minutes=60, mode="walk", rural_urban=IN_TOWN)
    assert minutes_of(walk) == {"s": 32.5}
    drive = straight_line_journeys(TOWN, SITES, cutoff_minutes=60, mode="drive", rural_urban=IN_TOWN)
    assert minutes_of(drive) == pytest.approx({"s": 5.2, "t": 10.4, "u": 26.0})


def test_a_journey_that_takes_exactly_the_cutoff_is_there() -> None:
    # 10 km × 1.3 at 30 km/h are 26 minutes on paper, and a hair more in floating point
    at = straight_line_journeys(TOWN, SITES, cutoff_minutes=26, rural_urban=IN_TOWN)
    below = straight_line_journeys(TOWN, SITES, cutoff_minutes=25.999, rural_urban=IN_TOWN)
    assert ("u" in minutes_of(at), "u" in minutes_of(below)) == (True, False)


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        (True, 5.2),
        (False, 3.36),
        ("urban", 5.2),
        ("rural", 3.36),
        (None, 5.6),
        (NAN, 5.6),
        ("UN1", 5.2),
        ("UF1", 5.2),
        ("RLN1", 3.36),
        ("RSF1", 3.36),
        ("Urban: Nearer to a major town or city", 5.2),
        ("Smaller rural: Further from a major town or city", 3.36),
    ],
)
def test_the_class_of_the_area_may_be_said_in_any_usual_way(said: object, minutes: float) -> None:
    # 2 km by car: 1.3 at 30 km/h = 5.2; rural 1.4 at 50 km/h = 3.36; unknown 1.4 at 30 km/h = 5.6
    made = straight_line_journeys(TOWN, SITES, cutoff_minutes=7, rural_urban=pd.Series({"a": said}, dtype=object))
    assert minutes_of(made)["s"] == pytest.approx(minutes)


def test_an_area_without_a_class_is_counted_and_an_unknown_class_is_an_error() -> None:
    made = straight_line_journeys(TOWN, SITES, cutoff_minutes=30)
    assert made.notes == ("1 of 1 areas have no rural-urban class.",)
    with pytest.raises(GeographyError, match=r"such as a: 'marsh'.*UN1"):
        straight_line_journeys(TOWN, SITES, cutoff_minutes=30, rural_urban=pd.Series({"a": "marsh"}))


def test_a_trip_to_the_middle_of_the_own_area_is_not_free() -> None:
    # people live around the middle: 0.25 km × 1.3 at 4.8 km/h = 4.0625 minutes, or the area's own 1 km: 16.25
    here = places(here=(0, 0))
    plain = straight_line_journeys(TOWN, here, cutoff_minutes=30, mode="walk", rural_urban=IN_TOWN)
    own = straight_line_journeys(TOWN.assign(within_km=1.0), here, cutoff_minutes=30, mode="walk", rural_urban=IN_TOWN)
    unknown = straight_line_journeys(
        TOWN.assign(within_km=NAN), here, cutoff_minutes=30, mode="walk", rural_urban=IN_TOWN
    )
    assert [minutes_of(one)["here"] for one in (plain, own, unknown)] == [4.0625, 16.25, 4.0625]


def test_the_typical_trip_inside_an_area_is_two_thirds_of_the_radius_of_an_equal_circle() -> None:
    # a square kilometre: radius √(1/π) = 0.5642 km
    squares = gpd.GeoSeries({"a": shapely.box(0, 0, 1000, 1000), "b": None}, crs="EPSG:27700")
    found = within_km(squares)
    assert found["a"] == pytest.approx(0.37613, abs=1e-5)
    assert math.isnan(found["b"])


def test_the_sentence_beside_the_number_says_what_was_assumed() -> None:
    made = straight_line_journeys(TOWN, SITES, cutoff_minutes=30, mode="walk")
    assert "straight line on foot, not from roads" in made.how
    assert "urban × 1.3 at 4.8 km/h" in made.how
    slow = StraightLine(speed_km_h={"walk": dict.fromkeys(("urban", "rural", "unknown"), 2.0)})
    assert "at 2 km/h" in slow.words("walk")
    other = straight_line_journeys(TOWN, SITES, cutoff_minutes=30, mode="walk", assumptions=slow)
    assert other.made_from != made.made_from


def test_what_made_them_does_not_depend_on_the_order_of_rows() -> None:
    first = straight_line_journeys(TOWN, SITES, cutoff_minutes=30)
    again = straight_line_journeys(TOWN, SITES.iloc[::-1], cutoff_minutes=30)
    assert first.made_from == again.made_from
    pd.testing.assert_frame_equal(first.costs, again.costs)


def test_the_nearest_journey_is_there_however_far() -> None:
    far = places(u=(300_000, 0))
    # 300 km × 1.4 at 30 km/h
    assert nearest_journey(TOWN, far).to_dict("index") == {"a": {"site_id": "u", "minutes": 840.0}}
    assert nearest_journey(TOWN, far.iloc[:0]).isna().all(axis=None)


def test_no_straight_line_stands_in_for_a_timetable() -> None:
    with pytest.raises(PlanError, match="mode is 'public_transport'; expected one of walk, drive"):
        straight_line_journeys(TOWN, SITES, cutoff_minutes=30, mode="public_transport")
    with pytest.raises(PlanError, match="cutoff_minutes is 0"):
        straight_line_journeys(TOWN, SITES, cutoff_minutes=0)
    with pytest.raises(PlanError, match="detour is"):
        StraightLine(detour={"urban": 0.5, "rural": 1, "unknown": 1})


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 9000)), min_size=1, max_size=6, unique=True))
def test_every_pair_in_reach_is_there_and_no_other(points: list[tuple[int, int]]) -> None:
    sites = places(**{f"s{n}": point for n, point in enumerate(points)})
    made = minutes_of(straight_line_journeys(TOWN, sites, cutoff_minutes=15, rural_urban=IN_TOWN))
    expected = {f"s{n}": round(max(math.hypot(*p) / 1000, 0.25) * 1.3 / 30 * 60, 6) for n, p in enumerate(points)}
    assert made == pytest.approx({site: minutes for site, minutes in expected.items() if minutes <= 15}, abs=2e-6)


# the shape ------------------------------------------------------------------------------------------------------------


def test_journeys_make_a_reach_after_being_limited_to_the_sites_that_count() -> None:
    # two areas 0 and 2 km from s, only s counts: 6 hours among 10 + 20 people
    areas = places(a=(0, 0), b=(4000, 0))
    made = straight_line_journeys(areas, SITES, cutoff_minutes=30)
    supply, demand = pd.Series({"s": 6.0}), pd.Series({"a": 10.0, "b": 20.0})
    reach = Reach(demand, supply, made.limited_to(sites=supply.index).costs, Binary(30))
    assert enhanced_floating_catchment_area(reach).to_list() == pytest.approx([0.2, 0.2])
    assert set(made.limited_to(areas=pd.Index(["b"])).costs["area_code"]) == {"b"}
    assert made.limited_to(areas=areas.index) is made


def test_a_reach_takes_codes_that_are_categories_as_it_takes_text() -> None:
    made = straight_line_journeys(TOWN, SITES, cutoff_minutes=30)
    as_text = made.costs.astype({"area_code": "str", "site_id": "str"})
    demand, supply = pd.Series({"a": 1.0}), pd.Series({"s": 1.0, "t": 2.0, "u": 3.0})
    one, two = (enhanced_floating_catchment_area(Reach(demand, supply, c, Binary(9))) for c in (made.costs, as_text))
    pd.testing.assert_series_equal(one, two)


def test_a_shorter_limit_narrows_and_a_longer_one_is_refused() -> None:
    made = straight_line_journeys(TOWN, SITES, cutoff_minutes=26, rural_urban=IN_TOWN)
    assert list(minutes_of(made.within(10.4))) == ["s", "t"]
    with pytest.raises(PlanError, match="made up to 26 minutes, so those of 30 are not known"):
        made.within(30)


def test_other_columns_and_modes_are_refused() -> None:
    made = straight_line_journeys(TOWN, SITES, cutoff_minutes=26)
    with pytest.raises(SchemaError, match="found the columns area_code, site_id, km"):
        Journeys(made.costs.rename(columns={"minutes": "km"}), "walk", "", "", made.snapped, None)
    with pytest.raises(PlanError, match="mode is 'fly'"):
        Journeys(made.costs, "fly", "", "", made.snapped, None)


# with and without a car -----------------------------------------------------------------------------------------------


def test_the_mean_of_an_area_is_over_its_households_with_and_without_a_car() -> None:
    # a: 3 of 4 households drive 10 minutes, one walks 50: 20. b: nobody can walk it, and everybody drives: 12.
    # c: nobody can walk it and half have no car: not known, rather than the mean of those who drive.
    drive = pd.Series({"a": 10.0, "b": 12.0, "c": 12.0, "d": 1.0})
    walk = pd.Series({"a": 50.0, "b": NAN, "c": NAN, "d": 1.0})
    share = pd.Series({"a": 0.25, "b": 0.0, "c": 0.5, "d": NAN})
    found = by_car_ownership(drive, walk, share)
    assert found[["a", "b"]].to_list() == [20.0, 12.0]
    assert found[["c", "d"]].isna().all()
    with pytest.raises(PlanError, match="share_without_car goes from 0 to 50"):
        by_car_ownership(drive, walk, share * 100)


def test_households_without_a_car_are_counted_by_whether_they_get_there() -> None:
    # 10 households 30 minutes away (exactly the limit), 20 at 31, 5 who cannot get there, 2 of whom nothing is known
    minutes = pd.Series({"a": 30.0, "b": 31.0, "c": NAN})
    households = pd.Series({"a": 10.0, "b": 20.0, "c": 5.0, "e": 2.0, "f": NAN})
    found = car_less_reach(minutes, households, cutoff_minutes=30)
    assert (found.households, found.within, found.beyond, found.unreachable, found.not_known) == (37, 10, 20, 5, 2)
    assert found.mean_minutes == pytest.approx((10 * 30 + 20 * 31) / 30)
    known = pd.Series({"a": True, "b": True, "c": False})
    assert car_less_reach(minutes, households, cutoff_minutes=30, known=known).not_known == 7


# kept on disk ---------------------------------------------------------------------------------------------------------


def test_kept_journeys_come_back_as_they_were(tmp_path: Path) -> None:
    made = straight_line_journeys(TOWN, SITES, cutoff_minutes=26, mode="walk")
    name = save_journeys(made, tmp_path)
    assert save_journeys(made, tmp_path) == name  # the same has the same name, once
    back = load_journeys(tmp_path, name)
    pd.testing.assert_frame_equal(back.costs, made.costs)
    pd.testing.assert_frame_equal(back.snapped, made.snapped)
    assert (back.mode, back.how, back.made_from, back.notes) == (made.mode, made.how, made.made_from, made.notes)
    assert back.cutoff_minutes == 26.0
    assert [one.name for one in (tmp_path / "journeys").iterdir()] == [name]  # nothing half-written is left


def test_what_is_kept_can_be_listed_and_removed_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    assert list_journeys(tmp_path).empty
    for mode in ("walk", "drive"):
        save_journeys(straight_line_journeys(TOWN, SITES, cutoff_minutes=40, mode=mode), tmp_path)
    kept = list_journeys(tmp_path)
    assert sorted(kept["mode"]) == ["drive", "walk"]
    assert kept.loc[kept["mode"] == "drive", "pairs"].item() == 3
    assert remove_journeys(tmp_path, "drive").startswith("drive-")
    assert list(list_journeys(tmp_path)["mode"]) == ["walk"]
    for wrong in ("drive", "../walk", ""):
        with pytest.raises(PlanError, match="No journeys are kept under the name"):
            load_journeys(tmp_path, wrong)


def test_a_damaged_record_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    name = save_journeys(straight_line_journeys(TOWN, SITES, cutoff_minutes=40), tmp_path)
    (tmp_path / "journeys" / name / "about.json").write_text("{", encoding="utf-8")
    with pytest.raises(WarehouseError, match="Remove that folder and make them again"):
        load_journeys(tmp_path, name)


# the command line -----------------------------------------------------------------------------------------------------


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(list(words))
    return int(left.value.code or 0)


@pytest.fixture
def cache(tiny_cache: Path, tmp_path: Path) -> Path:
    (tmp_path / "hjp.duckdb").write_bytes((tiny_cache / "hjp.duckdb").read_bytes())
    return tmp_path


def test_a_matrix_is_added_listed_and_removed(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = tmp_path / "bus.csv"
    sites = pd.Index(_site_ids(cache))
    pd.DataFrame({"from_id": "E01990001", "to_id": sites, "travel_time": 12}).to_csv(matrix, index=False)
    assert run("--cache", str(cache), "journeys", "add", str(matrix), "--unit", "minutes") == 0
    assert "by public transport" in capsys.readouterr().out
    assert run("--cache", str(cache), "journeys", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["mode"], one["pairs"], one["cutoff_minutes"]) for one in listed] == [
        ("public_transport", len(sites), None)
    ]
    assert run("--cache", str(cache), "journeys", "list") == 0
    assert "bus.csv" in capsys.readouterr().out
    assert run("--cache", str(cache), "journeys", "remove", "public") == 0
    assert run("--cache", str(cache), "journeys", "list") == 0
    assert "Removed: public_transport-" in (said := capsys.readouterr().out)
    assert "No journeys are kept" in said


def test_a_bad_matrix_says_each_row_and_leaves_with_1(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = tmp_path / "bus.csv"
    site = _site_ids(cache)[0]
    matrix.write_text(f"from,to,minutes\nE01990001,{site},soon\nE01990002,{site},-7\n", encoding="utf-8")
    assert run("--cache", str(cache), "journeys", "add", str(matrix), "--unit", "minutes") == 1
    said = capsys.readouterr().err
    assert "bus.csv, row 2, time: 'soon' is no number" in said
    assert "bus.csv, row 3, time: -7 is below 0" in said
    assert run("--cache", str(cache), "journeys", "add", str(matrix)) == 1  # the unit is asked


def _site_ids(cache: Path) -> list[str]:
    from hjp_geo.evidence import Evidence

    evidence = Evidence.load(cache)
    return sorted(evidence.sites.index[(evidence.sites["grade"] != "X") & evidence.sites["easting"].notna()])
