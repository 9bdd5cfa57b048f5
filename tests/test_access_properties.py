"""Access: what must hold whatever the numbers, and the same numbers a second time from dense arrays."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from hjp_geo import access
from hjp_geo.access import MEASURES, Binary, Decay, Exponential, Gaussian, Linear, Logistic, Power, Reach, Step

LUO_QI = Step({20: 1, 40: 0.68, 60: 0.22})
SUPPLY_MEASURES = [name for name, entry in MEASURES.items() if entry.unit.startswith("supply")]
ADD_UP = [
    access.floating_catchment_area,
    access.enhanced_floating_catchment_area,
    access.three_step_floating_catchment_area,
    access.huff_three_step_floating_catchment_area,
]
DECAYS: list[Decay] = [
    Binary(30),
    LUO_QI,
    Gaussian(15, 45),
    Exponential(8),
    Linear(50),
    Logistic(25, 6),
    Power(1, cutoff=60),
]
PEOPLE = st.one_of(st.just(math.nan), st.just(0.0), st.floats(0.5, 5000))
HOURS = st.one_of(st.just(0.0), st.floats(0.1, 100))
COST = st.one_of(st.none(), st.sampled_from([0.0, 20.0, 30.0, 40.0, 45.0, 60.0]), st.floats(0, 90))


@st.composite
def inputs(draw: st.DrawFn) -> tuple[pd.Series, pd.Series, pd.DataFrame, Decay]:
    areas = [f"a{number}" for number in range(draw(st.integers(1, 6)))]
    sites = [f"s{number}" for number in range(draw(st.integers(1, 5)))]
    pairs = [(area, site, draw(COST)) for area in areas for site in sites]
    rows = [pair for pair in draw(st.permutations(pairs)) if pair[2] is not None]
    table = pd.DataFrame(rows, columns=["area_code", "site_id", "minutes"]).astype({"minutes": float})
    demand = pd.Series({area: draw(PEOPLE) for area in draw(st.permutations(areas))})
    supply = pd.Series({site: draw(HOURS) for site in draw(st.permutations(sites))})
    return demand, supply, table, draw(st.sampled_from(DECAYS))


def reaches() -> st.SearchStrategy[Reach]:
    return inputs().map(lambda made_of: Reach(*made_of))


@settings(deadline=None)
@given(inputs())
def test_the_reach_holds_the_table_pair_by_pair(made_of: tuple[pd.Series, pd.Series, pd.DataFrame, Decay]) -> None:
    demand, supply, table, _ = made_of
    made = Reach(*made_of)
    dense_costs = np.full(made.matrix.shape, np.inf)
    dense_costs[made.matrix.rows, made.matrix.columns] = made.matrix.costs
    held = pd.DataFrame(dense_costs, index=made.demand.index, columns=made.supply.index)
    for area in demand.index:
        assert made.demand[area] == demand[area] or math.isnan(demand[area])
        for site in supply.index:
            given_cost = table.loc[(table["area_code"] == area) & (table["site_id"] == site), "minutes"]
            assert held.loc[area, site] == (given_cost.item() if len(given_cost) else math.inf)
    assert made.supply.to_dict() == supply.to_dict()


def dense(made: Reach) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """P, S, C and W as plain arrays, worked from the reach's inputs pair by pair; areas without demand taken out."""
    demand, supply = made.demand.dropna(), made.supply
    matrix = np.full((len(made.demand), len(supply)), np.inf)
    matrix[made.matrix.rows, made.matrix.columns] = made.matrix.costs
    matrix = matrix[made.demand.notna().to_numpy()]
    weights = np.zeros_like(matrix)
    for pair, cost in np.ndenumerate(matrix):
        weights[pair] = made.decay.weights(np.array([cost]))[0] if np.isfinite(cost) else 0.0
    return np.asarray(demand), np.asarray(supply), matrix, weights


def over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(b > 0, a / np.where(b > 0, b, 1), 0))


def dense_measures(made: Reach) -> dict[str, np.ndarray]:
    """Every formula of METHODS §6.2 over dense arrays, by row and column sums."""
    P, S, C, W = dense(made)
    R = over(S, (P[:, None] * W).sum(axis=0))
    G = over(W, W.sum(axis=1, keepdims=True) + 0 * W)
    H = over(W * S, (W * S).sum(axis=1, keepdims=True) + 0 * W)
    balanced = over(S, (P[:, None] * G).sum(axis=0))
    open_costs = np.where(S > 0, C, np.inf).min(axis=1)

    def by_choice(choice: np.ndarray) -> np.ndarray:
        return np.asarray((choice * W * over(S, (P[:, None] * choice * W).sum(axis=0))).sum(axis=1))

    return {
        "cost_to_closest": np.where(np.isfinite(open_costs), open_costs, np.nan),
        "cumulative_opportunities": (W * S).sum(axis=1),
        "floating_catchment_area": (W * R).sum(axis=1),
        "enhanced_floating_catchment_area": (W * R).sum(axis=1),
        "modified_floating_catchment_area": (W**2 * R).sum(axis=1),
        "three_step_floating_catchment_area": by_choice(G),
        "huff_three_step_floating_catchment_area": by_choice(H),
        "balanced_floating_catchment_area": (balanced * over(W, W.sum(axis=0) + 0 * W)).sum(axis=1),
        "spatial_availability": (S * over(P[:, None] * W, (P[:, None] * W).sum(axis=0) + 0 * W)).sum(axis=1),
    }


@settings(deadline=None)
@given(reaches())
def test_sparse_and_dense_give_the_same_numbers(made: Reach) -> None:
    for name, expected in dense_measures(made).items():
        assert_allclose(
            MEASURES[name](made).dropna() if name != "cost_to_closest" else MEASURES[name](made)[made.demand.notna()],
            expected,
            rtol=1e-12,
            atol=1e-15,
            err_msg=name,
        )


@settings(deadline=None)
@given(reaches())
def test_people_times_shares_and_the_unreached_add_up_to_the_supply(made: Reach) -> None:
    for function in ADD_UP:
        given_out = (made.demand * function(made)).sum() + access.unreached_supply(made).sum()
        assert_allclose(given_out, made.supply.sum(), rtol=1e-9)


@settings(deadline=None)
@given(reaches())
def test_what_is_available_adds_up_to_the_supply_that_is_reached(made: Reach) -> None:
    reached = made.supply.sum() - access.unreached_supply(made).sum()
    assert_allclose(access.spatial_availability(made).sum(), reached, rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(reaches())
def test_crowding_adds_up_to_the_people_who_reach_any_supply(made: Reach) -> None:
    reaches_supply = access.cumulative_opportunities(made) > 0
    crowds = (made.supply * access.crowdedness(made)).sum()
    assert_allclose(crowds, made.demand[reaches_supply].sum(), rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(reaches())
def test_balanced_shares_add_up_to_the_ratios_of_the_sites(made: Reach) -> None:
    P, S, _, W = dense(made)
    ratios = over(S, (P[:, None] * over(W, W.sum(axis=1, keepdims=True) + 0 * W)).sum(axis=0))
    assert_allclose(access.balanced_floating_catchment_area(made).sum(), ratios.sum(), rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(reaches())
def test_the_modified_catchment_is_never_above_the_enhanced(made: Reach) -> None:
    gap = access.enhanced_floating_catchment_area(made) - access.modified_floating_catchment_area(made)
    assert (gap.dropna() >= 0).all()


@settings(deadline=None)
@given(reaches(), st.floats(0.01, 100))
def test_more_supply_everywhere_is_more_access_in_proportion(made: Reach, factor: float) -> None:
    more = made.with_supply(made.supply * factor)
    for name in SUPPLY_MEASURES:
        assert_allclose(MEASURES[name](more), MEASURES[name](made) * factor, rtol=1e-9, atol=1e-12, err_msg=name)


@settings(deadline=None)
@given(reaches(), st.data())
def test_a_new_site_lowers_no_share_of_supply_and_lengthens_no_journey(made: Reach, data: st.DataObject) -> None:
    left_out = data.draw(st.sampled_from(made.supply.index.to_list()))
    without = made.with_supply(made.supply.drop(left_out))
    for function in (access.floating_catchment_area, access.cumulative_opportunities):
        assert ((function(made) - function(without)).dropna() >= -1e-12 * function(made).abs().max()).all()
    nearer = access.cost_to_closest(made).fillna(np.inf) <= access.cost_to_closest(without).fillna(np.inf)
    assert nearer.all()


@settings(deadline=None)
@given(reaches(), st.sampled_from(DECAYS))
def test_a_changed_reach_is_the_same_as_one_made_anew(made: Reach, decay: Decay) -> None:
    pairs = pd.DataFrame(
        {
            "area_code": made.demand.index.take(made.matrix.rows),
            "site_id": made.supply.index.take(made.matrix.columns),
            "minutes": made.matrix.costs,
        }
    )
    keep = made.supply.index[::2]
    changed = made.with_decay(decay).with_supply(made.supply[keep])
    anew = Reach(made.demand, made.supply[keep], pairs[pairs["site_id"].isin(keep)], decay)
    for name in SUPPLY_MEASURES:
        pd.testing.assert_series_equal(MEASURES[name](changed), MEASURES[name](anew))


@settings(max_examples=50, deadline=None)
@given(reaches())
def test_nobody_could_do_better_at_the_rational_equilibrium(made: Reach) -> None:
    """Weak duality: with prices p, Σ P·min cost − Σ ρS·p²/2 is at most the least total, and equal at equilibrium."""
    result = access.rational_agent_access(made, tolerance=1e-7)
    P, S, C, W = dense(made)
    cost = result[made.demand.notna()].to_numpy()
    usable = (W > 0) & (S > 0)
    assert (np.isnan(cost) == ~usable.any(axis=1)).all()
    solved = np.isfinite(cost) & (P > 0)
    if not solved.any():
        return
    # Everyone pays the same at a site they use, so p_j = max over areas of (cost_i − c_ij/60), at least 0, and the
    # people at each site, ρ S_j p_j, add up to everyone.
    rho = P.sum() / S.sum()
    gap = np.where(usable[solved], cost[solved][:, None] - C[solved] / 60, -np.inf).max(axis=0)
    price = np.where(S > 0, gap.clip(min=0), 0)
    assert_allclose((rho * S * price).sum(), P[solved].sum(), rtol=2e-2)
