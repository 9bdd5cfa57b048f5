"""Practice registers → small areas: tables small enough to work by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo.errors import GeographyError, PlanError, SchemaError
from hjp_geo.prevalence import borrow_registrations, model_prevalence, split_register, unplaced_practices


def registers(*rows: tuple[str, str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["practice", "condition", "age_band", "register", "list_size"])


def registrations(*rows: tuple[str, str | None, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["practice", "lsoa", "patients"])


def ages(**bands_by_area: dict[str, float]) -> pd.DataFrame:
    rows = [(area, band, people) for area, bands in bands_by_area.items() for band, people in bands.items()]
    return pd.DataFrame(rows, columns=["lsoa", "age_band", "population"])


def cell(result: pd.DataFrame, lsoa: str, condition: str = "HYP") -> tuple[float, float, float]:
    row = result[(result["lsoa"] == lsoa) & (result["condition"] == condition)]
    assert len(row) == 1
    return tuple(row[["register", "list_size", "prevalence"]].iloc[0])


def test_spreads_a_practice_over_the_areas_of_its_patients() -> None:
    # 3 of 4 patients in A: 3/4 of 10 cases and of 40 people; the prevalence is the practice's, 10/40, everywhere.
    result = model_prevalence(registers(("P", "HYP", "TOTAL", 10, 40)), registrations(("P", "A", 3), ("P", "B", 1)))
    assert list(result.columns) == ["lsoa", "condition", "register", "list_size", "prevalence"]
    assert cell(result, "A") == (7.5, 30, 0.25)
    assert cell(result, "B") == (2.5, 10, 0.25)


def test_adds_practices_before_it_divides() -> None:
    # A: P gives 5 of its 10 cases and 50 of 100 people, Q all: 30 and 50. 35/100, not the mean of 10 % and 60 %.
    result = model_prevalence(
        registers(("P", "HYP", "TOTAL", 10, 100), ("Q", "HYP", "TOTAL", 30, 50)),
        registrations(("P", "A", 1), ("P", "B", 1), ("Q", "A", 7)),
    )
    assert cell(result, "A") == (35, 100, 0.35)
    assert cell(result, "B") == (5, 50, 0.1)


def test_counts_only_patients_of_the_ages_of_the_condition() -> None:
    # 50 % of A's residents are over 50 and 25 % of B's: 10 patients each make 5 and 2.5 people at risk, 2 to 1.
    result = model_prevalence(
        registers(("P", "OST", "50OV", 3, 9)),
        registrations(("P", "A", 10), ("P", "B", 10)),
        ages(A={"TOTAL": 100, "50OV": 50}, B={"TOTAL": 200, "50OV": 50}),
    )
    assert cell(result, "A", "OST") == pytest.approx((2, 6, 1 / 3))
    assert cell(result, "B", "OST") == pytest.approx((1, 3, 1 / 3))


def test_without_ages_spreads_by_all_patients() -> None:
    result = model_prevalence(registers(("P", "OST", "50OV", 3, 9)), registrations(("P", "A", 2), ("P", "B", 1)))
    assert cell(result, "A", "OST") == pytest.approx((2, 6, 1 / 3))


def test_adjusting_moves_cases_and_leaves_lists_and_practice_totals() -> None:
    # Weights 3 to 1 on equal patients: 9 and 3 of 12 cases; 20 of 40 people each.
    result = model_prevalence(
        registers(("P", "HYP", "TOTAL", 12, 40)),
        registrations(("P", "A", 5), ("P", "B", 5)),
        adjust=pd.Series({"A": 3.0, "B": 1.0, "C": 9.0}),
    )
    assert cell(result, "A") == (9, 20, 0.45)
    assert cell(result, "B") == (3, 20, 0.15)


def test_patients_without_an_area_are_spread_like_the_others() -> None:
    # The 96 at unknown addresses change nothing: A still has 3 of the 4 whose area is known.
    result = model_prevalence(
        registers(("P", "HYP", "TOTAL", 10, 100)), registrations(("P", "A", 3), ("P", "B", 1), ("P", None, 96))
    )
    assert cell(result, "A") == (7.5, 75, 0.1)
    assert set(result["lsoa"]) == {"A", "B"}


@pytest.mark.parametrize(("register", "list_size"), [(np.nan, 50), (30, np.nan)])
def test_a_practice_that_did_not_report_brings_neither_cases_nor_people(register: float, list_size: float) -> None:
    result = model_prevalence(
        registers(("P", "HYP", "TOTAL", 10, 100), ("Q", "HYP", "TOTAL", register, list_size)),
        registrations(("P", "A", 1), ("Q", "A", 1), ("Q", "B", 1)),
    )
    assert cell(result, "A") == (10, 100, 0.1)


def test_where_no_practice_reported_the_cases_are_missing_not_zero() -> None:
    result = model_prevalence(
        registers(("P", "HYP", "TOTAL", 10, 100), ("Q", "HYP", "TOTAL", np.nan, 50)),
        registrations(("P", "A", 1), ("Q", "B", 1)),
    )
    register, list_size, prevalence = cell(result, "B")
    assert np.isnan(register)
    assert list_size == 0
    assert np.isnan(prevalence)


def test_no_cases_on_a_register_are_zero_not_missing() -> None:
    result = model_prevalence(registers(("P", "HYP", "TOTAL", 0, 100)), registrations(("P", "A", 1)))
    assert cell(result, "A") == (0, 100, 0)


def test_where_nobody_is_of_the_age_there_are_no_cases_and_no_prevalence() -> None:
    result = model_prevalence(
        registers(("P", "OST", "50OV", 3, 9)),
        registrations(("P", "A", 10), ("P", "B", 10)),
        ages(A={"TOTAL": 100, "50OV": 50}, B={"TOTAL": 200, "50OV": 0}),
    )
    register, list_size, prevalence = cell(result, "B", "OST")
    assert (register, list_size) == (0, 0)
    assert np.isnan(prevalence)


def test_a_register_above_its_list_is_kept() -> None:
    result = model_prevalence(registers(("P", "HYP", "TOTAL", 12, 10)), registrations(("P", "A", 1)))
    assert cell(result, "A") == (12, 10, 1.2)


def test_adds_the_age_parts_of_one_condition() -> None:
    # 65OV: 9 cases and 10 people, all in A. 0_64: 1 case and 90 people, 1 to 2. A: 9 + 1/3 of 10 + 30 people.
    result = model_prevalence(
        registers(("P", "DEM", "65OV", 9, 10), ("P", "DEM", "0_64", 1, 90)),
        registrations(("P", "A", 10), ("P", "B", 10)),
        ages(A={"TOTAL": 100, "65OV": 50, "0_64": 50}, B={"TOTAL": 100, "65OV": 0, "0_64": 100}),
    )
    assert cell(result, "A", "DEM") == pytest.approx((28 / 3, 40, 28 / 120))
    assert cell(result, "B", "DEM") == pytest.approx((2 / 3, 60, 2 / 180))


def test_rows_for_the_same_pair_are_added() -> None:
    # Registrations come by sex: 1 + 2 in A and 1 in B.
    result = model_prevalence(
        registers(("P", "HYP", "TOTAL", 8, 80)), registrations(("P", "A", 1), ("P", "B", 1), ("P", "A", 2))
    )
    assert cell(result, "A") == (6, 60, 0.1)


def test_is_sorted_by_area_and_condition_whatever_the_order_given() -> None:
    result = model_prevalence(
        registers(("Q", "HYP", "TOTAL", 1, 2), ("Q", "AF", "TOTAL", 1, 2)), registrations(("Q", "B", 1), ("Q", "A", 1))
    )
    assert list(zip(result["lsoa"], result["condition"], strict=True)) == [
        ("A", "AF"), ("A", "HYP"), ("B", "AF"), ("B", "HYP"),
    ]  # fmt: skip


def test_categories_give_the_same_as_strings_and_the_tables_are_left_alone() -> None:
    returns, homes = registers(("P", "HYP", "TOTAL", 10, 40)), registrations(("P", "A", 3), ("P", None, 1))
    as_categories = [
        table.astype(dict.fromkeys(table.columns.intersection(["practice", "lsoa", "condition"]), "category"))
        for table in (returns, homes)
    ]
    before = homes.copy()
    pd.testing.assert_frame_equal(model_prevalence(*as_categories), model_prevalence(returns, homes))
    pd.testing.assert_frame_equal(homes, before)


def test_nothing_in_gives_nothing_out() -> None:
    nothing = registers(), registrations()
    for returns, homes in (nothing, (registers(("P", "HYP", "TOTAL", 1, 2)), nothing[1])):
        result = model_prevalence(returns, homes)
        assert result.empty
        assert list(result.columns) == ["lsoa", "condition", "register", "list_size", "prevalence"]
    assert unplaced_practices(*nothing).empty


def test_conditions_with_equal_parts_are_not_mixed_up() -> None:
    # X has the parts old 4 and young 2, Y old 2 and young 4: each adds up to 6 of 60, whatever columns are shared.
    result = model_prevalence(
        registers(
            ("P", "X", "old", 4, 20), ("P", "X", "young", 2, 40), ("P", "Y", "old", 2, 20), ("P", "Y", "young", 4, 40)
        ),
        registrations(("P", "A", 1)),
        ages(A={"TOTAL": 10, "old": 5, "young": 5}),
    )
    assert cell(result, "A", "X") == cell(result, "A", "Y") == (6, 60, 0.1)


@pytest.mark.parametrize(
    ("returns", "homes", "error", "says"),
    [
        (registers(("P", "HYP", "TOTAL", 1, 2), ("P", "HYP", "TOTAL", 1, 2)), None, SchemaError, "repeat a practice"),
        (registers(("P", "HYP", "TOTAL", -1, 2)), None, SchemaError, "register is -1"),
        (registers(("P", None, "TOTAL", 1, 2)), None, SchemaError, "every row needs all three"),
        (None, registrations(("P", "A", np.nan)), SchemaError, "no number of patients"),
        (None, registrations(("P", "A", -3)), SchemaError, "patients is -3"),
        (None, pd.DataFrame({"practice": ["P"], "lsoa": ["A"]}), SchemaError, "no column patients"),
    ],
)  # fmt: skip
def test_refuses_tables_that_are_not_what_they_should_be(
    returns: pd.DataFrame | None, homes: pd.DataFrame | None, error: type[Exception], says: str
) -> None:
    good = registers(("P", "HYP", "TOTAL", 1, 2)), registrations(("P", "A", 1))
    with pytest.raises(error, match=says):
        model_prevalence(good[0] if returns is None else returns, good[1] if homes is None else homes)


def test_refuses_areas_without_ages_and_says_what_to_do() -> None:
    with pytest.raises(GeographyError, match=r"1 areas .* such as B.*same LSOA vintage"):
        model_prevalence(
            registers(("P", "OST", "50OV", 3, 9)),
            registrations(("P", "A", 10), ("P", "B", 10)),
            ages(A={"TOTAL": 100, "50OV": 50}),
        )


def test_refuses_ages_without_the_band_of_a_condition() -> None:
    with pytest.raises(SchemaError, match="no age band 50OV"):
        model_prevalence(
            registers(("P", "OST", "50OV", 3, 9)), registrations(("P", "A", 10)), ages(A={"TOTAL": 100, "17OV": 50})
        )


def test_needs_no_ages_where_every_condition_counts_everybody() -> None:
    result = model_prevalence(
        registers(("P", "HYP", "TOTAL", 1, 2)), registrations(("P", "A", 1)), ages(Z={"TOTAL": 100})
    )
    assert cell(result, "A") == (1, 2, 0.5)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan])
def test_refuses_an_adjustment_that_is_no_weight(weight: float) -> None:
    with pytest.raises(GeographyError, match="no weight above 0, such as B"):
        model_prevalence(
            registers(("P", "HYP", "TOTAL", 1, 2)),
            registrations(("P", "A", 1), ("P", "B", 1)),
            adjust=pd.Series({"A": 1.0, "B": weight}),
        )


def test_lists_every_practice_that_is_left_out_and_why() -> None:
    left_out = unplaced_practices(
        registers(
            ("GONE", "HYP", "TOTAL", 10, 100),
            ("GONE", "OST", "50OV", 2, 30),
            ("NOWHERE", "HYP", "TOTAL", 4, 40),
            ("YOUNG", "HYP", "TOTAL", 1, 20),
            ("YOUNG", "OST", "50OV", 3, 5),
            ("SILENT", "HYP", "TOTAL", np.nan, 50),
            ("GOOD", "HYP", "TOTAL", 1, 10),
        ),
        registrations(
            ("NOWHERE", None, 40), ("YOUNG", "A", 20), ("SILENT", "B", 50), ("GOOD", "B", 9), ("OTHER", "B", 7)
        ),
        ages(A={"TOTAL": 100, "50OV": 0}, B={"TOTAL": 100, "50OV": 40}),
    )
    assert left_out.set_index("practice").astype(object).where(
        left_out.set_index("practice").notna(), None
    ).T.to_dict() == {
        "GONE": {"reason": "no_registrations", "conditions": 2, "patients": 100, "cases": 12},
        "NOWHERE": {"reason": "no_lsoa", "conditions": 1, "patients": 40, "cases": 4},
        "OTHER": {"reason": "no_register", "conditions": 0, "patients": 7, "cases": None},
        "SILENT": {"reason": "not_reported", "conditions": 1, "patients": 50, "cases": None},
        "YOUNG": {"reason": "no_patients_in_band", "conditions": 1, "patients": 5, "cases": 3},
    }


def test_categories_with_unused_members_leave_out_the_same_practices() -> None:
    returns, homes = registers(("GONE", "HYP", "TOTAL", 10, 100)), registrations(("OTHER", "B", 7), ("NOBODY", "C", 0))
    coded = [table.assign(practice=table["practice"].astype("category")) for table in (returns, homes)]
    unused = [coded[0], coded[1][coded[1]["patients"] > 0]]
    assert unplaced_practices(*unused)["practice"].tolist() == ["GONE", "OTHER"]
    assert model_prevalence(*unused).empty


def test_nothing_is_left_out_when_everything_was_placed() -> None:
    assert unplaced_practices(registers(("P", "HYP", "TOTAL", 1, 2)), registrations(("P", "A", 1))).empty


def test_splits_one_condition_over_its_ages() -> None:
    split = split_register(
        registers(("P", "DEM", "TOTAL", 100, 1000), ("P", "HYP", "TOTAL", 7, 1000), ("Q", "DEM", "TOTAL", 10, 90)),
        "DEM",
        {"65OV": 0.97, "0_64": 0.03},
        pd.DataFrame({"practice": ["P", "P"], "age_band": ["65OV", "0_64"], "list_size": [200, 800]}),
    )
    rows = split.set_index(["practice", "condition", "age_band"])
    assert tuple(rows.loc[("P", "DEM", "65OV")]) == (97, 200)
    assert tuple(rows.loc[("P", "DEM", "0_64")]) == (3, 800)
    assert tuple(rows.loc[("P", "HYP", "TOTAL")]) == (7, 1000)
    assert np.isnan(rows.loc[("Q", "DEM", "65OV"), "list_size"])
    assert len(rows) == 5


def test_refuses_to_split_by_shares_that_do_not_add_up_or_a_condition_that_is_not_there() -> None:
    returns, lists = registers(("P", "DEM", "TOTAL", 1, 2)), pd.DataFrame(columns=["practice", "age_band", "list_size"])
    with pytest.raises(PlanError, match="add to 1"):
        split_register(returns, "DEM", {"65OV": 0.97}, lists)
    with pytest.raises(PlanError, match="no condition 'AF' in the registers; found DEM"):
        split_register(returns, "AF", {"65OV": 1}, lists)


def test_a_closed_practice_borrows_the_areas_of_its_donor() -> None:
    homes = borrow_registrations(registrations(("P", "A", 3), ("P", "B", 1)), {"GONE": "P"})
    assert sorted(homes[homes["practice"] == "GONE"].itertuples(index=False, name=None)) == [
        ("GONE", "A", 3), ("GONE", "B", 1),
    ]  # fmt: skip
    assert len(homes) == 4


def test_refuses_a_donor_without_patients_or_a_borrower_with_some() -> None:
    with pytest.raises(PlanError, match="already registered: P; donor without registrations: Z"):
        borrow_registrations(registrations(("P", "A", 3)), {"P": "P", "Q": "Z"})


# What must always hold ----------------------------------------------------------------------------------------------

PRACTICES, AREAS = ["P1", "P2", "P3", "P4"], ["A", "B", "C", "D", "E"]
CONDITIONS = {"HYP": "TOTAL", "OST": "50OV", "DM": "17OV"}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    """Every practice has a patient somewhere, every area somebody in each band."""
    count = st.integers(0, 500)
    returns = registers(
        *[
            (practice, condition, band, draw(st.one_of(count, st.just(np.nan))), draw(count))
            for practice in PRACTICES
            for condition, band in CONDITIONS.items()
        ]
    )
    pairs = draw(st.sets(st.tuples(st.sampled_from(PRACTICES), st.sampled_from(AREAS)), min_size=1))
    pairs |= {(practice, draw(st.sampled_from(AREAS))) for practice in PRACTICES}
    homes = registrations(*[(practice, area, draw(st.integers(1, 900))) for practice, area in sorted(pairs)])
    people = ages(
        **{
            area: {"TOTAL": 1000, "17OV": draw(st.integers(1, 1000)), "50OV": draw(st.integers(1, 1000))}
            for area in AREAS
        }
    )
    weights = pd.Series({area: draw(st.floats(0.9, 1.1)) for area in AREAS})
    return returns, homes, people, weights


def by_merging(returns: pd.DataFrame, homes: pd.DataFrame, people: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """The same method as table joins, as a second engine."""
    total = people[people["age_band"] == "TOTAL"].set_index("lsoa")["population"]
    people = people.assign(share=people["population"] / people["lsoa"].map(total))
    rows = returns.dropna().merge(homes, on="practice").merge(people, on=["lsoa", "age_band"])
    rows["at_risk"] = rows["patients"] * rows["share"]
    rows["weighted"] = rows["at_risk"] * rows["lsoa"].map(weights)
    sums = rows.groupby(["practice", "condition"])[["at_risk", "weighted"]].transform("sum")
    rows["register"] *= rows["weighted"] / sums["weighted"]
    rows["list_size"] *= rows["at_risk"] / sums["at_risk"]
    return rows.groupby(["lsoa", "condition"])[["register", "list_size"]].sum()


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_every_practice_keeps_exactly_its_cases_and_its_list(world: tuple[pd.DataFrame, ...]) -> None:
    returns, homes, people, weights = world
    result = model_prevalence(returns, homes, people, adjust=weights).groupby("condition")
    reported = returns.dropna().groupby("condition")
    for column in ("register", "list_size"):
        np.testing.assert_allclose(
            result[column].sum(), reported[column].sum().reindex(sorted(CONDITIONS), fill_value=0), rtol=1e-9, atol=1e-9
        )


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_arrays_and_table_joins_give_the_same(world: tuple[pd.DataFrame, ...]) -> None:
    result = model_prevalence(*world[:3], adjust=world[3]).set_index(["lsoa", "condition"])
    expected = by_merging(*world).reindex(result.index)
    np.testing.assert_allclose(result["list_size"], expected["list_size"].fillna(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result["register"].fillna(0), expected["register"].fillna(0), rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(world: tuple[pd.DataFrame, ...], random: object) -> None:
    returns, homes, people, _ = world
    shuffled = [table.sample(frac=1, random_state=random.randrange(2**31)) for table in (returns, homes, people)]
    pd.testing.assert_frame_equal(model_prevalence(*shuffled), model_prevalence(returns, homes, people), rtol=1e-12)


@settings(deadline=None, max_examples=30)
@given(worlds(), st.floats(0.1, 10))
def test_registrations_are_shares_so_their_size_does_not_matter(world: tuple[pd.DataFrame, ...], factor: float) -> None:
    returns, homes, people, _ = world
    larger = homes.assign(patients=homes["patients"] * factor)
    pd.testing.assert_frame_equal(model_prevalence(returns, larger, people), model_prevalence(returns, homes, people))
