"""Supply: hours that lists say, hours that are assumed in plain sight, legal aid apart, and advice without travel."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hjp_geo.access import (
    DigitalExclusion,
    SupplyAssumptions,
    matter_starts_supply,
    remote_access,
    share_able_to_use,
    supply,
    with_and_without_remote,
)
from hjp_geo.errors import GeographyError, PlanError, SchemaError

NAN = math.nan


def services(*rows: dict[str, object]) -> pd.DataFrame:
    plain = {"channel": "in_person", "assistance": "general_advice"}
    return pd.DataFrame([plain | row for row in rows])


# hours ----------------------------------------------------------------------------------------------------------------


def test_hours_are_as_listed_or_sessions_times_length_or_as_assumed() -> None:
    # b: 4 sessions of 3 hours a month are 12 × 12/52; c: sessions of unknown length, 3 hours assumed;
    # d: an office of which nothing is known, 30; e: outreach of which nothing is known, 2 × 3 × 12/52
    found = supply(
        services(
            {"site_id": "a", "hours_per_week": 60},
            {"site_id": "b", "channel": "outreach", "sessions_per_month": 4, "hours_per_session": 3},
            {"site_id": "c", "channel": "outreach", "sessions_per_month": 2},
            {"site_id": "d"},
            {"site_id": "e", "channel": "outreach"},
        )
    )
    expected = {"a": 60, "b": 144 / 52, "c": 72 / 52, "d": 30, "e": 72 / 52}
    assert found.hours.to_dict() == pytest.approx(expected)
    assert found.assumed.to_dict() == {"a": False, "b": False, "c": True, "d": True, "e": True}
    assert found.unit == "advice hours a week"


def test_what_is_assumed_is_said_and_can_be_changed() -> None:
    rows = services({"site_id": "a", "kind": "law_centre"}, {"site_id": "b", "kind": "other"})
    found = supply(rows, SupplyAssumptions(in_person_hours=10, by_kind={"law_centre": 70}))
    assert found.hours.to_dict() == {"a": 70.0, "b": 10.0}
    assert found.words[0] == "0 of 2 services say their hours; those of 2 are assumed."
    assert "An office whose hours are not known: 10 advice hours a week." in found.words
    assert "A service of kind law_centre: 70 hours a week." in found.words


def test_no_unknown_is_a_silent_one() -> None:
    assert supply(services({"site_id": "a"})).hours["a"] not in (0, 1)


def test_hours_of_0_are_known_to_be_none() -> None:
    found = supply(services({"site_id": "a", "hours_per_week": 0}, {"site_id": "b", "sessions_per_month": 0}))
    assert found.hours.to_dict() == {"a": 0.0, "b": 0.0}
    assert not found.assumed.any()


def test_the_range_goes_from_closed_to_the_median_of_the_known_ones_of_the_channel() -> None:
    known = [{"site_id": f"k{n}", "hours_per_week": hours} for n, hours in enumerate([10, 20, 50, 60, 70])]
    found = supply(services(*known, {"site_id": "unknown"}))
    assert (found.low["unknown"], found.hours["unknown"], found.high["unknown"]) == (0.0, 30.0, 50.0)
    assert found.low["k2"] == found.high["k2"] == 50.0
    few = supply(services(*known[:4], {"site_id": "unknown"}))
    assert few.high["unknown"] == 30.0  # four known services say too little


def test_topics_do_not_multiply_hours_and_channels_add() -> None:
    rows = services(
        {"site_id": "a", "topic": "debt", "hours_per_week": 60},
        {"site_id": "a", "topic": "housing", "hours_per_week": 60},
        {"site_id": "a", "topic": "debt", "channel": "outreach", "hours_per_week": 6},
    )
    assert supply(rows).hours.to_dict() == {"a": 66.0}
    with pytest.raises(PlanError, match="The site a has several rows for in_person that do not say the same"):
        supply(rows.assign(hours_per_week=[60, 61, 6]))


def test_legal_aid_never_stands_in_for_general_advice() -> None:
    rows = services({"site_id": "a"}, {"site_id": "laa", "assistance": "specialist_legal_aid"})
    assert list(supply(rows).hours.index) == ["a"]
    assert list(supply(rows, assistance="specialist_legal_aid").hours.index) == ["laa"]
    with pytest.raises(PlanError, match="assistance is 'both'"):
        supply(rows, assistance="both")


def test_nobody_travels_to_a_telephone() -> None:
    with pytest.raises(PlanError, match="channels has phone: nobody travels there"):
        supply(services({"site_id": "a"}), channels=("in_person", "phone"))


def test_impossible_hours_and_missing_columns_are_refused() -> None:
    with pytest.raises(PlanError, match=r"such as a: 9000\. Is it a yearly figure"):
        supply(services({"site_id": "a", "hours_per_week": 9000}))
    with pytest.raises(SchemaError, match="services: no column assistance"):
        supply(services({"site_id": "a"}).drop(columns="assistance"))
    with pytest.raises(PlanError, match="in_person_hours is assumed to be -1"):
        SupplyAssumptions(in_person_hours=-1)


def test_without_services_there_is_no_supply() -> None:
    found = supply(services({"site_id": "a"}).iloc[:0])
    assert found.hours.empty
    assert found.words[0].startswith("0 of 0 services")


def test_matter_starts_are_cases_of_legal_aid_and_nothing_else() -> None:
    rows = services({"site_id": "a", "matter_starts": 100}, {"site_id": "a", "matter_starts": 50}).assign(
        assistance="specialist_legal_aid"
    )
    assert matter_starts_supply(rows).to_dict() == {"a": 150.0}
    with pytest.raises(PlanError, match="1 of 1 services are no legal aid"):
        matter_starts_supply(services({"site_id": "a", "matter_starts": 100}))
    unknown = pd.concat([rows, rows.assign(site_id="b", matter_starts=NAN)])
    with pytest.raises(PlanError, match="2 of 4 offices have no figure for matter starts; not known is not 0"):
        matter_starts_supply(unknown)
    assert matter_starts_supply(unknown, assumed=10).to_dict() == {"a": 150.0, "b": 20.0}


# advice without travel ------------------------------------------------------------------------------------------------

# a and b lie in the district D, c elsewhere; in need 100, 50, 200; able to telephone 1, 0.5, 0.8
NEED = pd.Series({"a": 100.0, "b": 50.0, "c": 200.0})
ABLE = pd.Series({"a": 1.0, "b": 0.5, "c": 0.8})
MEMBERS = pd.DataFrame({"area_code": ["a", "b"], "served_code": "D"})


def line(site: str, hours: float, served: str, channel: str = "phone") -> dict[str, object]:
    return {"site_id": site, "channel": channel, "hours_per_week": hours, "served_areas": served}


def test_a_remote_hour_is_shared_by_those_in_the_served_area_who_can_use_it() -> None:
    # D's line: 30 hours among 100 + 50 × 0.5 = 125; the national one: 57 among 125 + 160 = 285
    found = remote_access(services(line("d", 30, "D"), line("n", 57, "england")), NEED, ABLE, members=MEMBERS)
    assert found.to_dict() == pytest.approx({"a": 0.24 + 0.2, "b": 0.5 * (0.24 + 0.2), "c": 0.8 * 0.2})
    # what is given out adds up to the hours: Σ demand × access
    assert (NEED * found).sum() == pytest.approx(87)


def test_an_area_that_nobody_serves_has_0_and_one_without_a_figure_is_missing() -> None:
    able = ABLE.drop("b")
    found = remote_access(services(line("d", 30, "D")), NEED, able, members=MEMBERS)
    assert found["c"] == 0
    assert math.isnan(found["b"])
    assert found["a"] == pytest.approx(0.3)  # b takes no part


def test_codes_that_no_area_belongs_to_are_an_error_not_nobody() -> None:
    with pytest.raises(GeographyError, match="served_areas has E07999999"):
        remote_access(services(line("d", 30, "D;E07999999")), NEED, ABLE, members=MEMBERS)


def test_the_share_able_falls_with_each_reason() -> None:
    # 1 − 0.3 × 0.5 of the older, × 1 − 0.2 × 0.25 of the disabled
    shares = {"older": pd.Series({"a": 0.5, "b": 0.0}), "disabled": pd.Series({"a": 0.25, "b": NAN})}
    found = share_able_to_use(shares)
    assert found["a"] == pytest.approx(0.85 * 0.95)
    assert math.isnan(found["b"])
    assert share_able_to_use({"older": shares["older"]}, DigitalExclusion(older=1))["a"] == 0.5
    for wrong in ({}, {"young": shares["older"]}):
        with pytest.raises(PlanError, match="expected one or more of older, disabled, deprived"):
            share_able_to_use(wrong)
    with pytest.raises(PlanError, match="divide per cent by 100"):
        share_able_to_use({"older": pd.Series({"a": 50.0})})


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_the_share_able_is_a_share_and_more_exclusion_never_raises_it(shares: list[float], more: list[float]) -> None:
    names = ("older", "disabled", "deprived")
    low = {name: pd.Series({"a": share}) for name, share in zip(names, shares, strict=True)}
    high = {name: pd.Series({"a": max(s, m)}) for name, s, m in zip(names, shares, more, strict=True)}
    assert 0 <= share_able_to_use(high)["a"] <= share_able_to_use(low)["a"] <= 1


def test_the_headline_leaves_remote_advice_out_and_shows_it_beside() -> None:
    here, phone = pd.Series({"a": 0.2, "b": 0.0}), pd.Series({"a": 0.1, "b": 0.4})
    plain = with_and_without_remote(here, {"phone": phone})
    assert plain.to_dict("list") == {"headline": [0.2, 0.0], "with_remote": pytest.approx([0.3, 0.4])}
    half = with_and_without_remote(here, {"phone": phone}, counts_as={"phone": 0.5})
    assert half["headline"].to_list() == pytest.approx([0.25, 0.2])
    with pytest.raises(PlanError, match="counts_as is"):
        with_and_without_remote(here, {"phone": phone}, counts_as={"phone": 2})
