"""A user's list of providers is checked whole: each bad cell is named with row, value and rule; nothing is loaded."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_rows import HEADER, LINE, OFFICE, TODAY, check, provider_file, said

from hjp_geo.areas import tidy_postcodes
from hjp_geo.own.known import Known, tidy_postcode
from hjp_geo.own.problems import OwnFileError
from hjp_geo.own.providers import CheckedProviders, check_sheet, providers_csv
from hjp_geo.own.schema import COLUMNS, TOPICS, template
from hjp_geo.own.sheet import MOST_ROWS, read_sheet
from hjp_geo.store import Warehouse

ROW = dict(zip(HEADER.split(","), OFFICE.split(","), strict=True))


def row(**cells: str) -> bytes:
    """The office with some cells changed, or added."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list({**ROW, **cells}), lineterminator="\r\n")
    writer.writeheader()
    writer.writerow({**ROW, **cells})
    return text.getvalue().encode()


def test_a_good_file_has_its_rows_and_their_places(tiny_cache: Path):
    checked = check(provider_file(OFFICE, LINE), tiny_cache)
    assert said(checked) == []
    office, line = checked.rows
    assert office.cells == {
        "site_name": "Town office",
        "provider_name": "Advice Row",
        "topics": "debt;housing",
        "channel": "in_person",
        "postcode": "ZY1 1AA",
        "hours_per_week": "60",
        "checked_on": "2026-09-01",
    }
    assert (office.easting, office.northing, office.location_quality) == (404_500, 300_500, "postcode")
    assert office.in_england
    assert line.location_quality == "unknown"  # nobody travels to a telephone line


MESSAGES = {
    "channel": (
        row(channel="face to face"),
        "row 2, channel: 'face to face' is not a channel. Expected in_person, outreach, phone, online. Use in_person",
    ),
    "one topic": (row(topics="welfare;debt"), "row 2, topics: 'welfare' is not a topic."),
    "topics": (row(topics="welfare; houseing"), "Did you mean welfare_benefits, housing?"),
    "topics and unknown": (row(topics="debt;unknown"), "has topics and unknown as well"),
    "no name": (row(site_name=""), "row 2, site_name: is empty, and every row needs it."),
    "long name": (row(site_name="x" * 121), "has 121 characters, expected at most 120"),
    "postcode": (row(postcode="ZY1 1A"), "row 2, postcode: 'ZY1 1A' is not a UK postcode. Expected such as NW1 2DB."),
    "unknown postcode": (row(postcode="ZY9 9ZZ"), "'ZY9 9ZZ' is not in the list of live postcodes. Check it, or give"),
    "no place": (row(postcode=""), "row 2, postcode: empty, and no latitude and longitude. An office needs a place."),
    "phone with postcode": (
        row(channel="phone"),
        "row 2, served_areas: empty. A phone service needs the areas it serves: codes such as E07000170, or england.",
    ),
    "swapped": (
        row(latitude="0.27", longitude="50.77"),
        "row 2, latitude: '0.27' with longitude 50.77 is outside Great Britain; the two look swapped.",
    ),
    "half a place": (row(latitude="52.6"), "row 2, latitude: '52.6' is there without the other."),
    "not a number": (row(hours_per_week="lots"), "row 2, hours_per_week: 'lots' is not a number."),
    "infinite": (row(hours_per_week="inf"), "'inf' is not a number"),
    "a year": (row(hours_per_week="9000"), "'9000' is outside 0 to 2000. Is this a yearly figure?"),
    "both hours": (
        row(sessions_per_month="4", hours_per_session="3"),
        "row 2, hours_per_week: '60' given as well as 4 sessions of 3 hours (2.8 a week). Keep one of the two.",
    ),
    "half sessions": (row(hours_per_week="", sessions_per_month="4"), "hours_per_session belong together"),
    "area by name": (row(served_areas="West Row"), "'West Row' is not a code. Give the code (West Row is E07990001)."),
    "unknown area": (row(served_areas="E07000999"), "'E07000999' is no area that is loaded here."),
    "English date": (
        row(checked_on="01/09/2026"),
        "row 2, checked_on: '01/09/2026' is not YYYY-MM-DD (1 September or 9 January?). Write 2026-09-01.",
    ),
    "no day": (row(checked_on="2026-02-30"), "is not a day as YYYY-MM-DD"),
    "future": (row(checked_on="2027-05-01"), "'2027-05-01' is in the future (today is 2026-11-24)."),
    "ends first": (
        row(open_from="2026-04-01", open_until="2025-01-01"),
        "row 2, open_until: '2025-01-01' ends 2025-01-01 before it starts 2026-04-01.",
    ),
    "ODS code": (row(host_code="C-8207"), "is not an ODS code"),
    "licence": (row(licence="opl"), "'opl' is not a value of licence. Expected own, OGL, permission, internal."),
}


@pytest.mark.parametrize(("data", "message"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_bad_cell_is_named_with_row_column_value_and_rule(tiny_cache: Path, data: bytes, message: str):
    checked = check(data, tiny_cache)
    assert checked.errors >= 1
    assert [line for line in said(checked) if message in line and line.startswith("error")], said(checked)
    with pytest.raises(OwnFileError, match=r"1 row\. Nothing was taken"):
        checked.accepted()


def test_every_error_of_a_row_is_said_at_once(tiny_cache: Path):
    checked = check(row(channel="outreach", postcode="", checked_on="01/09/2026", sessions_per_month="4"), tiny_cache)
    assert {one.column for one in checked.problems} == {"postcode", "checked_on", "hours_per_week"}


WARNINGS = {
    "formula": (row(site_name="=HYPERLINK(0)"), "begins with a formula sign: kept as text"),
    "markup": (row(notes="<script>alert(1)</script>"), "holds markup: it is shown as text"),
    "person": (row(notes="ask jane.smith@example.org or 07700 900123"), "looks like a person's address"),
    "zero": (row(hours_per_week="0"), "0 hours: the site shows as closed"),
    "no hours": (row(hours_per_week=""), "1 rows have no hours"),
    "high": (row(channel="outreach", hours_per_week="375"), "is high for outreach: check that it is weekly"),
    "stranger": (row(colour="blue"), "colour: is no column of the layout: kept in the notes"),
    "postcode unknown, point given": (
        row(postcode="ZY9 9ZZ", latitude="52.5990", longitude="-1.9999"),
        "'ZY9 9ZZ' is not in the list of live postcodes: the coordinates are used.",
    ),
    "far": (row(latitude="52.65", longitude="-1.99"), "and the coordinates disagree by"),
    "outside": (row(postcode="", latitude="51.48", longitude="-3.18"), "stands outside the areas loaded"),
}


@pytest.mark.parametrize(("data", "message"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_is_odd_is_taken_and_said(tiny_cache: Path, data: bytes, message: str):
    checked = check(data, tiny_cache)
    assert checked.errors == 0
    assert [line for line in said(checked) if message in line and line.startswith("warning")], said(checked)
    assert len(checked.accepted()) == 1


def test_addresses_and_mobile_numbers_of_people_are_taken_out_those_of_an_office_stay(tiny_cache: Path):
    notes = "ask jane.smith@example.org or 07700 900123, or info@example.org"
    (one,) = check(row(notes=notes), tiny_cache).rows
    assert one.cells["notes"] == "ask or , or info@example.org"


def test_where_coordinates_and_postcode_disagree_the_postcode_is_used(tiny_cache: Path):
    (one,) = check(row(latitude="52.65", longitude="-1.99"), tiny_cache).rows
    assert (one.easting, one.northing, one.moved) == (404_500, 300_500, True)


def test_one_row_a_site_and_channel(tiny_cache: Path):
    checked = check(provider_file(OFFICE, OFFICE, OFFICE.replace("in_person", "outreach")), tiny_cache)
    assert said(checked) == [
        "error row 3, site_name: 'Town office' repeats row 2. One row a site and channel; put all topics in one row."
    ]


def test_bad_rows_may_be_left_and_come_back_with_their_reasons(tiny_cache: Path):
    checked = check(provider_file(OFFICE, "Nowhere,Advice Row,debt,in_person,,,,"), tiny_cache)
    (kept,) = checked.accepted(skip_bad_rows=True)
    assert kept.cells["site_name"] == "Town office"
    header, *rejected = list(csv.reader(io.StringIO(checked.rejected_csv())))
    assert header[-1] == "reasons"
    assert rejected[0][0] == "Nowhere"
    assert "row 3, postcode: empty" in rejected[0][-1]


WHOLE = {
    "no channel": (
        b"site_name,provider_name,topics,postcode\na,b,debt,ZY1 1AA\n",
        "No column channel. Found: site_name",
    ),
    "semicolons": (HEADER.replace(",", ";").encode() + b"\n" + OFFICE.replace(",", ";").encode(), "one column with ;"),
    "Windows": (provider_file(OFFICE).replace(b"Town", b"Town\x92s"), "Byte 0x92 in line 2 is not UTF-8"),
    "UTF-16": (provider_file(OFFICE).decode().encode("utf-16"), "is UTF-16"),
    "empty": (b"", "The file is empty"),
    "no rows": (HEADER.encode() + b"\r\n", "no rows after the header"),
    "blank rows": (HEADER.encode() + b"\r\n,,,,,,,\r\n", "no rows after the header"),
    "twice": (provider_file(OFFICE + ",x", header=HEADER + ",channel"), "names channel 2 times"),
    "many": (provider_file(*[OFFICE] * (MOST_ROWS + 1)), "more than 40,000 rows"),
    "too many": (provider_file(*[OFFICE] * 20_001), "has 20,001 rows, expected at most 20,000"),
    "large": (b"x" * 20_000_001, "has 20 MB, expected at most 20"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old or a locked workbook"),
    "no workbook": (b"PK\x03\x04 not a zip", "The workbook is damaged"),
}


@pytest.mark.parametrize(("data", "message"), WHOLE.values(), ids=WHOLE.keys())
def test_a_file_that_cannot_be_read_is_said_in_one_line(tiny_cache: Path, data: bytes, message: str):
    with pytest.raises(OwnFileError, match=message) as failed:
        check(data, tiny_cache)
    assert "\n" not in str(failed.value)


def test_another_delimiter_may_be_named(tiny_cache: Path):
    data = (HEADER + "\n" + OFFICE.replace(";", "|")).replace(",", ";").replace("|", ",").encode()
    assert check(data.replace(b"debt,housing", b'"debt;housing"'), tiny_cache, delimiter=";").errors == 0


def test_header_case_spaces_and_order_do_not_matter(tiny_cache: Path):
    header = "CHANNEL, Site Name ,Provider-Name,topics,Postcode"
    checked = check(provider_file("In Person,Town office,Advice Row,Debt,zy11aa", header=header), tiny_cache)
    assert checked.rows[0].cells["postcode"] == "ZY1 1AA"
    assert checked.rows[0].cells["channel"] == "in_person"


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for cells in rows:
        book.active.append(cells)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def test_a_workbook_reads_as_the_same_csv_would(tiny_cache: Path):
    cells = ("Town office", "Advice Row", "debt;housing", "in_person", "ZY1 1AA", None, 60, dt.date(2026, 9, 1))
    checked = check(workbook(HEADER.split(","), cells), tiny_cache)
    assert said(checked) == []
    assert checked.rows == check(provider_file(OFFICE), tiny_cache).rows


def test_the_template_has_every_column_and_passes_its_own_check(tiny_cache: Path):
    text = template().replace("NW1 2DB", "ZY1 1AA").replace("SW1A 2AA", "ZY1 1AA")
    assert text.split("\r\n", 1)[0].split(",") == list(COLUMNS)
    assert check(text.encode(), tiny_cache).errors == 0


# what comes out goes in ---------------------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
names = st.lists(words, min_size=1, max_size=3).map(" ".join)
provider_rows = st.fixed_dictionaries(
    {
        "site_name": names,
        "provider_name": names,
        "topics": st.lists(st.sampled_from(TOPICS), min_size=1, unique=True).map(";".join),
        "channel": st.sampled_from(("in_person", "outreach")),
        "postcode": st.just("zy11aa"),
    },
    optional={
        "hours_per_week": st.floats(0, 2000).map(lambda number: f"{number:.3f}"),
        "notes": st.sampled_from(("=1+1", "-5", "+44 20 7946 0000", "'=x", 'a, "b"', "@name")) | names,
        "served_areas": st.just("E07990002;england"),
        "access": st.sampled_from(("drop_in", "referral_only")),
        "checked_on": st.dates(max_value=TODAY).map(str),
    },
)


@given(rows=st.lists(provider_rows, min_size=1, max_size=4, unique_by=lambda one: str(one["site_name"]).casefold()))
@settings(max_examples=60)
def test_export_edit_import_changes_nothing_else(tiny_known: Known, rows: list[dict[str, str]]):
    def read(text: str) -> CheckedProviders:
        return check_sheet(read_sheet(text.encode("utf-8-sig")), tiny_known)

    kept = [one.cells for one in read(providers_csv(rows)).rows]
    again = read(providers_csv(kept)) if kept else None
    assert again is None or [one.cells for one in again.rows] == kept
    if kept:
        kept[0] = {**kept[0], "hours_per_week": "12.5"}
        edited = read(providers_csv(kept))
        assert [one.cells for one in edited.rows] == kept


@given(text=st.text("ABCabc 0129-'", max_size=10))
def test_a_postcode_is_tidied_as_the_lists_tidy_theirs(text: str):
    theirs = tidy_postcodes(pd.Series([text], dtype="str")).iloc[0]
    assert tidy_postcode(text) == (None if pd.isna(theirs) else theirs)


# Citizens Advice ----------------------------------------------------------------------------------------------------

CA_HEADER = (
    "salesforce_advice_location_id,advice_location_name,location_type_name,salesforce_parent_id,postcode,"
    "last_modified_date,is_location_closed,closed_from,local_authority_ons_code"
)


def test_the_layout_of_citizens_advice_is_read_by_its_header(tiny_cache: Path):
    checked = check(
        provider_file(
            "a1,Citizens Advice Row,Member,,ZY1 1AA,,,,",
            "a2,Row Office,Office,a1,ZY1 1AA,19/07/2026 10:15,false,,E07990001",
            "a3,Row Library,Outreach,a1,ZY1 1AA,2026-07-19 10:15:40,,2027-01-01,",
            "a4,Old Office,Office,a1,ZY1 1AA,,false,2020-01-01,",
            "a5,Shut Office,Office,a1,ZY1 1AA,,TRUE,,",
            header=CA_HEADER,
        ),
        tiny_cache,
    )
    assert checked.errors == 0
    office, library = (one.cells for one in checked.rows)
    assert (office["channel"], office["provider_name"], office["checked_on"]) == (
        "in_person",
        "Citizens Advice Row",
        "2026-07-19",
    )
    assert (office["served_areas"], office["topics_basis"]) == ("E07990001", "assumed")
    assert (library["channel"], library["open_until"]) == ("outreach", "2027-01-01")
    lines = " ".join(said(checked))
    assert "2 rows were left out: closed" in lines
    assert "1 rows were left out: neither an office nor outreach" in lines
    assert "are assumed, and say so" in lines


# whatever the bytes -------------------------------------------------------------------------------------------------


@given(data=st.binary(max_size=600))
@settings(max_examples=100)
def test_any_bytes_are_read_or_refused(tiny_known: Known, data: bytes):
    with contextlib.suppress(OwnFileError):
        check_sheet(read_sheet(data), tiny_known)


@given(text=st.text(max_size=400))
@settings(max_examples=100)
def test_any_text_under_a_good_header_is_read_or_refused(tiny_known: Known, text: str):
    try:
        checked = check_sheet(read_sheet((HEADER + "\r\n" + text).encode("utf-8", errors="replace")), tiny_known)
    except OwnFileError:
        return
    assert len(checked.rows) + len(checked.bad) <= text.count("\n") + text.count("\r") + 1
    assert (checked.errors == 0) == (not checked.bad)


@given(cells=st.lists(st.text(max_size=30), min_size=len(COLUMNS), max_size=len(COLUMNS)))
@settings(max_examples=100)
def test_any_cells_are_taken_or_named(tiny_known: Known, cells: list[str]):
    text = io.StringIO()
    csv.writer(text).writerows([list(COLUMNS), cells])
    try:
        sheet = read_sheet(text.getvalue().encode("utf-8", errors="replace"))
    except OwnFileError:
        return
    checked = check_sheet(sheet, tiny_known)
    assert checked.errors or checked.rows


@pytest.fixture(scope="module")
def tiny_known(tiny_cache: Path) -> Known:
    return Known.of(Warehouse.open(tiny_cache), {"ZY1 1AA"}, TODAY)
