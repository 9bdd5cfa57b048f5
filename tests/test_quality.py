"""A data-quality report says what does not join, what looks wrong and what is old, and touches no number."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from hjp_geo.errors import SchemaError
from hjp_geo.layer import Derived, derived
from hjp_geo.quality import (
    LAST,
    Check,
    Finding,
    age_finding,
    check,
    check_ranges,
    findings_table,
    months_between,
    quality_lines,
    release_date,
    run_check,
    unmatched,
)
from hjp_geo.registry import discover
from hjp_geo.source import Source, demand_ranges
from layers import checks

TODAY = dt.date(2026, 11, 24)


def ranges(**columns: list[object]) -> list[str]:
    return [one.what for one in check_ranges("homes", pd.DataFrame(columns))]


@pytest.mark.parametrize(
    ("column", "good", "bad", "said"),
    [
        ("income_rate", [0, 0.5, 1], 1.01, "a share, 0 to 1"),
        ("damp_pct", [0, 100], 100.5, "per cent, 0 to 100"),
        ("imd_decile", [1, 10], 11, "a decile, 1 to 10"),
        ("imd_rank", [1, 2, 3], 5, "a rank, 1 to 4"),
        ("patients", [0, 5], -1, "0 or more"),
        ("list_size", [0, 5], -1, "0 or more"),
        ("easting", [0, 530_000], 900_000, "metres of the British National Grid"),
        ("site_northing", [0, 180_000], -1, "metres of the British National Grid"),
        ("latitude", [51.5], 0.1, "degrees in the United Kingdom"),
        ("longitude", [-0.1], 51.5, "degrees in the United Kingdom"),
    ],
)
def test_a_column_is_held_to_what_its_name_says(column: str, good: list[float], bad: float, said: str):
    assert ranges(**{column: good}) == []
    values = [*good[: 3 if column == "imd_rank" else None], bad]
    (found,) = check_ranges("homes", pd.DataFrame({column: values}))
    assert said in found.what
    assert (found.rows, found.of, found.look) == (1, len(values), True)


def test_missing_is_no_stranger_and_a_name_without_meaning_is_let_be():
    assert ranges(income_rate=[np.nan, 0.2], colour=[7, 9]) == []


def test_a_code_of_another_vintage_or_kind_is_told():
    assert ranges(lsoa21_code=["E01000001", None], icb24_code=["E54000001"] * 2, lad24_code=["E07000001"] * 2) == []
    (found,) = check_ranges("homes", pd.DataFrame({"lsoa21_code": ["E01000001", "E02000001"]}))
    assert found.examples == ("E02000001",)


def test_a_layer_is_held_to_its_unit():
    table = pd.DataFrame({"damp": [0.0, 120.0], "people": [1.0, 2.0]})
    (found,) = check_ranges("layer_values", table, {"damp": "% of homes", "people": "people"})
    assert "damp is not per cent" in found.what


def test_a_declared_range_stops_the_table_and_names_column_and_value():
    with pytest.raises(SchemaError, match=r"homes: share holds 1\.5 \(1 rows are outside\), declared is 0 to 1"):
        demand_ranges("homes", pd.DataFrame({"share": [0.5, 1.5, np.nan]}), {"share": (0, 1)})
    declared = derived(key="a", columns={"a": "a"}, ranges={"a": (0, 1)})(lambda: pd.DataFrame())
    assert declared.ranges == {"a": (0, 1)}


def test_codes_without_a_partner_are_counted_with_their_people():
    # b and c have no partner: 2 of 3 different codes, 20 + 30 + 5 people; the missing one is left aside
    left = pd.Series(["a", "b", "c", "c", None])
    people = pd.Series([10.0, 20.0, 30.0, 5.0, 100.0])
    found = unmatched("homes", "codes that x does not have", left, pd.Series(["a", "z"]), people)
    assert (found.rows, found.of, found.people, found.examples) == (2, 3, 55, ("b", "c"))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-25", dt.date(2025, 3, 31)),
        ("2025-11", dt.date(2025, 11, 1)),
        ("2026-04-10", dt.date(2026, 4, 10)),
        ("July 2022", dt.date(2022, 7, 1)),
        ("2025-13", None),
        ("current", None),
        ("LSOA21_RUC21_EW_LU", None),
    ],
)
def test_a_release_says_its_own_date_or_none(text: str, date: dt.date | None):
    assert release_date(text) == date


@pytest.mark.parametrize(("release", "word"), [("2023-11-24", "ageing"), ("2023-10-24", "old"), ("2025-06", None)])
def test_a_source_ages_by_its_release_not_by_its_download(release: str, word: str | None):
    found = age_finding("homes", release, TODAY)
    assert (found is None) == (word is None)
    assert found is None or found.what.startswith(f"{word}: its release {release} is")


def test_whole_months_are_counted():
    assert months_between(dt.date(2026, 1, 31), dt.date(2026, 2, 28)) == 0
    assert months_between(dt.date(2025, 11, 24), TODAY) == 12
    assert months_between(TODAY, dt.date(2026, 10, 24)) == -1


def test_a_check_reads_its_tables_and_one_of_the_last_build():
    @check
    def grew(homes: pd.DataFrame, last_homes: pd.DataFrame | None = None) -> list[Finding]:
        """Homes that came since."""
        return [] if last_homes is None else [Finding("looks_wrong", "homes", "grew", len(homes) - len(last_homes))]

    tables = {"homes": pd.DataFrame({"a": [1, 2, 3]})}
    assert run_check(grew, tables) == []
    (found,) = run_check(grew, tables, lambda name: pd.DataFrame({"a": [1]}) if name == "homes" else None)
    assert found.rows == 2
    assert run_check(grew, {}) == []  # its table is not there


def test_the_report_puts_what_to_look_at_first_and_says_when_all_is_well():
    table = findings_table(
        [
            Finding("looks_wrong", "b", "odd", 0, 5),
            Finding("looks_wrong", "c", "odd", 2, 5, 1234.0, ("x", "y")),
            Finding("read", "a", "rows", 5),
        ]
    )
    assert table["table_name"].tolist() == ["a", "c", "b"]
    assert quality_lines(table) == ["Looks wrong:", "    c: odd: 2 of 5, 1,234 people (such as x; y)"]
    assert len(quality_lines(table, only="all")) == 5
    assert quality_lines(findings_table([Finding("read", "a", "rows", 5)])) == ["Every check passed."]
    assert quality_lines(findings_table([])) == ["Every check passed."]


# the checks of this project, on a few practices ---------------------------------------------------------------------


def registers(**columns: list[object]) -> pd.DataFrame:
    rows = len(columns["register"])
    table = {"practice_code": [f"P{n}" for n in range(rows)], "condition": "CAN", "age_band": "TOTAL"}
    return pd.DataFrame({**table, **columns})


def found(one: object, **tables: pd.DataFrame) -> dict[str, float]:
    return {item.what: item.rows for item in run_check(one, tables)}  # type: ignore[arg-type]


def test_registers_are_compared_with_their_list_and_the_average():
    # 8 practices of 1,000 with 30 each, one of 1,000 with 0, one of 100 with 150 (over its list)
    table = registers(register=[30.0] * 8 + [0.0, 150.0], list_size=[1000.0] * 9 + [100.0])
    # the average is 390 of 9,100: 4.3 %, so 0 of 43 expected is odd; 150 of 4.3 expected is over ten times
    said = found(checks.registers_look_right, qof_prevalence=table)
    assert list(said.values()) == [1, 1, 1]


def test_a_register_that_jumped_tenfold_is_found_and_one_of_few_people_is_not():
    before = registers(register=[30.0, 1.0, 30.0], list_size=[1000.0] * 3)
    after = registers(register=[301.0, 11.0, 29.0], list_size=[1000.0, 1000.0, 10_001.0])
    tables = {"qof_prevalence": after}
    assert run_check(checks.registers_did_not_jump, tables) == []
    jumped = run_check(checks.registers_did_not_jump, tables, lambda _name: before)
    assert [(one.rows, one.examples) for one in jumped] == [(1, ("P0 CAN",)), (1, ("P2 CAN",))]


def test_a_point_far_from_its_own_postcode_is_found_with_its_distance():
    # Charing Cross is 530,028 180,380; one row there, one at a postcode 11 km east, one without coordinates
    points = pd.DataFrame(
        {
            "name": ["near", "far", "nowhere"],
            "postcode": ["A1 1AA", "A1 1AB", "A1 1AA"],
            "longitude": [-0.1276, -0.1276, np.nan],
            "latitude": [51.5072, 51.5072, np.nan],
        }
    )
    codes = pd.DataFrame({"postcode": ["A1 1AA", "A1 1AB"], "easting": [530_028.0, 541_028.0], "northing": 180_380.0})
    tables = {"debt_advice_organisations": points, "postcodes": codes}
    near, far = run_check(checks.points_are_near_their_postcodes, tables)
    assert (near.rows, far.rows, far.of) == (0, 1, 3)
    assert far.examples == ("far (11.0 km)",)


def test_every_declared_check_reads_tables_that_are_declared():
    sources, tables = discover("data_sources", Source), discover("layers", Derived)
    for one in discover("layers", Check).values():
        strangers = {name.removeprefix(LAST) for name in one.inputs} - {*sources, *tables}
        assert not strangers, f"{one.name} reads {strangers}: it would be passed over in silence"
