"""People helped against need: what is shown gives nobody away, and the page says it to everyone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from takeup_rows import HELPED, asked, csv_of, scaled
from tiny_warehouse import CODES

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.takeup import (
    DifferencingError,
    Journal,
    Selection,
    check_selection,
    take_up_csv,
    take_up_values,
    verdicts,
)
from hjp_geo.takeup.disclosure import HIDDEN, SHOWN, SMALL, protect


@pytest.fixture(scope="module")
def row(tiny: Evidence) -> Evidence:
    return scaled(tiny)


# disclosure -----------------------------------------------------------------------------------------------------------


def test_a_second_count_is_hidden_where_a_total_would_give_the_first_away(row: Evidence):
    # West: 0, 3, 9, 15, 40. The 3 can go down by 2, and must be free to be 7: by 4 more. 9 could only give 1 (it must
    # stay at 8 or more), so the 15 is hidden. East has nothing to hide.
    found = asked(row, [0, 3, 9, 15, 40, 50, 60, 20, 80, 140])
    assert found.areas["observed_text"].tolist() == ["0", "1 to 7", "10", "hidden", "40", "50", "60", "20", "80", "140"]
    assert found.areas["observed"].isna().tolist() == [code in (CODES[1], CODES[3]) for code in CODES]


def test_what_is_published_does_not_depend_on_the_hidden_counts(row: Evidence):
    one = asked(row, [0, 3, 9, 15, 40, 50, 60, 20, 80, 140])
    other = asked(row, [0, 5, 9, 13, 40, 50, 60, 20, 80, 140])  # the same total, another small count
    assert take_up_csv(one, row) == take_up_csv(other, row)
    assert json.dumps(take_up_values(one)) == json.dumps(take_up_values(other))


def test_a_place_and_its_parts_hide_the_same_counts(row: Evidence):
    counts = [0, 3, 9, 15, 40, 50, 60, 2, 80, 140]
    whole, west = asked(row, counts, place="Row ICB"), asked(row, counts, place="West Row")
    assert whole.areas["observed_text"][:5].tolist() == west.areas["observed_text"].tolist()


def test_fewer_than_8_people_are_no_answer(row: Evidence):
    with pytest.raises(PlanError, match="Fewer than 8 people"):
        asked(row, [7, *[0] * 9], demand="residents")
    with pytest.raises(PlanError, match="Fewer than 8 people"):
        asked(row, [0] * 10)


def test_where_all_would_be_told_all_is_hidden(row: Evidence):
    found = asked(row, [0, 1, 8, 0, 0, 0, 0, 0, 0, 0])  # 1 and 8 make 9, and 9 is all there is
    assert set(found.areas["observed_text"]) <= {"hidden", "0"}
    assert (found.areas["observed_text"] == "hidden").sum() >= 5
    assert (found.areas["label"] == "too few to say").sum() >= 5


grids = st.integers(2, 5).flatmap(
    lambda size: st.lists(st.integers(0, 40), min_size=2 * size, max_size=6 * size).map(
        lambda counts: (counts[: len(counts) // size * size], size)
    )
)


@given(grids)
def test_suppression_never_reveals_a_small_count(grid: tuple[list[int], int]):
    counts, size = grid
    exact = pd.Series(counts, dtype="float64")
    district, everything = exact.index.to_series() // size, pd.Series(0, index=exact.index)
    told = protect(exact, [district.astype("str"), everything.astype("str")])
    shown = told["status"] == SHOWN
    assert not (shown & exact.between(1, 7)).any()
    assert told.loc[~shown, "shown"].isna().all()
    assert (told.loc[shown, "shown"] % 5 == 0).all()
    stated = told["status"] != HIDDEN
    assert ((exact >= told["lowest"]) & (exact <= told["highest"]))[stated].all()
    for groups in (district, everything):
        for _, members in exact.groupby(groups):
            _every_value_stays_possible(members, told.loc[members.index, "status"])


def _every_value_stays_possible(exact: pd.Series, status: pd.Series) -> None:
    """A reader who knows the total and every shown count exactly can still not exclude any value of a small one."""
    if exact.sum() < 8:
        return  # the total is itself not shown
    small, hidden = exact[status == SMALL], exact[status == HIDDEN]
    assert len(small) + len(hidden) != 1
    unknown = small.sum() + hidden.sum()
    others_least = len(small) - 1 + hidden.clip(upper=8).sum()
    others_most = np.inf if len(hidden) else 7 * (len(small) - 1)
    for value in range(1, 8) if len(small) else ():
        assert others_least <= unknown - value <= others_most


def test_a_label_needs_every_count_that_the_rounded_one_stands_for(row: Evidence):
    # 84 rounds to 85, which stands for 83 to 87; of 100 expected the limit is 80.4: as expected. 76 → 75: 73 to 77.
    counts = pd.Series([84.0, 76.0])
    told = protect(counts, [])
    assert verdicts(told["lowest"], told["highest"], pd.Series([100.0, 100.0]))["label"].tolist() == [
        "as expected",
        "fewer than expected",
    ]
    # 79 → 80: 78 to 82 lies on both sides of the limit, so nothing is claimed
    told = protect(pd.Series([79.0]), [])
    assert verdicts(told["lowest"], told["highest"], pd.Series([100.0]))["label"].tolist() == ["as expected"]


# differencing ---------------------------------------------------------------------------------------------------------


def test_too_few_residents_are_refused(tiny: Evidence):
    with pytest.raises(DifferencingError, match="West Row has 500 residents"):
        asked(tiny, HELPED, place="West Row")


def test_a_sketch_that_differs_little_from_a_standard_area_is_refused(row: Evidence):
    few = dataclasses.replace(row, areas=row.areas.assign(residents=[999, *[1000] * 9]))
    with pytest.raises(DifferencingError, match=r"differs from .* by areas of 999 residents only"):
        asked(few, HELPED, sketch=tuple(CODES[1:]))
    assert len(asked(few, HELPED, sketch=tuple(CODES[:9])).areas) == 9  # area 9 has 1,000


def test_a_sketch_that_differs_little_from_an_earlier_one_is_refused(row: Evidence):
    few = dataclasses.replace(row, areas=row.areas.assign(residents=[1000] * 4 + [300] + [1000] * 5))
    journal = Journal()
    asked(few, HELPED, journal, sketch=tuple(CODES[2:5]))
    asked(few, HELPED, journal, sketch=tuple(CODES[2:5]))  # the same again
    asked(few, HELPED, journal, sketch=tuple(CODES[1:9]))
    with pytest.raises(DifferencingError, match="A sketch in All areas"):
        asked(few, HELPED, journal, sketch=tuple(CODES[2:4]))
    asked(few, HELPED, journal, sketch=tuple(CODES[6:9]))  # nothing in common


def test_the_journal_outlives_the_session_and_holds_no_counts(row: Evidence, tmp_path: Path):
    asked(row, HELPED, Journal.in_cache(tmp_path), sketch=tuple(CODES[2:8]))
    asked(row, HELPED, Journal.in_cache(tmp_path), sketch=tuple(CODES[2:8]))
    path = tmp_path / "scenarios" / "take-up-journal.json"
    (entry,) = json.loads(path.read_text())["shown"]
    assert entry == {"name": "A sketch in All areas (made up)", "areas": CODES[2:8]}
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    kept = Journal.in_cache(tmp_path).selections()
    assert kept == [Selection("A sketch in All areas (made up)", frozenset(CODES[2:8]))]


def test_a_damaged_journal_stops_everything(row: Evidence, tmp_path: Path):
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "take-up-journal.json").write_text("{")
    with pytest.raises(PlanError, match="what was shown is not known"):
        check_selection(Selection("x", frozenset(CODES)), Journal.in_cache(tmp_path), row)


def test_a_refused_answer_is_not_recorded(row: Evidence):
    journal = Journal()
    with pytest.raises(PlanError):
        asked(row, [0] * 10, journal, sketch=tuple(CODES[2:8]))
    assert journal.selections() == []


# page -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(row: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page on the ten areas, with a map that draws nothing."""
    monkeypatch.setenv("HJP_GEO_CACHE", str(tmp_path))
    monkeypatch.setattr("hjp_geo.screens.takeup.evidence", lambda: row)
    monkeypatch.setattr("hjp_geo.screens.takeup.sketch_map", lambda _data, key: None)

    def alone() -> None:
        from hjp_geo.screens import takeup

        takeup.page()

    return AppTest.from_function(alone, default_timeout=30).run()


def said(page: AppTest) -> str:
    blocks = (page.markdown, page.warning, page.info, page.error, page.caption)
    return "\n".join(str(element.value) for block in blocks for element in block).replace("\\", "")


def bring(page: AppTest, data: bytes) -> str:
    page.file_uploader[0].set_value(("helped.csv", data, "text/csv")).run()
    assert not page.exception
    return said(page)


def test_the_page_says_where_fewer_come_and_keeps_the_file_out_of_the_cache(page: AppTest, tmp_path: Path):
    text = bring(page, csv_of(dict(zip(CODES, HELPED, strict=True))))
    assert "In 1 of 10 small areas (LSOA) fewer came than need predicts: about 50 people (37 to 59)" in text
    assert "not proof that people are missed" in text
    assert page.dataframe[0].value.index[0] == CODES[7]  # the widest gap comes first
    page.selectbox(key="take-up-level").select("district").run()
    assert not page.exception
    assert "In none of the 2 districts" in said(page)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "maps" not in path.parts] == []


def test_the_page_lists_every_bad_cell_as_text(page: AppTest):
    text = bring(page, b"code,count\n<img src=x>,*\n")
    assert "2 cells cannot be taken, so nothing was" in text
    assert page.dataframe[0].value["Found"].tolist() == ["<img src=x>", "*"]


def test_the_page_shows_hostile_labels_as_text(page: AppTest):
    counts = "".join(f"{code},{count},![x](http://x)\n" for code, count in zip(CODES, HELPED, strict=True))
    bring(page, f"code,count,period\n{counts}{CODES[0]},0,**b**\n".encode())
    (note,) = [one.value for one in page.markdown if "2 periods are added up" in one.value]
    assert "![x](" not in note
    assert "**b**" not in note


def test_a_page_with_nothing_to_say_says_why(page: AppTest):
    assert "Fewer than 8 people were helped there" in bring(page, csv_of({CODES[1]: 3}))


def test_the_classes_of_the_map_read_in_grey_and_without_red_or_green():
    from hjp_geo.screens.takeup import CLASSES

    rgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for _, _, colour, _ in CLASSES])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16  # CIE L*, 0 to 100
    assert (np.diff(lightness) > 10).all(), lightness
    # Machado, Oliveira and Fernandes (2009): linear colours as a reader without red, or without green, sees them
    no_red = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    no_green = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    for matrix in (np.eye(3), np.array(no_red), np.array(no_green)):
        seen = _lab(np.clip(linear @ matrix.T, 0, 1))
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(len(CLASSES), 1)]
        assert apart.min() > 12, apart


def _lab(linear: np.ndarray) -> np.ndarray:
    """Linear sRGB as CIE L*a*b*, in which a distance of about 2 can just be seen."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(linear @ to_xyz.T / [0.9505, 1, 1.089] + 1e-6).T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
