"""Traps that peers of this tool fell into (METHODS §14), each by its name: none of them is here."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.optimize import minimize

from hjp_geo import access
from hjp_geo.access import MEASURES, Binary, Reach, Step, crowdedness, rational_agent_access, straight_line_costs
from hjp_geo.errors import GeographyError, SchemaError
from hjp_geo.journeys import car_less_reach, matrix_journeys, straight_line_journeys
from hjp_geo.statistics import contiguity, getis_ord_gi_star, local_moran

BANDS = Step({20: 1, 40: 0.68, 60: 0.22})


def table(*pairs: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["area_code", "site_id", "minutes"])


def test_at_the_limit_counts_as_within_it() -> None:
    """accessmod#394: < for ≤, so that 60 minutes meant 59."""
    pairs = table(("a", "s", 60.0), ("b", "s", 60.000001))
    reach = Reach(pd.Series({"a": 1.0, "b": 1.0}), pd.Series({"s": 3.0}), pairs, Binary(60))
    assert access.floating_catchment_area(reach).to_dict() == {"a": 3.0, "b": 0.0}
    assert access.enhanced_floating_catchment_area(reach.with_decay(BANDS)).to_dict() == {"a": 3.0, "b": 0.0}
    places = {"a": (0.0, 0.0), "b": (-0.001, 0.0)}
    areas = pd.DataFrame.from_dict(places, orient="index", columns=["easting", "northing"])
    site = pd.DataFrame({"easting": [60.0], "northing": [0.0]}, index=["s"])
    assert straight_line_costs(areas, site, cutoff_km=0.06)["area_code"].to_list() == ["a"]


def test_demand_and_supply_cannot_be_swapped_in_silence() -> None:
    """spopt#410: demand and capacity swapped."""
    demand, supply = pd.Series({"a": 10.0, "b": 20.0}), pd.Series({"s": 6.0})
    pairs = table(("a", "s", 5), ("b", "s", 5))
    with pytest.raises(GeographyError, match="Demand and supply look swapped"):
        Reach(supply, demand, pairs, Binary(30))
    with pytest.raises(GeographyError, match="Demand and supply look swapped"):
        Reach(demand, supply, pairs.rename(columns={"area_code": "site_id", "site_id": "area_code"}), Binary(30))


def test_a_share_is_of_people_and_not_of_areas() -> None:
    """spopt's perc_cov: 89.76 % of tracts, where 91.64 % of people were meant."""
    # one of two areas is in reach, with 90 of 100 households
    found = car_less_reach(pd.Series({"a": 10.0, "b": 99.0}), pd.Series({"a": 90.0, "b": 10.0}), cutoff_minutes=30)
    assert found.within / found.households == 0.9
    # and what adds up to the supply is people times shares, not the mean of the areas' shares
    reach = Reach(
        pd.Series({"a": 90.0, "b": 10.0}), pd.Series({"s": 50.0}), table(("a", "s", 1), ("b", "s", 1)), Binary(30)
    )
    assert (reach.demand * access.floating_catchment_area(reach)).sum() == pytest.approx(50)


@pytest.mark.parametrize("stand_in", [9999.0, 999.0, -1.0, 2147483647.0])
def test_a_stand_in_for_no_route_is_never_averaged(stand_in: float, tmp_path: Path) -> None:
    """Published travel matrices hold 9999; a mean over them is a fable."""
    demand, supply = pd.Series({"a": 1.0}), pd.Series({"s": 1.0, "t": 1.0})
    pairs = table(("a", "s", stand_in), ("a", "t", 20.0))
    with pytest.raises(SchemaError, match="declare it"):
        Reach(demand, supply, pairs, Binary(30))
    declared = Reach(demand, supply, pairs, Binary(30), unreachable=[stand_in])
    assert access.cost_to_closest(declared).to_dict() == {"a": 20.0}
    assert math.isnan(access.cost_to_closest(declared, k=2)["a"])
    pairs.to_csv(tmp_path / "m.csv", index=False)
    brought = matrix_journeys(tmp_path / "m.csv", demand.index, supply.index, unit="minutes")
    assert brought.costs["minutes"].to_list() == [20.0]


# Mainland of four squares, an island of two (Wight) 3 km south of it, and one of one (Scilly) far to the west
SQUARES = {
    "E01000001": (0, 0), "E01000002": (1000, 0), "E01000003": (0, 1000), "E01000004": (1000, 1000),
    "E01017291": (1200, -4000), "E01017292": (2200, -4000), "E01019077": (-40_000, 0),
}  # fmt: skip


def squares() -> gpd.GeoSeries:
    return gpd.GeoSeries({code: shapely.box(x, y, x + 1000, y + 1000) for code, (x, y) in SQUARES.items()})


def test_islands_have_neighbours_and_belong_to_the_map() -> None:
    """covid-19-vulnerability PR#6, #11: Scilly and Wight wrong or missing."""
    found = contiguity(squares(), squares().index)
    links = found[found["kind"] == "island link"]
    # Wight's square under 0002 is 3,000 m from it, edge to edge, 3,007 m from the corner of 0001; Scilly is 39 km from
    # 0001 and, by a corner, as far from 0003: the first in order
    assert {(a, b) for a, b in zip(links["area_code"], links["neighbour_code"], strict=True) if a < b} == {
        ("E01000002", "E01017291"),
        ("E01000001", "E01019077"),
    }
    touching = found[found["kind"] == "touching"]
    assert len(touching) == 2 * (6 + 1)  # four squares that meet at a corner, and Wight's two
    values = pd.Series(np.arange(7.0), index=squares().index)
    assert getis_ord_gi_star(values, found).notna().all()
    assert local_moran(values, found, permutations=99, seed=1)["p_value"].notna().all()


def test_islands_keep_their_own_advice_and_are_not_out_of_the_count() -> None:
    """covid-19-vulnerability PR#13: missing areas. An island that reaches nothing is there, with 0 and no minutes."""
    centres = pd.DataFrame({code: (x + 500.0, y + 500.0) for code, (x, y) in SQUARES.items()}).T
    centres.columns = pd.Index(["easting", "northing"])
    office = centres.loc[["E01000001"]].rename(index={"E01000001": "s"})
    made = straight_line_journeys(centres, office, cutoff_minutes=60, mode="walk")
    reach = Reach(pd.Series(100.0, index=centres.index), pd.Series({"s": 6.0}), made.costs, Binary(60))
    share, minutes = access.floating_catchment_area(reach), access.cost_to_closest(reach)
    assert len(share) == len(SQUARES)
    assert (share["E01019077"], math.isnan(minutes["E01019077"])) == (0.0, True)
    assert reach.counts.areas_reaching_nothing == 3


@pytest.mark.parametrize("name", MEASURES)
def test_an_area_with_nobody_in_it_still_has_a_value(name: str) -> None:
    """PySAL's 3SFCA and RAAM: zero-demand areas became NaN (84 of 898 cells of Belo Horizonte)."""
    pairs = table(("a", "s", 5), ("nobody", "s", 5))
    reach = Reach(pd.Series({"a": 10.0, "nobody": 0.0}), pd.Series({"s": 6.0}), pairs, BANDS)
    assert MEASURES[name](reach).notna().all()
    alone = Reach(pd.Series({"a": 10.0}), pd.Series({"s": 6.0}), pairs.iloc[:1], BANDS)
    if name != "balanced_floating_catchment_area":  # its values, not people times values, add up: see its docstring
        assert MEASURES[name](reach)["a"] == pytest.approx(MEASURES[name](alone)["a"])


@pytest.mark.parametrize("name", MEASURES)
def test_the_callers_tables_gain_no_column(name: str) -> None:
    """PySAL's 3SFCA wrote a column into the caller's table of costs."""
    pairs = table(("a", "s", 5), ("b", "s", 25))
    demand, supply = pd.Series({"a": 1.0, "b": 2.0}), pd.Series({"s": 1.0})
    MEASURES[name](Reach(demand, supply, pairs, BANDS))
    assert list(pairs.columns) == ["area_code", "site_id", "minutes"]
    assert list(demand.index) == ["a", "b"]


def test_the_same_place_may_be_more_than_0_minutes_away_and_keeps_that_cost() -> None:
    """r5r#318, #430: a place was not 0 minutes from itself; here that is normal, said, and never forced to 0."""
    pairs = table(("a", "a", 3.5), ("b", "a", 0.0))
    reach = Reach(pd.Series({"a": 1.0, "b": 1.0}), pd.Series({"a": 1.0}), pairs, Binary(30))
    assert access.cost_to_closest(reach).to_dict() == {"a": 3.5, "b": 0.0}
    here = pd.DataFrame({"easting": [0.0], "northing": [0.0]}, index=["a"])
    walk = straight_line_journeys(here, here, cutoff_minutes=30, mode="walk")
    assert walk.costs["minutes"].item() > 0


# the two measures that no dense formula checks elsewhere ------------------------------------------------------------


def made_up(seed: int) -> Reach:
    rng = np.random.default_rng(seed)
    areas, sites = [f"a{n}" for n in range(6)], [f"s{n}" for n in range(4)]
    pairs = [(a, s, round(float(rng.uniform(0, 60)), 1)) for a in areas for s in sites if rng.random() < 0.8]
    demand = pd.Series(rng.integers(1, 100, 6).astype(float), index=areas)
    return Reach(demand, pd.Series(rng.uniform(1, 9, 4), index=sites), table(*pairs), Binary(60))


@pytest.mark.parametrize("seed", range(3))
def test_the_equilibrium_is_the_least_of_the_convex_programme_solved_another_way(seed: int) -> None:
    """METHODS §6.3: least Σ D²/(2ρS) + Σ x·c/τ over who goes where, by a general solver; then what each area pays."""
    reach = made_up(seed)
    used = reach.people[reach.matrix.rows] >= 0
    rows, columns, journeys = reach.matrix.rows[used], reach.matrix.columns[used], reach.matrix.costs[used] / 60
    capacity = reach.people.sum() / reach.hours.sum() * reach.hours
    served = np.isin(np.arange(6), rows)
    start = reach.people[rows] / np.bincount(rows, minlength=6)[rows]

    def total(x: np.ndarray) -> tuple[float, np.ndarray]:
        loads = np.bincount(columns, weights=x, minlength=4)
        return float((loads**2 / capacity).sum() / 2 + x @ journeys), (loads / capacity)[columns] + journeys

    each = [{"type": "eq", "fun": lambda x, i=i: x[rows == i].sum() - reach.people[i]} for i in np.flatnonzero(served)]
    solved = minimize(
        total, start, jac=True, bounds=[(0, None)] * len(start), constraints=each, method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-13},
    )  # fmt: skip
    assert solved.success
    costs = total(solved.x)[1]
    expected = [costs[rows == i].min() if served[i] else math.nan for i in range(6)]
    assert rational_agent_access(reach, tolerance=1e-5).to_list() == pytest.approx(expected, rel=1e-2, nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_crowdedness_from_dense_arrays(seed: int) -> None:
    reach = made_up(seed).with_decay(BANDS)
    dense = reach.weights.toarray()
    supply_in_reach = dense @ reach.hours
    shares = np.divide(reach.people, supply_in_reach, out=np.zeros(6), where=supply_in_reach > 0)
    assert crowdedness(reach).to_list() == pytest.approx(list(shares @ dense))
