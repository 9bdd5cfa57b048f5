"""Straight-line costs: exact at the limit, nothing lost at the rim, nothing dropped in silence."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo import access
from hjp_geo.access import Binary, Reach
from hjp_geo.errors import GeographyError, PlanError, SchemaError

NAN = math.nan


def places(points: dict[str, tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(points, orient="index", columns=["easting", "northing"], dtype=float)


LATTICE = st.tuples(st.integers(-6, 6), st.integers(-6, 6))


def brute_force_km(areas: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (area, site, math.hypot(ax - sx, ay - sy) / 1000)
        for area, ax, ay in areas.itertuples()
        for site, sx, sy in sites.itertuples()
    ]
    return pd.DataFrame(rows, columns=["area_code", "site_id", "km"]).sort_values(["area_code", "site_id"])


class TestStraightLines:
    def test_a_site_exactly_at_the_cutoff_is_inside(self) -> None:
        # 3–4–5 triangles: (3000, 4000) is 5 km away to the metre; one metre further out is not
        areas, sites = places({"a": (0, 0)}), places({"at": (3000, 4000), "beyond": (3000, 4001), "here": (0, 0)})
        table = access.straight_line_costs(areas, sites, cutoff_km=5)
        assert table.to_dict("list") == {"area_code": ["a", "a"], "site_id": ["at", "here"], "km": [5.0, 0.0]}

    @pytest.mark.parametrize("metres", [1001, 2300, 4350, 8190])
    def test_a_cutoff_that_is_no_whole_number_of_km_is_still_inclusive(self, metres: int) -> None:
        # 1.001 * 1000 is 1000.9999… in binary: comparing in metres would lose the site
        table = access.straight_line_costs(places({"a": (0, 0)}), places({"s": (0, metres)}), cutoff_km=metres / 1000)
        assert table["km"].to_list() == [metres / 1000]

    def test_no_pair_near_the_rim_is_lost_as_with_a_buffered_polygon(self) -> None:
        # sites all round, a metre inside 10 km: a circle of 16 segments a quarter is up to 12 m short between corners
        angles = np.arange(0, 360) * math.pi / 180
        ring = {f"s{n:03d}": (9999 * math.cos(a), 9999 * math.sin(a)) for n, a in enumerate(angles)}
        assert len(access.straight_line_costs(places({"a": (0, 0)}), places(ring), cutoff_km=10)) == 360

    def test_the_table_is_sorted_and_fits_a_reach(self) -> None:
        areas, sites = places({"b": (0, 0), "a": (0, 1000)}), places({"t": (0, 0), "s": (0, 500)})
        table = access.straight_line_costs(areas, sites, cutoff_km=2)
        assert list(zip(table["area_code"], table["site_id"], strict=True)) == [
            ("a", "s"), ("a", "t"), ("b", "s"), ("b", "t"),
        ]  # fmt: skip
        made = Reach(pd.Series({"a": 1.0, "b": 1.0}), pd.Series({"s": 1.0, "t": 1.0}), table, Binary(1))
        assert made.cost_unit == "km"

    def test_a_site_without_coordinates_is_named_not_dropped(self) -> None:
        sites = places({"s": (0, 0), "nowhere": (NAN, 5)})
        with pytest.raises(GeographyError, match=r"1 of 2 sites have no coordinates: nowhere.*without_coordinates"):
            access.straight_line_costs(places({"a": (0, 0)}), sites, cutoff_km=1)
        with pytest.raises(GeographyError, match="nowhere"):
            access.nearest_site(places({"a": (0, 0)}), sites)
        assert access.without_coordinates(sites).to_list() == ["nowhere"]

    def test_columns_codes_and_cutoff_are_checked(self) -> None:
        there = places({"a": (0, 0)})
        with pytest.raises(SchemaError, match="areas: no column easting; found x, northing"):
            access.straight_line_costs(there.rename(columns={"easting": "x"}), there, cutoff_km=1)
        with pytest.raises(PlanError, match="cutoff_km is 0"):
            access.straight_line_costs(there, there, cutoff_km=0)
        with pytest.raises(GeographyError, match="repeated"):
            access.nearest_site(pd.concat([there, there]), there)

    def test_nearest_has_no_cutoff_and_settles_ties_by_site_id(self) -> None:
        areas = places({"b": (0, 0), "a": (0, 500_000)})
        sites = places({"t": (-3000, 4000), "s": (3000, 4000), "r": (0, 6000)})
        nearest = access.nearest_site(areas, sites)
        assert nearest["site_id"].to_dict() == {"a": "r", "b": "s"}
        assert nearest["km"].to_dict() == {"a": 494.0, "b": 5.0}
        assert nearest.index.name == "area_code"

    def test_without_any_site_the_nearest_is_missing(self) -> None:
        nearest = access.nearest_site(places({"a": (0, 0)}), places({}))
        assert nearest.isna().all(axis=None)
        assert access.straight_line_costs(places({"a": (0, 0)}), places({}), cutoff_km=3).empty

    def test_without_any_area_there_is_nothing_to_say(self) -> None:
        assert access.nearest_site(places({}), places({"s": (0, 0)})).empty
        assert access.straight_line_costs(places({}), places({"s": (0, 0)}), cutoff_km=3).empty

    @settings(deadline=None)
    @given(st.lists(LATTICE, min_size=1, max_size=6), st.lists(LATTICE, min_size=1, max_size=25), st.integers(1, 9))
    def test_equal_to_comparing_every_pair(
        self, a: list[tuple[int, int]], s: list[tuple[int, int]], cutoff: int
    ) -> None:
        areas = places({f"a{n}": (x * 1000, y * 1000) for n, (x, y) in enumerate(a)})
        sites = places({f"s{n:02d}": (x * 1000, y * 1000) for n, (x, y) in enumerate(s)})
        every = brute_force_km(areas, sites)
        table = access.straight_line_costs(areas, sites, cutoff_km=cutoff)
        pd.testing.assert_frame_equal(table, every[every["km"] <= cutoff].reset_index(drop=True), check_dtype=False)
        first = every.sort_values(["area_code", "km", "site_id"]).groupby("area_code").first()
        pd.testing.assert_frame_equal(access.nearest_site(areas, sites), first, check_dtype=False)
