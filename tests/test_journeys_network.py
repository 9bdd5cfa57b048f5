"""Journeys over roads: how pieces are put together, on made-up routers; and Valhalla itself where it is installed."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest
from numpy.typing import NDArray
from tiny_roads import APART, SOUTH, WEST, write_town

from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.journeys import Journeys, list_journeys, network, network_journeys
from hjp_geo.journeys.router import extract_sha256

VALHALLA = importlib.util.find_spec("valhalla") is not None
Floats = NDArray[np.float64]


class StraightRoads:
    """A router whose roads are straight lines at so many km/h; points east of 600 km stand on no road."""

    def __init__(self, km_h: float, gap_metres: float = 0.0) -> None:
        self.km_h, self.gap, self.largest, self.asked = km_h, gap_metres, (0, 0), 0

    def metres_to_road(self, points: Floats) -> Floats:
        return np.where(self._metres(points)[:, 0] > 600_000, math.nan, self.gap)

    def minutes(self, sources: Floats, targets: Floats) -> Floats:
        self.largest = max(self.largest, (len(sources), len(targets)))
        self.asked += len(sources) * len(targets)
        apart = np.hypot(*(self._metres(sources)[:, None] - self._metres(targets)).transpose(2, 0, 1))
        return np.asarray(apart / 1000 / self.km_h * 60)

    def _metres(self, points: Floats) -> Floats:
        back = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:27700", always_xy=True)
        return np.column_stack(back.transform(points[:, 0], points[:, 1]))


def places(count: int, seed: int, width: float = 20_000) -> pd.DataFrame:
    corner = np.array([400_000, 300_000])
    at = corner + np.random.default_rng(seed).uniform(0, width, (count, 2))
    return pd.DataFrame(at, columns=["easting", "northing"], index=[f"p{number:04d}" for number in range(count)])


def journeys_on(router: StraightRoads, areas: pd.DataFrame, sites: pd.DataFrame, mode: str = "drive") -> Journeys:
    return network.journeys_on(router, areas, sites, (mode, 15.0, "how", "made from"), lambda _step: None)


def test_pieces_put_together_give_every_pair_in_reach_once() -> None:
    # 30 km/h, 15 minutes: everything within 7.5 km, in pieces of 100 areas and 500 sites
    areas, sites, router = places(230, 1), places(1_200, 2), StraightRoads(30)
    made = journeys_on(router, areas, sites)
    apart = np.hypot(*(areas.to_numpy()[:, None] - sites.to_numpy()).transpose(2, 0, 1)) / 1000
    minutes = np.maximum(apart, 0.25 * 1.3) / 30 * 60  # a trip inside the area counts 0.25 km × 1.3
    expected = np.argwhere(minutes <= 15 - 1e-3)
    found = np.column_stack([made.costs[column].cat.codes for column in ("area_code", "site_id")])
    assert {tuple(pair) for pair in expected.tolist()} <= {tuple(pair) for pair in found.tolist()}
    assert (minutes[found[:, 0], found[:, 1]] <= 15 + 1e-3).all()
    np.testing.assert_allclose(made.costs["minutes"], minutes[found[:, 0], found[:, 1]], atol=1e-2)
    assert router.largest[0] <= 100
    assert router.largest[1] <= 500
    assert not made.costs.duplicated(["area_code", "site_id"]).any()


def test_pairs_too_far_apart_for_any_car_are_not_even_tried() -> None:
    areas, sites = places(50, 1, 100), places(50, 2, 100)
    sites["northing"] += 25_101  # 15 minutes at 100 km/h are 25 km, and places lie within 100 m
    router = StraightRoads(30)
    assert journeys_on(router, areas, sites).costs.empty
    assert router.asked == 0


def test_the_gap_between_a_place_and_the_road_is_walked_and_reported() -> None:
    # 400 m at both ends at 4.8 km/h are 10 minutes; the way itself is none
    here = places(1, 1)
    made = journeys_on(StraightRoads(30, gap_metres=400), here, here)
    assert made.costs["minutes"].to_list() == pytest.approx([10.0], abs=1e-6)
    assert made.snapped.to_dict("records") == [
        {"kind": "area", "code": "p0000", "metres": 400.0},
        {"kind": "site", "code": "p0000", "metres": 400.0},
    ]
    assert "half of them by at most 400 m, the furthest by 400 m" in made.notes[0]


def test_the_same_place_is_not_no_minutes_away() -> None:
    # 0.25 km × 1.3 at 4.8 km/h
    here = places(1, 1)
    assert journeys_on(StraightRoads(4.8), here, here, "walk").costs["minutes"].to_list() == [4.0625]
    wide = here.assign(within_km=0.5)
    assert journeys_on(StraightRoads(4.8), wide, here, "walk").costs["minutes"].to_list() == [8.125]


def test_a_place_on_no_road_has_no_journeys_and_is_named() -> None:
    areas, sites = places(2, 1, 500), places(2, 2, 500)
    sites.iloc[1, 0] = 650_000
    made = journeys_on(StraightRoads(30), areas, sites)
    assert set(made.costs["site_id"]) == {"p0000"}
    assert "1 sites are over 2,000 m from any road and have no journeys: p0001." in made.notes
    assert made.snapped["metres"].isna().sum() == 1


def test_no_route_is_no_pair() -> None:
    class Islands(StraightRoads):
        def minutes(self, sources: Floats, targets: Floats) -> Floats:
            return np.full((len(sources), len(targets)), math.nan)

    assert journeys_on(Islands(30), places(5, 1, 500), places(5, 2, 500)).costs.empty


def test_no_sites_and_no_coordinates() -> None:
    areas = places(3, 1)
    assert journeys_on(StraightRoads(30), areas, areas.iloc[:0]).costs.empty
    nowhere = areas.copy()
    nowhere.loc["p0001", "easting"] = math.nan
    with pytest.raises(GeographyError, match="1 of 3 areas have no coordinates: p0001"):
        journeys_on(StraightRoads(30), nowhere, areas)


# Valhalla -------------------------------------------------------------------------------------------------------------


def test_the_town_is_an_extract_and_other_files_are_none(tmp_path: Path) -> None:
    assert len(extract_sha256(write_town(tmp_path / "town.osm.pbf"))) == 64
    (tmp_path / "map.osm").write_text("<osm/>", encoding="utf-8")
    with pytest.raises(PlanError, match=r"map\.osm is no OpenStreetMap extract"):
        extract_sha256(tmp_path / "map.osm")
    with pytest.raises(PlanError, match="is not there"):
        extract_sha256(tmp_path / "none.osm.pbf")


def ask(tmp_path: Path, mode: str, **more: object) -> tuple[Journeys, list[str]]:
    said: list[str] = []
    extract = tmp_path / "town.osm.pbf"
    extract = extract if extract.exists() else write_town(extract)
    at = [(0, 0), (10, 0), (0, 19)]  # crossings: the corner, 2 km east of it, 3.8 km north of it
    areas = pd.DataFrame(
        [(WEST + APART * x, SOUTH + APART * y) for x, y in at], columns=["easting", "northing"], index=["a", "b", "c"]
    )
    areas.loc["sea"] = [WEST - 50_000, SOUTH - 50_000]
    sites = pd.DataFrame({"easting": [WEST], "northing": [SOUTH - 300]}, index=["s"])  # 300 m south of the corner
    made = network_journeys(
        extract, areas, sites, mode=mode, cutoff_minutes=40.0, cache=tmp_path / "cache", say=said.append
    )
    return made, said


@pytest.mark.skipif(VALHALLA, reason="Valhalla is installed here")
def test_without_valhalla_the_reader_is_told_how_to_get_it_and_what_else_there_is(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"need the package pyvalhalla.*hjp-geo\[journeys\].*straight line") as caught:
        ask(tmp_path, "walk")
    assert ("It needs Python 3.12 or later" in str(caught.value)) == (sys.version_info < (3, 12))


@pytest.mark.skipif(not VALHALLA, reason="pyvalhalla is not installed (its wheels begin at Python 3.12)")
def test_valhalla_walks_and_drives_the_streets_of_a_made_up_town(tmp_path: Path) -> None:
    walk, said = ask(tmp_path, "walk")
    assert any("parsing ways" in one for one in said)
    minutes = dict(zip(walk.costs["area_code"].astype(str), walk.costs["minutes"], strict=True))
    # 300 m from s to the corner are walked straight: 3.75 minutes, below the least, 4.06; 2 km more are 25 minutes;
    # 3.8 km would be 51; nobody walks from the sea
    assert sorted(minutes) == ["a", "b"]
    assert minutes["a"] == pytest.approx(4.0625, abs=0.1)
    assert minutes["b"] == pytest.approx(28.75, rel=0.03)
    gaps = walk.snapped.set_index("code")["metres"]
    assert gaps["s"] == pytest.approx(300, abs=3)
    assert gaps["a"] < 1
    assert math.isnan(gaps["sea"])
    drive, said = ask(tmp_path, "drive")
    assert "built before" in said[0]
    assert sorted(drive.costs["area_code"]) == ["a", "b", "c"]
    assert (drive.costs["minutes"] < 20).all()
    again, said = ask(tmp_path, "walk")
    assert said == ["These journeys were made before and are used again."]
    pd.testing.assert_frame_equal(again.costs, walk.costs)
    assert len(list_journeys(tmp_path / "cache")) == 2
    assert "Valhalla" in walk.how
    assert "OpenStreetMap contributors" in walk.how


@pytest.mark.skipif(not VALHALLA, reason="pyvalhalla is not installed (its wheels begin at Python 3.12)")
def test_an_extract_cut_short_leaves_nothing_behind(tmp_path: Path) -> None:
    whole = write_town(tmp_path / "whole.osm.pbf").read_bytes()
    (tmp_path / "town.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PlanError, match="could not be read as a road network"):
        ask(tmp_path, "walk")
    assert list((tmp_path / "cache" / "journeys" / ".tiles").iterdir()) == []
