"""The network as it really behaves: every answer is checked before it is believed, and a failure leaves no trace.

`publisher` stands in for every host. Nothing waits: `Upstream(pause_seconds=0)`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from publisher import Answer, Publisher, answer_json

from hjp_geo import upstream as upstream_module
from hjp_geo.discovery import (
    FoundFile,
    FoundLayer,
    arcgis_layer,
    gov_uk_attachment,
    gov_uk_newest,
    known_files,
    os_product,
)
from hjp_geo.errors import SourceError
from hjp_geo.upstream import TRIES, Upstream

CSV = b"code,amount\nA,1\n"
FILE = FoundFile("1", "https://files.example/data.csv", "data.csv")
ADDRESS = "files.example/data.csv"
LAYERS = "services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services"
LAYER = f"{LAYERS}/ROWS_V2/FeatureServer/0"


@pytest.fixture
def online(publisher: Publisher) -> Upstream:
    return Upstream(publisher.base, pause_seconds=0)


def transfer(found: FoundFile | FoundLayer, online: Upstream, folder: Path, known: Mapping[str, str] | None = None):
    """The validators and the bytes that arrived; the bytes are None where no file was left."""
    to = folder / found.filename
    validators = found.transfer(online, to, known or {})
    return validators, to.read_bytes() if to.is_file() else None


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_file_arrives_whole_with_its_validators(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(CSV, headers={"ETag": '"1"', "Last-Modified": "Tue, 04 Nov 2025 09:00:00 GMT"}))
    validators, body = transfer(FILE, online, tmp_path)
    assert body == CSV
    assert validators == {"etag": '"1"', "last_modified": "Tue, 04 Nov 2025 09:00:00 GMT"}


def test_says_who_is_asking(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(CSV))
    transfer(FILE, online, tmp_path)
    assert publisher.asked[0].headers["User-Agent"].startswith("hjp-geo/")


def test_progress_ends_at_the_announced_size(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(CSV))
    said: list[tuple[int, int | None, str]] = []
    FILE.transfer(online, tmp_path / "x", {}, lambda *report: said.append(report))
    assert said[-1] == (len(CSV), len(CSV), "bytes")


def test_a_body_that_breaks_off_is_asked_for_again(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(CSV[:5], announced=len(CSV)), Answer(CSV[:9], announced=len(CSV)), Answer(CSV))
    assert transfer(FILE, online, tmp_path)[1] == CSV
    assert publisher.times_asked(ADDRESS) == 3


def test_a_body_that_always_breaks_off_is_an_error_and_leaves_nothing(
    publisher: Publisher, online: Upstream, tmp_path: Path
):
    publisher.says(ADDRESS, Answer(CSV[:5], announced=len(CSV)))
    with pytest.raises(SourceError, match=r"data\.csv broke off while being read: .*Try again later"):
        transfer(FILE, online, tmp_path)
    assert publisher.times_asked(ADDRESS) == TRIES
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_publisher_out_of_breath_is_asked_again(publisher: Publisher, online: Upstream, tmp_path: Path, status: int):
    publisher.says(ADDRESS, Answer(b"", status), Answer(b"", status), Answer(CSV))
    assert transfer(FILE, online, tmp_path)[1] == CSV


def test_a_publisher_that_stays_out_of_breath_is_an_error(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(b"", 503))
    with pytest.raises(SourceError, match=r"data\.csv answered 503, expected the file\. Try again later"):
        transfer(FILE, online, tmp_path)
    assert publisher.times_asked(ADDRESS) == TRIES


@pytest.mark.parametrize(
    ("status", "advice"), [(400, "Try again"), (403, "by hand"), (404, "has moved"), (410, "withdrawn")]
)
def test_a_refusal_is_not_asked_again_and_says_what_to_do(
    publisher: Publisher, online: Upstream, tmp_path: Path, status: int, advice: str
):
    publisher.says(ADDRESS, Answer(b"", status))
    with pytest.raises(SourceError, match=f"answered {status}, expected the file.*{advice}"):
        transfer(FILE, online, tmp_path)
    assert publisher.times_asked(ADDRESS) == 1


def test_a_publisher_who_asks_for_hours_of_patience_gets_a_minute(
    publisher: Publisher, online: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(upstream_module, "LONGEST_WAIT_SECONDS", 0.01)
    publisher.says(ADDRESS, Answer(b"", 429, {"Retry-After": "7200"}), Answer(CSV))
    assert transfer(FILE, online, tmp_path)[1] == CSV


@pytest.mark.parametrize(
    "page", [Answer(b"<!DOCTYPE html><title>Just a moment"), Answer(CSV, headers={"Content-Type": "Text/HTML"})]
)
def test_a_web_page_is_no_file_although_the_status_is_200(
    publisher: Publisher, online: Upstream, tmp_path: Path, page: Answer
):
    publisher.says(ADDRESS, page)
    with pytest.raises(SourceError, match=r"answered with a web page, not with data.csv"):
        transfer(FILE, online, tmp_path)


@pytest.mark.parametrize("name", ["data.zip", "data.xlsx"])
def test_a_zip_must_begin_like_one(publisher: Publisher, online: Upstream, tmp_path: Path, name: str):
    publisher.says(ADDRESS, Answer(b'{"error": "busy"}'))
    with pytest.raises(SourceError, match=f"is not the zip file that {name} should be; it begins with"):
        transfer(FoundFile("1", FILE.url, name), online, tmp_path)


def test_an_empty_file_is_refused(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(b""))
    with pytest.raises(SourceError, match=r"is empty; expected data\.csv"):
        transfer(FILE, online, tmp_path)


def test_the_size_in_the_index_must_be_the_size_that_came(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(CSV))
    with pytest.raises(SourceError, match="16 bytes came, its index announced 9,000"):
        transfer(FoundFile("1", FILE.url, "data.csv", announced_bytes=9000), online, tmp_path)


def test_what_is_held_is_not_sent_again(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(status=304))
    known = {"etag": '"1"', "last_modified": "Tue, 04 Nov 2025 09:00:00 GMT"}
    assert transfer(FILE, online, tmp_path, known) == (None, None)
    assert publisher.asked[0].headers["If-None-Match"] == '"1"'
    assert publisher.asked[0].headers["If-Modified-Since"] == known["last_modified"]


def test_not_modified_is_no_answer_where_nothing_is_held(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(status=304))
    with pytest.raises(SourceError, match="answered 304, expected the file"):
        transfer(FILE, online, tmp_path)


def test_a_redirect_is_followed(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(status=301, headers={"Location": f"{publisher.base}/files.example/moved.csv"}))
    publisher.says("files.example/moved.csv", Answer(CSV))
    assert transfer(FILE, online, tmp_path)[1] == CSV


def test_a_circle_of_redirects_is_an_error(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(status=302, headers={"Location": f"{publisher.base}/{ADDRESS}"}))
    with pytest.raises(SourceError, match=r"No answer from files.example"):
        transfer(FILE, online, tmp_path)


def test_a_mirror_that_is_down_is_named_in_one_line(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceError) as failed:
        transfer(FILE, Upstream(base, pause_seconds=0), tmp_path)
    said = str(failed.value)
    assert said.startswith(f"No answer from files.example (through the mirror {base}): ")
    assert "HJP_GEO_MIRROR" in said
    assert "\n" not in said
    assert "HTTPConnectionPool" not in said


# --- indexes -------------------------------------------------------------------------------------------------------


def test_a_broken_index_is_asked_for_again(publisher: Publisher, online: Upstream):
    whole = answer_json({"version": "2026-11"})
    publisher.says("host.example/index", Answer(whole.body[:4], announced=len(whole.body)), whole)
    assert online.json("https://host.example/index") == {"version": "2026-11"}


def test_an_index_that_stays_broken_is_an_error(publisher: Publisher, online: Upstream):
    publisher.says("host.example/index", Answer(b"{", announced=40))
    with pytest.raises(SourceError, match="index broke off while being read"):
        online.json("https://host.example/index")
    assert publisher.times_asked("host.example/index") == TRIES


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}), "answered with text/html, expected"),
        (Answer(b""), "expected JSON"),
        (Answer(b"[1]"), "no object"),
        (Answer(b"null"), "no object"),
        (Answer(b"\xff\xfe"), "expected JSON"),
        (Answer(b"", 404), "answered 404, expected 200"),
    ],
)
def test_an_index_must_be_a_json_object(publisher: Publisher, online: Upstream, answer: Answer, said: str):
    publisher.says("host.example/index", answer)
    with pytest.raises(SourceError, match=said):
        online.json("https://host.example/index")


def page(*attachments: Mapping[str, Any]) -> Answer:
    return answer_json(
        {"public_updated_at": "2025-11-17T09:20:39+00:00", "details": {"attachments": list(attachments)}}
    )


def test_the_attachment_is_chosen_by_its_file_name(publisher: Publisher, online: Upstream):
    # the first has the wanted words as its title, the second only in its address, and no `filename`
    publisher.says(
        "www.gov.uk/api/content/a/page",
        page(
            {"title": "File_7.csv", "filename": "File_1.pdf", "url": "https://assets.example/File_1.pdf"},
            {"url": "https://assets.example/media/1/File_7.csv", "file_size": 16, "attachment_type": "file"},
        ),
    )
    found = gov_uk_attachment("a/page", r"^File_7.*\.csv$")(online)
    assert found == [FoundFile("2025-11-17", "https://assets.example/media/1/File_7.csv", "File_7.csv", 16)]


def test_a_web_attachment_is_no_file(publisher: Publisher, online: Upstream):
    publisher.says("www.gov.uk/api/content/a/page", page({"attachment_type": "html", "url": "/a/page/File_7.csv"}))
    with pytest.raises(SourceError, match=r"lists no file named like .* it lists File_7.csv"):
        gov_uk_attachment("a/page", r"File_7")(online)


def test_a_page_without_attachments_may_have_moved(publisher: Publisher, online: Upstream):
    publisher.says("www.gov.uk/api/content/a/page", answer_json({"details": {}}))
    with pytest.raises(SourceError, match=r"it lists no files. The page may have moved"):
        gov_uk_attachment("a/page", r"File_7")(online)


def test_a_page_that_moved_is_followed(publisher: Publisher, online: Upstream):
    publisher.says("www.gov.uk/api/content/a/page", answer_json({"redirects": [{"destination": "/b/page"}]}))
    publisher.says("www.gov.uk/api/content/b/page", page({"url": "https://assets.example/media/1/File_7.csv"}))
    assert gov_uk_attachment("a/page", "File_7")(online)[0].url == "https://assets.example/media/1/File_7.csv"


def test_a_page_that_moves_in_a_circle_is_an_error(publisher: Publisher, online: Upstream):
    publisher.says("www.gov.uk/api/content/a/page", answer_json({"redirects": [{"destination": "/a/page"}]}))
    with pytest.raises(SourceError, match="has moved more than 3 times"):
        gov_uk_attachment("a/page", "File_7")(online)


def test_an_old_page_has_its_files_only_as_links_in_its_text(publisher: Publisher, online: Upstream):
    text = '<p><a href="https://assets.publishing.service.gov.uk/media/1/File_7.csv?a=1&amp;b=2">it</a></p>'
    item = {"public_updated_at": "2019-09-26T09:30:00Z", "details": {"attachments": [], "documents": [text]}}
    publisher.says("www.gov.uk/api/content/a/page", answer_json(item))
    (found,) = gov_uk_attachment("a/page", r"^File_7\.csv$")(online)
    assert found.url == "https://assets.publishing.service.gov.uk/media/1/File_7.csv?a=1&b=2"
    assert (found.release, found.filename, found.found_by) == ("2019-09-26", "File_7.csv", "a link in the page's text")


def test_the_newest_page_of_that_title_is_taken(publisher: Publisher, online: Upstream):
    # the search is loose: its first answer is newer, but another publication
    results = [
        {"title": "Fuel poverty factsheet 2026", "link": "/government/statistics/factsheet"},
        {"title": "Sub-regional fuel poverty data 2026", "link": "/government/statistics/data-2026"},
        {"title": "Sub-regional fuel poverty data 2025", "link": "/government/statistics/data-2025"},
    ]
    publisher.says("www.gov.uk/api/search.json", answer_json({"results": results, "total": 3}))
    publisher.says("www.gov.uk/api/content/government/statistics/data-2026", page({"url": "https://a.example/t.xlsx"}))
    discover = gov_uk_newest(
        organisation="energy", title=r"Sub-regional fuel poverty data \d{4}", pattern=r"\.xlsx$", words="fuel poverty"
    )
    assert discover(online)[0].url == "https://a.example/t.xlsx"
    assert publisher.asked[0].query["order"] == "-public_timestamp"


def test_the_release_of_an_os_product_is_its_version(publisher: Publisher, online: Upstream):
    publisher.says("api.os.uk/downloads/v1/products/CodePointOpen", answer_json({"version": "2026-11"}))
    (found,) = os_product("CodePointOpen", "CSV")(online)
    assert (found.release, found.filename) == ("2026-11", "CodePointOpen-2026-11.zip")


def test_known_files_are_candidates_in_the_order_given(online: Upstream):
    found = known_files(("new", "https://x.example/QOF%202526.zip"), ("old", "https://x.example/QOF2425.zip"))(online)
    assert [(one.release, one.filename) for one in found] == [("new", "QOF 2526.zip"), ("old", "QOF2425.zip")]


# --- ArcGIS layers ---------------------------------------------------------------------------------------------------


def rows(start: int, stop: int) -> Answer:
    """A page of features A0, A1, …"""
    features = [{"type": "Feature", "properties": {"CD": f"A{n}"}, "geometry": None} for n in range(start, stop)]
    return answer_json({"type": "FeatureCollection", "features": features})


def layer(edited: str = "1") -> FoundLayer:
    return FoundLayer(
        "ROWS_V2", f"https://{LAYER}", "rows.geojsonl", "1=1", ("CD",), "CD", with_geometry=False, edited=edited
    )


def serve_rows(publisher: Publisher, total: int, page_rows: int, count: int | None = None) -> None:
    """A layer of A0 … in pages shorter than asked for."""

    def answer(query: Mapping[str, str]) -> Answer:
        if query.get("returnCountOnly"):
            return answer_json({"count": total if count is None else count})
        start = int(query["resultOffset"])
        return rows(start, min(start + page_rows, total))

    publisher.says(f"{LAYER}/query", answer)


def test_short_pages_are_followed_to_the_end(publisher: Publisher, online: Upstream, tmp_path: Path):
    serve_rows(publisher, total=7, page_rows=3)
    validators, body = transfer(layer(), online, tmp_path)
    assert body is not None
    assert [json.loads(line)["properties"]["CD"] for line in body.splitlines()] == [f"A{n}" for n in range(7)]
    assert validators is not None
    assert validators["rows_counted"] == "7"
    assert {one.query.get("orderByFields") for one in publisher.asked[1:]} == {"CD"}  # else pages repeat or skip


@pytest.mark.parametrize(("count", "said"), [(9, "7 different rows came, the publisher counts 9"), (5, "counts 5")])
def test_pages_must_add_up_to_the_publishers_count(
    publisher: Publisher, online: Upstream, tmp_path: Path, count: int, said: str
):
    serve_rows(publisher, total=7, page_rows=3, count=count)
    with pytest.raises(SourceError, match=said):
        transfer(layer(), online, tmp_path)


def test_repeated_rows_are_refused_although_there_are_enough(publisher: Publisher, online: Upstream, tmp_path: Path):
    # 4 announced; the pages are A0 A1 and A1 A2: four rows, three different
    publisher.says(f"{LAYER}/query", answer_json({"count": 4}), rows(0, 2), rows(1, 3))
    with pytest.raises(SourceError, match="3 different rows came, the publisher counts 4"):
        transfer(layer(), online, tmp_path)


def test_an_error_is_an_error_although_the_status_is_200(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(f"{LAYER}/query", answer_json({"error": {"code": 400, "message": "Invalid URL", "details": []}}))
    with pytest.raises(SourceError, match="error 400: Invalid URL"):
        transfer(layer(), online, tmp_path)
    assert publisher.times_asked(f"{LAYER}/query") == 1


def test_a_passing_error_is_asked_again(publisher: Publisher, online: Upstream, tmp_path: Path):
    busy = answer_json({"error": {"code": 504, "message": "Timed out"}})
    publisher.says(f"{LAYER}/query", busy, busy, answer_json({"count": 2}), busy, rows(0, 2))
    assert transfer(layer(), online, tmp_path)[0] is not None


@pytest.mark.parametrize("error", [{"code": 500, "message": "busy"}, "busy"])
def test_an_error_that_stays_is_said(publisher: Publisher, online: Upstream, tmp_path: Path, error: object):
    publisher.says(f"{LAYER}/query", answer_json({"error": error}))
    with pytest.raises(SourceError, match="busy"):
        transfer(layer(), online, tmp_path)


@pytest.mark.parametrize("answer", [{}, {"count": None}, {"count": "7"}])
def test_a_count_that_is_no_number_is_refused(publisher: Publisher, online: Upstream, tmp_path: Path, answer: object):
    publisher.says(f"{LAYER}/query", answer_json(answer))
    with pytest.raises(SourceError, match="without a count of its rows"):
        transfer(layer(), online, tmp_path)


@pytest.mark.parametrize("features", [None, [{"properties": None}], [{"properties": {"OTHER": 1}}]])
def test_a_page_without_the_key_is_refused(publisher: Publisher, online: Upstream, tmp_path: Path, features: object):
    publisher.says(f"{LAYER}/query", answer_json({"count": 1}), answer_json({"features": features}))
    with pytest.raises(SourceError, match="features have no CD"):
        transfer(layer(), online, tmp_path)


def test_a_layer_with_the_same_count_and_date_of_edit_is_not_read_again(
    publisher: Publisher, online: Upstream, tmp_path: Path
):
    serve_rows(publisher, total=2, page_rows=2)
    first, _ = transfer(layer(), online, tmp_path)
    assert first is not None
    assert layer().transfer(online, tmp_path / "again", first) is None
    assert layer(edited="2").transfer(online, tmp_path / "again", first) is not None  # edited since


def test_a_layer_without_a_date_of_edit_is_read_again(publisher: Publisher, online: Upstream, tmp_path: Path):
    # the same count proves nothing: a row may have been corrected
    serve_rows(publisher, total=2, page_rows=2)
    first, _ = transfer(layer(edited=""), online, tmp_path)
    assert first is not None
    assert layer(edited="").transfer(online, tmp_path / "again", first) is not None


def test_a_layer_asked_for_other_fields_is_read_again(publisher: Publisher, online: Upstream, tmp_path: Path):
    # as after an upgrade whose reader needs a new column: the file held does not have it
    serve_rows(publisher, total=2, page_rows=2)
    first, _ = transfer(layer(), online, tmp_path)
    wider = FoundLayer(
        "ROWS_V2", f"https://{LAYER}", "rows.geojsonl", "1=1", ("CD", "NM"), "CD", with_geometry=False, edited="1"
    )
    assert first is not None
    assert wider.transfer(online, tmp_path / "again", first) is not None


def services(*names: str) -> Answer:
    return answer_json({"services": [{"name": name, "type": "FeatureServer"} for name in names]})


def about(*fields: str) -> Answer:
    return answer_json({"fields": [{"name": name} for name in fields], "editingInfo": {"lastEditDate": 5}})


def test_the_newest_version_of_a_service_is_taken(publisher: Publisher, online: Upstream):
    publisher.says(LAYERS, services("ROWS_V2", "ROWS_V10", "OTHER_V99"))
    publisher.says(f"{LAYERS}/ROWS_V10/FeatureServer/0", about("LAD24CD", "NM"))
    (found,) = arcgis_layer(r"ROWS_V\d+", fields=(r"LAD\d\dCD",), order_by=r"LAD\d\dCD")(online)
    assert isinstance(found, FoundLayer)
    assert (found.release, list(found.fields), found.order_by, found.edited) == (
        "ROWS_V10",
        ["LAD24CD"],
        "LAD24CD",
        "5",
    )


def test_an_empty_list_of_services_is_asked_for_again(publisher: Publisher, online: Upstream):
    publisher.says(LAYERS, services(), services(), services("ROWS_V2"))
    publisher.says(LAYER, about("CD"))
    assert arcgis_layer(r"ROWS_V\d+", fields=("CD",), order_by="CD")(online)[0].release == "ROWS_V2"


def test_a_list_of_services_that_stays_empty_is_never_read_as_nothing(publisher: Publisher, online: Upstream):
    publisher.says(LAYERS, services())
    with pytest.raises(SourceError, match="three times with an empty list"):
        arcgis_layer(r"ROWS_V\d+", fields=("CD",), order_by="CD")(online)


def test_a_renamed_service_is_said(publisher: Publisher, online: Upstream):
    publisher.says(LAYERS, services("OTHER_V1"))
    with pytest.raises(SourceError, match=r"no service named like ROWS_V.* among 1. It may be renamed"):
        arcgis_layer(r"ROWS_V\d+", fields=("CD",), order_by="CD")(online)


def test_a_renamed_field_is_said_with_those_there_are(publisher: Publisher, online: Upstream):
    publisher.says(LAYERS, services("ROWS_V2"))
    publisher.says(LAYER, about("LAD26CD", "NM"))
    with pytest.raises(SourceError, match="no field like LAD24CD; it has LAD26CD, NM"):
        arcgis_layer(r"ROWS_V\d+", fields=("LAD24CD",), order_by="LAD24CD")(online)
