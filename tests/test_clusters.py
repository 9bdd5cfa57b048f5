"""Clusters and neighbours, on cases small enough to work by hand."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.statistics import (
    contiguity,
    fdr_threshold,
    getis_ord_gi,
    getis_ord_gi_star,
    global_moran,
    local_moran,
    low_clusters,
    permuted_gi_p,
    two_sided_p,
)

NAN = math.nan


# Local clusters -----------------------------------------------------------------------------------------------------

LINE = pd.Series({"A": 1.0, "B": 2.0, "C": 3.0, "D": 6.0})
LINKS = pd.DataFrame(
    [("A", "B"), ("B", "A"), ("B", "C"), ("C", "B"), ("C", "D"), ("D", "C")], columns=["area_code", "neighbour_code"]
)


def test_gi_star_counts_the_area_itself() -> None:
    # Mean 3, variance 50/4 − 9 = 3.5. A: itself and B make 3 against 2 × 3; √(3.5 · (4·2 − 4)/3) below.
    assert getis_ord_gi_star(LINE, LINKS)["A"] == pytest.approx((3 - 6) / math.sqrt(3.5 * 4 / 3))


def test_gi_leaves_the_area_out_of_everything() -> None:
    # D: of 1, 2, 3 (mean 2, variance 2/3) its neighbour C has 3: (3 − 2)/√(2/3 · (3·1 − 1)/2).
    assert getis_ord_gi(LINE, LINKS)["D"] == pytest.approx(1 / math.sqrt(2 / 3))


def test_gi_star_of_an_area_next_to_everybody_is_missing() -> None:
    everybody = pd.DataFrame([(a, b) for a in "ABCD" for b in "ABCD" if a != b])
    assert getis_ord_gi_star(LINE, everybody).isna().all()


def test_where_all_values_are_the_same_nothing_clusters() -> None:
    same = LINE * 0 + 0.1
    assert getis_ord_gi_star(same, LINKS).isna().all()
    assert getis_ord_gi(same, LINKS).isna().all()
    assert local_moran(same, LINKS).isna().all(axis=None)
    assert np.isnan(global_moran(same, LINKS).value)


def test_local_moran_compares_an_area_with_the_mean_of_its_neighbours() -> None:
    # z = −2, −1, 0, 3, Σz² = 14. A: 3·(−2)·(−1)/14; B: neighbours A and C, mean −1; D: neighbour C at the mean.
    result = local_moran(LINE, LINKS)
    assert result["local_moran"].tolist() == pytest.approx([6 / 14, 3 / 14, 0, 0])
    assert result["quadrant"].tolist() == [3, 3, 2, 4]
    assert result["p_value"].isna().all()


def test_an_area_without_neighbours_has_no_quadrant() -> None:
    values = pd.concat([LINE, pd.Series({"Scilly": 9.0})])
    result = local_moran(values, LINKS, permutations=99, seed=1)
    assert result.loc["Scilly", "local_moran"] == 0
    assert result.loc["Scilly", ["quadrant", "p_value"]].isna().all()
    assert result.drop(index="Scilly").notna().all(axis=None)


def test_an_area_without_a_value_takes_no_part() -> None:
    values = pd.concat([LINE, pd.Series({"E": NAN})])
    links = pd.concat([LINKS, pd.DataFrame([("E", "A"), ("A", "E")], columns=LINKS.columns)])
    expected = getis_ord_gi_star(LINE, LINKS)
    result = getis_ord_gi_star(values, links)
    assert np.isnan(result["E"])
    pd.testing.assert_series_equal(result.drop("E"), expected)


def test_a_matrix_is_as_good_as_a_table_and_row_scaling_does_not_move_gi() -> None:
    matrix = sparse.csr_array(np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]], dtype=float))
    pd.testing.assert_series_equal(getis_ord_gi_star(LINE, matrix), getis_ord_gi_star(LINE, LINKS))
    halves = LINKS.assign(weight=0.5)
    pd.testing.assert_series_equal(getis_ord_gi(LINE, halves), getis_ord_gi(LINE, LINKS))


def test_permutations_find_the_share_of_all_deals_that_are_as_extreme() -> None:
    # All deals of the other seven values to an area's neighbours, counted one by one.
    values = pd.Series([1.0, 1, 2, 3, 5, 8, 13, 21], index=list("ABCDEFGH"))
    ring = pd.DataFrame([(a, "ABCDEFGH"[(i + step) % 8]) for i, a in enumerate("ABCDEFGH") for step in (-1, 1)])
    found = local_moran(values, ring, permutations=20_000, seed=11)["p_value"]
    for i, area in enumerate(values.index):
        others = values.drop(area)
        observed = values.iloc[i - 1] + values.iloc[(i + 1) % 8]
        deals = np.array([sum(pair) for pair in combinations(others, 2)])
        assert found[area] == pytest.approx(min((deals >= observed).mean(), (deals <= observed).mean()), abs=0.012)


def test_permutation_needs_a_seed_and_repeats_with_it() -> None:
    with pytest.raises(PlanError, match="need a seed"):
        local_moran(LINE, LINKS, permutations=9)
    pd.testing.assert_frame_equal(
        local_moran(LINE, LINKS, permutations=99, seed=2), local_moran(LINE, LINKS, permutations=99, seed=2)
    )


def test_the_whole_map_is_the_mean_of_its_parts() -> None:
    # Row-standardised, I = Σ z·lag/Σz² = (2 + 1 + 0 + 0)/14; by chance −1/3.
    moran = global_moran(LINE, LINKS)
    assert moran.value == pytest.approx(3 / 14)
    assert moran.expected == pytest.approx(-1 / 3)


def test_two_sided_p_values_of_z() -> None:
    p = two_sided_p(pd.Series({"A": 1.959964, "B": -1.959964, "C": 0.0, "D": NAN}))
    assert p.tolist() == pytest.approx([0.05, 0.05, 1, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("links", "says"),
    [
        (pd.concat([LINKS, pd.DataFrame([("A", "Z")], columns=LINKS.columns)]), r"1 pairs .* such as \['A', 'Z'\]"),
        (pd.concat([LINKS, pd.DataFrame([("A", "A")], columns=LINKS.columns)]), "its own neighbour"),
        (pd.concat([LINKS, LINKS.iloc[:1]]), "occurs twice"),
        (LINKS.assign(weight=-1.0), "negative or missing"),
        (sparse.csr_array(np.zeros((3, 3))), r"shape \(3, 3\) for 4 values"),
    ],
)
def test_refuses_neighbours_that_do_not_fit(links, says: str) -> None:
    with pytest.raises(GeographyError, match=says):
        getis_ord_gi_star(LINE, links)


# Many tests at once -------------------------------------------------------------------------------------------------


def test_a_p_value_on_the_line_counts() -> None:
    assert fdr_threshold([0.05, 0.05]) == 0.05


def test_where_nothing_passes_nothing_is_believed() -> None:
    assert fdr_threshold([0.2, 0.5, 0.9]) == 0
    assert fdr_threshold([]) == 0


def test_missing_p_values_are_not_tests() -> None:
    # Two tests: 0.02 ≤ 1·0.05/2; with four it would not pass.
    assert fdr_threshold([0.02, NAN, NAN, 0.9]) == 0.025


def test_refuses_p_values_in_per_cent() -> None:
    with pytest.raises(PlanError, match="p-values 1 to 5"):
        fdr_threshold([1, 5])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_the_threshold_rejects_as_many_as_its_line_allows(p_values: list[float], alpha: float) -> None:
    p = np.array(p_values)
    threshold = fdr_threshold(p, alpha)
    rejected = int((p <= threshold).sum())
    passing = [k for k in range(1, len(p) + 1) if np.sort(p)[k - 1] <= k * alpha / len(p)]
    if passing:
        assert rejected == max(passing)
    elif threshold == 0:
        assert rejected == (p == 0).sum()


# Neighbours, and low values that lie together -----------------------------------------------------------------------


def squares(*corners: tuple[int, int]) -> list[shapely.Polygon]:
    return [shapely.box(x, y, x + 1, y + 1) for x, y in corners]


def test_areas_that_share_an_edge_or_a_corner_are_neighbours_both_ways() -> None:
    # A and B share an edge, B and C a corner; the rows come in another order than the codes
    found = contiguity(squares((1, 0), (0, 0), (2, 1)), pd.Index(["B", "A", "C"]))
    assert found.to_dict("list") == {
        "area_code": ["A", "B", "B", "C"],
        "neighbour_code": ["B", "A", "C", "B"],
        "kind": ["touching"] * 4,
    }


def test_pieces_of_a_map_are_linked_until_they_are_one() -> None:
    # A on its own, 1 from B; B and C touch; D and E touch, 5 from C
    found = contiguity(squares((0, 0), (2, 0), (3, 0), (9, 0), (10, 0)), pd.Index(list("ABCDE")))
    links = found[found["kind"] == "island link"]
    assert set(zip(links["area_code"], links["neighbour_code"], strict=True)) == {
        ("A", "B"), ("B", "A"), ("C", "D"), ("D", "C"),
    }  # fmt: skip
    assert set(found["area_code"]) == set("ABCDE")


def test_one_area_has_no_neighbour_and_two_always_have() -> None:
    assert contiguity(squares((0, 0)), pd.Index(["A"])).empty
    assert len(contiguity(squares((0, 0), (50, 0)), pd.Index(["A", "B"]))) == 2


def test_an_area_without_a_boundary_and_a_code_twice_are_refused() -> None:
    with pytest.raises(GeographyError, match="1 areas have no boundary: B"):
        contiguity([*squares((0, 0)), None], pd.Index(["A", "B"]))
    with pytest.raises(GeographyError, match="no code twice"):
        contiguity(squares((0, 0), (1, 0)), pd.Index(["A", "A"]))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=20, unique=True))
def test_every_map_becomes_one_piece_and_touching_is_as_by_hand(corners: list[tuple[int, int]]) -> None:
    codes = pd.Index([f"a{n:02d}" for n in range(len(corners))])
    found = contiguity(squares(*corners), codes)
    place = dict(zip(codes, corners, strict=True))
    near = {
        (a, b)
        for a in codes
        for b in codes
        if a != b and max(abs(place[a][0] - place[b][0]), abs(place[a][1] - place[b][1])) <= 1
    }
    touching = found[found["kind"] == "touching"]
    assert set(zip(touching["area_code"], touching["neighbour_code"], strict=True)) == near
    position = {code: n for n, code in enumerate(codes)}
    links = ([position[a] for a in found["area_code"]], [position[b] for b in found["neighbour_code"]])
    graph = sparse.coo_array((np.ones(len(found)), links), shape=(len(codes), len(codes)))
    assert sparse.csgraph.connected_components(graph)[0] == 1


def grid_with_a_hole() -> tuple[pd.Series, pd.DataFrame]:
    """A grid of 12 × 12 areas of random values around 10, but 1 in a corner of 4 × 4; and its neighbours."""
    values = np.random.default_rng(3).normal(10, 1, (12, 12))
    values[:4, :4] = 1
    codes = pd.Index([f"{row:02d}-{column:02d}" for row in range(12) for column in range(12)])
    boxes = squares(*((row, column) for row in range(12) for column in range(12)))
    return pd.Series(values.ravel(), index=codes), contiguity(boxes, codes)


def test_a_low_corner_is_a_low_cluster_and_little_else_is() -> None:
    values, neighbours = grid_with_a_hole()
    found = low_clusters(values, neighbours, permutations=999)
    corner = [f"{row:02d}-{column:02d}" for row in range(3) for column in range(3)]  # its inside
    assert found.loc[corner, "low"].all()
    assert found.loc[found["low"], ["gi_low", "moran_low"]].any(axis=1).all()
    assert not found.loc[[code for code in values.index if code > "06"], "low"].any()
    assert (found.loc[found["gi_low"], "gi_z"] < 0).all()


def test_too_few_permutations_pass_nothing_by_moran() -> None:
    # with 19 the least two-sided p is 2/20 = 0.1, above 0.05 however many are tested
    values, neighbours = grid_with_a_hole()
    assert not low_clusters(values, neighbours, permutations=19)["moran_low"].any()


def test_an_area_without_a_value_is_in_no_cluster_and_not_out_of_one() -> None:
    values, neighbours = grid_with_a_hole()
    values["00-00"] = NAN
    found = low_clusters(values, neighbours, permutations=99)
    assert found.loc["00-00"].isna().all()
    assert found.drop(index="00-00")["low"].notna().all()


def test_permuted_p_of_gi_finds_the_share_of_all_deals() -> None:
    # as for local Moran above, on sums of two neighbours
    values = pd.Series([1.0, 1, 2, 3, 5, 8, 13, 21], index=list("ABCDEFGH"))
    ring = pd.DataFrame([(a, "ABCDEFGH"[(i + step) % 8]) for i, a in enumerate("ABCDEFGH") for step in (-1, 1)])
    found = permuted_gi_p(values, ring, permutations=20_000, seed=11)
    deals = np.array([sum(pair) for pair in combinations(values.drop("A"), 2)])
    assert found["A"] == pytest.approx(min((deals >= 22).mean(), (deals <= 22).mean()), abs=0.012)
