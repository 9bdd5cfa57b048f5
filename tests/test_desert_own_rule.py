"""An own rule is read by a small grammar, never run; what is not known stays not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_desert import RING, by_area, facts, flagged, no_verdict

from hjp_geo import desert
from hjp_geo.desert import PARTS, OwnRule, worst
from hjp_geo.errors import PlanError

NAN = float("nan")
NEAREST = by_area([1, 12, 3, 4, 5, 6, 7, 8, 9, NAN])


def judged(text: str) -> tuple[str, str]:
    found = desert.own_rule(facts(nearest_cost=NEAREST, limit=10, expression=text))
    return flagged(found), no_verdict(found)


def test_parts_are_compared_and_joined():
    # need falls from a (10) to j (1): its worst fifth is a b; nearest is 12 at b
    assert judged("need_fifth = 1") == ("ab", "")
    assert judged("need_fifth = 1 and nearest > 8") == ("b", "")
    assert judged("need >= 9 or nearest = 3") == ("abc", "j")
    assert judged("not need < 9") == ("ab", "")
    assert judged("NEED_fifth=1 AND (nearest<=1 or nearest>=12)") == ("ab", "")


def test_and_binds_before_or():
    assert judged("need = 10 or need = 9 and nearest > 50")[0] == "a"
    assert judged("(need = 10 or need = 9) and nearest > 50")[0] == ""


def test_what_is_not_known_decides_only_where_it_matters():
    # j has no nearest: with a false other half the verdict is known, with a true one it is not
    assert judged("nearest > 8 and need > 5") == ("b", "")
    assert judged("nearest > 8 or need = 1") == ("bij", "")
    assert judged("nearest > 8") == ("bi", "j")


def test_the_percentage_counts_from_the_worst():
    # access is 1 … 10 for a … j: ranks of 10, so 10 % … 100 %
    assert judged("access_pct <= 30")[0] == "abc"
    assert judged("need_pct <= 20")[0] == "ab"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends too early"),
        ("need_fifth", "ends too early"),
        ("shoe_size > 4", "'shoe_size', expected one of need_fifth"),
        ("need_fifth = 1 nearest > 8", "goes on with 'nearest'"),
        ("need > nearest", "expected such as need <= 5"),
        ("(need > 1", "closing bracket"),
        ("need > 1; import os", "no part, sign or number"),
        ("__import__('os')", "no part, sign or number"),
        ("need > 1 and " * 40 + "need > 1", "characters"),
        ("(" * 30 + "need > 1" + ")" * 30, "deep"),
        ("not " * 30 + "need > 1", "deep"),
    ],
)
def test_what_is_no_rule_says_where(text: str, said: str):
    with pytest.raises(PlanError, match=said):
        OwnRule.read(text)


def test_a_part_nobody_gave_is_named():
    with pytest.raises(PlanError, match="nearest not given"):
        desert.own_rule(facts(expression="nearest > 8"))


@given(st.text(max_size=60))
def test_no_text_runs_or_breaks_the_reader(text: str):
    try:
        OwnRule.read(text)
    except PlanError:
        return


@given(st.sampled_from(sorted(PARTS)), st.sampled_from(["<", "<=", "=", ">", ">="]), st.floats(0.01, 999))
def test_a_number_moved_is_the_only_change(part: str, sign: str, value: float):
    rule = OwnRule.read(f"need_fifth = 1 and {part} {sign} 7")
    (_, _, one), (place, before, seven) = rule.numbers
    assert (one, seven, before) == (1, 7, f"{part} {sign}")
    moved = rule.with_number(place, value)
    assert moved.numbers[0][2] == 1
    assert moved.numbers[1][2] == pytest.approx(value, abs=1e-6)


class TestSharesAndLines:
    def test_a_worst_share_other_than_a_fifth(self):
        # of ten areas: three for 0.3; ties at the edge are all in
        assert flagged(desert.need_and_access_quintile(facts(worst_share=0.3))) == "abc"
        assert worst(by_area([1, 1, 1, 2, 3, 4, 5, 6, 7, 8]), 0.1).sum() == 3
        assert worst(by_area([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 0.05).sum() == 0

    def test_a_share_is_between_none_and_all(self):
        with pytest.raises(PlanError, match="expected between 0 and 1"):
            worst(by_area(1), 1.0)

    def test_a_line_stands_in_for_the_share(self):
        # need's worst fifth is a b; access 1, 2: at or below the line 1 is a alone
        assert flagged(desert.need_and_access_quintile(facts(access_line=1.0))) == "a"

    def test_supply_for_people_in_need_is_added_up_by_district(self):
        # districts X (a–e) and Y (f–j): X 2 sites for 50 in need, Y 3 for 5. Half of the districts: X
        district = by_area(list("XXXXXYYYYY"), "str")
        given_facts = facts(
            district=district,
            supply_in_district=by_area([2] * 5 + [3] * 5),
            people_in_need=by_area([10] * 5 + [1] * 5),
            bottom_share=0.5,
        )
        assert flagged(desert.supply_per_need_bottom_tenth(given_facts)) == "abcde"
        nobody = facts(
            district=district,
            supply_in_district=by_area(2),
            people_in_need=by_area([0] * 5 + [1] * 5),
            bottom_share=0.5,
        )
        assert no_verdict(desert.supply_per_need_bottom_tenth(nobody)) == "abcde"


class TestClusters:
    def test_low_access_beside_low_access_is_found_and_one_alone_is_not(self):
        # on a ring of ten: a run of four without access; ten areas are few, so the significance is wide
        access = by_area([0, 0, 0, 0, 9, 9, 9, 9, 9, 9])
        found = desert.low_access_cluster(facts(access=access, neighbours=RING, significance=0.4))
        assert set(flagged(found)) <= set("abcd")
        assert "b" in flagged(found)
        scattered = by_area([0, 9, 9, 0, 9, 9, 0, 9, 9, 9])
        assert flagged(desert.low_access_cluster(facts(access=scattered, neighbours=RING, significance=0.05))) == ""

    def test_where_all_are_alike_there_is_no_verdict(self):
        assert no_verdict(desert.low_access_cluster(facts(access=by_area(3), neighbours=RING))) == "abcdefghij"
