"""Supply in a plan: hours known and assumed, own rows, areas served, phone and online; worked by hand on ten areas."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_layers import with_layers
from tiny_services import service, with_services
from tiny_warehouse import CODES

from hjp_geo.access import SupplyAssumptions, remote_access
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import DECAYS, Plan, access_of, answer, what_if

OFFICE = service("a", 0)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("remote_worth", -0.1, "remote_worth is -0.1"),
        ("remote_worth", 1.1, "at most 1"),
        ("assumed_hours", 0, "assumed_hours is 0"),
        ("worst_share", 0.6, "at most 0.5"),
        ("bottom_share", float("nan"), "bottom_share is nan"),
        ("decay", "cliff", "decay is 'cliff', expected one of step"),
        ("supply", "beds", "supply is 'beds'"),
        ("own_rule", "rm -rf", "no part, sign or number"),
    ],
)
def test_a_bad_setting_is_named(setting: str, value: object, said: str):
    with pytest.raises(PlanError, match=said):
        Plan(**{setting: value})


def test_the_rule_of_ones_own_needs_its_text():
    with pytest.raises(PlanError, match="needs the setting own_rule"):
        Plan(desert="own_rule")


def test_a_plan_with_every_setting_survives_being_written_and_read():
    plan = Plan(
        desert="own_rule", own_rule="nearest > 8", supply="hours", decay="linear", remote="count", worst_share=0.25
    )
    assert Plan.from_dict(json.loads(plan.to_json())) == plan
    assert plan.channels == ("in_person", "outreach", "phone", "online")
    assert Plan().channels == ("in_person", "outreach")


@pytest.mark.parametrize("decay", DECAYS)
def test_every_decay_ends_at_the_cutoff_and_never_rises(decay: str):
    made = DECAYS[decay][1](10.0)
    weights = made.weights(np.array([0.0, 1.0, 4.0, 7.0, 9.0, 10.0, 10.0001]))
    assert (np.diff(weights) <= 0).all()
    assert weights[0] > 0
    assert weights[-1] == 0


@settings(max_examples=60)
@given(st.sampled_from(sorted(DECAYS)), st.floats(0.1, 40), st.floats(0.1, 4), st.floats(0, 1.2))
def test_a_decay_keeps_its_shape_at_any_cutoff(decay: str, cutoff: float, scale: float, share: float):
    # what the redrawing of journeys rests on: minutes × k against a cutoff C is minutes against C/k
    one = DECAYS[decay][1](cutoff).weights(np.array([share * cutoff]))
    other = DECAYS[decay][1](cutoff * scale).weights(np.array([share * cutoff * scale]))
    if abs(share * 3 - round(share * 3)) > 1e-6:  # not at an edge, where the last digit decides
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


class TestHours:
    def test_hours_known_count_and_unknown_ones_are_assumed_and_said(self, tiny: Evidence):
        # a: 12 hours known; b: not known, 30 assumed. Cutoff 3 km, a at area 0 and b at area 9.
        # a is shared by areas 0 to 3, in need 0, 1, 2, 3: 3.02 weighted people, so area 0 has 12 / 3.02 hours a person
        hours = with_services(tiny, [{**OFFICE, "hours_per_week": 12}, service("b", 9)])
        found = answer(Plan(cutoff_km=3, supply="hours"), hours)
        assert found.areas["access"].iloc[0] == pytest.approx(12 / 3.02 * 100_000)
        assert found.access_unit == "hours of advice a week for 100,000 people in need"
        assert "For 1 of 2 sites nobody recorded them: 30 hours a week are assumed" in found.supply_notes[0]
        more = answer(Plan(cutoff_km=3, supply="hours", assumed_hours=60), hours)
        assert more.areas["access"].iloc[9] == pytest.approx(2 * found.areas["access"].iloc[9])
        assert more.areas["access"].iloc[0] == found.areas["access"].iloc[0]

    def test_sites_and_hours_never_mix(self, tiny: Evidence):
        hours = with_services(tiny, [{**OFFICE, "hours_per_week": 12}])
        assert answer(Plan(cutoff_km=3), hours).areas["access"].iloc[0] == pytest.approx(1 / 3.02 * 100_000)

    def test_sessions_are_hours(self, tiny: Evidence):
        # 4 sessions a month of 3 hours: 12 × 12/52 = 2.77 hours a week
        row = service("a", 0, channel="outreach", evidence="own", sessions_per_month=4, hours_per_session=3)
        access = access_of(Plan(supply="hours"), with_services(tiny, [row]))
        assert access.supply.amounts["a"] == pytest.approx(144 / 52)
        assert not access.supply.assumed["a"]

    def test_a_site_known_to_be_shut_is_not_open_and_says_so(self, tiny: Evidence):
        shut = with_services(tiny, [{**OFFICE, "hours_per_week": 0}, service("b", 9)])
        found = answer(Plan(cutoff_km=2, worst_share=0.5, weights={"cancer_prevalence": 1}), shut)
        # areas 0 to 2 reach a only, which is shut; areas 7 to 9 reach b. Most cancer: areas 0 to 4
        assert found.areas["reason"].to_list()[:5] == ["not_open"] * 3 + ["too_far"] * 2
        assert "none has hours" in found.why(CODES[0])


class TestOwnRows:
    def test_own_rows_always_count_and_are_said(self, tiny: Evidence):
        own = with_services(
            tiny, [service("a", 0, channel="outreach", evidence="own"), service("b", 9, channel="outreach")]
        )
        found = answer(Plan(), own)
        assert found.sites.index.to_list() == ["a"]  # outreach of the open list stays out
        assert "brought themselves and that count: 1." in found.supply_notes[0]

    def test_an_own_row_makes_a_topic_known(self, tiny: Evidence):
        own = with_services(tiny, [service("a", 0, topic="immigration", evidence="own")])
        assert answer(Plan(topic="immigration"), own).known

    def test_a_list_of_one_district_says_nothing_of_the_next(self, tiny: Evidence):
        # the only immigration row stands at area 0, in West Row (areas 0 to 4); of East Row nobody knows
        own = with_services(tiny, [service("a", 0, topic="immigration", evidence="own")])
        found = answer(Plan(topic="immigration", desert="beyond_distance", cutoff_km=2), own)
        assert found.areas["desert"].isna().to_list() == [False] * 5 + [True] * 5
        assert found.areas["desert"][:5].to_list() == [False, False, False, True, True]  # one area a kilometre
        assert found.areas.loc[CODES[5:], ["access", "sites_in_reach"]].isna().all(axis=None)
        assert "nothing that is loaded says" in found.why(CODES[9])
        assert "the other 5 areas have no verdict" in " ".join(found.supply_notes)

    def test_areas_that_a_row_names_are_covered_too(self, tiny: Evidence):
        row = service("a", 0, topic="immigration", evidence="own", served_areas=f"{CODES[6]};{CODES[7]}")
        found = answer(Plan(topic="immigration"), with_services(tiny, [row]))
        assert found.areas.index[found.areas["access"].notna()].to_list() == [*CODES[:5], *CODES[6:8]]

    def test_a_published_list_of_the_topic_covers_everywhere(self, tiny: Evidence):
        both = with_services(tiny, [service("a", 0, evidence="own"), service("b", 9)])
        assert answer(Plan(), both).areas["access"].notna().all()


class TestAreasServed:
    def test_a_site_for_other_areas_is_in_reach_but_not_eligible(self, tiny: Evidence):
        # a stands at the border but serves East Row (areas 5 to 9) alone
        choosy = with_services(tiny, [service("a", 4, served_areas="E07990002")])
        access = access_of(Plan(cutoff_km=2), choosy)
        assert access.in_reach.to_list() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]
        assert access.eligible_in_reach.to_list() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]
        assert (access.values.iloc[:5] == 0).all()
        found = answer(Plan(cutoff_km=2, worst_share=0.5, weights={"cancer_prevalence": 1}), choosy)
        assert found.areas["reason"].to_list()[:5] == ["too_far"] * 2 + ["not_eligible"] * 3

    def test_only_those_served_share_it(self, tiny: Evidence):
        # within 2 km of area 4 and served: areas 5 (1 km: weight .68) and 6 (2 km: .22); in need 5 and 6
        choosy = with_services(tiny, [service("a", 4, served_areas="E07990002;E07990009")])
        access = access_of(Plan(cutoff_km=2), choosy).values
        assert access.iloc[5] == pytest.approx(0.68 / (0.68 * 5 + 0.22 * 6) * 100_000)


class TestRemote:
    PHONE = service("p", None, channel="phone", evidence="own", served_areas="E07990002")

    def test_remote_advice_is_shared_by_everybody_served(self, tiny: Evidence):
        # East Row: in need 5 + 6 + 7 + 8 + 9 = 35, no layer of who can use it: 1 site / 35
        found = answer(Plan(cutoff_km=3), with_services(tiny, [OFFICE, self.PHONE]))
        east = found.areas.loc[CODES[5:]]
        assert (east["access"] == 0).all()
        np.testing.assert_allclose(east["access_with_remote"], 100_000 / 35)
        assert "everyone is taken to be able to use it" in found.supply_notes[-1]

    def test_both_headlines_are_worked_out(self, tiny: Evidence):
        # without: areas 8 and 9, which reach nothing. With a line for these two alone they have 1/17 of a site each,
        # and areas 4 to 7, which have none, are the worst for access; none of them is among the worst for need
        known = with_services(tiny, [OFFICE, {**self.PHONE, "served_areas": f"{CODES[8]};{CODES[9]}"}])
        without, counted = (answer(Plan(cutoff_km=3, remote=how), known) for how in ("leave_out", "count"))
        assert without.totals.people_flagged == 200
        assert counted.totals.people_flagged == 0
        assert without.other_totals == counted.totals
        assert counted.other_totals == without.totals
        assert answer(Plan(cutoff_km=3), tiny).other_totals is None

    def test_remote_advice_reaches_those_who_can_use_it(self, tiny: Evidence):
        # half of East Row's people can, but nobody in area 9: m·(1/Σ P·m) over 5, 6, 7, 8: P·m = 13
        able = [100.0] * 5 + [50.0] * 4 + [0.0]
        known = with_layers(with_services(tiny, [OFFICE, self.PHONE]), {"remote_advice_users": able}, role="context")
        access = access_of(Plan(cutoff_km=3, remote="count"), known)
        assert access.values.iloc[5] == pytest.approx(0.5 / 13 * 100_000)
        assert access.values.iloc[9] == 0

    def test_where_only_the_phone_is_left_it_says_so(self, tiny: Evidence):
        able = [90.0] * 5 + [50.0, 50.0, 50.0, 50.0, 20.0]
        known = with_layers(with_services(tiny, [OFFICE, self.PHONE]), {"remote_advice_users": able}, role="context")
        found = answer(Plan(cutoff_km=3, remote="count", worst_share=0.5, weights={"income_deprivation": 1}), known)
        assert found.areas.loc[CODES[9], "reason"] == "online_only"

    def test_an_hour_is_worth_what_the_plan_says(self, tiny: Evidence):
        known = with_services(tiny, [OFFICE, self.PHONE])
        half = access_of(Plan(cutoff_km=3, remote="count", remote_worth=0.5), known)
        assert half.values.iloc[9] == pytest.approx(0.5 * 100_000 / 35)

    @settings(max_examples=12, deadline=None)
    @given(
        st.lists(
            st.tuples(st.floats(0.5, 200), st.sampled_from(["england", "E07990001", "E07990002"])),
            min_size=1,
            max_size=5,
        ),
        st.lists(st.floats(0, 100), min_size=10, max_size=10),
    )
    def test_it_equals_the_measure_of_the_access_package(
        self, tiny: Evidence, services: list[tuple[float, str]], able: list[float]
    ):
        rows = [
            service(f"p{n}", None, channel="phone", evidence="own", hours_per_week=hours, served_areas=served)
            for n, (hours, served) in enumerate(services)
        ]
        known = with_layers(with_services(tiny, [OFFICE, *rows]), {"remote_advice_users": able}, role="context")
        ours = access_of(Plan(cutoff_km=3, supply="hours", remote="count"), known)
        members = known.areas.reset_index()[["area_code", "lad24_code"]].set_axis(["area_code", "served_code"], axis=1)
        theirs = remote_access(
            known.services[known.services["channel"] == "phone"],
            known.values["people_in_income_deprivation"],
            known.values["remote_advice_users"] / 100,
            members=members,
            assumptions=SupplyAssumptions(),
        )
        np.testing.assert_allclose(ours.values - ours.in_person, theirs * 100_000, rtol=1e-9, atol=1e-6)


class TestMoreSites:
    EXTRA = pd.DataFrame(
        {"site_name": "New", "easting": [409_500.0], "northing": [300_500.0], "supply": [1.0]},
        index=pd.Index(["new"], name="site_id"),
    )

    def test_more_advice_takes_a_desert_away_and_makes_none(self, tiny: Evidence):
        plan = Plan(cutoff_km=3)
        then = what_if(plan, tiny, self.EXTRA)
        assert answer(plan, tiny).totals.areas_flagged == 2
        assert then.totals.areas_flagged == 0
        assert then.areas.loc[CODES[9], "nearest_km"] == 0

    def test_a_name_that_is_taken_is_refused(self, tiny: Evidence):
        with pytest.raises(PlanError, match="a site debt-1 already"):
            what_if(Plan(), tiny, self.EXTRA.set_axis(["debt-1"]))

    @settings(max_examples=20, deadline=None)
    @given(
        st.lists(st.integers(0, 9), min_size=1, max_size=4),
        st.sampled_from(
            ["need_and_access_quintile", "supply_bottom_tenth", "beyond_distance", "no_provider_in_district"]
        ),
        st.floats(0.1, 2),
    )
    def test_more_advice_never_makes_a_desert(self, tiny: Evidence, where: list[int], rule: str, amount: float):
        plan = Plan(cutoff_km=3, desert=rule, bottom_share=0.5)
        extra = pd.DataFrame(
            {
                "site_name": "New",
                "easting": [400_500.0 + 1000 * n for n in where],
                "northing": 300_500.0,
                "supply": amount,
            },
            index=pd.Index([f"new-{n}" for n in range(len(where))], name="site_id"),
        )
        before, after = answer(plan, tiny).framed["desert"], what_if(plan, tiny, extra).framed["desert"]
        assert not (after & ~before).any()


def test_a_measure_of_cost_has_far_areas_among_the_worst_not_without_a_verdict(tiny: Evidence):
    # nothing within 3 km of areas 4 to 9: the cost to the closest is known however far, that of crowding has no value
    for measure in ("cost_to_closest", "rational_agent_access"):
        found = answer(Plan(cutoff_km=3, measure=measure, worst_share=0.5), tiny)
        assert found.areas["desert"].notna().all()
        assert found.areas.index[found.areas["desert"]].to_list() == CODES[5:]
