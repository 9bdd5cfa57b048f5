"""The data page without a browser: trust can be read, own data brought, looked at, accepted and removed.

Names in these tests are hostile: they must come out as text.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from own_rows import HEADER, LINE, OFFICE, provider_file
from streamlit.testing.v1 import AppTest
from tiny_warehouse import CODES

from hjp_geo.own.shelf import read_own

HOSTILE_ROW = OFFICE.replace("Town office", "<img src=x onerror=alert(1)> **Office**")


@pytest.fixture
def cache(tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(tiny_cache / "hjp.duckdb", tmp_path / "hjp.duckdb")
    monkeypatch.setenv("HJP_GEO_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def page(cache: Path) -> AppTest:
    def alone() -> None:
        from hjp_geo.screens import data

        data.page()

    return AppTest.from_function(alone, default_timeout=60)


def said(page: AppTest) -> str:
    blocks = (page.markdown, page.warning, page.info, page.error, page.caption)
    return "\n".join(str(element.value) for block in blocks for element in block).replace("\\", "")


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def test_sources_and_credits_are_there_and_an_older_build_says_it_has_no_report(page: AppTest):
    page.run()
    assert not page.exception
    assert "Made up, in the layout of: Made-up rows (Nobody)." in said(page)
    assert "built without a data-quality report" in said(page)
    assert "Nothing to compare with yet" in said(page)


def test_a_list_is_looked_at_accepted_used_and_removed(page: AppTest, cache: Path):
    page.run()
    page.file_uploader(key="own-file").upload("my list.csv", provider_file(HOSTILE_ROW, LINE), "text/csv").run()
    assert not page.exception
    assert "2 rows can be taken" in said(page)
    assert read_own(cache).providers == ()  # nothing is loaded until it is accepted
    press(page, "own-accept")
    assert not page.exception
    assert [one.name for one in read_own(cache).providers] == ["my-list"]
    assert "Your own data are in play: providers “my-list” (2 rows)" in said(page).replace("**", "")
    assert "User's own list “my-list”, 2 rows" in said(page)
    press(page, "own-remove-my-list")
    assert read_own(cache).providers == ()
    assert "in play" not in said(page)


def test_errors_are_listed_with_row_column_value_and_rule_and_nothing_can_be_accepted(page: AppTest, cache: Path):
    page.run()
    bad = OFFICE.replace("in_person", "face to face")
    page.file_uploader(key="own-file").upload("bad.csv", provider_file(OFFICE, bad), "text/csv").run()
    assert not page.exception
    assert "1 errors." in said(page)
    table = next(frame.value for frame in page.dataframe if "What to do" in frame.value.columns)
    assert table[["Row", "Column", "Value"]].to_numpy().tolist() == [[3, "channel", "face to face"]]
    assert not [button for button in page.button if button.key == "own-accept"]
    press(page, "own-accept-good")
    assert len(read_own(cache).providers[0].rows) == 1


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"PK\x03\x04", HEADER.encode(), b"a,b\r\n1,2\r\n"])
def test_a_file_that_cannot_be_read_is_said(page: AppTest, data: bytes):
    page.run()
    page.file_uploader(key="own-file").upload("x.csv", data, "text/csv").run()
    assert not page.exception
    assert page.error


def test_hostile_names_come_out_as_text(page: AppTest):
    page.run()
    page.file_uploader(key="own-file").upload("<b>x</b>.csv", provider_file(HOSTILE_ROW), "text/csv").run()
    press(page, "own-accept")
    assert not page.exception
    drawn = "\n".join(str(element.value) for element in page.markdown)
    assert "<img" not in drawn.replace("\\<", "")
    assert "<b>" not in drawn.replace("\\<", "")


def test_values_of_areas_become_a_layer(page: AppTest, cache: Path):
    page.run()
    for key, text in (("area-label", "Damp homes"), ("area-unit", "% of homes"), ("area-source", "Row Council")):
        page.text_input(key=key).set_value(text)
    page.run()
    body = f"code,value\r\n{CODES[0]},12.5\r\n{CODES[1]},\r\n".encode()
    page.file_uploader(key="area-file").upload("damp.csv", body, "text/csv").run()
    assert "1 of 10 areas would have a value" in said(page)
    press(page, "area-accept")
    assert not page.exception
    assert [one.name for one in read_own(cache).layers] == ["damp-homes"]
    assert "layer “Damp homes”" in said(page)


def test_look_alikes_are_settled_and_taken_back(page: AppTest, cache: Path):
    page.run()
    row = OFFICE.replace("Town office", "Hyperlink advice 0 img src x onerror alert 1 1")
    page.file_uploader(key="own-file").upload("mine.csv", provider_file(row), "text/csv").run()
    press(page, "own-accept")
    assert "1 pairs of sites look like one" in said(page)
    press(page, "pair-same")
    assert [one.verdict for one in read_own(cache).decisions] == ["same"]
    press(page, "pair-undo")
    assert read_own(cache).decisions == ()
    press(page, "pair-apart")
    assert [one.verdict for one in read_own(cache).decisions] == ["apart"]
    assert not page.exception


def test_all_likely_pairs_are_accepted_and_taken_back(page: AppTest, cache: Path):
    page.run()
    row = OFFICE.replace("Town office", "Hyperlink advice 0 img src x onerror alert 1 1")
    page.file_uploader(key="own-file").upload("mine.csv", provider_file(row), "text/csv").run()
    press(page, "own-accept")
    assert "Accept all 1 likely pairs at once" in [one.label for one in page.expander]
    press(page, "pair-all")
    (decision,) = read_own(cache).decisions
    assert (decision.verdict, len(decision.together)) == ("same", 8)
    press(page, f"pair-all-undo-{decision.together}")
    assert read_own(cache).decisions == ()
    assert not page.exception


def test_a_number_is_traced_to_its_file(page: AppTest):
    page.run()
    page.text_input(key="trace-code").set_value(CODES[3])
    page.selectbox(key="trace-layer").select("income_deprivation")
    press(page, "trace-go")
    assert not page.exception
    assert "Row 3 (E01990003): Income deprivation = 3 (% of residents)" in said(page)
    assert "sha256 " + "0" * 64 in said(page)


def test_a_wrong_code_is_said_where_a_number_is_traced(page: AppTest):
    page.run()
    page.text_input(key="trace-code").set_value("<script>")
    press(page, "trace-go")
    assert not page.exception
    assert "No area" in said(page)
