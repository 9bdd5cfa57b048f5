"""Access: what a reach accepts, what each measure says, and what must hold whatever the numbers."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from hjp_geo import access
from hjp_geo.access import (
    MEASURES,
    Binary,
    ContinuousGaussian,
    Decay,
    Exponential,
    Gaussian,
    Linear,
    Logistic,
    Power,
    Reach,
    Step,
)
from hjp_geo.errors import GeographyError, PlanError, SchemaError

NAN = math.nan
LUO_QI = Step({20: 1, 40: 0.68, 60: 0.22})
HALF_AN_HOUR = Binary(30)


def costs(*pairs: tuple[str, str, float], unit: str = "minutes") -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["area_code", "site_id", unit])


def reach(
    demand: dict[str, float],
    supply: dict[str, float],
    pairs: pd.DataFrame,
    decay: Decay = HALF_AN_HOUR,
    **options: object,
) -> Reach:
    return Reach(pd.Series(demand, dtype=float), pd.Series(supply, dtype=float), pairs, decay, **options)  # type: ignore[arg-type]


# One surgery between two villages, and a hamlet that reaches nothing.
#   a (10 people) – 10 min – s (6 hours)       b (20 people) – 30 min – s       c (5 people) – nothing
VILLAGES: tuple[dict[str, float], dict[str, float], pd.DataFrame] = (
    {"a": 10, "b": 20, "c": 5},
    {"s": 6},
    costs(("a", "s", 10), ("b", "s", 30)),
)


class TestWhatAReachAccepts:
    def test_a_cost_equal_to_the_cutoff_is_inside(self) -> None:
        # b is exactly 30 minutes away: 6 hours / (10 + 20) people = 0.2 each. With < for ≤ it would be 0.6 and 0.
        share = access.floating_catchment_area(reach(*VILLAGES, Binary(30)))
        assert share.to_dict() == {"a": 0.2, "b": 0.2, "c": 0.0}

    def test_a_cost_just_beyond_the_cutoff_is_outside(self) -> None:
        share = access.floating_catchment_area(reach(*VILLAGES, Binary(29.999999)))
        assert share.to_dict() == {"a": 0.6, "b": 0.0, "c": 0.0}

    @pytest.mark.parametrize("no_way", [NAN, math.inf])
    def test_a_missing_or_infinite_cost_is_the_same_as_no_pair(self, no_way: float) -> None:
        with_row = reach(VILLAGES[0], VILLAGES[1], costs(("a", "s", 10), ("b", "s", 30), ("c", "s", no_way)))
        assert access.floating_catchment_area(with_row).to_dict() == {"a": 0.2, "b": 0.2, "c": 0.0}
        assert with_row.counts.pairs_declared_unreachable == 1

    @pytest.mark.parametrize("stand_in", [9999, 999, -1, -9999, 2147483647])
    def test_a_stand_in_for_no_route_is_refused_not_averaged(self, stand_in: float) -> None:
        with pytest.raises(SchemaError, match=f"{stand_in}.*unreachable"):
            reach({"a": 1}, {"s": 1}, costs(("a", "s", stand_in)))

    @pytest.mark.parametrize("stand_in", [9999, -1])
    def test_a_declared_stand_in_is_unreachable(self, stand_in: float) -> None:
        declared = reach({"a": 1}, {"s": 1}, costs(("a", "s", stand_in)), unreachable=[stand_in])
        assert access.cost_to_closest(declared).isna().all()
        assert declared.counts.pairs == 0

    def test_a_pair_given_twice_is_an_error(self) -> None:
        with pytest.raises(SchemaError, match="more than once, the first a to s"):
            reach({"a": 1}, {"s": 1}, costs(("a", "s", 5), ("a", "s", 6)))

    def test_a_negative_cost_is_an_error(self) -> None:
        with pytest.raises(SchemaError, match="negative"):
            reach({"a": 1}, {"s": 1}, costs(("a", "s", -0.5)))

    def test_an_unknown_code_is_an_error_that_names_it(self) -> None:
        with pytest.raises(GeographyError, match="E01000009"):
            reach({"a": 1}, {"s": 1}, costs(("E01000009", "s", 5)))
        with pytest.raises(GeographyError, match="site-9"):
            reach({"a": 1}, {"s": 1}, costs(("a", "site-9", 5)))

    def test_demand_and_supply_the_wrong_way_round_is_an_error_that_says_so(self) -> None:
        with pytest.raises(GeographyError, match="look swapped"):
            reach({"s": 6}, {"a": 10, "b": 20}, costs(("a", "s", 10), ("b", "s", 30)))

    @pytest.mark.parametrize(
        "table",
        [
            pd.DataFrame({"area_code": ["a"], "site_id": ["s"], "minutes": [1.0], "km": [1.0]}),
            pd.DataFrame({"area_code": ["a"], "site_id": ["s"], "metres": [1.0]}),
            pd.DataFrame({"area_code": ["a"], "site_id": ["s"]}),
            pd.DataFrame({"origin": ["a"], "destination": ["s"], "minutes": [1.0]}),
        ],
    )
    def test_the_cost_is_minutes_or_km_and_nothing_else(self, table: pd.DataFrame) -> None:
        with pytest.raises(SchemaError, match="exactly one of minutes or km"):
            reach({"a": 1}, {"s": 1}, table)

    def test_the_unit_of_the_costs_is_kept(self) -> None:
        assert reach({"a": 1}, {"s": 1}, costs(("a", "s", 1))).cost_unit == "minutes"
        by_km = reach({"a": 1}, {"s": 1}, costs(("a", "s", 1), unit="km"))
        assert by_km.cost_unit == "km"
        assert MEASURES["cost_to_closest"].unit_for(by_km) == "km"

    @pytest.mark.parametrize("bad", [-1.0, math.inf])
    def test_demand_and_supply_are_finite_and_not_negative(self, bad: float) -> None:
        with pytest.raises(PlanError, match=r"demand is negative or infinite.*a = "):
            reach({"a": bad}, {"s": 1}, costs(("a", "s", 1)))
        with pytest.raises(PlanError, match=r"supply is negative or infinite.*s = "):
            reach({"a": 1}, {"s": bad}, costs(("a", "s", 1)))

    def test_missing_supply_is_refused_since_it_is_neither_zero_nor_a_mean(self) -> None:
        with pytest.raises(PlanError, match=r"supply is missing.*s = nan.*median of similar sites"):
            reach({"a": 1}, {"s": NAN, "t": 2}, costs(("a", "s", 1)))

    def test_text_or_repeated_codes_are_refused(self) -> None:
        pairs = costs(("a", "s", 1))
        with pytest.raises(PlanError, match="expected numbers"):
            Reach(pd.Series({"a": "many"}), pd.Series({"s": 1.0}), pairs, Binary(5))
        with pytest.raises(GeographyError, match="repeated: a"):
            Reach(pd.Series([1.0, 2.0], index=["a", "a"]), pd.Series({"s": 1.0}), pairs, Binary(5))
        with pytest.raises(SchemaError, match="expected numbers"):
            Reach(pd.Series({"a": 1.0}), pd.Series({"s": 1.0}), pairs.astype({"minutes": str}), Binary(5))

    def test_something_that_is_not_a_decay_is_refused(self) -> None:
        with pytest.raises(PlanError, match=r"found 30; expected one such as Binary\(cutoff=30\)"):
            reach({"a": 1}, {"s": 1}, costs(("a", "s", 1)), 30)  # type: ignore[arg-type]

    def test_an_empty_table_of_costs_reaches_nothing(self) -> None:
        nothing = reach({"a": 1}, {"s": 4}, costs().astype({"minutes": float}))
        assert access.floating_catchment_area(nothing).to_dict() == {"a": 0.0}
        assert access.cost_to_closest(nothing).isna().all()
        assert access.rational_agent_access(nothing).isna().all()
        assert access.unreached_supply(nothing).to_dict() == {"s": 4.0}

    def test_nullable_and_categorical_columns_are_read_as_they_are(self) -> None:
        table = costs(("a", "s", 10), ("b", "s", 30)).astype({"area_code": "category", "minutes": "Int64"})
        demand = pd.Series({"a": 10, "b": 20, "c": None}, dtype="Int64")
        share = access.floating_catchment_area(Reach(demand, pd.Series({"s": 6}), table, Binary(30)))
        assert share.iloc[:2].to_list() == [0.2, 0.2]
        assert math.isnan(share["c"])


class TestMissingZeroAndUnreachableAreThreeThings:
    # x has no demand figure, y nobody, z 10 people; all 5 minutes from s (5 hours). t (7 hours) is reached by y alone.
    REACH = reach(
        {"x": NAN, "y": 0, "z": 10, "w": 4},
        {"s": 5, "t": 7, "u": 0},
        costs(("x", "s", 5), ("y", "s", 5), ("z", "s", 5), ("y", "t", 5)),
    )

    def test_missing_demand_is_left_out_and_its_result_is_missing(self) -> None:
        # z shares s with nobody: 5/10. y sees the same 0.5 and nothing of t, which has nobody to be shared among.
        share = access.floating_catchment_area(self.REACH)
        assert share.drop("x").to_dict() == {"w": 0.0, "y": 0.5, "z": 0.5}
        assert math.isnan(share["x"])

    @pytest.mark.parametrize("name", MEASURES)
    def test_every_measure_is_missing_where_demand_is_and_only_for_costs_where_nothing_is_reached(
        self, name: str
    ) -> None:
        values = MEASURES[name](self.REACH)
        assert math.isnan(values["x"])
        assert values[["y", "z"]].notna().all()
        assert math.isnan(values["w"]) if MEASURES[name].better == "low" else values["w"] == 0

    def test_each_kind_is_counted_apart(self) -> None:
        counts = self.REACH.counts
        assert (counts.areas, counts.areas_without_demand_figure, counts.areas_with_zero_demand) == (4, 1, 1)
        assert (counts.sites, counts.sites_with_zero_supply, counts.sites_reached_by_nobody) == (3, 1, 2)
        assert (counts.pairs, counts.pairs_within_cutoff, counts.areas_reaching_nothing) == (4, 4, 1)
        assert self.REACH.areas_reaching_nothing.to_dict() == {"w": True, "x": False, "y": False, "z": False}

    def test_supply_that_goes_to_nobody_is_reported_not_lost(self) -> None:
        assert access.unreached_supply(self.REACH).to_dict() == {"s": 0.0, "t": 7.0, "u": 0.0}

    def test_a_site_without_supply_is_not_the_closest(self) -> None:
        closed_next_door = reach({"a": 1}, {"near": 0, "far": 2}, costs(("a", "near", 1), ("a", "far", 25)))
        assert access.cost_to_closest(closed_next_door).to_dict() == {"a": 25.0}


class TestTheCallersTablesAreLeftAlone:
    @pytest.mark.parametrize("name", MEASURES)
    def test_no_measure_edits_or_adds_to_its_inputs(self, name: str) -> None:
        demand, supply = pd.Series({"b": 20.0, "a": 10.0}), pd.Series({"s": 6.0})
        pairs = costs(("b", "s", 30), ("a", "s", 9999))
        before = demand.copy(), supply.copy(), pairs.copy()
        MEASURES[name](Reach(demand, supply, pairs, LUO_QI, unreachable=[9999]))
        pd.testing.assert_series_equal(demand, before[0])
        pd.testing.assert_series_equal(supply, before[1])
        pd.testing.assert_frame_equal(pairs, before[2])

    def test_a_reach_cannot_be_edited(self) -> None:
        made = reach(*VILLAGES)
        with pytest.raises(FrozenInstanceError):
            made.decay = Binary(5)  # type: ignore[misc]
        with pytest.raises(ValueError, match="read-only"):
            made.matrix.costs[0] = 5

    def test_editing_the_inputs_later_does_not_change_the_reach(self) -> None:
        demand, supply, pairs = pd.Series({"a": 10.0}), pd.Series({"s": 6.0}), costs(("a", "s", 10))
        made = Reach(demand, supply, pairs, Binary(30))
        demand["a"], supply["s"], pairs.loc[0, "minutes"] = 1.0, 1.0, 99.0
        assert access.floating_catchment_area(made).to_dict() == {"a": 0.6}


class TestChangingOneThing:
    def test_another_decay_gives_the_same_as_a_reach_made_anew(self) -> None:
        changed = reach(*VILLAGES, Binary(30)).with_decay(Binary(10))
        assert access.floating_catchment_area(changed).to_dict() == {"a": 0.6, "b": 0.0, "c": 0.0}

    def test_the_costs_are_not_built_again(self) -> None:
        first = reach(*VILLAGES)
        assert first.with_decay(Binary(5)).matrix is first.matrix
        assert first.with_supply(pd.Series({"s": 1.0})).matrix is first.matrix

    def test_sites_not_named_in_the_new_supply_take_no_part(self) -> None:
        # 3SFCA divides people among the sites they reach: with t at zero hours half of a's demand is still drawn to t,
        # so s serves 10·½·½ … of the choice; with t not taking part all of it goes to s.  Both give out 6 hours to a.
        # BFCA shows the difference: W/ΣW is 1/2 with t there, 1 without: 6/(10·½) = 1.2 against 6/10 = 0.6.
        both = reach({"a": 10}, {"s": 6, "t": 3}, costs(("a", "s", 5), ("a", "t", 5)))
        at_zero = both.with_supply(pd.Series({"s": 6.0, "t": 0.0}))
        absent = both.with_supply(pd.Series({"s": 6.0}))
        assert access.balanced_floating_catchment_area(at_zero).to_dict() == {"a": 1.2}
        assert access.balanced_floating_catchment_area(absent).to_dict() == {"a": 0.6}

    def test_areas_not_named_in_the_new_demand_take_no_part(self) -> None:
        only_b = reach(*VILLAGES).with_demand(pd.Series({"b": 20.0}))
        assert access.floating_catchment_area(only_b).to_dict() == {"b": 0.3}

    def test_a_site_without_costs_cannot_be_added(self) -> None:
        with pytest.raises(GeographyError, match="build a new Reach"):
            reach(*VILLAGES).with_supply(pd.Series({"s": 6.0, "new": 1.0}))


class TestDecays:
    @pytest.mark.parametrize(
        ("decay", "cost", "weight"),
        [
            (Binary(40), 40, 1),
            (Binary(40), 40.0001, 0),
            (LUO_QI, 0, 1),
            (LUO_QI, 20, 1),
            (LUO_QI, 20.5, 0.68),
            (LUO_QI, 40, 0.68),
            (LUO_QI, 60, 0.22),
            (LUO_QI, 60.5, 0),
            (Gaussian(20, 60), 0, 1),
            (Gaussian(20, 60), 20, math.exp(-0.5)),
            (Gaussian(20, 60), 60, math.exp(-4.5)),
            (Gaussian(20, 60), 61, 0),
            (Gaussian(20), 61, math.exp(-(61**2) / 800)),
            (ContinuousGaussian(30), 0, 1),
            (ContinuousGaussian(30), 30, 0),
            (Exponential(half=10), 10, 0.5),
            (Exponential(half=10), 30, 0.125),
            (Exponential(half=10, cutoff=29), 30, 0),
            (Linear(40), 0, 1),
            (Linear(40), 10, 0.75),
            (Linear(40), 50, 0),
            (Logistic(midpoint=30, spread=5), 30, 0.5),
            # one spread beyond the midpoint: 1/(1 + e^(5π/(5√3)))
            (Logistic(midpoint=30, spread=5), 35, 1 / (1 + math.exp(math.pi / math.sqrt(3)))),
            (Power(1), 0, 1),
            (Power(1), 0.5, 1),
            (Power(2), 4, 1 / 16),
            (Power(1, cutoff=61), 80, 0),
        ],
    )
    def test_weight_of_a_cost(self, decay: Decay, cost: float, weight: float) -> None:
        assert_allclose(decay.weights(np.array([float(cost)])), [weight], atol=1e-7)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: Binary(0),
            lambda: Binary(NAN),
            lambda: Gaussian(-1),
            lambda: Exponential(0),
            lambda: Step({}),
            lambda: Step({20: 0.5, 40: 0.7}),
            lambda: Step({-5: 1}),
            lambda: Step({20: 1.5}),
            lambda: Power(0),
            lambda: Logistic(30, 0),
        ],
    )
    def test_settings_that_make_no_sense_are_refused(self, make: object) -> None:
        with pytest.raises(PlanError, match="expected"):
            make()  # type: ignore[operator]

    def test_a_decay_is_a_value(self) -> None:
        assert Step({40: 0.68, 20: 1, 60: 0.22}) == LUO_QI
        assert len({Binary(30), Binary(30.0), Binary(20)}) == 2
        assert repr(LUO_QI) == "Step({20: 1, 40: 0.68, 60: 0.22})"
        assert eval(repr(Gaussian(20, 60))) == Gaussian(20, 60)
        with pytest.raises(FrozenInstanceError):
            Binary(30).cutoff = 5  # type: ignore[misc]

    @settings(deadline=None)
    @given(st.floats(0, 1e6), st.floats(0, 1e6))
    def test_no_decay_rises_with_cost_or_leaves_0_to_1(self, one: float, other: float) -> None:
        decays: list[Decay] = [Binary(30), LUO_QI, Gaussian(20), ContinuousGaussian(30), Exponential(9), Linear(40)]
        for decay in [*decays, Logistic(30, 5), Power(1.5)]:
            near, far = decay.weights(np.array(sorted([one, other])))
            assert 0 <= far <= near <= 1
            assert far == 0 or max(one, other) <= decay.cutoff


class TestMeasuresByHand:
    def test_enhanced_catchment_lets_nearer_people_count_more(self) -> None:
        # weights: a 1 (10 min), b 0.68 (30 min). s: 6 / (10·1 + 20·0.68) = 6/23.6; a gets all of that, b 0.68 of it
        share = access.enhanced_floating_catchment_area(reach(*VILLAGES, LUO_QI))
        assert_allclose(share, [6 / 23.6, 0.68 * 6 / 23.6, 0])
        assert share.name == "enhanced_floating_catchment_area"
        assert share.index.name == "area_code"

    def test_results_are_sorted_by_area_code(self) -> None:
        share = access.floating_catchment_area(reach({"z": 1, "a": 1}, {"s": 2}, costs(("z", "s", 1))))
        assert share.to_dict() == {"a": 0.0, "z": 2.0}
        assert share.index.to_list() == ["a", "z"]

    def test_modified_catchment_counts_distance_twice(self) -> None:
        share = access.modified_floating_catchment_area(reach(*VILLAGES, LUO_QI))
        assert_allclose(share, [6 / 23.6, 0.68**2 * 6 / 23.6, 0])

    def test_cumulative_opportunities_share_with_nobody(self) -> None:
        within = reach({"a": 10, "b": 99}, {"s": 6, "t": 4}, costs(("a", "s", 10), ("a", "t", 30), ("b", "t", 31)))
        assert access.cumulative_opportunities(within).to_dict() == {"a": 10.0, "b": 0.0}
        hansen = access.cumulative_opportunities(within.with_decay(LUO_QI))
        assert_allclose(hansen, [6 + 0.68 * 4, 0.68 * 4])

    def test_closest_costs_ignore_the_cutoff_and_average_k(self) -> None:
        far = reach(
            {"a": 1, "b": 1}, {"s": 1, "t": 1}, costs(("a", "s", 50), ("a", "t", 70), ("b", "t", 5)), Binary(30)
        )
        assert access.cost_to_closest(far).to_dict() == {"a": 50.0, "b": 5.0}
        two = access.cost_to_closest(far, k=2)
        assert two["a"] == 60
        assert math.isnan(two["b"])

    def test_crowdedness_is_people_per_unit_of_supply_at_each_site(self) -> None:
        # both villages reach s alone: a brings 10/6·… P/(S·W)·W = 10/6 and 20/6 whatever the weight; together 5
        assert_allclose(access.crowdedness(reach(*VILLAGES, LUO_QI)), [5.0])

    def test_spatial_availability_is_people_times_the_enhanced_catchment(self) -> None:
        made = reach(*VILLAGES, LUO_QI)
        amount = access.spatial_availability(made)
        assert_allclose(amount, made.demand * access.enhanced_floating_catchment_area(made))
        assert_allclose(amount.sum(), 6)

    def test_rational_agents_split_until_neither_site_is_better(self) -> None:
        # 10 people, two sites of 5 hours (rho 1) at 0 and 30 minutes, tau 60: D/5 = (10 − D)/5 + 0.5, D 6.25, cost 1.25
        split = reach({"a": 10}, {"s": 5, "t": 5}, costs(("a", "s", 0), ("a", "t", 30)), Binary(60))
        assert_allclose(access.rational_agent_access(split), [1.25], rtol=1e-5)

    def test_an_area_with_nobody_gets_the_cost_of_one_more_person(self) -> None:
        # a alone: D/S/rho = (10/5)/(10/5) = 1. Someone from b would pay the same crowding plus 30/60.
        made = reach({"a": 10, "b": 0}, {"s": 5}, costs(("a", "s", 0), ("b", "s", 30)))
        assert_allclose(access.rational_agent_access(made), [1.0, 1.5], rtol=1e-5)

    def test_rational_agents_do_not_use_closed_or_far_sites(self) -> None:
        made = reach(
            {"a": 10}, {"s": 5, "shut": 0, "far": 50}, costs(("a", "s", 6), ("a", "shut", 0), ("a", "far", 90))
        )
        # rho = 10/55; (10/5)/(10/55) = 11, and 6/60
        assert_allclose(access.rational_agent_access(made), [11.1], rtol=1e-5)

    def test_with_nobody_anywhere_only_the_journey_is_left(self) -> None:
        made = reach({"a": 0}, {"s": 5, "t": 5}, costs(("a", "s", 12), ("a", "t", 30)))
        assert_allclose(access.rational_agent_access(made), [0.2])

    def test_kilometres_need_their_own_worth_of_crowding(self) -> None:
        by_km = reach({"a": 10}, {"s": 5}, costs(("a", "s", 2), unit="km"))
        with pytest.raises(PlanError, match="tau is None; expected the km"):
            access.rational_agent_access(by_km)
        assert_allclose(access.rational_agent_access(by_km, tau=4), [1.5], rtol=1e-5)

    @pytest.mark.parametrize(
        "ask",
        [
            lambda made: access.cost_to_closest(made, k=0),
            lambda made: access.spatial_availability(made, alpha=0),
            lambda made: access.rational_agent_access(made, tau=-1),
            lambda made: access.rational_agent_access(made, tolerance=0),
        ],
    )
    def test_parameters_out_of_range_are_refused(self, ask: object) -> None:
        with pytest.raises(PlanError, match="expected"):
            ask(reach(*VILLAGES))  # type: ignore[operator]

    def test_every_measure_says_what_it_is(self) -> None:
        for name, entry in MEASURES.items():
            assert entry.name == name
            assert entry.function is getattr(access, name)
            assert entry.label
            assert "\n\n" in entry.description
            assert entry.better in ("high", "low")
            assert entry(reach(*VILLAGES)).name == name
