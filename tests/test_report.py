"""The report as data: what it says, where each figure comes from, what it leaves out."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from tiny_warehouse import CODES, HOSTILE

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import INTERNAL, shareable
from hjp_geo.maps import MapContent, fifths
from hjp_geo.plan import Answer, Plan
from hjp_geo.report import Report, Request, compose, read_run, write_report
from hjp_geo.report.desk import say
from hjp_geo.report.drawing import plain_svg
from hjp_geo.report.numbers import numbers_table, sentences_of
from hjp_geo.report.pack import run_text
from hjp_geo.report.page import html_page
from hjp_geo.report.parts import Figure, Number, in_words
from hjp_geo.siting import Candidate, DesignCard, Offer

DATE = "2026-11-24"


def words(report: Report, key: str | None = None) -> str:
    return " ".join(sentence.text for section, sentence in sentences_of(report) if key in (None, section))


@pytest.fixture(scope="module")
def made(tiny: Evidence) -> tuple[Report, Answer]:
    """Ten areas, a debt office in the middle of area 0, nobody reached beyond 3 km; fifths are of the ten."""
    return compose(Request(Plan(place="Row ICB", cutoff_km=3, frame="place"), date=DATE), tiny)


@pytest.fixture(scope="module")
def sketched(tiny: Evidence) -> tuple[Report, Answer]:
    """The same with an option of 1.2 km round the middle of area 8: areas 7, 8, 9, in all 300 people, 24 in need."""
    option = Candidate.circle(408_500, 300_500, 1.2, HOSTILE).offering(
        Offer(sessions_per_week=4), DesignCard(target_population=("low_income",))
    )
    plan = Plan(place="Row ICB", cutoff_km=3, frame="place")
    return compose(Request(plan, (option,), name="Two days a week", date=DATE), tiny)


def test_the_first_page_says_how_many_people_live_in_deserts(made: tuple[Report, Answer]):
    # Worst fifth of need: areas 8 and 9. Access is 0 in areas 4 to 9, so all six tie in the worst fifth of access.
    assert "200 people (20.0 %) live in 2 areas that are debt advice deserts." in words(made[0], "summary")


def test_the_sections_come_in_the_order_of_the_guide_and_what_has_nothing_to_say_is_left_out(
    made: tuple[Report, Answer], sketched: tuple[Report, Answer]
):
    order = [
        "question",
        "needs",
        "supply",
        "gaps",
        "missed",
        "partners",
        "ehia",
        "heat",
        "limits",
        "methods",
        "sources",
    ]
    keys = [one.key for one in made[0].sections]
    assert [key for key in keys if key in order] == [key for key in order if key in keys]
    assert not {"options", "feasibility", "design", "changes"} & set(keys)
    assert {"options", "feasibility", "design"} <= {one.key for one in sketched[0].sections}


def test_every_figure_of_a_sentence_is_a_cell_of_a_table_of_the_pack(sketched: tuple[Report, Answer]):
    report = sketched[0]
    found = [number for _, sentence in sentences_of(report) for number in sentence.numbers]
    assert len(found) > 20
    for number in found:
        table = report.tables[number.table]
        if number.column == "rows":
            assert number.text == f"{len(table.frame):,}"
        else:
            assert table.at(number.row, number.column) == number
            assert in_words(table.frame.at[number.row, number.column], table.columns[number.column].kind) == number.text


def test_the_list_of_numbers_names_the_sources_of_each(made: tuple[Report, Answer]):
    numbers = numbers_table(made[0])
    people = numbers[(numbers["column"] == "value") & (numbers["row"] == "desert_people")].iloc[0]
    assert people["printed"] == "200"
    assert people["value"] == 200
    assert people["sources"] == "made_up"


def test_an_option_says_whom_it_reaches_and_what_its_hours_allow(sketched: tuple[Report, Answer]):
    text = words(sketched[0], "options")
    assert "would reach 300 people, 24 of them in need." in text
    assert "300 of them have no counted site within 3 km today." in text
    # 4 sessions of 3 hours in 46 weeks are 552 hours; at 4 hours a case 138 cases a year
    assert "about 138 cases a year" in words(sketched[0], "feasibility")


def test_a_topic_that_no_list_covers_has_no_verdict_and_no_figure_of_deserts(tiny: Evidence):
    report, _ = compose(Request(Plan(place="Row ICB", topic="immigration"), date=DATE), tiny)
    assert "there is no verdict" in words(report, "summary")
    assert "not proof of a gap in the service" in words(report, "gaps")
    assert not {"missed", "partners", "suggested"} & {one.key for one in report.sections}
    headline = next(one for one in report.tables.values() if one.name == "headline")
    assert in_words(headline.frame.at["desert_people", "value"], "count") == "not known"


def test_made_up_data_say_so_on_the_first_page(made: tuple[Report, Answer]):
    assert "MADE-UP DATA" in words(made[0], "summary")


def test_a_hostile_name_is_text_in_the_page(sketched: tuple[Report, Answer]):
    page = html_page(sketched[0])
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_page_asks_for_nothing_and_runs_no_script(made: tuple[Report, Answer]):
    page = html_page(made[0])
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert re.search(r"<[^>]*\b(src|onerror)=", page) is None


def test_every_figure_has_words_and_a_table_behind_it(sketched: tuple[Report, Answer]):
    page = html_page(sketched[0])
    assert page.count("<figure>") == page.count("<desc ") == page.count('role="img"') >= 3
    assert page.count("holds its figures</a>") == page.count("<figure>")


@pytest.mark.parametrize("suffix", [".html", ".docx", ".pptx", ".xlsx", ".zip"])
def test_the_same_request_gives_the_same_bytes(tiny: Evidence, tmp_path: Path, suffix: str):
    option = Candidate.circle(408_500, 300_500, 1.2, "Option")
    request = Request(Plan(place="West Row", cutoff_km=3, frame="place"), (option,), date=DATE)
    for name in ("one", "two"):
        write_report(*compose(request, tiny), tiny, tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_another_day_changes_the_date_and_nothing_else(made: tuple[Report, Answer], tiny: Evidence):
    later, _ = compose(Request(made[1].plan, date="2027-01-31"), tiny)
    assert html_page(later).replace("2027-01-31", DATE) == html_page(made[0])


def test_the_run_file_makes_the_same_report_again(sketched: tuple[Report, Answer], tiny: Evidence, tmp_path: Path):
    path = tmp_path / "plan.json"
    path.write_text(run_text(sketched[0]), "utf-8")
    again, _ = compose(dataclasses.replace(read_run(path), date=DATE), tiny)
    assert html_page(again) == html_page(sketched[0])
    assert run_text(again) == run_text(sketched[0])


def test_another_release_is_said(made: tuple[Report, Answer], tiny: Evidence):
    earlier = {"made_up": {"release": "0", "sha256": "f" * 64}, "gone": {"release": "7", "sha256": "a" * 64}}
    report, _ = compose(Request(made[1].plan, date=DATE, earlier=earlier), tiny)
    text = words(report, "changes")
    assert "Made-up rows (made_up): release 1 (sha256 000000000000…) in place of 0 (sha256 ffffffffffff…)." in text
    assert "gone (gone): no longer held; the earlier report used release 7." in text
    same = {"made_up": {"release": "1", "sha256": "0" * 64}}
    assert words(compose(Request(made[1].plan, date=DATE, earlier=same), tiny)[0], "changes") == ""


def test_a_place_alone_of_its_kind_is_compared_with_everything_and_with_no_peer(made: tuple[Report, Answer]):
    assert "Compared with" not in words(made[0], "needs")


def test_few_modelled_cases_get_no_share(made: tuple[Report, Answer]):
    groups = next(one for one in made[0].tables.values() if one.name == "groups")
    # 2.5 people with cancer in each of areas 8 and 9: five in the deserts, too few to compare
    assert groups.value("people_with_cancer", "inside") == 5
    assert in_words(groups.frame.at["people_with_cancer", "share"], "percent") == "not known"


def test_what_open_data_do_not_say_is_left_to_fill_in(made: tuple[Report, Answer]):
    table = next(one for one in made[0].tables.values() if one.name == "ehia")
    assert table.text("race", "evidence").startswith("Not in the data loaded.")
    assert "People in income deprivation: 45 here" in table.text("deprived", "evidence")


def test_all_of_the_warehouse_is_not_compared_with_itself(tiny: Evidence):
    report, _ = compose(Request(Plan(cutoff_km=3), date=DATE), tiny)
    assert " in all areas loaded (" not in words(report, "needs")
    assert "Income deprivation: 4.5 (% of residents)." in words(report, "needs")


def test_a_sentence_keeps_the_figures_in_their_order():
    one, two = Number("1", "T1", "a", "x", 1), Number("2", "T2", "b", "y", 2)
    sentence = say("{second} of {first} in {place}.", first=one, second=two, place="{braces} <b>")
    assert sentence.text == "2 of 1 in {braces} <b>."
    assert sentence.numbers == (two, one)
    assert sentence.tables == ("T2", "T1")


@pytest.mark.parametrize(
    ("value", "kind", "printed"),
    [
        (float("nan"), "count", "not known"),
        (None, "text", "not known"),
        (0.0, "count", "0"),
        (1234.4, "count", "1,234"),
        (0.0123, "number", "0.012"),
        (12.34, "percent", "12.3 %"),
        (0.5, "share", "50.0 %"),
        (True, "yes_no", "yes"),
        (-0.071, "index", "-0.07"),
    ],
)
def test_a_value_is_printed_so_that_missing_is_never_nought(value: object, kind: str, printed: str):
    assert in_words(value, kind) == printed  # type: ignore[arg-type]


def test_an_internal_list_counts_and_is_not_named(made: tuple[Report, Answer], tiny: Evidence):
    secret = dataclasses.replace(tiny, services=tiny.services.assign(licence="internal"))
    found = shareable(made[1], secret)
    assert found.totals == made[1].totals
    assert set(found.sites["site_name"]) == {INTERNAL}
    assert found.sites[["easting", "northing", "longitude", "latitude"]].isna().all(axis=None)
    assert set(found.areas["nearest_site"].dropna()) == {INTERNAL}
    assert not set(found.sites.index) & set(made[1].sites.index)


def test_a_name_that_cannot_be_written_is_said_before_the_work(
    made: tuple[Report, Answer], tiny: Evidence, tmp_path: Path
):
    with pytest.raises(PlanError, match=r"ends in '.pdf', expected one of .docx"):
        write_report(*made, tiny, tmp_path / "gap.pdf")
    with pytest.raises(PlanError, match="no folder"):
        write_report(*made, tiny, tmp_path / "nowhere" / "gap.docx")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    with pytest.raises(PlanError, match="not an empty folder"):
        write_report(*made, tiny, tmp_path / "full")
    assert [one.name for one in tmp_path.iterdir()] == ["full"]


@pytest.mark.parametrize("text", ["[]", "nonsense", '{"plan": 3}', '{"sketch": {"type": "x"}}', '{"releases": []}'])
def test_a_damaged_run_file_is_refused(tmp_path: Path, text: str):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(PlanError):
        read_run(tmp_path / "plan.json")


def test_the_areas_table_holds_every_area(made: tuple[Report, Answer]):
    assert list(next(one for one in made[0].tables.values() if one.name == "areas").frame.index) == CODES


def test_the_words_of_a_vector_picture_are_left_as_they_are():
    shades = fifths(pd.Series([1.234, 2.345, 3.456, 4.567, 5.678], index=CODES[:5]))
    shapes = gpd.GeoSeries([shapely.box(n, 0, n + 1, 1) for n in range(0, 5000, 1000)], index=CODES[:5])
    drawing = MapContent("Need 12.345", "score", shapes, shades, "Credit 1.2345.")
    svg = plain_svg(Figure("Figure 1", "T", "A", "T1", drawing))
    for label in (*shades.labels, "Need 12.345", "Credit 1.2345."):
        assert label in svg
    assert re.search(r'd="[^"]*\d\.\d\d', svg) is None  # but the path is short
