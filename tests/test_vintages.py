"""LSOA 2011 ↔ 2021: tables small enough to work by hand, then England's own lookup."""

from __future__ import annotations

import json
from gzip import open as open_gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo.errors import GeographyError, SchemaError
from hjp_geo.vintages import (
    convert_ages_to_lsoa11,
    convert_boards,
    convert_lsoa11_to_lsoa21,
    convert_rates_lsoa11_to_lsoa21,
    crosswalk_lsoa11_to_lsoa21,
    roll_up_by_patients,
    vintage_of,
)

LOOKUP = pd.DataFrame(
    [
        ("kept", "kept", "U"),
        ("split", "child1", "S"), ("split", "child2", "S"),
        ("left", "merged", "M"), ("right", "merged", "M"),
        ("north", "east", "X"), ("north", "west", "X"), ("south", "west", "X"),
    ],
    columns=["lsoa11_code", "lsoa21_code", "change"],
)  # fmt: skip
POPULATION = pd.Series({"kept": 900.0, "child1": 300, "child2": 100, "merged": 1000, "east": 200, "west": 600})
COUNTS = pd.DataFrame(
    {"cases": {"kept": 7.0, "split": 8, "left": 2, "right": 3, "north": 30, "south": 10}}
).rename_axis("lsoa11_code")  # fmt: skip


def converted(counts: pd.DataFrame = COUNTS, lookup: pd.DataFrame = LOOKUP) -> dict[str, float]:
    return convert_lsoa11_to_lsoa21(counts, lookup, POPULATION)["cases"].to_dict()


def test_copies_what_did_not_change() -> None:
    assert converted()["kept"] == 7


def test_divides_a_split_area_by_the_people_of_its_children() -> None:
    # 8 cases, 300 to 100 people.
    assert (converted()["child1"], converted()["child2"]) == (6, 2)


def test_adds_merged_areas() -> None:
    assert converted()["merged"] == 5


def test_divides_a_redrawn_group_as_a_whole() -> None:
    # north and south have 40 cases together; east has 200 of the group's 800 people.
    assert (converted()["east"], converted()["west"]) == (10, 30)


def test_gives_every_2021_area_once_sorted_and_named() -> None:
    result = convert_lsoa11_to_lsoa21(COUNTS, LOOKUP, POPULATION)
    assert list(result.index) == sorted(POPULATION.index)
    assert result.index.name == "lsoa21_code"


def test_a_missing_or_absent_count_makes_its_group_missing_and_no_other() -> None:
    counts = COUNTS.drop(index="split")
    counts.loc["left", "cases"] = np.nan
    result = pd.Series(converted(counts))
    assert set(result.index[result.isna()]) == {"child1", "child2", "merged"}


def test_needs_no_population_where_nothing_is_divided() -> None:
    lookup = LOOKUP[LOOKUP["change"].isin(["U", "M"])]
    counts = COUNTS.loc[["kept", "left", "right"]]
    assert convert_lsoa11_to_lsoa21(counts, lookup, pd.Series(dtype=float))["cases"].to_dict() == {
        "kept": 7, "merged": 5,
    }  # fmt: skip


def test_refuses_to_divide_without_people() -> None:
    with pytest.raises(GeographyError, match=r"2 LSOA 2021 of split areas have no population.*such as child1, child2"):
        convert_lsoa11_to_lsoa21(COUNTS, LOOKUP, POPULATION.drop(index="child1"))


def test_refuses_a_table_that_is_already_in_2021_or_mixes_both() -> None:
    mixed = pd.concat([COUNTS, pd.DataFrame({"cases": {"merged": 5.0}})])
    with pytest.raises(GeographyError, match="such as merged; 1 of them are LSOA 2021 codes"):
        converted(mixed)


def test_refuses_areas_that_occur_twice() -> None:
    with pytest.raises(GeographyError, match="the counts have areas twice, such as kept"):
        converted(pd.concat([COUNTS, COUNTS.iloc[:1]]))
    with pytest.raises(GeographyError, match="the population has areas twice, such as kept"):
        convert_lsoa11_to_lsoa21(COUNTS, LOOKUP, pd.concat([POPULATION, POPULATION.iloc[:1]]))


@pytest.mark.parametrize(
    ("lookup", "says"),
    [
        (LOOKUP.drop(columns="change"), "no column change"),
        (pd.concat([LOOKUP, LOOKUP.iloc[:1]]), "repeats a pair"),
        (LOOKUP.replace({"change": {"S": "M"}}), "contradicts itself in 2 rows: split to child1 is marked 'M'"),
        (LOOKUP.replace({"change": {"U": None}}), "empty cells"),
        (LOOKUP.replace({"lsoa21_code": {"kept": "renamed"}}), "marked 'U', but its codes make it 'X'"),
    ],
)
def test_refuses_a_lookup_that_cannot_be_the_exact_fit(lookup: pd.DataFrame, says: str) -> None:
    with pytest.raises(SchemaError, match=says):
        converted(lookup=lookup)


def test_accepts_a_copy_that_lacks_a_row_of_a_redrawn_group() -> None:
    # Without north → west the ground is cut in two: north's 30 go to east alone, south's 10 to west.
    lookup = LOOKUP.drop(index=6)
    assert (converted(lookup=lookup)["east"], converted(lookup=lookup)["west"]) == (30, 10)


def test_gives_2011_areas_the_age_structure_of_their_ground() -> None:
    ages = pd.DataFrame(
        [
            ("kept", "TOTAL", 100), ("kept", "65OV", 20),
            ("child1", "TOTAL", 300), ("child1", "65OV", 30), ("child2", "TOTAL", 100), ("child2", "65OV", 50),
            ("merged", "TOTAL", 1000), ("merged", "65OV", 100),
        ],
        columns=["lsoa", "age_band", "population"],
    )  # fmt: skip
    result = convert_ages_to_lsoa11(ages, LOOKUP).set_index(["lsoa", "age_band"])["population"]
    # A split area has its children's people; merged ones share equally: 500 each, a tenth of them old.
    assert result["split"].to_dict() == {"TOTAL": 400, "65OV": 80}
    assert result["left"].to_dict() == result["right"].to_dict() == {"TOTAL": 500, "65OV": 50}
    assert result["kept"].to_dict() == {"TOTAL": 100, "65OV": 20}
    assert "north" not in result.index


def test_refuses_ages_of_another_vintage_or_given_twice() -> None:
    ages = pd.DataFrame({"lsoa": ["split"], "age_band": ["TOTAL"], "population": [1.0]})
    with pytest.raises(GeographyError, match="not LSOA 2021 codes of the lookup, such as split"):
        convert_ages_to_lsoa11(ages, LOOKUP)
    with pytest.raises(SchemaError, match="an area and age band twice"):
        convert_ages_to_lsoa11(pd.concat([ages, ages]), LOOKUP)


# What must always hold ----------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1e6), min_size=6, max_size=6),
    st.lists(st.integers(1, 5000), min_size=6, max_size=6),
    st.floats(0, 1),
)
def test_totals_are_kept_and_a_constant_rate_stays_constant(
    cases: list[float], residents: list[int], rate: float
) -> None:
    population = pd.Series(residents, index=POPULATION.index, dtype=float)
    counts = pd.DataFrame({"cases": cases}, index=COUNTS.index)
    result = convert_lsoa11_to_lsoa21(counts, LOOKUP, population)
    assert result["cases"].sum() == pytest.approx(sum(cases))
    assert result.loc["kept", "cases"] == counts.loc["kept", "cases"]
    both = counts.assign(at_rate=counts["cases"] * rate)
    after = convert_lsoa11_to_lsoa21(both, LOOKUP, population)
    np.testing.assert_allclose(after["at_rate"], after["cases"] * rate, rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def england(shared: Path) -> pd.DataFrame:
    """The exact-fit lookup as published, England only."""
    path = shared / "upstream" / "arcgis" / "LSOA11_LSOA21_LAD22_EW_LU_v5.ndjson.gz"
    with open_gzip(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line)["properties"] for line in lines]
    names = {"LSOA11CD": "lsoa11_code", "LSOA21CD": "lsoa21_code", "CHGIND": "change"}
    lookup = pd.DataFrame(rows)[list(names)].rename(columns=names)
    return lookup[lookup["lsoa11_code"].str.startswith("E")]


def test_all_33755_english_areas_appear_once_and_totals_are_kept(england: pd.DataFrame) -> None:
    random = np.random.default_rng(7)
    codes = england["lsoa21_code"].unique()
    population = pd.Series(random.integers(900, 4000, len(codes)).astype(float), index=codes)
    areas = england["lsoa11_code"].unique()
    counts = pd.DataFrame({"cases": random.random(len(areas)) * 100}, index=areas)
    result = convert_lsoa11_to_lsoa21(counts, england, population)
    assert len(result) == 33_755
    assert result.index.is_unique
    assert result["cases"].sum() == pytest.approx(counts["cases"].sum(), rel=1e-12)
    unchanged = england.loc[england["change"] == "U", "lsoa21_code"]
    assert len(unchanged) == 31_810
    assert (result.loc[unchanged, "cases"] == counts.loc[unchanged, "cases"]).all()
    for group in (["E01023508", "E01023768"], ["E01008187", "E01027506"], ["E01023679", "E01023964"]):
        children = england.loc[england["lsoa11_code"].isin(group), "lsoa21_code"].unique()
        assert len(children) == 2
        assert result.loc[children, "cases"].sum() == pytest.approx(counts.loc[group, "cases"].sum())


def test_gives_all_32844_english_areas_of_2011_an_age_structure(england: pd.DataFrame) -> None:
    codes = england["lsoa21_code"].unique()
    old_share = np.random.default_rng(3).random(len(codes))
    ages = pd.concat(
        [
            pd.DataFrame({"lsoa": codes, "age_band": "TOTAL", "population": 1500.0}),
            pd.DataFrame({"lsoa": codes, "age_band": "65OV", "population": 1500 * old_share}),
        ]
    )
    wide = convert_ages_to_lsoa11(ages, england).pivot_table(index="lsoa", columns="age_band", values="population")
    assert len(wide) == 32_844
    assert wide["TOTAL"].sum() == pytest.approx(1500 * len(codes))
    unchanged = england.loc[england["change"] == "U", "lsoa21_code"]
    shares = pd.Series(old_share, index=codes)[unchanged]
    np.testing.assert_allclose((wide["65OV"] / wide["TOTAL"])[unchanged], shares, rtol=1e-12)


# --- telling vintages apart ------------------------------------------------------------------------------------------

VINTAGES = {"LSOA 2021": pd.Index(["kept", "child1", "child2"]), "LSOA 2011": pd.Index(["kept", "split"])}


@pytest.mark.parametrize(
    ("codes", "vintage"),
    [(["child1", "kept"], "LSOA 2021"), (["split", "kept", "split"], "LSOA 2011"), (["kept"], "LSOA 2021")],
)
def test_codes_are_of_the_vintage_that_has_all_of_them(codes: list[str], vintage: str) -> None:
    assert vintage_of(pd.Index(codes), VINTAGES) == vintage


def test_codes_of_two_vintages_are_an_error_not_a_guess() -> None:
    said = "mix vintages: 1 only of LSOA 2021, such as child1; 1 only of LSOA 2011, such as split. Convert one of them"
    with pytest.raises(GeographyError, match=said):
        vintage_of(pd.Index(["kept", "child1", "split"]), VINTAGES)


def test_codes_of_no_vintage_are_counted_by_kind_never_dropped() -> None:
    codes = pd.Index(["kept", "W01000001", "W01000002", "S01000001", "EMPTY", "CLOSED"])
    said = (
        r"5 codes are not areas of LSOA 2021 or LSOA 2011: 2 Welsh \(W01000001\), 1 Scottish \(S01000001\), 2 unknown"
    )
    with pytest.raises(GeographyError, match=said):
        vintage_of(codes, VINTAGES)


# --- rates -----------------------------------------------------------------------------------------------------------

PEOPLE_2011 = pd.Series({"kept": 900.0, "split": 400, "left": 300, "right": 700, "north": 500, "south": 300})
RATES = pd.Series({"kept": 0.1, "split": 0.2, "left": 0.3, "right": 0.1, "north": 0.4, "south": 0.8})


def rates(of: pd.Series = RATES) -> pd.DataFrame:
    return convert_rates_lsoa11_to_lsoa21(of, PEOPLE_2011, LOOKUP, POPULATION)


def test_a_rate_is_kept_inherited_averaged_or_approximated() -> None:
    table = rates()
    # merged: (0.3 × 300 + 0.1 × 700) / 1000 = 0.16; redrawn: (0.4 × 500 + 0.8 × 300) / 800 = 0.55
    expected = {"kept": 0.1, "child1": 0.2, "child2": 0.2, "merged": 0.16, "east": 0.55, "west": 0.55}
    assert table["rate"].to_dict() == pytest.approx(expected)
    assert table.loc["kept", "rate"] == 0.1  # exactly
    assert table["how"].to_dict() == {
        "kept": "exact",
        "child1": "inherited",
        "child2": "inherited",
        "merged": "averaged",
        "east": "approximate",
        "west": "approximate",
    }


def test_a_rate_of_which_a_part_is_missing_is_missing() -> None:
    missing = rates(RATES.where(~RATES.index.isin(["left", "north"])))["rate"].isna()
    assert missing[missing].index.to_list() == ["east", "merged", "west"]


@given(st.floats(-100, 100), st.lists(st.floats(1, 1e5), min_size=6, max_size=6))
@settings(max_examples=50)
def test_a_constant_rate_stays_constant(rate: float, people: list[float]) -> None:
    weights = pd.Series(people, index=RATES.index)
    constant = pd.Series(rate, index=RATES.index)
    result = convert_rates_lsoa11_to_lsoa21(constant, weights, LOOKUP, POPULATION)["rate"]
    np.testing.assert_allclose(result, rate, rtol=1e-9, atol=1e-9)


def test_the_crosswalk_gives_what_the_conversion_gives() -> None:
    crosswalk = crosswalk_lsoa11_to_lsoa21(LOOKUP, POPULATION)
    assert crosswalk.groupby("lsoa11_code")["share"].sum().to_numpy() == pytest.approx(1)
    counts = crosswalk.merge(COUNTS.reset_index(), on="lsoa11_code")
    by_hand = (counts["cases"] * counts["share"]).groupby(counts["lsoa21_code"]).sum()
    assert by_hand.to_dict() == pytest.approx(converted())


# --- boards ----------------------------------------------------------------------------------------------------------

# Two boards merged into New; Frimley was divided, 300 of its 400 people to New and 100 to Other.
BOARDS = pd.DataFrame(
    [
        ("a", "One", "New"),
        ("b", "Two", "New"),
        ("c", "Frimley", "New"),
        ("d", "Frimley", "Other"),
        ("e", "Same", "Same"),
    ],
    columns=["area_code", "old", "new"],
)
PEOPLE = pd.Series({"a": 10.0, "b": 20, "c": 300, "d": 100, "e": 5})
BY_BOARD = pd.DataFrame({"cases": {"One": 1.0, "Two": 2, "Frimley": 8, "Same": 3}})


def test_merged_boards_add_up_and_a_divided_one_is_an_estimate() -> None:
    table = convert_boards(BY_BOARD, BOARDS, PEOPLE)
    assert table["cases"].to_dict() == {"New": 1 + 2 + 6, "Other": 2, "Same": 3}
    assert table["is_exact"].to_dict() == {"New": False, "Other": False, "Same": True}
    assert table["cases"].sum() == BY_BOARD["cases"].sum()


def test_boards_that_only_merge_are_exact_without_a_population() -> None:
    table = convert_boards(BY_BOARD.drop(index="Frimley"), BOARDS, pd.Series(dtype="float64"))
    assert table["cases"].to_dict() == {"New": 3, "Same": 3}
    assert table["is_exact"].all()


def test_a_missing_part_makes_a_board_missing_not_smaller() -> None:
    counts = BY_BOARD.assign(cases=[np.nan, 2, 8, 3])
    assert convert_boards(counts, BOARDS, PEOPLE)["cases"].isna().to_dict() == {
        "New": True,
        "Other": False,
        "Same": False,
    }


def test_counts_of_new_boards_are_not_taken_for_old_ones() -> None:
    with pytest.raises(GeographyError, match="1 codes are not areas of the old vintage"):
        convert_boards(pd.DataFrame({"cases": {"New": 1.0}}), BOARDS, PEOPLE)


def test_a_board_with_areas_outside_the_new_vintage_is_refused() -> None:
    with pytest.raises(GeographyError, match="1 areas have no board in the new vintage, such as d"):
        convert_boards(BY_BOARD, BOARDS.assign(new=["New", "New", "New", None, "Same"]), PEOPLE)


def test_a_divided_board_needs_people_to_divide_by() -> None:
    with pytest.raises(GeographyError, match="divided has areas without a population"):
        convert_boards(BY_BOARD, BOARDS, PEOPLE.drop("d"))


# --- networks --------------------------------------------------------------------------------------------------------

PATIENTS = pd.DataFrame(
    [("a", "N", 30.0), ("b", "N", 10.0), ("b", "S", 90.0), ("c", "T", 5.0)],
    columns=["area_code", "pcn_code", "patients"],
)


def test_a_network_has_the_mean_over_its_patients_not_over_its_areas() -> None:
    table = roll_up_by_patients(pd.Series({"a": 2.0, "b": 6.0, "c": np.nan}), PATIENTS)
    assert table["value"].drop("T").to_dict() == {"N": (2 * 30 + 6 * 10) / 40, "S": 6}
    assert np.isnan(table.loc["T", "value"])  # nobody in an area with a value
    assert table["known_share"].to_dict() == {"N": 1, "S": 1, "T": 0}


def test_a_network_says_how_many_of_its_patients_its_value_stands_on() -> None:
    table = roll_up_by_patients(pd.Series({"a": 2.0, "b": np.nan, "c": 0.0}), PATIENTS)
    assert table.loc["N"].to_list() == [2, 0.75]
    assert table.loc["T"].to_list() == [0, 1]  # zero is known


def test_networks_of_other_areas_are_refused() -> None:
    with pytest.raises(GeographyError, match="1 codes are not areas of the values"):
        roll_up_by_patients(pd.Series({"a": 1.0, "b": 1.0}), PATIENTS)
