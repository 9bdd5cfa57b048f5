"""People helped against need: the file, the areas, the expected counts and the labels, worked by hand on ten areas."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from takeup_rows import HELPED, asked, csv_of, scaled
from tiny_warehouse import CODES, HOSTILE

from hjp_geo import cli
from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.store import Warehouse
from hjp_geo.takeup import (
    FIELDS,
    TEMPLATE,
    CountsError,
    Journal,
    Question,
    count_limits,
    expected_counts,
    funnel_limits,
    place_counts,
    read_counts,
    summary,
    take_up,
    take_up_csv,
    verdicts,
    write_take_up,
)


@pytest.fixture(scope="module")
def row(tiny: Evidence) -> Evidence:
    return scaled(tiny)


class _WithLookup(Warehouse):
    """The tiny warehouse with a lookup: areas 0 to 6 unchanged, 7 and 8 split from one, 9 merged from two."""

    def table(self, name: str) -> pd.DataFrame:
        if name != "lsoa11_lsoa21_lookup":
            return super().table(name)
        old = [*CODES[:7], "E01980001", "E01980001", "E01980002", "E01980003"]
        new = [*CODES[:7], CODES[7], CODES[8], CODES[9], CODES[9]]
        return pd.DataFrame({"lsoa11_code": old, "lsoa21_code": new, "change": [*"UUUUUUU", "S", "S", "M", "M"]})


@pytest.fixture(scope="module")
def row11(row: Evidence) -> Evidence:
    """The ten areas with a lookup from LSOA 2011."""
    return dataclasses.replace(row, warehouse=_WithLookup(row.warehouse.path, row.warehouse.build_id))


# reading --------------------------------------------------------------------------------------------------------------


def test_the_template_is_a_file_that_can_be_read():
    rows = read_counts(TEMPLATE.encode()).rows
    assert rows["code"].tolist() == ["E01000001", "E01000002", "NW1 2DB"]
    assert rows["count"].tolist() == [12, 0, 3]


def test_headers_may_come_in_any_order_case_and_with_a_byte_order_mark():
    counts = read_counts("\ufeff Label ,COUNT,Code,adviser\nclients,3.0, nw12db ,Ann\n".encode())
    assert counts.rows[["code", "count", "label"]].to_numpy().tolist() == [["NW1 2DB", 3.0, "clients"]]
    assert counts.notes == ("Columns not read: adviser.",)


def test_an_empty_count_is_not_known_and_is_not_zero():
    counts = read_counts(b"code,count\nE01000001,\nE01000002,0\n")
    assert counts.rows["count"].isna().tolist() == [True, False]
    assert "1 rows have no count" in counts.notes[0]


@pytest.mark.parametrize("count", ["*", "<5", "-1", "3.5", "1e3", "nan", "inf", "٣", "10000000", '"1,000"', "=1+1"])
def test_a_count_that_is_no_whole_number_is_refused_with_its_row(count: str):
    with pytest.raises(CountsError) as refused:
        read_counts(f"code,count\nE01000001,5\n\nE01000002,{count}\n".encode())
    (error,) = refused.value.errors
    assert (error.row, error.column, error.value) == (4, "count", count.strip('"'))
    assert "whole number" in error.rule


@pytest.mark.parametrize(
    "code", ["", "E0100001", "Leeds", "=HYPERLINK(0)", "<img src=x>", "E01000001'; DROP TABLE", "N" * 5000, "NW1 2D"]
)
def test_a_code_that_is_none_is_refused(code: str):
    with pytest.raises(CountsError) as refused:
        read_counts(f"code,count\n{code},5\n".encode())
    assert refused.value.errors[0].column == "code"
    assert len(str(refused.value)) < 400


def test_one_bad_cell_and_nothing_is_taken_and_every_bad_cell_is_listed():
    with pytest.raises(CountsError, match="4 errors in 3 rows, nothing was taken: row 3, count") as refused:
        read_counts(b"code,count,period\nE01000001,5,\nE01000002,x,\nbad,y,\nE01000003,1," + b"p" * 61)
    assert [(one.row, one.column) for one in refused.value.errors] == [
        (3, "count"),
        (4, "code"),
        (4, "count"),
        (5, "period"),
    ]


def test_a_message_is_one_line_whatever_is_in_the_cell():
    with pytest.raises(CountsError) as refused:
        read_counts(b'code,count\n"a\nb\x1b[31m\tc",5\n')
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "No column code and no column count. Found: an empty file"),
        (b"code,count\n", "no rows below its header"),
        (b"code,count\n\n , \n", "no rows below its header"),
        (b"area,people\nE01000001,5\n", "No column code and no column count. Found: area, people"),
        (b"code;count\nE01000001;5\n", "; or tabs"),
        (b"code,count,count\nE01000001,5,6\n", "names count 2 times"),
        (b"PK\x03\x04rest", "This is a workbook"),
        (b"code,count\nE01000001,5\nE0100000\x92,5\n", "Byte 0x92 in line 3 is not UTF-8"),
        (b"code,count\nE01000001,5\0\n", "zero bytes"),
        (b"code,count\n" + b'"' + b"x" * 200_000 + b'",5', "cannot be read as CSV"),
        (b"x" * 20_000_001, "expected at most 20"),
        (("code,count" + ",x" * 60 + "\n").encode(), "62 columns"),
        (b"code,count\n" + b"E01000001,1\n" * 200_001, "more than 200,000 rows"),
    ],
)
def test_a_file_that_is_none_says_what_it_is(data: bytes, said: str):
    with pytest.raises(CountsError, match=said):
        read_counts(data)


def test_rows_that_repeat_a_code_are_added_up_and_told(row: Evidence):
    counts = read_counts(csv_of({CODES[1]: 5}) + f"\n{CODES[1]},6\n".encode())
    assert "1 rows repeat" in counts.notes[0]
    assert place_counts(counts, row).counts[CODES[1]] == 11


# placing --------------------------------------------------------------------------------------------------------------


def test_postcodes_are_placed_by_where_they_stand(row: Evidence):
    placed = place_counts(read_counts(csv_of({"zy11aa": 9, CODES[0]: 2})), row)  # in the middle of area 4
    assert placed.counts[placed.counts > 0].to_dict() == {CODES[0]: 2, CODES[4]: 9}
    assert placed.tables == ("postcodes", "area_boundaries")


def test_what_cannot_be_placed_is_counted_and_never_dropped_in_silence(row11: Evidence):
    strange = {"W01000001": 9, "S01000001": 3, "E05000001": 10, "QQ9 9QQ": 12, "E02000001": 20, "E01777777": 8}
    placed = place_counts(read_counts(csv_of({CODES[0]: 50, **strange})), row11)
    people = dict(zip(placed.left_out["why"].str.split(":").str[0], placed.left_out["people"], strict=True))
    assert people["in Wales"] == 10  # 9, rounded
    assert np.isnan(people["in Scotland or Northern Ireland"])  # 3: hidden
    assert people["ward codes, and this warehouse has no ward lookup"] == 10
    assert placed.left_out["rows"].sum() == 6
    assert placed.counts.sum() == 50
    found = take_up(placed, Question(), row11, Journal())
    assert any(
        note.startswith("Left out: 1 rows in Scotland") and note.endswith("(1 to 7 people).") for note in found.notes
    )


def test_lsoa_2011_are_converted_and_the_total_is_kept(row11: Evidence):
    # 20 of the split area become 10 and 10, as its parts have as many residents; 5 and 6 are merged into 11
    given = {CODES[0]: 4, "E01980001": 20, "E01980002": 5, "E01980003": 6}
    placed = place_counts(read_counts(csv_of(given)), row11)
    assert placed.counts[placed.counts > 0].to_dict() == {CODES[0]: 4, CODES[7]: 10, CODES[8]: 10, CODES[9]: 11}
    assert "LSOA of 2011" in placed.notes[0]


def test_a_file_of_both_vintages_is_refused(row11: Evidence):
    with pytest.raises(GeographyError, match="row 2 has E01980001, an LSOA of 2011 only, and row 3 has E01990008"):
        place_counts(read_counts(csv_of({"E01980001": 20, CODES[8]: 5})), row11)


def test_a_file_of_districts_is_compared_by_district(row: Evidence):
    # West Row has 0 + 100 + … + 400 = 1,000 in need, East Row 3,500; so 90 people make 20 and 70 expected
    placed = place_counts(read_counts(csv_of({"E07990001": 45, "E07990002": 45})), row)
    found = take_up(placed, Question(level="district"), row, Journal())
    assert found.areas["expected"].to_dict() == {"E07990001": 20, "E07990002": 70}
    assert found.areas["label"].tolist() == ["more than expected", "fewer than expected"]
    with pytest.raises(GeographyError, match="lies in several small areas"):
        take_up(placed, Question(level="lsoa"), row, Journal())


def test_small_and_large_areas_in_one_file_are_refused(row: Evidence):
    with pytest.raises(GeographyError, match="counted twice"):
        place_counts(read_counts(csv_of({"E07990001": 45, CODES[9]: 45})), row)
    with pytest.raises(GeographyError, match="counted twice"):
        place_counts(read_counts(csv_of({"E07990001": 45, "E54990001": 45})), row)


def test_several_labels_must_be_chosen_from(row: Evidence):
    counts = read_counts(f"code,count,label\n{CODES[1]},30,grants\n{CODES[1]},9,referrals\n".encode())
    with pytest.raises(PlanError, match=r"2 labels \(grants, referrals\). Choose one"):
        place_counts(counts, row)
    assert place_counts(counts, row, "grants").counts.sum() == 30
    with pytest.raises(PlanError, match=r"No row has the label 'x'\. There are: grants, referrals"):
        place_counts(counts, row, "x")


def test_nothing_that_can_be_placed_is_an_error_that_says_why(row: Evidence):
    with pytest.raises(PlanError, match="None of the 1 rows could be placed: 1 rows in Wales"):
        place_counts(read_counts(csv_of({"W01000001": 9})), row)


# expected, limits, labels ---------------------------------------------------------------------------------------------


def test_expected_is_the_share_of_need_of_the_total(row: Evidence):
    found = asked(row, HELPED)
    assert found.areas["expected"].tolist() == pytest.approx([10.0 * n for n in range(10)])
    assert found.totals.helped == pytest.approx(450)
    assert found.totals.rate_per_1000 == pytest.approx(100)


def test_where_fewer_come_is_labelled_and_counted(row: Evidence):
    found = asked(row, HELPED)
    assert found.areas["label"].tolist() == [
        "too few to say",  # nobody in need
        *["as expected"] * 6,
        "fewer than expected",
        "as expected",
        "more than expected",
    ]
    seven = found.areas.loc[CODES[7]]
    assert seven["ratio"] == pytest.approx(20 / 70)
    assert seven["ratio_upper_ci"] == pytest.approx(stats.chi2.ppf(0.975, 42) / 2 / 70, rel=1e-3)  # Byar ≈ exact
    assert seven["beyond"] == "99.8 %"
    assert seven["missing_out"] == pytest.approx(50)
    assert found.totals.missing_out == pytest.approx(50)
    # 20 stands for 18 to 22: 70 less the upper limit of 22 (33.31) to 70 less the lower limit of 18 (10.67)
    assert found.totals.missing_out_low == pytest.approx(70 - 33.31, abs=0.01)
    assert found.totals.missing_out_high == pytest.approx(70 - 10.66, abs=0.01)
    assert "In 1 of 10 small areas (LSOA) fewer came than need predicts: about 50 people (37 to 59)" in summary(found)


def test_districts_add_numerators_and_denominators_first(row: Evidence):
    # West: 0 + 10 + 20 + 30 + 40 = 100 of 1,000 in need; East: 350 of 3,500: both as the average
    found = asked(row, HELPED, level="district")
    assert found.areas["observed"].tolist() == [100, 350]
    assert found.areas["ratio"].tolist() == pytest.approx([1, 1])
    assert found.areas["people_in_need"].tolist() == [1000, 3500]


def test_an_area_with_no_figure_for_need_is_left_out_of_both_sides(row: Evidence):
    # people_with_cancer is not known in area 0: its 90 people are in no sum, and 2.5 of need each share the other 90
    found = asked(row, [90, *[10] * 9], demand="people_with_cancer")
    assert found.areas["expected"].isna().tolist() == [True, *[False] * 9]
    assert found.areas["label"].isna().sum() == 1
    assert found.areas.loc[CODES[0], "observed_text"] == "not known"
    assert found.totals.helped == pytest.approx(90)
    assert np.isnan(found.totals.rate_per_1000)  # 22.5 people in need: under 30
    assert found.areas["ratio"].isna().all()


def test_an_empty_count_leaves_its_area_out(row: Evidence):
    counts = dict(zip(CODES, HELPED, strict=True)) | {CODES[9]: ""}
    found = take_up(place_counts(read_counts(csv_of(counts)), row), Question(), row, Journal())
    # 310 people over 3,600 in need
    assert found.areas["expected"].iloc[5] == pytest.approx(310 / 3600 * 500)
    assert found.areas.loc[CODES[9], "observed_text"] == "not known"


def test_a_hidden_count_is_labelled_only_where_every_count_from_1_to_7_is_on_one_side():
    expected = pd.Series([30.0, 10.0, 0.02, 3.0])
    low, high = pd.Series(1.0, index=expected.index), pd.Series(7.0, index=expected.index)
    # chance of 7 or fewer of 30 is 2e-6; of 10, 7 is nothing rare; 1 or more of 0.02 has chance 0.0198: under 0.025
    labels = verdicts(low, high, expected)["label"].tolist()
    assert labels == ["fewer than expected", "too few to say", "more than expected", "too few to say"]


@pytest.mark.parametrize("expected", [4.0, 10.0, 33.3, 250.0])
def test_a_count_beyond_the_funnel_is_rarer_than_the_level_says(expected: float):
    for confidence in (0.95, 0.998):
        lower, upper = (float(one.iloc[0]) for one in funnel_limits(pd.Series([expected]), confidence))
        tail = (1 - confidence) / 2
        if lower > 0:
            assert stats.poisson.cdf(np.ceil(lower) - 1, expected) <= tail < stats.poisson.cdf(np.ceil(lower), expected)
        assert stats.poisson.sf(np.floor(upper), expected) <= tail < stats.poisson.sf(np.floor(upper) - 1, expected)


def test_no_count_is_below_the_limit_where_even_none_is_not_rare():
    # e^-3.6 = 0.027 and e^-3.7 = 0.0247, against 0.025
    assert (funnel_limits(pd.Series([0.0, 3.6, 3.7])).lower > 0).tolist() == [False, False, True]


@given(st.integers(0, 60), st.floats(1, 60))
def test_outside_the_funnel_is_where_the_exact_interval_misses(count: int, expected: float):
    lower, upper = (float(one.iloc[0]) for one in funnel_limits(pd.Series([expected])))
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(0.975, 2 * count + 2) / 2
    near = min(abs(expected - low), abs(expected - high)) < 1e-6
    assert near or (count < lower) == (high < expected)
    assert near or (count > upper) == (low > expected)


def test_count_limits_are_exact_below_ten_and_byar_from_ten():
    low, high = count_limits(pd.Series([0.0, 9.0, 10.0, np.nan]))
    # Garwood for 9: 4.115, 17.085; Byar for 10: 4.787, 18.391
    assert low.tolist()[:3] == pytest.approx([0, 4.115, 4.787], abs=1e-3)
    assert high.tolist()[:3] == pytest.approx([3.689, 17.085, 18.391], abs=1e-3)
    assert low.isna().tolist() == [False, False, False, True]


areas_of_need = st.lists(
    st.tuples(st.integers(0, 200), st.one_of(st.none(), st.floats(0, 1e5))), min_size=1, max_size=30
).filter(lambda rows: sum(need or 0 for _count, need in rows) > 1)


@given(areas_of_need, st.floats(0.01, 100))
def test_expected_adds_up_to_observed_and_only_the_proportions_of_need_matter(rows, scale: float):
    observed = pd.Series([float(count) for count, _need in rows])
    need = pd.Series([np.nan if need is None else need for _count, need in rows])
    expected = expected_counts(observed, need)
    assert expected.isna().equals(need.isna())
    assert expected.sum() == pytest.approx(observed[need.notna()].sum())
    pd.testing.assert_series_equal(expected_counts(observed, need * scale), expected)
    pd.testing.assert_series_equal(expected_counts(observed * scale, need), expected * scale)


@pytest.mark.parametrize(("observed", "need"), [([1.0], [0.0]), ([1.0], [-1.0]), ([-1.0], [1.0]), ([1.0], [np.nan])])
def test_expected_refuses_what_makes_no_sense(observed: list[float], need: list[float]):
    with pytest.raises(PlanError):
        expected_counts(pd.Series(observed), pd.Series(need))


# questions, files, command --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"place": "Atlantis"}, "No place 'Atlantis'"),
        ({"demand": "cancer_prevalence"}, "expected a people layer"),
        ({"level": "ward"}, "expected one of lsoa, district, sub-icb, icb"),
        ({"level": "district", "sketch": (CODES[0],)}, "by LSOA only"),
    ],
)
def test_a_question_that_cannot_be_asked_says_so(row: Evidence, question: dict[str, object], said: str):
    with pytest.raises(PlanError, match=said):
        asked(row, HELPED, **question)


def test_the_file_carries_notes_and_credits_and_reads_back(row: Evidence, tmp_path: Path):
    found = asked(row, HELPED)
    path = write_take_up(found, row, tmp_path / "out.csv")
    text = path.read_text("utf-8-sig")
    assert "not proof that people are missed" in text
    assert "MADE-UP DATA" in text
    assert "Made up, in the layout of: Made-up rows" in text
    table = pd.read_csv(io.StringIO(text), comment="#").set_index("area_code")
    assert table["expected"].tolist() == pytest.approx(found.areas["expected"].tolist())
    assert set(found.areas.reset_index().columns) <= set(FIELDS)
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]


def test_a_name_that_looks_like_a_formula_gets_an_apostrophe(row: Evidence):
    hostile = dataclasses.replace(row, areas=row.areas.assign(area_name=HOSTILE))
    assert f",'{HOSTILE}" in take_up_csv(asked(hostile, HELPED), hostile).decode("utf-8-sig").replace('"', "")


@pytest.fixture
def run(row: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hjp_geo.cli.takeup.Evidence.load", lambda _cache: row)
    cache = tmp_path / "cache"

    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["--cache", str(cache), "take-up", *arguments])
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    return command


def test_the_command_says_where_fewer_come(run, tmp_path: Path):
    (tmp_path / "helped.csv").write_bytes(csv_of(dict(zip(CODES, HELPED, strict=True))))
    code, out, err = run(str(tmp_path / "helped.csv"), "--out", str(tmp_path / "out.csv"))
    assert code == 0, err
    assert "Row 7 (E01990007): 20 came, 70 expected; beyond the 99.8 % limit" in out
    assert "Credit: Made up, in the layout of: Made-up rows" in out
    assert (tmp_path / "out.csv").is_file()


def test_the_command_as_json(run, tmp_path: Path):
    (tmp_path / "helped.csv").write_bytes(csv_of(dict(zip(CODES, HELPED, strict=True))))
    values = json.loads(run(str(tmp_path / "helped.csv"), "--json", "--level", "district")[1])
    assert [area["observed"] for area in values["areas"]] == [100, 350]
    assert values["run"]["question"]["level"] == "district"


def test_the_command_writes_a_template_once(run, tmp_path: Path):
    path = tmp_path / "template.csv"
    assert run("--template")[1].splitlines()[0] == "code,count,period,label"
    assert run("--template", "--out", str(path))[0] == 0
    assert path.read_bytes().decode() == TEMPLATE
    assert run("--template", "--out", str(path))[0] == 1


def test_the_command_lists_every_bad_cell_and_fails(run, tmp_path: Path):
    (tmp_path / "bad.csv").write_bytes(b"code,count\nE01990000,*\n@x,1\n")
    code, out, err = run(str(tmp_path / "bad.csv"))
    assert (code, out) == (1, "")
    assert "bad.csv, row 2, count: '*'." in err
    assert "bad.csv, row 3, code: '@x'." in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [(), ("nowhere.csv",)])
def test_the_command_without_a_file_says_what_to_do(run, arguments: tuple[str, ...]):
    code, _, err = run(*arguments)
    assert code == 1
    assert err.count("\n") == 1
