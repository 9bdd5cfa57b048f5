"""Access against published and worked cases: reference/access_toy and reference/access_hospital."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hjp_geo import access
from hjp_geo.access import Binary, Decay, Exponential, Gaussian, Power, Reach, Step

MEASURE_OF_CASE: dict[str, Callable[[Reach], pd.Series]] = {
    "2sfca": access.floating_catchment_area,
    "e2sfca": access.enhanced_floating_catchment_area,
    "m2sfca": access.modified_floating_catchment_area,
    "3sfca": access.three_step_floating_catchment_area,
    "huff_3sfca": access.huff_three_step_floating_catchment_area,
    "bfca": access.balanced_floating_catchment_area,
    "spatial_availability": access.spatial_availability,
    "i2sfca_crowdedness": access.crowdedness,
}
EDGE_CASES = [
    "threshold is inclusive",
    "just beyond the threshold",
    "step edges are inclusive (20 -> 1, 40 -> 0.68, 60 -> 0.22)",
    "an absent pair is unreachable",
    "a missing or infinite cost is unreachable",
    "a site nobody can reach adds nothing and breaks nothing",
    "a site whose only reachable places have zero demand adds nothing",
    "a place with zero demand still gets its access and changes no one else",
    "zero supply is allowed",
    "cost zero has full weight",
]


def rate(per_unit: float) -> Exponential:
    """The cases give the rate b of e^(−bc); its half-life is ln 2 / b."""
    return Exponential(half=math.log(2) / per_unit)


DECAY_OF_CASE: dict[str, Decay] = {
    "Step({20: 1, 40: 0.68, 60: 0.22})": Step({20: 1, 40: 0.68, 60: 0.22}),
    "Gaussian(bandwidth=20, cutoff=61)": Gaussian(20, 61),
    "Gaussian(bandwidth=20, cutoff=60)": Gaussian(20, 60),
    "Binary(cutoff=40)": Binary(40),
    "Exponential(rate=0.05)": rate(0.05),
    "Exponential(rate=0.1)": rate(0.1),
}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_case(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Places, and the cost table in this project's column names."""
    places = pd.read_csv(folder / "places.csv", dtype={"place": str}).set_index("place")
    table = pd.read_csv(folder / "costs.csv", dtype={"origin": str, "destination": str})
    return places, table.rename(columns={"origin": "area_code", "destination": "site_id", "cost": "minutes"})


def small(case: dict[str, Any]) -> Reach:
    """A case whose demand, supply and costs are written out in the JSON."""
    table = pd.DataFrame(case["costs"], columns=["area_code", "site_id", "minutes"]).astype({"minutes": float})
    demand, supply = pd.Series(case["demand"], dtype=float), pd.Series(case["supply"], dtype=float)
    return Reach(demand, supply, table, DECAY_OF_CASE[case["decay"]])


@pytest.mark.parametrize("decay", ["step", "gaussian", "binary40", "exponential"])
def test_every_catchment_on_three_places(shared: Path, decay: str) -> None:
    folder = shared / "reference" / "access_toy"
    places, table = read_case(folder)
    whole = read_json(folder / "expected.json")
    expected = whole["decays"][decay]
    made = Reach(places["demand"], places["supply"], table, DECAY_OF_CASE[expected["decay"]])
    assert_allclose(made.weights.toarray(), expected["weights"], atol=1e-12)
    for name in MEASURE_OF_CASE.keys() & expected.keys():
        result = MEASURE_OF_CASE[name](made)[whole["order"]]
        assert_allclose(result, expected[name], rtol=0, atol=whole["tolerance_abs"], err_msg=name)


def test_the_toy_case_holds_every_measure_it_should(shared: Path) -> None:
    decays = read_json(shared / "reference" / "access_toy" / "expected.json")["decays"]
    assert {name for case in decays.values() for name in case} - {"decay", "weights"} == {*MEASURE_OF_CASE} - {"2sfca"}


@pytest.mark.parametrize("name", EDGE_CASES)
def test_edge_case(shared: Path, name: str) -> None:
    whole = read_json(shared / "reference" / "access_toy" / "expected_edge_cases.json")
    assert [case["name"] for case in whole["cases"]] == EDGE_CASES
    case = next(case for case in whole["cases"] if case["name"] == name)
    result = MEASURE_OF_CASE[case["method"]](small(case))
    assert_allclose(result, pd.Series(case["expected"]).sort_index(), rtol=0, atol=whole["tolerance_abs"])


def test_published_spatial_availability(shared: Path) -> None:
    case = read_json(shared / "reference" / "access_toy" / "expected_spatial_availability.json")
    result = access.spatial_availability(small(case))
    assert result.round().astype(int).to_dict() == case["published"]
    assert_allclose(result, pd.Series(case["expected"]), rtol=1e-12)


@pytest.mark.parametrize("scenario", ["0", "1", "2", "3"])
def test_hospital_scenario(shared: Path, scenario: str) -> None:
    folder = shared / "reference" / "access_hospital"
    places, table = read_case(folder)
    whole = read_json(folder / "expected.json")
    expected = whole["scenarios"][scenario]
    roads = table[table["scenario"] == int(scenario)].drop(columns="scenario")
    made = Reach(places["people"], places["doctors"], roads, Power(1, cutoff=61))
    tolerance = whole["tolerance_abs"]
    assert_allclose(access.floating_catchment_area(made), expected["2sfca"], rtol=0, atol=tolerance)
    three_step = access.three_step_floating_catchment_area(made)
    assert_allclose(three_step, expected["3sfca_within_cutoff"], rtol=0, atol=tolerance)
    settled = access.rational_agent_access(made.with_decay(Power(1)))
    assert_allclose(settled, expected["raam_exact_tau60"], rtol=0, atol=whole["tolerance_abs_raam"])


def test_the_equilibrium_is_not_the_integer_step_heuristic(shared: Path) -> None:
    # PySAL stops at 1.5048 and 1.4933 for two places whose people, at equilibrium, pay the same
    folder = shared / "reference" / "access_hospital"
    places, table = read_case(folder)
    roads = table[table["scenario"] == 0].drop(columns="scenario")
    settled = access.rational_agent_access(Reach(places["people"], places["doctors"], roads, Power(1)))
    heuristic = read_json(folder / "expected.json")["raam_package_heuristic"]["0"]
    assert abs(settled.iloc[0] - settled.iloc[1]) < 1e-4 < abs(heuristic[0] - heuristic[1])
