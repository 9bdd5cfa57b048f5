"""Siting against published cases: reference/siting_sf and reference/siting_capacitated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hjp_geo.errors import PlanError
from hjp_geo.siting import locate

P = range(1, 8)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sf(shared: Path) -> tuple[pd.Series, pd.DataFrame, Any]:
    """San Francisco: people, costs (metres in the file, km here) and the expected values."""
    folder = shared / "reference" / "siting_sf"
    people = pd.read_csv(folder / "demand.csv", dtype={"tract": str}).set_index("tract")["people"]
    costs = pd.read_csv(folder / "costs.csv", dtype={"origin": str})
    costs = costs.set_axis(["area_code", "site_id", "km"], axis=1)
    costs["km"] /= 1000
    return people, costs, read_json(folder / "expected.json")


@pytest.fixture(scope="module")
def schools(shared: Path) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame, Any]:
    """Ten student teachers and 74 schools with places."""
    folder = shared / "reference" / "siting_capacitated"
    people = pd.read_csv(folder / "demand.csv").set_index("student")["demand"]
    costs = pd.read_csv(folder / "costs.csv").set_axis(["area_code", "site_id", "minutes"], axis=1)
    return people, costs, pd.read_csv(folder / "sites.csv").set_index("site"), read_json(folder / "expected.json")


def test_set_cover_of_san_francisco_takes_eight_sites(sf):
    people, costs, expected = sf
    found = locate(people, costs, objective="lscp", cutoff=5, k_best=9)
    assert (found.objective, found.bound, found.proven) == (expected["lscp"]["sites_needed"], 8, True)
    # eight sets of eight sites do; the ninth best takes nine
    every = [found.objective, *(one.objective for one in found.alternatives)]
    assert every == [8] * expected["lscp"]["optimal_sets"] + [9]
    assert len({found.sites, *(one.sites for one in found.alternatives)}) == 9


@pytest.mark.parametrize("p", P)
def test_maximal_cover_of_san_francisco(sf, p):
    people, costs, expected = sf
    case = expected["by_p"][str(p)]["mclp"]
    found = locate(people, costs, objective="mclp", cutoff=5, p=p)
    assert found.objective == found.covered == case["covered"]
    assert found.covered_share == pytest.approx(case["share"], rel=1e-12)
    assert found.proven
    assert set(found.sites) == set(case["sites"]) or not case["unique"]


def test_the_share_covered_is_of_people_not_of_tracts(sf):
    people, costs, _ = sf
    found = locate(people, costs, objective="mclp", cutoff=5, p=4)
    assert f"{found.covered_share:.2%}" == "91.64%"
    assert "875,247 of 955,113 people (91.6 %)" in found.summary


@pytest.mark.parametrize("p", P)
def test_p_median_of_san_francisco_and_its_next_best_sets(sf, p):
    people, costs, expected = sf
    case = expected["by_p"][str(p)]["p_median"]
    found = locate(people, costs, objective="p_median", p=p, k_best=4)
    assert found.objective * 1000 == pytest.approx(case["objective"], rel=1e-9)
    assert found.mean_cost * 1000 == pytest.approx(case["mean"], rel=1e-9)
    assert found.proven
    assert found.alternatives_proven
    assert set(found.sites) == set(case["sites"])
    for one, following in zip(found.alternatives, case["next_best"], strict=True):
        assert one.objective * 1000 == pytest.approx(following["objective"], rel=1e-9)
        assert set(one.sites) == set(following["sites"])
        assert one.worse_by == pytest.approx(following["objective"] / case["objective"] - 1)


@pytest.mark.parametrize("p", P)
def test_p_center_of_san_francisco(sf, p):
    people, costs, expected = sf
    case = expected["by_p"][str(p)]["p_center"]
    count = case["optimal_sets"]
    found = locate(people, costs, objective="p_center", p=p, k_best=count + 1)
    assert found.objective * 1000 == pytest.approx(case["objective"], abs=5e-5)
    assert found.proven
    assert [one.worse_by == 0 for one in found.alternatives] == [True] * (count - 1) + [False]
    assert set(case["sites"]) in [set(found.sites), *(set(one.sites) for one in found.alternatives)]


def test_published_values_of_the_notebook(sf):
    people, costs, expected = sf
    published = expected["published"]
    median = locate(people, costs, objective="p_median", p=4)
    assert median.objective * 1000 == pytest.approx(published["p_median_objective"], rel=1e-8)
    assert median.mean_cost * 1000 == pytest.approx(published["p_median_mean"], rel=1e-8)
    center = locate(people, costs, objective="p_center", p=4)
    assert center.objective * 1000 == pytest.approx(published["p_center"], abs=5e-5)


def test_two_sites_fixed_open(sf):
    people, costs, expected = sf
    case = expected["required"]
    found = locate(people, costs, objective="p_median", p=case["p"], required=case["required"])
    assert found.objective * 1000 == pytest.approx(case["value"], rel=1e-9)
    assert set(found.sites) == set(case["sites"])


@pytest.mark.parametrize("sharing", ["split", "single_source"])
def test_required_schools_are_open_but_may_stay_empty(schools, sharing):
    people, costs, sites, expected = schools
    required = sites.index[sites["required"] == 1]
    found = locate(
        people, costs, objective="p_median", p=10, capacity=sites["capacity"], required=required, sharing=sharing
    )
    assert found.objective == pytest.approx(expected["required_open_with_capacity"]["value"], abs=1e-6)
    assert found.mean_cost == pytest.approx(expected["required_open_with_capacity"]["mean"], abs=1e-6)
    assert found.proven
    assert set(required) <= set(found.sites)
    assert len(found.sites) == 10


@pytest.mark.parametrize("p", [5, 6, 7, 8, 10])
def test_schools_with_and_without_capacity(schools, p):
    people, costs, sites, expected = schools
    with_room = locate(people, costs, objective="p_median", p=p, capacity=sites["capacity"])
    without = locate(people, costs, objective="p_median", p=p)
    assert with_room.objective == pytest.approx(expected["capacity_only"][str(p)], abs=1e-6)
    assert without.objective == pytest.approx(expected["without_capacity"][str(p)], abs=1e-6)
    assert with_room.proven
    assert without.proven


def test_two_schools_cannot_hold_ten_students(schools):
    people, costs, sites, _ = schools
    # the two largest capacities are 4 + 3 = 7
    with pytest.raises(PlanError, match=r"10 people are to be served, but p = 2 sites hold 7 at most"):
        locate(people, costs, objective="p_median", p=2, capacity=sites["capacity"])
