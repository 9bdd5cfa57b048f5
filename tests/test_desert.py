"""Deserts: what each rule flags, why, how many people that is, and what is never a desert."""

from __future__ import annotations

import doctest
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from hjp_geo import desert
from hjp_geo.desert import DESERT_RULES, REASONS, AreaFacts, decile, desert_totals, find_deserts, quintile
from hjp_geo.desert import reasons as reasons_module
from hjp_geo.errors import GeographyError, PlanError

NAN = math.nan
TEN = pd.Index(list("abcdefghij"), name="area_code")


def by_area(values: Any, dtype: Any = float) -> pd.Series:
    listed = [values] * 10 if np.isscalar(values) else list(values)
    series: pd.Series = pd.Series(listed, index=TEN[: len(listed)], dtype=dtype)
    return series


def facts(**given_columns: Any) -> AreaFacts:
    """Ten areas: a has most need and j least; access falls the same way, so that a and b are the desert."""
    columns = {
        "need": by_area([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        "access": by_area([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        "population": by_area(100),
        "known": by_area(True, "boolean"),
    }
    return AreaFacts(**{**columns, **given_columns})


def flagged(found: pd.Series) -> str:
    return "".join(found.index[found.fillna(value=False).astype(bool)])


def no_verdict(found: pd.Series) -> str:
    return "".join(found.index[found.isna()])


class TestFifthsAndTenths:
    def test_one_is_the_worst_fifth_whichever_end_is_bad(self) -> None:
        values = by_area([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
        assert quintile(values, worst="high").to_list() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        assert quintile(values, worst="low").to_list() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
        assert decile(values, worst="high").to_list() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

    def test_areas_that_tie_take_the_smallest_rank(self) -> None:
        # N = 5: ranks 1 1 1 4 5, ⌈5·rank/5⌉ the same. Three areas without any access are all in the worst fifth.
        assert quintile(by_area([0, 0, 0, 1, 2]), worst="low").to_list() == [1, 1, 1, 4, 5]

    def test_a_missing_value_is_left_out_of_the_count_and_has_no_fifth(self) -> None:
        result = quintile(by_area([5, 4, NAN, 3, 2, 1]), worst="high")
        assert result.drop("c").to_list() == [1, 2, 3, 4, 5]
        assert result.isna().to_list() == [False, False, True, False, False, False]

    def test_seven_areas_are_cut_by_count(self) -> None:
        # ⌈5·rank/7⌉ for ranks 1–7: 5/7 10/7 15/7 20/7 25/7 30/7 35/7 → 1 2 3 3 4 5 5
        assert quintile(by_area([1, 2, 3, 4, 5, 6, 7]), worst="low").to_list() == [1, 2, 3, 3, 4, 5, 5]

    def test_no_edge_is_lost_to_rounding_at_the_size_of_england(self) -> None:
        # 33,755 = 5 · 6,751: exactly 6,751 areas in each fifth; tenths as published, ⌈rank/N·10⌉
        values = pd.Series(np.arange(33_755, dtype=float))
        assert quintile(values, worst="high").value_counts().to_list() == [6751] * 5
        assert sorted(decile(values, worst="high").value_counts()) == [3375] * 5 + [3376] * 5

    def test_the_bad_end_must_be_named(self) -> None:
        with pytest.raises(PlanError, match="expected 'high'"):
            quintile(by_area(1), worst="up")  # type: ignore[arg-type]


class TestNeedAndAccessQuintile:
    def test_flags_the_worst_fifth_of_need_that_is_also_the_worst_fifth_of_access(self) -> None:
        # worst fifth of need: a b. Of access (low is bad): a b → both. With access turned round: i j, so none.
        assert flagged(desert.need_and_access_quintile(facts())) == "ab"
        turned = facts(access=by_area([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]))
        assert flagged(desert.need_and_access_quintile(turned)) == ""

    def test_an_area_without_need_or_access_is_never_a_desert_and_never_cleared(self) -> None:
        # a without need, b without access: of the nine that have need, b c are worst (ranks 1, 2: ⌈10/9⌉ = 2 for c),
        # so only b; b has no access. Nothing is flagged, and a, b have no verdict.
        unknown = facts(
            need=by_area([NAN, 9, 8, 7, 6, 5, 4, 3, 2, 1]), access=by_area([1, NAN, 3, 4, 5, 6, 7, 8, 9, 10])
        )
        found = desert.need_and_access_quintile(unknown)
        assert (flagged(found), no_verdict(found)) == ("", "ab")
        assert found.dtype == "boolean"

    def test_an_area_no_source_covers_has_no_verdict_and_does_not_crowd_out_others(self) -> None:
        # f–j are not covered and stand at access 0; without care they would fill the worst fifth. Of a–e it is a alone.
        known = by_area([True] * 5 + [False] * 5, "boolean")
        found = desert.need_and_access_quintile(facts(known=known, access=by_area([1, 2, 3, 4, 5, 0, 0, 0, 0, 0])))
        assert (flagged(found), no_verdict(found)) == ("a", "fghij")

    def test_it_is_the_default(self) -> None:
        assert next(iter(DESERT_RULES)) == "need_and_access_quintile"
        assert flagged(find_deserts(facts())["desert"]) == "ab"


class TestDistrictRules:
    COUNTS = by_area([0, 0, 1, 1, 2, 2, 3, 3, NAN, NAN])

    def test_no_provider_counts_none_and_not_unknown(self) -> None:
        found = desert.no_provider_in_district(facts(sites_in_district=self.COUNTS))
        assert (flagged(found), no_verdict(found)) == ("ab", "ij")

    def test_one_or_none_counts_both(self) -> None:
        found = desert.one_or_none_in_district(facts(sites_in_district=self.COUNTS))
        assert (flagged(found), no_verdict(found)) == ("abcd", "ij")

    def test_a_count_of_none_from_no_source_is_no_verdict(self) -> None:
        known = by_area([False, True] + [True] * 8, "boolean")
        found = desert.no_provider_in_district(facts(sites_in_district=self.COUNTS, known=known))
        assert (flagged(found), no_verdict(found)) == ("b", "aij")

    def test_bottom_tenth_adds_up_people_then_divides(self) -> None:
        # ten districts of one area; sites per person 1/100 … 10/100: the lowest tenth is a. With 1,000 people in j its
        # 10 sites are 1/100 as well, a tie, so both are in.
        own = by_area(list("ABCDEFGHIJ"), "str")
        ten = facts(district=own, sites_in_district=by_area([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
        assert flagged(desert.supply_bottom_tenth(ten)) == "a"
        tied = replace(ten, population=by_area([100] * 9 + [1000]))
        assert flagged(desert.supply_bottom_tenth(tied)) == "aj"

    def test_bottom_tenth_has_no_verdict_where_people_of_any_area_are_unknown(self) -> None:
        district = by_area(list("AABCDEFGHI"), "str")
        unknown = facts(
            district=district,
            sites_in_district=by_area([1, 1, 3, 4, 5, 6, 7, 8, 9, 10]),
            population=by_area([NAN] + [100] * 9),
        )
        assert no_verdict(desert.supply_bottom_tenth(unknown)) == "ab"


class TestBeyondDistance:
    NEAREST = by_area([10, 10.01, math.inf, NAN, 0, 3, 4, 5, 6, 7])

    def test_exactly_at_the_limit_is_within_it(self) -> None:
        found = desert.beyond_distance(facts(nearest_cost=self.NEAREST, limit=10, cost_unit="km"))
        assert (flagged(found), no_verdict(found)) == ("bc", "d")

    def test_with_no_site_anywhere_a_missing_nearest_is_beyond(self) -> None:
        none = facts(nearest_cost=by_area(NAN), sites_in_frame=by_area(0), limit=10)
        assert flagged(desert.beyond_distance(none)) == "abcdefghij"
        assert set(find_deserts(none, "beyond_distance")["reason"]) == {"no_provider"}

    @pytest.mark.parametrize("limit", [-1, NAN])
    def test_the_limit_is_zero_or_more(self, limit: float) -> None:
        with pytest.raises(PlanError, match="expected 0 or more minutes"):
            desert.beyond_distance(facts(nearest_cost=self.NEAREST, limit=limit))


class TestReasons:
    # Every area is flagged, and for each the reasons before its own do not apply while all after it would.
    # a hours not known · b none at all · c too far · d shut · e not for them · f remote only, but able · g–j shared
    ALL = facts(
        sites_in_district=by_area(0),
        unknown_supply_in_reach=by_area([2, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        sites_in_frame=by_area([0, 0, 5, 5, 5, 5, 5, 5, 5, 5]),
        nearest_cost=by_area([50, 50, 50, 9, 9, 9, 9, 30, 9, 9]),
        sites_in_reach=by_area([0, 0, 0, 3, 3, 0, 3, 1, 1, 1]),
        open_in_reach=by_area([0, 0, 0, 0, 2, 0, 3, 1, 1, 1]),
        eligible_in_reach=by_area([0, 0, 0, 0, 0, 0, 3, 1, 1, 1]),
        remote_only=by_area([True] * 2 + [False] * 3 + [True] + [False] * 4, "boolean"),
        able_to_use_remote=by_area([0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.9, 0.9, 0.9, 0.9]),
        limit=30,
    )

    def test_the_first_that_applies_is_the_reason_with_its_figure(self) -> None:
        found = find_deserts(self.ALL, "no_provider_in_district")
        expected = [
            "no_data",
            "no_provider",
            "too_far",
            "not_open",
            "not_eligible",
            "full",
            "full",
            "full",
            "full",
            "full",
        ]
        # f: the median able is (0.1 + 0.2)/2 … of 0.1×5, 0.2, 0.9×4 = 0.15; 0.2 is above it, so not online_only
        assert found["reason"].to_list() == expected
        assert found["figure"].to_list() == [2, 0, 50, 3, 2, 6, 7, 8, 9, 10]

    def test_online_only_is_for_areas_less_able_than_the_median(self) -> None:
        able = by_area([0.9, 0.9, 0.9, 0.9, 0.9, 0.2, 0.9, 0.9, 0.9, 0.9])
        found = find_deserts(replace(self.ALL, able_to_use_remote=able), "no_provider_in_district")
        assert list(found.loc["f"]) == [True, "online_only", 0.2]

    def test_an_area_that_is_not_flagged_has_no_reason_and_one_without_verdict_has_no_data(self) -> None:
        found = find_deserts(facts(need=by_area([10, 9, 8, 7, 6, 5, 4, 3, 2, NAN])))
        assert found["desert"].to_list()[:9] == [True] + [False] * 8
        assert found.loc["j", "desert"] is pd.NA
        assert found["reason"].fillna("-").to_list() == ["full"] + ["-"] * 8 + ["no_data"]
        assert found["figure"].notna().to_list() == [True] + [False] * 9

    def test_too_far_is_judged_by_the_same_inclusive_limit_as_the_rule(self) -> None:
        at_the_limit = facts(nearest_cost=by_area([30, 31, 5, 5, 5, 5, 5, 5, 5, 5]), limit=30)
        assert find_deserts(at_the_limit)["reason"].to_list()[:2] == ["full", "too_far"]

    def test_reasons_nobody_gave_figures_for_are_passed_over(self) -> None:
        assert set(find_deserts(facts())["reason"].dropna()) == {"full"}

    def test_shares_are_of_people_not_of_areas(self) -> None:
        # a: 900 people, hours not known; b: 100, too far. Half of the flagged areas each, 90 % and 10 % of people.
        two = facts(
            population=by_area([900, 100] + [50] * 8),
            unknown_supply_in_reach=by_area([1] + [0] * 9),
            nearest_cost=by_area(40),
            limit=30,
        )
        found = find_deserts(two)
        table = desert.reason_totals(found, two.population)
        assert table.index.to_list() == list(REASONS)
        assert list(table.loc["no_data"]) == [1, 900, 90]
        assert list(table.loc["too_far"]) == [1, 100, 10]
        totals = desert_totals(found, two.population)
        assert (totals.people_flagged, totals.people, totals.areas_flagged, totals.areas) == (1000, 1400, 2, 10)
        assert totals.share_of_areas_pct == 20
        assert totals.share_of_people_pct == pytest.approx(100 * 1000 / 1400)

    def test_people_without_a_verdict_stand_apart(self) -> None:
        unknown = facts(need=by_area([10, 9, 8, 7, 6, 5, 4, 3, 2, NAN]), population=by_area([NAN] + [100] * 9))
        totals = desert_totals(find_deserts(unknown), unknown.population)
        assert (totals.areas_without_verdict, totals.people_without_verdict) == (1, 100)
        assert (totals.areas_without_population, totals.people, totals.people_flagged) == (1, 900, 0)
        assert totals.share_of_people_pct == 0

    def test_with_nobody_flagged_the_shares_are_missing_not_zero(self) -> None:
        none = facts(sites_in_district=by_area(4))
        table = desert.reason_totals(find_deserts(none, "no_provider_in_district"), none.population)
        assert table["people"].sum() == 0
        assert table["share_of_people_pct"].isna().all()

    def test_population_must_cover_the_areas(self) -> None:
        with pytest.raises(GeographyError, match="population: 1 of 10 areas"):
            desert_totals(find_deserts(facts()), by_area(100).drop("c"))


NUMBERS = st.one_of(st.just(NAN), st.integers(0, 3).map(float), st.floats(0, 100))
YES_NO = st.sampled_from([True, False, None])


@st.composite
def any_facts(draw: st.DrawFn) -> AreaFacts:
    def column(values: st.SearchStrategy[Any], dtype: str = "float64") -> pd.Series:
        return by_area(draw(st.lists(values, min_size=10, max_size=10)), dtype)

    given_columns: dict[str, Any] = {name: column(NUMBERS) for name in COUNTS if draw(st.booleans())}
    return AreaFacts(
        need=column(NUMBERS),
        access=column(NUMBERS),
        population=column(NUMBERS),
        known=column(YES_NO, "boolean"),
        nearest_cost=column(st.one_of(NUMBERS, st.just(math.inf))),
        sites_in_district=column(NUMBERS),
        district=column(st.sampled_from("XYZ"), "str"),
        remote_only=column(YES_NO, "boolean"),
        supply_in_district=column(NUMBERS),
        people_in_need=column(NUMBERS),
        neighbours=RING,
        expression="need_fifth = 1 and (nearest > 8 or not access_pct > 30)",
        limit=30,
        **given_columns,
    )


RING = sparse.csr_array(np.roll(np.eye(10), 1, axis=1) + np.roll(np.eye(10), -1, axis=1))
"""Ten areas in a ring, each touching the one before it and the one after."""

COUNTS = [
    "sites_in_frame",
    "unknown_supply_in_reach",
    "sites_in_reach",
    "open_in_reach",
    "eligible_in_reach",
    "able_to_use_remote",
]


@settings(deadline=None, max_examples=50)
@given(any_facts(), st.sampled_from(sorted(DESERT_RULES)))
def test_reasons_add_to_all_flagged_people(some: AreaFacts, rule: str) -> None:
    found = find_deserts(some, rule)
    table = desert.reason_totals(found, some.population)
    totals = desert_totals(found, some.population)
    assert table["areas"].sum() == totals.areas_flagged
    assert table["people"].sum() == pytest.approx(totals.people_flagged)
    if totals.people_flagged > 0:
        assert table["share_of_people_pct"].sum() == pytest.approx(100)


@settings(deadline=None, max_examples=50)
@given(any_facts(), st.sampled_from(sorted(DESERT_RULES)))
def test_a_reason_for_every_flag_and_none_without_and_never_a_desert_where_nothing_is_known(
    some: AreaFacts, rule: str
) -> None:
    found = find_deserts(some, rule)
    not_flagged = ~found["desert"].fillna(value=True).astype(bool)
    assert (found["reason"].isna() == not_flagged).all()
    assert found["reason"].dropna().isin(REASONS).all()
    assert found.loc[~some.is_known, "desert"].isna().all()
    assert found.index.equals(some.need.index)


@settings(deadline=None, max_examples=50)
@given(any_facts())
def test_flagging_edits_nothing(some: AreaFacts) -> None:
    before = {name: values.copy() for name, values in some.columns().items()}
    for rule in DESERT_RULES:
        find_deserts(some, rule)
    for name, values in some.columns().items():
        pd.testing.assert_series_equal(values, before[name])


class TestSentences:
    @pytest.mark.parametrize(
        ("reason", "figure", "words"),
        [
            ("no_data", 2, "The hours of 2 sites within 10 km are not recorded"),
            ("no_data", NAN, "No verdict"),
            ("no_provider", 0, "No loaded source lists any provider"),
            ("too_far", 12.34, "The nearest site is 12.3 km away, beyond the limit of 10 km."),
            ("too_far", math.inf, "No site can be reached from here"),
            ("not_open", 1, "There is 1 site within 10 km, but none has hours"),
            ("not_eligible", 3, "There are 3 sites open within 10 km, but none takes people from here."),
            ("online_only", 0.62, "only 62% of people can use it"),
            ("full", 0.00123, "shared among too many: 0.00123 hours a week per person."),
            ("full", -25, "Advice is within 10 km, but shared among too many."),
            ("full", 0, "There is a site within 10 km, but none of its advice counts"),
        ],
    )
    def test_one_plain_sentence(self, reason: Any, figure: float, words: str) -> None:
        sentence = desert.reason_sentence(
            reason, figure, limit=10, cost_unit="km", access_unit="hours a week per person"
        )
        assert words in sentence
        assert sentence.endswith(".")

    @pytest.mark.parametrize("reason", REASONS)
    def test_every_reason_has_words_with_and_without_a_figure_or_a_limit(self, reason: Any) -> None:
        for figure in (1.0, NAN):
            for limit in (10, None):
                sentence = desert.reason_sentence(reason, figure, limit=limit)
                assert sentence[0].isupper()
                assert "{" not in sentence
                assert "nan" not in sentence

    def test_an_unknown_reason_is_refused(self) -> None:
        with pytest.raises(PlanError, match="no reason called 'closed'"):
            desert.reason_sentence("closed")  # type: ignore[arg-type]

    def test_the_example_in_the_docstring_holds(self) -> None:
        assert doctest.testmod(reasons_module).failed == 0


class TestFactsAndRules:
    def test_columns_must_stand_on_the_same_areas(self) -> None:
        with pytest.raises(GeographyError, match=r"order of access \(9 areas\) and need \(10\) differ"):
            facts(access=by_area([1, 2, 3, 4, 5, 6, 7, 8, 9]))
        with pytest.raises(GeographyError, match="order of access"):
            facts(access=by_area([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).sort_index(ascending=False))

    @pytest.mark.parametrize("rule", sorted(DESERT_RULES.keys() - {"need_and_access_quintile"}))
    def test_a_rule_without_its_figures_says_which(self, rule: str) -> None:
        with pytest.raises(PlanError, match=f"rule {rule}: .* not given"):
            find_deserts(facts(), rule)

    def test_an_unknown_rule_is_refused_with_the_list(self) -> None:
        with pytest.raises(PlanError, match="no desert rule called 'far'; expected one of need_and_access_quintile"):
            find_deserts(facts(), "far")

    def test_every_rule_says_what_it_is_and_who_uses_it(self) -> None:
        for name, rule in DESERT_RULES.items():
            assert rule.name == name
            assert rule.function is getattr(desert, name)
            assert rule.label
            assert rule.used_by
            assert "\n\n" in rule.description
            assert set(rule.parameters) <= set(rule.needs) <= set(AreaFacts.__dataclass_fields__)
