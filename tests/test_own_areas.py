"""A user's values of areas become a layer: by LSOA of either vintage, district or postcode; errors by row."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_warehouse import CODES

from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.own.areas import AREA_TEMPLATE, AreaQuestion, CheckedAreas, check_areas
from hjp_geo.own.problems import OwnFileError
from hjp_geo.own.shelf import keep_layer, remove_own
from hjp_geo.plan import Plan, answer
from hjp_geo.store import Warehouse, building

RATE = AreaQuestion("Damp homes", "% of homes", "Row Council, 2026")
COUNT = AreaQuestion("Food parcels", "people", "Row Food Bank", kind="count")


def file(*rows: tuple[str, object]) -> bytes:
    return "\r\n".join(("code,value", *(f"{code},{value}" for code, value in rows))).encode()


def values(checked: CheckedAreas) -> dict[str, float]:
    return dict(checked.accepted().values)


@pytest.fixture
def tiny_house(tiny_cache: Path) -> Warehouse:
    return Warehouse.open(tiny_cache)


@pytest.fixture(scope="module")
def house11(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Four areas of 2021 with 100, 300, 200 and 400 residents, and how those of 2011 became them.

    U1 stayed; S was split into S1 (100) and S2 (300); M1 and M2 were merged into M (200).
    """
    cache = tmp_path_factory.mktemp("vintages")
    codes = ["E01000011", "E01000012", "E01000020", "E01000030"]
    areas = pd.DataFrame({"area_code": codes, "lad24_code": "E07000001", "residents": [100, 300, 200, 400]})
    lookup = pd.DataFrame(
        [
            ("E01000010", "E01000011", "S"),
            ("E01000010", "E01000012", "S"),
            ("E01000021", "E01000020", "M"),
            ("E01000022", "E01000020", "M"),
            ("E01000030", "E01000030", "U"),
        ],
        columns=["lsoa11_code", "lsoa21_code", "change"],
    )
    wards = pd.DataFrame({"lsoa21_code": codes, "wd24_code": ["E05000001"] * 2 + ["E05000002"] * 2})
    with building(cache) as builder:
        for name, table in {"areas": areas, "lsoa11_lsoa21_lookup": lookup, "ward_lookup": wards}.items():
            builder.write(name, table)
    return Warehouse.open(cache)


def test_values_of_lsoa_are_taken_as_they_are_and_blank_is_not_0(tiny_house: Warehouse):
    found = check_areas(file((CODES[0], 12.5), (CODES[1], 0), (CODES[2], "")), "damp.csv", RATE, tiny_house)
    assert values(found) == {CODES[0]: 12.5, CODES[1]: 0.0}


def test_counts_of_2011_are_divided_by_residents_and_added(house11: Warehouse):
    rows = file(("E01000010", 40), ("E01000021", 5), ("E01000022", 6), ("E01000030", 7))
    found = check_areas(rows, "x.csv", COUNT, house11)
    # 40 as 100 : 300; 5 + 6
    assert values(found) == pytest.approx({"E01000011": 10, "E01000012": 30, "E01000020": 11, "E01000030": 7})
    assert found.accepted().level == "LSOA of 2011"


def test_rates_of_2011_are_kept_in_parts_and_averaged_where_merged(house11: Warehouse):
    rows = file(("E01000010", 40), ("E01000021", 10), ("E01000022", 20), ("E01000030", 7))
    found = values(check_areas(rows, "x.csv", RATE, house11))
    # both parts of the split have 40; the merged one the mean of 10 and 20
    assert found == pytest.approx({"E01000011": 40, "E01000012": 40, "E01000020": 15, "E01000030": 7})


def test_a_merged_area_of_which_a_part_is_not_named_has_no_data(house11: Warehouse):
    found = values(check_areas(file(("E01000010", 4), ("E01000021", 10)), "x.csv", COUNT, house11))
    assert set(found) == {"E01000011", "E01000012"}


def test_a_mixture_of_vintages_is_an_error(house11: Warehouse):
    with pytest.raises(GeographyError, match=r"mixes two vintages: row 2 has E01000010, .* row 3 has E01000012"):
        check_areas(file(("E01000010", 4), ("E01000012", 10)), "x.csv", COUNT, house11)


def test_counts_of_a_ward_are_divided_by_residents_and_rates_are_those_of_each_area(house11: Warehouse):
    rows = file(("E05000001", 40), ("E05000002", 60))
    # 100 : 300, and 200 : 400
    expected = {"E01000011": 10, "E01000012": 30, "E01000020": 20, "E01000030": 40}
    assert values(check_areas(rows, "x.csv", COUNT, house11)) == pytest.approx(expected)
    assert set(values(check_areas(rows, "x.csv", RATE, house11)).values()) == {40.0, 60.0}


def test_districts_work_likewise(tiny_house: Warehouse):
    found = values(check_areas(file(("E07990001", 50)), "x.csv", COUNT, tiny_house))
    assert found == pytest.approx(dict.fromkeys(CODES[:5], 10.0))


def test_postcodes_are_placed_and_added(tiny_house: Warehouse):
    found = check_areas(file(("ZY1 1AA", 3)), "x.csv", COUNT, tiny_house)
    assert values(found) == {CODES[4]: 3.0}
    assert found.accepted().level == "postcode"


ERRORS = {
    "code": (file(("here", 1)), "row 2, code: 'here' is no code of an area (such as E01000001) and no postcode"),
    "no area": (file((CODES[0], 1), ("E01999999", 1)), "row 3, code: 'E01999999' is no area that is loaded here"),
    "value": (file((CODES[0], "12%")), "row 2, value: '12%' is not a number."),
    "infinite": (file((CODES[0], "inf")), "row 2, value: 'inf' is not a number."),
    "comma": (file((CODES[0], '"1,200"')), "row 2, value: '1,200' is not a number."),
    "twice": (file((CODES[0], 1), (CODES[0].lower(), 2)), f"row 3, code: '{CODES[0]}' repeats row 2."),
    "postcode": (file(("ZY9 9ZZ", 1)), "row 2, code: 'ZY9 9ZZ' is not in the list of live postcodes."),
    "ward without a lookup": (file(("E05000001", 1)), "row 2, code: 'E05000001' is no area that is loaded here"),
}


@pytest.mark.parametrize(("data", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_is_named_with_row_column_value_and_rule(tiny_house: Warehouse, data: bytes, message: str):
    found = check_areas(data, "x.csv", RATE, tiny_house)
    assert found.layer is None
    assert [str(one) for one in found.problems if str(one).startswith(message)], found.problems
    with pytest.raises(OwnFileError, match="Nothing was taken"):
        found.accepted()


def test_areas_of_different_kinds_are_refused(tiny_house: Warehouse):
    with pytest.raises(GeographyError, match="different kinds"):
        check_areas(file((CODES[0], 1), ("E07990001", 1)), "x.csv", RATE, tiny_house)


def test_welsh_rows_are_counted_not_lost(tiny_house: Warehouse):
    found = check_areas(file((CODES[0], 1), ("W01000001", 1)), "x.csv", RATE, tiny_house)
    assert found.left_out == {"in Wales, not among the areas loaded": 1}
    assert found.accepted().notes == ("1 rows not used: in Wales, not among the areas loaded.",)


def test_a_file_of_no_area_here_is_refused(tiny_house: Warehouse):
    with pytest.raises(OwnFileError, match="No row gives a value"):
        check_areas(file((CODES[0], "")), "x.csv", RATE, tiny_house)


@pytest.mark.parametrize(
    "asked", [{"label": " "}, {"unit": "x" * 121}, {"source": ""}, {"kind": "ratio"}, {"polarity": "up"}]
)
def test_a_number_without_its_meaning_is_refused(asked: dict[str, str]):
    with pytest.raises(PlanError, match="expected"):
        AreaQuestion(**{"label": "a", "unit": "b", "source": "c", **asked})  # type: ignore[arg-type]


def test_the_template_is_in_the_layout(tiny_house: Warehouse):
    found = check_areas(AREA_TEMPLATE.replace("E0100000", "E0199000").encode(), "x.csv", RATE, tiny_house)
    assert values(found) == {"E01990001": 12.5, "E01990002": 0.0}


def test_an_accepted_layer_can_be_weighted_shown_and_credited_and_goes_without_a_trace(
    tiny_cache: Path, tmp_path: Path
):
    shutil.copy(tiny_cache / "hjp.duckdb", tmp_path / "hjp.duckdb")
    before = Evidence.load(tmp_path)
    rows = file(*((code, float(number)) for number, code in enumerate(CODES)))
    keep_layer(tmp_path, check_areas(rows, "damp.csv", RATE, before.warehouse).accepted())
    evidence = Evidence.load(tmp_path)
    assert evidence.label("own_damp_homes") == "Damp homes"
    assert "own_damp_homes" in evidence.layer_names("need")
    found = answer(Plan(weights={"own_damp_homes": 1.0}), evidence)
    assert found.areas["need_rank"].idxmin() == CODES[9]
    assert [line for line in found.attribution if line.startswith("User's own data “Damp homes”: Row Council, 2026")]
    remove_own(tmp_path, "Damp homes")
    after = Evidence.load(tmp_path)
    assert after.build_id == before.build_id
    pd.testing.assert_frame_equal(after.values, before.values)
    pd.testing.assert_frame_equal(after.layers, before.layers)


def test_a_count_is_a_people_layer_that_demand_can_be(tiny_cache: Path, tmp_path: Path):
    shutil.copy(tiny_cache / "hjp.duckdb", tmp_path / "hjp.duckdb")
    rows = file(*((code, 10) for code in CODES[:9]))
    keep_layer(tmp_path, check_areas(rows, "x.csv", COUNT, Warehouse.open(tmp_path)).accepted())
    found = answer(Plan(demand="own_food_parcels"), Evidence.load(tmp_path))
    assert found.areas["people_in_need"].tolist()[:9] == [10.0] * 9
    assert np.isnan(found.areas["people_in_need"].iloc[9])  # not named: not known
