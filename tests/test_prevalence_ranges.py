"""The range of modelled figures, their sums over larger areas, repairs and doubts: tables worked by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_prevalence import AREAS, CONDITIONS, ages, registers, registrations, worlds

from hjp_geo.errors import GeographyError, SchemaError
from hjp_geo.evidence import Evidence
from hjp_geo.export import assessment_values
from hjp_geo.layer import compute_table
from hjp_geo.plan import Plan, answer
from hjp_geo.prevalence import (
    area_doubts,
    cases_in_words,
    estimate_band_lists,
    few_cases,
    health_weights,
    model_choices,
    model_prevalence,
    nearest_donors,
    practice_rates,
    prepare_registers,
    prepare_registrations,
    roll_up,
    with_range,
)
from hjp_geo.screens.paint import paint
from hjp_geo.siting import Candidate, assess
from hjp_geo.sketchmap import NO_DATA
from hjp_geo.statistics import wilson
from layers.conditions import modelled_prevalence

World = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]

# Half of A's residents are over 50 and a quarter of B's; 10 patients live in each.
OLD_A_YOUNG_B = ages(A={"TOTAL": 100, "50OV": 50}, B={"TOTAL": 200, "50OV": 50})
TEN_EACH = registrations(("P", "A", 10), ("P", "B", 10))


def ranged(
    returns: pd.DataFrame, homes: pd.DataFrame, people: pd.DataFrame | None, **options: pd.Series
) -> pd.DataFrame:
    return with_range(model_choices(returns, prepare_registrations(homes, people), **options))


def row(table: pd.DataFrame, lsoa: str, *columns: str) -> list[float]:
    return table.set_index("lsoa").loc[lsoa, list(columns)].to_list()


# The range -----------------------------------------------------------------------------------------------------------


def test_the_range_spans_the_shares_with_and_without_ages():
    # By age A has 2 of 3 cases and 6 of 9 people; by all patients 1.5 and 4.5. The practice's rate is 1/3 either way.
    table = ranged(registers(("P", "OST", "50OV", 3, 9)), TEN_EACH, OLD_A_YOUNG_B)
    assert row(table, "A", "register_low", "register", "register_high") == pytest.approx([1.5, 2, 2])
    assert row(table, "B", "register_low", "register", "register_high") == pytest.approx([1, 1, 1.5])
    assert row(table, "A", "prevalence_low", "prevalence", "prevalence_high") == pytest.approx([1 / 3] * 3)


def test_the_health_factor_is_one_more_choice_and_the_best_estimate_has_it():
    # Weights 3 to 1 on equal patients: 9 and 3 of 12 cases, 6 and 6 without; 20 of 40 people either way.
    weights = pd.Series({"A": 3.0, "B": 1.0})
    table = ranged(registers(("P", "HYP", "TOTAL", 12, 40)), TEN_EACH, None, adjust=weights)
    assert row(table, "A", "register_low", "register", "register_high") == [6, 9, 9]
    assert row(table, "B", "prevalence_low", "prevalence", "prevalence_high") == [0.15, 0.15, 0.3]


def test_every_choice_is_named_and_the_first_is_the_best_that_the_data_allow():
    returns, weights = registers(("P", "OST", "50OV", 3, 9)), pd.Series({"A": 1.1, "B": 0.9})
    with_ages = prepare_registrations(TEN_EACH, OLD_A_YOUNG_B)
    assert list(model_choices(returns, with_ages, adjust=weights)) == [
        "by age and health", "by age", "by all patients and health", "by all patients",
    ]  # fmt: skip
    assert list(model_choices(returns, with_ages)) == ["by age", "by all patients"]
    assert list(model_choices(returns, with_ages.without_ages())) == ["by all patients"]


def test_where_every_choice_gives_the_same_the_range_is_the_estimate():
    # The list counts everybody, so that ages play no part, and no health factor is given.
    table = ranged(registers(("P", "HYP", "TOTAL", 12, 40)), TEN_EACH, OLD_A_YOUNG_B)
    assert row(table, "A", "register_low", "register", "register_high") == [6, 6, 6]


def test_a_missing_estimate_has_no_range_although_another_choice_has_a_figure():
    # Nobody in B is over 50: by age it has no list to divide by, by all patients it would have half of everything.
    people = ages(A={"TOTAL": 100, "50OV": 50}, B={"TOTAL": 100, "50OV": 0})
    table = ranged(registers(("P", "OST", "50OV", 4, 8)), TEN_EACH, people)
    assert row(table, "B", "register_low", "register", "register_high") == [0, 0, 2]
    assert np.isnan(row(table, "B", "prevalence_low", "prevalence", "prevalence_high")).all()
    assert row(table, "A", "prevalence_low", "prevalence_high") == [0.5, 0.5]


def test_a_condition_that_nobody_reported_has_no_range():
    table = ranged(registers(("P", "OST", "50OV", np.nan, 9)), TEN_EACH, OLD_A_YOUNG_B)
    assert table[["register", "register_low", "register_high"]].isna().all(axis=None)


def test_choices_of_different_areas_are_refused():
    whole, part = (
        model_choices(registers(("P", "HYP", "TOTAL", 1, 2)), prepare_registrations(homes))["by all patients"]
        for homes in (TEN_EACH, TEN_EACH[:1])
    )
    with pytest.raises(GeographyError, match="the choice 'b' has other areas or conditions"):
        with_range({"a": whole, "b": part})


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_the_range_holds_the_estimate_and_every_choice_keeps_every_case_and_list(world: World):
    returns, homes, people, weights = world
    choices = model_choices(returns, prepare_registrations(homes, people), adjust=weights)
    table = with_range(choices)
    known = table.dropna()
    for figure in ("register", "prevalence"):
        assert (known[f"{figure}_low"] <= known[figure]).all()
        assert (known[figure] <= known[f"{figure}_high"]).all()
    sums = returns.dropna().groupby("condition")[["register", "list_size"]].sum().reindex(sorted(CONDITIONS))
    for choice in choices.values():
        for figure in ("register", "list_size"):
            np.testing.assert_allclose(choice[figure].sum(), sums[figure].fillna(0), rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_registrations_read_once_give_the_same_as_read_each_time(world: World):
    returns, homes, people, weights = world
    expected = model_prevalence(returns, homes, people, adjust=weights)
    once, told = prepare_registrations(homes), prepare_registers(returns)
    pd.testing.assert_frame_equal(model_prevalence(returns, once, people, adjust=weights), expected)
    pd.testing.assert_frame_equal(model_prevalence(told, once.with_ages(people), adjust=weights), expected)
    first = with_range(model_choices(returns, once.with_ages(people), adjust=weights))
    pd.testing.assert_frame_equal(first[list(expected.columns)], expected)


def test_areas_of_practices_without_registers_are_left_out_and_need_no_ages_or_weights():
    homes = registrations(("P", "A", 10), ("CLOSED", "A", 5), ("CLOSED", "Z", 5))
    table = ranged(registers(("P", "OST", "50OV", 3, 9)), homes, OLD_A_YOUNG_B, adjust=pd.Series({"A": 1.0}))
    assert table["lsoa"].to_list() == ["A"]
    assert row(table, "A", "register", "list_size") == pytest.approx([3, 9])


# The health factor ---------------------------------------------------------------------------------------------------


def test_health_weights_follow_the_share_and_stop_at_a_tenth():
    # Mean 0.2 and standard deviation √0.01 = 0.1 over the four: z = −1, −1, 1, 1, so 1 − 0.05 and 1 + 0.05.
    weights = health_weights(pd.Series({"A": 0.1, "B": 0.1, "C": 0.3, "D": 0.3}))
    assert weights.to_list() == pytest.approx([0.95, 0.95, 1.05, 1.05])
    # One in a hundred stands out by z = √99 > 2: held to 1.1.
    assert health_weights(pd.Series([0.1] * 99 + [0.9])).max() == 1.1


def test_health_weights_are_1_where_all_are_alike_and_missing_where_the_share_is():
    assert health_weights(pd.Series([0.2, 0.2])).to_list() == [1, 1]
    assert health_weights(pd.Series([0.1, np.nan, 0.3])).isna().to_list() == [False, True, False]


# Larger areas --------------------------------------------------------------------------------------------------------


def small_areas(*rows: tuple[str, float, float, float, float]) -> pd.DataFrame:
    """area, cases, list, lowest and highest cases: the limits of the prevalence are those of the cases."""
    table = pd.DataFrame(rows, columns=["area_code", "register", "list_size", "register_low", "register_high"])
    people = table["list_size"].where(table["list_size"] > 0)
    limits = {f"prevalence_{end}": table[f"register_{end}"] / people for end in ("low", "high")}
    return table.assign(condition="HYP", prevalence=table["register"] / people, **limits)


def test_larger_areas_add_cases_and_people_first_and_divide_last():
    # 10 of 100 and 30 of 100 and 60 of 600: 40 of 200 is 0.2 (not the mean of 0.1 and 0.3 by chance: 20 of 100, 0.2).
    table = small_areas(("A", 10, 100, 8, 12), ("B", 30, 300, 30, 36), ("C", 60, 600, 60, 60))
    rolled = roll_up(table, pd.Series({"A": "X", "B": "X", "C": "Y"}, name="lad24_code")).set_index("lad24_code")
    columns = ["register", "list_size", "prevalence", "register_low", "register_high"]
    assert rolled.loc["X", columns].to_list() == [40, 400, 0.1, 38, 48]
    # The limits of the rate weigh by people: (0.08 · 100 + 0.1 · 300) / 400 and (0.12 · 100 + 0.12 · 300) / 400.
    assert rolled.loc["X", ["prevalence_low", "prevalence_high"]].to_list() == pytest.approx([0.095, 0.12])
    assert rolled["areas_missing"].to_list() == [0, 0]


def test_an_area_without_an_estimate_is_counted_and_not_taken_for_none():
    nothing = (np.nan, 0.0, np.nan, np.nan)
    table = small_areas(("A", 10, 100, 10, 10), ("B", *nothing), ("C", *nothing))
    rolled = roll_up(table, pd.Series({"A": "X", "B": "X", "C": "Y"}, name="icb")).set_index("icb")
    assert rolled.loc["X", ["register", "areas_missing"]].to_list() == [10, 1]
    assert rolled.loc["Y", ["register", "prevalence", "register_low"]].isna().all()
    assert rolled.loc["Y", "areas_missing"] == 1


def test_takes_the_result_of_a_model_without_a_range():
    result = model_prevalence(registers(("P", "HYP", "TOTAL", 10, 40)), TEN_EACH)
    rolled = roll_up(result, pd.Series({"A": "X", "B": "X"}))
    assert rolled.to_dict("records") == [
        {"area_code": "X", "condition": "HYP", "register": 10, "list_size": 40, "prevalence": 0.25, "areas_missing": 0}
    ]


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        (pd.Series({"A": "X"}), "1 areas have no larger area, such as B"),
        (pd.Series(["X", "X", "Y"], index=["A", "B", "B"]), "areas belong to two larger ones, such as B"),
    ],
)
def test_refuses_areas_that_belong_nowhere_or_twice(codes: pd.Series, says: str):
    table = small_areas(("A", 1, 2, 1, 1), ("B", 1, 2, 1, 1))
    with pytest.raises(GeographyError, match=says):
        roll_up(table, codes)
    with pytest.raises(SchemaError, match="no column list_size"):
        roll_up(table.drop(columns="list_size"), codes)


@settings(deadline=None, max_examples=40)
@given(worlds(), st.data())
def test_larger_areas_are_the_same_whichever_way_they_are_reached(world: World, data: st.DataObject):
    returns, homes, people, weights = world
    table = ranged(returns, homes, people, adjust=weights)
    district = pd.Series({area: data.draw(st.sampled_from(["D1", "D2", "D3"])) for area in AREAS}, name="lad24_code")
    system = pd.Series({"D1": "S1", "D2": "S1", "D3": "S2"}, name="icb24_code")
    straight = roll_up(table, district.map(system).rename("icb24_code"))
    by_way_of_districts = roll_up(roll_up(table, district), system)
    pd.testing.assert_frame_equal(by_way_of_districts, straight, rtol=1e-9, atol=1e-12)
    known = straight.dropna()
    assert (known["prevalence_low"] <= known["prevalence"] * (1 + 1e-12)).all()
    assert (known["prevalence"] <= known["prevalence_high"] * (1 + 1e-12)).all()


# Practices -----------------------------------------------------------------------------------------------------------


def test_a_practices_rate_has_wilson_limits():
    # The case of Newcombe (1998): 81 of 263 is 0.3080, 0.2553 to 0.3662.
    rates = practice_rates(registers(("P", "HYP", "TOTAL", 81, 263)))
    assert rates[["rate", "lower_ci", "upper_ci"]].round(4).iloc[0].to_list() == [0.308, 0.2553, 0.3662]
    narrower = practice_rates(registers(("P", "HYP", "TOTAL", 81, 263)), confidence=0.8)
    assert narrower["lower_ci"][0] == wilson(81, 263, 0.8).lower


def test_a_register_above_its_list_keeps_its_rate_and_has_no_limits():
    rates = practice_rates(registers(("P", "LD", "TOTAL", 120, 119), ("Q", "LD", "TOTAL", 0, 10)))
    assert rates["rate"].to_list() == [120 / 119, 0]
    assert rates["lower_ci"].isna().to_list() == [True, False]


@pytest.mark.parametrize(("register", "list_size"), [(np.nan, 50), (3, np.nan), (3, 0)])
def test_a_practice_that_did_not_report_or_lists_nobody_has_no_rate(register: float, list_size: float):
    rates = practice_rates(registers(("P", "HYP", "TOTAL", register, list_size)))
    assert rates[["rate", "lower_ci", "upper_ci"]].isna().all(axis=None)


PLACES = pd.DataFrame(
    [("NEW", 0.0, 0.0), ("NEAR", 30.0, 40.0), ("ALSO", 0.0, -50.0), ("FAR", 900.0, 0.0), ("LOST", np.nan, np.nan)],
    columns=["practice", "easting", "northing"],
)


def test_the_nearest_donor_is_taken_and_the_first_by_code_of_those_equally_near():
    assert nearest_donors(["NEW"], ["FAR", "NEAR"], PLACES) == {"NEW": "NEAR"}
    assert nearest_donors(["NEW"], ["NEAR", "ALSO"], PLACES) == {"NEW": "ALSO"}  # both 50 m away


def test_a_practice_without_a_place_neither_borrows_nor_gives():
    assert nearest_donors(["LOST", "NOWHERE"], ["NEAR"], PLACES) == {}
    assert nearest_donors(["NEW"], ["LOST"], PLACES) == {}


def test_the_patients_of_a_practice_are_as_old_as_the_people_around_them():
    # 10 patients where half are over 50 and 10 where a quarter are: 7.5 of 20, so 375 of a list of 1,000.
    homes = prepare_registrations(TEN_EACH, OLD_A_YOUNG_B)
    lists = estimate_band_lists(pd.Series({"P": 1_000.0, "NEW": 10.0}), homes, ["50OV"]).set_index("practice")
    assert lists.loc["P", "list_size"] == 375
    assert np.isnan(lists.loc["NEW", "list_size"])


# Doubts --------------------------------------------------------------------------------------------------------------


def test_an_area_is_doubtful_outside_the_limits_and_not_at_them():
    ratio = pd.Series([0.79, 0.8, 1.25, 1.26, 1.0, np.nan], index=list("ABCDEF"))
    residents = pd.Series([1500.0, 1500, 1500, 999, 999, 1500], index=list("ABCDEF"))
    assert area_doubts(ratio, residents).to_list() == ["few_registered", "", "", "many_registered", "few_people", ""]


def test_barracks_prisons_and_campuses_are_flagged_on_the_real_data_of_2019_to_2021(shared: Path):
    # Catterick, Doncaster prisons, Sheffield students, Manchester centre: residents as METHODS §4.5 names them.
    known = {"E01027771": 3_965, "E01007557": 3_187, "E01033262": 4_240, "E01033653": 3_468}
    case = shared / "reference" / "prevalence_hoc"
    patients = pd.read_parquet(case / "registrations.parquet").groupby("lsoa")["patients"].sum()
    people = pd.read_parquet(case / "lsoa_ages.parquet").query("age_band == 'TOTAL'").set_index("lsoa")["population"]
    assert {code: people[code] for code in known} == known
    flags = area_doubts((patients / people).reindex(people.index), people)
    assert (flags[list(known)] == "few_registered").all()
    assert 0 < (flags == "few_registered").mean() < 0.02


def test_under_ten_cases_are_few_and_a_missing_number_is_not():
    assert few_cases(pd.Series([9.9, 10.0, np.nan])).to_list() == [True, False, False]


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((6139.2, 5980.0, 6300.4), "about 6,139 (5,980–6,300)"),
        ((6139.2, 6139.1, 6139.3), "about 6,139"),
        ((6139.2, math.nan, math.nan), "about 6,139"),
        ((9.9, 2.0, 50.0), "few (under 10)"),
        ((math.nan, math.nan, math.nan), "not known"),
    ],
)
def test_a_number_of_cases_is_said_with_its_range_or_as_few(figures: tuple[float, float, float], words: str):
    assert cases_in_words(*figures) == words


# The table of the warehouse ------------------------------------------------------------------------------------------

A, B, WELSH = "E01000001", "E01000002", "W01000001"
NEW_A, NEW_B = "E01000011", "E01000012"
IOD = pd.DataFrame(
    {
        "lsoa21_code": [A, NEW_A, NEW_B],
        "population": [1_000, 1_000, 1_000],
        "population_0_15": [0, 0, 0],
        "population_60_over": [200, 400, 400],
    }
)
LOOKUP = pd.DataFrame([(A, A, "U"), (B, NEW_A, "S"), (B, NEW_B, "S")], columns=["lsoa11_code", "lsoa21_code", "change"])
DISABILITY = pd.DataFrame({"lsoa21_code": [A, NEW_A, NEW_B], "residents": [1_000] * 3, "disabled": [100, 300, 300]})


def modelled(qof: list[tuple[object, ...]], homes: list[tuple[object, ...]], **more: pd.DataFrame) -> pd.DataFrame:
    tables = {
        "qof_prevalence": pd.DataFrame(
            qof, columns=["practice_code", "condition", "age_band", "register", "list_size"]
        ).astype({"register": "float64", "list_size": "float64"}),
        "gp_registrations": pd.DataFrame(homes, columns=["practice_code", "lsoa_code", "patients"]),
        "lsoa11_lsoa21_lookup": LOOKUP,
        "iod25": IOD,
        "practice_places": pd.DataFrame({"practice_code": ["P"], "easting": [0.0], "northing": [0.0]}),
        **more,
    }
    return compute_table(modelled_prevalence, tables)


def figures(table: pd.DataFrame, area: str, *columns: str) -> list[float]:
    return table.set_index("area_code").loc[area, list(columns)].to_list()


def test_disability_shifts_cases_where_it_is_loaded_and_the_range_shows_by_how_much():
    # LSOA 2011: A has 10 % disabled and B, since split, 30 %: z = ∓1, weights 0.95 and 1.05. Wales is not covered: 1.
    # 30 cases on 10 patients each: 30 · 0.95/3 = 9.5 in A, 10.5 in B, halved over its two parts, 10 in Wales.
    qof, homes = [("P", "HYP", "TOTAL", 30, 300)], [("P", A, 10), ("P", B, 10), ("P", WELSH, 10)]
    table = modelled(qof, homes, census21_disability=DISABILITY)
    assert figures(table, A, "register_low", "register", "register_high") == pytest.approx([9.5, 9.5, 10])
    assert figures(table, NEW_A, "register_low", "register", "register_high") == pytest.approx([5, 5.25, 5.25])
    assert figures(table, A, "list_size") == [100]
    notes = {note.text: note.count for note in table.attrs["notes"]}
    assert notes["modelled cases in Wales, all conditions, not in these areas"] == pytest.approx(10)
    (ways,) = [text for text in notes if text.startswith("ways to share")]
    assert ways.startswith("ways to share registers out: by age and health; by age; by all patients and health")
    assert notes[ways] == 4


def test_dementia_goes_where_old_people_live_and_its_list_stays():
    # 20 % of A and 40 % of B are 60 and over; 100 patients in each, so 20 and 40 old, 80 and 60 not.
    # 97 of 100 cases by 1/3 and 2/3, 3 by 80/140 and 60/140: 32.33 + 1.71 in A. By all patients 50 and 50.
    table = modelled([("P", "DEM", "TOTAL", 100, 200)], [("P", A, 100), ("P", B, 100)])
    expected = 97 / 3 + 3 * 80 / 140
    assert figures(table, A, "register_low", "register", "register_high") == pytest.approx([expected, expected, 50])
    assert figures(table, A, "list_size") == pytest.approx([100])
    assert table["register"].sum() == pytest.approx(100)


def test_dementia_where_nobody_is_old_loses_no_case():
    young = IOD.assign(population_60_over=[0, 0, 0])
    table = modelled([("P", "DEM", "TOTAL", 9, 200)], [("P", A, 100), ("P", B, 200)], iod25=young)
    assert figures(table, A, "register") == pytest.approx([3])
    assert table["register"].sum() == pytest.approx(9)


def test_a_register_above_its_list_is_kept_and_counted():
    table = modelled([("P", "LD", "TOTAL", 120, 119)], [("P", A, 100)])
    assert figures(table, A, "register") == [120]
    assert {note.text: note.count for note in table.attrs["notes"]}["registers above their list, kept"] == 1


# What the user sees --------------------------------------------------------------------------------------------------

PLAN = Plan(place="E54990001")


def test_a_sketch_has_the_range_of_each_condition(tiny: Evidence):
    # Areas 1 to 9 have 2.5 people with cancer each, 2 to 4 by other choices; area 0 is not known.
    total = assess(PLAN, [Candidate.circle(405_000, 300_500, 20)], tiny).total
    cancer = total.conditions.loc["people_with_cancer"]
    assert cancer[["people", "people_low", "people_high", "areas_missing"]].to_list() == [22.5, 18, 36, 1]
    values = assessment_values(assess(PLAN, [Candidate.circle(405_000, 300_500, 20)], tiny))
    told = values["total"]["conditions"]["people_with_cancer"]
    assert (told["people_modelled"], told["people_low"], told["people_high"]) == (22.5, 18, 36)
    json.dumps(values)


def test_a_sketch_over_areas_not_known_has_no_range(tiny: Evidence):
    cancer = assess(PLAN, [Candidate.circle(400_500, 300_500, 0.1)], tiny).total.conditions.loc["people_with_cancer"]
    assert cancer[["people", "people_low", "people_high"]].isna().all()


def test_a_sketch_says_where_condition_figures_are_doubtful(tiny: Evidence):
    # Area 4 has half as many patients as residents, and every area under 1,000 residents.
    ratio = pd.Series(1.0, index=tiny.areas.index).where(tiny.areas.index != tiny.areas.index[4], 0.5)
    known = replace(tiny, values=tiny.values.assign(registered_per_resident=ratio))
    notes = assess(PLAN, [Candidate.circle(404_500, 300_500, 1.1)], known).total.notes
    begins = "Condition figures are doubtful in"
    assert notes == (
        f"{begins} 1 of these 3 areas (100 people), with under 0.8 registered patients for each resident.",
        f"{begins} 2 of these 3 areas (200 people), with under 1,000 residents.",
    )


def test_ranges_are_not_offered_as_layers(tiny: Evidence):
    offered = [name for role in ("need", "people", "context") for name in tiny.layer_names(role)]
    assert "people_with_cancer" in offered
    assert not [name for name in offered if name.endswith(("_low", "_high"))]


def test_few_cases_have_a_class_of_their_own_on_the_map(tiny: Evidence):
    # 2.5 cases in areas 1 to 9; in area 0 the cases are not known, so that its prevalence of 9 % keeps its class.
    found = answer(PLAN, tiny)
    picture = paint(found, tiny, "cancer_prevalence")
    assert picture.labels == ("9.00 to 9.00", "few cases (under 10)")
    assert picture.classes.tolist() == [0] + [1] * 9
    (column,) = [one for one in picture.hover if one.label.startswith("People on the register")]
    assert np.isnan(column.values[0])
    assert column.values[1] == 2.5
    assert NO_DATA not in picture.classes


def test_a_layer_that_is_no_prevalence_has_no_such_class(tiny: Evidence):
    picture = paint(answer(PLAN, tiny), tiny, "income_deprivation")
    assert not [label for label in picture.labels if "few" in label]
